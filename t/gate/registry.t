# privacy_camera_registry: whose camera it is, says Redis.

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
run_tests();

__DATA__

=== TEST 1: off is the default: a camera is anybody's
--- facts
privacy:camera:cam1 bolt
--- ask
acme client acme cam1 live
--- verdict
200 allow owner



=== TEST 2: a camera of another account, or of none, also for owners
--- location
privacy_camera_registry on;
--- facts
privacy:camera:cam1 acme
privacy:camera:cam2 bolt
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted 1 ttl=1h
--- ask
acme client acme cam1 live
acme client_admin acme cam1 export
acme client acme cam2 live
acme client acme cam3 live
acme client_admin acme cam2 system
fitco integrator acme cam1 live
fitco integrator acme cam2 live
fitco integrator acme cam3 live
help vendor acme cam2 live
fitco integrator acme cam2 system
--- verdict
200 allow owner
200 allow owner
403 deny foreign_camera
403 deny foreign_camera
403 deny foreign_camera
200 allow unrestricted unrestricted
403 deny foreign_camera
403 deny foreign_camera
403 deny foreign_camera
403 deny foreign_camera



=== TEST 3: without privacy_account, the account is the camera's
--- http_config
$LOGIN $BASE $SHOW
privacy on;
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_camera $arg_camera;
privacy_resource $arg_resource;
privacy_camera_registry on;
--- config
location / { empty_gif; }
--- facts
privacy:camera:cam1 acme
privacy:camera:cam2 bolt
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted 1 ttl=1h
--- ask
acme client acme cam1 live
acme client acme cam2 live
bolt client acme cam2 live
fitco integrator acme cam1 live
fitco integrator acme cam2 live
fitco integrator acme cam3 live
fitco integrator acme cam1 system
acme client acme - system
fitco integrator acme - system
--- verdict
200 allow owner
403 deny foreign_account
200 allow owner
200 allow unrestricted unrestricted
403 deny stranger
403 deny foreign_camera
200 allow system none
403 deny identity
403 deny identity



=== TEST 4: an account that is there may be empty all the same
--- location
privacy_camera_registry on;
--- facts
privacy:camera:cam1 acme
--- ask
acme client - cam1 live
acme client - - system
bolt client - cam1 live
fitco integrator - cam1 live
--- verdict
200 allow owner
403 deny identity
403 deny foreign_account
403 deny stranger



=== TEST 5: what has no camera asks no registry
--- location
privacy_camera_registry on;
--- facts
privacy:{acme}:providers ["fitco"]
--- ask
acme client acme - system
acme client acme - manage
fitco integrator acme - system
acme client acme - live
--- verdict
200 allow owner
200 allow owner
200 allow system none
403 deny identity



=== TEST 6: federated users are exempt from it
--- location
privacy_camera_registry on;
--- facts
privacy:camera:cam1 bolt
--- ask
hub federated acme cam1 live
hub federated acme cam2 live
--- verdict
200 allow exempt
200 allow exempt
--- no_read



=== TEST 7: on and off by place
--- http
privacy_camera_registry on;
--- server
location /off { privacy_camera_registry off; empty_gif;
    location /off/on { privacy_camera_registry on; empty_gif; }
}
--- ask
acme client acme cam1 live
acme client acme cam1 live at=/off
acme client acme cam1 live at=/off/on
--- verdict
403 deny foreign_camera
200 allow owner
403 deny foreign_camera



=== TEST 8: a value that is no account's id: the camera is nobody's
--- location
privacy_camera_registry on;
--- init
redis('SET', 'privacy:camera:cam1', 'a b');
redis('SET', 'privacy:camera:cam2', '');
redis('SET', 'privacy:camera:cam3', 'x' x 129);
redis('SET', 'privacy:camera:cam4', '"acme"');
redis('SET', 'privacy:camera:cam5', "acme\n");
redis('HSET', 'privacy:camera:cam7', 'account', 'acme');
redis('SET', 'privacy:camera:cam8', "acme}:grant:x");
--- ask
acme client acme cam1 live
acme client acme cam2 live
acme client acme cam3 live
acme client acme cam4 live
acme client acme cam5 live
acme client acme cam7 live
acme client - cam8 live
fitco integrator - cam8 live
--- verdict
403 deny foreign_camera
403 deny foreign_camera
403 deny foreign_camera
403 deny foreign_camera
403 deny foreign_camera
403 deny foreign_camera
403 deny foreign_camera
403 deny foreign_camera



=== TEST 9: the longest ids
--- location
privacy_camera_registry on;
--- facts eval
my ($account, $camera) = ('a' x 128, 'c' x 128);
"privacy:camera:$camera $account\nprivacy:{$account}:grant:" . 'g' x 128
    . qq( {"role":"user_full","cameras":["$camera"]}\n)
--- ask eval
my ($account, $camera) = ('a' x 128, 'c' x 128);
"$account client - $camera live\n" . 'g' x 128 . " integrator - $camera live\n"
--- verdict
200 allow owner
200 allow grant user_full



=== TEST 10: an entry that ends: recheck is its end, for owners too
--- location
privacy_camera_registry on;
--- facts
privacy:camera:cam1 acme ttl=10m
privacy:camera:cam2 bolt ttl=10m
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted 1 ttl=20m
--- ask
acme client acme cam1 live
acme client acme cam2 live
fitco integrator acme cam1 live
--- verdict
200 allow owner recheck=600
403 deny foreign_camera recheck=600
200 allow unrestricted unrestricted recheck=600



=== TEST 11: a camera named like a part of another key
--- location
privacy_camera_registry on;
--- facts
privacy:camera:cam1 acme
privacy:camera:camera:cam1 bolt
privacy:camera:grant:x bolt
--- ask
acme client - camera:cam1 live
acme client - grant:x live
bolt client - grant:x live
--- verdict
403 deny foreign_account
403 deny foreign_account
200 allow owner



=== TEST 12: Redis gone before anything was known: 503, for owners as well
--- log_level: info
--- location
privacy_camera_registry on;
--- init
redis_server()->stop;
--- ask
acme client acme cam1 live
fitco integrator acme cam1 live
acme client acme - system
hub federated acme cam1 live
--- verdict
503 deny unavailable
503 deny unavailable
200 allow owner
200 allow exempt



=== TEST 13: what the registry's answer is remembered as
--- location
privacy_camera_registry on;
--- facts
privacy:camera:cam1 acme
--- init
announced();
--- ask
acme client acme cam1 live
acme client acme cam1 live
acme client acme cam1 system
bolt client bolt cam1 live
fitco integrator acme cam1 live
fitco integrator acme cam1 live
acme client acme cam2 live
acme client acme cam2 live
--- verdict
200 allow owner cache=MISS
200 allow owner cache=HIT
200 allow owner cache=HIT
403 deny foreign_camera cache=HIT
403 deny stranger cache=MISS
403 deny stranger cache=HIT
403 deny foreign_camera cache=MISS
403 deny foreign_camera cache=HIT



=== TEST 14: what the log says of a value that is no account's id
--- location
privacy_camera_registry on;
--- facts
privacy:camera:cam1 no id
--- ask
acme client acme cam1 live
--- verdict
403 deny foreign_camera
--- error_log
privacy: the registry's record of camera "cam1" is not an account's id
[error]



=== TEST 15: the log does not repeat such a value
--- location
privacy_camera_registry on;
--- facts
privacy:camera:cam1 no id
--- log_level: info
--- ask
acme client acme cam1 live
--- verdict
403 deny foreign_camera
--- no_error_log
no id



=== TEST 16: a value that is much too long: the camera is nobody's
--- location
privacy_camera_registry on;
--- facts eval
'privacy:camera:cam1 ' . 'x' x (2 * 1024 * 1024)
--- ask
acme client acme cam1 live
--- verdict
403 deny foreign_camera
