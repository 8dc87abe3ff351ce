# Requests that still wait for their upstream's headers get a real answer;
# subrequests are cut with the page that they are part of.

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
    server => <<'END');
        privacy_deny_status 451;

        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
        }

        location /page/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            error_page 451 /denied;
        }

        location = /denied {
            privacy off;
            return 451 "ask the owner\n";
        }

        location /unbuffered/ {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_request_buffering off;
        }


        location = /ssi.html {
            privacy off;
            ssi on;
        }

        location = /gated.html {
            ssi on;
        }
END

sub waiting {
    my ($path, $id, @who) = @_;

    my $client = watch($nginx, $path, id => $id, expect => 0, @who);
    $upstream->wait_saw('request', $id);
    return $client;
}

# An answer
{
    grant($redis, 'a', $_) for qw(inst other);
    my $victim = waiting('/hold', 'w1', org => 'inst');
    my $other = waiting('/hold', 'w2', org => 'other');

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    my $r = eval { $victim->response(3) };
    my $took = 1000 * (now() - $at);

    is($r->{status}, 451, 'a real answer, with privacy_deny_status');
    is($r->{header}{'cache-control'}, 'no-store', 'that nobody keeps');
    ok($r->{complete}, 'and that is complete');
    cmp_ok($took, '<', 1000 * slack(), 'in time');
    diag(sprintf 'DEL to the answer: %.1f ms', $took);
    my $closed = eval { $upstream->wait_saw('close', 'w1', 2) };
    ok($closed && $closed - $at < slack(),
       'the upstream connection is closed too');

    my ($status, $why) = @{ logged($nginx, 'w1') };
    is("$status $why", '451 revoked', 'status and reason in the log');

    # The connection is in order.
    $victim->request('GET', '/short', {
        header => [ identity(id => 'w3', org => 'inst') ] });
    is($victim->response->{status}, 451, 'the next request is denied');
    $victim->request('GET', '/short', {
        header => [ identity(id => 'w4', org => 'a', level => 'client') ] });
    is($victim->response->{body}, "short\n", 'the owner\'s is not');

    ok(!$other->how && !$upstream->saw('close', 'w2'), 'another waits on');
    $_->close for $victim, $other;
}

# With a page of its own
{
    grant($redis, 'a', 'inst');
    my $victim = waiting('/page/hold', 'x1', org => 'inst');
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    my $r = eval { $victim->response(3) };
    is($r->{status}, 451, 'with error_page: the status');
    is($r->{body}, "ask the owner\n", 'with error_page: the page');
    is(logged($nginx, 'x1')->[1], 'revoked', 'with error_page: the reason');
    $victim->close;
}

# After an upload, and with a pipelined request behind it
for my $path (qw(/hold /unbuffered/hold)) {
    grant($redis, 'a', 'inst');
    my $id = "y$path";
    my $victim = waiting($path, $id, org => 'inst', method => 'POST',
                         body => 'x' x 100_000);
    $victim->request('GET', '/short', {
        header => [ identity(id => "$id-2", org => 'a',
                             level => 'client') ] });
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    is(eval { $victim->response(3) }->{status}, 451, "POST $path: the answer");
    my $next = eval { $victim->response(3) };
    is($next && $next->{body}, "short\n",
       "POST $path: the request behind it is served");
    $victim->close;
}

# An upload without buffering whose body is still under way
{
    grant($redis, 'a', 'inst');
    my $victim = waiting('/unbuffered/hold', 'z1', org => 'inst',
                         method => 'POST',
                         header => [ 'Content-Length', 1_000_000 ]);
    $victim->send('x' x 1000);
    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    my $r = eval { $victim->response(3) };
    ok($r ? $r->{status} == 451 : $victim->how,
       'a body under way: the answer, or the end');
    cmp_ok(now() - $at, '<', slack(), 'in time');
    $victim->close;
}

# SSI: the page is the operator's, the part in it is gated.
write_file($nginx->html . '/ssi.html',
           'A<!--# include virtual="/part/mjpeg" -->B');
write_file($nginx->html . '/gated.html',
           'A<!--# include virtual="/part/hold" -->B');
{
    grant($redis, 'a', $_) for qw(inst other);
    my $victim = watch($nginx, '/ssi.html', id => 's1', org => 'inst');
    my $other = watch($nginx, '/ssi.html', id => 's2', org => 'other');
    my @all = ($victim, $other);
    ok(pump(\@all, sub { !grep { 20 > $_->pieces } @all }), 'SSI: flows');

    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump(\@all, sub { $victim->how }, 2);
    cut_within($victim, $at, 'SSI', $other);
    is(logged($nginx, 's1')->[1], 'revoked', 'SSI: the reason in the log')
        or diag(read_file($nginx->dir . '/logs/cut.log'));
    my $closed = eval { $upstream->wait_saw('close', 's1', 2) };
    ok($closed && $closed - $at < slack(), 'SSI: the upstream\'s side too');

    my $end = now() + 0.15;
    pump(\@all, sub { now() > $end });
    untouched($other, $at, 'SSI: another\'s', sub {
        return 'A' . PrivacyTest::Upstream::frames($_[0] - 1);
    });
    $_->close for @all;
}

# The whole page is gated, and its part waits for an upstream.
{
    grant($redis, 'a', $_) for qw(inst other);
    my $victim = waiting('/gated.html', 's3', org => 'inst');
    my $other = waiting('/gated.html', 's4', org => 'other');
    my $at = now();
    $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    pump([ $victim, $other ], sub { $victim->how }, 2);
    cut_within($victim, $at, 'gated SSI page');
    ok(!$other->how, 'another\'s waits on');
    is(logged($nginx, 's3')->[1], 'revoked', 'the reason in the log');
    $_->close for $victim, $other;
}

ok($nginx->quit, 'nginx quits');
clean_log($nginx);

done_testing();
