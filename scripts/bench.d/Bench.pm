package Bench;

# What the measurements stand on: a folder, processes in it (each started and
# ended by its pid), a private Redis, nginx with a configuration, and the
# clients that are written in C.

use strict;
use warnings;

use File::Path ();
use IO::Handle;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time sleep);

use Variants;

# 226 bytes, as the design says

our $GRANT = '{"role":"user_full","cameras":["gate-1","gate-2","yard-3"],'
    . '"exports":true,"level":"integrator","granted_by":"anna",'
    . '"granted_at":"2026-01-22T05:00:00Z","reason":"%s"}';
$GRANT = sprintf $GRANT, 'x' x (226 - length(sprintf $GRANT, ''));

my @PROGRAMS = qw(load deny service drip watch);


# Not in TMPDIR: that may be a folder that nginx' workers cannot enter.

sub new {
    my ($class, %given) = @_;

    my $self = bless { %given, pids => {}, owner => $$ }, $class;

    chomp($self->{dir} = `mktemp -d /tmp/privacy-bench.XXXXXX`);
    die "cannot make a folder in /tmp\n" if $? || !-d $self->{dir};

    mkdir "$self->{dir}/temp";
    spill("$self->{dir}/1k", 'x' x 1024);
    spill("$self->{dir}/1m", 'x' x 1048576);
    spill("$self->{dir}/probe", "ok\n");

    chomp(my $processors = `nproc`);
    $self->{processors} = $processors;

    # a module from before the sweep has no directive for it

    $self->{sweeps} = slurp($self->{module}) =~ /privacy_sweep\0/;

    $self->compile;

    return $self;
}


sub dir { return $_[0]{dir} }
sub redis_socket { return "$_[0]{dir}/redis.sock" }

sub progress {
    my ($self, @text) = @_;

    print STDERR @text, "\n";
}


sub spill {
    my ($file, $text) = @_;

    open my $out, '>:raw', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;
    return scalar <$in> // '';
}


sub median {
    my @sorted = sort { $a <=> $b } @_;

    return undef if !@sorted;

    my $half = int(@sorted / 2);

    return @sorted % 2 ? $sorted[$half]
                       : ($sorted[$half - 1] + $sorted[$half]) / 2;
}


# --- programs

sub compile {
    my ($self) = @_;

    my $to = "$self->{root}/.build/bench";
    my $from = "$self->{root}/scripts/bench.d";
    my @gcc = qw(gcc -std=gnu11 -O2 -W -Wall -Wno-unused-parameter);

    File::Path::make_path($to);

    for my $name (@PROGRAMS) {
        my @command = (@gcc, '-pthread', '-o', "$to/$name", "$from/$name.c");

        system(@command) == 0 or die "$name.c does not compile\n"
            if newer("$from/$name.c", "$to/$name")
               || newer("$from/bench.h", "$to/$name");
    }

    system(@gcc, '-shared', '-fPIC', '-o', "$to/turns.so", "$from/turns.c",
           '-ldl') == 0 or die "turns.c does not compile\n"
        if newer("$from/turns.c", "$to/turns.so");

    $self->{programs} = $to;
}


sub newer {
    my ($one, $two) = @_;

    return !-e $two || (stat $one)[9] >= (stat $two)[9];
}


sub program { return "$_[0]{programs}/$_[1]" }


# Puts processes ahead of all others for the little time that they have,
# where that is allowed: what is measured then is theirs, not the machine's

sub prefer {
    my (@pids) = @_;

    system("chrt --fifo --pid 1 $_ 2> /dev/null") for @pids;
}


# What a client prints, decoded

sub client {
    my ($self, $name, @arguments) = @_;

    my $pid = open my $out, '-|', $self->aside, $self->program($name),
        @arguments or die "$name: $!\n";
    prefer($pid) if $name eq 'deny';

    my $text = do { local $/; <$out> };
    close $out or die "$name failed\n";

    return JSON::PP::decode_json($text);
}


# nginx' worker has the first processor, if there are several; the rest of the
# processes share the others.

sub aside {
    my ($self) = @_;

    return $self->{processors} > 1
           ? ('taskset', '-c', '1-' . ($self->{processors} - 1)) : ();
}


# --- processes

sub spawn {
    my ($self, $name, $command, %environment) = @_;

    my $pid = fork // die "cannot fork: $!\n";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/$name.log";
        open STDERR, '>&', \*STDOUT;
        POSIX::setpgid(0, 0);
        @ENV{keys %environment} = values %environment;
        exec 'setpriv', '--pdeathsig', 'TERM', '--', @$command
            or POSIX::_exit(127);
    }

    $self->{pids}{$name} = $pid;

    return $pid;
}


sub end {
    my ($self, $name, $patience) = @_;

    my $pid = delete $self->{pids}{$name} or return;

    # said again every second: a process can miss it on its way to sleep

    for (0 .. ($patience // 10) * 100) {
        kill TERM => $pid if $_ % 100 == 0;
        return if waitpid($pid, POSIX::WNOHANG()) != 0;
        sleep 0.01;
    }

    print STDERR "$name does not end, killing it\n";
    kill KILL => $pid;
    waitpid $pid, 0;
}


sub await {
    my ($self, $name, $limit, $ready) = @_;

    my $until = time + $limit;

    while (!$ready->()) {
        my $pid = $self->{pids}{$name};

        if (time > $until || ($pid && waitpid($pid, POSIX::WNOHANG()) != 0)) {
            die "$name is not there\n"
                . join '', map { slurp("$self->{dir}/$name$_") }
                               '.log', '-error.log';
        }

        sleep 0.02;
    }
}


sub answers {
    my ($socket) = @_;

    return defined IO::Socket::UNIX->new(Peer => $socket);
}


sub start_redis {
    my ($self) = @_;

    my $socket = $self->redis_socket;

    $self->spawn('redis', [ $self->aside, 'redis-server', '--port', 0,
        '--unixsocket', $socket, '--unixsocketperm', '777',
        '--dir', $self->{dir}, '--save', '', '--daemonize', 'no' ]);
    $self->await('redis', 10, sub { answers($socket) });
}


# Raw commands, pipelined, as fast as redis-cli takes them: next() gives the
# words of a command, or nothing at the end.

sub fill_redis {
    my ($self, $next) = @_;

    open my $pipe, '|-', 'redis-cli -s ' . $self->redis_socket
        . " --pipe > $self->{dir}/fill.log" or die "redis-cli: $!\n";
    binmode $pipe;

    my $text = '';

    while (my @words = $next->()) {
        $text .= '*' . @words . "\r\n"
            . join '', map { '$' . length($_) . "\r\n$_\r\n" } @words;

        if (length($text) > 65536) {
            print $pipe $text;
            $text = '';
        }
    }

    print $pipe $text;
    close $pipe or die "redis-cli failed\n";

    slurp("$self->{dir}/fill.log") =~ /errors: 0/
        or die 'Redis refused: ' . slurp("$self->{dir}/fill.log");
}


sub redis {
    my ($self, @words) = @_;

    open my $out, '-|', 'redis-cli', '-s', $self->redis_socket, @words
        or die "redis-cli: $!\n";
    my $text = do { local $/; <$out> } // '';
    close $out;
    chomp $text;

    return $text;
}


sub account { return sprintf 'a%07d', $_[0] }

sub grants {
    my ($self, $count) = @_;

    my $n = 0;

    $self->fill_redis(sub {
        return if $n >= $count;
        return ('SET', 'privacy:{' . account($n++) . '}:grant:northcam',
                $GRANT);
    });
}


sub free_port {
    my $probe = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1)
        or die "no free port: $!\n";

    return $probe->sockport;
}


# --- nginx

# Starts one; returns { name, port, pid (of whoever serves) }.  Options:
# conf => sub (%words), environment => {}, wrap => [command], single => 1

sub nginx {
    my ($self, $name, %options) = @_;

    my $port = free_port();
    my %words = (
        DIR => $self->{dir}, NAME => $name, PORT => "127.0.0.1:$port",
        MODULE => $self->{module}, USER => $> == 0 ? 'user root;' : '',
        BENCH => "$self->{root}/scripts/bench.d",
        SINGLE => $options{single} ? 'master_process off;' : '',
        AFFINITY => $self->{processors} > 1 && !$options{single}
                    ? 'worker_cpu_affinity ' . ('0' x ($self->{processors} - 1))
                      . '1;' : '',
    );

    my $conf = $options{conf}->(%words);

    # a gate that has just started has the sweep to do, which is measured by
    # itself

    $conf =~ s/^( +)(privacy_redis )/$1privacy_sweep off;\n$1$2/m
        if $self->{sweeps};

    spill("$self->{dir}/$name.conf", $conf);

    my $pid = $self->spawn($name, [
        @{ $options{wrap} // [] }, '/usr/sbin/nginx', '-p', $self->{dir},
        '-e', "$name-error.log", '-c', "$self->{dir}/$name.conf" ],
        %{ $options{environment} // {} });

    my $path = $options{path} // '/accounts/a0000000/cameras/gate-1/live/1k';

    $self->await($name, 60, sub { $self->asks($port, $path) });

    if (!$options{single}) {
        ($pid) = split ' ', slurp("/proc/$pid/task/$pid/children");
    }

    return { name => $name, port => $port, pid => $pid };
}


# A worker that has not begun to watch yet reads each time: it is let do so

sub asks {
    my ($self, $port, $path) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $port, Timeout => 1)
        or return 0;

    local $SIG{PIPE} = 'IGNORE';
    $socket->print("GET $path HTTP/1.0\r\n\r\n");
    $socket->flush;

    return (readline($socket) // '') =~ m{^HTTP/1\.1 (?:200|403)};
}


# Nanoseconds that a process has had the processor

sub processor_time {
    my ($pid) = @_;

    return (split ' ', slurp("/proc/$pid/schedstat"))[0];
}


# Bytes of its own that a process has in memory

sub memory {
    my ($pid) = @_;

    my $rollup = slurp("/proc/$pid/smaps_rollup");
    my $sum = 0;

    $sum += $1 * 1024 while $rollup =~ /^Private_(?:Clean|Dirty): +(\d+)/mg;

    return $sum;
}


sub stop {
    my ($self) = @_;

    return if $$ != $self->{owner} || !$self->{dir};

    $self->end($_) for sort { ($a eq 'redis') <=> ($b eq 'redis') }
                       keys %{ $self->{pids} };

    my $kept = "$self->{root}/.build/bench/logs";

    File::Path::remove_tree($kept);
    File::Path::make_path($kept);
    system('cp', $_, $kept) for grep { -s } glob "$self->{dir}/*.{log,conf}";

    File::Path::remove_tree($self->{dir});
    delete $self->{dir};
}


1;
