package Access;

# Every change of who may look, one function for each: here by writing the
# documented keys.

use strict;
use warnings;

use JSON::PP ();
use POSIX ();

our $SOCKET;    # of Redis; set by the story

my $JSON = JSON::PP->new->canonical;    # of bytes


sub redis {
    my (@command) = @_;

    open my $cli, '-|', 'redis-cli', '-s', $SOCKET, @command
        or die "cannot run redis-cli: $!\n";

    my $reply = do { local $/; <$cli> } // '';
    close $cli;
    chomp $reply;

    die "redis: @command: $reply\n" if $? || $reply !~ /\A(?:OK|\d+)\z/;

    return $reply;
}


# "2026-11-22T05:00:00Z" so many seconds from now

sub instant {
    my ($seconds) = @_;

    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time + $seconds);
}


# To the next midnight of UTC-5, seconds

sub until_reset {
    return 86400 - (time - 5 * 3600) % 86400;
}


sub record {
    my (%fields) = @_;

    $fields{exports} = $fields{exports} ? JSON::PP::true : JSON::PP::false
        if exists $fields{exports};

    return $JSON->encode(\%fields);
}


sub serve {
    my ($account, @organizations) = @_;

    redis('SET', "privacy:{$account}:providers",
          $JSON->encode(\@organizations));
}


# The tick in front of "Allow my service provider to access my portal"

sub allow {
    my ($account, $by, %given) = @_;

    redis('SET', "privacy:{$account}:unrestricted",
          record(at => instant(0), by => $by, %given),
          'EX', until_reset());
}


sub disallow {
    my ($account) = @_;

    redis('DEL', "privacy:{$account}:unrestricted");
}


sub exclude {
    my ($account, %given) = @_;

    redis('SET', "privacy:{$account}:excluded",
          record(at => instant(0), by => 'operator', %given));
}


sub include {
    my ($account) = @_;

    redis('DEL', "privacy:{$account}:excluded");
}


# "ttl" in seconds, fractions too; the rest is the record.  New grants and
# changed ones.

sub grant {
    my ($account, $organization, %given) = @_;

    my $ttl = delete $given{ttl};

    redis('SET', "privacy:{$account}:grant:$organization",
          record(granted_by => 'anna', granted_at => instant(0),
                 level => 'integrator', %given),
          $ttl ? ('PX', int $ttl * 1000) : ());
}


sub revoke {
    my ($account, $organization) = @_;

    redis('DEL', "privacy:{$account}:grant:$organization");
}


1;
