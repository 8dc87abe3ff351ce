# Two thousand live requests cut in one go: none is forgotten, and those that
# end by themselves at the same moment are no problem.
#
# alone

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
    connections => 8192, server => <<'END');
        location /file {
            limit_rate 2k;
        }

        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_buffering off;
        }
END
write_file($nginx->html . '/file', 'x' x 100_000);

# Each has a descriptor here, and one of every kind is read at a time.
sub pump_many {
    my ($clients, $until, $timeout) = @_;

    my $end = now() + $timeout;
    my %open = map { fileno $_->fh => $_ } grep { !$_->how } @$clients;
    my $bits = '';
    vec($bits, $_, 1) = 1 for keys %open;

    while (!$until->()) {
        return 0 if now() > $end;
        next if select(my $ready = $bits, undef, undef, 0.02) <= 0;
        for my $fd (grep { vec $ready, $_, 1 } keys %open) {
            my $client = $open{$fd};
            $client->receive(0);
            if ($client->how) {
                vec($bits, $fd, 1) = 0;
                delete $open{$fd};
            }
        }
    }
    return 1;
}

sub many {
    my ($name, $count, %case) = @_;

    grant($redis, 'a', $_) for qw(inst other);

    my @victims = map {
        watch($nginx, $_ % 4 ? '/file' : '/hold', id => "$name-$_",
              org => 'inst', expect => 0)
    } 1 .. $count;
    my @others = map {
        watch($nginx, '/file', id => "$name-other$_", org => 'other',
              expect => 0)
    } 1 .. $count / 10;
    my $frames = watch($nginx, '/mjpeg', id => "$name-frames",
                       org => 'other');
    my @all = (@victims, @others, $frames);

    # All are live: a head each, or a request at the upstream.
    my @headed = (grep { $_ % 4 } 1 .. $count);
    pump_many(\@all, sub {
        return !grep { !$victims[$_ - 1]->pieces } @headed;
    }, 30) or fail("$name: all have begun");
    my $holds = int($count / 4);
    wait_until(sub {
        my @seen = read_file($upstream->{journal})
                   =~ /request \Q$name\E-\d+ hold/g;
        return $holds <= @seen;
    }, 'all at the upstream', 30);
    pump_many(\@all, sub { 20 <= $frames->pieces }, 5);

    # Some leave in the same moment, without a word or by a reset.
    my @leavers;
    if ($case{leave}) {
        @leavers = @victims[grep { $_ % 5 == 0 } 0 .. $#victims];
    }
    my %left = map { $_ => 1 } @leavers;
    my @stay = grep { !$left{$_} } @victims;

    my $at = now();
    if ($case{leave}) {
        my @half = splice @leavers, 0, @leavers / 2;
        $_->close for @half;
        $redis->cmd('DEL', 'privacy:{a}:grant:inst');
        $_->close for @leavers;
    } else {
        $redis->cmd('DEL', 'privacy:{a}:grant:inst');
    }

    # A real answer ends none, so these are ended by what they say.
    my $ended = sub {
        my ($client) = @_;
        return $client->{closed_at} if $client->how;
        my ($first) = $client->pieces or return 0;
        return $first->[1] =~ /^HTTP\S+ 403/ ? $first->[0] : 0;
    };
    my @rest = grep { !$left{$_} } @all;
    my @left = @stay;
    pump_many(\@rest, sub {
        @left = grep { !$ended->($_) } @left;
        return !@left;
    }, 10);
    is(scalar(@left), 0, "$name: none of " . @stay . ' is forgotten');
    my ($last) = sort { $b <=> $a } map { $ended->($_) || $at + 99 } @stay;
    cmp_ok($last - $at, '<', 10 * slack(), "$name: in time");

    my $end = now() + 0.2;
    pump_many(\@rest, sub { now() > $end }, 5);
    is(scalar(grep { $_->how } @others, $frames), 0,
       "$name: no other one is cut");
    my $body = body($frames);
    ok($body eq PrivacyTest::Upstream::frames(length $body),
       "$name: every byte of another");

    # Every one has its line in the log: 200 or 403, revoked.
    my $log = $nginx->dir . '/logs/cut.log';
    my %lines;
    eval { wait_until(sub {
        %lines = read_file($log) =~ /^\Q$name\E-(\d+) (.*" .*)$/mg;
        return $count <= keys %lines;
    }, 'all lines of the log', 10) };
    is(scalar(keys %lines), $count, "$name: all are logged");
    my ($logged) = sort { $b <=> $a }
        map { /revoked.* (\S+)$/ } values %lines;
    diag(sprintf '%s: %d requests; the last one ended in nginx after %.0f ms,'
         . ' for its client after %.0f ms', $name, scalar @stay,
         1000 * ($logged - $at), 1000 * ($last - $at));
    my @wrong = grep {
        !$left{ $victims[$_ - 1] }
        && ($lines{$_} // '') !~ ($_ % 4 ? qr/^200 "revoked"/
                                         : qr/^403 "revoked"/)
    } 1 .. $count;
    is(scalar @wrong, 0, "$name: with status and reason")
        or diag($lines{ $wrong[0] });

    $_->close for @rest;
}

many('at once', 2000);
many('while some leave', 2000, leave => 1);

# Batches that are overtaken: granted and revoked again while the first ones
# are being cut.
{
    grant($redis, 'a', 'inst');
    my @victims = map {
        watch($nginx, '/file', id => "again-$_", org => 'inst', expect => 0)
    } 1 .. 1000;
    pump_many(\@victims, sub { !grep { !$_->pieces } @victims }, 30);
    my $client = $redis->client;
    for (1 .. 20) {
        $client->send('DEL', 'privacy:{a}:grant:inst');
        $client->send('SET', 'privacy:{a}:providers', '["x"]');
    }
    $client->reply for 1 .. 40;
    my @left = @victims;
    pump_many(\@victims, sub {
        @left = grep { !$_->how } @left;
        return !@left;
    }, 10);
    is(scalar @left, 0, 'changes in a row: none is forgotten');
    $_->close for @victims;
}


ok($nginx->quit, 'nginx quits');
clean_log($nginx);

done_testing();
