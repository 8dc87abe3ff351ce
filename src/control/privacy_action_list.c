/*
 * Lists of accounts, page by page.
 *
 * A page is a few steps of SCAN or SSCAN and one read of what they found, so
 * no command takes long, however many accounts there are.
 */

#include <stdio.h>
#include <string.h>

#include "privacy_action_state.h"


#define PRIVACY_LIST_STEPS   200       /* of SCAN, for one page */
#define PRIVACY_LIST_COUNT   500       /* keys of one such step */

/* What is read of each account, in this order */

#define PRIVACY_READ_PROFILE  0
#define PRIVACY_READ_OPEN     1
#define PRIVACY_READ_EXCLUDED 2
#define PRIVACY_READ_GRANT    3
#define PRIVACY_READS         4


static void privacy_list_scan(privacy_action_t *action);
static void privacy_list_scanned(privacy_action_t *action);
static void privacy_list_read(privacy_action_t *action);
static void privacy_list_show(privacy_action_t *action);


/* What is listed, with the filter of those who see all */

static privacy_list_e
privacy_list_of(privacy_action_t *action)
{
    privacy_list_e  list;

    list = privacy_permit_list(&action->request.actor);

    if (list == PRIVACY_LIST_ALL && action->request.organization.len != 0) {
        return PRIVACY_LIST_SERVED;
    }

    return list;
}


/* Whose grant is shown, and whose index is walked; empty: nobody's */

static privacy_str_t
privacy_list_organization(privacy_action_t *action)
{
    privacy_str_t  none = { "", 0 };

    switch (privacy_list_of(action)) {

    case PRIVACY_LIST_SERVED:
        return (action->request.organization.len != 0)
               ? action->request.organization
               : action->request.actor.organization;

    case PRIVACY_LIST_EVERY:
        return action->request.actor.organization;

    default:
        return none;
    }
}


static int
privacy_cursor_valid(privacy_str_t cursor)
{
    size_t  i;

    for (i = 0; i < cursor.len; i++) {

        if (cursor.data[i] < '0' || cursor.data[i] > '9') {
            return 0;
        }
    }

    return cursor.len <= 20;
}


void
privacy_action_list(privacy_action_t *action)
{
    const privacy_action_request_t  *request = &action->request;

    /* a filter is for those who see everything */

    if (request->organization.len != 0
        && privacy_permit_list(&request->actor) != PRIVACY_LIST_ALL
        && !privacy_same(request->organization, request->actor.organization))
    {
        privacy_action_fail(action, PRIVACY_STATUS_FORBIDDEN, "forbidden",
                            "organization", "This is not yours to see");
        return;
    }

    if (!privacy_cursor_valid(request->cursor)) {
        privacy_action_fail(action, PRIVACY_STATUS_MALFORMED, "malformed",
                            "cursor", "The cursor is none that was given out");
        return;
    }

    (void) snprintf(action->cursor, sizeof(action->cursor), "%.*s",
                    request->cursor.len ? (int) request->cursor.len : 1,
                    request->cursor.len ? request->cursor.data : "0");

    action->names = json_object();

    if (privacy_list_of(action) == PRIVACY_LIST_ACCOUNT) {
        (void) snprintf(action->cursor, sizeof(action->cursor), "0");
        (void) json_object_set_new(action->names,
                                   request->actor.organization.data,
                                   json_true());
        privacy_list_read(action);
        return;
    }

    privacy_list_scan(action);
}


static unsigned
privacy_list_limit(privacy_action_t *action)
{
    unsigned  limit = action->request.limit;

    if (limit == 0) {
        return PRIVACY_LIST_LIMIT;
    }

    return (limit < PRIVACY_LIST_MOST) ? limit : PRIVACY_LIST_MOST;
}


static void
privacy_list_scan(privacy_action_t *action)
{
    unsigned             count;
    privacy_str_t        organization;
    privacy_name_t       name;
    privacy_pipeline_t  *pipe = &action->pipe;

    count = privacy_list_limit(action);

    if (privacy_list_of(action) == PRIVACY_LIST_SERVED) {
        organization = privacy_list_organization(action);
        privacy_name_write(action, &name, PRIVACY_KEY_INDEX, organization,
                           organization);

        privacy_pipeline_command(pipe, "SSCAN");
        privacy_pipeline_add(pipe, privacy_name_text(&name));
        privacy_pipeline_text(pipe, action->cursor);

    } else {
        privacy_name_tail(action, &name, "-account:{*}");

        privacy_pipeline_command(pipe, "SCAN");
        privacy_pipeline_text(pipe, action->cursor);
        privacy_pipeline_text(pipe, "MATCH");
        privacy_pipeline_add(pipe, privacy_name_text(&name));

        /* accounts are one key of several */

        count = (count < PRIVACY_LIST_COUNT) ? count : PRIVACY_LIST_COUNT;
    }

    privacy_pipeline_text(pipe, "COUNT");
    privacy_pipeline_number(pipe, count);

    privacy_action_then(action, privacy_list_scanned);
}


static void
privacy_list_scanned(privacy_action_t *action)
{
    size_t                  i;
    privacy_str_t           account;
    const privacy_reply_t  *reply, *cursor, *keys, *key;

    reply = privacy_pipeline_get(&action->pipe, 0);
    cursor = privacy_reply_item(reply, 0);
    keys = privacy_reply_item(reply, 1);

    if (cursor->type != PRIVACY_REPLY_STRING || cursor->string.len == 0
        || !privacy_cursor_valid(cursor->string)
        || keys->type != PRIVACY_REPLY_ARRAY)
    {
        privacy_action_bad_reply(action);
        return;
    }

    for (i = 0; i < keys->count; i++) {
        key = privacy_reply_item(keys, i);

        if (key->type != PRIVACY_REPLY_STRING) {
            continue;
        }

        if (privacy_list_of(action) == PRIVACY_LIST_SERVED) {
            account = key->string;

        } else if (privacy_key_parse(key->string, action->conf.prefix,
                                     &account, NULL)
                   != PRIVACY_KEY_PROFILE)
        {
            continue;
        }

        if (privacy_id_valid(account)) {
            (void) json_object_setn_new(action->names, account.data,
                                        account.len, json_true());
        }
    }

    memcpy(action->cursor, cursor->string.data, cursor->string.len + 1);

    if (strcmp(action->cursor, "0") != 0
        && json_object_size(action->names) < privacy_list_limit(action)
        && ++action->steps < PRIVACY_LIST_STEPS)
    {
        privacy_list_scan(action);
        return;
    }

    privacy_list_read(action);
}


/* The next accounts of the page: a batch of them, whose profiles may be long */

static void
privacy_list_read(privacy_action_t *action)
{
    json_t         *value;
    unsigned        n;
    const char     *id;
    privacy_str_t   account, organization;

    if (action->rows == NULL) {
        action->rows = json_array();
    }

    organization = privacy_list_organization(action);
    n = 0;

    json_object_foreach(action->names, id, value) {

        if (n++ == 100) {
            break;
        }

        account = privacy_text(id);

        privacy_read_key(action, PRIVACY_KEY_PROFILE, account, account);
        privacy_read_key(action, PRIVACY_KEY_UNRESTRICTED, account, account);
        privacy_read_key(action, PRIVACY_KEY_EXCLUDED, account, account);
        privacy_read_key(action, PRIVACY_KEY_GRANT, account,
                         organization.len ? organization : account);
    }

    if (n == 0) {
        json_t  *page;

        page = json_pack("{s:O}", "accounts", action->rows);
        (void) json_object_set_new(page, "cursor",
                                   strcmp(action->cursor, "0") == 0
                                   ? json_null()
                                   : json_string(action->cursor));

        privacy_action_finish(action, PRIVACY_STATUS_OK, page);
        return;
    }

    privacy_action_then(action, privacy_list_show);
}


static void
privacy_list_own(privacy_action_t *action, json_t *row,
    const privacy_seen_t *grant, privacy_grant_e state)
{
    privacy_str_t  account, organization;

    account = privacy_json_text(json_object_get(row, "account"));
    organization = privacy_list_organization(action);

    (void) json_object_set_new(row, "grant",
                               state == PRIVACY_GRANT_ABSENT
                               ? json_null()
                               : privacy_view_grant(action, account,
                                                    organization, grant));
}


/* NULL: nothing is shown of the account */

static json_t *
privacy_list_row(privacy_action_t *action, const char *id,
    const privacy_seen_t *seen)
{
    size_t            i;
    json_t           *row, *profile, *access, *value;
    int64_t           end;
    privacy_str_t     organization;
    privacy_list_e    list;
    privacy_grant_e   state;

    if (seen[PRIVACY_READ_PROFILE].state == PRIVACY_FACT_ABSENT) {
        return NULL;
    }

    list = privacy_list_of(action);
    organization = privacy_list_organization(action);
    state = PRIVACY_GRANT_ABSENT;
    profile = privacy_seen_json(&seen[PRIVACY_READ_PROFILE]);

    if (organization.len != 0) {
        state = privacy_view_grant_state(action, &seen[PRIVACY_READ_GRANT],
                                         &end);

        /* the index may be behind */

        if (list == PRIVACY_LIST_SERVED && state < PRIVACY_GRANT_NOT_YET
            && !privacy_profile_lists(profile, "integrators", organization))
        {
            json_decref(profile);
            return NULL;
        }
    }

    access = privacy_view_access(action, privacy_text(id),
                                 &seen[PRIVACY_READ_OPEN],
                                 &seen[PRIVACY_READ_EXCLUDED],
                                 privacy_view_cameras(profile), organization);

    value = json_object_get(profile, "administrators");

    row = json_pack("{s:s, s:O?, s:O?, s:O?, s:o}",
                    "account", id,
                    "name", json_object_get(profile, "name"),
                    "state", json_object_get(access, "state"),
                    "ends", json_object_get(access, "ends"),
                    "administrators",
                    json_is_array(value) ? json_incref(value) : json_array());
    json_decref(access);

    if (!json_is_object(profile)) {
        (void) json_object_set_new(row, "invalid", json_true());
    }

    if (organization.len != 0) {
        privacy_list_own(action, row, &seen[PRIVACY_READ_GRANT], state);

    } else {
        value = json_object_get(profile, "integrators");
        i = json_array_size(json_object_get(profile, "cameras"));

        (void) json_object_set_new(row, "integrators",
                                   value ? json_incref(value) : json_array());
        (void) json_object_set_new(row, "cameras", json_integer(i));
    }

    json_decref(profile);

    return row;
}


static void
privacy_list_show(privacy_action_t *action)
{
    int              rc;
    json_t          *value, *row;
    unsigned         n, i;
    const char      *id;
    void            *next;
    privacy_seen_t   seen[PRIVACY_READS];

    n = 0;

    json_object_foreach_safe(action->names, next, id, value) {

        if (n == action->pipe.nsent / (2 * PRIVACY_READS)) {
            break;
        }

        for (i = 0, rc = 0; i < PRIVACY_READS && rc == 0; i++) {
            rc = privacy_read_seen(action, 0, n * PRIVACY_READS + i, &seen[i]);
        }

        if (rc != 0) {
            return;
        }

        row = privacy_list_row(action, id, seen);

        if (row != NULL) {
            (void) json_array_append_new(action->rows, row);
        }

        (void) json_object_del(action->names, id);
        n++;
    }

    if (privacy_list_of(action) == PRIVACY_LIST_ACCOUNT
        && json_array_size(action->rows) != 0)
    {
        action->request.account = action->request.actor.organization;
        privacy_action_grants(action);
        return;
    }

    privacy_list_read(action);
}
