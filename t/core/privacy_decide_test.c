/*
 * The rules, row by row.  Expectations are written down here once more, as
 * the design has them, and not drawn from the code under test.
 */

#include "privacy_test.h"
#include "privacy_decide.h"


#define NOW  "2026-11-22T12:00:00Z"
#define RESET  "2026-11-23T05:00:00Z"

enum { ALLOW = 1, DENY = 0 };


/* What is asked, and what the store holds; NULL: absent, "?": unknown */

typedef struct {
    const char        *json;
    int64_t            ends;
    uint64_t           block[64];
    privacy_fact_t     fact;
} test_fact_t;

static struct {
    privacy_policy_t   policy;
    privacy_request_t  request;
    privacy_subject_t  subject;
    privacy_verdict_t  verdict;
    int64_t            now;
    test_fact_t        unrestricted;
    test_fact_t        excluded;
    test_fact_t        providers;
    test_fact_t        grant;
} w;


static int
setup(void **state)
{
    (void) state;

    memset(&w, 0, sizeof(w));

    privacy_roles_init(&w.policy.roles);
    w.policy.reset.offset = -300;
    w.policy.grant_ttl[PRIVACY_LEVEL_VENDOR] = DAY;

    w.now = at(NOW);
    w.request.user = str("ann");
    w.request.organization = str("inst");
    w.request.level = str("integrator");
    w.request.account = str("acme");
    w.request.camera = str("c1");
    w.request.resource = str("live");

    w.providers.json = "[\"inst\"]";

    return 0;
}


static privacy_fact_t
fact(test_fact_t *tf, size_t (*parse)(privacy_str_t, void *, size_t,
    const char **))
{
    size_t          size;
    privacy_fact_t  f;

    memset(&f, 0, sizeof(f));
    f.ends = tf->ends;

    if (tf->json == NULL) {
        f.state = PRIVACY_FACT_ABSENT;
        return f;
    }

    if (strcmp(tf->json, "?") == 0) {
        f.state = PRIVACY_FACT_UNKNOWN;
        return f;
    }

    size = parse(str(tf->json), tf->block, sizeof(tf->block), NULL);
    assert_true(size <= sizeof(tf->block));

    f.state = size ? PRIVACY_FACT_PRESENT : PRIVACY_FACT_INVALID;
    f.record = size ? tf->block : NULL;

    return f;
}


static void
decide_facts(void)
{
    privacy_facts_t  facts;

    facts.unrestricted = fact(&w.unrestricted, privacy_unrestricted_parse);
    facts.excluded = fact(&w.excluded, privacy_excluded_parse);
    facts.providers = fact(&w.providers, privacy_providers_parse);
    facts.grant = fact(&w.grant, privacy_grant_parse);

    memset(&w.verdict, 0xff, sizeof(w.verdict));
    privacy_decide_facts(&w.policy, &w.subject, &facts, w.now, &w.verdict);
}


static void
decide(void)
{
    privacy_step_e  step;

    memset(&w.verdict, 0xff, sizeof(w.verdict));
    step = privacy_decide_request(&w.request, &w.subject, &w.verdict);

    if (step == PRIVACY_WANTS_FACTS) {
        decide_facts();
    }
}


static void
check_verdict(int allow, const char *reason, const char *role,
    const char *file, int line)
{
    char           got[128], wanted[128];
    privacy_str_t  name = { "-", 1 }, word;

    if (w.verdict.role != NULL) {
        name = privacy_role_name(w.verdict.role);
    }

    word = privacy_reason_name(w.verdict.reason);

    (void) snprintf(got, sizeof(got), "%d %.*s %.*s", w.verdict.allow,
                    (int) word.len, word.data, (int) name.len, name.data);
    (void) snprintf(wanted, sizeof(wanted), "%d %s %s", allow, reason,
                    role ? role : "-");

    if (strcmp(got, wanted) != 0) {
        print_error("wanted \"%s\", got \"%s\"\n", wanted, got);
        _fail(file, line);
    }
}


/* Decides the world as it is */

#define expect(allow, reason, role)                                           \
    do {                                                                      \
        decide();                                                             \
        check_verdict(allow, reason, role, __FILE__, __LINE__);               \
    } while (0)

#define expect_recheck(text)                                                  \
    assert_true(w.verdict.recheck_at == ((text) ? at(text) : 0))


static void
ask(const char *resource, const char *camera)
{
    w.request.resource = str(resource);
    w.request.camera = str(camera);
}


static void
as(const char *level, const char *organization)
{
    w.request.level = str(level);
    w.request.organization = str(organization);
}


/* The roles table */

enum { SYSTEM, MANAGE, LIVE, ARCHIVE, EXPORT, RESOURCES };

static const char  *resources[RESOURCES] = {
    "system", "manage", "live", "archive", "export"
};

static const struct {
    const char  *name;
    int          opens[RESOURCES];
    int          assigned;
} roles[] = {
    { "none",                     { 1, 0, 0, 0, 0 }, 0 },
    { "unrestricted",             { 1, 1, 1, 1, 1 }, 0 },
    { "administrator_full",       { 1, 1, 1, 1, 1 }, 0 },
    { "administrator_restricted", { 1, 1, 0, 0, 0 }, 0 },
    { "user_full",                { 1, 0, 1, 1, 1 }, 1 },
    { "user_restricted",          { 1, 0, 1, 1, 0 }, 1 }
};


/* A grant to somebody who is no service provider: role x resource x camera */

static void
check_granted_role(unsigned role, int resource, const char *camera,
    int exports)
{
    int          in_scope, video;
    char         grant[256];
    const char  *reason;

    (void) snprintf(grant, sizeof(grant), "{\"role\":\"%s\",\"exports\":%s,"
                    "\"cameras\":[\"c1\",\"c2\"]}", roles[role].name,
                    exports ? "true" : "false");

    w.grant.json = grant;
    ask(resources[resource], camera);

    video = resource >= LIVE;
    in_scope = !roles[role].assigned || strcmp(camera, "c1") == 0;

    if (video && camera[0] == '\0') {
        expect(DENY, "identity", NULL);
        return;
    }

    if (!in_scope && resource == SYSTEM) {
        expect(ALLOW, "grant", "none");
        return;
    }

    reason = !in_scope ? "camera"
             : (resource == EXPORT && !exports) ? "export"
             : !roles[role].opens[resource] ? "role" : NULL;

    if (reason != NULL) {
        expect(DENY, reason, NULL);

    } else {
        expect(ALLOW, "grant", roles[role].name);
    }
}


static void
test_roles_table_by_grant(void **state)
{
    int                 resource, exports;
    unsigned            role, camera;
    static const char  *cameras[] = { "c1", "c9", "" };

    (void) state;

    w.providers.json = NULL;

    for (role = 0; role < countof(roles); role++) {
        for (resource = 0; resource < RESOURCES; resource++) {
            for (camera = 0; camera < countof(cameras); camera++) {
                for (exports = 0; exports <= 1; exports++) {
                    check_granted_role(role, resource, cameras[camera],
                                       exports);
                }
            }
        }
    }
}


/* The account's own provider; the rows "none" and "unrestricted" */

static void
check_own_provider(int resource, const char *camera)
{
    ask(resources[resource], camera);

    if (resource >= LIVE && camera[0] == '\0') {
        expect(DENY, "identity", NULL);
        return;
    }

    if (resource == SYSTEM) {
        expect(ALLOW, "system", "none");

    } else {
        expect(DENY, "restricted", NULL);
    }

    w.excluded.json = "{}";

    if (resource == SYSTEM) {
        expect(ALLOW, "system", "none");

    } else if (resource == EXPORT) {
        expect(DENY, "restricted", NULL);

    } else {
        expect(ALLOW, "excluded", "unrestricted");
    }

    w.excluded.json = NULL;
    w.unrestricted.json = "{\"at\":\"" NOW "\"}";

    if (resource == SYSTEM) {
        expect(ALLOW, "system", "none");

    } else if (resource == EXPORT) {
        expect(DENY, "restricted", NULL);

    } else {
        expect(ALLOW, "unrestricted", "unrestricted");
    }

    w.unrestricted.json = "{\"at\":\"" NOW "\",\"exports\":true}";

    if (resource == SYSTEM) {
        expect(ALLOW, "system", "none");

    } else {
        expect(ALLOW, "unrestricted", "unrestricted");
    }

    w.unrestricted.json = NULL;
}


static void
test_roles_table_of_own_providers(void **state)
{
    int                 resource, level, all;
    unsigned            camera;
    static const char  *cameras[] = { "c1", "c9", "" };

    (void) state;

    for (resource = 0; resource < RESOURCES; resource++) {
        for (camera = 0; camera < countof(cameras); camera++) {

            /* named in the record; every vendor; every integrator */

            for (level = 0; level <= 1; level++) {
                for (all = 0; all <= 1; all++) {
                    as(level ? "vendor" : "integrator", "inst");
                    w.request.all_serve = all;
                    w.providers.json = (level || all) ? "[]" : "[\"inst\"]";
                    check_own_provider(resource, cameras[camera]);
                }
            }
        }
    }
}


static void
test_strangers_get_nothing(void **state)
{
    int  resource;

    (void) state;

    w.providers.json = "[\"other\"]";
    w.unrestricted.json = "{\"at\":\"" NOW "\",\"exports\":true}";
    w.excluded.json = "{}";

    for (resource = 0; resource < RESOURCES; resource++) {
        ask(resources[resource], "c1");
        expect(DENY, "stranger", NULL);
    }

    w.providers.json = NULL;
    expect(DENY, "stranger", NULL);

    /* also where the exclusion names them */

    w.excluded.json = "{\"organizations\":[\"inst\"]}";
    ask("live", "c1");
    expect(DENY, "stranger", NULL);
}


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


/* Redefined roles */

static void
redefine(const char *name, const char *a, const char *b)
{
    privacy_str_t  words[2];

    words[0] = str(a);
    words[1] = str(b);

    assert_int_equal(privacy_roles_define(&w.policy.roles, str(name), words,
                                          (a != NULL) + (b != NULL), NULL),
                     PRIVACY_ROLE_OK);
}


static void
test_none_that_opens_nothing(void **state)
{
    (void) state;

    redefine("none", NULL, NULL);

    ask("system", "");
    expect(DENY, "restricted", NULL);

    w.unrestricted.json = "{\"at\":\"" NOW "\"}";
    expect(ALLOW, "unrestricted", "unrestricted");
    w.unrestricted.json = NULL;
    w.excluded.json = "{}";
    expect(ALLOW, "excluded", "unrestricted");
    w.excluded.json = NULL;

    /* a grant brings no more of "none" than there is */

    w.grant.json = "{\"role\":\"user_full\",\"cameras\":[\"c1\"]}";
    expect(DENY, "camera", NULL);
    ask("system", "c1");
    expect(ALLOW, "grant", "user_full");

    redefine("guest", "live", NULL);
    w.grant.json = "{\"role\":\"guest\"}";
    expect(DENY, "role", NULL);
}


static void
test_none_that_opens_more(void **state)
{
    (void) state;

    redefine("none", "live", "export");

    ask("live", "c1");
    expect(ALLOW, "system", "none");
    ask("system", "");
    expect(DENY, "restricted", NULL);
    ask("export", "c1");
    expect(DENY, "restricted", NULL);

    /* a grant brings only the "system" of it */

    w.providers.json = NULL;
    w.grant.json = "{\"role\":\"administrator_restricted\"}";
    ask("live", "c1");
    expect(DENY, "role", NULL);

    redefine("guest", "archive", NULL);
    w.grant.json = "{\"role\":\"guest\"}";
    ask("system", "");
    expect(DENY, "role", NULL);
    redefine("none", "system", NULL);
    expect(ALLOW, "grant", "none");
}


static void
test_roles_without_a_list_of_cameras(void **state)
{
    (void) state;

    redefine("none", "system", "cameras=assigned");
    ask("system", "c1");
    expect(DENY, "restricted", NULL);
    ask("system", "");
    expect(DENY, "restricted", NULL);

    w.grant.json = "{\"role\":\"user_full\",\"cameras\":[\"c1\"]}";
    ask("system", "c2");
    expect(DENY, "camera", NULL);
    w.grant.json = NULL;

    redefine("unrestricted", "live", "cameras=assigned");
    w.unrestricted.json = "{\"at\":\"" NOW "\"}";
    w.excluded.json = "{}";
    ask("live", "c1");
    expect(DENY, "restricted", NULL);
}


static void
test_roles_of_ones_own(void **state)
{
    (void) state;

    redefine("guard", "live", "cameras=assigned");
    w.providers.json = NULL;
    w.grant.json = "{\"role\":\"guard\",\"cameras\":[\"c1\"]}";

    ask("live", "c1");
    expect(ALLOW, "grant", "guard");
    ask("live", "c2");
    expect(DENY, "camera", NULL);
    ask("archive", "c1");
    expect(DENY, "role", NULL);
    ask("system", "");
    expect(ALLOW, "grant", "none");
    ask("manage", "");
    expect(DENY, "camera", NULL);
    ask("manage", "c1");
    expect(DENY, "role", NULL);
}


static void
test_unrestricted_redefined(void **state)
{
    (void) state;

    redefine("unrestricted", "live", NULL);
    w.unrestricted.json = "{\"at\":\"" NOW "\",\"exports\":true}";

    ask("live", "c1");
    expect(ALLOW, "unrestricted", "unrestricted");
    ask("archive", "c1");
    expect(DENY, "restricted", NULL);
    ask("export", "c1");
    expect(DENY, "restricted", NULL);
    ask("manage", "");
    expect(DENY, "restricted", NULL);
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
        cmocka_unit_test_setup(test_roles_table_by_grant, setup),
        cmocka_unit_test_setup(test_roles_table_of_own_providers, setup),
        cmocka_unit_test_setup(test_strangers_get_nothing, setup),
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
        cmocka_unit_test_setup(test_none_that_opens_nothing, setup),
        cmocka_unit_test_setup(test_none_that_opens_more, setup),
        cmocka_unit_test_setup(test_roles_without_a_list_of_cameras, setup),
        cmocka_unit_test_setup(test_roles_of_ones_own, setup),
        cmocka_unit_test_setup(test_unrestricted_redefined, setup),
        cmocka_unit_test_setup(test_unknown_facts, setup),
        cmocka_unit_test_setup(test_zeroed_facts_are_unknown, setup),
        cmocka_unit_test_setup(test_subjects_that_do_not_belong_here, setup),
        cmocka_unit_test_setup(test_unavailable, setup),
        cmocka_unit_test_setup(test_recheck_is_the_earliest, setup),
        cmocka_unit_test_setup(test_no_change_before_the_recheck, setup),
        cmocka_unit_test_setup(test_grant_end, setup)
    };

    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
