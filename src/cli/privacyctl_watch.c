/*
 * privacyctl: following the changes.  The script that makes a change
 * publishes it, so what is seen here has been done.
 */

#include <poll.h>
#include <string.h>

#include "privacyctl.h"


#define CTL_QUIET_MS  15000            /* of silence, then the peer is asked */


/* 1 if the requester may see what happens to the account ("": to all) */

static int
ctl_watch_permitted(const ctl_t *ctl)
{
    privacy_str_t    account, none = { "", 0 };
    privacy_actor_t  actor;

    memset(&actor, 0, sizeof(privacy_actor_t));

    actor.user.data = ctl->user ? ctl->user : "";
    actor.user.len = strlen(actor.user.data);
    actor.organization.data = ctl->organization ? ctl->organization : "";
    actor.organization.len = strlen(actor.organization.data);

    if (ctl->level != NULL) {
        privacy_str_t  level = { ctl->level, strlen(ctl->level) };

        actor.level = privacy_level_parse(level);
    }

    actor.store = !ctl->user && !ctl->organization && !ctl->level;

    account.data = ctl->arguments[0] ? ctl->arguments[0] : "";
    account.len = strlen(account.data);

    /* as the account's grants: its administrators, the operator */

    return privacy_permit(PRIVACY_ACTION_GRANTS, &actor, account, none);
}


static int
ctl_watch_subscribe(redisContext *redis, const char *prefix)
{
    redisReply  *reply;

    reply = redisCommand(redis, "SUBSCRIBE %s-events", prefix);

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        ctl_error("cannot subscribe: %s", reply ? reply->str : redis->errstr);

        if (reply != NULL) {
            freeReplyObject(reply);
        }

        return -1;
    }

    freeReplyObject(reply);

    return 0;
}


static void
ctl_watch_message(const ctl_t *ctl, const redisReply *reply)
{
    json_t            *event;
    const char        *account;
    const redisReply  *text;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3
        || reply->element[0]->type != REDIS_REPLY_STRING
        || strcmp(reply->element[0]->str, "message") != 0
        || reply->element[2]->type != REDIS_REPLY_STRING)
    {
        return;
    }

    text = reply->element[2];

    if (ctl->arguments[0] != NULL) {
        event = json_loadb(text->str, text->len, 0, NULL);
        account = json_string_value(json_object_get(event, "account"));

        if (account == NULL || strcmp(account, ctl->arguments[0]) != 0) {
            json_decref(event);
            return;
        }

        json_decref(event);
    }

    ctl_print_event(ctl, text->str, text->len);
}


/* Follows until something is wrong, which is printed */

static void
ctl_watch_follow(const ctl_t *ctl, redisContext *redis)
{
    int             asked = 0, n;
    void           *reply;
    struct pollfd   fd;

    for ( ;; ) {

        while (redisGetReplyFromReader(redis, &reply) == REDIS_OK
               && reply != NULL)
        {
            asked = 0;
            ctl_watch_message(ctl, reply);
            freeReplyObject(reply);
        }

        fd.fd = redis->fd;
        fd.events = POLLIN;

        n = redis->err ? 0 : poll(&fd, 1, asked ? ctl->redis.timeout
                                                : CTL_QUIET_MS);

        if (n == 0 && asked && !redis->err) {
            ctl_error("the store is silent");
            return;
        }

        /* to subscribe again is answered, and changes nothing */

        if (n == 0 && !redis->err) {
            asked = 1;
            (void) redisAppendCommand(redis, "SUBSCRIBE %s-events",
                                      ctl->prefix);
            (void) redisBufferWrite(redis, &n);

        } else if (n > 0) {
            (void) redisBufferRead(redis);
        }

        if (redis->err) {
            ctl_error("%s", redis->errstr);
            return;
        }
    }
}


int
ctl_watch(const ctl_t *ctl)
{
    redisContext  *redis;

    if (!ctl_watch_permitted(ctl)) {
        ctl_error("This is not yours to do (forbidden)");
        return CTL_REFUSED;
    }

    redis = ctl_connect(&ctl->redis);

    if (redis == NULL) {
        return CTL_STORE;
    }

    if (ctl_watch_subscribe(redis, ctl->prefix) == 0) {
        ctl_watch_follow(ctl, redis);
    }

    redisFree(redis);

    return CTL_STORE;
}
