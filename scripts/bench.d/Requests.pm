package Requests;

# What a request costs: throughput side by side (wrk) and instructions
# (callgrind).

use strict;
use warnings;

use List::Util qw(shuffle sum);
use Time::HiRes qw(sleep);

use Bench;
use Variants;

my $URI = '/accounts/a0000000/cameras/gate-1/live';

# What is measured, how often (the ratios near 1 need more) and the bounds

my @KINDS = (
    { path => '1k', title => '1 KB file', rounds => 9,
      variants => [qw(owner cached)] },
    { path => '1k', title => '1 KB file', rounds => 5, more => 1,
      variants => [qw(uncached lua_shared lua_redis auth_c auth_lua)] },
    { path => 'proxied', title => '1 KB proxied, upstream kept alive',
      rounds => 9, variants => [qw(cached)] },
    { path => 'proxied', title => '1 KB proxied, upstream kept alive',
      rounds => 3, more => 1,
      variants => [qw(uncached lua_shared auth_c)] },
    { path => 'each', title => '1 KB proxied, a connection each',
      rounds => 5, variants => [qw(cached)] },
    { path => '1m', title => '1 MiB file', rounds => 9,
      variants => [qw(cached)] },
);

my @ORDER = qw(bare owner cached uncached lua_shared lua_redis auth_c
               auth_lua);
my @SHOWN = ('bare', 'again', @ORDER[1 .. $#ORDER]);


sub run {
    my ($bench, $report) = @_;

    $bench->start_redis;
    $bench->grants(1000);

    $bench->spawn('backend', [ $bench->aside, $bench->program('service'),
        $bench->dir . '/backend.sock', 1024 ]);
    $bench->spawn('auth', [ $bench->aside, $bench->program('service'),
        $bench->dir . '/auth.sock', 0 ]);

    start_lua_service($bench, 'auth_lua');

    my %throughput = throughput($bench);

    $bench->end($_) for qw(auth auth_lua);

    my %instructions = instructions($bench);

    $bench->end($_) for qw(backend redis);

    show($report, \%throughput, \%instructions);
}


sub start_lua_service {
    my ($bench, $name, @wrap) = @_;

    my $dir = $bench->dir;
    my $conf = Variants::lua_service(
        DIR => $dir, NAME => $name, USER => $> == 0 ? 'user root;' : '',
        BENCH => "$bench->{root}/scripts/bench.d");

    $conf =~ s/^daemon off;/daemon off;\nmaster_process off;/m if @wrap;

    Bench::spill("$dir/$name.conf", $conf);
    unlink "$dir/auth_lua.sock";

    $bench->spawn($name, [ $bench->aside, @wrap, '/usr/sbin/nginx', '-p', $dir,
        '-e', "$name-error.log", '-c', "$dir/$name.conf" ]);
    $bench->await($name, 60, sub { Bench::answers("$dir/auth_lua.sock") });
}


# --- throughput

# One second of wrk: requests a second, and the worker's processor time for
# each, in microseconds

sub load {
    my ($bench, $nginx, $path) = @_;

    my $before = Bench::processor_time($nginx->{pid});
    my $text = join ' ', $bench->aside, 'wrk', '-t1', '-c32', '-d1s',
        "http://127.0.0.1:$nginx->{port}$URI/$path";

    $text = `$text 2>&1`;

    my $after = Bench::processor_time($nginx->{pid});
    my ($requests) = $text =~ /(\d+) requests in/;
    my ($second) = $text =~ m{Requests/sec: +([0-9.]+)};

    die "wrk: $text\n" if !$requests || $text =~ /Non-2xx|Socket errors/;

    return { second => $second, time => ($after - $before) / $requests / 1e3 };
}


# One sample against others of the same minute

sub compare {
    my ($samples, $which, $one, @others) = @_;

    my $of = $samples->{$which} //= {};

    push @{ $of->{ratio} }, $one->{second} * @others
        / sum(map { $_->{second} } @others);
    push @{ $of->{cpu} }, sum(map { $_->{time} } @others) / @others
        / $one->{time};
    push @{ $of->{second} }, $one->{second};
}


sub throughput {
    my ($bench) = @_;

    my (%nginx, %samples);

    for my $which (@ORDER, 'again') {
        $nginx{$which} = $bench->nginx($which, conf => sub {
            Variants::configuration($which, @_) });
    }

    sleep 0.5;

    for my $kind (@KINDS) {
        my $rounds = $bench->{quick} ? int(($kind->{rounds} + 2) / 3)
                                     : $kind->{rounds};

        $bench->progress("throughput: $kind->{title}, $rounds rounds of ",
                         join ', ', 'bare', @{ $kind->{variants} });

        load($bench, $nginx{$_}, $kind->{path})
            for 'again', @{ $kind->{variants} };

        # one bare nginx before and another after each: the machine's mood
        # changes slowly, and one process may have bad luck with its memory

        my $samples = $samples{ $kind->{path} } //= {};
        my @bare = qw(bare again);

        for my $round (1 .. $rounds) {
            my $before = load($bench, $nginx{ $bare[0] }, $kind->{path});

            for my $which (shuffle @{ $kind->{variants} }) {
                my $one = load($bench, $nginx{$which}, $kind->{path});
                my $after = load($bench, $nginx{ $bare[1] }, $kind->{path});

                compare($samples, $which, $one, $before, $after);
                compare($samples, 'again', $bare[1] eq 'again'
                        ? ($after, $before) : ($before, $after));

                push @{ $samples->{bare}{second} },
                    $bare[1] eq 'again' ? $before->{second}
                                        : $after->{second};

                $before = $after;
                @bare = reverse @bare;
            }
        }
    }

    $bench->end($_) for @ORDER, 'again';

    my %result;

    for my $path (keys %samples) {
        for my $which (keys %{ $samples{$path} }) {
            my $of = $samples{$path}{$which};

            $result{$path}{$which} = {
                map { $_ => Bench::median(@{ $of->{$_} }) } keys %$of
            };
        }

        $result{$path}{bare}{ratio} = 1;
        $result{$path}{bare}{cpu} = 1;
    }

    return %result;
}


# --- instructions

# Two runs with different numbers of requests: what one more request costs,
# whatever the start did.  {nginx}, {service}

sub instructions {
    my ($bench) = @_;

    my %result;

    for my $which (@ORDER) {
        my $few = $which =~ /lua/ ? 1000 : 500;
        my $many = $which =~ /lua/ ? 3000 : 2500;

        $bench->progress("instructions: $which");

        if ($which eq 'auth_lua') {
            $result{$which} = with_service($bench, $which, $few, $many);
            next;
        }

        $result{$which} = count_two($bench, $few, $many, sub {
            my ($name) = @_;

            return (conf => sub { Variants::configuration($which, @_) });
        }, $which eq 'auth_c' ? 'auth' : undef);
    }

    return %result;
}


sub with_service {
    my ($bench, $which, $few, $many) = @_;

    return count_two($bench, $few, $many, sub {
        return (conf => sub { Variants::configuration($which, @_) });
    }, 'auth_lua');
}


sub valgrind {
    my ($bench, $name) = @_;

    return ('valgrind', '--tool=callgrind',
            "--callgrind-out-file=$bench->{dir}/$name.callgrind");
}


sub total {
    my ($bench, $name) = @_;

    my $text = Bench::slurp("$bench->{dir}/$name.callgrind");
    my ($sum) = $text =~ /^totals: (\d+)/m;

    ($sum) = $text =~ /^summary: (\d+)/m if !defined $sum;
    die "callgrind said nothing of $name\n" if !defined $sum;

    return $sum;
}


# Runs one after the other where a service is counted along, for both would
# listen in one place

sub count_two {
    my ($bench, $few, $many, $options, $service) = @_;

    my (%nginx, %service);

    for my $count ($few, $many) {
        if ($service) {
            my $name = "$service-$count";

            if ($service eq 'auth') {
                $bench->spawn($name, [ valgrind($bench, $name),
                    $bench->program('service'), "$bench->{dir}/auth.sock",
                    0 ]);
                $bench->await($name, 60, sub {
                    Bench::answers("$bench->{dir}/auth.sock") });

            } else {
                start_lua_service($bench, $name, valgrind($bench, $name));
            }
        }

        count_one($bench, "count-$count", $count, $options, {});
        $nginx{$count} = total($bench, "count-$count");

        if ($service) {
            $bench->end("$service-$count", 30);
            $service{$count} = total($bench, "$service-$count");
        }
    }

    return {
        nginx => ($nginx{$many} - $nginx{$few}) / ($many - $few),
        service => $service ? ($service{$many} - $service{$few})
                              / ($many - $few) : undef,
    };
}


# One nginx under callgrind: COUNT requests

sub count_one {
    my ($bench, $name, $count, $options, $load) = @_;

    my $nginx = $bench->nginx($name, single => 1,
        wrap => [ valgrind($bench, $name) ], $options->($name));

    # the subscription is there by then

    sleep 0.5;

    if ($load->{prime}) {
        $bench->client('load', $nginx->{port}, 16, $load->{prime},
                       $load->{prime}, 'seq',
                       '/accounts/a%/cameras/gate-1/live/1k');
    }

    my $answer = $bench->client('load', $nginx->{port}, 1, $count,
        $load->{prime} // 1, $load->{prime} ? 'random' : 'seq',
        '/accounts/a%/cameras/gate-1/live/1k');

    # it sleeps by then

    sleep 0.2;
    $bench->end($name, 30);

    die "$name: $answer->{denied} denied, $answer->{other} other answers\n"
        if $answer->{allowed} != $count;
}


# --- what it comes to

sub show {
    my ($report, $throughput, $instructions) = @_;

    my $one = $throughput->{'1k'};

    $report->table('1 KB file, keep-alive, one worker',
        [ 'variant', 'throughput against bare', 'processor time against bare',
          'requests a second', 'instructions a request' ],
        map {
            my $count = $instructions->{$_};
            my $text = $count ? Report::number(int($count->{nginx} + 0.5))
                              : '';

            $text .= ' + ' . Report::number(int($count->{service} + 0.5))
                . ' in the service' if $count && defined $count->{service};

            [ $Variants::ALL{$_}{title}, $one->{$_}{ratio},
              $one->{$_}{cpu}, int($one->{$_}{second} // 0), $text ];
        } @SHOWN);

    for my $kind (grep { !$_->{more} } @KINDS[1 .. $#KINDS]) {
        my $of = $throughput->{ $kind->{path} };

        $report->table($kind->{title},
            [ 'variant', 'throughput against bare',
              'processor time against bare', 'requests a second' ],
            map { [ $Variants::ALL{$_}{title}, $of->{$_}{ratio},
                    $of->{$_}{cpu}, int $of->{$_}{second} ] }
                grep { $of->{$_} } @SHOWN);
    }

    $report->figure(throughput => $throughput);
    $report->figure(instructions => $instructions);

    my $bare = $instructions->{bare}{nginx};

    $report->at_least('throughput, verdict cached: 1 KB file',
                      $one->{cached}{ratio}, 0.95, ' of bare');
    $report->at_least('throughput, verdict cached: 1 KB proxied, kept alive',
                      $throughput->{proxied}{cached}{ratio}, 0.98,
                      ' of bare');
    $report->at_least('throughput, verdict cached: 1 MiB file',
                      $throughput->{'1m'}{cached}{ratio}, 0.99, ' of bare');
    $report->at_most('instructions that a cached verdict adds',
                     $instructions->{cached}{nginx} - $bare, 2500, '');
    $report->at_most("instructions that an owner's request adds",
                     $instructions->{owner}{nginx} - $bare, 1500, '');
    $report->at_most('instructions in all, not cached',
                     $instructions->{uncached}{nginx}, 40000, '');
    $report->at_least('throughput, not cached: 1 KB file',
                      $one->{uncached}{ratio}, 0.60, ' of bare');
}


1;
