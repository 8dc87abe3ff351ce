
/*
 * What the gate tells the rest of nginx.conf: $privacy_...
 */

#include "ngx_http_privacy_gate.h"


static ngx_int_t ngx_http_privacy_verdict_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_privacy_word_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_privacy_recheck_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_privacy_cut_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


typedef enum {
    NGX_HTTP_PRIVACY_WORD_REASON = 0,
    NGX_HTTP_PRIVACY_WORD_SOURCE,
    NGX_HTTP_PRIVACY_WORD_ROLE,
    NGX_HTTP_PRIVACY_WORD_CACHE
} ngx_http_privacy_word_e;


static ngx_http_variable_t  ngx_http_privacy_vars[] = {

    { ngx_string("privacy_verdict"), NULL,
      ngx_http_privacy_verdict_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("privacy_reason"), NULL,
      ngx_http_privacy_word_variable, NGX_HTTP_PRIVACY_WORD_REASON,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("privacy_source"), NULL,
      ngx_http_privacy_word_variable, NGX_HTTP_PRIVACY_WORD_SOURCE,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("privacy_role"), NULL,
      ngx_http_privacy_word_variable, NGX_HTTP_PRIVACY_WORD_ROLE,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("privacy_recheck"), NULL,
      ngx_http_privacy_recheck_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("privacy_cache"), NULL,
      ngx_http_privacy_word_variable, NGX_HTTP_PRIVACY_WORD_CACHE,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("privacy_cut"), NULL,
      ngx_http_privacy_cut_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_privacy_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_privacy_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_value(ngx_http_variable_value_t *v, const void *data,
    size_t len)
{
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = (u_char *) data;
    v->len = len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_verdict_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_privacy_ctx_t  *ctx;

    ctx = ngx_http_privacy_get_ctx(r);

    if (ctx == NULL || !ctx->decided) {
        return ngx_http_privacy_value(v, "", 0);
    }

    if (ctx->verdict.allow) {
        return ngx_http_privacy_value(v, "allow", 5);
    }

    return ctx->shadow ? ngx_http_privacy_value(v, "shadow_deny", 11)
                       : ngx_http_privacy_value(v, "deny", 4);
}


static ngx_int_t
ngx_http_privacy_word_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    privacy_str_t            word;
    ngx_http_privacy_ctx_t  *ctx;

    static privacy_str_t     cached[] = {
        privacy_str(""), privacy_str("HIT"), privacy_str("MISS"),
        privacy_str("STALE")
    };

    ctx = ngx_http_privacy_get_ctx(r);

    word = cached[NGX_HTTP_PRIVACY_CACHE_NONE];

    if (ctx && ctx->decided) {

        switch (data) {

        case NGX_HTTP_PRIVACY_WORD_REASON:
            word = privacy_reason_name(ctx->verdict.reason);
            break;

        case NGX_HTTP_PRIVACY_WORD_SOURCE:
            if (ctx->verdict.allow) {
                word = privacy_reason_name(ctx->verdict.reason);
            }
            break;

        case NGX_HTTP_PRIVACY_WORD_ROLE:
            if (ctx->verdict.role) {
                word = privacy_role_name(ctx->verdict.role);
            }
            break;

        default:
            word = cached[ctx->cached];
            break;
        }
    }

    return ngx_http_privacy_value(v, word.data, word.len);
}


/* Seconds, rounded up: at that age the verdict has changed, not before */

static ngx_int_t
ngx_http_privacy_recheck_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                  *p;
    int64_t                  ms;
    ngx_http_privacy_ctx_t  *ctx;

    ctx = ngx_http_privacy_get_ctx(r);

    if (ctx == NULL || !ctx->decided || ctx->verdict.recheck_at == 0) {
        return ngx_http_privacy_value(v, "", 0);
    }

    ms = ctx->verdict.recheck_at - ngx_http_privacy_wall();

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_privacy_value(v, p,
                      ngx_sprintf(p, "%L", ms > 0 ? (ms + 999) / 1000 : 0)
                      - p);
}


static ngx_int_t
ngx_http_privacy_cut_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_privacy_ctx_t  *ctx;

    ctx = ngx_http_privacy_get_ctx(r);

    if (ctx == NULL || ctx->cut == NULL) {
        return ngx_http_privacy_value(v, "", 0);
    }

    return ngx_http_privacy_value(v, ctx->cut, ngx_strlen(ctx->cut));
}
