# privacy_redis: how it connects (unix socket, TCP, IPv6, a name), as whom
# (password, user of the ACL), to which database, and what the log says where
# it is not let in.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;

my $grant = '{"role":"administrator_full"}';

my $redis = redis(tcp => 1, config => [ 'requirepass topsecret' ], users => [
    # what the gate needs and nothing else; the canary may be written
    'user gate on >gatepass resetchannels &__redis__:invalidate ~privacy:* '
        . '-@all +getrange +pttl +set +ping +auth +select +subscribe '
        . '+client|id +client|tracking +client|trackinginfo +client|setname',
    # reads only
    'user reader on >gatepass resetchannels &__redis__:invalidate '
        . '%R~privacy:* -@all +getrange +pttl +ping +subscribe '
        . '+client|id +client|tracking +client|trackinginfo +client|setname',
    # may not read the grants
    'user half on >gatepass resetchannels &__redis__:invalidate '
        . '~privacy:canary:* -@all +getrange +pttl +set +ping +subscribe '
        . '+client|id +client|tracking +client|trackinginfo +client|setname',
    # may not subscribe
    'user deaf on >gatepass resetchannels ~privacy:* -@all +getrange +pttl +set '
        . '+ping +client|id +client|tracking +client|trackinginfo '
        . '+client|setname',
    # no tracking
    'user blind on >gatepass allchannels ~privacy:* -@all +getrange +pttl +set '
        . '+ping +subscribe +client|id +client|setname',
    # may not give its connection a name, nor write
    'user plain on >gatepass resetchannels &__redis__:invalidate '
        . '%R~privacy:* -@all +getrange +pttl +ping +subscribe '
        . '+client|id +client|tracking +client|trackinginfo',
    'user gone off >gatepass ~* &* +@all',
    'user empty on nopass ~* &* +@all',
]);

my $admin = $redis->client;
$admin->cmd('AUTH', 'topsecret');

sub fill {
    $admin->cmd('SELECT', 0);
    $admin->cmd('FLUSHALL');
    $admin->cmd('SET', 'privacy:{acme}:grant:fitco', $grant);
    $admin->cmd('SELECT', 5);
    $admin->cmd('SET', 'privacy:{five}:grant:fitco', $grant);
    $admin->cmd('SELECT', 0);
}

sub password {
    my ($text, $mode) = @_;

    my $file = write_file(test_dir() . '/password', $text);
    chmod $mode // 0600, $file;
    return $file;
}

sub gate {
    my ($address, %more) = @_;

    fill();
    return nginx(%more,
        vars => { REDIS => $address }, http => <<'END');
    privacy_redis %REDIS%;
    privacy_sweep off;
    privacy on;
    privacy_user $http_x_user;
    privacy_organization $http_x_organization;
    privacy_level integrator;
    privacy_account $http_x_account;
    privacy_camera cam1;
    privacy_resource live;
    add_header X-Verdict "$privacy_verdict $privacy_reason $privacy_cache" always;
    server {
        listen 127.0.0.1:%PORT%;
        location / { empty_gif; }
        location /owner { privacy_level client; empty_gif; }
    }
END
}

sub ask {
    my ($nginx, $organization, $account, $path) = @_;

    my $r = http_get($nginx->port, $path // '/',
                     'X-Organization' => $organization,
                     'X-Account' => $account);
    return "$r->{status} " . ($r->{header}{'x-verdict'} // '');
}

# Works, and is cached once changes are announced.
sub works {
    my ($name, $address, %more) = @_;

    my $nginx = gate($address, %more);
    $nginx->wait_log(qr/changes are announced/);
    my $account = $more{account} // 'acme';
    is(ask($nginx, 'fitco', $account), '200 allow grant MISS', "$name: reads");
    is(ask($nginx, 'fitco', $account), '200 allow grant HIT', "$name: caches");
    $admin->cmd('SELECT', $more{db} // 0);
    $admin->cmd('DEL', "privacy:{$account}:grant:fitco");
    $admin->cmd('SELECT', 0);
    ok(eval { wait_until(sub {
        ask($nginx, 'fitco', $account) =~ /^403 deny stranger/ },
        'the change', 2) }, "$name: a change is announced");
    is(join("\n", $nginx->log_lines), '',
       "$name: no error in the log");
    ok($nginx->quit, "$name: quit");
    unlike($nginx->log, qr/open socket #\d+ left/, "$name: no socket left");
    unlike($nginx->log, qr/topsecret|gatepass/, "$name: no password in the log");
    return $nginx;
}

# Does not get in: the log says why, providers get 503, owners are served.
sub refused {
    my ($name, $address, $why, %more) = @_;

    my $nginx = gate($address, %more);
    ok(eval { $nginx->wait_log($why, 5) }, "$name: the log says why")
        or diag($nginx->log);
    is(ask($nginx, 'fitco', 'acme'), '503 deny unavailable ',
       "$name: providers get 503");
    is(ask($nginx, 'acme', 'acme', '/owner'), '200 allow owner ',
       "$name: owners are served");
    ok($nginx->quit, "$name: quit");
    unlike($nginx->log, qr/topsecret|gatepass|wrongpass\b/,
           "$name: no password in the log");
    return $nginx;
}

my $socket = $redis->socket;
my $port = $redis->port;

# --- addresses

password("topsecret\n");
my $with = 'password_file=' . test_dir() . '/password';

works('unix socket', "unix:$socket $with");
works('TCP', "127.0.0.1:$port $with");
works('a name', "localhost:$port $with");

SKIP: {
    require IO::Socket::IP;
    my $six = IO::Socket::IP->new(LocalHost => '::1', Listen => 1)
        or skip 'no IPv6 here', 7;
    close $six;
    $admin->cmd('CONFIG', 'SET', 'bind', '127.0.0.1 ::1');
    works('IPv6', "[::1]:$port $with");
    $admin->cmd('CONFIG', 'SET', 'bind', '127.0.0.1');
}

my $free = free_port();
refused('nobody listens', "127.0.0.1:$free $with",
        qr/connection to redis "127.0.0.1:$free" failed: .*refused/);
refused('no socket there', "unix:$socket.none $with",
        qr/connection to redis "unix:\S+\.none" failed: .*No such file/);

# --- passwords

for my $form ("topsecret", "topsecret\n", "topsecret\r\n",
              "topsecret\nsecond line\n")
{
    password($form);
    my $name = 'a password as ' . $form =~ s/\r/\\r/gr =~ s/\n/\\n/gr;
    works($name, "unix:$socket $with");
}
password("topsecret\n", 0640);
works('a file that a group reads', "unix:$socket $with");

password("wrongpass\n");
refused('wrong password', "unix:$socket $with", qr/login refused: "WRONGPASS/);
refused('no password', "unix:$socket", qr/login refused: "NOAUTH/);
password("topsecret \n");
refused('a space too much', "unix:$socket $with",
        qr/login refused: "WRONGPASS/);

# --- users

password("gatepass\n");
works('a user', "unix:$socket user=gate $with");
refused('a wrong user', "unix:$socket user=nobody $with",
        qr/login refused: "WRONGPASS/);
refused('a user that is off', "unix:$socket user=gone $with",
        qr/login refused: "WRONGPASS/);
password("wrongpass\n");
refused('a user, a wrong password', "unix:$socket user=gate $with",
        qr/login refused: "WRONGPASS/);
password("gatepass\n");

# Read-only: no canary, so the log says what could not be proved, once.
for my $user (qw(reader plain)) {
    my $nginx = works("$user, who may not write",
                      "unix:$socket user=$user $with");
    is(scalar(() = $nginx->log =~ /it cannot be proved that changes are announced/g),
       1, "$user: the log says once that the proof was not possible");
}

# Hidden keys: neither read nor announced.
my $half = gate("unix:$socket user=half $with");
is(ask($half, 'fitco', 'acme'), '503 deny unavailable ',
   'keys that the ACL hides: 503, never an answer');
like($half->log, qr/redis refused a read: "NOPERM/, 'and the log says why');
is(ask($half, 'acme', 'acme', '/owner'), '200 allow owner ', 'owners are served');
ok($half->quit, 'quit');

# No subscription: works, but nothing is cached.
for my $case ([ 'deaf', qr/redis refused SUBSCRIBE: "NOPERM.*nothing is cached/ ],
              [ 'blind', qr/redis refused CLIENT TRACKING\w*: "NOPERM.*nothing is cached/ ])
{
    my ($user, $why) = @$case;
    my $nginx = gate("unix:$socket user=$user $with");
    ok(eval { $nginx->wait_log($why, 5) }, "$user: the log says why")
        or diag($nginx->log);
    is(ask($nginx, 'fitco', 'acme'), '200 allow grant MISS', "$user: reads")
        for 1 .. 3;
    $admin->cmd('DEL', 'privacy:{acme}:grant:fitco');
    is(ask($nginx, 'fitco', 'acme'), '403 deny stranger MISS',
       "$user: a change is seen at once");
    ok($nginx->quit, "$user: quit");
}

# --- databases

password("topsecret\n");
works('db=5', "unix:$socket $with db=5", account => 'five', db => 5);
works('db=0', "unix:$socket $with db=0");
my $nginx = gate("unix:$socket $with db=4");
$nginx->wait_log(qr/changes are announced/);
is(ask($nginx, 'fitco', 'acme'), '403 deny stranger MISS',
   'another database is another world');
ok($nginx->quit, 'quit');
refused('a database that is not there', "unix:$socket $with db=16",
        qr/login refused: "ERR DB index is out of range/);

# --- a password that changes: the next connection notices

password("gatepass\n");
$nginx = gate("unix:$socket user=gate $with");
$nginx->wait_log(qr/changes are announced/);
is(ask($nginx, 'fitco', 'acme'), '200 allow grant MISS', 'before');
$admin->cmd('ACL', 'SETUSER', 'gate', 'resetpass', '>newpass');
$admin->cmd('CLIENT', 'KILL', 'USER', 'gate');
ok(eval { $nginx->wait_log(qr/login refused: "WRONGPASS/, 5) },
   'a password that changed: the log says so');
$admin->cmd('ACL', 'SETUSER', 'gate', 'resetpass', '>gatepass');
ok(eval { wait_until(sub { ask($nginx, 'fitco', 'acme')
                           =~ /^200 allow grant (?:MISS|HIT)/ }, 'it', 5) },
   'and is tried again until it fits');
ok($nginx->quit, 'quit');

# --- the connections have names, for CLIENT LIST

password("topsecret\n");
$nginx = gate("unix:$socket $with");
$nginx->wait_log(qr/changes are announced/);
my ($worker) = $nginx->workers;
my $list = $admin->cmd('CLIENT', 'LIST');
like($list, qr/name=nginx-privacy-read-$worker\b/, 'the reader has a name');
like($list, qr/name=nginx-privacy-watch-$worker\b/, 'the watch has one');
ok($nginx->quit, 'quit');
my $left = () = $admin->cmd('CLIENT', 'LIST') =~ /nginx-privacy/g;
is($left, 0, 'after which no connection is left');

done_testing();
