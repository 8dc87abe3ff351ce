
/*
 * Control in the configuration and in a worker's life.
 */

#include "ngx_http_privacy_control.h"
#include "ngx_http_privacy_api.h"


/*
 * What nginx itself lets pass of a body where the operator is not stricter
 * than the API: all that says its length, for the API refuses it better, and
 * so much of what does not
 */

#define NGX_HTTP_PRIVACY_BODY_PASS  (64 * 1024 * 1024)

/* Seconds; in ms it has to fit into what Redis takes */

#define NGX_HTTP_PRIVACY_RETENTION_MAX  ((time_t) 1000 * 365 * 24 * 3600)


static char *ngx_http_privacy_api_prefix(ngx_conf_t *cf,
    ngx_http_privacy_loc_conf_t *prev, ngx_http_privacy_loc_conf_t *conf,
    ngx_http_core_loc_conf_t *clcf);
static char *ngx_http_privacy_api_complete(ngx_conf_t *cf,
    ngx_http_privacy_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf);
static char *ngx_http_privacy_api_error(ngx_conf_t *cf,
    ngx_http_privacy_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf,
    const char *text);


char *
ngx_http_privacy_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_loc_conf_t *plcf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    if (plcf->api) {
        return "is duplicate";
    }

    plcf->api = 1;
    plcf->api_file = cf->conf_file->file.name;
    plcf->api_line = cf->conf_file->line;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "has no effect: the location has another content handler";
    }

    clcf->handler = ngx_http_privacy_api_handler;

    return NGX_CONF_OK;
}


char *
ngx_http_privacy_redis_primary(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_main_conf_t *pmcf = conf;

    if (pmcf->primary) {
        return "is duplicate";
    }

    pmcf->primary = ngx_http_privacy_redis_conf(cf);

    return pmcf->primary ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_privacy_log_retention(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_privacy_main_conf_t *pmcf = conf;

    char       *rv;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (pmcf->log_retention == NGX_CONF_UNSET
        && ngx_strcmp(value[1].data, "off") == 0)
    {
        pmcf->log_retention = 0;
        return NGX_CONF_OK;
    }

    rv = ngx_conf_set_sec_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (pmcf->log_retention < 1
        || pmcf->log_retention > NGX_HTTP_PRIVACY_RETENTION_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" in \"privacy_log_retention\", "
                           "use \"1y\", \"90d\" or the like, or \"off\" to "
                           "keep all", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_privacy_api_merge(ngx_conf_t *cf, ngx_http_privacy_loc_conf_t *prev,
    ngx_http_privacy_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_privacy_main_conf_t  *pmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!conf->api) {

        /*
         * An "if" of an API location goes on with its handler.  A location
         * below it does not, and is gated if it is said to be; but if it is
         * of the API itself, its paths begin where those of the outer one do.
         */

        conf->api_prefix = prev->api_prefix;
        conf->api_file = prev->api_file;
        conf->api_line = prev->api_line;

        if (clcf->noname && prev->api && clcf->handler == NULL) {
            conf->api = 1;
            clcf->handler = ngx_http_privacy_api_handler;
        }

        return NGX_CONF_OK;
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_privacy_module);
    pmcf->api = 1;

    if (conf->mode != NGX_CONF_UNSET_UINT
        && conf->mode != NGX_HTTP_PRIVACY_OFF)
    {
        return ngx_http_privacy_api_error(cf, conf, clcf,
                                          "stands beside \"privacy\": the "
                                          "gate is for what is watched, the "
                                          "API checks by itself who may do "
                                          "what; use two locations");
    }

    return ngx_http_privacy_api_prefix(cf, prev, conf, clcf);
}


/* Without its last slash, with which each path below it begins */

static char *
ngx_http_privacy_api_prefix(ngx_conf_t *cf, ngx_http_privacy_loc_conf_t *prev,
    ngx_http_privacy_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf)
{
    if (clcf->named) {
        return ngx_http_privacy_api_error(cf, conf, clcf,
                                          "needs a location with a prefix, "
                                          "not a named one");
    }

    if (prev->api_prefix.data) {
        conf->api_prefix = prev->api_prefix;
        return NGX_CONF_OK;
    }

    if (clcf->exact_match
#if (NGX_PCRE)
        || clcf->regex
#endif
       )
    {
        return ngx_http_privacy_api_error(cf, conf, clcf,
                                          "needs a location with a prefix: "
                                          "its paths are what follows that; "
                                          "an exact one, or one of a regular "
                                          "expression, can be inside of it");
    }

    conf->api_prefix = clcf->name;

    if (clcf->name.len && clcf->name.data[clcf->name.len - 1] == '/') {
        conf->api_prefix.len--;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_privacy_api_error(ngx_conf_t *cf, ngx_http_privacy_loc_conf_t *conf,
    ngx_http_core_loc_conf_t *clcf, const char *text)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"privacy_api\" in location \"%V\" %s, in %V:%ui",
                  &clcf->name, text, &conf->api_file, conf->api_line);

    return NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_privacy_control_check(ngx_conf_t *cf,
    ngx_http_privacy_main_conf_t *pmcf)
{
    ngx_uint_t                    i;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_privacy_place_t     *places;
    ngx_http_privacy_loc_conf_t  *plcf;

    if (pmcf->primary && pmcf->redis == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"privacy_redis_primary\" without \"privacy_redis\": "
                      "the one takes changes, the other is read by the gate; "
                      "if there is only one Redis, it is \"privacy_redis\"");
        return NGX_ERROR;
    }

    places = pmcf->places.elts;

    for (i = 0; i < pmcf->places.nelts; i++) {
        clcf = places[i].clcf;
        plcf = places[i].loc_conf[ngx_http_privacy_module.ctx_index];

        if (!plcf->api) {
            continue;
        }

        if (pmcf->redis == NULL) {
            (void) ngx_http_privacy_api_error(cf, plcf, clcf,
                                              "needs \"privacy_redis\"");
            return NGX_ERROR;
        }

        if (ngx_http_privacy_api_complete(cf, plcf, clcf) != NGX_CONF_OK) {
            return NGX_ERROR;
        }

        if (clcf->client_max_body_size == 0
            || clcf->client_max_body_size >= PRIVACY_BODY_MAX)
        {
            clcf->client_max_body_size = NGX_HTTP_PRIVACY_BODY_PASS;
        }
    }

    return NGX_OK;
}


static char *
ngx_http_privacy_api_complete(ngx_conf_t *cf,
    ngx_http_privacy_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf)
{
    ngx_uint_t                 i;
    ngx_http_complex_value_t  *value;

    static const char  *needs[] = {
        "needs \"privacy_user\"",
        "needs \"privacy_organization\"",
        "needs \"privacy_level\""
    };

    /* whatever else answers would do so without the gate */

    if (clcf->handler != ngx_http_privacy_api_handler) {
        return ngx_http_privacy_api_error(cf, conf, clcf,
                                          "has no effect: the location has "
                                          "another content handler");
    }

    for (i = NGX_HTTP_PRIVACY_USER; i <= NGX_HTTP_PRIVACY_LEVEL; i++) {
        value = conf->values[i].value;

        if (value == NULL || (value->lengths == NULL && value->value.len == 0))
        {
            return ngx_http_privacy_api_error(cf, conf, clcf, needs[i]);
        }
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_privacy_control_init(ngx_http_privacy_main_conf_t *pmcf,
    const privacy_policy_t *policy, ngx_log_t *log)
{
    if (pmcf->redis == NULL
        || !(pmcf->api || pmcf->sweep || (pmcf->primary && pmcf->gated)))
    {
        return NGX_OK;
    }

    if (ngx_http_privacy_drive_init(pmcf, policy, log) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pmcf->sweep) {
        ngx_http_privacy_sweep_init(log);
    }

    return NGX_OK;
}


void
ngx_http_privacy_control_exit(void)
{
    ngx_http_privacy_sweep_exit();
    ngx_http_privacy_drive_exit();
}


ngx_http_privacy_redis_t *
ngx_http_privacy_control_primary(void)
{
    return ngx_http_privacy_drive_primary();
}
