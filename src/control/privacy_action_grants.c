/*
 * The grants of one account, and where they are found: by the index that the
 * actions keep, by the account's integrators and, because a portal may write
 * grants by itself, by a scan of all keys.
 */

#include <string.h>

#include "privacy_action_state.h"


#define PRIVACY_SCAN_COUNT   1000      /* keys of one step, about a ms */
#define PRIVACY_GRANTS_READ  100       /* records of one read */


static void privacy_scan_step(privacy_action_t *action);
static void privacy_scan_done(privacy_action_t *action);
static void privacy_grants_ask(privacy_action_t *action);
static void privacy_grants_found(privacy_action_t *action);
static void privacy_grants_read(privacy_action_t *action);
static void privacy_grants_show(privacy_action_t *action);


void
privacy_action_scan(privacy_action_t *action, privacy_action_pt then)
{
    json_decref(action->names);
    action->names = json_object();

    action->cursor[0] = '0';
    action->cursor[1] = '\0';
    action->scanned = then;

    privacy_scan_step(action);
}


static void
privacy_scan_step(privacy_action_t *action)
{
    char            match[PRIVACY_KEY_MAX + 1];
    privacy_str_t   pattern = { match, 0 };
    privacy_name_t  name;

    privacy_name_grant_of(action, &name);
    memcpy(match, name.data, name.len);
    match[name.len] = '*';
    pattern.len = name.len + 1;

    privacy_pipeline_command(&action->pipe, "SCAN");
    privacy_pipeline_text(&action->pipe, action->cursor);
    privacy_pipeline_text(&action->pipe, "MATCH");
    privacy_pipeline_add(&action->pipe, pattern);
    privacy_pipeline_text(&action->pipe, "COUNT");
    privacy_pipeline_number(&action->pipe, PRIVACY_SCAN_COUNT);

    privacy_action_then(action, privacy_scan_done);
}


static void
privacy_scan_done(privacy_action_t *action)
{
    size_t                  i;
    privacy_str_t           account, organization;
    const privacy_reply_t  *reply, *cursor, *keys, *key;

    reply = privacy_pipeline_get(&action->pipe, 0);
    cursor = privacy_reply_item(reply, 0);
    keys = privacy_reply_item(reply, 1);

    if (cursor->type != PRIVACY_REPLY_STRING
        || cursor->string.len == 0
        || cursor->string.len >= sizeof(action->cursor)
        || keys->type != PRIVACY_REPLY_ARRAY)
    {
        privacy_action_bad_reply(action);
        return;
    }

    for (i = 0; i < keys->count; i++) {
        key = privacy_reply_item(keys, i);

        if (key->type == PRIVACY_REPLY_STRING
            && privacy_key_parse(key->string, action->conf.prefix, &account,
                                 &organization)
               == PRIVACY_KEY_GRANT
            && privacy_same(account, action->request.account))
        {
            (void) json_object_setn_new(action->names, organization.data,
                                        organization.len, json_true());
        }
    }

    memcpy(action->cursor, cursor->string.data, cursor->string.len + 1);

    if (strcmp(action->cursor, "0") != 0) {
        privacy_scan_step(action);
        return;
    }

    action->scanned(action);
}


void
privacy_action_grants(privacy_action_t *action)
{
    if (action->request.whole) {
        privacy_action_scan(action, privacy_grants_ask);
        return;
    }

    json_decref(action->names);
    action->names = json_object();

    privacy_grants_ask(action);
}


static void
privacy_grants_ask(privacy_action_t *action)
{
    privacy_str_t   account = action->request.account;
    privacy_name_t  name;

    privacy_read_key(action, PRIVACY_KEY_PROFILE, account, account);
    privacy_read_key(action, PRIVACY_KEY_PROVIDERS, account, account);

    privacy_name_grants(action, &name, account);
    privacy_pipeline_command(&action->pipe, "SMEMBERS");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));

    privacy_action_then(action, privacy_grants_found);
}


/*
 * Whoever may have a grant: the account's integrators, who is in its index,
 * and who was found by the scan
 */

static void
privacy_grants_found(privacy_action_t *action)
{
    size_t                  i;
    json_t                 *profile, *providers, *value, *names;
    privacy_seen_t          seen[2];
    const privacy_reply_t  *members;

    if (privacy_read_seen(action, 0, 0, &seen[0]) != 0
        || privacy_read_seen(action, 0, 1, &seen[1]) != 0)
    {
        return;
    }

    members = privacy_pipeline_get(&action->pipe, 4);

    if (seen[0].state == PRIVACY_FACT_ABSENT
        && !(members->type == PRIVACY_REPLY_ARRAY && members->count != 0)
        && json_object_size(action->names) == 0)
    {
        privacy_action_fail(action, PRIVACY_STATUS_NOT_FOUND, "no-account",
                            NULL, "There is no such account");
        return;
    }

    profile = privacy_seen_json(&seen[0]);
    providers = privacy_seen_json(&seen[1]);
    names = privacy_profile_ids(profile, "integrators");

    json_array_foreach(providers, i, value) {

        if (privacy_id_valid(privacy_json_text(value))) {
            (void) json_object_set(names, json_string_value(value), value);
        }
    }

    json_decref(profile);
    json_decref(providers);

    for (i = 0; i < members->count; i++) {

        if (members->items[i].type == PRIVACY_REPLY_STRING
            && privacy_id_valid(members->items[i].string))
        {
            (void) json_object_set_new(names, members->items[i].string.data,
                                       json_true());
        }
    }

    (void) json_object_update(names, action->names);
    json_decref(action->names);
    action->names = names;

    if (action->state == NULL) {
        action->state = json_array();
    }

    privacy_grants_read(action);
}


static void
privacy_grants_read(privacy_action_t *action)
{
    json_t         *value, *result;
    unsigned        n;
    const char     *id;
    privacy_str_t   account = action->request.account;

    n = 0;

    json_object_foreach(action->names, id, value) {

        if (n++ == PRIVACY_GRANTS_READ) {
            break;
        }

        privacy_read_key(action, PRIVACY_KEY_GRANT, account,
                         privacy_text(id));
    }

    if (n != 0) {
        privacy_action_then(action, privacy_grants_show);
        return;
    }

    if (action->request.action == PRIVACY_ACTION_LIST) {
        (void) json_object_set(json_array_get(action->rows, 0), "grants",
                               action->state);
        result = json_pack("{s:O, s:n}", "accounts", action->rows, "cursor");

    } else {
        result = json_pack("{s:s%, s:O}", "account", account.data,
                           account.len, "grants", action->state);
    }

    privacy_action_finish(action, PRIVACY_STATUS_OK, result);
}


static void
privacy_grants_show(privacy_action_t *action)
{
    void            *next;
    json_t          *value;
    unsigned         n;
    const char      *id;
    privacy_seen_t   seen;

    n = 0;

    json_object_foreach_safe(action->names, next, id, value) {

        if (n == action->pipe.nsent / 2) {
            break;
        }

        if (privacy_read_seen(action, 0, n, &seen) != 0) {
            return;
        }

        if (seen.state != PRIVACY_FACT_ABSENT) {
            (void) json_array_append_new(action->state,
                               privacy_view_grant(action,
                                                  action->request.account,
                                                  privacy_text(id), &seen));
        }

        (void) json_object_del(action->names, id);
        n++;
    }

    privacy_grants_read(action);
}
