# Reads that are under way when something changes: what they bring is old, and
# decides nothing that was asked after the change.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Gate;
use PrivacyTest::Proxy ();

my $redis = redis();
my $proxy = PrivacyTest::Proxy->new($redis);
my @inst = who('inst');

# Writes, and waits until the announcement is on its way to nginx.
sub change {
    my ($how, $account, $announced) = @_;

    my $messages = $proxy->state->{seen}{message} // 0;
    $how->($redis, $account, 'inst');
    wait_until(sub { ($proxy->state->{seen}{message} // 0) > $messages },
               'an announcement') if $announced;
}

# What was sent to nginx before has been looked at: a request that waits for
# nothing is answered after it.
sub seen {
    my ($nginx) = @_;

    http_get($nginx->port, '/owner/c', who('owner', 'client')) for 1, 2;
}

for my $cache ('on', 'off') {
    my $off = $cache eq 'off' ? 'privacy_cache off;' : '';
    my $nginx = nginx(vars => { REDIS => $proxy->socket }, http => gate(<<"END"));
    $off
    privacy_timeout 5s;

    server {
        listen 127.0.0.1:%PORT%;

        location ~ ^/(?<account>\\w+)/(?<camera>\\w+) {
            privacy on;
            empty_gif;
        }
    }
END
    $nginx->wait_log(qr/changes are announced/);

    for my $n (1 .. 5) {
        for my $before (1, 0) {
            my $account = "$cache$n$before";
            my $name = "cache $cache, " . ($before ? 'revoked' : 'granted')
                       . " while a read is under way";
            allow($redis, $account, 'inst') if $before;

            # The old value has been read, and is on its way.  Where nothing
            # is cached, nothing may hang on the announcement either.
            $proxy->set(hold => 1, all => $cache eq 'off');
            my @clients = map { http_connect($nginx->port) } 1 .. 3;
            $clients[0]->request('GET', "/$account/c", { header => \@inst });
            $proxy->wait_held(1);

            change($before ? \&deny : \&allow, $account, $cache eq 'on');
            $clients[1]->request('GET', "/$account/c", { header => \@inst });
            seen($nginx);
            $proxy->set;

            my $right = $before ? 403 : 200;
            is($clients[1]->response->{status}, $right,
               "$name: asked after it");
            $clients[2]->request('GET', "/$account/c", { header => \@inst });
            is($clients[2]->response->{status}, $right, "$name: and later");
            like($clients[0]->response->{status}, qr/^(?:200|403)$/,
                 "$name: asked before it");
            $_->close for @clients;
        }
    }

    # Revoked and granted again and again while reads are under way.
    my $account = "last$cache";
    for my $round (1 .. 10) {
        $proxy->set(hold => 1);
        my $client = http_connect($nginx->port);
        $client->request('GET', "/$account/c", { header => \@inst });
        $proxy->wait_held(1) if $cache eq 'off' || $round == 1;
        change($round % 2 ? \&allow : \&deny, $account, 1);
        seen($nginx);
        $proxy->set;
        $client->response;
        $client->request('GET', "/$account/c", { header => \@inst });
        is($client->response->{status}, $round % 2 ? 200 : 403,
           "cache $cache, round $round");
        $client->close;
    }

    ok($nginx->quit, "cache $cache: quit");
    is_deeply([ $nginx->log_lines ], [], "cache $cache: nothing in the log");
}

done_testing();
