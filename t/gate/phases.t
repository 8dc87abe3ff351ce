# Where the gate stands among nginx' phases: behind everything that says who
# asks, ahead of everything that answers or does something.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Gate;

my $redis = redis();
my $nginx = nginx(vars => { REDIS => $redis->socket }, log_level => 'debug',
                  http => gate(<<'END'));

    upstream files {
        server 127.0.0.1:%PORT2%;
        keepalive 4;
    }

    limit_req_zone $http_x_user zone=req:1m rate=1r/m;
    limit_conn_zone $http_x_user zone=conn:1m;

    # Answers for everything behind the gate, and says what it was asked.
    server {
        listen 127.0.0.1:%PORT2%;
        access_log %DIR%/logs/behind.log;
        client_max_body_size 100m;

        location / {
            add_header X-Behind "$request_method $uri";
            rewrite ^ /clip.mp4 break;
            root %HTML%;
        }

        location /upload {
            add_header X-Length $http_content_length;
            proxy_pass http://127.0.0.1:%PORT2%/eaten;
        }

        location /eaten {
            return 200 "$request_method $content_length\n";
        }

        location /identity {
            if ($http_x_token = good) {
                add_header X-Auth-User somebody;
                add_header X-Auth-Organization inst;
                add_header X-Auth-Level integrator;
            }
            return 204;
        }

        location /redirect/ {
            add_header X-Accel-Redirect $arg_to;
            return 200 "not to be seen";
        }
    }

    server {
        listen 127.0.0.1:%PORT%;
        root %HTML%;
        client_max_body_size 100m;

        # satisfy any: one of the two is enough for nginx
        location ~ ^/any/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            satisfy any;
            allow 127.0.0.1;
            deny all;
            auth_basic closed;
            auth_basic_user_file %DIR%/users;
            try_files /clip.mp4 =404;
        }

        # who it is comes from a login
        location ~ ^/login/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            auth_request /identity;
            auth_request_set $user $upstream_http_x_auth_user;
            auth_request_set $organization $upstream_http_x_auth_organization;
            auth_request_set $level $upstream_http_x_auth_level;
            privacy_user $user;
            privacy_organization $organization;
            privacy_level $level;
            try_files /clip.mp4 =404;
        }

        location = /identity {
            internal;
            proxy_pass http://files;
        }

        location ~ ^/basic/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            auth_basic closed;
            auth_basic_user_file %DIR%/users;
            privacy_user $remote_user;
            privacy_organization $remote_user;
            privacy_level integrator;
            try_files /clip.mp4 =404;
        }

        # what comes behind the gate in the same phase
        location ~ ^/mirrored/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            mirror /copy;
            try_files /clip.mp4 =404;
        }

        location = /copy {
            internal;
            privacy off;
            proxy_pass http://files/copied/$request_uri;
        }

        location ~ ^/try/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            try_files $uri /none @else;
        }

        location @else {
            privacy on;
            try_files /clip.mp4 =404;
        }

        location ~ ^/tried/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            try_files /none =404;
        }

        # return answers before the gate: as documented
        location ~ ^/return/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            return 200 "not gated\n";
        }

        # internal redirects
        location /redirect/ {
            proxy_pass http://files;
        }

        location ~ ^/gated/redirect/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            proxy_pass http://files/redirect/$is_args$args;
        }

        location ~ ^/files/(?<account>\w+)/(?<camera>\w+) {
            internal;
            privacy on;
            try_files /clip.mp4 =404;
        }

        location /plain/ {
            internal;
            alias %HTML%/;
        }

        location ~ ^/named/(?<account>\w+)/(?<camera>\w+) {
            error_page 404 = @named;
            root %HTML%/none;
        }

        location @named {
            privacy on;
            try_files /clip.mp4 =404;
        }

        # error pages
        location ~ ^/page/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            error_page 403 /sorry.html;
            try_files /clip.mp4 =404;
        }

        location = /sorry.html {
        }

        location ~ ^/gatedpage/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            error_page 403 = /live/$account/$camera;
            try_files /clip.mp4 =404;
        }

        location ~ ^/seepage/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            error_page 403 = @see;
            try_files /clip.mp4 =404;
        }

        location @see {
            privacy_resource system;
            privacy on;
            try_files /sorry.html =404;
        }

        # what is behind the gate: static, proxied, buffered or not
        location ~ ^/live/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            try_files /clip.mp4 =404;
        }

        location ~ ^/proxied/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            proxy_pass http://files;
        }

        location ~ ^/unbuffered/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_pass http://files;
        }

        location ~ ^/upload/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            proxy_pass http://files/upload$is_args;
        }

        location ~ ^/streamed/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            proxy_request_buffering off;
            proxy_http_version 1.1;
            proxy_pass http://files/upload$is_args;
        }

        # limits
        location ~ ^/limited/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            limit_req zone=req burst=1 nodelay;
            limit_req_status 429;
            limit_conn conn 1;
            limit_conn_status 430;
            try_files /clip.mp4 =404;
        }

        # behind the answer
        location ~ ^/posted/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            post_action /done;
            try_files /clip.mp4 =404;
        }

        location = /done {
            internal;
            proxy_pass http://files/posted/$account/$status;
        }

        location ~ ^/gatedpost/(?<account>\w+)/(?<camera>\w+) {
            post_action @named;
            try_files /sorry.html =404;
        }
    }
END

my $clip = join '', map { sprintf "%07d\n", $_ } 1 .. 1000;

write_file($nginx->html . '/clip.mp4', $clip);
write_file($nginx->html . '/sorry.html', "sorry\n");
mkdir $nginx->html . '/try';
mkdir $nginx->html . '/try/open';
write_file($nginx->html . '/try/open/c1', "tried\n");
write_file($nginx->dir . '/users',
           join '', map { "$_:{PLAIN}secret\n" } qw(inst other));

allow($redis, 'open', 'inst');

my @inst = who('inst');

sub get { return http_get($nginx->port, shift, @_ ? @_ : @inst) }

sub is_denied {
    my ($r, $name) = @_;

    is($r->{status}, 403, "$name: denied");
    unlike($r->{body}, qr/^0000|tried|not to be/m, "$name: nothing to see");
    is($r->{header}{'cache-control'}, 'no-store', "$name: not to be kept");
}

sub is_clip {
    my ($r, $name) = @_;

    is($r->{status}, 200, "$name: allowed");
    ok($r->{body} eq $clip, "$name: all of it");
}

# --- satisfy any

is_clip(get('/any/open/c1'), 'satisfy any');
is_denied(get('/any/shut/c1'), 'satisfy any, an address that is allowed');
is_denied(get('/any/shut/c1', @inst,
              'Authorization' => 'Basic aW5zdDpzZWNyZXQ='),
          'satisfy any, both');

# --- identity of the access phase

is_clip(get('/login/open/c1', 'X-Token' => 'good'), 'auth_request_set');
is_denied(get('/login/shut/c1', 'X-Token' => 'good'), 'auth_request_set');
is_denied(get('/login/open/c1', 'X-Token' => 'bad'), 'nobody logged in');
answered($nginx, qr{/login/open/c1 403 verdict=deny reason=identity});

is(get('/basic/open/c1')->{status}, 401, 'auth_basic: comes first');
is_clip(get('/basic/open/c1', 'Authorization' => 'Basic aW5zdDpzZWNyZXQ='),
        'auth_basic, the one');
is_denied(get('/basic/open/c1',
              'Authorization' => 'Basic b3RoZXI6c2VjcmV0'),
          'auth_basic, another');

# --- mirror, try_files

is_clip(get('/mirrored/open/c1'), 'mirror');
is_denied(get('/mirrored/shut/c2'), 'mirror');
is_clip(get('/mirrored/open/c3'), 'mirror, again');

# The copies are sent in the order of the requests.
my $behind = sub { read_file($nginx->dir . '/logs/behind.log') };
wait_until(sub { $behind->() =~ m{/mirrored/open/c3} }, 'a copy');
like($behind->(), qr{/mirrored/open/c1}, 'an allowed request is mirrored');
unlike($behind->(), qr{/mirrored/shut}, 'a denied one is not');

is(get('/try/open/c1')->{body}, "tried\n", 'try_files: a file');
is_clip(get('/try/open/c2'), 'try_files: a named location, gated as well');
is_denied(get('/try/shut/c1'), 'try_files');
is(get('/tried/open/c1')->{status}, 404, 'try_files: =404 where allowed');
is_denied(get('/tried/shut/c1'), 'try_files: 404 is not told who may not');

# --- return

is(get('/return/shut/c1')->{body}, "not gated\n", 'return answers earlier');
answered($nginx, qr{/return/shut/c1 200 verdict= reason= source= role=});

# --- X-Accel-Redirect

is_clip(get('/redirect/?to=/files/open/c1'), 'X-Accel-Redirect');
answered($nginx, qr{to=/files/open/c1 200 verdict=allow reason=grant }
                 . 'source=grant role=administrator_full');
is_denied(get('/redirect/?to=/files/shut/c1'), 'X-Accel-Redirect');
answered($nginx, qr{to=/files/shut/c1 403 verdict=deny});
is(get('/files/open/c1')->{status}, 404, 'an internal location stays one');
is_denied(get('/gated/redirect/open/c1?to=/files/shut/c1'),
          'X-Accel-Redirect from open to shut');
is_clip(get('/gated/redirect/open/c1?to=/files/open/c2'),
        'X-Accel-Redirect from open to open');
is_denied(get('/gated/redirect/shut/c1?to=/files/open/c1'),
          'X-Accel-Redirect from shut to open');
is_clip(get('/gated/redirect/open/c1?to=/plain/clip.mp4'),
        'X-Accel-Redirect from open to what is not gated');
answered($nginx, qr{to=/plain/clip.mp4 200 verdict=allow reason=grant});
is_denied(get('/redirect/?to=@named'),
          'X-Accel-Redirect to a named location without an account');

# --- named locations, error pages

is_clip(get('/named/open/c1'), 'a named location');
is_denied(get('/named/shut/c1'), 'a named location');

my $r = get('/page/shut/c1');
is($r->{status}, 403, 'error_page: the status stays');
is($r->{body}, "sorry\n", 'error_page: its own words');
is($r->{header}{'cache-control'}, 'no-store', 'error_page: not to be kept');
answered($nginx, qr{/page/shut/c1 403 verdict=deny reason=stranger});
is_clip(get('/page/open/c1'), 'error_page');

is_denied(get('/gatedpage/shut/c1'), 'a gated error_page');
is_clip(get('/gatedpage/open/c1'), 'a gated error_page');

$redis->cmd('SET', 'privacy:{half}:providers', '["inst"]');
is(get('/seepage/half/c1')->{body}, "sorry\n",
   'an error_page of another resource');
is_denied(get('/seepage/shut/c1'), 'an error_page of another resource');

# --- methods, ranges

for my $where (qw(live proxied unbuffered)) {
    $r = http_request('HEAD', $nginx->port, "/$where/open/c1",
                      { header => \@inst });
    is($r->{status}, 200, "$where: HEAD");
    is($r->{header}{'content-length'}, length $clip, "$where: HEAD, length");
    is($r->{body}, '', "$where: HEAD, no body");
    $r = http_request('HEAD', $nginx->port, "/$where/shut/c1",
                      { header => \@inst });
    is($r->{status}, 403, "$where: HEAD is denied");

    $r = http_request('OPTIONS', $nginx->port, "/$where/shut/c1",
                      { header => \@inst });
    is($r->{status}, 403, "$where: OPTIONS is denied");
    $r = http_request('OPTIONS', $nginx->port, "/$where/open/c1",
                      { header => \@inst });
    is($r->{status}, 405, "$where: OPTIONS is not for files");

    $r = get("/$where/open/c1", @inst, 'Range' => 'bytes=8-15');
    is($r->{status}, 206, "$where: a range");
    is($r->{body}, "0000002\n", "$where: of that range");
    is_denied(get("/$where/shut/c1", @inst, 'Range' => 'bytes=8-15'),
              "$where: a range");

    is_clip(get("/$where/open/c1"), $where);
    is_denied(get("/$where/shut/c1"), $where);
}

is(http_request('TRACE', $nginx->port, '/live/shut/c1')->{status}, 405,
   'TRACE');

# --- uploads: the body is read after the gate

my $body = 'x' x 8_000_000;

for my $where (qw(upload streamed)) {
    $r = http_request('POST', $nginx->port, "/$where/open/c1",
                      { header => \@inst, body => $body });
    is($r->{body}, "POST 8000000\n", "$where: all of a large body");

    $r = http_request('POST', $nginx->port, "/$where/open/c1",
                      { header => [ @inst, 'Transfer-Encoding' => 'chunked' ],
                        body => "10000\r\n" . 'x' x 65536 . "\r\n0\r\n\r\n" });
    is($r->{body}, "POST 65536\n", "$where: a chunked body")
        if $where eq 'upload';

    my $client = http_connect($nginx->port);
    $client->request('POST', "/$where/shut/c1",
        { header => [ @inst, 'Content-Length' => 200_000,
                      'Expect' => '100-continue' ] });
    is($client->head->{status}, 403, "$where: denied before it is sent");
    $client->close;
}

my $client = http_connect($nginx->port);
$client->request('POST', '/upload/shut/c1',
                 { header => \@inst, body => 'x' x 300_000 });
$client->request('GET', '/live/open/c1', { header => \@inst });
is($client->response->{status}, 403, 'a body that nobody wants');
is_clip($client->response, 'the next request on the connection');

# --- keep-alive, pipelined

$client = http_connect($nginx->port);
for my $n (1 .. 3) {
    $client->request('GET', '/live/shut/c1', { header => \@inst });
    is($client->response->{status}, 403, "keep-alive $n: denied");
    $client->request('GET', '/live/open/c1', { header => \@inst });
    is_clip($client->response, "keep-alive $n");
}
# Three requests on one connection, the middle one of a third organization.
$client->request('GET', '/live/open/c1', { header => \@inst });
$client->request('GET', '/live/open/c1', { header => [ who('other') ] });
$client->request('GET', '/live/open/c1', { header => \@inst });
is_clip($client->response, 'pipelined 1');
is($client->response->{status}, 403, 'pipelined 2: denied');
is_clip($client->response, 'pipelined 3');
$client->close;

# --- limits

is_clip(get('/limited/open/c1', who('inst', 'integrator', 'u1')), 'limit_req');
is_denied(get('/limited/shut/c1', who('inst', 'integrator', 'u1')),
          'limit_req, within the burst');
is(get('/limited/open/c1', who('inst', 'integrator', 'u1'))->{status}, 429,
   'limit_req, beyond it');

# --- post_action

is_clip(get('/posted/open/c1'), 'post_action');
wait_until(sub { $behind->() =~ m{/posted/open/200} }, 'post_action');
is_denied(get('/posted/shut/c1'), 'post_action');
wait_until(sub { $behind->() =~ m{/posted/shut/403} }, 'post_action');
answered($nginx, qr{GET /posted/shut/c1 403 verdict=deny});
is(get('/gatedpost/shut/c1')->{body}, "sorry\n", 'a gated post_action');
answered($nginx, qr{GET /gatedpost/shut/c1 403 verdict=deny});
is(get('/gatedpost/open/c1')->{body}, "sorry\n", 'a gated post_action');
answered($nginx, qr{GET /gatedpost/open/c1 \d+ verdict=allow});

# --- the end

ok($nginx->quit, 'quit');
is_deeply([ $nginx->log_lines(qr/\[(?:crit|alert|emerg)\]|open socket/) ],
          [], 'nothing in the log');

done_testing();
