package Viewer;

# Somebody who watches a stream: a process of its own, so that the time of
# every byte is known whatever the story does meanwhile.

use strict;
use warnings;

use IO::Handle;
use IO::Select;
use POSIX ();
use Time::HiRes qw(time);

use Client;


# Starts to watch, and returns when video has come.

sub new {
    my ($class, $login, $path) = @_;

    pipe my $report, my $out or die "cannot make a pipe: $!\n";
    pipe my $stop, my $control or die "cannot make a pipe: $!\n";

    my $pid = fork // die "cannot fork: $!\n";

    if ($pid == 0) {
        close $report;
        close $control;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $out->autoflush(1);
        eval { watch($login, $path, $stop, $out); 1 } or print $out $@;
        POSIX::_exit(0);
    }

    my $self = bless { pid => $pid, report => $report, control => $control },
                     $class;

    close $out;
    close $stop;

    $self->{playing} = ($self->line(5) // '') eq 'playing';

    return $self;
}


# The child.  "end" or "on", time of the last byte and of the end, frames,
# the longest wait between two reads in ms.

sub watch {
    my ($login, $path, $stop, $out) = @_;

    my $socket = Client::connect_gate($login, 'GET', $path);
    my $select = IO::Select->new($socket, $stop);
    my ($bytes, $head, $frames, $gap) = (0, '', 0, 0);
    my ($last, $told, $how) = (time, 0, 'on');

    READ: while (1) {
        for my $handle ($select->can_read) {
            last READ if $handle == $stop;

            my $n = sysread $socket, my $data, 262144;
            my $now = time;

            if (!$n) {
                printf $out "end %.6f %.6f %d %d\n",
                            $last, $now, $frames, $gap * 1000;
                return;
            }

            $gap = $now - $last if $told && $now - $last > $gap;
            $last = $now;
            $frames += () = $data =~ /\xff\xd8\xff/g;

            if (!$told && $frames >= 3) {
                print $out "playing\n";
                $told = 1;
            }
        }
    }

    printf $out "on %.6f 0 %d %d\n", $last, $frames, $gap * 1000;
}


# A line of the child, or nothing after so many seconds

sub line {
    my ($self, $seconds) = @_;

    return if !IO::Select->new($self->{report})->can_read($seconds);

    my $line = readline $self->{report};

    chomp $line if defined $line;
    return $line;
}


# Waits until the time "until" for the stream to end; then leaves it.

sub result {
    my ($self, $until) = @_;

    my $left = $until - time;
    my $line = $self->line($left > 0 ? $left : 0);

    if (!defined $line) {
        # not by closing it: later viewers have it open, too
        syswrite $self->{control}, "\n";
        $line = $self->line(5) // '';
    }

    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    delete $self->{pid};

    my ($how, $last, $end, $frames, $gap) = split / /, $line;

    return { ended => ($how // '') eq 'end', last => $last // 0,
             end => $end // 0, frames => $frames // 0, gap => $gap // 0 };
}


# The story ended early

sub DESTROY {
    my ($self) = @_;

    local ($?, $!);

    if ($self->{pid}) {
        kill KILL => $self->{pid};
        waitpid $self->{pid}, 0;
    }
}


1;
