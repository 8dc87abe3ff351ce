# 2,000 actions on one account from several clients at once: they end in a
# state that some order explains, with as many events as changes.

use strict;
use warnings;

use lib 't/lib';
use PrivacyTest;
use PrivacyTest::Control;
use Test::More;

my $clients = 8;
my $each = 250;

my $redis = redis();
my $ctl = PrivacyTest::Control->new($redis);
my $json = PrivacyTest::Control::json();

is($ctl->put('acme', { integrators => [qw(i1 i2)],
    cameras => [ map { { id => "c$_" } } 1 .. 6 ] })->{status}, 0, 'account');

# One of the actions, by a random number.
sub action {
    my $org = 'i' . (1 + int rand 2);
    my $camera = 'c' . (1 + int rand 8);
    my @all = (
        sub { $ctl->ask('allow', 'acme', rand() < 0.5 ? '--exports' : ()) },
        sub { $ctl->ask('disallow', 'acme') },
        sub { $ctl->ask('grant', 'acme', $org, '--role', 'user_full',
                        '--cameras', $camera) },
        sub { $ctl->ask('grant', 'acme', $org) },
        sub { $ctl->ask('update', 'acme', $org, '--role', 'user_restricted',
                        '--cameras', $camera) },
        sub { $ctl->ask('revoke', 'acme', $org) },
        sub { $ctl->ask('exclude', 'acme', '--reason', 'r' . int rand 3) },
        sub { $ctl->ask('include', 'acme') },
        sub {
            $ctl->put('acme', { integrators => [qw(i1 i2)],
                cameras => [ map { { id => "c$_" } }
                             1 .. 6 + int rand 3 ] });
        },
    );
    return $all[rand @all]->();
}

my $dir = test_dir();
my @pids;
for my $n (1 .. $clients) {
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        srand 1000 + $n;
        my %count;
        for (1 .. $each) {
            my $r = action();
            $count{changed}++ if $r->{json} && $r->{json}{changed};
            $count{ $r->{status} == 0 ? 'done'
                : $r->{err} =~ /\((no-grant)\)/ ? $1
                : $r->{err} =~ /"cameras"/ ? 'cameras' : $r->{err} }++;
        }
        write_file("$dir/client$n", $json->encode(\%count));
        require POSIX;
        POSIX::_exit(0);
    }
    push @pids, $pid;
}
waitpid $_, 0 for @pids;

my %count;
for my $n (1 .. $clients) {
    my $one = $json->decode(read_file("$dir/client$n"));
    $count{$_} += $one->{$_} for keys %$one;
}

my $changed = delete $count{changed} // 0;    # by what the clients were told
my $all = 0;
$all += $_ for values %count;
is($all, $clients * $each, "$all actions");
is_deeply([ grep { !/^(?:done|no-grant|cameras)$/ } keys %count ], [],
          'each was done, or refused for a reason of its own')
    or diag explain \%count;

# The log is an order.  Each event says what it found and what it made of it:
# followed from the first to the last, they must fit, change something each,
# and end in what the store holds.

my (%state, $faults, $idle);
my @events = $ctl->events('acme');

for my $event (@events) {
    my $action = $event->{action};
    my $record = $event->{record};
    my ($key, $new) =
        $action eq 'put_account' ? ('profile', $record)
        : $action =~ /^(?:dis)?allow$/ ? ('open', $record)
        : $action =~ /clude$/ ? ('excluded', $record)
        : ("grant:$event->{target}", $record);
    my $old = $state{$key};

    if ($action =~ /^(?:grant|update|revoke)$/) {
        my $before = $event->{before};
        $faults++ if (defined $before) != (defined $old)
            || (defined $before && $before ne $old);
        $faults++ if ($action eq 'grant') == (defined $old);
    }
    $idle++ if ($old // '') eq ($new // '');
    $state{$key} = $new;
}

is($faults // 0, 0, scalar(@events) . ' events follow from one another');
is($idle // 0, 0, 'each is a change');
is($redis->cmd('XLEN', 'privacy-log:{acme}'), 1 + $changed,
   "as many events as changes: the account, and $changed by the clients");
cmp_ok($changed, '<', $count{done}, 'others found it done already');
cmp_ok($changed, '>', $each, 'and many did not');

my %stored = (
    profile => 'privacy-account:{acme}', open => 'privacy:{acme}:unrestricted',
    excluded => 'privacy:{acme}:excluded',
    'grant:i1' => 'privacy:{acme}:grant:i1',
    'grant:i2' => 'privacy:{acme}:grant:i2',
);
for my $key (sort keys %stored) {
    is($redis->cmd('GET', $stored{$key}), $state{$key},
       "$key: what the last event says");
}

# what lives in other slots has followed
my %cameras = map { $_->{id} => 'acme' }
              @{ $json->decode($state{profile})->{cameras} };
my %registry = map { s/.*://r => $redis->cmd('GET', $_) }
               @{ $redis->cmd('KEYS', 'privacy:camera:*') };
is_deeply(\%registry, \%cameras, 'the registry is the profile\'s');
is($redis->cmd('SISMEMBER', "privacy-org:$_", 'acme'), 1, "index of $_")
    for qw(i1 i2);
is_deeply([ sort @{ $redis->cmd('SMEMBERS', 'privacy-grants:{acme}') } ],
          [ grep { defined $state{"grant:$_"} } qw(i1 i2) ],
          'the index of grants');

# two accounts and one camera: one of them gets it, whole
for my $round (1 .. 20) {
    my @racers = map {
        my $name = "r$round$_";
        my $pid = fork() // die "fork: $!";
        if ($pid == 0) {
            my $r = $ctl->put($name, { cameras => [
                { id => "shared$round" }, { id => "own-$name" } ] });
            require POSIX;
            POSIX::_exit($r->{status});
        }
        $pid;
    } qw(a b);
    my $won = 0;
    for (@racers) {
        waitpid $_, 0;
        $won++ if $? == 0;
    }
    my $owner = $redis->cmd('GET', "privacy:camera:shared$round") // '';
    my @there = grep { $redis->cmd('EXISTS', "privacy-account:{r$round$_}") }
                qw(a b);
    my $own = @{ $redis->cmd('KEYS', "privacy:camera:own-r$round?") };
    ok($won <= 1 && @there == $won && $own == $won
       && $owner eq ($won ? "r$round$there[0]" : ''),
       "round $round: $won got the camera");
}

done_testing();
