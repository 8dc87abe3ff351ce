
/*
 * What the operator configured.  Read-only after the configuration is merged.
 * It lies this far down because the gate and the control both go by it.
 */

#ifndef _NGX_HTTP_PRIVACY_CONF_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_privacy_redis.h"
#include "privacy_decide.h"


#define NGX_HTTP_PRIVACY_OFF      0
#define NGX_HTTP_PRIVACY_ON       1
#define NGX_HTTP_PRIVACY_SHADOW   2

#define NGX_HTTP_PRIVACY_CUT_OFF     0
#define NGX_HTTP_PRIVACY_CUT_ON      1
#define NGX_HTTP_PRIVACY_CUT_LINGER  2


/* Entries that remember parsed records where nothing is cached */

#define NGX_HTTP_PRIVACY_ACCOUNTS  65536


/* A value with variables; where it is one variable, that one's index */

typedef struct {
    ngx_http_complex_value_t        *value;    /* NULL: not configured */
    ngx_int_t                        index;    /* NGX_ERROR: use the value */
} ngx_http_privacy_value_t;


typedef enum {
    NGX_HTTP_PRIVACY_USER = 0,
    NGX_HTTP_PRIVACY_ORGANIZATION,
    NGX_HTTP_PRIVACY_LEVEL,
    NGX_HTTP_PRIVACY_ACCOUNT,
    NGX_HTTP_PRIVACY_CAMERA,
    NGX_HTTP_PRIVACY_RESOURCE,
    NGX_HTTP_PRIVACY_VALUES
} ngx_http_privacy_value_e;


/* A location as it was merged: for the checks once all is known */

typedef struct {
    ngx_http_core_srv_conf_t        *cscf;
    ngx_http_core_loc_conf_t        *clcf;
    void                           **loc_conf;
} ngx_http_privacy_place_t;


typedef struct {
    ngx_http_privacy_redis_conf_t   *redis;    /* NULL: none */
    ngx_http_privacy_redis_conf_t   *primary;  /* NULL: the same */
    ngx_msec_t                       timeout;
    ngx_msec_t                       stale;
    ngx_str_t                        prefix;
    ngx_int_t                        accounts; /* 0: privacy_cache off */
    privacy_policy_t                 policy;
    ngx_shm_zone_t                  *zone;     /* of the policy in force */
    ngx_array_t                      places;   /* ngx_http_privacy_place_t */
    ngx_uint_t                       gated;    /* somewhere on or shadow */
    ngx_uint_t                       api;      /* somewhere */
    ngx_flag_t                       sweep;
    time_t                           log_retention;    /* 0: for ever */
    uint32_t                         roles;    /* bits: defined here */
    uint32_t                         ttls;     /* bits: levels set here */
    unsigned                         reset:1;
} ngx_http_privacy_main_conf_t;


typedef struct {
    ngx_uint_t                       mode;
    ngx_uint_t                       cut;
    ngx_flag_t                       registry;
    ngx_flag_t                       providers;
    ngx_int_t                        deny_status;
    ngx_http_privacy_value_t         values[NGX_HTTP_PRIVACY_VALUES];

    /* where "privacy" was said, for errors that show at the merge only */
    ngx_str_t                        file;
    ngx_uint_t                       line;

    ngx_uint_t                       api;      /* then it is not gated */
    ngx_str_t                        api_prefix;
    ngx_str_t                        api_file; /* where "privacy_api" was */
    ngx_uint_t                       api_line;
} ngx_http_privacy_loc_conf_t;


extern ngx_module_t  ngx_http_privacy_module;


/* What the value is for the request; empty if it is not configured */

static ngx_inline ngx_int_t
ngx_http_privacy_evaluate(ngx_http_request_t *r,
    ngx_http_privacy_value_t *value, privacy_str_t *result)
{
    ngx_str_t                   s;
    ngx_http_variable_value_t  *v;

    if (value->value == NULL) {
        result->data = NULL;
        result->len = 0;
        return NGX_OK;
    }

    /* one variable and nothing else is used where it is */

    if (value->index != NGX_ERROR) {
        v = ngx_http_get_flushed_variable(r, value->index);

        if (v == NULL) {
            return NGX_ERROR;
        }

        result->data = (char *) v->data;
        result->len = v->not_found ? 0 : v->len;

        return NGX_OK;
    }

    if (ngx_http_complex_value(r, value->value, &s) != NGX_OK) {
        return NGX_ERROR;
    }

    result->data = (char *) s.data;
    result->len = s.len;

    return NGX_OK;
}


#endif /* _NGX_HTTP_PRIVACY_CONF_H_INCLUDED_ */
