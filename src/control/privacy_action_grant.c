/*
 * Grant and update.
 */

#include <string.h>

#include "privacy_action_state.h"


#define PRIVACY_READ_PROFILE    0
#define PRIVACY_READ_PROVIDERS  1
#define PRIVACY_READ_GRANT      2
#define PRIVACY_READS           3

#define PRIVACY_DEFAULT_ROLE  "administrator_restricted"


/* A grant as it will be; the JSON is borrowed from what it is made of */

typedef struct {
    privacy_action_t      *action;
    privacy_seen_t         seen[PRIVACY_READS];
    json_t                *profile;
    json_t                *providers;
    json_t                *old;        /* the one in force; NULL: none */
    int64_t                old_end;
    const privacy_role_t  *role;
    privacy_level_e        level;
    int64_t                granted_at;
    int64_t                starts_at;  /* 0: at once */
    int64_t                end;        /* 0: none */
    json_t                *record;
} privacy_granting_t;


static void privacy_grant_decide(privacy_action_t *action);
static void privacy_grant_done(privacy_action_t *action);
static void privacy_grant_settled(privacy_action_t *action);


void
privacy_action_grant(privacy_action_t *action)
{
    privacy_str_t  account = action->request.account;

    privacy_read_key(action, PRIVACY_KEY_PROFILE, account, account);
    privacy_read_key(action, PRIVACY_KEY_PROVIDERS, account, account);
    privacy_read_key(action, PRIVACY_KEY_GRANT, account,
                     action->request.organization);

    privacy_action_then(action, privacy_grant_decide);
}


static int
privacy_grant_refuse(privacy_granting_t *g, const char *field,
    const char *text)
{
    privacy_action_fail(g->action, PRIVACY_STATUS_UNPROCESSABLE, "refused",
                        field, "\"%s\": %s", field, text);
    return -1;
}


/*
 * A field as it is told, or with an update as it was; NULL: there is none.
 * *told may be NULL.
 */

static json_t *
privacy_grant_field(privacy_granting_t *g, const char *name, int *told)
{
    json_t  *value;

    value = json_object_get(g->action->body, name);

    if (told != NULL) {
        *told = value != NULL;
    }

    if (value == NULL && g->action->request.action == PRIVACY_ACTION_UPDATE) {
        value = json_object_get(g->old, name);
    }

    return json_is_null(value) ? NULL : value;
}


static int
privacy_grant_role_of(privacy_granting_t *g)
{
    json_t                 *value;
    const privacy_roles_t  *roles = &g->action->conf.policy->roles;

    value = privacy_grant_field(g, "role", NULL);

    g->role = privacy_roles_lookup(roles,
                                   json_is_string(value)
                                   ? privacy_json_text(value)
                                   : privacy_text(PRIVACY_DEFAULT_ROLE));

    /* these two are no roles that anybody is given */

    if (g->role == NULL
        || g->role == &roles->roles[PRIVACY_ROLE_NONE]
        || g->role == &roles->roles[PRIVACY_ROLE_UNRESTRICTED])
    {
        return privacy_grant_refuse(g, "role", "there is no such role");
    }

    return json_object_set_new(g->record, "role",
                               json_stringn(g->role->name, g->role->len));
}


static int
privacy_grant_cameras_of(privacy_granting_t *g)
{
    int      told;
    size_t   i;
    json_t  *cameras, *kept, *camera, *ids;

    cameras = privacy_grant_field(g, "cameras", &told);

    if (!g->role->assigned) {

        if (told && json_array_size(cameras) != 0) {
            return privacy_grant_refuse(g, "cameras",
                                        "the role has all cameras: a list of "
                                        "them is not for it");
        }

        return 0;
    }

    kept = json_array();
    ids = privacy_profile_ids(g->profile, "cameras");

    json_array_foreach(cameras, i, camera) {

        if (json_is_string(camera)
            && json_object_get(ids, json_string_value(camera)) != NULL)
        {
            (void) json_array_append(kept, camera);
        }
    }

    json_decref(ids);

    if (told && json_array_size(kept) != json_array_size(cameras)) {
        json_decref(kept);
        return privacy_grant_refuse(g, "cameras",
                                    "not all are cameras of this account");
    }

    if (json_array_size(kept) == 0) {
        json_decref(kept);
        return privacy_grant_refuse(g, "cameras",
                                    "the role needs at least one camera");
    }

    return json_object_set_new(g->record, "cameras", kept);
}


static int
privacy_grant_serves(privacy_granting_t *g)
{
    size_t         i;
    json_t        *value;
    privacy_str_t  organization = g->action->request.organization;

    json_array_foreach(g->providers, i, value) {

        if (privacy_same(privacy_json_text(value), organization)) {
            return 1;
        }
    }

    return privacy_profile_lists(g->profile, "integrators", organization);
}


static int
privacy_grant_level_of(privacy_granting_t *g)
{
    json_t         *value;
    privacy_str_t   name;

    value = json_object_get(g->action->body, "level");

    if (value == NULL) {
        value = json_object_get(g->old, "level");
    }

    g->level = privacy_level_parse(privacy_json_text(value));

    if (g->level == PRIVACY_LEVEL_NONE && privacy_grant_serves(g)) {
        g->level = PRIVACY_LEVEL_INTEGRATOR;
    }

    if (!privacy_is_provider(g->level)) {
        return privacy_grant_refuse(g, "level",
                                    "needed, because the organization is none "
                                    "of the account's integrators");
    }

    name = privacy_level_name(g->level);

    return json_object_set_new(g->record, "level",
                               json_stringn(name.data, name.len));
}


static int64_t
privacy_grant_time(const json_t *value)
{
    int64_t  ms = 0;

    (void) privacy_time_parse(privacy_json_text(value), &ms);

    return ms;
}


/*
 * Since when and by whom: a limited time runs from the first of it, but the
 * name becomes that of who changed it last, privacy_grant_replace()
 */

static void
privacy_grant_begin_of(privacy_granting_t *g)
{
    json_t            *by;
    privacy_action_t  *action = g->action;

    g->granted_at = privacy_grant_time(json_object_get(g->old, "granted_at"));
    by = json_object_get(g->old, "granted_by");

    if (g->granted_at == 0) {
        g->granted_at = action->now - action->now % 1000;
    }

    (void) json_object_set_new(g->record, "granted_by",
                               json_is_string(by) ? json_incref(by)
                               : json_stringn(action->by.data,
                                              action->by.len));
    (void) json_object_set_new(g->record, "granted_at",
                               privacy_view_time(g->granted_at));
}


/* Until when: as told, or as it was, but never beyond the level's limit */

static int
privacy_grant_end_of(privacy_granting_t *g)
{
    int                told;
    json_t            *value;
    int64_t            limit;
    privacy_action_t  *action = g->action;

    value = json_object_get(action->body, "expires_at");
    told = json_is_string(value);

    g->end = told ? privacy_grant_time(value)
                  : (value == NULL && g->old != NULL) ? g->old_end : 0;

    if (told && g->end <= action->now) {
        return privacy_grant_refuse(g, "expires_at", "is in the past");
    }

    limit = action->conf.policy->grant_ttl[g->level];

    if (limit != 0 && (g->end == 0 || g->end - g->granted_at > limit)) {
        g->end = g->granted_at + limit;
    }

    g->end -= g->end % 1000;

    if (g->end != 0 && g->end <= action->now) {
        return privacy_grant_refuse(g, "level",
                                    "with this one it would have ended: "
                                    "revoke it and grant anew");
    }

    return 0;
}


static int
privacy_grant_times_of(privacy_granting_t *g)
{
    json_t  *value;

    privacy_grant_begin_of(g);

    if (privacy_grant_end_of(g) != 0) {
        return -1;
    }

    value = privacy_grant_field(g, "starts_at", NULL);

    if (value != NULL) {
        g->starts_at = privacy_grant_time(value);

        if (g->end != 0 && g->starts_at >= g->end) {
            return privacy_grant_refuse(g, "starts_at",
                                        "is not before the grant's end");
        }

        (void) json_object_set(g->record, "starts_at", value);
    }

    if (g->end != 0) {
        (void) json_object_set_new(g->record, "expires_at",
                                   privacy_view_time(g->end));
    }

    return 0;
}


/* Makes g->record; -1: the action has ended */

static int
privacy_grant_make(privacy_granting_t *g)
{
    json_t  *value;

    g->record = json_object();

    if (g->record == NULL) {
        privacy_action_no_memory(g->action);
        return -1;
    }

    if (privacy_grant_role_of(g) != 0 || privacy_grant_cameras_of(g) != 0) {
        return -1;
    }

    value = privacy_grant_field(g, "exports", NULL);
    (void) json_object_set_new(g->record, "exports",
                               json_boolean(json_is_true(value)));

    value = privacy_grant_field(g, "users", NULL);

    if (value != NULL) {
        (void) json_object_set(g->record, "users", value);
    }

    value = privacy_grant_field(g, "reason", NULL);

    if (value != NULL) {
        (void) json_object_set(g->record, "reason", value);
    }

    if (privacy_grant_level_of(g) != 0) {
        return -1;
    }

    return privacy_grant_times_of(g);
}


/* Whoever changes anything of a grant answers for all of it */

static int
privacy_grant_replace(privacy_granting_t *g)
{
    if (g->old == NULL || json_equal(g->old, g->record)) {
        return 0;
    }

    return json_object_set_new(g->record, "granted_by",
                               json_stringn(g->action->by.data,
                                            g->action->by.len));
}


/* 1 if the store holds this very grant, with the TTL that it should have */

static int
privacy_grant_same(privacy_granting_t *g)
{
    int64_t  ends = g->seen[PRIVACY_READ_GRANT].ends;

    if (g->old == NULL || !json_equal(g->old, g->record)) {
        return 0;
    }

    return g->end == 0 ? ends == 0
                       : ends != 0 && ends <= g->end + 1000
                         && ends >= g->end - 1000;
}


static void
privacy_grant_commit(privacy_granting_t *g)
{
    json_t             *event;
    privacy_str_t       organization = g->action->request.organization;
    privacy_name_t      name;
    privacy_action_t   *action = g->action;
    privacy_change_t    change;

    memset(&change, 0, sizeof(privacy_change_t));

    privacy_name_write(action, &name, PRIVACY_KEY_PROFILE,
                       action->request.account, organization);
    privacy_change_row(action, &change, &name,
                       g->seen[PRIVACY_READ_PROFILE].sha, "keep");

    privacy_name_write(action, &name, PRIVACY_KEY_PROVIDERS,
                       action->request.account, organization);
    privacy_change_row(action, &change, &name,
                       g->seen[PRIVACY_READ_PROVIDERS].sha, "keep");

    privacy_name_write(action, &name, PRIVACY_KEY_GRANT,
                       action->request.account, organization);
    privacy_change_row(action, &change, &name,
                       g->seen[PRIVACY_READ_GRANT].sha, "set");
    privacy_change_json(&change, g->record,
                        g->end ? g->end - action->now : 0, action->sha);

    privacy_name_grants(action, &name, action->request.account);
    privacy_change_row(action, &change, &name, PRIVACY_ANY, "sadd");
    privacy_change_value(&change, organization.data, organization.len, 0);

    event = privacy_change_event(action, g->old ? "update" : "grant",
                                 organization, g->record);

    if (event == NULL) {
        action->pipe.failed = 1;

    } else if (g->old != NULL) {
        (void) json_object_set(event, "before", g->old);
    }

    action->status = g->old ? PRIVACY_STATUS_OK : PRIVACY_STATUS_CREATED;
    privacy_change_send(action, &change, action->request.account, event, 0);
    privacy_action_then(action, privacy_grant_done);
}


/* What a grant will look like once it is written */

static json_t *
privacy_grant_preview(privacy_granting_t *g)
{
    char            *text;
    json_t          *view;
    privacy_seen_t   seen;

    text = json_dumps(g->record, JSON_COMPACT);

    if (text == NULL) {
        return NULL;
    }

    memset(&seen, 0, sizeof(privacy_seen_t));
    seen.state = PRIVACY_FACT_PRESENT;
    seen.value = privacy_text(text);
    seen.ends = g->end;

    view = privacy_view_grant(g->action, g->action->request.account,
                              g->action->request.organization, &seen);
    free(text);

    return view;
}


/* Reads g->seen and what is in it; -1: the action has ended */

static int
privacy_grant_seen(privacy_granting_t *g)
{
    unsigned           i;
    privacy_grant_e    state;
    privacy_action_t  *action = g->action;

    for (i = 0; i < PRIVACY_READS; i++) {

        if (privacy_read_seen(action, 0, i, &g->seen[i]) != 0) {
            return -1;
        }
    }

    g->profile = privacy_seen_json(&g->seen[PRIVACY_READ_PROFILE]);
    g->providers = privacy_seen_json(&g->seen[PRIVACY_READ_PROVIDERS]);

    state = privacy_view_grant_state(action, &g->seen[PRIVACY_READ_GRANT],
                                     &g->old_end);

    if (state == PRIVACY_GRANT_ACTIVE || state == PRIVACY_GRANT_NOT_YET) {
        g->old = privacy_seen_json(&g->seen[PRIVACY_READ_GRANT]);
    }

    return 0;
}


static void
privacy_grant_cleanup(privacy_granting_t *g)
{
    json_decref(g->profile);
    json_decref(g->providers);
    json_decref(g->old);
    json_decref(g->record);
}


static void
privacy_grant_go(privacy_granting_t *g)
{
    privacy_action_t  *action = g->action;

    if (privacy_same(action->request.account, action->request.organization)) {
        (void) privacy_grant_refuse(g, "organization",
                                    "is the account itself");
        return;
    }

    if (privacy_grant_seen(g) != 0) {
        return;
    }

    if (g->seen[PRIVACY_READ_PROFILE].state == PRIVACY_FACT_ABSENT) {
        privacy_action_fail(action, PRIVACY_STATUS_NOT_FOUND, "no-account",
                            NULL, "There is no such account");
        return;
    }

    if (g->old == NULL && action->request.action == PRIVACY_ACTION_UPDATE) {
        privacy_action_fail(action, PRIVACY_STATUS_NOT_FOUND, "no-grant", NULL,
                            "There is no grant in force to update");
        return;
    }

    if (!privacy_action_matches(action, g->seen[PRIVACY_READ_GRANT].sha)
        || privacy_grant_make(g) != 0
        || privacy_grant_replace(g) != 0)
    {
        if (action->wait == PRIVACY_WAIT_NOTHING) {
            privacy_action_no_memory(action);
        }

        return;
    }

    json_decref(action->state);
    action->state = privacy_grant_preview(g);

    if (privacy_grant_same(g)) {
        privacy_action_etag(action, g->seen[PRIVACY_READ_GRANT].sha);
        privacy_action_finish(action, PRIVACY_STATUS_OK,
                              json_incref(action->state));
        return;
    }

    privacy_grant_commit(g);
}


static void
privacy_grant_decide(privacy_action_t *action)
{
    privacy_granting_t  g;

    memset(&g, 0, sizeof(privacy_granting_t));
    g.action = action;

    privacy_grant_go(&g);
    privacy_grant_cleanup(&g);
}


static void
privacy_grant_settled(privacy_action_t *action)
{
    action->result.changed = 1;
    privacy_action_etag(action, action->sha);
    privacy_action_finish(action, action->status, json_incref(action->state));
}


static void
privacy_grant_done(privacy_action_t *action)
{
    switch (privacy_change_reply(action, 0)) {

    case PRIVACY_CHANGE_BAD:
        return;

    case PRIVACY_CHANGE_LATE:
        (void) privacy_action_again(action, privacy_action_grant);
        return;

    default:
        break;
    }

    action->claims.join = json_pack("[s%]", action->request.organization.data,
                                    action->request.organization.len);

    privacy_claims_settle(action, privacy_grant_settled);
}
