/*
 * The rules: from a request and facts to a verdict.
 */

#include <string.h>

#include "privacy_decide.h"
#include "privacy_key.h"


/* One question about an account's facts; lives as long as the call */

typedef struct {
    const privacy_policy_t   *policy;
    const privacy_subject_t  *subject;
    const privacy_facts_t    *facts;
    int64_t                   now;
    int64_t                   recheck_at;
    uint8_t                   serves;       /* the account's own provider */
    uint8_t                   invalid;
    uint8_t                   unknown;
} privacy_case_t;


static int
privacy_str_equal(privacy_str_t a, privacy_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


static privacy_step_e
privacy_verdict_set(privacy_verdict_t *verdict, int allow,
    privacy_reason_e reason)
{
    memset(verdict, 0, sizeof(privacy_verdict_t));

    verdict->allow = allow;
    verdict->reason = reason;

    return PRIVACY_DECIDED;
}


/* Rule 4 */

static privacy_step_e
privacy_decide_client(const privacy_subject_t *subject,
    privacy_verdict_t *verdict)
{
    if (privacy_str_equal(subject->organization, subject->account)) {
        return privacy_verdict_set(verdict, 1, PRIVACY_REASON_OWNER);
    }

    return privacy_verdict_set(verdict, 0, PRIVACY_REASON_FOREIGN_ACCOUNT);
}


static int
privacy_id_fits(privacy_str_t id)
{
    return id.len == 0 || privacy_id_valid(id);
}


/* Rule 1: 1 if everything is there that the rules need, and well-formed */

static int
privacy_request_complete(const privacy_request_t *request,
    const privacy_subject_t *subject)
{
    if (subject->level == PRIVACY_LEVEL_NONE
        || subject->level == PRIVACY_LEVEL_OPERATOR
        || subject->resource == PRIVACY_RESOURCE_NONE)
    {
        return 0;
    }

    if (!privacy_id_fits(request->organization)
        || !privacy_id_fits(request->account)
        || !privacy_id_fits(request->camera)
        || (request->user.len != 0 && !privacy_user_valid(request->user)))
    {
        return 0;
    }

    if (request->camera.len == 0
        && subject->resource >= PRIVACY_RESOURCE_LIVE)
    {
        return 0;
    }

    if (subject->level == PRIVACY_LEVEL_FEDERATED) {
        return 1;
    }

    if (request->organization.len == 0) {
        return 0;
    }

    return request->account.len != 0
           || (request->registry && request->camera.len != 0);
}


privacy_step_e
privacy_decide_request(const privacy_request_t *request,
    privacy_subject_t *subject, privacy_verdict_t *verdict)
{
    memset(subject, 0, sizeof(privacy_subject_t));

    subject->level = privacy_level_parse(request->level);
    subject->resource = privacy_resource_parse(request->resource);

    if (!privacy_request_complete(request, subject)) {
        return privacy_verdict_set(verdict, 0, PRIVACY_REASON_IDENTITY);
    }

    subject->user = request->user;
    subject->organization = request->organization;
    subject->account = request->account;
    subject->camera = request->camera;
    subject->registry = request->registry;
    subject->all_serve = request->all_serve;

    if (subject->level == PRIVACY_LEVEL_FEDERATED) {
        return privacy_verdict_set(verdict, 1, PRIVACY_REASON_EXEMPT);
    }

    memset(verdict, 0, sizeof(privacy_verdict_t));

    if (subject->registry && subject->camera.len != 0) {
        return PRIVACY_WANTS_OWNER;
    }

    if (!privacy_is_provider(subject->level)) {
        return privacy_decide_client(subject, verdict);
    }

    return PRIVACY_WANTS_FACTS;
}


privacy_step_e
privacy_decide_owner(privacy_subject_t *subject, privacy_str_t owner,
    int64_t ends, privacy_verdict_t *verdict)
{
    privacy_step_e  step;

    subject->owner_ends = ends;

    if (!privacy_id_valid(owner)
        || (subject->account.len != 0
            && !privacy_str_equal(subject->account, owner)))
    {
        step = privacy_verdict_set(verdict, 0, PRIVACY_REASON_FOREIGN_CAMERA);
        verdict->recheck_at = ends;

        return step;
    }

    subject->account = owner;

    if (!privacy_is_provider(subject->level)) {
        step = privacy_decide_client(subject, verdict);
        verdict->recheck_at = ends;

        return step;
    }

    memset(verdict, 0, sizeof(privacy_verdict_t));

    return PRIVACY_WANTS_FACTS;
}


static void
privacy_case_recheck(privacy_case_t *pc, int64_t at)
{
    if (at > pc->now && (pc->recheck_at == 0 || at < pc->recheck_at)) {
        pc->recheck_at = at;
    }
}


/* What a fact is by now; notes what the verdict has to know of it */

static privacy_fact_e
privacy_case_state(privacy_case_t *pc, const privacy_fact_t *fact)
{
    if (fact->state == PRIVACY_FACT_UNKNOWN) {
        pc->unknown = 1;
        return PRIVACY_FACT_UNKNOWN;
    }

    if (fact->state == PRIVACY_FACT_ABSENT
        || (fact->ends != 0 && fact->ends <= pc->now))
    {
        return PRIVACY_FACT_ABSENT;
    }

    privacy_case_recheck(pc, fact->ends);

    if (fact->state == PRIVACY_FACT_INVALID || fact->record == NULL) {
        pc->invalid = 1;
        return PRIVACY_FACT_INVALID;
    }

    return PRIVACY_FACT_PRESENT;
}


static int
privacy_case_serves(privacy_case_t *pc)
{
    const privacy_fact_t       *fact = &pc->facts->providers;
    const privacy_providers_t  *record = fact->record;

    if (pc->subject->level == PRIVACY_LEVEL_VENDOR || pc->subject->all_serve) {
        return 1;
    }

    if (privacy_case_state(pc, fact) != PRIVACY_FACT_PRESENT) {
        return 0;
    }

    return privacy_list_has(record, &record->organizations,
                            pc->subject->organization);
}


/*
 * 1 if one of the roles that come without a list of cameras opens the
 * resource: with a scope of assigned cameras it has none.
 */

static int
privacy_case_opens(const privacy_case_t *pc, unsigned index, int exports)
{
    const privacy_role_t  *role = &pc->policy->roles.roles[index];

    if (role->assigned
        || (pc->subject->resource == PRIVACY_RESOURCE_EXPORT && !exports))
    {
        return 0;
    }

    return (role->resources & privacy_resource_bit(pc->subject->resource))
           != 0;
}


static int
privacy_case_unrestricted(privacy_case_t *pc)
{
    int                            video;
    int64_t                        reset;
    const privacy_fact_t          *fact = &pc->facts->unrestricted;
    const privacy_unrestricted_t  *record = fact->record;

    if (privacy_case_state(pc, fact) != PRIVACY_FACT_PRESENT) {
        return 0;
    }

    if (record->bare) {
        video = fact->ends != 0;

    } else {
        if (record->at - PRIVACY_CLOCK_SKEW > pc->now) {
            privacy_case_recheck(pc, record->at - PRIVACY_CLOCK_SKEW);
            return 0;
        }

        reset = privacy_reset_after(&pc->policy->reset, record->at);
        privacy_case_recheck(pc, reset);
        video = pc->now < reset;
    }

    if (pc->subject->resource >= PRIVACY_RESOURCE_LIVE && !video) {
        return 0;
    }

    return privacy_case_opens(pc, PRIVACY_ROLE_UNRESTRICTED, record->exports);
}


static int
privacy_case_excluded(privacy_case_t *pc)
{
    const privacy_fact_t      *fact = &pc->facts->excluded;
    const privacy_excluded_t  *record = fact->record;

    if (privacy_case_state(pc, fact) != PRIVACY_FACT_PRESENT) {
        return 0;
    }

    if (!record->everybody
        && !privacy_list_has(record, &record->organizations,
                             pc->subject->organization))
    {
        return 0;
    }

    return privacy_case_opens(pc, PRIVACY_ROLE_UNRESTRICTED, 0);
}


/* The stricter of two levels' limits, in ms; 0: none */

static int64_t
privacy_grant_limit(const privacy_policy_t *policy,
    const privacy_grant_t *grant, privacy_level_e level)
{
    int64_t  asked, written;

    asked = ((unsigned) level < PRIVACY_LEVELS) ? policy->grant_ttl[level] : 0;

    written = (grant->level != PRIVACY_LEVEL_NONE
               && grant->level < PRIVACY_LEVELS)
              ? policy->grant_ttl[grant->level] : 0;

    if (asked == 0 || (written != 0 && written < asked)) {
        return written;
    }

    return asked;
}


int64_t
privacy_grant_end(const privacy_policy_t *policy, const privacy_grant_t *grant,
    int64_t ends, privacy_level_e level)
{
    int64_t  end, limit, most;

    end = ends;

    if (grant->expires_at != 0 && (end == 0 || grant->expires_at < end)) {
        end = grant->expires_at;
    }

    limit = privacy_grant_limit(policy, grant, level);

    if (limit == 0) {
        return end;
    }

    if (grant->granted_at == 0) {
        return end ? end : -1;
    }

    most = (limit > INT64_MAX - grant->granted_at)
           ? INT64_MAX : grant->granted_at + limit;

    return (end == 0 || most < end) ? most : end;
}


/* 1 if the grant, which is to end at "end", claims what it may have by now */

static int
privacy_case_claim(privacy_case_t *pc, const privacy_grant_t *grant,
    int64_t end)
{
    int64_t  from, limit;

    if (end == -1) {
        return 0;
    }

    if (grant->granted_at != 0) {
        from = grant->granted_at - PRIVACY_CLOCK_SKEW;

    } else {
        limit = privacy_grant_limit(pc->policy, grant, pc->subject->level);

        if (limit == 0 || limit >= end) {
            return 1;
        }

        /* before this time, the end is further away than the limit */

        from = end - PRIVACY_CLOCK_SKEW - limit;
    }

    privacy_case_recheck(pc, from);

    return from <= pc->now;
}


/* What a grant in force lacks; PRIVACY_REASON_GRANT if nothing */

static privacy_reason_e
privacy_case_lacks(const privacy_case_t *pc, const privacy_grant_t *grant,
    const privacy_role_t *role)
{
    const privacy_subject_t  *subject = pc->subject;

    if (role->assigned
        && !privacy_list_has(grant, &grant->cameras, subject->camera))
    {
        return PRIVACY_REASON_CAMERA;
    }

    if (subject->resource == PRIVACY_RESOURCE_EXPORT && !grant->exports) {
        return PRIVACY_REASON_EXPORT;
    }

    if (!(role->resources & privacy_resource_bit(subject->resource))) {
        return PRIVACY_REASON_ROLE;
    }

    return PRIVACY_REASON_GRANT;
}


/*
 * PRIVACY_REASON_GRANT with the role that opens, or what is missed, or
 * PRIVACY_REASON_NONE if there is no grant.
 */

static privacy_reason_e
privacy_case_grant(privacy_case_t *pc, const privacy_role_t **role)
{
    int64_t                 end;
    privacy_fact_e          state;
    privacy_reason_e        reason;
    const privacy_fact_t   *fact = &pc->facts->grant;
    const privacy_grant_t  *grant = fact->record;

    state = privacy_case_state(pc, fact);

    if (state != PRIVACY_FACT_PRESENT) {
        return (state == PRIVACY_FACT_INVALID) ? PRIVACY_REASON_INVALID
                                               : PRIVACY_REASON_NONE;
    }

    *role = privacy_roles_lookup(&pc->policy->roles,
                                 privacy_grant_role(grant));

    end = privacy_grant_end(pc->policy, grant, fact->ends,
                            pc->subject->level);

    if (*role == NULL || !privacy_case_claim(pc, grant, end)) {
        pc->invalid = 1;
        return PRIVACY_REASON_INVALID;
    }

    privacy_case_recheck(pc, grant->starts_at);
    privacy_case_recheck(pc, end);

    if (grant->starts_at > pc->now) {
        return PRIVACY_REASON_NOT_YET;
    }

    if (end != 0 && end <= pc->now) {
        return PRIVACY_REASON_EXPIRED;
    }

    if (!grant->any_user
        && !privacy_list_has(grant, &grant->users, pc->subject->user))
    {
        return PRIVACY_REASON_USER;
    }

    reason = privacy_case_lacks(pc, grant, *role);

    if (reason != PRIVACY_REASON_GRANT
        && pc->subject->resource == PRIVACY_RESOURCE_SYSTEM
        && privacy_case_opens(pc, PRIVACY_ROLE_NONE, 0))
    {
        *role = &pc->policy->roles.roles[PRIVACY_ROLE_NONE];
        return PRIVACY_REASON_GRANT;
    }

    return reason;
}


/* Rule 5: all facts are asked, whatever opens, because of recheck_at */

static void
privacy_case_decide(privacy_case_t *pc, privacy_verdict_t *verdict)
{
    int                    unrestricted, excluded;
    privacy_reason_e       grant;
    const privacy_role_t  *role, *roles = pc->policy->roles.roles;

    role = NULL;

    pc->serves = privacy_case_serves(pc);
    unrestricted = privacy_case_unrestricted(pc);
    excluded = privacy_case_excluded(pc);
    grant = privacy_case_grant(pc, &role);

    verdict->allow = 1;

    if (pc->serves && privacy_case_opens(pc, PRIVACY_ROLE_NONE, 0)) {
        verdict->reason = PRIVACY_REASON_SYSTEM;
        verdict->role = &roles[PRIVACY_ROLE_NONE];

    } else if (pc->serves && unrestricted) {
        verdict->reason = PRIVACY_REASON_UNRESTRICTED;
        verdict->role = &roles[PRIVACY_ROLE_UNRESTRICTED];

    } else if (pc->serves && excluded) {
        verdict->reason = PRIVACY_REASON_EXCLUDED;
        verdict->role = &roles[PRIVACY_ROLE_UNRESTRICTED];

    } else if (grant == PRIVACY_REASON_GRANT) {
        verdict->reason = PRIVACY_REASON_GRANT;
        verdict->role = role;

    } else {
        verdict->allow = 0;

        if (pc->unknown) {
            verdict->reason = PRIVACY_REASON_UNAVAILABLE;

        } else if (grant != PRIVACY_REASON_NONE) {
            verdict->reason = grant;

        } else {
            verdict->reason = pc->serves ? PRIVACY_REASON_RESTRICTED
                                         : PRIVACY_REASON_STRANGER;
        }
    }
}


void
privacy_decide_facts(const privacy_policy_t *policy,
    const privacy_subject_t *subject, const privacy_facts_t *facts,
    int64_t now, privacy_verdict_t *verdict)
{
    privacy_case_t  pc;

    (void) privacy_verdict_set(verdict, 0, PRIVACY_REASON_IDENTITY);

    if (!privacy_is_provider(subject->level)
        || subject->resource == PRIVACY_RESOURCE_NONE
        || subject->organization.len == 0 || subject->account.len == 0)
    {
        return;
    }

    if (subject->owner_ends != 0 && subject->owner_ends <= now) {
        verdict->reason = PRIVACY_REASON_FOREIGN_CAMERA;
        return;
    }

    memset(&pc, 0, sizeof(privacy_case_t));

    pc.policy = policy;
    pc.subject = subject;
    pc.facts = facts;
    pc.now = now;

    privacy_case_recheck(&pc, subject->owner_ends);
    privacy_case_decide(&pc, verdict);

    verdict->invalid = pc.invalid;
    verdict->recheck_at = pc.recheck_at;
}


void
privacy_decide_unavailable(privacy_verdict_t *verdict)
{
    (void) privacy_verdict_set(verdict, 0, PRIVACY_REASON_UNAVAILABLE);
}
