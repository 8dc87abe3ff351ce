# The actions over HTTP: what each one answers, who may do it, and that a
# refusal leaves everything as it was.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Api;

my $redis = redis();
my $api = PrivacyTest::Api->new($redis, http => <<'END');
    privacy_sweep off;
    gzip on;
    gzip_types application/json;
    gzip_min_length 1;
    etag on;
END
my $time = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

# An account from birth to death.

my $r = $api->put('/accounts/acme', operator(), account('acme'));
is($r->{status}, 201, 'an account');
is($r->{header}{'content-type'}, 'application/json', 'as JSON');
is($r->{header}{'cache-control'}, 'no-store', 'not to be stored');
like($r->{header}{etag}, qr/^"[0-9a-f]{40}"$/, 'with an ETag');
is($r->{json}{access}{state}, 'restricted', 'with cameras it is restricted');
is($redis->cmd('GET', 'privacy:camera:acme-c1'), 'acme',
   'which are in the registry');

$r = $api->put('/accounts/empty', operator(), { name => 'Empty' });
is($r->{json}{access}{state}, 'unrestricted',
   'without cameras it is unrestricted');
is($r->{json}{access}{ends}, undef, 'and stays so');

$r = $api->get('/accounts/acme', admin('acme'));
is($r->{status}, 200, 'its administrator reads it');
is_deeply([ map { $_->{id} } @{ $r->{json}{cameras} } ],
          [qw(acme-c1 acme-c2)], 'with its cameras');

is(problem($api->put('/accounts/other', operator(),
                     { cameras => [ { id => 'acme-c1' } ] })),
   '409 camera-taken cameras', 'a camera of another account');
is(problem($api->get('/accounts/other', operator())), '404 no-account',
   'and no account of it');

$r = $api->put('/accounts/acme/access', admin('acme'), { exports => \1 });
is($r->{status}, 201, 'allow');
is($r->{json}{state}, 'unrestricted', 'opens');
like($r->{json}{ends}, $time, 'until the reset');
ok($r->{json}{exports}, 'with exports');
is($api->put('/accounts/acme/access', admin('acme'))->{status}, 200,
   'again, without a body');

$r = $api->delete('/accounts/acme/access', admin('acme'));
is($r->{json}{state}, 'restricted', 'disallow');
is($r->{status}, 200, 'answers the new state');

$r = $api->put('/accounts/acme/grants/fitco', admin('acme'), {});
is($r->{status}, 201, 'grant');
is($r->{json}{role}, 'administrator_restricted', 'of the default role');
is($r->{json}{level}, 'integrator', 'to one of its integrators');
is($r->{json}{ends}, undef, 'until revoked');
is($r->{json}{granted_by}, 'jo', 'by whom');

$r = $api->patch('/accounts/acme/grants/fitco', admin('acme', 'ann'),
                 { role => 'user_full', cameras => ['acme-c1'],
                   reason => 'a door' });
is($r->{status}, 200, 'update');
is($r->{json}{role}, 'user_full', 'changes what is said');
is($r->{json}{reason}, 'a door', 'and takes what is new');
$r = $api->patch('/accounts/acme/grants/fitco', admin('acme'),
                 { reason => undef });
ok(!exists $r->{json}{reason}, 'null takes away');
is($r->{json}{role}, 'user_full', 'and leaves the rest');

$r = $api->put('/accounts/acme/grants/support', admin('acme'),
               { level => 'vendor' });
like($r->{json}{ends}, $time, 'a vendor\'s ends');
my $ends = $r->{json}{ends};
$r = $api->put('/accounts/acme/grants/support', admin('acme'),
               { level => 'vendor', role => 'administrator_full' });
is($r->{status}, 200, 'a grant anew');
is($r->{json}{ends}, $ends, 'keeps its end');

$r = $api->get('/accounts/acme/grants', admin('acme'));
is_deeply([ sort map { $_->{organization} } @{ $r->{json}{grants} } ],
          [qw(fitco support)], 'all grants');
$r = $api->get('/accounts/acme/grants/fitco', integrator('fitco'));
is($r->{json}{state}, 'active', 'its own grant');
like($r->{header}{etag}, qr/^"[0-9a-f]{40}"$/, 'with an ETag');

$r = $api->delete('/accounts/acme/grants/fitco', integrator('fitco'));
is($r->{json}{state}, 'revoked', 'given up by whom it was given to');
is(problem($api->get('/accounts/acme/grants/fitco', admin('acme'))),
   '404 no-grant', 'and gone');
is($api->delete('/accounts/acme/grants/support', admin('acme'))->{json}{state},
   'revoked', 'revoked');

$r = $api->put('/accounts/acme/exclusion', operator(),
               { reason => 'a nursery', organizations => ['fitco'] });
is($r->{status}, 201, 'exclude');
is_deeply($r->{json}{organizations}, ['fitco'], 'for some');
$r = $api->delete('/accounts/acme/exclusion', operator());
ok(!$r->{json}{excluded}, 'include');

# list

$r = $api->get('/accounts', integrator('fitco'));
is_deeply([ map { $_->{account} } @{ $r->{json}{accounts} } ], ['acme'],
          'an integrator sees what it services');
ok(!exists $r->{json}{accounts}[0]{cameras}, 'without cameras');
is($r->{json}{accounts}[0]{administrators}[0]{username}, 'ann',
   'and whom to ask');
unlike($r->{body}, qr/acme-c1/, 'nor their names');
$r = $api->get('/accounts', admin('acme'));
is_deeply([ map { $_->{account} } @{ $r->{json}{accounts} } ], ['acme'],
          'an administrator the own');
$r = $api->get('/accounts?organization=fitco&limit=1', operator());
is_deeply([ map { $_->{account} } @{ $r->{json}{accounts} } ], ['acme'],
          'an operator those of an organization');
is(problem($api->get('/accounts?organization=other', integrator('fitco'))),
   '403 forbidden organization', 'which others may not');

# explain

$r = $api->get('/accounts/acme/explain?user=Jo+Doe&organization=fitco'
               . '&level=integrator&camera=acme-c1&resource=live',
               admin('acme'));
is($r->{json}{verdict}, 'deny', 'explain');
is($r->{json}{reason}, 'restricted', 'says why');
is($r->{json}{rule}{number}, 5, 'by which rule');
$r = $api->get('/accounts/acme/explain?organization=fitco&level=integrator'
               . '&resource=system', operator());
is($r->{json}{source}, 'system', 'and what opened it');

# sweep

$r = $api->post('/sweep', operator());
is($r->{json}{state}, 'done', 'sweep');
is($r->{json}{accounts}, 2, 'over the accounts');
$r = $api->get('/sweep', operator());
is($r->{json}{state}, 'done', 'the last one');
ok(!$r->{json}{running}, 'is over');

$r = $api->delete('/accounts/empty', operator());
is($r->{status}, 204, 'delete');
is($r->{body}, '', 'without a body');
is($r->{header}{'content-type'}, undef, 'nor a type');
is($r->{header}{'cache-control'}, 'no-store', 'nor to be stored');
is_deeply([ grep { /empty/ && !/log/ } @{ $redis->cmd('KEYS', '*') } ], [],
          'and without a trace');

# Who may do what: a row for each action, in the order of the columns.

$api->put('/accounts/other', operator(), account('other'));
$api->put('/accounts/acme/grants/fitco', admin('acme'));

my @columns = (
    [ 'an operator', operator() ],
    [ 'its administrator', admin('acme') ],
    [ 'another\'s administrator', admin('other') ],
    [ 'a client', client('acme') ],
    [ 'its integrator', integrator('fitco') ],
    [ 'another integrator', integrator('rival') ],
    [ 'a vendor', vendor('support') ],
    [ 'a federated user', federated('acme') ],
    [ 'nobody', nobody() ],
    [ 'an unknown level', [ 'X-Level' => 'root', 'X-User' => 'r',
                            'X-Org' => 'acme' ] ],
);
my $acme = '/accounts/acme';
my @rows = (
    #                                            op ad oa cl in ri ve fe no un
    [ 'PUT', $acme, account('acme'),            qw(1 0 0 0 0 0 0 0 0 0) ],
    [ 'GET', $acme, undef,                      qw(1 1 0 0 0 0 0 0 0 0) ],
    [ 'PUT', "$acme/access", {},                qw(0 1 0 0 0 0 0 0 0 0) ],
    [ 'DELETE', "$acme/access", undef,          qw(0 1 0 0 0 0 0 0 0 0) ],
    [ 'PUT', "$acme/grants/fitco", {},          qw(0 1 0 0 0 0 0 0 0 0) ],
    [ 'PATCH', "$acme/grants/fitco", {},        qw(0 1 0 0 0 0 0 0 0 0) ],
    [ 'GET', "$acme/grants/fitco", undef,       qw(1 1 0 0 1 0 0 0 0 0) ],
    [ 'GET', "$acme/grants", undef,             qw(1 1 0 0 0 0 0 0 0 0) ],
    [ 'PUT', "$acme/exclusion", { reason => 'x' }, qw(1 0 0 0 0 0 0 0 0 0) ],
    [ 'DELETE', "$acme/exclusion", undef,       qw(1 0 0 0 0 0 0 0 0 0) ],
    [ 'GET', '/accounts', undef,                qw(1 1 1 0 1 1 1 0 0 0) ],
    [ 'GET', "$acme/explain?level=client&resource=live&camera=acme-c1"
             . '&organization=acme', undef,     qw(1 1 0 0 0 0 0 0 0 0) ],
    [ 'GET', '/sweep', undef,                   qw(1 0 0 0 0 0 0 0 0 0) ],
    [ 'POST', '/sweep', undef,                  qw(1 0 0 0 0 0 0 0 0 0) ],
    [ 'DELETE', "$acme/grants/fitco", undef,    qw(0 1 0 0 1 0 0 0 0 0) ],
    [ 'DELETE', $acme, undef,                   qw(1 0 0 0 0 0 0 0 0 0) ],
);

for my $row (@rows) {
    my ($method, $path, $body, @may) = @$row;
    my @order = sort { $may[$a] <=> $may[$b] } 0 .. $#may;

    for my $i (@order) {
        my ($name, $who) = @{ $columns[$i] };
        my $before = contents($redis);
        my $answer = $api->call($method, $path, $who, $body);
        (my $short = $path) =~ s/\?.*//;

        if ($may[$i]) {
            ok($answer->{status} < 300, "$method $short: $name")
                or diag($answer->{body});
            $api->put('/accounts/acme/grants/fitco', admin('acme'))
                if $short =~ /fitco/ && $method eq 'DELETE';
        } else {
            is(problem($answer), '403 forbidden', "$method $short: not $name");
            is_deeply(contents($redis), $before, 'and nothing changes');
        }
    }
}

# What is refused for what it says.

$api->put('/accounts/acme', operator(), account('acme'));
my $before = contents($redis);
my $grant = '/accounts/acme/grants/fitco';

for my $case (
    [ 'PUT', $acme, operator(), '{"name":', '400 malformed' ],
    [ 'PUT', $acme, operator(), '[]', '400 malformed' ],
    [ 'PUT', $acme, operator(), '{"name":"a","name":"b"}',
      '400 malformed name' ],
    [ 'PUT', $acme, operator(), { what => 1 }, '400 malformed what' ],
    [ 'PUT', $acme, operator(), { name => [] }, '400 malformed name' ],
    [ 'PUT', $acme, operator(), { cameras => [ { id => '{}' } ] },
      '422 refused cameras[0].id' ],
    [ 'PUT', $grant, admin('acme'), { role => 'user_full' },
      '422 refused cameras' ],
    [ 'PUT', $grant, admin('acme'), { role => 'boss' }, '422 refused role' ],
    [ 'PUT', $grant, admin('acme'), { granted_by => 'me' },
      '422 refused granted_by' ],
    [ 'PUT', $grant, admin('acme'),
      { role => 'user_full', cameras => ['other-c1'] },
      '422 refused cameras' ],
    [ 'PUT', '/accounts/acme/grants/rival', admin('acme'), {},
      '422 refused level' ],
    [ 'PUT', $grant, admin('acme'), { expires_at => '2020-01-01T00:00:00Z' },
      '422 refused expires_at' ],
    [ 'PATCH', $grant, admin('acme'), {}, '404 no-grant' ],
    [ 'PUT', '/accounts/none/access', admin('none'), {}, '404 no-account' ],
    [ 'PUT', '/accounts/none/exclusion', operator(), { reason => 'x' },
      '404 no-account' ],
    [ 'DELETE', '/accounts/none', operator(), undef, '404 no-account' ],
    [ 'PUT', '/accounts/a%7Bb', operator(), {}, '400 malformed account' ],
    [ 'PUT', '/accounts/acme/grants/a%20b', admin('acme'), {},
      '400 malformed organization' ],
    [ 'GET', '/accounts?cursor=x', operator(), undef,
      '400 malformed cursor' ],
    [ 'GET', '/accounts/acme/explain?level=boss&resource=live', operator(),
      undef, '422 refused level' ],
) {
    my ($method, $path, $who, $body, $want) = @$case;

    is(problem($api->call($method, $path, $who, $body)), $want,
       "$method $path: $want");
}
is_deeply(contents($redis), $before, 'none of them changes anything');

$r = $api->put($acme, operator(), '{');
is($r->{header}{'content-type'}, 'application/problem+json',
   'errors are problem documents');
is($r->{json}{status}, 400, 'with the status');
like($r->{json}{type}, qr/^urn:privacy:problem:malformed$/, 'and a type');
ok(length $r->{json}{title} && length $r->{json}{detail}, 'in words');

# Two administrators do not overwrite each other.

$api->put($grant, admin('acme'));
my $etag = $api->get($grant, admin('acme'))->{header}{etag};

$r = $api->patch($grant, admin('acme'), { reason => 'first' },
                 { header => [ 'If-Match' => $etag ] });
is($r->{status}, 200, 'If-Match holds');
isnt($r->{header}{etag}, $etag, 'the record has another ETag now');
$before = contents($redis);
is(problem($api->patch($grant, admin('acme'), { reason => 'second' },
                       { header => [ 'If-Match' => $etag ] })),
   '412 precondition', 'If-Match does not hold any more');
is(problem($api->put($grant, admin('acme'), {},
                     { header => [ 'If-None-Match' => '*' ] })),
   '412 precondition', 'there is one already');
is(problem($api->delete($grant, admin('acme'), undef,
                        { header => [ 'If-Match' => $etag ] })),
   '412 precondition', 'nor is it deleted');
is_deeply(contents($redis), $before, 'and nothing changes');
is($api->put('/accounts/new', operator(), {},
             { header => [ 'If-None-Match' => '*' ] })->{status},
   201, 'there is none yet');

my $gzip = $api->get($grant, admin('acme'), undef,
                     { header => [ 'Accept-Encoding' => 'gzip' ] });
is($gzip->{header}{'content-encoding'}, 'gzip', 'a compressed answer');
unlike($gzip->{header}{etag}, qr/^W/, 'keeps a strong ETag');

ok($api->nginx->quit, 'nginx ends');
is_deeply([ $api->nginx->log_lines ], [], 'without an error');

done_testing();
