
/*
 * Answers of the API: JSON, problem documents (RFC 9457), the OpenAPI
 * document.
 */

#include "ngx_http_privacy_api.h"
#include "privacy_openapi.h"


#define NGX_HTTP_PRIVACY_PROBLEM  "urn:privacy:problem:"

/* What a Retry-After says while the store is away, in seconds */

#define NGX_HTTP_PRIVACY_API_RETRY  "1"

/* In src/control/openapi.json, where the location's prefix goes */

#define NGX_HTTP_PRIVACY_SERVER  "\"url\": \"/privacy\""


static ngx_int_t ngx_http_privacy_answer_json(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, json_t *json);
static void ngx_http_privacy_answer_free(void *data);
static ngx_int_t ngx_http_privacy_answer_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_chain_t *out);
static ngx_int_t ngx_http_privacy_answer_header(ngx_http_request_t *r,
    const char *name, const ngx_str_t *value);
static ngx_chain_t *ngx_http_privacy_answer_chain(ngx_http_request_t *r,
    ngx_str_t *pieces, ngx_uint_t n);


static ngx_str_t  ngx_http_privacy_json = ngx_string("application/json");
static ngx_str_t  ngx_http_privacy_problem_json =
    ngx_string("application/problem+json");


ngx_int_t
ngx_http_privacy_answer(ngx_http_request_t *r,
    const privacy_action_result_t *result)
{
    u_char                      *p;
    ngx_str_t                    etag, none;
    ngx_http_privacy_problem_t   problem;

    if (result->status >= PRIVACY_STATUS_MALFORMED) {
        problem.status = result->status;
        problem.type = result->type;
        problem.title = result->title;
        problem.detail = result->detail;
        problem.field = result->field;

        ngx_str_null(&none);

        return ngx_http_privacy_answer_problem(r, &problem, &none);
    }

    if (result->etag[0]) {
        etag.len = ngx_strlen(result->etag);

        p = ngx_pnalloc(r->pool, etag.len);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        etag.data = p;
        ngx_memcpy(p, result->etag, etag.len);

        /*
         * Not r->headers_out.etag: filters would compare it with If-Match
         * once more, after the change, and make it weak when they compress.
         */

        if (ngx_http_privacy_answer_header(r, "ETag", &etag) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (result->body == NULL) {
        return ngx_http_privacy_answer_send(r, NGX_HTTP_NO_CONTENT, NULL,
                                            NULL);
    }

    return ngx_http_privacy_answer_json(r, result->status,
                                        &ngx_http_privacy_json, result->body);
}


ngx_int_t
ngx_http_privacy_answer_problem(ngx_http_request_t *r,
    const ngx_http_privacy_problem_t *problem, const ngx_str_t *allow)
{
    u_char      *last;
    json_t      *json;
    u_char       type[128];
    ngx_int_t    rc;
    ngx_str_t    retry;
    ngx_uint_t   level;

    level = problem->status >= 500 ? NGX_LOG_WARN : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "privacy: api: %ui \"%s\", field \"%s\"",
                  problem->status, problem->type,
                  problem->field ? problem->field : "");

    if (allow->len
        && ngx_http_privacy_answer_header(r, "Allow", allow) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (problem->status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_str_set(&retry, NGX_HTTP_PRIVACY_API_RETRY);

        if (ngx_http_privacy_answer_header(r, "Retry-After", &retry)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    last = ngx_snprintf(type, sizeof(type) - 1, NGX_HTTP_PRIVACY_PROBLEM "%s",
                        problem->type);
    *last = '\0';

    json = json_object();

    (void) json_object_set_new(json, "type", json_string((char *) type));
    (void) json_object_set_new(json, "title", json_string(problem->title));
    (void) json_object_set_new(json, "status", json_integer(problem->status));
    (void) json_object_set_new(json, "detail", json_string(problem->detail));

    if (problem->field) {
        (void) json_object_set_new(json, "field", json_string(problem->field));
    }

    rc = ngx_http_privacy_answer_json(r, problem->status,
                                      &ngx_http_privacy_problem_json, json);

    json_decref(json);

    return rc;
}


ngx_int_t
ngx_http_privacy_answer_openapi(ngx_http_request_t *r, ngx_str_t *prefix)
{
    u_char       *start, *last, *mark;
    ngx_str_t     pieces[3];
    ngx_chain_t  *out;

    start = (u_char *) privacy_openapi;
    last = start + sizeof(privacy_openapi) - 1;

    mark = (u_char *) ngx_strstr(privacy_openapi, NGX_HTTP_PRIVACY_SERVER);

    if (mark == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    mark += sizeof("\"url\": \"") - 1;

    pieces[0].data = start;
    pieces[0].len = mark - start;

    mark += sizeof("/privacy") - 1;

    pieces[2].data = mark;
    pieces[2].len = last - mark;

    if (prefix->len == 0) {
        ngx_str_set(&pieces[1], "/");

    } else {
        pieces[1].len = prefix->len + ngx_escape_json(NULL, prefix->data,
                                                      prefix->len);
        pieces[1].data = ngx_pnalloc(r->pool, pieces[1].len);
        if (pieces[1].data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        (void) ngx_escape_json(pieces[1].data, prefix->data, prefix->len);
    }

    out = ngx_http_privacy_answer_chain(r, pieces, 3);
    if (out == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_privacy_answer_send(r, NGX_HTTP_OK, &ngx_http_privacy_json,
                                        out);
}


static ngx_int_t
ngx_http_privacy_answer_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, json_t *json)
{
    char                *text;
    ngx_str_t            pieces[2];
    ngx_chain_t         *out;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text = json_dumps(json, JSON_COMPACT);
    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_privacy_answer_free;
    cln->data = text;

    pieces[0].data = (u_char *) text;
    pieces[0].len = ngx_strlen(text);
    ngx_str_set(&pieces[1], "\n");

    out = ngx_http_privacy_answer_chain(r, pieces, 2);
    if (out == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_privacy_answer_send(r, status, type, out);
}


static void
ngx_http_privacy_answer_free(void *data)
{
    free(data);
}


/* NULL: no memory */

static ngx_chain_t *
ngx_http_privacy_answer_chain(ngx_http_request_t *r, ngx_str_t *pieces,
    ngx_uint_t n)
{
    ngx_buf_t    *b;
    ngx_uint_t    i;
    ngx_chain_t  *out, *cl, **last;

    out = NULL;
    last = &out;

    for (i = 0; i < n; i++) {
        b = ngx_calloc_buf(r->pool);
        cl = ngx_alloc_chain_link(r->pool);

        if (b == NULL || cl == NULL) {
            return NULL;
        }

        b->pos = pieces[i].data;
        b->last = b->pos + pieces[i].len;
        b->memory = 1;
        b->last_buf = (i + 1 == n && r == r->main);
        b->last_in_chain = (i + 1 == n);

        cl->buf = b;
        cl->next = NULL;

        *last = cl;
        last = &cl->next;
    }

    return out;
}


static ngx_int_t
ngx_http_privacy_answer_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_chain_t *out)
{
    ngx_int_t     rc;
    ngx_chain_t  *cl;

    static ngx_str_t  no_store = ngx_string("no-store");
    static ngx_str_t  nosniff = ngx_string("nosniff");

    if (ngx_http_privacy_answer_header(r, "Cache-Control", &no_store)
        != NGX_OK
        || ngx_http_privacy_answer_header(r, "X-Content-Type-Options",
                                          &nosniff)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->disable_not_modified = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = 0;

    for (cl = out; cl; cl = cl->next) {
        r->headers_out.content_length_n += ngx_buf_size(cl->buf);
    }

    if (type) {
        r->headers_out.content_type = *type;
        r->headers_out.content_type_len = type->len;
        r->headers_out.content_type_lowcase = NULL;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only || out == NULL) {
        return rc;
    }

    return ngx_http_output_filter(r, out);
}


/* The value is the pool's, or a constant */

static ngx_int_t
ngx_http_privacy_answer_header(ngx_http_request_t *r, const char *name,
    const ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}
