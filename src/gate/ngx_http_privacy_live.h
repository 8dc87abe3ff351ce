
/*
 * Live requests: those that were allowed and are being answered.  They are
 * decided again whenever anything their verdict rests on changes, and cut
 * when it turns to deny.
 */

#ifndef _NGX_HTTP_PRIVACY_LIVE_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_LIVE_H_INCLUDED_


#include "ngx_http_privacy_cache.h"


typedef struct ngx_http_privacy_ctx_s  ngx_http_privacy_ctx_t;


/* Of the request's pool; detached by its cleanup */

typedef struct {
    ngx_queue_t                      queue;         /* of the account */
    ngx_queue_t                      camera_queue;  /* of the camera */
    ngx_http_privacy_ctx_t          *ctx;
    ngx_http_privacy_account_t      *account;  /* held; NULL: owner */
    ngx_http_privacy_org_t          *org;      /* held */
    ngx_http_privacy_camera_t       *camera;   /* held; NULL: no registry */

    /*
     * The subject, in less room: there may be many of these.  The words are
     * the request's and were checked, so their lengths are small.
     */
    const char                      *user;
    const char                      *organization;
    const char                      *said;     /* privacy_account's value */
    const char                      *asked;    /* the camera's id */
    uint16_t                         user_len;
    uint16_t                         organization_len;
    uint16_t                         said_len;
    uint16_t                         asked_len;
    uint8_t                          level;
    uint8_t                          resource;
    unsigned                         registry:1;
    unsigned                         all_serve:1;

    unsigned                         cut:1;
    uint8_t                          reason;   /* that opened it */
} ngx_http_privacy_live_t;


/* In the worker */

void ngx_http_privacy_live_init(void);
void ngx_http_privacy_live_exit(void);

/*
 * Puts an allowed request on the lists of what its verdict rests on: the
 * account and the organization (NULL: none, for owners), and the camera
 * (NULL: no registry).  A request that is on them already is moved.
 * "said" is the account as privacy_account says, empty if it does not.
 */

ngx_int_t ngx_http_privacy_live_attach(ngx_http_privacy_ctx_t *ctx,
    privacy_subject_t *subject, privacy_str_t said,
    ngx_http_privacy_account_t *account, ngx_http_privacy_org_t *org,
    ngx_http_privacy_camera_t *camera, privacy_verdict_t *verdict);

void ngx_http_privacy_live_detach(ngx_http_privacy_live_t *live);

/* Has all live requests of an entry decided again, in batches, from events */

void ngx_http_privacy_live_check(ngx_http_privacy_entry_t *entry);


#endif /* _NGX_HTTP_PRIVACY_LIVE_H_INCLUDED_ */
