package Accounts;

# Many accounts: what one takes in memory, whether requests cost more as there
# are more of them, and how soon a change is honoured under load.

use strict;
use warnings;

use Time::HiRes qw(sleep);

use Bench;
use Requests;
use Variants;

my $ONE = '/accounts/a%/cameras/gate-1/live/1k';
my $CONNECTIONS = 32;


sub run {
    my ($bench, $report) = @_;

    my $many = $bench->{quick} ? 100_000 : 1_000_000;

    $bench->start_redis;
    $bench->progress("filling Redis with $many grants");
    $bench->grants($many);

    memory($bench, $report);
    growth($bench, $report, $many);
    counted_growth($bench, $report) if !$bench->{quick};
    denial($bench, $report);

    $bench->end('redis');
}


sub gate {
    my ($bench, $name, $accounts) = @_;

    my $nginx = $bench->nginx($name, conf => sub {
        Variants::configuration('cached',
            HTTP => "    privacy_cache accounts=$accounts;\n"
                    . "    privacy_timeout 5s;\n", @_) });

    # the subscription is there by then

    sleep 0.5;

    return $nginx;
}


sub ask {
    my ($bench, $nginx, $requests, $accounts, $order, $connections) = @_;

    my $before = Bench::processor_time($nginx->{pid});
    my $answer = $bench->client('load', $nginx->{port},
        $connections // $CONNECTIONS, $requests, $accounts, $order, $ONE);

    die "$nginx->{name}: $answer->{denied} denied, $answer->{other} other\n"
        if $answer->{allowed} != $requests;

    $answer->{cpu} = (Bench::processor_time($nginx->{pid}) - $before)
                     / $requests / 1e3;

    return $answer;
}


# --- memory: the worker's own, before and after

sub memory {
    my ($bench, $report) = @_;

    my $accounts = 100_000;

    $bench->progress("memory of $accounts cached accounts");

    my $nginx = gate($bench, 'memory', $accounts);

    # connections and buffers have their memory by then

    ask($bench, $nginx, 2000, 100, 'seq');

    my $before = Bench::memory($nginx->{pid});

    ask($bench, $nginx, $accounts, $accounts, 'seq');

    my $each = (Bench::memory($nginx->{pid}) - $before) / ($accounts - 100);

    $bench->end('memory');

    $report->figure(account_bytes => $each);
    $report->at_most('memory of a cached account with a grant of '
                     . length($Bench::GRANT) . ' bytes', $each, 1024,
                     ' bytes');
}


# --- growth: the same requests, the accounts at random, in two workers in
# turns, all of them cached

sub growth {
    my ($bench, $report, $many) = @_;

    my $few = 1000;
    my ($rounds, $requests) = $bench->{quick} ? (3, 50_000) : (9, 100_000);
    my (%ratio, %cpu, %second);

    $bench->progress("caching $many accounts");

    my %nginx = (
        $few => gate($bench, 'few', $many),
        $many => gate($bench, 'many', $many),
    );

    ask($bench, $nginx{$_}, $_, $_, 'seq') for $few, $many;

    $bench->progress("requests with $few and $many accounts, $rounds rounds");

    for my $round (1 .. $rounds) {
        my %one = map {
            $_ => ask($bench, $nginx{$_}, $requests, $_, 'random')
        } $round % 2 ? ($few, $many) : ($many, $few);

        push @{ $ratio{cpu} }, $one{$many}{cpu} / $one{$few}{cpu};
        push @{ $ratio{wall} }, $one{$many}{seconds} / $one{$few}{seconds};

        for ($few, $many) {
            push @{ $cpu{$_} }, $one{$_}{cpu};
            push @{ $second{$_} }, $requests / $one{$_}{seconds};
        }
    }

    my $memory = Bench::memory($nginx{$many}{pid});

    $bench->end($_) for qw(few many);

    $report->table('Cost of a request as accounts grow, all cached, asked at '
                   . 'random',
        [ 'accounts', 'processor time, us', 'requests a second' ],
        map { [ $_, Bench::median(@{ $cpu{$_} }),
                int Bench::median(@{ $second{$_} }) ] } $few, $many);

    $report->figure(growth => { processor => Bench::median(@{ $ratio{cpu} }),
        wall => Bench::median(@{ $ratio{wall} }), memory => $memory,
        accounts => $many });
    $report->at_most('processor time of a request, '
                     . Report::number($many) . ' accounts against '
                     . Report::number($few),
                     Bench::median(@{ $ratio{cpu} }), 1.1, ' times');
}


# --- growth, in instructions, which know no caches of the processor

sub counted_growth {
    my ($bench, $report) = @_;

    my %each;

    for my $accounts (1000, 10_000) {
        my %total;

        $bench->progress("instructions with $accounts accounts");

        for my $count (500, 3000) {
            my $name = "growth-$accounts-$count";

            Requests::count_one($bench, $name, $count, sub {
                return (conf => sub { Variants::configuration('cached', @_) });
            }, { prime => $accounts });

            $total{$count} = Requests::total($bench, $name);
        }

        $each{$accounts} = ($total{3000} - $total{500}) / 2500;
    }

    $report->figure(growth_instructions => \%each);
    $report->at_most('instructions of a request, 10,000 accounts against '
                     . '1,000', $each{10_000} / $each{1000}, 1.1, ' times');
}


# --- from a change to the next request denied

sub denial {
    my ($bench, $report) = @_;

    my $rounds = $bench->{quick} ? 200 : 500;
    my $seconds = 60;

    $bench->progress("$rounds grants taken away, under load");

    my $nginx = gate($bench, 'denial', 65536);

    Bench::prefer($nginx->{pid}, $bench->{pids}{redis});

    my $uri = '/accounts/denial/cameras/gate-1/live/1k';

    my @deny = ($nginx->{port}, $bench->redis_socket, $uri,
                'privacy:{denial}:grant:northcam', $Bench::GRANT);

    my $idle = $bench->client('deny', @deny, 200);

    $bench->spawn('load', [ $bench->aside, 'wrk', '-t1', '-c32',
        "-d${seconds}s", "http://127.0.0.1:$nginx->{port}"
        . '/accounts/a0000000/cameras/gate-1/live/1k' ]);
    sleep 0.5;

    my $busy = $bench->client('deny', @deny, $rounds);

    $bench->end($_) for qw(load denial);

    $report->table('From a change in Redis to the next request denied',
        [ 'load', 'median, ms', '99th percentile, ms', 'longest, ms' ],
        [ 'none', @$idle{qw(p50_ms p99_ms max_ms)} ],
        [ 'the worker saturated, 32 connections',
          @$busy{qw(p50_ms p99_ms max_ms)} ]);

    $report->figure(denial => { idle => $idle, busy => $busy });
    $report->at_most('change in Redis to the next request denied, 99th '
                     . 'percentile, under load', $busy->{p99_ms}, 5, ' ms');
}


1;
