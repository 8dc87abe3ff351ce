# privacy_cut on, off and linger; shadow; what the log says.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Upstream;

my $redis = redis();
my $content = join '', map { sprintf "%015d\n", $_ * 16 } 0 .. 200_000;
my $upstream = PrivacyTest::Upstream->new(
    file => write_file(test_dir() . '/download', $content));
my $proxy = 'proxy_pass http://127.0.0.1:%UPSTREAM%; proxy_buffering off;';

my $nginx = gate($redis, vars => { UPSTREAM => $upstream->port },
    gate => 'privacy_cut off;',
    http => <<"END",
    server {
        listen 127.0.0.1:%PORT2%;
        privacy on;
        privacy_cut on;

        location / { $proxy }
        location /off/ { privacy_cut off; $proxy }
        location /accel/ { $proxy }
        location /free/ {
            internal;
            privacy off;
            alias %HTML%/;
            limit_rate 1m;
        }
        location /lax/ {
            internal;
            privacy_cut off;
            alias %HTML%/;
            limit_rate 1m;
        }
    }

    server {
        listen 127.0.0.1:%PORT3%;
        privacy on;

        location / { $proxy }
    }
END
    server => <<"END");
        privacy_cut linger;

        location / { $proxy }
        location /on/ { privacy_cut on; $proxy }
        location /off/ { privacy_cut off; $proxy }
        location /shadow/ { privacy shadow; privacy_cut on; $proxy }
END
write_file($nginx->html . '/file', $content);

my $n = 0;

# Revokes while a stream flows; true if it was cut, else tests that it goes on.
sub revoke {
    my ($name, $port, $path, $cut, %more) = @_;

    my $id = 'm' . ++$n;
    grant($redis, 'a', 'inst');
    my $stream = watch($nginx, $path, id => $id, org => 'inst',
                       port => $nginx->port($port));
    pump([ $stream ], sub { 20 <= $stream->pieces || $more{short} });
    my $from = length $nginx->log;
    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');

    if ($cut) {
        pump([ $stream ], sub { $stream->how }, 2);
        cut_within($stream, $at, $name);
        is(join(' ', @{ logged($nginx, $id) }[0, 1]), '200 revoked',
           "$name: the access log");
        like(substr($nginx->log, $from),
             qr/\[info\].*privacy: cut, reason "revoked"/,
             "$name: the error log");
        $stream->close;
        return;
    }

    my $end = now() + 0.3;
    pump([ $stream ], sub { now() > $end });
    ok(!$stream->how && $stream->last_at > $at, "$name: goes on");
    my $body = body($stream);
    ok($body eq PrivacyTest::Upstream::frames(length $body),
       "$name: every byte") if $path =~ /mjpeg/;
    my @said = substr($nginx->log, $from) =~ /privacy: (.*?reason "\w+")/g;
    like($said[0], $more{says}, "$name: the error log");
    is(scalar @said, 1, "$name: says it once") or diag(@said);

    # Nor does any later change cut it.
    grant($redis, 'a', 'inst');
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    $end = now() + 0.1;
    pump([ $stream ], sub { now() > $end });
    ok(!$stream->how, "$name: and on");

    is(http_get($nginx->port($port), $path =~ s/mjpeg/short/r,
                identity(org => 'inst'))->{status}, $more{next} // 403,
       "$name: the next request") if $path =~ /mjpeg/;
    $stream->close;
    is(logged($nginx, $id)->[1], '', "$name: \$privacy_cut is empty");
}

my $would = qr/^would be cut, reason "revoked"/;

revoke('on, of the server', 2, '/mjpeg', 1);
revoke('on, of the location', 1, '/on/mjpeg', 1);
revoke('off, of http', 3, '/mjpeg', 0, says => $would);
revoke('off, of the location', 2, '/off/mjpeg', 0, says => $would);
revoke('linger, of the server', 1, '/mjpeg', 0, says => qr/answer goes on/);
revoke('shadow', 1, '/shadow/mjpeg', 0, says => $would, next => 200);
revoke('X-Accel-Redirect to where privacy is off', 2,
       '/accel/accel?to=/free/file', 1, short => 1);
revoke('X-Accel-Redirect to where privacy_cut is off', 2,
       '/accel/accel?to=/lax/file', 0, short => 1, says => $would);

# linger: an answer to its end, and then the connection's next request
{
    grant($redis, 'a', 'inst');
    my $client = watch($nginx, '/download', id => 'l1', org => 'inst',
                       slow => 1);
    pump([ $client ], sub { 5 <= $client->pieces });
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    $client->{slow} = 0;
    pump([ $client ], sub {
        return $client->how || length $content <= length body($client);
    }, 30);
    ok(body($client) eq $content, 'linger: a download, to its end');
    $client->{buffer} = '';
    $client->request('GET', '/short', {
        header => [ identity(id => 'l2', org => 'inst') ] });
    is($client->response->{status}, 403,
       'linger: the next one of the connection is denied');
    is(join(' ', @{ logged($nginx, 'l1') }[0, 1]), '200 ',
       'linger: the access log');
    $client->close;
}

# Off, linger and shadow leave those alone that wait for their upstream.
for my $path (qw(/hold /off/hold /shadow/hold)) {
    grant($redis, 'a', 'inst');
    my $client = watch($nginx, $path, id => "w$path", org => 'inst',
                       expect => 0);
    $upstream->wait_saw('request', "w$path");
    my $from = length $nginx->log;
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    $nginx->wait_log(qr/privacy: (?:would be cut|access ended)/, 3, $from);
    my $end = now() + 0.1;
    pump([ $client ], sub { now() > $end });
    ok(!$client->how && !$client->pieces, "$path: waits on");
    $client->close;
}

# What was never cut
grant($redis, 'a', 'inst');
http_get($nginx->port, '/on/short', identity(id => 'n1', org => 'inst'));
is(join(' ', @{ logged($nginx, 'n1') }[0, 1]), '200 ',
   '$privacy_cut of what ended by itself');
http_get($nginx->port, '/on/short', identity(id => 'n2', org => 'nobody'));
is(join(' ', @{ logged($nginx, 'n2') }[0, 1]), '403 ',
   '$privacy_cut of what was denied');

ok($nginx->quit, 'nginx quits');
clean_log($nginx);

# The same with a debug log, which nginx' timers and events have their say in
{
    grant($redis, 'a', 'inst');
    my $nginx = gate($redis, vars => { UPSTREAM => $upstream->port },
                     log_level => 'debug', start => 0,
                     server => "location / { $proxy }");
    if (eval { $nginx->start; 1 }) {
        my $stream = watch($nginx, '/mjpeg', id => 'd', org => 'inst');
        my $at = now();
        $redis->cmd('DEL', 'privacy:{a}:grant:inst');
        pump([ $stream ], sub { $stream->how }, 2);
        ok($stream->how, 'with error_log debug: cut');
        ok($nginx->quit, 'with error_log debug: nginx quits');
    } else {
        fail("with error_log debug: $@");
    }
    my @lines = grep { /\[alert\]/ } split /\n/, $nginx->log;
    is($lines[0], undef, 'with error_log debug: no alert');
}

done_testing();
