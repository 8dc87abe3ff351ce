# The nightly sweep by nginx itself, through real midnights UTC-5: libfaketime
# sets nginx' clock, Redis keeps the machine's.
# packages: faketime

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);
use Time::Local qw(timegm);
use PrivacyTest;
use PrivacyTest::Api;
use PrivacyTest::Control;
use PrivacyTest::Cut ();

plan skip_all => 'libfaketime is not installed'
    if !PrivacyTest::Control::faketime();

# An nginx whose clock starts at a time, in a country with daylight saving.
sub host {
    my ($redis, $at, %options) = @_;

    my @at = reverse $at =~ /(\d+)/g;
    my %clock = (
        LD_PRELOAD                   => PrivacyTest::Control::faketime(),
        FAKETIME                     => '@' . timegm(@at[0 .. 3], $at[4] - 1,
                                                     $at[5]),
        FAKETIME_FMT                 => '%s',
        FAKETIME_DONT_FAKE_MONOTONIC => 1,
        TZ                           => 'America/New_York',
        PrivacyTest::Cut::is_asan()
            ? (ASAN_OPTIONS => "$ENV{ASAN_OPTIONS},verify_asan_link_order=0",
               LSAN_OPTIONS => $ENV{LSAN_OPTIONS}) : (),
    );
    local %ENV = (%ENV, %clock);

    return PrivacyTest::Api->new($redis,
        main => join('', map { "env $_;\n" } keys %clock),
        http => 'privacy_sweep on;', %options);
}

sub swept {
    my ($redis) = @_;

    return { @{ $redis->cmd('HGETALL', 'privacy-sweep') } };
}

# Waits until the sweep for that reset is over.
sub wait_swept {
    my ($redis, $reset, $timeout) = @_;

    return wait_until(sub {
        my $sweep = swept($redis);
        return ($sweep->{reset} // '') eq $reset
               && $sweep->{state} eq 'done' && $sweep;
    }, "the sweep of $reset", $timeout // 20);
}

sub done { return scalar map { $_->nginx->log_lines(qr/sweep done/) } @_ }

sub open_key { return "privacy:{$_[0]}:unrestricted" }

sub is_open { return $_[0]->cmd('EXISTS', open_key($_[1])) }

# Through midnight: November, the night clocks go forward, the one they go
# back, and one in summer where it is 04:00 UTC that nothing must happen at.

my %night = (
    november => [ '2026-11-23T04:59:54Z', '2026-11-22T05:00:00Z',
                  '2026-11-23T05:00:00Z' ],
    forward  => [ '2026-03-08T04:59:54Z', '2026-03-07T05:00:00Z',
                  '2026-03-08T05:00:00Z' ],
    back     => [ '2026-11-01T04:59:54Z', '2026-10-31T05:00:00Z',
                  '2026-11-01T05:00:00Z' ],
    summer   => [ '2026-07-01T03:59:54Z', '2026-06-30T05:00:00Z' ],
);
my (%redis, %host);

for my $name (sort keys %night) {
    my ($at) = @{ $night{$name} };
    my $redis = $redis{$name} = redis();
    my $api = $host{$name} = host($redis, $at);

    wait_swept($redis, $night{$name}[1]);
    pass("$name: a sweep at start, for the reset before");

    $api->put('/accounts/acme', operator(), account('acme'));
    $api->put('/accounts/kept', operator(), account('kept'));
    $api->put('/accounts/none', operator(), {});
    $api->put('/accounts/acme/access', admin('acme'));
    $api->put('/accounts/kept/exclusion', operator(), { reason => 'always' });
    $redis->cmd('PERSIST', open_key('acme'));       # a TTL that was lost
    $redis->cmd('SET', open_key('kept'), 1);        # a portal's own
    ok(is_open($redis, 'acme'), "$name: open before midnight");
}

for my $name (sort keys %night) {
    my ($at, $before, $reset) = @{ $night{$name} };
    my $redis = $redis{$name};
    next if !$reset;

    my $sweep = wait_swept($redis, $reset);
    pass("$name: a sweep after midnight");
    like($sweep->{finished_at}, qr/^\Q@{[ substr $reset, 0, 15 ]}\E/,
         "$name: right after");
    ok(!is_open($redis, 'acme'), "$name: shuts what is open");
    ok(is_open($redis, 'none'), "$name: not what has no cameras");
    is($sweep->{restricted}, is_open($redis, 'kept') ? 1 : 2,
       "$name: as its figures say");
    is(done($host{$name}), 2, "$name: both in the log");
}

{
    my $started = time;
    wait_until(sub {
        my $r = $host{summer}->put('/accounts/acme/access', admin('acme'));
        my ($h, $m) = $r->{json}{at} =~ /T(\d\d):(\d\d)/;
        return $h == 4;
    }, '04:00 UTC', 20);
    sleep 6;
    is(swept($redis{summer})->{reset}, $night{summer}[1],
       'summer: no sweep at the midnight of daylight saving');
    is(done($host{summer}), 1, 'only the one at start');
}

for my $name (sort keys %night) {
    my $api = $host{$name};
    ok($api->nginx->quit(3), "$name: a sweep's clock keeps no worker alive");
    is_deeply([ $api->nginx->log_lines(qr/\[(?:crit|alert|emerg)\]/) ], [],
              "$name: no alert");
}

# Down at midnight, and not twice afterwards.

{
    my $redis = redis();
    my $api = host($redis, '2026-11-22T20:00:00Z');
    wait_swept($redis, '2026-11-22T05:00:00Z');
    $api->put('/accounts/acme', operator(), account('acme'));
    $api->put('/accounts/acme/access', admin('acme'));
    $redis->cmd('PERSIST', open_key('acme'));
    $api->nginx->quit;
    ok(is_open($redis, 'acme'), 'down at midnight');

    $api = host($redis, '2026-11-23T06:00:00Z');
    my $sweep = wait_swept($redis, '2026-11-23T05:00:00Z');
    ok(!is_open($redis, 'acme'), 'swept at start');
    $api->put('/accounts/acme/access', admin('acme'));
    $api->nginx->quit;

    $api = host($redis, '2026-11-23T07:00:00Z', workers => 2);
    sleep 2;
    is_deeply(swept($redis), $sweep, 'and not again at the next start');
    ok(is_open($redis, 'acme'), 'who was let in after midnight stays');
    my @old = $api->nginx->reload;
    ok($api->nginx->wait_gone(\@old, 5), 'old workers go');
    sleep 1;
    is_deeply(swept($redis), $sweep, 'nor after a reload');
    is(done($api), 0, 'says the log');
    $api->nginx->quit;
}

# Two hosts of two workers each: one sweep.

{
    my $redis = redis();
    my @hosts = map { host($redis, '2026-11-23T04:59:55Z', workers => 2) }
                1 .. 2;
    wait_swept($redis, '2026-11-22T05:00:00Z');
    for my $i (1 .. 50) {
        $hosts[0]->put("/accounts/a$i", operator(), {
            cameras => [ { id => "a$i-c" } ] });
        $redis->cmd('SET', open_key("a$i"), 1);
    }
    wait_swept($redis, '2026-11-23T05:00:00Z');
    sleep 6;
    is(scalar(grep { is_open($redis, "a$_") } 1 .. 50), 0, 'all are shut');
    is(done(@hosts), 2, 'by one sweep at start and one at midnight');
    my $events = 0;
    for my $i (1 .. 50) {
        $events += grep { /restrict|reset|sweep/i } map { join ' ', @{ $_->[1] } }
                   @{ $redis->cmd('XRANGE', "privacy-log:{a$i}", '-', '+') };
    }
    is($events, 50, 'with one event for each');
    $_->nginx->quit for @hosts;
}

# The sweeper dies half way; a reload takes it from an exiting worker.

{
    my $redis = redis();
    my $fill = sub {
        my $client = $redis->client;
        for my $i (1 .. 20_000) {
            $client->send('SET', "privacy-account:{a$i}",
                          qq({"name":"A","integrators":[],"administrators":[],)
                          . qq("cameras":[{"id":"a$i-c"}]}));
            $client->send('SET', open_key("a$i"), 1);
            $client->send('SET', "privacy:camera:a$i-c", "a$i");
            if ($i % 500 == 0) { $client->reply for 1 .. 1500 }
        }
    };
    my $left = sub {
        my $client = $redis->client;
        return scalar @{ $client->cmd('KEYS', 'privacy:{*}:unrestricted') };
    };
    my $holder = sub { return $redis->cmd('GET', 'privacy-sweep:lock') };

    $fill->();
    my $first = host($redis, '2026-11-23T06:00:00Z');
    wait_until(sub { my $n = $left->(); $n < 19_900 && $n > 100 },
               'the sweep to begin', 20);
    my $token = $holder->();
    ok($token, 'a sweep has begun');
    my @old = $first->nginx->reload;
    ok($first->nginx->wait_gone(\@old, 5),
       'an exiting worker does not stay for it');
    my $n = $left->();
    SKIP: {
        skip 'it was done before', 2 if !$n;
        is($holder->(), $token, 'the lock outlives its holder');
        $redis->cmd('PEXPIRE', 'privacy-sweep:lock', 300);
        wait_until(sub { ($holder->() // $token) ne $token }, 'another sweeper',
                   10);
        pass('and another one goes on');
    }

    wait_until(sub { $left->() < $n - 50 || !$left->() }, 'it to go on', 20);
    kill 'KILL', $first->nginx->workers, $first->nginx->pid;
    my $second = host($redis, '2026-11-23T06:00:00Z');
    $redis->cmd('PEXPIRE', 'privacy-sweep:lock', 300);
    wait_swept($redis, '2026-11-23T05:00:00Z', 60);
    is($left->(), 0, 'killed, it is done by who comes next');
    is($redis->cmd('EXISTS', 'privacy-sweep:lock'), 0, 'and the lock is free');
    my ($summary) = $second->nginx->log_lines(qr/sweep done/);
    like($summary, qr/\[notice\].*privacy: sweep done: keys:\d+ accounts:20000/,
         'with a summary');
    $second->nginx->quit;
}

# Who may not write says so once; who does not want to, does not.

{
    my $redis = redis(users => [
        'user reader on >secret ~privacy* &* +@read +@connection +@pubsub '
        . '+client' ]);
    my $password = write_file(test_dir() . '/password', "secret\n");
    chmod 0600, $password;
    my $reader = host($redis, '2026-11-23T06:00:00Z', workers => 2,
        vars => { PASSWORD => $password, REDIS => $redis->socket
                  . ' user=reader password_file=' . $password });
    $reader->nginx->wait_log(qr/lets us not sweep/);
    sleep 5;
    is(scalar($reader->nginx->log_lines(qr/\[warn\].*lets us not sweep/)), 1,
       'a user who may not write: one warning');
    like(($reader->nginx->log_lines(qr/lets us not sweep/))[0],
         qr/privacy_sweep off/, 'which says what to do');
    is_deeply(swept($redis), {}, 'nothing was done');
    ok($reader->nginx->quit(3), 'nginx ends');

    my $off = host($redis, '2026-11-23T06:00:00Z',
                   http => 'privacy_sweep off;');
    sleep 1;
    is_deeply(swept($redis), {}, 'privacy_sweep off');
    $off->nginx->quit;

    $redis->kill;
    my $late = host($redis, '2026-11-23T06:00:00Z');
    $late->nginx->wait_log(qr/the sweep did not come to its end/);
    pass('no Redis: a warning');
    $redis->start;
    wait_swept($redis, '2026-11-23T05:00:00Z', 30);
    pass('and it is done when there is one');
    ok($late->nginx->quit(3), 'nginx ends');
}

done_testing();
