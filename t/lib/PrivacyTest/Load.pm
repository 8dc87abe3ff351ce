package PrivacyTest::Load;

# Load: a process of its own with connections that each send one request after
# the other, and notes of every request what came of it.
#
#   my $load = PrivacyTest::Load->start($port,
#       requests => [ { kind => 'owner', path => '/x',
#                       header => "X-Who: o\r\n" }, ... ],
#       connections => 8,       # each begins at another place of the list
#       pause       => 0.002,   # between an answer and the next request
#       close       => 0,       # 1: a connection for each request
#   );
#   ... break something ...
#   my @answers = $load->finish;
#
# An answer: kind, sent, at (when it was complete; times are seconds), status
# (0: the connection was lost, -1: it was refused), words (of its header
# X-Privacy).  Requests under way when it is finished are answered first, or
# counted as lost after 5 s.

use strict;
use warnings;

use Errno ();
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes ();

my $count = 0;

sub start {
    my ($class, $port, %options) = @_;

    my $file = PrivacyTest::test_dir() . '/load' . ++$count;
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT HUP ALRM);
        $SIG{PIPE} = 'IGNORE';
        my $status = eval { generate($port, $file, %options); 0 } // 1;
        print STDERR "load: $@" if $@;
        POSIX::_exit($status);
    }

    return bless { pid => $pid, file => $file, parent => $$ }, $class;
}

# Waits until so many requests have been answered since it was started.
sub wait_answers {
    my ($self, $n, $timeout) = @_;

    return PrivacyTest::wait_until(sub {
        (-s "$self->{file}.n" // 0) >= $n
    }, "$n answers", $timeout);
}

sub finish {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    waitpid $pid, 0;
    die "the load generator failed\n" if $?;

    open my $fh, '<', $self->{file} or die "$self->{file}: $!";
    my @answers;
    while (<$fh>) {
        chomp;
        my ($kind, $sent, $at, $status, $words) = split /\t/;
        push @answers, { kind => $kind, sent => $sent, at => $at,
                         status => $status, words => $words // '' };
    }
    return @answers;
}

sub DESTROY {
    my ($self) = @_;

    return if !$self->{pid} || $self->{parent} != $$;
    local ($?, $!);
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
}

sub generate {
    my ($port, $file, %options) = @_;

    my @requests = map { {
        kind  => $_->{kind},
        bytes => "GET $_->{path} HTTP/1.1\r\nHost: localhost\r\n"
                 . ($_->{header} // '')
                 . ($options{close} ? "Connection: close\r\n" : '') . "\r\n",
    } } @{ $options{requests} };
    my $pause = $options{pause} // 0;

    my $ended;
    local $SIG{TERM} = sub { $ended //= Time::HiRes::time() };

    open my $out, '>', $file or die "$file: $!";
    open my $tally, '>', "$file.n" or die "$file.n: $!";

    my $select = IO::Select->new;
    my %by;
    my @conns = map { { next => $_, at => 0 } }
                0 .. ($options{connections} // 8) - 1;

    my $note = sub {
        my ($c, $status, $words) = @_;
        printf $out "%s\t%.6f\t%.6f\t%d\t%s\n", $c->{kind}, $c->{sent},
               Time::HiRes::time(), $status, $words // '';
        syswrite $tally, '.';
        delete $c->{sent};
        $c->{at} = Time::HiRes::time() + $pause;
    };
    my $hang_up = sub {
        my ($c) = @_;
        return if !$c->{sock};
        delete $by{ fileno $c->{sock} };
        $select->remove($c->{sock});
        close delete $c->{sock};
    };

    while (1) {
        my $now = Time::HiRes::time();
        my $wait = 0.2;

        for my $c (@conns) {
            next if $c->{sent};
            next if $ended;
            if ($c->{at} > $now) {
                $wait = $c->{at} - $now if $c->{at} - $now < $wait;
                next;
            }
            my $request = $requests[ $c->{next}++ % @requests ];
            $c->{kind} = $request->{kind};
            $c->{sent} = Time::HiRes::time();
            $c->{in} = '';
            if (!$c->{sock}) {
                $c->{sock} = IO::Socket::INET->new(
                    PeerAddr => '127.0.0.1', PeerPort => $port);
                if (!$c->{sock} && $!{EINTR}) {
                    # by the signal that it is finished
                    delete $c->{sent};
                    next;
                }
                if (!$c->{sock}) {
                    $note->($c, -1, "$!");
                    $c->{at} = $now + 0.01;
                    next;
                }
                $select->add($c->{sock});
                $by{ fileno $c->{sock} } = $c;
            }
            syswrite $c->{sock}, $request->{bytes};
        }

        my @busy = grep { $_->{sent} } @conns;
        if ($ended && (!@busy || $now > $ended + 5)) {
            $note->($_, 0, 'no answer') for @busy;
            last;
        }

        for my $fh ($select->can_read($wait)) {
            my $c = $by{ fileno $fh } // next;
            my $n = sysread $fh, $c->{in}, 65536, length($c->{in} // '');
            if (!$n) {
                my $why = defined $n ? 'closed' : "$!";
                $note->($c, 0, $why . ' after ' . length($c->{in} // ''))
                    if $c->{sent};
                $hang_up->($c);
                next;
            }
            next if !$c->{sent};
            my $head = index $c->{in}, "\r\n\r\n";
            next if $head < 0;
            my ($length) = $c->{in} =~ /\r\nContent-Length: (\d+)/i;
            next if length $c->{in} < $head + 4 + ($length // 0);
            my ($status) = $c->{in} =~ m{\AHTTP/1\.1 (\d\d\d)};
            my ($words) = $c->{in} =~ /\r\nX-Privacy: ([^\r]*)/;
            my $last = $c->{in} =~ /\r\nConnection: close/i;
            $note->($c, $status // -2, $words);
            $hang_up->($c) if $last;
        }
    }
    close $out or die "$file: $!";
}

1;
