/*
 * The actions: how one begins, goes on and ends.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "privacy_action_state.h"
#include "privacy_body.h"


typedef struct {
    privacy_action_pt  start;
    privacy_body_e     body;
    unsigned           account:1;      /* takes one */
    unsigned           organization:1;
} privacy_action_kind_t;


static const privacy_action_kind_t  privacy_action_kinds[PRIVACY_ACTIONS] = {
    { NULL, PRIVACY_BODY_NONE, 0, 0 },
    { privacy_action_put_account, PRIVACY_BODY_ACCOUNT, 1, 0 },
    { privacy_action_get_account, PRIVACY_BODY_NONE, 1, 0 },
    { privacy_action_delete_account, PRIVACY_BODY_NONE, 1, 0 },
    { privacy_action_access, PRIVACY_BODY_ALLOW, 1, 0 },
    { privacy_action_access, PRIVACY_BODY_NONE, 1, 0 },
    { privacy_action_grant, PRIVACY_BODY_GRANT, 1, 1 },
    { privacy_action_grant, PRIVACY_BODY_GRANT, 1, 1 },
    { privacy_action_revoke, PRIVACY_BODY_NONE, 1, 1 },
    { privacy_action_get_grant, PRIVACY_BODY_NONE, 1, 1 },
    { privacy_action_grants, PRIVACY_BODY_NONE, 1, 0 },
    { privacy_action_exclusion, PRIVACY_BODY_EXCLUDE, 1, 0 },
    { privacy_action_exclusion, PRIVACY_BODY_NONE, 1, 0 },
    { privacy_action_list, PRIVACY_BODY_NONE, 0, 0 },
    { privacy_action_explain, PRIVACY_BODY_NONE, 1, 0 },
    { privacy_action_sweep, PRIVACY_BODY_NONE, 0, 0 },
    { privacy_action_sweep_state, PRIVACY_BODY_NONE, 0, 0 }
};


/* The strings of a request that are copied, as offsets */

static const size_t  privacy_request_strings[] = {
    offsetof(privacy_action_request_t, actor.user),
    offsetof(privacy_action_request_t, actor.organization),
    offsetof(privacy_action_request_t, by),
    offsetof(privacy_action_request_t, account),
    offsetof(privacy_action_request_t, organization),
    offsetof(privacy_action_request_t, body),
    offsetof(privacy_action_request_t, if_match),
    offsetof(privacy_action_request_t, if_none_match),
    offsetof(privacy_action_request_t, cursor),
    offsetof(privacy_action_request_t, for_user),
    offsetof(privacy_action_request_t, for_organization),
    offsetof(privacy_action_request_t, for_level),
    offsetof(privacy_action_request_t, for_camera),
    offsetof(privacy_action_request_t, for_resource),
    offsetof(privacy_action_request_t, token)
};

#define PRIVACY_REQUEST_STRINGS                                               \
    (sizeof(privacy_request_strings) / sizeof(size_t))


static void privacy_action_start(privacy_action_t *action);


static privacy_str_t *
privacy_request_string(privacy_action_request_t *request, size_t i)
{
    return (privacy_str_t *) ((char *) request + privacy_request_strings[i]);
}


static int
privacy_action_copy(privacy_action_t *action)
{
    char           *p;
    size_t          i, len;
    privacy_str_t  *s;

    len = action->conf.prefix.len + 1;

    for (i = 0; i < PRIVACY_REQUEST_STRINGS; i++) {
        s = privacy_request_string(&action->request, i);

        /* what is longer is refused, and need not be kept */

        if (s->len > 2 * PRIVACY_BODY_MAX) {
            s->len = 2 * PRIVACY_BODY_MAX;
        }

        len += s->len + 1;
    }

    action->strings = malloc(len);

    if (action->strings == NULL) {
        return -1;
    }

    p = action->strings;

    memcpy(p, action->conf.prefix.data, action->conf.prefix.len);
    action->conf.prefix.data = p;
    p += action->conf.prefix.len;
    *p++ = '\0';

    for (i = 0; i < PRIVACY_REQUEST_STRINGS; i++) {
        s = privacy_request_string(&action->request, i);

        if (s->len != 0) {
            memcpy(p, s->data, s->len);
        }

        s->data = p;
        p += s->len;
        *p++ = '\0';
    }

    return 0;
}


privacy_action_t *
privacy_action_create(const privacy_action_conf_t *conf,
    const privacy_action_request_t *request)
{
    privacy_action_t  *action;

    action = calloc(1, sizeof(privacy_action_t));

    if (action == NULL) {
        return NULL;
    }

    action->conf = *conf;
    action->request = *request;
    action->step = privacy_action_start;

    if (privacy_action_copy(action) != 0) {
        free(action);
        return NULL;
    }

    privacy_pipeline_init(&action->pipe);

    action->by = action->request.by;

    if (action->by.len == 0) {
        action->by = action->request.actor.user;
    }

    if (action->by.len == 0) {
        action->by = action->request.actor.organization;
    }

    return action;
}


void
privacy_action_destroy(privacy_action_t *action)
{
    if (action == NULL) {
        return;
    }

    json_decref(action->result.body);
    json_decref(action->body);
    json_decref(action->state);
    json_decref(action->names);
    json_decref(action->rows);
    json_decref(action->profile);

    privacy_claims_cleanup(&action->claims);
    privacy_sweeper_destroy(action->sweeper);
    privacy_pipeline_cleanup(&action->pipe);

    free(action->owner);
    free(action->strings);
    free(action);
}


/* A name or an id for the eyes of the client: cut, and without quotes */

static void
privacy_action_body_fault(privacy_action_t *action,
    const privacy_fault_t *fault)
{
    const char        *type;
    privacy_status_e   status;

    switch (fault->kind) {

    case PRIVACY_FAULT_TOO_LARGE:
        status = PRIVACY_STATUS_TOO_LARGE;
        type = "too-large";
        break;

    case PRIVACY_FAULT_REFUSED:
        status = PRIVACY_STATUS_UNPROCESSABLE;
        type = "refused";
        break;

    case PRIVACY_FAULT_MEMORY:
        privacy_action_no_memory(action);
        return;

    default:
        status = PRIVACY_STATUS_MALFORMED;
        type = "malformed";
        break;
    }

    if (fault->field[0] != '\0') {
        privacy_action_fail(action, status, type, fault->field, "\"%s\": %s",
                            fault->field, fault->text);

    } else {
        privacy_action_fail(action, status, type, NULL, "The body is %s",
                            fault->text);
    }
}


static int
privacy_action_check(privacy_action_t *action)
{
    const privacy_action_kind_t   *kind;
    const privacy_action_request_t  *request = &action->request;

    kind = &privacy_action_kinds[request->action];

    if (kind->account && !privacy_id_valid(request->account)) {
        privacy_action_fail(action, PRIVACY_STATUS_MALFORMED, "malformed",
                            "account", "The account is not an id");
        return -1;
    }

    if ((kind->organization || request->organization.len != 0)
        && !privacy_id_valid(request->organization))
    {
        privacy_action_fail(action, PRIVACY_STATUS_MALFORMED, "malformed",
                            "organization", "The organization is not an id");
        return -1;
    }

    if (!privacy_permit(request->action, &request->actor, request->account,
                        request->organization))
    {
        privacy_action_fail(action, PRIVACY_STATUS_FORBIDDEN, "forbidden",
                            NULL, "This is not yours to do");
        return -1;
    }

    if (privacy_action_writes(request->action)
        && !privacy_user_valid(action->by))
    {
        privacy_action_fail(action, PRIVACY_STATUS_FORBIDDEN, "forbidden",
                            "user", "A change has to name who makes it");
        return -1;
    }

    return 0;
}


static void
privacy_action_start(privacy_action_t *action)
{
    privacy_fault_t               fault;
    const privacy_action_kind_t  *kind;

    if (action->request.action == PRIVACY_ACTION_NONE
        || (unsigned) action->request.action >= PRIVACY_ACTIONS
        || !privacy_prefix_valid(action->conf.prefix))
    {
        privacy_action_fail(action, PRIVACY_STATUS_MALFORMED, "malformed",
                            NULL, "There is no such action");
        return;
    }

    if (privacy_action_check(action) != 0) {
        return;
    }

    kind = &privacy_action_kinds[action->request.action];

    action->body = privacy_body_parse(kind->body, action->request.body,
                                      &fault);

    if (action->body == NULL) {
        privacy_action_body_fault(action, &fault);
        return;
    }

    privacy_action_then(action, kind->start);
}


/* Redis refused a command */

static void
privacy_action_refused(privacy_action_t *action, const privacy_reply_t *reply)
{
    size_t       i;
    const char  *text = reply->string.data;

    /* the first word says it all; what follows may quote arguments */

    for (i = 0; i < reply->string.len && i < 32; i++) {

        if (!((text[i] >= 'A' && text[i] <= 'Z') || text[i] == '_')) {
            break;
        }
    }

    privacy_action_fail(action, PRIVACY_STATUS_STORE, "store", NULL,
                        "The store refused a command: %.*s", (int) i, text);
}


/* 1 if the step may look at the replies */

static int
privacy_action_replied(privacy_action_t *action)
{
    int                     again;
    unsigned                i;
    const privacy_reply_t  *reply;

    if (action->memory) {
        privacy_action_no_memory(action);
        return 0;
    }

    if (action->lost || action->pipe.awaited != 0) {
        privacy_action_fail(action, PRIVACY_STATUS_STORE, "store", NULL,
                            "The connection to the store was lost");
        return 0;
    }

    again = (action->rounds < 3) ? privacy_pipeline_again(&action->pipe) : 0;

    if (again < 0) {
        privacy_action_no_memory(action);
        return 0;
    }

    if (again) {
        action->rounds++;
        action->wait = PRIVACY_WAIT_REPLIES;
        return 0;
    }

    action->rounds = 0;

    for (i = 0; i < action->pipe.nsent; i++) {
        reply = privacy_pipeline_get(&action->pipe, i);

        if (reply->type == PRIVACY_REPLY_ERROR && !action->errors) {
            privacy_action_refused(action, reply);
            return 0;
        }
    }

    return 1;
}


privacy_step_of_action_e
privacy_action_next(privacy_action_t *action, int64_t now)
{
    privacy_wait_e     waited;
    privacy_action_pt  step;

    action->now = now;
    waited = action->wait;

    if (waited != PRIVACY_WAIT_DONE) {
        action->wait = PRIVACY_WAIT_NOTHING;
    }

    if (waited == PRIVACY_WAIT_REPLIES && !privacy_action_replied(action)
        && action->wait == PRIVACY_WAIT_REPLIES)
    {
        goto send;
    }

    while (action->wait == PRIVACY_WAIT_NOTHING) {
        step = action->step;
        step(action);

        if (action->wait != PRIVACY_WAIT_NOTHING) {
            break;
        }

        if (action->pipe.failed) {
            privacy_action_no_memory(action);
            break;
        }

        if (action->pipe.count != 0) {

            if (privacy_pipeline_send(&action->pipe) != 0) {
                privacy_action_no_memory(action);
                break;
            }

            action->wait = PRIVACY_WAIT_REPLIES;
        }
    }

    if (action->wait == PRIVACY_WAIT_DONE) {
        return PRIVACY_STEP_DONE;
    }

    if (action->wait == PRIVACY_WAIT_PAUSE) {
        return PRIVACY_STEP_PAUSE;
    }

send:

    action->batch.data = action->pipe.wire.data;
    action->batch.len = action->pipe.wire.len;
    action->batch.replies = action->pipe.awaited;

    return PRIVACY_STEP_SEND;
}


void
privacy_action_reply(privacy_action_t *action, const redisReply *reply)
{
    if (action->wait == PRIVACY_WAIT_REPLIES
        && privacy_pipeline_reply(&action->pipe, reply) != 0)
    {
        action->memory = 1;
    }
}


void
privacy_action_lost(privacy_action_t *action)
{
    action->lost = 1;
}


const privacy_batch_t *
privacy_action_batch(const privacy_action_t *action)
{
    return &action->batch;
}


unsigned
privacy_action_pause(const privacy_action_t *action)
{
    return action->pause;
}


const privacy_action_result_t *
privacy_action_result(const privacy_action_t *action)
{
    return &action->result;
}


const privacy_sweep_figures_t *
privacy_action_figures(const privacy_action_t *action)
{
    return &action->figures;
}


void
privacy_action_then(privacy_action_t *action, privacy_action_pt step)
{
    action->step = step;
}


void
privacy_action_wait(privacy_action_t *action, unsigned ms,
    privacy_action_pt step)
{
    action->step = step;
    action->pause = ms;
    action->wait = PRIVACY_WAIT_PAUSE;
}


void
privacy_action_finish(privacy_action_t *action, privacy_status_e status,
    json_t *body)
{
    action->result.status = status;
    action->result.body = body;
    action->wait = PRIVACY_WAIT_DONE;
}


static const char *
privacy_action_title(privacy_status_e status)
{
    switch (status) {

    case PRIVACY_STATUS_MALFORMED:
        return "Malformed request";

    case PRIVACY_STATUS_FORBIDDEN:
        return "Not permitted";

    case PRIVACY_STATUS_NOT_FOUND:
        return "Not found";

    case PRIVACY_STATUS_CONFLICT:
        return "Conflict";

    case PRIVACY_STATUS_PRECONDITION:
        return "Precondition failed";

    case PRIVACY_STATUS_TOO_LARGE:
        return "Body too large";

    case PRIVACY_STATUS_UNPROCESSABLE:
        return "Refused";

    case PRIVACY_STATUS_STORE:
        return "Store not available";

    default:
        return "Internal error";
    }
}


void
privacy_action_fail(privacy_action_t *action, privacy_status_e status,
    const char *type, const char *field, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    (void) vsnprintf(action->detail, sizeof(action->detail), format, args);
    va_end(args);

    action->result.type = type;
    action->result.title = privacy_action_title(status);
    action->result.detail = action->detail;
    action->result.etag[0] = '\0';
    action->result.field = NULL;

    if (field != NULL) {
        (void) snprintf(action->field, sizeof(action->field), "%s", field);
        action->result.field = action->field;
    }

    privacy_action_finish(action, status, NULL);
}


void
privacy_action_no_memory(privacy_action_t *action)
{
    privacy_action_fail(action, PRIVACY_STATUS_INTERNAL, "internal", NULL,
                        "There was not enough memory");
}


void
privacy_action_bad_reply(privacy_action_t *action)
{
    privacy_action_fail(action, PRIVACY_STATUS_STORE, "store", NULL,
                        "The store answered what it should not");
}


int
privacy_action_again(privacy_action_t *action, privacy_action_pt step)
{
    if (++action->tries > PRIVACY_TRIES) {
        privacy_action_fail(action, PRIVACY_STATUS_CONFLICT, "busy", NULL,
                            "Others are changing this account; try again");
        return 0;
    }

    /*
     * Whoever came first is done; the more often that happens, the longer the
     * wait, spread by what differs between actions.
     */

    if (action->tries > 2) {
        privacy_action_wait(action, 1 + ((uintptr_t) action / 64
                                         + action->tries * 7 + action->now)
                                        % (action->tries < 20
                                           ? action->tries : 20),
                            step);

    } else {
        privacy_action_then(action, step);
    }

    return 1;
}


/* 1 if the list of entity tags has the one of the record, or is "*" */

static int
privacy_etag_listed(privacy_str_t list, const char *sha)
{
    size_t       i, start;
    const char  *p = list.data;

    for (i = 0; i < list.len; i++) {

        if (p[i] == '*') {
            return 1;
        }

        if (p[i] != '"') {
            continue;
        }

        start = ++i;

        while (i < list.len && p[i] != '"') {
            i++;
        }

        /* a weak one is never the same */

        if (i < list.len && i - start == PRIVACY_SHA1_LEN
            && !(start >= 2 && p[start - 2] == '/')
            && memcmp(p + start, sha, PRIVACY_SHA1_LEN) == 0)
        {
            return 1;
        }
    }

    return 0;
}


int
privacy_action_matches(privacy_action_t *action, const char *sha)
{
    int                              absent;
    const privacy_action_request_t  *request = &action->request;

    absent = strlen(sha) != PRIVACY_SHA1_LEN;

    if (request->if_match.len != 0
        && (absent || !privacy_etag_listed(request->if_match, sha)))
    {
        privacy_action_fail(action, PRIVACY_STATUS_PRECONDITION,
                            "precondition", NULL,
                            "If-Match does not hold: it was changed meanwhile");
        return 0;
    }

    if (request->if_none_match.len != 0
        && !absent && privacy_etag_listed(request->if_none_match, sha))
    {
        privacy_action_fail(action, PRIVACY_STATUS_PRECONDITION,
                            "precondition", NULL,
                            "If-None-Match does not hold: it is there");
        return 0;
    }

    return 1;
}


void
privacy_action_etag(privacy_action_t *action, const char *sha)
{
    if (strlen(sha) == PRIVACY_SHA1_LEN) {
        (void) snprintf(action->result.etag, sizeof(action->result.etag),
                        "\"%s\"", sha);
    }
}
