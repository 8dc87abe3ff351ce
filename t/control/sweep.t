# The sweep through a real midnight UTC-5, in November, in March and when it
# was missed; what it deletes and what it keeps; two sweepers; one that dies.
# The clocks of privacyctl are libfaketime's, Redis' own is the machine's:
# whatever is decided, is decided by the time that privacyctl has.
# packages: faketime

use strict;
use warnings;

use lib 't/lib';
use PrivacyTest;
use PrivacyTest::Control;
use Test::More;

my $redis = redis();
my $ctl = PrivacyTest::Control->new($redis);

plan skip_all => 'libfaketime is not installed'
    if !PrivacyTest::Control::faketime();

sub account {
    my ($ctl, $account, %more) = @_;

    my $r = $ctl->put($account, { integrators => ['inst'],
        cameras => [ { id => "$account-cam" } ], %more });
    die $r->{err} if $r->{status};
}

sub open_record {
    my ($at) = @_;

    return qq({"at":"$at","by":"ann","exports":false});
}

sub set_open {
    my ($account, $value, @ttl) = @_;

    $redis->cmd('SET', "privacy:{$account}:unrestricted", $value, @ttl);
}

sub is_open {
    my ($account) = @_;

    return $redis->cmd('EXISTS', "privacy:{$account}:unrestricted");
}

sub sweep {
    my ($ctl, @options) = @_;

    my $r = $ctl->ask('sweep', @options);
    is($r->{status}, 0, 'sweep') or diag $r->{err};
    return $r->{json};
}

# A midnight UTC-5 is 05:00 UTC all year, whatever clocks elsewhere do.
for my $midnight (['2026-11-22T05:00:00Z', 'November'],
                  ['2026-03-08T05:00:00Z', 'the day clocks go forward'],
                  ['2026-03-09T05:00:00Z', 'the day after'],
                  ['2026-11-01T05:00:00Z', 'the day clocks go back'],
                  ['2026-11-02T05:00:00Z', 'the day after that'])
{
    my ($time, $name) = @$midnight;

    subtest "midnight: $name" => sub {
        my ($day) = $time =~ /^(.*)T/;
        my $before = $ctl->at("${day}T04:59:30Z");
        my $after = $ctl->at("${day}T05:00:00Z");

        $redis->flush;
        account($before, $_) for qw(kept reset excluded partly late);
        account($before, 'bare', cameras => []);

        $before->run('allow', $_) for qw(reset excluded partly late);
        is($redis->cmd('PTTL', 'privacy:{reset}:unrestricted') <= 31000, 1,
           'half a minute is left');
        $redis->cmd('PERSIST', "privacy:{$_}:unrestricted")
            for qw(reset excluded partly late);
        $before->run('exclude', 'excluded', '--reason', 'x');
        $before->run('exclude', 'partly', '--reason', 'x',
                     '--organizations', 'inst');

        is(sweep($before)->{restricted}, 0, 'nothing before midnight');
        ok(is_open('reset'), 'still open');

        # at midnight, before the sweep comes by
        $after->run('allow', 'late');
        my $json = sweep($after, '--if-due');
        is($json->{restricted}, 2, 'two after it') or diag explain $json;
        ok(!is_open('reset'), 'restricted');
        ok(!is_open('partly'), 'restricted but for the named');
        ok(is_open('excluded'), 'excluded');
        ok(is_open('late'), 'allowed after midnight: kept');
        ok(is_open('bare'), 'without cameras: open');
        is_deeply([ map { $_->{action} } $ctl->events('reset') ],
                  [qw(put_account allow reset)], 'an event');
        is(sweep($after, '--if-due')->{state}, 'not_due', 'once');
        is(sweep($ctl->at("${day}T23:00:00Z"), '--if-due')->{state},
           'not_due', 'all day');
    };
}

subtest 'records of all kinds' => sub {
    my $noon = $ctl->at('2026-11-22T17:00:00Z');
    my $day = 86400 * 1000;

    $redis->flush;
    account($noon, $_) for 'a' .. 'l';
    set_open(a => open_record('2026-11-22T05:00:00Z'));
    set_open(b => open_record('2026-11-22T04:59:59Z'));
    set_open(c => open_record('2026-11-21T12:00:00Z'), 'PX', 30 * $day);
    set_open(d => open_record('2026-11-23T12:00:00Z'));
    set_open(e => '1');
    set_open(f => '1', 'PX', $day);
    set_open(g => '1', 'PX', 12 * 3600 * 1000);
    set_open(h => 'no record at all');
    set_open(i => '{"at":"2026-11-22T06:00:00Z"}', 'PX', 3600 * 1000);
    $redis->cmd('SADD', 'privacy:{j}:unrestricted', 'x');
    set_open(k => open_record('2026-11-01T12:00:00Z'));
    $redis->cmd('SET', 'privacy:{k}:excluded', 'garbage');
    set_open(raw => open_record('2026-11-01T12:00:00Z'));

    my $json = sweep($noon);
    my %kept = map { $_ => is_open($_) } 'a' .. 'k', 'raw';
    is_deeply(\%kept, { a => 1, b => 0, c => 0, d => 0, e => 0, f => 0,
                        g => 1, h => 0, i => 1, j => 0, k => 0, raw => 0 },
              'a: at the reset, g: a bare 1 to the next reset, i: today')
        or diag explain \%kept;
    is($json->{restricted}, 9, 'figures');
    my $before = $ctl->snapshot =~ s/"privacy-sweep":.*?\}\]//r;
    is(sweep($noon)->{restricted}, 0, 'again: nothing');
    is($ctl->snapshot =~ s/"privacy-sweep":.*?\}\]//r, $before,
       'and nothing has changed');
};

subtest 'grants' => sub {
    my $noon = $ctl->at('2026-11-22T17:00:00Z');

    $redis->flush;
    account($noon, 'acme');
    my %grants = (
        vendor_no_ttl => '{"role":"administrator_full","level":"vendor",'
            . '"granted_at":"2026-11-22T16:00:00Z"}',
        vendor_old => '{"role":"administrator_full","level":"vendor",'
            . '"granted_at":"2026-11-20T16:00:00Z"}',
        integrator_past => '{"role":"administrator_full",'
            . '"level":"integrator","expires_at":"2026-11-22T16:59:59Z"}',
        integrator => '{"role":"administrator_full","level":"integrator"}',
        future => '{"role":"administrator_full","level":"integrator",'
            . '"expires_at":"2026-11-23T16:59:59Z"}',
        garbage => 'no grant',
    );
    $redis->cmd('SET', "privacy:{acme}:grant:$_", $grants{$_})
        for keys %grants;
    $redis->cmd('SET', 'privacy:{acme}:grant:vendor_ttl',
                '{"role":"administrator_full","level":"vendor"}', 'EX',
                3600);

    my $json = sweep($noon);
    is($json->{grants}, 3, 'three removed');
    is($json->{invalid}, 1, 'one is none');
    is_deeply([ sort map { s/.*://r }
                @{ $redis->cmd('KEYS', 'privacy:{acme}:grant:*') } ],
              [qw(future garbage integrator vendor_ttl)], 'what stays');
    is_deeply([ sort @{ $redis->cmd('SMEMBERS', 'privacy-grants:{acme}') } ],
              [qw(future garbage integrator vendor_ttl)],
              'raw grants are found');
    is_deeply([ sort map { $_->{target} } grep { $_->{action} eq 'expire' }
                $ctl->events('acme') ],
              [qw(integrator_past vendor_no_ttl vendor_old)], 'events');
    is(scalar @{ $ctl->ask('grants', 'acme')->{json}{grants} }, 4,
       'and listed');
};

subtest 'a reset that nobody was up for' => sub {
    my $late = $ctl->at('2026-11-22T17:00:00Z');
    my $night = $ctl->at('2026-11-22T05:00:30Z');
    my $hour = 3600 * 1000;

    for ([$late, 'made up for at noon', 1], [$night, 'at midnight', 0]) {
        my ($at, $name, $kept) = @$_;

        $redis->flush;
        account($at, $_) for qw(short long none);
        set_open(short => '1', 'PX', 2 * $hour);
        set_open(long => '1', 'PX', 48 * $hour);
        set_open(none => '1');
        $redis->cmd('SET', 'privacy:{short}:grant:support',
                    '{"role":"administrator_full","level":"vendor",'
                    . '"granted_at":"2026-11-22T01:00:00Z"}');

        sweep($at, '--if-due');
        is(is_open('short') ? 1 : 0, $kept, "$name: a bare 1 with a TTL");
        ok(!is_open('long'), "$name: beyond the next reset");
        ok(!is_open('none'), "$name: without a TTL");
        is($redis->cmd('EXISTS', 'privacy:{short}:grant:support'), 1,
           "$name: a grant in force without a TTL");
        sweep($at);
        ok(!is_open('short'), "$name: an operator's sweep takes all");
        is($redis->cmd('EXISTS', 'privacy:{short}:grant:support'), 0,
           "$name: the grant, too");
    }
};

subtest 'registry and indexes' => sub {
    $redis->flush;
    account($ctl, 'acme');
    $redis->cmd('SET', 'privacy:camera:ghost', 'acme');
    $redis->cmd('SET', 'privacy:camera:lost', 'nobody');
    $redis->cmd('SET', 'privacy:camera:raw', 'portal');
    $redis->cmd('SET', 'privacy:{portal}:providers', '[]');
    $redis->cmd('SET', 'privacy:camera:junk', 'a b');
    $redis->cmd('DEL', 'privacy:camera:acme-cam', 'privacy-org:inst');
    $redis->cmd('SADD', 'privacy-org:old', 'acme', 'nobody', 'a b');
    $redis->cmd('SADD', 'privacy-grants:{acme}', 'gone', '{x}');

    my $json = sweep($ctl);
    is($json->{registry}, 3, 'entries that point nowhere');
    is($json->{repaired}, 2, 'what was missing');
    is_deeply([ sort @{ $redis->cmd('KEYS', 'privacy:camera:*') } ],
              [qw(privacy:camera:acme-cam privacy:camera:raw)],
              'registry');
    is_deeply($redis->cmd('SMEMBERS', 'privacy-org:inst'), ['acme'],
              'index joined');
    is($redis->cmd('EXISTS', 'privacy-org:old'), 0, 'index left');
    is($redis->cmd('EXISTS', 'privacy-grants:{acme}'), 0,
       'index of grants');

    # a portal that keeps no profiles keeps its registry
    $redis->flush;
    $redis->cmd('SET', 'privacy:camera:c1', 'portal');
    sweep($ctl);
    is($redis->cmd('GET', 'privacy:camera:c1'), 'portal',
       'without profiles: the portal\'s own');
};

subtest 'logs' => sub {
    $redis->flush;
    my $now = int(now() * 1000);
    my $old = $now - 366 * 86400 * 1000;
    for my $i (1 .. 250) {
        $redis->cmd('XADD', 'privacy-log:{acme}', $old + $i, 'i', $i);
    }
    $redis->cmd('XADD', 'privacy-log:{acme}', $now - 1000 * $_, 'i', 'new')
        for reverse 1 .. 5;
    $redis->cmd('XADD', 'privacy-log:{new}', $now, 'i', 'new');
    $redis->cmd('XADD', 'privacy-deleted', $old, 'i', 'old');

    my $json = sweep($ctl);
    is($json->{events}, 251, 'events trimmed');
    is($json->{logs}, 2, 'of two logs');
    is($redis->cmd('XLEN', 'privacy-log:{acme}'), 5, 'the new ones stay');
    my $conf = test_dir() . '/keep.conf';
    write_file($conf, "log-retention off\n");
    $redis->cmd('XADD', 'privacy-log:{old}', 1, 'i', 'old');
    sweep($ctl->with(env => { PRIVACYCTL_CONFIG => $conf }));
    is($redis->cmd('XLEN', 'privacy-log:{old}'), 1, 'kept for ever');
};

# Many accounts, so that a sweep takes its time.
sub crowd {
    my ($n) = @_;

    my $client = $redis->client(timeout => 60);
    $redis->flush;
    for my $i (1 .. $n) {
        $client->send('SET', "privacy-account:{m$i}",
                      qq({"integrators":[],"administrators":[],)
                      . qq("cameras":[{"id":"mc$i"}]}));
        $client->send('SET', "privacy:camera:mc$i", "m$i");
        $client->send('SET', "privacy:{m$i}:unrestricted",
                      open_record('2026-11-20T12:00:00Z'));
        if ($i % 500 == 0 || $i == $n) {
            $client->reply for 1 .. 3 * ($i % 500 || 500);
        }
    }
}

sub left { return scalar @{ $redis->cmd('KEYS', 'privacy:{*}:unrestricted') } }

subtest 'a sweeper that dies' => sub {
    crowd(5000);
    my $out = test_dir() . '/died';
    my $pid = $ctl->spawn($out, 'sweep');
    wait_until(sub { left() < 4500 }, 'some to be restricted', 30);
    PrivacyTest::Process::stop($pid, 'KILL');
    my $left = left();
    ok($left > 0 && $left < 5000, "half way: $left left");
    my $status = $ctl->ask('sweep', '--status');
    ok($status->{json}{running}, 'its lock is still there');
    is($ctl->run('sweep')->{status}, 1, 'so nobody else may');

    # the lock ends by itself: here a little sooner than in 30 s
    ok($redis->cmd('PTTL', 'privacy-sweep:lock') > 0, 'a TTL');
    $redis->cmd('PEXPIRE', 'privacy-sweep:lock', 300);
    is($ctl->ask('sweep', '--if-due')->{status}, 0, 'the next one waits');
    is(left(), 0, 'and ends what was begun');
    my $again = 0;
    for my $i (1 .. 5000) {
        $again++ if $redis->cmd('XLEN', "privacy-log:{m$i}") != 1;
    }
    is($again, 0, 'one event for each change');
};

subtest 'two sweepers' => sub {
    crowd(3000);
    my @out = map { test_dir() . "/two$_" } 1, 2;
    my @pids = map { $ctl->spawn($_, '--json', 'sweep', '--if-due') } @out;
    PrivacyTest::Process::wait_exit($_, 60) for @pids;
    is(left(), 0, 'all are restricted');
    my @states = sort map { (read_file($_) =~ /"state": "(\w+)"/)[0] } @out;
    is_deeply(\@states, [qw(done not_due)], 'by one of them');
};

subtest 'an allow during the sweep' => sub {
    crowd(3000);
    my $pid = $ctl->spawn(test_dir() . '/during', 'sweep');
    wait_until(sub { left() < 2900 }, 'the sweep', 30);
    my @mine = map { "m$_" } map { $_ * 100 } 1 .. 20;
    is($ctl->run('allow', $_)->{status}, 0, "allow $_") for @mine;
    PrivacyTest::Process::wait_exit($pid, 60);
    is(left(), scalar @mine, 'all others are restricted');
    ok(is_open($_), "$_ is open") for @mine;
};

done_testing();
