# The rules of section 3 of the design, row by row, as nginx answers them.

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
run_tests();

__DATA__

=== TEST 1: an account without any record: nothing for an integrator
--- ask
fitco integrator acme - system
fitco integrator acme - manage
fitco integrator acme cam1 live
fitco integrator acme cam1 archive
fitco integrator acme cam1 export
--- verdict
403 deny stranger recheck=none
403 deny stranger recheck=none
403 deny stranger recheck=none
403 deny stranger recheck=none
403 deny stranger recheck=none



=== TEST 2: role none: a restricted account's own integrator sees the system
--- facts
privacy:{acme}:providers ["other","fitco"]
--- ask
fitco integrator acme - system
fitco integrator acme cam1 system
fitco integrator acme - manage
fitco integrator acme cam1 live
fitco integrator acme cam1 archive
fitco integrator acme cam1 export
fitcoo integrator acme - system
fitc integrator acme - system
--- verdict
200 allow system none recheck=none
200 allow system none recheck=none
403 deny restricted recheck=none
403 deny restricted recheck=none
403 deny restricted recheck=none
403 deny restricted recheck=none
403 deny stranger recheck=none
403 deny stranger recheck=none



=== TEST 3: role none: every vendor is a service provider
--- facts
privacy:{acme}:providers ["fitco"]
--- ask
helpdesk vendor acme - system
helpdesk vendor acme - manage
helpdesk vendor acme cam1 live
helpdesk vendor acme cam1 archive
helpdesk vendor acme cam1 export
--- verdict
200 allow system none recheck=none
403 deny restricted
403 deny restricted
403 deny restricted
403 deny restricted



=== TEST 4: role unrestricted: everything but exports
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-1h>","by":"ann"} ttl=1h
--- ask
fitco integrator acme - system
fitco integrator acme - manage
fitco integrator acme cam1 live
fitco integrator acme cam1 archive
fitco integrator acme cam1 export
helpdesk vendor acme cam1 live
helpdesk vendor acme cam1 export
--- verdict
200 allow system none recheck=3600
200 allow unrestricted unrestricted recheck=3600
200 allow unrestricted unrestricted recheck=3600
200 allow unrestricted unrestricted recheck=3600
403 deny restricted recheck=3600
200 allow unrestricted unrestricted recheck=3600
403 deny restricted recheck=3600



=== TEST 5: role unrestricted: exports if the record authorises them
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-1h>","exports":true} ttl=1h
--- ask
fitco integrator acme cam1 export
helpdesk vendor acme cam1 export
--- verdict
200 allow unrestricted unrestricted
200 allow unrestricted unrestricted



=== TEST 6: an unrestricted account is open to its own providers only
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-1h>","exports":true} ttl=1h
--- ask
rival integrator acme - system
rival integrator acme - manage
rival integrator acme cam1 live
rival integrator acme cam1 export
fitco integrator other cam1 live
--- verdict
403 deny stranger
403 deny stranger
403 deny stranger
403 deny stranger
403 deny stranger



=== TEST 7: role administrator_full, exports authorised
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full","exports":true}
--- ask
fitco integrator acme - system
fitco integrator acme - manage
fitco integrator acme cam1 manage
fitco integrator acme cam1 live
fitco integrator acme cam2 archive
fitco integrator acme cam3 export
--- verdict
200 allow grant administrator_full recheck=none
200 allow grant administrator_full recheck=none
200 allow grant administrator_full recheck=none
200 allow grant administrator_full recheck=none
200 allow grant administrator_full recheck=none
200 allow grant administrator_full recheck=none



=== TEST 8: role administrator_full, exports not authorised
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full"}
privacy:{acme}:grant:other {"role":"administrator_full","exports":false}
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 export
other integrator acme cam1 export
--- verdict
200 allow grant administrator_full
403 deny export
403 deny export



=== TEST 9: role administrator_restricted: devices, no video
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_restricted"}
privacy:{acme}:grant:other {"role":"administrator_restricted","exports":true}
--- ask
fitco integrator acme - system
fitco integrator acme - manage
fitco integrator acme cam1 live
fitco integrator acme cam1 archive
fitco integrator acme cam1 export
other integrator acme cam1 live
other integrator acme cam1 archive
other integrator acme cam1 export
--- verdict
200 allow grant administrator_restricted
200 allow grant administrator_restricted
403 deny role
403 deny role
403 deny export
403 deny role
403 deny role
403 deny role



=== TEST 10: role user_full: video of assigned cameras, exports if authorised
--- facts
privacy:{acme}:grant:fitco {"role":"user_full","cameras":["cam1","cam3"],"exports":true}
privacy:{acme}:grant:other {"role":"user_full","cameras":["cam1"]}
--- ask
fitco integrator acme cam1 system
fitco integrator acme cam1 manage
fitco integrator acme cam1 live
fitco integrator acme cam3 archive
fitco integrator acme cam1 export
fitco integrator acme cam2 live
fitco integrator acme cam2 archive
fitco integrator acme cam2 export
fitco integrator acme - manage
other integrator acme cam1 live
other integrator acme cam1 export
other integrator acme cam3 live
--- verdict
200 allow grant user_full
403 deny role
200 allow grant user_full
200 allow grant user_full
200 allow grant user_full
403 deny camera
403 deny camera
403 deny camera
403 deny camera
200 allow grant user_full
403 deny export
403 deny camera



=== TEST 11: role user_restricted: exports never
--- facts
privacy:{acme}:grant:fitco {"role":"user_restricted","cameras":["cam1"],"exports":true}
privacy:{acme}:grant:other {"role":"user_restricted","cameras":["cam1"]}
--- ask
fitco integrator acme cam1 system
fitco integrator acme cam1 manage
fitco integrator acme cam1 live
fitco integrator acme cam1 archive
fitco integrator acme cam1 export
fitco integrator acme cam2 live
other integrator acme cam1 export
--- verdict
200 allow grant user_restricted
403 deny role
200 allow grant user_restricted
200 allow grant user_restricted
403 deny role
403 deny camera
403 deny export



=== TEST 12: a grant brings the system of role none with it
--- facts
privacy:{acme}:grant:fitco {"role":"user_full","cameras":["cam1"]}
--- ask
fitco integrator acme - system
fitco integrator acme cam2 system
--- verdict
200 allow grant none
200 allow grant none



=== TEST 13: assigned cameras where the grant names none
--- facts
privacy:{acme}:grant:fitco {"role":"user_full"}
privacy:{acme}:grant:other {"role":"user_full","cameras":[]}
--- ask
fitco integrator acme cam1 live
other integrator acme cam1 live
--- verdict
403 deny camera
403 deny camera



=== TEST 14: a list of cameras does not narrow a role for all cameras
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full","cameras":["cam1"]}
--- ask
fitco integrator acme cam2 live
--- verdict
200 allow grant administrator_full



=== TEST 15: rule 1: a level that is no requester of video
--- facts
privacy:{acme}:providers ["acme"]
privacy:{acme}:unrestricted 1 ttl=1h
--- ask
acme operator acme cam1 live
acme operator acme - system
acme - acme cam1 live
acme Client acme cam1 live
acme client_admin2 acme cam1 live
acme none acme cam1 live
--- verdict
403 deny identity
403 deny identity
403 deny identity
403 deny identity
403 deny identity
403 deny identity



=== TEST 16: rule 1: a resource that is none
--- ask
acme client acme cam1 -
acme client acme cam1 Live
acme client acme cam1 video
acme client acme cam1 lives
--- verdict
403 deny identity
403 deny identity
403 deny identity
403 deny identity



=== TEST 17: rule 1: video needs a camera, system and manage do not
--- ask
acme client acme - system
acme client acme - manage
acme client acme - live
acme client acme - archive
acme client acme - export
--- verdict
200 allow owner
200 allow owner
403 deny identity
403 deny identity
403 deny identity



=== TEST 18: rule 1: no organization, no account
--- ask
- client acme cam1 live
acme client - cam1 live
- integrator acme cam1 live
fitco integrator - cam1 live
- vendor acme cam1 live
--- verdict
403 deny identity
403 deny identity
403 deny identity
403 deny identity
403 deny identity



=== TEST 19: rule 2: federated users are exempt, and recorded as such
--- ask
hub federated acme cam1 live
hub federated acme - system
- federated - cam1 export
hub federated acme - live
--- verdict
200 allow exempt recheck=none
200 allow exempt recheck=none
200 allow exempt recheck=none
403 deny identity recheck=none



=== TEST 20: rule 2: what a federated user says has to be well-formed
--- ask
a*b federated acme cam1 live
hub federated a*b cam1 live
hub federated acme a*b live
--- verdict
403 deny identity
403 deny identity
403 deny identity



=== TEST 21: rule 4: an account's own see everything of it
--- ask
acme client acme - system
acme client acme - manage
acme client acme cam1 live
acme client acme cam1 archive
acme client acme cam1 export
acme client_admin acme - system
acme client_admin acme - manage
acme client_admin acme cam1 live
acme client_admin acme cam1 archive
acme client_admin acme cam1 export
--- verdict
200 allow owner recheck=none
200 allow owner recheck=none
200 allow owner recheck=none
200 allow owner recheck=none
200 allow owner recheck=none
200 allow owner recheck=none
200 allow owner recheck=none
200 allow owner recheck=none
200 allow owner recheck=none
200 allow owner recheck=none



=== TEST 22: rule 4: other clients see nothing, whatever is open
--- facts
privacy:{acme}:providers ["bolt"]
privacy:{acme}:unrestricted 1 ttl=1h
privacy:{acme}:excluded {}
privacy:{acme}:grant:bolt {"role":"administrator_full","exports":true}
--- ask
bolt client acme - system
bolt client_admin acme cam1 live
acm client acme cam1 live
acmee client acme cam1 live
ACME client acme cam1 live
--- verdict
403 deny foreign_account
403 deny foreign_account
403 deny foreign_account
403 deny foreign_account
403 deny foreign_account



=== TEST 23: rule 4: no fact of the account is read for its own
--- ask
acme client acme cam1 live
bolt client acme cam1 live
hub federated acme cam1 live
--- verdict
200 allow owner cache=
403 deny foreign_account cache=
200 allow exempt cache=
--- no_read



=== TEST 24: rule 4 and 6: Redis gone, owners stay, providers wait
--- log_level: info
--- init
redis_server()->stop;
--- ask
acme client acme cam1 live
acme client_admin acme cam1 export
hub federated acme cam1 live
bolt client acme cam1 live
fitco integrator acme cam1 live
helpdesk vendor acme - system
--- verdict
200 allow owner
200 allow owner
200 allow exempt
403 deny foreign_account
503 deny unavailable recheck=none
503 deny unavailable recheck=none



=== TEST 25: rule 5: the source is the first that opens: system
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-1h>","exports":true} ttl=1h
privacy:{acme}:excluded {}
privacy:{acme}:grant:fitco {"role":"administrator_full","exports":true}
--- ask
fitco integrator acme - system
fitco integrator acme - manage
fitco integrator acme cam1 live
fitco integrator acme cam1 export
--- verdict
200 allow system none
200 allow unrestricted unrestricted
200 allow unrestricted unrestricted
200 allow unrestricted unrestricted



=== TEST 26: rule 5: the source is the first that opens: excluded, then grant
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:excluded {}
privacy:{acme}:grant:fitco {"role":"administrator_full","exports":true}
--- ask
fitco integrator acme - manage
fitco integrator acme cam1 live
fitco integrator acme cam1 export
--- verdict
200 allow excluded unrestricted
200 allow excluded unrestricted
200 allow grant administrator_full



=== TEST 27: rule 5: a record that opens less does not hide one that opens more
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-1h>"} ttl=1h
privacy:{acme}:grant:fitco {"role":"user_full","cameras":["cam1"],"exports":true}
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 export
fitco integrator acme cam2 live
fitco integrator acme cam2 export
--- verdict
200 allow unrestricted unrestricted
200 allow grant user_full
200 allow unrestricted unrestricted
403 deny camera



=== TEST 28: excluded: open for everybody who services the account
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:excluded {"at":"<now-30d>","by":"ann","reason":"school"}
--- ask
fitco integrator acme cam1 live
helpdesk vendor acme cam1 archive
fitco integrator acme - manage
rival integrator acme cam1 live
acme client acme cam1 live
--- verdict
200 allow excluded unrestricted recheck=none
200 allow excluded unrestricted recheck=none
200 allow excluded unrestricted recheck=none
403 deny stranger recheck=none
200 allow owner



=== TEST 29: excluded: never opens exports
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:excluded {"exports":true}
--- ask
fitco integrator acme cam1 export
helpdesk vendor acme cam1 export
--- verdict
403 deny restricted
403 deny restricted



=== TEST 30: excluded: for named organizations
--- facts
privacy:{acme}:providers ["fitco","other"]
privacy:{acme}:excluded {"organizations":["fitco","helpdesk"]}
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:excluded {"organizations":[]}
--- ask
fitco integrator acme cam1 live
helpdesk vendor acme cam1 live
other integrator acme cam1 live
support vendor acme cam1 live
fitco integrator bolt cam1 live
--- verdict
200 allow excluded unrestricted
200 allow excluded unrestricted
403 deny restricted
403 deny restricted
403 deny restricted



=== TEST 31: excluded: an organization that is named but services nothing
--- facts
privacy:{acme}:excluded {"organizations":["fitco"]}
--- ask
fitco integrator acme cam1 live
--- verdict
403 deny stranger



=== TEST 32: excluded outlives the reset, unrestricted does not
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted {"at":"<now-30h>"}
privacy:{acme}:excluded {"at":"<now-30h>"}
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:unrestricted {"at":"<now-30h>"}
--- ask
fitco integrator acme cam1 live
fitco integrator bolt cam1 live
--- verdict
200 allow excluded unrestricted
403 deny restricted



=== TEST 33: providers: the list is the account's own
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{bolt}:providers ["other"]
--- ask
fitco integrator acme - system
fitco integrator bolt - system
other integrator acme - system
other integrator bolt - system
--- verdict
200 allow system none
403 deny stranger
403 deny stranger
200 allow system none



=== TEST 34: a grant opens to the organization that it names, and to no other
--- facts
privacy:{acme}:providers ["fitco","other"]
privacy:{acme}:grant:fitco {"role":"administrator_full"}
--- ask
fitco integrator acme cam1 live
other integrator acme cam1 live
fitc integrator acme cam1 live
fitco integrator bolt cam1 live
--- verdict
200 allow grant administrator_full
403 deny restricted
403 deny stranger
403 deny stranger



=== TEST 35: a grant for some users of the organization
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full","users":["jo","ann@fitco"]}
privacy:{acme}:grant:other {"role":"administrator_full","users":[]}
privacy:{acme}:grant:third {"role":"administrator_full","users":null}
--- ask
fitco integrator acme cam1 live user=jo
fitco integrator acme cam1 live user=ann@fitco
fitco integrator acme cam1 live user=ann
fitco integrator acme cam1 live user=Jo
fitco integrator acme cam1 live
other integrator acme cam1 live user=jo
third integrator acme cam1 live user=jo
third integrator acme cam1 live
--- verdict
200 allow grant administrator_full
200 allow grant administrator_full
403 deny user
403 deny user
403 deny user
403 deny user
200 allow grant administrator_full
200 allow grant administrator_full



=== TEST 36: the users of a grant say nothing about the system of a provider
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:grant:fitco {"role":"administrator_full","users":["jo"]}
--- ask
fitco integrator acme - system user=ann
fitco integrator acme - manage user=ann
--- verdict
200 allow system none
403 deny user



=== TEST 37: a grant that starts later
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full","starts_at":"<now+10m>","expires_at":"<now+1h>"}
privacy:{acme}:grant:other {"role":"administrator_full","starts_at":"<now-10m>","expires_at":"<now+1h>"}
--- ask
fitco integrator acme cam1 live
fitco integrator acme - system
other integrator acme cam1 live
--- verdict
403 deny not_yet recheck=600
403 deny not_yet recheck=600
200 allow grant administrator_full recheck=3600



=== TEST 38: a grant that has ended, while its key is still there
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full","expires_at":"<now-1s>"}
privacy:{acme}:grant:other {"role":"administrator_full","expires_at":"<now-1h>"} ttl=1h
--- ask
fitco integrator acme cam1 live
fitco integrator acme - system
other integrator acme cam1 live
--- verdict
403 deny expired recheck=none
403 deny expired recheck=none
403 deny expired recheck=3600



=== TEST 39: a grant ends with its key or at its time, whichever is earlier
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full","expires_at":"<now+20m>"} ttl=1h
privacy:{acme}:grant:other {"role":"administrator_full","expires_at":"<now+1h>"} ttl=20m
--- ask
fitco integrator acme cam1 live
other integrator acme cam1 live
--- verdict
200 allow grant administrator_full recheck=1200
200 allow grant administrator_full recheck=1200



=== TEST 40: the order of what a grant lacks: time, user, camera, export, role
--- facts
privacy:{acme}:grant:a {"role":"user_restricted","cameras":["cam1"],"users":["jo"],"expires_at":"<now-1s>"}
privacy:{acme}:grant:b {"role":"user_restricted","cameras":["cam1"],"users":["jo"]}
privacy:{acme}:grant:c {"role":"administrator_restricted","users":["jo"]}
--- ask
a integrator acme cam2 export user=ann
b integrator acme cam2 export user=ann
b integrator acme cam2 export user=jo
b integrator acme cam1 export user=jo
b integrator acme cam1 manage user=jo
c integrator acme cam1 export user=jo
c integrator acme cam1 live user=jo
--- verdict
403 deny expired
403 deny user
403 deny camera
403 deny export
403 deny role
403 deny export
403 deny role



=== TEST 41: the nearest miss of a service provider with a grant is the grant's
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:grant:fitco {"role":"administrator_restricted"}
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 export
--- verdict
403 deny role
403 deny export



=== TEST 42: a grant of an unknown role is invalid, and said in the log
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:grant:fitco {"role":"superuser"}
privacy:{acme}:grant:other {"role":"Administrator_Full"}
--- ask
fitco integrator acme cam1 live
fitco integrator acme - system
other integrator acme - system
--- verdict
403 deny invalid
200 allow system none
403 deny invalid



=== TEST 43: a grant to a vendor ends 24 hours after it was given
--- facts
privacy:{acme}:grant:help {"role":"administrator_full","granted_at":"<now-23h>"}
privacy:{acme}:grant:late {"role":"administrator_full","granted_at":"<now-25h>"}
privacy:{acme}:grant:long {"role":"administrator_full","granted_at":"<now-1h>","expires_at":"<now+2d>"} ttl=3d
privacy:{acme}:grant:ends {"role":"administrator_full","granted_at":"<now-1h>","expires_at":"<now+1h>"}
--- ask
help vendor acme cam1 live
late vendor acme cam1 live
long vendor acme cam1 live
ends vendor acme cam1 live
--- verdict
200 allow grant administrator_full recheck=3600
403 deny expired
200 allow grant administrator_full recheck=82800
200 allow grant administrator_full recheck=3600



=== TEST 44: a grant to a vendor that nothing bounds is invalid
--- facts
privacy:{acme}:grant:help {"role":"administrator_full"}
privacy:{acme}:grant:ends {"role":"administrator_full","expires_at":"<now+1h>"}
privacy:{acme}:grant:keys {"role":"administrator_full"} ttl=1h
--- ask
help vendor acme cam1 live
help vendor acme - system
ends vendor acme cam1 live
keys vendor acme cam1 live
--- verdict
403 deny invalid
200 allow system none
200 allow grant administrator_full recheck=3600
200 allow grant administrator_full recheck=3600



=== TEST 45: a grant to a vendor claims no more than its time
--- facts
privacy:{acme}:grant:keys {"role":"administrator_full"} ttl=3d
privacy:{acme}:grant:ends {"role":"administrator_full","expires_at":"<now+3d>"}
privacy:{acme}:grant:soon {"role":"administrator_full","granted_at":"<now+1h>"}
privacy:{acme}:grant:skew {"role":"administrator_full","granted_at":"<now+2m>"}
--- ask
keys vendor acme cam1 live
ends vendor acme cam1 live
soon vendor acme cam1 live
skew vendor acme cam1 live
--- verdict
403 deny invalid
403 deny invalid
403 deny invalid
200 allow grant administrator_full recheck=86520



=== TEST 46: a grant to an integrator stays until revoked
--- facts
privacy:{acme}:grant:old {"role":"administrator_full","level":"integrator","granted_at":"2020-01-01T00:00:00Z"}
privacy:{acme}:grant:bare {"role":"administrator_full"}
--- ask
old integrator acme cam1 live
bare integrator acme cam1 live
--- verdict
200 allow grant administrator_full recheck=none
200 allow grant administrator_full recheck=none



=== TEST 47: the limit is the stricter of the requester's and the record's level
--- facts
privacy:{acme}:grant:a {"role":"administrator_full","level":"vendor","granted_at":"<now-25h>"}
privacy:{acme}:grant:b {"role":"administrator_full","level":"vendor"}
privacy:{acme}:grant:c {"role":"administrator_full","level":"integrator","granted_at":"<now-25h>"}
privacy:{acme}:grant:d {"role":"administrator_full","level":"vendor","granted_at":"<now-23h>"}
--- ask
a integrator acme cam1 live
b integrator acme cam1 live
c vendor acme cam1 live
c integrator acme cam1 live
d integrator acme cam1 live
--- verdict
403 deny expired
403 deny invalid
403 deny expired
200 allow grant administrator_full recheck=none
200 allow grant administrator_full recheck=3600



=== TEST 48: a bare 1 opens video for as long as its TTL runs
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted 1 ttl=30m
privacy:{bolt}:providers ["fitco"]
privacy:{bolt}:unrestricted 1
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 export
fitco integrator acme - manage
fitco integrator bolt cam1 live
fitco integrator bolt cam1 archive
fitco integrator bolt - manage
fitco integrator bolt - system
--- verdict
200 allow unrestricted unrestricted recheck=1800
403 deny restricted recheck=1800
200 allow unrestricted unrestricted recheck=1800
403 deny restricted recheck=none
403 deny restricted recheck=none
200 allow unrestricted unrestricted recheck=none
200 allow system none recheck=none



=== TEST 49: recheck is the earliest change of any fact
--- facts
privacy:{acme}:providers ["fitco"] ttl=10m
privacy:{acme}:unrestricted {"at":"<now-1h>"} ttl=30m
privacy:{acme}:excluded {} ttl=20m
privacy:{acme}:grant:fitco {"role":"administrator_full"} ttl=40m
privacy:{bolt}:providers ["fitco"] ttl=40m
privacy:{bolt}:unrestricted {"at":"<now-1h>"} ttl=30m
privacy:{bolt}:excluded {} ttl=20m
privacy:{bolt}:grant:fitco {"role":"administrator_full","starts_at":"<now+5m>"} ttl=40m
privacy:{core}:excluded {} ttl=20m
--- ask
fitco integrator acme cam1 live
fitco integrator bolt cam1 live
fitco integrator core cam1 live
--- verdict
200 allow unrestricted unrestricted recheck=600
200 allow unrestricted unrestricted recheck=300
403 deny stranger recheck=1200



=== TEST 50: an account's records say nothing about another account
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted 1 ttl=1h
privacy:{acme}:excluded {}
privacy:{acme}:grant:fitco {"role":"administrator_full","exports":true}
--- ask
fitco integrator acme2 cam1 live
fitco integrator acm cam1 live
fitco integrator Acme cam1 live
--- verdict
403 deny stranger
403 deny stranger
403 deny stranger
