/*
 * One grant: showing it, revoking it.
 */

#include <string.h>

#include "privacy_action_state.h"


static void privacy_revoke_decide(privacy_action_t *action);
static void privacy_revoke_done(privacy_action_t *action);
static void privacy_grant_show(privacy_action_t *action);


void
privacy_action_revoke(privacy_action_t *action)
{
    privacy_read_key(action, PRIVACY_KEY_GRANT, action->request.account,
                     action->request.organization);

    privacy_action_then(action, privacy_revoke_decide);
}


void
privacy_action_get_grant(privacy_action_t *action)
{
    privacy_read_key(action, PRIVACY_KEY_GRANT, action->request.account,
                     action->request.organization);

    privacy_action_then(action, privacy_grant_show);
}


static void
privacy_revoke_decide(privacy_action_t *action)
{
    json_t              *event, *before;
    privacy_str_t        organization = action->request.organization;
    privacy_name_t       name;
    privacy_seen_t       seen;
    privacy_change_t     change;

    if (privacy_read_seen(action, 0, 0, &seen) != 0
        || !privacy_action_matches(action, seen.sha))
    {
        return;
    }

    if (seen.state == PRIVACY_FACT_ABSENT) {
        privacy_action_fail(action, PRIVACY_STATUS_NOT_FOUND, "no-grant", NULL,
                            "There is no grant to revoke");
        return;
    }

    memset(&change, 0, sizeof(privacy_change_t));

    privacy_name_write(action, &name, PRIVACY_KEY_GRANT,
                       action->request.account, organization);
    privacy_change_row(action, &change, &name, seen.sha, "del");

    privacy_name_grants(action, &name, action->request.account);
    privacy_change_row(action, &change, &name, PRIVACY_ANY, "srem");
    privacy_change_value(&change, organization.data, organization.len, 0);

    event = privacy_change_event(action, "revoke", organization, NULL);
    before = privacy_seen_json(&seen);

    if (event == NULL) {
        action->pipe.failed = 1;

    } else if (before != NULL) {
        (void) json_object_set(event, "before", before);
    }

    json_decref(before);
    privacy_change_send(action, &change, action->request.account, event, 0);
    privacy_action_then(action, privacy_revoke_done);
}


static void
privacy_revoke_settled(privacy_action_t *action)
{
    action->result.changed = 1;
    privacy_action_finish(action, PRIVACY_STATUS_OK,
                          json_incref(action->state));
}


static void
privacy_revoke_done(privacy_action_t *action)
{
    switch (privacy_change_reply(action, 0)) {

    case PRIVACY_CHANGE_BAD:
        return;

    case PRIVACY_CHANGE_LATE:
        (void) privacy_action_again(action, privacy_action_revoke);
        return;

    default:
        break;
    }

    json_decref(action->state);
    action->state = json_pack("{s:s%, s:s%, s:s}",
                              "account", action->request.account.data,
                              action->request.account.len,
                              "organization",
                              action->request.organization.data,
                              action->request.organization.len,
                              "state", "revoked");

    action->claims.leave = json_pack("[s%]",
                                     action->request.organization.data,
                                     action->request.organization.len);

    privacy_claims_settle(action, privacy_revoke_settled);
}


static void
privacy_grant_show(privacy_action_t *action)
{
    privacy_seen_t  seen;

    if (privacy_read_seen(action, 0, 0, &seen) != 0) {
        return;
    }

    if (seen.state == PRIVACY_FACT_ABSENT) {
        privacy_action_fail(action, PRIVACY_STATUS_NOT_FOUND, "no-grant", NULL,
                            "There is no such grant");
        return;
    }

    privacy_action_etag(action, seen.sha);
    privacy_action_finish(action, PRIVACY_STATUS_OK,
                          privacy_view_grant(action, action->request.account,
                                             action->request.organization,
                                             &seen));
}
