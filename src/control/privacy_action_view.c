/*
 * The actions: what is shown of records, and what they are worth by now.
 */

#include <stdlib.h>
#include <string.h>

#include "privacy_action_state.h"


json_t *
privacy_view_time(int64_t ms)
{
    char  buf[PRIVACY_TIME_LEN];

    if (ms <= 0) {
        return json_null();
    }

    privacy_time_write(buf, ms);

    return json_stringn(buf, PRIVACY_TIME_LEN);
}


int
privacy_view_cameras(const json_t *profile)
{
    const json_t  *cameras;

    cameras = json_object_get(profile, "cameras");

    return !json_is_array(cameras) || json_array_size(cameras) != 0;
}


int
privacy_profile_lists(const json_t *profile, const char *list,
    privacy_str_t id)
{
    size_t         i;
    const json_t  *value, *array;

    array = json_object_get(profile, list);

    json_array_foreach(array, i, value) {

        if (json_is_object(value)) {
            value = json_object_get(value, "id");
        }

        if (json_is_string(value) && privacy_same(privacy_json_text(value), id))
        {
            return 1;
        }
    }

    return 0;
}


json_t *
privacy_profile_ids(const json_t *profile, const char *list)
{
    size_t   i;
    json_t  *value, *array, *ids;

    ids = json_object();
    array = json_object_get(profile, list);

    json_array_foreach(array, i, value) {

        if (json_is_object(value)) {
            value = json_object_get(value, "id");
        }

        if (json_is_string(value)
            && privacy_id_valid(privacy_json_text(value)))
        {
            (void) json_object_set(ids, json_string_value(value), value);
        }
    }

    return ids;
}


void *
privacy_view_record(privacy_key_e kind, privacy_str_t value)
{
    void    *buf;
    size_t   size, (*parse)(privacy_str_t, void *, size_t, const char **);

    switch (kind) {

    case PRIVACY_KEY_UNRESTRICTED:
        parse = privacy_unrestricted_parse;
        break;

    case PRIVACY_KEY_EXCLUDED:
        parse = privacy_excluded_parse;
        break;

    case PRIVACY_KEY_PROVIDERS:
        parse = privacy_providers_parse;
        break;

    default:
        parse = privacy_grant_parse;
        break;
    }

    size = parse(value, NULL, 0, NULL);

    if (size == 0) {
        return NULL;
    }

    buf = malloc(size);

    if (buf != NULL && parse(value, buf, size, NULL) != size) {
        free(buf);
        return NULL;
    }

    return buf;
}


/* 1 if the record opens the account by now, until *end (0: open-ended) */

static int
privacy_view_unrestricted(privacy_action_t *action,
    const privacy_seen_t *seen, int cameras, int64_t *end)
{
    int                      open;
    int64_t                  reset;
    privacy_unrestricted_t  *record;

    if (seen->state != PRIVACY_FACT_PRESENT) {
        return 0;
    }

    record = privacy_view_record(PRIVACY_KEY_UNRESTRICTED, seen->value);

    if (record == NULL) {
        return 0;
    }

    open = 1;
    *end = seen->ends;

    if (record->bare) {
        open = !cameras || seen->ends != 0;

    } else if (record->at - PRIVACY_CLOCK_SKEW > action->now) {
        open = 0;

    } else if (cameras) {
        reset = privacy_reset_after(&action->conf.policy->reset, record->at);
        open = action->now < reset;
        *end = (*end == 0 || reset < *end) ? reset : *end;
    }

    free(record);

    return open;
}


static int
privacy_view_excluded(const privacy_seen_t *seen, privacy_str_t organization)
{
    int                  excluded;
    privacy_excluded_t  *record;

    if (seen->state != PRIVACY_FACT_PRESENT) {
        return 0;
    }

    record = privacy_view_record(PRIVACY_KEY_EXCLUDED, seen->value);

    if (record == NULL) {
        return 0;
    }

    excluded = record->everybody || organization.len == 0
               || privacy_list_has(record, &record->organizations,
                                   organization);
    free(record);

    return excluded;
}


static json_t *
privacy_view_copy(json_t *view, const json_t *record, const char *field,
    json_t *missing)
{
    json_t  *value;

    value = json_object_get(record, field);
    value = (value != NULL) ? json_incref(value) : json_incref(missing);

    (void) json_object_set_new(view, field, value);

    return view;
}


json_t *
privacy_view_access(privacy_action_t *action, privacy_str_t account,
    const privacy_seen_t *unrestricted, const privacy_seen_t *excluded,
    int cameras, privacy_str_t organization)
{
    int          open;
    json_t      *view, *record;
    int64_t      end;
    const char  *state;

    end = 0;
    open = privacy_view_unrestricted(action, unrestricted, cameras, &end);
    record = open ? privacy_seen_json(unrestricted) : NULL;

    if (open) {
        state = "unrestricted";

    } else if (privacy_view_excluded(excluded, organization)) {
        state = "excluded";

    } else {
        state = "restricted";
    }

    view = json_object();

    (void) json_object_set_new(view, "account",
                               json_stringn(account.data, account.len));
    (void) json_object_set_new(view, "state", json_string(state));
    (void) privacy_view_copy(view, record, "at", json_null());
    (void) privacy_view_copy(view, record, "by", json_null());
    (void) privacy_view_copy(view, record, "exports", json_false());
    (void) json_object_set_new(view, "ends",
                               open ? privacy_view_time(end) : json_null());
    json_decref(record);

    return view;
}


json_t *
privacy_view_exclusion(privacy_str_t account, const privacy_seen_t *excluded)
{
    json_t  *view, *record;

    record = privacy_seen_json(excluded);
    view = json_object();

    (void) json_object_set_new(view, "account",
                               json_stringn(account.data, account.len));
    (void) json_object_set_new(view, "excluded", json_boolean(record != NULL));
    (void) privacy_view_copy(view, record, "at", json_null());
    (void) privacy_view_copy(view, record, "by", json_null());
    (void) privacy_view_copy(view, record, "reason", json_null());
    (void) privacy_view_copy(view, record, "organizations", json_null());

    json_decref(record);

    return view;
}


privacy_grant_e
privacy_view_grant_state(privacy_action_t *action, const privacy_seen_t *seen,
    int64_t *end)
{
    privacy_grant_e          state;
    privacy_grant_t         *grant;
    const privacy_policy_t  *policy = action->conf.policy;

    *end = 0;

    if (seen->state == PRIVACY_FACT_ABSENT) {
        return PRIVACY_GRANT_ABSENT;
    }

    if (seen->state != PRIVACY_FACT_PRESENT) {
        return PRIVACY_GRANT_INVALID;
    }

    grant = privacy_view_record(PRIVACY_KEY_GRANT, seen->value);

    if (grant == NULL) {
        return PRIVACY_GRANT_INVALID;
    }

    *end = privacy_grant_end(policy, grant, seen->ends, grant->level);

    if (*end == -1
        || privacy_roles_lookup(&policy->roles, privacy_grant_role(grant))
           == NULL
        || grant->granted_at - PRIVACY_CLOCK_SKEW > action->now)
    {
        state = PRIVACY_GRANT_INVALID;
        *end = 0;

    } else if (*end != 0 && *end <= action->now) {
        state = PRIVACY_GRANT_EXPIRED;

    } else if (grant->starts_at > action->now) {
        state = PRIVACY_GRANT_NOT_YET;

    } else {
        state = PRIVACY_GRANT_ACTIVE;
    }

    free(grant);

    return state;
}


json_t *
privacy_view_grant(privacy_action_t *action, privacy_str_t account,
    privacy_str_t organization, const privacy_seen_t *seen)
{
    json_t           *view, *record;
    int64_t           end;
    privacy_grant_e   state;

    static const char  *names[] = {
        "absent", "invalid", "expired", "not_yet", "active"
    };

    state = privacy_view_grant_state(action, seen, &end);
    record = privacy_seen_json(seen);
    view = json_object();

    (void) json_object_set_new(view, "account",
                               json_stringn(account.data, account.len));
    (void) json_object_set_new(view, "organization",
                               json_stringn(organization.data,
                                            organization.len));
    (void) json_object_set_new(view, "state", json_string(names[state]));
    (void) json_object_set_new(view, "ends", privacy_view_time(end));

    if (json_is_object(record)) {
        (void) json_object_update_missing(view, record);
    }

    json_decref(record);

    return view;
}
