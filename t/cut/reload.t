# Reloads: old workers that drain still honour every change, and a role that
# the new configuration has lost is lost at once.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Upstream;

my $redis = redis();
my $upstream = PrivacyTest::Upstream->new;
my $frames = sub { PrivacyTest::Upstream::frames($_[0]) };
my $server = <<'END';
        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_buffering off;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $upgrade;
        }
END

sub start {
    return gate($redis, vars => { UPSTREAM => $upstream->port },
                server => $server, @_);
}

# The same with other lines in http { }: what replaces what.
sub change {
    my ($nginx, $from, $to) = @_;

    my $http = $nginx->{options}{http};
    $http =~ s/\Q$from\E/$to/ or die "no \"$from\"";
    $nginx->configure(http => $http);
}

sub alive { return scalar grep { kill 0, $_ } @_ }

# Every change, in three generations of workers
{
    grant($redis, 'a', $_) for qw(inst other);
    my $nginx = start();
    my (@victims, @others, @old);
    for my $generation (1 .. 3) {
        push @victims, watch($nginx, '/mjpeg', id => "g$generation-victim",
                             org => 'inst');
        push @others, watch($nginx, '/mjpeg', id => "g$generation-other",
                            org => 'other');
        push @victims, watch($nginx, '/ws', id => "g$generation-ws",
            org => 'inst', expect => 101,
            header => [ qw(Upgrade websocket Connection upgrade) ]);
        push @old, reloaded($nginx);
    }
    my @all = (@victims, @others);
    pump(\@all, sub { !grep { 20 > $_->pieces } @all });
    my %old = map { $_ => 1 } @old;
    @old = keys %old;
    is(alive(@old), 3, 'three generations of old workers');

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump(\@all, sub { !grep { !$_->how } @victims }, 3);
    cut_within($_, $at, 'revoked in an old worker', @others) for @victims;
    my $end = now() + 0.15;
    pump(\@all, sub { now() > $end });
    untouched($_, $at, 'another in an old worker', $frames) for @others;
    is(logged($nginx, "g$_-victim")->[1], 'revoked', 'the reason in the log')
        for 1 .. 3;

    # By the clock
    $redis->cmd('PEXPIRE', 'privacy:{a}:grant:other', 500);
    $at = now() + 0.5;
    pump(\@all, sub { !grep { !$_->how } @others }, 3);
    cut_within($_, $at, 'expired in an old worker') for @others;

    ok($nginx->wait_gone(\@old), 'the old workers end with their requests');
    clean_log($nginx);
    $nginx->quit;
}

# The end of privacy_stale
{
    my $redis = redis();
    grant($redis, 'a', 'inst');
    my $nginx = gate($redis, vars => { UPSTREAM => $upstream->port },
                     server => $server, gate => 'privacy_stale 500ms;');
    my $victim = watch($nginx, '/mjpeg', id => 'stale', org => 'inst');
    my @old = reloaded($nginx);
    my $at = now();
    $redis->kill;
    pump([ $victim ], sub { $victim->how }, 3);
    ok($victim->how && $victim->{closed_at} < $at + 0.6 + slack(),
       'privacy_stale ends in an old worker, too');
    is(logged($nginx, 'stale')->[1], 'stale', 'the reason in the log');
    ok($nginx->wait_gone(\@old), 'the old worker ends');
    clean_log($nginx);
    $nginx->quit;
}

# Roles
for my $case (
    [ 'a role that is gone', '', 'invalid' ],
    [ 'a role that has no live any more',
      'privacy_role night archive cameras=all;', 'role' ],
    [ 'a role that has this camera no more',
      'privacy_role night live cameras=assigned;', 'camera' ],
) {
    my ($name, $to, $why) = @$case;
    my $from = 'privacy_role night live cameras=all;';

    $redis->flush;
    grant($redis, 'a', 'inst', role => 'night', cameras => [ 'z' ]);
    grant($redis, 'a', 'other');
    my $nginx = start(gate => $from, workers => 2);

    my @victims = map { watch($nginx, '/mjpeg', id => "$name-$_",
                              org => 'inst') } 1 .. 6;
    my $other = watch($nginx, '/mjpeg', id => "$name-other", org => 'other');
    my $owner = watch($nginx, '/mjpeg', id => "$name-owner", org => 'a',
                      level => 'client');
    my @all = (@victims, $other, $owner);
    pump(\@all, sub { !grep { 20 > $_->pieces } @all });

    # A reload that is refused takes nothing away, one that changes nothing
    # neither.
    change($nginx, $from, "$to nonsense on;");
    ok(!eval { $nginx->reload; 1 }, "$name: nonsense is refused");
    change($nginx, "$to nonsense on;", $from);
    reloaded($nginx);
    my $at = now();
    pump(\@all, sub { now() > $at + 0.3 });
    is(scalar(grep { $_->how } @all), 0, "$name: nothing is cut before");

    change($nginx, $from, $to);
    $at = now();
    reloaded($nginx);
    my $done = now();
    pump(\@all, sub { !grep { !$_->how } @victims }, 3);
    my @late = grep { !$_->{closed_at}
                      || $_->{closed_at} > $done + 0.1 + slack() } @victims;
    is(scalar @late, 0, "$name: cut");
    my ($last) = sort { $b <=> $a }
        map { logged($nginx, "$name-$_")->[3] } 1 .. 6;
    diag(sprintf '%s: the last %.0f ms after HUP', $name,
         1000 * ($last - $at));
    is(logged($nginx, "$name-$_")->[1], $why, "$name: the reason in the log")
        for 1 .. 6;
    pump(\@all, sub { now() > $at + 0.4 });
    untouched($other, $at, "$name: another role", $frames);
    untouched($owner, $at, "$name: the owner", $frames);
    $_->close for @all;
    ok($nginx->quit, "$name: nginx quits");
    clean_log($nginx, "$name: no alert", qr/"nonsense"/);
}

# The gate goes with the new configuration; what began under it is honoured.
{
    $redis->flush;
    grant($redis, 'a', $_) for qw(inst other);
    my $nginx = start();
    my $victim = watch($nginx, '/mjpeg', id => 'off', org => 'inst');
    my $other = watch($nginx, '/mjpeg', id => 'off-other', org => 'other');
    change($nginx, 'privacy on;', 'privacy off;');
    my @old = reloaded($nginx);
    # the old worker may still take a few
    ok(wait_until(sub {
        return http_get($nginx->port, '/short',
                        identity(org => 'nobody'))->{status} == 200;
    }, 'the gate to be off'), 'the gate is off');
    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump([ $victim, $other ], sub { $victim->how }, 2);
    cut_within($victim, $at, 'of a time when the gate was on', $other);
    ok(!$other->how, 'another goes on');
    $other->close;
    ok($nginx->wait_gone(\@old), 'the old worker ends');
    clean_log($nginx);
    $nginx->quit;
}

# worker_shutdown_timeout works as ever.
{
    grant($redis, 'a', $_) for qw(inst other);
    my $nginx = start(main => 'worker_shutdown_timeout 1s;');
    my @all = map { watch($nginx, '/mjpeg', id => "timeout-$_", org => $_) }
              qw(inst other);
    push @all, watch($nginx, '/ws', id => 'timeout-ws', org => 'inst',
        expect => 101,
        header => [ qw(Upgrade websocket Connection upgrade) ]);
    push @all, watch($nginx, '/hold', id => 'timeout-hold', org => 'inst',
                     expect => 0);
    push @all, watch($nginx, '/mjpeg', id => 'timeout-owner', org => 'a',
                     level => 'client');
    $upstream->wait_saw('request', 'timeout-hold');
    pump(\@all, sub { !grep { 5 > $_->pieces } @all[0 .. 2] });
    my $at = now();
    my @old = reloaded($nginx);
    pump(\@all, sub { !grep { !$_->how } @all }, 5);
    is(scalar(grep { $_->how } @all), scalar @all,
       'worker_shutdown_timeout ends them all');
    my ($first) = sort { $a <=> $b } map { $_->{closed_at} // 0 } @all;
    cmp_ok($first, '>', $at + 0.8, 'and not before');
    ok($nginx->wait_gone(\@old, 3), 'the old worker is gone');
    is(logged($nginx, 'timeout-inst')->[1], '', 'that is not a cut');
    clean_log($nginx);
    $nginx->quit;
}

# quit waits for a stream, and its end is still the gate's
{
    grant($redis, 'a', 'inst');
    my $nginx = start();
    my $victim = watch($nginx, '/mjpeg', id => 'quit', org => 'inst');
    my @workers = $nginx->workers;
    kill 'QUIT', $nginx->pid;
    $nginx->wait_log(qr/gracefully shutting down/);
    pump([ $victim ], sub { 30 <= $victim->pieces });
    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump([ $victim ], sub { $victim->how }, 2);
    cut_within($victim, $at, 'revoked while nginx quits');
    ok($nginx->wait_gone(\@workers), 'nginx is gone then');
    clean_log($nginx);
}

done_testing();
