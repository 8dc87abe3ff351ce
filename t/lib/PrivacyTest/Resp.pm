package PrivacyTest::Resp;

# A connection to Redis: RESP2, blocking, with a time limit.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Time::HiRes ();

# An address is a port of 127.0.0.1 or the path of a unix socket.
sub connect {
    my ($class, $address, %options) = @_;

    my $sock = $address =~ m{/}
        ? IO::Socket::UNIX->new(Peer => $address)
        : IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                PeerPort => $address);
    return undef if !$sock;
    binmode $sock;

    return bless {
        sock    => $sock,
        buffer  => '',
        timeout => $options{timeout} // 10,
    }, $class;
}

# Sends a command and returns its reply: a string, a number, undef for nil, an
# array for a list.  Dies on an error reply.
sub cmd {
    my ($self, @command) = @_;

    $self->send(@command);
    my $reply = $self->reply;
    die "redis: $$reply (@command[0 .. ($#command > 1 ? 1 : $#command)])\n"
        if ref $reply eq 'PrivacyTest::Resp::Error';
    return $reply;
}

sub send {
    my ($self, @command) = @_;

    $self->write(format_command(@command));
}

sub write {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $n = syswrite $self->{sock}, $bytes;
        die "redis: write: $!\n" if !defined $n;
        substr($bytes, 0, $n) = '';
    }
}

# The bytes of a command; text goes as UTF-8.
sub format_command {
    my @strings = map { "$_" } @_;

    utf8::encode($_) for grep { utf8::is_utf8($_) } @strings;
    return join '', '*', scalar @strings, "\r\n",
           map { ('$', length($_), "\r\n", $_, "\r\n") } @strings;
}

# The next reply; an error is a PrivacyTest::Resp::Error, whose text is $$error.
sub reply {
    my ($self) = @_;

    my $line = $self->line;
    my $type = substr $line, 0, 1, '';

    if ($type eq '+' || $type eq ':') {
        return $line;

    } elsif ($type eq '-') {
        return bless \$line, 'PrivacyTest::Resp::Error';

    } elsif ($type eq '$') {
        return undef if $line < 0;
        $self->fill($line + 2);
        my $string = substr $self->{buffer}, 0, $line, '';
        substr($self->{buffer}, 0, 2) = '';
        return $string;

    } elsif ($type eq '*') {
        return undef if $line < 0;
        return [ map { $self->reply } 1 .. $line ];
    }

    die "redis: unknown reply \"$type$line\"\n";
}

sub line {
    my ($self) = @_;

    my $end;
    while (($end = index $self->{buffer}, "\r\n") < 0) {
        $self->fill(1 + length $self->{buffer});
    }
    my $line = substr $self->{buffer}, 0, $end + 2, '';
    return substr $line, 0, $end;
}

# Reads until the buffer holds that many bytes.
sub fill {
    my ($self, $want) = @_;

    my $select = IO::Select->new($self->{sock});
    my $end = Time::HiRes::time() + $self->{timeout};

    while (length $self->{buffer} < $want) {
        my $left = $end - Time::HiRes::time();
        die "redis: no reply in time\n"
            if $left <= 0 || !$select->can_read($left);
        my $n = sysread $self->{sock}, $self->{buffer}, 65536,
                        length $self->{buffer};
        die "redis: the connection is gone\n" if !$n;
    }
}

sub close { CORE::close($_[0]{sock}) }

1;
