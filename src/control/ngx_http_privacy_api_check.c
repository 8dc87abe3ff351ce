
/*
 * What a browser adds to a request tells whether a page of another site has
 * it sent.  A client that is no browser adds none of it; it cannot be made to
 * send somebody else's cookies either.
 */

#include "ngx_http_privacy_api.h"


static ngx_int_t ngx_http_privacy_api_fetch_site(ngx_http_request_t *r);
static ngx_int_t ngx_http_privacy_api_origin(ngx_http_request_t *r);
static const char *ngx_http_privacy_api_scheme(ngx_http_request_t *r,
    ngx_str_t *origin);
static ngx_uint_t ngx_http_privacy_api_json(ngx_str_t *type);


static ngx_str_t  ngx_http_privacy_fetch_site = ngx_string("sec-fetch-site");
static ngx_str_t  ngx_http_privacy_origin = ngx_string("origin");
static ngx_str_t  ngx_http_privacy_host = ngx_string("host");
static ngx_str_t  ngx_http_privacy_content_type = ngx_string("content-type");


static const ngx_http_privacy_problem_t  ngx_http_privacy_cross_site = {
    NGX_HTTP_FORBIDDEN, "cross-site", "Cross-site request",
    "Changes are taken from pages of this very origin and from clients that "
    "are no browsers", NULL
};


static const ngx_http_privacy_problem_t  ngx_http_privacy_media_type = {
    NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, "media-type", "Unsupported media type",
    "Whatever changes something needs \"Content-Type: application/json\", "
    "also without a body", NULL
};


ngx_int_t
ngx_http_privacy_api_check(ngx_http_request_t *r,
    ngx_http_privacy_problem_t *problem)
{
    ngx_str_t  type;

    if (ngx_http_privacy_api_fetch_site(r) != NGX_OK
        || ngx_http_privacy_api_origin(r) != NGX_OK)
    {
        *problem = ngx_http_privacy_cross_site;
        return NGX_DECLINED;
    }

    if (ngx_http_privacy_api_header(r, &ngx_http_privacy_content_type, &type)
        != NGX_OK
        || !ngx_http_privacy_api_json(&type))
    {
        *problem = ngx_http_privacy_media_type;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_privacy_api_header(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    ngx_str_null(value);

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len != name->len
            || ngx_strncmp(h[i].lowcase_key, name->data, name->len) != 0)
        {
            continue;
        }

        if (value->data || h[i].value.len == 0) {
            return NGX_ERROR;
        }

        *value = h[i].value;
    }

    return value->data ? NGX_OK : NGX_DECLINED;
}


/* "none": the user himself, not a page; it cannot be more than a GET */

static ngx_int_t
ngx_http_privacy_api_fetch_site(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  site;

    rc = ngx_http_privacy_api_header(r, &ngx_http_privacy_fetch_site, &site);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_OK
        && ((site.len == 11 && ngx_strncmp(site.data, "same-origin", 11) == 0)
            || (site.len == 4 && ngx_strncmp(site.data, "none", 4) == 0)))
    {
        return NGX_OK;
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_privacy_api_origin(ngx_http_request_t *r)
{
    size_t       len;
    ngx_int_t    rc;
    ngx_str_t    origin, host;
    const char  *port;

    rc = ngx_http_privacy_api_header(r, &ngx_http_privacy_origin, &origin);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    port = ngx_http_privacy_api_scheme(r, &origin);

    if (port == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_privacy_api_header(r, &ngx_http_privacy_host, &host)
        != NGX_OK)
    {
        /* :authority of HTTP/3 is no header */

        host = r->headers_in.server;
    }

    /* a browser leaves the scheme's own port out */

    len = ngx_strlen(port);

    if (host.len > len
        && ngx_strncmp(host.data + host.len - len, port, len) == 0)
    {
        host.len -= len;
    }

    if (host.len == 0 || host.len != origin.len
        || ngx_strncasecmp(host.data, origin.data, host.len) != 0)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Takes the scheme off the origin and returns its port, or NULL if it is not
 * the request's.  Where TLS ends in front of this nginx the request comes in
 * clear text and the page is of https: of the two that is the one that nobody
 * on the way can write.
 */

static const char *
ngx_http_privacy_api_scheme(ngx_http_request_t *r, ngx_str_t *origin)
{
    size_t       len;
    const char  *port;

    if (origin->len > 8
        && ngx_strncasecmp(origin->data, (u_char *) "https://", 8) == 0)
    {
        len = 8;
        port = ":443";

    } else if (origin->len > 7
               && ngx_strncasecmp(origin->data, (u_char *) "http://", 7) == 0
#if (NGX_HTTP_SSL)
               && r->connection->ssl == NULL
#endif
              )
    {
        len = 7;
        port = ":80";

    } else {
        return NULL;
    }

    origin->data += len;
    origin->len -= len;

    return port;
}


static ngx_uint_t
ngx_http_privacy_api_json(ngx_str_t *type)
{
    size_t  len;

    len = sizeof("application/json") - 1;

    if (type->len < len
        || ngx_strncasecmp(type->data, (u_char *) "application/json", len)
           != 0)
    {
        return 0;
    }

    return type->len == len || type->data[len] == ';'
           || type->data[len] == ' ' || type->data[len] == '\t';
}
