package Sweep;

# The nightly sweep of a large fleet: how long it takes, how long it holds
# Redis up, and what the gate's requests notice of it.

use strict;
use warnings;

use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time sleep);

use Bench;
use Variants;

my $BASELINE = 10;      # seconds
my $ASKED = 1000;       # accounts that the gate's requests are for


sub run {
    my ($bench, $report) = @_;

    my $accounts = $bench->{quick} ? 50_000 : 1_000_000;
    my $ctl = "$bench->{root}/.build/privacyctl";

    die "there is no $ctl\n" if !-x $ctl;

    $bench->start_redis;
    $bench->progress("filling Redis with $accounts accounts");

    populate($bench, $accounts);

    my %gate = map { $_ => gate($bench, $_) } qw(cached uncached);

    $bench->progress("the gate's latency before, $BASELINE s");

    my %before = latency($bench, \%gate, sub { sleep $BASELINE });

    # a command's length is to be its own

    Bench::prefer($bench->{pids}{redis});
    watch_commands($bench);
    $bench->progress('the sweep');

    my ($figures, $took);

    my %during = latency($bench, \%gate, sub {
        my $start = time;

        open my $out, '-|', $bench->aside, $ctl, '--redis',
            'unix:' . $bench->redis_socket, '--json', '--timeout', 60,
            'sweep' or die "privacyctl: $!\n";
        my $text = do { local $/; <$out> };
        close $out or die "privacyctl sweep failed: $text\n";

        $figures = JSON::PP::decode_json($text);
        $took = time - $start;
    });

    my ($longest, @slow) = longest_command($bench);
    my $left = unrestricted($bench);

    $bench->end($_) for qw(cached uncached redis);

    show($report, $accounts, $took, $figures, $longest, \@slow, $left,
         \%before, \%during);
}


# One account in ten is unrestricted since some days ago, its TTL was lost;
# one in a thousand is excluded.

sub populate {
    my ($bench, $accounts) = @_;

    my $at = POSIX::strftime('%Y-%m-%dT12:00:00Z', gmtime(time - 3 * 86400));
    my $n = 0;
    my @queue;

    $bench->fill_redis(sub {
        if (!@queue) {
            return if $n >= $accounts;
            @queue = account($n++, $at);
        }

        return @{ shift @queue };
    });
}


sub account {
    my ($n, $at) = @_;

    my $id = Bench::account($n);
    my $org = sprintf 'org%03d', $n % 1000;

    my @commands = (
        [ 'SET', "privacy-account:{$id}", qq({"name":"Account $n",)
          . qq("integrators":["$org"],"administrators":[{"name":"Anna",)
          . qq("username":"anna$n","email":"anna$n\@example.com"}],)
          . qq("cameras":[{"id":"$id-1","name":"Gate"}]}) ],
        [ 'SET', "privacy:{$id}:providers", qq(["$org"]) ],
        [ 'SET', "privacy:camera:$id-1", $id ],
        [ 'SADD', "privacy-org:$org", $id ],
    );

    push @commands, [ 'SET', "privacy:{$id}:unrestricted",
        qq({"at":"$at","by":"anna","exports":false}) ] if $n % 10 == 0;

    push @commands, [ 'SET', "privacy:{$id}:excluded",
        qq({"at":"$at","by":"root","reason":"retail"}) ] if $n % 1000 == 0;

    push @commands, [ 'SET', "privacy:{$id}:grant:northcam", $Bench::GRANT ],
        [ 'SADD', "privacy-grants:{$id}", 'northcam' ] if $n < $ASKED;

    return @commands;
}


sub unrestricted {
    my ($bench) = @_;

    my $socket = $bench->redis_socket;
    my $keys = `redis-cli -s $socket --scan \\
                --pattern 'privacy:{*}:unrestricted'`;

    return $keys =~ tr/\n//;
}


# --- the gate's latency: a request every ms

sub gate {
    my ($bench, $which) = @_;

    my $nginx = $bench->nginx($which, conf => sub {
        Variants::configuration($which, @_) });

    sleep 0.5;
    $bench->client('load', $nginx->{port}, 8, $ASKED, $ASKED, 'seq',
                   '/accounts/a%/cameras/gate-1/live/1k');

    return $nginx;
}


sub latency {
    my ($bench, $gate, $what) = @_;

    my %answers;

    for my $which (keys %$gate) {
        unlink "$bench->{dir}/latency-$which.log";

        $bench->spawn("latency-$which", [ $bench->aside,
            $bench->program('load'), $gate->{$which}{port}, 1, 0, $ASKED,
            'random', '/accounts/a%/cameras/gate-1/live/1k', 1000 ]);
    }

    $what->();

    for my $which (keys %$gate) {
        $bench->end("latency-$which");
        $answers{$which} = JSON::PP::decode_json(
            Bench::slurp("$bench->{dir}/latency-$which.log"));

        die "$which: $answers{$which}{other} errors\n"
            if $answers{$which}{other};
    }

    return %answers;
}


# --- Redis' own monitors

sub watch_commands {
    my ($bench) = @_;

    $bench->redis('CONFIG', 'SET', 'latency-monitor-threshold', 1);
    $bench->redis('CONFIG', 'SET', 'slowlog-log-slower-than', 1000);
    $bench->redis('CONFIG', 'SET', 'slowlog-max-len', 10000);
    $bench->redis('LATENCY', 'RESET');
    $bench->redis('SLOWLOG', 'RESET');
}


# The longest command in ms, and how many of which were above 1 ms.  The
# latency monitor has whole ms, the slow log us.

sub longest_command {
    my ($bench) = @_;

    my $latest = $bench->redis('LATENCY', 'LATEST');
    my $longest = 0;

    # name, when, latest, longest

    while ($latest =~ /^(?:fast-)?command\n\d+\n\d+\n(\d+)$/mg) {
        $longest = $1 if $1 > $longest;
    }

    my $script = 'local n = {} local m = {} '
        . 'for _, e in ipairs(redis.call("SLOWLOG", "GET", 10000)) do '
        . 'local c = e[4][1] n[c] = (n[c] or 0) + 1 '
        . 'm[c] = math.max(m[c] or 0, e[3]) end local r = {} '
        . 'for c, k in pairs(n) do r[#r + 1] = c .. " " .. k .. " " .. m[c] '
        . 'end return r';

    my @slow = map { [ split ' ' ] }
        split /\n/, $bench->redis('EVAL', $script, 0);

    if (@slow) {
        my ($most) = sort { $b <=> $a } map { $_->[2] / 1000 } @slow;
        $longest = $most if $most > $longest - 1;
    }

    return ($longest, @slow);
}


sub show {
    my ($report, $accounts, $took, $figures, $longest, $slow, $left, $before,
        $during) = @_;

    my $open = $accounts / 10;

    $report->table('The sweep',
        [ 'what', 'measured' ],
        [ 'accounts', $accounts ],
        [ 'of them unrestricted', $open ],
        [ 'keys looked at', $figures->{keys} ],
        [ 'made restricted', $figures->{restricted} ],
        [ 'seconds', $took ],
        [ 'longest command, ms', $longest ],
        map { [ "$_->[0] above 1 ms: how many; the longest, ms",
                sprintf '%d; %.1f', $_->[1], $_->[2] / 1000 ] } @$slow);

    $report->table("The gate's latency meanwhile, a request every ms, ms",
        [ 'verdicts', 'when', 'median', '99th percentile', 'longest' ],
        map {
            my $which = $_;
            map { [ $which, $_->[0], @{ $_->[1]{$which} }{
                        qw(p50_ms p99_ms max_ms) } ] }
                [ 'before', $before ], [ 'during', $during ];
        } qw(cached uncached));

    $report->figure(sweep => { seconds => $took, figures => $figures,
        longest_ms => $longest, slow => $slow, left => $left,
        before => $before, during => $during });

    # those on the exclusion list stay

    my $excluded = $accounts / 1000;

    $report->at_most('accounts left open that are not excluded',
                     $left - $excluded, 0, '');
    $report->at_least('accounts made restricted', $figures->{restricted},
                      $open - $excluded, '');
    $report->at_most('longest Redis command of the sweep', $longest, 10,
                     ' ms');
}


1;
