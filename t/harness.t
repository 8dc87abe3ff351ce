# The tools of t/lib, with nginx alone: what other tests rely on.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;

local $ENV{TEST_NGINX_LOAD_MODULES} = '';

# Redis

my $redis = redis(tcp => 1, tls => 1,
                  users => [ 'user reader on >secret ~a:* +@read' ]);
ok(-S $redis->socket, 'redis has a unix socket');
is($redis->cmd('SET', 'k', "v\r\n\0", 'EX', 10), 'OK', 'a reply');
is($redis->cmd('GET', 'k'), "v\r\n\0", 'binary values');
is($redis->cmd('GET', 'none'), undef, 'nil');
is_deeply($redis->cmd('MGET', 'k', 'none'), [ "v\r\n\0", undef ], 'a list');
ok(!eval { $redis->cmd('HGET', 'k', 'f') }, 'an error reply dies');
like($@, qr/WRONGTYPE/, 'with its text');
is($redis->cmd('PING'), 'PONG', 'and leaves the connection in order');

my $other = $redis->client;
is($other->cmd('AUTH', 'reader', 'secret'), 'OK', 'a user of the ACL');
ok(!eval { $other->cmd('SET', 'a:b', 1) }, 'who may not write');
like($@, qr/NOPERM/, 'by the ACL');

my $tcp = PrivacyTest::Resp->connect($redis->port);
is($tcp->cmd('PING'), 'PONG', 'over TCP');

my ($status, $text) = run('openssl', 's_client', '-brief', '-connect',
    '127.0.0.1:' . $redis->tls_port, '-CAfile', certificates()->{ca},
    '-verify_return_error', '-verify_hostname', 'redis.test');
is($status, 0, 'TLS with the throw-away authority') or diag($text);
($status) = run('openssl', 's_client', '-brief', '-connect',
    '127.0.0.1:' . $redis->tls_port, '-CAfile', certificates()->{other_ca},
    '-verify_return_error');
isnt($status, 0, 'which the other authority does not vouch for');

$redis->pause;
my $frozen = $redis->client(timeout => 0.1);
ok(!eval { $frozen->cmd('PING') }, 'a paused redis does not answer');
$redis->resume;
is($redis->cmd('PING'), 'PONG', 'and does again');

$redis->kill;
ok(!$redis->is_running, 'killed');
$redis->start;
is($redis->cmd('GET', 'k'), undef, 'started again, empty');
my $before = $redis->pid;
$redis->restart;
isnt($redis->pid, $before, 'restarted');

# nginx

my $bad = nginx(start => 0, http => 'nonsense on;');
my ($good, $words) = $bad->test;
ok(!$good, 'a bad configuration fails the test');
like($words, qr/unknown directive "nonsense"/, 'with nginx\' words');
ok(!eval { $bad->start }, 'and does not start');
like($@, qr/unknown directive "nonsense"/, 'with nginx\' words');

my $nginx = nginx(workers => 2, vars => { WORD => 'hello' }, http => <<'END');
    server {
        listen 127.0.0.1:%PORT%;

        location = /word {
            add_header X-Header $http_x_header;
            return 200 "%WORD% $request_method\n";
        }

        location = /slow {
            limit_rate 20000;
        }
    }
END

is(scalar(my @workers = $nginx->workers), 2, 'two workers');

my $r = http_get($nginx->port, '/word', 'X-Header' => 'x');
is($r->{status}, 200, 'a request');
is($r->{body}, "hello GET\n", 'its body');
is($r->{header}{'x-header'}, 'x', 'its header');
ok($r->{complete}, 'and its end');

my $client = http_connect($nginx->port);
for my $n (1 .. 3) {
    $client->request('GET', '/word');
    is($client->response->{body}, "hello GET\n", "keep-alive, request $n");
}
$client->request('HEAD', '/word');
is($client->response->{body}, '', 'HEAD');
is(http_request('POST', $nginx->port, '/word', { body => 'x' })->{body},
   "hello POST\n", 'POST');

write_file($nginx->html . '/slow', 'x' x 200_000);

my $stream = http_connect($nginx->port);
$stream->request('GET', '/slow');
is($stream->head->{status}, 200, 'the head of an answer that goes on');
my ($at, $bytes) = $stream->read;
ok(length $bytes, 'a piece of its body');
cmp_ok(abs(now() - $at), '<', 5, 'and when it came');

$stream->request('GET', '/slow');
my @old = $nginx->reload;
is_deeply(\@old, \@workers, 'reload: the old workers');
is(http_get($nginx->port, '/word')->{status}, 200, 'the new ones answer');
ok((grep { kill 0, $_ } @old), 'an old one stays for the stream');
$stream->close;
ok($nginx->wait_gone(\@old), 'until it ends');

$nginx->configure(http => 'nonsense on;');
ok(!eval { $nginx->reload }, 'a bad configuration is not loaded');
like($@, qr/nonsense/, 'with nginx\' words');

$stream = http_connect($nginx->port);
$stream->request('GET', '/slow');
$stream->head;
ok($nginx->stop, 'stop');
ok($stream->wait_close, 'the stream was cut');
ok(!$nginx->is_running, 'nginx is gone');

$nginx->configure(http => 'server { listen 127.0.0.1:%PORT%; }');
$nginx->start;
is(http_get($nginx->port, '/')->{body}, "index\n", 'started again');
is(http_get($nginx->port, '/none')->{status}, 404, 'not found');
ok((grep { /none/ } $nginx->log_lines), 'and logged');
ok($nginx->quit, 'quit');
is(scalar(grep { kill 0, $_ } @workers), 0, 'no worker is left');

my ($h2) = listen_http2(nginx(start => 0)->port) =~ /(http2)/;
is($h2, 'http2', 'HTTP/2');

done_testing();
