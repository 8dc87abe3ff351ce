/*
 * The inside of an action: for the files of src/control/privacy_action*.c.
 */

#ifndef PRIVACY_ACTION_STATE_H
#define PRIVACY_ACTION_STATE_H

#include "privacy_action.h"
#include "privacy_key.h"
#include "privacy_pipeline.h"
#include "privacy_sha1.h"


/* How often a change is tried anew because another one came first */

#define PRIVACY_TRIES          200

/* Keys of our own that src/core has no use for */

#define PRIVACY_CHANNEL        "-events"
#define PRIVACY_DELETED        "-deleted"
#define PRIVACY_SWEEP          "-sweep"
#define PRIVACY_SWEEP_LOCK     "-sweep:lock"

#define PRIVACY_SHA1_WRONG     "!"     /* see scripts/change.lua */
#define PRIVACY_SHA1_ABSENT    "-"
#define PRIVACY_ANY            ""


typedef void (*privacy_action_pt)(privacy_action_t *action);


typedef struct {
    char             data[PRIVACY_KEY_MAX];
    size_t           len;
} privacy_name_t;


/* A key as it was read; "value" is the pipeline's, until the next send */

typedef struct {
    privacy_str_t    value;
    privacy_fact_e   state;            /* PRESENT or ABSENT; INVALID: another
                                          type than a string */
    int64_t          left;             /* ms to live; 0: no TTL */
    int64_t          ends;             /* ms since the epoch; 0: no TTL */
    char             sha[PRIVACY_SHA1_LEN + 1];
} privacy_seen_t;


/* One key of a change; see scripts/change.lua */

typedef struct {
    privacy_name_t   key;
    char             expect[PRIVACY_SHA1_LEN + 1];
    int64_t          ttl;              /* PRIVACY_TTL_ANY, or as change.lua */
    const char      *write;
    char            *value;            /* malloc'ed; NULL: empty */
    int64_t          px;               /* 0: none */
} privacy_row_t;

#define PRIVACY_TTL_ANY  INT64_C(-2)


/* Zeroed at birth; privacy_change_send() frees what it holds */

typedef struct {
    privacy_row_t   *rows;
    unsigned         count;
    unsigned         size;
    unsigned         failed:1;
} privacy_change_t;


/* Keys in other slots: claimed, released, put right */

typedef struct {
    json_t          *claimed;          /* ids of cameras taken by this action */
    json_t          *release;          /* ids of cameras to give up */
    json_t          *join;             /* organizations whose index gets the
                                          account */
    json_t          *leave;            /* whose index loses it */
    json_t          *cameras;          /* to be verified after the change */
    size_t           done;             /* of them */
    privacy_action_pt  then;
} privacy_claims_t;


typedef struct privacy_sweeper_s  privacy_sweeper_t;


typedef enum {
    PRIVACY_WAIT_NOTHING = 0,
    PRIVACY_WAIT_REPLIES,
    PRIVACY_WAIT_PAUSE,
    PRIVACY_WAIT_DONE
} privacy_wait_e;


struct privacy_action_s {
    privacy_action_conf_t      conf;
    privacy_action_request_t   request;
    char                      *strings;       /* of both */
    privacy_str_t              by;

    int64_t                    now;
    privacy_action_pt          step;
    privacy_wait_e             wait;
    unsigned                   pause;
    unsigned                   tries;
    unsigned                   rounds;        /* of unknown scripts */
    unsigned                   lost:1;
    unsigned                   memory:1;      /* there was none for a reply */
    unsigned                   errors:1;      /* the step looks at them */

    privacy_pipeline_t         pipe;
    privacy_batch_t            batch;

    privacy_action_result_t    result;
    char                       detail[256];
    char                       field[96];
    privacy_sweep_figures_t    figures;

    json_t                    *body;          /* of the request, normalized */

    /* between the steps of one action; what is set is freed at the end */

    json_t                    *state;         /* becomes the result's body */
    privacy_status_e           status;        /* and its status */
    char                       sha[PRIVACY_SHA1_LEN + 1];     /* and ETag */
    json_t                    *names;         /* accounts or organizations
                                                 being read */
    json_t                    *rows;          /* of a list */
    json_t                    *profile;
    privacy_claims_t           claims;
    char                       cursor[24];
    unsigned                   steps;         /* of a scan */
    privacy_action_pt          scanned;       /* what comes after a scan */
    char                      *owner;         /* explain: of the camera */
    int64_t                    owner_ends;
    privacy_sweeper_t         *sweeper;
};


/* --- privacy_action.c: how an action goes on and ends */

void privacy_action_then(privacy_action_t *action, privacy_action_pt step);
void privacy_action_wait(privacy_action_t *action, unsigned ms,
    privacy_action_pt step);

/* Takes the reference to the body, which may be NULL */

void privacy_action_finish(privacy_action_t *action, privacy_status_e status,
    json_t *body);

/* "field" may be NULL; the detail is cut to 255 bytes */

void privacy_action_fail(privacy_action_t *action, privacy_status_e status,
    const char *type, const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

void privacy_action_no_memory(privacy_action_t *action);
void privacy_action_bad_reply(privacy_action_t *action);

/* 1 if the action may be tried once more; else it has ended as "busy" */

int privacy_action_again(privacy_action_t *action, privacy_action_pt step);

/*
 * If-Match and If-None-Match against the record that the action is about.
 * 1 if they hold; else the action has ended.
 */

int privacy_action_matches(privacy_action_t *action, const char *sha);

void privacy_action_etag(privacy_action_t *action, const char *sha);


/* --- privacy_action_store.c: keys, reads, changes */

privacy_str_t privacy_text(const char *text);
privacy_str_t privacy_json_text(const json_t *string);
int privacy_same(privacy_str_t a, privacy_str_t b);

/* 0 with an empty name if an id is not valid */

void privacy_name_write(privacy_action_t *action, privacy_name_t *name,
    privacy_key_e kind, privacy_str_t id, privacy_str_t organization);
void privacy_name_tail(privacy_action_t *action, privacy_name_t *name,
    const char *tail);
void privacy_name_grants(privacy_action_t *action, privacy_name_t *name,
    privacy_str_t account);

/* What the keys of the account's grants begin with: "PREFIX:{A}:grant:" */

void privacy_name_grant_of(privacy_action_t *action, privacy_name_t *name);

privacy_str_t privacy_name_text(const privacy_name_t *name);

/* GET and PTTL of one key: two replies */

void privacy_read_key(privacy_action_t *action, privacy_key_e kind,
    privacy_str_t id, privacy_str_t organization);

/*
 * What the n-th privacy_read_key() of the batch found; "first" is how many
 * replies came before the first.  -1: the action has ended, a reply was wrong.
 */

int privacy_read_seen(privacy_action_t *action, unsigned first, unsigned n,
    privacy_seen_t *seen);

/* The record as JSON; NULL if it is absent or none.  A new reference */

json_t *privacy_seen_json(const privacy_seen_t *seen);

void privacy_change_row(privacy_action_t *action, privacy_change_t *change,
    const privacy_name_t *key, const char *expect, const char *write);
void privacy_change_value(privacy_change_t *change, const char *value,
    size_t len, int64_t px);
void privacy_change_json(privacy_change_t *change, const json_t *value,
    int64_t px, char *sha);

/* Adds the fields that all events have; "more" (taken) comes after them */

json_t *privacy_change_event(privacy_action_t *action, const char *name,
    privacy_str_t target, json_t *record);

/*
 * Adds the script to the batch and frees the change; the event (taken) may be
 * NULL.  With "mute" nothing is logged, the event is only published.
 */

void privacy_change_send(privacy_action_t *action, privacy_change_t *change,
    privacy_str_t account, json_t *event, int mute);

typedef enum {
    PRIVACY_CHANGE_DONE = 0,
    PRIVACY_CHANGE_LATE,               /* another one came first */
    PRIVACY_CHANGE_BAD                 /* the action has ended */
} privacy_change_e;

privacy_change_e privacy_change_reply(privacy_action_t *action, unsigned n);


/* --- privacy_action_claim.c: what lives in other slots */

/*
 * Claims claims->cameras for the account, then goes on with claims->then; if
 * one belongs to another account, gives back what was taken and ends with
 * "camera-taken".
 */

void privacy_claims_take(privacy_action_t *action, privacy_action_pt then);

/*
 * After the change: claims->cameras are the account's again if they were
 * given up meanwhile, claims->release are given up, organizations join and
 * leave.  What the profile by then says again is restored.
 */

void privacy_claims_settle(privacy_action_t *action, privacy_action_pt then);

void privacy_claims_cleanup(privacy_claims_t *claims);


/* --- privacy_action_view.c: what is shown of records */

json_t *privacy_view_time(int64_t ms);

/* 1 if the account has cameras, or no profile that would say so */

int privacy_view_cameras(const json_t *profile);

/* A parsed record, malloc'ed; NULL if it is none */

void *privacy_view_record(privacy_key_e kind, privacy_str_t value);

int privacy_profile_lists(const json_t *profile, const char *list,
    privacy_str_t id);

/* An object whose keys and values are the ids of a list: for many questions */

json_t *privacy_profile_ids(const json_t *profile, const char *list);

/* "organization" empty: whoever it is */

json_t *privacy_view_access(privacy_action_t *action, privacy_str_t account,
    const privacy_seen_t *unrestricted, const privacy_seen_t *excluded,
    int cameras, privacy_str_t organization);

json_t *privacy_view_exclusion(privacy_str_t account,
    const privacy_seen_t *excluded);

typedef enum {
    PRIVACY_GRANT_ABSENT = 0,
    PRIVACY_GRANT_INVALID,
    PRIVACY_GRANT_EXPIRED,
    PRIVACY_GRANT_NOT_YET,
    PRIVACY_GRANT_ACTIVE
} privacy_grant_e;

/* What a grant is by now, and when it ends (0: it stays) */

privacy_grant_e privacy_view_grant_state(privacy_action_t *action,
    const privacy_seen_t *seen, int64_t *end);

json_t *privacy_view_grant(privacy_action_t *action, privacy_str_t account,
    privacy_str_t organization, const privacy_seen_t *seen);


/* --- privacy_action_grants.c */

/*
 * Walks all keys, in steps that block nobody for long, and goes on with "then"
 * when action->names has every organization that has a key of a grant of the
 * account, also one that is in no index.  A million accounts are some 4,000
 * steps: seconds.
 */

void privacy_action_scan(privacy_action_t *action, privacy_action_pt then);


/* --- the actions: their first steps */

void privacy_action_put_account(privacy_action_t *action);
void privacy_action_get_account(privacy_action_t *action);
void privacy_action_delete_account(privacy_action_t *action);
void privacy_action_access(privacy_action_t *action);       /* allow, dis.. */
void privacy_action_exclusion(privacy_action_t *action);    /* ex.., include */
void privacy_action_grant(privacy_action_t *action);        /* and update */
void privacy_action_revoke(privacy_action_t *action);
void privacy_action_get_grant(privacy_action_t *action);
void privacy_action_grants(privacy_action_t *action);
void privacy_action_list(privacy_action_t *action);
void privacy_action_explain(privacy_action_t *action);
void privacy_action_sweep(privacy_action_t *action);
void privacy_action_sweep_state(privacy_action_t *action);

void privacy_sweeper_destroy(privacy_sweeper_t *sweeper);

#endif /* PRIVACY_ACTION_STATE_H */
