/*
 * The world of the rules' tests: a request, and what the store holds.
 */

#ifndef PRIVACY_DECIDE_TEST_H
#define PRIVACY_DECIDE_TEST_H

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


static inline int
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


static inline privacy_fact_t
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


static inline void
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


static inline void
decide(void)
{
    privacy_step_e  step;

    memset(&w.verdict, 0xff, sizeof(w.verdict));
    step = privacy_decide_request(&w.request, &w.subject, &w.verdict);

    if (step == PRIVACY_WANTS_FACTS) {
        decide_facts();
    }
}


static inline void
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


static inline void
ask(const char *resource, const char *camera)
{
    w.request.resource = str(resource);
    w.request.camera = str(camera);
}


static inline void
as(const char *level, const char *organization)
{
    w.request.level = str(level);
    w.request.organization = str(organization);
}


enum { SYSTEM, MANAGE, LIVE, ARCHIVE, EXPORT, RESOURCES };

static const char *const  resources[RESOURCES] = {
    "system", "manage", "live", "archive", "export"
};

#endif /* PRIVACY_DECIDE_TEST_H */
