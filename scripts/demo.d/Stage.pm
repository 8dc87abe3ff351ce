package Stage;

# What the story needs around it: encoded video, a folder, and the processes
# in it (cameras, portal, Redis, gate), each started and ended by its pid.

use strict;
use warnings;

use Exporter 'import';
use File::Copy ();
use File::Path ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time sleep);

our @EXPORT_OK = qw(%CAMERAS @LOGINS);

# By account: camera => what it sees, a source of ffmpeg's lavfi

our %CAMERAS = (
    bakery => {
        door => 'testsrc2=size=320x180:rate=10',
        till => 'smptehdbars=size=320x180:rate=10',
        oven => 'gradients=size=320x180:rate=10:speed=0.02:seed=7',
    },
    school => {
        gate => 'mandelbrot=size=320x180:rate=10',
        hall => 'rgbtestsrc=size=320x180:rate=10',
        yard => 'pal75bars=size=320x180:rate=10',
    },
);

# Login, organization, level

our @LOGINS = (
    [ 'anna', 'bakery',     'client_admin' ],
    [ 'carl', 'bakery',     'client' ],
    [ 'ivo',  'brightline', 'integrator' ],
    [ 'nora', 'northcam',   'integrator' ],
    [ 'vera', 'lenscorp',   'vendor' ],
    [ 'fred', 'cityhall',   'federated' ],
);

my $PASSWORD = 'demo';
my $ARCHIVE = 60;       # seconds
my $CLIP = 10;          # seconds


# Not in TMPDIR: that may be a folder that nginx' workers cannot enter.

sub new {
    my ($class, %given) = @_;

    my $self = bless { %given, pids => {}, owner => $$ }, $class;

    chomp($self->{dir} = `mktemp -d /tmp/privacy-demo.XXXXXX`);
    die "cannot make a folder in /tmp\n" if $? || !-d $self->{dir};

    $self->{gid} = -1;
    $self->{user} = '';

    if ($> == 0) {
        my $gid = (getpwnam 'www-data')[3];
        die "there is no user www-data for nginx' workers\n" if !$gid;
        $self->{gid} = $gid;
        $self->{user} = 'user www-data;';
    }

    chown -1, $self->{gid}, $self->{dir};
    chmod 0750, $self->{dir};

    return $self;
}


sub password { return $PASSWORD }
sub redis_socket { return "$_[0]{dir}/redis.sock" }
sub portal_folder { return "$_[0]{dir}/portal" }
sub address { return "127.0.0.1:$_[0]{port}" }


# --- video

sub run {
    my (@command) = @_;

    my $pid = fork // die "cannot fork: $!\n";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        exec 'setpriv', '--pdeathsig', 'TERM', '--', @command
            or POSIX::_exit(127);
    }

    waitpid $pid, 0;
    die "$command[0] failed\n" if $?;
}


sub encode_camera {
    my ($account, $camera, $source, $to) = @_;

    my @quiet = qw(ffmpeg -nostdin -hide_banner -loglevel error -y);
    my $text = "drawtext=text='$account / $camera  archive %{pts\\:hms}'"
             . ':x=8:y=8:fontsize=18:fontcolor=white:box=1:boxborderw=4'
             . ':boxcolor=black@0.7,format=yuv420p';

    File::Path::make_path("$to/archive", "$to/export");

    run(@quiet, qw(-f lavfi -i), $source, '-vf', $text, '-t', $ARCHIVE,
        qw(-c:v libx264 -preset veryfast -crf 28 -g 20),
        qw(-movflags +faststart), "$to/archive/recording.mp4");

    run(@quiet, '-i', "$to/archive/recording.mp4",
        qw(-c copy -f hls -hls_time 4 -hls_playlist_type vod),
        '-hls_segment_filename', "$to/archive/%03d.ts",
        "$to/archive/index.m3u8");

    run(@quiet, qw(-ss 20 -i), "$to/archive/recording.mp4",
        '-t', $CLIP, qw(-c copy -movflags +faststart),
        "$to/export/clip.mp4");
}


# Archives and exports, made once: they come from the cache while the sources
# of this page are the same.

sub encode {
    my ($self) = @_;

    my $cache = "$self->{root}/.build/demo/video";
    my $made = JSON::PP->new->canonical->encode(
        [ 'v1', \%CAMERAS, $ARCHIVE, $CLIP ]);

    return $cache if -e "$cache/made" && slurp("$cache/made") eq $made;

    print "encoding the archives\n";

    my $new = $self->{unfinished} = "$cache.$$";
    File::Path::remove_tree($new);

    for my $account (sort keys %CAMERAS) {
        for my $camera (sort keys %{ $CAMERAS{$account} }) {
            encode_camera($account, $camera, $CAMERAS{$account}{$camera},
                          "$new/accounts/$account/cameras/$camera");
        }
    }

    spill("$new/made", $made);
    File::Path::remove_tree($cache);
    rename $new, $cache or die "$cache: $!\n";

    return $cache;
}


sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;
    return scalar <$in> // '';
}


sub spill {
    my ($file, $text) = @_;

    open my $out, '>:raw', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


sub fill {
    my ($self, $from, $to, %words) = @_;

    my $text = slurp("$self->{root}/scripts/demo.d/$from");

    $text =~ s/\@([A-Z]+)\@/$words{$1} \/\/ die "$from: \@$1\@\n"/ge;
    spill("$self->{dir}/$to", $text);
}


sub lay_portal {
    my ($self) = @_;

    my $cache = $self->encode;
    my $portal = $self->portal_folder;

    run('cp', '-r', "$cache/accounts", $portal) if mkdir $portal;

    for my $account (keys %CAMERAS) {
        for my $camera (keys %{ $CAMERAS{$account} }) {
            my $folder = "$portal/accounts/$account/cameras/$camera";

            File::Path::make_path("$folder/live", "$folder/system");
            spill("$folder/system/status.json",
                  JSON::PP->new->canonical->pretty->encode({
                      camera => $camera, online => JSON::PP::true,
                      recording => JSON::PP::true, firmware => '4.2.1',
                      resolution => '320x180' }));
        }
    }

    my %cameras = map { $_ => [ sort keys %{ $CAMERAS{$_} } ] } keys %CAMERAS;
    my $json = JSON::PP->new->canonical;

    $self->fill('index.html', 'portal/index.html',
        CAMERAS => $json->encode(\%cameras),
        LOGINS => $json->encode([ map { [ $_->[0], $PASSWORD ] } @LOGINS ]));

    # ffmpeg and cp obey the umask; the workers read as their own group
    run('chmod', '-R', 'a+rX', $portal);
}


# --- configuration

sub lay_gate {
    my ($self) = @_;

    my $salt = join '', map { ('a' .. 'z')[rand 26] } 1 .. 8;

    spill("$self->{dir}/logins", join '', map {
        "$_->[0]:" . crypt($PASSWORD, "\$5\$rounds=1000\$$salt") . "\n"
    } @LOGINS);
    chown -1, $self->{gid}, "$self->{dir}/logins";
    chmod 0640, "$self->{dir}/logins";

    my $bare = $self->{module} eq 'none';

    $self->fill('gate.conf', 'gate.conf',
        USER => $self->{user}, DIR => $self->{dir}, PORT => $self->{port},
        MODULE => $self->{module}, LOG => $bare ? 'demo' : 'gate',
        ORGANIZATIONS => join("\n", map {
            sprintf '        %-6s %s;', $_->[0], $_->[1] } @LOGINS),
        LEVELS => join("\n", map {
            sprintf '        %-6s %s;', $_->[0], $_->[2] } @LOGINS));

    if ($bare) {
        my $text = slurp("$self->{dir}/gate.conf");

        $text =~ s/^ *log_format gate [^;]*;\n//m;
        $text =~ s/^ *(?:load_module|privacy|add_header X-Privacy).*\n//mg;
        spill("$self->{dir}/gate.conf", $text);
    }

    $self->fill('portal.conf', 'portal.conf',
        USER => $self->{user}, DIR => $self->{dir});
}


sub choose_port {
    my ($self) = @_;

    my $probe = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => $self->{port},
        Listen => 1, ReuseAddr => 1)
        or die "port $self->{port} of 127.0.0.1: $!\n";

    $self->{port} = $probe->sockport;
}


# --- processes

# Dies with us even when we are killed.

sub spawn {
    my ($self, $name, @command) = @_;

    my $pid = fork // die "cannot fork: $!\n";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/$name.log";
        open STDERR, '>&', \*STDOUT;
        # a terminal's Ctrl-C is ours to pass on
        POSIX::setpgid(0, 0);
        exec 'setpriv', '--pdeathsig', 'TERM', '--', @command
            or POSIX::_exit(127);
    }

    $self->{pids}{$name} = $pid;
}


# Ends one by its pid and waits; one that does not go in 5 s is killed.

sub end {
    my ($self, $name) = @_;

    my $pid = delete $self->{pids}{$name} or return;

    kill TERM => $pid;

    for (1 .. 500) {
        return if waitpid($pid, POSIX::WNOHANG()) != 0;
        sleep 0.01;
    }

    print STDERR "$name does not end, killing it\n";
    kill KILL => $pid;
    waitpid $pid, 0;
}


# The name of a process that ended by itself, or nothing

sub dead {
    my ($self) = @_;

    for my $name (sort keys %{ $self->{pids} }) {
        return $name if waitpid($self->{pids}{$name}, POSIX::WNOHANG()) != 0;
    }

    return;
}


sub await {
    my ($self, $what, $limit, $ready) = @_;

    my $until = time + $limit;

    while (!$ready->()) {
        my $dead = $self->dead;

        if ($dead || time > $until) {
            delete $self->{pids}{$dead} if $dead;
            die(($dead ? "$dead ended" : "$what: not there after $limit s")
                . "\n" . $self->last_words($dead || $what));
        }

        sleep 0.02;
    }
}


sub last_words {
    my ($self, $name) = @_;

    my $text = '';

    for my $file ("$self->{dir}/$name.log", "$self->{dir}/$name-error.log") {
        my @lines = grep { !/\[(?:debug|info|notice)\]/ }
                         split /^/, slurp($file);

        @lines = @lines[-10 .. -1] if @lines > 10;
        $text .= join '', map { "    $_" } @lines;
    }

    return $text;
}


# A snapshot is written at the end, so that what was granted is still there
# when it comes back.

sub start_redis {
    my ($self) = @_;

    my $socket = $self->redis_socket;

    $self->spawn('redis', 'redis-server', '--port', 0, '--unixsocket', $socket,
        '--unixsocketperm', '777', '--dir', $self->{dir},
        '--save', '3600 1', '--daemonize', 'no');

    $self->await('redis', 10, sub {
        my $reply = `redis-cli -s $socket ping 2>&1`;
        return $reply eq "PONG\n";
    });
}


sub stop_redis {
    my ($self) = @_;

    $self->end('redis');
}


sub answers {
    my ($socket) = @_;

    return defined IO::Socket::UNIX->new(Peer => $socket);
}


# Workers that die at once leave the master with a socket that accepts.

sub asks_for_login {
    my ($address) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => $address, Timeout => 1)
        or return 0;

    local $SIG{PIPE} = 'IGNORE';
    print $socket "GET / HTTP/1.0\r\n\r\n";
    $socket->flush;

    return 0 if !IO::Select->new($socket)->can_read(1);
    return (readline($socket) // '') =~ m{^HTTP/1\.1 401 };
}


sub start {
    my ($self) = @_;

    $self->choose_port;
    $self->lay_portal;
    $self->lay_gate;

    $self->spawn('cameras', $^X, "$self->{root}/scripts/demo.d/cameras",
        $self->portal_folder, "$self->{dir}/cameras.sock",
        map {
            my $account = $_;
            map { "$account/$_=$CAMERAS{$account}{$_}" }
                sort keys %{ $CAMERAS{$account} }
        } sort keys %CAMERAS);

    $self->start_redis;

    $self->spawn('portal', 'nginx', '-p', $self->{dir}, '-e',
        'portal-error.log', '-c', "$self->{dir}/portal.conf");
    $self->await('portal', 10, sub { answers("$self->{dir}/portal.sock") });

    $self->spawn('gate', 'nginx', '-p', $self->{dir}, '-e',
        'gate-error.log', '-c', "$self->{dir}/gate.conf");
    $self->await('gate', 10, sub { asks_for_login($self->address) });

    for my $account (keys %CAMERAS) {
        for my $camera (keys %{ $CAMERAS{$account} }) {
            $self->await('cameras', 30, sub {
                -e $self->portal_folder
                    . "/accounts/$account/cameras/$camera/live/index.m3u8";
            });
        }
    }
}


# What nginx itself calls an emergency or a bug

sub alarms {
    my ($self) = @_;

    return grep { /\[(?:alert|emerg)\]/ }
        map { split /^/, slurp("$self->{dir}/$_") }
        qw(gate-error.log portal-error.log);
}


sub stop {
    my ($self) = @_;

    return if $$ != $self->{owner} || !$self->{dir};

    $self->end($_) for grep { $self->{pids}{$_} }
                       qw(gate portal cameras redis);

    File::Path::remove_tree($self->{unfinished}) if $self->{unfinished};

    my $kept = "$self->{root}/.build/demo/logs";

    File::Path::remove_tree($kept);
    File::Path::make_path($kept);
    File::Copy::copy($_, $kept)
        for glob "$self->{dir}/*.log $self->{dir}/*.conf";

    File::Path::remove_tree($self->{dir});
    delete $self->{dir};
}


1;
