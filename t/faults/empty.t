# Redis comes back empty after an outage longer than privacy_stale: what was
# known before is not used again, at no moment of the return.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Gate;
use PrivacyTest::Proxy ();

my $stale = 1;
my $redis = redis();
my $proxy = PrivacyTest::Proxy->new($redis);
my @inst = who('inst');

my $nginx = nginx(vars => { REDIS => $proxy->socket }, http => gate(<<"END"));
    privacy_timeout 200ms;
    privacy_stale ${stale}s;

    server {
        listen 127.0.0.1:%PORT%;
        add_header X-Privacy "\$privacy_verdict \$privacy_reason \$privacy_cache"
                   always;

        location ~ ^/(?<account>\\w+)/(?<camera>\\w+) {
            privacy on;
            empty_gif;
        }
    }
END
$nginx->wait_log(qr/changes are announced/);

sub ask {
    my $r = http_get($nginx->port, '/acme/c1', @inst);

    return "$r->{status} " . ($r->{header}{'x-privacy'} // '');
}

sub known {
    allow($redis, 'acme', 'inst');
    wait_until(sub { ask() eq '200 allow grant HIT' }, 'a grant in the cache');
}

sub outlive {
    my ($name) = @_;

    wait_until(sub { ask() =~ /STALE$/ }, 'the outage');
    wait_until(sub { ask() =~ /^503/ }, 'the end of privacy_stale', $stale + 3);
    pass("$name: privacy_stale is over");
}

# Reads are not answered and the proof is not announced: the subscription
# answers, and goes on doing so, but nothing is known of what happened since.
known();
$proxy->refuse;
outlive('nothing but the subscription');
$redis->flush;
my $beats = $proxy->state->{seen}{SUBSCRIBE};
$proxy->set(hold => 1, reply => { message => '' });
$proxy->accept;
my %seen;
wait_until(sub {
    $seen{ ask() }++;
    $proxy->state->{seen}{SUBSCRIBE} >= $beats + 4
}, 'heartbeats');
is_deeply([ keys %seen ], [ '503 deny unavailable ' ],
          'nothing but the subscription: 503');
$proxy->set;
ok(eval { wait_until(sub { ask() eq '403 deny stranger HIT' }, 'it', 5) },
   'nothing but the subscription: then the grant is gone');

# The whole of it, at its own pace.
for my $round (1 .. 3) {
    known();
    $redis->kill;
    outlive("return $round");

    my %seen;
    my $asked = 0;
    $redis->start;
    wait_until(sub {
        my $answer = ask();
        $seen{$answer}++;
        $answer eq '403 deny stranger HIT' && ++$asked == 20
    }, 'the cache', 5);
    delete @seen{ '503 deny unavailable ', map { "403 deny stranger $_" }
                                           qw(HIT MISS) };
    is_deeply(\%seen, {}, "return $round: nothing that was known before");
}

ok($nginx->quit, 'quit');

done_testing();
