package PrivacyTest::Streams;

# HTTP/2 in clear text, as much of it as it takes to have several streams of
# one connection under way at once.
#
#   my $h2 = PrivacyTest::Streams->connect($port);
#   my $a = $h2->request('GET', '/a', 'x-user' => 'u');
#   my $b = $h2->request('GET', '/b');
#   $h2->reset($b);                 # RST_STREAM
#   my $answer = $h2->response($a); # status, body, reset (an error code)
#   $h2->ping;                      # until the server has seen all of it

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Time::HiRes ();

use constant {
    DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, PING => 6,
    GOAWAY => 7, WINDOW_UPDATE => 8, END_STREAM => 1, END_HEADERS => 4,
    ACK => 1,
};

# Of the static table, the entries with a status.
my %statuses = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400,
                13 => 404, 14 => 500);

sub connect {
    my ($class, $port, $timeout) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port)
        or die "http2: connect: $!\n";
    binmode $sock;

    my $self = bless { sock => $sock, timeout => $timeout // 10, in => '',
                       next => 1, streams => {}, pongs => 0 }, $class;
    # A window that no answer of a test fills.
    $self->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                 . frame(SETTINGS, 0, 0, pack 'nN', 4, 0x7fffffff)
                 . frame(WINDOW_UPDATE, 0, 0, pack 'N', 0x7fff0000));
    return $self;
}

sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}

sub write {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $n = syswrite $self->{sock}, $bytes;
        die "http2: write: $!\n" if !defined $n;
        substr($bytes, 0, $n) = '';
    }
}

sub string { return pack 'C/a*', $_[0] }    # shorter than 127 bytes

sub headers {
    my (@header) = @_;

    my $block = '';
    while (my ($name, $value) = splice @header, 0, 2) {
        $block .= "\0" . string($name) . string($value);
    }
    return $block;
}

sub request {
    my ($self, $method, $path, @header) = @_;

    my $id = $self->{next};
    $self->{next} += 2;
    $self->{streams}{$id} = { body => '', at => Time::HiRes::time() };
    $self->write(frame(HEADERS, END_STREAM | END_HEADERS, $id,
        headers(':method', $method, ':scheme', 'http', ':path', $path,
                ':authority', 'localhost', @header)));
    return $id;
}

sub reset {
    my ($self, $id) = @_;

    $self->write(frame(RST_STREAM, 0, $id, pack 'N', 8));
    return $self;
}

sub ping {
    my ($self, $timeout) = @_;

    my $pongs = $self->{pongs};
    $self->write(frame(PING, 0, 0, 'x' x 8));
    $self->until(sub { $self->{pongs} > $pongs }, $timeout);
    return $self;
}

sub response {
    my ($self, $id, $timeout) = @_;

    my $stream = $self->{streams}{$id};
    $self->until(sub { $stream->{done} }, $timeout);
    return $stream;
}

# Reads frames until the code says yes.
sub until {
    my ($self, $done, $timeout) = @_;

    my $end = Time::HiRes::time() + ($timeout // $self->{timeout});

    while (!$done->()) {
        if (length $self->{in} >= 9) {
            my $length = unpack 'N', "\0" . substr $self->{in}, 0, 3;
            if (length $self->{in} >= 9 + $length) {
                my ($type, $flags, $id) =
                    unpack 'CCN', substr $self->{in}, 3, 6;
                my $payload = substr $self->{in}, 9, $length;
                substr($self->{in}, 0, 9 + $length) = '';
                $self->take($type, $flags, $id & 0x7fffffff, $payload);
                next;
            }
        }
        my $left = $end - Time::HiRes::time();
        die "http2: no answer in time\n"
            if $left <= 0
               || !IO::Select->new($self->{sock})->can_read($left);
        sysread($self->{sock}, $self->{in}, 262144, length $self->{in})
            or die "http2: the connection ended\n";
    }
}

sub take {
    my ($self, $type, $flags, $id, $payload) = @_;

    my $stream = $self->{streams}{$id} // {};

    if ($type == HEADERS) {
        my $first = ord $payload;
        # Behind a change of the table's size.
        while (($first & 0xe0) == 0x20) {
            $payload =~ s/\A.//s;
            $first = ord $payload;
        }
        $stream->{status} = $first & 0x80 ? $statuses{ $first & 0x7f }
                                          : substr $payload, 2, 3;
        $stream->{answered} = Time::HiRes::time();

    } elsif ($type == DATA) {
        $stream->{body} .= $payload;

    } elsif ($type == RST_STREAM) {
        $stream->{reset} = unpack 'N', $payload;
        $stream->{done} = Time::HiRes::time();

    } elsif ($type == SETTINGS && !($flags & ACK)) {
        $self->write(frame(SETTINGS, ACK, 0, ''));

    } elsif ($type == PING && ($flags & ACK)) {
        $self->{pongs}++;

    } elsif ($type == GOAWAY) {
        $self->{goaway} = 1;
    }

    $stream->{done} = Time::HiRes::time()
        if ($type == DATA || $type == HEADERS) && $flags & END_STREAM;
}

sub close { CORE::close($_[0]{sock}) }

1;
