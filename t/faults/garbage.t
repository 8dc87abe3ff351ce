# A Redis that sends nonsense, under load: no crash, no allow, no memory
# without bound; owners notice nothing; it is well again within 1 s after.
# alone

use strict;
use warnings;

use lib 't/lib';
use List::Util qw(pairs);
use Test::More;
use PrivacyTest;
use PrivacyTest::Faults;
use PrivacyTest::Gate;
use PrivacyTest::Proxy ();

my $lane = lanes(qw(one two three));
my $timeout = 0.15;
my $redis = redis();
my $proxy = PrivacyTest::Proxy->new($redis);
fill($redis);

my $grant = '{"role":"administrator_full"}';
my $bulk = '$' . length($grant) . "\r\n$grant\r\n";
my $nil = "\$-1\r\n";
my $empty = "\$0\r\n\r\n";

# What an allow looks like, for what is not one to look much like it: the
# values, with the TTLs, with a number before them.
my $open = $empty x 3 . $bulk;
my $allow = ":-2\r\n" x 3 . ":-1\r\n$open";
my $all = "\$16\r\n" . '0' x 15 . "1\r\n$allow";

# A value, all of them, and the grant's, which comes last.
sub value { return { reply => { GETRANGE => $_[0] } } }
sub last_value { return { reply => { GETRANGE => [ (undef) x 3, $_[0] ] } } }
sub ttl { return { reply => { PTTL => $_[0] } } }
sub number { return { reply => { READ => $_[0] } } }

# By name: what to do to the replies.
my @errors = map { ($_ => value("-$_ nothing for you\r\n")) }
             qw(ERR NOAUTH LOADING MASTERDOWN NOPERM BUSY READONLY
                CLUSTERDOWN MOVED);

my @reads = (
    @errors,
    'an error for the number'  => number("-NOAUTH no\r\n"),
    'PONG for the number'      => number("+PONG\r\n"),
    'nil for the number'       => number($nil),
    'no number at all'         => number($empty),
    'an old number'            => number("\$16\r\n" . '0' x 15 . "1\r\n"),
    'a number too short'       => number("\$15\r\n" . '0' x 15 . "\r\n"),
    'a number too long'        => number("\$17\r\n" . '0' x 16 . "1\r\n"),
    'a number, no string'      => number(":1\r\n"),
    'a list for the number'    => number("*1\r\n\$16\r\n" . '0' x 15 . "1\r\n"),
    'nothing for the number'   => number(undef),
    'an allow for the number'  => number($all),
    'an error for a TTL'   => ttl("-WRONGTYPE no\r\n"),
    'a string for a TTL'   => ttl($bulk),
    'nil for a TTL'        => ttl($nil),
    'a TTL below all'      => ttl(":-3\r\n"),
    'a TTL beyond all'     => ttl(":9223372036854775807\r\n"),
    'a TTL that overflows' => ttl(":9223372036854775808\r\n"),
    'a TTL of nothing'     => ttl(":\r\n"),
    'a number for a value' => value(":1\r\n"),
    'a status'             => value("+OK\r\n"),
    'nil'                  => value($nil),
    'nil for the grant'    => last_value($nil),
    'a status for the grant' => last_value("+$grant\r\n"),
    'an error for the grant' => last_value("-ERR no\r\n"),
    'a nil list'           => value("*-1\r\n"),
    'an empty list'        => value("*0\r\n"),
    'a list of one'        => last_value("*1\r\n$bulk"),
    'a list of all'        => value("*4\r\n$nil$nil$nil$bulk"),
    'a list of all for the grant'
                           => last_value("*4\r\n$nil$nil$nil$bulk"),
    'numbers in a list'    => value("*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n"),
    'an error in a list'   => value("*4\r\n$nil$nil$nil-ERR no\r\n"),
    'nested lists'         => value("*4\r\n$nil$nil$nil*1\r\n$bulk"),
    'deeply nested lists'  => value("*1\r\n" x 100_000),
    'nine levels'          => last_value("*1\r\n" x 9 . $bulk),
    '100 MB announced'     => value("\$104857600\r\n"),
    '100 MB, some sent'    => value("\$104857600\r\n" . 'x' x 2_000_000),
    '100 MB for the grant' => last_value("\$104857600\r\n" . 'x' x 2_000_000),
    '2 billion announced'  => value("*2000000000\r\n"),
    'a list in a list of 2 billion'
                           => value("*4\r\n*2000000000\r\n"),
    'a length that overflows'
                           => value("\$18446744073709551615\r\n"),
    'it overflows in a list'
                           => value("*4\r\n\$18446744073709551615\r\n"),
    'a negative length'    => value("\$-2\r\n"),
    'it is negative in a list' => value("*4\r\n\$-2\r\n"),
    'a million elements'   => value("*1000000\r\n" . $nil x 1000),
    'half a reply'         => { halt => 1, %{ last_value(substr $bulk, 0, -10) } },
    'half a header'        => { halt => 1, %{ last_value('$2') } },
    'half of the values'   => { halt => 1, reply => { GETRANGE =>
                                [ undef, undef, '', undef ] } },
    'no reply'             => value(undef),
    'a line without end'   => value('+' . 'x' x 200_000),
    'no CR'                => last_value($bulk =~ s/\r//gr),
    'not the protocol'     => value("HTTP/1.1 200 OK\r\n\r\n"),
    'random bytes'         => value(join '', map { chr 255 - $_ * 7 % 256 } 1 .. 1000),
    'NUL bytes'            => value("\0" x 1000),
    'a push of RESP3'      => value(">2\r\n\$10\r\ninvalidate\r\n*0\r\n$bulk"),
    'a map of RESP3'       => last_value("%1\r\n$bulk$bulk"),
    'null of RESP3'        => value("_\r\n"),
    'a push before the values' => { garble => ">2\r\n\$10\r\ninvalidate\r\n*0\r\n" },
    'a TTL before the values'  => { garble => ":-1\r\n" },
    'an error before the values' => { garble => "-ERR no\r\n" },
    'a message before the values' => { garble => "*3\r\n\$7\r\nmessage\r\n\$20\r\n"
                                . "__redis__:invalidate\r\n*1\r\n$bulk" },
    'a TTL before all'     => { ahead => ":-1\r\n" },
    'an allow before all'  => { ahead => $allow },
    'a number and an allow before all' => { ahead => $all },
    'a push before all'    => { ahead => ">2\r\n\$10\r\ninvalidate\r\n*0\r\n" },
    'TTLs for a TTL'       => ttl(":-1\r\n:-1\r\n"),
    'values for a TTL'     => ttl($open),
    'all of an allow for a TTL' => ttl($all),
);

# What is right is followed by what nobody asked for: it may be answered with
# what came before that, and nothing else.  A value is nothing where there is no
# TTL of it.
my @surplus = (
    'values after it'      => { trail => $open },
    'a TTL after it'       => { trail => ":-1\r\n" },
    'nil after it'         => { trail => $nil },
    'a status after it'    => { trail => "+OK\r\n" },
    'all of an allow after it' => { trail => $allow },
    'with a number'        => { trail => $all },
    'values before the values' => { garble => $open },
    'values without a TTL' => value($bulk),
    'a grant without a TTL' => last_value($bulk),
);

# An answer to the question what the record is: none of the right type.
my @foreign = (
    WRONGTYPE              => value("-WRONGTYPE nothing for you\r\n"),
    'WRONGTYPE for the grant' => last_value("-WRONGTYPE nothing for you\r\n"),
);

# Login and watch.  Where nothing is announced nothing is kept, but reading
# goes on: answers are right, or 503.
my @others = (
    'PING: an error'       => { reply => { PING => "-NOAUTH no\r\n" } },
    'PING: nonsense'       => { reply => { PING => "*2000000000\r\n" } },
    'PING: nothing'        => { reply => { PING => undef } },
    'CLIENT: errors'       => { reply => { CLIENT => "-NOPERM no\r\n" } },
    'CLIENT: a number'     => { reply => { CLIENT => ":-1\r\n" } },
    'CLIENT: a list'       => { reply => { CLIENT => "*2\r\n:1\r\n:1\r\n" } },
    'SUBSCRIBE: an error'  => { reply => { SUBSCRIBE => "-NOPERM no\r\n" } },
    'SUBSCRIBE: another'   => { reply => { SUBSCRIBE =>
        "*3\r\n\$9\r\nsubscribe\r\n\$5\r\nother\r\n:1\r\n" } },
    'SUBSCRIBE: nothing'   => { reply => { SUBSCRIBE => undef } },
    'a message of a number' => { reply => { SUBSCRIBE =>
        "*3\r\n\$7\r\nmessage\r\n\$20\r\n__redis__:invalidate\r\n:1\r\n" } },
    'a message of lists'   => { reply => { SUBSCRIBE =>
        "*3\r\n\$7\r\nmessage\r\n\$20\r\n__redis__:invalidate\r\n"
        . "*2\r\n*0\r\n:1\r\n" } },
    'a message of odd keys' => { reply => { SUBSCRIBE =>
        "*3\r\n\$7\r\nmessage\r\n\$20\r\n__redis__:invalidate\r\n*4\r\n"
        . "\$0\r\n\r\n\$8\r\nprivacy:\r\n\$9\r\nprivacy:{\r\n"
        . "\$300\r\n" . 'privacy:{' . 'x' x 290 . "}\r\n" } },
    'SET: an error'        => { reply => { SET => "-OOM no\r\n" } },
);

my $nginx = nginx(vars => { REDIS => $proxy->socket }, workers => 2,
                  log_level => 'notice', http => gate(<<"END"));
    access_log off;
    privacy_timeout ${\ (1000 * $timeout)}ms;
    privacy_stale 0;
    privacy_cache off;

    server {
        listen 127.0.0.1:%PORT%;
        add_header X-Privacy "\$privacy_verdict \$privacy_reason \$privacy_cache"
                   always;

        location ~ ^/live/(?<account>\\w+)/(?<camera>\\w+) {
            privacy on;
            empty_gif;
        }
    }
END

my @inst = who('inst');
my @workers = $nginx->workers;

# Both workers answer, each time.
sub well {
    my ($name) = @_;

    my $begin = now();
    my $right = 0;
    eval {
        wait_until(sub {
            my $status = http_get($nginx->port, '/live/open1/c1', @inst)
                         ->{status};
            $right = $status == 200 ? $right + 1 : 0;
            return $right == 8;
        }, 'to be well', 3);
    };
    return now() - $begin;
}

well('at first');
my $before = rss($nginx);
my (%worst, @slowest);

# What providers get meanwhile: 503; 403 or 503; what is right or 503.
sub suffer {
    my ($name, $rules, $may) = @_;

    my $from = now();
    $proxy->set(%$rules);
    my $known = now();
    my $load = load($nginx, connections => 6, pause => 0.002);
    # A while: each worker has lost its connection and tried again.
    wait_until(sub { now() > $known + 0.35 && -s "$load->{file}.n" > 60 },
               'answers');
    $proxy->set;
    my $back = now();
    my @answers = $load->finish;
    my $again = well($name);

    subtest $name => sub {
        my @providers = of_kind('open|shut',
                                between($known, $back - $timeout, @answers));
        if ($may ne '403') {
            never_wrong($name, @answers);
        } else {
            never_wrong($name, of_kind('owner|shut', @answers),
                        of_kind('open', between($back, undef, @answers)));
        }
        if ($may eq '403') {
            # A connection may still have what is left of the case before.
            my %count = map { $_ => 1 } map { $_->{status} } @providers;
            delete $count{503};
            is_deeply([ keys %count ], [ 403 ], 'denied, or 503')
                or diag(shown(statuses(@providers)));
        }
        if ($may eq '503') {
            is(scalar(grep { $_->{status} != 503 } @providers), 0,
               "nothing but 503 for providers")
                or diag(shown(statuses(@providers)));
        }
        my @owners = map { $_->{at} - $_->{sent} } of_kind('owner', @answers);
        cmp_ok(scalar(grep { $_ > 0.05 } @owners), '<=', 3,
               'owners do not wait');
        my @late = grep { $_ > $timeout + (is_asan() ? 0.5 : 0.05) }
                   map { $_->{at} - $_->{sent} } @providers;
        cmp_ok(scalar @late, '<=',
               2 + 2 * grep({ $_ > 0.03 } @owners), '503 in time');
        cmp_ok($again, '<', 1, 'well again within 1 s');
        push @slowest, [ $again, $name ];
    };
}

# Each lane takes its share of them.
my @cases = ((map { [ @$_, '503' ] } pairs(@reads)),
             (map { [ @$_, 'right' ] } pairs(@surplus)),
             (map { [ @$_, '403' ] } pairs(@foreign)),
             (map { [ @$_, 'right', 1 ] } pairs(@others)));
my %first = (one => 0, two => 1, three => 2);
for (my $n = $first{$lane}; $n < @cases; $n += keys %first) {
    my ($name, $rules, $may, $begin) = @{ $cases[$n] };
    if ($begin) {
        $proxy->set(%$rules);
        $proxy->drop;       # they are said at the beginning only
    }
    suffer($name, $rules, $may);
}

# Split into single bytes all is right.
$proxy->set(bytewise => 1);
is(http_get($nginx->port, "/live/open$_/c1", @inst)->{status}, 200,
   'in single bytes: allowed') for 0 .. 4;
is(http_get($nginx->port, "/live/shut$_/c1", @inst)->{status}, 403,
   'in single bytes: denied') for 0 .. 4;
$proxy->drop;
cmp_ok(well('in single bytes'), '<', 1, 'in single bytes from the beginning');
$proxy->set;

my ($slowest) = sort { $b->[0] <=> $a->[0] } @slowest;
diag(sprintf 'slowest to be well again: %.0f ms after "%s"',
     1000 * $slowest->[0], $slowest->[1]);

# AddressSanitizer keeps 256 MB of what was freed, in each.
my $after = rss($nginx);
diag("memory of the workers: $before KiB before, $after KiB after");
cmp_ok($after - $before, '<', is_asan() ? 800_000 : 20_000,
       'memory does not grow without bound');
is_deeply([ $nginx->workers ], \@workers, 'no worker had to be replaced');
log_is_clean($nginx, 'garbage');
cmp_ok(scalar(grep { /privacy: (?:read|watch) connection/ }
              $nginx->log_lines(qr/./)), '<', 1000,
       'the log is not flooded by connections');
ok($nginx->quit, 'quit');
is_deeply([ $nginx->log_lines(qr/open socket/) ], [], 'nothing left open');

done_testing();
