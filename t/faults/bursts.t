# Bursts of grants and revocations under load: no worker gives a wrong answer
# later than 100 ms after the last write of a burst.
# alone
#
# What goes wrong without the mark on reads that were under way when a change
# was announced is an old answer that stays in the cache.  So requests for the
# account are on their way all through its burst, and after it each worker is
# asked again.  $TEST_PRIVACY_BURSTS: how many bursts (20000).

use strict;
use warnings;

use lib 't/lib';
use IO::Select;
use Test::More;
use PrivacyTest;
use PrivacyTest::Gate;
use PrivacyTest::Load ();

my $asan = ($ENV{TEST_PRIVACY_VARIANT} // '') eq 'asan';
my $bursts = $ENV{TEST_PRIVACY_BURSTS} // ($asan ? 2_000 : 20_000);
my $accounts = 64;      # in turn; each is left alone while the others are at it
my $quiet = 0.1;        # s after the last write, when an answer has to be right

my $redis = redis();

srand(my $seed = $ENV{TEST_PRIVACY_SEED} // time);
diag("seed $seed");

for my $cache ('on', 'off') {
    run_bursts($cache, $cache eq 'on' ? $bursts : int $bursts / 5);
}
done_testing();

sub run_bursts {
    my ($cache, $count) = @_;

    my $off = $cache eq 'off' ? 'privacy_cache off;' : '';
    my $nginx = nginx(vars => { REDIS => $redis->socket }, workers => 2,
                      log_level => 'notice', http => gate(<<"END"));
    access_log off;
    $off
    privacy_timeout 5s;     # a noisy machine may be slow, but not wrong

    server {
        listen 127.0.0.1:%PORT%;
        add_header X-Pid \$pid always;
        add_header X-Privacy "\$privacy_verdict \$privacy_reason" always;

        location ~ ^/(?<account>\\w+)/(?<camera>\\w+) {
            privacy on;
            empty_gif;
        }
    }
END
    $redis->flush;

    # Connections to each of the two workers.
    my %by_worker;
    my $wanted = 3;
    wait_until(sub {
        my $client = http_connect($nginx->port);
        $client->request('HEAD', '/x/c', { header => [ who('x', 'client') ] });
        my $pid = $client->response->{header}{'x-pid'};
        push @{ $by_worker{$pid} }, { pid => $pid, sock => $client->fh,
                                      in => '', asked => [] }
            if @{ $by_worker{$pid} // [] } < $wanted;
        return 2 == grep { @$_ == $wanted } values %by_worker;
    }, 'connections to both workers');
    my @workers = map { $by_worker{$_} } sort keys %by_worker;
    my @conns = map { @$_ } @workers;

    my $store = $redis->client;
    my %state;          # account => what the last write made of it
    my %settled;        # account => when the last write was answered
    my @free = 0 .. $accounts - 1;
    my %checks;         # account => how many are not answered
    my ($answers, $judged, @wrong) = (0, 0);
    my @writes;         # accounts, in the order of their replies
    my %open_writes;

    my $select = IO::Select->new($store->{sock}, map { $_->{sock} } @conns);
    my $header = lines(who('inst'));
    my ($out, $back) = ('', '');

    my $write = sub {
        my ($n, $grant) = @_;
        $out .= $grant
            ? PrivacyTest::Resp::format_command('SET', grant_key("a$n", 'inst'),
                                      '{"role":"administrator_full"}')
            : PrivacyTest::Resp::format_command('DEL', grant_key("a$n", 'inst'));
        $open_writes{$n}++;
        $state{$n} = $grant;
        push @writes, $n;
    };
    my $flush = sub {
        return if $out eq '';
        syswrite $store->{sock}, $out;
        $out = '';
    };
    my $ask = sub {
        my ($conn, $n, $last) = @_;
        push @{ $conn->{asked} }, [ $n, now(), $last ];
        $conn->{out} .= "HEAD /a$n/c1 HTTP/1.1\r\nHost: x\r\n$header\r\n";
    };
    my $send = sub {
        for my $conn (@conns) {
            next if !length($conn->{out} // '');
            syswrite $conn->{sock}, $conn->{out};
            $conn->{out} = '';
        }
    };

    # Takes what has come.  An answer is judged if nothing was written since
    # $quiet before its question.
    my $listen = sub {
        my ($wait) = @_;
        for my $fh ($select->can_read($wait)) {
            if ($fh == $store->{sock}) {
                sysread $fh, $back, 65536, length $back
                    or die "redis is gone\n";
                while ($back =~ s/\A[^\n]*\n//) {
                    my $n = shift @writes;
                    $open_writes{$n}--;
                    $settled{$n} = now();
                }
                next;
            }
            my ($conn) = grep { $_->{sock} == $fh } @conns;
            sysread $fh, $conn->{in}, 65536, length $conn->{in}
                or die "nginx closed a connection\n";
            while ($conn->{in} =~ s/\A(HTTP.*?\r\n\r\n)//s) {
                my ($status) = $1 =~ m{^HTTP/1.1 (\d+)};
                my ($n, $sent, $last) = @{ shift @{ $conn->{asked} } };
                $answers++;
                if ($last && !--$checks{$n}) {
                    push @free, $n;
                }
                if ($status != 200 && $status != 403) {
                    push @wrong, "account $n: status $status";
                    next;
                }
                next if $open_writes{$n} || !$settled{$n}
                        || $sent < $settled{$n} + $quiet;
                $judged++;
                next if $status == ($state{$n} ? 200 : 403);
                push @wrong, sprintf
                    'account %d: %d instead of %d, asked %.0f ms after the'
                    . ' last write, worker %d', $n, $status,
                    $state{$n} ? 200 : 403, 1000 * ($sent - $settled{$n}),
                    $conn->{pid};
            }
        }
    };

    # Some load on all accounts besides, from another process.
    my $load = PrivacyTest::Load->start($nginx->port,
        connections => 4, pause => 0.004, requests => [
            map { { kind => 'some', path => "/a$_/c1",
                    header => lines(who('inst')) } } 0 .. $accounts - 1 ]);

    my $begin = now();
    my @due;            # [account, when to ask]
    my $done = 0;

    while ($done < $count || @due) {

        # Those whose quiet time is over: each worker twice.
        while (@due && now() >= $due[0][1]) {
            my ($n) = @{ shift @due };
            $checks{$n} = 4;
            for my $worker (@workers) {
                $ask->($worker->[ int rand $wanted ], $n, 1) for 1, 2;
            }
        }
        $send->();

        if ($done >= $count || !@free) {
            my $wait = @due ? $due[0][1] - now() : 0.01;
            $listen->($wait > 0 ? $wait : 0);
            next;
        }

        # A burst: writes and questions in any order, without waiting.
        my $n = shift @free;
        $done++;
        for (1 .. 2 + int rand 5) {
            $ask->($conns[ rand @conns ], $n) for 1 .. int rand 3;
            $send->() if rand() < 0.7;
            $write->($n, rand() < 0.5 ? 1 : 0);
            $flush->() if rand() < 0.7;
            $listen->(0) if rand() < 0.3;
        }
        $flush->();
        $ask->($conns[ rand @conns ], $n) for 1 .. int rand 3;
        $send->();
        $listen->(0.01) while $open_writes{$n};
        push @due, [ $n, $settled{$n} + $quiet + 0.0005 ];
    }
    wait_until(sub {
        $listen->(0.05);
        return !grep { @{ $_->{asked} } } @conns;
    }, 'the last answers');
    my $took = now() - $begin;

    my @some = $load->finish;
    is(scalar(grep { $_->{status} != 200 && $_->{status} != 403 } @some), 0,
       "cache $cache: the load besides is answered");

    diag(sprintf 'cache %s: %d bursts in %.0f s, %d answers, %d judged, %d'
                 . ' from the load besides, %d wrong', $cache, $done, $took,
         $answers, $judged, scalar @some, scalar @wrong);
    cmp_ok($judged, '>=', 4 * $done,
           "cache $cache: every burst was judged in both workers");
    is_deeply([ @wrong > 10 ? @wrong[0 .. 9] : @wrong ], [],
              "cache $cache: no answer is wrong");
    is_deeply([ $nginx->log_lines(qr/\[(?:crit|alert|emerg)\]/) ], [],
              "cache $cache: nothing in the log");
    ok($nginx->quit, "cache $cache: quit");
}
