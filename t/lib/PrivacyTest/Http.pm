package PrivacyTest::Http;

# HTTP/1.1 as it is on the wire, for what Test::Nginx cannot look at: answers
# that stream, connections that stay, the moment of a cut.
#
#   my $client = PrivacyTest::Http->connect($port);
#   $client->request('GET', '/live', { header => [ 'X-User' => 'u' ] });
#   my $head = $client->head;               # status, header, before the body
#   my ($at, $bytes) = $client->read;       # a piece and when it came
#   my $closed_at = $client->wait_close;    # reads on until the end
#   $client->how;                           # 'eof' or 'reset'
#
#   my $response = $client->response;       # a whole answer, keep-alive

use strict;
use warnings;

use Errno ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Time::HiRes ();

sub connect {
    my ($class, $address, $timeout) = @_;

    my $sock = $address =~ m{/}
        ? IO::Socket::UNIX->new(Peer => $address)
        : IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                PeerPort => $address);
    die "http: connect to $address: $!\n" if !$sock;
    binmode $sock;

    return bless {
        sock     => $sock,
        timeout  => $timeout // 10,
        buffer   => '',
        pieces   => [],         # [time, bytes] of all that came
        methods  => [],         # of requests without an answer yet
    }, $class;
}

# Sends bytes as they are.
sub send {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $n = syswrite $self->{sock}, $bytes;
        die "http: write: $!\n" if !defined $n;
        substr($bytes, 0, $n) = '';
    }
    return $self;
}

sub request {
    my ($self, $method, $path, $options) = @_;

    my @header = @{ $options->{header} // [] };
    my $body = $options->{body};
    my %given = map { lc $header[2 * $_] => 1 } 0 .. @header / 2 - 1;

    unshift @header, 'Host', 'localhost' if !$given{host};
    push @header, 'Content-Length', length $body
        if defined $body && !$given{'transfer-encoding'};

    my $text = "$method $path HTTP/1.1\r\n";
    while (my ($name, $value) = splice @header, 0, 2) {
        $text .= "$name: $value\r\n";
    }
    push @{ $self->{methods} }, $method;
    return $self->send("$text\r\n" . ($body // ''));
}

# Waits for bytes: (time, bytes), bytes '' at the end of the connection.  An
# empty list if none came in time.
sub read {
    my ($self, $timeout) = @_;

    if (length $self->{buffer}) {
        my $bytes = $self->{buffer};
        $self->{buffer} = '';
        return ($self->{pieces}[-1][0], $bytes);
    }

    my ($at, $bytes) = $self->receive($timeout) or return;
    $self->{buffer} = '';
    return ($at, $bytes);
}

sub receive {
    my ($self, $timeout) = @_;

    return ($self->{closed_at}, '') if $self->{how};

    $timeout //= $self->{timeout};
    IO::Select->new($self->{sock})->can_read($timeout > 0 ? $timeout : 0)
        or return;

    my $n = sysread $self->{sock}, my $bytes, 262144;
    my $at = Time::HiRes::time();

    if (!$n) {
        $self->{how} = defined $n ? 'eof' : 'reset';
        $self->{closed_at} = $at;
        return ($at, '');
    }
    push @{ $self->{pieces} }, [ $at, $bytes ];
    $self->{buffer} .= $bytes;
    return ($at, $bytes);
}

# Reads until the buffer fits; dies if the time or the connection ends before.
sub want {
    my ($self, $fits, $end) = @_;

    my $found;
    while (!($found = $fits->())) {
        my ($at, $bytes) = $self->receive($end - Time::HiRes::time())
            or die "http: no answer in time\n";
        die "http: the connection ended ($self->{how}) within an answer\n"
            if $bytes eq '';
    }
    return $found;
}

# The head of an answer: status, reason, version, header (a hash, names in
# lower case, several values joined by ", "), header_list, at.  Informational
# ones (100) are passed over.
sub head {
    my ($self, $timeout) = @_;

    my $end = Time::HiRes::time() + ($timeout // $self->{timeout});

    while (1) {
        $self->want(sub { $self->{buffer} =~ /\r\n\r\n/ }, $end);
        $self->{buffer} =~ s/\A(.*?)\r\n\r\n//s;
        my ($first, @lines) = split /\r\n/, $1;
        my ($version, $status, $reason) =
            $first =~ m{^HTTP/(\S+) (\d\d\d)(?: (.*))?$}
            or die "http: not an answer: $first\n";
        next if $status >= 100 && $status < 200 && $status != 101;

        my (%header, @list);
        for my $line (@lines) {
            my ($name, $value) = split /:\s*/, $line, 2;
            push @list, [ $name, $value ];
            $header{lc $name} = defined $header{lc $name}
                                ? "$header{lc $name}, $value" : $value;
        }
        return $self->{head} = {
            status => $status, reason => $reason, version => $version,
            header => \%header, header_list => \@list,
            at => Time::HiRes::time(), method => shift @{ $self->{methods} },
        };
    }
}

# A whole answer: the head, and body (decoded if chunked) and complete (false
# if the connection ended too early).
sub response {
    my ($self, $timeout) = @_;

    my $end = Time::HiRes::time() + ($timeout // $self->{timeout});
    my $head = $self->head($timeout);
    my $header = $head->{header};
    my $body = '';

    my $complete = eval {
        if (($head->{method} // '') eq 'HEAD'
            || $head->{status} =~ /^(?:101|204|304)$/)
        {
            # none

        } elsif (($header->{'transfer-encoding'} // '') =~ /chunked/i) {
            while (1) {
                $self->want(sub { $self->{buffer} =~ /^[^\n]*\r\n/ }, $end);
                $self->{buffer} =~ s/^([0-9a-f]+)[^\n]*\r\n//i
                    or die "http: not a chunk\n";
                my $size = hex $1;
                $self->want(sub { length $self->{buffer} >= $size + 2 },
                            $end);
                $body .= substr $self->{buffer}, 0, $size, '';
                substr($self->{buffer}, 0, 2) = '';
                last if $size == 0;
            }

        } elsif (defined(my $length = $header->{'content-length'})) {
            eval {
                $self->want(sub { length $self->{buffer} >= $length }, $end);
                1;
            } or do {
                my $error = $@;
                $body = $self->{buffer};
                $self->{buffer} = '';
                die $error;
            };
            $body = substr $self->{buffer}, 0, $length, '';

        } else {
            $self->want(sub { $self->{how} || do {
                my @got = $self->receive($end - Time::HiRes::time())
                    or die "http: no end in time\n";
                0;
            } }, $end);
            $body = $self->{buffer};
            $self->{buffer} = '';
        }
        1;
    };
    my $error = $@;
    die $error if !$complete && $error =~ /in time/;

    return { %$head, body => $body, complete => $complete ? 1 : 0 };
}

# Reads on until the connection ends, and returns when it did; undef if it
# does not within the time.
sub wait_close {
    my ($self, $timeout) = @_;

    my $end = Time::HiRes::time() + ($timeout // $self->{timeout});

    while (!$self->{how}) {
        my $left = $end - Time::HiRes::time();
        return undef if $left <= 0;
        my @got = $self->receive($left) or return undef;
    }
    return $self->{closed_at};
}

# How the connection ended: 'eof', 'reset', or undef while it is open.
sub how { return $_[0]{how} }

# All pieces that came so far: [time, bytes].
sub pieces { return @{ $_[0]{pieces} } }

# When the last byte came, undef if none did.
sub last_at { return @{ $_[0]{pieces} } ? $_[0]{pieces}[-1][0] : undef }

sub fh { return $_[0]{sock} }

sub close { CORE::close($_[0]{sock}) }

1;
