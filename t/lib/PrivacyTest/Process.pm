package PrivacyTest::Process;

# Children of the test: started, waited for and ended by their process ids.

use strict;
use warnings;

use POSIX ':sys_wait_h';
use Time::HiRes qw(ITIMER_REAL setitimer sleep time);

my $owner = $$;
my %children;       # pid => signal that ends it, owned by this process

# So that END blocks run when somebody ends the test early.
for my $signal (qw(TERM INT HUP)) {
    $SIG{$signal} = sub { exit 1 } if !$SIG{$signal};
}

# After a fork, where exec failed: nothing of the parent's may run.
sub gone {
    print STDERR "exec: $!\n";
    POSIX::_exit(127);
}

# Starts a command: out (a file for stdout and stderr), env (added), signal
# (what ends it in good order).  The child also ends if this process is killed.
sub spawn {
    my ($command, %options) = @_;

    my $signal = $options{signal} // 'TERM';
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(TERM INT HUP ALRM);
        $ENV{$_} = $options{env}{$_} for keys %{ $options{env} // {} };
        open STDIN, '<', '/dev/null';
        if ($options{out}) {
            open STDOUT, '>>', $options{out};
            open STDERR, '>&', \*STDOUT;
        }
        setpgrp(0, 0);
        my @command = (dies_with_parent($signal), @$command);
        exec { $command[0] } @command or gone();
    }

    $children{$pid} = $signal;
    return $pid;
}

my $setpriv;

sub dies_with_parent {
    my ($signal) = @_;

    $setpriv //= (grep { -x } map { "$_/setpriv" }
                  split /:/, $ENV{PATH})[0] // '';
    return $setpriv ? ($setpriv, '--pdeathsig', $signal) : ();
}

# Waits for the end of a child.  True if it ended, its status is in $?.
sub wait_exit {
    my ($pid, $timeout) = @_;

    return 1 if !$children{$pid};

    my $ended = eval {
        local $SIG{ALRM} = sub { die "late\n" };
        setitimer(ITIMER_REAL, $timeout // 10);
        my $found = waitpid($pid, 0);
        setitimer(ITIMER_REAL, 0);
        $found == $pid || $found == -1;
    };
    delete $children{$pid} if $ended;
    return $ended;
}

# True while the child runs; collects it if it does not.
sub is_running {
    my ($pid) = @_;

    return 0 if !$pid || !$children{$pid};
    if (waitpid($pid, WNOHANG) != 0) {
        delete $children{$pid};
        return 0;
    }
    return 1;
}

# Sends SIGSTOP and waits until it has stopped.
sub pause {
    my ($pid) = @_;

    kill 'STOP', $pid;
    waitpid($pid, WUNTRACED);
}

# Ends a child in good order, or after the time by force, with its group.
sub stop {
    my ($pid, $signal, $timeout) = @_;

    return 1 if !is_running($pid);
    kill 'CONT', $pid;
    kill $signal // $children{$pid}, $pid;
    return 1 if wait_exit($pid, $timeout // 10);
    kill 'KILL', -$pid;
    wait_exit($pid, 5);
    return 0;
}

# Waits until processes that are nobody's child here are gone; one that ended
# and that nobody asks about (a zombie) is.
sub wait_gone {
    my ($pids, $timeout) = @_;

    my $end = time() + ($timeout // 10);
    while (grep { is_alive($_) } @$pids) {
        return 0 if time() > $end;
        sleep(0.002);
    }
    return 1;
}

sub is_alive {
    my ($pid) = @_;

    my ($state) = (slurp("/proc/$pid/stat") // '') =~ /^\d+ \(.*\) (\S)/s
        or return 0;
    return $state ne 'Z' && $state ne 'X';
}

# The children of a process, as { pid => command line }.
sub children_of {
    my ($parent) = @_;
    my (%found, @pids);

    my $list = slurp("/proc/$parent/task/$parent/children");
    if (defined $list) {
        @pids = split ' ', $list;

    } else {
        # A kernel without that file.
        for my $stat (glob '/proc/[0-9]*/stat') {
            my ($pid, $ppid) =
                (slurp($stat) // '') =~ /^(\d+) \(.*\) \S (\d+) /s or next;
            push @pids, $pid if $ppid == $parent;
        }
    }

    for my $pid (@pids) {
        my $command = slurp("/proc/$pid/cmdline") // next;
        $command =~ tr/\0/ /;
        $found{$pid} = $command;
    }
    return \%found;
}

sub slurp {
    my ($path) = @_;

    open my $fh, '<', $path or return undef;
    local $/;
    return scalar <$fh>;
}

END {
    if ($$ == $owner) {
        local $?;
        stop($_, undef, 5) for sort { $b <=> $a } keys %children;
    }
}

1;
