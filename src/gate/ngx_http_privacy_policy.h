
/*
 * The policy in force: roles, limits of grants, the reset.  A reload changes
 * it for old workers as well, which may be draining for hours.
 */

#ifndef _NGX_HTTP_PRIVACY_POLICY_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_POLICY_H_INCLUDED_


#include "ngx_http_privacy_conf.h"


/* The zone in which workers of all cycles share it */

ngx_int_t ngx_http_privacy_policy_add_zone(ngx_conf_t *cf,
    ngx_http_privacy_main_conf_t *pmcf);

/*
 * In a new worker: its configuration's policy is the one in force.  "changed"
 * is called from a timer whenever a later configuration has replaced it.
 */

void ngx_http_privacy_policy_init(ngx_http_privacy_main_conf_t *pmcf,
    ngx_log_t *log, void (*changed)(void));
void ngx_http_privacy_policy_exit(void);

/* The worker's copy, good for as long as the worker lives */

const privacy_policy_t *ngx_http_privacy_policy(void);


#endif /* _NGX_HTTP_PRIVACY_POLICY_H_INCLUDED_ */
