# The API and its Redis: many calls at once, long lists, clients that go away,
# outages, reloads, a primary and its replica.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time sleep);
use PrivacyTest;
use PrivacyTest::Api;
use PrivacyTest::Cut ();

my $slack = PrivacyTest::Cut::is_asan() ? 5 : 1;
my $redis = redis();
my $api = PrivacyTest::Api->new($redis, connections => 4096, http => <<'END');
    privacy_sweep off;
    privacy_timeout 100ms;
END
my $nginx = $api->nginx;
my $port = $nginx->port;

sub header {
    my ($who, %more) = @_;
    return [ @$who, 'Content-Type' => 'application/json', %more ];
}

# 10,000 accounts in one listing, while Redis answers others.

{
    my $client = $redis->client;
    for my $i (1 .. 10_000) {
        $client->send('SET', "privacy-account:{a$i}",
                      qq({"name":"A$i","integrators":["fitco"],)
                      . qq("administrators":[],"cameras":[{"id":"c$i"}]}));
        $client->send('SADD', 'privacy-org:fitco', "a$i");
        if ($i % 500 == 0) { $client->reply for 1 .. 1000 }
    }

    $redis->cmd('CONFIG', 'RESETSTAT');
    $redis->cmd('CONFIG', 'SET', 'slowlog-log-slower-than', 10_000 * $slack);
    $redis->cmd('SLOWLOG', 'RESET');

    for my $case ([ 'an operator', operator() ],
                  [ 'an integrator', integrator('fitco') ],
                  [ 'a vendor', vendor('support') ])
    {
        my ($name, $who) = @$case;
        my (%seen, $cursor, $pages);
        my $longest = 0;

        do {
            my $start = time;
            my $r = $api->get('/accounts?limit=1000'
                              . (defined $cursor ? "&cursor=$cursor" : ''),
                              $who);
            my $took = time - $start;
            $longest = $took if $took > $longest;
            die "$r->{status} $r->{body}" if $r->{status} != 200;
            $seen{ $_->{account} }++ for @{ $r->{json}{accounts} };
            $cursor = $r->{json}{cursor};
            die 'no end' if ++$pages > 200;
        } while (defined $cursor);

        is(scalar keys %seen, 10_000, "$name lists them all, in $pages pages");
        ok($longest < 2 * $slack, sprintf 'a page took %.0f ms at most',
                                          1000 * $longest);
    }
    is($redis->cmd('SLOWLOG', 'LEN'), 0, 'no command of Redis took 10 ms');
}

# A list under way does not hold up what is short.

{
    my @lists = map { my $c = http_connect($port);
                      $c->request('GET', '/privacy/accounts?limit=1000',
                                  { header => operator() }); $c } 1 .. 20;
    my $start = time;
    my $r = $api->get('/accounts/a1', operator());
    ok($r->{status} == 200, sprintf 'a read among lists took %.0f ms',
                                    1000 * (time - $start));
    is_deeply([ map { $_->response(30)->{status} } @lists ], [ (200) x 20 ],
              'and all of them come');
}
$redis->flush;

# Many calls at once, of one account and of many.

{
    $api->put('/accounts/acme', operator(), account('acme'));
    my @clients;
    for my $i (1 .. 300) {
        my $client = http_connect($port, 30);
        my @call = $i % 3 == 0 ? ('PUT', '/privacy/accounts/acme/access', '{}')
                 : $i % 3 == 1 ? ('DELETE', '/privacy/accounts/acme/access')
                 : ('PUT', "/privacy/accounts/b$i", '{}');
        $client->request($call[0], $call[1], {
            body => $call[2],
            header => header($i % 3 == 2 ? operator() : admin('acme')) });
        push @clients, $client;
    }
    my %status;
    $status{ $_->response(30)->{status} }++ for @clients;
    is_deeply([ grep { !/^20[01]$/ } keys %status ], [],
              '300 calls at once are done');
    is(scalar(grep { /privacy-account:\{b/ } @{ $redis->cmd('KEYS', '*') }),
       100, 'and to be seen');
}

# One record, one ETag, many administrators: one of them gets it.

{
    my $path = '/privacy/accounts/acme/grants/fitco';
    $api->put('/accounts/acme/grants/fitco', admin('acme'));

    for my $round (1 .. 20) {
        my $etag = $api->get('/accounts/acme/grants/fitco', admin('acme'))
                       ->{header}{etag};
        my @clients = map {
            my $client = http_connect($port);
            $client->request('PATCH', $path, {
                body => qq({"reason":"$round/$_"}),
                header => header(admin('acme', "u$_"), 'If-Match' => $etag) });
            $client;
        } 1 .. 8;
        my @status = sort map { $_->response->{status} } @clients;
        is_deeply(\@status, [ 200, (412) x 7 ], "race $round: one wins");
    }

    for my $round (1 .. 5) {
        my @clients = map {
            my $client = http_connect($port);
            $client->request('PUT', "/privacy/accounts/new$round", {
                body => qq({"name":"$_"}),
                header => header(operator('portal', "u$_"),
                                 'If-None-Match' => '*') });
            $client;
        } 1 .. 8;
        my @status = sort map { $_->response->{status} } @clients;
        is_deeply(\@status, [ 201, (412) x 7 ], "birth $round: one wins");
    }
}

# Clients that go away while Redis is silent.

{
    $redis->pause;
    my @clients = map {
        my $client = http_connect($port);
        $client->request($_ % 2 ? ('GET', '/privacy/accounts/acme')
                                : ('PUT', '/privacy/accounts/gone'),
                         { body => $_ % 2 ? undef : '{}',
                           header => header(operator()) });
        $client;
    } 1 .. 100;
    sleep 0.1;
    $_->close for @clients;
    sleep 0.1;
    $redis->resume;
    is($api->get('/accounts/acme', operator())->{status}, 200,
       'a hundred clients went away');
    wait_until(sub { $redis->cmd('EXISTS', 'privacy-account:{gone}') },
               'the change of one who went away');
    pass('what they asked to be changed was, all of it');
}

# Redis silent, dead, and back.

{
    $redis->pause;
    my $start = time;
    my $r = $api->get('/accounts/acme', operator());
    my $took = time - $start;
    is(problem($r), '503 store', 'a silent Redis');
    ok($took < 1 + 0.5 * $slack, sprintf 'after %.0f ms of 1000', 1000 * $took);
    ok($took > 0.9, 'not before');
    is($r->{header}{'retry-after'}, 1, 'with Retry-After');
    $redis->resume;
    wait_until(sub { $api->get('/accounts/acme', operator())->{status} == 200 },
               'the API');
    pass('and it is back');

    my $client = http_connect($port);
    $redis->pause;
    $client->request('PUT', '/privacy/accounts/acme/access',
                     { body => '{}', header => header(admin('acme')) });
    sleep 0.1;
    $start = time;
    $redis->kill;
    is($client->response->{status}, 503, 'a Redis that dies meanwhile');
    ok(time - $start < 0.5 * $slack, 'says so at once');

    $start = time;
    $r = $api->put('/accounts/acme', operator(), {});
    is(problem($r), '503 store', 'a dead Redis');
    ok(time - $start < 0.5 * $slack,
       sprintf 'after %.0f ms of 100', 1000 * (time - $start));
    $redis->start;
    wait_until(sub { $api->put('/accounts/acme', operator(),
                               account('acme'))->{status} == 201 }, 'the API');
    pass('and it is back, empty');
}

# A Redis that says what it should not, or may not.

{
    $redis->cmd('SADD', 'privacy:{odd}:grant:fitco', 'a set');
    $redis->cmd('SET', 'privacy-account:{odd}', 'no JSON');
    my $r = $api->get('/accounts/odd', operator());
    ok($r->{status} < 600, "a profile that is none: $r->{status}");
    $r = $api->get('/accounts/odd/grants/fitco', admin('odd'));
    ok($r->{status} < 600, "a grant that is none: $r->{status}");
    $redis->cmd('DEL', 'privacy:{odd}:grant:fitco', 'privacy-account:{odd}');

    $redis->cmd('CONFIG', 'SET', 'maxmemory', 1);
    is(problem($api->put('/accounts/full', operator(), {})), '503 store',
       'a full Redis');
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);
    is($redis->cmd('EXISTS', 'privacy-account:{full}'), 0, 'changes nothing');
    $redis->cmd('SCRIPT', 'FLUSH');
    is($api->put('/accounts/full', operator(), {})->{status}, 201,
       'scripts that were forgotten are sent again');
}

# A reload: who waits is answered by the old worker.

{
    $redis->pause;
    my $client = http_connect($port);
    $client->request('GET', '/privacy/accounts/acme', { header => operator() });
    sleep 0.1;
    my @old = $nginx->reload;
    sleep 0.2;
    $redis->resume;
    is($client->response->{status}, 200, 'a call under way at a reload');
    ok($nginx->wait_gone(\@old, 10), 'and then the old worker goes');
    is($api->get('/accounts/acme', operator())->{status}, 200,
       'the new one answers');

    # as soon as it is there
    for (1 .. 5) {
        @old = $nginx->reload;
        is($api->get('/accounts/acme', operator())->{status}, 200,
           'also at once');
        $nginx->wait_gone(\@old, 10);
    }
}

# Nothing is left over of thousands of calls.

{
    my ($worker) = $nginx->workers;
    my $rss = sub {
        PrivacyTest::read_file("/proc/$worker/status") =~ /VmRSS:\s+(\d+)/;
        return $1;
    };
    my $client = http_connect($port);
    my $call = sub {
        my ($n) = @_;
        for (1 .. $n) {
            $client->request('PUT', '/privacy/accounts/acme',
                { body => PrivacyTest::Api::encode(account('acme')),
                  header => header(operator()) });
            $client->response;
            $client = http_connect($port) if $_ % 500 == 0;
        }
    };
    $call->(1000);
    my $before = $rss->();
    $call->(2000);
    my $grown = $rss->() - $before;
    SKIP: {
        skip 'AddressSanitizer keeps what is freed', 1 if $slack > 1;
        ok($grown < 500, "2,000 calls grew the worker by $grown KiB");
    }
}

ok($nginx->quit, 'nginx ends');
is_deeply([ $nginx->log_lines(qr/\[(?:crit|alert|emerg)\]/) ], [],
          'without an alert');

# A primary and its replica: the gate reads here, changes are made there.

{
    my $primary = redis(tcp => 1,
                        config => [ 'repl-diskless-sync-delay 0',
                                    'repl-backlog-size 16kb' ]);
    my $replica = redis(config => [ 'replicaof 127.0.0.1 '
                                    . $primary->port ]);
    wait_until(sub { $replica->cmd('INFO', 'replication')
                         =~ /master_link_status:up/ }, 'the replica', 30);

    my $two = PrivacyTest::Api->new($replica,
        vars => { PRIMARY => $primary->socket }, http => <<'HTTP',
    privacy_sweep off;
    privacy_redis_primary unix:%PRIMARY%;
    privacy_account $http_x_account;
    privacy_camera $http_x_camera;
    privacy_resource live;
HTTP
        server => <<'END');
        location /privacy/ { privacy_api; }
        location / { privacy on; }
END
    my $see = sub {
        return http_get($two->nginx->port, '/', @{ integrator('fitco') },
                        'X-Account' => 'acme',
                        'X-Camera' => 'acme-c1')->{status};
    };

    $two->nginx->wait_log(qr/changes are announced/);
    is_deeply([ $two->nginx->log_lines(qr/cannot be proved/) ], [],
              'the canary goes by way of the primary');

    is($two->put('/accounts/acme', operator(), account('acme'))->{status},
       201, 'a change goes to the primary');
    is($two->get('/accounts/acme', operator())->{status}, 200,
       'and is read there at once');
    wait_until(sub { $replica->cmd('EXISTS', 'privacy-account:{acme}') },
               'the replica to follow');
    is($see->(), 403, 'the gate reads the replica');
    $two->put('/accounts/acme/access', admin('acme'));
    wait_until(sub { $see->() == 200 }, 'the gate to open', 5);
    pass('opens');
    $two->delete('/accounts/acme/access', admin('acme'));
    wait_until(sub { $see->() == 403 }, 'the gate to shut', 5);
    pass('and shuts by what the primary was told');

    $two->put('/accounts/acme/access', admin('acme'));
    wait_until(sub { $see->() == 200 }, 'the gate to open', 5);

    # cut off until the primary has forgotten what it would have to tell
    $replica->cmd('REPLICAOF', '127.0.0.1', 1);
    $two->delete('/accounts/acme/access', admin('acme'));
    $primary->cmd('SET', 'pad', 'x' x 200_000);
    $replica->cmd('REPLICAOF', '127.0.0.1', $primary->port);
    wait_until(sub { $see->() == 403 }, 'the gate to shut', 30);
    pass('a replica that was cut off and is filled anew says so');

    $two->put('/accounts/acme/access', admin('acme'));
    wait_until(sub { $see->() == 200 }, 'the gate to open', 5);
    $primary->kill;
    is(problem($two->get('/accounts/acme', operator())), '503 store',
       'without the primary there is no API');
    is($see->(), 200, 'but a gate');

    my @old = $two->nginx->reload;
    $two->nginx->wait_log(qr/the primary redis is not there to take/, 10);
    $two->nginx->wait_gone(\@old, 10);
    is($see->(), 200, 'also in a worker that starts without it');
    ok($two->nginx->quit, 'nginx ends');
    is_deeply([ $two->nginx->log_lines(qr/\[(?:crit|alert|emerg)\]/) ], [],
              'without an alert');
}

done_testing();
