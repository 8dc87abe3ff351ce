/*
 * The actions: what lives in other slots of a cluster than the account, i.e.
 * the camera registry and the index of organizations.
 *
 * Claims come before the change and releases after it.  Two actions on one
 * account may cross: what one gives up, the other may have listed meanwhile.
 * So whoever gives up reads the profile again afterwards and restores what it
 * lists, and whoever claimed looks again after the change.  In whatever order
 * the two run, the last one to look sees the other's effect.
 */

#include <string.h>

#include "privacy_action_state.h"


#define PRIVACY_CLAIM_CHUNK  500       /* cameras of one batch */


static void privacy_claims_taken(privacy_action_t *action);
static void privacy_claims_undone(privacy_action_t *action);
static void privacy_claims_verify(privacy_action_t *action);
static void privacy_claims_verified(privacy_action_t *action);
static void privacy_claims_release(privacy_action_t *action);
static void privacy_claims_look(privacy_action_t *action);
static void privacy_claims_restore(privacy_action_t *action);
static void privacy_claims_end(privacy_action_t *action);


void
privacy_claims_cleanup(privacy_claims_t *claims)
{
    json_decref(claims->claimed);
    json_decref(claims->release);
    json_decref(claims->join);
    json_decref(claims->leave);
    json_decref(claims->cameras);

    memset(claims, 0, sizeof(privacy_claims_t));
}


static void
privacy_claims_set(privacy_action_t *action, privacy_str_t camera)
{
    privacy_name_t  name;

    privacy_name_write(action, &name, PRIVACY_KEY_CAMERA, camera, camera);

    privacy_pipeline_command(&action->pipe, "SET");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
    privacy_pipeline_add(&action->pipe, action->request.account);
    privacy_pipeline_text(&action->pipe, "NX");
}


/* Claims the next cameras; 0 if there are none left */

static unsigned
privacy_claims_next(privacy_action_t *action)
{
    unsigned           n;
    privacy_str_t      camera;
    privacy_name_t     name;
    privacy_claims_t  *claims = &action->claims;

    for (n = 0; n < PRIVACY_CLAIM_CHUNK; n++) {

        if (claims->done + n >= json_array_size(claims->cameras)) {
            break;
        }

        camera = privacy_json_text(json_array_get(claims->cameras,
                                                  claims->done + n));
        privacy_claims_set(action, camera);
        privacy_name_write(action, &name, PRIVACY_KEY_CAMERA, camera, camera);
        privacy_pipeline_command(&action->pipe, "GET");
        privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
    }

    return n;
}


void
privacy_claims_take(privacy_action_t *action, privacy_action_pt then)
{
    action->claims.then = then;
    action->claims.done = 0;

    if (action->claims.claimed == NULL) {
        action->claims.claimed = json_array();
    }

    if (privacy_claims_next(action) == 0) {
        privacy_action_then(action, then);
        return;
    }

    privacy_action_then(action, privacy_claims_taken);
}


/* 0; -1: the camera belongs to another account, or the action has ended */

static int
privacy_claims_check(privacy_action_t *action, unsigned n, json_t *camera)
{
    const privacy_reply_t  *set, *get;

    set = privacy_pipeline_get(&action->pipe, 2 * n);
    get = privacy_pipeline_get(&action->pipe, 2 * n + 1);

    if (set->type == PRIVACY_REPLY_STRING) {
        return json_array_append(action->claims.claimed, camera);
    }

    if (get->type == PRIVACY_REPLY_STRING
        && privacy_same(get->string, action->request.account))
    {
        return 0;
    }

    return -1;
}


static void
privacy_claims_taken(privacy_action_t *action)
{
    json_t            *camera, *taken;
    unsigned           n;
    privacy_claims_t  *claims = &action->claims;

    taken = NULL;

    for (n = 0; 2 * n < action->pipe.nsent; n++) {
        camera = json_array_get(claims->cameras, claims->done + n);

        if (privacy_claims_check(action, n, camera) != 0 && taken == NULL) {
            taken = camera;
        }
    }

    if (taken != NULL) {

        /* keep its id for the answer, and give back what was taken */

        json_decref(action->names);
        action->names = json_incref(taken);

        claims->release = claims->claimed;
        claims->claimed = NULL;

        json_decref(claims->cameras);
        claims->cameras = NULL;

        privacy_claims_settle(action, privacy_claims_undone);
        return;
    }

    claims->done += n;

    if (privacy_claims_next(action) == 0) {
        privacy_action_then(action, claims->then);
    }
}


static void
privacy_claims_undone(privacy_action_t *action)
{
    privacy_action_fail(action, PRIVACY_STATUS_CONFLICT, "camera-taken",
                        "cameras", "Camera \"%s\" belongs to another account",
                        json_string_value(action->names));
}


void
privacy_claims_settle(privacy_action_t *action, privacy_action_pt then)
{
    action->claims.then = then;
    action->claims.done = 0;

    /* the change is made: what is refused from here on is left to the sweep */

    action->errors = 1;

    privacy_claims_verify(action);
}


static void
privacy_claims_verify(privacy_action_t *action)
{
    if (privacy_claims_next(action) == 0) {
        privacy_claims_release(action);
        return;
    }

    privacy_action_then(action, privacy_claims_verified);
}


static void
privacy_claims_verified(privacy_action_t *action)
{
    action->claims.done += action->pipe.nsent / 2;
    privacy_claims_verify(action);
}


static void
privacy_claims_index(privacy_action_t *action, const char *command,
    privacy_str_t organization)
{
    privacy_name_t  name;

    privacy_name_write(action, &name, PRIVACY_KEY_INDEX, organization,
                       organization);

    if (name.len != 0) {
        privacy_pipeline_command(&action->pipe, command);
        privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
        privacy_pipeline_add(&action->pipe, action->request.account);
    }
}


static void
privacy_claims_release(privacy_action_t *action)
{
    size_t             i;
    json_t            *value;
    privacy_str_t      camera;
    privacy_name_t     name;
    privacy_claims_t  *claims = &action->claims;

    json_array_foreach(claims->join, i, value) {
        privacy_claims_index(action, "SADD", privacy_json_text(value));
    }

    json_array_foreach(claims->leave, i, value) {
        privacy_claims_index(action, "SREM", privacy_json_text(value));
    }

    json_array_foreach(claims->release, i, value) {
        camera = privacy_json_text(value);
        privacy_name_write(action, &name, PRIVACY_KEY_CAMERA, camera, camera);

        if (name.len != 0) {
            privacy_pipeline_script(&action->pipe, PRIVACY_SCRIPT_RELEASE);
            privacy_pipeline_number(&action->pipe, 1);
            privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
            privacy_pipeline_add(&action->pipe, action->request.account);
        }
    }

    privacy_action_then(action, privacy_claims_look);
}


static void
privacy_claims_look(privacy_action_t *action)
{
    size_t             i;
    json_t            *value;
    privacy_str_t      account = action->request.account;
    privacy_claims_t  *claims = &action->claims;

    if (json_array_size(claims->leave) == 0
        && json_array_size(claims->release) == 0)
    {
        privacy_action_then(action, privacy_claims_end);
        return;
    }

    privacy_read_key(action, PRIVACY_KEY_PROFILE, account, account);

    json_array_foreach(claims->leave, i, value) {
        privacy_read_key(action, PRIVACY_KEY_GRANT, account,
                         privacy_json_text(value));
    }

    privacy_action_then(action, privacy_claims_restore);
}


static void
privacy_claims_restore(privacy_action_t *action)
{
    size_t             i;
    json_t            *value, *profile, *cameras;
    privacy_seen_t     seen, grant;
    privacy_claims_t  *claims = &action->claims;

    if (privacy_read_seen(action, 0, 0, &seen) != 0) {
        return;
    }

    profile = privacy_seen_json(&seen);

    cameras = privacy_profile_ids(profile, "cameras");

    json_array_foreach(claims->release, i, value) {

        if (json_object_get(cameras, json_string_value(value)) != NULL) {
            privacy_claims_set(action, privacy_json_text(value));
        }
    }

    json_decref(cameras);

    json_array_foreach(claims->leave, i, value) {

        if (privacy_read_seen(action, 0, i + 1, &grant) != 0) {
            break;
        }

        if (grant.state != PRIVACY_FACT_ABSENT
            || privacy_profile_lists(profile, "integrators",
                                     privacy_json_text(value)))
        {
            privacy_claims_index(action, "SADD", privacy_json_text(value));
        }
    }

    json_decref(profile);

    if (action->wait == PRIVACY_WAIT_NOTHING) {
        privacy_action_then(action, privacy_claims_end);
    }
}


static void
privacy_claims_end(privacy_action_t *action)
{
    privacy_action_pt  then = action->claims.then;

    privacy_claims_cleanup(&action->claims);
    action->errors = 0;

    privacy_action_then(action, then);
}
