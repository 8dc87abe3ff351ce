# The cache of accounts: what $privacy_cache says, how often Redis is asked,
# what a change does, how many accounts stay, what ends by itself, and what an
# outage leaves usable.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes ();
use PrivacyTest;

my $redis = redis();

my $gate = <<'END';
    privacy_redis unix:%REDIS%;
    privacy_sweep off;
    privacy on;
    privacy_user $http_x_user;
    privacy_organization $http_x_organization;
    privacy_level $http_x_level;
    privacy_account $http_x_account;
    privacy_camera cam1;
    privacy_resource live;
    add_header X-Verdict "$privacy_verdict $privacy_reason $privacy_cache" always;
    add_header X-Recheck "$privacy_recheck" always;

    server {
        listen 127.0.0.1:%PORT%;
        location / { empty_gif; }
        location /registry { privacy_camera_registry on; empty_gif; }
        location /two/ {
            privacy_camera $http_x_camera;
            privacy_camera_registry on;
            privacy_account "";
            empty_gif;
        }
    }
END

my $grant = '{"role":"administrator_full"}';

sub start {
    my ($http, %more) = @_;

    my $nginx = nginx(vars => { REDIS => $redis->socket },
                      http => "$http\n$gate", %more);
    announced($nginx);
    return $nginx;
}

sub announced {
    my ($nginx, $from) = @_;

    return $nginx->wait_log(qr/changes are announced/, 10, $from);
}

sub ask {
    my ($nginx, $organization, $account, %other) = @_;

    my %header = (organization => $organization, account => $account,
                  level => 'integrator', user => 'jo', %other);
    my $path = delete $header{path} // '/';
    my $r = http_get($nginx->port, $path,
                     map { ("X-\u$_" => $header{$_}) } sort keys %header);
    return $r if wantarray;
    return "$r->{status} " . ($r->{header}{'x-verdict'} // '');
}

# A read is a PING with a number, which nothing else is once nginx is up, then
# each key's TTL and value.
sub reads {
    my %calls = $redis->cmd('INFO', 'commandstats')
                =~ /^cmdstat_(\w+):calls=(\d+)/mg;
    return $calls{ping} // 0;
}

# Runs the code and returns how many reads that took.
sub reads_of {
    my ($code) = @_;

    my $before = reads();
    $code->();
    return reads() - $before;
}


# --- HIT and MISS, and who is asked for what

my $nginx = start('');

$redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);

is(reads_of(sub {
    is(ask($nginx, 'fitco', 'acme'), '200 allow grant MISS', 'first');
}), 1, 'one read');

is(reads_of(sub {
    is(ask($nginx, 'fitco', 'acme'), '200 allow grant HIT', 'then')
        for 1 .. 20;
}), 0, 'redis is not asked again');

is(reads_of(sub {
    is(ask($nginx, 'other', 'acme'), '403 deny stranger MISS',
       'another organization is new');
    is(ask($nginx, 'other', 'acme'), '403 deny stranger HIT',
       'once; what is denied is remembered as well');
    is(ask($nginx, 'fitco', 'acme'), '200 allow grant HIT',
       'the first one is still known');
}), 1, 'one read');

is(reads_of(sub {
    is(ask($nginx, 'fitco', 'bolt'), '403 deny stranger MISS',
       'another account is new');
}), 1, 'one read');

is(reads_of(sub {
    is(ask($nginx, 'acme', 'acme', level => 'client'), '200 allow owner ',
       'owners need no facts');
}), 0, 'no read');


# --- many at once share a read

{
    my $before = reads();
    $redis->pause;
    my @clients = map { http_connect($nginx->port) } 1 .. 50;
    $_->request('GET', '/', { header => [ 'X-Organization' => 'fitco',
        'X-Account' => 'together', 'X-Level' => 'integrator' ] })
        for @clients;
    # All of them wait: who asks after them, and need not wait, is answered.
    ask($nginx, 'acme', 'acme', level => 'client') for 1, 2;
    $redis->resume;
    my %verdict;
    $verdict{ $_->response->{header}{'x-verdict'} }++ for @clients;
    is_deeply(\%verdict, { 'deny stranger MISS' => 50 }, '50 at once');
    # Those that came after the first read had left waited for one more; never
    # one each.
    cmp_ok(reads() - $before, '<=', 2, 'share a read or two');
}


# --- a change is seen by the next request

for my $change (
    [ 'a grant is revoked', [ 'DEL', 'privacy:{acme}:grant:fitco' ],
      '403 deny stranger' ],
    [ 'given', [ 'SET', 'privacy:{acme}:grant:fitco', $grant ],
      '200 allow grant' ],
    [ 'changed', [ 'SET', 'privacy:{acme}:grant:fitco',
                   '{"role":"administrator_restricted"}' ],
      '403 deny role' ],
    [ 'emptied', [ 'SET', 'privacy:{acme}:grant:fitco', '' ],
      '403 deny invalid' ],
    [ 'unlinked', [ 'UNLINK', 'privacy:{acme}:grant:fitco' ],
      '403 deny stranger' ],
    [ 'the integrator becomes a provider',
      [ 'SET', 'privacy:{acme}:providers', '["fitco"]' ],
      '403 deny restricted' ],
    [ 'the account is opened',
      [ 'SET', 'privacy:{acme}:unrestricted', '1', 'EX', 3600 ],
      '200 allow unrestricted' ],
    [ 'closed', [ 'DEL', 'privacy:{acme}:unrestricted' ],
      '403 deny restricted' ],
    [ 'excluded', [ 'SET', 'privacy:{acme}:excluded', '{}' ],
      '200 allow excluded' ],
    [ 'renamed away', [ 'RENAME', 'privacy:{acme}:excluded', 'gone' ],
      '403 deny restricted' ],
    [ 'renamed to', [ 'RENAME', 'gone', 'privacy:{acme}:excluded' ],
      '200 allow excluded' ],
    [ 'by a script', [ 'EVAL', 'return redis.call("DEL", KEYS[1], KEYS[2])', 2,
                       'privacy:{acme}:excluded', 'privacy:{acme}:providers' ],
      '403 deny stranger' ],
    [ 'by MSET', [ 'MSET', 'privacy:{acme}:grant:fitco', $grant,
                   'privacy:{acme}:grant:other', $grant ],
      '200 allow grant' ],
    [ 'a key of another type',
      [ 'EVAL', 'redis.call("DEL", KEYS[1]) '
                . 'return redis.call("HSET", KEYS[1], "a", "b")', 1,
        'privacy:{acme}:grant:fitco' ],
      '403 deny invalid' ],
    [ 'FLUSHALL', [ 'FLUSHALL' ], '403 deny stranger' ],
)
{
    my ($name, $command, $expected) = @$change;

    ask($nginx, 'fitco', 'acme');
    $redis->cmd(@$command);

    # The announcement goes another way than the answer to whoever wrote.
    wait_until(sub { ask($nginx, 'fitco', 'acme') =~ /^\Q$expected\E /; },
               "$name: $expected", 2);
    pass("$name: $expected");
    is(ask($nginx, 'fitco', 'acme'), "$expected HIT", "$name: remembered");
}

$redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
wait_until(sub { ask($nginx, 'fitco', 'acme') eq '200 allow grant HIT' }, 'it');
$redis->cmd('SET', 'privacy:{bolt}:grant:fitco', $grant);
$redis->cmd('SET', 'privacy-log:{acme}', 'x');
$redis->cmd('SET', 'other:{acme}:grant:fitco', 'x');
wait_until(sub { ask($nginx, 'fitco', 'bolt') eq '200 allow grant HIT' },
           'the other account');
is(ask($nginx, 'fitco', 'acme'), '200 allow grant HIT',
   'what happens to other keys changes nothing');


# --- the end of a TTL, which Redis need not announce

$redis->cmd('SET', 'privacy:{acme}:grant:brief', $grant, 'PX', 400);
my $set = now();
is(ask($nginx, 'brief', 'acme'), '200 allow grant MISS', 'a TTL of 400 ms');
my ($r) = ask($nginx, 'brief', 'acme');
is($r->{header}{'x-recheck'}, 1, 'recheck is rounded up');
$redis->pause;      # so that it cannot tell
wait_until(sub { ask($nginx, 'brief', 'acme') !~ /^200/ }, 'the end', 3);
my $took = now() - $set;
cmp_ok($took, '>', 0.3, 'open until its end');
cmp_ok($took, '<', 0.7, 'and no longer, Redis being silent');
$redis->resume;
wait_until(sub { ask($nginx, 'brief', 'acme') eq '403 deny stranger HIT' },
           'what Redis says then');
pass('then it is as if there had never been a grant');

$redis->cmd('SET', 'privacy:{acme}:grant:brief', $grant, 'PX', 60_000);
wait_until(sub { ask($nginx, 'brief', 'acme') =~ /^200/ }, 'a TTL');
$redis->cmd('PERSIST', 'privacy:{acme}:grant:brief');
wait_until(sub { my ($r) = ask($nginx, 'brief', 'acme');
                 ($r->{header}{'x-recheck'} // '') eq '' }, 'no TTL', 2);
pass('PERSIST is a change');
$redis->cmd('PEXPIRE', 'privacy:{acme}:grant:brief', 100);
wait_until(sub { ask($nginx, 'brief', 'acme') =~ /^403 deny stranger/ },
           'the end', 2);
pass('PEXPIRE is a change');


# --- starts_at and expires_at end by themselves

my $iso = sub {
    my ($t) = @_;
    my @t = gmtime int $t;
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', $t[5] + 1900,
           $t[4] + 1, @t[3, 2, 1, 0], ($t - int $t) * 1000;
};
my ($begin, $end) = (now() + 0.4, now() + 0.8);
$redis->cmd('SET', 'privacy:{acme}:grant:later',
    '{"role":"administrator_full","starts_at":"' . $iso->($begin)
    . '","expires_at":"' . $iso->($end) . '"}');
like(ask($nginx, 'later', 'acme'), qr/^403 deny not_yet/, 'starts later');
wait_until(sub { ask($nginx, 'later', 'acme') =~ /^200 allow grant/ }, 'start');
cmp_ok(now(), '>=', $begin - 0.002, 'not before its time');
cmp_ok(now(), '<', $begin + 0.3, 'at its time');
wait_until(sub { ask($nginx, 'later', 'acme') =~ /^403 deny expired/ }, 'end');
cmp_ok(now(), '>=', $end - 0.002, 'not before its end');
cmp_ok(now(), '<', $end + 0.3, 'at its end');


# --- the registry

$redis->cmd('SET', 'privacy:camera:cam1', 'acme');
is(ask($nginx, 'acme', 'acme', level => 'client', path => '/registry'),
   '200 allow owner MISS', 'a camera');
is(ask($nginx, 'acme', 'acme', level => 'client', path => '/registry'),
   '200 allow owner HIT', 'is remembered');
$redis->cmd('SET', 'privacy:camera:cam1', 'bolt');
wait_until(sub { ask($nginx, 'acme', 'acme', level => 'client',
                     path => '/registry') =~ /^403 deny foreign_camera/ },
           'the camera to move', 2);
pass('it moves to another account');
$redis->cmd('SET', 'privacy:camera:cam1', 'acme', 'PX', 200);
wait_until(sub { ask($nginx, 'acme', 'acme', level => 'client',
                     path => '/registry') =~ /^200/ }, 'back', 2);
wait_until(sub { ask($nginx, 'acme', 'acme', level => 'client',
                     path => '/registry') =~ /^403 deny foreign_camera/ },
           'the end of the entry', 2);
pass('its entry ends');

# One step known, the other not: that is no HIT.
$redis->cmd('SET', 'privacy:camera:camA', 'one');
$redis->cmd('SET', 'privacy:camera:camB', 'one');
is(ask($nginx, 'fitco', 'x', path => '/two/', camera => 'camA'),
   '403 deny stranger MISS', 'camera and account new');
is(ask($nginx, 'fitco', 'x', path => '/two/', camera => 'camB'),
   '403 deny stranger MISS', 'the camera new');
is(ask($nginx, 'fitco', 'x', path => '/two/', camera => 'camB'),
   '403 deny stranger HIT', 'both known');


# --- the loss of the subscription

wait_until(sub { ask($nginx, 'fitco', 'acme') eq '200 allow grant HIT' },
           'what is known');
my $from = length $nginx->log;
$redis->cmd('CLIENT', 'KILL', 'TYPE', 'pubsub');
# Whether the gate has noticed or not, what is denied now may not be allowed
# for longer than it takes to notice: at once, the connection being closed.
$redis->cmd('DEL', 'privacy:{acme}:grant:fitco');
wait_until(sub { ask($nginx, 'fitco', 'acme') =~ /^403 deny stranger/ },
           'the change', 2);
pass('a change while there was no subscription is seen');
announced($nginx, $from);
ask($nginx, 'fitco', 'acme');
is(ask($nginx, 'fitco', 'acme'), '403 deny stranger HIT',
   'and it is back on its own');

ok($nginx->quit, 'quit');
is(join("\n", grep { !/"grant" record of account "acme" is/ } $nginx->log_lines), '',
   'nothing went wrong');


# --- accounts=N: least recently used goes first

$redis->flush;
$nginx = start('privacy_cache accounts=3;');
for my $account (qw(a b c)) {
    like(ask($nginx, 'fitco', $account), qr/MISS$/, "$account: new");
}
like(ask($nginx, 'fitco', $_), qr/HIT$/, "$_: known") for qw(c b a);
like(ask($nginx, 'fitco', 'd'), qr/MISS$/, 'd: new; c was used least recently');
like(ask($nginx, 'fitco', $_), qr/HIT$/, "$_: known") for qw(a b d);
like(ask($nginx, 'fitco', 'c'), qr/MISS$/, 'c: gone');
like(ask($nginx, 'fitco', $_), qr/HIT$/, "$_: known") for qw(d b c);
like(ask($nginx, 'fitco', 'a'), qr/MISS$/, 'a: gone');
like(ask($nginx, 'acme', 'zzz', level => 'client'), qr/^403 deny foreign/,
     'who needs no facts takes no place') for 1 .. 5;
like(ask($nginx, 'fitco', $_), qr/HIT$/, "$_: known") for qw(b c a);

# What is evicted is not forgotten in Redis' sense: changes still count.
$redis->cmd('SET', 'privacy:{d}:grant:fitco', $grant);
is(ask($nginx, 'fitco', 'd'), '200 allow grant MISS', 'd: read anew');
ok($nginx->quit, 'quit');


# --- accounts=1

$nginx = start('privacy_cache accounts=1;');
like(ask($nginx, 'fitco', 'a'), qr/MISS$/, 'accounts=1: a');
like(ask($nginx, 'fitco', 'a'), qr/HIT$/, 'accounts=1: a again');
like(ask($nginx, 'fitco', 'b'), qr/MISS$/, 'accounts=1: b');
like(ask($nginx, 'fitco', 'a'), qr/MISS$/, 'accounts=1: a went');
ok($nginx->quit, 'quit');


# --- privacy_cache off: every request reads

$redis->flush;
$redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
$nginx = start('privacy_cache off;');
is(reads_of(sub {
    is(ask($nginx, 'fitco', 'acme'), '200 allow grant MISS', 'cache off')
        for 1 .. 5;
}), 5, 'every request reads');
$redis->cmd('SET', 'privacy:{acme}:grant:fitco',
            '{"role":"administrator_restricted"}');
is(ask($nginx, 'fitco', 'acme'), '403 deny role MISS',
   'cache off: a change is seen at once');
$redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
is(ask($nginx, 'fitco', 'acme'), '200 allow grant MISS',
   'cache off: and back');
$redis->cmd('SET', 'privacy:camera:cam1', 'acme');
is(reads_of(sub {
    is(ask($nginx, 'acme', 'acme', level => 'client', path => '/registry'),
       '200 allow owner MISS', 'cache off: the registry') for 1 .. 3;
}), 3, 'is read every time, too');
ok($nginx->quit, 'quit');


# --- an outage: privacy_stale

$redis->flush;
$redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
$redis->cmd('SET', 'privacy:{acme}:grant:brief', $grant, 'PX', 1500);
$redis->cmd('SET', 'privacy:camera:cam1', 'acme');
$nginx = start('privacy_stale 3s;');
is(ask($nginx, 'fitco', 'acme'), '200 allow grant MISS', 'known');
is(ask($nginx, 'brief', 'acme'), '200 allow grant MISS', 'known, for a time');
is(ask($nginx, 'acme', 'acme', level => 'client', path => '/registry'),
   '200 allow owner MISS', 'whose camera it is: known');
$redis->kill;
my $killed = now();
wait_until(sub { ask($nginx, 'fitco', 'acme') eq '200 allow grant STALE' },
           'STALE', 2);
pass('what is known is used');
is(ask($nginx, 'new', 'acme'), '503 deny unavailable ',
   'of an organization that nothing is known of: 503');
is(ask($nginx, 'fitco', 'new'), '503 deny unavailable ',
   'of an account that nothing is known of: 503');
wait_until(sub { ask($nginx, 'brief', 'acme') !~ /^200/ }, 'the end', 3);
cmp_ok(now() - $killed, '<', 2.5, 'what ends meanwhile ends');
is(ask($nginx, 'brief', 'acme'), '403 deny stranger STALE',
   'and is denied for what it is, not for the outage');
is(ask($nginx, 'acme', 'acme', level => 'client', path => '/registry'),
   '200 allow owner STALE', 'owners keep the last known account');
wait_until(sub { ask($nginx, 'fitco', 'acme') =~ /^503/ }, 'the end of it', 6);
cmp_ok(now() - $killed, '>', 2.7, 'privacy_stale: for so long');
cmp_ok(now() - $killed, '<', 3.8, 'and no longer');
is(ask($nginx, 'fitco', 'acme'), '503 deny unavailable ', 'then 503');
is(ask($nginx, 'acme', 'acme', level => 'client', path => '/registry'),
   '200 allow owner STALE', 'owners keep their cameras all the same');
like(ask($nginx, 'fitco', 'acme', path => '/registry'),
     qr/^503 deny unavailable/, 'providers do not');
is(ask($nginx, 'acme', 'acme', level => 'client'), '200 allow owner ',
   'without the registry owners are not concerned');

$redis->start;
$redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
my $back = now();
wait_until(sub { ask($nginx, 'fitco', 'acme') =~ /^200 allow grant/ }, 'back');
cmp_ok(now() - $back, '<', 1.2, 'recovered within a second of its return');
wait_until(sub { ask($nginx, 'fitco', 'acme') eq '200 allow grant HIT' },
           'HIT again', 5);
pass('and cached again');

# Again and again: its two connections come back in any order.
for my $round (1 .. 6) {
    $redis->restart;
    $redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
    ok(eval {
        wait_until(sub { ask($nginx, 'fitco', 'acme')
                         eq '200 allow grant HIT' }, 'HIT', 3);
    }, "restart $round: cached again");
}
ok($nginx->quit, 'quit');


# --- privacy_stale 0: strict

$nginx = start('privacy_stale 0;');
is(ask($nginx, 'fitco', 'acme'), '200 allow grant MISS', 'strict: known');
is(ask($nginx, 'fitco', 'acme'), '200 allow grant HIT', 'strict: cached');
$redis->kill;
wait_until(sub { ask($nginx, 'fitco', 'acme') =~ /^503 deny unavailable/ },
           '503', 1);
my %seen;
$seen{ ask($nginx, 'fitco', 'acme') }++ for 1 .. 20;
is_deeply(\%seen, { '503 deny unavailable ' => 20 },
          'strict: 503 as soon as the connection is gone');
$redis->start;
ok($nginx->quit, 'quit');


# --- two workers see the same

$redis->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
$nginx = start('', workers => 2);
wait_until(sub {
    my @ready = grep { /changes are announced/ } split /\n/, $nginx->log;
    return @ready >= 2;
}, 'both workers');
for my $round (1 .. 20) {
    my ($command, $expected) = $round % 2
        ? ([ 'DEL', 'privacy:{acme}:grant:fitco' ], '403 deny stranger')
        : ([ 'SET', 'privacy:{acme}:grant:fitco', $grant ], '200 allow grant');
    $redis->cmd(@$command);
    Time::HiRes::sleep(0.02);
    my %verdict;
    for (1 .. 10) {
        my $verdict = ask($nginx, 'fitco', 'acme') =~ s/ \w+$//r;
        $verdict{$verdict}++;
    }
    is_deeply(\%verdict, { $expected => 10 }, "two workers, round $round");
}
ok($nginx->quit, 'quit');
is(join("\n", $nginx->log_lines), '', 'nothing went wrong');

done_testing();
