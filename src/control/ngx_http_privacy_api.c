
/*
 * The content handler of the API: from a request to an action, driven while
 * the request waits, and back.
 */

#include "ngx_http_privacy_api.h"


#define NGX_HTTP_PRIVACY_BODY_START  4096


static ngx_int_t ngx_http_privacy_api_begin(ngx_http_privacy_api_t *api);
static ngx_int_t ngx_http_privacy_api_read(ngx_http_privacy_api_t *api);
static ngx_int_t ngx_http_privacy_api_refuse(ngx_http_privacy_api_t *api);
static void ngx_http_privacy_api_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_privacy_api_collect(ngx_http_privacy_api_t *api);
static ngx_int_t ngx_http_privacy_api_reserve(ngx_http_privacy_api_t *api,
    size_t len);
static ngx_int_t ngx_http_privacy_api_start(ngx_http_privacy_api_t *api);
static void ngx_http_privacy_api_done(void *data,
    const privacy_action_result_t *result, ngx_uint_t refused);
static ngx_http_privacy_api_t *ngx_http_privacy_api_find(
    ngx_http_request_t *r);
static void ngx_http_privacy_api_cleanup(void *data);


static const ngx_http_privacy_problem_t  ngx_http_privacy_not_allowed = {
    NGX_HTTP_NOT_ALLOWED, "method", "Method not allowed",
    "The resource does not know this method", NULL
};


ngx_int_t
ngx_http_privacy_api_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    privacy_route_e          route;
    ngx_http_cleanup_t      *cln;
    ngx_http_privacy_api_t  *api;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "privacy api handler: \"%V\"", &r->uri);

    api = ngx_pcalloc(r->pool, sizeof(ngx_http_privacy_api_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (api == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    api->request = r;
    api->plcf = ngx_http_get_module_loc_conf(r, ngx_http_privacy_module);

    cln->handler = ngx_http_privacy_api_cleanup;
    cln->data = api;

    rc = ngx_http_privacy_api_route(api, &route, &api->problem);

    if (rc == NGX_OK) {
        rc = ngx_http_privacy_api_method(api, route);

        if (rc == NGX_DECLINED) {
            api->problem = ngx_http_privacy_not_allowed;

            if (ngx_http_privacy_api_allow(r, route, &api->allow) != NGX_OK) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

        } else if (route == PRIVACY_ROUTE_OPENAPI) {
            rc = ngx_http_discard_request_body(r);

            return rc == NGX_OK
                   ? ngx_http_privacy_answer_openapi(r, &api->plcf->api_prefix)
                   : rc;

        } else {
            rc = ngx_http_privacy_api_take(api, &api->problem);
        }
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_privacy_api_refuse(api);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    api->problem.status = 0;

    return ngx_http_privacy_api_begin(api);
}


/* NGX_DONE: the request waits, for its body or for the action */

static ngx_int_t
ngx_http_privacy_api_begin(ngx_http_privacy_api_t *api)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = api->request;

    if (r->method & NGX_HTTP_PRIVACY_READS) {
        rc = ngx_http_discard_request_body(r);

        if (rc == NGX_OK) {
            rc = ngx_http_privacy_api_start(api);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        r->main->count++;

        return NGX_DONE;
    }

    return ngx_http_privacy_api_read(api);
}


static ngx_int_t
ngx_http_privacy_api_read(ngx_http_privacy_api_t *api)
{
    ngx_int_t  rc;

    /* the limit is ours: what is more is not to be kept anywhere */

    api->request->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(api->request,
                                           ngx_http_privacy_api_body);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/* Before the body was looked at */

static ngx_int_t
ngx_http_privacy_api_refuse(ngx_http_privacy_api_t *api)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = api->request;

    if (api->problem.status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {

        /* the connection is not worth waiting for the rest */

        r->keepalive = 0;
        r->lingering_close = 1;

    } else if (r->http_version >= NGX_HTTP_VERSION_20) {

        /*
         * A stream that is reset before all of the body has come, though
         * without an error, makes clients lose the answer.
         */

        return ngx_http_privacy_api_read(api);
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_privacy_answer_problem(r, &api->problem, &api->allow);
}


/* Some of the body has come, or all of it */

static void
ngx_http_privacy_api_body(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_privacy_api_t  *api;

    api = ngx_http_privacy_api_find(r);

    if (api == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    for ( ;; ) {
        rc = ngx_http_privacy_api_collect(api);

        if (rc != NGX_OK) {

            if (rc == NGX_DECLINED) {
                rc = ngx_http_privacy_answer_problem(r,
                                               &ngx_http_privacy_api_too_large,
                                               &api->allow);
            }

            ngx_http_finalize_request(r, rc);
            return;
        }

        if (!r->reading_body) {
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            r->read_event_handler = ngx_http_privacy_api_body;
            return;
        }
    }

    if (api->problem.status) {
        rc = ngx_http_privacy_answer_problem(r, &api->problem, &api->allow);
        ngx_http_finalize_request(r, rc);
        return;
    }

    rc = ngx_http_privacy_api_start(api);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
    }
}


/*
 * Takes what is there of the body, in memory or in a file, where another
 * module has read it before.  NGX_DECLINED: too much.
 */

static ngx_int_t
ngx_http_privacy_api_collect(ngx_http_privacy_api_t *api)
{
    off_t         len;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (api->request->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = api->request->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;
        len = ngx_buf_size(b);

        if (len == 0) {
            continue;
        }

        if (len > (off_t) (PRIVACY_BODY_MAX - api->len)) {
            return NGX_DECLINED;
        }

        if (ngx_http_privacy_api_reserve(api, (size_t) len) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_buf_in_memory(b)) {
            ngx_memcpy(api->body + api->len, b->pos, (size_t) len);

            /* nginx may use it again */

            b->pos = b->last;

        } else {
            n = ngx_read_file(b->file, api->body + api->len, (size_t) len,
                              b->file_pos);

            if (n != (ssize_t) len) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            b->file_pos = b->file_last;
        }

        api->len += (size_t) len;
    }

    api->request->request_body->bufs = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_api_reserve(ngx_http_privacy_api_t *api, size_t len)
{
    u_char  *p;
    size_t   size;

    if (api->size - api->len >= len) {
        return NGX_OK;
    }

    size = ngx_max(2 * api->size, NGX_HTTP_PRIVACY_BODY_START);
    size = ngx_max(size, api->len + len);

    if (api->request->headers_in.content_length_n > (off_t) size) {
        size = (size_t) api->request->headers_in.content_length_n;
    }

    p = ngx_pnalloc(api->request->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (api->body) {
        ngx_memcpy(p, api->body, api->len);
        (void) ngx_pfree(api->request->pool, api->body);
    }

    api->body = p;
    api->size = size;

    return NGX_OK;
}


/* NGX_OK: done() will come, unless the request ends before it */

static ngx_int_t
ngx_http_privacy_api_start(ngx_http_privacy_api_t *api)
{
    ngx_http_request_t  *r;

    r = api->request;

    api->action.body.data = (char *) api->body;
    api->action.body.len = api->len;

    api->drive = ngx_http_privacy_drive_start(&api->action,
                                              api->plcf->registry,
                                              !api->plcf->providers, 0,
                                              ngx_http_privacy_api_done, api);
    if (api->drive == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_OK;
}


static void
ngx_http_privacy_api_done(void *data, const privacy_action_result_t *result,
    ngx_uint_t refused)
{
    ngx_http_privacy_api_t *api = data;

    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = api->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "privacy api done: \"%V\" %ui", &r->uri,
                   (ngx_uint_t) result->status);

    api->drive = NULL;

    r->read_event_handler = ngx_http_block_reading;

    rc = ngx_http_privacy_answer(r, result);

    ngx_http_finalize_request(r, rc);

    ngx_http_run_posted_requests(c);
}


static ngx_http_privacy_api_t *
ngx_http_privacy_api_find(ngx_http_request_t *r)
{
    ngx_http_cleanup_t      *cln;
    ngx_http_privacy_api_t  *api;

    for (cln = r->main->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_privacy_api_cleanup) {
            api = cln->data;

            if (api->request == r) {
                return api;
            }
        }
    }

    return NULL;
}


static void
ngx_http_privacy_api_cleanup(void *data)
{
    ngx_http_privacy_api_t *api = data;

    if (api->drive) {
        ngx_http_privacy_drive_detach(api->drive);
        api->drive = NULL;
    }
}
