# privacy_api in the configuration: where it may stand, what it needs, and
# that it opens nothing else.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Api;
use PrivacyTest::Cut ();

PrivacyTest::Cut::prepare();

my $redis = redis();
my $who = 'privacy_user $remote_user; privacy_organization portal; '
          . 'privacy_level operator;';
my $store = 'privacy_redis unix:%REDIS%;';

sub refused {
    my ($name, $http, $words) = @_;

    my $nginx = nginx(start => 0, vars => { REDIS => $redis->socket },
                      http => $http);
    my ($good, $text) = $nginx->test;
    ok(!$good, "$name: refused");
    like($text, $words, $name);
}

sub accepted {
    my ($name, $http) = @_;

    my $nginx = eval { nginx(vars => { REDIS => $redis->socket },
                             http => $http) };
    ok($nginx && $nginx->quit, $name) or diag($@);
}

sub server {
    my ($text) = @_;

    return "$store $who server { listen 127.0.0.1:%PORT%; $text }";
}

my $at = qr/in \S+nginx\.conf:\d+/;

refused('no Redis',
        "$who server { location /p/ { privacy_api; } }",
        qr/"privacy_api" in location "\/p\/" needs "privacy_redis", $at/);
refused('nobody asks', "$store server { location /p/ { privacy_api; } }",
        qr/needs "privacy_user", $at/);
refused('of no organization', "$store privacy_user u;"
        . 'server { location /p/ { privacy_api; } }',
        qr/needs "privacy_organization"/);
refused('of no level', "$store privacy_user u; privacy_organization o;"
        . 'server { location /p/ { privacy_api; } }',
        qr/needs "privacy_level"/);
refused('the level taken back',
        server('location /p/ { privacy_api; privacy_level ""; }'),
        qr/needs "privacy_level"/);
refused('an argument', server('location /p/ { privacy_api on; }'),
        qr/invalid number of arguments in "privacy_api"/);
refused('twice', server('location /p/ { privacy_api; privacy_api; }'),
        qr/"privacy_api" directive is duplicate/);
refused('in a server', server('privacy_api;'),
        qr/"privacy_api" directive is not allowed here/);
refused('a regular expression', server('location ~ ^/p/ { privacy_api; }'),
        qr/needs a location with a prefix/);
refused('an exact location', server('location = /p { privacy_api; }'),
        qr/needs a location with a prefix/);
refused('a named location', server('location @p { privacy_api; }'),
        qr/not a named one/);
refused('beside the gate',
        server('location /p/ { privacy on; privacy_api; }'),
        qr/stands beside "privacy"/);
refused('beside the shadow',
        server('location /p/ { privacy_api; privacy shadow; }'),
        qr/stands beside "privacy"/);
refused('another handler after it',
        server('location /p/ { privacy_api; empty_gif; }'),
        qr/has another content handler, $at/);
refused('another handler before it',
        server('location /p/ { proxy_pass http://127.0.0.1:1; privacy_api; }'),
        qr/another content handler/);
refused('a primary alone',
        "privacy_redis_primary unix:%REDIS%; server { }",
        qr/"privacy_redis_primary" without "privacy_redis"/);
refused('two primaries', "$store privacy_redis_primary unix:/a;"
        . 'privacy_redis_primary unix:/b;',
        qr/"privacy_redis_primary" directive is duplicate/);
refused('a primary without a port', "$store privacy_redis_primary localhost;",
        qr/no port in address "localhost" in "privacy_redis_primary"/);
refused('a sweep of another mind', "$store privacy_sweep maybe;",
        qr/invalid value "maybe" in "privacy_sweep"/);
refused('no time', "$store privacy_log_retention x;",
        qr/invalid value|"privacy_log_retention" directive/);
refused('no time at all', "$store privacy_log_retention 0;",
        qr/invalid time "0" in "privacy_log_retention"/);
refused('two times', "$store privacy_log_retention 1y;"
        . 'privacy_log_retention off;',
        qr/"privacy_log_retention" directive is duplicate/);

accepted('all that there is', server(<<'END'));
    location /p/ { privacy_api; }
    location ^~ /q { privacy_api; privacy off; }
END
accepted('the sweep', "$store privacy_sweep on; privacy_log_retention 90d;"
         . "privacy_redis_primary unix:%REDIS% db=3;");
accepted('logs for ever', "$store privacy_log_retention off;");
accepted('in a gated server', <<"END");
    $store $who
    privacy on; privacy_account a; privacy_camera c; privacy_resource live;
    server { location /p/ { privacy_api; } }
END
accepted('in a gated server that does not say for what', <<"END");
    $store $who
    server {
        privacy on;
        location /p/ { privacy_api; }
        location /v/ {
            privacy_account a; privacy_camera c; privacy_resource live;
        }
    }
END

# Where it stands

my $api = PrivacyTest::Api->new($redis, http => <<'HTTP', server => <<'END');
    privacy_sweep off;
    privacy on;
    privacy_account $http_x_account;
    privacy_camera c;
    privacy_resource live;
HTTP
        location /privacy/ {
            privacy_api;

            location = /privacy/sweep {
                deny all;
                privacy_api;
            }

            location ~ ^/privacy/accounts/secret {
                return 404;
            }

            location /privacy/files/ {
                alias %HTML%/;
            }

            location ~ ^/privacy/accounts/nested {
                privacy_api;
            }
        }

        location /bare { privacy_api; }

        location /if/ {
            privacy_api;
            if ($http_x_if) { set $x 1; }
            if ($http_x_gif) { proxy_pass http://127.0.0.1:%PORT2%; }
        }

        location /limited/ {
            privacy_api;
            limit_except GET { deny all; }
        }

        location /page { error_page 403 /privacy/accounts; }
END

$api->put('/accounts/acme', operator(), account('acme'));
$api->put('/accounts/nested', operator(), account('nested'));
my $port = $api->nginx->port;

sub status { return http_get($port, $_[0], @{ $_[1] // operator() })->{status} }

is(status('/privacy/accounts/acme'), 200, 'an API location is not gated');
is(status('/privacy/accounts/nested'), 200,
   'a location inside of it has the outer one\'s paths');
is(status('/privacy/sweep'), 403, 'and may be stricter');
is(status('/privacy/accounts/secret'), 404, 'or say something else');
is(status('/privacy/files/index.html'), 403,
   'what is inside of it and not of the API is gated');
is(status('/privacy/files/index.html',
          [ @{ client('acme') }, 'X-Account' => 'acme' ]), 200, 'not shut');
is(status('/bare/accounts/acme'), 200, 'a prefix without a slash');
is(status('/bare/accounts/acme/'), 404, 'whose paths are the same');
is(status('/barely/accounts/acme'), 404, 'and no others');
is(status('/if/accounts/acme', [ @{ operator() }, 'X-If' => 1 ]), 200,
   'an "if" goes on with it');
is(status('/if/accounts/acme', [ @{ operator() }, 'X-Gif' => 1 ]), 403,
   'but what answers for it there is gated');
is(status('/limited/accounts/acme'), 200, 'limit_except lets pass');
is(http_request('PUT', $port, '/limited/accounts/acme', { body => '{}',
       header => [ @{ operator() }, 'Content-Type' => 'application/json' ],
   })->{status}, 403, 'and does not');
is(status('/'), 403, 'all else is gated');

ok($api->nginx->quit, 'nginx ends');

# The root of a server

my $root = PrivacyTest::Api->new($redis, prefix => '', server => <<'END');
        location / { privacy_api; }
END
is($root->get('/accounts/acme', operator())->{status}, 200, 'the root');
is($root->get('/openapi.json', nobody())->{json}{servers}[0]{url}, '/',
   'with its document');

done_testing();
