
/*
 * Control: the API, the nightly sweep, and the connection that both use.
 */

#ifndef _NGX_HTTP_PRIVACY_CONTROL_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_CONTROL_H_INCLUDED_


#include "ngx_http_privacy_conf.h"
#include "privacy_action.h"


/* The setters of privacy_api, privacy_redis_primary, privacy_log_retention */

char *ngx_http_privacy_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_privacy_redis_primary(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_privacy_log_retention(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Merges what is the API's of a location; "mode" must not be merged yet.  An
 * error is logged.
 */

char *ngx_http_privacy_api_merge(ngx_conf_t *cf,
    ngx_http_privacy_loc_conf_t *prev, ngx_http_privacy_loc_conf_t *conf);

/* Checks of the API's locations; after all is merged */

ngx_int_t ngx_http_privacy_control_check(ngx_conf_t *cf,
    ngx_http_privacy_main_conf_t *pmcf);


/*
 * In its worker.  The policy lives as long as that.  Does nothing where
 * nothing of it is configured.
 */

ngx_int_t ngx_http_privacy_control_init(ngx_http_privacy_main_conf_t *pmcf,
    const privacy_policy_t *policy, ngx_log_t *log);
void ngx_http_privacy_control_exit(void);

/*
 * The connection to the Redis that takes writes, if it is another one than
 * the gate reads from, else NULL
 */

ngx_http_privacy_redis_t *ngx_http_privacy_control_primary(void);


/* The sweep's own: of ngx_http_privacy_control_init() and .._exit() */

void ngx_http_privacy_sweep_init(ngx_log_t *log);
void ngx_http_privacy_sweep_exit(void);


#endif /* _NGX_HTTP_PRIVACY_CONTROL_H_INCLUDED_ */
