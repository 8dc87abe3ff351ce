# privacy_reset: an unrestricted account's video ends with the first reset after
# its time, whatever its key says.

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
run_tests();

__DATA__

=== TEST 1: a reset between the record's time and now
--- reset eval: PrivacyBlocks::reset_in(-3600)
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-2h>","exports":true} ttl=3d
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:unrestricted {"at":"<now-2h>","exports":true}
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 archive
fitco integrator acme cam1 export
fitco integrator acme - manage
fitco integrator acme - system
help vendor acme cam1 live
fitco integrator bolt cam1 live
--- verdict
403 deny restricted
403 deny restricted
403 deny restricted
200 allow unrestricted unrestricted
200 allow system none
403 deny restricted
403 deny restricted



=== TEST 2: no reset between the record's time and now
--- reset eval: PrivacyBlocks::reset_in(-3600)
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-30m>"}
--- ask
fitco integrator acme cam1 live
--- verdict
200 allow unrestricted unrestricted recheck=82740..82800



=== TEST 3: recheck is the next reset
--- reset eval: PrivacyBlocks::reset_in(1800)
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-2h>"}
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:unrestricted {"at":"<now-2h>"} ttl=10m
--- ask
fitco integrator acme cam1 live
fitco integrator bolt cam1 live
--- verdict
200 allow unrestricted unrestricted recheck=1735..1800
200 allow unrestricted unrestricted recheck=600



=== TEST 4: a record of the day before yesterday, restored from a backup
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-50h>"}
--- ask
fitco integrator acme cam1 live
--- verdict
403 deny restricted



=== TEST 5: an account opened after the reset that its record was before
--- reset eval: PrivacyBlocks::reset_in(-120)
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-1s>"}
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:unrestricted {"at":"<now-5m>"}
--- ask
fitco integrator acme cam1 live
fitco integrator bolt cam1 live
--- verdict
200 allow unrestricted unrestricted
403 deny restricted



=== TEST 6: a record from the future opens nothing, a clock a little ahead does
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now+1h>"}
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:unrestricted {"at":"<now+2m>"}
--- ask
fitco integrator acme cam1 live
fitco integrator acme - manage
fitco integrator bolt cam1 live
--- verdict
403 deny restricted recheck=3300
403 deny restricted recheck=3300
200 allow unrestricted unrestricted



=== TEST 7: the default is midnight of UTC-5, with no daylight saving
--- http_config
$LOGIN $WHO $SHOW
privacy_redis unix:$TEST_NGINX_REDIS_SOCKET;
privacy_sweep off;
--- config
location / { empty_gif; }
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<reset+1s>"}
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:unrestricted {"at":"<reset-1s>"}
--- ask
fitco integrator acme cam1 live
fitco integrator bolt cam1 live
--- verdict
200 allow unrestricted unrestricted
403 deny restricted



=== TEST 8: an offset to the east
--- reset eval
my $east = POSIX::strftime('%H:%M +05:30', gmtime(time + 19800 - 3600)); $east
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-30m>"}
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:unrestricted {"at":"<now-2h>"}
--- ask
fitco integrator acme cam1 live
fitco integrator bolt cam1 live
--- verdict
200 allow unrestricted unrestricted
403 deny restricted



=== TEST 9: the reset says nothing about grants, exclusions and a bare 1
--- reset eval: PrivacyBlocks::reset_in(-3600)
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full","granted_at":"<now-2h>"}
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:excluded {"at":"<now-2h>"}
privacy:{core}:providers ["fitco"]
privacy:{core}:unrestricted 1 ttl=1h
--- ask
fitco integrator acme cam1 live
fitco integrator bolt cam1 live
fitco integrator core cam1 live
--- verdict
200 allow grant administrator_full
200 allow excluded unrestricted
200 allow unrestricted unrestricted
