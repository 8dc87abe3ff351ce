#!/usr/bin/perl

# Builds each fuzz target with clang and lets it run for FUZZ_SECONDS (10).
# An input that crashes is kept in FUZZ_ARTIFACTS, if that is set.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use Test::More;

my $here = dirname(abs_path($0));
my $core = abs_path("$here/../../src/core");
my $store = abs_path("$here/../../src/store");
my $control = abs_path("$here/../../src/control");
my $dir = tempdir(CLEANUP => 1);

my $cc = $ENV{FUZZ_CC} || 'clang';
my $seconds = $ENV{FUZZ_SECONDS} || 10;
my $artifacts = $ENV{FUZZ_ARTIFACTS} || $dir;

my @flags = (qw(-std=gnu99 -Wall -Wextra -Werror -g -O1),
             '-fsanitize=fuzzer,address,undefined',
             '-fno-sanitize-recover=all', '-I', $core, '-I', $store,
             '-I', $control, '-I', $dir);

if (system("$cc --version >/dev/null 2>&1") != 0) {
    plan skip_all => "$cc is not installed";
}

my @sources = (glob("$core/*.c"), "$store/privacy_resp.c");
my @targets = sort glob "$here/fuzz_*.c";

plan tests => 3 * @targets;

# What stands above the core, for the targets that need it.

my %more = (action => [ glob "$control/privacy_*.c" ]);

scripts();


# The scripts as C strings, as config makes them of the same files.

sub scripts {
    open my $header, '>', "$dir/privacy_lua.h" or die "privacy_lua.h: $!";

    for my $file (sort glob "$store/scripts/*.lua") {
        my $name = basename($file, '.lua') =~ tr/-/_/r;

        open my $script, '<', $file or die "$file: $!";
        print $header "static const char  privacy_lua_${name}[] =\n";

        while (my $line = <$script>) {
            chomp $line;
            $line =~ s/([\\"])/\\$1/g;
            print $header qq(    "$line\\n"\n);
        }

        print $header qq(    "";\n);
    }

    close $header or die "privacy_lua.h: $!";
}


sub run {
    my @command = @_;

    my $pid = open my $out, '-|';
    die "fork failed: $!" if !defined $pid;

    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @command or do { print "$command[0]: $!\n"; exit 127 };
    }

    my $text = do { local $/; <$out> };
    close $out;

    return ($?, defined $text ? $text : '');
}


# What they are made of is compiled once.

my %object;

sub objects {
    return map { $object{$_} //= object($_) } @_;
}


sub object {
    my ($source) = @_;

    my $object = "$dir/" . basename($source, '.c') . '.o';
    my ($rc, $text) = run($cc, @flags, '-c', $source, '-o', $object);

    $rc == 0 or BAIL_OUT("$source: $text");
    return $object;
}


for my $target (@targets) {
    my $name = basename($target, '.c');
    my ($kind) = $name =~ /^fuzz_(.*)/;
    my @seeds = glob "$here/corpus/$kind/*";

    ok(@seeds, "$name: " . @seeds . ' seeds');

    my ($rc, $text) = run($cc, @flags, $target, objects(@sources,
                          @{ $more{$kind} || [] }), '-ljansson', '-lhiredis',
                          '-o', "$dir/$name");

    ok($rc == 0, "$name: build") or diag($text);

    # what is found goes to a folder of its own, not into the seeds

    mkdir "$dir/$name.corpus";

    ($rc, $text) = run("$dir/$name", "-max_total_time=$seconds",
                       '-max_len=4096', '-timeout=10', '-rss_limit_mb=1024',
                       '-print_final_stats=1', "-artifact_prefix=$artifacts/",
                       -f "$here/$kind.dict" ? "-dict=$here/$kind.dict" : (),
                       "$dir/$name.corpus", "$here/corpus/$kind");

    my ($runs) = $text =~ /number_of_executed_units:\s*(\d+)/;
    $runs ||= 0;

    ok($rc == 0 && $runs > @seeds, "$name: $runs inputs, no fault")
        or diag(substr($text, -4000));
}
