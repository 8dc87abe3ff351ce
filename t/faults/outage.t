# Redis dies, freezes, dawdles and comes back, under load.
# alone

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Faults;
use PrivacyTest::Gate;
use PrivacyTest::Proxy ();

my $lane = lanes(qw(killed stopped slow));
my $timeout = 0.2;

# It comes back with what it had.
my $redis = redis(config => [ 'appendonly yes', 'appendfsync always',
                              'enable-debug-command yes' ]);
my $proxy = PrivacyTest::Proxy->new($redis);
fill($redis);

sub start {
    my ($directives, $socket) = @_;

    return nginx(vars => { REDIS => $socket // $redis->socket }, workers => 2,
                 log_level => 'notice', http => gate(<<"END"));
    access_log off;
    privacy_timeout ${\ (1000 * $timeout)}ms;
    $directives

    server {
        listen 127.0.0.1:%PORT%;
        add_header X-Privacy "\$privacy_verdict \$privacy_reason \$privacy_cache"
                   always;

        location ~ ^/live/(?<account>\\w+)/(?<camera>\\w+) {
            privacy on;
            empty_gif;
        }
    }
END
}

my %ways = (
    killed  => [ sub { $redis->kill }, sub { $redis->start } ],
    stopped => [ sub { $redis->pause }, sub { $redis->resume } ],
);

# How long a silent subscription is believed in: a heartbeat's answer may be
# 750 ms late, and is looked for each 250 ms.
my %believed = (killed => 0.1, stopped => 1.1);

for my $way (grep { $_ eq $lane } qw(killed stopped)) {
    for my $mode ('strict', 'uncached') {
        my $nginx = start($mode eq 'strict' ? 'privacy_stale 0;'
                          : 'privacy_cache off; privacy_stale 0;');
        my $name = "$way, $mode";
        my $load = load($nginx);
        $load->wait_answers(1500);
        my $before = rss($nginx);

        for my $round (1 .. 2) {
            my $from = -s "$load->{file}.n";
            my $gone = now();
            $ways{$way}[0]->();
            $load->wait_answers($from + 1500);
            # Until the silence has been noticed, and a while longer.
            wait_until(sub { now() > $gone + $believed{$way} + 1 }, 'an end');
            my $until = now();
            $ways{$way}[1]->();
            my $back = now();
            wait_until(sub { now() > $back + 1.5 }, 'recovery');
            push @{ $load->{times} }, [ $gone, $until, $back ];
        }

        my @answers = $load->finish;
        my $after = rss($nginx);
        never_wrong($name, @answers);
        owners_served($name, @answers);

        my $n = 0;
        for (@{ $load->{times} }) {
            my ($gone, $until, $back) = @$_;
            my $name = "$name, outage " . ++$n;
            my @during = between($gone, $until - $timeout, @answers);
            in_time($name, $timeout, @during);
            my $known = $mode eq 'uncached' && $way eq 'killed' ? 0.1
                        : $mode eq 'uncached' ? 0 : $believed{$way};
            my @blind = of_kind('open|shut',
                between($gone + $known, $until - $timeout, @answers));
            my %blind = map { $_->{status} => 1 } @blind;
            is_deeply([ keys %blind ], [ 503 ], "$name: only 503 for providers")
                or diag(shown(statuses(@blind)));
            my $to = $n < @{ $load->{times} }
                     ? $load->{times}[$n][0] - $timeout : undef;
            recovered($name, $back, between($back, $to, @answers));
        }

        cmp_ok($after - $before, '<', is_asan() ? 800_000 : 8_000,
               "$name: memory") or diag("$before to $after KiB");
        log_is_clean($nginx, $name);
        ok($nginx->quit, "$name: quit");
        ok($nginx->wait_gone([ $nginx->workers ]), "$name: nobody is left");
    }
}

# --- privacy_stale: what was known serves, and no longer than it says

for my $way (grep { $_ eq $lane } qw(killed stopped)) {
    my $stale = 2;
    my $nginx = start("privacy_stale ${stale}s;");
    my $name = "$way, privacy_stale";
    my $load = load($nginx);
    $load->wait_answers(1500);

    my $gone = now();
    $ways{$way}[0]->();
    wait_until(sub { now() > $gone + $stale + 1.5 }, 'the end of staleness');
    my $until = now();
    $ways{$way}[1]->();
    my $back = now();
    wait_until(sub { now() > $back + 1.5 }, 'recovery');
    my @answers = $load->finish;

    never_wrong($name, @answers);
    owners_served($name, @answers);

    # What was current when the last heartbeat was sent, up to 250 ms before.
    my @within = of_kind('open|shut', between($gone + $believed{$way},
                                     $gone + $stale - 0.3 - $timeout, @answers));
    is_deeply([ sort keys %{ statuses(@within) } ], [ 'open 200', 'shut 403' ],
              "$name: right answers within it") or diag(shown(statuses(@within)));
    is(scalar(grep { $_->{words} !~ / STALE$/ } @within), 0,
       "$name: that say so");
    my @beyond = of_kind('open|shut', between($gone + $stale + 0.05,
                                              $until - $timeout, @answers));
    is_deeply([ sort keys %{ statuses(@beyond) } ], [ 'open 503', 'shut 503' ],
              "$name: none beyond it") or diag(shown(statuses(@beyond)));
    is_deeply([ sort keys %{ statuses(of_kind('owner',
                between($gone, $until, @answers))) } ], [ 'owner 200' ],
              "$name: owners all the time");
    in_time($name, $timeout, between($gone + $stale + 0.05, $until - $timeout,
                                     @answers));
    recovered($name, $back, @answers);
    log_is_clean($nginx, $name);
    ok($nginx->quit, "$name: quit");
}

# --- slow: DEBUG SLEEP, and replies that come late or after the time limit

if ($lane eq 'slow') {
    my $nginx = start('privacy_cache off; privacy_stale 0;', $proxy->socket);
    my $load = load($nginx);
    $load->wait_answers(600);

    my $soon = now();
    # A request may have to wait for the end of a read that it cannot share.
    $proxy->set(delay => $timeout * 0.3);
    wait_until(sub { now() > $soon + 1.2 }, 'slow answers');
    my $late = now();
    $proxy->set(delay => $timeout * 1.5);
    wait_until(sub { now() > $late + 1.5 }, 'late answers');
    my $back = now();
    $proxy->set;
    wait_until(sub { now() > $back + 1.5 }, 'recovery');

    my $sleep = now();
    my $client = $redis->client;
    $client->cmd('DEBUG', 'SLEEP', 1);
    my $awake = now();
    wait_until(sub { now() > $awake + 1.5 }, 'recovery');

    my @answers = $load->finish;
    never_wrong('slow', @answers);
    owners_served('slow', @answers);
    my @slow = of_kind('open|shut',
                       between($soon + 0.05, $late - $timeout, @answers));
    is_deeply([ sort keys %{ statuses(@slow) } ], [ 'open 200', 'shut 403' ],
              'slow, but in time: right answers')
        or diag(shown(statuses(@slow)));
    my @late = of_kind('open|shut',
                       between($late + $timeout, $back - $timeout, @answers));
    is_deeply([ sort keys %{ statuses(@late) } ], [ 'open 503', 'shut 503' ],
              'too slow: 503') or diag(shown(statuses(@late)));
    in_time('too slow', $timeout,
            between($late + $timeout, $back - $timeout, @answers));
    recovered('too slow', $back, between(undef, $sleep - $timeout, @answers));
    in_time('asleep', $timeout, between($sleep, $awake - $timeout, @answers));
    recovered('asleep', $awake, @answers);
    log_is_clean($nginx, 'slow');
    ok($nginx->quit, 'slow: quit');
}

# --- what changed while nobody could hear it is known after it

if ($lane eq 'slow') {
    my $nginx = start('privacy_stale 60s;', $proxy->socket);
    my $load = load($nginx);
    $load->wait_answers(600);

    my @changes;
    for my $round (1 .. 5) {
        $proxy->refuse;
        my $from = -s "$load->{file}.n";
        $load->wait_answers($from + 200);
        for my $n (0 .. 9) {
            $round % 2 ? deny($redis, "open$n", 'inst')
                       : allow($redis, "open$n", 'inst');
        }
        my $changed = now();
        $proxy->accept;
        wait_until(sub { now() > $changed + 1.3 }, 'recovery');
        push @changes, [ $changed, $round % 2 ? 403 : 200 ];
    }
    my @answers = $load->finish;

    for my $n (0 .. $#changes) {
        my ($from, $right) = @{ $changes[$n] };
        my $to = $n < $#changes ? $changes[$n + 1][0] - 0.7 : undef;
        my @since = grep { $_->{kind} eq 'open' } between($from, $to, @answers);
        my @sure = grep { $_->{words} !~ / STALE$/ && $_->{status} != 503 }
                   @since;
        is(scalar(grep { $_->{status} != $right } @sure), 0,
           "changed meanwhile $n: no wrong answer but those that say STALE")
            or diag(shown(statuses(@sure)));
        is(scalar(grep { $_->{words} =~ / STALE$/ }
                  between($from + 1, $to, @since)), 0,
           "changed meanwhile $n: none after 1 s");
        cmp_ok(scalar @sure, '>', 20, "changed meanwhile $n: enough of them");
    }
    owners_served('changed meanwhile', @answers);
    log_is_clean($nginx, 'changed meanwhile');
    ok($nginx->quit, 'changed meanwhile: quit');
}

done_testing();
