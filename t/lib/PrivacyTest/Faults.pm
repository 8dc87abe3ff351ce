package PrivacyTest::Faults;

# What the tests of faults share: requests whose right answers are known, and
# how what came of them is judged.  Accounts open0 ... open9 are open to the
# organization inst, shut0 ... shut9 are not.

use strict;
use warnings;

use Exporter 'import';
use Test::More ();

use PrivacyTest ();
use PrivacyTest::Gate ();
use PrivacyTest::Load ();

our @EXPORT = qw(is_asan fill load of_kind between never_wrong owners_served
                 in_time statuses recovered rss log_is_clean shown lanes);

sub is_asan { return ($ENV{TEST_PRIVACY_VARIANT} // '') eq 'asan' }

# Most of the time a test of faults waits for a time limit to pass: parts of it
# that have nothing to do with each other may do that together.  Runs the file
# once for each name, in a process with a Redis and an nginx of its own, and
# returns that name there; where all began it ends the test instead.
sub lanes {
    my (@names) = @_;

    return $ENV{TEST_PRIVACY_LANE} if defined $ENV{TEST_PRIVACY_LANE};

    my %pid;
    for my $name (@names) {
        $pid{$name} = PrivacyTest::Process::spawn(
            [ $^X, (map { "-I$_" } @INC), $0 ],
            env => { TEST_PRIVACY_LANE => $name },
            out => PrivacyTest::test_dir() . "/lane-$name");
    }
    for my $name (@names) {
        my $ended = PrivacyTest::Process::wait_exit($pid{$name}, 600);
        my $status = $ended ? $? : 'running';
        my $said = PrivacyTest::read_file(PrivacyTest::test_dir()
                                          . "/lane-$name");
        my $count = () = $said =~ /^(?:not )?ok /mg;

        Test::More::ok($status eq '0' && $said =~ /^1\.\.$count$/m,
                       "$name: $count tests")
            or Test::More::diag("$name ends with $status");
        Test::More::diag(map { "$name: $_\n" }
                         grep { !/^# Subtest:/ }
                         grep { /^\s*#/ || /^not ok/ || !$ended
                                || $status ne '0' && !/^\s*(?:ok|1\.\.)/ }
                         split /\n/, $said);
    }
    Test::More::done_testing();
    exit(Test::More->builder->is_passing ? 0 : 1);
}

sub fill {
    my ($redis) = @_;

    PrivacyTest::Gate::allow($redis, "open$_", 'inst') for 0 .. 9;
}

# Requests of each kind in turn for /live/ACCOUNT/c1.
sub load {
    my ($nginx, %options) = @_;

    my @inst = PrivacyTest::Gate::who('inst');
    my @requests = map {
        ({ kind => 'open', path => "/live/open$_/c1",
           header => PrivacyTest::Gate::lines(@inst) },
         { kind => 'owner', path => "/live/shut$_/c1", header =>
           PrivacyTest::Gate::lines(PrivacyTest::Gate::who("shut$_",
                                                           'client')) },
         { kind => 'shut', path => "/live/shut$_/c1",
           header => PrivacyTest::Gate::lines(@inst) })
    } 0 .. 9;

    # 10 connections and 30 requests: each connection begins elsewhere.
    return PrivacyTest::Load->start($nginx->port, requests => \@requests,
        connections => 10, pause => 0.003, %options);
}

sub of_kind {
    my ($kind, @answers) = @_;

    return grep { $_->{kind} =~ /^(?:$kind)$/ } @answers;
}

# Those that were sent in that time; undef is open.
sub between {
    my ($from, $to, @answers) = @_;

    return grep { (!defined $from || $_->{sent} >= $from)
                  && (!defined $to || $_->{sent} < $to) } @answers;
}

# { 'open 200' => 5, ... }
sub statuses {
    my (@answers) = @_;

    my %count;
    $count{"$_->{kind} $_->{status}"}++ for @answers;
    return \%count;
}

sub shown {
    my ($count) = @_;

    return join ', ', map { "$_: $count->{$_}" } sort keys %$count;
}

# No allow that the rules do not give, no denial of what they allow (503 is
# neither), and an answer to everything.
sub never_wrong {
    my ($name, @answers) = @_;

    my @wrong = grep {
        $_->{kind} eq 'shut' ? $_->{status} !~ /^(?:403|503)$/
        : $_->{kind} eq 'open' ? $_->{status} !~ /^(?:200|503)$/
        : $_->{status} != 200
    } @answers;
    splice @wrong, 5 if @wrong > 5;

    return Test::More::is_deeply(
        [ map { "$_->{kind} $_->{status} $_->{words}" } @wrong ], [],
        "$name: no wrong answer of " . @answers);
}

sub quantile {
    my ($q, @values) = @_;

    @values = sort { $a <=> $b } @values;
    return $values[ $q * $#values ];
}

# Owners are answered, and do not wait: the median shows what nginx does, and
# a few may be late because the machine was busy.
sub owners_served {
    my ($name, @answers) = @_;

    my @owners = of_kind('owner', @answers);
    my @took = map { $_->{at} - $_->{sent} } @owners;
    my $late = grep { $_ > 0.05 } @took;

    Test::More::ok(@owners > 0 && !grep({ $_->{status} != 200 } @owners),
                   "$name: owners are served");
    Test::More::cmp_ok(quantile(0.5, @took), '<', 0.02,
                       "$name: owners do not wait");
    Test::More::cmp_ok($late, '<=', 3 + @took / 100,
                       "$name: hardly one is late");
    Test::More::diag(sprintf '%s: %d owners, median %.1f, 99%% %.1f,'
        . ' worst %.1f ms', $name, scalar @took,
        map { 1000 * quantile($_, @took) } 0.5, 0.99, 1);
}

# 503 comes within privacy_timeout + 50 ms.  What the machine adds is known
# from the owners, who never wait for Redis: only those late beyond that count.
sub in_time {
    my ($name, $timeout, @answers) = @_;

    my @took = map { $_->{at} - $_->{sent} }
               grep { $_->{status} == 503 } of_kind('open|shut', @answers);
    if (!@took) {
        Test::More::fail("$name: no 503 at all");
        return;
    }
    my $noise = grep { $_->{at} - $_->{sent} > 0.03 }
                of_kind('owner', @answers);
    my $late = grep { $_ > $timeout + 0.05 } @took;

    Test::More::cmp_ok(quantile(0.95, @took), '<', $timeout + 0.05,
                       "$name: 503 within the time limit");
    Test::More::cmp_ok($late, '<=', 2 + 2 * $noise,
                       "$name: all of them but for noise");
    Test::More::diag(sprintf '%s: %d times 503, median %.1f, 99%% %.1f,'
        . ' worst %.1f ms', $name, scalar @took,
        map { 1000 * quantile($_, @took) } 0.5, 0.99, 1);
}

# From 1 s after Redis is back nothing but right answers.
sub recovered {
    my ($name, $back, @answers) = @_;

    my @bad = grep { $_->{status} == 503 } between($back, undef, @answers);
    my $last = 0;
    $_->{sent} - $back > $last and $last = $_->{sent} - $back for @bad;
    Test::More::cmp_ok($last, '<', 1, "$name: recovered within 1 s");
    Test::More::diag(sprintf '%s: the last 503 was asked for %.0f ms after'
                             . " Redis' return", $name, 1000 * $last);

    my %after = map { $_ => 1 }
                map { "$_->{kind} $_->{status}" }
                between($back + 1, undef, @answers);
    Test::More::is_deeply([ sort keys %after ],
                          [ 'open 200', 'owner 200', 'shut 403' ],
                          "$name: all is as before");
}

# Of the workers together, in KiB.
sub rss {
    my ($nginx) = @_;

    my $sum = 0;
    for my $pid ($nginx->workers) {
        PrivacyTest::read_file("/proc/$pid/status") =~ /VmRSS:\s+(\d+)/
            and $sum += $1;
    }
    return $sum;
}

sub log_is_clean {
    my ($nginx, $name) = @_;

    return Test::More::is_deeply(
        [ $nginx->log_lines(qr/\[(?:crit|alert|emerg)\]|exited on signal|
                               open\ socket/x) ],
        [], "$name: no worker crashed, nothing was left");
}

1;
