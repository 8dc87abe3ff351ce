package Access;

# Every change of who may look, one function for each: privacyctl, by the
# login that the first argument names, or a call of the HTTP API.  What no
# action would write is written as a record, by redis-cli.

use strict;
use warnings;

use JSON::PP ();
use POSIX ();

use Client ();
use Stage qw(@LOGINS);

our ($SOCKET, $ROOT);       # of Redis, of the tree; set by the story

# Runs the portal: has no login at the gate, for operators have no video
our @OPERATOR = ('olga', 'portal', 'operator');

my $JSON = JSON::PP->new->canonical->utf8;

my %actor = map {
    $_->[0] => [ '--level', $_->[2], '--organization', $_->[1],
                 '--user', $_->[0] ]
} @LOGINS, \@OPERATOR;


# --- privacyctl

sub quoted {
    return join ' ', map {
        my $word = $_;

        m{\A[\w./:,=@+-]+\z} ? $word : "'" . $word =~ s/'/'\\''/gr . "'"
    } @_;
}


# Exit code, and what it printed: a structure if that is JSON, else text.

sub try {
    my ($login, @words) = @_;

    print "      $login\$ privacyctl ", quoted(@words), "\n";

    my $pid = open(my $ctl, '-|') // die "cannot fork: $!\n";

    if ($pid == 0) {
        # nobody's file of settings
        $ENV{PRIVACYCTL_CONFIG} = '/dev/null';
        $ENV{PRIVACY_REDIS} = "unix:$SOCKET";
        open STDERR, '>&', \*STDOUT;
        chdir "$ROOT/scripts/demo.d";
        exec "$ROOT/.build/privacyctl", '--json', @{ $actor{$login} }, @words
            or POSIX::_exit(127);
    }

    my $text = do { local $/; <$ctl> } // '';
    close $ctl;
    chomp $text;

    my $exit = $? & 127 ? 128 + ($? & 127) : $? >> 8;

    return $exit, eval { $JSON->decode($text) } // $text;
}


sub done {
    my ($exit, $said) = try(@_);

    die "privacyctl ended with $exit: $said\n" if $exit || !ref $said;

    return $said;
}


# The fields of a record as options

sub options {
    my (%given) = @_;

    my @options;

    for my $name (qw(role cameras users organizations reason starts_at
                     expires_at level))
    {
        next if !exists $given{$name};

        my $value = $given{$name};

        push @options, $name eq 'level' ? '--grantee-level'
                                        : '--' . $name =~ tr/_/-/r,
                       ref $value ? join(',', @$value) : $value;
    }

    push @options, $given{exports} ? '--exports' : '--no-exports'
        if exists $given{exports};

    return @options;
}


# FILE is in this folder

sub put_account {
    my ($login, $account, $file) = @_;

    return done($login, 'account', 'put', $account, $file);
}


# The tick in front of "Allow my service provider to access my portal"

sub allow {
    my ($login, $account, %given) = @_;

    return done($login, 'allow', $account, options(%given));
}


sub disallow {
    my ($login, $account) = @_;

    return done($login, 'disallow', $account);
}


# Grant Access, and Update Access: what is not given stays as it is

sub grant {
    my ($login, $account, $organization, %given) = @_;

    return done($login, 'grant', $account, $organization, options(%given));
}


sub update {
    my ($login, $account, $organization, %given) = @_;

    return done($login, 'update', $account, $organization, options(%given));
}


sub revoke {
    my ($login, $account, $organization) = @_;

    return done($login, 'revoke', $account, $organization);
}


# The exclusion list

sub exclude {
    my ($login, $account, %given) = @_;

    return done($login, 'exclude', $account, options(%given));
}


sub include {
    my ($login, $account) = @_;

    return done($login, 'include', $account);
}


# By account

sub list {
    my ($login) = @_;

    return map { $_->{account} => $_ } @{ done($login, 'list')->{accounts} };
}


# What the gate would say to "asker"

sub explain {
    my ($login, $account, $asker, $camera, $resource) = @_;

    my ($known) = grep { $_->[0] eq $asker } @LOGINS;

    return done($login, 'explain', $account, '--for-user', $asker,
                '--for-organization', $known->[1], '--for-level', $known->[2],
                '--camera', $camera, '--resource', $resource);
}


sub sweep {
    my ($login) = @_;

    return done($login, 'sweep');
}


# --- HTTP

# The answer; its "json" is what the body says, an object in any case.
# Whatever changes something needs a body, or at least its type.

sub call {
    my ($login, $method, $path, %body) = @_;

    my $json = %body ? $JSON->encode(\%body) : '';
    my @curl = ('curl', '-u', "$login:...");

    push @curl, '-X', $method, '-H', 'Content-Type: application/json'
        if $method ne 'GET';
    push @curl, '-d', $json if $json ne '';

    print "      $login\$ ", quoted(@curl, "/api$path"), "\n";

    my $answer = Client::get($login, "/api$path", method => $method,
                             $method ne 'GET' ? (body => $json) : ());

    $answer->{json} = eval { $JSON->decode($answer->{body}) };
    $answer->{json} = {} if ref $answer->{json} ne 'HASH';

    return $answer;
}


# --- what no action would write

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


# "unrestricted" or "grant:ORGANIZATION"; without a TTL

sub write_record {
    my ($account, $name, %record) = @_;

    my @command = ('SET', "privacy:{$account}:$name", $JSON->encode(\%record));

    print '      redis> ', quoted(@command), "\n";

    return redis(@command);
}


# --- time

# "2026-11-22T05:00:00Z" of seconds since the epoch; so many from now

sub moment {
    my ($time) = @_;

    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $time);
}


sub instant {
    my ($seconds) = @_;

    return moment(time + $seconds);
}


# To the next midnight of UTC-5, seconds

sub until_reset {
    return 86400 - (time - 5 * 3600) % 86400;
}


1;
