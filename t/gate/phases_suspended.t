# Requests that wait for their facts: what others do meanwhile, clients that
# go, several streams of one connection, bodies on their way.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Gate;
use PrivacyTest::Streams ();
use PrivacyTest::Proxy ();

my $redis = redis();
my $proxy = PrivacyTest::Proxy->new($redis);

# privacy_cache off: every request has to wait.
my $nginx = nginx(vars => { REDIS => $proxy->socket }, log_level => 'debug',
                  http => gate(<<'END'
    privacy_cache off;
    privacy_timeout 10s;
    limit_conn_zone $http_x_user zone=conn:1m;

    server {
        listen 127.0.0.1:%PORT3%;
        client_max_body_size 100m;

        location / {
            return 200 "$request_method $content_length\n";
        }
    }

END
    . "    server {\n    " . listen_http2('%PORT2%')
    . "\n    listen 127.0.0.1:%PORT%;\n" . <<'END'));
        root %HTML%;
        client_max_body_size 100m;

        location ~ ^/live/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            try_files /$account.mp4 =404;
        }

        location ~ ^/registered/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            privacy_camera_registry on;
            try_files /$account.mp4 =404;
        }

        location ~ ^/upload/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            proxy_pass http://127.0.0.1:%PORT3%;
        }

        location ~ ^/streamed/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            proxy_request_buffering off;
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:%PORT3%;
        }

        location ~ ^/limited/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            limit_conn conn 1;
            limit_conn_status 429;
            try_files /$account.mp4 =404;
        }

        location /status {
            access_log off;
            stub_status;
        }
    }
END

my @inst = who('inst');
my @open = map { "open$_" } 0 .. 9;
my @shut = map { "shut$_" } 0 .. 9;

for my $account (@open, @shut) {
    write_file($nginx->html . "/$account.mp4", "[video of $account]");
    allow($redis, $account, 'inst') if $account =~ /open/;
    $redis->cmd('SET', "privacy:camera:c$account", $account);
}

# Connections of clients, this one not counted.
sub clients {
    my ($n) = http_get($nginx->port, '/status')->{body}
              =~ /Active connections: (\d+)/;
    return $n - 1;
}

sub nobody_left {
    my ($name) = @_;

    ok(eval { wait_until(sub { clients() == 0 }, 'no connection') },
       "$name: no connection is left") or diag($@);
}

# --- HTTP/1.1: many at once, each gets what is its own

$proxy->set(hold => 1);
my @clients = map { [ $_, http_connect($nginx->port) ] } @open, @shut, @open;
$_->[1]->request('GET', "/live/$_->[0]/c1", { header => \@inst })
    for @clients;
$proxy->wait_held(20);
is(http_get($nginx->port, '/live/open0/c1', who('open0', 'client'))->{status},
   200, 'an owner does not wait meanwhile');
$proxy->set;

my $right = 0;
for (@clients) {
    my ($account, $client) = @$_;
    my $r = $client->response;
    $right++ if $account =~ /open/
                ? $r->{status} == 200 && $r->{body} eq "[video of $account]"
                : $r->{status} == 403 && $r->{body} !~ /video/;
    $client->close;
}
is($right, scalar @clients, 'suspended at once: each gets its own answer');

# --- pipelined: the second is not looked at until the first is answered

$proxy->set(hold => 1);
my $client = http_connect($nginx->port);
my @order = qw(open0 shut0 open1 shut1 open0);
$client->request('GET', "/live/$_/c1", { header => \@inst }) for @order;
$proxy->wait_held(1);
$proxy->set;
for my $account (@order) {
    my $r = $client->response;
    is($r->{status}, $account =~ /open/ ? 200 : 403, "pipelined: $account");
}

# Kept alive, and suspended each time.
for my $account (@order) {
    $client->request('GET', "/live/$account/c1", { header => \@inst });
    is($client->response->{status}, $account =~ /open/ ? 200 : 403,
       "kept alive: $account");
}
$client->close;

# --- HTTP/2: several streams suspended at once

my $h2 = PrivacyTest::Streams->connect($nginx->port(2));
my @header = map { $_ =~ /^X-/ ? lc $_ : $_ } @inst;

$proxy->set(hold => 1);
my @streams = map { [ $_, $h2->request('GET', "/live/$_/c1", @header) ] }
              @open, @shut, @open;
$proxy->wait_held(20);
my $owner = $h2->request('GET', '/live/open0/c1',
                         map { lc } who('open0', 'client'));
is($h2->response($owner)->{status}, 200, 'HTTP/2: an owner does not wait');

# Some are given up by their client; the connection goes on.
my @given_up = splice @streams, 12, 4;
$h2->reset($_->[1]) for @given_up;
$h2->ping;
answered($nginx, qr{GET /live/$_->[0]/c1 499}) for @given_up;
pass('HTTP/2: streams that were given up have ended');
$proxy->set;

$right = 0;
for (@streams) {
    my ($account, $id) = @$_;
    my $r = $h2->response($id);
    $right++ if $account =~ /open/
                ? $r->{status} == 200 && $r->{body} eq "[video of $account]"
                : $r->{status} == 403 && $r->{body} !~ /video/;
}
is($right, scalar @streams, 'HTTP/2: each stream gets its own answer');

# The whole connection goes while streams wait.
$proxy->set(hold => 1);
$h2->request('GET', "/live/$_/c2", @header) for @open, @shut;
$proxy->wait_held(20);
$h2->close;
answered($nginx, qr{GET /live/shut9/c2 499});
nobody_left('HTTP/2, gone while suspended');
$proxy->set;

# --- clients that go while their requests wait

for my $how ('close', 'reset') {
    $proxy->set(hold => 1);
    my $from = length $nginx->access_log;
    @clients = map { http_connect($nginx->port) } 1 .. 20;
    my $n = 0;
    $_->request('GET', '/live/' . $open[ $n % 10 ] . '/gone' . $n++,
                { header => \@inst }) for @clients;
    $proxy->wait_held(10);
    for my $client (@clients) {
        setsockopt($client->fh, Socket::SOL_SOCKET(), Socket::SO_LINGER(),
                   pack 'ii', 1, 0) if $how eq 'reset';
        $client->close;
    }
    my $count = wait_until(sub {
        my @n = substr($nginx->access_log, $from) =~ m{/gone\d+ 499}g;
        @n == 20 && @n;
    }, "20 requests that ended ($how)");
    is($count, 20, "$how while suspended: all have ended at once");
    nobody_left("$how while suspended");
    $proxy->set;
    is(http_get($nginx->port, '/live/open3/c1', @inst)->{body},
       '[video of open3]', "$how while suspended: goes on");
}

# In the second of two waits (the registry, then the account).
$proxy->set(hold => 1);
$client = http_connect($nginx->port);
$client->request('GET', '/registered/open4/copen4', { header => \@inst });
$proxy->wait_held(1);
my $reads = $proxy->state->{seen}{READ};
$proxy->set;
is($client->response->{body}, '[video of open4]', 'two waits');
cmp_ok($proxy->state->{seen}{READ}, '>', $reads, 'which are two reads');
$proxy->set(hold => 1);
$client->request('GET', '/registered/shut4/cshut4', { header => \@inst });
$proxy->wait_held(1);
$client->close;
answered($nginx, qr{/registered/shut4/cshut4 499});
nobody_left('gone in the first wait');
$proxy->set;
is(http_get($nginx->port, '/registered/open4/cshut4', @inst)->{status}, 403,
   "another account's camera");

# --- bodies on their way

my $body = join '', map { sprintf "%09d\n", $_ } 1 .. 400_000;

for my $where (qw(upload streamed)) {
    for my $account (qw(open5 shut5)) {
        $proxy->set(hold => 1);
        my $client = http_connect($nginx->port);
        $client->request('POST', "/$where/$account/c1", { header =>
            [ @inst, 'Content-Length' => length $body ] });
        $client->send(substr $body, 0, 20_000);
        $proxy->wait_held(1);
        $client->send(substr $body, 20_000, 20_000);
        $proxy->set;

        if ($account =~ /open/) {
            $client->send(substr $body, 40_000);
            is($client->response->{body}, 'POST ' . length($body) . "\n",
               "$where: a large body, begun while suspended");
        } else {
            is($client->head->{status}, 403,
               "$where: denied with the body on its way");
        }
        $client->close;
    }
}
nobody_left('uploads');

# The client goes in the middle of its body.
$proxy->set(hold => 1);
$client = http_connect($nginx->port);
$client->request('POST', '/upload/open6/c1',
                 { header => [ @inst, 'Content-Length' => 100_000 ] });
$client->send('x' x 1000);
$proxy->wait_held(1);
$client->close;
wait_until(sub { clients() == 0 }, 'the end of an aborted upload');
answered($nginx, qr{POST /upload/open6/c1 499});
pass('gone in the middle of a body');
$proxy->set;

# --- limit_conn counts those who wait, and forgets them

$proxy->set(hold => 1);
my @one = who('inst', 'integrator', 'one');
$client = http_connect($nginx->port);
$client->request('GET', '/limited/open7/c1', { header => \@one });
$proxy->wait_held(1);
is(http_get($nginx->port, '/limited/open7/c1', @one)->{status}, 429,
   'limit_conn: one that waits counts');
$client->close;
answered($nginx, qr{/limited/open7/c1 499});
$proxy->set;
is(http_get($nginx->port, '/limited/open7/c1', @one)->{status}, 200,
   'limit_conn: one that went does not');

# --- in time

$nginx->configure(http => $nginx->{options}{http}
    =~ s/privacy_timeout 10s/privacy_stale 0; privacy_timeout 300ms/r);
$nginx->wait_gone([ $nginx->reload ]);
$proxy->set(hold => 1);
my $begin = now();
my $r = http_get($nginx->port, '/live/open8/c1', @inst);
my $took = now() - $begin;
is($r->{status}, 503, 'no answer within privacy_timeout');
is($r->{header}{'retry-after'}, 1, 'Retry-After');
is($r->{header}{'cache-control'}, 'no-store', 'not to be kept');
cmp_ok($took, '>=', 0.28, 'not before');
cmp_ok($took, '<', 0.6, 'and not much after') or diag($took);
$proxy->set;

# --- the end

ok($nginx->quit, 'quit');
is_deeply([ $nginx->log_lines(qr/\[(?:crit|alert|emerg)\]|open socket/) ],
          [], 'nothing in the log');

done_testing();
