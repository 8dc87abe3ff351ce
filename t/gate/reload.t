# Reload and quit: no request is lost, no worker and no connection stays, also
# while Redis is away or requests wait for it.
# alone

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Gate;
use PrivacyTest::Load ();
use PrivacyTest::Proxy ();

my $redis = redis();
my $proxy = PrivacyTest::Proxy->new($redis);

my $http = gate(<<'END');
    privacy_timeout 300ms;
    proxy_cache_path %DIR%/temp/kept keys_zone=kept:1m;
    lingering_close off;

    server {
        listen 127.0.0.1:%PORT% backlog=4096;
        root %HTML%;

        add_header X-Privacy "$privacy_verdict $privacy_reason" always;

        location ~ ^/live/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            try_files /clip.mp4 =404;
        }

        location ~ ^/slow/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            limit_rate 50k;
            try_files /long.mp4 =404;
        }
    }
END

my $nginx = nginx(vars => { REDIS => $proxy->socket }, workers => 2,
                  log_level => 'notice', http => $http);
my @inst = who('inst');

write_file($nginx->html . '/clip.mp4', "clip\n");
write_file($nginx->html . '/long.mp4', 'x' x 150_000);
allow($redis, "open$_", 'inst') for 0 .. 19;

sub named { return map { $_->{name} } connections() }

# Of nginx to Redis, by the names they give themselves.
sub connections {
    return grep { $_->{name} =~ /^nginx-privacy/ }
           map { { map { split /=/, $_, 2 } split ' ' } }
           split /\n/, $redis->cmd('CLIENT', 'LIST');
}

sub clean {
    my ($name) = @_;

    is_deeply([ $nginx->log_lines(qr/\[(?:crit|alert|emerg)\]|open socket|
                                     exited\ on\ signal/x) ],
              [], "$name: nothing in the log");
}

sub requests {
    return [ map({ { kind => 'open', path => "/live/open$_/c1",
                     header => lines(@inst) },
                   { kind => 'shut', path => "/live/shut$_/c1",
                     header => lines(@inst) },
                   { kind => 'owner', path => "/live/shut$_/c1",
                     header => lines(who("shut$_", 'client')) } } 0 .. 19) ];
}

my %right = (open => 200, shut => 403, owner => 200);

# Answers that are not what they should be, how many of each kind.
sub wrong {
    my ($outage, @answers) = @_;

    my %wrong;
    for my $a (@answers) {
        next if $a->{status} == $right{ $a->{kind} };
        next if $outage && $a->{kind} ne 'owner' && $a->{status} == 503;
        $wrong{"$a->{kind} $a->{status} $a->{words}"}++;
    }
    return \%wrong;
}

sub load {
    my (%options) = @_;

    return PrivacyTest::Load->start($nginx->port, requests => requests(),
        connections => 12, close => 1, pause => 0.001, %options);
}

# The cache manager and the loader serve nobody, and ask nobody.
wait_until(sub { connections() == 4 }, 'both connections of two workers');
my $children = PrivacyTest::Process::children_of($nginx->pid);
ok((grep { /cache manager/ } values %$children), 'there is a cache manager');
my %is_worker = map { $_ => 1 } $nginx->workers;
is_deeply([ sort map { /-(\w+)-(\d+)$/ && $is_worker{$2} && $1 } named() ],
          [ qw(read read watch watch) ], 'only workers ask Redis');

# --- reload under load

my $load = load();
$load->wait_answers(500);
my $reloads = 8;
for my $n (1 .. $reloads) {
    my @old = $nginx->reload;
    ok($nginx->wait_gone(\@old, 10), "reload $n: the old workers are gone");
    $load->wait_answers($n * 300 + 500);
}
my @answers = $load->finish;
is_deeply(wrong(0, @answers), {}, 'reload under load: no request is lost');
diag(scalar(@answers), " requests over $reloads reloads");
is(scalar $nginx->workers, 2, 'two workers');
wait_until(sub { connections() == 4 }, 'the connections of two workers');
clean('reload under load');

# One after the other without waiting for the old ones.
$load = load();
$load->wait_answers(200);
my %old;
for (1 .. 5) {
    $old{$_}++ for $nginx->reload;
}
ok($nginx->wait_gone([ keys %old ], 20), 'reloads in a row: no worker is left');
$load->wait_answers(1500);
@answers = $load->finish;
is_deeply(wrong(0, @answers), {}, 'reloads in a row: no request is lost');
clean('reloads in a row');

# --- reload while requests wait: the old workers answer them

$redis->flush;
allow($redis, "open$_", 'inst') for 0 .. 19;
$nginx->configure(http => $http =~ s/300ms/5s/r);
$nginx->reload;
$proxy->set(hold => 1);
my @clients = map { [ $_, http_connect($nginx->port) ] }
              map { ("open$_", "shut$_") } 0 .. 9;
$_->[1]->request('GET', "/live/$_->[0]/c1", { header => \@inst })
    for @clients;
$proxy->wait_held(20);
my @old = $nginx->reload;
$proxy->wait_held(20);
$proxy->set;
my %got;
for (@clients) {
    my ($account, $client) = @$_;
    my $status = eval { $client->response->{status} } // $@;
    $got{ ($account =~ /open/ ? 'open ' : 'shut ') . $status }++;
    $client->close;
}
is_deeply(\%got, { 'open 200' => 10, 'shut 403' => 10 },
          'reload while they wait: all are answered');
ok($nginx->wait_gone(\@old, 10), 'reload while they wait: no worker is left');
clean('reload while they wait');

# What is being answered goes on in the old worker, and may still be cut.
my $stream = http_connect($nginx->port);
$stream->request('GET', '/slow/open1/c1', { header => \@inst });
is($stream->head->{status}, 200, 'an answer that takes its time');
@old = $nginx->reload;
deny($redis, 'open1', 'inst');
ok($stream->wait_close(2), 'cut in an old worker');
ok($nginx->wait_gone(\@old, 10), 'which ends then');
allow($redis, 'open1', 'inst');
clean('a cut in an old worker');

# --- while Redis is away

for my $away (qw(gone frozen silent)) {
    $nginx->configure(http => $http);
    my @before = $nginx->reload;
    $nginx->wait_gone(\@before);

    $away eq 'gone' ? $proxy->refuse
        : $away eq 'frozen' ? $redis->pause : $proxy->set(hold => 1, all => 1);

    $load = load(connections => 6);
    $load->wait_answers(100);
    for my $n (1 .. 3) {
        my @old = $nginx->reload;
        ok($nginx->wait_gone(\@old, 10),
           "redis $away, reload $n: the old workers are gone");
    }
    $load->wait_answers(300);
    @answers = $load->finish;
    is_deeply(wrong(1, @answers), {},
              "redis $away: owners are served, nobody else, none is lost");

    $away eq 'gone' ? $proxy->accept
        : $away eq 'frozen' ? $redis->resume : $proxy->set;
    my $begin = now();
    wait_until(sub {
        !grep { http_get($nginx->port, "/live/open$_/c1", @inst)->{status}
                != 200 } 0 .. 4
    }, 'an answer');
    cmp_ok(now() - $begin, '<', 1.5, "redis $away: recovered after it");
    is(http_get($nginx->port, '/live/shut1/c1', @inst)->{status}, 403,
       "redis $away: what is shut is shut");
    clean("redis $away");
}

# --- quit: at rest, with requests on their way, with a Redis that is frozen

for my $state ('idle', 'under load', 'while they wait', 'with redis frozen') {
    $redis->pause if $state =~ /frozen/;
    $proxy->set(hold => 1) if $state =~ /wait/;
    my @clients = $state eq 'idle' || $state =~ /load/ ? ()
                  : map { http_connect($nginx->port) } 1 .. 20;
    my $n = 0;
    $_->request('GET', '/live/shut' . $n++ . '/q', { header => \@inst })
        for @clients;
    $proxy->wait_held(10) if $state =~ /wait/;
    # Those of a frozen redis have to be in a worker at least.
    http_get($nginx->port, '/live/shut1/c', who('shut1', 'client'))
        for 1 .. 10;
    if ($state =~ /load/) {
        $load = load();
        $load->wait_answers(300);
    }
    my @last = $nginx->workers;
    kill 'QUIT', $nginx->pid;
    if ($state =~ /wait/) {
        # The listening sockets close first.
        wait_until(sub { !eval { http_connect($nginx->port); 1 } },
                   'no listener');
        $proxy->set;
    }

    my %got;
    for my $client (@clients) {
        $got{ eval { $client->response->{status} } // "lost: $@" }++;
        $client->close;
    }
    is_deeply(\%got, $state =~ /frozen/ ? { 503 => 20 } : { 403 => 20 },
              "quit $state: all are answered") if @clients;
    ok($nginx->quit(10), "quit $state: nginx has ended");
    ok($nginx->wait_gone(\@last, 1), "quit $state: no worker is left");

    if ($state =~ /load/) {
        # What nginx had begun with is answered; the others it never took.
        @answers = grep { $_->{status} > 0 || $_->{words} =~ /after [1-9]/ }
                   $load->finish;
        is_deeply(wrong(0, @answers), {}, "quit $state: no answer is wrong");
    }
    $redis->resume;
    ok(eval { wait_until(sub { connections() == 0 }, 'none') },
       "quit $state: no connection to Redis is left");
    clean("quit $state");
    $nginx->start;
}

# --- a worker that dies

my @workers = $nginx->workers;
wait_until(sub { connections() == 4 }, 'connections');
$load = load();
$load->wait_answers(300);
kill 'KILL', $workers[0];
my $killed = now();
wait_until(sub {
    my @now = $nginx->workers;
    @now == 2 && !grep { $_ == $workers[0] } @now;
}, 'a new worker');
$load->wait_answers(3000);
@answers = $load->finish;
my @later = grep { $_->{sent} > $killed + 0.2 } @answers;
is_deeply(wrong(0, @later), {}, 'a killed worker is replaced, and works');
my @lost = grep { $_->{status} <= 0 } @answers;
cmp_ok(scalar @lost, '<=', 12, 'only what it had in hand is lost');
is_deeply(wrong(0, grep { $_->{status} > 0 } @answers), {},
          'and no answer is wrong');
wait_until(sub { connections() == 4 }, 'the connections of two workers');

# Both hear of a change.
deny($redis, 'open1', 'inst');
ok(eval {
    wait_until(sub {
        !grep { http_get($nginx->port, '/live/open1/c1', @inst)->{status}
                != 403 } 1 .. 10
    }, 'a denial', 1);
}, 'a change reaches both');

ok($nginx->quit, 'quit');
is_deeply([ $nginx->log_lines(qr/open socket/) ], [], 'nothing left open');

done_testing();
