# What nginx -t refuses: the message names the directive, the place and the
# remedy.
# no http2

use lib 't/lib';
use PrivacyBlocks tls => 1;
use Test::Nginx::Socket 'no_plan';

# In a block's perl: writes the password file.
sub Test::Nginx::Util::password {
    my ($content, $mode) = @_;

    my $file = "$ENV{TEST_NGINX_TMP}/password";
    PrivacyTest::write_file($file, $content);
    chmod $mode, $file or die "$file: $!";
}

add_block_preprocessor(sub {
    my $file = "$ENV{TEST_NGINX_TMP}/password";
    -d $file ? rmdir $file : unlink $file;
});

no_long_string();
run_tests();

__DATA__

=== TEST 1: privacy: another word
--- location
privacy maybe;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "maybe"}, q{nginx.conf:}]



=== TEST 2: privacy: nothing
--- location
privacy;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy" directive}]



=== TEST 3: privacy: too much
--- location
privacy on off;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy" directive}]



=== TEST 4: privacy: twice in http
--- http
privacy on;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy" directive is duplicate}]



=== TEST 5: privacy: twice in a server
--- server
privacy on;
privacy shadow;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy" directive is duplicate}]



=== TEST 6: privacy: twice in a location
--- location
privacy on;
privacy off;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy" directive is duplicate}]



=== TEST 7: privacy: not in if
--- location
if ($arg_x) { privacy off; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy" directive is not allowed here}]



=== TEST 8: privacy_redis: not in a server
--- server
privacy_redis unix:/tmp/s;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_redis" directive is not allowed here}]



=== TEST 9: privacy_redis: not in a location
--- location
privacy_redis unix:/tmp/s;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_redis" directive is not allowed here}]



=== TEST 10: privacy_timeout: not in a server
--- server
privacy_timeout 1s;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_timeout" directive is not allowed here}]



=== TEST 11: privacy_timeout: not in a location
--- location
privacy_timeout 1s;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_timeout" directive is not allowed here}]



=== TEST 12: privacy_prefix: not in a server
--- server
privacy_prefix x;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_prefix" directive is not allowed here}]



=== TEST 13: privacy_prefix: not in a location
--- location
privacy_prefix x;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_prefix" directive is not allowed here}]



=== TEST 14: privacy_role: not in a server
--- server
privacy_role x live;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_role" directive is not allowed here}]



=== TEST 15: privacy_role: not in a location
--- location
privacy_role x live;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_role" directive is not allowed here}]



=== TEST 16: privacy_grant_ttl: not in a server
--- server
privacy_grant_ttl vendor 1h;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_grant_ttl" directive is not allowed here}]



=== TEST 17: privacy_grant_ttl: not in a location
--- location
privacy_grant_ttl vendor 1h;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_grant_ttl" directive is not allowed here}]



=== TEST 18: privacy_reset: not in a server
--- server
privacy_reset 00:00 -05:00;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_reset" directive is not allowed here}]



=== TEST 19: privacy_reset: not in a location
--- location
privacy_reset 00:00 -05:00;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_reset" directive is not allowed here}]



=== TEST 20: privacy_cache: not in a server
--- server
privacy_cache off;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_cache" directive is not allowed here}]



=== TEST 21: privacy_cache: not in a location
--- location
privacy_cache off;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_cache" directive is not allowed here}]



=== TEST 22: privacy_stale: not in a server
--- server
privacy_stale 1s;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_stale" directive is not allowed here}]



=== TEST 23: privacy_stale: not in a location
--- location
privacy_stale 1s;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_stale" directive is not allowed here}]



=== TEST 24: privacy_timeout: "1s 2s" is a wrong number of arguments
--- http_config
$LOGIN privacy_timeout 1s 2s;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_timeout" directive}]



=== TEST 25: privacy_prefix: "a b" is a wrong number of arguments
--- http_config
$LOGIN privacy_prefix a b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_prefix" directive}]



=== TEST 26: privacy_user: "a b" is a wrong number of arguments
--- http_config
$LOGIN privacy_user a b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_user" directive}]



=== TEST 27: privacy_organization: "a b" is a wrong number of arguments
--- http_config
$LOGIN privacy_organization a b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_organization" directive}]



=== TEST 28: privacy_level: "client vendor" is a wrong number of arguments
--- http_config
$LOGIN privacy_level client vendor;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_level" directive}]



=== TEST 29: privacy_account: "a b" is a wrong number of arguments
--- http_config
$LOGIN privacy_account a b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_account" directive}]



=== TEST 30: privacy_camera: "a b" is a wrong number of arguments
--- http_config
$LOGIN privacy_camera a b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_camera" directive}]



=== TEST 31: privacy_resource: "live archive" is a wrong number of arguments
--- http_config
$LOGIN privacy_resource live archive;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_resource" directive}]



=== TEST 32: privacy_camera_registry: "on on" is a wrong number of arguments
--- http_config
$LOGIN privacy_camera_registry on on;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_camera_registry" directive}]



=== TEST 33: privacy_providers: "on on" is a wrong number of arguments
--- http_config
$LOGIN privacy_providers on on;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_providers" directive}]



=== TEST 34: privacy_grant_ttl: "vendor" is a wrong number of arguments
--- http_config
$LOGIN privacy_grant_ttl vendor;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_grant_ttl" directive}]



=== TEST 35: privacy_grant_ttl: "vendor 1h 2h" is a wrong number of arguments
--- http_config
$LOGIN privacy_grant_ttl vendor 1h 2h;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_grant_ttl" directive}]



=== TEST 36: privacy_reset: "00:00" is a wrong number of arguments
--- http_config
$LOGIN privacy_reset 00:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_reset" directive}]



=== TEST 37: privacy_reset: "00:00 -05:00 x" is a wrong number of arguments
--- http_config
$LOGIN privacy_reset 00:00 -05:00 x;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_reset" directive}]



=== TEST 38: privacy_cache: "off off" is a wrong number of arguments
--- http_config
$LOGIN privacy_cache off off;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_cache" directive}]



=== TEST 39: privacy_stale: "1s 2s" is a wrong number of arguments
--- http_config
$LOGIN privacy_stale 1s 2s;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_stale" directive}]



=== TEST 40: privacy_deny_status: "403 404" is a wrong number of arguments
--- http_config
$LOGIN privacy_deny_status 403 404;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_deny_status" directive}]



=== TEST 41: privacy_redis: without arguments
--- http_config
privacy_redis;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_redis" directive}]



=== TEST 42: privacy_timeout: without arguments
--- http_config
privacy_timeout;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_timeout" directive}]



=== TEST 43: privacy_prefix: without arguments
--- http_config
privacy_prefix;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_prefix" directive}]



=== TEST 44: privacy_role: without arguments
--- http_config
privacy_role;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_role" directive}]



=== TEST 45: privacy_level: without arguments
--- http_config
privacy_level;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_level" directive}]



=== TEST 46: privacy_reset: without arguments
--- http_config
privacy_reset;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_reset" directive}]



=== TEST 47: privacy_cache: without arguments
--- http_config
privacy_cache;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_cache" directive}]



=== TEST 48: privacy_stale: without arguments
--- http_config
privacy_stale;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_stale" directive}]



=== TEST 49: privacy_deny_status: without arguments
--- http_config
privacy_deny_status;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_deny_status" directive}]



=== TEST 50: privacy_camera_registry: without arguments
--- http_config
privacy_camera_registry;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_camera_registry" directive}]



=== TEST 51: privacy_providers: without arguments
--- http_config
privacy_providers;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number of arguments in "privacy_providers" directive}]



=== TEST 52: privacy_redis: twice (unix:/tmp/s, unix:/tmp/t)
--- http_config
privacy_redis unix:/tmp/s;
privacy_redis unix:/tmp/t;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_redis" directive is duplicate}]



=== TEST 53: privacy_timeout: twice (1s, 2s)
--- http_config
privacy_timeout 1s;
privacy_timeout 2s;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_timeout" directive is duplicate}]



=== TEST 54: privacy_prefix: twice (a, b)
--- http_config
privacy_prefix a;
privacy_prefix b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_prefix" directive is duplicate}]



=== TEST 55: privacy_grant_ttl: twice (vendor 1h, vendor 2h)
--- http_config
privacy_grant_ttl vendor 1h;
privacy_grant_ttl vendor 2h;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_grant_ttl" directive is duplicate}]



=== TEST 56: privacy_grant_ttl: twice (integrator off, integrator off)
--- http_config
privacy_grant_ttl integrator off;
privacy_grant_ttl integrator off;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_grant_ttl" directive is duplicate}]



=== TEST 57: privacy_reset: twice (00:00 -05:00, 00:00 +01:00)
--- http_config
privacy_reset 00:00 -05:00;
privacy_reset 00:00 +01:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_reset" directive is duplicate}]



=== TEST 58: privacy_cache: twice (off, accounts=10)
--- http_config
privacy_cache off;
privacy_cache accounts=10;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_cache" directive is duplicate}]



=== TEST 59: privacy_stale: twice (1s, 2s)
--- http_config
privacy_stale 1s;
privacy_stale 2s;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_stale" directive is duplicate}]



=== TEST 60: privacy_deny_status: twice (403, 404)
--- http_config
privacy_deny_status 403;
privacy_deny_status 404;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_deny_status" directive is duplicate}]



=== TEST 61: privacy_camera_registry: twice (on, off)
--- http_config
privacy_camera_registry on;
privacy_camera_registry off;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_camera_registry" directive is duplicate}]



=== TEST 62: privacy_providers: twice (on, off)
--- http_config
privacy_providers on;
privacy_providers off;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_providers" directive is duplicate}]



=== TEST 63: privacy_user: twice (a, b)
--- http_config
privacy_user a;
privacy_user b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_user" directive is duplicate}]



=== TEST 64: privacy_organization: twice (a, b)
--- http_config
privacy_organization a;
privacy_organization b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_organization" directive is duplicate}]



=== TEST 65: privacy_level: twice (client, vendor)
--- http_config
privacy_level client;
privacy_level vendor;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_level" directive is duplicate}]



=== TEST 66: privacy_account: twice (a, b)
--- http_config
privacy_account a;
privacy_account b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_account" directive is duplicate}]



=== TEST 67: privacy_camera: twice (a, b)
--- http_config
privacy_camera a;
privacy_camera b;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_camera" directive is duplicate}]



=== TEST 68: privacy_resource: twice (live, export)
--- http_config
privacy_resource live;
privacy_resource export;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_resource" directive is duplicate}]



=== TEST 69: privacy_deny_status: twice in a location
--- location
privacy_deny_status 403;
privacy_deny_status 404;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_deny_status" directive is duplicate}]



=== TEST 70: privacy_camera_registry: twice in a location
--- location
privacy_camera_registry on;
privacy_camera_registry off;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_camera_registry" directive is duplicate}]



=== TEST 71: privacy_providers: twice in a location
--- location
privacy_providers on;
privacy_providers off;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_providers" directive is duplicate}]



=== TEST 72: privacy_user: twice in a location
--- location
privacy_user a;
privacy_user b;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_user" directive is duplicate}]



=== TEST 73: privacy_account: twice in a location
--- location
privacy_account a;
privacy_account b;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_account" directive is duplicate}]



=== TEST 74: privacy_resource: twice in a location
--- location
privacy_resource live;
privacy_resource export;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_resource" directive is duplicate}]



=== TEST 75: gate on without privacy_redis
--- http_config
$LOGIN
privacy on;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_account $arg_account;
privacy_camera $arg_camera;
privacy_resource $arg_resource;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy" is on}, q{without "privacy_redis"}, q{add it or turn "privacy" off}, q{nginx.conf:}]



=== TEST 76: gate in shadow without privacy_redis
--- http_config
$LOGIN
privacy shadow;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_account $arg_account;
privacy_camera $arg_camera;
privacy_resource $arg_resource;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy" is on}, q{without "privacy_redis"}]



=== TEST 77: gate on without privacy_user
--- http_config
$LOGIN $BASE
privacy on;
privacy_organization $organization;
privacy_level $level;
privacy_account $arg_account;
privacy_camera $arg_camera;
privacy_resource $arg_resource;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_user"}, q{for location "/"}, q{add it or turn "privacy" off}, q{nginx.conf:}]



=== TEST 78: gate on without privacy_organization
--- http_config
$LOGIN $BASE
privacy on;
privacy_user $user;
privacy_level $level;
privacy_account $arg_account;
privacy_camera $arg_camera;
privacy_resource $arg_resource;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_organization"}, q{for location "/"}, q{add it or turn "privacy" off}, q{nginx.conf:}]



=== TEST 79: gate on without privacy_level
--- http_config
$LOGIN $BASE
privacy on;
privacy_user $user;
privacy_organization $organization;
privacy_account $arg_account;
privacy_camera $arg_camera;
privacy_resource $arg_resource;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_level"}, q{for location "/"}, q{add it or turn "privacy" off}, q{nginx.conf:}]



=== TEST 80: gate on without privacy_resource
--- http_config
$LOGIN $BASE
privacy on;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_account $arg_account;
privacy_camera $arg_camera;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_resource"}, q{for location "/"}, q{add it or turn "privacy" off}, q{nginx.conf:}]



=== TEST 81: gate on without privacy_account, registry off
--- http_config
$LOGIN $BASE
privacy on;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_camera $arg_camera;
privacy_resource $arg_resource;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_account" or "privacy_camera_registry on"}]



=== TEST 82: gate on without privacy_camera
--- http_config
$LOGIN $BASE
privacy on;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_account $arg_account;
privacy_resource $arg_resource;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_camera"}]



=== TEST 83: live without privacy_camera
--- http_config
$LOGIN $BASE
privacy on;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_account $arg_account;
privacy_resource live;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_camera"}]



=== TEST 84: archive without privacy_camera
--- http_config
$LOGIN $BASE
privacy on;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_account $arg_account;
privacy_resource archive;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_camera"}]



=== TEST 85: export without privacy_camera
--- http_config
$LOGIN $BASE
privacy on;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_account $arg_account;
privacy_resource export;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_camera"}]



=== TEST 86: the registry instead of an account needs a camera, for system too
--- http_config
$LOGIN $BASE
privacy on;
privacy_camera_registry on;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_resource system;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_camera"}]



=== TEST 87: the location in the message is the one that lacks
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
--- config
location /free { empty_gif; }
location /video { privacy on; privacy_account a; privacy_camera c; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{for location "/video" without "privacy_resource"}]



=== TEST 88: an empty value takes back what is needed
--- location
privacy_level "";
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_level"}]



=== TEST 89: the gate goes on in a location below
--- server
location /a { privacy off; location /a/b { privacy on; privacy_user ""; empty_gif; } }
--- must_die
--- error_log eval
[q{[emerg]}, q{for location "/a/b" without "privacy_user"}]



=== TEST 90: missing in an if of a location
--- location
if ($arg_x) { break; }
privacy_organization "";
--- must_die
--- error_log eval
[q{[emerg]}, q{without "privacy_organization"}]



=== TEST 91: privacy_level: "admin" is none
--- location
privacy_level admin;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "admin" in "privacy_level"}, q{unknown level, use client_admin, client, integrator, vendor, federated, operator or a variable}, q{nginx.conf:}]



=== TEST 92: privacy_level: "Client" is none
--- location
privacy_level Client;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "Client" in "privacy_level"}, q{unknown level, use client_admin, client, integrator, vendor, federated, operator or a variable}, q{nginx.conf:}]



=== TEST 93: privacy_level: "clients" is none
--- location
privacy_level clients;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "clients" in "privacy_level"}, q{unknown level, use client_admin, client, integrator, vendor, federated, operator or a variable}, q{nginx.conf:}]



=== TEST 94: privacy_level: "none" is none
--- location
privacy_level none;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "none" in "privacy_level"}, q{unknown level, use client_admin, client, integrator, vendor, federated, operator or a variable}, q{nginx.conf:}]



=== TEST 95: privacy_resource: "video" is none
--- location
privacy_resource video;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "video" in "privacy_resource"}, q{unknown resource, use system, manage, live, archive, export or a variable}]



=== TEST 96: privacy_resource: "Live" is none
--- location
privacy_resource Live;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "Live" in "privacy_resource"}, q{unknown resource, use system, manage, live, archive, export or a variable}]



=== TEST 97: privacy_resource: "exports" is none
--- location
privacy_resource exports;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "exports" in "privacy_resource"}, q{unknown resource, use system, manage, live, archive, export or a variable}]



=== TEST 98: privacy_organization: "a b" is no id
--- http_config

--- config
location / { privacy_organization "a b"; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_organization": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 99: privacy_organization: a}:grant:x is no id
--- http_config

--- config
location / { privacy_organization "a}:grant:x"; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_organization": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 100: privacy_organization: a/b is no id
--- http_config

--- config
location / { privacy_organization a/b; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_organization": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 101: privacy_organization: "a\nb" is no id
--- http_config

--- config
location / { privacy_organization "a\nb"; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_organization": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 102: privacy_organization: xxxxxxxxxxxxxxxxxxxx is no id
--- http_config

--- config
location / { privacy_organization xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_organization": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 103: privacy_organization: é is no id
--- http_config

--- config
location / { privacy_organization é; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_organization": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 104: privacy_account: "a b" is no id
--- http_config

--- config
location / { privacy_account "a b"; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_account": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 105: privacy_account: a}:grant:x is no id
--- http_config

--- config
location / { privacy_account "a}:grant:x"; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_account": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 106: privacy_account: a/b is no id
--- http_config

--- config
location / { privacy_account a/b; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_account": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 107: privacy_account: "a\nb" is no id
--- http_config

--- config
location / { privacy_account "a\nb"; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_account": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 108: privacy_account: xxxxxxxxxxxxxxxxxxxx is no id
--- http_config

--- config
location / { privacy_account xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_account": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 109: privacy_account: é is no id
--- http_config

--- config
location / { privacy_account é; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_account": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 110: privacy_camera: "a b" is no id
--- http_config

--- config
location / { privacy_camera "a b"; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_camera": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 111: privacy_camera: a}:grant:x is no id
--- http_config

--- config
location / { privacy_camera "a}:grant:x"; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_camera": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 112: privacy_camera: a/b is no id
--- http_config

--- config
location / { privacy_camera a/b; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_camera": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 113: privacy_camera: "a\nb" is no id
--- http_config

--- config
location / { privacy_camera "a\nb"; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_camera": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 114: privacy_camera: xxxxxxxxxxxxxxxxxxxx is no id
--- http_config

--- config
location / { privacy_camera xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_camera": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 115: privacy_camera: é is no id
--- http_config

--- config
location / { privacy_camera é; empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_camera": not an id, use 1 to 128 letters, digits and "._-@:+"}]



=== TEST 116: privacy_user: 257 bytes
--- location
privacy_user xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_user": not a user's name, use 1 to 256 bytes of UTF-8}]



=== TEST 117: privacy_user: a line feed
--- location
privacy_user "a\nb";
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_user": not a user's name}]



=== TEST 118: privacy_user: a variable that nobody sets
--- location
privacy_user $nobody;
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown "nobody" variable}]



=== TEST 119: privacy_account: a variable that nobody sets
--- location
privacy_account $nobody;
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown "nobody" variable}]



=== TEST 120: privacy_deny_status 200
--- location
privacy_deny_status 200;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid status "200" in "privacy_deny_status", use 400 to 499}, q{nginx.conf:}]



=== TEST 121: privacy_deny_status 399
--- location
privacy_deny_status 399;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid status "399" in "privacy_deny_status", use 400 to 499}, q{nginx.conf:}]



=== TEST 122: privacy_deny_status 500
--- location
privacy_deny_status 500;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid status "500" in "privacy_deny_status", use 400 to 499}, q{nginx.conf:}]



=== TEST 123: privacy_deny_status 503
--- location
privacy_deny_status 503;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid status "503" in "privacy_deny_status", use 400 to 499}, q{nginx.conf:}]



=== TEST 124: privacy_deny_status 0
--- location
privacy_deny_status 0;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid status "0" in "privacy_deny_status", use 400 to 499}, q{nginx.conf:}]



=== TEST 125: privacy_deny_status 1000
--- location
privacy_deny_status 1000;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid status "1000" in "privacy_deny_status", use 400 to 499}, q{nginx.conf:}]



=== TEST 126: privacy_deny_status: no number
--- location
privacy_deny_status never;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number}]



=== TEST 127: privacy_deny_status: negative
--- location
privacy_deny_status -403;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid number}]



=== TEST 128: privacy_camera_registry: neither on nor off
--- location
privacy_camera_registry yes;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "yes" in "privacy_camera_registry" directive, it must be "on" or "off"}]



=== TEST 129: privacy_providers: neither on nor off
--- location
privacy_providers yes;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid value "yes" in "privacy_providers" directive, it must be "on" or "off"}]



=== TEST 130: privacy_timeout soon
--- http
privacy_timeout soon;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_timeout" directive invalid value}]



=== TEST 131: privacy_timeout -1s
--- http
privacy_timeout -1s;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_timeout" directive invalid value}]



=== TEST 132: privacy_timeout 1x
--- http
privacy_timeout 1x;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_timeout" directive invalid value}]



=== TEST 133: privacy_stale soon
--- http
privacy_stale soon;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_stale" directive invalid value}]



=== TEST 134: privacy_stale -1s
--- http
privacy_stale -1s;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_stale" directive invalid value}]



=== TEST 135: privacy_stale 1x
--- http
privacy_stale 1x;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_stale" directive invalid value}]



=== TEST 136: privacy_timeout 0
--- http
privacy_timeout 0;
--- must_die
--- error_log eval
[q{[emerg]}, q{"privacy_timeout" must be longer than 0}]



=== TEST 137: privacy_reset 25:00 -05:00
--- http_config
privacy_reset 25:00 -05:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "25:00 -05:00" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 138: privacy_reset 24:00 -05:00
--- http_config
privacy_reset 24:00 -05:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "24:00 -05:00" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 139: privacy_reset 00:60 -05:00
--- http_config
privacy_reset 00:60 -05:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "00:60 -05:00" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 140: privacy_reset 0:00 -05:00
--- http_config
privacy_reset 0:00 -05:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "0:00 -05:00" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 141: privacy_reset 00:00 05:00
--- http_config
privacy_reset 00:00 05:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "00:00 05:00" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 142: privacy_reset 00:00 -5:00
--- http_config
privacy_reset 00:00 -5:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "00:00 -5:00" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 143: privacy_reset 00:00 -15:00
--- http_config
privacy_reset 00:00 -15:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "00:00 -15:00" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 144: privacy_reset 00:00 UTC
--- http_config
privacy_reset 00:00 UTC;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "00:00 UTC" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 145: privacy_reset midnight -05:00
--- http_config
privacy_reset midnight -05:00;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "midnight -05:00" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 146: privacy_reset 00:00 -05:60
--- http_config
privacy_reset 00:00 -05:60;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "00:00 -05:60" in "privacy_reset"}, q{such as "00:00 -05:00"}]



=== TEST 147: privacy_grant_ttl vendor soon
--- http
privacy_grant_ttl vendor soon;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "soon" in "privacy_grant_ttl"}, q{"off" for no limit}]



=== TEST 148: privacy_grant_ttl vendor 0
--- http
privacy_grant_ttl vendor 0;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "0" in "privacy_grant_ttl"}, q{"off" for no limit}]



=== TEST 149: privacy_grant_ttl vendor -1h
--- http
privacy_grant_ttl vendor -1h;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "-1h" in "privacy_grant_ttl"}, q{"off" for no limit}]



=== TEST 150: privacy_grant_ttl vendor 1y2
--- http
privacy_grant_ttl vendor 1y2;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid time "1y2" in "privacy_grant_ttl"}, q{"off" for no limit}]



=== TEST 151: privacy_grant_ttl client
--- http
privacy_grant_ttl client 1h;
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown level "client" in "privacy_grant_ttl"}, q{"integrator" and "vendor"}]



=== TEST 152: privacy_grant_ttl client_admin
--- http
privacy_grant_ttl client_admin 1h;
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown level "client_admin" in "privacy_grant_ttl"}, q{"integrator" and "vendor"}]



=== TEST 153: privacy_grant_ttl federated
--- http
privacy_grant_ttl federated 1h;
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown level "federated" in "privacy_grant_ttl"}, q{"integrator" and "vendor"}]



=== TEST 154: privacy_grant_ttl operator
--- http
privacy_grant_ttl operator 1h;
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown level "operator" in "privacy_grant_ttl"}, q{"integrator" and "vendor"}]



=== TEST 155: privacy_grant_ttl nobody
--- http
privacy_grant_ttl nobody 1h;
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown level "nobody" in "privacy_grant_ttl"}, q{"integrator" and "vendor"}]



=== TEST 156: privacy_cache on
--- http
privacy_cache on;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "on" in "privacy_cache", use "off" or "accounts=N"}]



=== TEST 157: privacy_cache accounts=0
--- http
privacy_cache accounts=0;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "accounts=0" in "privacy_cache", use "off" or "accounts=N"}]



=== TEST 158: privacy_cache accounts=
--- http
privacy_cache accounts=;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "accounts=" in "privacy_cache", use "off" or "accounts=N"}]



=== TEST 159: privacy_cache accounts=-1
--- http
privacy_cache accounts=-1;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "accounts=-1" in "privacy_cache", use "off" or "accounts=N"}]



=== TEST 160: privacy_cache accounts=x
--- http
privacy_cache accounts=x;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "accounts=x" in "privacy_cache", use "off" or "accounts=N"}]



=== TEST 161: privacy_cache accounts=16777217
--- http
privacy_cache accounts=16777217;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "accounts=16777217" in "privacy_cache", use "off" or "accounts=N"}]



=== TEST 162: privacy_cache accounts=99999999999999999999
--- http
privacy_cache accounts=99999999999999999999;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "accounts=99999999999999999999" in "privacy_cache", use "off" or "accounts=N"}]



=== TEST 163: privacy_cache account=5
--- http
privacy_cache account=5;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "account=5" in "privacy_cache", use "off" or "accounts=N"}]



=== TEST 164: privacy_cache 5
--- http
privacy_cache 5;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "5" in "privacy_cache", use "off" or "accounts=N"}]



=== TEST 165: privacy_prefix "a b"
--- http
privacy_prefix "a b";
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_prefix", use 1 to 64 letters, digits and "._-:"}]



=== TEST 166: privacy_prefix a{b
--- http
privacy_prefix "a{b";
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_prefix", use 1 to 64 letters, digits and "._-:"}]



=== TEST 167: privacy_prefix ""
--- http
privacy_prefix "";
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_prefix", use 1 to 64 letters, digits and "._-:"}]



=== TEST 168: privacy_prefix a*
--- http
privacy_prefix a*;
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_prefix", use 1 to 64 letters, digits and "._-:"}]



=== TEST 169: privacy_prefix xxxxxxxxxxxxxxxxxxxx
--- http
privacy_prefix xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_prefix", use 1 to 64 letters, digits and "._-:"}]



=== TEST 170: privacy_prefix a/b
--- http
privacy_prefix a/b;
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_prefix", use 1 to 64 letters, digits and "._-:"}]



=== TEST 171: privacy_role: a name
--- http
privacy_role a.b live;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid role name "a.b" in "privacy_role"}]



=== TEST 172: privacy_role: an empty name
--- http
privacy_role "" live;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid role name "" in "privacy_role"}]



=== TEST 173: privacy_role: a long name
--- http
privacy_role xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx live;
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid role name}]



=== TEST 174: privacy_role: an unknown resource
--- http
privacy_role night live video;
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown "video" in "privacy_role", use system, manage, live, archive, export, cameras=all or cameras=assigned}]



=== TEST 175: privacy_role: an unknown scope
--- http
privacy_role night live cameras=some;
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown "cameras=some" in "privacy_role"}]



=== TEST 176: privacy_role: a resource twice
--- http
privacy_role night live live;
--- must_die
--- error_log eval
[q{[emerg]}, q{"live" in "privacy_role" is duplicate}]



=== TEST 177: privacy_role: a scope twice
--- http
privacy_role night live cameras=all cameras=assigned;
--- must_die
--- error_log eval
[q{[emerg]}, q{"cameras=assigned" in "privacy_role" is duplicate}]



=== TEST 178: privacy_role: the same role twice
--- http
privacy_role night live;
privacy_role night archive;
--- must_die
--- error_log eval
[q{[emerg]}, q{role "night" in "privacy_role" is duplicate}]



=== TEST 179: privacy_role: a published role twice
--- http
privacy_role none;
privacy_role none;
--- must_die
--- error_log eval
[q{[emerg]}, q{role "none" in "privacy_role" is duplicate}]



=== TEST 180: privacy_role: too many
--- http
privacy_role r0 live;
privacy_role r1 live;
privacy_role r2 live;
privacy_role r3 live;
privacy_role r4 live;
privacy_role r5 live;
privacy_role r6 live;
privacy_role r7 live;
privacy_role r8 live;
privacy_role r9 live;
privacy_role r10 live;
privacy_role r11 live;
privacy_role r12 live;
privacy_role r13 live;
privacy_role r14 live;
privacy_role r15 live;
privacy_role r16 live;
privacy_role r17 live;
privacy_role r18 live;
privacy_role r19 live;
privacy_role r20 live;
privacy_role r21 live;
privacy_role r22 live;
privacy_role r23 live;
privacy_role r24 live;
privacy_role r25 live;
privacy_role r26 live;
--- must_die
--- error_log eval
[q{[emerg]}, q{too many "privacy_role", at most 32 roles}]



=== TEST 181: privacy_redis 127.0.0.1
--- http_config
privacy_redis 127.0.0.1;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{no port in address "127.0.0.1" in "privacy_redis" directive, write "127.0.0.1:6379"}]



=== TEST 182: privacy_redis localhost
--- http_config
privacy_redis localhost;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{no port in address}]



=== TEST 183: privacy_redis 127.0.0.1:0
--- http_config
privacy_redis 127.0.0.1:0;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in address "127.0.0.1:0" in "privacy_redis" directive}]



=== TEST 184: privacy_redis 127.0.0.1:66666
--- http_config
privacy_redis 127.0.0.1:66666;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in address}]



=== TEST 185: privacy_redis unix:
--- http_config
privacy_redis unix:;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in address}]



=== TEST 186: privacy_redis [::1
--- http_config
privacy_redis [::1;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in address}]



=== TEST 187: privacy_redis no.such.host.invalid:6379
--- http_config
privacy_redis no.such.host.invalid:6379;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{host not found in address}]



=== TEST 188: privacy_redis: db=x
--- http_config
privacy_redis unix:/tmp/redis.sock db=x;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "db=x"}, q{"privacy_redis" directive}]



=== TEST 189: privacy_redis: db=-1
--- http_config
privacy_redis unix:/tmp/redis.sock db=-1;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{invalid parameter "db=-1"}, q{"privacy_redis" directive}]



=== TEST 190: privacy_redis: db=16384
--- http_config
privacy_redis unix:/tmp/redis.sock db=16384;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{it must be from 0 to 16383}, q{"privacy_redis" directive}]



=== TEST 191: privacy_redis: db=
--- http_config
privacy_redis unix:/tmp/redis.sock db=;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{empty parameter "db="}, q{"privacy_redis" directive}]



=== TEST 192: privacy_redis: db=1 db=2
--- http_config
privacy_redis unix:/tmp/redis.sock db=1 db=2;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{duplicate parameter "db=2"}, q{"privacy_redis" directive}]



=== TEST 193: privacy_redis: pool=5
--- http_config
privacy_redis unix:/tmp/redis.sock pool=5;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown parameter "pool=5"}, q{"privacy_redis" directive}]



=== TEST 194: privacy_redis: TLS
--- http_config
privacy_redis unix:/tmp/redis.sock TLS;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown parameter "TLS"}, q{"privacy_redis" directive}]



=== TEST 195: privacy_redis: tls=on
--- http_config
privacy_redis unix:/tmp/redis.sock tls=on;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{unknown parameter "tls=on"}, q{"privacy_redis" directive}]



=== TEST 196: privacy_redis: user=gate
--- http_config
privacy_redis unix:/tmp/redis.sock user=gate;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"user" without "password_file"}, q{"privacy_redis" directive}]



=== TEST 197: privacy_redis: user=
--- http_config
privacy_redis unix:/tmp/redis.sock user=;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{empty parameter "user="}, q{"privacy_redis" directive}]



=== TEST 198: privacy_redis: user=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
--- http_config
privacy_redis unix:/tmp/redis.sock user=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx password_file=$TEST_NGINX_TMP/none;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{parameter "user" is longer than 256 bytes}, q{"privacy_redis" directive}]



=== TEST 199: privacy_redis: tls
--- http_config
privacy_redis unix:/tmp/redis.sock tls;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"tls" over a unix socket needs "tls_name"}, q{"privacy_redis" directive}]



=== TEST 200: privacy_redis: tls_ca=$TEST_NGINX_TLS_CA
--- http_config
privacy_redis unix:/tmp/redis.sock tls_ca=$TEST_NGINX_TLS_CA;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"tls_ca" without "tls"}, q{"privacy_redis" directive}]



=== TEST 201: privacy_redis: tls_name=a
--- http_config
privacy_redis unix:/tmp/redis.sock tls_name=a;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"tls_name" without "tls"}, q{"privacy_redis" directive}]



=== TEST 202: privacy_redis: tls_cert=a
--- http_config
privacy_redis unix:/tmp/redis.sock tls_cert=a;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"tls_cert" without "tls"}, q{"privacy_redis" directive}]



=== TEST 203: privacy_redis: tls_key=a
--- http_config
privacy_redis unix:/tmp/redis.sock tls_key=a;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"tls_key" without "tls"}, q{"privacy_redis" directive}]



=== TEST 204: privacy_redis: tls tls_name=a tls_cert=$TEST_NGINX_TLS_CLIENT_CRT
--- http_config
privacy_redis unix:/tmp/redis.sock tls tls_name=a tls_cert=$TEST_NGINX_TLS_CLIENT_CRT;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"tls_cert" and "tls_key" need each other}, q{"privacy_redis" directive}]



=== TEST 205: privacy_redis: tls tls_name=a tls_key=$TEST_NGINX_TLS_CLIENT_KEY
--- http_config
privacy_redis unix:/tmp/redis.sock tls tls_name=a tls_key=$TEST_NGINX_TLS_CLIENT_KEY;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{"tls_cert" and "tls_key" need each other}, q{"privacy_redis" directive}]



=== TEST 206: privacy_redis: tls tls_name=a tls_ca=/nonexistent/ca.pem
--- http_config
privacy_redis unix:/tmp/redis.sock tls tls_name=a tls_ca=/nonexistent/ca.pem;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{of "tls_ca" cannot be loaded in "privacy_redis" directive}, q{"privacy_redis" directive}]



=== TEST 207: privacy_redis: tls tls_name=a tls_ca=$TEST_NGINX_TLS_CA tls_cert=
--- http_config
privacy_redis unix:/tmp/redis.sock tls tls_name=a tls_ca=$TEST_NGINX_TLS_CA tls_cert=$TEST_NGINX_TLS_CLIENT_CRT tls_key=/nonexistent/key;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{in "privacy_redis" directive}, q{"privacy_redis" directive}]



=== TEST 208: privacy_redis: tls tls
--- http_config
privacy_redis unix:/tmp/redis.sock tls tls;
--- config
location / { empty_gif; }
--- must_die
--- error_log eval
[q{[emerg]}, q{duplicate parameter "tls"}, q{"privacy_redis" directive}]



=== TEST 209: privacy_redis: a password file that is not there
--- http_config
privacy_redis unix:/tmp/redis.sock password_file=$TEST_NGINX_TMP/password;
--- config
location / { empty_gif; }
--- post_setup_server_root
unlink "$ENV{TEST_NGINX_TMP}/password";
--- must_die
--- error_log eval
[q{[emerg]}, q{cannot be opened}, q{password file}, q{in "privacy_redis" directive}]



=== TEST 210: privacy_redis: a password file that everybody may read
--- http_config
privacy_redis unix:/tmp/redis.sock password_file=$TEST_NGINX_TMP/password;
--- config
location / { empty_gif; }
--- post_setup_server_root
password("secret", 0604);
--- must_die
--- error_log eval
[q{[emerg]}, q{is readable by everybody, run chmod 600}, q{password file}, q{in "privacy_redis" directive}]



=== TEST 211: privacy_redis: a password file that everybody may write
--- http_config
privacy_redis unix:/tmp/redis.sock password_file=$TEST_NGINX_TMP/password;
--- config
location / { empty_gif; }
--- post_setup_server_root
password("secret", 0602);
--- must_die
--- error_log eval
[q{[emerg]}, q{is writable by everybody, run chmod 600}, q{password file}, q{in "privacy_redis" directive}]



=== TEST 212: privacy_redis: a password file that is empty
--- http_config
privacy_redis unix:/tmp/redis.sock password_file=$TEST_NGINX_TMP/password;
--- config
location / { empty_gif; }
--- post_setup_server_root
password("", 0600);
--- must_die
--- error_log eval
[q{[emerg]}, q{is empty, write the password into its first line}, q{password file}, q{in "privacy_redis" directive}]



=== TEST 213: privacy_redis: a password file with an empty first line
--- http_config
privacy_redis unix:/tmp/redis.sock password_file=$TEST_NGINX_TMP/password;
--- config
location / { empty_gif; }
--- post_setup_server_root
password("\nsecret", 0600);
--- must_die
--- error_log eval
[q{[emerg]}, q{is empty, write the password into its first line}, q{password file}, q{in "privacy_redis" directive}]



=== TEST 214: privacy_redis: a password file that is too long
--- http_config
privacy_redis unix:/tmp/redis.sock password_file=$TEST_NGINX_TMP/password;
--- config
location / { empty_gif; }
--- post_setup_server_root
password("x" x 513, 0600);
--- must_die
--- error_log eval
[q{[emerg]}, q{has a first line of more than 512 bytes}, q{password file}, q{in "privacy_redis" directive}]



=== TEST 215: privacy_redis: a password file that is a folder
--- http_config
privacy_redis unix:/tmp/redis.sock password_file=$TEST_NGINX_TMP/password;
--- config
location / { empty_gif; }
--- post_setup_server_root
mkdir "$ENV{TEST_NGINX_TMP}/password";
--- must_die
--- error_log eval
[q{[emerg]}, q{is not a regular file}, q{password file}, q{in "privacy_redis" directive}]
