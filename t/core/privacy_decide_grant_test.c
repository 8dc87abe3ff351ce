/*
 * Grants: what makes them invalid, their times, users and cameras.
 */

#include "privacy_decide_test.h"


/* Grants */

static void
test_grant_is_invalid(void **state)
{
    unsigned            i;
    static const char  *bad[] = {
        "", "{", "1", "{}", "{\"role\":\"nobody\"}", "{\"role\":\"User_full\"}",
        "{\"role\":\"administrator_full\",\"level\":\"client\"}",
        "{\"role\":\"administrator_full\",\"expires_at\":\"soon\"}",
        "{\"role\":\"administrator_full\",\"role\":\"administrator_full\"}"
    };

    (void) state;

    for (i = 0; i < countof(bad); i++) {
        w.grant.json = bad[i];

        w.providers.json = "[\"inst\"]";
        expect(DENY, "invalid", NULL);
        assert_int_equal(w.verdict.invalid, 1);

        w.providers.json = NULL;
        expect(DENY, "invalid", NULL);

        ask("system", "");
        expect(DENY, "invalid", NULL);
        ask("live", "c1");

        /* it takes nothing away */

        w.providers.json = "[\"inst\"]";
        w.excluded.json = "{}";
        expect(ALLOW, "excluded", "unrestricted");
        assert_int_equal(w.verdict.invalid, 1);
        w.excluded.json = NULL;
    }
}


static void
test_grant_times(void **state)
{
    (void) state;

    w.providers.json = NULL;
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"starts_at\":\"2026-11-22T12:00:00Z\","
                   "\"expires_at\":\"2026-11-22T14:00:00Z\"}";

    w.now = at("2026-11-22T12:00:00Z") - 1;
    expect(DENY, "not_yet", NULL);
    expect_recheck("2026-11-22T12:00:00Z");
    ask("system", "");
    expect(DENY, "not_yet", NULL);

    w.now = at("2026-11-22T12:00:00Z");
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-22T14:00:00Z");

    w.now = at("2026-11-22T14:00:00Z") - 1;
    expect(ALLOW, "grant", "administrator_full");

    w.now = at("2026-11-22T14:00:00Z");
    expect(DENY, "expired", NULL);
    expect_recheck(NULL);
    ask("live", "c1");
    expect(DENY, "expired", NULL);

    /* an end before its start is never in force */

    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"starts_at\":\"2026-11-22T14:00:00Z\","
                   "\"expires_at\":\"2026-11-22T13:00:00Z\"}";
    w.now = at("2026-11-22T12:00:00Z");
    expect(DENY, "not_yet", NULL);
    expect_recheck("2026-11-22T13:00:00Z");
    w.now = at("2026-11-22T13:30:00Z");
    expect(DENY, "not_yet", NULL);
    expect_recheck("2026-11-22T14:00:00Z");
    w.now = at("2026-11-22T14:00:00Z");
    expect(DENY, "expired", NULL);
}


static void
test_grant_key_that_ran_out_is_absent(void **state)
{
    (void) state;

    w.grant.json = "{\"role\":\"administrator_full\"}";

    w.grant.ends = w.now + 1;
    expect(ALLOW, "grant", "administrator_full");
    assert_true(w.verdict.recheck_at == w.now + 1);

    w.grant.ends = w.now;
    expect(DENY, "restricted", NULL);
    expect_recheck(NULL);
    w.providers.json = NULL;
    expect(DENY, "stranger", NULL);

    /* neither is it invalid any more */

    w.grant.json = "{}";
    expect(DENY, "stranger", NULL);
    assert_int_equal(w.verdict.invalid, 0);
}


static void
test_integrators_stay_until_revoked(void **state)
{
    (void) state;

    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"granted_at\":\"2020-01-01T00:00:00Z\"}";
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck(NULL);

    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"level\":\"integrator\"}";
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck(NULL);
}


static void
test_vendors_end_after_a_day(void **state)
{
    (void) state;

    as("vendor", "oncam");
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"granted_at\":\"2026-11-22T11:00:00Z\"}";

    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-23T11:00:00Z");
    w.now = at("2026-11-23T11:00:00Z") - 1;
    expect(ALLOW, "grant", "administrator_full");
    w.now++;
    expect(DENY, "expired", NULL);
    expect_recheck(NULL);

    /* whatever the record or its key claim */

    w.now = at(NOW);
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"granted_at\":\"2026-11-22T11:00:00Z\","
                   "\"expires_at\":\"2027-11-22T11:00:00Z\"}";
    w.grant.ends = at("2028-01-01T00:00:00Z");
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-23T11:00:00Z");
    w.now = at("2026-11-23T11:00:00Z");
    expect(DENY, "expired", NULL);
    expect_recheck("2028-01-01T00:00:00Z");

    /* earlier ends hold */

    w.now = at(NOW);
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"granted_at\":\"2026-11-22T11:00:00Z\","
                   "\"expires_at\":\"2026-11-22T13:00:00Z\"}";
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-22T13:00:00Z");
    w.grant.ends = at("2026-11-22T12:30:00Z");
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-22T12:30:00Z");
}


static void
test_the_stricter_level_limits(void **state)
{
    (void) state;

    w.grant.json = "{\"role\":\"administrator_full\",\"level\":\"vendor\","
                   "\"granted_at\":\"2026-11-22T11:00:00Z\"}";

    as("integrator", "inst");
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-23T11:00:00Z");

    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"level\":\"integrator\","
                   "\"granted_at\":\"2026-11-22T11:00:00Z\"}";
    as("vendor", "inst");
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-23T11:00:00Z");

    w.policy.grant_ttl[PRIVACY_LEVEL_INTEGRATOR] = 2 * HOUR;
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-22T13:00:00Z");

    w.policy.grant_ttl[PRIVACY_LEVEL_INTEGRATOR] = 48 * HOUR;
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-23T11:00:00Z");

    w.policy.grant_ttl[PRIVACY_LEVEL_VENDOR] = 0;
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-24T11:00:00Z");

    w.policy.grant_ttl[PRIVACY_LEVEL_INTEGRATOR] = 0;
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck(NULL);
}


static void
test_claims_without_granted_at(void **state)
{
    (void) state;

    as("vendor", "oncam");

    w.grant.json = "{\"role\":\"administrator_full\"}";
    expect(DENY, "invalid", NULL);
    assert_int_equal(w.verdict.invalid, 1);
    expect_recheck(NULL);

    /* now, the limit and the skew */

    w.grant.ends = w.now + DAY + 5 * MINUTE;
    expect(ALLOW, "grant", "administrator_full");
    assert_true(w.verdict.recheck_at == w.grant.ends);

    w.grant.ends++;
    expect(DENY, "invalid", NULL);
    assert_int_equal(w.verdict.invalid, 1);
    assert_true(w.verdict.recheck_at == w.now + 1);
    ask("system", "");
    expect(ALLOW, "system", "none");
    ask("live", "c1");

    w.grant.ends = 0;
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"expires_at\":\"2026-11-23T12:05:00Z\"}";
    expect(ALLOW, "grant", "administrator_full");
    expect_recheck("2026-11-23T12:05:00Z");
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"expires_at\":\"2026-11-23T12:05:01Z\"}";
    expect(DENY, "invalid", NULL);
    expect_recheck("2026-11-22T12:00:01Z");

    /* the earlier of the two is what it claims */

    w.grant.ends = w.now + HOUR;
    expect(ALLOW, "grant", "administrator_full");
    assert_true(w.verdict.recheck_at == w.now + HOUR);

    /* by the record's level too, and of no consequence without a limit */

    w.grant.ends = 0;
    as("integrator", "inst");
    expect(ALLOW, "grant", "administrator_full");
    w.grant.json = "{\"role\":\"administrator_full\",\"level\":\"vendor\","
                   "\"expires_at\":\"2026-11-23T12:05:01Z\"}";
    expect(DENY, "invalid", NULL);
}


static void
test_granted_in_the_future(void **state)
{
    unsigned            i;
    static const char  *levels[] = { "integrator", "vendor" };

    (void) state;

    for (i = 0; i < countof(levels); i++) {
        as(levels[i], "inst");

        w.grant.json = "{\"role\":\"administrator_full\","
                       "\"granted_at\":\"2026-11-22T12:05:00Z\"}";
        expect(ALLOW, "grant", "administrator_full");

        w.grant.json = "{\"role\":\"administrator_full\","
                       "\"granted_at\":\"2026-11-22T12:05:00.001Z\","
                       "\"expires_at\":\"2026-11-22T13:00:00Z\"}";
        expect(DENY, "invalid", NULL);
        assert_int_equal(w.verdict.invalid, 1);
        assert_true(w.verdict.recheck_at == w.now + 1);

        w.now++;
        expect(ALLOW, "grant", "administrator_full");
        w.now--;
    }
}


static void
test_users(void **state)
{
    (void) state;

    w.providers.json = NULL;
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"users\":[\"ann\",\"J\xc3\xb6rg\"]}";

    expect(ALLOW, "grant", "administrator_full");
    w.request.user = str("J\xc3\xb6rg");
    expect(ALLOW, "grant", "administrator_full");
    w.request.user = str("Ann");
    expect(DENY, "user", NULL);
    w.request.user = str("");
    expect(DENY, "user", NULL);
    ask("system", "");
    expect(DENY, "user", NULL);

    w.grant.json = "{\"role\":\"administrator_full\",\"users\":[]}";
    w.request.user = str("ann");
    expect(DENY, "user", NULL);

    w.grant.json = "{\"role\":\"administrator_full\",\"users\":null}";
    expect(ALLOW, "grant", "administrator_full");
    w.request.user = str("");
    expect(ALLOW, "grant", "administrator_full");
}


static void
test_cameras(void **state)
{
    (void) state;

    w.grant.json = "{\"role\":\"user_full\",\"cameras\":[\"c1\",\"c3\"]}";
    ask("live", "c3");
    expect(ALLOW, "grant", "user_full");
    ask("live", "c2");
    expect(DENY, "camera", NULL);
    ask("live", "c");
    expect(DENY, "camera", NULL);

    w.grant.json = "{\"role\":\"user_full\"}";
    ask("live", "c1");
    expect(DENY, "camera", NULL);

    /* administrators have every camera, whatever is listed */

    w.grant.json = "{\"role\":\"administrator_full\",\"cameras\":[\"c1\"]}";
    ask("live", "c2");
    expect(ALLOW, "grant", "administrator_full");
}


static void
test_the_nearest_miss(void **state)
{
    size_t  i;
    static const struct {
        const char  *lacks;
        const char  *reason;
    } rows[] = {

        /* each row mends what the row before lacked */

        { "{\"role\":\"nobody\",\"starts_at\":\"2026-11-23T00:00:00Z\","
          "\"expires_at\":\"2026-11-01T00:00:00Z\",\"users\":[\"bob\"],"
          "\"cameras\":[\"c9\"]}", "invalid" },
        { "{\"role\":\"user_restricted\","
          "\"starts_at\":\"2026-11-23T00:00:00Z\","
          "\"expires_at\":\"2026-11-01T00:00:00Z\",\"users\":[\"bob\"],"
          "\"cameras\":[\"c9\"]}", "not_yet" },
        { "{\"role\":\"user_restricted\","
          "\"expires_at\":\"2026-11-01T00:00:00Z\",\"users\":[\"bob\"],"
          "\"cameras\":[\"c9\"]}", "expired" },
        { "{\"role\":\"user_restricted\",\"users\":[\"bob\"],"
          "\"cameras\":[\"c9\"]}", "user" },
        { "{\"role\":\"user_restricted\",\"users\":[\"ann\"],"
          "\"cameras\":[\"c9\"]}", "camera" },
        { "{\"role\":\"user_restricted\",\"users\":[\"ann\"],"
          "\"cameras\":[\"c1\"]}", "export" },
        { "{\"role\":\"user_restricted\",\"users\":[\"ann\"],"
          "\"cameras\":[\"c1\"],\"exports\":true}", "role" }
    };

    (void) state;

    ask("export", "c1");

    for (i = 0; i < countof(rows); i++) {
        w.grant.json = rows[i].lacks;
        w.providers.json = "[\"inst\"]";
        expect(DENY, rows[i].reason, NULL);
        w.providers.json = NULL;
        expect(DENY, rows[i].reason, NULL);
    }

    w.grant.json = "{\"role\":\"user_full\",\"users\":[\"ann\"],"
                   "\"cameras\":[\"c1\"],\"exports\":true}";
    expect(ALLOW, "grant", "user_full");
}


/* privacy_grant_end() */

static void
test_grant_end(void **state)
{
    size_t           i;
    int64_t          ends;
    privacy_grant_t  grant;
    static const struct {
        int64_t          granted_at, expires_at, ends;
        privacy_level_e  record, level;
        int64_t          end;
    } rows[] = {
        { 0, 0, 0, 0, PRIVACY_LEVEL_INTEGRATOR, 0 },
        { 0, 9, 0, 0, PRIVACY_LEVEL_INTEGRATOR, 9 },
        { 0, 9, 8, 0, PRIVACY_LEVEL_INTEGRATOR, 8 },
        { 0, 8, 9, 0, PRIVACY_LEVEL_INTEGRATOR, 8 },
        { 5, 0, 0, 0, PRIVACY_LEVEL_INTEGRATOR, 0 },
        { 5, 9, 0, 0, PRIVACY_LEVEL_INTEGRATOR, 9 },
        { 0, 0, 0, 0, PRIVACY_LEVEL_VENDOR, -1 },
        { 0, 0, 0, PRIVACY_LEVEL_VENDOR, PRIVACY_LEVEL_INTEGRATOR, -1 },
        { 0, 0, 0, PRIVACY_LEVEL_INTEGRATOR, PRIVACY_LEVEL_VENDOR, -1 },
        { 5, 0, 0, 0, PRIVACY_LEVEL_VENDOR, 5 + DAY },
        { 5, 9, 0, 0, PRIVACY_LEVEL_VENDOR, 9 },
        { 5, 9, 7, 0, PRIVACY_LEVEL_VENDOR, 7 },
        { 5, 2 * DAY, 0, 0, PRIVACY_LEVEL_VENDOR, 5 + DAY },
        { 5, 0, 3 * DAY, 0, PRIVACY_LEVEL_VENDOR, 5 + DAY },
        { 0, 0, 3 * DAY, 0, PRIVACY_LEVEL_VENDOR, 3 * DAY },
        { 0, 4 * DAY, 0, 0, PRIVACY_LEVEL_VENDOR, 4 * DAY },
        { 5, 0, 0, PRIVACY_LEVEL_VENDOR, PRIVACY_LEVEL_INTEGRATOR, 5 + DAY },
        { 5, 0, 0, 200, PRIVACY_LEVEL_INTEGRATOR, 0 },
        { 5, 0, 0, 0, PRIVACY_LEVELS, 0 }
    };

    (void) state;

    for (i = 0; i < countof(rows); i++) {
        memset(&grant, 0, sizeof(grant));
        grant.granted_at = rows[i].granted_at;
        grant.expires_at = rows[i].expires_at;
        grant.level = rows[i].record;
        ends = privacy_grant_end(&w.policy, &grant, rows[i].ends,
                                 rows[i].level);

        if (ends != rows[i].end) {
            fail_msg("row %u", (unsigned) i);
        }
    }

    /* a limit beyond all times does not wrap around */

    w.policy.grant_ttl[PRIVACY_LEVEL_VENDOR] = INT64_MAX;
    grant.granted_at = 5;
    assert_true(privacy_grant_end(&w.policy, &grant, 0, PRIVACY_LEVEL_VENDOR)
                == INT64_MAX);

    as("vendor", "oncam");
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"expires_at\":\"9999-12-31T23:59:59Z\"}";
    expect(ALLOW, "grant", "administrator_full");
    w.grant.json = "{\"role\":\"administrator_full\","
                   "\"expires_at\":\"1970-01-01T00:00:00Z\"}";
    expect(DENY, "expired", NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(test_grant_is_invalid, setup),
        cmocka_unit_test_setup(test_grant_times, setup),
        cmocka_unit_test_setup(test_grant_key_that_ran_out_is_absent, setup),
        cmocka_unit_test_setup(test_integrators_stay_until_revoked, setup),
        cmocka_unit_test_setup(test_vendors_end_after_a_day, setup),
        cmocka_unit_test_setup(test_the_stricter_level_limits, setup),
        cmocka_unit_test_setup(test_claims_without_granted_at, setup),
        cmocka_unit_test_setup(test_granted_in_the_future, setup),
        cmocka_unit_test_setup(test_users, setup),
        cmocka_unit_test_setup(test_cameras, setup),
        cmocka_unit_test_setup(test_the_nearest_miss, setup),
        cmocka_unit_test_setup(test_grant_end, setup)
    };

    return cmocka_run_group_tests_name("decide grant", tests, NULL, NULL);
}
