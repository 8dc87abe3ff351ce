# Other ways into the API: HTTP/2, TLS, subrequests, internal redirects.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use JSON::PP ();
use PrivacyTest;
use PrivacyTest::Api;

my $redis = redis();
my $tls = certificates();
my $api = PrivacyTest::Api->new($redis,
    vars => { map { uc($_) => $tls->{$_} } qw(server_crt server_key) },
    listen => PrivacyTest::listen_http2('%PORT2%') . <<'END',
        listen 127.0.0.1:%PORT3% ssl;
        ssl_certificate %SERVER_CRT%;
        ssl_certificate_key %SERVER_KEY%;
END
    server => <<'END');
        location /privacy/ { privacy_api; }

        location /asked/ {
            auth_request /privacy/accounts/acme;
            alias %HTML%/;
        }

        location /page/ {
            ssi on;
            ssi_types *;
            alias %HTML%/;
        }

        location /moved {
            error_page 418 = /privacy/accounts/acme;
            return 418;
        }
END
my $nginx = $api->nginx;
$api->put('/accounts/acme', operator(), account('acme'));

# HTTP/2, as curl speaks it

my $profile = PrivacyTest::Api::encode(account('acme'));
my $mib = 1024 * 1024;

sub curl {
    my ($port, $scheme, $path, $who, @options) = @_;

    my @header;
    my @who = @$who;
    while (my ($name, $value) = splice @who, 0, 2) {
        push @header, '-H', "$name: $value";
    }
    my ($status, $text) = run('curl', '-s', '-k', '-m', 20, '-w',
        "\n%{http_version} %{http_code}", @header, @options,
        "$scheme://127.0.0.1:$port$path");
    my ($body, $version, $code) = $text =~ /\A(.*)\n(\S+) (\d+)\z/s;
    return { curl => $status, body => $body, version => $version,
             status => $code,
             json => scalar eval { JSON::PP->new->utf8->decode($body) } };
}

sub h2 {
    my ($path, $who, @options) = @_;

    return curl($nginx->port(2), 'http', $path, $who,
                '--http2-prior-knowledge', @options);
}

sub body {
    my ($length) = @_;

    my $text = $profile . ' ' x ($length - length $profile);
    return '@' . write_file(test_dir() . '/body', $text);
}

my @json = ('-H', 'Content-Type: application/json');
my @put = (@json, '-X', 'PUT', '--data-binary');

my $r = h2('/privacy/accounts/acme', operator());
is($r->{version}, 2, 'HTTP/2');
is($r->{json}{account}, 'acme', 'reads');
is(h2('/privacy/accounts/acme', operator(), @put, $profile)->{status}, 200,
   'changes');
is(h2('/privacy/accounts/acme', operator(), @put, body($mib))->{status}, 200,
   'takes a body of 1 MiB');

# A stream that ends before the body makes some curls lose the answer.
sub too_large {
    my ($name, @options) = @_;

    my $before = () = $nginx->access_log =~ /" 413 /g;
    my $r = h2('/privacy/accounts/acme', operator(), @options);
    wait_until(sub { $before < (() = $nginx->access_log =~ /" 413 /g) },
               '413 in the log');
    ok($r->{status} eq '413' || $r->{curl} != 0, $name);
}

too_large('and no longer one', @put, body($mib + 1));
for my $case ([ $mib, 200 ], [ $mib + 1, 413 ], [ 3 * $mib, 413 ]) {
    my ($length, $want) = @$case;
    my $file = substr body($length), 1;
    my $name = "$length bytes without a length: $want";
    my @options = (@json, '-X', 'PUT', '-H', 'Content-Length:',
                   '-H', 'Transfer-Encoding: chunked', '-T', $file);
    if ($want == 413) {
        too_large($name, @options);
    } else {
        is(h2('/privacy/accounts/acme', operator(), @options)->{status},
           $want, $name);
    }
}
is(h2('/privacy/accounts/acme', operator(), '-X', 'DELETE')->{status}, 415,
   'refuses');
is(h2('/privacy/accounts/acme', operator(), @put, $profile,
      '-H', 'Origin: http://127.0.0.1:' . $nginx->port(2))->{status}, 200,
   'knows its origin');
is(h2('/privacy/accounts/acme', operator(), @put, $profile,
      '-H', 'Origin: http://127.0.0.1')->{status}, 403, 'and others');

# TLS: a page in clear text is another origin.

my $port = $nginx->port(3);
is(curl($port, 'https', '/privacy/accounts/acme', operator(), @put, $profile,
        '-H', "Origin: https://127.0.0.1:$port")->{status}, 200,
   'the same origin by TLS');
$r = curl($port, 'https', '/privacy/accounts/acme', operator(), @put,
          $profile, '-H', "Origin: http://127.0.0.1:$port");
is($r->{status}, 403, 'not in clear text');
is($r->{json}{type}, 'urn:privacy:problem:cross-site', 'which is another');
is(curl($port, 'https', '/privacy/accounts/acme', operator(), @put, $profile,
        '-H', 'Host: portal', '-H', 'Origin: https://portal')->{status}, 200,
   'the default port is left out');

# Subrequests

is(http_get($nginx->port, '/asked/index.html', @{ operator() })->{status},
   200, 'auth_request: allowed');
is(http_get($nginx->port, '/asked/index.html', @{ client('acme') })->{status},
   403, 'auth_request: forbidden');

write_file($nginx->html . '/page.html',
           'a<!--# include virtual="/privacy/accounts/acme" -->b'
           . '<!--# include virtual="/privacy/sweep" -->c'
           . '<!--# include virtual="/privacy/nothing" -->d');
$r = http_get($nginx->port, '/page/page.html', @{ operator() });
like($r->{body}, qr/^a\{"account":"acme".*\}\nb\{"state".*\}\nc\{"type".*\}\nd$/s,
     'included, in order');
for (1 .. 20) {
    http_get($nginx->port, '/page/page.html', @{ operator() });
}

# Clients that go away from a subrequest

$redis->pause;
my @clients = map {
    my $client = http_connect($nginx->port);
    $client->request('GET', $_ % 2 ? '/page/page.html' : '/asked/index.html',
                     { header => operator() });
    $client;
} 1 .. 20;
select undef, undef, undef, 0.1;
$_->close for @clients;
select undef, undef, undef, 0.1;
$redis->resume;
is($api->get('/accounts/acme', operator())->{status}, 200,
   'clients that went away');

$r = http_get($nginx->port, '/moved', @{ operator() });
is($r->{status}, 200, 'an internal redirect');
like($r->{body}, qr/"acme"/, 'leads to the API');

ok($nginx->quit, 'nginx ends');
is_deeply([ $nginx->log_lines(qr/\[(?:crit|alert|emerg)\]/) ], [],
          'without an alert');

done_testing();
