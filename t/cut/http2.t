# HTTP/2: only the one stream is reset, at once; its siblings on the same
# connection go on.
#
# alone

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Http2;
use PrivacyTest::Upstream;

my $redis = redis();
my $content = join '', map { sprintf "%015d\n", $_ * 16 } 0 .. 500_000;
my $upstream = PrivacyTest::Upstream->new(
    file => write_file(test_dir() . '/download', $content));
my $tls = certificates();

# The harness knows which words this nginx has for HTTP/2: on the listener, or
# for the whole server.
my $listen = listen_http2('%PORT3%');
my $secure = $listen =~ / http2;\z/ && $listen !~ /on;/ ? 'ssl http2' : 'ssl';

my $nginx = gate($redis,
    listen => <<"END",
        $listen
        listen 127.0.0.1:%PORT4% $secure;
        ssl_certificate %SERVER_CRT%;
        ssl_certificate_key %SERVER_KEY%;
END
    vars => { UPSTREAM => $upstream->port, map { uc($_) => $tls->{$_} }
              qw(server_crt server_key) },
    main => 'thread_pool default threads=2;',
    http => 'http2_max_concurrent_streams 512;',
    server => <<'END');
        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_buffering off;
        }

        location /buffered/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
        }

        location /unbuffered/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_request_buffering off;
        }

        location /file/ {
            alias %HTML%/;
            limit_rate 500k;
        }

        location /threads/ {
            alias %HTML%/;
            aio threads;
        }
END

write_file($nginx->html . '/file', $content);

my $frames = sub { PrivacyTest::Upstream::frames($_[0]) };
my $file = sub { substr $content, 0, $_[0] };

my $count = 0;

sub open_h2 {
    my ($tls, %options) = @_;

    return PrivacyTest::Http2->connect($nginx->port(3), %options) if !$tls;
    my $sock = tls_connect($nginx->port(4), '-alpn', 'h2')->fh;
    return PrivacyTest::Http2->connect(undef, sock => $sock, %options);
}

sub ask {
    my ($h2, $path, %who) = @_;

    my $id = $h2->request($path, identity(%who),
                          @{ $who{header} // [] });
    return $h2->view($id);
}

sub head {
    my ($view, $timeout) = @_;

    pump([ $view ], sub { $view->stream->{status} || $view->how },
         $timeout // 5);
    return $view->stream->{status} // 'none';
}

# One stream of several on one connection

my (@figures, @kinds) = ();

@kinds = (
    [ 'MJPEG', '/mjpeg', $frames ],
    [ 'chunked, buffered', '/buffered/chunked', $frames ],
    [ 'download', '/buffered/download', $file ],
    [ 'static, limit_rate', '/file/file', $file ],
    [ 'static, aio threads', '/threads/file', $file ],
);

for my $tls (0, 1) {
    for my $kind (@kinds) {
        my ($name, $path, $expected) = @$kind;
        $name .= ', TLS' if $tls;
        one($name, $path, $expected, $tls, 'h' . ++$count);
    }
}

sub one {
    my ($name, $path, $expected, $tls, $n) = @_;

    grant($redis, 'a', $_) for qw(inst other);

    # What would be there at once is held back by the window.
    my $held = $path =~ /download|threads/;
    my $h2 = open_h2($tls, $held ? (window => 100_000) : ());
    my $victim = ask($h2, $path, id => "$n-inst", org => 'inst');
    my $other = ask($h2, $path, id => "$n-other", org => 'other');
    my $owner = ask($h2, $path, id => "$n-owner", org => 'a',
                    level => 'client');
    my @streams = ($victim, $other, $owner);
    my @frames = $held ? ()
        : ask($h2, '/mjpeg', id => "$n-frames", org => 'other');
    my @all = (@streams, @frames);

    ok(pump(\@all, sub {
        return !grep { $_->stream->{length} < ($held ? 100_000 : 15_000) }
                     @all;
    }), "$name: flows") or return;

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump(\@all, sub { $victim->how }, 2);
    is($victim->how, 'rst', "$name: RST_STREAM");
    push @figures, cut_within($victim, $at, $name, @frames);

    if ($held) {
        $h2->more($_->{id}, 1_000_000) for $other, $owner;
    }
    my $end = now() + 0.15;
    pump(\@all, sub {
        return now() > $end && !grep { $_->last_at <= $at } @all[1 .. $#all];
    }, 3);

    untouched($_, $at, "$name: frames on the same connection", $frames)
        for @frames;
    for my $stream ($other, $owner) {
        my $body = body($stream);
        ok(!$stream->how && $stream->last_at > $at,
           "$name: a sibling goes on");
        ok(length $body && $body eq $expected->(length $body),
           "$name: every byte of it");
    }

    is(head(ask($h2, '/short', id => "$n-next", org => 'inst')), 403,
       "$name: the next request on the connection is denied");
    is(head(ask($h2, '/short', id => "$n-own", org => 'a',
                level => 'client')), 200, "$name: the owner's is not");

    my ($status, $why) = @{ logged($nginx, "$n-inst") };
    is("$status $why", '200 revoked', "$name: status and reason in the log");
    if ($path !~ m{file}) {
        my $closed = eval { $upstream->wait_saw('close', "$n-inst", 2) };
        ok($closed && $closed - $at < slack(),
           "$name: the upstream connection is closed too");
    }
    close $h2->fh;
}

# A connection without any other traffic: nothing else would wake it.
for my $path (qw(/mjpeg?period=100000 /buffered/download /threads/file
                 /buffered/hold))
{
    grant($redis, 'a', 'inst');
    my $name = "alone on the connection, $path";
    my $n = 'i' . ++$count;
    my $h2 = open_h2(0, window => 1000);
    my $view = ask($h2, $path, id => $n, org => 'inst');

    if ($path =~ /hold/) {
        $upstream->wait_saw('request', $n);
    } else {
        pump([ $view ], sub { $view->stream->{length} >= 1000 });
        is($view->stream->{length}, 1000, "$name: waits for a window");
    }

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump([ $view ], sub { $view->how }, 2);
    push @figures, cut_within($view, $at, $name);
    if ($path =~ /hold/) {
        is($view->stream->{status}, 403, "$name: a real answer");
        is($view->how, 'end', "$name: to its end");
    } else {
        is($view->how, 'rst', "$name: RST_STREAM");
        is($view->stream->{length}, 1000, "$name: and not a byte more");
    }
    is(head(ask($h2, '/short', id => "$n-own", org => 'a',
                level => 'client')), 200, "$name: the connection lives on");
    is(logged($nginx, $n)->[1], 'revoked', "$name: the reason in the log");
    close $h2->fh;
}

# Uploads
for my $path (qw(/sink /unbuffered/sink)) {
    grant($redis, 'a', $_) for qw(inst other);
    my $n = 'j' . ++$count;
    my $h2 = open_h2(0);
    my @two = map {
        ask($h2, $path, id => "$n-$_", org => $_,
            header => [ ':method' => 'POST', 'content-length' => 60_000 ])
    } qw(inst other);
    my ($victim, $other) = @two;
    $h2->data($_->{id}, 'x' x 10_000) for @two;
    if ($path =~ /unbuffered/) {
        $upstream->wait_saw('request', "$n-$_") for qw(inst other);
    } else {
        # an answer on the same connection: the streams before it are known
        head(ask($h2, '/short', id => "$n-own", org => 'a',
                 level => 'client'));
    }

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump(\@two, sub { $victim->how }, 2);
    cut_within($victim, $at, "upload to $path");

    for (1 .. 5) {
        $h2->data($other->{id}, 'x' x 10_000, $_ == 5);
    }
    is(head($other), 200, "upload to $path: the other's is complete");
    is(($upstream->saw('body', "$n-other"))[1], 60_000, 'with every byte');
    is(logged($nginx, "$n-inst")->[1], 'revoked', 'the reason in the log');
    close $h2->fh;
}

# A hundred streams of one connection, half of them in reach
{
    grant($redis, 'a', $_) for qw(inst other);
    my $h2 = open_h2(0);
    my @all = map {
        ask($h2, '/mjpeg?period=50', id => "m$_",
            org => $_ % 2 ? 'inst' : 'other')
    } 1 .. 100;
    ok(pump(\@all, sub { !grep { 3 > $_->pieces } @all }), '100 streams');
    my @victims = grep { $all[$_ - 1]->stream && $_ % 2 } 1 .. 100;
    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump(\@all, sub { !grep { !$all[$_ - 1]->how } @victims }, 3);
    is(scalar(grep { ($all[$_ - 1]->how // '') eq 'rst' } @victims), 50,
       'all in reach are reset');
    my ($last) = sort { $b <=> $a }
        map { ended($all[$_ - 1]) // $at + 9 } @victims;
    cmp_ok($last - $at, '<', 2 * slack(), 'in time');
    diag(sprintf '50 of 100 streams of a connection: the last after %.1f ms',
         1000 * ($last - $at));
    my $end = now() + 0.2;
    pump(\@all, sub { now() > $end });
    my @others = map { $all[$_ - 1] } grep { !($_ % 2) } 1 .. 100;
    is(scalar(grep { !$_->how && body($_) eq $frames->(length body($_)) }
              @others), 50, 'all others go on, byte for byte');
    close $h2->fh;
}

@figures = sort { $a <=> $b } grep { defined } @figures;
diag(sprintf 'DEL to RST_STREAM, %d streams: median %.1f ms, worst %.1f ms',
     scalar @figures, $figures[@figures / 2], $figures[-1]);

ok($nginx->quit, 'nginx quits');
clean_log($nginx);

done_testing();
