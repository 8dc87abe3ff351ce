# The OpenAPI document against the API that it describes: requests made from
# it, answers checked with it, by Debian's JSON Schema validator.
# packages: python3 python3-jsonschema

use strict;
use warnings;

use lib 't/lib';
use PrivacyTest;
use PrivacyTest::Api;

my $redis = redis();
my $api = PrivacyTest::Api->new($redis);

(my $driver = __FILE__) =~ s/\.t$/.py/;

# its output is this test's
open my $out, '-|', '/usr/bin/python3', $driver, $api->nginx->port, '/privacy'
    or die "python3: $!";
$| = 1;
print while <$out>;
close $out;
my $status = $? ? 1 : 0;

if (my @bad = $api->nginx->log_lines(qr/\[(?:crit|alert|emerg)\]/)) {
    print STDERR "$_\n" for @bad;
    $status = 1;
}
exit $status;
