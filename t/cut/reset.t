# The nightly reset cuts who watches by it, at that moment, whatever the
# record's TTL says; nginx is told a time a few seconds before it.
#
# packages: faketime

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Cut;
use PrivacyTest::Upstream;

my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1';
plan skip_all => 'libfaketime (package faketime) is not installed'
    if !$faketime;

my $redis = redis();
my $upstream = PrivacyTest::Upstream->new;
my $frames = sub { PrivacyTest::Upstream::frames($_[0]) };

# nginx believes it is $seconds before the moment of a day, in minutes UTC.
sub start {
    my ($minutes, $seconds, %options) = @_;

    my $now = now();
    my $day = int($now / 86400) * 86400;
    my $moment = $day + $minutes * 60;
    $moment += 86400 while $moment <= $now + $seconds;
    my $offset = $moment - $seconds - $now;

    # Where the sanitizer is linked in, it is not the first library.
    local $ENV{ASAN_OPTIONS} = join ',', $ENV{ASAN_OPTIONS} // (),
                                         'verify_asan_link_order=0';
    local $ENV{LD_PRELOAD} = $faketime;
    local $ENV{FAKETIME} = sprintf '%+.3f', $offset;
    local $ENV{FAKETIME_DONT_FAKE_MONOTONIC} = 1;
    local $ENV{DONT_FAKE_MONOTONIC} = 1;

    my $nginx = gate($redis, %options,
        vars => { UPSTREAM => $upstream->port }, server => <<'END');
        location / {
            proxy_pass http://127.0.0.1:%UPSTREAM%;
            proxy_buffering off;
        }

        location = /clock {
            privacy off;
            return 200 $msec;
        }
END
    my $is = http_get($nginx->port, '/clock')->{body};
    ok(abs($is - now() - $offset) < 1, 'nginx believes it')
        or diag("$is instead of ", now() + $offset);

    # From here on in this machine's time.
    my $shift = $is - now();
    return ($nginx, $moment - $shift, $shift);
}

sub night {
    my ($name, $minutes, %options) = @_;

    $redis->flush;
    my ($nginx, $at, $shift) = start($minutes, 3, %options);

    providers($redis, $_, 'inst') for qw(a x l);
    unrestricted($redis, 'a', at => iso(now() + $shift));
    # no TTL, or one of a restored backup: the reset comes all the same
    unrestricted($redis, 'l', at => iso(now() + $shift), ttl => 86400_000);
    unrestricted($redis, 'x', at => iso(now() + $shift));
    $redis->cmd('SET', 'privacy:{x}:excluded',
                '{"at":"2026-01-01T00:00:00Z"}');
    grant($redis, 'a', 'other', granted_at => iso(now() + $shift - 60));

    my $watch = sub { watch($nginx, '/mjpeg', @_) };
    my $victim = $watch->(id => "$name-victim", org => 'inst');
    my $long = $watch->(id => "$name-long", org => 'inst', account => 'l');
    my $excluded = $watch->(id => "$name-excluded", org => 'inst',
                            account => 'x');
    my $granted = $watch->(id => "$name-granted", org => 'other');
    my $owner = $watch->(id => "$name-owner", org => 'a', level => 'client');
    my @on = ($excluded, $granted, $owner);
    my @all = ($victim, $long, @on);

    pump(\@all, sub { $victim->how && $long->how }, 8);
    for my $stream ($victim, $long) {
        cut_within($stream, $at, $name, @on);
        cmp_ok($stream->{closed_at} // 0, '>=', $at - 0.02,
               "$name: not before");
    }

    my $end = now() + 0.2;
    pump(\@all, sub { now() > $end });
    untouched($excluded, $at, "$name: an excluded account", $frames);
    untouched($granted, $at, "$name: a grant", $frames);
    untouched($owner, $at, "$name: the owner", $frames);

    is(logged($nginx, "$name-victim")->[1], 'restricted',
       "$name: \$privacy_cut");
    is(http_get($nginx->port, '/short', identity(org => 'inst'))->{status},
       403, "$name: the next request is denied");

    # Opened again after it: until the next one.
    unrestricted($redis, 'a', at => iso(now() + $shift));
    is(http_get($nginx->port, '/short', identity(org => 'inst'))->{status},
       200, "$name: opened anew");

    $_->close for @all;
    ok($nginx->quit, "$name: nginx quits");
    clean_log($nginx, "$name: no alert");
}

# Midnight UTC-5 is 05:00 UTC, summer and winter.
night('reset by default', 5 * 60);
night('privacy_reset', 21 * 60 + 50,
      gate => 'privacy_reset 03:20 +05:30;');

done_testing();
