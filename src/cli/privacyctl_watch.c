/*
 * privacyctl: following the changes.  The script that makes a change
 * publishes it, so what is seen here has been done.
 */

#include <poll.h>
#include <string.h>

#include "privacyctl.h"


#define CTL_CHANNEL   "-events"        /* after the prefix */
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


/* 1 if the reply is [what, PREFIX-events, ...] */

static int
ctl_watch_is(const ctl_t *ctl, const redisReply *reply, const char *what)
{
    size_t       len = strlen(ctl->prefix);
    const char  *channel;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3
        || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[1]->type != REDIS_REPLY_STRING
        || strcmp(reply->element[0]->str, what) != 0)
    {
        return 0;
    }

    channel = reply->element[1]->str;

    return strncmp(channel, ctl->prefix, len) == 0
           && strcmp(channel + len, CTL_CHANNEL) == 0;
}


static int
ctl_watch_subscribe(const ctl_t *ctl, redisContext *redis)
{
    int          rc = 0;
    redisReply  *reply;

    reply = redisCommand(redis, "SUBSCRIBE %s" CTL_CHANNEL, ctl->prefix);

    if (reply == NULL) {
        ctl_error("cannot subscribe: %s", ctl_trouble(redis, &ctl->redis));
        return -1;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        ctl_error("cannot subscribe: %s", reply->str);
        rc = -1;

    } else if (!ctl_watch_is(ctl, reply, "subscribe")) {
        ctl_error("cannot subscribe: the store answered what it should not");
        rc = -1;
    }

    freeReplyObject(reply);

    return rc;
}


static void
ctl_watch_message(const ctl_t *ctl, const redisReply *reply)
{
    json_t            *event;
    const char        *account;
    const redisReply  *text;

    if (!ctl_watch_is(ctl, reply, "message")
        || reply->element[2]->type != REDIS_REPLY_STRING)
    {
        return;
    }

    text = reply->element[2];
    event = json_loadb(text->str, text->len, 0, NULL);
    account = json_string_value(json_object_get(event, "account"));

    /* whoever may publish may publish anything */

    if (account == NULL
        || !json_is_string(json_object_get(event, "action"))
        || !json_is_string(json_object_get(event, "at")))
    {
        ctl_error("something was published that is no event");

    } else if (ctl->arguments[0] == NULL
               || strcmp(account, ctl->arguments[0]) == 0)
    {
        ctl_print_event(ctl, event);
    }

    json_decref(event);
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
            ctl_error("no answer in %d s", ctl->redis.timeout / 1000);
            return;
        }

        /* to subscribe again is answered, and changes nothing */

        if (n == 0 && !redis->err) {
            asked = 1;
            (void) redisAppendCommand(redis, "SUBSCRIBE %s" CTL_CHANNEL,
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
    int            rc;
    redisContext  *redis;

    if (!ctl_watch_permitted(ctl)) {
        ctl_error("This is not yours to do (forbidden)");
        return CTL_REFUSED;
    }

    rc = ctl_connect(&ctl->redis, &redis);

    if (rc != CTL_DONE) {
        return rc;
    }

    if (ctl_watch_subscribe(ctl, redis) == 0) {
        ctl_watch_follow(ctl, redis);
    }

    redisFree(redis);

    return CTL_STORE;
}
