/*
 * What opens an account: sources, exclusion, providers, the unrestricted
 * record; and when it is to be looked at again.
 */

#include "privacy_decide_test.h"


/* Rule 5: sources */

static void
test_the_first_source_is_named(void **state)
{
    (void) state;

    w.unrestricted.json = "{\"at\":\"" NOW "\"}";
    w.excluded.json = "{}";
    w.grant.json = "{\"role\":\"administrator_full\"}";

    ask("system", "");
    expect(ALLOW, "system", "none");
    ask("live", "c1");
    expect(ALLOW, "unrestricted", "unrestricted");
    w.unrestricted.json = NULL;
    expect(ALLOW, "excluded", "unrestricted");
    w.excluded.json = NULL;
    expect(ALLOW, "grant", "administrator_full");
    w.grant.json = NULL;
    expect(DENY, "restricted", NULL);
}


static void
test_the_union_opens(void **state)
{
    (void) state;

    /* an excluded account, and a grant that authorises exports */

    w.excluded.json = "{}";
    w.grant.json = "{\"role\":\"user_full\",\"cameras\":[\"c1\"],"
                   "\"exports\":true}";

    ask("export", "c1");
    expect(ALLOW, "grant", "user_full");
    ask("export", "c2");
    expect(DENY, "camera", NULL);
    ask("live", "c2");
    expect(ALLOW, "excluded", "unrestricted");

    /* exports of one source do not carry over to the other */

    w.grant.json = "{\"role\":\"user_restricted\",\"cameras\":[\"c1\"],"
                   "\"exports\":true}";
    ask("export", "c1");
    expect(DENY, "role", NULL);
}


static void
test_exclusion(void **state)
{
    (void) state;

    w.excluded.json = "{\"organizations\":[\"alarm\",\"inst\"]}";
    expect(ALLOW, "excluded", "unrestricted");
    w.excluded.json = "{\"organizations\":[\"alarm\"]}";
    expect(DENY, "restricted", NULL);
    w.excluded.json = "{\"organizations\":[]}";
    expect(DENY, "restricted", NULL);

    /* it outlasts the reset, and its key's end if it has one */

    w.excluded.json = "{\"at\":\"2020-01-01T00:00:00Z\"}";
    expect(ALLOW, "excluded", "unrestricted");
    expect_recheck(NULL);

    w.excluded.ends = w.now + 1;
    expect(ALLOW, "excluded", "unrestricted");
    assert_true(w.verdict.recheck_at == w.now + 1);
    w.excluded.ends = w.now;
    expect(DENY, "restricted", NULL);
    expect_recheck(NULL);
    w.excluded.ends = 0;

    w.excluded.json = "[]";
    expect(DENY, "restricted", NULL);
    assert_int_equal(w.verdict.invalid, 1);
}


static void
test_providers(void **state)
{
    (void) state;

    w.unrestricted.json = "{\"at\":\"" NOW "\"}";

    w.providers.ends = w.now + HOUR;
    expect(ALLOW, "unrestricted", "unrestricted");
    assert_true(w.verdict.recheck_at == w.now + HOUR);
    w.providers.ends = w.now;
    expect(DENY, "stranger", NULL);
    w.providers.ends = 0;

    w.providers.json = "[\"ins\",\"inst2\"]";
    expect(DENY, "stranger", NULL);
    w.providers.json = "{}";
    expect(DENY, "stranger", NULL);
    assert_int_equal(w.verdict.invalid, 1);

    /* vendors, and everybody with privacy_providers off, are not looked up */

    as("vendor", "inst");
    expect(ALLOW, "unrestricted", "unrestricted");
    assert_int_equal(w.verdict.invalid, 0);
    w.providers.json = "?";
    expect(ALLOW, "unrestricted", "unrestricted");
    w.unrestricted.json = NULL;
    expect(DENY, "restricted", NULL);

    as("integrator", "inst");
    w.request.all_serve = 1;
    expect(DENY, "restricted", NULL);
}


/* The unrestricted record */

static void
test_unrestricted_until_the_reset(void **state)
{
    int  resource;

    (void) state;

    w.unrestricted.json = "{\"at\":\"2026-11-22T12:00:00Z\","
                          "\"exports\":true}";

    for (resource = MANAGE; resource < RESOURCES; resource++) {
        ask(resources[resource], "c1");

        w.now = at("2026-11-22T12:00:00Z");
        expect(ALLOW, "unrestricted", "unrestricted");
        expect_recheck(RESET);

        w.now = at(RESET) - 1;
        expect(ALLOW, "unrestricted", "unrestricted");
        expect_recheck(RESET);

        w.now = at(RESET);

        if (resource == MANAGE) {
            expect(ALLOW, "unrestricted", "unrestricted");

        } else {
            expect(DENY, "restricted", NULL);
        }

        expect_recheck(NULL);

        w.now = at("2029-01-01T00:00:00Z");

        if (resource == MANAGE) {
            expect(ALLOW, "unrestricted", "unrestricted");

        } else {
            expect(DENY, "restricted", NULL);
        }
    }
}


static void
test_a_ttl_does_not_outlast_the_reset(void **state)
{
    (void) state;

    w.unrestricted.json = "{\"at\":\"2026-11-22T12:00:00Z\"}";

    w.unrestricted.ends = at("2027-11-22T12:00:00Z");
    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck(RESET);
    w.now = at(RESET);
    expect(DENY, "restricted", NULL);
    expect_recheck("2027-11-22T12:00:00Z");

    /* but ends it earlier */

    w.now = at(NOW);
    w.unrestricted.ends = w.now + SECOND;
    expect(ALLOW, "unrestricted", "unrestricted");
    assert_true(w.verdict.recheck_at == w.now + SECOND);
    w.now += SECOND;
    expect(DENY, "restricted", NULL);
    expect_recheck(NULL);
    ask("manage", "");
    expect(DENY, "restricted", NULL);
}


static void
test_the_reset_is_the_policys(void **state)
{
    (void) state;

    w.policy.reset.minute = 210;
    w.policy.reset.offset = 345;
    w.unrestricted.json = "{\"at\":\"2026-11-22T12:00:00Z\"}";

    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck("2026-11-22T21:45:00Z");
    w.now = at("2026-11-22T21:45:00Z");
    expect(DENY, "restricted", NULL);
}


static void
test_unrestricted_at_the_reset_itself(void **state)
{
    (void) state;

    w.unrestricted.json = "{\"at\":\"2026-11-22T05:00:00Z\"}";
    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck(RESET);

    w.unrestricted.json = "{\"at\":\"2026-11-22T04:59:59.999Z\"}";
    expect(DENY, "restricted", NULL);
    expect_recheck(NULL);
}


static void
test_bare_unrestricted(void **state)
{
    (void) state;

    w.unrestricted.json = "1";

    ask("manage", "c1");
    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck(NULL);
    ask("live", "c1");
    expect(DENY, "restricted", NULL);
    ask("archive", "c1");
    expect(DENY, "restricted", NULL);
    assert_int_equal(w.verdict.invalid, 0);

    w.unrestricted.ends = at("2027-01-01T00:00:00Z");
    ask("live", "c1");
    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck("2027-01-01T00:00:00Z");
    ask("archive", "c1");
    expect(ALLOW, "unrestricted", "unrestricted");
    ask("export", "c1");
    expect(DENY, "restricted", NULL);

    w.unrestricted.ends = w.now;
    ask("live", "c1");
    expect(DENY, "restricted", NULL);
}


static void
test_unrestricted_from_the_future(void **state)
{
    (void) state;

    w.unrestricted.json = "{\"at\":\"2026-11-22T12:05:00Z\"}";
    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck(RESET);

    w.unrestricted.json = "{\"at\":\"2026-11-22T12:05:00.001Z\"}";
    expect(DENY, "restricted", NULL);
    assert_true(w.verdict.recheck_at == w.now + 1);
    assert_int_equal(w.verdict.invalid, 0);
    ask("manage", "");
    expect(DENY, "restricted", NULL);

    w.now++;
    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck(RESET);
}


static void
test_unrestricted_that_does_not_parse(void **state)
{
    unsigned            i;
    static const char  *bad[] = {
        "", "0", "{}", "yes", "{\"exports\":true}", "{\"at\":\"now\"}"
    };

    (void) state;

    w.unrestricted.ends = w.now + HOUR;

    for (i = 0; i < countof(bad); i++) {
        w.unrestricted.json = bad[i];

        ask("live", "c1");
        expect(DENY, "restricted", NULL);
        assert_int_equal(w.verdict.invalid, 1);
        assert_true(w.verdict.recheck_at == w.now + HOUR);

        ask("system", "");
        expect(ALLOW, "system", "none");
        assert_int_equal(w.verdict.invalid, 1);
    }
}


/* recheck_at */

static void
test_recheck_is_the_earliest(void **state)
{
    size_t        i;
    test_fact_t  *facts[] = {
        &w.unrestricted, &w.excluded, &w.providers, &w.grant
    };

    (void) state;

    w.unrestricted.json = "{\"at\":\"" NOW "\"}";
    w.excluded.json = "{}";
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"starts_at\":\"2026-11-22T18:00:00Z\","
                   "\"expires_at\":\"2026-11-22T20:00:00Z\"}";

    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck("2026-11-22T18:00:00Z");

    w.now = at("2026-11-22T18:00:00Z");
    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck("2026-11-22T20:00:00Z");

    w.now = at("2026-11-22T20:00:00Z");
    expect(ALLOW, "unrestricted", "unrestricted");
    expect_recheck(RESET);

    w.now = at(RESET);
    expect(ALLOW, "excluded", "unrestricted");
    expect_recheck(NULL);

    for (i = 0; i < countof(facts); i++) {
        facts[i]->ends = w.now + 10 + i;
    }

    for (i = 0; i < countof(facts); i++) {
        decide();
        assert_true(w.verdict.recheck_at == facts[i]->ends);
        facts[i]->ends = 0;
    }
}


/* A verdict must not change before its recheck_at */

static void
test_no_change_before_the_recheck(void **state)
{
    size_t   i, resource;
    int64_t  start, end;
    uint8_t  allow, reason;
    static const char  *grants[] = {
        NULL, "?", "{}",
        "{\"role\":\"administrator_full\"}",
        "{\"role\":\"user_full\",\"cameras\":[\"c1\"],\"level\":\"vendor\","
        "\"starts_at\":\"2026-11-22T15:00:00Z\","
        "\"expires_at\":\"2026-11-23T18:00:00Z\"}",
        "{\"role\":\"user_full\",\"cameras\":[\"c1\"],\"level\":\"vendor\","
        "\"granted_at\":\"2026-11-22T16:30:00Z\"}"
    };

    (void) state;

    w.unrestricted.json = "{\"at\":\"2026-11-22T13:00:00Z\"}";
    w.excluded.json = "{\"organizations\":[\"inst\"]}";
    w.excluded.ends = at("2026-11-22T12:30:00Z");

    for (i = 0; i < countof(grants); i++) {
        for (resource = 0; resource < RESOURCES; resource++) {
            w.grant.json = grants[i];
            ask(resources[resource], "c1");

            start = at(NOW);
            end = at("2026-11-25T00:00:00Z");
            w.now = start;
            decide();

            while (w.now < end) {
                allow = w.verdict.allow;
                reason = w.verdict.reason;
                start = w.verdict.recheck_at ? w.verdict.recheck_at : end;

                for (w.now += 7 * MINUTE; w.now < start;
                     w.now += 7 * MINUTE)
                {
                    decide();
                    assert_int_equal(w.verdict.allow, allow);
                    assert_int_equal(w.verdict.reason, reason);
                    assert_true(w.verdict.recheck_at == start
                                || start == end);
                }

                w.now = start - 1;
                decide();
                assert_int_equal(w.verdict.allow, allow);
                assert_int_equal(w.verdict.reason, reason);

                w.now = start;
                decide();
            }
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(test_the_first_source_is_named, setup),
        cmocka_unit_test_setup(test_the_union_opens, setup),
        cmocka_unit_test_setup(test_exclusion, setup),
        cmocka_unit_test_setup(test_providers, setup),
        cmocka_unit_test_setup(test_unrestricted_until_the_reset, setup),
        cmocka_unit_test_setup(test_a_ttl_does_not_outlast_the_reset, setup),
        cmocka_unit_test_setup(test_the_reset_is_the_policys, setup),
        cmocka_unit_test_setup(test_unrestricted_at_the_reset_itself, setup),
        cmocka_unit_test_setup(test_bare_unrestricted, setup),
        cmocka_unit_test_setup(test_unrestricted_from_the_future, setup),
        cmocka_unit_test_setup(test_unrestricted_that_does_not_parse, setup),
        cmocka_unit_test_setup(test_recheck_is_the_earliest, setup),
        cmocka_unit_test_setup(test_no_change_before_the_recheck, setup)
    };

    return cmocka_run_group_tests_name("decide open", tests, NULL, NULL);
}
