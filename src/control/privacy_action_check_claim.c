/*
 * The sweep: what accounts have in other slots, i.e. the camera registry and
 * the indexes, is claimed where it is missing and given up where it points
 * nowhere.  As others claim and give up at the same time, whoever writes looks
 * again from the other side: see privacy_action_claim.c.
 */

#include <string.h>

#include "privacy_action_sweep.h"


static void
privacy_check_claim(privacy_action_t *action, privacy_str_t camera,
    privacy_str_t account)
{
    privacy_name_t  name;

    privacy_name_write(action, &name, PRIVACY_KEY_CAMERA, camera, camera);
    privacy_check_named(action, &name, "SET", account);
    privacy_pipeline_text(&action->pipe, "NX");
}


/* What the account has in other slots: claimed where it is missing */

void
privacy_check_profile(privacy_action_t *action, privacy_check_t *check)
{
    json_t          *profile, *value, *ids;
    const char      *id;
    privacy_seen_t   seen;

    if (privacy_read_seen(action, check->first, 0, &seen) != 0
        || seen.state == PRIVACY_FACT_ABSENT)
    {
        return;
    }

    action->figures.accounts++;
    profile = privacy_seen_json(&seen);

    if (!json_is_object(profile)) {
        action->figures.invalid++;
        json_decref(profile);
        return;
    }

    /* in the order of the commands, for privacy_check_claimed() */

    check->claims = json_array();
    ids = privacy_profile_ids(profile, "cameras");

    json_object_foreach(ids, id, value) {
        privacy_check_claim(action, privacy_json_text(value),
                            privacy_check_id(check));
        (void) json_array_append(check->claims, value);
    }

    check->cameras = json_object_size(ids);
    json_decref(ids);

    ids = privacy_profile_ids(profile, "integrators");

    json_object_foreach(ids, id, value) {
        privacy_check_index(action, "SADD", privacy_json_text(value),
                            privacy_check_id(check));
        (void) json_array_append(check->claims, value);
    }

    json_decref(ids);
    json_decref(profile);
}


/*
 * What was missing was perhaps just being given up: whatever was claimed is
 * looked at again, from the other side
 */

void
privacy_check_claimed(privacy_action_t *action, privacy_check_t *check)
{
    unsigned                i;
    privacy_str_t           id;
    const privacy_reply_t  *reply;

    for (i = 0; i < check->count; i++) {
        reply = privacy_pipeline_get(&action->pipe, check->first + i);
        id = privacy_json_text(json_array_get(check->claims, i));

        if (i < check->cameras && reply->type == PRIVACY_REPLY_STRING) {
            action->figures.repaired++;
            privacy_sweeper_add(action->sweeper, PRIVACY_CHECK_CAMERA, id,
                                privacy_text(""));

        } else if (i >= check->cameras && reply->type == PRIVACY_REPLY_INTEGER
                   && reply->integer == 1)
        {
            action->figures.repaired++;
            privacy_sweeper_add(action->sweeper, PRIVACY_CHECK_MEMBER, id,
                                privacy_check_id(check));
        }
    }
}


static void
privacy_check_release(privacy_action_t *action, const privacy_check_t *check,
    privacy_str_t value)
{
    privacy_name_t  name;

    privacy_name_write(action, &name, PRIVACY_KEY_CAMERA,
                       privacy_check_id(check), privacy_check_id(check));

    privacy_pipeline_script(&action->pipe, PRIVACY_SCRIPT_RELEASE);
    privacy_pipeline_number(&action->pipe, 1);
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
    privacy_pipeline_add(&action->pipe, value);
}


void
privacy_check_camera(privacy_action_t *action, privacy_check_t *check)
{
    privacy_seen_t  seen;

    if (privacy_read_seen(action, check->first, 0, &seen) != 0
        || seen.state != PRIVACY_FACT_PRESENT)
    {
        return;
    }

    if (privacy_id_valid(seen.value)) {
        privacy_sweeper_add(action->sweeper, PRIVACY_CHECK_OWNED,
                            privacy_check_id(check), seen.value);

    } else {
        privacy_check_release(action, check, seen.value);
    }
}


/*
 * An entry points nowhere if the account's profile does not list the camera,
 * or if there is no record of the account at all.
 */

void
privacy_check_owned(privacy_action_t *action, privacy_check_t *check)
{
    int                     listed;
    json_t                 *profile;
    privacy_seen_t          seen;
    const privacy_reply_t  *known;

    if (privacy_read_seen(action, check->first, 0, &seen) != 0) {
        return;
    }

    known = privacy_pipeline_get(&action->pipe, check->first + 2);

    if (known->type != PRIVACY_REPLY_INTEGER) {
        return;
    }

    profile = privacy_seen_json(&seen);

    listed = (seen.state == PRIVACY_FACT_ABSENT) ? known->integer != 0
             : !json_is_object(profile)
               || privacy_profile_lists(profile, "cameras",
                                        privacy_check_id(check));
    json_decref(profile);

    if (check->check == PRIVACY_CHECK_OWNED && !listed) {
        privacy_check_release(action, check, privacy_check_other(check));

    } else if (check->check == PRIVACY_CHECK_RESTORE && listed) {
        privacy_check_claim(action, privacy_check_id(check),
                            privacy_check_other(check));
    }
}


void
privacy_check_set(privacy_action_t *action, privacy_check_t *check)
{
    size_t                  i;
    privacy_name_t          name;
    privacy_check_t         next;
    const privacy_reply_t  *reply, *cursor, *members, *member;

    reply = privacy_pipeline_get(&action->pipe, check->first);

    if (check->check == PRIVACY_CHECK_SET) {
        privacy_name_write(action, &name, PRIVACY_KEY_INDEX,
                           privacy_check_id(check), privacy_check_id(check));
        cursor = privacy_reply_item(reply, 0);
        members = privacy_reply_item(reply, 1);

        if (cursor->type == PRIVACY_REPLY_STRING
            && cursor->string.len < sizeof(next.cursor)
            && cursor->string.len != 0
            && !privacy_same(cursor->string, privacy_text("0")))
        {
            next = *check;
            memcpy(next.cursor, cursor->string.data, cursor->string.len + 1);
            privacy_sweeper_push(action->sweeper, &next);
        }

    } else {
        privacy_name_grants(action, &name, privacy_check_id(check));
        members = reply;
    }

    for (i = 0; i < members->count; i++) {
        member = privacy_reply_item(members, i);

        if (member->type != PRIVACY_REPLY_STRING) {
            continue;
        }

        if (!privacy_id_valid(member->string)) {
            privacy_check_named(action, &name, "SREM", member->string);
            continue;
        }

        privacy_sweeper_add(action->sweeper,
                            check->check == PRIVACY_CHECK_SET
                            ? PRIVACY_CHECK_MEMBER : PRIVACY_CHECK_INDEXED,
                            privacy_check_id(check), member->string);
    }
}


/* Does the organization service the account, or have a grant of it? */

void
privacy_check_member(privacy_action_t *action, privacy_check_t *check)
{
    int              member;
    size_t           i;
    json_t          *providers, *profile, *value;
    privacy_seen_t   seen[3];

    for (i = 0; i < 3; i++) {

        if (privacy_read_seen(action, check->first, i, &seen[i]) != 0) {
            return;
        }
    }

    providers = privacy_seen_json(&seen[0]);
    profile = privacy_seen_json(&seen[2]);

    member = seen[1].state != PRIVACY_FACT_ABSENT
             || privacy_profile_lists(profile, "integrators",
                                      privacy_check_id(check));

    json_array_foreach(providers, i, value) {

        if (privacy_same(privacy_json_text(value), privacy_check_id(check))) {
            member = 1;
        }
    }

    json_decref(providers);
    json_decref(profile);

    if (check->check == PRIVACY_CHECK_MEMBER && !member) {
        privacy_check_index(action, "SREM", privacy_check_id(check),
                            privacy_check_other(check));

    } else if (check->check == PRIVACY_CHECK_REJOIN && member) {
        privacy_check_index(action, "SADD", privacy_check_id(check),
                            privacy_check_other(check));
    }
}


/* An entry of the account's own index whose grant is gone */

void
privacy_check_indexed(privacy_action_t *action, privacy_check_t *check)
{
    privacy_name_t     name;
    privacy_seen_t     seen;
    privacy_change_t   change;

    if (privacy_read_seen(action, check->first, 0, &seen) != 0
        || seen.state != PRIVACY_FACT_ABSENT)
    {
        return;
    }

    memset(&change, 0, sizeof(privacy_change_t));

    privacy_check_expect(action, &change, PRIVACY_KEY_GRANT, check, &seen,
                         "keep");
    privacy_name_grants(action, &name, privacy_check_id(check));
    privacy_change_row(action, &change, &name, PRIVACY_ANY, "srem");
    privacy_change_value(&change, check->other, strlen(check->other), 0);

    privacy_change_send(action, &change, privacy_check_id(check), NULL, 1);
}
