
/*
 * The watch: a connection of its own on which Redis announces every key of
 * ours that changes (CLIENT TRACKING in broadcast mode, redirected to itself,
 * over RESP2).  What has been read from Redis may be kept only while the
 * watch is alive.
 */

#ifndef _NGX_HTTP_PRIVACY_WATCH_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_WATCH_H_INCLUDED_


#include "ngx_http_privacy_redis.h"
#include "privacy_key.h"


typedef struct ngx_http_privacy_watch_s  ngx_http_privacy_watch_t;


typedef struct {
    ngx_http_privacy_redis_conf_t   *conf;
    ngx_http_privacy_redis_t        *writer;     /* for the canary's key */
    ngx_msec_t                       timeout;
    ngx_str_t                        prefix;
    ngx_log_t                       *log;

    /* Invalidations arrive from now on: ngx_http_privacy_watch_epoch() grew */
    void                           (*alive)(void);

    /* They may have been missed from now on */
    void                           (*lost)(void);

    /* This key was written, deleted or has expired.  The name is hostile */
    void                           (*changed)(privacy_str_t key);
} ngx_http_privacy_watch_options_t;


/* In its worker; NULL without memory */

ngx_http_privacy_watch_t *ngx_http_privacy_watch_create(
    ngx_http_privacy_watch_options_t *options);
void ngx_http_privacy_watch_destroy(ngx_http_privacy_watch_t *watch);

/*
 * 0 while the watch is not alive, else a number that is new each time that it
 * comes alive, and after each FLUSHALL.
 */

uint32_t ngx_http_privacy_watch_epoch(ngx_http_privacy_watch_t *watch);

/*
 * Up to when (ngx_current_msec) every change is known to have been announced
 * during the epoch; 0 if it is not the latest one
 */

ngx_msec_t ngx_http_privacy_watch_seen(ngx_http_privacy_watch_t *watch,
    uint32_t epoch);


#endif /* _NGX_HTTP_PRIVACY_WATCH_H_INCLUDED_ */
