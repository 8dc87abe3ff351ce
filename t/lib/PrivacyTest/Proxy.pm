package PrivacyTest::Proxy;

# A Redis that is unwell: a process on a unix socket of its own that passes
# commands on to a real Redis and does to the replies what it is told.
#
#   my $proxy = PrivacyTest::Proxy->new($redis);
#   $proxy->set(delay => 0.3);              # replies to reads come late
#   $proxy->set(hold => 1);                 # they do not come until set again
#   $proxy->set(reply => { PTTL => "-NOAUTH no\r\n" });   # instead of its own
#   $proxy->set(bytewise => 1);             # one byte at a time
#   $proxy->set(ahead => "bytes");          # sent before the replies to a read
#   $proxy->set(garble => "bytes");         # in them, before the first value
#   $proxy->set(trail => "bytes");          # after them
#   $proxy->set;                            # well again
#   $proxy->wait_held(3);                   # until 3 reads wait for replies
#   $proxy->drop;                           # closes all connections
#   $proxy->refuse; $proxy->accept;         # the socket is not there; is
#
# A read is a pipeline: PING with a number, which is called READ here, PTTL for
# each key, GETRANGE for each key.  "all" applies delay and hold to every
# command, the heartbeats of the watch included.  A "reply" may be given for any
# command by its name: for all of them, or as a list for each key in turn, where
# undef leaves its own.  undef instead of it takes the command and answers
# nothing, and what is behind it waits; with "halt" nothing follows the reply,
# ever.  set() returns when it is in force.

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use Socket;
use Storable ();
use Time::HiRes ();

my $count = 0;

sub new {
    my ($class, $redis) = @_;

    my $path = PrivacyTest::test_dir() . '/proxy' . ++$count;
    socketpair(my $here, my $there, AF_UNIX, SOCK_STREAM, PF_UNSPEC)
        or die "socketpair: $!";

    my $parent = $$;
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        close $here;
        $SIG{$_} = 'DEFAULT' for qw(TERM INT HUP ALRM);
        $SIG{PIPE} = 'IGNORE';
        eval { serve($path, $redis->socket, $there) };
        print STDERR "proxy: $@" if $@;
        POSIX::_exit(0);
    }
    close $there;

    my $self = bless { path => $path, control => $here, pid => $pid,
                       parent => $parent }, $class;
    $self->ask({ do => 'accept' });
    return $self;
}

sub socket { return $_[0]{path} }

sub set {
    my ($self, %rules) = @_;

    return $self->ask({ do => 'set', rules => \%rules });
}

sub drop   { return $_[0]->ask({ do => 'drop' }) }
sub refuse { return $_[0]->ask({ do => 'refuse' }) }
sub accept { return $_[0]->ask({ do => 'accept' }) }

# { held => reads that wait, seen => { COMMAND => how many },
#   connections => how many }; seen's "message" counts announcements passed on
sub state { return $_[0]->ask({ do => 'state' }) }

sub wait_held {
    my ($self, $n, $timeout) = @_;

    return PrivacyTest::wait_until(sub { $self->state->{held} >= $n },
                                   "$n reads to wait", $timeout);
}

sub ask {
    my ($self, $what) = @_;

    my $bytes = Storable::nfreeze($what);
    syswrite $self->{control}, pack('N/a*', $bytes);
    my $answer = take($self->{control}) // die "the proxy is gone\n";
    return $answer;
}

sub take {
    my ($fh) = @_;

    my $bytes = '';
    my $want = 4;
    while (length $bytes < $want) {
        sysread($fh, $bytes, $want - length $bytes, length $bytes)
            or return undef;
        $want = 4 + unpack 'N', $bytes if length $bytes == 4;
    }
    return Storable::thaw(substr $bytes, 4);
}

sub DESTROY {
    my ($self) = @_;

    return if $self->{parent} != $$ || !$self->{pid};
    local ($?, $!);
    close $self->{control};         # which ends it
    waitpid $self->{pid}, 0;
}

# --- in the process of its own

my ($listener, %rules, %conn, %seen, $select);

sub serve {
    my ($path, $redis, $control) = @_;

    $select = IO::Select->new($control);

    while (1) {
        my $now = Time::HiRes::time();
        my $wait;
        for my $c (my @all = values %conn) {
            my $due = deliver($c, $now) // next;
            $wait = $due if !defined $wait || $due < $wait;
        }
        $wait = $wait - Time::HiRes::time() if defined $wait;
        $wait = 0 if defined $wait && $wait < 0;

        for my $fh ($select->can_read($wait)) {
            if ($fh == $control) {
                control($control, $path) or return;
            } elsif ($listener && $fh == $listener) {
                open_conn($redis);
            } else {
                my $c = $conn{ fileno($fh) // next } // next;
                $fh == $c->{client} ? from_client($c) : from_redis($c);
            }
        }
    }
}

sub control {
    my ($fh, $path) = @_;

    my $ask = take($fh) // return 0;
    my $do = $ask->{do};
    my $answer = {};

    if ($do eq 'set') {
        %rules = %{ $ask->{rules} };

    } elsif ($do eq 'drop') {
        close_conn($_) for my @all = values %conn;

    } elsif ($do eq 'refuse') {
        if ($listener) {
            $select->remove($listener);
            close $listener;
            undef $listener;
            unlink $path;
        }
        close_conn($_) for my @all = values %conn;

    } elsif ($do eq 'accept') {
        if (!$listener) {
            unlink $path;
            $listener = IO::Socket::UNIX->new(Local => $path, Listen => 511)
                or die "$path: $!";
            chmod 0777, $path;
            $select->add($listener);
        }

    } elsif ($do eq 'state') {
        my %done;
        my @all = grep { !$done{$_}++ } values %conn;
        my $held = grep { $_->{last} && defined $_->{bytes} }
                   map { @{ $_->{slots} } } @all;
        $answer = { held => $held, seen => \%seen,
                    connections => scalar @all };
    }

    syswrite $fh, pack('N/a*', Storable::nfreeze($answer));
    return 1;
}

sub open_conn {
    my ($redis) = @_;

    my $client = $listener->accept or return;
    my $server = IO::Socket::UNIX->new(Peer => $redis);
    if (!$server) {
        close $client;
        return;
    }
    my $c = { client => $client, server => $server, in => '', back => '',
              out => '', slots => [] };
    $conn{ fileno $client } = $conn{ fileno $server } = $c;
    $select->add($client, $server);
}

sub close_conn {
    my ($c) = @_;

    return if $c->{closed}++;
    for my $fh ($c->{client}, $c->{server}) {
        $select->remove($fh);
        delete $conn{ fileno $fh };
        close $fh;
    }
}

sub from_client {
    my ($c) = @_;

    sysread($c->{client}, $c->{in}, 65536, length $c->{in})
        or return close_conn($c);

    while (my $length = frame($c->{in}, 0)) {
        my $bytes = substr $c->{in}, 0, $length, '';
        my ($name) = $bytes =~ /\A\*\d+\r\n\$\d+\r\n(\w+)/;
        $name = uc($name // '?');
        $name = 'READ' if $name eq 'PING' && $bytes =~ /\A\*2\r\n/;
        $seen{$name}++;

        # Which key of its read it is about: 0 is the first.
        my $slot = { command => $name };
        if ($name eq 'READ') {
            @$c{qw(ttls values)} = (0, 0);
        } elsif ($name eq 'PTTL') {
            $slot->{key} = $c->{ttls}++;
        } elsif ($name eq 'GETRANGE') {
            $slot->{key} = $c->{values}++;
            $slot->{last} = $c->{values} == $c->{ttls};
        }
        push @{ $c->{slots} }, $slot;
        syswrite $c->{server}, $bytes;
    }
}

sub from_redis {
    my ($c) = @_;

    sysread($c->{server}, $c->{back}, 65536, length $c->{back})
        or return close_conn($c);

    while (my $length = frame($c->{back}, 0)) {
        my $bytes = substr $c->{back}, 0, $length, '';
        if ($bytes =~ /\A\*3\r\n\$7\r\nmessage\r\n/) {
            push @{ $c->{slots} }, { command => 'message', bytes => $bytes,
                                     came => Time::HiRes::time() };
            next;
        }
        my ($slot) = grep { !defined $_->{bytes} } @{ $c->{slots} };
        @$slot{qw(bytes came)} = ($bytes, Time::HiRes::time()) if $slot;
    }
}

# Sends what may be sent; returns when there is something to do again.
sub deliver {
    my ($c, $now) = @_;

    return undef if $c->{closed};

    while (!$c->{halted} and my $slot = $c->{slots}[0]) {
        my $command = $slot->{command};
        last if !defined $slot->{bytes};

        if ($rules{all} || $command =~ /^(?:READ|PTTL|GETRANGE)$/) {
            last if $rules{hold};
            if ($rules{delay}) {
                my $due = ($slot->{came} // $now) + $rules{delay};
                return $due if $due > $now;
            }
        }
        if (!$slot->{begun}++) {
            $c->{out} .= $rules{ahead} // '' if $command eq 'READ';
            $c->{out} .= $rules{garble} // ''
                if $command eq 'GETRANGE' && $slot->{key} == 0;
        }

        if (exists $rules{reply} && exists $rules{reply}{$command}) {
            my $bytes = $rules{reply}{$command};
            my $own = ref $bytes && !defined $bytes->[ $slot->{key} ];
            $bytes = $bytes->[ $slot->{key} ] if ref $bytes;
            if (!$own) {
                last if !defined $bytes;
                $slot->{bytes} = $bytes;
                $c->{halted} = 1 if $rules{halt};
            }
        }
        $c->{out} .= $slot->{bytes};
        shift @{ $c->{slots} };
        $seen{message}++ if $command eq 'message';
        $c->{out} .= $rules{trail} // '' if $slot->{last};
    }

    return undef if $c->{out} eq '';

    my $n = syswrite $c->{client}, $c->{out},
                     $rules{bytewise} ? 1 : length $c->{out};
    if (!defined $n) {
        close_conn($c);
        return undef;
    }
    substr($c->{out}, 0, $n) = '';
    return $c->{out} ne '' ? $now + 0.0001 : undef;
}

# The length of the command or reply at that place, 0 if it is not all there.
sub frame {
    my ($buffer, $pos) = @_;

    my $start = $pos;
    my $left = 1;

    while ($left) {
        my $end = index $buffer, "\r\n", $pos;
        return 0 if $end < 0;
        my $type = substr $buffer, $pos, 1;
        my $number = substr $buffer, $pos + 1, $end - $pos - 1;
        $pos = $end + 2;
        $left--;
        if ($type eq '*') {
            $left += $number if $number > 0;
        } elsif ($type eq '$') {
            $pos += $number + 2 if $number >= 0;
            return 0 if $pos > length $buffer;
        }
    }
    return $pos - $start;
}

1;
