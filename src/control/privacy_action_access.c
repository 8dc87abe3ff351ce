/*
 * Allow and disallow; the exclusion list.
 */

#include <string.h>

#include "privacy_action_state.h"


#define PRIVACY_READ_PROFILE   0
#define PRIVACY_READ_OPEN      1
#define PRIVACY_READ_EXCLUDED  2
#define PRIVACY_READS          3


static void privacy_access_decide(privacy_action_t *action);
static void privacy_exclusion_decide(privacy_action_t *action);


static void
privacy_access_read(privacy_action_t *action, privacy_action_pt then)
{
    privacy_str_t  account = action->request.account;

    privacy_read_key(action, PRIVACY_KEY_PROFILE, account, account);
    privacy_read_key(action, PRIVACY_KEY_UNRESTRICTED, account, account);
    privacy_read_key(action, PRIVACY_KEY_EXCLUDED, account, account);

    privacy_action_then(action, then);
}


void
privacy_action_access(privacy_action_t *action)
{
    privacy_access_read(action, privacy_access_decide);
}


void
privacy_action_exclusion(privacy_action_t *action)
{
    privacy_access_read(action, privacy_exclusion_decide);
}


/* -1: the action has ended.  The caller frees *profile */

static int
privacy_access_seen(privacy_action_t *action, privacy_seen_t *seen,
    json_t **profile)
{
    unsigned  i;

    for (i = 0; i < PRIVACY_READS; i++) {

        if (privacy_read_seen(action, 0, i, &seen[i]) != 0) {
            return -1;
        }
    }

    /* to take access away, a record of it is enough */

    i = (action->request.action == PRIVACY_ACTION_DISALLOW)
        ? PRIVACY_READ_OPEN : PRIVACY_READ_EXCLUDED;

    if (seen[PRIVACY_READ_PROFILE].state == PRIVACY_FACT_ABSENT
        && (seen[i].state == PRIVACY_FACT_ABSENT
            || action->request.action == PRIVACY_ACTION_ALLOW
            || action->request.action == PRIVACY_ACTION_EXCLUDE))
    {
        privacy_action_fail(action, PRIVACY_STATUS_NOT_FOUND, "no-account",
                            NULL, "There is no such account");
        return -1;
    }

    *profile = privacy_seen_json(&seen[PRIVACY_READ_PROFILE]);

    return 0;
}


/* The script has run */

static void
privacy_access_done(privacy_action_t *action)
{
    json_t             *state;
    privacy_action_e    kind = action->request.action;

    switch (privacy_change_reply(action, 0)) {

    case PRIVACY_CHANGE_BAD:
        return;

    case PRIVACY_CHANGE_LATE:
        (void) privacy_action_again(action,
                                    (kind == PRIVACY_ACTION_ALLOW
                                     || kind == PRIVACY_ACTION_DISALLOW)
                                    ? privacy_action_access
                                    : privacy_action_exclusion);
        return;

    default:
        break;
    }

    state = action->state;
    action->state = NULL;

    action->result.changed = 1;
    privacy_action_etag(action, action->sha);
    privacy_action_finish(action, action->status, state);
}


/*
 * Shows what will be once the script has run.  "seen" is the record as it
 * will be, "sha" is empty where there will be none.
 */

static void
privacy_access_commit(privacy_action_t *action, privacy_change_t *change,
    json_t *event, json_t *state)
{
    json_decref(action->state);
    action->state = state;

    if (event == NULL || state == NULL) {
        action->pipe.failed = 1;
    }

    privacy_change_send(action, change, action->request.account, event, 0);
    privacy_action_then(action, privacy_access_done);
}


/* A record that is to be written, as if it had been read */

static void
privacy_access_write(privacy_action_t *action, privacy_change_t *change,
    privacy_key_e kind, const char *expect, json_t *record, int64_t px,
    privacy_seen_t *seen)
{
    privacy_name_t  name;

    privacy_name_write(action, &name, kind, action->request.account,
                       action->request.account);

    memset(seen, 0, sizeof(privacy_seen_t));

    if (record == NULL) {
        privacy_change_row(action, change, &name, expect, "del");
        action->sha[0] = '\0';
        seen->state = PRIVACY_FACT_ABSENT;
        return;
    }

    privacy_change_row(action, change, &name, expect, "set");
    privacy_change_json(change, record, px, action->sha);

    if (change->failed) {
        return;
    }

    seen->state = PRIVACY_FACT_PRESENT;
    seen->value = privacy_text(change->rows[change->count - 1].value);
    seen->left = px;
    seen->ends = px ? action->now + px : 0;
}


/* The profile has to stay as it was read: it says if there are cameras */

static void
privacy_access_expect(privacy_action_t *action, privacy_change_t *change,
    const privacy_seen_t *profile)
{
    privacy_name_t  name;

    privacy_name_write(action, &name, PRIVACY_KEY_PROFILE,
                       action->request.account, action->request.account);
    privacy_change_row(action, change, &name, profile->sha, "keep");
}


/*
 * 1 if the record already says what allow would write: it is in force, with
 * the same exports and the end that it should have
 */

static int
privacy_access_same(privacy_action_t *action, const privacy_seen_t *seen,
    int cameras, int exports)
{
    int       same;
    json_t   *record;
    int64_t   at, reset;

    record = privacy_seen_json(seen);
    same = 0;

    if (json_is_object(record)
        && privacy_time_parse(privacy_json_text(json_object_get(record, "at")),
                              &at)
           == 0
        && at - PRIVACY_CLOCK_SKEW <= action->now)
    {
        reset = privacy_reset_after(&action->conf.policy->reset, action->now);

        same = json_is_true(json_object_get(record, "exports")) == exports;

        if (cameras) {
            same = same && seen->ends != 0 && seen->ends <= reset + 1000
                   && at >= privacy_reset_before(&action->conf.policy->reset,
                                                 action->now);

            /* one whose TTL ends early is given its whole time */

            same = same && seen->ends >= reset - 60000;

        } else {
            same = same && seen->ends == 0;
        }
    }

    json_decref(record);

    return same;
}


static json_t *
privacy_access_record(privacy_action_t *action, int exports)
{
    return json_pack("{s:o, s:s%, s:b}",
                     "at", privacy_view_time(action->now),
                     "by", action->by.data, action->by.len,
                     "exports", exports);
}


/* Writes the record (taken), or deletes it if that is NULL */

static void
privacy_access_change(privacy_action_t *action, privacy_seen_t *seen,
    int cameras, json_t *record)
{
    json_t            *event, *state;
    int64_t            px;
    privacy_str_t      none = { "", 0 };
    privacy_seen_t     written, *open = &seen[PRIVACY_READ_OPEN];
    privacy_change_t   change;

    memset(&change, 0, sizeof(privacy_change_t));

    px = (record != NULL && cameras)
         ? privacy_reset_after(&action->conf.policy->reset, action->now)
           - action->now
         : 0;

    privacy_access_expect(action, &change, &seen[PRIVACY_READ_PROFILE]);
    privacy_access_write(action, &change, PRIVACY_KEY_UNRESTRICTED, open->sha,
                         record, px, &written);

    event = privacy_change_event(action, record ? "allow" : "disallow", none,
                                 record);
    state = privacy_view_access(action, action->request.account, &written,
                                &seen[PRIVACY_READ_EXCLUDED], cameras, none);

    if (px != 0) {
        (void) json_object_set_new(event, "ends",
                                   privacy_view_time(action->now + px));
    }

    action->status = (record != NULL && open->state == PRIVACY_FACT_ABSENT)
                     ? PRIVACY_STATUS_CREATED : PRIVACY_STATUS_OK;

    json_decref(record);
    privacy_access_commit(action, &change, event, state);
}


static void
privacy_access_decide(privacy_action_t *action)
{
    int              allow, cameras, exports;
    json_t          *profile, *record;
    privacy_str_t    none = { "", 0 };
    privacy_seen_t   seen[PRIVACY_READS], *open = &seen[PRIVACY_READ_OPEN];

    if (privacy_access_seen(action, seen, &profile) != 0) {
        return;
    }

    cameras = privacy_view_cameras(profile);
    json_decref(profile);

    if (!privacy_action_matches(action, open->sha)) {
        return;
    }

    allow = action->request.action == PRIVACY_ACTION_ALLOW;
    exports = json_is_true(json_object_get(action->body, "exports"));

    if (allow ? privacy_access_same(action, open, cameras, exports)
              : open->state == PRIVACY_FACT_ABSENT)
    {
        privacy_action_etag(action, open->sha);
        privacy_action_finish(action, PRIVACY_STATUS_OK,
                              privacy_view_access(action,
                                                  action->request.account,
                                                  open,
                                                  &seen[PRIVACY_READ_EXCLUDED],
                                                  cameras, none));
        return;
    }

    record = allow ? privacy_access_record(action, exports) : NULL;

    if (allow && record == NULL) {
        privacy_action_no_memory(action);
        return;
    }

    privacy_access_change(action, seen, cameras, record);
}


/* 1 if the exclusion already says what exclude would write */

static int
privacy_exclusion_same(const privacy_seen_t *seen, json_t *reason,
    json_t *organizations)
{
    int      same;
    json_t  *record, *there;

    record = privacy_seen_json(seen);
    there = json_object_get(record, "organizations");

    same = json_is_object(record)
           && seen->ends == 0
           && json_is_string(json_object_get(record, "at"))
           && json_equal(json_object_get(record, "reason"), reason)
           && (organizations == NULL
               ? (there == NULL || json_is_null(there))
               : json_equal(there, organizations));

    json_decref(record);

    return same;
}


static json_t *
privacy_exclusion_record(privacy_action_t *action, json_t *organizations)
{
    json_t  *record;

    record = json_pack("{s:o, s:s%, s:O}",
                       "at", privacy_view_time(action->now),
                       "by", action->by.data, action->by.len,
                       "reason", json_object_get(action->body, "reason"));

    if (record != NULL && organizations != NULL
        && json_object_set(record, "organizations", organizations) != 0)
    {
        json_decref(record);
        return NULL;
    }

    return record;
}


/* Writes the record (taken), or deletes it if that is NULL */

static void
privacy_exclusion_change(privacy_action_t *action, privacy_seen_t *seen,
    json_t *record)
{
    json_t            *event, *state;
    privacy_str_t      none = { "", 0 };
    privacy_seen_t     written, *excluded = &seen[PRIVACY_READ_EXCLUDED];
    privacy_change_t   change;

    memset(&change, 0, sizeof(privacy_change_t));

    privacy_access_expect(action, &change, &seen[PRIVACY_READ_PROFILE]);
    privacy_access_write(action, &change, PRIVACY_KEY_EXCLUDED, excluded->sha,
                         record, 0, &written);

    event = privacy_change_event(action, record ? "exclude" : "include", none,
                                 record);
    state = privacy_view_exclusion(action->request.account, &written);

    action->status = (record != NULL
                      && excluded->state == PRIVACY_FACT_ABSENT)
                     ? PRIVACY_STATUS_CREATED : PRIVACY_STATUS_OK;

    json_decref(record);
    privacy_access_commit(action, &change, event, state);
}


static void
privacy_exclusion_decide(privacy_action_t *action)
{
    int              exclude;
    json_t          *profile, *record, *organizations;
    privacy_seen_t   seen[PRIVACY_READS];
    privacy_seen_t  *excluded = &seen[PRIVACY_READ_EXCLUDED];

    if (privacy_access_seen(action, seen, &profile) != 0) {
        return;
    }

    json_decref(profile);

    if (!privacy_action_matches(action, excluded->sha)) {
        return;
    }

    exclude = action->request.action == PRIVACY_ACTION_EXCLUDE;
    organizations = json_object_get(action->body, "organizations");

    if (json_is_null(organizations)) {
        organizations = NULL;
    }

    if (exclude ? privacy_exclusion_same(excluded,
                                         json_object_get(action->body,
                                                         "reason"),
                                         organizations)
                : excluded->state == PRIVACY_FACT_ABSENT)
    {
        privacy_action_etag(action, excluded->sha);
        privacy_action_finish(action, PRIVACY_STATUS_OK,
                              privacy_view_exclusion(action->request.account,
                                                     excluded));
        return;
    }

    record = exclude ? privacy_exclusion_record(action, organizations) : NULL;

    if (exclude && record == NULL) {
        privacy_action_no_memory(action);
        return;
    }

    privacy_exclusion_change(action, seen, record);
}
