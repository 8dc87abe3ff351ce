# WebSockets and other upgrades: both directions end, others' go on.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Upstream;

my $redis = redis();
my $upstream = PrivacyTest::Upstream->new;
my $tls = certificates();
my $nginx = gate($redis,
    vars => { UPSTREAM => $upstream->port, map { uc($_) => $tls->{$_} }
              qw(server_crt server_key) },
    listen => <<'END',
        listen 127.0.0.1:%PORT2% ssl;
        ssl_certificate %SERVER_CRT%;
        ssl_certificate_key %SERVER_KEY%;
END
    server => <<'END');
        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $upgrade;
        }
END

my $frames = sub { PrivacyTest::Upstream::frames($_[0]) };

# The payloads of a WebSocket's bytes: those it sent by itself, and the echoes.
sub payloads {
    my ($bytes) = @_;
    my ($own, $echo) = ('', '');

    while (length $bytes >= 4) {
        my ($opcode, $length) = unpack 'CC', $bytes;
        my $head = 2;
        if ($length == 126) {
            $length = unpack 'x2n', $bytes;
            $head = 4;
        }
        last if length $bytes < $head + $length;
        my $payload = substr $bytes, $head, $length;
        substr($bytes, 0, $head + $length) = '';
        if (($opcode & 0x0f) == 1) { $echo .= $payload }
        else                       { $own .= $payload }
    }
    return ($own, $echo);
}

sub masked {
    my ($text) = @_;

    my $mask = "\x12\x34\x56\x78";
    return pack('CC', 0x81, 0x80 | length $text) . $mask
           . ($text ^ substr $mask x 32, 0, length $text);
}

my @ws = ('Upgrade', 'websocket', 'Connection', 'Upgrade',
          'Sec-WebSocket-Version', 13,
          'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==');
my @other = ('Upgrade', 'camera', 'Connection', 'upgrade');

my $n = 0;
for my $kind ([ 'WebSocket', '/ws', \@ws ], [ 'upgrade', '/echo', \@other ]) {
    for my $tls (0, 1) {
        my ($name, $path, $header) = @$kind;
        one($tls ? "$name, TLS" : $name, $path, $header, $tls, 'u' . ++$n);
    }
}

sub one {
    my ($name, $path, $header, $tls, $id) = @_;

    grant($redis, 'a', $_) for qw(inst other);

    my $open = sub {
        my ($whose, @who) = @_;
        return watch($nginx, $path, id => "$id-$whose", header => $header,
                     expect => 101, @who,
                     $tls ? (client => tls_connect($nginx->port(2))) : ());
    };
    my $victim = $open->('victim', org => 'inst');
    my $other = $open->('other', org => 'other');
    my $owner = $open->('owner', org => 'a', level => 'client');
    my @all = ($victim, $other, $owner);

    is($victim->{head}{header}{'sec-websocket-accept'},
       's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', "$name: shakes hands")
        if $path eq '/ws';

    my $say = $path eq '/ws' ? masked('hello') : 'HELLO';
    $_->send($say) for @all;

    my $heard = sub {
        my ($bytes) = @_;
        return $path eq '/ws' ? (payloads($bytes))[1] =~ /hello/
                              : $bytes =~ /HELLO/;
    };
    ok(pump(\@all, sub {
        return !grep { 20 > $_->pieces || !$heard->(body($_)) } @all;
    }), "$name: speaks both ways");

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump(\@all, sub { $victim->how }, 2);
    cut_within($victim, $at, $name, $owner);

    my $end = now() + 0.15;
    pump(\@all, sub { now() > $end });

    # They are spoken to as well.
    my $again = $path eq '/ws' ? masked('still here') : 'STILL HERE';
    $_->send($again) for $other, $owner;
    ok(pump(\@all, sub {
        return !grep { body($_) !~ /still here/i } $other, $owner;
    }, 3), "$name: others are still heard");

    for my $stream ($other, $owner) {
        my $body = body($stream);
        my $own = $path eq '/ws' ? (payloads($body))[0]
                                 : $body =~ s/HELLO|STILL HERE//gr;
        ok(length $own > 10_000 && $own eq $frames->(length $own),
           "$name: every byte of another");
        my ($noise) = sort { $b <=> $a } map {
            gap($_, $at, now())
        } PrivacyTest::Cut::control();
        my $before = gap($stream, 0, $at);
        $before = $noise if $noise > $before;
        cmp_ok(1000 * gap($stream, $at, now()), '<=',
               1000 * $before + (is_asan() ? 60 : 20),
               "$name: without a hiccup");
    }

    my ($status, $why) = @{ logged($nginx, "$id-victim") };
    is("$status $why", '101 revoked', "$name: status and reason in the log");

    my $closed = eval { $upstream->wait_saw('close', "$id-victim", 2) };
    ok($closed && $closed - $at < slack(),
       "$name: the upstream connection is closed too");
    ok(!$upstream->saw('close', "$id-other"), "$name: the other's is not");
    $_->close for @all;
}

ok($nginx->quit, 'nginx quits');
clean_log($nginx);

done_testing();
