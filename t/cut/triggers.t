# Whatever an allowed verdict rests on: when it goes, the stream goes, and
# with the right word in the log.
#
# alone

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Upstream;

my $redis = redis();
my $upstream = PrivacyTest::Upstream->new;
my $nginx = gate($redis, vars => { UPSTREAM => $upstream->port },
    gate => <<'END',
    privacy_grant_ttl vendor 2s;
    privacy_role night live cameras=all;
END
    server => <<'END');
        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_buffering off;
        }

        location /registry/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_buffering off;
            privacy_camera_registry on;
        }

        location /trusting/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_buffering off;
            privacy_providers off;
        }
END

my $frames = sub { PrivacyTest::Upstream::frames($_[0]) };
my ($n, @figures) = (0);

# One account for each: what is there before (an account's id is its
# argument), what changes, and the word.  path, who: of the stream.
# also: a stream of the same account that must go on.
sub trigger {
    my ($name, %case) = @_;

    my $account = 't' . ++$n;
    my $path = $case{path} // '/mjpeg';
    my %who = (org => 'inst', account => $account,
               %{ $case{who} // {} });

    $case{before}->($account);
    my $victim = eval { watch($nginx, $path, id => "$account-victim", %who) };
    if (!$victim) {
        fail("$name: $@");
        return;
    }
    my %also = (account => $account, org => $account, level => 'client',
                %{ $case{also} // {} });
    my $also = eval { watch($nginx, $case{also_path} // $path,
                            id => "$account-also", %also) };
    if (!$also) {
        fail("$name: the other stream: $@");
        return;
    }
    my @all = ($victim, $also);
    ok(pump(\@all, sub { !grep { 10 > $_->pieces } @all }), "$name: flows");

    # A moment in the future, or now.
    my $at = $case{at} ? $case{at}->() : now();
    $case{change}->($account) if $case{change};
    pump(\@all, sub { $victim->how }, 5 + $at - now());
    push @figures, cut_within($victim, $at, $name, $also);
    cmp_ok($victim->{closed_at} // 0, '>=', $at - 0.002,
           "$name: and not before") if $case{at};

    my $end = now() + 0.1;
    pump(\@all, sub { now() > $end });
    untouched($also, $at, "$name: another", $frames);
    is(logged($nginx, "$account-victim")->[1], $case{why},
       "$name: \$privacy_cut");

    my $again = http_get($nginx->port, '/short',
        identity(id => "$account-again", account => $account, %who))
        if !$case{other_request};
    is($again->{status}, 403, "$name: the next request is denied") if $again;
    $_->close for @all;
}

my $key = sub {
    my ($account, $what) = @_;
    return "privacy:{$account}:$what";
};
my $given = sub { grant($redis, $_[0], 'inst', @_[1 .. $#_]) };
my $open = sub {
    my ($account, @fields) = @_;
    providers($redis, $account, 'inst', 'other');
    unrestricted($redis, $account, @fields);
};

# Grants

trigger('revoked', why => 'revoked',
    before => $given,
    change => sub { $redis->cmd('DEL', $key->($_[0], 'grant:inst')) });

trigger('revoked by UNLINK in a transaction', why => 'revoked',
    before => $given,
    change => sub {
        my $client = $redis->client;
        $client->cmd(@$_) for [ 'MULTI' ],
            [ 'UNLINK', $key->($_[0], 'grant:inst') ],
            [ 'XADD', "privacy-log:{$_[0]}", '*', 'event', 'revoke' ],
            [ 'EXEC' ];
    });

trigger('revoked by a script', why => 'revoked',
    before => $given,
    change => sub {
        $redis->cmd('EVAL', 'return redis.call("DEL", KEYS[1])', 1,
                    $key->($_[0], 'grant:inst'));
    });

trigger('another role', why => 'role',
    before => $given,
    change => sub { $given->($_[0], role => 'administrator_restricted') });

trigger('other cameras', why => 'camera',
    before => sub { $given->($_[0], cameras => [ 'c', 'd' ]) },
    who => { camera => 'd' },
    also => { camera => 'c', org => 'inst', level => 'integrator' },
    change => sub { $given->($_[0], cameras => [ 'c' ]) });

trigger('other users', why => 'user',
    before => sub { $given->($_[0], users => [ 'ann', 'bob' ]) },
    who => { user => 'bob' },
    also => { user => 'ann', org => 'inst', level => 'integrator' },
    change => sub { $given->($_[0], users => [ 'ann' ]) });

trigger('no exports any more', why => 'export',
    before => sub { $given->($_[0], exports => \1) },
    who => { resource => 'export' },
    also => { resource => 'live', org => 'inst', level => 'integrator' },
    change => sub { $given->($_[0], exports => \0) },
    other_request => 1);

trigger('begins later', why => 'not_yet',
    before => $given,
    change => sub { $given->($_[0], starts_at => iso(now() + 3600)) });

trigger('ended', why => 'expired',
    before => $given,
    change => sub { $given->($_[0], expires_at => iso(now() - 1)) });

trigger('becomes nonsense', why => 'invalid',
    before => $given,
    change => sub { $redis->cmd('SET', $key->($_[0], 'grant:inst'), '{') });

trigger('becomes a list', why => 'invalid',
    before => $given,
    change => sub {
        $redis->cmd('EVAL', 'redis.call("DEL", KEYS[1])'
                    . ' return redis.call("RPUSH", KEYS[1], "x")', 1,
                    $key->($_[0], 'grant:inst'));
    });

# Unrestricted, excluded, providers

trigger('restricted again', why => 'restricted',
    before => $open,
    change => sub { $redis->cmd('DEL', $key->($_[0], 'unrestricted')) });

trigger('restricted again, another has a grant', why => 'restricted',
    before => sub { $open->(@_); grant($redis, $_[0], 'other') },
    also => { org => 'other', level => 'integrator' },
    change => sub { $redis->cmd('DEL', $key->($_[0], 'unrestricted')) });

trigger('excluded no more', why => 'restricted',
    before => sub {
        providers($redis, $_[0], 'inst');
        $redis->cmd('SET', $key->($_[0], 'excluded'),
                    '{"at":"2026-01-01T00:00:00Z"}');
    },
    change => sub { $redis->cmd('DEL', $key->($_[0], 'excluded')) });

trigger('excluded for others only', why => 'restricted',
    before => sub {
        providers($redis, $_[0], 'inst', 'other');
        $redis->cmd('SET', $key->($_[0], 'excluded'),
            '{"at":"2026-01-01T00:00:00Z","organizations":["inst","other"]}');
    },
    also => { org => 'other', level => 'integrator' },
    change => sub {
        $redis->cmd('SET', $key->($_[0], 'excluded'),
            '{"at":"2026-01-01T00:00:00Z","organizations":["other"]}');
    });

trigger('no service provider any more', why => 'stranger',
    before => $open,
    also => { org => 'other', level => 'integrator' },
    change => sub { providers($redis, $_[0], 'other') });

trigger('no exports of an unrestricted account', why => 'restricted',
    before => sub { $open->($_[0], exports => \1) },
    who => { resource => 'export' },
    also => { resource => 'live', org => 'inst', level => 'integrator' },
    change => sub { unrestricted($redis, $_[0], exports => \0) },
    other_request => 1);

# The registry: providers and owners

my $registered = sub {
    my ($account) = @_;
    $redis->cmd('SET', "privacy:camera:$account-c", $account);
    grant($redis, $account, 'inst', cameras => [ "$account-c" ]);
};

for my $whose (qw(provider owner)) {
    my $next = 't' . ($n + 1);
    my %owner = (org => $next, level => 'client');
    trigger("camera of another account, $whose", why => 'foreign_camera',
        path => '/registry/mjpeg', also_path => '/mjpeg',
        before => sub {
            $registered->($_[0]);
            grant($redis, $_[0], 'other');
        },
        who => { camera => "$next-c", $whose eq 'owner' ? %owner : () },
        also => { org => 'other', level => 'integrator' },
        change => sub { $redis->cmd('SET', "privacy:camera:$_[0]-c", 'z') },
        other_request => 1);
}

{
    my $next = 't' . ($n + 1);
    trigger('camera of no account', why => 'foreign_camera',
        path => '/registry/mjpeg', also_path => '/mjpeg',
        before => $registered,
        who => { camera => "$next-c" },
        change => sub { $redis->cmd('DEL', "privacy:camera:$_[0]-c") },
        other_request => 1);
}

# By the clock.  PX and PEXPIRE are Redis' own; a stream sees the earliest.

my $end;
trigger('TTL of a grant', why => 'expired',
    before => sub {
        $end = now() + 0.7;
        $given->($_[0], ttl => 700);
    },
    at => sub { $end });

trigger('TTL of an unrestricted account', why => 'restricted',
    before => sub {
        $end = now() + 0.7;
        $open->($_[0], ttl => 700);
    },
    at => sub { $end });

trigger('TTL of an unrestricted account without a record',
    why => 'restricted',
    before => sub {
        $end = now() + 0.7;
        providers($redis, $_[0], 'inst');
        $redis->cmd('SET', $key->($_[0], 'unrestricted'), 1, 'PX', 700);
    },
    at => sub { $end });

trigger('TTL of a camera in the registry', why => 'foreign_camera',
    path => '/registry/mjpeg', also_path => '/mjpeg',
    before => sub {
        $registered->($_[0]);
        $end = now() + 0.7;
        $redis->cmd('PEXPIRE', "privacy:camera:$_[0]-c", 700);
    },
    who => { camera => 't' . ($n + 1) . '-c' },
    at => sub { $end }, other_request => 1);

trigger('expires_at', why => 'expired',
    before => sub {
        $end = now() + 0.8;
        $given->($_[0], expires_at => iso($end));
    },
    at => sub { int($end * 1000) / 1000 });

trigger('a TTL that was set later', why => 'expired',
    before => $given,
    change => sub { $redis->cmd('PEXPIRE', $key->($_[0], 'grant:inst'), 300) },
    at => sub { now() + 0.3 });

trigger('an expires_at that was set later', why => 'expired',
    before => $given,
    change => sub { $given->($_[0], expires_at => iso($end)) },
    at => sub { $end = now() + 0.4; int($end * 1000) / 1000 });

trigger('privacy_grant_ttl of a vendor', why => 'expired',
    before => sub {
        $end = now() + 0.8;
        grant($redis, $_[0], 'vend', level => 'vendor',
              granted_at => iso($end - 2));
    },
    who => { org => 'vend', level => 'vendor' },
    at => sub { int($end * 1000) / 1000 });

# A TTL that is taken away or made longer does not cut.
for my $how ('PERSIST', 'PEXPIRE') {
    my $account = 't' . ++$n;
    $given->($account, ttl => 500);
    my $stream = watch($nginx, '/mjpeg', id => "$account-$how",
                       org => 'inst', account => $account);
    my $at = now() + 0.5;
    $redis->cmd($how, $key->($account, 'grant:inst'),
                $how eq 'PEXPIRE' ? 60_000 : ());
    pump([ $stream ], sub { $stream->how || now() > $at + 0.3 });
    ok(!$stream->how, "a TTL that $how took away does not cut");
    $stream->close;
}

# starts_at: what was open before goes on, what it opens is opened.
{
    my $account = 't' . ++$n;
    my $at = now() + 0.8;
    providers($redis, $account, 'inst');
    $given->($account, starts_at => iso($at));
    my %who = (org => 'inst', account => $account);
    my $stream = watch($nginx, '/mjpeg', id => "$account-system", %who,
                       resource => 'system');
    is(http_get($nginx->port, '/short', identity(%who))->{status}, 403,
       'starts_at: denied before');
    pump([ $stream ], sub { $stream->how || now() > $at + 0.05 });
    is(http_get($nginx->port, '/short', identity(%who))->{status}, 200,
       'starts_at: allowed at that moment');
    $end = now() + 0.2;
    pump([ $stream ], sub { now() > $end });
    untouched($stream, $at, 'starts_at: what was open before', $frames);
    $stream->close;
}

# What opens while something else closes: no cut.
{
    my $account = 't' . ++$n;
    $open->($account);
    $given->($account);
    my $stream = watch($nginx, '/mjpeg', id => "$account-both",
                       org => 'inst', account => $account);
    pump([ $stream ], sub { 20 <= $stream->pieces });
    my $at = now();
    $redis->cmd('DEL', $key->($account, 'unrestricted'));
    $end = now() + 0.2;
    pump([ $stream ], sub { now() > $end });
    untouched($stream, $at, 'unrestricted goes, the grant stays', $frames);
    $at = now();
    $redis->cmd('DEL', $key->($account, 'grant:inst'));
    pump([ $stream ], sub { $stream->how }, 2);
    cut_within($stream, $at, 'and then the grant');
}

# privacy_providers off
trigger('privacy_providers off', why => 'restricted',
    path => '/trusting/mjpeg',
    before => sub { unrestricted($redis, $_[0]) },
    change => sub { $redis->cmd('DEL', $key->($_[0], 'unrestricted')) },
    other_request => 1);

# A role of the operator's own
trigger('a role of its own', why => 'role',
    before => sub { $given->($_[0], role => 'night') },
    change => sub { $given->($_[0], role => 'administrator_restricted') });

# FLUSHALL: everything of everybody
for my $how ('FLUSHALL', 'FLUSHDB') {
    my @streams;
    for my $org (qw(inst other)) {
        grant($redis, "f-$org", $org);
        push @streams, watch($nginx, '/mjpeg', id => "$how-$org",
                             account => "f-$org", org => $org);
    }
    my $owner = watch($nginx, '/mjpeg', id => "$how-owner",
                      account => 'f-inst', org => 'f-inst',
                      level => 'client');
    my @all = (@streams, $owner);
    pump(\@all, sub { !grep { 10 > $_->pieces } @all });
    my $at = now();
    $redis->cmd($how);
    pump(\@all, sub { !grep { !$_->how } @streams }, 3);
    push @figures, cut_within($_, $at, $how, $owner) for @streams;
    is(logged($nginx, "$how-inst")->[1], 'revoked', "$how: \$privacy_cut");
    $end = now() + 0.1;
    pump(\@all, sub { now() > $end });
    untouched($owner, $at, "$how: the owner", $frames);
    $_->close for @all;
}

@figures = sort { $a <=> $b } grep { defined } @figures;
diag(sprintf 'change to closed, %d triggers: median %.1f ms, worst %.1f ms',
     scalar @figures, $figures[@figures / 2], $figures[-1]);

ok($nginx->quit, 'nginx quits');
clean_log($nginx);

done_testing();
