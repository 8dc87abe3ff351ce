package PrivacyTest::Api;

# The HTTP API of an nginx of the test's own.
#
#   my $api = PrivacyTest::Api->new($redis, http => '...', server => '...');
#   my $r = $api->put('/accounts/acme', operator(), { cameras => [] });
#   $r->{status}, $r->{json}, $r->{header}{etag}
#   $api->call('PUT', '/x', $who, $body, { header => [...], type => undef });
#   my $before = contents($redis);          # all keys but the logs' ids
#
# Who asks is a list of headers: admin('acme'), integrator('fitco') ... ; a
# body is sent as JSON unless it is a string.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();

use PrivacyTest ();
use PrivacyTest::Cut ();

our @EXPORT = qw(
    operator admin client integrator vendor federated nobody contents account
    problem
);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub who {
    my ($level, $organization, $user) = @_;

    return [ 'X-Level' => $level, 'X-User' => $user // 'jo',
             defined $organization ? ('X-Org' => $organization) : () ];
}

sub operator   { return who('operator', $_[0] // 'portal', $_[1]) }
sub admin      { return who('client_admin', @_) }
sub client     { return who('client', @_) }
sub integrator { return who('integrator', @_) }
sub vendor     { return who('vendor', @_) }
sub federated  { return who('federated', @_) }
sub nobody     { return [] }

sub new {
    my ($class, $redis, %options) = @_;

    PrivacyTest::Cut::prepare();

    my $vars = { REDIS => $redis->socket, %{ $options{vars} // {} } };
    my $http = $options{http} // 'privacy_sweep off;';
    my $listen = $options{listen} // '';
    my $server = $options{server} // 'location /privacy/ { privacy_api; }';
    delete @options{qw(vars http server listen)};

    my $nginx = PrivacyTest::nginx(vars => $vars, %options, http => <<"END");
    privacy_redis unix:%REDIS%;
    privacy_user \$http_x_user;
    privacy_organization \$http_x_org;
    privacy_level \$http_x_level;
    $http

    server {
        listen 127.0.0.1:%PORT%;
        $listen
        $server
    }
END
    return bless { nginx => $nginx, prefix => $options{prefix} // '/privacy' },
                 $class;
}

sub nginx { return $_[0]{nginx} }

# Options: header (a list), type (of the body; undef: none), timeout.
sub call {
    my ($self, $method, $path, $who, $body, $options) = @_;

    $options //= {};
    $body = $json->encode($body) if ref $body;
    my $type = exists $options->{type} ? $options->{type}
             : $method =~ /^(?:GET|HEAD)$/ ? undef : 'application/json';

    my $r = PrivacyTest::http_request($method, $self->{nginx}->port,
        $self->{prefix} . $path, {
            body => $body,
            timeout => $options->{timeout},
            header => [ @$who, defined $type ? ('Content-Type' => $type) : (),
                        @{ $options->{header} // [] } ],
        });

    $r->{json} = eval { $json->decode($r->{body}) };
    return $r;
}

for my $method (qw(get head put post patch delete)) {
    no strict 'refs';
    *$method = sub { my $self = shift; return $self->call(uc $method, @_) };
}

sub encode { return $json->encode($_[0]) }

# "409 camera-taken cameras": the status of an answer and what its problem
# document says.
sub problem {
    my ($r) = @_;

    my $said = $r->{json};
    return $r->{status} if ref $said ne 'HASH' || !defined $said->{type};
    (my $type = $said->{type}) =~ s/^urn:privacy:problem://;
    return join ' ', $r->{status}, $type, $said->{field} // ();
}

# Everything in Redis, as one hash: what a refusal must not change.
sub contents {
    my ($redis) = @_;

    my %all;
    for my $key (@{ $redis->cmd('KEYS', '*') }) {
        my $type = $redis->cmd('TYPE', $key);
        next if $key =~ /canary/;
        my $value = $type eq 'string' ? $redis->cmd('GET', $key)
                  : $type eq 'set' ? [ sort @{ $redis->cmd('SMEMBERS', $key) } ]
                  : $type eq 'hash' ? { @{ $redis->cmd('HGETALL', $key) } }
                  : $redis->cmd('XLEN', $key);
        $all{$key} = $value;
    }
    return \%all;
}

# A profile with cameras c1, c2 of that account.
sub account {
    my ($id, %more) = @_;

    return {
        name => uc $id, integrators => ['fitco'],
        administrators => [ { name => 'Ann', username => 'ann',
                              email => "ann\@$id.example" } ],
        cameras => [ map { { id => "$id-c$_", name => "Camera $_" } } 1, 2 ],
        %more,
    };
}

1;
