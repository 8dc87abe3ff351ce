
/*
 * The traffic of a connection: commands out through one buffer, replies in
 * through the guard and hiredis' reader, to whoever waits for them.
 */

#include "ngx_http_privacy_redis_io.h"


#define NGX_HTTP_PRIVACY_REDIS_IN        16384
#define NGX_HTTP_PRIVACY_REDIS_TURN      16      /* reads in one turn */
#define NGX_HTTP_PRIVACY_REDIS_OUT       4096
#define NGX_HTTP_PRIVACY_REDIS_OUT_KEEP  65536
#define NGX_HTTP_PRIVACY_REDIS_OUT_MAX   (16 * 1024 * 1024)


static ngx_int_t ngx_http_privacy_redis_append(
    ngx_http_privacy_redis_t *redis, u_char *data, size_t len);
static void ngx_http_privacy_redis_await(ngx_http_privacy_redis_t *redis,
    ngx_http_privacy_redis_command_t *command, size_t len);
static void ngx_http_privacy_redis_break(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_redis_empty(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_redis_write_handler(ngx_event_t *wev);
static void ngx_http_privacy_redis_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_http_privacy_redis_read(ngx_http_privacy_redis_t *redis);
static ngx_int_t ngx_http_privacy_redis_parse(ngx_http_privacy_redis_t *redis,
    u_char *data, size_t len);
static ngx_int_t ngx_http_privacy_redis_dispatch(
    ngx_http_privacy_redis_t *redis, redisReply *reply);
static ngx_uint_t ngx_http_privacy_redis_is_message(redisReply *reply);


ngx_int_t
ngx_http_privacy_redis_open(ngx_http_privacy_redis_t *redis,
    ngx_http_privacy_redis_command_t *login, u_char *data, size_t len)
{
    ngx_connection_t  *c;

    c = redis->connection;

    redis->reader = redisReaderCreate();

    if (redis->reader == NULL
        || ngx_http_privacy_redis_append(redis, data, len) != NGX_OK)
    {
        ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0, "no memory");
        return NGX_ERROR;
    }

    privacy_resp_init(&redis->guard);

    redis->written = 0;
    redis->broken = 0;
    redis->blocked = 0;

    redis->heard_at = ngx_current_msec;

    c->read->handler = ngx_http_privacy_redis_read_handler;
    c->write->handler = ngx_http_privacy_redis_write_handler;

    ngx_http_privacy_redis_await(redis, login, len);

    /* what has come already is announced by no further event */

    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }

    ngx_http_privacy_redis_flush(redis);

    return NGX_OK;
}


ngx_int_t
ngx_http_privacy_redis_send(ngx_http_privacy_redis_t *redis,
    ngx_http_privacy_redis_command_t *command, u_char *data, size_t len)
{
    if (redis->state != ngx_http_privacy_redis_is_up || redis->failing) {
        return NGX_DECLINED;
    }

    if (ngx_http_privacy_redis_append(redis, data, len) != NGX_OK) {
        return NGX_ERROR;
    }

    if (command && command->replies) {
        ngx_http_privacy_redis_await(redis, command, len);

        if (!redis->timer.timer_set) {
            ngx_add_timer(&redis->timer, redis->options.timeout);
        }
    }

    if (!redis->blocked) {
        ngx_post_event(&redis->post, &ngx_posted_events);
    }

    return NGX_OK;
}


/* Of the command whose bytes were appended last */

static void
ngx_http_privacy_redis_await(ngx_http_privacy_redis_t *redis,
    ngx_http_privacy_redis_command_t *command, size_t len)
{
    if (ngx_queue_empty(&redis->pending)) {
        redis->due_since = ngx_current_msec;
    }

    command->received = 0;
    command->start = redis->written
                     + (redis->out.last - redis->out.pos) - len;
    ngx_queue_insert_tail(&redis->pending, &command->queue);
}


static ngx_int_t
ngx_http_privacy_redis_append(ngx_http_privacy_redis_t *redis, u_char *data,
    size_t len)
{
    u_char  *start;
    size_t   used, size;

    used = redis->out.last - redis->out.pos;

    if (len > NGX_HTTP_PRIVACY_REDIS_OUT_MAX - used) {
        return NGX_ERROR;
    }

    if ((size_t) (redis->out.end - redis->out.last) < len) {

        size = redis->out.end - redis->out.start;

        /* at least half of it free, so that moving pays */

        if (2 * (used + len) > size) {
            size = ngx_max(2 * (used + len), NGX_HTTP_PRIVACY_REDIS_OUT);

            start = ngx_alloc(size, redis->options.log);
            if (start == NULL) {
                return NGX_ERROR;
            }

            if (redis->out.start) {
                ngx_memcpy(start, redis->out.pos, used);
                ngx_free(redis->out.start);
            }

            redis->out.start = start;
            redis->out.end = start + size;

        } else {
            ngx_memmove(redis->out.start, redis->out.pos, used);
        }

        redis->out.pos = redis->out.start;
        redis->out.last = redis->out.start + used;
    }

    redis->out.last = ngx_cpymem(redis->out.last, data, len);

    return NGX_OK;
}


void
ngx_http_privacy_redis_flush(ngx_http_privacy_redis_t *redis)
{
    ssize_t            n;
    ngx_connection_t  *c;

    if (redis->broken) {
        return;
    }

    c = redis->connection;

    while (redis->out.pos < redis->out.last) {

        n = c->send(c, redis->out.pos, redis->out.last - redis->out.pos);

        if (n == NGX_ERROR) {
            ngx_http_privacy_redis_break(redis);
            return;
        }

        if (n == NGX_AGAIN || n == 0) {
            break;
        }

        redis->out.pos += n;
        redis->written += n;
    }

    redis->blocked = (redis->out.pos < redis->out.last);

    if (!redis->blocked) {
        ngx_http_privacy_redis_empty(redis);
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_http_privacy_redis_break(redis);
    }
}


/*
 * The peer may have told why before it closed, so what it sent is read before
 * the connection is given up.
 */

static void
ngx_http_privacy_redis_break(ngx_http_privacy_redis_t *redis)
{
    ngx_event_t  *rev;

    redis->broken = 1;

    rev = redis->connection->read;
    rev->ready = 1;
    rev->available = -1;

    ngx_post_event(rev, &ngx_posted_events);
}


static void
ngx_http_privacy_redis_empty(ngx_http_privacy_redis_t *redis)
{
    if (redis->out.end - redis->out.start > NGX_HTTP_PRIVACY_REDIS_OUT_KEEP) {
        ngx_free(redis->out.start);
        ngx_memzero(&redis->out, sizeof(redis->out));
    }

    redis->out.pos = redis->out.start;
    redis->out.last = redis->out.start;
}


void
ngx_http_privacy_redis_drop(ngx_http_privacy_redis_t *redis)
{
    ngx_http_privacy_redis_empty(redis);

    if (redis->reader) {
        redisReaderFree(redis->reader);
        redis->reader = NULL;
    }
}


static void
ngx_http_privacy_redis_write_handler(ngx_event_t *wev)
{
    ngx_connection_t          *c;
    ngx_http_privacy_redis_t  *redis;

    c = wev->data;
    redis = c->data;

    /* edge-triggered, it comes with each read; else the flush is posted */

    if (!redis->blocked || redis->failing) {
        return;
    }

    ngx_http_privacy_redis_flush(redis);
}


static void
ngx_http_privacy_redis_read_handler(ngx_event_t *rev)
{
    ngx_connection_t          *c;
    ngx_http_privacy_redis_t  *redis;

    c = rev->data;
    redis = c->data;

    if (redis->failing) {
        return;
    }

    if (ngx_http_privacy_redis_read(redis) != NGX_OK) {
        ngx_http_privacy_redis_lost(redis);
        return;
    }

    if (redis->failing) {
        return;
    }

    if (redis->broken || ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                     ngx_http_privacy_redis_said(redis,
                                                          "send() failed"));
        ngx_http_privacy_redis_lost(redis);
    }
}


static ngx_int_t
ngx_http_privacy_redis_read(ngx_http_privacy_redis_t *redis)
{
    ssize_t            n;
    ngx_uint_t         turn;
    ngx_connection_t  *c;

    /* emptied before anything else can run */

    static u_char      buf[NGX_HTTP_PRIVACY_REDIS_IN];

    c = redis->connection;

    for (turn = 0; turn < NGX_HTTP_PRIVACY_REDIS_TURN; turn++) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            return NGX_OK;
        }

        if (n == 0) {
            ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                         "closed by the peer");
            return NGX_ERROR;
        }

        if (n == NGX_ERROR) {
            ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                         ngx_http_privacy_redis_said(redis,
                                                              "recv() failed"));
            return NGX_ERROR;
        }

        redis->heard_at = ngx_current_msec;

        if (ngx_http_privacy_redis_parse(redis, buf, n) != NGX_OK) {
            return NGX_ERROR;
        }

        if (redis->failing || !c->read->ready) {
            return NGX_OK;
        }
    }

    /* others have their turn before the rest */

    ngx_post_event(c->read, &ngx_posted_next_events);

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_redis_parse(ngx_http_privacy_redis_t *redis, u_char *data,
    size_t len)
{
    void            *reply;
    ngx_int_t        rc;
    privacy_resp_e   error;

    error = privacy_resp_scan(&redis->guard, (char *) data, len);

    if (error != PRIVACY_RESP_OK) {
        ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                     privacy_resp_reason(error));
        return NGX_ERROR;
    }

    if (redisReaderFeed(redis->reader, (char *) data, len) != REDIS_OK) {
        goto failed;
    }

    for ( ;; ) {

        if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK) {
            goto failed;
        }

        if (reply == NULL) {
            return NGX_OK;
        }

        rc = ngx_http_privacy_redis_dispatch(redis, reply);

        freeReplyObject(reply);

        if (rc != NGX_OK || redis->failing) {
            return rc;
        }
    }

failed:

    ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                 redis->reader->errstr);
    return NGX_ERROR;
}


static ngx_int_t
ngx_http_privacy_redis_dispatch(ngx_http_privacy_redis_t *redis,
    redisReply *reply)
{
    ngx_uint_t                         push;
    ngx_queue_t                       *q;
    ngx_http_privacy_redis_command_t  *command;

    push = (redis->state == ngx_http_privacy_redis_is_up
            && redis->options.push);

    if (!ngx_queue_empty(&redis->pending)
        && !(push && ngx_http_privacy_redis_is_message(reply)))
    {
        q = ngx_queue_head(&redis->pending);
        command = ngx_queue_data(q, ngx_http_privacy_redis_command_t, queue);

        /*
         * One that was not sent yet cannot have been answered; but a login
         * may be refused before it was asked for.
         */

        if (redis->written <= command->start
            && redis->state == ngx_http_privacy_redis_is_up)
        {
            ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                         "a reply that nobody asked for");
            return NGX_ERROR;
        }

        /* after its last reply it is not ours any more */

        if (command->received + 1 == command->replies) {
            ngx_queue_remove(q);
        }

        command->received++;
        command->handler(command, command->received - 1, reply);

        return NGX_OK;
    }

    if (!push) {
        ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                     "a reply that nobody asked for");
        return NGX_ERROR;
    }

    if (redis->options.push(redis, reply) != NGX_OK) {
        ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                     "unexpected message");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* One of a subscription, which may come between the replies to commands */

static ngx_uint_t
ngx_http_privacy_redis_is_message(redisReply *reply)
{
    redisReply  *kind;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        return 0;
    }

    kind = reply->element[0];

    return kind->type == REDIS_REPLY_STRING && kind->len == 7
           && ngx_memcmp(kind->str, "message", 7) == 0;
}
