package PrivacyTest::Upstream;

# An upstream for tests of the cut: one process that streams, downloads,
# upgrades, swallows and holds, and keeps a journal of what it saw.
#
#   my $upstream = PrivacyTest::Upstream->new(file => '/path');
#   proxy_pass http://127.0.0.1:PORT;       # $upstream->port
#   $upstream->saw('close', 'id1');         # when, or undef
#
# What a request gets is the last word of its path; X-Id names it:
#
#   mjpeg     frames without end and without a length
#   chunked   the same in chunks
#   download  the file, with its length
#   hold      no answer, ever
#   echo      an upgrade: frames without end, and what came comes back
#   ws        the same as WebSocket frames
#   sink      takes a body, answers at its end
#   accel     X-Accel-Redirect to $arg_to
#   short     a few bytes
#
# ?period= is the time between frames in ms (10), ?size= their size (1000).

use strict;
use warnings;

use Digest::SHA ();
use IO::Socket::INET;
use MIME::Base64 ();
use Time::HiRes ();

my $count = 0;

sub new {
    my ($class, %options) = @_;

    my $self = bless {
        port    => PrivacyTest::free_port(),
        journal => PrivacyTest::test_dir() . '/upstream' . ++$count,
    }, $class;

    PrivacyTest::write_file($self->{journal}, '');
    (my $lib = __FILE__) =~ s{/PrivacyTest/Upstream\.pm$}{};

    $self->{pid} = PrivacyTest::Process::spawn(
        [ $^X, "-I$lib", '-MPrivacyTest::Upstream', '-e',
          'PrivacyTest::Upstream::serve(@ARGV)', $self->{port},
          $self->{journal}, $options{file} // '' ],
        out => "$self->{journal}.out");

    PrivacyTest::wait_until(sub {
        die 'the upstream does not start: ',
            PrivacyTest::read_file("$self->{journal}.out")
            if !PrivacyTest::Process::is_running($self->{pid});
        return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $self->{port});
    }, 'the upstream');

    return $self;
}

sub port { return $_[0]{port} }

# When it saw an event ("request", "close", "body") of a request for the
# first time; with its word, if the event has one.
sub saw {
    my ($self, $event, $id) = @_;

    my ($at, $word) = PrivacyTest::read_file($self->{journal})
        =~ /^(\S+) \Q$event\E \Q$id\E(?: (.*))?$/m;
    return wantarray ? ($at, $word) : $at;
}

# Waits for it.
sub wait_saw {
    my ($self, $event, $id, $timeout) = @_;

    return PrivacyTest::wait_until(sub { $self->saw($event, $id) },
                                   "$event of $id at the upstream", $timeout);
}

# Frame number N: what an endless stream consists of.
my $pattern = join '', map { sprintf '%04x', $_ * 40503 & 0xffff } 0 .. 4096;

sub frame {
    my ($n, $size) = @_;

    $size //= 1000;
    return sprintf("--frame\r\nContent-Type: image/jpeg\r\n"
                   . "Content-Length: %d\r\n\r\n%08d", $size + 8, $n)
           . substr($pattern, $n * 7 % 8191, $size) . "\r\n";
}

# The first bytes of an endless stream.
sub frames {
    my ($length, $size) = @_;

    my $bytes = '';
    for (my $n = 0; length $bytes < $length; $n++) {
        $bytes .= frame($n, $size);
    }
    return substr $bytes, 0, $length;
}

# An unmasked frame of a WebSocket.
sub ws_frame {
    my ($payload, $opcode) = @_;

    my $length = length $payload;
    return pack('C', 0x80 | ($opcode // 2))
           . ($length < 126 ? pack('C', $length) : pack('Cn', 126, $length))
           . $payload;
}

# The process.

my ($journal, %conns, $file);

sub note {
    syswrite $journal,
        sprintf "%.6f %s\n", Time::HiRes::time(), join ' ', @_;
}

sub serve {
    my ($port, $path, $served) = @_;

    $SIG{PIPE} = 'IGNORE';
    $file = $served;
    open $journal, '>>', $path or die "$path: $!";
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 4096, ReuseAddr => 1)
        or die "listen: $!";
    $listen->blocking(0);

    while (1) {
        my ($r, $w, $wait) = ('', '', 60);
        my $now = Time::HiRes::time();

        vec($r, fileno $listen, 1) = 1;
        for my $c (values %conns) {
            vec($r, $c->{fd}, 1) = 1;
            vec($w, $c->{fd}, 1) = 1 if length $c->{out} || $c->{left};
            next if !defined $c->{next};
            my $left = $c->{next} - $now;
            $wait = $left < 0 ? 0 : $left if $left < $wait;
        }

        select $r, $w, undef, $wait;

        if (vec $r, fileno $listen, 1) {
            while (my $sock = $listen->accept) {
                $sock->blocking(0);
                $conns{ fileno $sock } = {
                    fd => fileno $sock, sock => $sock, in => '', out => '',
                };
            }
        }

        $now = Time::HiRes::time();
        for my $c (values %conns) {
            take($c) if vec $r, $c->{fd}, 1;
            next if !$conns{ $c->{fd} };
            tick($c, $now) if defined $c->{next} && $c->{next} <= $now;
            give($c) if length $c->{out} || $c->{left};
        }
    }
}

sub gone {
    my ($c) = @_;

    note('close', $c->{id} // '-', $c->{body} // 0);
    delete $conns{ $c->{fd} };
    close $c->{sock};
}

sub take {
    my ($c) = @_;

    my $n = sysread $c->{sock}, my $bytes, 262144;
    return if !defined $n && $!{EAGAIN};
    return gone($c) if !$n;

    if ($c->{kind}) {
        $c->{body} += $n;
        if ($c->{kind} eq 'echo') {
            $c->{out} .= $bytes;
        } elsif ($c->{kind} eq 'ws') {
            $c->{in} .= $bytes;
            talk($c);
        } elsif ($c->{kind} eq 'sink') {
            sink($c, $bytes);
        }
        return;
    }

    $c->{in} .= $bytes;
    answer($c, $1) if $c->{in} =~ s/\A(.*?\r\n)\r\n//s;
}

sub answer {
    my ($c, $head) = @_;

    my ($path, $args) = $head =~ m{^\S+ ([^?\s]*)\??(\S*)};
    my %args = map { split /=/, $_, 2 } split /&/, $args;
    ($c->{kind}) = $path =~ m{(\w+)$};
    ($c->{id}) = $head =~ /^x-id:\s*(.*?)\r$/mi;
    $c->{period} = ($args{period} // 10) / 1000;
    $c->{size} = $args{size};
    $c->{n} = 0;
    $c->{body} = length $c->{in};
    note('request', $c->{id} // '-', $c->{kind});

    if ($c->{kind} eq 'mjpeg') {
        $c->{out} = "HTTP/1.0 200 OK\r\nContent-Type: "
                    . "multipart/x-mixed-replace; boundary=frame\r\n\r\n";
        $c->{next} = 0;

    } elsif ($c->{kind} eq 'chunked') {
        $c->{out} = "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n"
                    . "Transfer-Encoding: chunked\r\n\r\n";
        $c->{next} = 0;

    } elsif ($c->{kind} eq 'download') {
        open $c->{file}, '<:raw', $file or die "$file: $!";
        $c->{left} = -s $file;
        $c->{out} = "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n"
                    . "Content-Length: $c->{left}\r\n\r\n";

    } elsif ($c->{kind} eq 'echo') {
        $c->{out} = "HTTP/1.1 101 Switching Protocols\r\n"
                    . "Connection: upgrade\r\nUpgrade: camera\r\n\r\n";
        $c->{next} = 0;

    } elsif ($c->{kind} eq 'ws') {
        my ($key) = $head =~ /^sec-websocket-key:\s*(.*?)\r$/mi;
        my $accept = MIME::Base64::encode_base64(Digest::SHA::sha1(
            ($key // '') . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'), '');
        $c->{out} = "HTTP/1.1 101 Switching Protocols\r\n"
                    . "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                    . "Sec-WebSocket-Accept: $accept\r\n\r\n";
        $c->{next} = 0;

    } elsif ($c->{kind} eq 'sink') {
        ($c->{want}) = $head =~ /^content-length:\s*(\d+)/mi;
        $c->{chunks} = '';
        sink($c, $c->{in});

    } elsif ($c->{kind} eq 'accel') {
        $c->{out} = "HTTP/1.1 200 OK\r\nX-Accel-Redirect: $args{to}\r\n"
                    . "Content-Length: 0\r\n\r\n";

    } elsif ($c->{kind} eq 'short') {
        $c->{out} = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nshort\n";
        delete $c->{kind};
    }
}

# A body that comes with its length, or in chunks: counted without them.
sub sink {
    my ($c, $bytes) = @_;

    my $ended;
    if (defined $c->{want}) {
        $ended = $c->{body} >= $c->{want};

    } else {
        $c->{chunks} .= $bytes;
        $c->{body} = 0 if !$c->{counts}++;
        $c->{body} -= length $bytes if $c->{counts} > 1;
        while ($c->{chunks} =~ /\A([0-9a-f]+)\r\n/i) {
            my ($head, $size) = (length $&, hex $1);
            last if length $c->{chunks} < $head + $size + 2;
            substr($c->{chunks}, 0, $head + $size + 2) = '';
            $c->{body} += $size;
            $ended = 1 if $size == 0;
        }
    }

    if ($ended) {
        note('body', $c->{id} // '-', $c->{body});
        $c->{out} = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ndone\n";
        $c->{kind} = 'sunk';
    }
}

# Frames of a WebSocket's client: masked, short, with one length.
sub talk {
    my ($c) = @_;

    while (length $c->{in} >= 6) {
        my ($head, $length) = unpack 'CC', $c->{in};
        $length &= 0x7f;
        last if length $c->{in} < 6 + $length;
        my $mask = substr $c->{in}, 2, 4;
        my $payload = substr $c->{in}, 6, $length;
        substr($c->{in}, 0, 6 + $length) = '';
        $payload ^= substr $mask x ($length / 4 + 1), 0, $length;
        $c->{out} .= ws_frame($payload, 1);
    }
}

sub tick {
    my ($c, $now) = @_;

    $c->{next} = ($c->{next} || $now) + $c->{period};
    $c->{next} = $now if $c->{next} < $now - 1;
    return if length $c->{out} > 1_000_000;

    my $frame = frame($c->{n}++, $c->{size});
    $c->{out} .= $c->{kind} eq 'chunked'
                 ? sprintf("%x\r\n", length $frame) . "$frame\r\n"
                 : $c->{kind} eq 'ws' ? ws_frame($frame) : $frame;
}

sub give {
    my ($c) = @_;

    if ($c->{left} && length $c->{out} < 65536) {
        my $n = read $c->{file}, my $bytes, 262144;
        $c->{left} -= $n;
        $c->{out} .= $bytes;
    }
    my $n = syswrite $c->{sock}, $c->{out};
    return if !defined $n && $!{EAGAIN};
    return gone($c) if !$n;
    substr($c->{out}, 0, $n) = '';
}

1;
