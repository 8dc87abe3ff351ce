# privacy shadow: decides and tells, and lets everything pass.

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
run_tests();

__DATA__

=== TEST 1: what would be denied passes, and says so
--- location
privacy shadow;
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:grant:other {"role":"administrator_restricted"}
--- ask
fitco integrator acme cam1 live
rival integrator acme cam1 live
other integrator acme cam1 live
bolt client acme cam1 live
- client acme cam1 live
--- verdict
200 shadow_deny restricted
200 shadow_deny stranger
200 shadow_deny role
200 shadow_deny foreign_account
200 shadow_deny identity



=== TEST 2: what would be allowed is
--- location
privacy shadow;
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted 1 ttl=1h
--- ask
fitco integrator acme cam1 live
fitco integrator acme - system
acme client acme cam1 live
hub federated acme cam1 live
--- verdict
200 allow unrestricted unrestricted recheck=3600
200 allow system none
200 allow owner
200 allow exempt



=== TEST 3: an outage of Redis keeps nobody out
--- log_level: info
--- location
privacy shadow;
--- init
redis_server()->stop;
--- ask
fitco integrator acme cam1 live
acme client acme cam1 live
--- verdict
200 shadow_deny unavailable
200 allow owner



=== TEST 4: what passes has none of a deny's headers
--- location
privacy shadow;
privacy_deny_status 404;
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- response_headers
X-Verdict: shadow_deny/stranger//
!Cache-Control
!Retry-After
--- error_log
privacy: would be denied, reason "stranger"



=== TEST 5: the outage neither
--- log_level: info
--- location
privacy shadow;
--- init
redis_server()->stop;
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- response_headers
X-Verdict: shadow_deny/unavailable//
!Cache-Control
!Retry-After



=== TEST 6: shadow in one location, on in another
--- server
location /shadow { privacy shadow; empty_gif; }
location /off { privacy off; empty_gif; }
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 live at=/shadow
fitco integrator acme cam1 live at=/off
--- verdict
403 deny stranger
200 shadow_deny stranger
200 -



=== TEST 7: the registry in shadow
--- location
privacy shadow;
privacy_camera_registry on;
--- facts
privacy:camera:cam1 bolt
--- ask
acme client acme cam1 live
acme client acme cam2 live
bolt client - cam1 live
--- verdict
200 shadow_deny foreign_camera
200 shadow_deny foreign_camera
200 allow owner
