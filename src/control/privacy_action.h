/*
 * The actions on accounts, grants and exclusions, each implemented once.
 *
 * An action is a stepper: plain C without sockets, clock or event loop.  A
 * driver (the HTTP API on nginx's event loop, privacyctl on blocking hiredis)
 * carries bytes to Redis and replies back, and knows nothing else:
 *
 *     action = privacy_action_create(&conf, &request);    (NULL: no memory)
 *
 *     for ( ;; ) {
 *         switch (privacy_action_next(action, now)) {
 *
 *         case PRIVACY_STEP_SEND:
 *             batch = privacy_action_batch(action);
 *             (send batch->data; for each of batch->replies replies, in their
 *             order, privacy_action_reply(action, reply), or once, if the
 *             connection is lost or silent, privacy_action_lost(action))
 *             break;
 *
 *         case PRIVACY_STEP_PAUSE:
 *             (come back after privacy_action_pause(action) milliseconds)
 *             break;
 *
 *         case PRIVACY_STEP_DONE:
 *             result = privacy_action_result(action);
 *             ...
 *             privacy_action_destroy(action);
 *             return;
 *         }
 *     }
 *
 * How a change is made.  A step reads the records that matter together with
 * their hashes, decides in C by the rules of src/core, and hands new records,
 * TTLs, index entries and the log event to one script (scripts/change.lua),
 * which writes all of it if the records are still those that were read, and
 * nothing otherwise.  Then the action reads and decides again, so of many
 * concurrent actions on one account each sees the others' effects as if they
 * had come one after the other, and the rules exist in C only.  An action
 * that would change nothing writes nothing, and logs nothing.
 *
 * The keys of one script are of one account, hence of one cluster slot.  Keys
 * in other slots (camera registry, index of organizations) are claimed before
 * the change and released after it; what a crash leaves behind, the sweep
 * repairs.  Scripts go by EVALSHA; NOSCRIPT is answered with EVAL in here.
 *
 * Whatever Redis answers is hostile: a reply of another shape ends the action
 * with PRIVACY_STATUS_STORE.  `now` is the wall clock in milliseconds since
 * the epoch; it may differ from call to call, and TTLs are relative to it.
 *
 * Ownership.  create() copies all strings of the request and the prefix of
 * the configuration; conf->policy must outlive the action.  The batch's bytes
 * are the action's, valid until the next call of next().  A reply is the
 * driver's: what is needed of it is copied.  The result, its JSON included, is
 * the action's and lives until destroy(): json_incref() what must stay longer.
 * destroy() may be called at any time, also with replies due; the driver then
 * throws those replies away.  What was sent is done, or not, by Redis: all of
 * one script or nothing.
 */

#ifndef PRIVACY_ACTION_H
#define PRIVACY_ACTION_H

#include <hiredis/hiredis.h>
#include <jansson.h>

#include "privacy_types.h"
#include "privacy_decide.h"
#include "privacy_permit.h"


#define PRIVACY_BODY_MAX      (1024 * 1024)       /* bytes; 413 beyond */

#define PRIVACY_LIST_LIMIT    100                 /* rows of a page, about */
#define PRIVACY_LIST_MOST     1000

#define PRIVACY_LOG_RETENTION  (INT64_C(365) * 86400 * 1000)


/* What the operator configured */

typedef struct {
    const privacy_policy_t  *policy;
    privacy_str_t            prefix;
    int64_t                  log_retention;   /* ms; 0: logs are not trimmed */
    unsigned                 registry:1;      /* explain: as the gate has */
    unsigned                 all_serve:1;     /* privacy_camera_registry and
                                                 privacy_providers off */
} privacy_action_conf_t;


/* Zero it, then set what the action takes; empty strings are absent */

typedef struct {
    privacy_action_e   action;
    privacy_actor_t    actor;
    privacy_str_t      by;             /* goes into record and log; empty: the
                                          actor's user, or organization */

    privacy_str_t      account;        /* of all but list and sweep */
    privacy_str_t      organization;   /* the grant's; of a list: only what
                                          this organization sees (for those
                                          who see all) */

    /*
     * JSON.  put account: {"name", "integrators": [ID], "administrators":
     * [{"name", "username", "email"}], "cameras": [{"id", "name"}]};
     * allow: {"exports"}; grant, update: {"role", "cameras", "exports",
     * "users", "level", "reason", "starts_at", "expires_at"}; exclude:
     * {"reason", "organizations"}.  Empty is {}.  Others take none.
     */
    privacy_str_t      body;

    /*
     * The header fields as they came; of put account, allow, grant, update,
     * exclude, and of their opposites.  Compared with the hash of the record
     * that the path names.
     */
    privacy_str_t      if_match;
    privacy_str_t      if_none_match;

    /* list */

    privacy_str_t      cursor;         /* of the page before; empty: first */
    unsigned           limit;          /* 0: PRIVACY_LIST_LIMIT.  A page may
                                          have more rows, or fewer */

    /*
     * grants.  Without it those of the account's integrators and of the index
     * PREFIX-grants:{ACCOUNT} are listed, which the actions keep and the sweep
     * repairs: two round trips.  With it, all keys are walked too, and grants
     * are found that a portal wrote by itself since the last sweep: some
     * seconds where there are a million accounts, so not for what is asked
     * often, or by many.
     */
    unsigned           whole:1;

    /* explain: who would ask for what */

    privacy_str_t      for_user;
    privacy_str_t      for_organization;
    privacy_str_t      for_level;
    privacy_str_t      for_camera;
    privacy_str_t      for_resource;

    /*
     * sweep.  "token" names the sweeper among all that there are: random, 16
     * to 64 bytes of an id, new for each sweep.  Without "due", a sweep that
     * another one is at is PRIVACY_STATUS_CONFLICT.  With "due" (the nightly
     * one) it ends at once, unchanged, where one that began after the last
     * reset has been completed, and waits (PRIVACY_STEP_PAUSE) while another
     * one is at it, to take over when that one dies.
     */
    privacy_str_t      token;
    unsigned           due:1;
} privacy_action_request_t;


typedef enum {
    PRIVACY_STEP_SEND = 0,
    PRIVACY_STEP_PAUSE,
    PRIVACY_STEP_DONE
} privacy_step_of_action_e;


typedef struct {
    const char        *data;           /* commands in RESP2, ready to send */
    size_t             len;
    unsigned           replies;        /* how many they will have */
} privacy_batch_t;


/* The values are HTTP's */

typedef enum {
    PRIVACY_STATUS_NONE = 0,           /* not done yet */
    PRIVACY_STATUS_OK = 200,
    PRIVACY_STATUS_CREATED = 201,
    PRIVACY_STATUS_NO_CONTENT = 204,
    PRIVACY_STATUS_MALFORMED = 400,
    PRIVACY_STATUS_FORBIDDEN = 403,
    PRIVACY_STATUS_NOT_FOUND = 404,
    PRIVACY_STATUS_CONFLICT = 409,
    PRIVACY_STATUS_PRECONDITION = 412,
    PRIVACY_STATUS_TOO_LARGE = 413,
    PRIVACY_STATUS_UNPROCESSABLE = 422,
    PRIVACY_STATUS_INTERNAL = 500,     /* no memory */
    PRIVACY_STATUS_STORE = 503
} privacy_status_e;


/*
 * "type" is stable, for programs: the last part of a problem's type.  One of
 *
 *     malformed             400  no JSON, a wrong type, an unknown or a
 *                                duplicate field, an account or organization
 *                                that is no id
 *     forbidden             403
 *     no-account, no-grant  404
 *     camera-taken          409  "field" is "cameras"
 *     sweep-running         409
 *     busy                  409  too many concurrent changes: try again
 *     precondition          412
 *     too-large             413
 *     refused               422  the right type, but not what the field may
 *                                have; "field" says which
 *     internal              500
 *     store                 503  nothing is known of the change if the
 *                                connection was lost; repeating it is safe
 */

typedef struct {
    privacy_status_e   status;
    const char        *type;           /* NULL if status is below 400 */
    const char        *title;          /* constant */
    const char        *detail;         /* a sentence, UTF-8 */
    const char        *field;          /* NULL: not one field's fault */
    json_t            *body;           /* the new state; NULL: none */
    char               etag[44];       /* with its quotes; "": none */
    unsigned           changed:1;      /* something was written */
} privacy_action_result_t;


/* What a sweep has done so far; kept in PREFIX-sweep too */

typedef struct {
    int64_t            started_at;
    uint64_t           keys;           /* looked at */
    uint64_t           accounts;       /* of those, profiles */
    uint64_t           restricted;     /* unrestricted records removed */
    uint64_t           grants;         /* removed */
    uint64_t           index;          /* index entries removed */
    uint64_t           registry;       /* registry entries removed */
    uint64_t           repaired;       /* entries of either added */
    uint64_t           logs;           /* trimmed */
    uint64_t           events;         /* trimmed off them */
    uint64_t           invalid;        /* records that do not parse, left */
    unsigned           waiting:1;      /* for another sweeper */
} privacy_sweep_figures_t;


typedef struct privacy_action_s  privacy_action_t;


/*
 * NULL: no memory.  Whatever is wrong with the request shows as the result of
 * the first next().
 */

privacy_action_t *privacy_action_create(const privacy_action_conf_t *conf,
    const privacy_action_request_t *request);

void privacy_action_destroy(privacy_action_t *action);

/*
 * Goes on.  Not to be called before all replies of a batch were handed over
 * (or privacy_action_lost() was called), nor before a pause is over, though
 * that would do no harm.  Once it was PRIVACY_STEP_DONE it stays so.
 */

privacy_step_of_action_e privacy_action_next(privacy_action_t *action,
    int64_t now);

const privacy_batch_t *privacy_action_batch(const privacy_action_t *action);

/* Milliseconds, at most 1000 */

unsigned privacy_action_pause(const privacy_action_t *action);

/* The next reply of the batch under way; more than it has are ignored */

void privacy_action_reply(privacy_action_t *action, const redisReply *reply);

/* No more replies will come: the action ends with PRIVACY_STATUS_STORE */

void privacy_action_lost(privacy_action_t *action);

const privacy_action_result_t *privacy_action_result(
    const privacy_action_t *action);

/* Of a sweep, at any time; zeroed for others */

const privacy_sweep_figures_t *privacy_action_figures(
    const privacy_action_t *action);


/*
 * The results' JSON.  Times are RFC 3339, null where there is none.
 *
 * account   {"account", "name", "integrators", "administrators", "cameras",
 *           "access": ACCESS, "exclusion": EXCLUSION or null}; "invalid": true
 *           instead of the profile's fields if it does not parse, as in a list
 * ACCESS    {"account", "state": "restricted" | "unrestricted" | "excluded",
 *           "at", "by", "exports", "ends"}: what allow and disallow answer
 * EXCLUSION {"account", "excluded": true | false, "at", "by", "reason",
 *           "organizations": null for everybody}
 * grant     {"account", "organization", "state": "active" | "not_yet" |
 *           "expired" | "invalid", "ends", and the record's own fields}
 * revoke    {"account", "organization", "state": "revoked"}
 * grants    {"account", "grants": [GRANT]}
 * list      {"accounts": [{"account", "name", "state", "ends",
 *           "administrators", "integrators" and "cameras" (a number; both for
 *           those who see all), "grant": GRANT or null (providers), "grants"
 *           (client_admin)}], "cursor": null at the end}
 *           An account may show twice if accounts change meanwhile.
 * explain   {"verdict": "allow" | "deny", "reason", "source", "role",
 *           "recheck", "rule": {"number", "text"}, "facts": {...}}
 * sweep     {"state": "done" | "not_due", "started_at", "finished_at",
 *           figures ...}
 * sweep state: what PREFIX-sweep holds, and "running": true | false
 * delete account: none (PRIVACY_STATUS_NO_CONTENT)
 */

#endif /* PRIVACY_ACTION_H */
