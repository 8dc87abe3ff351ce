
/*
 * CLIENT ID, CLIENT TRACKING ON REDIRECT <own id> BCAST, CLIENT TRACKINGINFO,
 * then SUBSCRIBE, sent again as a heartbeat, for PING is unreliable in a
 * subscribed RESP2 client.  Last a canary, written over the other connection:
 * an ACL that hides the prefix from tracking is silent, so only a change that
 * was seen to arrive proves that changes do.
 */

#include "ngx_http_privacy_watch.h"


#define NGX_HTTP_PRIVACY_WATCH_BEAT    250     /* ms between heartbeats */
#define NGX_HTTP_PRIVACY_WATCH_DEATH   750     /* ms without an answer */
#define NGX_HTTP_PRIVACY_WATCH_PAUSE   1000    /* ms after a refusal */

#define NGX_HTTP_PRIVACY_WATCH_CHANNEL  "__redis__:invalidate"


typedef enum {
    ngx_http_privacy_watch_down = 0,
    ngx_http_privacy_watch_tracking,   /* commands sent, replies due */
    ngx_http_privacy_watch_subscribing,
    ngx_http_privacy_watch_proving,    /* the canary is out */
    ngx_http_privacy_watch_up
} ngx_http_privacy_watch_state_e;


struct ngx_http_privacy_watch_s {
    ngx_http_privacy_watch_options_t   options;
    ngx_http_privacy_redis_t          *redis;
    ngx_http_privacy_redis_command_t   command;
    ngx_http_privacy_redis_command_t   canary;
    ngx_http_privacy_watch_state_e     state;
    ngx_event_t                        timer;
    ngx_msec_t                         asked;      /* oldest heartbeat that is
                                                      not answered; 0: none */
    ngx_msec_t                         since;      /* of the state */
    ngx_msec_t                         seen;
    uint32_t                           epochs;     /* so far */
    int64_t                            id;         /* CLIENT ID */
    unsigned                           singing:1;  /* the canary's reply is
                                                      due */
    unsigned                           unproven:1; /* as logged already */
    unsigned                           told:1;     /* a refusal was logged */
    size_t                             key_len;
    u_char                             key[PRIVACY_PREFIX_MAX + 48];
};


static void ngx_http_privacy_watch_connected(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_watch_lost(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_watch_id(
    ngx_http_privacy_redis_command_t *command, ngx_uint_t index,
    redisReply *reply);
static void ngx_http_privacy_watch_tracking_reply(
    ngx_http_privacy_redis_command_t *command, ngx_uint_t index,
    redisReply *reply);
static ngx_int_t ngx_http_privacy_watch_info(ngx_http_privacy_watch_t *watch,
    redisReply *reply);
static redisReply *ngx_http_privacy_watch_field(redisReply *reply,
    const char *name);
static void ngx_http_privacy_watch_beat(ngx_http_privacy_watch_t *watch);
static ngx_int_t ngx_http_privacy_watch_push(ngx_http_privacy_redis_t *redis,
    redisReply *reply);
static ngx_int_t ngx_http_privacy_watch_message(
    ngx_http_privacy_watch_t *watch, redisReply *keys);
static void ngx_http_privacy_watch_prove(ngx_http_privacy_watch_t *watch);
static void ngx_http_privacy_watch_sung(
    ngx_http_privacy_redis_command_t *command, ngx_uint_t index,
    redisReply *reply);
static ngx_uint_t ngx_http_privacy_watch_alone(
    ngx_http_privacy_watch_t *watch);
static void ngx_http_privacy_watch_unproven(ngx_http_privacy_watch_t *watch,
    const char *why);
static void ngx_http_privacy_watch_alive(ngx_http_privacy_watch_t *watch);
static void ngx_http_privacy_watch_timer(ngx_event_t *ev);
static void ngx_http_privacy_watch_refused(ngx_http_privacy_watch_t *watch,
    const char *what, redisReply *reply);
static ngx_uint_t ngx_http_privacy_watch_is(redisReply *reply,
    const char *text);


ngx_http_privacy_watch_t *
ngx_http_privacy_watch_create(ngx_http_privacy_watch_options_t *options)
{
    ngx_http_privacy_watch_t          *watch;
    ngx_http_privacy_redis_options_t   redis;

    watch = ngx_calloc(sizeof(ngx_http_privacy_watch_t), options->log);
    if (watch == NULL) {
        return NULL;
    }

    watch->options = *options;

    watch->timer.handler = ngx_http_privacy_watch_timer;
    watch->timer.data = watch;
    watch->timer.log = options->log;
    watch->timer.cancelable = 1;

    /* a name that no other worker of any host has */

    watch->key_len = ngx_sprintf(watch->key, "%V:canary:%08xD%08xD%P",
                                 &options->prefix, (uint32_t) ngx_random(),
                                 (uint32_t) ngx_random(), ngx_pid)
                     - watch->key;

    ngx_memzero(&redis, sizeof(ngx_http_privacy_redis_options_t));

    redis.conf = options->conf;
    redis.timeout = options->timeout;
    redis.log = options->log;
    redis.what = "watch";
    redis.data = watch;
    redis.up = ngx_http_privacy_watch_connected;
    redis.down = ngx_http_privacy_watch_lost;
    redis.push = ngx_http_privacy_watch_push;

    watch->redis = ngx_http_privacy_redis_create(&redis);
    if (watch->redis == NULL) {
        ngx_free(watch);
        return NULL;
    }

    ngx_add_timer(&watch->timer, NGX_HTTP_PRIVACY_WATCH_BEAT);

    return watch;
}


void
ngx_http_privacy_watch_destroy(ngx_http_privacy_watch_t *watch)
{
    ngx_http_privacy_redis_destroy(watch->redis);

    if (watch->timer.timer_set) {
        ngx_del_timer(&watch->timer);
    }

    /* a canary under way is still the writer's, which is destroyed first */

    ngx_free(watch);
}


uint32_t
ngx_http_privacy_watch_epoch(ngx_http_privacy_watch_t *watch)
{
    return watch->state == ngx_http_privacy_watch_up ? watch->epochs : 0;
}


ngx_msec_t
ngx_http_privacy_watch_seen(ngx_http_privacy_watch_t *watch, uint32_t epoch)
{
    return epoch == watch->epochs ? watch->seen : 0;
}


static void
ngx_http_privacy_watch_connected(ngx_http_privacy_redis_t *redis)
{
    ngx_http_privacy_watch_t  *watch;

    watch = ngx_http_privacy_redis_options(redis)->data;

    watch->state = ngx_http_privacy_watch_tracking;
    watch->since = ngx_current_msec;

    watch->command.handler = ngx_http_privacy_watch_id;
    watch->command.data = watch;
    watch->command.replies = 1;

    if (ngx_http_privacy_redis_send(redis, &watch->command,
                                (u_char *) "*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n",
                                sizeof("*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n") - 1)
        != NGX_OK)
    {
        ngx_http_privacy_redis_fail(redis, "no memory");
    }
}


static void
ngx_http_privacy_watch_lost(ngx_http_privacy_redis_t *redis)
{
    ngx_http_privacy_watch_t        *watch;
    ngx_http_privacy_watch_state_e   state;

    watch = ngx_http_privacy_redis_options(redis)->data;

    state = watch->state;
    watch->state = ngx_http_privacy_watch_down;
    watch->asked = 0;

    if (state == ngx_http_privacy_watch_up) {
        watch->options.lost();
    }
}


static void
ngx_http_privacy_watch_id(ngx_http_privacy_redis_command_t *command,
    ngx_uint_t index, redisReply *reply)
{
    u_char                    *p, id[NGX_INT64_LEN];
    size_t                     len;
    ngx_str_t                 *prefix;
    ngx_http_privacy_watch_t  *watch;
    u_char                     buf[256 + PRIVACY_PREFIX_MAX];

    watch = command->data;

    if (reply == NULL) {
        return;
    }

    if (reply->type != REDIS_REPLY_INTEGER || reply->integer <= 0) {
        ngx_http_privacy_watch_refused(watch, "CLIENT ID", reply);
        return;
    }

    watch->id = reply->integer;

    len = ngx_sprintf(id, "%L", (int64_t) watch->id) - id;
    prefix = &watch->options.prefix;

    p = ngx_sprintf(buf, "*8\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n"
                    "$8\r\nREDIRECT\r\n$%uz\r\n%*s\r\n$5\r\nBCAST\r\n"
                    "$6\r\nPREFIX\r\n$%uz\r\n%V:\r\n"
                    "*2\r\n$6\r\nCLIENT\r\n$12\r\nTRACKINGINFO\r\n",
                    len, len, id, prefix->len + 1, prefix);

    command->handler = ngx_http_privacy_watch_tracking_reply;
    command->replies = 2;

    if (ngx_http_privacy_redis_send(watch->redis, command, buf, p - buf)
        != NGX_OK)
    {
        ngx_http_privacy_redis_fail(watch->redis, "no memory");
    }
}


static void
ngx_http_privacy_watch_tracking_reply(
    ngx_http_privacy_redis_command_t *command, ngx_uint_t index,
    redisReply *reply)
{
    ngx_http_privacy_watch_t  *watch;

    watch = command->data;

    if (reply == NULL || watch->state != ngx_http_privacy_watch_tracking) {
        return;
    }

    if (index == 0) {
        if (reply->type != REDIS_REPLY_STATUS
            || !ngx_http_privacy_watch_is(reply, "OK"))
        {
            ngx_http_privacy_watch_refused(watch, "CLIENT TRACKING", reply);
        }

        return;
    }

    if (ngx_http_privacy_watch_info(watch, reply) != NGX_OK) {
        ngx_http_privacy_watch_refused(watch, "CLIENT TRACKINGINFO", reply);
        return;
    }

    watch->state = ngx_http_privacy_watch_subscribing;
    watch->since = ngx_current_msec;
    ngx_http_privacy_watch_beat(watch);
}


/*
 * What Redis says of the tracking: broadcast, to ourselves, our prefix, and
 * not broken.  It is the only proof where we may not write a canary.
 */

static ngx_int_t
ngx_http_privacy_watch_info(ngx_http_privacy_watch_t *watch,
    redisReply *reply)
{
    size_t       i, len;
    ngx_uint_t   bcast, ours;
    redisReply  *flags, *redirect, *prefixes, *prefix;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    flags = ngx_http_privacy_watch_field(reply, "flags");
    redirect = ngx_http_privacy_watch_field(reply, "redirect");
    prefixes = ngx_http_privacy_watch_field(reply, "prefixes");

    if (flags == NULL || flags->type != REDIS_REPLY_ARRAY
        || redirect == NULL || redirect->type != REDIS_REPLY_INTEGER
        || prefixes == NULL || prefixes->type != REDIS_REPLY_ARRAY)
    {
        return NGX_ERROR;
    }

    bcast = 0;

    for (i = 0; i < flags->elements; i++) {
        if (ngx_http_privacy_watch_is(flags->element[i], "bcast")) {
            bcast = 1;
        }

        if (ngx_http_privacy_watch_is(flags->element[i], "broken_redirect")) {
            return NGX_ERROR;
        }
    }

    ours = 0;
    len = watch->options.prefix.len;

    for (i = 0; i < prefixes->elements; i++) {
        prefix = prefixes->element[i];

        if (prefix->type == REDIS_REPLY_STRING
            && (size_t) prefix->len == len + 1
            && ngx_memcmp(prefix->str, watch->options.prefix.data, len) == 0
            && prefix->str[len] == ':')
        {
            ours = 1;
        }
    }

    return bcast && ours && redirect->integer == watch->id ? NGX_OK
                                                           : NGX_ERROR;
}


static redisReply *
ngx_http_privacy_watch_field(redisReply *reply, const char *name)
{
    size_t  i;

    for (i = 0; i + 1 < reply->elements; i += 2) {
        if (ngx_http_privacy_watch_is(reply->element[i], name)) {
            return reply->element[i + 1];
        }
    }

    return NULL;
}


static void
ngx_http_privacy_watch_beat(ngx_http_privacy_watch_t *watch)
{
    static u_char  subscribe[] = "*2\r\n$9\r\nSUBSCRIBE\r\n$20\r\n"
                                 NGX_HTTP_PRIVACY_WATCH_CHANNEL "\r\n";

    if (watch->asked) {
        return;
    }

    if (ngx_http_privacy_redis_send(watch->redis, NULL, subscribe,
                                    sizeof(subscribe) - 1)
        != NGX_OK)
    {
        ngx_http_privacy_redis_fail(watch->redis, "no memory");
        return;
    }

    /* 0 is for none */

    watch->asked = ngx_current_msec ? ngx_current_msec : 1;
}


static ngx_int_t
ngx_http_privacy_watch_push(ngx_http_privacy_redis_t *redis,
    redisReply *reply)
{
    ngx_http_privacy_watch_t  *watch;

    watch = ngx_http_privacy_redis_options(redis)->data;

    if (reply->type == REDIS_REPLY_ERROR
        && watch->state == ngx_http_privacy_watch_subscribing)
    {
        ngx_http_privacy_watch_refused(watch, "SUBSCRIBE", reply);
        return NGX_OK;
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3
        || !ngx_http_privacy_watch_is(reply->element[1],
                                      NGX_HTTP_PRIVACY_WATCH_CHANNEL))
    {
        return NGX_ERROR;
    }

    if (ngx_http_privacy_watch_is(reply->element[0], "message")) {
        return ngx_http_privacy_watch_message(watch, reply->element[2]);
    }

    if (!ngx_http_privacy_watch_is(reply->element[0], "subscribe")
        || watch->asked == 0)
    {
        return NGX_ERROR;
    }

    /*
     * All that Redis did before it answered has been announced before; but
     * an epoch that is over saw nothing of what happened since.
     */

    if (watch->state == ngx_http_privacy_watch_up) {
        watch->seen = watch->asked;
    }

    watch->asked = 0;

    if (watch->state == ngx_http_privacy_watch_subscribing) {
        watch->state = ngx_http_privacy_watch_proving;
        watch->since = ngx_current_msec;
        ngx_http_privacy_watch_prove(watch);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_watch_message(ngx_http_privacy_watch_t *watch,
    redisReply *keys)
{
    size_t          i;
    redisReply     *key;
    privacy_str_t   name;

    /* FLUSHALL, FLUSHDB: nothing that was read before holds */

    if (keys->type == REDIS_REPLY_NIL) {

        if (watch->state == ngx_http_privacy_watch_up) {
            ngx_http_privacy_watch_alive(watch);
        }

        return NGX_OK;
    }

    if (keys->type != REDIS_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    for (i = 0; i < keys->elements; i++) {
        key = keys->element[i];

        if (key->type != REDIS_REPLY_STRING) {
            return NGX_ERROR;
        }

        if ((size_t) key->len == watch->key_len
            && ngx_memcmp(key->str, watch->key, watch->key_len) == 0)
        {
            if (watch->state == ngx_http_privacy_watch_proving) {
                ngx_http_privacy_watch_alive(watch);
            }

            continue;
        }

        name.data = key->str;
        name.len = key->len;

        watch->options.changed(name);
    }

    return NGX_OK;
}


static void
ngx_http_privacy_watch_prove(ngx_http_privacy_watch_t *watch)
{
    u_char  *p;
    u_char   buf[sizeof(watch->key) + 96];

    /* the last canary's reply is still due: the timer comes back to this */

    if (watch->singing) {
        return;
    }

    p = ngx_sprintf(buf, "*5\r\n$3\r\nSET\r\n$%uz\r\n%*s\r\n$1\r\n1\r\n"
                    "$2\r\nPX\r\n$4\r\n1000\r\n",
                    watch->key_len, watch->key_len, watch->key);

    watch->canary.handler = ngx_http_privacy_watch_sung;
    watch->canary.data = watch;
    watch->canary.replies = 1;

    if (ngx_http_privacy_redis_send(watch->options.writer, &watch->canary,
                                    buf, p - buf)
        == NGX_OK)
    {
        watch->singing = 1;
        watch->since = ngx_current_msec;
    }
}


static void
ngx_http_privacy_watch_sung(ngx_http_privacy_redis_command_t *command,
    ngx_uint_t index, redisReply *reply)
{
    ngx_http_privacy_watch_t  *watch;

    watch = command->data;
    watch->singing = 0;

    if (reply == NULL || watch->state != ngx_http_privacy_watch_proving) {
        return;
    }

    if (reply->type == REDIS_REPLY_ERROR
        && (ngx_strncmp(reply->str, "NOPERM", 6) == 0
            || ngx_strncmp(reply->str, "READONLY", 8) == 0))
    {
        ngx_http_privacy_watch_unproven(watch, "redis lets us not write");
    }

    /*
     * Whatever else it says, only the announcement itself counts, which is
     * on its way from now on
     */

    watch->since = ngx_current_msec;
}


/*
 * Where the writer's Redis is another one, a replica goes on without it, and
 * so does who reads from that: its word has to do.
 */

static ngx_uint_t
ngx_http_privacy_watch_alone(ngx_http_privacy_watch_t *watch)
{
    ngx_http_privacy_redis_t  *writer;

    writer = watch->options.writer;

    return ngx_http_privacy_redis_options(writer)->conf != watch->options.conf
           && !ngx_http_privacy_redis_ready(writer)
           && ngx_current_msec - ngx_http_privacy_redis_down_since(writer)
              >= NGX_HTTP_PRIVACY_WATCH_PAUSE;
}


static void
ngx_http_privacy_watch_unproven(ngx_http_privacy_watch_t *watch,
    const char *why)
{
    if (!watch->unproven) {
        watch->unproven = 1;
        ngx_log_error(NGX_LOG_WARN, watch->options.log, 0,
                      "privacy: %s \"%*s\", so it cannot be proved that "
                      "changes are announced; CLIENT TRACKINGINFO says that "
                      "they are", why, watch->key_len, watch->key);
    }

    ngx_http_privacy_watch_alive(watch);
}


static void
ngx_http_privacy_watch_alive(ngx_http_privacy_watch_t *watch)
{
    if (watch->state != ngx_http_privacy_watch_up) {
        ngx_log_error(NGX_LOG_INFO, watch->options.log, 0,
                      "privacy: changes are announced");
    }

    watch->state = ngx_http_privacy_watch_up;
    watch->told = 0;
    watch->seen = ngx_current_msec;

    if (++watch->epochs == 0) {
        watch->epochs = 1;
    }

    watch->options.alive();
}


static void
ngx_http_privacy_watch_timer(ngx_event_t *ev)
{
    ngx_http_privacy_watch_t  *watch;

    watch = ev->data;

    ngx_add_timer(ev, NGX_HTTP_PRIVACY_WATCH_BEAT);

    switch (watch->state) {

    case ngx_http_privacy_watch_down:
    case ngx_http_privacy_watch_tracking:
        break;

    case ngx_http_privacy_watch_proving:

        if (watch->singing
            || ngx_current_msec - watch->since < NGX_HTTP_PRIVACY_WATCH_BEAT)
        {
            /* fall through to the heartbeat */

        } else if (ngx_http_privacy_watch_alone(watch)) {
            ngx_http_privacy_watch_unproven(watch, "the primary redis is not "
                                            "there to take");

        } else {
            if (!watch->told
                && ngx_http_privacy_redis_ready(watch->options.writer))
            {
                watch->told = 1;
                ngx_log_error(NGX_LOG_ERR, watch->options.log, 0,
                              "privacy: redis took \"%*s\" but did not "
                              "announce it; nothing is cached; do ACL rules "
                              "of the user or the selected database hide "
                              "it?", watch->key_len, watch->key);
            }

            ngx_http_privacy_watch_prove(watch);
        }

        /* fall through */

    default:

        if (watch->asked
            && ngx_current_msec - watch->asked
               >= NGX_HTTP_PRIVACY_WATCH_DEATH)
        {
            ngx_http_privacy_redis_fail(watch->redis, "no heartbeat");
            return;
        }

        ngx_http_privacy_watch_beat(watch);
    }

    if (watch->state == ngx_http_privacy_watch_down
        && ngx_http_privacy_redis_ready(watch->redis)
        && ngx_current_msec - watch->since >= NGX_HTTP_PRIVACY_WATCH_PAUSE)
    {
        /* refused a while ago: from the start */

        ngx_http_privacy_redis_fail(watch->redis, "tracking was refused");
    }
}


static void
ngx_http_privacy_watch_refused(ngx_http_privacy_watch_t *watch,
    const char *what, redisReply *reply)
{
    if (!watch->told) {
        watch->told = 1;

        if (reply->type == REDIS_REPLY_ERROR) {
            ngx_log_error(NGX_LOG_ERR, watch->options.log, 0,
                          "privacy: redis refused %s: \"%*s\"; nothing is "
                          "cached", what, ngx_min((size_t) reply->len, 128),
                          reply->str);

        } else {
            ngx_log_error(NGX_LOG_ERR, watch->options.log, 0,
                          "privacy: unexpected reply to %s; nothing is "
                          "cached", what);
        }
    }

    watch->state = ngx_http_privacy_watch_down;
    watch->since = ngx_current_msec;
}


static ngx_uint_t
ngx_http_privacy_watch_is(redisReply *reply, const char *text)
{
    size_t  len;

    len = ngx_strlen(text);

    return (reply->type == REDIS_REPLY_STRING
            || reply->type == REDIS_REPLY_STATUS)
           && (size_t) reply->len == len
           && ngx_memcmp(reply->str, text, len) == 0;
}
