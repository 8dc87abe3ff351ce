
/*
 * What a connection has to say, once and not at each attempt: four a second
 * and worker they are while Redis is away.
 */

#include "ngx_http_privacy_redis_io.h"


#define NGX_HTTP_PRIVACY_REDIS_QUIET  60000   /* ms, of the same outage */
#define NGX_HTTP_PRIVACY_REDIS_PAUSE  1000    /* ms, of another one */


static ngx_uint_t ngx_http_privacy_redis_news(
    ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_redis_listen(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);


void
ngx_http_privacy_redis_log(ngx_http_privacy_redis_t *redis)
{
    redis->log = *redis->options.log;

    /* who debugs wants nginx's lines where they belong */

    if (redis->log.log_level & NGX_LOG_DEBUG_ALL) {
        return;
    }

    redis->log.log_level = NGX_LOG_WARN;
    redis->log.writer = ngx_http_privacy_redis_listen;
    redis->log.wdata = redis;
    redis->log.next = NULL;
}


/*
 * nginx logs each failure; what is logged here tells the same, once and not
 * as often.  So its line is kept for that, without time and process.
 */

static void
ngx_http_privacy_redis_listen(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len)
{
    u_char                    *p, *last;
    ngx_http_privacy_redis_t  *redis;

    redis = log->wdata;

    last = buf + len;

    if (last > buf && last[-1] == LF) {
        last--;
    }

    p = ngx_strlchr(buf, last, '#');

    if (p) {
        p = ngx_strlchr(p, last, ' ');
    }

    p = p ? p + 1 : buf;

    (void) ngx_cpystrn(redis->said, p,
                       ngx_min((size_t) (last - p) + 1,
                               NGX_HTTP_PRIVACY_REDIS_REASON));
}


const char *
ngx_http_privacy_redis_said(ngx_http_privacy_redis_t *redis,
    const char *otherwise)
{
    return redis->said[0] ? (char *) redis->said : otherwise;
}


void
ngx_http_privacy_redis_blame(ngx_http_privacy_redis_t *redis,
    ngx_uint_t level, ngx_err_t err, const char *reason)
{
    u_char  *p;

    if (redis->blamed) {
        return;
    }

    redis->blamed = 1;
    redis->level = level;
    redis->err = err;

    (void) ngx_cpystrn(redis->reason, (u_char *) reason,
                       NGX_HTTP_PRIVACY_REDIS_REASON);

    /* it may be the peer's words */

    for (p = redis->reason; *p; p++) {
        if (*p < 0x20 || *p >= 0x7f) {
            *p = '?';
        }
    }
}


void
ngx_http_privacy_redis_complain(ngx_http_privacy_redis_t *redis,
    ngx_uint_t was_up)
{
    const char                     *how;
    ngx_http_privacy_redis_conf_t  *conf;

    conf = redis->options.conf;

    /* "localhost" is two addresses, and Redis often listens on one of them */

    if (!was_up && redis->level > NGX_LOG_ERR
        && redis->tried + 1 < conf->naddrs)
    {
        return;
    }

    if (!ngx_http_privacy_redis_news(redis)) {
        return;
    }

    redis->complained = 1;

    how = was_up ? "lost" : "failed";

    if (conf->naddrs == 1) {
        ngx_log_error(redis->level, redis->options.log, redis->err,
                      "privacy: %s connection to redis \"%V\" %s: %s",
                      redis->options.what, &conf->name, how, redis->reason);
        return;
    }

    ngx_log_error(redis->level, redis->options.log, redis->err,
                  "privacy: %s connection to redis \"%V\" at %V %s: %s",
                  redis->options.what, &conf->name,
                  &conf->addrs[redis->addr].name, how, redis->reason);
}


void
ngx_http_privacy_redis_praise(ngx_http_privacy_redis_t *redis)
{
    if (!redis->complained) {
        return;
    }

    redis->complained = 0;
    redis->outages++;

    ngx_log_error(NGX_LOG_NOTICE, redis->options.log, 0,
                  "privacy: %s connection to redis \"%V\" is up after %M ms",
                  redis->options.what, &redis->options.conf->name,
                  ngx_current_msec - redis->down_since);
}


/*
 * Each reason of an outage once a minute, and in a new outage again, but not
 * more than once a second where they follow each other closely.
 */

static ngx_uint_t
ngx_http_privacy_redis_news(ngx_http_privacy_redis_t *redis)
{
    uint32_t                        hash;
    ngx_uint_t                      i;
    ngx_msec_t                      quiet;
    ngx_http_privacy_redis_told_t  *told, *oldest;

    hash = ngx_crc32_long(redis->reason, ngx_strlen(redis->reason))
           ^ (uint32_t) redis->err ^ (uint32_t) (redis->addr << 16);

    oldest = &redis->told[0];

    for (i = 0; i < NGX_HTTP_PRIVACY_REDIS_TOLD; i++) {

        told = &redis->told[i];

        if (told->used && told->hash == hash) {
            quiet = (told->outage == redis->outages)
                        ? NGX_HTTP_PRIVACY_REDIS_QUIET
                        : NGX_HTTP_PRIVACY_REDIS_PAUSE;

            if (ngx_current_msec - told->at < quiet) {
                return 0;
            }

            oldest = told;
            break;
        }

        if (!told->used
            || (oldest->used
                && (ngx_msec_int_t) (told->at - oldest->at) < 0))
        {
            oldest = told;
        }
    }

    oldest->used = 1;
    oldest->hash = hash;
    oldest->outage = redis->outages;
    oldest->at = ngx_current_msec;

    return 1;
}
