/*
 * The sweep: what its two files share.
 */

#ifndef PRIVACY_ACTION_SWEEP_H
#define PRIVACY_ACTION_SWEEP_H

#include "privacy_action_state.h"


/* What is checked about a key; ids in "id" and "organization" */

typedef enum {
    PRIVACY_CHECK_OPEN = 0,            /* account: the unrestricted record */
    PRIVACY_CHECK_GRANT,               /* account, organization */
    PRIVACY_CHECK_PROFILE,             /* account: its claims and indexes */
    PRIVACY_CHECK_CAMERA,              /* camera: whose is it */
    PRIVACY_CHECK_OWNED,               /* camera, account: does that list it */
    PRIVACY_CHECK_RESTORE,             /* camera, account: released, rightly */
    PRIVACY_CHECK_SET,                 /* organization: its index */
    PRIVACY_CHECK_MEMBER,              /* organization, account */
    PRIVACY_CHECK_REJOIN,              /* organization, account: removed,
                                          rightly */
    PRIVACY_CHECK_GRANTS,              /* account: the index of its grants */
    PRIVACY_CHECK_INDEXED,             /* account, organization: of that */
    PRIVACY_CHECK_LOG,                 /* account; empty: of the deleted */
    PRIVACY_CHECKS
} privacy_check_e;


/* One thing to look at: read, then decided, then done */

typedef struct {
    privacy_check_e  check;
    char             id[PRIVACY_ID_MAX + 1];
    char             other[PRIVACY_ID_MAX + 1];
    char             cursor[24];
    unsigned         tries;
    unsigned         first;            /* reply of the batch */
    unsigned         count;            /* of replies */
    json_t          *claims;           /* ids claimed, of a chunk's check only;
                                          the cameras first */
    unsigned         cameras;          /* how many of them are */
} privacy_check_t;


#define PRIVACY_SWEEP_CHUNK  64        /* checks of one batch */


struct privacy_sweeper_s {
    privacy_check_t   *stack;          /* what is still to be looked at */
    unsigned           count;
    unsigned           size;
    privacy_check_t    chunk[PRIVACY_SWEEP_CHUNK];
    unsigned           nchunk;
    json_t            *sets;           /* organizations with an index */
    uint64_t           cameras;        /* registry entries seen */
    uint64_t           scans;
    char               cursor[24];
    unsigned           phase;
    unsigned           scanned:1;      /* the phase's scan is through */
    unsigned           locked:1;
    unsigned           failed:1;       /* no memory */
};


/* One more thing to look at; "other" may be empty, ids are checked */

void privacy_sweeper_add(privacy_sweeper_t *sweeper, privacy_check_e check,
    privacy_str_t id, privacy_str_t other);

void privacy_sweeper_push(privacy_sweeper_t *sweeper,
    const privacy_check_t *check);

/* The three steps of a check: each may write commands to the pipeline */

void privacy_check_read(privacy_action_t *action, privacy_check_t *check);
void privacy_check_decide(privacy_action_t *action, privacy_check_t *check);
void privacy_check_done(privacy_action_t *action, privacy_check_t *check);



/* --- between the two files of checks */

static inline privacy_str_t
privacy_check_id(const privacy_check_t *check)
{
    return privacy_text(check->id);
}


static inline privacy_str_t
privacy_check_other(const privacy_check_t *check)
{
    return privacy_text(check->other);
}


/* COMMAND KEY [ARGUMENT]; COMMAND PREFIX-org:ORGANIZATION ACCOUNT */

void privacy_check_named(privacy_action_t *action, const privacy_name_t *name,
    const char *command, privacy_str_t argument);
void privacy_check_index(privacy_action_t *action, const char *command,
    privacy_str_t organization, privacy_str_t account);

void privacy_check_expect(privacy_action_t *action, privacy_change_t *change,
    privacy_key_e kind, const privacy_check_t *check,
    const privacy_seen_t *seen, const char *write);

void privacy_check_profile(privacy_action_t *action, privacy_check_t *check);
void privacy_check_claimed(privacy_action_t *action, privacy_check_t *check);
void privacy_check_camera(privacy_action_t *action, privacy_check_t *check);
void privacy_check_owned(privacy_action_t *action, privacy_check_t *check);
void privacy_check_set(privacy_action_t *action, privacy_check_t *check);
void privacy_check_member(privacy_action_t *action, privacy_check_t *check);
void privacy_check_indexed(privacy_action_t *action, privacy_check_t *check);

#endif /* PRIVACY_ACTION_SWEEP_H */
