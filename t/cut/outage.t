# An outage: what is known may be used for privacy_stale, then providers'
# streams are cut; owners never notice.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Upstream;

my $upstream = PrivacyTest::Upstream->new;
my $frames = sub { PrivacyTest::Upstream::frames($_[0]) };

# s: how often streams in doubt are looked at, and then some
my $tick = 0.1 + slack();

# A Redis and a gate of its own for each case.
sub case {
    my ($name, $stale, $code, %options) = @_;

    my $redis = redis(%{ $options{redis} // {} });
    my $nginx = gate($redis, vars => { UPSTREAM => $upstream->port },
        gate => "privacy_stale $stale;", server => <<'END');
        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_buffering off;
        }
END
    (my $id = $name) =~ tr/a-zA-Z0-9/-/cs;
    grant($redis, 'a', 'inst', %{ $options{grant} // {} });

    # Facts are known, and known to be current.
    $nginx->wait_log(qr/changes are announced/);
    my $victim = watch($nginx, '/mjpeg', id => "$id-victim", org => 'inst');
    my $owner = watch($nginx, '/mjpeg', id => "$id-owner", org => 'a',
                      level => 'client');
    my @all = ($victim, $owner);
    pump(\@all, sub { !grep { 20 > $_->pieces } @all });

    my $at = $code->($redis, $nginx, $victim, \@all);

    my $end = now() + 0.1;
    pump(\@all, sub { now() > $end });
    untouched($owner, $at, "$name: the owner", $frames);
    is(http_get($nginx->port, '/short',
                identity(org => 'a', level => 'client'))->{status}, 200,
       "$name: an owner's new request");

    $options{after}->($nginx) if $options{after};
    if ($options{why}) {
        is(logged($nginx, "$id-victim")->[1], $options{why},
           "$name: \$privacy_cut");
    } else {
        ok(!$victim->how, "$name: not cut");
    }
    $_->close for @all;
    ok($nginx->quit, "$name: nginx quits");
    clean_log($nginx, "$name: no alert");
    $redis->kill;
}

# Tests that it ends between two moments.
sub ends {
    my ($victim, $all, $from, $to, $name, $zero) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    pump($all, sub { $victim->how }, $to + 1 - now());
    my $ended = $victim->{closed_at};
    if (!$ended) {
        fail("$name: cut");
        return;
    }
    cmp_ok($ended, '>=', $from, "$name: not too early");
    cmp_ok($ended, '<=', $to, "$name: and not too late");
    diag(sprintf '%s: %.0f ms', $name, 1000 * ($ended - $zero));
}

case('killed', '1s', sub {
    my ($redis, $nginx, $victim, $all) = @_;
    my $at = now();
    $redis->kill;
    ends($victim, $all, $at + 0.5, $at + 1 + $tick,
         'Redis is killed, privacy_stale 1s', $at);
    return $at;
}, why => 'stale', after => sub {
    my ($nginx) = @_;
    my $r = http_get($nginx->port, '/short', identity(org => 'inst'));
    is($r->{status}, 503, 'a new request of a provider: 503');
    ok($r->{header}{'retry-after'}, 'with Retry-After');
});

case('frozen', '1s', sub {
    my ($redis, $nginx, $victim, $all) = @_;
    my $at = now();
    $redis->pause;
    ends($victim, $all, $at, $at + 1 + $tick,
         'Redis is frozen, privacy_stale 1s', $at);
    $redis->resume;
    return $at;
}, why => 'stale');

case('strict', '0', sub {
    my ($redis, $nginx, $victim, $all) = @_;
    my $at = now();
    $redis->kill;
    ends($victim, $all, $at, $at + 0.2 + $tick,
         'Redis is killed, privacy_stale 0', $at);
    return $at;
}, why => 'stale');

# A key that was announced to have changed, and then nobody answers.
for my $how (qw(killed frozen)) {
    case("announced and $how", '1s', sub {
        my ($redis, $nginx, $victim, $all) = @_;

        # A witness of the announcement; one turn of Redis sends both.
        my $witness = $redis->client;
        my $id = $witness->cmd('CLIENT', 'ID');
        $witness->cmd(qw(CLIENT TRACKING ON REDIRECT), $id,
                      qw(BCAST PREFIX privacy:));
        $witness->cmd('SUBSCRIBE', '__redis__:invalidate');

        # Nobody's commands are answered after this transaction.
        my $client = $redis->client;
        $client->cmd('MULTI');
        $client->cmd('DEL', 'privacy:{a}:grant:inst');
        $client->cmd('CLIENT', 'PAUSE', 60_000, 'ALL');
        my $at = now();
        $client->cmd('EXEC');
        is($witness->reply->[2][0], 'privacy:{a}:grant:inst',
           "$how: announced");
        $redis->kill if $how eq 'killed';

        ends($victim, $all, $at, $at + 1 + $tick,
             "announced, then Redis is $how, privacy_stale 1s", $at);
        return $at;
    }, why => 'stale');
}

# What ends by itself ends in an outage, too.
{
    my $end;
    case('TTL in an outage', '10s', sub {
        my ($redis, $nginx, $victim, $all) = @_;
        $end = now() + 0.6;
        $redis->cmd('PEXPIRE', 'privacy:{a}:grant:inst', 600);
        # nginx has to hear of it: a later change to something else is known
        # when this one is
        pump($all, sub { now() > $end - 0.4 });
        $redis->kill;
        ends($victim, $all, $end - 0.01, $end + slack(),
             'TTL in an outage', $end);
        return $end;
    }, why => 'expired');

    my $expires = now() + 4;
    case('expires_at in an outage', '60s', sub {
        my ($redis, $nginx, $victim, $all) = @_;
        $redis->kill;
        my $at = int($expires * 1000) / 1000;
        ends($victim, $all, $at - 0.01, $at + slack(),
             'expires_at in an outage', $at);
        return $at;
    }, why => 'expired', grant => { expires_at => iso($expires) });
}

# Shorter than privacy_stale: nothing happens.
case('frozen for a short time', '3s', sub {
    my ($redis, $nginx, $victim, $all) = @_;
    my $at = now();
    $redis->pause;
    pump($all, sub { now() > $at + 1 });
    $redis->resume;
    pump($all, sub { now() > $at + 3.5 });
    untouched($victim, $at, 'frozen for a short time: the stream', $frames);
    return $at;
}, after => sub {
    my ($nginx) = @_;
    is(http_get($nginx->port, '/short', identity(org => 'inst'))->{status},
       200, 'frozen for a short time: providers are served again');
});

case('restarted with its data', '5s', sub {
    my ($redis, $nginx, $victim, $all) = @_;
    my $at = now();
    my $from = length $nginx->log;
    $redis->restart;
    pump($all, sub {
        return now() > $at + 1
               && substr($nginx->log, $from) =~ /changes are announced/;
    });
    ok(!$victim->how, 'restarted with its data: goes on');

    # and changes are honoured again
    $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    ends($victim, $all, $at, $at + slack(), 'revoked after a restart', $at);
    return $at;
}, why => 'revoked', redis => { config => [ 'appendonly yes',
                                            'appendfsync always' ] });

case('restarted empty', '10s', sub {
    my ($redis, $nginx, $victim, $all) = @_;
    $redis->kill;
    my $at = now();
    $redis->start;
    ends($victim, $all, $at, $at + 2 + slack(), 'restarted without its data',
         $at);
    return $at;
}, why => 'revoked');

# A change that nobody announced, for the subscription was lost with it.
case('subscription lost', '10s', sub {
    my ($redis, $nginx, $victim, $all) = @_;
    my $client = $redis->client;
    $client->cmd('MULTI');
    $client->cmd('CLIENT', 'KILL', 'TYPE', 'pubsub');
    $client->cmd('DEL', 'privacy:{a}:grant:inst');
    my $at = now();
    $client->cmd('EXEC');
    ends($victim, $all, $at, $at + 0.5 + slack(),
         'a change lost with the subscription', $at);
    return $at;
}, why => 'revoked');

case('all connections lost', '10s', sub {
    my ($redis, $nginx, $victim, $all) = @_;
    my $client = $redis->client;
    $client->cmd('MULTI');
    $client->cmd('CLIENT', 'KILL', 'SKIPME', 'yes');
    $client->cmd('DEL', 'privacy:{a}:grant:inst');
    my $at = now();
    $client->cmd('EXEC');
    ends($victim, $all, $at, $at + 0.5 + slack(),
         'a change lost with all connections', $at);
    return $at;
}, why => 'revoked');

done_testing();
