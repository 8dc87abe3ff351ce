#!/usr/bin/perl

# Builds the unit tests of src/core with sanitizers, runs them and passes
# their results through.  CC chooses the compiler.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);

my $here = dirname(abs_path($0));
my $core = abs_path("$here/../../src/core");
my $dir = tempdir(CLEANUP => 1);

my $cc = $ENV{CC} || 'gcc';
my @warnings = qw(-std=gnu99 -Wall -Wextra -Werror);
my @checks = (qw(-g -O1 -fno-omit-frame-pointer),
              '-fsanitize=address,undefined', '-fno-sanitize-recover=all');

# What the core may ask of the system: no clock, no errno, no output.

my %allowed = map { $_ => 1 }
              qw(malloc free qsort bcmp memchr memcmp memcpy memset strlen);

my $count = 0;
my $failed = 0;

$| = 1;
$ENV{CMOCKA_MESSAGE_OUTPUT} = 'TAP';
$ENV{ASAN_OPTIONS} = 'detect_leaks=1:detect_stack_use_after_return=1';
$ENV{UBSAN_OPTIONS} = 'print_stacktrace=1';


sub result {
    my ($ok, $name, @notes) = @_;

    $count++;
    $failed++ if !$ok;

    print $ok ? 'ok' : 'not ok', " $count - $name\n";
    print "# $_\n" for map { split /\n/ } @notes;

    return $ok;
}


sub run {
    my @command = @_;

    my $pid = open my $out, '-|';
    die "fork failed: $!" if !defined $pid;

    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @command or do { print "$command[0]: $!\n"; exit 127 };
    }

    my @lines = <$out>;
    close $out;

    return ($?, @lines);
}


# nm of each object compiled alone: foreign names, and data that can change.
# Without PIC, because relocated tables of constants look like data.

sub alone {
    my ($source) = @_;

    my $name = basename($source, '.c');
    my ($rc, @lines) = run($cc, @warnings, qw(-O2 -fno-pic), '-I', $core, '-c',
                           $source, '-o', "$dir/$name.o");

    return result(0, "$name builds alone", @lines) if $rc;
    result(1, "$name builds alone");

    ($rc, @lines) = run('nm', "$dir/$name.o");
    return result(0, "$name: nm", @lines) if $rc;

    my @foreign = grep { !$allowed{$_} && !/^(?:privacy|json)_/ }
                  map { /\bU (\S+)/ ? $1 : () } @lines;
    my @data = map { / [BbCDdGgSs] (\S+)/ ? $1 : () } @lines;

    result(!@foreign, "$name asks for libc and jansson only", @foreign);
    result(!@data, "$name has no data that can change", @data);
}


sub test {
    my ($source, @objects) = @_;

    my $name = basename($source, '_test.c');
    my ($rc, @lines) = run($cc, @warnings, @checks, '-I', $core, '-I', $here,
                           $source, @objects, '-o', "$dir/$name.test",
                           qw(-lcmocka -ljansson));

    return result(0, "$name: build of the test", @lines) if $rc;

    ($rc, @lines) = run("$dir/$name.test");

    my ($planned, $seen, $bad) = (0, 0, 0);

    for (@lines) {
        chomp;

        if (/^1\.\.(\d+)$/) {
            $planned = $1;

        } elsif (/^(not )?ok\b(?: \d+)?(?: - )?(.*)$/) {
            $seen++;
            $bad++ if $1;
            result(!$1, "$name: $2");

        } else {
            print '# ', $_ =~ s/^# ?//r, "\n" if length;
        }
    }

    result($planned && $seen == $planned && ($rc == 0) == ($bad == 0),
           "$name: $planned tests planned, $seen seen, ended with "
           . ($rc & 127 ? 'signal ' . ($rc & 127) : $rc >> 8));
}


my @sources = sort glob "$core/*.c";
my @tests = sort glob "$here/*_test.c";
my @objects;

result(@sources > 0, 'sources of the core');

for my $source (@sources) {
    my $name = basename($source, '.c') . '_test.c';
    result(-f "$here/$name", "$name is there");
}

alone($_) for @sources;

for my $source (@sources) {
    my $object = "$dir/" . basename($source, '.c') . '.san.o';
    my ($rc, @lines) = run($cc, @warnings, @checks, '-I', $core, '-c',
                           $source, '-o', $object);

    result(0, "$source: build with sanitizers", @lines) if $rc;
    push @objects, $object;
}

test($_, @objects) for @tests;

print "1..$count\n";
exit($failed ? 1 : 0);
