# A reader that does not read gets no more than what was in flight: what the
# kernel still had to send is thrown away.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Upstream;

my $redis = redis();
my $content = join '', map { sprintf "%015d\n", $_ * 16 } 0 .. 2_000_000;
my $upstream = PrivacyTest::Upstream->new(
    file => write_file(test_dir() . '/download', $content));
my $tls = certificates();
my $nginx = gate($redis,
    vars => { UPSTREAM => $upstream->port, map { uc($_) => $tls->{$_} }
              qw(server_crt server_key) },
    listen => <<'END',
        listen 127.0.0.1:%PORT2% ssl;
        ssl_certificate %SERVER_CRT%;
        ssl_certificate_key %SERVER_KEY%;
END
    server => <<'END');
        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
        }

        location /file/ {
            alias %HTML%/;
            sendfile on;
        }
END
write_file($nginx->html . '/file', $content);

# Bytes that wait to be read, without reading them.
sub waiting {
    my ($client) = @_;

    my $n = pack 'L', 0;
    ioctl $client->fh, 0x541B, $n or die "FIONREAD: $!";  # of Linux
    return unpack 'L', $n;
}

for my $path ('/file/file', '/download', '/mjpeg?period=1&size=50000') {
    grant($redis, 'a', 'inst');

    my $client = watch($nginx, $path, id => $path, org => 'inst',
                       expect => 0);

    # Until nothing comes any more: all buffers are full.
    my ($last, $since) = (-1, now());
    wait_until(sub {
        my $n = waiting($client);
        ($last, $since) = ($n, now()) if $n != $last;
        return $n > 0 && now() - $since > 0.3;
    }, 'buffers to fill', 20);

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    my ($status, $why, $sent) = @{ logged($nginx, $path) };
    cmp_ok(now() - $at, '<', slack(), "$path: cut at once");
    is($why, 'revoked', "$path: the reason in the log");

    $client->wait_close(10);
    my $got = 0;
    $got += length $_->[1] for $client->pieces;
    is($client->how, 'reset', "$path: reset");
    cmp_ok($got, '<=', $last, "$path: nothing but what had arrived");
    cmp_ok($sent, '>', $got, "$path: and that is less than what was sent");
    diag(sprintf '%s: %.1f KB had arrived, %.1f KB came, nginx had sent '
         . '%.1f KB', $path, $last / 1024, $got / 1024, $sent / 1024);
    $client->close;

    if ($path =~ /download|mjpeg/) {
        my $closed = eval { $upstream->wait_saw('close', $path, 2) };
        ok($closed && $closed - $at < slack(),
           "$path: the upstream connection is closed too");
    }
}

# Through TLS there is no telling what is in flight, but it ends as well.
{
    grant($redis, 'a', 'inst');
    my $client = watch($nginx, '/file/file', id => 'tls', org => 'inst',
                       client => tls_connect($nginx->port(2)), expect => 0);
    my ($last, $since) = (-1, now());
    wait_until(sub {
        my $n = waiting($client);
        ($last, $since) = ($n, now()) if $n != $last;
        return $n > 0 && now() - $since > 0.3;
    }, 'buffers to fill', 20);
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    is(logged($nginx, 'tls')->[1], 'revoked', 'TLS: the reason in the log');
    ok($client->wait_close(10), 'TLS: the end');
    my $got = 0;
    $got += length $_->[1] for $client->pieces;
    cmp_ok($got, '<', length $content, 'TLS: before the end of the file');
    $client->close;
}

ok($nginx->quit, 'nginx quits');
clean_log($nginx);

done_testing();
