
/*
 * PTTL for each key, then MGET for all.  The values come last and together,
 * so a read is taken over in one go or not at all.  Redis runs a pipeline
 * that arrives in one piece without anything in between but expiry; where
 * something got in between all the same, the pair of TTL and value tells.
 */

#include "ngx_http_privacy_read.h"


static void ngx_http_privacy_read_reply(
    ngx_http_privacy_redis_command_t *command, ngx_uint_t index,
    redisReply *reply);
static void ngx_http_privacy_read_refused(redisReply *reply);
static ngx_int_t ngx_http_privacy_read_end(ngx_http_privacy_read_t *read,
    ngx_uint_t index, redisReply *reply);
static ngx_int_t ngx_http_privacy_read_values(ngx_http_privacy_read_t *read,
    redisReply *reply);


ngx_http_privacy_read_t *
ngx_http_privacy_read_create(ngx_uint_t nkeys, ngx_log_t *log)
{
    ngx_http_privacy_read_t  *read;

    read = ngx_alloc(offsetof(ngx_http_privacy_read_t, ends)
                     + nkeys * sizeof(int64_t), log);
    if (read == NULL) {
        return NULL;
    }

    ngx_memzero(read, offsetof(ngx_http_privacy_read_t, ends));
    read->nkeys = nkeys;

    return read;
}


ngx_int_t
ngx_http_privacy_read_send(ngx_http_privacy_read_t *read,
    ngx_http_privacy_redis_t *redis, privacy_str_t *keys)
{
    u_char           *p;
    ngx_int_t         rc;
    ngx_uint_t        i;

    /* each key twice, each time with its length line and a command's head */

    static u_char     buf[NGX_HTTP_PRIVACY_READ_KEYS
                          * 2 * (PRIVACY_KEY_MAX + 48) + 64];

    if (read->nkeys == 0 || read->nkeys > NGX_HTTP_PRIVACY_READ_KEYS) {
        return NGX_ERROR;
    }

    p = buf;

    for (i = 0; i < read->nkeys; i++) {
        p = ngx_sprintf(p, "*2\r\n$4\r\nPTTL\r\n$%uz\r\n", keys[i].len);
        p = ngx_cpymem(p, keys[i].data, keys[i].len);
        *p++ = CR; *p++ = LF;
    }

    p = ngx_sprintf(p, "*%ui\r\n$4\r\nMGET\r\n", read->nkeys + 1);

    for (i = 0; i < read->nkeys; i++) {
        p = ngx_sprintf(p, "$%uz\r\n", keys[i].len);
        p = ngx_cpymem(p, keys[i].data, keys[i].len);
        *p++ = CR; *p++ = LF;
    }

    read->command.handler = ngx_http_privacy_read_reply;
    read->command.data = read;
    read->command.replies = read->nkeys + 1;

    rc = ngx_http_privacy_redis_send(redis, &read->command, buf, p - buf);

    if (rc == NGX_OK) {
        read->redis = redis;
        read->sent_at = ngx_current_msec;
        read->wall = ngx_http_privacy_wall();
    }

    return rc;
}


static void
ngx_http_privacy_read_reply(ngx_http_privacy_redis_command_t *command,
    ngx_uint_t index, redisReply *reply)
{
    ngx_int_t                 rc;
    ngx_http_privacy_read_t  *read;

    read = command->data;

    if (reply == NULL) {
        read->handler(read, NGX_HTTP_PRIVACY_READ_LOST, NULL);
        return;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        rc = NGX_DECLINED;

        if (!read->refused) {
            ngx_http_privacy_read_refused(reply);
        }

    } else if (index < read->nkeys) {
        rc = ngx_http_privacy_read_end(read, index, reply);

    } else {
        rc = ngx_http_privacy_read_values(read, reply);
    }

    if (rc == NGX_ERROR) {
        ngx_http_privacy_redis_fail(read->redis, "unexpected reply to a read");
    }

    if (rc != NGX_OK) {
        read->refused = 1;
    }

    /* the command is the connection's until its last reply has come */

    if (index < read->nkeys) {
        return;
    }

    if (read->refused) {
        read->handler(read, NGX_HTTP_PRIVACY_READ_REFUSED, NULL);
        return;
    }

    read->handler(read, NGX_HTTP_PRIVACY_READ_OK, reply->element);
}


/* Once a second: while Redis loads its data, it refuses every one of them */

static void
ngx_http_privacy_read_refused(redisReply *reply)
{
    static time_t  last;

    if (last == ngx_time()) {
        return;
    }

    last = ngx_time();

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "privacy: redis refused a read: \"%*s\"",
                  ngx_min((size_t) reply->len, 128), reply->str);
}


static ngx_int_t
ngx_http_privacy_read_end(ngx_http_privacy_read_t *read, ngx_uint_t index,
    redisReply *reply)
{
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer < -2) {
        return NGX_ERROR;
    }

    if (reply->integer == -2) {
        read->ends[index] = NGX_HTTP_PRIVACY_READ_ABSENT;

    } else if (reply->integer == -1) {
        read->ends[index] = NGX_HTTP_PRIVACY_READ_NO_END;

    } else {

        /* counted from when it was sent: rather too early than too late */

        if (reply->integer > INT64_MAX - read->wall) {
            return NGX_ERROR;
        }

        read->ends[index] = read->wall + reply->integer;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_read_values(ngx_http_privacy_read_t *read, redisReply *reply)
{
    ngx_uint_t  i;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != read->nkeys) {
        return NGX_ERROR;
    }

    for (i = 0; i < read->nkeys; i++) {
        if (reply->element[i]->type != REDIS_REPLY_STRING
            && reply->element[i]->type != REDIS_REPLY_NIL)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
