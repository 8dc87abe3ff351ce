# privacy_redis with TLS: who is believed, and who is not.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;

my $tls = certificates();
my $redis = redis(tls => 1, tcp => 1);
my $strict = redis(tls => 'clients');
my $grant = '{"role":"administrator_full"}';

sub gate {
    my ($address, %more) = @_;

    return nginx(%more, vars => { REDIS => $address }, http => <<'END');
    privacy_redis %REDIS%;
    privacy_sweep off;
    privacy on;
    privacy_user $http_x_user;
    privacy_organization $http_x_organization;
    privacy_level integrator;
    privacy_account acme;
    privacy_camera cam1;
    privacy_resource live;
    add_header X-Verdict "$privacy_verdict $privacy_reason $privacy_cache" always;
    server {
        listen 127.0.0.1:%PORT%;
        location / { empty_gif; }
        location /owner { privacy_level client; empty_gif; }
    }
END
}

sub ask {
    my ($nginx, $organization, $path) = @_;

    my $r = http_get($nginx->port, $path // '/',
                     'X-Organization' => $organization);
    return "$r->{status} " . ($r->{header}{'x-verdict'} // '');
}

sub works {
    my ($name, $server, $address, %more) = @_;

    $server->flush;
    $server->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
    my $nginx = gate($address, %more);
    ok(eval { $nginx->wait_log(qr/changes are announced/, 5) },
       "$name: connects") or diag($nginx->log);
    is(ask($nginx, 'fitco'), '200 allow grant MISS', "$name: reads");
    is(ask($nginx, 'fitco'), '200 allow grant HIT', "$name: caches");
    $server->cmd('DEL', 'privacy:{acme}:grant:fitco');
    ok(eval { wait_until(sub { ask($nginx, 'fitco') =~ /^403/ }, 'it', 2) },
       "$name: a change is announced");
    is(join("\n", $nginx->log_lines), '',
       "$name: no error in the log");
    ok($nginx->quit, "$name: quit");
    unlike($nginx->log, qr/open socket #\d+ left/, "$name: no socket left");
}

sub refused {
    my ($name, $server, $address, $why) = @_;

    $server->flush;
    $server->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
    my $nginx = gate($address);
    ok(eval { $nginx->wait_log($why, 5) }, "$name: the log says why")
        or diag($nginx->log);
    is(ask($nginx, 'fitco'), '503 deny unavailable ', "$name: 503")
        for 1 .. 3;
    is(ask($nginx, 'acme', '/owner'), '200 allow owner ',
       "$name: owners are served");
    unlike($nginx->log, qr/changes are announced/, "$name: never connected");
    ok($nginx->quit, "$name: quit");
    unlike($nginx->log, qr/open socket #\d+ left/, "$name: no socket left");
}

my $port = $redis->tls_port;
my $ca = "tls tls_ca=$tls->{ca}";

# --- believed

works('by the name of the address', $redis, "localhost:$port $ca");
works('by the address', $redis, "127.0.0.1:$port $ca");
works('by another name', $redis, "127.0.0.1:$port $ca tls_name=redis.test");
works('parameters in any order', $redis,
      "127.0.0.1:$port tls_name=redis.test tls_ca=$tls->{ca} db=0 tls");

# --- not believed

refused('a wrong name', $redis, "127.0.0.1:$port $ca tls_name=other.test",
        qr/\[error\] .*its TLS certificate is not accepted for "other.test"/);
refused('a part of the name', $redis, "127.0.0.1:$port $ca tls_name=test",
        qr/its TLS certificate is not accepted for "test"/);
refused('a name below it', $redis, "127.0.0.1:$port $ca tls_name=a.redis.test",
        qr/its TLS certificate is not accepted for "a.redis.test"/);
refused('an address that is not in it', $redis,
        "127.0.0.1:$port $ca tls_name=127.0.0.2",
        qr/its TLS certificate is not accepted for "127.0.0.2"/);
refused('an unknown authority', $redis,
        "localhost:$port tls tls_ca=$tls->{other_ca}",
        qr/its TLS certificate is not accepted for "localhost": /);
refused('the system\'s authorities do not know it', $redis,
        "localhost:$port tls",
        qr/its TLS certificate is not accepted for "localhost": /);
refused('a server that speaks no TLS', $redis,
        'localhost:' . $redis->port . " $ca",
        qr/connection to redis .*(?:TLS|SSL|handshake|closed|reset)/i);
refused('TLS where it is not asked for', $redis, "localhost:$port",
        qr/connection to redis .*(?:lost|failed)/);

# --- certificates of clients

my $sport = $strict->tls_port;
works('a client\'s certificate', $strict,
      "localhost:$sport $ca tls_cert=$tls->{client_crt} "
      . "tls_key=$tls->{client_key}");
refused('none where one is wanted', $strict, "localhost:$sport $ca",
        qr/connection to redis .*(?:lost|failed)/);

# --- after an outage

my $nginx = gate("localhost:$port $ca");
$nginx->wait_log(qr/changes are announced/);
$redis->flush;
$redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
wait_until(sub { ask($nginx, 'fitco') =~ /^200/ }, 'it');
$redis->kill;
wait_until(sub { ask($nginx, 'fitco') =~ /STALE/ }, 'the outage', 2);
$redis->start;
$redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
ok(eval { wait_until(sub { ask($nginx, 'fitco') =~ /HIT/ }, 'it', 5) },
   'after a restart it connects again and caches');
ok($nginx->quit, 'quit');

done_testing();
