# Uploads under way: proxy_request_buffering on and off, with a length and in
# chunks; the upstream does not get another byte.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Upstream;

my $redis = redis();
my $upstream = PrivacyTest::Upstream->new;
my $nginx = gate($redis, vars => { UPSTREAM => $upstream->port },
    server => <<'END');
        location /on/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
        }

        location /off/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_request_buffering off;
        }
END

my $total = 50_000_000;
my $piece = 'x' x 10_000;
my $n = 0;

for my $buffering (qw(on off)) {
    for my $chunked (0, 1) {
        one($buffering, $chunked, 'p' . ++$n);
    }
}

sub one {
    my ($buffering, $chunked, $id) = @_;

    my $name = "upload, proxy_request_buffering $buffering"
               . ($chunked ? ', chunked' : '');
    my @header = $chunked ? ('Transfer-Encoding', 'chunked')
                          : ('Content-Length', $total);
    my $bytes = $chunked ? sprintf("%x\r\n%s\r\n", length $piece, $piece)
                         : $piece;

    grant($redis, 'a', $_, exports => \1) for qw(inst other);
    my $files = () =
        $nginx->log_lines(qr/buffered to a temporary file/);
    my @all = map {
        watch($nginx, "/$buffering/sink", method => 'POST',
              id => "$id-$_", org => $_, header => \@header, expect => 0)
    } qw(inst other);
    my ($victim, $other) = @all;

    my $push = sub {
        my (@clients) = @_;
        for (1 .. 50) {
            $_->send($bytes) for grep { !$_->how } @clients;
        }
    };
    $push->(@all);

    # nginx has it: it is at the upstream, or in nginx' temporary file.
    if ($buffering eq 'off') {
        $upstream->wait_saw('request', "$id-$_") for qw(inst other);
    } else {
        wait_until(sub {
            my @files = $nginx->log_lines(qr/buffered to a temporary file/);
            return $files <= @files - 2;
        }, 'temporary files');
    }

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump(\@all, sub { $victim->how }, 2);
    if ($buffering eq 'on') {
        ok(!$victim->pieces, "$name: without an answer");
    } else {
        # It waits for its upstream's headers: it gets a real answer.
        my $text = join '', map { $_->[1] } $victim->pieces;
        like($text, qr/\AHTTP\S+ 403 .*^cache-control: no-store/msi,
             "$name: a real answer");
    }
    cut_within($victim, $at, $name);
    $victim->close;             # nginx lingers until it does

    my ($status, $why) = @{ logged($nginx, "$id-inst") };
    is($why, 'revoked', "$name: the reason in the log");
    note("$name: status $status");

    if ($buffering eq 'off') {
        my ($closed, $got) = eval { $upstream->wait_saw('close', "$id-inst",
                                                        2);
                                    $upstream->saw('close', "$id-inst") };
        ok($closed && $closed - $at < slack(),
           "$name: the upstream connection is closed too");
        ok(!$upstream->saw('body', "$id-inst"),
           "$name: and has no whole body");
    } else {
        ok(!$upstream->saw('request', "$id-inst"),
           "$name: the upstream never heard of it");
    }

    # The other one goes on to its end.
    ok(!$other->how, "$name: another organization's goes on");
    if ($chunked) {
        $push->($other);
        $other->send("0\r\n\r\n");
    } else {
        my $left = $total - 50 * length $piece;
        while ($left > 0) {
            my $part = $left < 1_000_000 ? $left : 1_000_000;
            $other->send('x' x $part);
            $left -= $part;
        }
    }
    my $response = $other->response;
    is("$response->{status} $response->{body}", "200 done\n",
       "$name: to its end");
    my (undef, $got) = $upstream->saw('body', "$id-other");
    is($got, $chunked ? 100 * length $piece : $total,
       "$name: with every byte");
    $other->close;
}

ok($nginx->quit, 'nginx quits');
clean_log($nginx);

done_testing();
