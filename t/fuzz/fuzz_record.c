/*
 * Records: each parser gets the same bytes; what parses is asked and decides
 * a request at several times.
 */

#include <stdlib.h>
#include <string.h>

#include "privacy_decide.h"


#define FUZZ_NOW  INT64_C(1795348800000)          /* 2026-11-22T12:00:00Z */
#define FUZZ_END  INT64_C(253402300799999)        /* of year 9999 */


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef size_t (*fuzz_parse_pt)(privacy_str_t json, void *buf, size_t size,
    const char **error);


/* The record in memory of exactly its size, so that ASan sees each overrun */

static void *
fuzz_parse(fuzz_parse_pt parse, privacy_str_t json, privacy_fact_t *fact)
{
    void        *block;
    size_t       size;
    const char  *error = NULL;

    memset(fact, 0, sizeof(privacy_fact_t));
    fact->state = PRIVACY_FACT_INVALID;

    size = parse(json, NULL, 0, &error);

    if ((size == 0) != (error != NULL)) {
        abort();
    }

    if (size == 0) {
        return NULL;
    }

    block = malloc(size);

    if (block == NULL || parse(json, block, size, NULL) != size
        || *(uint32_t *) block != size)
    {
        abort();
    }

    fact->state = PRIVACY_FACT_PRESENT;
    fact->record = block;

    return block;
}


static void
fuzz_decide(const privacy_facts_t *facts, const char *level,
    const char *resource)
{
    size_t             i;
    int64_t            until;
    privacy_policy_t   policy;
    privacy_request_t  request;
    privacy_subject_t  subject;
    privacy_verdict_t  verdict, later;
    static const int64_t  times[] = {
        0, 1, 946684800000, FUZZ_NOW, FUZZ_NOW + 86400000, 4102444800000,
        FUZZ_END
    };

    memset(&policy, 0, sizeof(policy));
    privacy_roles_init(&policy.roles);
    policy.reset.offset = -300;
    policy.grant_ttl[PRIVACY_LEVEL_VENDOR] = 86400000;

    memset(&request, 0, sizeof(request));
    request.user.data = "ann";
    request.user.len = 3;
    request.organization.data = "inst";
    request.organization.len = 4;
    request.account.data = "acme";
    request.account.len = 4;
    request.camera.data = "c1";
    request.camera.len = 2;
    request.level.data = level;
    request.level.len = strlen(level);
    request.resource.data = resource;
    request.resource.len = strlen(resource);

    if (privacy_decide_request(&request, &subject, &verdict)
        != PRIVACY_WANTS_FACTS)
    {
        abort();
    }

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        privacy_decide_facts(&policy, &subject, facts, times[i], &verdict);

        if (verdict.allow != (verdict.role != NULL)
            || verdict.reason == PRIVACY_REASON_NONE
            || (verdict.recheck_at != 0 && verdict.recheck_at <= times[i]))
        {
            abort();
        }

        /* nothing may change before the time that was announced, or ever */

        until = verdict.recheck_at ? verdict.recheck_at - 1 : FUZZ_END;
        privacy_decide_facts(&policy, &subject, facts, until, &later);

        if (later.allow != verdict.allow || later.reason != verdict.reason) {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int              i;
    void            *blocks[4];
    privacy_str_t    json;
    privacy_facts_t  facts;
    static const char  *resources[] = { "system", "live", "export" };

    json.data = (const char *) data;
    json.len = size;

    blocks[0] = fuzz_parse(privacy_unrestricted_parse, json,
                           &facts.unrestricted);
    blocks[1] = fuzz_parse(privacy_excluded_parse, json, &facts.excluded);
    blocks[2] = fuzz_parse(privacy_providers_parse, json, &facts.providers);
    blocks[3] = fuzz_parse(privacy_grant_parse, json, &facts.grant);

    /* keys with and without an end */

    facts.unrestricted.ends = (size & 1) ? FUZZ_NOW + 1000 : 0;
    facts.grant.ends = (size & 2) ? FUZZ_NOW + 2000 : 0;

    for (i = 0; i < 3; i++) {
        fuzz_decide(&facts, "integrator", resources[i]);
        fuzz_decide(&facts, "vendor", resources[i]);
    }

    for (i = 0; i < 4; i++) {
        free(blocks[i]);
    }

    return 0;
}
