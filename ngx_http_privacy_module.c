
/*
 * An access gate for camera video.
 *
 * The map of the house:
 *
 *     ngx_http_privacy_module.c   directives, configuration, hooks
 *     src/control/                actions on accounts and grants, the HTTP
 *                                 API, the nightly sweep
 *     src/gate/                   handler, cache of accounts and reading into
 *                                 it, live requests and the cut, variables
 *     src/store/                  Redis on nginx's event loop: connection,
 *                                 reads, the watch for changes; scripts/
 *     src/core/                   the rules: decide, roles, records, keys,
 *                                 the reset clock; libc and jansson only
 *     src/cli/                    privacyctl: core, the actions and hiredis
 *
 * Arrows point down: the module uses control and gate, which do not know each
 * other, these the store and the core.  Nothing below includes anything above.
 */

#include "ngx_http_privacy_gate.h"
#include "ngx_http_privacy_check.h"
#include "ngx_http_privacy_control.h"


static void *ngx_http_privacy_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_privacy_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_privacy_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_privacy_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_privacy_check_loc_conf(ngx_conf_t *cf,
    ngx_http_privacy_loc_conf_t *conf);
static char *ngx_http_privacy_missing(ngx_conf_t *cf,
    ngx_http_privacy_loc_conf_t *conf, const char *what);
static ngx_int_t ngx_http_privacy_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_privacy_init_process(ngx_cycle_t *cycle);
static void ngx_http_privacy_exit_process(ngx_cycle_t *cycle);

static char *ngx_http_privacy(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_privacy_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_privacy_prefix(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_privacy_set_value(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_privacy_role(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_privacy_grant_ttl(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_privacy_reset(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_privacy_cache_size(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_privacy_status(ngx_conf_t *cf, void *post, void *data);
static char *ngx_http_privacy_positive(ngx_conf_t *cf, void *post, void *data);


static ngx_conf_enum_t  ngx_http_privacy_modes[] = {
    { ngx_string("off"), NGX_HTTP_PRIVACY_OFF },
    { ngx_string("on"), NGX_HTTP_PRIVACY_ON },
    { ngx_string("shadow"), NGX_HTTP_PRIVACY_SHADOW },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_privacy_cuts[] = {
    { ngx_string("off"), NGX_HTTP_PRIVACY_CUT_OFF },
    { ngx_string("on"), NGX_HTTP_PRIVACY_CUT_ON },
    { ngx_string("linger"), NGX_HTTP_PRIVACY_CUT_LINGER },
    { ngx_null_string, 0 }
};


static ngx_conf_post_t  ngx_http_privacy_status_post = {
    ngx_http_privacy_status
};


static ngx_conf_post_t  ngx_http_privacy_positive_post = {
    ngx_http_privacy_positive
};


#define NGX_HTTP_PRIVACY_ANY_CONF                                            \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF

#define ngx_http_privacy_value_command(name, value)                          \
    { ngx_string(name),                                                      \
      NGX_HTTP_PRIVACY_ANY_CONF|NGX_CONF_TAKE1,                              \
      ngx_http_privacy_set_value,                                            \
      NGX_HTTP_LOC_CONF_OFFSET,                                              \
      offsetof(ngx_http_privacy_loc_conf_t, values)                          \
      + (value) * sizeof(ngx_http_privacy_value_t),                          \
      NULL }


static ngx_command_t  ngx_http_privacy_commands[] = {

    { ngx_string("privacy"),
      NGX_HTTP_PRIVACY_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_privacy,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_privacy_loc_conf_t, mode),
      ngx_http_privacy_modes },

    { ngx_string("privacy_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_privacy_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("privacy_redis_primary"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_privacy_redis_primary,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("privacy_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_privacy_main_conf_t, timeout),
      &ngx_http_privacy_positive_post },

    { ngx_string("privacy_prefix"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_privacy_prefix,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    ngx_http_privacy_value_command("privacy_user", NGX_HTTP_PRIVACY_USER),
    ngx_http_privacy_value_command("privacy_organization",
                                   NGX_HTTP_PRIVACY_ORGANIZATION),
    ngx_http_privacy_value_command("privacy_level", NGX_HTTP_PRIVACY_LEVEL),
    ngx_http_privacy_value_command("privacy_account",
                                   NGX_HTTP_PRIVACY_ACCOUNT),
    ngx_http_privacy_value_command("privacy_camera", NGX_HTTP_PRIVACY_CAMERA),
    ngx_http_privacy_value_command("privacy_resource",
                                   NGX_HTTP_PRIVACY_RESOURCE),

    { ngx_string("privacy_camera_registry"),
      NGX_HTTP_PRIVACY_ANY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_privacy_loc_conf_t, registry),
      NULL },

    { ngx_string("privacy_providers"),
      NGX_HTTP_PRIVACY_ANY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_privacy_loc_conf_t, providers),
      NULL },

    { ngx_string("privacy_role"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_privacy_role,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("privacy_grant_ttl"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_privacy_grant_ttl,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("privacy_reset"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_privacy_reset,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("privacy_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_privacy_cache_size,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_privacy_main_conf_t, accounts),
      NULL },

    { ngx_string("privacy_stale"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_privacy_main_conf_t, stale),
      NULL },

    { ngx_string("privacy_deny_status"),
      NGX_HTTP_PRIVACY_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_privacy_loc_conf_t, deny_status),
      &ngx_http_privacy_status_post },

    { ngx_string("privacy_cut"),
      NGX_HTTP_PRIVACY_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_privacy_loc_conf_t, cut),
      ngx_http_privacy_cuts },

    { ngx_string("privacy_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_privacy_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("privacy_sweep"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_privacy_main_conf_t, sweep),
      NULL },

    { ngx_string("privacy_log_retention"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_privacy_log_retention,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_privacy_main_conf_t, log_retention),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_privacy_module_ctx = {
    ngx_http_privacy_add_variables,        /* preconfiguration */
    ngx_http_privacy_init,                 /* postconfiguration */

    ngx_http_privacy_create_main_conf,     /* create main configuration */
    ngx_http_privacy_init_main_conf,       /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_privacy_create_loc_conf,      /* create location configuration */
    ngx_http_privacy_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_privacy_module = {
    NGX_MODULE_V1,
    &ngx_http_privacy_module_ctx,          /* module context */
    ngx_http_privacy_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_privacy_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_privacy_exit_process,         /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_privacy_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_privacy_main_conf_t  *pmcf;

    pmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_privacy_main_conf_t));
    if (pmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     pmcf->redis = NULL;
     *     pmcf->primary = NULL;
     *     pmcf->prefix = { 0, NULL };
     *     pmcf->gated = 0;
     *     pmcf->api = 0;
     *     pmcf->policy.grant_ttl = { 0 };
     */

    pmcf->timeout = NGX_CONF_UNSET_MSEC;
    pmcf->stale = NGX_CONF_UNSET_MSEC;
    pmcf->accounts = NGX_CONF_UNSET;
    pmcf->sweep = NGX_CONF_UNSET;
    pmcf->log_retention = NGX_CONF_UNSET;

    privacy_roles_init(&pmcf->policy.roles);

    pmcf->policy.grant_ttl[PRIVACY_LEVEL_VENDOR] = 24 * 3600 * 1000;
    pmcf->policy.reset.minute = 0;
    pmcf->policy.reset.offset = -5 * 60;

    if (ngx_array_init(&pmcf->places, cf->temp_pool, 16,
                       sizeof(ngx_http_privacy_place_t))
        != NGX_OK)
    {
        return NULL;
    }

    return pmcf;
}


static char *
ngx_http_privacy_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_privacy_main_conf_t *pmcf = conf;

    ngx_conf_init_msec_value(pmcf->timeout, 200);
    ngx_conf_init_msec_value(pmcf->stale, 10000);
    ngx_conf_init_value(pmcf->accounts, NGX_HTTP_PRIVACY_ACCOUNTS);
    ngx_conf_init_value(pmcf->sweep, 1);
    ngx_conf_init_value(pmcf->log_retention, PRIVACY_LOG_RETENTION / 1000);

    if (pmcf->prefix.len == 0) {
        ngx_str_set(&pmcf->prefix, "privacy");
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_privacy_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_privacy_loc_conf_t  *plcf;

    plcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_privacy_loc_conf_t));
    if (plcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     plcf->values[] = { NULL, 0 };
     *     plcf->file = { 0, NULL };
     *     plcf->line = 0;
     *     plcf->api = 0;
     *     plcf->api_prefix = { 0, NULL };
     *     plcf->api_file = { 0, NULL };
     *     plcf->api_line = 0;
     */

    plcf->mode = NGX_CONF_UNSET_UINT;
    plcf->cut = NGX_CONF_UNSET_UINT;
    plcf->registry = NGX_CONF_UNSET;
    plcf->providers = NGX_CONF_UNSET;
    plcf->deny_status = NGX_CONF_UNSET;

    return plcf;
}


static char *
ngx_http_privacy_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_privacy_loc_conf_t *prev = parent;
    ngx_http_privacy_loc_conf_t *conf = child;

    ngx_uint_t                     i;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_privacy_place_t      *place;
    ngx_http_privacy_main_conf_t  *pmcf;

    if (ngx_http_privacy_api_merge(cf, prev, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (conf->mode == NGX_CONF_UNSET_UINT) {
        conf->file = prev->file;
        conf->line = prev->line;
    }

    ngx_conf_merge_uint_value(conf->mode, prev->mode, NGX_HTTP_PRIVACY_OFF);
    ngx_conf_merge_uint_value(conf->cut, prev->cut, NGX_HTTP_PRIVACY_CUT_ON);
    ngx_conf_merge_value(conf->registry, prev->registry, 0);
    ngx_conf_merge_value(conf->providers, prev->providers, 1);
    ngx_conf_merge_value(conf->deny_status, prev->deny_status,
                         NGX_HTTP_FORBIDDEN);

    for (i = 0; i < NGX_HTTP_PRIVACY_VALUES; i++) {
        if (conf->values[i].value == NULL) {
            conf->values[i] = prev->values[i];
        }
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_privacy_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    place = ngx_array_push(&pmcf->places);
    if (place == NULL) {
        return NGX_CONF_ERROR;
    }

    place->cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    place->clcf = clcf;
    place->loc_conf = ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf;

    if (conf->mode == NGX_HTTP_PRIVACY_OFF || conf->api) {
        return NGX_CONF_OK;
    }

    pmcf->gated = 1;

    /*
     * what has locations of its own may leave it to them to say who wants
     * what: a request that none of them takes is denied for lack of it
     */

    if (clcf->locations && !ngx_queue_empty(clcf->locations)) {
        return NGX_CONF_OK;
    }

    return ngx_http_privacy_check_loc_conf(cf, conf);
}


/* A gate that is on has all that the rules need */

static char *
ngx_http_privacy_check_loc_conf(ngx_conf_t *cf,
    ngx_http_privacy_loc_conf_t *conf)
{
    ngx_uint_t                     needs;
    privacy_str_t                  word;
    privacy_resource_e             resource;
    ngx_http_privacy_value_t      *values;
    ngx_http_privacy_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_privacy_module);

    if (pmcf->redis == NULL) {
        return ngx_http_privacy_missing(cf, conf, "privacy_redis");
    }

    values = conf->values;

#define ngx_http_privacy_has(i)                                              \
    (values[i].value                                                         \
     && (values[i].value->lengths || values[i].value->value.len))

    if (!ngx_http_privacy_has(NGX_HTTP_PRIVACY_USER)) {
        return ngx_http_privacy_missing(cf, conf, "privacy_user");
    }

    if (!ngx_http_privacy_has(NGX_HTTP_PRIVACY_ORGANIZATION)) {
        return ngx_http_privacy_missing(cf, conf, "privacy_organization");
    }

    if (!ngx_http_privacy_has(NGX_HTTP_PRIVACY_LEVEL)) {
        return ngx_http_privacy_missing(cf, conf, "privacy_level");
    }

    if (!ngx_http_privacy_has(NGX_HTTP_PRIVACY_RESOURCE)) {
        return ngx_http_privacy_missing(cf, conf, "privacy_resource");
    }

    needs = 1;

    if (values[NGX_HTTP_PRIVACY_RESOURCE].value->lengths == NULL) {
        word.data = (char *)
                    values[NGX_HTTP_PRIVACY_RESOURCE].value->value.data;
        word.len = values[NGX_HTTP_PRIVACY_RESOURCE].value->value.len;

        resource = privacy_resource_parse(word);

        needs = resource != PRIVACY_RESOURCE_SYSTEM
                && resource != PRIVACY_RESOURCE_MANAGE;
    }

    if (!ngx_http_privacy_has(NGX_HTTP_PRIVACY_ACCOUNT)) {

        if (!conf->registry) {
            return ngx_http_privacy_missing(cf, conf, "privacy_account\" or "
                                            "\"privacy_camera_registry on");
        }

        needs = 1;
    }

    if (needs && !ngx_http_privacy_has(NGX_HTTP_PRIVACY_CAMERA)) {
        return ngx_http_privacy_missing(cf, conf, "privacy_camera");
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_privacy_missing(ngx_conf_t *cf, ngx_http_privacy_loc_conf_t *conf,
    const char *what)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"privacy\" is on for location \"%V\" without \"%s\", "
                  "add it or turn \"privacy\" off there, in %V:%ui",
                  &clcf->name, what, &conf->file, conf->line);

    return NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_privacy_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt           *h;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_privacy_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_privacy_module);

    if (ngx_http_privacy_control_check(cf, pmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!pmcf->gated) {
        return NGX_OK;
    }

    if (ngx_http_privacy_policy_add_zone(cf, pmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_privacy_warn(cf, pmcf);

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_privacy_handler;

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_init_process(ngx_cycle_t *cycle)
{
    ngx_http_privacy_main_conf_t  *pmcf;

    /* the cache manager and the cache loader serve no requests */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_privacy_module);

    if (pmcf == NULL) {
        return NGX_OK;
    }

    if (ngx_http_privacy_control_init(pmcf,
                                      pmcf->gated ? ngx_http_privacy_policy()
                                                  : &pmcf->policy,
                                      cycle->log)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!pmcf->gated) {
        return NGX_OK;
    }

    return ngx_http_privacy_cache_init(pmcf, ngx_http_privacy_control_primary(),
                                       cycle->log);
}


static void
ngx_http_privacy_exit_process(ngx_cycle_t *cycle)
{
    /* first: a canary may be under way on its connection */

    ngx_http_privacy_control_exit();

    if (ngx_http_privacy_cache.conf) {
        ngx_http_privacy_cache_exit();
    }
}


static char *
ngx_http_privacy(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_loc_conf_t *plcf = conf;

    plcf->file = cf->conf_file->file.name;
    plcf->line = cf->conf_file->line;

    return ngx_conf_set_enum_slot(cf, cmd, conf);
}


static char *
ngx_http_privacy_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_main_conf_t *pmcf = conf;

    if (pmcf->redis) {
        return "is duplicate";
    }

    pmcf->redis = ngx_http_privacy_redis_conf(cf);

    return pmcf->redis ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_privacy_prefix(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_main_conf_t *pmcf = conf;

    ngx_str_t      *value;
    privacy_str_t   prefix;

    if (pmcf->prefix.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    prefix.data = (char *) value[1].data;
    prefix.len = value[1].len;

    if (!privacy_prefix_valid(prefix)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid prefix \"%V\" in \"privacy_prefix\", use 1 "
                           "to %d letters, digits and \"._-:\"", &value[1],
                           PRIVACY_PREFIX_MAX);
        return NGX_CONF_ERROR;
    }

    pmcf->prefix = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_privacy_set_value(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                         *args;
    ngx_uint_t                         which;
    ngx_http_privacy_value_t          *value;
    ngx_http_compile_complex_value_t   ccv;

    value = (ngx_http_privacy_value_t *) ((u_char *) conf + cmd->offset);

    if (value->value) {
        return "is duplicate";
    }

    value->value = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (value->value == NULL) {
        return NGX_CONF_ERROR;
    }

    args = cf->args->elts;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &args[1];
    ccv.complex_value = value->value;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    value->index = ngx_http_privacy_only_variable(cf, &args[1]);

    which = (cmd->offset - offsetof(ngx_http_privacy_loc_conf_t, values))
            / sizeof(ngx_http_privacy_value_t);

    return ngx_http_privacy_check_value(cf, which, &args[1],
                                        value->value->lengths == NULL);
}


static char *
ngx_http_privacy_role(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_main_conf_t *pmcf = conf;

    uint32_t                bit;
    ngx_str_t              *value;
    ngx_uint_t              i;
    privacy_str_t           name, bad, *words;
    privacy_role_error_e    rc;
    const privacy_role_t   *role;

    value = cf->args->elts;

    words = ngx_palloc(cf->temp_pool, cf->args->nelts * sizeof(privacy_str_t));
    if (words == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < cf->args->nelts; i++) {
        words[i].data = (char *) value[i].data;
        words[i].len = value[i].len;
    }

    name = words[1];
    ngx_memzero(&bad, sizeof(privacy_str_t));

    rc = privacy_roles_define(&pmcf->policy.roles, name, &words[2],
                              cf->args->nelts - 2, &bad);

    switch (rc) {

    case PRIVACY_ROLE_OK:
        break;

    case PRIVACY_ROLE_BAD_NAME:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid role name \"%V\" in \"privacy_role\", use "
                           "1 to %d letters, digits and \"_-\"", &value[1],
                           PRIVACY_ROLE_NAME_MAX);
        return NGX_CONF_ERROR;

    case PRIVACY_ROLE_BAD_WORD:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown \"%*s\" in \"privacy_role\", use system, "
                           "manage, live, archive, export, cameras=all or "
                           "cameras=assigned", bad.len, bad.data);
        return NGX_CONF_ERROR;

    case PRIVACY_ROLE_DUPLICATE_WORD:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%*s\" in \"privacy_role\" is duplicate",
                           bad.len, bad.data);
        return NGX_CONF_ERROR;

    default: /* PRIVACY_ROLE_TOO_MANY */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "too many \"privacy_role\", at most %d roles",
                           PRIVACY_ROLES_MAX);
        return NGX_CONF_ERROR;
    }

    role = privacy_roles_lookup(&pmcf->policy.roles, name);
    bit = 1u << (role - pmcf->policy.roles.roles);

    if (pmcf->roles & bit) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "role \"%V\" in \"privacy_role\" is duplicate",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    pmcf->roles |= bit;

    return NGX_CONF_OK;
}


static char *
ngx_http_privacy_grant_ttl(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_main_conf_t *pmcf = conf;

    ngx_int_t         ms;
    ngx_str_t        *value;
    privacy_str_t     word;
    privacy_level_e   level;

    value = cf->args->elts;

    word.data = (char *) value[1].data;
    word.len = value[1].len;

    level = privacy_level_parse(word);

    if (!privacy_is_provider(level)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown level \"%V\" in \"privacy_grant_ttl\", "
                           "grants are given to \"integrator\" and "
                           "\"vendor\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (pmcf->ttls & (1u << level)) {
        return "is duplicate";
    }

    pmcf->ttls |= 1u << level;

    if (ngx_strcmp(value[2].data, "off") == 0) {
        pmcf->policy.grant_ttl[level] = 0;
        return NGX_CONF_OK;
    }

    ms = ngx_parse_time(&value[2], 0);

    if (ms == NGX_ERROR || ms == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" in \"privacy_grant_ttl\", use "
                           "\"24h\" or the like, or \"off\" for no limit",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    pmcf->policy.grant_ttl[level] = ms;

    return NGX_CONF_OK;
}


static char *
ngx_http_privacy_reset(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_main_conf_t *pmcf = conf;

    ngx_str_t      *value;
    privacy_str_t   time, offset;

    if (pmcf->reset) {
        return "is duplicate";
    }

    value = cf->args->elts;

    time.data = (char *) value[1].data;
    time.len = value[1].len;
    offset.data = (char *) value[2].data;
    offset.len = value[2].len;

    if (privacy_reset_parse(time, offset, &pmcf->policy.reset) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V %V\" in \"privacy_reset\", use "
                           "a time of day and its offset to UTC, such as "
                           "\"00:00 -05:00\"", &value[1], &value[2]);
        return NGX_CONF_ERROR;
    }

    pmcf->reset = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_privacy_cache_size(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_main_conf_t *pmcf = conf;

    ngx_str_t  *value;

    if (pmcf->accounts != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        pmcf->accounts = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value[1].data, "accounts=", 9) == 0) {
        pmcf->accounts = ngx_atoi(value[1].data + 9, value[1].len - 9);

        /* the number of cameras is a multiple, of buckets a power of two */

        if (pmcf->accounts > 0 && pmcf->accounts <= 16 * 1024 * 1024) {
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"privacy_cache\", use "
                       "\"off\" or \"accounts=N\" with 1 to 16777216",
                       &value[1]);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_privacy_status(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t  *status = data;

    if (*status < 400 || *status > 499) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid status \"%i\" in \"privacy_deny_status\", "
                           "use 400 to 499", *status);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_privacy_positive(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t  *ms = data;

    if (*ms == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"privacy_timeout\" must be longer than 0");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
