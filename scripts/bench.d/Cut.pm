package Cut;

# Thousands of live streams, and half of them are cut.

use strict;
use warnings;

use IPC::Open2;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep);

use Bench;
use Variants;

my $KEY = 'privacy:{ours}:grant:northcam';

my @KINDS = (
    { name => 'h1', title => 'HTTP/1', streams => 10_000 },
    { name => 'h2', title => 'HTTP/2, 100 connections of 100 streams',
      streams => 10_000 },
    { name => 'h1-all', title => 'HTTP/1, all of the account',
      streams => 10_000, share => 1 },
    { name => 'h2-all', title => 'HTTP/2, all of the account',
      streams => 10_000, share => 1 },
    { name => 'ws', title => 'WebSocket', streams => 5_000 },
);


sub run {
    my ($bench, $report) = @_;

    my @rows;

    $bench->start_redis;
    $bench->spawn('drip', [ $bench->aside, $bench->program('drip'),
        "$bench->{dir}/drip.sock", 188, 1000 ]);
    $bench->await('drip', 10, sub {
        Bench::answers("$bench->{dir}/drip.sock") });

    for my $kind (@KINDS) {
        my $streams = $bench->{quick} ? $kind->{streams} / 5
                                      : $kind->{streams};
        my $on = measure($bench, $kind, $streams, 1);

        if (!$kind->{share}) {
            my $off = measure($bench, $kind, $streams, 0);

            $on->{each} = ($on->{memory} - $off->{memory}) / $streams;
        }

        push @rows, { %$kind, %$on, streams => $streams };
    }

    $bench->end($_) for qw(drip redis);

    show($report, @rows);
}


# Each stream of HTTP/1 takes two descriptors of the worker, to the watcher
# and to the camera.  Where those do not suffice the rest are downloads of one
# open file with a limited rate.

sub files {
    my ($kind, $streams) = @_;

    my $room = int((POSIX::sysconf(&POSIX::_SC_OPEN_MAX) - 400) / 2);

    return 0 if $kind->{name} =~ /h2/ || $streams <= $room;
    return $streams - $room;
}


# A turn's length is to be the worker's own doing: where it is allowed, nobody
# else takes the processor from it

sub undisturbed {
    my @command = qw(chrt --fifo 1);

    return system("@command true 2> /dev/null") == 0 ? @command : ();
}


sub measure {
    my ($bench, $kind, $streams, $gated) = @_;

    my $dir = $bench->dir;
    my $name = "cut-$kind->{name}-" . ($gated ? 'on' : 'off');
    my ($protocol) = $kind->{name} =~ /^(..)/;
    my $files = files($kind, $streams);
    my $h2_port = Bench::free_port();

    $bench->progress("$kind->{title}: $streams streams, the gate ",
                     $gated ? 'on' : 'off');

    $bench->redis('SET', "privacy:{$_}:grant:northcam", $Bench::GRANT)
        for qw(ours theirs);

    Bench::spill("$dir/$name.turns", "\0" x 64);

    my $nginx = $bench->nginx($name, path => '/probe', conf => sub {
            Variants::streams($gated, @_,
                CONNECTIONS => 2 * $streams + 4000,
                LISTEN => "        listen 127.0.0.1:$h2_port http2 "
                          . "backlog=16384;\n") },
        wrap => [ undisturbed() ],
        environment => {
            LD_PRELOAD => $bench->program('turns.so'),
            BENCH_TURNS => "$dir/$name.turns",
        });

    sleep 0.5;

    my $before = Bench::memory($nginx->{pid});

    my $pid = open2(my $from, my $to, $bench->aside, $bench->program('watch'),
        $protocol, $protocol eq 'h2' ? $h2_port : $nginx->{port},
        $nginx->{port}, $streams, $kind->{share} // 2, $files,
        map({ "/accounts/$_/cameras/gate-1/live/stream" } qw(ours theirs)),
        $bench->redis_socket, $KEY);

    $bench->{pids}{watch} = $pid;

    my $say = sub {
        print $to "$_[0]\n";
        $to->flush;
        my $line = <$from> // die "watch ended\n";
        return JSON::PP::decode_json($line);
    };

    $say->('open');
    sleep 2;

    my $result = { memory => Bench::memory($nginx->{pid}) - $before };

    if ($gated) {
        my $rounds = $bench->{quick} ? 2 : 5;

        push @{ $result->{rounds} },
            cut_once($bench, $say, "$dir/$name.turns") for 1 .. $rounds;
    }

    close $to;
    delete $bench->{pids}{watch};
    waitpid $pid, 0;
    $bench->end($name);

    return $result;
}


sub cut_once {
    my ($bench, $say, $turns) = @_;

    $bench->redis('SET', $KEY, $Bench::GRANT);
    sleep 0.1;
    $say->('open');

    # how long turns are when nothing is cut

    clear($turns);
    sleep 1.5;
    my @quiet = turns($turns);

    clear($turns);
    my $one = $say->('cut');
    my @turns = turns($turns);

    @$one{qw(quiet_wall quiet_cpu)} = @quiet;
    @$one{qw(turn_wall turn_cpu)} = @turns;

    $bench->progress(sprintf '  %d cut in %.1f ms (first %.1f), longest turn '
        . '%.2f ms (%.2f on the processor; when quiet %.2f, %.2f), longest '
        . 'probe %.2f ms (before %.2f)%s', $one->{cut}, $one->{last_ms},
        $one->{first_ms}, @turns, @quiet, @$one{qw(probe_ms probe_before_ms)},
        join '', map { $one->{$_} ? ", $_: $one->{$_}" : '' }
                     qw(not_cut others_lost others_silent));

    return $one;
}


# The file is mapped by the worker: it is written over, not replaced

sub clear {
    my ($file) = @_;

    open my $out, '+<:raw', $file or die "$file: $!\n";
    syswrite $out, "\0" x 64;
    close $out;
}


# Longest turn in ms: by the clock, and on the processor

sub turns {
    my ($file) = @_;

    my ($wall, $cpu) = unpack 'qq', Bench::slurp($file);

    return ($wall / 1e6, $cpu / 1e6);
}


sub show {
    my ($report, @kinds) = @_;

    my @rows;

    for my $kind (@kinds) {
        my $median = sub {
            my ($name) = @_;
            return Bench::median(map { $_->{$name} } @{ $kind->{rounds} });
        };

        push @rows, [ $kind->{title}, $kind->{streams},
            $median->('cut'), map({ $median->($_) } qw(p50_ms last_ms
            turn_wall turn_cpu probe_ms probe_before_ms)), $kind->{each} ];

        my $wrong = 0;
        $wrong += $_->{not_cut} + $_->{others_lost} + $_->{others_silent}
            for @{ $kind->{rounds} };

        my $title = $kind->{title} =~ s/, 100 .*//r;

        $report->at_most("$title: streams not cut, or cut without reason",
                         $wrong, 0, '');
        $report->at_most("$title: change in Redis to the last cut",
                         $median->('last_ms'), 250, ' ms');
        $report->at_most("$title: longest turn of the event loop",
                         $median->('turn_wall'), 10, ' ms');
        $report->at_most("$title: memory of a live request", $kind->{each},
                         256, ' bytes') if defined $kind->{each};
    }

    $report->table('Half, or all, of the live streams of a worker are cut '
                   . '(medians)',
        [ 'protocol', 'streams', 'cut', 'median, ms', 'last cut, ms',
          'longest turn, ms', 'of it on the processor, ms',
          'longest probe, ms', '(before)', 'bytes a live request' ],
        @rows);

    $report->figure(cut => { map { $_->{name} => $_ } @kinds });
}


1;
