/*
 * Who may do what: the permission rows of the actions.  Pure; one table for
 * the HTTP API, the command line and the nightly sweep.
 */

#ifndef PRIVACY_PERMIT_H
#define PRIVACY_PERMIT_H

#include "privacy_types.h"


typedef enum {
    PRIVACY_ACTION_NONE = 0,
    PRIVACY_ACTION_PUT_ACCOUNT,
    PRIVACY_ACTION_GET_ACCOUNT,
    PRIVACY_ACTION_DELETE_ACCOUNT,
    PRIVACY_ACTION_ALLOW,
    PRIVACY_ACTION_DISALLOW,
    PRIVACY_ACTION_GRANT,              /* or replaces one in force */
    PRIVACY_ACTION_UPDATE,             /* changes what it names, of one in
                                          force */
    PRIVACY_ACTION_REVOKE,
    PRIVACY_ACTION_GET_GRANT,
    PRIVACY_ACTION_GRANTS,             /* all of an account */
    PRIVACY_ACTION_EXCLUDE,
    PRIVACY_ACTION_INCLUDE,
    PRIVACY_ACTION_LIST,
    PRIVACY_ACTION_EXPLAIN,
    PRIVACY_ACTION_SWEEP,
    PRIVACY_ACTION_SWEEP_STATE,        /* when the last one was, and how */
    PRIVACY_ACTIONS
} privacy_action_e;


/* Who acts; the strings are the caller's */

typedef struct {
    privacy_str_t    user;             /* empty: not known */
    privacy_str_t    organization;
    privacy_level_e  level;
    uint8_t          store;            /* 1: holds the store's credentials and
                                          acts for nobody: everything is open,
                                          the rest is not looked at */
} privacy_actor_t;


/*
 * 1 if the actor may do the action to the account and, of a grant, for the
 * organization (else empty).  What a list shows depends on the level too:
 * privacy_permit_list().  Ids that are not valid are never permitted, but to
 * the store's holder: what they mean is checked elsewhere.
 */

int privacy_permit(privacy_action_e action, const privacy_actor_t *actor,
    privacy_str_t account, privacy_str_t organization);


typedef enum {
    PRIVACY_LIST_NOTHING = 0,
    PRIVACY_LIST_ACCOUNT,              /* the actor's own, with its grants */
    PRIVACY_LIST_SERVED,               /* by the actor's organization; without
                                          the cameras, with the own grant */
    PRIVACY_LIST_EVERY,                /* the same of a vendor: every account */
    PRIVACY_LIST_ALL                   /* everything */
} privacy_list_e;

privacy_list_e privacy_permit_list(const privacy_actor_t *actor);

/* 1 if the action changes the store: it has to go to the primary */

int privacy_action_writes(privacy_action_e action);

/* "grant", ...: the word of the log and of the command line; "" if none */

privacy_str_t privacy_action_name(privacy_action_e action);

#endif /* PRIVACY_PERMIT_H */
