# privacy_prefix: which keys are read, and that only theirs are watched.

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
run_tests();

__DATA__

=== TEST 1: another prefix
--- http
privacy_prefix portal;
--- location
privacy_camera_registry on;
--- facts
portal:camera:cam1 acme
portal:{acme}:providers ["fitco"]
portal:{acme}:unrestricted 1 ttl=1h
privacy:{acme}:grant:other {"role":"administrator_full"}
portal:{acme}:grant:third {"role":"administrator_full"}
privacy:camera:cam2 acme
--- ask
fitco integrator acme cam1 live
other integrator acme cam1 live
third integrator acme cam1 live
acme client acme cam1 live
acme client acme cam2 live
--- verdict
200 allow unrestricted unrestricted
403 deny stranger
200 allow grant administrator_full
200 allow owner
403 deny foreign_camera



=== TEST 2: the default
--- facts
portal:{acme}:grant:other {"role":"administrator_full"}
privacy2:{acme}:grant:other {"role":"administrator_full"}
privacy:{acme}:grant:third {"role":"administrator_full"}
--- ask
other integrator acme cam1 live
third integrator acme cam1 live
--- verdict
403 deny stranger
200 allow grant administrator_full



=== TEST 3: a prefix with every character that it may have
--- http
privacy_prefix a.Z_0-9:b;
--- facts
a.Z_0-9:b:{acme}:grant:fitco {"role":"administrator_full"}
--- ask
fitco integrator acme cam1 live
--- verdict
200 allow grant administrator_full



=== TEST 4: the longest prefix, the longest ids
--- http eval
'privacy_prefix ' . 'p' x 64 . ';'
--- facts eval
'p' x 64 . ':{' . 'a' x 128 . '}:grant:' . 'g' x 128 . ' {"role":"administrator_full"}'
--- ask eval
'g' x 128 . ' integrator ' . 'a' x 128 . ' cam1 live'
--- verdict
200 allow grant administrator_full



=== TEST 5: a prefix that is the start of another one
--- http
privacy_prefix privacy:a;
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full"}
privacy:a:{acme}:grant:other {"role":"administrator_full"}
--- ask
fitco integrator acme cam1 live
other integrator acme cam1 live
--- verdict
403 deny stranger
200 allow grant administrator_full



=== TEST 6: changes under another prefix are announced
--- http
privacy_prefix portal;
--- facts
portal:{acme}:grant:fitco {"role":"administrator_full"}
--- init
announced();
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 live
--- verdict
200 allow grant administrator_full cache=MISS
200 allow grant administrator_full cache=HIT
