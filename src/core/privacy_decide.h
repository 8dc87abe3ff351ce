/*
 * The rules: from a request and facts to a verdict.
 */

#ifndef PRIVACY_DECIDE_H
#define PRIVACY_DECIDE_H

#include "privacy_types.h"
#include "privacy_role.h"
#include "privacy_clock.h"
#include "privacy_record.h"


/*
 * How far a clock of another host may run ahead: a record from further in the
 * future opens nothing.
 */

#define PRIVACY_CLOCK_SKEW  (5 * 60 * 1000)


/* What the operator configured for all; read-only */

typedef struct {
    privacy_roles_t  roles;
    privacy_reset_t  reset;
    int64_t          grant_ttl[PRIVACY_LEVELS];    /* ms, 0: no limit */
} privacy_policy_t;


/* Who asks for what.  Strings as they came: the rules check them */

typedef struct {
    privacy_str_t    user;             /* empty: not known */
    privacy_str_t    organization;
    privacy_str_t    level;
    privacy_str_t    account;          /* empty: not said */
    privacy_str_t    camera;           /* empty: none */
    privacy_str_t    resource;
    unsigned         registry:1;       /* privacy_camera_registry on */
    unsigned         all_serve:1;      /* privacy_providers off: every
                                          integrator serves every account */
} privacy_request_t;


/* A request whose words were checked; the strings are the request's own */

typedef struct {
    privacy_str_t    user;
    privacy_str_t    organization;
    privacy_str_t    account;          /* empty until the registry said */
    privacy_str_t    camera;
    int64_t          owner_ends;       /* when the registry's key expires; 0:
                                          never, or not asked */
    uint8_t          level;            /* privacy_level_e */
    uint8_t          resource;         /* privacy_resource_e */
    uint8_t          registry;
    uint8_t          all_serve;
} privacy_subject_t;


typedef enum {
    PRIVACY_FACT_UNKNOWN = 0,          /* not read: decides nothing */
    PRIVACY_FACT_ABSENT,
    PRIVACY_FACT_PRESENT,
    PRIVACY_FACT_INVALID               /* does not parse, or of wrong type */
} privacy_fact_e;


/*
 * One key's content.  "record" points at the parsed record where the fact is
 * present; "ends" is the time at which its key expires, 0 if it has no TTL.
 * A key past its end is absent, whoever holds it.
 */

typedef struct {
    const void      *record;
    int64_t          ends;
    privacy_fact_e   state;
} privacy_fact_t;


typedef struct {
    privacy_fact_t   unrestricted;     /* privacy_unrestricted_t */
    privacy_fact_t   excluded;         /* privacy_excluded_t */
    privacy_fact_t   providers;        /* privacy_providers_t */
    privacy_fact_t   grant;            /* privacy_grant_t, of the subject's
                                          organization */
} privacy_facts_t;


/* Zeroed, it denies */

typedef struct {
    uint8_t                allow;
    uint8_t                reason;     /* privacy_reason_e; of an allow, what
                                          opened it: the source */
    uint8_t                invalid;    /* a record in the way was invalid:
                                          log and count it */
    const privacy_role_t  *role;       /* the policy's; NULL: none opened it */
    int64_t                recheck_at; /* 0: never by itself */
} privacy_verdict_t;


typedef enum {
    PRIVACY_DECIDED = 0,               /* the verdict is there */
    PRIVACY_WANTS_OWNER,               /* of the camera: privacy_decide_owner */
    PRIVACY_WANTS_FACTS                /* of the account: .._decide_facts */
} privacy_step_e;


/*
 * The way of a request:
 *
 *     step = privacy_decide_request(request, &subject, &verdict);
 *
 *     if (step == PRIVACY_WANTS_OWNER) {
 *         (read PREFIX:camera:CAMERA)
 *         step = privacy_decide_owner(&subject, &fact, value, now, &verdict);
 *     }
 *
 *     if (step == PRIVACY_WANTS_FACTS) {
 *         (read the account's facts)
 *         privacy_decide_facts(policy, &subject, &facts, now, &verdict);
 *     }
 *
 * Rules 1 and 2, and 4 where the registry is off: no fact is read.
 */

privacy_step_e privacy_decide_request(const privacy_request_t *request,
    privacy_subject_t *subject, privacy_verdict_t *verdict);

/*
 * Rule 3, then 4.  "owner" is the account that the registry names for the
 * subject's camera, empty if the camera belongs to none; it becomes the
 * subject's account, so it must live as long as the subject.  A value that is
 * no id belongs to none.  "ends" is when the registry's key expires, 0: never;
 * the caller does not come here with a key that is past it.
 */

privacy_step_e privacy_decide_owner(privacy_subject_t *subject,
    privacy_str_t owner, int64_t ends, privacy_verdict_t *verdict);

/*
 * Rule 5, and 6.  A fact that is unknown makes the verdict "unavailable"
 * unless what is known opens the resource already.  The providers are not
 * asked for a vendor and with "all_serve": they may stay unknown there.
 *
 * "recheck_at" is the earliest time after "now" at which any of the facts, or
 * the registry's key, changes by itself, whether the verdict changes with it
 * or not: to look too early costs little.  Of a subject whose registry key has
 * run out in the meantime the camera belongs to none: ask the registry again.
 */

void privacy_decide_facts(const privacy_policy_t *policy,
    const privacy_subject_t *subject, const privacy_facts_t *facts,
    int64_t now, privacy_verdict_t *verdict);

/* Rule 6 */

void privacy_decide_unavailable(privacy_verdict_t *verdict);

/*
 * When a grant ends: the earliest of its key's end, "expires_at" and
 * "granted_at" plus the limit of the stricter of the two levels.  0: it stays
 * until revoked.  -1: invalid, because its level demands an end and nothing
 * bounds it.  "level" is the requester's.  Whether a grant without
 * "granted_at" claims too much depends on the time: the verdict says it.
 */

int64_t privacy_grant_end(const privacy_policy_t *policy,
    const privacy_grant_t *grant, int64_t ends, privacy_level_e level);

#endif /* PRIVACY_DECIDE_H */
