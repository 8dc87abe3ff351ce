# Every kind of answer under way is cut the moment its grant is revoked, over
# HTTP and TLS, with the upstream's side; those of others go on.
#
# alone

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Upstream;

my $redis = redis();

# A download that knows where each of its bytes belongs, and an mp4 around it.
my $content = join '', map { sprintf "%015d\n", $_ * 16 } 0 .. 2_000_000;

my $upstream_file = write_file(test_dir() . '/download', $content);
my $upstream = PrivacyTest::Upstream->new(file => $upstream_file);

my $tls = certificates();
my $nginx = gate($redis,
    vars => { UPSTREAM => $upstream->port, map { uc($_) => $tls->{$_} }
              qw(server_crt server_key) },
    main => 'thread_pool default threads=2;',
    listen => <<'END',
        listen 127.0.0.1:%PORT2% ssl;
        ssl_certificate %SERVER_CRT%;
        ssl_certificate_key %SERVER_KEY%;
END
    server => <<'END');
        location /buffered/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
        }

        location /unbuffered/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_buffering off;
        }

        location /temp/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_max_temp_file_size 100m;
        }

        location /slowly/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_limit_rate 2m;
        }

        location /sendfile/ {
            alias %HTML%/;
            sendfile on;
        }

        location /plain/ {
            alias %HTML%/;
            sendfile off;
        }

        location /threads/ {
            alias %HTML%/;
            sendfile off;
            aio threads;
        }

        location /threads_sendfile/ {
            alias %HTML%/;
            sendfile on;
            aio threads;
        }

        location /rate/ {
            alias %HTML%/;
            sendfile on;
            limit_rate 1m;
        }

        location /mp4/ {
            alias %HTML%/;
            sendfile on;
            mp4;
        }

        location /internal/ {
            internal;
            alias %HTML%/;
            limit_rate 4m;
        }

        location /named/ {
            error_page 418 = @named;
            return 418;
        }

        location @named {
            rewrite ^ /unbuffered/mjpeg break;
            proxy_pass http://127.0.0.1:%UPSTREAM%;
        }
END

write_file($nginx->html . '/file', $content);
write_file($nginx->html . '/film.mp4', mp4($content));

# The least that the mp4 module takes for a film: a second for each sample.
sub mp4 {
    my ($data) = @_;

    my $samples = 1000;
    my $size = int(length($data) / $samples);
    my $box = sub { pack('Na4', 8 + length $_[1], $_[0]) . $_[1] };
    my $moov;

    for my $offset (0, 0) {         # the second time the offset is known
        $moov = $box->('moov',
            $box->('mvhd', pack('NNNNN', 0, 0, 0, 1, $samples) . "\0" x 80)
            . $box->('trak',
                $box->('tkhd', pack('NNNNNN', 0, 0, 0, 1, 0, $samples)
                               . "\0" x 60)
                . $box->('mdia',
                    $box->('mdhd', pack('NNNNNN', 0, 0, 0, 1, $samples, 0))
                    . $box->('hdlr', pack('NNa4', 0, 0, 'vide') . "\0" x 13)
                    . $box->('minf',
                        $box->('vmhd', "\0" x 12)
                        . $box->('dinf', '')
                        . $box->('stbl',
                            $box->('stsd', pack 'NNNa4', 0, 1, 8, 'avc1')
                            . $box->('stts', pack 'NNNN', 0, 1, $samples, 1)
                            . $box->('stsc', pack 'NNNNN', 0, 1, 1, 1, 1)
                            . $box->('stsz', pack 'NNN', 0, $size, $samples)
                            . $box->('stco', pack 'NNN*', 0, $samples,
                                map { 24 + length($moov // '') + $_ * $size }
                                0 .. $samples - 1))))));
    }
    my $ftyp = $box->('ftyp', pack 'a4N', 'isom', 0);
    return $ftyp . $moov . $box->('mdat', $data);
}

my $frames = sub { PrivacyTest::Upstream::frames($_[0]) };
my $file = sub { substr $content, 0, $_[0] };
my $film = read_file($nginx->html . '/film.mp4');

# name, path, what comes without a cut, 'up' if there is an upstream
my @kinds = (
    [ 'MJPEG', '/unbuffered/mjpeg', $frames, 'up' ],
    [ 'MJPEG, proxy_buffering on', '/buffered/mjpeg', $frames, 'up' ],
    [ 'chunked', '/unbuffered/chunked', $frames, 'up' ],
    [ 'chunked, proxy_buffering on', '/buffered/chunked', $frames, 'up' ],
    [ 'named location', '/named/mjpeg', $frames, 'up' ],
    [ 'proxied download', '/buffered/download', $file, 'up' ],
    [ 'proxied download, proxy_buffering off', '/unbuffered/download', $file,
      'up' ],
    [ 'proxied download, proxy_limit_rate', '/slowly/download', $file, 'up' ],
    [ 'proxied download, temporary file', '/temp/download', $file ],
    [ 'static, sendfile on', '/sendfile/file', $file ],
    [ 'static, sendfile off', '/plain/file', $file ],
    [ 'static, aio threads', '/threads/file', $file ],
    [ 'static, aio threads and sendfile', '/threads_sendfile/file', $file ],
    [ 'static, limit_rate', '/rate/file', $file ],
    [ 'mp4', '/mp4/film.mp4', sub { substr $film, 0, $_[0] } ],
    [ 'mp4 from a time on', '/mp4/film.mp4?start=100', sub {
        my ($length, $body) = @_;
        $body =~ /([0-9]{15})\n/ or return '';
        my $head = $-[0];
        return substr($body, 0, $head)
               . substr $content, $1, $length - $head;
    } ],
    [ 'X-Accel-Redirect', '/buffered/accel?to=/internal/file', $file ],
);

my (@figures, $n);

for my $kind (@kinds) {
    my ($name, $path, $expected, $up) = @$kind;

    for my $tls (0, 1) {
        $name .= ', TLS' if $tls;
        eval {
            one($name, 'k' . ++$n, $path, $expected, $up, $tls);
            1;
        } or fail("$name: $@") || diag(join "\n", $nginx->log_lines);
    }
}

sub one {
    my ($name, $id, $path, $expected, $up, $tls) = @_;

    grant($redis, 'a', 'inst');
    grant($redis, 'a', 'other');

    my $slow = $path !~ /mjpeg|chunked|rate|slowly|accel/;
    my $open = sub {
        return watch($nginx, $path, slow => $slow, @_,
                     $tls ? (client => tls_connect($nginx->port(2))) : ());
    };

    my $victim = $open->(id => "$id-victim", org => 'inst');
    my $other = $open->(id => "$id-other", org => 'other');
    my $owner = $open->(id => "$id-owner", org => 'a', level => 'client');
    my $frames_too = watch($nginx, '/unbuffered/mjpeg', id => "$id-frames",
                           org => 'other');
    my @all = ($victim, $other, $owner, $frames_too);

    ok(pump(\@all, sub {
        return 20 <= $frames_too->pieces
               && !grep { 5 > $_->pieces } @all;
    }), "$name: flows");

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump(\@all, sub { $victim->how }, 2);
    my $took = cut_within($victim, $at, $name, $frames_too);
    push @figures, $took if defined $took;

    # 150 ms of theirs, for a hiccup to be seen in
    my $end = now() + 0.15;
    pump(\@all, sub {
        return now() > $end && !grep { $_->last_at <= $at } @all[1 .. 3];
    }, 3);

    untouched($frames_too, $at, "$name: a neighbour's frames", $frames);
    for my $pair ([ $other, 'another organization' ], [ $owner, 'owner' ]) {
        my ($stream, $whose) = @$pair;
        ok(!$stream->how && $stream->last_at > $at,
           "$name: $whose goes on");
        my $body = body($stream);
        ok(length $body && $body eq $expected->(length $body, $body),
           "$name: every byte of $whose");
    }

    my ($status, $why) = @{ logged($nginx, "$id-victim") };
    is("$status $why", '200 revoked', "$name: status and reason in the log");

    if ($up) {
        my $closed = eval { $upstream->wait_saw('close', "$id-victim", 2) };
        ok($closed && 1000 * ($closed - $at) < 1000 * slack() + ($took // 0),
           "$name: the upstream connection is closed too");
    }
    $_->close for @all;
}

# A download across somebody else's cut, to its end.
{
    grant($redis, 'a', 'inst');
    my @all = map { watch($nginx, '/sendfile/file', slow => 1, id => "e$_",
                          org => $_) } qw(inst other);
    pump(\@all, sub { !grep { 5 > $_->pieces } @all });
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump(\@all, sub { $all[0]->how }, 2);
    ok($all[0]->how, 'one of two downloads is cut');
    $all[1]{slow} = 0;
    my ($length, $counted) = (0, 0);
    pump(\@all, sub {
        my @pieces = $all[1]->pieces;
        $length += length $pieces[$_][1] for $counted .. $#pieces;
        $counted = @pieces;
        return $length >= length $content;
    }, 20);
    ok(body($all[1]) eq $content,
       'the other is the same as uncut, to its end');
}

@figures = sort { $a <=> $b } @figures;
diag(sprintf 'DEL to closed, %d answers: median %.1f ms, worst %.1f ms',
     scalar @figures, $figures[@figures / 2], $figures[-1]) if @figures;

ok($nginx->quit, 'nginx quits');
clean_log($nginx);

done_testing();
