# Records as somebody hostile or careless would write them: what does not parse
# opens nothing, is said in the log, and hurts no other request.

use lib 't/lib';
use PrivacyBlocks;
use Test::Nginx::Socket 'no_plan';

no_long_string();
log_level('info');

# A grant that opens everything, with something besides.
sub grant {
    my ($more) = @_;

    return '{"role":"administrator_full"' . $more . '}';
}

# One organization for each value, g1, g2, ...: facts, and live asked by each.
sub grants { return each_of('privacy:{acme}:grant:g%d %s', @_) }

sub each_of {
    my ($format, @values) = @_;

    my $n = 0;
    return join '', map { sprintf("$format\n", ++$n, $_) } @values;
}

sub ask_each {
    my ($count) = @_;

    return join '', map { "g$_ integrator acme cam1 live\n" } 1 .. $count;
}

sub lines { my ($count, $line) = @_; return "$line\n" x $count }

run_tests();

__DATA__

=== TEST 1: a grant that is no JSON object
--- facts eval
main::grants('nonsense', '[]', '"administrator_full"', '1', 'null', 'true',
             '{', '{"role":"administrator_full"', '{"role":"administrator_full"}}',
             "{'role':'administrator_full'}", '{"role":"administrator_full",}')
--- ask eval
main::ask_each(11)
--- verdict eval
main::lines(11, '403 deny invalid')
--- error_log eval
qr/privacy: the "grant" record of account "\w+" is invalid/



=== TEST 2: an empty grant
--- init
redis('SET', 'privacy:{acme}:grant:g1', '');
--- ask
g1 integrator acme cam1 live
--- verdict
403 deny invalid



=== TEST 3: a grant without a role, or with something else as one
--- facts eval
main::grants('{}', '{"exports":true}', '{"role":null}', '{"role":""}', '{"role":1}',
             '{"role":["administrator_full"]}', '{"role":"administrator_full "}',
             '{"role":"administrator_full\u0000"}',
             '{"Role":"administrator_full"}')
--- ask eval
main::ask_each(9)
--- verdict eval
main::lines(9, '403 deny invalid')



=== TEST 4: a field of a grant of the wrong type
--- facts eval
main::grants(map { main::grant(",$_") }
    '"exports":1', '"exports":"true"', '"cameras":"cam1"', '"cameras":{"cam1":1}',
    '"cameras":[1]', '"cameras":["cam1",null]', '"users":"jo"', '"users":[1]',
    '"level":"client"', '"level":1', '"starts_at":0', '"granted_by":{}',
    '"reason":1', '"cameras":true')
--- ask eval
main::ask_each(14)
--- verdict eval
main::lines(14, '403 deny invalid')



=== TEST 5: null is as good as absent
--- facts eval
main::grants(main::grant(',"exports":null,"cameras":null,"users":null,"level":null,'
    . '"starts_at":null,"expires_at":null,"granted_at":null,"reason":null'))
--- ask
g1 integrator acme cam1 live
g1 integrator acme cam1 export
--- verdict
200 allow grant administrator_full
403 deny export



=== TEST 6: unknown fields are skipped
--- facts eval
main::grants(main::grant(',"note":{"a":[1,2,{"b":null}]},"v":2'))
--- ask
g1 integrator acme cam1 live
--- verdict
200 allow grant administrator_full



=== TEST 7: times that are none
--- facts eval
main::grants(map { main::grant(qq(,"expires_at":"$_")) }
    '2099-01-01', '2099-01-01T00:00:00', '2099-01-01T00:00:00+00:00',
    '2099-01-01 00:00:00Z', '2099-13-01T00:00:00Z', '2099-02-29T00:00:00Z',
    '2099-01-01T24:00:00Z', '2099-01-01T00:60:00Z', '2099-01-01T00:00:60Z',
    '2099-01-01t00:00:00z', '1969-12-31T23:59:59Z', '10000-01-01T00:00:00Z', '')
--- ask eval
main::ask_each(13)
--- verdict eval
main::lines(13, '403 deny invalid')



=== TEST 8: times that are
--- facts eval
main::grants(map { main::grant(qq(,"expires_at":"$_")) }
    '2099-01-01T00:00:00Z', '2096-02-29T23:59:59Z', '2099-01-01T00:00:00.5Z',
    '9999-12-31T23:59:59Z')
--- ask eval
main::ask_each(4)
--- verdict eval
main::lines(4, '200 allow grant administrator_full')



=== TEST 9: an end at the epoch is an end
--- facts eval
main::grants(main::grant(',"expires_at":"1970-01-01T00:00:00Z"'))
--- ask
g1 integrator acme cam1 live
--- verdict
403 deny expired



=== TEST 10: duplicate keys
--- facts eval
main::grants('{"role":"administrator_restricted","role":"administrator_full"}',
    main::grant(',"exports":false,"exports":true'), main::grant(',"x":1,"x":2'),
    main::grant(',"x":{"y":1,"y":2}'))
--- ask eval
main::ask_each(4)
--- verdict eval
main::lines(4, '403 deny invalid')
--- error_log
"grant" record of account "acme" is invalid: duplicate key



=== TEST 11: 8 levels deep, and 9
--- facts eval
main::grants(map { main::grant(',"x":' . ('[' x $_) . (']' x $_)) } 7, 8)
--- ask
g1 integrator acme cam1 live
g2 integrator acme cam1 live
--- verdict
200 allow grant administrator_full
403 deny invalid



=== TEST 12: very deep
--- facts eval
main::grants('[' x 500_000, '{"a":' x 100_000, main::grant(',"x":' . ('[' x 400_000)))
--- ask eval
main::ask_each(3)
--- verdict eval
main::lines(3, '403 deny invalid')
--- error_log
"grant" record of account "acme" is invalid: nested deeper than 8 levels



=== TEST 13: brackets in a string are not depth
--- facts eval
main::grants(main::grant(',"reason":"' . ('[{' x 50) . '\\\\\\"[["'))
--- ask
g1 integrator acme cam1 live
--- verdict
200 allow grant administrator_full



=== TEST 14: a byte more than 1 MiB, and 1 MiB
--- facts eval
main::grants(map { main::grant(',"reason":"' . ('x' x ($_ - length main::grant(',"reason":""'))) . '"') }
             1024 * 1024 + 1, 1024 * 1024)
--- ask
g1 integrator acme cam1 live
g2 integrator acme cam1 live
--- verdict
403 deny invalid
200 allow grant administrator_full



=== TEST 15: much more than 1 MiB: invalid, and no other account has to suffer
--- facts eval
main::grants(main::grant(',"reason":"' . ('x' x (2 * 1024 * 1024)) . '"'))
    . qq(privacy:{bolt}:grant:g2 {"role":"administrator_full"}\n)
--- ask eval
"g1 integrator acme cam1 live\ng2 integrator bolt cam1 live\n" x 10
--- verdict eval
"403 deny invalid\n200 allow grant administrator_full\n" x 10



=== TEST 16: 10,000 cameras
--- facts eval
my $cameras = join ',', map { sprintf '"camera-%05d"', ($_ * 7919) % 10_000 } 1 .. 10_000;
qq(privacy:{acme}:grant:g1 {"role":"user_full","cameras":[$cameras]}\n)
--- ask
g1 integrator acme camera-00000 live
g1 integrator acme camera-04711 live
g1 integrator acme camera-09999 archive
g1 integrator acme camera-10000 live
g1 integrator acme camera-0471 live
g1 integrator acme camera-047111 live
--- verdict
200 allow grant user_full
200 allow grant user_full
200 allow grant user_full
403 deny camera
403 deny camera
403 deny camera



=== TEST 17: cameras that are no ids make the grant invalid
--- facts eval
main::grants(map { qq({"role":"user_full","cameras":["cam1",$_]}) }
    '""', '"a b"', '"a}:grant:x"', '"cam\u00e4"', '"' . 'x' x 129 . '"', '"a\u0000"',
    '"*"')
--- ask eval
main::ask_each(7)
--- verdict eval
main::lines(7, '403 deny invalid')



=== TEST 18: a NUL in a record
--- init
redis('SET', 'privacy:{acme}:grant:g1', qq({"role":"administrator_full"}\0));
redis('SET', 'privacy:{acme}:grant:g2', qq({"role":"administrator_full"\0}));
redis('SET', 'privacy:{acme}:unrestricted', "1\0", 'EX', 100);
redis('SET', 'privacy:{acme}:providers', '["g1"]');
--- ask
g1 integrator acme cam1 live
g2 integrator acme cam1 live
g1 integrator acme - manage
--- verdict
403 deny invalid
403 deny invalid
403 deny invalid



=== TEST 19: bytes that are no UTF-8
--- init
redis('SET', 'privacy:{acme}:grant:g1', qq({"role":"administrator_full","reason":"\xff\xfe"}));
redis('SET', 'privacy:{acme}:grant:g2', qq({"role":"administrator_full","users":["\xc0\xaf"]}));
--- ask
g1 integrator acme cam1 live
g2 integrator acme cam1 live
--- verdict
403 deny invalid
403 deny invalid



=== TEST 20: numbers that are too big for anything
--- facts eval
main::grants(main::grant(',"x":99999999999999999999999999'), main::grant(',"x":1e999999'),
             main::grant(',"exports":1e1'))
--- ask eval
main::ask_each(3)
--- verdict eval
main::lines(3, '403 deny invalid')



=== TEST 21: keys of another type
--- init
redis('HSET', 'privacy:{acme}:grant:g1', 'role', 'administrator_full');
redis('SADD', 'privacy:{acme}:unrestricted', '1');
redis('SADD', 'privacy:{acme}:providers', 'g1');
redis('LPUSH', 'privacy:{acme}:excluded', '{}');
redis('SET', 'privacy:{acme}:grant:g2', '{"role":"administrator_full"}');
redis('SADD', 'privacy:{bolt}:providers', 'g1');
--- ask
g1 integrator acme cam1 live
g2 integrator acme cam1 live
g1 integrator bolt - system
help vendor acme cam1 live
help vendor acme - system
--- verdict
403 deny invalid
200 allow grant administrator_full
403 deny stranger
403 deny restricted
200 allow system none



=== TEST 22: an unrestricted record that is none
--- facts eval
join '', map { my $n = $_->[0]; "privacy:{a$n}:providers [\"fitco\"]\nprivacy:{a$n}:unrestricted $_->[1] ttl=1h\n" }
    [1, '2'], [2, '0'], [3, 'true'], [4, '{}'], [5, '{"by":"ann"}'], [6, '"1"'],
    [7, '{"at":1}'], [8, '{"at":"<now-1h>","exports":1}'], [9, '1.0'], [10, '[1]'],
    [11, '{"at":null}'], [12, '01'], [13, '{"at":"<now-1h>","at":"<now-1h>"}']
--- ask eval
join '', map { "fitco integrator a$_ cam1 live\n" } 1 .. 13
--- verdict eval
main::lines(13, '403 deny restricted')
--- error_log eval
qr/privacy: the "unrestricted" record of account "\w+" is invalid/



=== TEST 23: a list of providers that is none
--- facts eval
join '', map { my $n = $_->[0]; "privacy:{a$n}:unrestricted 1 ttl=1h\nprivacy:{a$n}:providers $_->[1]\n" }
    [1, 'fitco'], [2, '"fitco"'], [3, '{"fitco":1}'], [4, '["fitco",1]'], [5, '["fitco"'],
    [6, '["fitco","a b"]'], [7, '[["fitco"]]'], [8, '["fitco",null]']
--- ask eval
join '', map { "fitco integrator a$_ cam1 live\n" } 1 .. 8
--- verdict eval
main::lines(8, '403 deny stranger')
--- error_log eval
qr/privacy: the "providers" record of account "\w+" is invalid/



=== TEST 24: an exclusion that is none
--- facts eval
join '', map { my $n = $_->[0]; "privacy:{a$n}:providers [\"fitco\"]\nprivacy:{a$n}:excluded $_->[1]\n" }
    [1, '1'], [2, 'true'], [3, '[]'], [4, '{"organizations":"fitco"}'],
    [5, '{"organizations":["fitco",1]}'], [6, '{"at":"yesterday"}'], [7, '{"by":1}'],
    [8, '{"organizations":{}}'], [9, '{"reason":[]}'], [10, '"x"']
--- ask eval
join '', map { "fitco integrator a$_ cam1 live\n" } 1 .. 10
--- verdict eval
main::lines(10, '403 deny restricted')
--- error_log eval
qr/privacy: the "excluded" record of account "\w+" is invalid/



=== TEST 25: one bad record does not close what the others open
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:unrestricted nonsense
privacy:{acme}:excluded {}
privacy:{bolt}:providers nonsense
privacy:{bolt}:grant:fitco {"role":"administrator_full"}
privacy:{core}:providers ["fitco"]
privacy:{core}:unrestricted 1 ttl=1h
privacy:{core}:grant:fitco nonsense
--- ask
fitco integrator acme cam1 live
fitco integrator bolt cam1 live
fitco integrator core cam1 live
--- verdict
200 allow excluded unrestricted
200 allow grant administrator_full
200 allow unrestricted unrestricted



=== TEST 26: an invalid record's TTL is looked at all the same
--- facts
privacy:{acme}:providers ["fitco"]
privacy:{acme}:grant:fitco nonsense ttl=10m
--- ask
fitco integrator acme cam1 live
--- verdict
403 deny invalid recheck=600



=== TEST 27: the log names no content of a record
--- facts
privacy:{acme}:grant:fitco {"role":"administrator_full","reason":"topsecret","users":["hush"],"level":"x"}
--- ask
fitco integrator acme cam1 live
--- verdict
403 deny invalid
--- error_log
"grant" record of account "acme" is invalid: "level": not "integrator" or "vendor"
--- no_error_log
topsecret
hush



=== TEST 28: owners are not concerned by any of it
--- facts
privacy:{acme}:providers nonsense
privacy:{acme}:unrestricted nonsense
privacy:{acme}:excluded nonsense
privacy:{acme}:grant:acme nonsense
--- ask
acme client acme cam1 live
--- verdict
200 allow owner



=== TEST 29: what the log says of a record that is too long
--- facts eval
main::grants(main::grant(',"reason":"' . ('x' x (1024 * 1024)) . '"'))
--- ask
g1 integrator acme cam1 live
--- verdict
403 deny invalid
--- error_log
[error]
"grant" record of account "acme" is invalid: longer than 1 MiB



=== TEST 30: what the log says of a record of another type
--- init
redis('HSET', 'privacy:{acme}:grant:g1', 'role', 'administrator_full');
--- ask
g1 integrator acme cam1 live
--- verdict
403 deny invalid
--- error_log
[error]
"grant" record of account "acme" is not a string
