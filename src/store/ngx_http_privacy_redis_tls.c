
#include "ngx_http_privacy_redis_tls.h"


#if (NGX_SSL)


#define NGX_HTTP_PRIVACY_REDIS_TLS_DEPTH  9


static ngx_int_t ngx_http_privacy_redis_tls_trust(ngx_conf_t *cf,
    ngx_ssl_t *ssl, ngx_str_t *ca);
static ngx_int_t ngx_http_privacy_redis_tls_certificate(ngx_conf_t *cf,
    ngx_ssl_t *ssl, ngx_http_privacy_redis_tls_t *files);
static ngx_uint_t ngx_http_privacy_redis_tls_is_address(ngx_str_t *name);


ngx_ssl_t *
ngx_http_privacy_redis_tls_create(ngx_conf_t *cf,
    ngx_http_privacy_redis_tls_t *files)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (ssl == NULL) {
        return NULL;
    }

    ssl->log = cf->log;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        if (ssl->ctx) {
            SSL_CTX_free(ssl->ctx);
        }

        return NULL;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    /* what waits to be written may be moved and grow before it is retried */

    SSL_CTX_set_mode(ssl->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                               |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    SSL_CTX_set_session_cache_mode(ssl->ctx, SSL_SESS_CACHE_OFF);

    if (ngx_http_privacy_redis_tls_trust(cf, ssl, &files->ca) != NGX_OK) {
        return NULL;
    }

    if (files->certificate.len
        && ngx_http_privacy_redis_tls_certificate(cf, ssl, files) != NGX_OK)
    {
        return NULL;
    }

    return ssl;
}


static ngx_int_t
ngx_http_privacy_redis_tls_trust(ngx_conf_t *cf, ngx_ssl_t *ssl,
    ngx_str_t *ca)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (ca->len && ngx_conf_full_name(cf->cycle, ca, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    /* with an empty name it sets the depth and the callback only */

    if (ngx_ssl_trusted_certificate(cf, ssl, ca,
                                    NGX_HTTP_PRIVACY_REDIS_TLS_DEPTH)
        != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "authorities \"%V\" of \"tls_ca\" cannot be "
                           "loaded in \"%V\" directive", ca, &value[0]);
        return NGX_ERROR;
    }

    if (ca->len == 0 && SSL_CTX_set_default_verify_paths(ssl->ctx) != 1) {
        ngx_ssl_error(NGX_LOG_EMERG, ssl->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the system's authorities cannot be loaded, name "
                           "some by \"tls_ca\" in \"%V\" directive",
                           &value[0]);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_redis_tls_certificate(ngx_conf_t *cf, ngx_ssl_t *ssl,
    ngx_http_privacy_redis_tls_t *files)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &files->certificate, 1) != NGX_OK
        || ngx_conf_full_name(cf->cycle, &files->key, 1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_ssl_certificate(cf, ssl, &files->certificate, &files->key, NULL)
        != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "certificate \"%V\" with key \"%V\" cannot be "
                           "loaded in \"%V\" directive",
                           &files->certificate, &files->key, &value[0]);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_privacy_redis_tls_connect(ngx_connection_t *c,
    ngx_http_privacy_redis_conf_t *conf, ngx_connection_handler_pt handler)
{
    ngx_int_t  rc;

    if (ngx_ssl_create_connection(conf->ssl, c, NGX_SSL_CLIENT) != NGX_OK) {
        return NGX_ERROR;
    }

    c->sendfile = 0;

#ifdef SSL_CTRL_SET_TLSEXT_HOSTNAME

    /* RFC 6066 knows no addresses as server names */

    if (!ngx_http_privacy_redis_tls_is_address(&conf->tls_name)
        && SSL_set_tlsext_host_name(c->ssl->connection,
                                    (char *) conf->tls_name.data)
           == 0)
    {
        ngx_ssl_error(NGX_LOG_ERR, c->log, 0,
                      "SSL_set_tlsext_host_name(\"%V\") failed",
                      &conf->tls_name);
        return NGX_ERROR;
    }

#endif

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = handler;
    }

    return rc;
}


const char *
ngx_http_privacy_redis_tls_verify(ngx_connection_t *c,
    ngx_http_privacy_redis_conf_t *conf)
{
    long   rc;
    X509  *cert;

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        return X509_verify_cert_error_string(rc);
    }

    if (!ngx_http_privacy_redis_tls_is_address(&conf->tls_name)) {

        /* also fails where there is no certificate at all */

        return ngx_ssl_check_host(c, &conf->tls_name) == NGX_OK
                                   ? NULL : "certificate of another name";
    }

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return "no certificate";
    }

    rc = X509_check_ip_asc(cert, (char *) conf->tls_name.data, 0);

    X509_free(cert);

    return rc == 1 ? NULL : "certificate of another address";
}


static ngx_uint_t
ngx_http_privacy_redis_tls_is_address(ngx_str_t *name)
{
#if (NGX_HAVE_INET6)
    u_char  addr6[16];

    if (ngx_inet6_addr(name->data, name->len, addr6) == NGX_OK) {
        return 1;
    }
#endif

    return ngx_inet_addr(name->data, name->len) != INADDR_NONE;
}


#endif
