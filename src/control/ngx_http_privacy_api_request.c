
/*
 * What a request asks for: the resource and the action, its arguments and
 * conditions, who asks.
 */

#include "ngx_http_privacy_api.h"


typedef struct {
    privacy_route_e               route;
    ngx_uint_t                    methods;
    privacy_action_e              action;
} ngx_http_privacy_api_row_t;


typedef struct {
    privacy_str_t                 name;
    size_t                        offset;      /* in the action's request */
} ngx_http_privacy_api_argument_t;


static ngx_int_t ngx_http_privacy_api_straight(ngx_http_request_t *r);
static ngx_int_t ngx_http_privacy_api_identity(ngx_http_privacy_api_t *api);
static ngx_int_t ngx_http_privacy_api_conditions(ngx_http_privacy_api_t *api,
    ngx_http_privacy_problem_t *problem);
static ngx_int_t ngx_http_privacy_api_arguments(ngx_http_privacy_api_t *api,
    ngx_http_privacy_problem_t *problem);
static ngx_int_t ngx_http_privacy_api_argument(ngx_http_privacy_api_t *api,
    privacy_str_t name, privacy_str_t value);
static ngx_int_t ngx_http_privacy_api_limit(ngx_http_privacy_api_t *api,
    privacy_str_t value);


/* What may be done with which resource; the OpenAPI document is nobody's */

static const ngx_http_privacy_api_row_t  ngx_http_privacy_api_rows[] = {
    { PRIVACY_ROUTE_ACCOUNTS, NGX_HTTP_PRIVACY_READS, PRIVACY_ACTION_LIST },
    { PRIVACY_ROUTE_ACCOUNT, NGX_HTTP_PRIVACY_READS,
      PRIVACY_ACTION_GET_ACCOUNT },
    { PRIVACY_ROUTE_ACCOUNT, NGX_HTTP_PUT, PRIVACY_ACTION_PUT_ACCOUNT },
    { PRIVACY_ROUTE_ACCOUNT, NGX_HTTP_DELETE, PRIVACY_ACTION_DELETE_ACCOUNT },
    { PRIVACY_ROUTE_ACCESS, NGX_HTTP_PUT, PRIVACY_ACTION_ALLOW },
    { PRIVACY_ROUTE_ACCESS, NGX_HTTP_DELETE, PRIVACY_ACTION_DISALLOW },
    { PRIVACY_ROUTE_GRANTS, NGX_HTTP_PRIVACY_READS, PRIVACY_ACTION_GRANTS },
    { PRIVACY_ROUTE_GRANT, NGX_HTTP_PRIVACY_READS, PRIVACY_ACTION_GET_GRANT },
    { PRIVACY_ROUTE_GRANT, NGX_HTTP_PUT, PRIVACY_ACTION_GRANT },
    { PRIVACY_ROUTE_GRANT, NGX_HTTP_PATCH, PRIVACY_ACTION_UPDATE },
    { PRIVACY_ROUTE_GRANT, NGX_HTTP_DELETE, PRIVACY_ACTION_REVOKE },
    { PRIVACY_ROUTE_EXCLUSION, NGX_HTTP_PUT, PRIVACY_ACTION_EXCLUDE },
    { PRIVACY_ROUTE_EXCLUSION, NGX_HTTP_DELETE, PRIVACY_ACTION_INCLUDE },
    { PRIVACY_ROUTE_EXPLAIN, NGX_HTTP_PRIVACY_READS, PRIVACY_ACTION_EXPLAIN },
    { PRIVACY_ROUTE_SWEEP, NGX_HTTP_PRIVACY_READS,
      PRIVACY_ACTION_SWEEP_STATE },
    { PRIVACY_ROUTE_SWEEP, NGX_HTTP_POST, PRIVACY_ACTION_SWEEP },
    { PRIVACY_ROUTE_OPENAPI, NGX_HTTP_PRIVACY_READS, PRIVACY_ACTION_NONE }
};

#define NGX_HTTP_PRIVACY_API_ROWS                                            \
    (sizeof(ngx_http_privacy_api_rows) / sizeof(ngx_http_privacy_api_row_t))


static const struct {
    ngx_uint_t                    method;
    ngx_str_t                     name;
} ngx_http_privacy_api_methods[] = {
    { NGX_HTTP_GET, ngx_string("GET") },
    { NGX_HTTP_HEAD, ngx_string("HEAD") },
    { NGX_HTTP_PUT, ngx_string("PUT") },
    { NGX_HTTP_PATCH, ngx_string("PATCH") },
    { NGX_HTTP_DELETE, ngx_string("DELETE") },
    { NGX_HTTP_POST, ngx_string("POST") }
};

#define NGX_HTTP_PRIVACY_API_METHODS                                         \
    (sizeof(ngx_http_privacy_api_methods)                                    \
     / sizeof(ngx_http_privacy_api_methods[0]))


static const ngx_http_privacy_api_argument_t
    ngx_http_privacy_api_list_arguments[] =
{
    { privacy_str("cursor"), offsetof(privacy_action_request_t, cursor) },
    { privacy_str("organization"),
      offsetof(privacy_action_request_t, organization) },
    { privacy_str(""), 0 }
};


static const ngx_http_privacy_api_argument_t
    ngx_http_privacy_api_explain_arguments[] =
{
    { privacy_str("user"), offsetof(privacy_action_request_t, for_user) },
    { privacy_str("organization"),
      offsetof(privacy_action_request_t, for_organization) },
    { privacy_str("level"), offsetof(privacy_action_request_t, for_level) },
    { privacy_str("camera"), offsetof(privacy_action_request_t, for_camera) },
    { privacy_str("resource"),
      offsetof(privacy_action_request_t, for_resource) },
    { privacy_str(""), 0 }
};


static ngx_str_t  ngx_http_privacy_if_match = ngx_string("if-match");
static ngx_str_t  ngx_http_privacy_if_none_match =
    ngx_string("if-none-match");


static const ngx_http_privacy_problem_t  ngx_http_privacy_no_resource = {
    NGX_HTTP_NOT_FOUND, "no-resource", "Not found",
    "There is no such resource", NULL
};


static const ngx_http_privacy_problem_t  ngx_http_privacy_bad_path = {
    NGX_HTTP_BAD_REQUEST, "malformed", "Malformed request",
    "The path is not decodable, or has an encoded slash in it", NULL
};


static const ngx_http_privacy_problem_t  ngx_http_privacy_bad_argument = {
    NGX_HTTP_BAD_REQUEST, "malformed", "Malformed request",
    "The query has an argument that is unknown, said twice, or malformed", NULL
};


static const ngx_http_privacy_problem_t  ngx_http_privacy_bad_condition = {
    NGX_HTTP_BAD_REQUEST, "malformed", "Malformed request",
    "If-Match and If-None-Match can be said once, and not be empty", NULL
};


const ngx_http_privacy_problem_t  ngx_http_privacy_api_too_large = {
    NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "too-large", "Body too large",
    "A body may have 1 MiB at most", NULL
};


/*
 * What the path names below the location's prefix.  It is looked at as nginx
 * has decoded it, which is the one that other modules have seen, unless that
 * is not what the client has said: slashes merged, dots resolved or a slash
 * in disguise make two paths of one.
 */

ngx_int_t
ngx_http_privacy_api_route(ngx_http_privacy_api_t *api,
    privacy_route_e *route, ngx_http_privacy_problem_t *problem)
{
    ngx_int_t            rc;
    ngx_str_t           *prefix;
    privacy_str_t        path;
    ngx_http_request_t  *r;

    r = api->request;
    *problem = ngx_http_privacy_no_resource;

    if (r->valid_unparsed_uri) {
        rc = ngx_http_privacy_api_straight(r);

        if (rc == NGX_ABORT) {
            *problem = ngx_http_privacy_bad_path;
            return NGX_DECLINED;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    prefix = &api->plcf->api_prefix;

    if (r->uri.len < prefix->len
        || ngx_strncmp(r->uri.data, prefix->data, prefix->len) != 0)
    {
        return NGX_DECLINED;
    }

    path.data = (char *) r->uri.data + prefix->len;
    path.len = r->uri.len - prefix->len;

    *route = privacy_path_parse(path, &api->action.account,
                                &api->action.organization);

    return *route == PRIVACY_ROUTE_NONE ? NGX_DECLINED : NGX_OK;
}


/* NGX_DECLINED: the URI differs; NGX_ABORT: it should not have been decoded */

static ngx_int_t
ngx_http_privacy_api_straight(ngx_http_request_t *r)
{
    long            n;
    u_char         *buf;
    privacy_str_t   raw;

    raw.data = (char *) r->unparsed_uri.data;
    raw.len = r->unparsed_uri.len;

    buf = ngx_pnalloc(r->pool, raw.len + 1);
    if (buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    n = privacy_path_decode(raw, (char *) buf);

    if (n < 0) {
        return NGX_ABORT;
    }

    if ((size_t) n != r->uri.len || ngx_memcmp(buf, r->uri.data, n) != 0) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_privacy_api_method(ngx_http_privacy_api_t *api,
    privacy_route_e route)
{
    ngx_uint_t  i, method;

    method = api->request->method;

    for (i = 0; i < NGX_HTTP_PRIVACY_API_ROWS; i++) {

        if (ngx_http_privacy_api_rows[i].route == route
            && (ngx_http_privacy_api_rows[i].methods & method))
        {
            api->action.action = ngx_http_privacy_api_rows[i].action;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_privacy_api_allow(ngx_http_request_t *r, privacy_route_e route,
    ngx_str_t *allow)
{
    u_char      *p;
    ngx_uint_t   i, methods;

    methods = 0;

    for (i = 0; i < NGX_HTTP_PRIVACY_API_ROWS; i++) {
        if (ngx_http_privacy_api_rows[i].route == route) {
            methods |= ngx_http_privacy_api_rows[i].methods;
        }
    }

    /* "DELETE, " is the longest */

    p = ngx_pnalloc(r->pool, NGX_HTTP_PRIVACY_API_METHODS * 8);
    if (p == NULL) {
        return NGX_ERROR;
    }

    allow->data = p;

    for (i = 0; i < NGX_HTTP_PRIVACY_API_METHODS; i++) {

        if (methods & ngx_http_privacy_api_methods[i].method) {
            p = ngx_sprintf(p, "%s%V", p == allow->data ? "" : ", ",
                            &ngx_http_privacy_api_methods[i].name);
        }
    }

    allow->len = p - allow->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_privacy_api_take(ngx_http_privacy_api_t *api,
    ngx_http_privacy_problem_t *problem)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = api->request;

    rc = ngx_http_privacy_api_arguments(api, problem);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!(r->method & NGX_HTTP_PRIVACY_READS)) {
        rc = ngx_http_privacy_api_check(r, problem);

        if (rc == NGX_OK) {
            rc = ngx_http_privacy_api_conditions(api, problem);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        if (r->headers_in.content_length_n > PRIVACY_BODY_MAX) {
            *problem = ngx_http_privacy_api_too_large;
            return NGX_DECLINED;
        }
    }

    return ngx_http_privacy_api_identity(api);
}


static ngx_int_t
ngx_http_privacy_api_identity(ngx_http_privacy_api_t *api)
{
    u_char                    *token;
    privacy_str_t              level;
    privacy_actor_t           *actor;
    ngx_http_request_t        *r;
    ngx_http_privacy_value_t  *values;

    r = api->request;
    values = api->plcf->values;
    actor = &api->action.actor;

    if (ngx_http_privacy_evaluate(r, &values[NGX_HTTP_PRIVACY_USER],
                                  &actor->user)
        != NGX_OK
        || ngx_http_privacy_evaluate(r, &values[NGX_HTTP_PRIVACY_ORGANIZATION],
                                     &actor->organization)
           != NGX_OK
        || ngx_http_privacy_evaluate(r, &values[NGX_HTTP_PRIVACY_LEVEL],
                                     &level)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    actor->level = privacy_level_parse(level);

    if (api->action.action == PRIVACY_ACTION_SWEEP) {
        token = ngx_pnalloc(r->pool, NGX_HTTP_PRIVACY_TOKEN);
        if (token == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_privacy_drive_token(token);

        api->action.token.data = (char *) token;
        api->action.token.len = NGX_HTTP_PRIVACY_TOKEN;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_api_conditions(ngx_http_privacy_api_t *api,
    ngx_http_privacy_problem_t *problem)
{
    ngx_str_t            match, none;
    ngx_http_request_t  *r;

    r = api->request;

    if (ngx_http_privacy_api_header(r, &ngx_http_privacy_if_match, &match)
        == NGX_ERROR
        || ngx_http_privacy_api_header(r, &ngx_http_privacy_if_none_match,
                                       &none)
           == NGX_ERROR)
    {
        *problem = ngx_http_privacy_bad_condition;
        return NGX_DECLINED;
    }

    api->action.if_match.data = (char *) match.data;
    api->action.if_match.len = match.len;
    api->action.if_none_match.data = (char *) none.data;
    api->action.if_none_match.len = none.len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_api_arguments(ngx_http_privacy_api_t *api,
    ngx_http_privacy_problem_t *problem)
{
    int                  n;
    u_char              *buf;
    privacy_str_t        query, name, value;
    ngx_http_request_t  *r;

    r = api->request;

    query.data = (char *) r->args.data;
    query.len = r->args.len;

    if (query.len == 0) {
        return NGX_OK;
    }

    /* each argument is decoded into what is left of one buffer */

    buf = ngx_pnalloc(r->pool, query.len);
    if (buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for ( ;; ) {
        n = privacy_query_next(&query, (char *) buf, &name, &value);

        if (n == 0) {
            return NGX_OK;
        }

        if (n < 0
            || ngx_http_privacy_api_argument(api, name, value) != NGX_OK)
        {
            *problem = ngx_http_privacy_bad_argument;
            return NGX_DECLINED;
        }

        buf += name.len + value.len;
    }
}


/* An empty value is none, but counts as said */

static ngx_int_t
ngx_http_privacy_api_argument(ngx_http_privacy_api_t *api, privacy_str_t name,
    privacy_str_t value)
{
    privacy_str_t                          *field;
    const ngx_http_privacy_api_argument_t  *argument;

    switch (api->action.action) {

    case PRIVACY_ACTION_LIST:

        if (name.len == 5 && ngx_memcmp(name.data, "limit", 5) == 0) {
            return ngx_http_privacy_api_limit(api, value);
        }

        argument = ngx_http_privacy_api_list_arguments;
        break;

    case PRIVACY_ACTION_EXPLAIN:
        argument = ngx_http_privacy_api_explain_arguments;
        break;

    default:
        return NGX_ERROR;
    }

    for ( /* void */ ; argument->name.len; argument++) {

        if (name.len != argument->name.len
            || ngx_memcmp(name.data, argument->name.data, name.len) != 0)
        {
            continue;
        }

        field = (privacy_str_t *) ((u_char *) &api->action + argument->offset);

        if (field->data) {
            return NGX_ERROR;
        }

        *field = value;

        return NGX_OK;
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_privacy_api_limit(ngx_http_privacy_api_t *api, privacy_str_t value)
{
    ngx_int_t  n;

    n = ngx_atoi((u_char *) value.data, value.len);

    if (n < 1 || n > PRIVACY_LIST_MOST || api->action.limit) {
        return NGX_ERROR;
    }

    api->action.limit = n;

    return NGX_OK;
}
