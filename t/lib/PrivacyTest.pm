package PrivacyTest;

# What the tests share that are written in plain perl: a private Redis, a
# private nginx, a raw HTTP client.  Only perl's own modules are used.
#
#   use lib 't/lib';
#   use PrivacyTest;
#
#   my $redis = redis();
#   my $nginx = nginx(vars => { REDIS => $redis->socket }, http => <<'END');
#       privacy_redis unix:%REDIS%;
#       server { listen 127.0.0.1:%PORT%; ... }
#   END
#   $redis->cmd('SET', 'key', 'value', 'EX', 10);
#   my $r = http_get($nginx->port, '/path', 'X-Header' => 'value');
#   is($r->{status}, 200);
#
# Everything started here ends with the test, by its process id.  Times are
# seconds since the epoch with fractions; every wait has a limit and dies when
# it is over.

use strict;
use warnings;

use Exporter 'import';
use File::Temp ();
use IO::Socket::INET;
use Time::HiRes ();

use PrivacyTest::Process ();
use PrivacyTest::Resp ();
use PrivacyTest::Redis ();
use PrivacyTest::Nginx ();
use PrivacyTest::Http ();

our @EXPORT = qw(
    test_dir free_port now wait_until run write_file read_file certificates
    redis nginx http_get http_request http_connect listen_http2
);

my ($dir, %ports, $certificates);

# A temporary folder that ends with the test; its path is short enough for a
# unix socket, and workers of another user may enter it.
sub test_dir {
    if (!defined $dir) {
        $dir = File::Temp::tempdir('privacy-XXXXXX', TMPDIR => 1,
                                   CLEANUP => 1);
        chmod 0755, $dir;
    }
    return $dir;
}

# A TCP port of the loopback interface that nobody listens on, never the same
# twice.
sub free_port {
    while (1) {
        my $sock = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                         Listen => 1)
            or die "no free port: $!";
        my $port = $sock->sockport;
        return $port unless $ports{$port}++;
    }
}

sub now { return Time::HiRes::time() }

# Asks until the code says yes, for what has no event to wait for.
sub wait_until {
    my ($code, $what, $timeout) = @_;

    my $end = now() + ($timeout // 10);
    my $pause = 0.001;
    while (1) {
        my $answer = $code->();
        return $answer if $answer;
        die 'waited in vain for ', $what // 'a condition', "\n"
            if now() > $end;
        Time::HiRes::sleep($pause);
        $pause *= 1.2 if $pause < 0.02;
    }
}

# Runs a command; returns its exit status and what it wrote, stderr included.
sub run {
    my @command = @_;

    my $pid = open(my $out, '-|') // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or PrivacyTest::Process::gone();
    }
    local $/;
    my $text = <$out> // '';
    close $out;
    return ($? & 127 ? 128 + ($? & 127) : $? >> 8, $text);
}

sub write_file {
    my ($path, $content) = @_;

    open my $fh, '>:raw', $path or die "$path: $!";
    print $fh $content;
    close $fh or die "$path: $!";
    return $path;
}

sub read_file {
    my ($path) = @_;

    open my $fh, '<:raw', $path or return '';
    local $/;
    return <$fh> // '';
}

# A throw-away authority with certificates for a server (localhost,
# redis.test, 127.0.0.1, ::1) and a client, and another authority that signed
# neither.  Returns paths: ca, other_ca, server_crt, server_key, client_crt,
# client_key.
sub certificates {
    return $certificates if $certificates;

    my $d = test_dir() . '/tls';
    mkdir $d or die "$d: $!";

    my $openssl = sub {
        my ($status, $text) = run('openssl', @_);
        die "openssl @_: $text" if $status != 0;
    };
    my @key = qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes);

    for my $ca (qw(ca other_ca)) {
        $openssl->('req', '-x509', @key, '-days', 2, '-subj', "/CN=$ca",
                   '-keyout', "$d/$ca.key", '-out', "$d/$ca.crt");
    }

    write_file("$d/server.ext", 'subjectAltName=DNS:localhost,DNS:redis.test,'
                                . 'IP:127.0.0.1,IP:::1');
    write_file("$d/client.ext", 'extendedKeyUsage=clientAuth');

    for my $name (qw(server client)) {
        $openssl->('req', '-new', @key, '-subj', "/CN=$name",
                   '-keyout', "$d/$name.key", '-out', "$d/$name.csr");
        $openssl->('x509', '-req', '-in', "$d/$name.csr", '-days', 2,
                   '-CA', "$d/ca.crt", '-CAkey', "$d/ca.key",
                   '-CAcreateserial', '-extfile', "$d/$name.ext",
                   '-out', "$d/$name.crt");
    }

    return $certificates = {
        ca         => "$d/ca.crt",
        other_ca   => "$d/other_ca.crt",
        map({ ("${_}_crt" => "$d/$_.crt", "${_}_key" => "$d/$_.key") }
            qw(server client)),
    };
}

sub redis { return PrivacyTest::Redis->new(@_) }

sub nginx { return PrivacyTest::Nginx->new(@_) }

sub http_connect { return PrivacyTest::Http->connect(@_) }

# One request on a connection of its own.
#   http_request('POST', $port, '/path', { body => '...', timeout => 5,
#                header => [ 'X-A' => 'b' ] })
sub http_request {
    my ($method, $port, $path, $options) = @_;

    $options //= {};
    my $timeout = $options->{timeout} // 10;
    my $client = http_connect($port, $timeout);
    $client->request($method, $path, {
        body   => $options->{body},
        header => [ 'Connection' => 'close', @{ $options->{header} // [] } ],
    });
    my $response = $client->response($timeout);
    $client->close;
    return $response;
}

sub http_get {
    my ($port, $path, @header) = @_;

    return http_request('GET', $port, $path, { header => \@header });
}

# The directives with which the installed nginx speaks HTTP/2 in clear text.
sub listen_http2 {
    my ($port) = @_;

    return PrivacyTest::Nginx::version() >= 1.025001
           ? "listen 127.0.0.1:$port; http2 on;"
           : "listen 127.0.0.1:$port http2;";
}

1;
