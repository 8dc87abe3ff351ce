package PrivacyRedis;

# For Test::Nginx files: a private Redis that is there before the first block
# and empty before each block.
#
#   use lib 't/lib';
#   use PrivacyRedis;               # or: use PrivacyRedis tcp => 1, tls => 1;
#   use Test::Nginx::Socket 'no_plan';
#   run_tests();
#   __DATA__
#   === TEST 1: a name
#   --- http_config
#       privacy_redis unix:$TEST_NGINX_REDIS_SOCKET;
#   --- init
#       redis('SET', 'privacy:{a}:unrestricted', '1', 'EX', 10);
#
# Load it before Test::Nginx: outside of scripts/test it says where nginx and
# the module are.  Blocks may use $TEST_NGINX_REDIS_SOCKET, _REDIS_PORT,
# _REDIS_TLS_PORT, _TLS_CA, _TLS_OTHER_CA, _TLS_CLIENT_CRT, _TLS_CLIENT_KEY
# (where asked for), _MODULES (the folder of the packaged modules) and _TMP (a
# folder of this test).
#
# Perl in a block: "init" runs when nginx has started, before the request;
# "post_setup_server_root" before nginx starts.  Both know redis(COMMAND, ...)
# and redis_server(), a PrivacyTest::Redis.

use strict;
use warnings;

use Cwd ();
use PrivacyTest ();

my $redis;

sub redis { return $redis->cmd(@_) }

sub redis_server { return $redis }

sub import {
    my ($class, %options) = @_;

    my $caller = caller;

    if (!$redis) {
        $redis = PrivacyTest::redis(%options);
        environment(%options);
        require Test::Nginx::Util;
        Test::Nginx::Util::add_block_preprocessor(\&prepare);
        speak_http2();
    }

    no strict 'refs';
    no warnings 'redefine';
    for my $package ($caller, 'Test::Nginx::Util') {
        *{"${package}::redis"} = \&redis;
        *{"${package}::redis_server"} = \&redis_server;
    }
}

sub environment {
    my (%options) = @_;

    my $modules = '/usr/lib/nginx/modules';
    my $build = Cwd::getcwd() . '/.build';

    $ENV{TEST_NGINX_TMP} = PrivacyTest::test_dir();
    $ENV{TEST_NGINX_REDIS_SOCKET} = $redis->socket;
    $ENV{TEST_NGINX_REDIS_PORT} = $redis->port if $options{tcp};
    if ($options{tls}) {
        my $tls = PrivacyTest::certificates();
        $ENV{TEST_NGINX_REDIS_TLS_PORT} = $redis->tls_port;
        $ENV{'TEST_NGINX_TLS_' . uc} = $tls->{$_} for keys %$tls;
    }

    $ENV{TEST_NGINX_BINARY} //= '/usr/sbin/nginx';
    $ENV{TEST_NGINX_MODULES} //= $modules;
    $ENV{TEST_NGINX_LOAD_MODULES} //= join ' ', grep { -e }
        "$modules/ngx_http_echo_module.so",
        "$build/ngx_http_privacy_module.so";
    $ENV{TEST_NGINX_SERVROOT} //= PrivacyTest::test_dir() . '/servroot';

    # Workers, where there are any, reach folders of the one who tests.
    $ENV{TEST_NGINX_WORKER_USER} //= 'root' if $> == 0;
}

# Before each block.  A block may have stopped or paused Redis.
sub prepare {
    my ($block) = @_;

    $redis->start;
    $redis->resume;
    $redis->flush;
}

# Test::Nginx writes "http2 on;" from nginx 1.19.9 on, which nginx knows from
# 1.25.1 on: until then the configuration is written as for an older one.
sub speak_http2 {
    return if PrivacyTest::Nginx::version() >= 1.025001;

    no warnings 'redefine', 'prototype';
    my $write = \&Test::Nginx::Util::write_config_file;
    *Test::Nginx::Util::write_config_file = sub {
        no warnings 'once';
        local $Test::Nginx::Util::NginxVersion = '1.019008';
        return $write->(@_);
    };
}

1;
