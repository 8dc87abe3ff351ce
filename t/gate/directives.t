# Each directive: its default, where it may be written, what is inherited and
# what it does.

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
run_tests();

__DATA__

=== TEST 1: privacy: off is the default
--- http_config
$LOGIN $BASE $SHOW
--- config
location / { empty_gif; }
--- ask
fitco integrator acme cam1 live
--- verdict
200 -



=== TEST 2: privacy: nothing of it, and nginx starts as ever
--- http_config
--- config
location / { empty_gif; }
--- request
GET /
--- no_error_log
privacy handler
privacy: 



=== TEST 3: privacy: on for http, off for a server, on for a location, and so on
--- http_config
$LOGIN $BASE $WHO $SHOW
--- config
privacy off;
location /off { empty_gif; }
location /on { privacy on; empty_gif;
    location /on/off { privacy off; empty_gif; }
    location /on/shadow { privacy shadow; empty_gif; }
    location /on/on { empty_gif; }
}
--- ask
fitco integrator acme cam1 live at=/off
fitco integrator acme cam1 live at=/on
fitco integrator acme cam1 live at=/on/off
fitco integrator acme cam1 live at=/on/shadow
fitco integrator acme cam1 live at=/on/on
--- verdict
200 -
403 deny stranger
200 -
200 shadow_deny stranger
403 deny stranger



=== TEST 4: privacy: on in http alone
--- ask
fitco integrator acme cam1 live at=/any/where
--- verdict
403 deny stranger



=== TEST 5: privacy: on in a server alone
--- http_config
$LOGIN $BASE $SHOW
privacy_user $user;
privacy_organization $organization;
privacy_level $level;
privacy_account $arg_account;
privacy_camera $arg_camera;
privacy_resource $arg_resource;
--- config
privacy on;
location / { empty_gif; }
--- ask
fitco integrator acme cam1 live
--- verdict
403 deny stranger



=== TEST 6: all of it in a location
--- http_config
$LOGIN $BASE $SHOW
--- config
location / { empty_gif; }
location /video {
    privacy on;
    privacy_user $user;
    privacy_organization $organization;
    privacy_level $level;
    privacy_account $arg_account;
    privacy_camera $arg_camera;
    privacy_resource $arg_resource;
    privacy_deny_status 404;
    empty_gif;
}
--- ask
fitco integrator acme cam1 live at=/video
acme client acme cam1 live at=/video
fitco integrator acme cam1 live at=/else
--- verdict
404 deny stranger
200 allow owner
200 -



=== TEST 7: values: the location's own before the server's before http's
--- http_config
$LOGIN $BASE $SHOW
privacy on;
privacy_user $user;
privacy_organization http;
privacy_level client;
privacy_account http;
privacy_camera cam1;
privacy_resource live;
--- config
privacy_organization server;
location /http { privacy_organization http; empty_gif; }
location /server { empty_gif; }
location /both { privacy_account server; empty_gif;
    location /both/below { empty_gif; }
    location /both/again { privacy_account below; empty_gif; }
}
location /level { privacy_level federated; empty_gif; }
location /camera { privacy_account server; privacy_camera ""; privacy_resource system; empty_gif; }
location /resource { privacy_account server; privacy_resource "$arg_none"; empty_gif; }
--- ask
- - - - - at=/http
- - - - - at=/server
- - - - - at=/both
- - - - - at=/both/below
- - - - - at=/both/again
- - - - - at=/level
- - - - - at=/camera
- - - - - at=/resource
--- verdict
200 allow owner
403 deny foreign_account
200 allow owner
200 allow owner
403 deny foreign_account
200 allow exempt
200 allow owner
403 deny identity



=== TEST 8: values: text and variables, captures of the location
--- http_config
$LOGIN $BASE $WHO $SHOW
--- config
location ~ ^/(?<account>[^/]+)/(?<camera>[^/]+)/(live|archive)$ {
    privacy_account $account;
    privacy_camera "${account}.$camera";
    privacy_resource $3;
    empty_gif;
}
--- facts
privacy:{acme}:grant:fitco {"role":"user_full","cameras":["acme.cam1"]}
--- ask
fitco integrator - - - at=/acme/cam1/live
fitco integrator - - - at=/acme/cam1/archive
fitco integrator - - - at=/acme/cam2/live
fitco integrator - - - at=/bolt/cam1/live
--- verdict
200 allow grant user_full
200 allow grant user_full
403 deny camera
403 deny stranger



=== TEST 9: values: a variable that is set late is what it is when asked
--- http_config
$LOGIN $BASE $WHO $SHOW
--- config
location / {
    set $who acme;
    privacy_organization $who;
    rewrite ^/other /x break;
    if ($arg_y) { set $who bolt; }
    empty_gif;
}
--- request eval
["GET /?level=client&account=acme&camera=c&resource=live", "GET /?y=1&level=client&account=acme&camera=c&resource=live"]
--- error_code eval
[200, 403]
--- response_headers eval
["X-Verdict: allow/owner/owner/", "X-Verdict: deny/foreign_account//"]



=== TEST 10: values: an "if" is like a location
--- http_config
$LOGIN $BASE $WHO $SHOW
--- config
location / {
    if ($arg_x) { add_header X-If yes; add_header X-Verdict "$privacy_verdict/$privacy_reason" always; }
    privacy_deny_status 410;
    empty_gif;
}
--- request
GET /?x=1&organization=bolt&level=client&account=acme&camera=c&resource=live
--- error_code: 410
--- response_headers
X-Verdict: deny/foreign_account



=== TEST 11: privacy_deny_status: 403 is the default
--- ask
fitco integrator acme cam1 live
--- verdict
403 deny stranger



=== TEST 12: privacy_deny_status: others, and what is inherited
--- http_config
$LOGIN $BASE $WHO $SHOW
--- config
privacy_deny_status 451;
location /a { privacy_deny_status 400; empty_gif; }
location /b { privacy_deny_status 429; empty_gif; }
location /c { empty_gif; }
location /d { privacy_deny_status 401; empty_gif; }
--- ask
fitco integrator acme cam1 live at=/a
fitco integrator acme cam1 live at=/b
fitco integrator acme cam1 live at=/c
fitco integrator acme cam1 live at=/d
--- verdict
400 deny stranger
429 deny stranger
451 deny stranger
401 deny stranger



=== TEST 13: privacy_deny_status: the identity is no exception
--- server
privacy_deny_status 404;
--- ask
- integrator acme cam1 live
bolt client acme cam1 live
--- verdict
404 deny identity
404 deny foreign_account



=== TEST 14: privacy_deny_status: an outage is 503 nevertheless
--- log_level: info
--- server
privacy_deny_status 404;
--- init
redis_server()->stop;
--- ask
fitco integrator acme cam1 live
--- verdict
503 deny unavailable



=== TEST 15: a deny is not to be stored
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 403
--- response_headers
Cache-Control: no-store
!Retry-After
X-Verdict: deny/stranger//



=== TEST 16: a deny is not to be stored, whatever its status and reason
--- location
privacy_deny_status 404;
--- request
GET /?level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 404
--- response_headers
Cache-Control: no-store
!Retry-After



=== TEST 17: an outage is not to be stored, and asks to come again
--- log_level: info
--- init
redis_server()->stop;
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 503
--- response_headers_like
Cache-Control: no-store
Retry-After: [1-9][0-9]*



=== TEST 18: what is allowed may be stored as its own headers say
--- request
GET /?organization=acme&level=client&account=acme&camera=cam1&resource=live
--- response_headers
!Cache-Control
!Retry-After



=== TEST 19: a deny keeps its header through an error page
--- http_config
$LOGIN $BASE $WHO $SHOW
--- config
error_page 403 /denied;
location / { empty_gif; }
location = /denied { internal; privacy off; empty_gif; }
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 403
--- response_headers
Cache-Control: no-store
X-Verdict: deny/stranger//



=== TEST 20: a deny says so once, also where its error page denies too
--- http_config
$LOGIN $BASE $WHO $SHOW
--- config
error_page 403 /denied;
location / { empty_gif; }
location = /denied { internal; empty_gif; }
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 403
--- raw_response_headers_like: (?si)cache-control: no-store
--- raw_response_headers_unlike: (?si)cache-control.*cache-control



=== TEST 21: privacy_providers: on is the default
--- facts
privacy:{acme}:unrestricted 1 ttl=1h
--- ask
fitco integrator acme - system
fitco integrator acme cam1 live
--- verdict
403 deny stranger
403 deny stranger



=== TEST 22: privacy_providers off: every integrator services every account
--- http
privacy_providers off;
--- server
location /on { privacy_providers on; empty_gif; }
--- facts
privacy:{acme}:unrestricted {"at":"<now-1h>","exports":true} ttl=1h
privacy:{core}:excluded {"organizations":["fitco"]}
--- ask
fitco integrator acme - system
fitco integrator acme cam1 live
fitco integrator acme cam1 export
fitco integrator bolt - system
fitco integrator bolt cam1 live
fitco integrator core cam1 live
other integrator core cam1 live
bolt client acme cam1 live
fitco integrator acme - system at=/on
fitco integrator acme cam1 live at=/on
--- verdict
200 allow system none
200 allow unrestricted unrestricted
200 allow unrestricted unrestricted
200 allow system none
403 deny restricted
200 allow excluded unrestricted
403 deny restricted
403 deny foreign_account
403 deny stranger
403 deny stranger



=== TEST 23: privacy_providers off: the record need not parse
--- location
privacy_providers off;
--- facts
privacy:{acme}:providers nonsense
--- ask
fitco integrator acme - system
--- verdict
200 allow system none



=== TEST 24: privacy_grant_ttl: for vendors, instead of 24 hours
--- http
privacy_grant_ttl vendor 1h;
--- facts
privacy:{acme}:grant:a {"role":"administrator_full","granted_at":"<now-30m>"}
privacy:{acme}:grant:b {"role":"administrator_full","granted_at":"<now-2h>"}
privacy:{acme}:grant:c {"role":"administrator_full"} ttl=2h
--- ask
a vendor acme cam1 live
b vendor acme cam1 live
c vendor acme cam1 live
--- verdict
200 allow grant administrator_full recheck=1800
403 deny expired
403 deny invalid



=== TEST 25: privacy_grant_ttl vendor off: until revoked
--- http
privacy_grant_ttl vendor off;
--- facts
privacy:{acme}:grant:a {"role":"administrator_full"}
privacy:{acme}:grant:b {"role":"administrator_full","granted_at":"<now-300d>"}
--- ask
a vendor acme cam1 live
b vendor acme cam1 live
--- verdict
200 allow grant administrator_full recheck=none
200 allow grant administrator_full recheck=none



=== TEST 26: privacy_grant_ttl: for integrators, and vendors' is as it was
--- http
privacy_grant_ttl integrator 30d;
--- facts
privacy:{acme}:grant:a {"role":"administrator_full","granted_at":"<now-29d>"}
privacy:{acme}:grant:b {"role":"administrator_full","granted_at":"<now-31d>"}
privacy:{acme}:grant:c {"role":"administrator_full"}
--- ask
a integrator acme cam1 live
b integrator acme cam1 live
c integrator acme cam1 live
a vendor acme cam1 live
--- verdict
200 allow grant administrator_full recheck=86400
403 deny expired
403 deny invalid
403 deny expired



=== TEST 27: privacy_grant_ttl: both levels
--- http
privacy_grant_ttl integrator 2h;
privacy_grant_ttl vendor 1h;
--- facts
privacy:{acme}:grant:a {"role":"administrator_full","granted_at":"<now-30m>"}
--- ask
a integrator acme cam1 live
a vendor acme cam1 live
--- verdict
200 allow grant administrator_full recheck=5400
200 allow grant administrator_full recheck=1800



=== TEST 28: privacy_timeout: 503 within it and a little more, Redis frozen
--- http
privacy_timeout 300ms;
--- init
redis_server()->pause;
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 503
--- error_log eval
[qr/no answer from redis in time|connection to redis .* (?:lost|failed): no \w+ within 300 ms/]



=== TEST 29: privacy_stale, privacy_cache, privacy_prefix, privacy_reset: accepted
--- http_config
privacy_stale 0;
privacy_cache accounts=1;
privacy_prefix a.b_c-d:e;
privacy_reset 23:59 +14:00;
privacy_timeout 1ms;
privacy_deny_status 499;
--- config
location / { empty_gif; }
--- request
GET /



=== TEST 30: privacy_cache: the most it takes
--- http_config
privacy_cache accounts=16777216;
privacy_stale 1d;
privacy_reset 00:00 -14:00;
--- config
location / { empty_gif; }
--- request
GET /

