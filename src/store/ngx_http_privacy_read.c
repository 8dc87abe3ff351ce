
/*
 * PING with a number of this read's own, so that what a peer says beyond what
 * it was asked is never taken for the next answer; PTTL for each key; then
 * GETRANGE for each, which leaves what is too long where it is.  Redis runs a
 * pipeline that arrives in one piece without anything in between but expiry;
 * where something got in between all the same, the pair of TTL and value
 * tells, or the watch does.
 */

#include "ngx_http_privacy_read.h"


static void ngx_http_privacy_read_reply(
    ngx_http_privacy_redis_command_t *command, ngx_uint_t index,
    redisReply *reply);
static ngx_int_t ngx_http_privacy_read_echo(ngx_http_privacy_read_t *read,
    redisReply *reply);
static ngx_int_t ngx_http_privacy_read_end(ngx_http_privacy_read_t *read,
    ngx_http_privacy_read_item_t *item, redisReply *reply);
static ngx_int_t ngx_http_privacy_read_value(
    ngx_http_privacy_read_item_t *item, redisReply *reply);
static void ngx_http_privacy_read_refused(redisReply *reply);


static uint64_t  ngx_http_privacy_read_nonce;


ngx_http_privacy_read_t *
ngx_http_privacy_read_create(ngx_uint_t nkeys, ngx_log_t *log)
{
    ngx_http_privacy_read_t  *read;

    read = ngx_calloc(offsetof(ngx_http_privacy_read_t, items)
                      + nkeys * sizeof(ngx_http_privacy_read_item_t), log);
    if (read == NULL) {
        return NULL;
    }

    read->nkeys = nkeys;

    return read;
}


void
ngx_http_privacy_read_free(ngx_http_privacy_read_t *read)
{
    ngx_uint_t  i;

    for (i = 0; i < read->nkeys; i++) {
        if (read->items[i].data) {
            ngx_free(read->items[i].data);
        }
    }

    ngx_free(read);
}


ngx_int_t
ngx_http_privacy_read_send(ngx_http_privacy_read_t *read,
    ngx_http_privacy_redis_t *redis, privacy_str_t *keys, size_t limit)
{
    u_char           *p, *last;
    size_t            len;
    u_char            range[sizeof("\r\n$1\r\n0\r\n$\r\n\r\n")
                            + 2 * NGX_SIZE_T_LEN];
    ngx_int_t         rc;
    ngx_uint_t        i;

    /* each key twice, each time with a command around it */

    static u_char     buf[NGX_HTTP_PRIVACY_READ_KEYS
                          * 2 * (PRIVACY_KEY_MAX + sizeof(range) + 48) + 64];

    if (read->nkeys == 0 || read->nkeys > NGX_HTTP_PRIVACY_READ_KEYS) {
        return NGX_ERROR;
    }

    read->nonce = ++ngx_http_privacy_read_nonce;

    p = ngx_sprintf(buf, "*2\r\n$4\r\nPING\r\n$16\r\n%016xL\r\n",
                    read->nonce);

    for (i = 0; i < read->nkeys; i++) {
        p = ngx_sprintf(p, "*2\r\n$4\r\nPTTL\r\n$%uz\r\n", keys[i].len);
        p = ngx_cpymem(p, keys[i].data, keys[i].len);
        *p++ = CR; *p++ = LF;
    }

    /* GETRANGE's end is part of what it gives: one byte beyond the limit */

    len = ngx_sprintf(range, "%uz", limit) - range;
    last = ngx_sprintf(range, "\r\n$1\r\n0\r\n$%uz\r\n%uz\r\n", len, limit);

    for (i = 0; i < read->nkeys; i++) {
        p = ngx_sprintf(p, "*4\r\n$8\r\nGETRANGE\r\n$%uz\r\n",
                        keys[i].len);
        p = ngx_cpymem(p, keys[i].data, keys[i].len);
        p = ngx_cpymem(p, range, last - range);
    }

    read->command.handler = ngx_http_privacy_read_reply;
    read->command.data = read;
    read->command.replies = 1 + 2 * read->nkeys;

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
        read->handler(read, NGX_HTTP_PRIVACY_READ_LOST);
        return;
    }

    if (index == 0) {
        rc = ngx_http_privacy_read_echo(read, reply);

    } else if (index <= read->nkeys) {
        rc = ngx_http_privacy_read_end(read, &read->items[index - 1], reply);

    } else {
        rc = ngx_http_privacy_read_value(
                 &read->items[index - 1 - read->nkeys], reply);
    }

    if (rc != NGX_OK && reply->type == REDIS_REPLY_ERROR) {

        if (!read->refused) {
            ngx_http_privacy_read_refused(reply);
        }

    } else if (rc != NGX_OK) {
        ngx_http_privacy_redis_fail(read->redis, "unexpected reply to a read");
    }

    if (rc != NGX_OK) {
        read->refused = 1;
    }

    /* the command is the connection's until its last reply has come */

    if (index == 2 * read->nkeys) {
        read->handler(read, read->refused ? NGX_HTTP_PRIVACY_READ_REFUSED
                                          : NGX_HTTP_PRIVACY_READ_OK);
    }
}


static ngx_int_t
ngx_http_privacy_read_echo(ngx_http_privacy_read_t *read, redisReply *reply)
{
    u_char  nonce[NGX_INT64_LEN];

    (void) ngx_sprintf(nonce, "%016xL", read->nonce);

    return reply->type == REDIS_REPLY_STRING && reply->len == 16
           && ngx_memcmp(reply->str, nonce, 16) == 0 ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_privacy_read_end(ngx_http_privacy_read_t *read,
    ngx_http_privacy_read_item_t *item, redisReply *reply)
{
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer < -2
        || reply->integer > INT64_MAX - read->wall)
    {
        return NGX_ERROR;
    }

    if (reply->integer == -2) {
        item->ends = NGX_HTTP_PRIVACY_READ_ABSENT;

    } else if (reply->integer == -1) {
        item->ends = NGX_HTTP_PRIVACY_READ_NO_END;

    } else {

        /* counted from when it was sent: rather too early than too late */

        item->ends = read->wall + reply->integer;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_read_value(ngx_http_privacy_read_item_t *item,
    redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR
        && ngx_strncmp(reply->str, "WRONGTYPE", 9) == 0)
    {
        item->foreign = 1;
        return NGX_OK;
    }

    if (reply->type != REDIS_REPLY_STRING) {
        return NGX_ERROR;
    }

    if (reply->len == 0) {
        return NGX_OK;
    }

    item->data = ngx_alloc(reply->len, ngx_cycle->log);
    if (item->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(item->data, reply->str, reply->len);
    item->len = reply->len;

    return NGX_OK;
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
