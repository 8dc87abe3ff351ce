
/*
 * The life of a connection: connecting, TLS, login, up, lost, and again.
 * What goes over it is in ngx_http_privacy_redis_io.c.
 */

#include "ngx_http_privacy_redis_io.h"
#include "ngx_http_privacy_redis_tls.h"


#define NGX_HTTP_PRIVACY_REDIS_BACKOFF      10      /* ms, the first */
#define NGX_HTTP_PRIVACY_REDIS_BACKOFF_MAX  250     /* ms */
#define NGX_HTTP_PRIVACY_REDIS_LASTING      1000    /* ms up, to be well */


static void ngx_http_privacy_redis_connect(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_redis_connected_handler(ngx_event_t *ev);
static void ngx_http_privacy_redis_connected(ngx_http_privacy_redis_t *redis);
#if (NGX_SSL)
static void ngx_http_privacy_redis_secure(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_redis_secured_handler(ngx_connection_t *c);
static void ngx_http_privacy_redis_secured(ngx_http_privacy_redis_t *redis);
#endif
static void ngx_http_privacy_redis_close(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_redis_release(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_redis_retry(ngx_http_privacy_redis_t *redis,
    ngx_uint_t was_up);
static void ngx_http_privacy_redis_timer_handler(ngx_event_t *ev);
static void ngx_http_privacy_redis_post_handler(ngx_event_t *ev);


ngx_http_privacy_redis_t *
ngx_http_privacy_redis_create(ngx_http_privacy_redis_options_t *options)
{
    ngx_http_privacy_redis_t  *redis;

    redis = ngx_calloc(sizeof(ngx_http_privacy_redis_t), options->log);
    if (redis == NULL) {
        return NULL;
    }

    redis->options = *options;

    ngx_http_privacy_redis_log(redis);

    redis->timer.handler = ngx_http_privacy_redis_timer_handler;
    redis->timer.data = redis;
    redis->timer.log = options->log;
    redis->timer.cancelable = 1;

    redis->post.handler = ngx_http_privacy_redis_post_handler;
    redis->post.data = redis;
    redis->post.log = options->log;

    ngx_queue_init(&redis->pending);

    redis->down_since = ngx_current_msec;
    redis->backoff = NGX_HTTP_PRIVACY_REDIS_BACKOFF;

    ngx_http_privacy_redis_connect(redis);

    return redis;
}


void
ngx_http_privacy_redis_destroy(ngx_http_privacy_redis_t *redis)
{
    redis->state = ngx_http_privacy_redis_is_down;

    ngx_http_privacy_redis_close(redis);
    ngx_http_privacy_redis_release(redis);

    if (redis->out.start) {
        ngx_free(redis->out.start);
    }

    ngx_free(redis);
}


ngx_http_privacy_redis_options_t *
ngx_http_privacy_redis_options(ngx_http_privacy_redis_t *redis)
{
    return &redis->options;
}


ngx_uint_t
ngx_http_privacy_redis_ready(ngx_http_privacy_redis_t *redis)
{
    return redis->state == ngx_http_privacy_redis_is_up
           && !redis->failing;
}


ngx_msec_t
ngx_http_privacy_redis_down_since(ngx_http_privacy_redis_t *redis)
{
    return redis->down_since;
}


void
ngx_http_privacy_redis_fail(ngx_http_privacy_redis_t *redis,
    const char *reason)
{
    /* before it is up the owner cannot know of anything wrong with it */

    if (redis->state != ngx_http_privacy_redis_is_up || redis->failing) {
        return;
    }

    redis->down_since = ngx_current_msec;

    ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0, reason);
    ngx_http_privacy_redis_doom(redis);
}


void
ngx_http_privacy_redis_doom(ngx_http_privacy_redis_t *redis)
{
    redis->failing = 1;

    ngx_post_event(&redis->post, &ngx_posted_events);
}


void
ngx_http_privacy_redis_lost(ngx_http_privacy_redis_t *redis)
{
    ngx_uint_t  was_up;

    was_up = (redis->state == ngx_http_privacy_redis_is_up);

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, redis->options.log, 0,
                   "privacy: %s connection to redis lost in state %d: %s",
                   redis->options.what, redis->state, redis->reason);

    if (was_up && !redis->failing) {
        redis->down_since = ngx_current_msec;
    }

    ngx_http_privacy_redis_complain(redis, was_up);

    redis->state = ngx_http_privacy_redis_is_down;

    ngx_http_privacy_redis_close(redis);
    ngx_http_privacy_redis_retry(redis, was_up);
    ngx_http_privacy_redis_release(redis);

    if (was_up && redis->options.down) {
        redis->options.down(redis);
    }
}


static void
ngx_http_privacy_redis_connect(ngx_http_privacy_redis_t *redis)
{
    ngx_int_t               rc;
    ngx_addr_t             *addr;
    ngx_connection_t       *c;
    ngx_peer_connection_t   peer;

    addr = &redis->options.conf->addrs[redis->addr];

    redis->failing = 0;
    redis->blamed = 0;
    redis->said[0] = '\0';
    redis->state = ngx_http_privacy_redis_is_connecting;

    ngx_memzero(&peer, sizeof(ngx_peer_connection_t));

    peer.sockaddr = addr->sockaddr;
    peer.socklen = addr->socklen;
    peer.name = &addr->name;
    peer.get = ngx_event_get_peer;
    peer.log = &redis->log;
    peer.log_error = NGX_ERROR_ERR;
    peer.so_keepalive = (addr->sockaddr->sa_family != AF_UNIX);

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, redis->options.log, 0,
                   "privacy: %s connecting to redis at %V",
                   redis->options.what, &addr->name);

    rc = ngx_event_connect_peer(&peer);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                     ngx_http_privacy_redis_said(redis,
                                                       "connect() failed"));
        ngx_http_privacy_redis_lost(redis);
        return;
    }

    c = peer.connection;
    c->data = redis;
    c->read->handler = ngx_http_privacy_redis_connected_handler;
    c->write->handler = ngx_http_privacy_redis_connected_handler;

    redis->connection = c;

    ngx_add_timer(&redis->timer, redis->options.timeout);

    if (rc == NGX_OK) {
        ngx_http_privacy_redis_connected(redis);
    }
}


static void
ngx_http_privacy_redis_connected_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_http_privacy_redis_connected(c->data);
}


static void
ngx_http_privacy_redis_connected(ngx_http_privacy_redis_t *redis)
{
    int                err;
    socklen_t          len;
    ngx_connection_t  *c;

    c = redis->connection;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, err,
                                     "connect() failed");
        ngx_http_privacy_redis_lost(redis);
        return;
    }

    if (ngx_tcp_nodelay(c) != NGX_OK) {
        ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0,
                                     ngx_http_privacy_redis_said(redis,
                                              "TCP_NODELAY cannot be set"));
        ngx_http_privacy_redis_lost(redis);
        return;
    }

#if (NGX_SSL)

    if (redis->options.conf->ssl) {
        ngx_http_privacy_redis_secure(redis);
        return;
    }

#endif

    ngx_http_privacy_redis_login(redis);
}


#if (NGX_SSL)

static void
ngx_http_privacy_redis_secure(ngx_http_privacy_redis_t *redis)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = redis->connection;

    redis->state = ngx_http_privacy_redis_is_securing;

    c->pool = ngx_create_pool(512, &redis->log);

    if (c->pool == NULL) {
        ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0, "no memory");
        ngx_http_privacy_redis_lost(redis);
        return;
    }

    rc = ngx_http_privacy_redis_tls_connect(c, redis->options.conf,
                                    ngx_http_privacy_redis_secured_handler);

    if (rc != NGX_AGAIN) {
        ngx_http_privacy_redis_secured(redis);
    }
}


static void
ngx_http_privacy_redis_secured_handler(ngx_connection_t *c)
{
    ngx_http_privacy_redis_secured(c->data);
}


static void
ngx_http_privacy_redis_secured(ngx_http_privacy_redis_t *redis)
{
    u_char             *p, reason[NGX_HTTP_PRIVACY_REDIS_REASON];
    const char         *fault;
    ngx_connection_t   *c;

    c = redis->connection;

    if (c->ssl == NULL || !c->ssl->handshaked) {
        ngx_http_privacy_redis_blame(redis,
                                     c->read->error ? NGX_LOG_ERR
                                                    : NGX_LOG_WARN,
                                     0,
                                     ngx_http_privacy_redis_said(redis,
                                                   "TLS handshake failed"));
        ngx_http_privacy_redis_lost(redis);
        return;
    }

    fault = ngx_http_privacy_redis_tls_verify(c, redis->options.conf);

    if (fault) {
        p = ngx_snprintf(reason, sizeof(reason) - 1,
                         "its TLS certificate is not accepted for \"%V\": %s",
                         &redis->options.conf->tls_name, fault);
        *p = '\0';

        ngx_http_privacy_redis_blame(redis, NGX_LOG_ERR, 0, (char *) reason);
        ngx_http_privacy_redis_lost(redis);
        return;
    }

    ngx_http_privacy_redis_login(redis);
}

#endif


void
ngx_http_privacy_redis_up(ngx_http_privacy_redis_t *redis)
{
    redis->state = ngx_http_privacy_redis_is_up;
    redis->said[0] = '\0';
    redis->up_at = ngx_current_msec;
    redis->tried = 0;

    /* the time limit of connecting; now it is the silence that counts */

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    ngx_http_privacy_redis_praise(redis);

    redis->options.up(redis);
}


static void
ngx_http_privacy_redis_close(ngx_http_privacy_redis_t *redis)
{
    ngx_pool_t        *pool;
    ngx_connection_t  *c;

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    if (redis->post.posted) {
        ngx_delete_posted_event(&redis->post);
    }

    ngx_http_privacy_redis_drop(redis);

    c = redis->connection;

    if (c == NULL) {
        return;
    }

    redis->connection = NULL;

#if (NGX_SSL)

    if (c->ssl) {

        /* quietly: nothing here may wait for the peer */

        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;

        (void) ngx_ssl_shutdown(c);
    }

#endif

    pool = c->pool;

    ngx_close_connection(c);

    if (pool) {
        ngx_destroy_pool(pool);
    }
}


/* Tells those who wait; they may send, in vain, but find a clean state */

static void
ngx_http_privacy_redis_release(ngx_http_privacy_redis_t *redis)
{
    ngx_queue_t                        lost, *q;
    ngx_http_privacy_redis_command_t  *command;

    if (ngx_queue_empty(&redis->pending)) {
        return;
    }

    ngx_queue_init(&lost);
    ngx_queue_add(&lost, &redis->pending);
    ngx_queue_init(&redis->pending);

    while (!ngx_queue_empty(&lost)) {
        q = ngx_queue_head(&lost);
        ngx_queue_remove(q);

        command = ngx_queue_data(q, ngx_http_privacy_redis_command_t, queue);
        command->handler(command, command->received, NULL);
    }
}


/*
 * After a connection that lasted, at once; to the next address, at once until
 * all have been tried; else with a backoff that only a connection that lasts
 * sets back, so that a peer that drops us soon does not keep us busy.
 */

static void
ngx_http_privacy_redis_retry(ngx_http_privacy_redis_t *redis,
    ngx_uint_t was_up)
{
    ngx_msec_t  delay;

    if (was_up) {

        if (ngx_current_msec - redis->up_at
            >= NGX_HTTP_PRIVACY_REDIS_LASTING)
        {
            redis->backoff = NGX_HTTP_PRIVACY_REDIS_BACKOFF;
            ngx_add_timer(&redis->timer, 0);
            return;
        }

    } else {

        redis->addr = (redis->addr + 1) % redis->options.conf->naddrs;

        if (++redis->tried < redis->options.conf->naddrs) {
            ngx_add_timer(&redis->timer, 0);
            return;
        }

        redis->tried = 0;
    }

    delay = redis->backoff + (ngx_msec_t) ngx_random() % redis->backoff;

    redis->backoff = ngx_min(redis->backoff * 2,
                             NGX_HTTP_PRIVACY_REDIS_BACKOFF_MAX / 2);

    ngx_add_timer(&redis->timer, delay);
}


static void
ngx_http_privacy_redis_timer_handler(ngx_event_t *ev)
{
    u_char                     reason[NGX_HTTP_PRIVACY_REDIS_REASON];
    ngx_msec_t                 timeout, silent;
    ngx_http_privacy_redis_t  *redis;

    /* by state */

    static const char         *what[] = { NULL, "not connected", "no TLS",
                                          "no login", "no reply" };

    redis = ev->data;
    timeout = redis->options.timeout;

    if (redis->state == ngx_http_privacy_redis_is_down) {
        ngx_http_privacy_redis_connect(redis);
        return;
    }

    if (redis->failing) {
        return;
    }

    if (redis->state == ngx_http_privacy_redis_is_up) {

        if (ngx_queue_empty(&redis->pending)) {
            return;
        }

        silent = ngx_min(ngx_current_msec - redis->heard_at,
                         ngx_current_msec - redis->due_since);

        if (silent < timeout) {
            ngx_add_timer(&redis->timer, timeout - silent);
            return;
        }
    }

    *ngx_snprintf(reason, sizeof(reason) - 1, "%s within %M ms",
                  what[redis->state], timeout) = '\0';

    ngx_http_privacy_redis_blame(redis, NGX_LOG_WARN, 0, (char *) reason);
    ngx_http_privacy_redis_lost(redis);
}


static void
ngx_http_privacy_redis_post_handler(ngx_event_t *ev)
{
    ngx_http_privacy_redis_t  *redis;

    redis = ev->data;

    if (redis->failing) {
        ngx_http_privacy_redis_lost(redis);
        return;
    }

    ngx_http_privacy_redis_flush(redis);
}
