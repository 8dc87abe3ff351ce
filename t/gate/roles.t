# privacy_role: roles redefined and added.

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
run_tests();

__DATA__

=== TEST 1: none without resources: the stricter reading of the vendors
--- http
privacy_role none;
--- facts
privacy:{acme}:providers ["fitco"]
--- ask
fitco integrator acme - system
help vendor acme - system
acme client acme - system
--- verdict
403 deny restricted
403 deny restricted
200 allow owner



=== TEST 2: none with more: what every service provider has
--- http
privacy_role none system manage;
--- facts
privacy:{acme}:providers ["fitco"]
--- ask
fitco integrator acme - manage
fitco integrator acme cam1 live
rival integrator acme - manage
--- verdict
200 allow system none
403 deny restricted
403 deny stranger



=== TEST 3: none for assigned cameras opens nothing: nothing is assigned
--- http
privacy_role none system cameras=assigned;
--- facts
privacy:{acme}:providers ["fitco"]
--- ask
fitco integrator acme - system
fitco integrator acme cam1 system
--- verdict
403 deny restricted
403 deny restricted



=== TEST 4: none never opens exports: nothing authorises them
--- http
privacy_role none system live export;
--- facts
privacy:{acme}:providers ["fitco"]
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 export
--- verdict
200 allow system none
403 deny restricted



=== TEST 5: unrestricted with less
--- http
privacy_role unrestricted system live;
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-1h>","exports":true} ttl=1h
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:excluded {}
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 archive
fitco integrator acme cam1 export
fitco integrator acme - manage
fitco integrator bolt cam1 live
fitco integrator bolt cam1 archive
--- verdict
200 allow unrestricted unrestricted
403 deny restricted
403 deny restricted
403 deny restricted
200 allow excluded unrestricted
403 deny restricted



=== TEST 6: a role of the operator's own
--- http
privacy_role night live cameras=assigned;
privacy_role Desk-2 manage archive export;
--- facts
privacy:{acme}:grant:a {"role":"night","cameras":["cam1"]}
privacy:{acme}:grant:b {"role":"Desk-2","exports":true}
privacy:{acme}:grant:c {"role":"desk-2"}
--- ask
a integrator acme cam1 live
a integrator acme cam2 live
a integrator acme cam1 archive
a integrator acme cam1 system
b integrator acme - manage
b integrator acme cam1 archive
b integrator acme cam1 export
b integrator acme cam1 live
b integrator acme - system
c integrator acme - manage
--- verdict
200 allow grant night
403 deny camera
403 deny role
200 allow grant none
200 allow grant Desk-2
200 allow grant Desk-2
200 allow grant Desk-2
403 deny role
200 allow grant none
403 deny invalid



=== TEST 7: a published role redefined
--- http
privacy_role administrator_restricted system manage live cameras=all;
privacy_role user_full system live cameras=all;
--- facts
privacy:{acme}:grant:a {"role":"administrator_restricted"}
privacy:{acme}:grant:b {"role":"user_full","exports":true}
privacy:{acme}:grant:c {"role":"administrator_full"}
--- ask
a integrator acme cam1 live
b integrator acme cam9 live
b integrator acme cam9 export
c integrator acme cam1 live
--- verdict
200 allow grant administrator_restricted
200 allow grant user_full
403 deny role
200 allow grant administrator_full



=== TEST 8: a role without resources opens nothing but what comes with a grant
--- http
privacy_role guest;
--- facts
privacy:{acme}:grant:a {"role":"guest"}
--- ask
a integrator acme - system
a integrator acme - manage
a integrator acme cam1 live
--- verdict
200 allow grant none
403 deny role
403 deny role



=== TEST 9: with none taken away, a grant brings no system
--- http
privacy_role none;
--- facts
privacy:{acme}:grant:a {"role":"user_full","cameras":["cam1"]}
privacy:{acme}:grant:b {"role":"administrator_full"}
--- ask
a integrator acme - system
a integrator acme cam1 system
b integrator acme - system
--- verdict
403 deny camera
200 allow grant user_full
200 allow grant administrator_full



=== TEST 10: as many roles as there may be
--- http eval
join '', map { "privacy_role r$_ live;\n" } 1 .. 26
--- facts
privacy:{acme}:grant:a {"role":"r26"}
privacy:{acme}:grant:b {"role":"r1"}
--- ask
a integrator acme cam1 live
b integrator acme cam1 live
--- verdict
200 allow grant r26
200 allow grant r1



=== TEST 11: the longest name
--- http
privacy_role abcdefghijklmnopqrstuvwxyz012345 live;
--- facts
privacy:{acme}:grant:a {"role":"abcdefghijklmnopqrstuvwxyz012345"}
--- ask
a integrator acme cam1 live
--- verdict
200 allow grant abcdefghijklmnopqrstuvwxyz012345
