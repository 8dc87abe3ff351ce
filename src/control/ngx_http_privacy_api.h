
/*
 * The HTTP API: a request's way (ngx_http_privacy_api.c), what it asks for
 * (..._api_request.c), whether a page of another site has it sent
 * (..._api_check.c), what it is answered (..._answer.c).
 */

#ifndef _NGX_HTTP_PRIVACY_API_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_API_H_INCLUDED_


#include "ngx_http_privacy_drive.h"
#include "privacy_path.h"


#define NGX_HTTP_PRIVACY_READS  (NGX_HTTP_GET|NGX_HTTP_HEAD)


/* A refusal; the strings are constants, or the result's */

typedef struct {
    ngx_uint_t                    status;
    const char                   *type;        /* the last part of it */
    const char                   *title;
    const char                   *detail;
    const char                   *field;       /* NULL: not one's fault */
} ngx_http_privacy_problem_t;


/* Of a request, in its pool; found by its cleanup */

typedef struct {
    ngx_http_request_t           *request;
    ngx_http_privacy_loc_conf_t  *plcf;
    ngx_http_privacy_drive_t     *drive;       /* NULL: none under way */
    privacy_action_request_t      action;      /* its strings: the request's */
    u_char                       *body;
    size_t                        len;         /* of what has come of it */
    size_t                        size;
    ngx_http_privacy_problem_t    problem;     /* status 0: none yet */
    ngx_str_t                     allow;       /* with 405 */
} ngx_http_privacy_api_t;


/* The content handler of an API location */

ngx_int_t ngx_http_privacy_api_handler(ngx_http_request_t *r);

/*
 * What the path names.  NGX_OK; NGX_DECLINED with *problem set; or a status
 * for nginx to answer.
 */

ngx_int_t ngx_http_privacy_api_route(ngx_http_privacy_api_t *api,
    privacy_route_e *route, ngx_http_privacy_problem_t *problem);

/* Which action it is; NGX_DECLINED if the route does not know the method */

ngx_int_t ngx_http_privacy_api_method(ngx_http_privacy_api_t *api,
    privacy_route_e route);

/* The methods that it knows, in memory of the request; or NGX_ERROR */

ngx_int_t ngx_http_privacy_api_allow(ngx_http_request_t *r,
    privacy_route_e route, ngx_str_t *allow);

/* All that is to be known but the body; as ngx_http_privacy_api_route() */

ngx_int_t ngx_http_privacy_api_take(ngx_http_privacy_api_t *api,
    ngx_http_privacy_problem_t *problem);

extern const ngx_http_privacy_problem_t  ngx_http_privacy_api_too_large;

/*
 * Of a method that changes something: NGX_OK, or NGX_DECLINED with *problem
 * set, where another site's page may have sent it, or something else than
 * JSON is announced.
 */

ngx_int_t ngx_http_privacy_api_check(ngx_http_request_t *r,
    ngx_http_privacy_problem_t *problem);

/*
 * A header of the request: NGX_OK; NGX_DECLINED, with an empty value, if
 * there is none; NGX_ERROR if there are several, or an empty one.  The name
 * is in lower case.
 */

ngx_int_t ngx_http_privacy_api_header(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value);

/*
 * Answers: to be returned by a content handler, or given to
 * ngx_http_finalize_request().  "allow" (may be empty) is for Allow.
 */

ngx_int_t ngx_http_privacy_answer(ngx_http_request_t *r,
    const privacy_action_result_t *result);
ngx_int_t ngx_http_privacy_answer_problem(ngx_http_request_t *r,
    const ngx_http_privacy_problem_t *problem, const ngx_str_t *allow);
ngx_int_t ngx_http_privacy_answer_openapi(ngx_http_request_t *r,
    ngx_str_t *prefix);


#endif /* _NGX_HTTP_PRIVACY_API_H_INCLUDED_ */
