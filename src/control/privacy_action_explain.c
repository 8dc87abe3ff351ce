/*
 * Explain: what the gate would say, on what facts, and by which rule.
 */

#include <stdlib.h>
#include <string.h>

#include "privacy_action_state.h"


#define PRIVACY_READ_OPEN       0
#define PRIVACY_READ_EXCLUDED   1
#define PRIVACY_READ_PROVIDERS  2
#define PRIVACY_READ_GRANT      3
#define PRIVACY_READS           4


typedef struct {
    unsigned         number;           /* of DESIGN, section 3 */
    const char      *text;
} privacy_rule_t;


/* By the verdict's reason */

static const privacy_rule_t  privacy_rules[PRIVACY_REASONS] = {
    { 0, "" },
    { 1, "requester, account, camera or resource is missing, malformed or of "
         "a level that has no video" },
    { 2, "federated and remote-monitoring users are exempt" },
    { 3, "the camera belongs to no account, or to another one" },
    { 4, "a client's own account" },
    { 4, "a client sees the own account only" },
    { 5, "the status of the system is open to the account's service "
         "providers" },
    { 5, "the account is unrestricted for its service providers" },
    { 5, "the account is on the exclusion list" },
    { 5, "a grant opens it" },
    { 5, "the grant is invalid: it does not parse, names an unknown role, or "
         "claims what its level may not have" },
    { 5, "the grant has not begun" },
    { 5, "the grant has ended" },
    { 5, "the grant is for other users" },
    { 5, "the grant is for other cameras" },
    { 5, "exports were not authorised" },
    { 5, "the grant's role does not have the resource" },
    { 5, "the account is restricted" },
    { 5, "neither one of the account's service providers nor granted "
         "anything" },
    { 6, "the facts are not to be had" }
};


static void privacy_explain_owner(privacy_action_t *action);
static void privacy_explain_facts(privacy_action_t *action);
static void privacy_explain_decide(privacy_action_t *action);


static privacy_step_e
privacy_explain_request(privacy_action_t *action, privacy_subject_t *subject,
    privacy_verdict_t *verdict)
{
    privacy_request_t                request;
    const privacy_action_request_t  *asked = &action->request;

    memset(&request, 0, sizeof(privacy_request_t));

    request.user = asked->for_user;
    request.organization = asked->for_organization;
    request.level = asked->for_level;
    request.account = asked->account;
    request.camera = asked->for_camera;
    request.resource = asked->for_resource;
    request.registry = action->conf.registry;
    request.all_serve = action->conf.all_serve;

    return privacy_decide_request(&request, subject, verdict);
}


static json_t *
privacy_explain_fact(const privacy_seen_t *seen, int valid)
{
    json_t  *fact, *record;

    if (seen->state == PRIVACY_FACT_ABSENT) {
        return json_null();
    }

    record = privacy_seen_json(seen);

    if (record == NULL) {
        record = json_null();
    }

    fact = json_pack("{s:o, s:b}", "record", record, "valid", valid);
    (void) json_object_set_new(fact, "ends", privacy_view_time(seen->ends));

    return fact;
}


static void
privacy_explain_finish(privacy_action_t *action,
    const privacy_verdict_t *verdict, json_t *facts)
{
    json_t                *view;
    privacy_str_t          reason, role = { NULL, 0 };
    const privacy_rule_t  *rule;

    reason = privacy_reason_name(verdict->reason);
    rule = &privacy_rules[verdict->reason];

    if (verdict->role != NULL) {
        role = privacy_role_name(verdict->role);
    }

    view = json_pack("{s:s, s:s%}",
                     "verdict", verdict->allow ? "allow" : "deny",
                     "reason", reason.data, reason.len);

    (void) json_object_set_new(view, "source",
                               verdict->allow
                               ? json_stringn(reason.data, reason.len)
                               : json_null());
    (void) json_object_set_new(view, "role",
                               role.len ? json_stringn(role.data, role.len)
                                        : json_null());
    (void) json_object_set_new(view, "recheck",
                               privacy_view_time(verdict->recheck_at));
    (void) json_object_set_new(view, "rule",
                               json_pack("{s:i, s:s}",
                                         "number", (int) rule->number,
                                         "text", rule->text));
    (void) json_object_set_new(view, "facts", facts);

    privacy_action_finish(action, PRIVACY_STATUS_OK, view);
}


static json_t *
privacy_explain_camera(privacy_action_t *action)
{
    if (action->owner == NULL) {
        return json_object();
    }

    return json_pack("{s:{s:s%, s:s?}}", "camera",
                     "id", action->request.for_camera.data,
                     action->request.for_camera.len,
                     "account", action->owner[0] ? action->owner : NULL);
}


void
privacy_action_explain(privacy_action_t *action)
{
    privacy_str_t                    none = { "", 0 };
    privacy_subject_t                subject;
    privacy_verdict_t                verdict;
    const privacy_action_request_t  *asked = &action->request;

    if (privacy_level_parse(asked->for_level) == PRIVACY_LEVEL_NONE) {
        privacy_action_fail(action, PRIVACY_STATUS_UNPROCESSABLE, "refused",
                            "level", "\"level\": there is no such level");
        return;
    }

    if (privacy_resource_parse(asked->for_resource) == PRIVACY_RESOURCE_NONE) {
        privacy_action_fail(action, PRIVACY_STATUS_UNPROCESSABLE, "refused",
                            "resource",
                            "\"resource\": there is no such resource");
        return;
    }

    switch (privacy_explain_request(action, &subject, &verdict)) {

    case PRIVACY_DECIDED:
        privacy_explain_finish(action, &verdict, json_object());
        return;

    case PRIVACY_WANTS_OWNER:
        privacy_read_key(action, PRIVACY_KEY_CAMERA, asked->for_camera, none);
        privacy_action_then(action, privacy_explain_owner);
        return;

    default:
        privacy_explain_facts(action);
        return;
    }
}


static void
privacy_explain_owner(privacy_action_t *action)
{
    privacy_seen_t     seen;
    privacy_subject_t  subject;
    privacy_verdict_t  verdict;

    if (privacy_read_seen(action, 0, 0, &seen) != 0) {
        return;
    }

    action->owner = calloc(1, seen.value.len + 1);

    if (action->owner == NULL) {
        privacy_action_no_memory(action);
        return;
    }

    if (privacy_id_valid(seen.value)) {
        memcpy(action->owner, seen.value.data, seen.value.len);
    }

    action->owner_ends = seen.ends;

    (void) privacy_explain_request(action, &subject, &verdict);

    if (privacy_decide_owner(&subject, privacy_text(action->owner), seen.ends,
                             &verdict)
        == PRIVACY_DECIDED)
    {
        privacy_explain_finish(action, &verdict,
                               privacy_explain_camera(action));
        return;
    }

    privacy_explain_facts(action);
}


static void
privacy_explain_facts(privacy_action_t *action)
{
    privacy_str_t  account = action->request.account;

    privacy_read_key(action, PRIVACY_KEY_UNRESTRICTED, account, account);
    privacy_read_key(action, PRIVACY_KEY_EXCLUDED, account, account);
    privacy_read_key(action, PRIVACY_KEY_PROVIDERS, account, account);
    privacy_read_key(action, PRIVACY_KEY_GRANT, account,
                     action->request.for_organization);

    privacy_action_then(action, privacy_explain_decide);
}


static void
privacy_explain_verdict(privacy_action_t *action, const privacy_fact_t *fact,
    privacy_verdict_t *verdict)
{
    privacy_facts_t    all;
    privacy_subject_t  subject;

    all.unrestricted = fact[PRIVACY_READ_OPEN];
    all.excluded = fact[PRIVACY_READ_EXCLUDED];
    all.providers = fact[PRIVACY_READ_PROVIDERS];
    all.grant = fact[PRIVACY_READ_GRANT];

    (void) privacy_explain_request(action, &subject, verdict);

    if (action->owner != NULL) {
        (void) privacy_decide_owner(&subject, privacy_text(action->owner),
                                    action->owner_ends, verdict);
    }

    privacy_decide_facts(action->conf.policy, &subject, &all, action->now,
                         verdict);
}


static void
privacy_explain_decide(privacy_action_t *action)
{
    void              *records[PRIVACY_READS];
    json_t            *facts;
    unsigned           i;
    privacy_fact_t     fact[PRIVACY_READS];
    privacy_seen_t     seen[PRIVACY_READS];
    privacy_verdict_t  verdict;

    static const privacy_key_e  kinds[PRIVACY_READS] = {
        PRIVACY_KEY_UNRESTRICTED, PRIVACY_KEY_EXCLUDED,
        PRIVACY_KEY_PROVIDERS, PRIVACY_KEY_GRANT
    };

    static const char  *names[PRIVACY_READS] = {
        "unrestricted", "excluded", "providers", "grant"
    };

    for (i = 0; i < PRIVACY_READS; i++) {

        if (privacy_read_seen(action, 0, i, &seen[i]) != 0) {
            return;
        }
    }

    facts = privacy_explain_camera(action);

    for (i = 0; i < PRIVACY_READS; i++) {
        records[i] = (seen[i].state == PRIVACY_FACT_PRESENT)
                     ? privacy_view_record(kinds[i], seen[i].value) : NULL;

        fact[i].record = records[i];
        fact[i].ends = seen[i].ends;
        fact[i].state = (seen[i].state == PRIVACY_FACT_PRESENT
                         && records[i] == NULL)
                        ? PRIVACY_FACT_INVALID : seen[i].state;

        (void) json_object_set_new(facts, names[i],
                                   privacy_explain_fact(&seen[i],
                                                        records[i] != NULL));
    }

    privacy_explain_verdict(action, fact, &verdict);

    for (i = 0; i < PRIVACY_READS; i++) {
        free(records[i]);
    }

    privacy_explain_finish(action, &verdict, facts);
}
