/*
 * TLS of a connection to Redis, by nginx's own OpenSSL.  Without NGX_SSL
 * there is none, and the configuration says so.
 */

#ifndef _NGX_HTTP_PRIVACY_REDIS_TLS_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_REDIS_TLS_H_INCLUDED_


#include "ngx_http_privacy_redis.h"


#if (NGX_SSL)

/* Empty strings: the system's authorities, no certificate of our own */

typedef struct {
    ngx_str_t                        ca;
    ngx_str_t                        certificate;
    ngx_str_t                        key;
} ngx_http_privacy_redis_tls_t;


/*
 * A context of the cycle's pool for the files named, which are made full
 * names of here; NULL with the error logged against the line.
 */

ngx_ssl_t *ngx_http_privacy_redis_tls_create(ngx_conf_t *cf,
    ngx_http_privacy_redis_tls_t *files);

/*
 * Begins TLS on a connection that has a pool.  NGX_OK: done; NGX_AGAIN:
 * "handler" will be called when it is done or has failed; NGX_ERROR.
 */

ngx_int_t ngx_http_privacy_redis_tls_connect(ngx_connection_t *c,
    ngx_http_privacy_redis_conf_t *conf, ngx_connection_handler_pt handler);

/*
 * After the handshake: NULL if the peer is who it should be, else why it is
 * not.
 */

const char *ngx_http_privacy_redis_tls_verify(ngx_connection_t *c,
    ngx_http_privacy_redis_conf_t *conf);

#endif


#endif /* _NGX_HTTP_PRIVACY_REDIS_TLS_H_INCLUDED_ */
