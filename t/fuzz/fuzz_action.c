/*
 * The actions against a store that answers anything: the input says which
 * action, and then what each reply is.
 */

#include <stdlib.h>
#include <string.h>

#include "privacy_action.h"


#define FUZZ_NOW    INT64_C(1795348800000)        /* 2026-11-22T12:00:00Z */
#define FUZZ_STEPS  300


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


typedef struct {
    const uint8_t  *p;
    const uint8_t  *end;
    unsigned        items;
} fuzz_t;


static unsigned
fuzz_byte(fuzz_t *f)
{
    return (f->p < f->end) ? *f->p++ : 0;
}


static privacy_str_t
fuzz_word(fuzz_t *f)
{
    privacy_str_t  s;

    static const privacy_str_t  words[] = {
        privacy_str(""), privacy_str("acme"), privacy_str("inst"),
        privacy_str("vend"), privacy_str("c1"), privacy_str("a b"),
        privacy_str("*"), privacy_str("0"), privacy_str("live"),
        privacy_str("integrator"), privacy_str("vendor"),
        privacy_str("0123456789abcdef"),
        privacy_str("{\"role\":\"user_full\",\"cameras\":[\"c1\"],"
                    "\"level\":\"vendor\",\"exports\":true}"),
        privacy_str("{\"role\":\"administrator_full\",\"level\":\"vendor\","
                    "\"granted_at\":\"2026-11-22T11:00:00Z\"}"),
        privacy_str("{\"integrators\":[\"inst\"],\"cameras\":[{\"id\":"
                    "\"c1\"},{\"id\":\"c2\"}]}"),
        privacy_str("{\"at\":\"2026-11-22T11:00:00Z\",\"exports\":true}"),
        privacy_str("{\"reason\":\"x\",\"organizations\":[\"inst\"]}"),
        privacy_str("[\"inst\"]"), privacy_str("1"), privacy_str("{}"),
        privacy_str("privacy:{acme}:unrestricted"),
        privacy_str("privacy:{acme}:grant:vend"),
        privacy_str("privacy:camera:c1"), privacy_str("privacy-org:inst"),
        privacy_str("privacy-account:{acme}"),
        privacy_str("privacy-grants:{acme}"),
        privacy_str("privacy-log:{acme}"), privacy_str("changed"),
        privacy_str("NOSCRIPT no"), privacy_str("WRONGTYPE no"),
        privacy_str("2026-11-22T05:00:00Z"), privacy_str("OK")
    };

    unsigned  n = fuzz_byte(f);

    if (n < 2 * (sizeof(words) / sizeof(words[0]))) {
        return words[n / 2];
    }

    n = n % 32;
    s.data = (const char *) f->p;
    s.len = (size_t) (f->end - f->p) < n ? (size_t) (f->end - f->p) : n;
    f->p += s.len;

    return s;
}


static void
fuzz_free(redisReply *reply)
{
    size_t  i;

    if (reply == NULL) {
        return;
    }

    for (i = 0; i < reply->elements; i++) {
        fuzz_free(reply->element[i]);
    }

    free(reply->element);
    free(reply->str);
    free(reply);
}


static redisReply *
fuzz_reply(fuzz_t *f, unsigned depth)
{
    size_t         i;
    redisReply    *reply;
    privacy_str_t  s;

    reply = calloc(1, sizeof(redisReply));

    if (reply == NULL) {
        abort();
    }

    switch (fuzz_byte(f) % 10) {

    case 0:
        reply->type = REDIS_REPLY_NIL;
        break;

    case 1:
    case 2:
        reply->type = REDIS_REPLY_INTEGER;
        reply->integer = (int8_t) fuzz_byte(f);

        if (reply->integer > 100) {
            reply->integer = INT64_MAX - reply->integer;
        }

        break;

    case 3:
    case 4:
        reply->type = REDIS_REPLY_ARRAY;
        reply->elements = depth < 6 ? fuzz_byte(f) % 6 : 0;

        if (reply->elements) {
            reply->element = calloc(reply->elements, sizeof(redisReply *));

            if (reply->element == NULL) {
                abort();
            }
        }

        for (i = 0; i < reply->elements; i++) {
            reply->element[i] = fuzz_reply(f, depth + 1);
        }

        break;

    case 5:
        reply->type = fuzz_byte(f) % 16;     /* of any type, and empty */
        break;

    default:
        s = fuzz_word(f);
        reply->type = (fuzz_byte(f) % 8 == 0) ? REDIS_REPLY_ERROR
                                              : REDIS_REPLY_STRING;
        reply->str = malloc(s.len + 1);

        if (reply->str == NULL) {
            abort();
        }

        memcpy(reply->str, s.data, s.len);
        reply->str[s.len] = '\0';
        reply->len = s.len;
        break;
    }

    return reply;
}


static void
fuzz_request(fuzz_t *f, privacy_action_request_t *request)
{
    memset(request, 0, sizeof(privacy_action_request_t));

    request->action = fuzz_byte(f) % (PRIVACY_ACTIONS + 1);
    request->actor.level = fuzz_byte(f) % (PRIVACY_LEVELS + 1);
    request->actor.store = fuzz_byte(f) % 4 != 0;
    request->actor.user = fuzz_word(f);
    request->actor.organization = fuzz_word(f);
    request->account = fuzz_word(f);
    request->organization = fuzz_word(f);
    request->body = fuzz_word(f);
    request->if_match = fuzz_word(f);
    request->if_none_match = fuzz_word(f);
    request->cursor = fuzz_word(f);
    request->limit = fuzz_byte(f);
    request->for_user = fuzz_word(f);
    request->for_organization = fuzz_word(f);
    request->for_level = fuzz_word(f);
    request->for_camera = fuzz_word(f);
    request->for_resource = fuzz_word(f);
    request->token = fuzz_word(f);
    request->due = fuzz_byte(f) % 2;
}


static void
fuzz_result(privacy_action_t *action)
{
    char                           *text;
    const privacy_action_result_t  *result;

    result = privacy_action_result(action);

    if (result->status == PRIVACY_STATUS_NONE
        || (result->status >= 400) != (result->type != NULL)
        || (result->status >= 400 && result->body != NULL))
    {
        abort();
    }

    if (result->body != NULL) {
        text = json_dumps(result->body, 0);

        if (text == NULL) {
            abort();
        }

        free(text);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                        steps;
    fuzz_t                     f = { data, data + size, 0 };
    int64_t                    now = FUZZ_NOW;
    unsigned                   i;
    redisReply                *reply;
    privacy_action_t          *action;
    privacy_policy_t           policy;
    privacy_action_conf_t      conf;
    privacy_action_request_t   request;
    static const privacy_str_t  prefix = privacy_str("privacy");

    memset(&policy, 0, sizeof(policy));
    privacy_roles_init(&policy.roles);
    policy.reset.offset = -300;
    policy.grant_ttl[PRIVACY_LEVEL_VENDOR] = 86400000;

    memset(&conf, 0, sizeof(conf));
    conf.policy = &policy;
    conf.prefix = prefix;
    conf.log_retention = fuzz_byte(&f) % 2 ? PRIVACY_LOG_RETENTION : 0;
    conf.registry = fuzz_byte(&f) % 2;
    conf.all_serve = fuzz_byte(&f) % 2;

    fuzz_request(&f, &request);
    action = privacy_action_create(&conf, &request);

    if (action == NULL) {
        abort();
    }

    for (steps = 0; steps < FUZZ_STEPS; steps++) {
        now += fuzz_byte(&f);

        switch (privacy_action_next(action, now)) {

        case PRIVACY_STEP_SEND:
            if (privacy_action_batch(action)->replies == 0
                || privacy_action_batch(action)->len == 0)
            {
                abort();
            }

            for (i = 0; i < privacy_action_batch(action)->replies; i++) {

                if (f.p >= f.end) {
                    privacy_action_lost(action);
                    break;
                }

                reply = fuzz_reply(&f, 0);
                privacy_action_reply(action, reply);
                fuzz_free(reply);
            }

            break;

        case PRIVACY_STEP_PAUSE:
            if (privacy_action_pause(action) > 1000) {
                abort();
            }

            break;

        default:
            fuzz_result(action);
            steps = FUZZ_STEPS;
            break;
        }
    }

    privacy_action_destroy(action);

    return 0;
}
