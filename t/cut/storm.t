# A storm of connects, aborts, grants, revokes, reloads and Redis kills, for
# STORM_SECONDS (60, or 10 without sanitizers): nginx and the module have
# nothing to complain of, and in the end the gate still does what it is for.
#
# STORM_SEED repeats the order of events of a storm.
#
# alone

use strict;
use warnings;

use lib 't/lib';
use Socket ();
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Http2;
use PrivacyTest::Upstream;

my $whole = PrivacyTest::Nginx::binary() ne '/usr/sbin/nginx';
my $seconds = $ENV{STORM_SECONDS} // (is_asan() ? 60 : 10);
my $seed = srand($ENV{STORM_SEED} // time ^ $$);

diag('no whole nginx with AddressSanitizer (scripts/build --asan-nginx):',
     ' overflows within nginx\' pools are not seen') if is_asan() && !$whole;

my $redis = redis();
my $content = 'x' x 3_000_000;
my $upstream = PrivacyTest::Upstream->new(
    file => write_file(test_dir() . '/download', $content));
my $tls = certificates();
my $listen = listen_http2('%PORT3%');
my $nginx = gate($redis,
    workers => 2,
    start => 0,
    vars => { UPSTREAM => $upstream->port, map { uc($_) => $tls->{$_} }
              qw(server_crt server_key) },
    main => "thread_pool default threads=2;\n"
            . "worker_shutdown_timeout 3s;",
    gate => "privacy_stale 1s;\ninclude %DIR%/role.conf;",
    listen => <<"END",
        $listen
        listen 127.0.0.1:%PORT2% ssl;
        ssl_certificate %SERVER_CRT%;
        ssl_certificate_key %SERVER_KEY%;
END
    server => <<'END');
        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $upgrade;
            proxy_buffering off;
            error_page 403 /short403;
        }

        location = /short403 {
            privacy off;
            return 403 "no\n";
        }

        location /buffered/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
        }

        location /unbuffered/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_request_buffering off;
        }

        location /temp/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_max_temp_file_size 10m;
        }

        location /registry/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            privacy_camera_registry on;
        }

        location /linger/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            privacy_cut linger;
        }

        location /shadow/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            privacy shadow;
        }

        location /file/ {
            alias %HTML%/;
            sendfile on;
            limit_rate 300k;
        }

        location /threads/ {
            alias %HTML%/;
            aio threads;
            sendfile off;
        }

        location /ssi/ {
            alias %HTML%/;
            ssi on;
        }

        location /free/ {
            privacy off;
            alias %HTML%/;
            ssi on;
        }

        location /internal/ {
            internal;
            alias %HTML%/;
            limit_rate 300k;
        }
END
# By rename, for a reload may be reading it.
sub role {
    my ($lines) = @_;

    my $path = $nginx->dir . '/role.conf';
    write_file("$path.new", $lines);
    rename "$path.new", $path or die "$path: $!";
}

role("privacy_role night live cameras=all;\n");
$nginx->start;

write_file($nginx->html . '/file', $content);
write_file($nginx->html . '/page.html',
    'A<!--# include virtual="/mjpeg" -->B<!--# include virtual="/short" -->'
    . '<!--# include virtual="/hold" -->');

my @paths = qw(/mjpeg /mjpeg /buffered/mjpeg /buffered/chunked /chunked /hold
    /buffered/hold /buffered/download /download /temp/download /short /short
    /registry/mjpeg /registry/short /linger/mjpeg /shadow/mjpeg /file/file
    /threads/file /ssi/page.html /free/page.html
    /buffered/accel?to=/internal/file);
my @accounts = qw(a b c);
my @orgs = qw(i j k l);

sub one_of { return $_[int rand @_] }

sub somebody {
    my $account = one_of(@accounts);
    return rand() < 0.15
        ? (org => $account, level => 'client', account => $account)
        : (org => one_of(@orgs), account => $account,
           level => rand() < 0.2 ? 'vendor' : 'integrator',
           camera => one_of(qw(c c d)), user => one_of(qw(ann bob)),
           resource => one_of(qw(live live live archive export system)));
}

# The storm.  Nothing here waits for an answer: it is on to the next event.

my (@clients, @connections, %did);
my $down_until;

sub quietly(&) { my ($code) = @_; return eval { $code->(); 1 } }

my %events;
%events = (
    get => [ 30, sub {
        my $client = http_connect($nginx->port);
        $client->request('GET', one_of(@paths),
                         { header => [ identity(somebody()) ] });
        push @clients, $client;
    } ],

    tls => [ 1, sub {
        my $client = tls_connect($nginx->port(2));
        $client->request('GET', one_of(@paths),
                         { header => [ identity(somebody()) ] });
        push @clients, $client;
    } ],

    upgrade => [ 6, sub {
        my $client = http_connect($nginx->port);
        $client->request('GET', one_of(qw(/ws /echo)), { header => [
            identity(somebody()), qw(Upgrade websocket Connection upgrade),
        ] });
        push @clients, $client;
    } ],

    upload => [ 6, sub {
        my $client = http_connect($nginx->port);
        $client->request('POST', one_of(qw(/sink /unbuffered/sink)), {
            header => [ identity(somebody()),
                        'Content-Length', one_of(20_000, 100_000) ],
            body => 'x' x 20_000,
        });
        push @clients, $client;
    } ],

    pipeline => [ 3, sub {
        my $client = http_connect($nginx->port);
        my @who = identity(somebody());
        $client->request('GET', $_, { header => \@who })
            for '/short', one_of(@paths), '/short';
        push @clients, $client;
    } ],

    http2 => [ 4, sub {
        my $h2 = PrivacyTest::Http2->connect($nginx->port(3),
            window => one_of(1000, 100_000, 0x7fffffff));
        push @connections, $h2;
        $h2->request(one_of(@paths), identity(somebody())) for 1 .. 5;
    } ],

    stream => [ 15, sub {
        my $h2 = one_of(@connections) or return;
        $h2->request(one_of(@paths), identity(somebody()));
    } ],

    reset => [ 8, sub {
        my $h2 = one_of(@connections) or return;
        my $id = one_of(keys %{ $h2->{streams} }) or return;
        $h2->write(PrivacyTest::Http2::frame(3, 0, $id, pack 'N', 8))
            if !$h2->stream($id)->{how};
    } ],

    window => [ 5, sub {
        my $h2 = one_of(@connections) or return;
        my $id = one_of(keys %{ $h2->{streams} }) or return;
        $h2->more($id, 10_000) if !$h2->stream($id)->{how};
    } ],

    goaway => [ 2, sub {
        @connections or return;
        close splice(@connections, rand @connections, 1)->fh;
    } ],

    abort => [ 20, sub {
        @clients or return;
        my $client = splice @clients, rand @clients, 1;
        setsockopt $client->fh, Socket::SOL_SOCKET, Socket::SO_LINGER,
            pack 'ii', 1, 0 if rand() < 0.5;
        $client->close;
    } ],

    shut => [ 4, sub {
        my $client = one_of(@clients) or return;
        shutdown $client->fh, 1;
    } ],

    grant => [ 20, sub {
        grant($redis, one_of(@accounts), one_of(@orgs),
            role => one_of(qw(user_full user_full user_restricted night
                              administrator_full administrator_restricted)),
            level => one_of(qw(integrator vendor)),
            exports => \(rand() < 0.5),
            rand() < 0.2 ? (ttl => 50 + int rand 500) : (),
            rand() < 0.2 ? (expires_at => iso(now() + rand)) : ());
    } ],

    revoke => [ 12, sub {
        $redis->cmd('DEL', "privacy:{@{[ one_of(@accounts) ]}}:grant:"
                           . one_of(@orgs));
    } ],

    open => [ 6, sub {
        my $account = one_of(@accounts);
        providers($redis, $account, grep { rand() < 0.7 } @orgs);
        unrestricted($redis, $account,
                     rand() < 0.3 ? (ttl => 50 + int rand 500) : ());
    } ],

    close => [ 5, sub {
        $redis->cmd('DEL', "privacy:{@{[ one_of(@accounts) ]}}:"
                           . one_of(qw(unrestricted providers excluded)));
    } ],

    camera => [ 5, sub {
        $redis->cmd('SET', 'privacy:camera:' . one_of(qw(c d)),
                    one_of(@accounts));
    } ],

    garbage => [ 2, sub {
        $redis->cmd('SET', "privacy:{@{[ one_of(@accounts) ]}}:grant:"
                    . one_of(@orgs), one_of('', '{', '[]', "\0", 'null'));
    } ],

    flush => [ 0.3, sub { $redis->cmd('FLUSHALL') } ],

    lost => [ 1, sub {
        $redis->cmd('CLIENT', 'KILL', 'TYPE', one_of(qw(pubsub normal)),
                    'SKIPME', 'yes');
    } ],

    busy => [ 0.7, sub { $redis->cmd('CLIENT', 'PAUSE', int rand 400) } ],

    kill => [ 0.5, sub {
        $redis->kill;
        $down_until = now() + rand(2);
    } ],

    reload => [ 0.6, sub {
        # Now and then without a role; a reload under way is enough.
        return if 6 < (() = $nginx->workers);
        role(rand() < 0.3 ? '' : "privacy_role night live cameras=all;\n");
        kill 'HUP', $nginx->pid;
    } ],
);
my $sum = 0;
$sum += $_->[0] for values %events;
my @names = sort keys %events;

sub next_event {
    my $at = rand $sum;
    for my $name (@names) {
        return $name if ($at -= $events{$name}[0]) < 0;
    }
    return $names[0];
}

sub read_some {
    my ($wait) = @_;

    my $bits = '';
    @clients = grep { !$_->how || ($_->close, 0) } @clients;
    @connections = grep { !$_->closed || (close $_->fh, 0) } @connections;
    my @all = (@clients, @connections);
    vec($bits, fileno $_->fh, 1) = 1 for @all;
    return if select($bits, undef, undef, $wait) <= 0;

    for my $client (@all) {
        next if !vec $bits, fileno $client->fh, 1;
        quietly { $client->receive(0) };
        # What came is of no interest.
        if ($client->isa('PrivacyTest::Http')) {
            $client->{pieces} = [];
            $client->{buffer} = '';
        }
    }
}

my $end = now() + $seconds;
my $killed = 0;

while (now() < $end) {
    if ($down_until) {
        if (now() > $down_until) {
            undef $down_until;
            $redis->start;
        }
    }
    my $name = next_event();
    next if $down_until && $name =~ /^(?:grant|revoke|open|close|camera|
                                         garbage|flush|lost|busy|kill)$/x;
    $did{$name}++ if quietly { $events{$name}[1]->() };
    close splice(@connections, 0, 1)->fh if @connections > 12;
    splice(@clients, rand @clients, 1)->close if @clients > 80;
    read_some(0.002);
    last if !$nginx->is_running;
}

diag("storm of $seconds s, STORM_SEED=$seed: ",
     join ', ', map { "$did{$_} $_" } grep { $did{$_} } @names);

ok($nginx->is_running, 'nginx is still there');
$redis->start;

# Whoever may not watch any more does not: all streams of providers end.
$redis->cmd('CLIENT', 'UNPAUSE');
$redis->cmd('FLUSHALL');
my $at = now();
while (now() < $at + 5) {
    read_some(0.02);
}

# Owners' streams, lingering ones and shadows are the ones left.
my $victim;
wait_until(sub {
    grant($redis, 'z', 'inst');
    $victim = eval { watch($nginx, '/mjpeg', id => 'last', org => 'inst',
                           account => 'z') };
}, 'the gate to let somebody in', 10);
my $owner = watch($nginx, '/mjpeg', id => 'last-owner', org => 'z',
                  account => 'z', level => 'client');
my @two = ($victim, $owner);
pump(\@two, sub { !grep { 10 > $_->pieces } @two });
$at = now();
$redis->cmd('DEL', 'privacy:{z}:grant:inst');
pump(\@two, sub { $victim->how }, 3);
cut_within($victim, $at, 'after the storm', $owner);
ok(!$owner->how, 'after the storm: the owner goes on');

$_->close for @two, @clients;
close $_->fh for @connections;
my @workers = $nginx->workers;
ok($nginx->quit(30), 'nginx quits') or diag("workers: @workers");

# Redis was away: what nginx says of that is in order.
clean_log($nginx, 'no alert, no crash, no socket left',
          qr/redis|connect\(\) to unix/);

done_testing();
