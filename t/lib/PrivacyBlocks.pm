package PrivacyBlocks;

# Data blocks for questions to the gate: who asks for what, what Redis holds,
# what comes of it.
#
#   use lib 't/lib';
#   use PrivacyBlocks;              # loads PrivacyRedis with the same options
#   use Test::Nginx::Socket 'no_plan';
#   run_tests();
#   __DATA__
#   === TEST 1: a name
#   --- facts
#   privacy:{acme}:providers ["fitco"]
#   privacy:{acme}:unrestricted {"at":"<now-1h>"} ttl=1h
#   --- ask
#   fitco integrator acme cam1 live
#   acme client acme cam1 live user=jo
#   --- verdict
#   200 allow unrestricted unrestricted
#   200 allow owner
#
# facts:    keys and values of strings in Redis, perhaps with a TTL; <now>,
#           <now+2h>, <now-30s> are times as records hold them; <reset> is the
#           last midnight of UTC-5
# ask:      a request for each line: organization, level, account, camera,
#           resource ("-": none) as the portal's login and the URI would say;
#           then user=NAME or at=/LOCATION where wanted
# verdict:  what each of them gets: the status, "allow SOURCE [ROLE]" or "deny
#           REASON" or "shadow_deny REASON", and "recheck=SECONDS" (up to five
#           less are right as well), "recheck=LEAST..MOST", "recheck=none" or
#           "cache=HIT";
#           "-" alone: the gate did not run
# no_read:  Redis was not asked for anything from the end of "init" on
# http, server, location:
#           directives besides those that every block has.  A block that has a
#           "config" or "http_config" of its own has nothing else; $BASE in it
#           stands for what makes a gate, $LOGIN for who asks, $SHOW for the
#           headers that the verdict is read from.
#
# privacy_reset is twelve hours away unless a block says otherwise ("reset").
# In a block's perl: at(SECONDS), the time so far from now; announced(), which
# waits until changes in Redis are announced to nginx.

use strict;
use warnings;

use POSIX ();
use PrivacyTest ();
use PrivacyRedis ();

my ($checking, $stores, %stores) = (0, 0);
my %unit = (s => 1, m => 60, h => 3600, d => 86400);

sub import {
    my ($class, %options) = @_;

    my $caller = caller;

    PrivacyRedis->import(%options);
    Test::Nginx::Util::add_block_preprocessor(\&prepare);
    Test::Nginx::Util::no_root_location();

    no strict 'refs';
    no warnings 'redefine';
    for my $package ($caller, 'Test::Nginx::Util', 'Test::Base::Filter') {
        *{"${package}::redis"} = \&PrivacyRedis::redis;
        *{"${package}::redis_server"} = \&PrivacyRedis::redis_server;
        *{"${package}::at"} = \&at;
        *{"${package}::announced"} = \&announced;
    }
}

# RFC 3339, so many seconds from now.
sub at {
    my ($seconds) = @_;

    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $seconds));
}

# A time of day for privacy_reset that is so many seconds from now.
sub reset_in {
    my ($seconds) = @_;

    return POSIX::strftime('%H:%M +00:00', gmtime(time + $seconds));
}

sub announced {
    PrivacyTest::wait_until(sub {
        my $log = PrivacyTest::read_file(
            Test::Nginx::Util::server_root() . '/logs/error.log');
        return $log =~ /changes are announced/;
    }, 'changes to be announced');
}

sub seconds {
    my ($text) = @_;

    $text =~ /^([0-9]+)([smhd])$/ or die "no time: \"$text\"\n";
    return $1 * $unit{$2};
}

sub login {
    return <<'END';
        map $arg_organization $organization { default $arg_organization; }
        map $arg_level $level { default $arg_level; }
        map $arg_user $user { default $arg_user; }
END
}

sub base {
    my ($block) = @_;

    my $reset = $block->reset // reset_in(12 * 3600);
    return <<"END";
        privacy_redis unix:\$TEST_NGINX_REDIS_SOCKET;
        privacy_sweep off;
        privacy_reset $reset;
END
}

sub who {
    return <<'END';
        privacy on;
        privacy_user $user;
        privacy_organization $organization;
        privacy_level $level;
        privacy_account $arg_account;
        privacy_camera $arg_camera;
        privacy_resource $arg_resource;
END
}

sub show {
    return <<'END';
        add_header X-Verdict "$privacy_verdict/$privacy_reason/$privacy_source/$privacy_role" always;
        add_header X-Recheck "$privacy_recheck" always;
        add_header X-Cache "$privacy_cache" always;
END
}

sub prepare {
    my ($block) = @_;

    my $name = $block->name;

    if (!defined $block->config && !defined $block->http_config) {
        my ($http, $server, $location) =
            map { $block->$_ // '' } qw(http server location);
        $block->set_value(http_config => '$LOGIN $BASE $WHO $SHOW' . "\n$http");
        $block->set_value(config => <<"END");
$server
        location / {
            empty_gif;
            $location
        }
END
    }

    for my $section (qw(http_config config)) {
        my $text = $block->$section // '';
        my %text = (LOGIN => \&login, BASE => sub { base($block) },
                    WHO => \&who, SHOW => \&show);
        $text =~ s/\$(LOGIN|BASE|WHO|SHOW)\b/$text{$1}->()/ge;
        $block->set_value($section => $text);
    }

    if (defined $block->facts) {
        $stores{ ++$stores } = [ $name, $block->facts ];
        $block->set_value(init => "PrivacyBlocks::store($stores);\n"
                                  . ($block->init // ''));
    }
    if (defined $block->no_read) {
        Test::Nginx::Socket::add_response_body_check(\&check_reads)
            if !$checking++;
        $block->set_value(init => ($block->init // '')
                                  . "\nredis('CONFIG', 'RESETSTAT');\n");
    }
    ask($block) if defined $block->ask;
}

# Keys and values; after nginx has started, for PrivacyRedis empties Redis when
# it prepares the block.
sub store {
    my ($name, $facts) = @{ delete $stores{ $_[0] } };

    for my $line (grep { /\S/ } split /\n/, $facts) {
        $line =~ /^(\S+) (.*?)(?: ttl=(\w+))?$/
            or die "$name: cannot read the fact \"$line\"\n";
        my ($key, $value, $ttl) = ($1, $2, $3);
        $value =~ s/<(now|reset)(?:([-+])(\w+))?>/
            at((defined $3 ? "${2}1" * seconds($3) : 0)
               - ($1 eq 'reset' ? (time - 5 * 3600) % 86400 : 0))/ge;
        PrivacyRedis::redis('SET', $key, $value,
                            defined $ttl ? ('PX', 1000 * seconds($ttl)) : ());
    }
}

# How often Redis was asked for records since nginx has started.
sub reads {
    my $stats = PrivacyRedis::redis('INFO', 'commandstats');

    my $calls = 0;
    $calls += $1 while $stats =~ /^cmdstat_(?:mget|get|getrange|pttl):calls=(\d+)/mg;
    return $calls;
}

sub check_reads {
    my ($block) = @_;

    return if !defined $block->no_read;
    Test::More::is(reads(), 0, $block->name . ' - redis was not asked');
}

sub ask {
    my ($block) = @_;

    my $name = $block->name;
    my (@request, @code, @header);

    for my $line (grep { /\S/ } split /\n/, $block->ask) {
        my ($uri, @query) = ('/');
        my @names = qw(organization level account camera resource);
        for my $word (split ' ', $line) {
            if ($word =~ /^at=(.*)/) {
                $uri = $1;
            } elsif ($word =~ /^user=/) {
                push @query, $word;
            } else {
                my $what = shift @names or die "$name: too much: \"$line\"\n";
                push @query, "$what=$word" if $word ne '-';
            }
        }
        push @request, "GET $uri?" . join '&', @query;
    }

    for my $line (grep { /\S/ } split /\n/, $block->verdict // '') {
        my ($code, @words) = split ' ', $line;
        my ($verdict, $reason, $role, %more) = ('', '', '');
        for my $word (@words) {
            if ($word =~ /^(recheck|cache)=(.*)/) {
                $more{$1} = $2;
            } elsif ($word eq '-') {
                next;
            } elsif (!length $verdict) {
                $verdict = $word;
            } elsif (!length $reason) {
                $reason = $word;
            } else {
                $role = $word;
            }
        }
        my $source = $verdict eq 'allow' ? $reason : '';
        my $header = "X-Verdict: $verdict/$reason/$source/$role\n";

        if (defined $more{recheck}) {
            my ($least, $most) = $more{recheck} =~ /^(\d+)\.\.(\d+)$/;
            $most //= $more{recheck};
            $least //= $most eq 'none' ? 0 : $most > 5 ? $most - 5 : 1;
            $header .= 'X-Recheck: '
                       . ($most eq 'none' ? '' : '(?:' . join('|',
                          $least .. $most) . ')') . "\n";
        }
        $header .= "X-Cache: $more{cache}\n" if defined $more{cache};

        push @code, $code;
        push @header, $header;
    }

    die "$name: as many verdicts as questions\n" if @request != @code;

    $block->set_value(request => @request > 1 ? \@request : $request[0]);
    $block->set_value(error_code => @request > 1 ? \@code : $code[0]);
    $block->set_value(response_headers_like =>
                          @request > 1 ? \@header : $header[0]);
}

1;
