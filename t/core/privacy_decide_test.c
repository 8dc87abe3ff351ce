/*
 * Who asks for what: rules 1 to 4, and 6.
 */

#include "privacy_decide_test.h"


/* Rule 1 */

static void
test_levels(void **state)
{
    unsigned            i;
    static const char  *none[] = { "", "operator", "admin", "Vendor", "root" };

    (void) state;

    w.unrestricted.json = "1";
    w.unrestricted.ends = w.now + 1;

    for (i = 0; i < countof(none); i++) {
        as(none[i], "inst");
        expect(DENY, "identity", NULL);
        expect_recheck(NULL);
        as(none[i], "acme");
        expect(DENY, "identity", NULL);
    }
}


static void
test_resources(void **state)
{
    unsigned            i, j;
    static const char  *none[] = { "", "Live", "video", "live ", "all" };
    static const char  *levels[] = {
        "client", "client_admin", "integrator", "vendor", "federated"
    };

    (void) state;

    for (i = 0; i < countof(levels); i++) {
        as(levels[i], "acme");

        for (j = 0; j < countof(none); j++) {
            ask(none[j], "c1");
            expect(DENY, "identity", NULL);
        }

        for (j = LIVE; j <= EXPORT; j++) {
            ask(resources[j], "");
            expect(DENY, "identity", NULL);
            ask(resources[j], "c1");
            decide();
            assert_int_not_equal(w.verdict.reason, PRIVACY_REASON_IDENTITY);
        }

        for (j = SYSTEM; j <= MANAGE; j++) {
            ask(resources[j], "");
            decide();
            assert_int_not_equal(w.verdict.reason, PRIVACY_REASON_IDENTITY);
        }
    }
}


static void
test_malformed_words(void **state)
{
    char           longest[257];
    unsigned       i, j;
    privacy_str_t  bad[9];
    static const char  *levels[] = {
        "client", "client_admin", "integrator", "vendor", "federated"
    };

    (void) state;

    memset(longest, 'x', sizeof(longest));
    bad[0] = lit("a}:grant:x");
    bad[1] = lit("a b");
    bad[2] = lit("a\r\n");
    bad[3] = lit("a\0");
    bad[4] = lit("\0");
    bad[5] = str_of(longest, 129);
    bad[6] = lit("{acme}");
    bad[7] = lit("acm\xc3\xa9");
    bad[8] = lit("*");

    for (i = 0; i < countof(levels); i++) {
        as(levels[i], "acme");

        for (j = 0; j < countof(bad); j++) {
            w.request.account = bad[j];
            expect(DENY, "identity", NULL);
            w.request.account = str("acme");

            w.request.organization = bad[j];
            expect(DENY, "identity", NULL);
            w.request.organization = str("acme");

            w.request.camera = bad[j];
            expect(DENY, "identity", NULL);

            /* also where no camera is needed, and where nothing is asked */

            w.request.resource = str("system");
            expect(DENY, "identity", NULL);
            w.request.resource = str("live");

            w.request.registry = 1;
            expect(DENY, "identity", NULL);
            w.request.registry = 0;
            w.request.camera = str("c1");
        }

        w.request.user = lit("a\nb");
        expect(DENY, "identity", NULL);
        w.request.user = lit("a\0");
        expect(DENY, "identity", NULL);
        w.request.user = lit("\xff");
        expect(DENY, "identity", NULL);
        w.request.user = str_of(longest, 257);
        expect(DENY, "identity", NULL);

        w.request.user = str_of(longest, 256);
        decide();
        assert_int_not_equal(w.verdict.reason, PRIVACY_REASON_IDENTITY);
        w.request.user = lit("J\xc3\xb6rg {x}");
        decide();
        assert_int_not_equal(w.verdict.reason, PRIVACY_REASON_IDENTITY);
        w.request.user = lit("");
        decide();
        assert_int_not_equal(w.verdict.reason, PRIVACY_REASON_IDENTITY);

        w.request.account = str_of(longest, 128);
        decide();
        assert_int_not_equal(w.verdict.reason, PRIVACY_REASON_IDENTITY);
        w.request.account = str("acme");
    }
}


static void
test_missing_words(void **state)
{
    unsigned            i;
    static const char  *levels[] = {
        "client", "client_admin", "integrator", "vendor"
    };

    (void) state;

    for (i = 0; i < countof(levels); i++) {
        as(levels[i], "");
        expect(DENY, "identity", NULL);
        w.request.account = str("");
        expect(DENY, "identity", NULL);
        as(levels[i], "acme");
        expect(DENY, "identity", NULL);

        /* the registry says the account, of a camera only */

        w.request.registry = 1;
        ask("live", "c1");
        assert_int_equal(privacy_decide_request(&w.request, &w.subject,
                                                &w.verdict),
                         PRIVACY_WANTS_OWNER);
        ask("system", "");
        expect(DENY, "identity", NULL);

        as(levels[i], "");
        ask("live", "c1");
        expect(DENY, "identity", NULL);

        w.request.registry = 0;
        w.request.account = str("acme");
    }

    /* an empty organization is nobody's, also not an empty account's */

    as("client", "");
    w.request.account = str("");
    expect(DENY, "identity", NULL);
}


static void
test_identity_comes_first(void **state)
{
    (void) state;

    /* before the exemption, the registry and the owner */

    as("federated", "a b");
    expect(DENY, "identity", NULL);

    as("client", "acme");
    w.request.registry = 1;
    ask("live", "");
    expect(DENY, "identity", NULL);
    assert_null(w.verdict.role);
    assert_int_equal(w.verdict.invalid, 0);
}


/* Rule 2 */

static void
test_federated(void **state)
{
    int  resource;

    (void) state;

    for (resource = 0; resource < RESOURCES; resource++) {
        as("federated", "fed");
        ask(resources[resource], "c1");

        w.request.registry = 0;
        expect(ALLOW, "exempt", NULL);
        expect_recheck(NULL);

        w.request.registry = 1;
        expect(ALLOW, "exempt", NULL);

        as("federated", "");
        w.request.account = str("");
        w.request.user = str("");
        expect(ALLOW, "exempt", NULL);
        w.request.account = str("acme");
    }
}


/* Rule 3 */

static void
decide_owner(const char *owner, int64_t ends)
{
    privacy_str_t   exact = str_exact(str(owner));
    privacy_step_e  step;

    w.request.registry = 1;
    memset(&w.verdict, 0xff, sizeof(w.verdict));

    assert_int_equal(privacy_decide_request(&w.request, &w.subject,
                                            &w.verdict),
                     PRIVACY_WANTS_OWNER);
    assert_int_equal(w.verdict.allow, 0);

    step = privacy_decide_owner(&w.subject, exact, ends, &w.verdict);

    if (step == PRIVACY_WANTS_FACTS) {
        assert_int_equal(w.verdict.allow, 0);
        decide_facts();
    }

    w.subject.account.data = NULL;
    str_free(exact);
}

#define expect_owner(owner, ends, allow, reason, role)                        \
    do {                                                                      \
        decide_owner(owner, ends);                                            \
        check_verdict(allow, reason, role, __FILE__, __LINE__);               \
    } while (0)


static void
test_registry(void **state)
{
    unsigned            i;
    static const char  *levels[] = { "client", "client_admin" };

    (void) state;

    for (i = 0; i < countof(levels); i++) {
        as(levels[i], "acme");

        expect_owner("acme", 0, ALLOW, "owner", NULL);
        expect_recheck(NULL);
        expect_owner("acme", at(RESET), ALLOW, "owner", NULL);
        expect_recheck(RESET);
        expect_owner("other", at(RESET), DENY, "foreign_camera", NULL);
        expect_recheck(RESET);
        expect_owner("", 0, DENY, "foreign_camera", NULL);
        expect_recheck(NULL);
        expect_owner("acme}", 0, DENY, "foreign_camera", NULL);
        expect_owner("Acme", 0, DENY, "foreign_camera", NULL);
        expect_owner("acmes", 0, DENY, "foreign_camera", NULL);

        /* the registry says the account */

        w.request.account = str("");
        expect_owner("acme", 0, ALLOW, "owner", NULL);
        expect_owner("other", at(RESET), DENY, "foreign_account", NULL);
        expect_recheck(RESET);
        expect_owner("", 0, DENY, "foreign_camera", NULL);
        expect_owner("a b", 0, DENY, "foreign_camera", NULL);

        /* before the owner's rule: not even a stranger's account */

        w.request.account = str("other");
        expect_owner("acme", 0, DENY, "foreign_camera", NULL);
        expect_owner("other", 0, DENY, "foreign_account", NULL);
        w.request.account = str("acme");
    }
}


static void
test_registry_of_providers(void **state)
{
    (void) state;

    w.unrestricted.json = "{\"at\":\"" NOW "\"}";

    expect_owner("acme", 0, ALLOW, "unrestricted", "unrestricted");
    expect_recheck(RESET);
    expect_owner("other", 0, DENY, "foreign_camera", NULL);
    expect_owner("", 0, DENY, "foreign_camera", NULL);
    expect_owner("a}:x", 0, DENY, "foreign_camera", NULL);

    w.request.account = str("");
    expect_owner("acme", 0, ALLOW, "unrestricted", "unrestricted");

    /* the end of the registry's key is part of the verdict */

    expect_owner("acme", w.now + MINUTE, ALLOW, "unrestricted",
                 "unrestricted");
    assert_true(w.verdict.recheck_at == w.now + MINUTE);

    w.unrestricted.json = NULL;
    expect_owner("acme", w.now + MINUTE, DENY, "restricted", NULL);
    assert_true(w.verdict.recheck_at == w.now + MINUTE);
}


static void
test_registry_key_that_ran_out(void **state)
{
    (void) state;

    w.unrestricted.json = "{\"at\":\"" NOW "\"}";

    expect_owner("acme", w.now + 1, ALLOW, "unrestricted", "unrestricted");

    w.subject.account = str("acme");
    w.now++;
    decide_facts();
    check_verdict(DENY, "foreign_camera", NULL, __FILE__, __LINE__);
    expect_recheck(NULL);
}


static void
test_registry_is_not_asked_without_a_camera(void **state)
{
    (void) state;

    w.request.registry = 1;

    as("client", "acme");
    ask("manage", "");
    expect(ALLOW, "owner", NULL);

    as("integrator", "inst");
    ask("system", "");
    expect(ALLOW, "system", "none");
}


/* Rule 4 */

static void
test_owners(void **state)
{
    int                 resource;
    unsigned            i;
    static const char  *levels[] = { "client", "client_admin" };

    (void) state;

    for (i = 0; i < countof(levels); i++) {
        for (resource = 0; resource < RESOURCES; resource++) {
            ask(resources[resource], "c1");

            /* no fact is asked for: the first step decides */

            as(levels[i], "acme");
            assert_int_equal(privacy_decide_request(&w.request, &w.subject,
                                                    &w.verdict),
                             PRIVACY_DECIDED);
            check_verdict(ALLOW, "owner", NULL, __FILE__, __LINE__);
            expect_recheck(NULL);

            as(levels[i], "acme2");
            assert_int_equal(privacy_decide_request(&w.request, &w.subject,
                                                    &w.verdict),
                             PRIVACY_DECIDED);
            check_verdict(DENY, "foreign_account", NULL, __FILE__, __LINE__);

            as(levels[i], "acm");
            expect(DENY, "foreign_account", NULL);
            as(levels[i], "ACME");
            expect(DENY, "foreign_account", NULL);
        }
    }
}


static void
test_a_service_provider_is_no_owner(void **state)
{
    (void) state;

    as("client", "inst");
    expect(DENY, "foreign_account", NULL);
    as("integrator", "acme");
    w.providers.json = "[]";
    expect(DENY, "stranger", NULL);
}


/* Rule 6 */

static void
test_unknown_facts(void **state)
{
    size_t        i;
    test_fact_t  *facts[] = {
        &w.unrestricted, &w.excluded, &w.providers, &w.grant
    };

    (void) state;

    for (i = 0; i < countof(facts); i++) {
        (void) setup(NULL);
        facts[i]->json = "?";
        expect(DENY, "unavailable", NULL);
        assert_int_equal(w.verdict.invalid, 0);
    }

    /* what is known opens */

    (void) setup(NULL);
    w.grant.json = "{\"role\":\"administrator_full\"}";
    w.unrestricted.json = "?";
    w.excluded.json = "?";
    w.providers.json = "?";
    expect(ALLOW, "grant", "administrator_full");
    ask("system", "");
    expect(ALLOW, "grant", "administrator_full");
    ask("export", "c1");
    expect(DENY, "unavailable", NULL);

    (void) setup(NULL);
    w.unrestricted.json = "{\"at\":\"" NOW "\"}";
    w.excluded.json = "?";
    w.grant.json = "?";
    expect(ALLOW, "unrestricted", "unrestricted");
    ask("system", "");
    expect(ALLOW, "system", "none");

    /* an unrestricted account is open to nobody as long as nobody serves */

    ask("live", "c1");
    w.providers.json = "?";
    expect(DENY, "unavailable", NULL);

    (void) setup(NULL);
    w.excluded.json = "{}";
    w.unrestricted.json = "?";
    w.grant.json = "?";
    expect(ALLOW, "excluded", "unrestricted");
}


static void
test_zeroed_facts_are_unknown(void **state)
{
    privacy_facts_t    facts;
    privacy_policy_t   policy;
    privacy_subject_t  subject;
    privacy_verdict_t  verdict;

    (void) state;

    memset(&facts, 0, sizeof(facts));
    memset(&policy, 0, sizeof(policy));
    memset(&verdict, 0, sizeof(verdict));

    assert_int_equal(verdict.allow, 0);

    assert_int_equal(privacy_decide_request(&w.request, &subject, &verdict),
                     PRIVACY_WANTS_FACTS);
    assert_int_equal(verdict.allow, 0);

    privacy_decide_facts(&w.policy, &subject, &facts, w.now, &verdict);
    assert_int_equal(verdict.allow, 0);
    assert_int_equal(verdict.reason, PRIVACY_REASON_UNAVAILABLE);

    /* neither does a zeroed policy open anything */

    facts.unrestricted.state = PRIVACY_FACT_ABSENT;
    facts.excluded.state = PRIVACY_FACT_ABSENT;
    facts.providers.state = PRIVACY_FACT_ABSENT;
    facts.grant.state = PRIVACY_FACT_ABSENT;
    subject.all_serve = 1;
    subject.resource = PRIVACY_RESOURCE_SYSTEM;
    privacy_decide_facts(&policy, &subject, &facts, w.now, &verdict);
    assert_int_equal(verdict.allow, 0);
    assert_int_equal(verdict.reason, PRIVACY_REASON_RESTRICTED);

    /* a fact that is said to be there, and is not */

    facts.grant.state = PRIVACY_FACT_PRESENT;
    facts.unrestricted.state = PRIVACY_FACT_PRESENT;
    privacy_decide_facts(&policy, &subject, &facts, w.now, &verdict);
    assert_int_equal(verdict.allow, 0);
    assert_int_equal(verdict.reason, PRIVACY_REASON_INVALID);
    assert_int_equal(verdict.invalid, 1);
}


static void
test_subjects_that_do_not_belong_here(void **state)
{
    privacy_facts_t    facts;
    privacy_subject_t  subject;

    (void) state;

    memset(&facts, 0, sizeof(facts));
    facts.grant.state = PRIVACY_FACT_ABSENT;

    memset(&subject, 0, sizeof(subject));
    privacy_decide_facts(&w.policy, &subject, &facts, w.now, &w.verdict);
    check_verdict(DENY, "identity", NULL, __FILE__, __LINE__);

    as("client", "acme");
    (void) privacy_decide_request(&w.request, &subject, &w.verdict);
    privacy_decide_facts(&w.policy, &subject, &facts, w.now, &w.verdict);
    check_verdict(DENY, "identity", NULL, __FILE__, __LINE__);

    /* of a request that was denied, nothing is kept */

    as("integrator", "a b");
    (void) privacy_decide_request(&w.request, &subject, &w.verdict);
    assert_null(subject.organization.data);
    privacy_decide_facts(&w.policy, &subject, &facts, w.now, &w.verdict);
    check_verdict(DENY, "identity", NULL, __FILE__, __LINE__);

    /* the registry was to say the account, and was not asked */

    as("integrator", "inst");
    w.request.account = str("");
    w.request.registry = 1;
    (void) privacy_decide_request(&w.request, &subject, &w.verdict);
    privacy_decide_facts(&w.policy, &subject, &facts, w.now, &w.verdict);
    check_verdict(DENY, "identity", NULL, __FILE__, __LINE__);
}


static void
test_unavailable(void **state)
{
    (void) state;

    memset(&w.verdict, 0xff, sizeof(w.verdict));
    privacy_decide_unavailable(&w.verdict);
    check_verdict(DENY, "unavailable", NULL, __FILE__, __LINE__);
    expect_recheck(NULL);
    assert_int_equal(w.verdict.invalid, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(test_levels, setup),
        cmocka_unit_test_setup(test_resources, setup),
        cmocka_unit_test_setup(test_malformed_words, setup),
        cmocka_unit_test_setup(test_missing_words, setup),
        cmocka_unit_test_setup(test_identity_comes_first, setup),
        cmocka_unit_test_setup(test_federated, setup),
        cmocka_unit_test_setup(test_registry, setup),
        cmocka_unit_test_setup(test_registry_of_providers, setup),
        cmocka_unit_test_setup(test_registry_key_that_ran_out, setup),
        cmocka_unit_test_setup(test_registry_is_not_asked_without_a_camera,
                               setup),
        cmocka_unit_test_setup(test_owners, setup),
        cmocka_unit_test_setup(test_a_service_provider_is_no_owner, setup),
        cmocka_unit_test_setup(test_unknown_facts, setup),
        cmocka_unit_test_setup(test_zeroed_facts_are_unknown, setup),
        cmocka_unit_test_setup(test_subjects_that_do_not_belong_here, setup),
        cmocka_unit_test_setup(test_unavailable, setup)
    };

    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
