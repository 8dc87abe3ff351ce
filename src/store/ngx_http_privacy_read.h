
/*
 * One read of the store: the values of some keys and when they end, in one
 * pipeline, one write, one round trip.
 */

#ifndef _NGX_HTTP_PRIVACY_READ_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_READ_H_INCLUDED_


#include "ngx_http_privacy_redis.h"
#include "privacy_key.h"


#define NGX_HTTP_PRIVACY_READ_KEYS  64

/* For read->ends: the key is there and has no TTL; the key is not there */

#define NGX_HTTP_PRIVACY_READ_NO_END   0
#define NGX_HTTP_PRIVACY_READ_ABSENT  -1


typedef enum {
    NGX_HTTP_PRIVACY_READ_OK = 0,
    NGX_HTTP_PRIVACY_READ_LOST,        /* with its connection: may be retried */
    NGX_HTTP_PRIVACY_READ_REFUSED      /* Redis answered an error */
} ngx_http_privacy_read_status_e;


typedef struct ngx_http_privacy_read_s  ngx_http_privacy_read_t;


/*
 * With OK, read->items[] say what was read.  The read is its owner's again
 * and may be freed from within the call.
 */

typedef void (*ngx_http_privacy_read_pt)(ngx_http_privacy_read_t *read,
    ngx_http_privacy_read_status_e status);


typedef struct {
    int64_t                           ends;      /* ms since the epoch, or as
                                                    above */
    char                             *data;      /* malloc'ed; NULL if empty */
    size_t                            len;
    unsigned                          foreign:1; /* the key is no string */
} ngx_http_privacy_read_item_t;


struct ngx_http_privacy_read_s {
    ngx_http_privacy_redis_command_t  command;
    ngx_http_privacy_read_pt          handler;
    void                             *data;
    ngx_http_privacy_redis_t         *redis;
    ngx_msec_t                        sent_at;   /* ngx_current_msec */
    int64_t                           wall;      /* ms since the epoch, then */
    uint64_t                          nonce;     /* echoed before the rest */
    ngx_uint_t                        refused;
    ngx_uint_t                        nkeys;
    ngx_http_privacy_read_item_t      items[1];  /* nkeys of them */
};


/* For so many keys; NULL without memory */

ngx_http_privacy_read_t *ngx_http_privacy_read_create(ngx_uint_t nkeys,
    ngx_log_t *log);

/* With its items; not while it is under way */

void ngx_http_privacy_read_free(ngx_http_privacy_read_t *read);

/*
 * Sends the read of read->nkeys keys, of each at most "limit" bytes and one:
 * a longer value is as bad as a wrong one, and must not cost more than that.
 * NGX_OK: the handler will be called, exactly once, later.  Else as
 * ngx_http_privacy_redis_send().
 */

ngx_int_t ngx_http_privacy_read_send(ngx_http_privacy_read_t *read,
    ngx_http_privacy_redis_t *redis, privacy_str_t *keys, size_t limit);


/* Now, in milliseconds since the epoch, as the event loop has it */

static ngx_inline int64_t
ngx_http_privacy_wall(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}


#endif /* _NGX_HTTP_PRIVACY_READ_H_INCLUDED_ */
