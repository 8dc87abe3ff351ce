package PrivacyTest::Control;

# privacyctl against a Redis of the test's own.
#
#   my $ctl = PrivacyTest::Control->new($redis);
#   my $r = $ctl->run('grant', 'acme', 'inst', '--role', 'user_full');
#   $r->{status}, $r->{out}, $r->{err}, $r->{json}
#
#   $ctl->at('2026-11-22T04:59:58Z')->run('sweep');    # at another time
#   $ctl->as(client_admin => 'acme', 'ann')->run('allow', 'acme');
#   $ctl->put('acme', { cameras => [ { id => 'c1' } ] });

use strict;
use warnings;

use Cwd ();
use File::Temp ();
use JSON::PP ();
use Time::Local ();

use PrivacyTest ();
use PrivacyTest::Process ();

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub binary {
    return $ENV{TEST_PRIVACYCTL} if $ENV{TEST_PRIVACYCTL};

    my $build = Cwd::getcwd() . '/.build';
    my $asan = ($ENV{TEST_PRIVACY_VARIANT} // '') eq 'asan';

    return $asan ? "$build/asan/privacyctl" : "$build/privacyctl";
}

sub new {
    my ($class, $redis) = @_;

    my $self = bless { redis => $redis, options => [], env => {} }, $class;
    die binary(), ": not built\n" if !-x binary();
    return $self;
}

sub with {
    my ($self, %changes) = @_;

    return bless { %$self, %changes }, ref $self;
}

# Acts as a requester; without a user the organization does.
sub as {
    my ($self, $level, $organization, $user) = @_;

    return $self->with(options => [
        '--level', $level,
        defined $organization ? ('--organization', $organization) : (),
        defined $user ? ('--user', $user) : (),
    ]);
}

sub faketime {
    my ($lib) = grep { -e } glob('/usr/lib/*/faketime/libfaketime.so.1'),
        '/usr/lib/faketime/libfaketime.so.1';
    return $lib;
}

# What makes a process see another time, running on from there; for env.
sub clock {
    my ($time) = @_;

    $time =~ s/T/ /;
    $time =~ s/Z$//;
    return (
        LD_PRELOAD   => faketime(),
        FAKETIME     => "\@$time",
        FAKETIME_DONT_FAKE_MONOTONIC => 1,
        TZ           => 'UTC',
        ASAN_OPTIONS => join(',', grep { defined && length }
                             $ENV{ASAN_OPTIONS}, 'verify_asan_link_order=0'),
    );
}

sub at {
    my ($self, $time) = @_;

    return $self->with(env => { %{ $self->{env} }, clock($time) });
}

sub command {
    my ($self, @arguments) = @_;

    return (binary(), @{ $self->{options} }, @arguments);
}

sub environment {
    my ($self) = @_;

    return {
        PRIVACY_REDIS     => 'unix:' . $self->{redis}->socket,
        PRIVACYCTL_CONFIG => '/dev/null',
        %{ $self->{env} },
    };
}

my $count = 0;

# Starts it and goes on; out is a file's name.
sub spawn {
    my ($self, $out, @arguments) = @_;

    return PrivacyTest::Process::spawn([ $self->command(@arguments) ],
        out => $out, env => $self->environment);
}

# Runs it; a last argument that is a hash says { stdin => TEXT }.
sub run {
    my ($self, @arguments) = @_;

    my $options = ref $arguments[-1] eq 'HASH' ? pop @arguments : {};
    my $base = PrivacyTest::test_dir() . '/ctl' . $$ . '.' . ++$count;
    PrivacyTest::write_file("$base.in", $options->{stdin} // '');

    my $env = $self->environment;
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        $ENV{$_} = $env->{$_} for keys %$env;
        open STDIN, '<', "$base.in";
        open STDOUT, '>', "$base.out";
        open STDERR, '>', "$base.err";
        exec { binary() } $self->command(@arguments)
            or PrivacyTest::Process::gone();
    }
    waitpid $pid, 0;

    my $r = {
        status => $? & 127 ? 128 + ($? & 127) : $? >> 8,
        out    => PrivacyTest::read_file("$base.out"),
        err    => PrivacyTest::read_file("$base.err"),
    };
    unlink "$base.in", "$base.out", "$base.err";
    return $r;
}

# The same with --json; what came out is in json, undef if it is none.
sub ask {
    my ($self, @arguments) = @_;

    my $r = $self->run('--json', @arguments);
    $r->{json} = eval { $json->decode($r->{out}) };
    return $r;
}

sub put {
    my ($self, $account, $profile) = @_;

    return $self->ask('account', 'put', $account, '-',
                      { stdin => $json->encode($profile) });
}

# Everything in the store: to see that nothing has changed.
sub snapshot {
    my ($self) = @_;

    my %all;
    my $redis = $self->{redis};
    for my $key (@{ $redis->cmd('KEYS', '*') }) {
        my $type = $redis->cmd('TYPE', $key);
        my $value = $type eq 'string' ? $redis->cmd('GET', $key)
            : $type eq 'set' ? [ sort @{ $redis->cmd('SMEMBERS', $key) } ]
            : $type eq 'stream' ? $redis->cmd('XRANGE', $key, '-', '+')
            : $type eq 'hash' ? { @{ $redis->cmd('HGETALL', $key) } }
            : $type;
        my $ttl = $redis->cmd('PTTL', $key) == -1 ? 'stays' : 'ends';
        $all{$key} = [ $ttl, $value ];
    }
    return $json->encode(\%all);
}

# A record as it is in the store.
sub record {
    my ($self, $key) = @_;

    my $text = $self->{redis}->cmd('GET', $key);
    return defined $text ? $json->decode($text) : undef;
}

# The account's log: a list of { action => ..., by => ... }.
sub events {
    my ($self, $account) = @_;

    return map { { @{ $_->[1] } } }
           @{ $self->{redis}->cmd('XRANGE', "privacy-log:{$account}",
                                  '-', '+') };
}

sub json { return $json }

# Milliseconds since the epoch of "2026-11-22T05:00:00Z".
sub ms {
    my ($text) = @_;

    my ($y, $mo, $d, $h, $mi, $s) =
        $text =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)Z$/ or die "time: $text";
    return 1000 * Time::Local::timegm($s, $mi, $h, $d, $mo - 1, $y);
}

1;
