package PrivacyTest::Redis;

# A Redis (or Valkey) of the test's own, in a folder of its own: always on a
# unix socket, on request also on TCP and TLS.
#
#   my $redis = PrivacyTest::Redis->new(
#       tcp    => 1,                    # port in $redis->port
#       tls    => 1,                    # port in $redis->tls_port;
#                                       # 'clients': wants certificates
#       users  => [ 'user gate on >secret ~privacy:* +@read' ],
#       config => [ 'appendonly yes' ], # lines for redis.conf
#       start  => 0,                    # do not start yet
#   );

use strict;
use warnings;

my $count = 0;

sub binary {
    return $ENV{TEST_REDIS_SERVER} if $ENV{TEST_REDIS_SERVER};
    for my $name (qw(redis-server valkey-server)) {
        for my $dir (split(/:/, $ENV{PATH}), '/usr/bin') {
            return "$dir/$name" if -x "$dir/$name";
        }
    }
    die "no redis-server and no valkey-server in PATH\n";
}

sub new {
    my ($class, %options) = @_;

    my $dir = PrivacyTest::test_dir() . '/redis' . ++$count;
    mkdir $dir or die "$dir: $!";
    chmod 0755, $dir;

    my $self = bless {
        dir    => $dir,
        socket => "$dir/redis.sock",
    }, $class;

    my @config = (
        "dir $dir", "unixsocket $dir/redis.sock", 'unixsocketperm 777',
        'bind 127.0.0.1', 'save ""', 'daemonize no', 'databases 16',
        "logfile $dir/redis.log",
    );

    if ($options{tcp}) {
        $self->{port} = PrivacyTest::free_port();
    }
    push @config, 'port ' . ($self->{port} // 0);

    if ($options{tls}) {
        my $tls = PrivacyTest::certificates();
        $self->{tls_port} = PrivacyTest::free_port();
        push @config, "tls-port $self->{tls_port}",
            "tls-cert-file $tls->{server_crt}",
            "tls-key-file $tls->{server_key}",
            "tls-ca-cert-file $tls->{ca}",
            'tls-auth-clients '
            . ($options{tls} eq 'clients' ? 'yes' : 'no');
    }

    push @config, @{ $options{users} // [] }, @{ $options{config} // [] };
    PrivacyTest::write_file("$dir/redis.conf", join "\n", @config, '');

    $self->start if $options{start} // 1;
    return $self;
}

sub socket   { return $_[0]{socket} }
sub port     { return $_[0]{port} }
sub tls_port { return $_[0]{tls_port} }
sub pid      { return $_[0]{pid} }
sub dir      { return $_[0]{dir} }
sub log      { return PrivacyTest::read_file("$_[0]{dir}/redis.log") }

sub is_running { return PrivacyTest::Process::is_running($_[0]{pid}) }

# Starts it and waits until it answers.
sub start {
    my ($self) = @_;

    return $self if $self->is_running;

    unlink $self->{socket};
    $self->{pid} = PrivacyTest::Process::spawn(
        [ binary(), "$self->{dir}/redis.conf" ],
        out => "$self->{dir}/redis.log");

    PrivacyTest::wait_until(sub {
        die "redis does not start: ", $self->log if !$self->is_running;
        my $client = PrivacyTest::Resp->connect($self->{socket}, timeout => 2)
            or return 0;
        my $reply = eval { $client->send('PING'); $client->reply };
        # NOAUTH is an answer too; LOADING is not yet.
        return defined $reply
               && (!ref $reply || $$reply !~ /^LOADING/);
    }, 'redis to answer');

    return $self;
}

# In good order; kill() is a power cut.
sub stop {
    my ($self) = @_;

    $self->drop;
    PrivacyTest::Process::stop($self->{pid}, 'TERM');
    return $self;
}

sub kill {
    my ($self) = @_;

    $self->drop;
    PrivacyTest::Process::stop($self->{pid}, 'KILL');
    return $self;
}

# Same socket and ports; the data is gone unless redis.conf keeps it.
sub restart {
    my ($self) = @_;

    return $self->stop->start;
}

# Frozen: connections stay open and nothing is answered.  Returns once it has
# stopped.
sub pause  { PrivacyTest::Process::pause($_[0]{pid}); return $_[0] }
sub resume { CORE::kill('CONT', $_[0]{pid}); return $_[0] }

# A connection of its own, for what blocks, subscribes or logs in.
sub client {
    my ($self, %options) = @_;

    return PrivacyTest::Resp->connect($self->{socket}, %options)
           // die "redis: $self->{socket}: $!\n";
}

# One command on a connection that is kept.
sub cmd {
    my ($self, @command) = @_;

    if (!$self->{client} || $self->{client_of} != $$) {
        $self->{client} = $self->client;
        $self->{client_of} = $$;
    }
    my $reply = eval { $self->{client}->cmd(@command) };
    if (my $error = $@) {
        # An error reply leaves the connection in order, all else does not.
        delete $self->{client} if $error !~ /^redis: [A-Z]+ /;
        die $error;
    }
    return $reply;
}

sub flush {
    my ($self) = @_;

    $self->cmd('FLUSHALL');
    return $self;
}

sub drop {
    my ($self) = @_;

    delete $self->{client};
}

1;
