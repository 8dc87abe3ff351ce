
/*
 * Checks of the configuration: constants that cannot be right are refused,
 * and what leads around the gate is warned of.
 */

#include "ngx_http_privacy_check.h"
#include "privacy_key.h"


static void ngx_http_privacy_warn_return(ngx_conf_t *cf,
    ngx_http_privacy_main_conf_t *pmcf, ngx_http_privacy_place_t *place);
static void ngx_http_privacy_warn_error_page(ngx_conf_t *cf,
    ngx_http_privacy_main_conf_t *pmcf, ngx_http_privacy_place_t *place);
static ngx_uint_t ngx_http_privacy_gated(ngx_http_privacy_main_conf_t *pmcf,
    ngx_http_core_srv_conf_t *cscf, ngx_str_t *uri);


static ngx_str_t  ngx_http_privacy_directives[] = {
    ngx_string("privacy_user"),
    ngx_string("privacy_organization"),
    ngx_string("privacy_level"),
    ngx_string("privacy_account"),
    ngx_string("privacy_camera"),
    ngx_string("privacy_resource")
};


/* The index of "$name" or "${name}"; NGX_ERROR where there is more to it */

ngx_int_t
ngx_http_privacy_only_variable(ngx_conf_t *cf, ngx_str_t *value)
{
    u_char      ch;
    size_t      i;
    ngx_str_t   name;

    if (value->len < 2 || value->data[0] != '$') {
        return NGX_ERROR;
    }

    name.data = value->data + 1;
    name.len = value->len - 1;

    if (name.data[0] == '{') {

        if (name.len < 3 || name.data[name.len - 1] != '}') {
            return NGX_ERROR;
        }

        name.data++;
        name.len -= 2;
    }

    /* a capture is no variable */

    if (name.data[0] >= '0' && name.data[0] <= '9') {
        return NGX_ERROR;
    }

    for (i = 0; i < name.len; i++) {
        ch = name.data[i];

        if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z')
            && (ch < '0' || ch > '9') && ch != '_')
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_get_variable_index(cf, &name);
}


static ngx_uint_t
ngx_http_privacy_from_client(ngx_str_t *value)
{
    u_char      *p, *last;
    ngx_uint_t   i;

    static ngx_str_t  sources[] = {
        ngx_string("http_"), ngx_string("arg_"), ngx_string("cookie_")
    };

    last = value->data + value->len;

    for (p = value->data; p < last; p++) {

        if (*p != '$') {
            continue;
        }

        if (p + 1 < last && p[1] == '{') {
            p++;
        }

        for (i = 0; i < sizeof(sources) / sizeof(ngx_str_t); i++) {
            if ((size_t) (last - p - 1) > sources[i].len
                && ngx_strncasecmp(p + 1, sources[i].data, sources[i].len)
                   == 0)
            {
                return 1;
            }
        }
    }

    return 0;
}


char *
ngx_http_privacy_check_value(ngx_conf_t *cf, ngx_uint_t which,
    ngx_str_t *value, ngx_uint_t constant)
{
    const char     *error;
    privacy_str_t   word;

    if (!constant) {

        if (which <= NGX_HTTP_PRIVACY_LEVEL
            && ngx_http_privacy_from_client(value))
        {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"%V\" takes \"%V\" from the client as it is: "
                               "whoever sends the request chooses who he is; "
                               "use what the portal's login has verified",
                               &ngx_http_privacy_directives[which], value);
        }

        return NGX_CONF_OK;
    }

    /* "" takes back what an outer level says */

    if (value->len == 0) {
        return NGX_CONF_OK;
    }

    word.data = (char *) value->data;
    word.len = value->len;
    error = NULL;

    switch (which) {

    case NGX_HTTP_PRIVACY_LEVEL:
        if (privacy_level_parse(word) == PRIVACY_LEVEL_NONE) {
            error = "unknown level, use client_admin, client, integrator, "
                    "vendor, federated, operator or a variable";
        }
        break;

    case NGX_HTTP_PRIVACY_RESOURCE:
        if (privacy_resource_parse(word) == PRIVACY_RESOURCE_NONE) {
            error = "unknown resource, use system, manage, live, archive, "
                    "export or a variable";
        }
        break;

    case NGX_HTTP_PRIVACY_USER:
        if (!privacy_user_valid(word)) {
            error = "not a user's name, use 1 to 256 bytes of UTF-8 without "
                    "control characters";
        }
        break;

    default:
        if (!privacy_id_valid(word)) {
            error = "not an id, use 1 to 128 letters, digits and \"._-@:+\"";
        }
    }

    if (error == NULL) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\" in \"%V\": "
                       "%s", value, &ngx_http_privacy_directives[which],
                       error);

    return NGX_CONF_ERROR;
}


void
ngx_http_privacy_warn(ngx_conf_t *cf, ngx_http_privacy_main_conf_t *pmcf)
{
    ngx_uint_t                    i;
    ngx_http_privacy_place_t     *places;
    ngx_http_privacy_loc_conf_t  *plcf;

    places = pmcf->places.elts;

    for (i = 0; i < pmcf->places.nelts; i++) {
        plcf = places[i].loc_conf[ngx_http_privacy_module.ctx_index];

        /* an "if" shares the codes and the error pages of its location */

        if (plcf->mode == NGX_HTTP_PRIVACY_OFF || plcf->api
            || places[i].clcf->noname)
        {
            continue;
        }

        ngx_http_privacy_warn_return(cf, pmcf, &places[i]);
        ngx_http_privacy_warn_error_page(cf, pmcf, &places[i]);
    }
}


/*
 * The rewrite module keeps its configuration to itself; its first member is
 * the array of codes, and each code starts with the address of a function.
 */

static void
ngx_http_privacy_warn_return(ngx_conf_t *cf,
    ngx_http_privacy_main_conf_t *pmcf, ngx_http_privacy_place_t *place)
{
    u_char                         *p, *last;
    ngx_uint_t                      i;
    ngx_array_t                    *codes;
    ngx_module_t                   *module;
    ngx_http_privacy_loc_conf_t    *plcf;
    ngx_http_script_return_code_t  *code;

    codes = NULL;

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        if (ngx_strcmp(module->name, "ngx_http_rewrite_module") == 0) {
            codes = *(ngx_array_t **) place->loc_conf[module->ctx_index];
        }
    }

    if (codes == NULL) {
        return;
    }

    plcf = place->loc_conf[ngx_http_privacy_module.ctx_index];

    p = codes->elts;
    last = p + codes->nelts * codes->size;

    for ( /* void */ ;
          p + sizeof(ngx_http_script_return_code_t) <= last;
          p += sizeof(uintptr_t))
    {
        code = (ngx_http_script_return_code_t *) p;

        if (code->code == ngx_http_script_return_code && code->status < 400) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"return\" answers before the gate: requests that "
                          "it answers in location \"%V\" are not gated, "
                          "although \"privacy\" is on in %V:%ui; move what "
                          "they get behind a content handler",
                          &place->clcf->name, &plcf->file, plcf->line);
            return;
        }
    }
}


static void
ngx_http_privacy_warn_error_page(ngx_conf_t *cf,
    ngx_http_privacy_main_conf_t *pmcf, ngx_http_privacy_place_t *place)
{
    ngx_str_t                    *uri;
    ngx_uint_t                    i;
    ngx_http_err_page_t          *pages;
    ngx_http_privacy_loc_conf_t  *plcf;

    if (place->clcf->error_pages == NULL) {
        return;
    }

    plcf = place->loc_conf[ngx_http_privacy_module.ctx_index];
    pages = place->clcf->error_pages->elts;

    for (i = 0; i < place->clcf->error_pages->nelts; i++) {

        if (pages[i].status != plcf->deny_status
            && pages[i].status != NGX_HTTP_SERVICE_UNAVAILABLE)
        {
            continue;
        }

        /* -1: the status stays; 0: it is the page's own */

        if (pages[i].overwrite < 0 || pages[i].overwrite >= 300) {
            continue;
        }

        uri = &pages[i].value.value;

        if (pages[i].value.lengths || uri->len == 0
            || (uri->data[0] != '/' && uri->data[0] != '@')
            || ngx_http_privacy_gated(pmcf, place->cscf, uri))
        {
            continue;
        }

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"error_page %i =\" in location \"%V\" answers a deny "
                      "with what \"%V\" says, which is not gated: the client "
                      "may see 200; \"privacy\" is on in %V:%ui",
                      pages[i].status, &place->clcf->name, uri, &plcf->file,
                      plcf->line);
    }
}


/* Where nginx would go with the URI, regular expressions left aside */

static ngx_uint_t
ngx_http_privacy_gated(ngx_http_privacy_main_conf_t *pmcf,
    ngx_http_core_srv_conf_t *cscf, ngx_str_t *uri)
{
    size_t                        best;
    ngx_uint_t                    i, gated;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_privacy_place_t     *places;
    ngx_http_privacy_loc_conf_t  *plcf;

    best = 0;
    gated = 0;
    places = pmcf->places.elts;

    for (i = 0; i < pmcf->places.nelts; i++) {
        clcf = places[i].clcf;

        /* the server's own has no name */

        if (places[i].cscf != cscf || clcf->noname || clcf->name.len == 0
            || clcf->name.len < best
#if (NGX_PCRE)
            || clcf->regex
#endif
            || clcf->name.len > uri->len
            || ngx_strncmp(clcf->name.data, uri->data, clcf->name.len) != 0)
        {
            continue;
        }

        if ((clcf->exact_match || clcf->named)
            && clcf->name.len != uri->len)
        {
            continue;
        }

        plcf = places[i].loc_conf[ngx_http_privacy_module.ctx_index];

        best = clcf->name.len;
        gated = (plcf->mode == NGX_HTTP_PRIVACY_ON && !plcf->api);
    }

    return gated;
}
