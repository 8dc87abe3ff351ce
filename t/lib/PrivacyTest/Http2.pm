package PrivacyTest::Http2;

# Streams of HTTP/2 as they come, with their times: what tests of the cut need
# beyond PrivacyTest::Streams.
#
#   my $h2 = PrivacyTest::Http2->connect($port);
#   my $id = $h2->request('/live', 'X-Org' => 'i');
#   $h2->receive($timeout);             # what there is; false if nothing came
#   my $s = $h2->stream($id);
#   $s->{status}, $s->{pieces} (as PrivacyTest::Http has them), $s->{length},
#   $s->{ended} (when), $s->{how} ('end', 'rst' or 'closed'), $s->{code}
#   my $view = $h2->view($id);          # a stream as PrivacyTest::Http has it
#
# window => N: what the server may send on a stream before it hears of more,
# which it does only with more($id, N).  ':method' among the headers: a
# request with a body, which data($id, bytes, end) sends.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Time::HiRes ();

sub connect {
    my ($class, $port, %options) = @_;

    my $sock = $options{sock}
               // IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                        PeerPort => $port)
        // die "http2: connect: $!\n";
    binmode $sock;

    my $self = bless {
        sock => $sock, buffer => '', streams => {}, next => 1,
    }, $class;

    my $window = $options{window} // 0x7fffffff;
    $self->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                 . frame(4, 0, 0, pack 'nNnN', 4, $window, 2, 0)
                 . frame(8, 0, 0, pack 'N', 0x7fffffff - 65535));
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

# Names and values, each literal and without an index.
sub request {
    my ($self, $path, @header) = @_;

    my $id = $self->{next};
    $self->{next} += 2;

    my ($method, $end, $block) = ('GET', 1, '');
    while (my ($name, $value) = splice @header, 0, 2) {
        if ($name eq ':method') {
            $method = $value;
            $end = 0;
        } else {
            $block .= "\0" . string(lc $name) . string($value);
        }
    }
    my %pseudo = (':method' => $method, ':scheme' => 'http',
                  ':path' => $path, ':authority' => 'localhost');
    $block = join('', map { "\0" . string($_) . string($pseudo{$_}) }
                      sort keys %pseudo) . $block;

    $self->{streams}{$id} = { id => $id, pieces => [], length => 0 };
    $self->write(frame(1, 4 | $end, $id, $block));
    return $id;
}

sub data {
    my ($self, $id, $bytes, $end) = @_;

    $self->write(frame(0, $end ? 1 : 0, $id, $bytes));
}

sub more {
    my ($self, $id, $n) = @_;

    $self->write(frame(8, 0, $id, pack 'N', $n));
}

sub stream { return $_[0]{streams}{ $_[1] } }

sub view { return PrivacyTest::Http2::View->new(@_) }

# When the connection ended.
sub closed { return $_[0]{closed} }

sub fh { return $_[0]{sock} }

sub receive {
    my ($self, $timeout) = @_;

    return 0 if $self->{closed};
    IO::Select->new($self->{sock})->can_read($timeout // 0) or return 0;

    my $n = sysread $self->{sock}, my $bytes, 262144;
    my $now = Time::HiRes::time();
    if (!$n) {
        $self->{closed} = $now;
        return 1;
    }
    $self->{buffer} .= $bytes;

    while (length $self->{buffer} >= 9) {
        my ($high, $low, $type, $flags, $id) = unpack 'CnCCN', $self->{buffer};
        my $length = $high << 16 | $low;
        last if length $self->{buffer} < 9 + $length;
        my $payload = substr $self->{buffer}, 9, $length;
        substr($self->{buffer}, 0, 9 + $length) = '';
        $self->take($now, $type, $flags, $id & 0x7fffffff, $payload);
    }
    return 1;
}

# Of the static table, the entries with a status.
my %statuses = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400,
                13 => 404, 14 => 500);

sub take {
    my ($self, $now, $type, $flags, $id, $payload) = @_;

    if ($type == 4 && !($flags & 1)) {
        $self->write(frame(4, 1, 0, ''));

    } elsif ($type == 6 && !($flags & 1)) {
        $self->write(frame(6, 1, 0, $payload));
    }

    my $s = $self->{streams}{$id} or return;

    if ($type == 1) {
        # nginx puts the status first, behind the size of its table
        $payload =~ s/\A[\x20-\x3f]+//;
        my $first = ord $payload;
        $s->{status} //= $first & 0x80 ? $statuses{ $first & 0x7f }
                                       : substr $payload, 2, 3;

    } elsif ($type == 0 && length $payload) {
        push @{ $s->{pieces} }, [ $now, $payload ];
        $s->{length} += length $payload;

    } elsif ($type == 3) {
        $s->{ended} //= $now;
        $s->{how} //= 'rst';
        $s->{code} = unpack 'N', $payload;
    }

    if ($type < 2 && $flags & 1) {
        $s->{ended} //= $now;
        $s->{how} //= 'end';
    }
}

# A stream in the words of PrivacyTest::Http, for PrivacyTest::Cut.
package PrivacyTest::Http2::View;

sub new {
    my ($class, $h2, $id) = @_;

    return bless { h2 => $h2, id => $id }, $class;
}

sub stream  { return $_[0]{h2}->stream($_[0]{id}) }
sub pieces  { return @{ $_[0]->stream->{pieces} } }
sub fh      { return $_[0]{h2}->fh }
sub receive { return $_[0]{h2}->receive($_[1]) }

sub how {
    my ($self) = @_;

    my $s = $self->stream;
    if (!$s->{how} && $self->{h2}->closed) {
        $s->{ended} = $self->{h2}->closed;
        $s->{how} = 'closed';
    }
    return $s->{how};
}

sub last_at {
    my @pieces = $_[0]->pieces;
    return @pieces ? $pieces[-1][0] : undef;
}

1;
