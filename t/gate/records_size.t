# A record that is too long is its own account's misfortune: whoever asks for
# it does not keep the worker from reading others.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;

my $redis = redis();
my $nginx = nginx(vars => { REDIS => $redis->socket }, http => <<'END');
    privacy_redis unix:%REDIS%;
    privacy_timeout 5s;     # not the machine is to be judged
    privacy on;
    privacy_user jo;
    privacy_organization fitco;
    privacy_level integrator;
    privacy_account $http_x_account;
    privacy_camera cam1;
    privacy_resource live;
    add_header X-Verdict "$privacy_verdict $privacy_reason" always;
    server {
        listen 127.0.0.1:%PORT%;
        location / { empty_gif; }
    }
END
$nginx->wait_log(qr/changes are announced/);

$redis->cmd('SET', 'privacy:{long}:grant:fitco',
            '{"role":"administrator_full","reason":"' . 'x' x 2_000_000 . '"}');
$redis->cmd('SET', "privacy:{other$_}:grant:fitco",
            '{"role":"administrator_full"}') for 1 .. 30;

my (%long, %other);
for my $n (1 .. 30) {
    my $busy = http_connect($nginx->port);
    $busy->request('GET', '/', { header => [ 'X-Account' => 'long' ] });
    my $r = http_get($nginx->port, '/', 'X-Account' => "other$n");
    $other{"$r->{status} $r->{header}{'x-verdict'}"}++;
    $r = $busy->response;
    $long{"$r->{status} $r->{header}{'x-verdict'}"}++;
}

is_deeply(\%other, { '200 allow grant' => 30 }, 'other accounts are read');
is_deeply(\%long, { '403 deny invalid' => 30 }, 'the long record is invalid');
unlike($nginx->log, qr/connection to redis .* lost/,
       'the connection stays');
ok($nginx->quit, 'quit');

done_testing();
