package PrivacyTest::Gate;

# What the tests of the gate share that write their own nginx.conf: the
# identity and the log, records, and requesters.
#
#   my $nginx = nginx(vars => { REDIS => $redis->socket },
#                     http => gate(<<'END'));
#       server { ... location ~ ^/live/(?<account>\w+)/(?<camera>\w+) {
#           privacy on; } }
#   END
#   allow($redis, 'acme', 'inst');
#   http_get($nginx->port, '/live/acme/c1', who('inst'));

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(gate who lines allow deny grant_key answered);

# Everything but the locations.
sub gate {
    my ($http) = @_;

    return <<'END' . $http;
    privacy_redis unix:%REDIS%;
    privacy_sweep off;
    privacy_user $http_x_user;
    privacy_organization $http_x_organization;
    privacy_level $http_x_level;
    privacy_account $account;
    privacy_camera $camera;
    privacy_resource live;

    keepalive_requests 100000000;

    log_format privacy '$request_method $request_uri $status '
                       'verdict=$privacy_verdict reason=$privacy_reason '
                       'source=$privacy_source role=$privacy_role '
                       'cache=$privacy_cache cut=$privacy_cut';
    access_log %DIR%/logs/access.log privacy;
END
}

# The header of a requester: an organization, at a level (integrator).
sub who {
    my ($organization, $level, $user) = @_;

    return ('X-User' => $user // 'somebody',
            'X-Organization' => $organization,
            'X-Level' => $level // 'integrator');
}

# The same as lines.
sub lines {
    my @header = @_;

    my $lines = '';
    while (my ($name, $value) = splice @header, 0, 2) {
        $lines .= "$name: $value\r\n";
    }
    return $lines;
}

sub grant_key { return "privacy:{$_[0]}:grant:$_[1]" }

# Opens all of an account's cameras to an organization, or closes them.
sub allow {
    my ($redis, $account, $organization) = @_;

    return $redis->cmd('SET', grant_key($account, $organization),
                       '{"role":"administrator_full"}');
}

sub deny {
    my ($redis, $account, $organization) = @_;

    return $redis->cmd('DEL', grant_key($account, $organization));
}

# Waits for a line of the access log; dies if none comes.
sub answered {
    my ($nginx, $pattern, $timeout) = @_;

    return PrivacyTest::wait_until(sub {
        my ($found) = grep { $_ =~ $pattern } split /\n/, $nginx->access_log;
        return $found;
    }, "\"$pattern\" in access.log", $timeout);
}

1;
