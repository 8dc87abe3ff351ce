# The command line itself: what is wrong usage, what is shown, and the exit
# status, so that a script can tell a typo from an outage.

use strict;
use warnings;

use Cwd ();
use IO::Socket::INET;
use lib 't/lib';
use PrivacyTest;
use PrivacyTest::Control;
use Test::More;

my $redis = redis();
my $ctl = PrivacyTest::Control->new($redis);
my $nowhere = $ctl->with(env => { PRIVACY_REDIS => '127.0.0.1:1' });
my $dir = test_dir();

# Ends with this status, these words on stderr, and without output.
sub fails {
    my ($ctl, $status, $words, @arguments) = @_;

    my $r = $ctl->run(@arguments);
    my $name = join ' ', map { s/[^ -~]/?/gr } @arguments;
    is($r->{status}, $status, "$status: $name");
    like($r->{err}, $words, "$name: says why");
    is($r->{out}, '', "$name: no output");
}

# Nothing answers at 127.0.0.1:1: what is wrong usage ends with 2 all the same.
subtest 'usage' => sub {
    for my $case (
        [ qr/^Usage:/ ],
        [ qr/unknown command: nope/, 'nope' ],
        [ qr/unknown option: --frob/, '--frob', 'list' ],
        [ qr/unknown option: --frob/, '--frob=1', 'list' ],
        [ qr/unknown option: --frob/, 'list', '--frob' ],
        [ qr/unknown option: -x/, '-x' ],
        [ qr/unknown option: -q/, 'allow', 'x', '-q' ],
        [ qr/account put, account get, account delete/, 'account' ],
        [ qr/account put, account get, account delete/, qw(account frob x) ],
        [ qr/^Usage: privacyctl grant/, 'grant', 'acme' ],
        [ qr/^Usage: privacyctl list/, 'list', 'acme' ],
        [ qr/--exports is no option of "list"/, 'list', '--exports' ],
        [ qr/--registry is no option of "list"/, 'list', '--registry', 'on' ],
        [ qr/--by needs a value/, 'allow', 'acme', '--by' ],
        [ qr/--json takes no value/, 'list', '--json=yes' ],
        [ qr/no such level: king/, 'list', '--level', 'king' ],
        [ qr/do not go together/, 'sweep', '--status', '--if-due' ],
        [ qr/told twice/, qw(grant a b --exports --no-exports) ],
        [ qr/needs --reason/, 'exclude', 'acme' ],
        [ qr/needs --for-user/, 'explain', 'acme' ],
        [ qr/needs --for-organization/, qw(explain acme --for-user u) ],
        [ qr/needs --for-level/,
          qw(explain acme --for-user u --for-organization o) ],
        [ qr/needs --resource/,
          qw(explain acme --for-user u --for-organization o
             --for-level vendor) ],
        (map { [ qr/--by: not a user's name/, 'allow', 'acme', '--by', $_ ] }
         '', "a\nb", 'x' x 257),
        (map { [ qr/--limit: not a number/, 'list', '--limit', $_ ] }
         qw(abc -5 0 +5 5x 1001 99999999999999999999), '', ' 5'),
        [ qr/\Q$dir\E: Is a directory/, 'account', 'put', 'acme', $dir ],
        [ qr/No such file/, 'account', 'put', 'acme', '/nonexistent' ],
        [ qr/empty/, 'account', 'put', 'acme', '/dev/null' ],
    ) {
        my ($words, @arguments) = @$case;
        fails($nowhere, 2, $words, @arguments);
    }
};

subtest 'where the store is' => sub {
    for my $address ('::1', '127.0.0.1:99999', '127.0.0.1:0', 'host:', ':1',
                     '[::1', '[::1]x', 'unix:', '= unix:/x') {
        fails($ctl, 2, qr/redis: not an address: \Q$address\E/,
              '--redis', $address, 'list');
    }
    fails($ctl, 2, qr/redis: empty$/, '--redis', '', 'list');
    fails($ctl, 2, qr/prefix: no prefix of keys/, '--prefix', 'a{b', 'list');
    fails($ctl, 2, qr/db: not a number/, '--db', '-1', 'list');
    fails($ctl, 2, qr/timeout: not a number/, '--timeout', '0', 'list');

    write_file("$dir/empty", '');
    write_file("$dir/blank", "\n");
    write_file("$dir/long", 'x' x 2000);
    for my $case ([ '/nonexistent', qr/No such file/ ],
                  [ $dir, qr/Is a directory/ ],
                  [ "$dir/empty", qr/no password in it/ ],
                  [ "$dir/blank", qr/no password in it/ ],
                  [ "$dir/long", qr/too long/ ]) {
        fails($nowhere, 2, $case->[1], '--password-file', $case->[0], 'list');
    }

    fails($nowhere, 2, qr/tls: neither on nor off: yes/, '--tls=yes', 'list');
    fails($nowhere, 3, qr/Connection refused/, '--tls=off', 'list');
    my $tls = $nowhere->run('--tls', '--tls-ca', '/nonexistent', 'list');
    is($tls->{status}, 2, 'TLS is prepared before anything is sent');
    like($tls->{err}, qr/TLS/, 'says why');

    fails($nowhere, 3, qr/127.0.0.1:1: Connection refused/, 'list');
    fails($ctl, 3, qr{unix:/nonexistent: No such file},
          '--redis', 'unix:/nonexistent', 'list');
    fails($nowhere, 3, qr/Connection refused/, 'watch');
};

subtest 'the file' => sub {
    my $file = "$dir/ctl.conf";
    my $by = $ctl->with(env => { PRIVACYCTL_CONFIG => $file });
    my $good = 'redis unix:' . $redis->socket . "\n";

    fails($ctl, 2, qr/\Q$dir\E: Is a directory/, '--config', $dir, 'list');
    fails($ctl, 2, qr/No such file/, '--config', '/nonexistent', 'list');
    for my $case ([ "\nredis = unix:/x", 2, qr/not an address: = unix/ ],
                  [ "$good\nnonsense 1", 3, qr/unknown setting: nonsense/ ],
                  [ 'tls maybe', 1, qr/tls: neither on nor off/ ],
                  [ 'tls', 1, qr/tls: neither on nor off/ ],
                  [ "prefix a\0b", 1, qr/NUL/ ],
                  [ 'log-retention soon', 1, qr/not like 365d/ ],
                  [ '#' . '-' x 5000 . "\nprefix a{b", 2, qr/no prefix/ ],
                  [ 'role x flying', 1, qr/role/ ], [ 'json', 1, qr/unknown/ ])
    {
        my ($text, $line, $words) = @$case;
        write_file($file, $text);
        fails($by, 2, $words, 'list');
        like($by->run('list')->{err}, qr/in \Q$file\E, line $line$/m,
             'and where');
    }
    write_file($file, '# ' . 'redis nowhere:1 ' x 600 . "\n$good"
               . "tls off\nprefix filed\n");
    is($by->with(env => { PRIVACY_REDIS => '', PRIVACYCTL_CONFIG => $file })
          ->run('account', 'put', 'acme', '-', { stdin => '{}' })->{status},
       0, 'a long comment is one line');
    is($redis->cmd('EXISTS', 'filed-account:{acme}'), 1, 'what follows holds');
    $redis->flush;
};

subtest 'help' => sub {
    my @commands = ('account put', 'account get', 'account delete',
                    qw(allow disallow grant update revoke grants exclude
                       include list explain sweep watch));
    my $usage = $nowhere->run('--help');
    is($usage->{status}, 0, 'usage');
    for my $command (@commands) {
        my $r = $nowhere->run(split(/ /, $command), '--help');
        is($r->{status}, 0, $command);
        like($r->{out}, qr/^Usage: privacyctl \Q$command\E /, 'names it');
        like($r->{out}, qr/Options of all commands/, 'and where more is');
        like($usage->{out}, qr/^  \Q$command\E$/m, 'is in the usage');
        is(($r->{out} =~ /--if-match/ ? 1 : 0),
           ($command =~ /^(?:account get|grants|list|explain|sweep|watch)$/
            ? 0 : 1), 'preconditions of changes');
        is_deeply([ grep { length > 80 } split /\n/, $r->{out} ], [],
                  'fits the terminal');
    }
    like($usage->{out}, qr/--$_\b/, "usage: --$_")
        for qw(reset grant-ttl log-retention tls config by);
};

subtest 'output' => sub {
    my $evil = "Ev\x{202e}il\x{2066}\x{200f} \x{e9}\x{4e2d}";
    utf8::encode($evil);
    $redis->flush;
    is($ctl->run('account', 'put', 'acme', '-', { stdin =>
        '{"name":"' . $evil . '","administrators":[{"username":"ann"}],'
        . '"cameras":[{"id":"c1","name":"Door"}]}' })->{status}, 0, 'put');

    for my $r ($ctl->run('list'), $ctl->run('account', 'get', 'acme')) {
        like($r->{out}, qr/Ev\?il\?\? \xc3\xa9\xe4\xb8\xad/,
             'what turns the text is masked, what is text is not');
    }
    my $get = $ctl->run('account', 'get', 'acme');
    like($get->{out}, qr/^administrators\n  username +name +email\n  ann /m,
         'a table below its name');

    is(length $ctl->run($_, '--quiet', @{ $_ eq 'list' ? [ '--limit', 1 ]
                                          : [ 'acme' ] })->{out}, 0,
       "$_ --quiet") for qw(list allow grants disallow);
    is(length $ctl->run('list', '--quiet')->{out}, 0, 'list --quiet, all');
    is(length $ctl->run('list', '--quiet', '--json')->{out}, 0, 'and JSON');

    ok($ctl->ask('allow', 'acme')->{json}{changed}, 'allow: changed');
    my $again = $ctl->ask('allow', 'acme')->{json};
    ok(exists $again->{changed} && !$again->{changed}, 'again: unchanged');
    like($ctl->run('disallow', 'acme')->{out}, qr/^changed +yes$/m, 'a line');

    $redis->cmd('SET', 'privacy-account:{bad}', 'no json');
    like($ctl->run('list')->{out}, qr/^bad .*\(profile does not parse\)/m,
         'list: a profile that does not parse');
    like($ctl->run('account', 'get', 'bad')->{out}, qr/^invalid +yes$/m,
         'account get, too');
};

subtest 'exit status' => sub {
    $redis->flush;
    is($ctl->put('acme', {})->{status}, 0, 'done');
    fails($ctl, 1, qr/\(no-account\)$/, 'account', 'get', 'nope');
    fails($ctl, 1, qr/\(no-grant\)$/, 'revoke', 'acme', 'nope');
    fails($ctl, 1, qr/\(malformed\)$/, 'allow', 'a b');
    fails($ctl->as('vendor', 'v', 'vera'), 1, qr/\(forbidden\)$/, 'allow',
          'acme');
    my $guarded = redis(users => [ 'user default on >sesame ~* &* +@all' ]);
    fails(PrivacyTest::Control->new($guarded), 3,
          qr/NOAUTH .*--password-file, --user-name/, 'list');
    write_file("$dir/wrong", "wrong\n");
    fails(PrivacyTest::Control->new($guarded), 3, qr/login: WRONGPASS/,
          '--password-file', "$dir/wrong", 'list');
    is(system('sh', '-c', 'PRIVACYCTL_CONFIG=/dev/null PRIVACY_REDIS=unix:'
              . $redis->socket . ' ' . PrivacyTest::Control::binary()
              . ' list > /dev/full 2> /dev/null') >> 8, 1, 'nowhere to write');
};

# A peer that answers each line with the next of its answers, or not at all.
sub peer {
    my (@answers) = @_;

    my $listen = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
        or die "listen: $!";
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(TERM ALRM);
        alarm 60;
        my @open;
        while (my $sock = $listen->accept) {
            push @open, $sock;
            my $text;
            next if !@answers || !sysread $sock, $text, 65536;
            syswrite $sock, $_ for @answers;
        }
        kill 'KILL', $$;
    }
    return ('127.0.0.1:' . $listen->sockport, $pid);
}

sub end_peer {
    my ($pid) = @_;

    kill 'TERM', $pid;
    waitpid $pid, 0;
}

subtest 'a store that is none' => sub {
    my ($address, $pid) = peer();
    my $silent = $ctl->with(env => { PRIVACY_REDIS => $address });
    fails($silent, 3, qr/no answer in 1 s$/, '--timeout', 1, 'list');
    fails($silent, 3, qr/no answer in 1 s$/, '--timeout', 1, 'watch');
    fails($silent, 3, qr/no answer in 1 s$/, '--timeout', 1, '--user-name',
          'u', 'list');

    # 2 where hiredis has no TLS
    my $tls = $silent->run('--tls', '--timeout', 1, 'list');
    like($tls->{err}, qr/no answer in 1 s$|needs hiredis/,
         'a handshake has its time, too');
    end_peer($pid);

    for my $answer (":5\r\n", "\$-1\r\n", "*2\r\n\$1\r\na\r\n\$1\r\nb\r\n",
                    "*3\r\n\$9\r\nsubscribe\r\n\$12\r\nother-events\r\n:1\r\n",
                    "+OK\r\n")
    {
        ($address, $pid) = peer($answer);
        fails($ctl->with(env => { PRIVACY_REDIS => $address }), 3,
              qr/cannot subscribe: /, '--timeout', 5, 'watch');
        end_peer($pid);
    }
};

subtest 'watch' => sub {
    $redis->flush;
    $ctl->put('acme', {});
    my $pid = $ctl->spawn("$dir/watch", 'watch');
    wait_until(sub { ($redis->cmd('PUBSUB', 'NUMSUB',
                                  'privacy-events'))->[1] }, 'watch');
    for my $text ('no json', '5', '{"account":"acme"}',
                  "{\"at\":\"x\ny\",\"account\":\"acme\"}") {
        $redis->cmd('PUBLISH', 'privacy-events', $text);
    }
    $ctl->run('disallow', 'acme');
    wait_until(sub { read_file("$dir/watch") =~ /disallow/ }, 'the event');
    PrivacyTest::Process::stop($pid);
    my $out = read_file("$dir/watch");
    is(() = $out =~ /something was published that is no event/g, 4,
       'what is no event is told') or diag $out;
    like($out, qr/^\S+Z  disallow        acme  by \S+ \(store\)$/m,
         'what is one is shown');
};

# The words as bash hands them over: ":" and "=" are words of their own.
subtest 'completion' => sub {
    my $root = Cwd::getcwd();
    for my $case (
        [ 'gr', 'grant grants' ],
        [ '--redis unix:/run/r.sock gr', 'grant grants' ],
        [ '--redis 127.0.0.1:6379 gra', 'grant grants' ],
        [ '--redis=h:1 account d', 'delete' ],
        [ '--level=cl', 'client_admin client' ],
        [ 'grant a b --role=u', 'user_full user_restricted' ],
        [ 'grant a b --role u', 'user_full user_restricted' ],
        [ 'grant a b --ex', '--exports --expires-at' ],
        [ 'sweep --st', '--status' ], [ '--tls gr', 'grant grants' ],
        [ '--by gr', '' ],
    ) {
        my ($line, $offered) = @$case;
        my @words = grep { length } split /([:=])|\s+/, $line
            =~ s/[:=]/ $& /gr;
        my (undef, $out) = run('bash', '-c', '. "$1"; COMP_LINE=$2; shift 2; '
            . 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _privacyctl; '
            . 'echo "${COMPREPLY[*]}"', 'bash',
            "$root/scripts/privacyctl.bash-completion",
            "privacyctl $line", 'privacyctl', @words);
        chomp $out;
        is($out, $offered, $line);
    }
};

done_testing();
