#!/usr/bin/perl

# The model of announcements, reads, lost connections and cuts (cut.pml),
# checked by spin over all interleavings; and with each of three faults, which
# it has to find.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $model = dirname(abs_path(__FILE__)) . '/cut.pml';

if (system('command -v spin >/dev/null 2>&1') != 0) {
    BAIL_OUT('spin is not installed: apt-get install spin');
}

# Returns what the verifier printed, built with these macros.

sub check {
    my @macros = @_;

    my $dir = tempdir(CLEANUP => 1);
    my $defines = join ' ', map { "-D$_" } @macros;

    my $commands = join ' && ', "cd '$dir'", "spin $defines -a '$model'",
        'gcc -O2 -DSAFETY -DCOLLAPSE -DMEMLIM=4096 -o pan pan.c',
        './pan -m200000';

    return scalar `( $commands ) 2>&1`;
}

sub errors {
    my ($out) = @_;

    return $out =~ /errors: (\d+)/ ? $1 : undef;
}

my $out = check();

is(errors($out), 0, 'no request stays allowed') or diag($out);
unlike($out, qr/max search depth too small|out of memory/,
    'the search was complete');

my ($states) = $out =~ /([\d.e+]+) states, stored/;
cmp_ok($states // 0, '>', 100_000, 'the model has behaviour to look at');
note("$states states");

for my $fault ('NO_MARK', 'KEEP_CACHE', 'SEEN_EARLY') {
    $out = check($fault);
    cmp_ok(errors($out) // 0, '>', 0, "the check fails with $fault")
        or diag($out);
    like($out, qr/assertion violated/, "$fault breaks an assertion");
}

done_testing();
