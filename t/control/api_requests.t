# What the API takes for a request: paths, methods, headers and bodies.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use PrivacyTest;
use PrivacyTest::Api;

my $redis = redis();
my $api = PrivacyTest::Api->new($redis, server => <<'END');
        location /privacy/ { privacy_api; }
        location /small/ { privacy_api; client_max_body_size 1k; }
        location /large/ { privacy_api; client_max_body_size 100m; }
        location /no_merge/ { privacy_api; }
        location /files/ { privacy_api; client_body_in_file_only on; }
        location /mirrored/ {
            privacy_api;
            mirror /mirror;
            client_body_buffer_size 1k;
        }
        location /mirror { internal; return 204; }
        location /rewritten/ {
            rewrite ^/rewritten/(.*)$ /privacy/$1 last;
        }
        location /cached/ { privacy_api; expires 1h; }
END
my $port = $api->nginx->port;

sub raw {
    my ($bytes, $timeout) = @_;

    my $client = http_connect($port, $timeout // 5);
    $client->send($bytes);
    push @{ $client->{methods} }, $bytes =~ /^(\w+)/;
    return $client->response;
}

sub ask {
    my ($path, $host) = @_;

    return raw("GET $path HTTP/1.1\r\nHost: localhost\r\nX-User: jo\r\n"
               . "X-Level: operator\r\nConnection: close\r\n\r\n");
}

$api->put('/accounts/acme', operator(), account('acme'));
$api->put('/accounts/a+b-c.d_e@f:g', operator(), {});

# Paths

for my $case (
    [ '/privacy/accounts/acme',             200 ],
    [ '/privacy/accounts/acm%65',           200 ],
    [ '/privacy/accounts/acme?',            200 ],
    [ '/privacy/accounts/a+b-c.d_e@f:g',    200 ],
    [ '/privacy/accounts/a%2Bb-c.d_e%40f%3Ag', 200 ],
    [ '/%70rivacy/accounts/acme',           200 ],
    [ '/rewritten/accounts/acme',           200 ],
    [ '/privacy/',                          404 ],
    [ '/privacy/accounts/',                 404 ],
    [ '/privacy/accounts/acme/',            404 ],
    [ '/privacy//accounts/acme',            404 ],
    [ '/privacy/accounts//acme',            404 ],
    [ '/privacy/./accounts/acme',           404 ],
    [ '/privacy/accounts/x/../acme',        404 ],
    [ '/privacy/accounts/x/%2e%2e/acme',    404 ],
    [ '/privacy/accountsacme',              404 ],
    [ '/privacy/accounts/acme/access/x',    404 ],
    [ '/privacy/accounts/acme%2Faccess',    400 ],
    [ '/privacy/accounts%2facme',           400 ],
    [ '/privacy/accounts/acme%252Faccess',  400 ],
    [ '/privacy/accounts/a%20b',            400 ],
    [ '/privacy/accounts/%7Bacme%7D',       400 ],
    [ '/privacy/accounts/' . 'a' x 129,     400 ],
) {
    my ($path, $want) = @$case;
    my $r = ask($path);
    is($r->{status}, $want, substr "$path: $want", 0, 60);
    is($r->{header}{'cache-control'}, 'no-store', 'not to be stored');
}

# Query arguments

for my $case (
    [ '?limit=1',                   200 ],
    [ '?limit=1000&cursor=',        200 ],
    [ '?organization=a%2Bb',        200 ],
    [ '?organization=a+b',          400 ],
    [ '?limit=0',                   400 ],
    [ '?limit=1001',                400 ],
    [ '?limit=x',                   400 ],
    [ '?limit=1&limit=1',           400 ],
    [ '?organization=a&organization=b', 400 ],
    [ '?nonsense=1',                400 ],
    [ '?limit=%',                   400 ],
    [ '?cursor=%00',                400 ],
    [ '?cursor=' . '1' x 30,        400 ],
) {
    my ($query, $want) = @$case;
    is(ask("/privacy/accounts$query")->{status}, $want, "$query: $want");
}
is(ask('/privacy/accounts/acme?x=1')->{status}, 400,
   'what takes no argument is given none');

# Methods

for my $case (
    [ '/accounts', 'PUT', 'GET, HEAD' ],
    [ '/accounts/acme', 'POST', 'GET, HEAD, PUT, DELETE' ],
    [ '/accounts/acme', 'OPTIONS', 'GET, HEAD, PUT, DELETE' ],
    [ '/accounts/acme', 'PROPFIND', 'GET, HEAD, PUT, DELETE' ],
    [ '/accounts/acme/access', 'GET', 'PUT, DELETE' ],
    [ '/accounts/acme/grants', 'DELETE', 'GET, HEAD' ],
    [ '/accounts/acme/grants/o', 'POST', 'GET, HEAD, PUT, PATCH, DELETE' ],
    [ '/accounts/acme/exclusion', 'PATCH', 'PUT, DELETE' ],
    [ '/accounts/acme/explain', 'POST', 'GET, HEAD' ],
    [ '/sweep', 'PUT', 'GET, HEAD, POST' ],
    [ '/openapi.json', 'POST', 'GET, HEAD' ],
) {
    my ($path, $method, $allow) = @$case;
    my $r = $api->call($method, $path, operator());
    is($r->{status}, 405, "$method $path");
    is($r->{header}{allow}, $allow, "Allow: $allow");
    is($r->{header}{'content-type'}, 'application/problem+json', 'a problem');
}

my $r = $api->head('/accounts/acme', operator());
is($r->{status}, 200, 'HEAD');
is($r->{body}, '', 'has no body');
is($r->{header}{'content-length'},
   length $api->get('/accounts/acme', operator())->{body}, 'but its length');
like($r->{header}{etag}, qr/^"/, 'and the ETag');

# Content-Type

my $before = contents($redis);
for my $type (undef, 'text/plain', 'application/x-www-form-urlencoded',
              'application/jsonx', 'application/problem+json', 'json', '')
{
    for my $method (qw(PUT DELETE)) {
        $r = $api->call($method, '/accounts/acme', operator(),
                        $method eq 'PUT' ? '{}' : undef, { type => $type });
        is(problem($r), '415 media-type',
           "$method with " . ($type // 'no') . ' type');
    }
}
$r = $api->call('PUT', '/accounts/acme', operator(), '{}',
                { header => [ 'Content-Type' => 'text/plain' ] });
is(problem($r), '415 media-type', 'with two types');
is_deeply(contents($redis), $before, 'and nothing changes');

for my $type ('application/json; charset=utf-8', 'Application/JSON',
              'application/json;charset=UTF-8')
{
    is($api->put('/accounts/acme', operator(), account('acme'),
                 { type => $type })->{status}, 200, $type);
}

# Other sites

$before = contents($redis);
for my $case (
    [ 'Sec-Fetch-Site' => 'cross-site' ],
    [ 'Sec-Fetch-Site' => 'same-site' ],
    [ 'Sec-Fetch-Site' => 'nonsense' ],
    [ 'Sec-Fetch-Site' => '' ],
    [ 'Sec-Fetch-Site' => 'same-origin', 'Sec-Fetch-Site' => 'cross-site' ],
    [ 'Origin' => 'null' ],
    [ 'Origin' => 'http://evil.example' ],
    [ 'Origin' => 'http://localhost.evil.example' ],
    [ 'Origin' => 'http://localhost:81' ],
    [ 'Origin' => 'http://evil.example@localhost' ],
    [ 'Origin' => 'ftp://localhost' ],
    [ 'Origin' => 'localhost' ],
    [ 'Origin' => 'http://' ],
    [ 'Origin' => '' ],
    [ 'Origin' => 'http://localhost', 'Origin' => 'http://evil.example' ],
    [ 'Sec-Fetch-Site' => 'same-origin', 'Origin' => 'http://evil.example' ],
    [ 'Host' => 'portal:8080', 'Origin' => 'http://portal' ],
) {
    for my $method (qw(PUT DELETE)) {
        $r = $api->call($method, '/accounts/acme', operator(),
                        $method eq 'PUT' ? '{}' : undef,
                        { header => $case });
        is(problem($r), '403 cross-site', "$method: @$case");
    }
}
is_deeply(contents($redis), $before, 'and nothing changes');

for my $case (
    [ 'Sec-Fetch-Site' => 'same-origin', 'Origin' => 'http://localhost' ],
    [ 'Sec-Fetch-Site' => 'none' ],
    [ 'Origin' => 'http://localhost' ],
    [ 'Origin' => 'HTTP://LocalHost' ],
    [ 'Host' => 'portal:80', 'Origin' => 'http://portal' ],
    [ 'Host' => 'portal:8080', 'Origin' => 'http://portal:8080' ],
    [ 'Host' => '[::1]:8080', 'Origin' => 'http://[::1]:8080' ],
    [ 'Host' => 'portal', 'Origin' => 'https://portal' ],
    [ 'Host' => 'portal:443', 'Origin' => 'https://portal' ],
) {
    is($api->put('/accounts/acme', operator(), account('acme'),
                 { header => $case })->{status}, 200, "@$case");
}
is($api->get('/accounts/acme', operator(), undef,
             { header => [ 'Sec-Fetch-Site' => 'cross-site' ] })->{status},
   200, 'who only reads may come from anywhere');

# Conditions

for my $header ([ 'If-Match' => '' ], [ 'If-None-Match' => '' ]) {
    is(problem($api->put('/accounts/acme', operator(), {},
                         { header => $header })), '400 malformed',
       "an empty $header->[0]");
}

# Bodies

my $mib = 1024 * 1024;
my $profile = PrivacyTest::Api::encode(account('acme'));
my $filler = sub { $profile . ' ' x ($_[0] - length $profile) };

sub at {
    my ($prefix, $body, @header) = @_;

    return http_request('PUT', $port, "$prefix/accounts/acme", {
        body => $body,
        header => [ @{ operator() }, 'Content-Type' => 'application/json',
                    @header ] });
}

for my $prefix (qw(/privacy /large /files /mirrored)) {
    is(at($prefix, $profile)->{status}, 200, "$prefix: a body");
    is(at($prefix, $filler->($mib))->{status}, 200, "$prefix: of 1 MiB");

    $r = at($prefix, $filler->($mib + 1));
    is($r->{status}, 413, "$prefix: of more");
    is($r->{header}{'content-type'}, 'application/problem+json',
       'a problem document');
    is($r->{header}{'cache-control'}, 'no-store', 'not to be stored');
}
is(at('/small', $profile)->{status}, 200, 'an operator may be stricter');
is(at('/small', $filler->(2000))->{status}, 413, 'and is');
is(at('/rewritten', $profile)->{status}, 200, 'a body of a rewritten URI');

$r = at('/cached', $profile);
like($r->{header}{'cache-control'}, qr/no-store/, 'whatever "expires" says');

sub chunks {
    my ($body, $size) = @_;

    my $text = '';
    while (length $body) {
        my $piece = substr $body, 0, $size, '';
        $text .= sprintf "%x\r\n%s\r\n", length $piece, $piece;
    }
    return "${text}0\r\n\r\n";
}

for my $prefix (qw(/privacy /mirrored)) {
    for my $case ([ length $profile, 7, 200 ], [ $mib, 60000, 200 ],
                  [ $mib + 1, 60000, 413 ], [ 4 * $mib, 60000, 413 ])
    {
        my ($length, $size, $want) = @$case;
        my $client = http_connect($port, 10);
        eval {
            $client->request('PUT', "$prefix/accounts/acme", {
                body => chunks($filler->($length), $size),
                header => [ @{ operator() },
                            'Content-Type' => 'application/json',
                            'Transfer-Encoding' => 'chunked' ] });
        };
        is($client->response->{status}, $want,
           "$prefix: $length bytes in chunks: $want");
    }
}

{
    my $client = http_connect($port, 10);
    my $head = "PUT /privacy/accounts/acme HTTP/1.1\r\nHost: localhost\r\n"
               . "X-User: jo\r\nX-Level: operator\r\n"
               . "Content-Type: application/json\r\n";
    push @{ $client->{methods} }, 'PUT', 'GET', 'PUT';
    $client->send($head . 'Content-Length: ' . length($profile) . "\r\n\r\n");
    for my $i (0 .. length($profile) - 1) {
        $client->send(substr $profile, $i, 1);
        select undef, undef, undef, 0.001 if $i % 10 == 0;
    }
    $client->send("GET /privacy/accounts/acme HTTP/1.1\r\nHost: localhost\r\n"
                  . "X-User: jo\r\nX-Level: operator\r\n\r\n");
    is($client->response->{status}, 200, 'a body byte by byte');
    is($client->response->{status}, 200, 'and another request behind it');
    $client->send($head . "Expect: 100-continue\r\nContent-Length: "
                  . length($profile) . "\r\n\r\n");
    $client->send($profile);
    is($client->response->{status}, 200, 'one that waits for a 100');
}

$r = raw("PUT /privacy/accounts/acme HTTP/1.1\r\nHost: localhost\r\n"
         . "X-User: jo\r\nX-Level: operator\r\nContent-Type: application/json"
         . "\r\nContent-Length: 9999999999\r\n\r\n{");
is($r->{status}, 413, 'what says to be too long is not waited for');

is(problem($api->delete('/accounts/acme/access', admin('acme'),
                        { exports => \1 })), '400 malformed exports',
   'a body where there should be none');
is($api->delete('/accounts/acme/access', admin('acme'), {})->{status}, 200,
   'unless it says nothing');

# The document

$r = $api->get('/openapi.json', nobody());
is($r->{status}, 200, 'the document is everybody\'s');
is($r->{json}{servers}[0]{url}, '/privacy', 'with the prefix');
is($r->{header}{'cache-control'}, 'no-store', 'not to be stored');
$r = http_get($port, '/large/openapi.json');
like($r->{body}, qr{"url": "/large"}, 'of its location');

ok($api->nginx->quit, 'nginx ends');
is_deeply([ $api->nginx->log_lines(qr/\[(?:crit|alert|emerg)\]/) ], [],
          'without an alert');

done_testing();
