package PrivacyTest::Cut;

# What the tests of the cut share: a gate whose requesters say who they are in
# headers, records, many streams read at once, and what is to be measured.
#
#   use PrivacyTest;
#   use PrivacyTest::Cut;
#
#   my $nginx = gate($redis, server => 'location /x { ... }');
#   grant($redis, 'a', 'i', role => 'user_full', cameras => ['c']);
#   my $stream = watch($nginx, '/x', id => 'v1', org => 'i');
#   pump([ $stream ], sub { $stream->how }, 5);

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use POSIX ();
use Socket ();
use Test::More ();

our @EXPORT = qw(
    gate grant unrestricted providers iso watch identity pump body
    cut_within ended slack reloaded logged gap untouched tls_connect is_asan
    clean_log
);

my ($upstream, $control);

sub is_asan { return ($ENV{TEST_PRIVACY_VARIANT} // '') eq 'asan' }

# Outside of scripts/test the module is where scripts/build leaves it.
sub prepare {
    return if $ENV{TEST_PRIVACY_VARIANT};

    (my $root = __FILE__) =~ s{t/lib/PrivacyTest/Cut\.pm$}{};
    $root = './' if $root eq '';
    require Cwd;
    $ENV{TEST_NGINX_LOAD_MODULES} //=
        Cwd::abs_path("${root}.build") . '/ngx_http_privacy_module.so';
}

# An nginx with the gate on: headers X-User, X-Org, X-Level, X-Account,
# X-Camera and X-Resource say who wants what, X-Id names a request in cut.log.
sub gate {
    my ($redis, %options) = @_;

    prepare();

    my $gate = $options{gate} // '';
    $upstream = $options{vars}{UPSTREAM};
    my $vars = { REDIS => $redis->socket, %{ $options{vars} // {} } };
    my $http = $options{http} // '';
    my $server = $options{server} // '';
    my $listen = $options{listen} // '';
    my $mode = $options{mode} // 'on';
    delete @options{qw(gate vars http server listen mode)};

    return PrivacyTest::nginx(
        vars => $vars,
        connections => 4096,
        %options,
        http => <<"END");
    map \$http_x_account \$account { default \$http_x_account; '' a; }
    map \$http_x_camera \$camera { default \$http_x_camera; '' c; }
    map \$http_x_resource \$resource { default \$http_x_resource; '' live; }
    map \$http_x_level \$level { default \$http_x_level; '' integrator; }
    map \$http_x_user \$user { default \$http_x_user; '' ann; }
    map \$http_upgrade \$upgrade { default upgrade; '' close; }

    log_format cut '\$http_x_id \$status "\$privacy_cut" \$body_bytes_sent '
                   '\$msec';
    access_log %DIR%/logs/cut.log cut;

    privacy_redis unix:%REDIS%;
    privacy_sweep off;
    privacy_user \$user;
    privacy_organization \$http_x_org;
    privacy_level \$level;
    privacy_account \$account;
    privacy_camera \$camera;
    privacy_resource \$resource;
    $gate

    keepalive_timeout 60s;
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_max_temp_file_size 0;

    $http

    server {
        listen 127.0.0.1:%PORT%;
        $listen
        privacy $mode;
        $server
    }
END
}

# Records, as a portal would write them.  A time is seconds since the epoch.

sub iso {
    my ($time) = @_;

    my $seconds = POSIX::floor($time);
    return POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime $seconds)
           . sprintf '.%03dZ', ($time - $seconds) * 1000;
}

sub json {
    my ($value) = @_;

    return 'null' if !defined $value;
    return $$value ? 'true' : 'false' if ref $value eq 'SCALAR';
    return '[' . join(',', map { json($_) } @$value) . ']' if ref $value;
    return "\"$value\"";
}

sub record {
    my (%fields) = @_;

    return '{' . join(',', map { "\"$_\":" . json($fields{$_}) }
                      sort keys %fields) . '}';
}

# "ttl" is Redis' own, in ms; all others are fields of the record.
sub put {
    my ($redis, $key, %fields) = @_;

    my $ttl = delete $fields{ttl};
    return $redis->cmd('SET', $key, record(%fields),
                       defined $ttl ? ('PX', $ttl) : ());
}

sub grant {
    my ($redis, $account, $org, %fields) = @_;

    put($redis, "privacy:{$account}:grant:$org", role => 'user_full',
        cameras => ['c'], level => 'integrator',
        granted_at => iso(PrivacyTest::now() - 60), %fields);
}

sub unrestricted {
    my ($redis, $account, %fields) = @_;

    put($redis, "privacy:{$account}:unrestricted",
        at => iso(PrivacyTest::now()), by => 'ann', %fields);
}

sub providers {
    my ($redis, $account, @orgs) = @_;

    $redis->cmd('SET', "privacy:{$account}:providers", json(\@orgs));
}

# Header lines of a requester: id, org, and user, level, account, camera,
# resource where they are not the usual ones.
sub identity {
    my (%who) = @_;

    my @header;
    for my $name (qw(id org user level account camera resource)) {
        push @header, 'X-' . ucfirst $name, $who{$name}
            if defined $who{$name};
    }
    return @header;
}

# Opens a stream and reads its head.  Besides identity(): expect (200; 0: do
# not wait for a head), header (more of them), slow (a small receive buffer),
# client (a connection that is there already), port.
sub watch {
    my ($nginx, $path, %who) = @_;

    my $client = $who{client}
                 // PrivacyTest::http_connect($who{port} // $nginx->port);
    setsockopt $client->fh, Socket::SOL_SOCKET, Socket::SO_RCVBUF, 16384
        if $who{slow};
    $client->{slow} = $who{slow};
    $client->request($who{method} // 'GET', $path, {
        header => [ identity(%who), @{ $who{header} // [] } ],
        body   => $who{body},
    });

    my $expect = $who{expect} // 200;
    if ($expect) {
        my $head = $client->head;
        die "$path: $head->{status} instead of $expect\n"
            if $head->{status} != $expect;
    }
    return $client;
}

# A stream straight from the upstream, read with all others: how much of a gap
# is this machine's.
sub control {
    if ($upstream && (!$control || $control->how)) {
        $control = PrivacyTest::http_connect($upstream);
        $control->request('GET', '/mjpeg', { header => [ 'X-Id', '-' ] });
    }
    return $control // ();
}

# Reads from all of them until the code says yes; true if it did in time.
# What is slow gets a piece every few milliseconds only.
sub pump {
    my ($clients, $until, $timeout) = @_;

    $clients = [ @$clients, control() ];
    my $end = PrivacyTest::now() + ($timeout // 10);
    my $slow_at = 0;

    while (!$until->()) {
        my $now = PrivacyTest::now();
        return 0 if $now > $end;

        my ($bits, $wait) = ('', 0.01);
        my $turn = $now >= $slow_at;
        $slow_at = $now + 0.004 if $turn;

        for my $client (@$clients) {
            next if $client->how || $client->{slow} && !$turn;
            vec($bits, fileno $client->fh, 1) = 1;
        }
        $wait = 0.004 if grep { $_->{slow} } @$clients;
        next if select($bits, undef, undef, $wait) <= 0;

        for my $client (@$clients) {
            next if $client->how;
            $client->receive(0) if vec $bits, fileno $client->fh, 1;
        }
    }
    return 1;
}

# What came of a body so far, without its head and its chunks.
sub body {
    my ($client) = @_;

    my $bytes = join '', map { $_->[1] } $client->pieces;
    return $bytes if !$client->isa('PrivacyTest::Http');
    $bytes =~ s/\A(?:HTTP\S+ 1(?!01).*?\r\n\r\n)*(.*?)\r\n\r\n//s
        or return '';
    my $head = $1;
    return $bytes if $head !~ /^transfer-encoding:\s*chunked/mi;

    my ($body, $at) = ('', 0);
    pos($bytes) = 0;
    while ($bytes =~ /\G([0-9a-f]+)\r\n/gci) {
        my $size = hex $1;
        last if $size == 0;
        $body .= substr $bytes, pos $bytes, $size;
        my $next = pos($bytes) + $size + 2;
        last if $next >= length $bytes;
        pos($bytes) = $next;
    }
    return $body;
}

# ms that a noisy machine may take for a cut.
sub limit { return $ENV{TEST_PRIVACY_CUT_MS} // (is_asan() ? 400 : 100) }

# Tests that a stream ended within the limit of that moment, plus what this
# machine was seen to stand still at the same time (the longest gap of streams
# that were not cut), and says how long it took.
sub cut_within {
    my ($client, $at, $name, @others) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    if (!$client->how) {
        Test::More::fail("$name: cut");
        return;
    }
    my $last = 1000 * (($client->last_at // $at) - $at);
    my $closed = 1000 * (ended($client) - $at);
    my $noise = 0;
    for my $other (@others, control()) {
        my $gap = 1000 * gap($other, $at, ended($client) + 0.02);
        $noise = $gap if $gap > $noise;
    }
    Test::More::cmp_ok($closed, '<', limit() + $noise, "$name: cut");
    Test::More::note(sprintf
        '%s: last byte after %.1f ms, closed after %.1f ms (%s)',
        $name, $last < 0 ? 0 : $last, $closed, $client->how);
    return $closed;
}

# When a stream ended.
sub ended {
    my ($client) = @_;

    return $client->isa('PrivacyTest::Http') ? $client->{closed_at}
                                             : $client->stream->{ended};
}

# ms to seconds, for what is compared elsewhere.
sub slack { return limit() / 1000 }

# The longest time without a byte between two moments.
sub gap {
    my ($client, $from, $to) = @_;

    my ($longest, $last) = (0);
    for my $piece ($client->pieces) {
        my $at = $piece->[0];
        if (defined $last && $at >= $from && $last <= $to) {
            $longest = $at - $last if $at - $last > $longest;
        }
        $last = $at;
    }
    return $longest;
}

# Tests that a stream of frames went on as if nothing had been: no gap that is
# 20 ms longer than its own before that moment, or than one at the same time of
# a stream that does not pass nginx; and not a byte lost.
sub untouched {
    my ($client, $at, $name, $expected) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $before = 1000 * gap($client, 0, $at);
    my $after = 1000 * gap($client, $at, $client->last_at);
    for my $stream (control()) {
        my $noise = 1000 * gap($stream, $at, $client->last_at);
        $before = $noise if $noise > $before;
    }
    my $body = body($client);
    my $length = length $body;

    Test::More::ok(!$client->how && $client->last_at > $at,
                   "$name: goes on");
    Test::More::cmp_ok($after, '<=', $before + 20 * (is_asan() ? 3 : 1),
                       "$name: no hiccup");
    Test::More::ok($length && $body eq $expected->($length),
                   "$name: every byte");
    Test::More::note(sprintf '%s: longest gap %.1f ms, %.1f ms expected',
                     $name, $after, $before);
}

# The line of a request in cut.log: status, why it was cut, bytes, and when.
# Waits.
sub logged {
    my ($nginx, $id, $timeout) = @_;

    my @found;
    eval {
        PrivacyTest::wait_until(sub {
            @found = PrivacyTest::read_file($nginx->dir . '/logs/cut.log')
                     =~ /^\Q$id\E (\d+) "(.*?)" (\d+) (\S+)$/m;
        }, "$id in cut.log", $timeout // 5);
    };
    return @found ? [ @found ] : [ 0, 'not logged', 0, 0 ];
}

# Reloads, and waits until no old worker takes requests any more.
sub reloaded {
    my ($nginx) = @_;

    my @old = $nginx->reload;
    for my $pid (@old) {
        PrivacyTest::wait_until(sub {
            return !kill(0, $pid)
                   || $nginx->log =~ /\b$pid#$pid: gracefully shutting down/;
        }, 'an old worker to drain');
    }
    return @old;
}

# Tests that nginx has nothing to complain of: no alert, no crash, but for
# what the test asked for.
sub clean_log {
    my ($nginx, $name, $but) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $bad = qr/\[(?:alert|emerg|crit)\]|exited[ ]on[ ]signal
                 |exited[ ]with[ ]code[ ][1-9]|open[ ]socket
                 |Sanitizer|runtime[ ]error/x;
    my @lines = grep { !$but || $_ !~ $but } $nginx->log_lines($bad);
    Test::More::is(join("\n", @lines), '', $name // 'no alert in error.log');
}

# A connection through TLS, to be used as any other: openssl in between.
sub tls_connect {
    my ($port, @options) = @_;

    socketpair my $mine, my $theirs, Socket::AF_UNIX, Socket::SOCK_STREAM, 0
        or die "socketpair: $!";
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<&', $theirs;
        open STDOUT, '>&', $theirs;
        open STDERR, '>', '/dev/null';
        close $mine;
        exec 'openssl', 's_client', '-quiet', '-no_ign_eof',
            '-connect', "127.0.0.1:$port",
            '-CAfile', PrivacyTest::certificates()->{ca}, @options
            or PrivacyTest::Process::gone();
    }
    close $theirs;
    binmode $mine;

    return bless {
        sock => $mine, timeout => 10, buffer => '', pieces => [],
        methods => [], pid => $pid,
    }, 'PrivacyTest::Http';
}

1;
