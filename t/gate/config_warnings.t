# What nginx -t warns of, and what it does not: identity that the client chooses,
# "return" in a gated location, error pages that are not gated.
# no http2

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
run_tests();

__DATA__

=== TEST 1: privacy_user $http_x_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $http_x_who;
privacy_organization $organization;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_user" takes "$http_x_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 2: privacy_user $arg_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $arg_who;
privacy_organization $organization;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_user" takes "$arg_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 3: privacy_user $cookie_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $cookie_who;
privacy_organization $organization;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_user" takes "$cookie_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 4: privacy_user ${http_x_who}: the client chooses
--- http_config
$LOGIN $BASE
privacy_user ${http_x_who};
privacy_organization $organization;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_user" takes "${http_x_who}" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 5: privacy_user $HTTP_X_WHO: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $HTTP_X_WHO;
privacy_organization $organization;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_user" takes "$HTTP_X_WHO" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 6: privacy_user u-$arg_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user u-$arg_who;
privacy_organization $organization;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_user" takes "u-$arg_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 7: privacy_organization $http_x_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $http_x_who;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_organization" takes "$http_x_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 8: privacy_organization $arg_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $arg_who;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_organization" takes "$arg_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 9: privacy_organization $cookie_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $cookie_who;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_organization" takes "$cookie_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 10: privacy_organization ${http_x_who}: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization ${http_x_who};
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_organization" takes "${http_x_who}" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 11: privacy_organization $HTTP_X_WHO: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $HTTP_X_WHO;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_organization" takes "$HTTP_X_WHO" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 12: privacy_organization u-$arg_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization u-$arg_who;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_organization" takes "u-$arg_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 13: privacy_level $http_x_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $organization;
privacy_level $http_x_who;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_level" takes "$http_x_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 14: privacy_level $arg_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $organization;
privacy_level $arg_who;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_level" takes "$arg_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 15: privacy_level $cookie_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $organization;
privacy_level $cookie_who;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_level" takes "$cookie_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 16: privacy_level ${http_x_who}: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $organization;
privacy_level ${http_x_who};
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_level" takes "${http_x_who}" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 17: privacy_level $HTTP_X_WHO: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $organization;
privacy_level $HTTP_X_WHO;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_level" takes "$HTTP_X_WHO" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 18: privacy_level u-$arg_who: the client chooses
--- http_config
$LOGIN $BASE
privacy_user $user;
privacy_organization $organization;
privacy_level u-$arg_who;
--- config
location = /ok { privacy off; empty_gif; }
location / {
privacy on;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"privacy_level" takes "u-$arg_who" from the client as it is}, q{use what the portal's login has verified}, q{nginx.conf:}]



=== TEST 19: what comes of a map, of auth_request or of TLS is the login's
--- http_config
$LOGIN $BASE
privacy_user $remote_user;
privacy_organization $ssl_client_s_dn;
privacy_level $level;
--- config
location = /ok { privacy off; empty_gif; }
location / {
set $http_level $level;
privacy on;
privacy_level $level;
        privacy_account acme;
        privacy_camera cam1;
        privacy_resource live;
empty_gif;
}
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{from the client as it is}, q{[warn]}]



=== TEST 20: account, camera and resource do come from the client
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { privacy_account $http_account; privacy_camera $cookie_camera; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{[warn]}]



=== TEST 21: return 200 "x" in a gated location
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { return 200 "x"; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"return" answers before the gate}, q{in location "/" are not gated}, q{nginx.conf:}, q{move what they get behind a content handler}]



=== TEST 22: return 204 in a gated location
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { return 204; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"return" answers before the gate}, q{in location "/" are not gated}, q{nginx.conf:}, q{move what they get behind a content handler}]



=== TEST 23: return 301 /x in a gated location
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { return 301 /x; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"return" answers before the gate}, q{in location "/" are not gated}, q{nginx.conf:}, q{move what they get behind a content handler}]



=== TEST 24: return 302 /x in a gated location
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { return 302 /x; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"return" answers before the gate}, q{in location "/" are not gated}, q{nginx.conf:}, q{move what they get behind a content handler}]



=== TEST 25: return behind other directives of the rewrite phase
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { set $a b; rewrite ^/x /y; return 200 ok; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{"return" answers before the gate}]



=== TEST 26: return in an if of a gated location
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { if ($arg_x) { return 200 ok; } empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{"return" answers before the gate}]



=== TEST 27: return in a gated server
--- http_config
$LOGIN $BASE $WHO
--- config
if ($arg_x) { return 200 ok; }
location = /ok { privacy off; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{"return" answers before the gate}]



=== TEST 28: return where the gate is in shadow
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { privacy shadow; return 200 ok; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{"return" answers before the gate}]



=== TEST 29: return where the gate is off
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { privacy off; return 200 ok; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{"return" answers}]



=== TEST 30: return 403 lets nothing out
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { return 403; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{"return" answers}]



=== TEST 31: return 404 lets nothing out
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { return 404; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{"return" answers}]



=== TEST 32: return 444 lets nothing out
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { return 444; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{"return" answers}]



=== TEST 33: return 503 lets nothing out
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location / { return 503; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{"return" answers}]



=== TEST 34: error_page of the deny status to an ungated page, status changed
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy off; empty_gif; }
location /video { error_page 403 =200 /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"error_page}, q{is not gated: the client may see 200}]



=== TEST 35: error_page = to an ungated page
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy off; empty_gif; }
location /video { error_page 403 = /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"error_page}, q{is not gated: the client may see 200}]



=== TEST 36: error_page of the outage
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy off; empty_gif; }
location /video { error_page 503 =200 /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"error_page}, q{is not gated: the client may see 200}]



=== TEST 37: error_page of a deny status of one's own
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy off; empty_gif; }
location /video { privacy_deny_status 404; error_page 404 =200 /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"error_page}, q{is not gated: the client may see 200}]



=== TEST 38: error_page to an ungated named location
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location @free { privacy off; empty_gif; }
location /video { error_page 403 = @free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"error_page}, q{is not gated: the client may see 200}]



=== TEST 39: error_page inherited from the server
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
error_page 403 =200 /free;
location /free { privacy off; empty_gif; }
location /video {  empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"error_page}, q{is not gated: the client may see 200}]



=== TEST 40: error_page that keeps the status
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy off; empty_gif; }
location /video { error_page 403 /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{is not gated: the client may see 200}]



=== TEST 41: error_page with another status of an error
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy off; empty_gif; }
location /video { error_page 403 =404 /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{is not gated: the client may see 200}]



=== TEST 42: error_page to a gated page
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /also { empty_gif; }
location /video { error_page 403 = /also; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{is not gated: the client may see 200}]



=== TEST 43: error_page of another status
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy off; empty_gif; }
location /video { error_page 404 =200 /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{is not gated: the client may see 200}]



=== TEST 44: error_page where the gate is off
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy off; empty_gif; }
location /video { privacy off; error_page 403 =200 /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{is not gated: the client may see 200}]



=== TEST 45: error_page to a location in shadow
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy shadow; empty_gif; }
location /video { error_page 403 =200 /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- error_log eval
[q{[warn]}, q{"error_page}, q{is not gated: the client may see 200}]



=== TEST 46: error_page of 403 where another status denies
--- http_config
$LOGIN $BASE $WHO
--- config
location = /ok { privacy off; empty_gif; }
location /free { privacy off; empty_gif; }
location /video { privacy_deny_status 404; error_page 403 =200 /free; empty_gif; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{is not gated: the client may see 200}]



=== TEST 47: a configuration as it should be has no warning
--- http_config
$LOGIN $BASE $WHO $SHOW
--- config
location = /ok { privacy off; empty_gif; }
location / { error_page 403 /denied.html; empty_gif; }
location = /denied.html { internal; privacy off; }
--- request
GET /ok
--- error_code_like: ^(?:200|204)$
--- no_error_log eval
[q{[warn]}]
