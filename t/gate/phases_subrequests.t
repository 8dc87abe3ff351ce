# What one answer is put together from: each part is gated as if it had been
# asked for, also while several wait for their facts at once.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Gate;
use PrivacyTest::Proxy ();

my $has_echo = ($ENV{TEST_NGINX_LOAD_MODULES} // '') =~ /http_echo/;
my $echo = !$has_echo ? '' : <<'END';
        location /echo {
            echo "begin";
            echo_location /live/open/c1;
            echo_location /live/shut/c1;
            echo_location /live/open/c2;
            echo "end";
        }

        location /async {
            echo "begin";
            echo_location_async /live/open/c1;
            echo_location_async /live/shut/c1;
            echo_location_async /live/open/c2;
            echo "end";
        }
END

my $redis = redis();
my $proxy = PrivacyTest::Proxy->new($redis);

sub start {
    my ($directives) = @_;

    return nginx(vars => { REDIS => $proxy->socket },
                 http => gate($directives . <<'END' . $echo . "    }\n"));

    privacy_timeout 5s;

    server {
        listen 127.0.0.1:%PORT2%;
        access_log %DIR%/logs/behind.log;

        location / {
            return 200 "[video of $uri]";
        }

        location = /large {
            root %HTML%;
        }
    }

    server {
        listen 127.0.0.1:%PORT%;
        root %HTML%;

        location /pages/ {
            ssi on;
        }

        location ~ ^/live/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            proxy_set_header Accept-Encoding "";
            proxy_pass http://127.0.0.1:%PORT2%/$account/$camera$is_args;
        }

        location ~ ^/files/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            try_files /snapshots/$account =404;
        }

        location ~ ^/registered/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            privacy_camera_registry on;
            proxy_pass http://127.0.0.1:%PORT2%/$account/$camera;
        }

        # a page that is itself behind the gate
        location ~ ^/gated/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            ssi on;
            try_files /pages/files.html =404;
        }

        # auth_request into a gated location
        location ~ ^/asked/(?<account>\w+)/(?<camera>\w+) {
            auth_request /live/$account/$camera;
            root %HTML%/snapshots;
            try_files /open =404;
        }

        location ~ ^/slices/(?<account>\w+)/(?<camera>\w+) {
            privacy on;
            slice 4k;
            proxy_set_header Range $slice_range;
            proxy_http_version 1.1;
            set $large /large;
            proxy_pass http://127.0.0.1:%PORT2%$large;
        }

        location ~ ^/added/(?<account>\w+)/(?<camera>\w+) {
            add_before_body /live/shut/c1;
            add_after_body /live/open/c1;
            addition_types *;
            root %HTML%;
            try_files /added =404;
        }
END
}

sub prepare {
    my ($nginx) = @_;

    my $html = $nginx->html;
    mkdir "$html/$_" for qw(pages snapshots);
    write_file("$html/snapshots/$_", "[video of $_]") for qw(open shut);
    write_file("$html/added", '|');
    write_file("$html/large", 'x' x 100_000);
    for my $kind (qw(live files)) {
        my @parts = map { "<!--#include virtual=\"/$kind/$_\" -->" }
                    qw(open/c1 shut/c1 open/c2 shut/c2);
        write_file("$html/pages/$kind.html", join "\n", 'begin', @parts,
                                             "end\n");
    }
    for my $kind (qw(live registered)) {
        write_file("$html/pages/own-$kind.html", join '', map {
            "<!--#include virtual=\"/$kind/open$_/c$_\" -->"
        } 1 .. 6);
    }
}

my @inst = who('inst');

sub one_page {
    my ($r, $name, $of) = @_;

    is($r->{status}, 200, "$name: a page");
    like($r->{body}, qr/^begin.*end$/s, "$name: all of it");
    unlike($r->{body}, qr/video of \S*shut/, "$name: nothing of the shut");
    is(scalar(my @n = $r->{body} =~ /video of \S*open/g), 2,
       "$name: both of the open");
}

# Suspended all at once: the reads are held until both accounts' are due.
sub held {
    my ($nginx, $path, $reads) = @_;

    $proxy->set(hold => 1);
    my $client = http_connect($nginx->port);
    $client->request('GET', $path, { header => \@inst });
    eval { $proxy->wait_held($reads, 1) } or diag("$path: $@");
    $proxy->set;
    my $r = $client->response;
    $client->close;
    return $r;
}

for my $cache ('on', 'off') {
    my $nginx = start($cache eq 'off' ? "    privacy_cache off;\n" : '');
    prepare($nginx);
    $redis->flush;
    allow($redis, 'open', 'inst');
    my $name = "cache $cache";

    for my $kind (qw(live files)) {
        # FLUSHALL has been announced once a change of before is known.
        one_page(held($nginx, "/pages/$kind.html", 2),
                 "$name, $kind, suspended");
        one_page(http_get($nginx->port, "/pages/$kind.html", @inst),
                 "$name, $kind");
        $redis->flush;
        allow($redis, 'open', 'inst');
    }

    if ($has_echo) {
        one_page(http_get($nginx->port, "/$_", @inst), "$name, $_")
            for qw(echo async);
        $redis->flush;
        allow($redis, 'open', 'inst');
        one_page(held($nginx, '/async', 2), "$name, async, suspended");
    }

    one_page(http_get($nginx->port, '/gated/open/c1', @inst),
             "$name, a gated page");
    is(http_get($nginx->port, '/gated/shut/c1', @inst)->{status}, 403,
       "$name, a gated page that is shut");

    my $r = http_get($nginx->port, '/added/open/c1', @inst);
    is($r->{status}, 200, "$name, addition");
    like($r->{body}, qr{\|\[video of /open/c1\]}, "$name, addition: the open");
    unlike($r->{body}, qr{video of \S*shut}, "$name, addition: the shut");

    $r = http_get($nginx->port, '/slices/open/c1', @inst);
    is($r->{status}, 200, "$name, slices");
    is(length $r->{body}, 100_000, "$name, slices: all of them");
    $r = http_get($nginx->port, '/slices/shut/c1', @inst);
    is($r->{status}, 403, "$name, slices: denied");

    # While they wait, each keeps what its own location captured: parts of
    # accounts of their own, in one wait and in two.
    for my $kind (qw(live registered)) {
        $redis->flush;
        for my $n (1 .. 6) {
            allow($redis, "open$n", 'inst');
            $redis->cmd('SET', "privacy:camera:c$n", "open$n");
        }
        my $r = held($nginx, "/pages/own-$kind.html", 6);
        is($r->{body}, join('', map { "[video of /open$_/c$_]" } 1 .. 6),
           "$name, $kind: parts of six accounts, each its own");
    }

    # A client that goes while parts of its page wait.
    $redis->flush;
    $proxy->set(hold => 1);
    for my $path ('/pages/live.html', $has_echo ? '/async' : ()) {
        my $from = length $nginx->access_log;
        my $client = http_connect($nginx->port);
        $client->request('GET', $path, { header => \@inst });
        eval { $proxy->wait_held(1, 1) };
        $client->close;
        wait_until(sub {
            substr($nginx->access_log, $from) =~ /^GET $path (?:499|200)/m
        }, 'the end of an aborted request');
        pass("$name, $path: aborted");
    }
    $proxy->set;

    ok($nginx->quit, "$name: quit");
    is_deeply([ $nginx->log_lines(qr/\[(?:crit|alert|emerg)\]|open socket/) ],
              [], "$name: nothing in the log");
}

done_testing();
