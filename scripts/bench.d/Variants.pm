package Variants;

# The configurations that are compared.  All have the same server, locations
# and variables; they differ in who decides.

use strict;
use warnings;

my $MODULES = '/usr/lib/nginx/modules';

my $IDENTITY = <<'END';
        privacy on;
        privacy_user          $user;
        privacy_organization  $organization;
        privacy_level         $level;
        privacy_account       $account;
        privacy_camera        $camera;
        privacy_resource      $resource;
END

my $LUA = <<"END";
load_module $MODULES/ndk_http_module.so;
load_module $MODULES/ngx_http_lua_module.so;
END

my $LUA_HTTP = <<'END';
    lua_package_path "@BENCH@/?.lua;;";
    lua_shared_dict verdicts 10m;
    init_by_lua_block {
        gate = require "gate"
        gate.socket = "unix:@DIR@/redis.sock"
    }
END

my $AUTH_HTTP = <<'END';
    upstream auth {
        server unix:@DIR@/@SERVICE@.sock;
        keepalive 64;
    }
END

my $AUTH_SERVER = <<'END';
        auth_request /auth;

        location = /auth {
            internal;
            auth_request off;
            proxy_pass http://auth/;
            proxy_pass_request_body off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-User $user;
            proxy_set_header X-Organization $organization;
            proxy_set_header X-Level $level;
            proxy_set_header X-Resource $resource;
        }
END

my %GATE = (
    main => "load_module \@MODULE\@;\n",
    http => "    privacy_redis unix:\@DIR\@/redis.sock;\n",
    server => $IDENTITY,
);

our %ALL = (
    bare => { title => 'bare nginx' },

    # the same in another process: how far apart are equals?
    again => { title => 'bare nginx, a second one' },

    owner => { %GATE, title => 'gate, an owner',
               organization => 'a0000000', level => 'client' },

    cached => { %GATE, title => 'gate, verdict cached' },

    uncached => { %GATE, title => 'gate, `privacy_cache off`',
                  http => "$GATE{http}    privacy_cache off;\n" },

    lua_redis => { title => 'access_by_lua + Redis, every request',
                   main => $LUA, http => $LUA_HTTP,
                   server => "        access_by_lua_block { gate.each() }\n" },

    lua_shared => { title => 'access_by_lua + lua_shared_dict',
                    main => $LUA, http => $LUA_HTTP, server =>
                        "        access_by_lua_block { gate.shared() }\n" },

    auth_c => { title => 'auth_request to a lean C service',
                http => $AUTH_HTTP, server => $AUTH_SERVER,
                service => 'auth' },

    auth_lua => { title => 'auth_request to nginx + Lua + Redis',
                  http => $AUTH_HTTP, server => $AUTH_SERVER,
                  service => 'auth_lua' },
);

my $FRAME = <<'END';
@USER@
@MAIN@
worker_processes 1;
@AFFINITY@
daemon off;
@SINGLE@
pid @NAME@.pid;
error_log @NAME@-error.log warn;

events {
    worker_connections @CONNECTIONS@;
}

http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    default_type application/octet-stream;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_header_buffer_size 8k;

    client_body_temp_path  temp;
    proxy_temp_path        temp;
    fastcgi_temp_path      temp;
    uwsgi_temp_path        temp;
    scgi_temp_path         temp;

    proxy_http_version 1.1;
    proxy_set_header Connection "";

    upstream backend {
        server unix:@DIR@/backend.sock;
        keepalive 64;
    }

@HTTP@
    server {
        listen @PORT@ backlog=16384;
@LISTEN@
        set $user ivo;
        set $organization @ORGANIZATION@;
        set $level @LEVEL@;
        set $resource live;

@SERVER@
@LOCATIONS@
    }
@MORE@
}
END

my $FILES = <<'END';
        location ~ "^/accounts/(?<account>[^/]+)/cameras/(?<camera>[^/]+)/live/1k$" {
            alias @DIR@/1k;
        }

        location ~ "^/accounts/(?<account>[^/]+)/cameras/(?<camera>[^/]+)/live/proxied$" {
            proxy_pass http://backend;
        }

        location ~ "^/accounts/(?<account>[^/]+)/cameras/(?<camera>[^/]+)/live/each$" {
            proxy_pass http://unix:@DIR@/backend.sock;
            proxy_http_version 1.0;
            proxy_set_header Connection close;
        }

        location ~ "^/accounts/(?<account>[^/]+)/cameras/(?<camera>[^/]+)/live/1m$" {
            alias @DIR@/1m;
        }
END

# What a request takes in memory before the gate comes is of any length, as
# it is where a portal has variables of its own: memory comes in blocks, and
# on average they even out

my $STREAMS = <<'END';
        set $various "$http_x_pad;";

        location = /probe {
@UNGATED@
            alias @DIR@/probe;
        }

        location ~ "^/accounts/(?<account>[^/]+)/cameras/(?<camera>[^/]+)/live/stream$" {
            proxy_pass http://unix:@DIR@/drip.sock;
            proxy_buffering off;
            proxy_read_timeout 1h;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $http_connection;
        }

        location ~ "^/accounts/(?<account>[^/]+)/cameras/(?<camera>[^/]+)/live/stream/file$" {
            alias @DIR@/1m;
            limit_rate 400;
            open_file_cache max=10 inactive=1h;
        }
END

my $LUA_SERVICE = <<'END';
@USER@
@MAIN@
worker_processes 1;
daemon off;
pid @NAME@.pid;
error_log @NAME@-error.log warn;

events {
    worker_connections 512;
}

http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path  temp;
    proxy_temp_path        temp;
    fastcgi_temp_path      temp;
    uwsgi_temp_path        temp;
    scgi_temp_path         temp;
@HTTP@
    server {
        listen unix:@DIR@/auth_lua.sock;

        location / {
            content_by_lua_block { gate.service() }
        }
    }
}
END


sub fill {
    my ($text, $words) = @_;

    # words may hold words
    for (1 .. 3) {
        $text =~ s/\@([A-Z]+)\@/$words->{$1} \/\/ ''/ge;
    }

    return $text;
}


# A configuration: of which variant, and what besides (words for the frame,
# in capital letters).

sub configuration {
    my ($which, %words) = @_;

    my $variant = $ALL{$which} or die "no variant $which\n";

    return fill($FRAME, {
        LOCATIONS => $FILES, CONNECTIONS => 512,
        ORGANIZATION => $variant->{organization} // 'northcam',
        LEVEL => $variant->{level} // 'integrator',
        MAIN => $variant->{main}, SERVER => $variant->{server},
        SERVICE => $variant->{service}, %words,
        HTTP => ($variant->{http} // '') . ($words{HTTP} // ''),
    });
}


# For live streams: the gate, on or off

sub streams {
    my ($gated, %words) = @_;

    my $server = $gated ? $IDENTITY : $IDENTITY =~ s/privacy on/privacy off/r;

    return configuration('cached', LOCATIONS => $STREAMS, SERVER => $server,
                         UNGATED => 'privacy off;', %words);
}


sub lua_service {
    my (%words) = @_;

    return fill($LUA_SERVICE, { MAIN => $LUA, HTTP => $LUA_HTTP, %words });
}


1;
