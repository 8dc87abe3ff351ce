# $privacy_...: what they say, and that they say it in the access log.

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
run_tests();

__DATA__

=== TEST 1: where the gate did not run, all are empty
--- http_config
$LOGIN $BASE
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source|$privacy_role|$privacy_recheck|$privacy_cache|$privacy_cut]";
access_log logs/access.log privacy;
--- config
location / { add_header X-All "[$privacy_verdict$privacy_reason$privacy_source$privacy_role$privacy_recheck$privacy_cache$privacy_cut]"; empty_gif; }
--- request
GET /
--- response_headers
X-All: []
--- access_log
[||||||]



=== TEST 2: and what the rewrite phase answers
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_cache] $uri";
access_log logs/access.log privacy;
--- config
location / { return 404; }
--- request
GET /gone
--- error_code: 404
--- access_log
[||] /gone



=== TEST 3: a deny
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source|$privacy_role|$privacy_recheck|$privacy_cache|$privacy_cut]";
access_log logs/access.log privacy;
--- config
location / { empty_gif; }
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 403
--- access_log
[deny|stranger||||MISS|]



=== TEST 4: an owner
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source|$privacy_role|$privacy_recheck|$privacy_cache|$privacy_cut]";
access_log logs/access.log privacy;
--- config
location / { empty_gif; }
--- request
GET /?organization=acme&level=client&account=acme&camera=cam1&resource=live
--- access_log
[allow|owner|owner||||]



=== TEST 5: a federated user
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source|$privacy_role|$privacy_recheck|$privacy_cache|$privacy_cut]";
access_log logs/access.log privacy;
--- config
location / { empty_gif; }
--- request
GET /?organization=hub&level=federated&account=acme&camera=cam1&resource=live
--- access_log
[allow|exempt|exempt||||]



=== TEST 6: a grant
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source|$privacy_role|$privacy_recheck|$privacy_cache|$privacy_cut]";
access_log logs/access.log privacy;
--- config
location / { empty_gif; }
--- facts
privacy:{acme}:grant:fitco {"role":"user_full","cameras":["cam1"],"expires_at":"<now+1h>"}
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- access_log eval
qr/\[allow\|grant\|grant\|user_full\|(?:3600|359[0-9])\|MISS\|\]/



=== TEST 7: shadow
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source|$privacy_role|$privacy_recheck|$privacy_cache|$privacy_cut]";
access_log logs/access.log privacy;
--- config
location / { privacy shadow; empty_gif; }
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- access_log
[shadow_deny|stranger||||MISS|]



=== TEST 8: an outage
--- log_level: info
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source|$privacy_role|$privacy_recheck|$privacy_cache|$privacy_cut]";
access_log logs/access.log privacy;
--- config
location / { empty_gif; }
--- init
redis_server()->stop;
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 503
--- access_log
[deny|unavailable|||||]



=== TEST 9: identity: nothing was asked
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source|$privacy_role|$privacy_recheck|$privacy_cache|$privacy_cut]";
access_log logs/access.log privacy;
--- config
location / { empty_gif; }
--- request
GET /?level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 403
--- access_log
[deny|identity|||||]



=== TEST 10: they survive an error page that is not gated
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_cache] $uri $status";
access_log logs/access.log privacy;
--- config
error_page 403 /denied;
location / { empty_gif; }
location = /denied { internal; privacy off; empty_gif; }
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 403
--- access_log
[deny|stranger|MISS] /denied 403



=== TEST 11: they survive a named location
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_cache] $status";
access_log logs/access.log privacy;
--- config
error_page 403 = @denied;
location / { empty_gif; }
location @denied { privacy off; add_header X-Reason "$privacy_verdict $privacy_reason"; empty_gif; }
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- response_headers
X-Reason: deny stranger
--- access_log
[deny|stranger|MISS] 200



=== TEST 12: they survive try_files to an ungated fallback
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source] $uri";
access_log logs/access.log privacy;
--- config
location / { try_files /none /fallback; }
location = /fallback { privacy off; empty_gif; }
--- request
GET /?organization=acme&level=client&account=acme&camera=cam1&resource=live
--- access_log
[allow|owner|owner] /fallback



=== TEST 13: they survive X-Accel-Redirect to an ungated location
--- http_config
$LOGIN $BASE $WHO
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source] $uri";
access_log logs/access.log privacy;
server {
    listen unix:$TEST_NGINX_TMP/accel.sock;
    access_log off;
    location / { privacy off; add_header X-Accel-Redirect /files; empty_gif; }
}
--- config
location / { proxy_pass http://unix:$TEST_NGINX_TMP/accel.sock; }
location = /files { internal; privacy off; empty_gif; }
--- request
GET /?organization=acme&level=client&account=acme&camera=cam1&resource=live
--- access_log
[allow|owner|owner] /files



=== TEST 14: where the gate runs again, the last verdict is told
--- http_config
$LOGIN $BASE $WHO $SHOW
log_format privacy "[$privacy_verdict|$privacy_reason|$privacy_source|$privacy_role] $uri";
access_log logs/access.log privacy;
--- config
error_page 403 /login;
location / { empty_gif; }
location = /login {
    internal;
    privacy_level client;
    privacy_organization acme;
    privacy_account acme;
    privacy_camera cam1;
    privacy_resource live;
    empty_gif;
}
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 403
--- response_headers
X-Verdict: allow/owner/owner/
--- access_log
[allow|owner|owner|] /login



=== TEST 15: they may be used in a map, an if of the log, a header
--- http_config
$LOGIN $BASE $WHO
map $privacy_verdict $denied { deny 1; default 0; }
map $privacy_reason $why { stranger "who are you"; default "$privacy_reason"; }
log_format privacy "denied: $why";
access_log logs/access.log privacy if=$denied;
--- config
location / { add_header X-Why $why always; empty_gif; }
--- request eval
["GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live",
 "GET /?organization=acme&level=client&account=acme&camera=cam1&resource=live"]
--- error_code eval
[403, 200]
--- response_headers eval
["X-Why: who are you", "X-Why: owner"]
--- no_access_log
denied: owner



=== TEST 16: MISS, then HIT, for whoever asks about the same account
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full"}
privacy:{acme}:grant:other {"role":"administrator_restricted"}
--- init
announced();
--- ask
fitco integrator acme cam1 live
fitco integrator acme cam1 live
fitco integrator acme cam2 archive
fitco integrator acme - manage user=jo
other integrator acme cam1 live
other integrator acme - manage
fitco integrator acme cam1 live
fitco integrator bolt cam1 live
fitco integrator bolt cam1 live
acme client acme cam1 live
--- verdict
200 allow grant administrator_full cache=MISS
200 allow grant administrator_full cache=HIT
200 allow grant administrator_full cache=HIT
200 allow grant administrator_full cache=HIT
403 deny role cache=MISS
200 allow grant administrator_restricted cache=HIT
200 allow grant administrator_full cache=HIT
403 deny stranger cache=MISS
403 deny stranger cache=HIT
200 allow owner cache=



=== TEST 17: a variable of that name may not be set
--- http_config
--- config
location / { set $privacy_verdict allow; empty_gif; }
--- must_die
--- error_log
the duplicate "privacy_verdict" variable



=== TEST 18: nor does a client set one
--- request
GET /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live&privacy_verdict=allow
--- more_headers
Privacy-Verdict: allow
X-Verdict: allow
--- error_code: 403
--- response_headers
X-Verdict: deny/stranger//



=== TEST 19: HEAD
--- request
HEAD /?organization=fitco&level=integrator&account=acme&camera=cam1&resource=live
--- error_code: 403
--- response_headers
X-Verdict: deny/stranger//
Cache-Control: no-store
