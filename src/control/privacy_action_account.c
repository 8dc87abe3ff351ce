/*
 * Put and get of an account.
 */

#include <string.h>

#include "privacy_action_state.h"


#define PRIVACY_READ_PROFILE    0
#define PRIVACY_READ_PROVIDERS  1
#define PRIVACY_READ_OPEN       2
#define PRIVACY_READ_EXCLUDED   3
#define PRIVACY_READS           4


/* What put does to the unrestricted record */

typedef enum {
    PRIVACY_OPEN_KEEP = 0,
    PRIVACY_OPEN_SET,                  /* a new account without cameras */
    PRIVACY_OPEN_DELETE,               /* a new account with cameras */
    PRIVACY_OPEN_END                   /* the first cameras of an account that
                                          was open-ended: to the next reset */
} privacy_open_e;


static void privacy_put_claim(privacy_action_t *action);
static void privacy_put_read(privacy_action_t *action);
static void privacy_put_decide(privacy_action_t *action);
static void privacy_put_undone(privacy_action_t *action);
static void privacy_put_done(privacy_action_t *action);
static void privacy_put_settled(privacy_action_t *action);
static void privacy_put_show(privacy_action_t *action);
static void privacy_account_show(privacy_action_t *action);


static void
privacy_account_read(privacy_action_t *action, privacy_action_pt then)
{
    privacy_str_t  account = action->request.account;

    privacy_read_key(action, PRIVACY_KEY_PROFILE, account, account);
    privacy_read_key(action, PRIVACY_KEY_PROVIDERS, account, account);
    privacy_read_key(action, PRIVACY_KEY_UNRESTRICTED, account, account);
    privacy_read_key(action, PRIVACY_KEY_EXCLUDED, account, account);

    privacy_action_then(action, then);
}


static int
privacy_account_seen(privacy_action_t *action, privacy_seen_t *seen)
{
    unsigned  i;

    for (i = 0; i < PRIVACY_READS; i++) {

        if (privacy_read_seen(action, 0, i, &seen[i]) != 0) {
            return -1;
        }
    }

    return 0;
}


void
privacy_action_get_account(privacy_action_t *action)
{
    privacy_account_read(action, privacy_account_show);
}


/* The profile as it will be: every list is there */

static json_t *
privacy_put_profile(privacy_action_t *action)
{
    size_t       i;
    json_t      *profile, *value;

    static const char  *lists[] = { "integrators", "administrators",
                                    "cameras" };

    profile = json_object();
    value = json_object_get(action->body, "name");

    if (value != NULL) {
        (void) json_object_set(profile, "name", value);
    }

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        value = json_object_get(action->body, lists[i]);

        (void) json_object_set_new(profile, lists[i],
                                   value ? json_incref(value) : json_array());
    }

    return profile;
}


/* The ids in "list" of one profile that another one does not have */

static json_t *
privacy_put_missing(const json_t *profile, const json_t *other,
    const char *list)
{
    json_t      *value, *mine, *others, *ids;
    const char  *id;

    ids = json_array();
    mine = privacy_profile_ids(profile, list);
    others = privacy_profile_ids(other, list);

    json_object_foreach(mine, id, value) {

        if (json_object_get(others, id) == NULL) {
            (void) json_array_append(ids, value);
        }
    }

    json_decref(mine);
    json_decref(others);

    return ids;
}


void
privacy_action_put_account(privacy_action_t *action)
{
    action->profile = privacy_put_profile(action);

    if (action->profile == NULL) {
        privacy_action_no_memory(action);
        return;
    }

    privacy_account_read(action, privacy_put_claim);
}


/* A precondition that fails now must not claim anything */

static void
privacy_put_claim(privacy_action_t *action)
{
    privacy_seen_t  seen[PRIVACY_READS];

    if (privacy_account_seen(action, seen) != 0
        || !privacy_action_matches(action, seen[PRIVACY_READ_PROFILE].sha))
    {
        return;
    }

    action->claims.cameras = privacy_put_missing(action->profile, NULL,
                                                 "cameras");

    privacy_claims_take(action, privacy_put_read);
}


static void
privacy_put_read(privacy_action_t *action)
{
    privacy_account_read(action, privacy_put_decide);
}


static privacy_open_e
privacy_put_open(privacy_action_t *action, const privacy_seen_t *seen,
    const json_t *old)
{
    int                    cameras;
    const privacy_seen_t  *open = &seen[PRIVACY_READ_OPEN];

    cameras = privacy_view_cameras(action->profile);

    if (seen[PRIVACY_READ_PROFILE].state == PRIVACY_FACT_ABSENT) {

        if (!cameras) {
            return PRIVACY_OPEN_SET;
        }

        return (open->state == PRIVACY_FACT_ABSENT) ? PRIVACY_OPEN_KEEP
                                                    : PRIVACY_OPEN_DELETE;
    }

    if (cameras && !privacy_view_cameras(old)
        && open->state != PRIVACY_FACT_ABSENT && open->ends == 0)
    {
        return PRIVACY_OPEN_END;
    }

    return PRIVACY_OPEN_KEEP;
}


static void
privacy_put_open_row(privacy_action_t *action, privacy_change_t *change,
    const privacy_seen_t *seen, privacy_open_e open)
{
    json_t          *record;
    int64_t          reset;
    privacy_name_t   name;

    privacy_name_write(action, &name, PRIVACY_KEY_UNRESTRICTED,
                       action->request.account, action->request.account);

    switch (open) {

    case PRIVACY_OPEN_SET:
        record = json_pack("{s:o, s:s%, s:b}",
                           "at", privacy_view_time(action->now),
                           "by", action->by.data, action->by.len,
                           "exports", 0);
        privacy_change_row(action, change, &name, seen->sha, "set");
        privacy_change_json(change, record, 0, NULL);
        json_decref(record);
        break;

    case PRIVACY_OPEN_DELETE:
        privacy_change_row(action, change, &name, seen->sha, "del");
        break;

    case PRIVACY_OPEN_END:
        reset = privacy_reset_after(&action->conf.policy->reset, action->now);
        privacy_change_row(action, change, &name, seen->sha, "pexpire");
        privacy_change_value(change, "", 0, reset - action->now);
        break;

    default:

        /* what it is decides nothing, but that it is not opened meanwhile */

        privacy_change_row(action, change, &name, seen->sha, "keep");
        break;
    }
}


static void
privacy_put_commit(privacy_action_t *action, const privacy_seen_t *seen,
    json_t *integrators, privacy_open_e open)
{
    json_t            *event;
    privacy_str_t      none = { "", 0 };
    privacy_name_t     name;
    privacy_change_t   change;

    static const char  *access[] = {
        NULL, "unrestricted", "restricted", "restricted at the next reset"
    };

    memset(&change, 0, sizeof(privacy_change_t));

    privacy_name_write(action, &name, PRIVACY_KEY_PROFILE,
                       action->request.account, none);
    privacy_change_row(action, &change, &name, seen[PRIVACY_READ_PROFILE].sha,
                       "set");
    privacy_change_json(&change, action->profile, 0, action->sha);

    privacy_name_write(action, &name, PRIVACY_KEY_PROVIDERS,
                       action->request.account, none);
    privacy_change_row(action, &change, &name,
                       seen[PRIVACY_READ_PROVIDERS].sha, "set");
    privacy_change_json(&change, integrators, 0, NULL);

    privacy_put_open_row(action, &change, &seen[PRIVACY_READ_OPEN], open);

    event = privacy_change_event(action, "put_account", none, action->profile);

    if (event == NULL) {
        action->pipe.failed = 1;

    } else if (access[open] != NULL) {
        (void) json_object_set_new(event, "access", json_string(access[open]));
    }

    privacy_change_send(action, &change, action->request.account, event, 0);
    privacy_action_then(action, privacy_put_done);
}


/* What lives elsewhere, for after the change */

static void
privacy_put_claims(privacy_action_t *action, const json_t *old)
{
    privacy_claims_t  *claims = &action->claims;

    json_decref(claims->release);
    json_decref(claims->leave);
    json_decref(claims->join);

    claims->release = privacy_put_missing(old, action->profile, "cameras");
    claims->leave = privacy_put_missing(old, action->profile, "integrators");
    claims->join = privacy_put_missing(action->profile, NULL, "integrators");
}


static void
privacy_put_decide(privacy_action_t *action)
{
    json_t           *old, *providers, *integrators;
    privacy_open_e    open;
    privacy_seen_t    seen[PRIVACY_READS];
    privacy_claims_t *claims = &action->claims;

    if (privacy_account_seen(action, seen) != 0) {
        return;
    }

    if (!privacy_action_matches(action, seen[PRIVACY_READ_PROFILE].sha)) {

        /* it was changed meanwhile: what was claimed goes back first */

        json_decref(claims->cameras);
        json_decref(claims->join);
        json_decref(claims->leave);
        json_decref(claims->release);
        claims->cameras = claims->join = claims->leave = NULL;
        claims->release = claims->claimed;
        claims->claimed = NULL;

        action->wait = PRIVACY_WAIT_NOTHING;
        privacy_claims_settle(action, privacy_put_undone);
        return;
    }

    old = privacy_seen_json(&seen[PRIVACY_READ_PROFILE]);
    providers = privacy_seen_json(&seen[PRIVACY_READ_PROVIDERS]);
    integrators = json_object_get(action->profile, "integrators");
    open = privacy_put_open(action, seen, old);

    privacy_put_claims(action, old);

    action->status = (seen[PRIVACY_READ_PROFILE].state == PRIVACY_FACT_ABSENT)
                     ? PRIVACY_STATUS_CREATED : PRIVACY_STATUS_OK;

    if (open == PRIVACY_OPEN_KEEP && json_equal(old, action->profile)
        && json_equal(providers, integrators))
    {
        (void) strcpy(action->sha, seen[PRIVACY_READ_PROFILE].sha);
        privacy_claims_settle(action, privacy_put_settled);

    } else {
        privacy_put_commit(action, seen, integrators, open);
    }

    json_decref(old);
    json_decref(providers);
}


static void
privacy_put_undone(privacy_action_t *action)
{
    privacy_action_fail(action, PRIVACY_STATUS_PRECONDITION, "precondition",
                        NULL, "The account was changed meanwhile");
}


static void
privacy_put_done(privacy_action_t *action)
{
    switch (privacy_change_reply(action, 0)) {

    case PRIVACY_CHANGE_BAD:
        return;

    case PRIVACY_CHANGE_LATE:
        (void) privacy_action_again(action, privacy_put_read);
        return;

    default:
        action->result.changed = 1;
        privacy_claims_settle(action, privacy_put_settled);
    }
}


static void
privacy_put_settled(privacy_action_t *action)
{
    privacy_account_read(action, privacy_put_show);
}


static json_t *
privacy_account_view(privacy_action_t *action, const privacy_seen_t *seen)
{
    json_t         *view, *profile;
    privacy_str_t   account = action->request.account, none = { "", 0 };

    profile = privacy_seen_json(&seen[PRIVACY_READ_PROFILE]);

    view = json_pack("{s:s%}", "account", account.data, account.len);

    if (json_is_object(profile)) {
        (void) json_object_update_missing(view, profile);

    } else if (seen[PRIVACY_READ_PROFILE].state != PRIVACY_FACT_ABSENT) {
        (void) json_object_set_new(view, "invalid", json_true());
    }

    (void) json_object_set_new(view, "access",
                               privacy_view_access(action, account,
                                             &seen[PRIVACY_READ_OPEN],
                                             &seen[PRIVACY_READ_EXCLUDED],
                                             privacy_view_cameras(profile),
                                             none));

    (void) json_object_set_new(view, "exclusion",
                               seen[PRIVACY_READ_EXCLUDED].state
                               == PRIVACY_FACT_ABSENT
                               ? json_null()
                               : privacy_view_exclusion(account,
                                             &seen[PRIVACY_READ_EXCLUDED]));
    json_decref(profile);

    return view;
}


/* What is answered is the profile that was put, whatever came after it */

static void
privacy_put_show(privacy_action_t *action)
{
    json_t          *view;
    privacy_seen_t   seen[PRIVACY_READS];

    if (privacy_account_seen(action, seen) != 0) {
        return;
    }

    view = privacy_account_view(action, seen);
    (void) json_object_update(view, action->profile);

    privacy_action_etag(action, action->sha);
    privacy_action_finish(action, action->status, view);
}


static void
privacy_account_show(privacy_action_t *action)
{
    privacy_seen_t  seen[PRIVACY_READS];

    if (privacy_account_seen(action, seen) != 0) {
        return;
    }

    if (seen[PRIVACY_READ_PROFILE].state == PRIVACY_FACT_ABSENT) {
        privacy_action_fail(action, PRIVACY_STATUS_NOT_FOUND, "no-account",
                            NULL, "There is no such account");
        return;
    }

    privacy_action_etag(action, seen[PRIVACY_READ_PROFILE].sha);
    privacy_action_finish(action, PRIVACY_STATUS_OK,
                          privacy_account_view(action, seen));
}
