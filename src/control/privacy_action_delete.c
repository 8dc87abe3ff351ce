/*
 * Deleting an account: every key of it, those of grants that a portal wrote
 * by itself included, which only a scan of all keys finds.
 */

#include <stdlib.h>
#include <string.h>

#include "privacy_action_state.h"


static void privacy_delete_read(privacy_action_t *action);
static void privacy_delete_decide(privacy_action_t *action);
static void privacy_delete_done(privacy_action_t *action);
static void privacy_delete_settle(privacy_action_t *action);
static void privacy_delete_end(privacy_action_t *action);


void
privacy_action_delete_account(privacy_action_t *action)
{
    privacy_action_scan(action, privacy_delete_read);
}


static void
privacy_delete_read(privacy_action_t *action)
{
    privacy_str_t   account = action->request.account;
    privacy_name_t  name;

    privacy_read_key(action, PRIVACY_KEY_PROFILE, account, account);
    privacy_read_key(action, PRIVACY_KEY_UNRESTRICTED, account, account);
    privacy_read_key(action, PRIVACY_KEY_EXCLUDED, account, account);
    privacy_read_key(action, PRIVACY_KEY_PROVIDERS, account, account);

    privacy_name_grants(action, &name, account);
    privacy_pipeline_command(&action->pipe, "SMEMBERS");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));

    privacy_action_then(action, privacy_delete_decide);
}


static void
privacy_delete_rows(privacy_action_t *action, privacy_change_t *change,
    const char *sha)
{
    size_t                i;
    json_t               *value;
    const char           *organization;
    privacy_str_t         account = action->request.account;
    privacy_name_t        name, index;

    static const privacy_key_e  kinds[] = {
        PRIVACY_KEY_PROFILE, PRIVACY_KEY_UNRESTRICTED, PRIVACY_KEY_EXCLUDED,
        PRIVACY_KEY_PROVIDERS, PRIVACY_KEY_LOG
    };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        privacy_name_write(action, &name, kinds[i], account, account);
        privacy_change_row(action, change, &name, i == 0 ? sha : PRIVACY_ANY,
                           "del");
    }

    json_object_foreach(action->names, organization, value) {
        privacy_name_write(action, &name, PRIVACY_KEY_GRANT, account,
                           privacy_text(organization));
        privacy_change_row(action, change, &name, PRIVACY_ANY, "del");
    }

    /* and those that were given since the scan */

    privacy_name_grant_of(action, &name);
    privacy_name_grants(action, &index, account);
    privacy_change_row(action, change, &index, PRIVACY_ANY, "grants");
    privacy_change_value(change, name.data, name.len, 0);
}


/* Where the account is known elsewhere */

static void
privacy_delete_claims(privacy_action_t *action, const json_t *profile,
    const json_t *providers, const privacy_reply_t *members)
{
    size_t             i;
    json_t            *value, *ids, *leave;
    const char        *id;
    privacy_claims_t  *claims = &action->claims;

    privacy_claims_cleanup(claims);

    leave = privacy_profile_ids(profile, "integrators");
    (void) json_object_update(leave, action->names);

    json_array_foreach(providers, i, value) {

        if (json_is_string(value)) {
            (void) json_object_set(leave, json_string_value(value), value);
        }
    }

    for (i = 0; i < members->count; i++) {

        if (members->items[i].type == PRIVACY_REPLY_STRING
            && privacy_id_valid(members->items[i].string))
        {
            (void) json_object_set_new(leave, members->items[i].string.data,
                                       json_true());
        }
    }

    claims->leave = json_array();

    json_object_foreach(leave, id, value) {
        (void) json_array_append_new(claims->leave, json_string(id));
    }

    json_decref(leave);

    claims->release = json_array();
    ids = privacy_profile_ids(profile, "cameras");

    json_object_foreach(ids, id, value) {
        (void) json_array_append(claims->release, value);
    }

    json_decref(ids);
}


static void
privacy_delete_decide(privacy_action_t *action)
{
    unsigned                i, there;
    json_t                 *event, *providers;
    privacy_str_t           none = { "", 0 };
    privacy_seen_t          seen[4];
    privacy_change_t        change;
    const privacy_reply_t  *members;

    there = json_object_size(action->names) != 0;

    for (i = 0; i < 4; i++) {

        if (privacy_read_seen(action, 0, i, &seen[i]) != 0) {
            return;
        }

        there |= seen[i].state != PRIVACY_FACT_ABSENT;
    }

    members = privacy_pipeline_get(&action->pipe, 8);
    there |= members->type == PRIVACY_REPLY_ARRAY && members->count != 0;

    if (!privacy_action_matches(action, seen[0].sha)) {
        return;
    }

    if (!there) {
        privacy_action_fail(action, PRIVACY_STATUS_NOT_FOUND, "no-account",
                            NULL, "There is no such account");
        return;
    }

    json_decref(action->profile);
    action->profile = privacy_seen_json(&seen[0]);

    providers = privacy_seen_json(&seen[3]);
    privacy_delete_claims(action, action->profile, providers, members);
    json_decref(providers);

    memset(&change, 0, sizeof(privacy_change_t));
    privacy_delete_rows(action, &change, seen[0].sha);

    event = privacy_change_event(action, "delete_account", none, NULL);

    if (event == NULL) {
        action->pipe.failed = 1;
    }

    privacy_change_send(action, &change, action->request.account, event, 1);
    privacy_action_then(action, privacy_delete_done);
}


/*
 * The account's log is gone with it.  That there was an account, and who
 * deleted it, stays in PREFIX-deleted.
 */

static void
privacy_delete_done(privacy_action_t *action)
{
    json_t          *event, *value;
    const char      *field;
    privacy_str_t    none = { "", 0 };
    privacy_name_t   name;

    switch (privacy_change_reply(action, 0)) {

    case PRIVACY_CHANGE_BAD:
        return;

    case PRIVACY_CHANGE_LATE:
        (void) privacy_action_again(action, privacy_delete_read);
        return;

    default:
        break;
    }

    action->result.changed = 1;
    event = privacy_change_event(action, "delete_account", none, NULL);

    privacy_name_tail(action, &name, PRIVACY_DELETED);
    privacy_pipeline_command(&action->pipe, "XADD");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
    privacy_pipeline_text(&action->pipe, "*");
    privacy_pipeline_text(&action->pipe, "account");
    privacy_pipeline_add(&action->pipe, action->request.account);

    json_object_foreach(event, field, value) {
        privacy_pipeline_text(&action->pipe, field);
        privacy_pipeline_add(&action->pipe, privacy_json_text(value));
    }

    json_decref(event);

    action->errors = 1;
    privacy_action_then(action, privacy_delete_settle);
}


static void
privacy_delete_settle(privacy_action_t *action)
{
    privacy_claims_settle(action, privacy_delete_end);
}


static void
privacy_delete_end(privacy_action_t *action)
{
    privacy_action_finish(action, PRIVACY_STATUS_NO_CONTENT, NULL);
}
