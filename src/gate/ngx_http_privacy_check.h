
/*
 * Checks of the configuration.
 */

#ifndef _NGX_HTTP_PRIVACY_CHECK_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_CHECK_H_INCLUDED_


#include "ngx_http_privacy_conf.h"


/* The index of "$name" or "${name}"; NGX_ERROR where there is more to it */

ngx_int_t ngx_http_privacy_only_variable(ngx_conf_t *cf, ngx_str_t *value);

/*
 * Checks one of the values of ngx_http_privacy_value_e as it was written: a
 * constant has to be right, identity should not come from the client
 */

char *ngx_http_privacy_check_value(ngx_conf_t *cf, ngx_uint_t which,
    ngx_str_t *value, ngx_uint_t constant);

/* Warns of what leads around the gate; after all is merged */

void ngx_http_privacy_warn(ngx_conf_t *cf, ngx_http_privacy_main_conf_t *pmcf);


#endif /* _NGX_HTTP_PRIVACY_CHECK_H_INCLUDED_ */
