
/*
 * The gate: the handler, and what it knows of a request.
 */

#ifndef _NGX_HTTP_PRIVACY_GATE_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_GATE_H_INCLUDED_


#include "ngx_http_privacy_live.h"
#include "ngx_http_privacy_policy.h"


typedef enum {
    NGX_HTTP_PRIVACY_CACHE_NONE = 0,   /* no facts were needed */
    NGX_HTTP_PRIVACY_CACHE_HIT,
    NGX_HTTP_PRIVACY_CACHE_MISS,
    NGX_HTTP_PRIVACY_CACHE_STALE
} ngx_http_privacy_cache_status_e;


/* A request that waits for facts; of its pool */

typedef struct {
    ngx_http_privacy_waiter_t        waiter;
    privacy_subject_t                subject;
    privacy_str_t                    said;
    privacy_step_e                   step;
    ngx_http_privacy_camera_t       *camera;   /* held; NULL: none */
    ngx_http_privacy_cache_status_e  cached;
    unsigned                         variables:1;  /* a copy of its own */
} ngx_http_privacy_suspended_t;


/*
 * Of the request (a subrequest has its own), in its pool.  The pool's cleanup
 * lets go of what it holds, and finds it again after an internal redirect, for
 * nginx clears r->ctx then.
 */

struct ngx_http_privacy_ctx_s {
    ngx_http_request_t              *request;
    ngx_http_privacy_suspended_t    *suspended;
    ngx_http_privacy_live_t         *live;
    privacy_verdict_t                verdict;
    unsigned                         decided:1;
    unsigned                         shadow:1;
    unsigned                         cached:2; /* .._cache_status_e */
    unsigned                         cut_mode:2;
    u_char                          *cut;      /* why; NULL: was not cut */
};


/* The handler of the precontent phase */

ngx_int_t ngx_http_privacy_handler(ngx_http_request_t *r);

/*
 * Prepares the answer to a request that is denied for this reason: adds its
 * headers and returns its status
 */

ngx_int_t ngx_http_privacy_refuse(ngx_http_request_t *r,
    privacy_reason_e reason);

/* NULL if the gate did not run for the request */

ngx_http_privacy_ctx_t *ngx_http_privacy_get_ctx(ngx_http_request_t *r);

/* The same, created if need be; NULL without memory */

ngx_http_privacy_ctx_t *ngx_http_privacy_need_ctx(ngx_http_request_t *r);

/* $privacy_...; before the configuration is read */

ngx_int_t ngx_http_privacy_add_variables(ngx_conf_t *cf);


#endif /* _NGX_HTTP_PRIVACY_GATE_H_INCLUDED_ */
