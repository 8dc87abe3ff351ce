# Every action through privacyctl: what it does, who may do it, what it
# refuses, and that whatever is refused leaves everything as it was.

use strict;
use warnings;

use lib 't/lib';
use PrivacyTest;
use PrivacyTest::Control;
use Test::More;

my $redis = redis();
my $ctl = PrivacyTest::Control->new($redis);

my $operator = $ctl->as('operator', 'portal', 'root');
my $ann = $ctl->as('client_admin', 'acme', 'ann');
my $inst = $ctl->as('integrator', 'inst', 'ivo');
my $vend = $ctl->as('vendor', 'vend', 'vera');

my %acme = (
    name => 'Acme',
    integrators => ['inst'],
    administrators => [ { username => 'ann', name => 'Ann Lee',
                          email => 'ann@acme.example' } ],
    cameras => [ { id => 'c1', name => 'Door' },
                 { id => 'c2', name => 'Yard' } ],
);

sub fresh {
    $redis->flush;
    is($operator->put('acme', \%acme)->{status}, 0, 'account acme');
}

# Ends with this status and type, and nothing has changed.
sub refused {
    my ($ctl, $name, $type, @arguments) = @_;

    my $before = $ctl->snapshot;
    my $r = $ctl->run(@arguments);

    is($r->{status}, $type eq 'store' ? 3 : 1, "$name: exit status");
    like($r->{err}, qr/\($type\)$/, "$name: $type") or diag $r->{err};
    is($r->{out}, '', "$name: no output");
    is($ctl->snapshot, $before, "$name: nothing has changed");
}

sub done {
    my ($ctl, $name, @arguments) = @_;

    my $r = $ctl->ask(@arguments);
    is($r->{status}, 0, $name) or diag $r->{err};
    return $r->{json};
}

sub ends_in {
    my ($key, $seconds, $name) = @_;

    my $left = $redis->cmd('PTTL', $key) / 1000;
    ok($left > $seconds - 20 && $left <= $seconds + 1,
       "$name: ends in $left of $seconds s");
}

# The seconds to the next midnight UTC-5.
sub to_reset {
    my $past = (time() - 5 * 3600) % 86400;
    return 86400 - $past;
}

subtest 'put account' => sub {
    fresh();
    is_deeply($ctl->record('privacy-account:{acme}'), \%acme, 'profile');
    is_deeply($ctl->record('privacy:{acme}:providers'), ['inst'],
              'providers');
    is($redis->cmd('GET', 'privacy:camera:c1'), 'acme', 'registry: c1');
    is($redis->cmd('GET', 'privacy:camera:c2'), 'acme', 'registry: c2');
    is($redis->cmd('SISMEMBER', 'privacy-org:inst', 'acme'), 1, 'index');
    is($redis->cmd('EXISTS', 'privacy:{acme}:unrestricted'), 0,
       'with cameras it is restricted');

    my ($event, @more) = $ctl->events('acme');
    is_deeply([ map { $event->{$_} } qw(action by level organization) ],
              [qw(put_account root operator portal)], 'event');
    is(@more, 0, 'one event');

    my $before = $ctl->snapshot;
    is($operator->put('acme', \%acme)->{status}, 0, 'the same again');
    is($ctl->snapshot, $before, 'changes nothing and logs nothing');

    my %less = (%acme, integrators => ['other'],
                cameras => [ { id => 'c2' }, { id => 'c3' } ]);
    is($operator->put('acme', \%less)->{status}, 0, 'other cameras');
    is($redis->cmd('EXISTS', 'privacy:camera:c1'), 0, 'c1 is given up');
    is($redis->cmd('GET', 'privacy:camera:c3'), 'acme', 'c3 is taken');
    is($redis->cmd('SCARD', 'privacy-org:inst'), 0, 'index left');
    is($redis->cmd('SISMEMBER', 'privacy-org:other', 'acme'), 1,
       'index joined');
};

subtest 'an account without cameras' => sub {
    $redis->flush;
    my $r = $operator->put('shop', {});
    is($r->{json}{access}{state}, 'unrestricted', 'starts unrestricted');
    is($r->{json}{access}{ends}, undef, 'open-ended');
    is($redis->cmd('PTTL', 'privacy:{shop}:unrestricted'), -1, 'no TTL');

    my $record = $redis->cmd('GET', 'privacy:{shop}:unrestricted');
    $operator->put('shop', { cameras => [ { id => 's1' } ] });
    is($redis->cmd('GET', 'privacy:{shop}:unrestricted'), $record,
       'its first camera leaves the record');
    ends_in('privacy:{shop}:unrestricted', to_reset(),
            'until the next reset');
};

subtest 'cameras of others' => sub {
    fresh();
    my $before = $ctl->snapshot;
    my $r = $operator->put('other', { cameras => [ { id => 'x1' },
        { id => 'c2' }, { id => 'x2' } ] });
    is($r->{status}, 1, 'refused');
    like($r->{err}, qr/"c2" belongs to another.*\(camera-taken\)/, 'why');
    is($ctl->snapshot, $before, 'nothing has changed');
};

subtest 'bodies' => sub {
    fresh();
    my $before = $ctl->snapshot;
    for my $case (
        [ '{', 'malformed' ], [ '[]', 'malformed' ],
        [ '{"name":"a","name":"b"}', 'malformed', 'name' ],
        [ '{"nome":"a"}', 'malformed', 'nome' ],
        [ '{"name":1}', 'malformed', 'name' ],
        [ '{"cameras":[{"id":"a b"}]}', 'refused', 'cameras[0].id' ],
        [ '{"cameras":[{"id":"a"},{"id":"a"}]}', 'refused', 'cameras' ],
        [ '{"name":"' . 'x' x 1048576 . '"}', 'too-large' ],
    ) {
        my ($body, $type, $field) = @$case;
        my $r = $operator->run('account', 'put', 'acme', '-',
                               { stdin => $body });
        my $name = substr($body, 0, 30);
        is($r->{status}, 1, "$name: refused");
        like($r->{err}, qr/\($type\)/, "$name: $type");
        like($r->{err}, qr/"\Q$field\E"/, "$name: names the field") if $field;
    }
    is($ctl->snapshot, $before, 'nothing has changed');
};

subtest 'get account' => sub {
    fresh();
    my $json = done($operator, 'operator', 'account', 'get', 'acme');
    is_deeply($json->{cameras}, $acme{cameras}, 'cameras');
    is($json->{access}{state}, 'restricted', 'state');
    done($ann, 'its own administrator', 'account', 'get', 'acme');
    refused($inst, 'integrator', 'forbidden', 'account', 'get', 'acme');
    refused($operator, 'none', 'no-account', 'account', 'get', 'nope');
    refused($operator, 'no id', 'malformed', 'account', 'get', 'a}:x');
};

subtest 'delete account' => sub {
    fresh();
    done($ann, 'grant', 'grant', 'acme', 'inst');
    done($ann, 'allow', 'allow', 'acme');
    done($operator, 'exclude', 'exclude', 'acme', '--reason', 'x');
    $redis->cmd('SET', 'privacy:{acme}:grant:raw', '{"role":"user_full"}');
    $redis->cmd('SET', 'privacy:{acme2}:grant:raw', '{"role":"user_full"}');
    refused($ann, 'its administrator', 'forbidden', 'account', 'delete',
            'acme');
    my $r = $operator->run('account', 'delete', 'acme');
    is($r->{status}, 0, 'deleted');
    is_deeply([ sort @{ $redis->cmd('KEYS', '*') } ],
              [ 'privacy-deleted', 'privacy:{acme2}:grant:raw' ],
              'nothing of it is left');
    refused($operator, 'again', 'no-account', 'account', 'delete', 'acme');
};

subtest 'allow and disallow' => sub {
    fresh();
    my $json = done($ann, 'allow', 'allow', 'acme');
    is($json->{state}, 'unrestricted', 'state');
    is($json->{by}, 'ann', 'by');
    my $record = $ctl->record('privacy:{acme}:unrestricted');
    ok(!$record->{exports}, 'no exports');
    is($record->{by}, 'ann', 'who');
    ends_in('privacy:{acme}:unrestricted', to_reset(), 'until the reset');

    my $before = $ctl->snapshot;
    done($ann, 'again', 'allow', 'acme');
    is($ctl->snapshot, $before, 'changes nothing');

    done($ann, 'exports', 'allow', 'acme', '--exports');
    ok($ctl->record('privacy:{acme}:unrestricted')->{exports}, 'exports');

    # a TTL that was lost is set right
    $redis->cmd('PERSIST', 'privacy:{acme}:unrestricted');
    done($ann, 'once more', 'allow', 'acme', '--exports');
    ends_in('privacy:{acme}:unrestricted', to_reset(), 'a TTL again');

    is(done($ann, 'disallow', 'disallow', 'acme')->{state}, 'restricted',
       'restricted');
    is($redis->cmd('EXISTS', 'privacy:{acme}:unrestricted'), 0, 'gone');
    $before = $ctl->snapshot;
    done($ann, 'disallow again', 'disallow', 'acme');
    is($ctl->snapshot, $before, 'changes nothing');
    is_deeply([ map { $_->{action} } $ctl->events('acme') ],
              [qw(put_account allow allow allow disallow)], 'events');

    for my $who ([ operator => $operator ], [ integrator => $inst ],
                 [ vendor => $vend ],
                 [ client => $ctl->as('client', 'acme', 'cleo') ],
                 [ stranger => $ctl->as('client_admin', 'other', 'oto') ],
                 [ federated => $ctl->as('federated', 'acme', 'fred') ])
    {
        refused($who->[1], "$who->[0] allows", 'forbidden', 'allow', 'acme');
        refused($who->[1], "$who->[0] disallows", 'forbidden', 'disallow',
                'acme');
    }
    refused($ctl, 'no account', 'no-account', 'allow', 'nope');
};

subtest 'grant' => sub {
    fresh();
    my $json = done($ann, 'integrator', 'grant', 'acme', 'inst');
    is($json->{role}, 'administrator_restricted', 'the default role');
    is($json->{level}, 'integrator', 'the level of its own integrator');
    is($json->{ends}, undef, 'stays');
    is($redis->cmd('PTTL', 'privacy:{acme}:grant:inst'), -1, 'no TTL');

    refused($ann, 'a vendor without a level', 'refused', 'grant', 'acme',
            'vend');
    $json = done($ann, 'vendor', 'grant', 'acme', 'vend', '--grantee-level',
                 'vendor', '--role', 'user_full', '--cameras', 'c2,c1',
                 '--exports', '--users', 'vera', '--reason', 'recorder');
    is_deeply($json->{cameras}, [qw(c1 c2)], 'cameras');
    ends_in('privacy:{acme}:grant:vend', 86400, 'a day');
    is($json->{granted_by}, 'ann', 'who');

    my $record = $ctl->record('privacy:{acme}:grant:vend');
    is_deeply([ sort keys %$record ],
              [ sort qw(role cameras exports users level reason granted_by
                        granted_at expires_at) ], 'the record');

    my @bad = (
        [ 'unknown role', 'role', '--role', 'owner' ],
        [ 'role none', 'role', '--role', 'none' ],
        [ 'role unrestricted', 'role', '--role', 'unrestricted' ],
        [ 'user role without cameras', 'cameras', '--role', 'user_full' ],
        [ 'cameras of others', 'cameras', '--role', 'user_full',
          '--cameras', 'c1,zz' ],
        [ 'administrator with cameras', 'cameras', '--role',
          'administrator_full', '--cameras', 'c1' ],
        [ 'an end in the past', 'expires_at', '--expires-at',
          '2020-01-01T00:00:00Z' ],
        [ 'no time', 'expires_at', '--expires-at', 'tomorrow' ],
        [ 'begins after its end', 'starts_at', '--starts-at',
          '2090-01-02T00:00:00Z', '--expires-at', '2090-01-01T00:00:00Z' ],
        [ 'no level', 'level', '--grantee-level', 'operator' ],
    );
    for my $bad (@bad) {
        my ($name, $field, @options) = @$bad;
        refused($ann, $name, 'refused', 'grant', 'acme', 'inst', @options);
        like($ann->run('grant', 'acme', 'inst', @options)->{err},
             qr/"$field"/, "$name: names the field");
    }

    # a vendor's end is a day away at most, a near one is kept
    my $far = done($ann, 'far', 'grant', 'acme', 'v2', '--grantee-level',
                   'vendor', '--expires-at', '2090-01-01T00:00:00Z');
    ends_in('privacy:{acme}:grant:v2', 86400, 'far: a day');
    $far = done($ann, 'integrator with an end', 'grant', 'acme', 'i2',
                '--grantee-level', 'integrator', '--expires-at',
                '2090-01-01T00:00:00Z');
    is($far->{ends}, '2090-01-01T00:00:00Z', 'an integrator may have it');

    is(scalar @{ done($ann, 'grants', 'grants', 'acme')->{grants} }, 4,
       'grants: all');
    refused($inst, 'an integrator grants', 'forbidden', 'grant', 'acme',
            'inst');
    refused($operator, 'an operator grants', 'forbidden', 'grant', 'acme',
            'inst');
    refused($inst, 'an integrator lists grants', 'forbidden', 'grants',
            'acme');
};

subtest 'update' => sub {
    fresh();
    refused($ann, 'nothing to update', 'no-grant', 'update', 'acme', 'inst',
            '--role', 'administrator_full');
    done($ann, 'grant', 'grant', 'acme', 'vend', '--grantee-level', 'vendor',
         '--role', 'user_full', '--cameras', 'c1', '--exports', '--users',
         'vera');

    # an hour later
    my $old = $ctl->record('privacy:{acme}:grant:vend');
    my $hour = sub {
        my @t = gmtime(PrivacyTest::Control::ms($_[0]) / 1000 - 3600);
        return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900,
            $t[4] + 1, @t[3, 2, 1, 0];
    };
    $old->{$_} = $hour->($old->{$_}) for qw(granted_at expires_at);
    $redis->cmd('SET', 'privacy:{acme}:grant:vend',
                PrivacyTest::Control::json()->encode($old), 'PX',
                82800000);

    my $json = done($ann, 'other cameras', 'update', 'acme', 'vend',
                    '--cameras', 'c2');
    is_deeply($json->{cameras}, ['c2'], 'changed');
    is($json->{expires_at}, $old->{expires_at}, 'the end is kept');
    is($json->{granted_at}, $old->{granted_at}, 'since when, too');
    is_deeply($json->{users}, ['vera'], 'and the users');
    ok($json->{exports}, 'and the exports');
    ends_in('privacy:{acme}:grant:vend', 82800, 'TTL');

    $json = done($ann, 'role', 'update', 'acme', 'vend', '--role',
                 'administrator_full', '--any-user', '--no-exports');
    is($json->{cameras}, undef, 'an administrator has them all');
    is($json->{users}, undef, 'any user');
    ok(!$json->{exports}, 'no exports');

    $json = done($ann, 'further', 'update', 'acme', 'vend', '--expires-at',
                 '2090-01-01T00:00:00Z');
    is($json->{expires_at}, $old->{expires_at},
       'no vendor goes beyond the day');

    $json = done($ann, 'grant once more', 'grant', 'acme', 'vend',
                 '--grantee-level', 'vendor');
    is($json->{expires_at}, $old->{expires_at}, 'that neither');
    is($json->{role}, 'administrator_restricted', 'all else anew');

    my $before = $ctl->snapshot;
    done($ann, 'the same', 'update', 'acme', 'vend', '--role',
         'administrator_restricted');
    is($ctl->snapshot, $before, 'changes nothing, logs nothing');
    refused($vend, 'the vendor itself', 'forbidden', 'update', 'acme',
            'vend', '--exports');
    is_deeply([ map { $_->{action} } $ctl->events('acme') ],
              [qw(put_account grant update update update)], 'events')
        or diag explain [ $ctl->events('acme') ];
};

subtest 'who answers for a grant' => sub {
    fresh();
    my $key = 'privacy:{acme}:grant:vend';
    done($ctl, 'the store gives', 'grant', 'acme', 'vend', '--grantee-level',
         'vendor', '--by', 'root');
    is($ctl->record($key)->{granted_by}, 'root', 'who gave it');

    # a minute ago
    my $old = $ctl->record($key);
    my $minute = sub {
        my @t = gmtime(PrivacyTest::Control::ms($_[0]) / 1000 - 60);
        return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900,
            $t[4] + 1, @t[3, 2, 1, 0];
    };
    $old->{$_} = $minute->($old->{$_}) for qw(granted_at expires_at);
    $redis->cmd('SET', $key, PrivacyTest::Control::json()->encode($old),
                'PXAT', PrivacyTest::Control::ms($old->{expires_at}));

    my $before = $ctl->snapshot;
    done($ann, 'the same again', 'grant', 'acme', 'vend', '--grantee-level',
         'vendor');
    is($ctl->snapshot, $before, 'the same by another: nothing has changed');

    my $json = done($ann, 'replaced', 'grant', 'acme', 'vend', '--role',
                    'user_full', '--cameras', 'c1', '--exports');
    is($json->{granted_by}, 'ann', 'who replaced it');
    is($json->{granted_at}, $old->{granted_at}, 'the time runs on');
    is($ctl->record($key)->{granted_by}, 'ann', 'in the record');

    $json = done($ctl, 'updated', 'update', 'acme', 'vend', '--no-exports',
                 '--by', 'root');
    is($json->{granted_by}, 'root', 'who changed it');
    is($json->{granted_at}, $old->{granted_at}, 'the time runs on');

    refused($ann, 'to itself', 'refused', 'grant', 'acme', 'acme',
            '--grantee-level', 'integrator');
};

subtest 'grants that a portal wrote' => sub {
    fresh();
    $redis->cmd('SET', 'privacy:{acme}:grant:org',
                '{"role":"administrator_full","level":"integrator"}');
    $redis->cmd('SET', 'privacy:{acme}:grant:bad', 'no json');
    $redis->cmd('SET', 'privacy:{acme2}:grant:not',
                '{"role":"administrator_full","level":"integrator"}');
    $redis->cmd('MSET', map { ("other:$_", 1) } 1 .. 5000);
    done($ann, 'grant', 'grant', 'acme', 'inst');

    my %state = map { $_->{organization} => $_->{state} }
        @{ done($ann, 'grants', 'grants', 'acme')->{grants} };
    is_deeply(\%state, { inst => 'active', org => 'active',
                         bad => 'invalid' }, 'all are listed');
    done($ann, 'revoke', 'revoke', 'acme', 'org');
    is($operator->run('account', 'delete', 'acme')->{status}, 0, 'deleted');
    is_deeply([ grep { !/^other:/ } sort @{ $redis->cmd('KEYS', '*') } ],
              [ 'privacy-deleted', 'privacy:{acme2}:grant:not' ],
              'with those that do not parse');
};

subtest 'revoke' => sub {
    fresh();
    done($ann, 'grant', 'grant', 'acme', $_, '--grantee-level', 'vendor')
        for qw(vend v2 v3);
    refused($inst, 'another organization', 'forbidden', 'revoke', 'acme',
            'vend');
    refused($operator, 'the operator', 'forbidden', 'revoke', 'acme',
            'vend');
    refused($ctl->as('client', 'acme', 'cleo'), 'a client', 'forbidden',
            'revoke', 'acme', 'vend');
    is(done($vend, 'the vendor gives it up', 'revoke', 'acme',
            'vend')->{state}, 'revoked', 'revoked');
    is($redis->cmd('EXISTS', 'privacy:{acme}:grant:vend'), 0, 'gone');
    is($redis->cmd('SISMEMBER', 'privacy-org:vend', 'acme'), 0, 'index');
    refused($ann, 'again', 'no-grant', 'revoke', 'acme', 'vend');
    done($ann, 'its administrator', 'revoke', 'acme', 'v2');
    done($ctl, 'who holds the store', 'revoke', 'acme', 'v3');
    is(scalar @{ done($ann, 'grants', 'grants', 'acme')->{grants} }, 0,
       'none left');
    is(($ctl->events('acme'))[-3]{organization}, 'vend',
       'the event says who it was');
};

subtest 'exclude and include' => sub {
    fresh();
    is($operator->run('exclude', 'acme')->{status}, 2, 'needs a reason');
    refused($operator, 'a reason of nothing', 'refused', 'exclude', 'acme',
            '--reason', '');
    my $json = done($operator, 'exclude', 'exclude', 'acme',
                    '--organizations', 'inst', '--reason', 'monitoring');
    is_deeply($json->{organizations}, ['inst'], 'for one');
    is($ctl->record('privacy:{acme}:excluded')->{reason}, 'monitoring',
       'why');
    is($redis->cmd('PTTL', 'privacy:{acme}:excluded'), -1, 'stays');
    my $before = $ctl->snapshot;
    done($operator, 'again', 'exclude', 'acme', '--organizations', 'inst',
         '--reason', 'monitoring');
    is($ctl->snapshot, $before, 'changes nothing');
    done($operator, 'everybody', 'exclude', 'acme', '--reason', 'all');
    ok(!exists $ctl->record('privacy:{acme}:excluded')->{organizations},
       'everybody');
    for my $who ([ administrator => $ann ], [ integrator => $inst ],
                 [ vendor => $vend ]) {
        refused($who->[1], "$who->[0] excludes", 'forbidden', 'exclude',
                'acme', '--reason', 'x');
        refused($who->[1], "$who->[0] includes", 'forbidden', 'include',
                'acme');
    }
    ok(!done($operator, 'include', 'include', 'acme')->{excluded}, 'off');
    is($redis->cmd('EXISTS', 'privacy:{acme}:excluded'), 0, 'gone');
    done($operator, 'include again', 'include', 'acme');
    is($ctl->events('acme'), 4, 'three changes');
};

subtest 'preconditions' => sub {
    fresh();
    refused($ann, 'If-Match without a record', 'precondition', 'grant',
            'acme', 'inst', '--if-match', '*');
    done($ann, 'If-None-Match', 'grant', 'acme', 'inst', '--if-none-match',
         '*');
    refused($ann, 'If-None-Match', 'precondition', 'grant', 'acme', 'inst',
            '--role', 'administrator_full', '--if-none-match', '*');
    require Digest::SHA;
    my $tag = '"' . Digest::SHA::sha1_hex(
        $redis->cmd('GET', 'privacy:{acme}:grant:inst')) . '"';
    refused($ann, 'a weak tag', 'precondition', 'update', 'acme', 'inst',
            '--exports', '--if-match', "W/$tag");
    done($ann, 'If-Match', 'update', 'acme', 'inst', '--exports',
         '--if-match', "\"x\", $tag");
    refused($ann, 'the old tag', 'precondition', 'update', 'acme', 'inst',
            '--no-exports', '--if-match', $tag);
};

subtest 'list' => sub {
    fresh();
    $operator->put("a$_", { integrators => [ $_ % 2 ? 'inst' : 'other' ],
        cameras => [ { id => "cam$_", name => "SECRET$_" } ],
        administrators => [ { username => "admin$_" } ] }) for 1 .. 30;
    done($ann, 'grant', 'grant', 'acme', 'vend', '--grantee-level',
         'vendor');
    done($ann, 'grant', 'grant', 'acme', 'other', '--grantee-level',
         'integrator');

    my $list = sub {
        my ($who, @options) = @_;
        my $r = $who->ask('list', @options);
        is($r->{status}, 0, "list @options");
        return $r;
    };
    my $accounts = sub {
        return [ sort map { $_->{account} } @{ $_[0]{json}{accounts} } ];
    };
    my @all = sort 'acme', map { "a$_" } 1 .. 30;

    is_deeply($accounts->($list->($operator)), \@all, 'operator: all');
    is_deeply($accounts->($list->($ctl)), \@all, 'store: all');

    my $r = $list->($inst);
    is_deeply($accounts->($r),
              [ sort 'acme', map { 'a' . (2 * $_ - 1) } 1 .. 15 ],
              'integrator: those that it services');
    unlike($r->{out}, qr/SECRET|"cameras"/, 'no cameras');
    my ($acme) = grep { $_->{account} eq 'acme' } @{ $r->{json}{accounts} };
    is($acme->{state}, 'restricted', 'state');
    is($acme->{grant}, undef, 'no grant of its own');
    is($acme->{administrators}[0]{email}, 'ann@acme.example',
       'whom to ask');

    is_deeply($accounts->($list->($ctl, '--organization', 'other')),
              [ sort 'acme', map { 'a' . 2 * $_ } 1 .. 15 ],
              'by a grant, too');
    $r = $list->($vend);
    is_deeply($accounts->($r), \@all, 'vendor: all');
    unlike($r->{out}, qr/SECRET|cam1/, 'no cameras');
    ($acme) = grep { $_->{account} eq 'acme' } @{ $r->{json}{accounts} };
    is($acme->{grant}{role}, 'administrator_restricted', 'the own grant');

    $r = $list->($ann);
    is_deeply($accounts->($r), ['acme'], 'client_admin: the own');
    is_deeply([ sort map { $_->{organization} }
                @{ $r->{json}{accounts}[0]{grants} } ], [qw(other vend)],
              'with all grants');

    my (%seen, $cursor, $pages);
    do {
        $r = $list->($operator, '--limit', 5,
                     defined $cursor ? ('--cursor', $cursor) : ());
        $seen{$_}++ for @{ $accounts->($r) };
        $cursor = $r->{json}{cursor};
    } while (defined $cursor && ++$pages < 100);
    is_deeply([ sort keys %seen ], \@all, 'page by page');
    ok($pages >= 2, "several pages: $pages");

    is($operator->run('list', '--cursor', 'x')->{status}, 1, 'no cursor');
    refused($ctl->as('client', 'acme', 'cleo'), 'client', 'forbidden',
            'list');
    my $table = $inst->run('list');
    is($table->{status}, 0, 'table');
    like($table->{out}, qr/^account +state +ends +name/, 'its head');
    like($table->{out}, qr/^acme +restricted +- +Acme +ann/m, 'a row');
};

subtest 'explain' => sub {
    fresh();
    my @ask = ('explain', 'acme', '--for-user', 'ivo', '--for-organization',
               'inst', '--for-level', 'integrator');
    my $json = done($ann, 'live', @ask, '--resource', 'live', '--camera',
                    'c1');
    is($json->{verdict}, 'deny', 'deny');
    is($json->{reason}, 'restricted', 'restricted');
    is($json->{rule}{number}, 5, 'rule');
    is($json->{facts}{unrestricted}, undef, 'fact');
    is_deeply($json->{facts}{providers}{record}, ['inst'], 'providers');

    done($ann, 'grant', 'grant', 'acme', 'inst', '--role', 'user_full',
         '--cameras', 'c1');
    $json = done($operator, 'granted', @ask, '--resource', 'live',
                 '--camera', 'c1');
    is_deeply([ @$json{qw(verdict reason source role)} ],
              [qw(allow grant grant user_full)], 'allow');
    is(done($ann, 'c2', @ask, '--resource', 'live', '--camera',
            'c2')->{reason}, 'camera', 'another camera');
    is(done($ann, 'foreign', @ask, '--resource', 'live', '--camera',
            'zz')->{reason}, 'foreign_camera', 'a foreign camera');
    done($ann, 'allow', 'allow', 'acme');
    $json = done($ann, 'open', @ask, '--resource', 'archive', '--camera',
                 'c2');
    is($json->{source}, 'unrestricted', 'source');
    like($json->{recheck}, qr/T05:00:00Z$/, 'recheck');

    $redis->cmd('SET', 'privacy:{acme}:grant:inst', 'no json');
    $json = done($ann, 'invalid', @ask, '--resource', 'system');
    ok(!$json->{facts}{grant}{valid}, 'a record that is none');

    refused($inst, 'integrator', 'forbidden', @ask, '--resource', 'live');
    refused($ann, 'no resource', 'refused', @ask, '--resource', 'video');
};

subtest 'sweep' => sub {
    fresh();
    for my $who ([ administrator => $ann ], [ integrator => $inst ],
                 [ vendor => $vend ]) {
        refused($who->[1], "$who->[0] sweeps", 'forbidden', 'sweep');
        refused($who->[1], "$who->[0] asks", 'forbidden', 'sweep',
                '--status');
    }
    is(done($operator, 'never', 'sweep', '--status')->{state}, 'never',
       'never');
    is(done($operator, 'sweep', 'sweep')->{state}, 'done', 'done');
    is(done($operator, 'not due', 'sweep', '--if-due')->{state}, 'not_due',
       'once is enough');
    is(done($operator, 'status', 'sweep', '--status')->{accounts}, 1,
       'figures');
};

subtest 'records that are none' => sub {
    fresh();
    $redis->cmd('SADD', 'privacy:{acme}:unrestricted', 'x');
    $redis->cmd('RPUSH', 'privacy:{acme}:grant:inst', 'x');
    done($ann, 'grant', 'grant', 'acme', 'inst');
    is($redis->cmd('TYPE', 'privacy:{acme}:grant:inst'), 'string',
       'written over');
    done($ann, 'disallow', 'disallow', 'acme');
    is($redis->cmd('EXISTS', 'privacy:{acme}:unrestricted'), 0, 'deleted');
};

subtest 'watch' => sub {
    fresh();
    my $file = test_dir() . '/watch';
    my $pid = $ctl->spawn($file, '--json', 'watch', 'acme');
    wait_until(sub { ($redis->cmd('PUBSUB', 'NUMSUB',
                                  'privacy-events'))->[1] }, 'watch');
    $operator->put('other', {});
    done($ann, 'allow', 'allow', 'acme');
    $operator->run('account', 'delete', 'acme');
    wait_until(sub { -e $file && read_file($file) =~ /delete_account/ },
               'events');
    is_deeply([ map { PrivacyTest::Control::json()->decode($_)->{action} }
                split /\n/, read_file($file) ],
              [qw(allow delete_account)], 'what happened to the account');
    PrivacyTest::Process::stop($pid);
    is($inst->run('watch')->{status}, 1, 'not for everybody');
};

# Nothing or all: also for a user of the store who may not do all of it.
subtest 'what the store forbids' => sub {
    my $file = test_dir() . '/acl-password';
    write_file($file, "sesame\n");
    my $store = redis(users => [ 'user default on nopass ~* &* +@all',
        map { "user $_->[0] on >sesame $_->[1]" }
        [ 'nolog', '~privacy:* ~privacy-account:* ~privacy-org:* '
                   . '~privacy-grants:* &* +@all' ],
        [ 'noxadd', '~* &* +@all -xadd' ], [ 'noset', '~* &* +@all -set' ],
        [ 'nodel', '~* &* +@all -del' ],
        [ 'noindex', '~* &* +@all -sadd -srem' ],
        [ 'nopublish', '~* resetchannels +@all' ] ]);
    my $all = PrivacyTest::Control->new($store);
    my $of = sub {
        return $all->with(options => [ '--user-name', $_[0],
                                       '--password-file', $file ]);
    };
    my @grant = qw(grant acme inst);

    $all->put('acme', \%acme);
    for my $case ([ 'nolog', 'allow', 'acme' ], [ 'nolog', @grant ],
                  [ 'noxadd', 'allow', 'acme' ], [ 'noxadd', @grant ],
                  [ 'noset', 'allow', 'acme' ], [ 'noset', @grant ])
    {
        my ($user, @arguments) = @$case;
        my $before = $all->snapshot;
        my $r = $of->($user)->run(@arguments);
        is($r->{status}, 3, "$user: @arguments");
        like($r->{err}, qr/NOPERM/, 'says why') or diag $r->{err};
        is($all->snapshot, $before, 'neither change nor event');
    }

    # one change that both sets and deletes
    $all->run('allow', 'acme');
    for my $user (qw(nodel noxadd nolog)) {
        my $before = $all->snapshot;
        is($of->($user)->run('disallow', 'acme')->{status}, 3,
           "$user: disallow");
        is($all->snapshot, $before, 'neither change nor event');
    }

    # index and announcement are no reason to refuse
    is($of->('nopublish')->run('disallow', 'acme')->{status}, 0,
       'without the channel');
    is($of->('noindex')->run(@grant)->{status}, 0, 'without the index');
    is_deeply([ map { $_->{action} } $all->events('acme') ],
              [qw(put_account allow disallow grant)], 'an event for each');

    # a log that is none
    $store->cmd('DEL', 'privacy-log:{acme}');
    $store->cmd('SET', 'privacy-log:{acme}', 'x');
    my $before = $all->snapshot;
    my $r = $all->run('allow', 'acme');
    is($r->{status}, 3, 'a log of another type');
    like($r->{err}, qr/WRONGLOG/, 'says why');
    is($all->snapshot, $before, 'nothing has changed');
    $store->stop;
};

subtest 'the store' => sub {
    fresh();
    my $guarded = redis(users => [ 'user default off',
        'user ctl on >sesame ~* &* +@all', 'user poor on >sesame ~* +get' ]);
    my $other = PrivacyTest::Control->new($guarded);
    my $file = test_dir() . '/password';
    write_file($file, "sesame\n");
    is($other->run('list')->{status}, 3, 'not logged in');
    is($other->run('--user-name', 'ctl', '--password-file', $file,
                   'list')->{status}, 0, 'logged in');
    is($other->run('--user-name', 'ctl', '--password-file', '/dev/null',
                   'list')->{status}, 2, 'no password');
    my $r = $other->run('--user-name', 'poor', '--password-file', $file,
                        'allow', 'acme');
    is($r->{status}, 3, 'may not');
    like($r->{err}, qr/NOPERM/, 'says why');

    my $conf = test_dir() . '/ctl.conf';
    write_file($conf, "# where\nredis unix:" . $redis->socket . "\n"
               . "prefix other\nrole guest live cameras=all\n");
    my $by_file = $ctl->with(env => { PRIVACY_REDIS => '',
                                      PRIVACYCTL_CONFIG => $conf });
    is($by_file->put('acme', { integrators => ['i'] })->{status}, 0,
       'by file');
    is($redis->cmd('EXISTS', 'other-account:{acme}'), 1, 'its prefix');
    is($by_file->run('grant', 'acme', 'i', '--role', 'guest')->{status}, 0,
       'its roles');
    write_file($conf, "nonsense 1\n");
    is($by_file->run('list')->{status}, 2, 'a wrong file');
    $redis->cmd('SCRIPT', 'FLUSH');
    done($ann, 'scripts that are not known', 'allow', 'acme');
    $redis->stop;
    is($ctl->run('list')->{status}, 3, 'stopped');
};

done_testing();
