
/*
 * The driver of actions in a worker: one connection to the Redis that takes
 * writes, and any number of actions that go over it at once.
 */

#ifndef _NGX_HTTP_PRIVACY_DRIVE_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_DRIVE_H_INCLUDED_


#include "ngx_http_privacy_conf.h"
#include "privacy_action.h"


/*
 * How long a batch may take, in privacy_timeouts: the pages of a list and the
 * steps of a sweep are more work than the three keys of a gate's look-up, and
 * who asks is a person or a script
 */

#define NGX_HTTP_PRIVACY_BATCH  10


typedef struct ngx_http_privacy_drive_s  ngx_http_privacy_drive_t;

/*
 * The action has ended; the result is gone on return.  "refused": Redis lets
 * us not do it, for lack of permission or because it is a replica.  Called
 * from an event of the driver's own, at most once, never from within start().
 */

typedef void (*ngx_http_privacy_drive_pt)(void *data,
    const privacy_action_result_t *result, ngx_uint_t refused);


/*
 * In its worker: begins connecting.  The policy must live as long as the
 * worker.
 */

ngx_int_t ngx_http_privacy_drive_init(ngx_http_privacy_main_conf_t *pmcf,
    const privacy_policy_t *policy, ngx_log_t *log);
void ngx_http_privacy_drive_exit(void);

/* The connection, if it is to privacy_redis_primary; else NULL */

ngx_http_privacy_redis_t *ngx_http_privacy_drive_primary(void);

const privacy_policy_t *ngx_http_privacy_drive_policy(void);

/*
 * Starts an action; its strings are copied.  With "background" it does not
 * keep an exiting worker alive, and ends untold with it.  NULL: no memory.
 */

ngx_http_privacy_drive_t *ngx_http_privacy_drive_start(
    privacy_action_request_t *request, ngx_uint_t registry,
    ngx_uint_t all_serve, ngx_uint_t background,
    ngx_http_privacy_drive_pt done, void *data);

/*
 * Nobody waits for it any more: done() will not be called.  What only reads
 * ends; what writes goes on to its end, so that nothing is left half done.
 */

void ngx_http_privacy_drive_detach(ngx_http_privacy_drive_t *drive);

/* Of an action that has not ended */

const privacy_sweep_figures_t *ngx_http_privacy_drive_figures(
    ngx_http_privacy_drive_t *drive);

/* 32 random hexadecimal digits: a sweep's token */

#define NGX_HTTP_PRIVACY_TOKEN  32

void ngx_http_privacy_drive_token(u_char *buf);


/* The wall clock in ms since the epoch, as of this turn of the event loop */

static ngx_inline int64_t
ngx_http_privacy_drive_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}


#endif /* _NGX_HTTP_PRIVACY_DRIVE_H_INCLUDED_ */
