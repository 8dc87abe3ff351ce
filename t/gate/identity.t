# What is no id, no user and no word never reaches Redis: denied for "identity",
# and Redis was not asked for anything.  Over the wire as a browser would send
# it, and as variables may hold it that something decoded.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;

my $redis = redis();

# The account, camera and so on are captured from the decoded URI, or come from
# a header as it is.
my $nginx = nginx(vars => { REDIS => $redis->socket, NUL => "\0" },
                  log_level => 'info',
                  http => <<'END');
    privacy_redis unix:%REDIS%;
    privacy_sweep off;
    privacy on;
    privacy_user $http_x_user;
    privacy_organization $http_x_organization;
    privacy_level $http_x_level;
    privacy_account $http_x_account;
    privacy_camera $http_x_camera;
    privacy_resource $http_x_resource;
    add_header X-Verdict "$privacy_verdict $privacy_reason" always;
    large_client_header_buffers 4 32k;

    server {
        listen 127.0.0.1:%PORT%;
        merge_slashes off;

        location / { empty_gif; }

        location ~ "(?s)^/account/(?<account>.*)$" {
            privacy_account $account;
            empty_gif;
        }
        location ~ "(?s)^/camera/(?<camera>.*)$" {
            privacy_camera $camera;
            empty_gif;
        }
        location ~ "(?s)^/organization/(?<organization>.*)$" {
            privacy_organization $organization;
            empty_gif;
        }
        location ~ "(?s)^/user/(?<user>.*)$" {
            privacy_user $user;
            empty_gif;
        }
        location ~ "(?s)^/level/(?<level>.*)$" {
            privacy_level $level;
            empty_gif;
        }
        location ~ "(?s)^/resource/(?<resource>.*)$" {
            privacy_resource $resource;
            empty_gif;
        }
        location ~ "(?s)^/registry/(?<registered>.*)$" {
            privacy_camera $registered;
            privacy_camera_registry on;
            empty_gif;
        }
        location ~ "(?s)^/mixed/(?<mixed>.*)$" {
            privacy_account "acme$mixed";
            empty_gif;
        }

        # what a variable may hold that nginx did not take from a request
        set $nul "a%NUL%b";
        location = /nul/account { privacy_account $nul; empty_gif; }
        location = /nul/camera { privacy_camera $nul; empty_gif; }
        location = /nul/organization {
            privacy_organization $nul;
            empty_gif;
        }
        location = /nul {
            privacy off;
            if ($nul ~ "^a[^b]b$") {
                return 204;
            }
        }
        location = /nul/user { privacy_user $nul; empty_gif; }
        location = /nul/level { privacy_level $nul; empty_gif; }
        location = /nul/level/end { privacy_level "vendor$end"; empty_gif; }
        location = /nul/resource/end { privacy_resource "live$end"; empty_gif; }
        set $end "%NUL%";
    }
END

$redis->cmd('SET', 'privacy:{acme}:grant:fitco', '{"role":"administrator_full"}');
$redis->cmd('SET', 'privacy:{acme}:providers', '["fitco"]');
$redis->cmd('SET', 'privacy:camera:cam1', 'acme');
$nginx->wait_log(qr/changes are announced/);

# The monitor shows every command with its arguments.
my $monitor = $redis->client;
is($monitor->cmd('MONITOR'), 'OK', 'redis is watched');

# What Redis was asked for since the last time, without the heartbeat.
my $mark = 0;
sub asked {
    $mark++;
    $redis->cmd('ECHO', "mark $mark");
    my @asked;
    while (1) {
        my $line = $monitor->reply;
        last if $line =~ /"ECHO" "mark $mark"$/;
        push @asked, $line if $line !~ /\] "(?:SUBSCRIBE|CLIENT)"/;
    }
    return @asked;
}

# The keys whose values were asked for.
sub keys_of {
    return map { /\] "GETRANGE" "(.*)" "0" "\d+"$/ } @_;
}

sub ask {
    my ($path, %other) = @_;

    my %header = (user => 'jo', organization => 'fitco', level => 'integrator',
                  account => 'acme', camera => 'cam1', resource => 'live',
                  %other);
    return http_get($nginx->port, $path, map { ("X-\u$_" => $header{$_}) }
                    grep { defined $header{$_} } sort keys %header);
}

sub verdict {
    my ($response) = @_;

    return "$response->{status} " . ($response->{header}{'x-verdict'} // '');
}

sub denied {
    my ($name, $path, %other) = @_;

    is(verdict(ask($path, %other)), '403 deny identity', "$name: denied");
    my @asked = asked();
    is("@asked", '', "$name: redis is not asked");
}

# First that all this would show something.
is(verdict(ask('/')), '200 allow grant', 'a request as it should be');
my @asked = asked();
ok((grep { $_ eq 'privacy:{acme}:grant:fitco' } keys_of(@asked)),
   'and redis is asked, which the monitor shows');
is(verdict(ask('/camera/cam2')), '200 allow grant', 'ids from the URI');
is(verdict(ask('/registry/cam1')), '200 allow grant', 'the registry');
ok((grep { $_ eq 'privacy:camera:cam1' } keys_of(asked())),
   'is asked as well');

# Ids: as they come in a URI, percent-encoded where they have to be.
my %bad = (
    'another key'           => 'a}:grant:x',
    'another key, encoded'  => 'a%7D:grant:x',
    'an open brace'         => '%7Bacme',
    'braces'                => '%7Bacme%7D',
    'a space'               => 'acme%20x',
    'a space at the end'    => 'acme%20',
    'a space only'          => '%20',
    'CR LF'                 => 'acme%0D%0AFLUSHALL%0D%0A',
    'a line feed'           => 'acme%0A',
    'a command'             => 'acme%0D%0A%2A1%0D%0A%248%0D%0AFLUSHALL%0D%0A',
    'a tab'                 => 'ac%09me',
    'DEL'                   => 'acme%7F',
    'an escape'             => 'acme%1B',
    'a quote'               => 'acme%22',
    'a backslash'           => 'acme%5C',
    'a slash'               => 'ac%2Fme',
    'a percent sign'        => 'ac%25me',
    'a star'                => 'acme*',
    'a question mark'       => 'acm%3F',
    'brackets'              => '%5Ba%5D',
    'a comma'               => 'a,b',
    'a semicolon'           => 'a;b',
    'an equals sign'        => 'a=b',
    'a dollar sign'         => 'a$b',
    'not ASCII'             => 'acm%C3%A9',
    'no UTF-8'              => 'acme%FF',
    '129 bytes'             => 'a' x 129,
    '8,000 bytes'           => 'a' x 8000,
    'nothing'               => '',
);

for my $what (qw(account camera organization registry)) {
    for my $name (sort keys %bad) {
        denied("$what: $name", "/$what/$bad{$name}");
    }
}

# A constant in front of what the client says does not help it.
for my $name (grep { $bad{$_} ne '' } sort keys %bad) {
    denied("a value of text and a variable: $name", "/mixed/$bad{$name}");
}

# The same from headers, as they are.
for my $id ('a}:grant:x', 'a b', "a\tb", 'a' x 129, "acm\xe9", 'a{b}', '*') {
    for my $what (qw(account camera organization)) {
        denied("$what from a header: " . substr($id, 0, 20) =~ s/[^ -~]/?/gr,
               '/', $what => $id);
    }
}

# What is missing where it is needed.
for my $what (qw(account camera organization level resource)) {
    denied("$what missing", '/', $what => undef);
    denied("$what empty", '/', $what => '');
}

# nginx itself refuses a NUL in a URI and in a header.
is(ask('/account/a%00b')->{status}, 400, 'NUL in a URI: nginx refuses it');
my $client = http_connect($nginx->port);
$client->send("GET / HTTP/1.1\r\nHost: x\r\nX-Account: a\0b\r\n\r\n");
is($client->response->{status}, 400, 'NUL in a header: nginx refuses it');
is(join(' ', asked()), '', 'redis is not asked');

is(ask('/nul')->{status}, 204, 'a variable can hold a NUL');
for my $what (qw(account camera organization user level)) {
    denied("$what: NUL", "/nul/$what");
}
denied('level: NUL at the end', '/nul/level/end');
denied('resource: NUL at the end', '/nul/resource/end');

# Users are no part of a key and may be any UTF-8 without control characters.
my %user = (
    'a control character'   => 'jo%01',
    'CR LF'                 => 'jo%0D%0A',
    'DEL'                   => 'jo%7F',
    'U+0080'                => 'jo%C2%80',
    'U+009F'                => 'jo%C2%9F',
    'no UTF-8'              => 'jo%FF',
    'overlong'              => '%C0%AF',
    'a surrogate'           => '%ED%A0%80',
    'half a character'      => 'jo%C3',
    'above U+10FFFF'        => '%F4%90%80%80',
    '257 bytes'             => 'j' x 257,
);
denied("user: $_", "/user/$user{$_}") for sort keys %user;

for my $user ('jo%20smith', 'Zo%C3%AB', '%E7%8E%8B', 'a%7D:grant:x', '%22%2A%7B%7D',
              '%F0%9F%8E%A5', 'j' x 256, '')
{
    is(verdict(ask("/user/$user")), '200 allow grant',
       "user: \"" . substr($user, 0, 20) . '" is one');
}
@asked = asked();
is("@asked", '', 'and of no concern to redis');

# Words.
for my $level (qw(Vendor vendors vendo VENDOR admin client_adm none vendoR
                  clienT vendXX cliXXX integraXXX federXXXX client_aXXXX),
               'vendor%20', '%20vendor', 'vendor%0A', 'client%C3%A9')
{
    denied("level: \"$level\"", "/level/$level");
}
denied('level: operator', '/level/operator');
for my $resource (qw(Live lives liv LIVE video livE liXX sysXXX manXXX expXXX
                     archXXX), 'live%20', 'live%0D%0A',
                  'live,archive')
{
    denied("resource: \"$resource\"", "/resource/$resource");
}

# Owners and federated users are no exception.
for my $level (qw(client client_admin federated vendor)) {
    denied("$level: a bad account", '/account/a%7Db', level => $level,
           organization => 'acme');
    denied("$level: a bad camera", '/camera/a%7Db', level => $level,
           organization => 'acme');
    denied("$level: a bad organization", '/organization/a%7Db',
           level => $level);
}

# What an id may be.
for my $id ('a', 'A-Z_0.9', 'jo@acme', 'a:b', 'a+b', 'x' x 128, '-', '.', '..a',
            'grant:fitco', 'camera:cam1')
{
    is(verdict(ask('/', account => $id)), '403 deny stranger',
       'account: "' . substr($id, 0, 20) . '" is one');
    my @keys = map { "privacy:{$id}:$_" }
               qw(unrestricted excluded providers grant:fitco);
    my @asked = asked();
    is_deeply([ keys_of(@asked) ], \@keys, 'and the keys are its own');
    is_deeply([ map { /\] "PTTL" "(.*)"$/ } @asked ], \@keys,
              'those of the TTLs as well');
}

# Twice as many headers: nginx takes the first, or joins them; neither is an id.
for my $what (qw(Account Camera Organization)) {
    my $twice = http_connect($nginx->port);
    $twice->send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        . join('', map { "X-$_->[0]: $_->[1]\r\n" }
               [ Organization => 'fitco' ], [ Level => 'integrator' ],
               [ Account => 'acme' ], [ Camera => 'cam1' ],
               [ Resource => 'live' ], [ $what => 'other' ])
        . "\r\n");
    my $verdict = verdict($twice->response);
    like($verdict, qr/^(?:200 allow grant|403 deny identity)$/,
         "X-$what twice: the first of them, or none");
    ok(!(grep { /other/ } asked()), 'and never what was smuggled in behind');
}

is(join('', $nginx->log_lines), '', 'nothing went wrong meanwhile');
ok($nginx->quit, 'nginx ends well');

done_testing();
