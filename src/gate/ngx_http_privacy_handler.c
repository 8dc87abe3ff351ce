
/*
 * The gate: asks nginx' variables who wants what, has the core decide, reads
 * facts where the core wants them, and lets pass or denies.
 */

#include "ngx_http_privacy_gate.h"


/* What a Retry-After says in an outage, in seconds */

#define NGX_HTTP_PRIVACY_RETRY_AFTER  "1"


/* One pass of the gate over a request, while it is on the stack */

typedef struct {
    ngx_http_request_t              *request;
    ngx_http_privacy_loc_conf_t     *plcf;
    ngx_http_privacy_ctx_t          *ctx;
    privacy_subject_t                subject;
    privacy_str_t                    said;     /* privacy_account's value */
    privacy_step_e                   step;
    privacy_verdict_t                verdict;
    ngx_http_privacy_camera_t       *camera;   /* of the cache */
    ngx_http_privacy_account_t      *account;
    ngx_http_privacy_org_t          *org;
    ngx_http_privacy_cache_status_e  cached;
    ngx_http_privacy_waiter_e        waited;   /* of the step, how it ended */
} ngx_http_privacy_pass_t;


static ngx_int_t ngx_http_privacy_begin(ngx_http_privacy_pass_t *pass);
static ngx_int_t ngx_http_privacy_resume(ngx_http_privacy_pass_t *pass);
static ngx_int_t ngx_http_privacy_owner(ngx_http_privacy_pass_t *pass);
static ngx_int_t ngx_http_privacy_facts(ngx_http_privacy_pass_t *pass);
static ngx_int_t ngx_http_privacy_obtain(ngx_http_privacy_pass_t *pass,
    ngx_http_privacy_entry_t *entry, ngx_http_privacy_org_t *org);
static ngx_int_t ngx_http_privacy_suspend(ngx_http_privacy_pass_t *pass,
    ngx_http_privacy_entry_t *entry, ngx_http_privacy_org_t *org);
static ngx_int_t ngx_http_privacy_own_variables(ngx_http_request_t *r);
static void ngx_http_privacy_wake(ngx_event_t *ev);
static ngx_int_t ngx_http_privacy_finish(ngx_http_privacy_pass_t *pass);
static void ngx_http_privacy_let_go(ngx_http_privacy_ctx_t *ctx);
static ngx_int_t ngx_http_privacy_deny(ngx_http_privacy_pass_t *pass);
static ngx_int_t ngx_http_privacy_header(ngx_http_request_t *r, char *name,
    char *value);
static void ngx_http_privacy_cleanup(void *data);


ngx_int_t
ngx_http_privacy_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_privacy_ctx_t       *ctx;
    ngx_http_privacy_pass_t       pass;
    ngx_http_privacy_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_privacy_module);

    if (plcf->mode == NGX_HTTP_PRIVACY_OFF || plcf->api) {
        return NGX_DECLINED;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "privacy handler: \"%V\"", &r->uri);

    ctx = ngx_http_privacy_need_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&pass, sizeof(ngx_http_privacy_pass_t));

    pass.request = r;
    pass.plcf = plcf;
    pass.ctx = ctx;

    if (ctx->suspended
        && ctx->suspended->waiter.state != NGX_HTTP_PRIVACY_WAITER_IDLE)
    {
        rc = ngx_http_privacy_resume(&pass);

    } else {
        rc = ngx_http_privacy_begin(&pass);
    }

    if (rc == NGX_OK && pass.step == PRIVACY_WANTS_OWNER) {
        rc = ngx_http_privacy_owner(&pass);
    }

    if (rc == NGX_OK && pass.step == PRIVACY_WANTS_FACTS) {
        rc = ngx_http_privacy_facts(&pass);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_privacy_finish(&pass);
}


/* Who wants what; most requests of owners are decided right here */

static ngx_int_t
ngx_http_privacy_begin(ngx_http_privacy_pass_t *pass)
{
    ngx_http_request_t        *r;
    privacy_request_t          request;
    ngx_http_privacy_value_t  *values;

    r = pass->request;
    values = pass->plcf->values;

    if (ngx_http_privacy_evaluate(r, &values[NGX_HTTP_PRIVACY_USER],
                                  &request.user)
        != NGX_OK
        || ngx_http_privacy_evaluate(r, &values[NGX_HTTP_PRIVACY_ORGANIZATION],
                                     &request.organization)
           != NGX_OK
        || ngx_http_privacy_evaluate(r, &values[NGX_HTTP_PRIVACY_LEVEL],
                                     &request.level)
           != NGX_OK
        || ngx_http_privacy_evaluate(r, &values[NGX_HTTP_PRIVACY_ACCOUNT],
                                     &request.account)
           != NGX_OK
        || ngx_http_privacy_evaluate(r, &values[NGX_HTTP_PRIVACY_CAMERA],
                                     &request.camera)
           != NGX_OK
        || ngx_http_privacy_evaluate(r, &values[NGX_HTTP_PRIVACY_RESOURCE],
                                     &request.resource)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    request.registry = pass->plcf->registry;
    request.all_serve = !pass->plcf->providers;

    pass->said = request.account;
    pass->step = privacy_decide_request(&request, &pass->subject,
                                        &pass->verdict);

    return NGX_OK;
}


/* The event of a suspended request has come: its step goes on */

static ngx_int_t
ngx_http_privacy_resume(ngx_http_privacy_pass_t *pass)
{
    ngx_http_privacy_waiter_t     *waiter;
    ngx_http_privacy_suspended_t  *suspended;

    suspended = pass->ctx->suspended;
    waiter = &suspended->waiter;

    if (waiter->state == NGX_HTTP_PRIVACY_WAITER_WAITING) {
        return NGX_AGAIN;
    }

    pass->waited = waiter->state;
    pass->subject = suspended->subject;
    pass->said = suspended->said;
    pass->step = suspended->step;
    pass->cached = suspended->cached;

    if (pass->step == PRIVACY_WANTS_OWNER) {
        pass->camera = (ngx_http_privacy_camera_t *) waiter->entry;

    } else {
        pass->camera = suspended->camera;
        pass->account = (ngx_http_privacy_account_t *) waiter->entry;
        pass->org = waiter->org;
    }

    return NGX_OK;
}


/* Whose the camera is, says the registry */

static ngx_int_t
ngx_http_privacy_owner(ngx_http_privacy_pass_t *pass)
{
    ngx_int_t                   rc;
    privacy_str_t               owner;
    ngx_http_privacy_entry_t   *entry;
    ngx_http_privacy_camera_t  *camera;

    if (pass->camera == NULL) {
        pass->camera = (ngx_http_privacy_camera_t *)
                       ngx_http_privacy_cache_entry(
                           NGX_HTTP_PRIVACY_ENTRY_CAMERA,
                           pass->subject.camera);
        if (pass->camera == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    camera = pass->camera;
    entry = &camera->entry;

    rc = ngx_http_privacy_obtain(pass, entry, NULL);

    if (rc == NGX_DECLINED && entry->has
        && !privacy_is_provider(pass->subject.level))
    {
        /* owners keep the last known account as long as the outage lasts */

        pass->cached = NGX_HTTP_PRIVACY_CACHE_STALE;
        rc = NGX_OK;
    }

    if (rc == NGX_DECLINED) {
        privacy_decide_unavailable(&pass->verdict);
        pass->step = PRIVACY_DECIDED;
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    owner.data = camera->owner;
    owner.len = camera->owner_len;

    if (camera->ends && camera->ends <= ngx_http_privacy_wall()) {
        owner.len = 0;
    }

    /* the subject's account outlives this camera's entry */

    if (owner.len) {
        owner.data = ngx_pnalloc(pass->request->pool, owner.len);
        if (owner.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_memcpy((char *) owner.data, camera->owner, owner.len);
    }

    pass->step = privacy_decide_owner(&pass->subject, owner, camera->ends,
                                      &pass->verdict);

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_facts(ngx_http_privacy_pass_t *pass)
{
    ngx_int_t         rc;
    privacy_facts_t   facts;

    if (pass->account == NULL) {
        pass->account = (ngx_http_privacy_account_t *)
                        ngx_http_privacy_cache_entry(
                            NGX_HTTP_PRIVACY_ENTRY_ACCOUNT,
                            pass->subject.account);
        if (pass->account == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        pass->org = ngx_http_privacy_cache_org(pass->account,
                                               pass->subject.organization);
        if (pass->org == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    rc = ngx_http_privacy_obtain(pass, &pass->account->entry, pass->org);

    if (rc == NGX_DECLINED) {
        privacy_decide_unavailable(&pass->verdict);
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    facts.unrestricted = pass->account->unrestricted.fact;
    facts.excluded = pass->account->excluded.fact;
    facts.providers = pass->account->providers.fact;
    facts.grant = pass->org->grant.fact;

    privacy_decide_facts(ngx_http_privacy_policy(), &pass->subject, &facts,
                         ngx_http_privacy_wall(), &pass->verdict);

    return NGX_OK;
}


/*
 * NGX_OK: the entry may be used.  NGX_DECLINED: it is not to be had.
 * NGX_AGAIN: suspended.
 */

static ngx_int_t
ngx_http_privacy_obtain(ngx_http_privacy_pass_t *pass,
    ngx_http_privacy_entry_t *entry, ngx_http_privacy_org_t *org)
{
    ngx_int_t                  rc;
    ngx_http_privacy_waiter_e  waited;

    /* the answer to this step, and to no later one */

    waited = pass->waited;
    pass->waited = NGX_HTTP_PRIVACY_WAITER_IDLE;

    if (waited == NGX_HTTP_PRIVACY_WAITER_READ) {

        if (pass->cached != NGX_HTTP_PRIVACY_CACHE_STALE) {
            pass->cached = NGX_HTTP_PRIVACY_CACHE_MISS;
        }

        return NGX_OK;
    }

    if (waited == NGX_HTTP_PRIVACY_WAITER_IDLE) {

        if (ngx_http_privacy_fetch_cached(entry, org)) {

            if (pass->cached == NGX_HTTP_PRIVACY_CACHE_NONE) {
                pass->cached = NGX_HTTP_PRIVACY_CACHE_HIT;
            }

            return NGX_OK;
        }

        rc = ngx_http_privacy_suspend(pass, entry, org);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ngx_http_privacy_fetch_usable(entry, org)) {
        pass->cached = NGX_HTTP_PRIVACY_CACHE_STALE;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_privacy_suspend(ngx_http_privacy_pass_t *pass,
    ngx_http_privacy_entry_t *entry, ngx_http_privacy_org_t *org)
{
    ngx_int_t                      rc;
    ngx_http_request_t            *r;
    ngx_http_privacy_suspended_t  *suspended;

    r = pass->request;
    suspended = pass->ctx->suspended;

    if (suspended == NULL) {
        suspended = ngx_pcalloc(r->pool, sizeof(ngx_http_privacy_suspended_t));
        if (suspended == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        suspended->waiter.event.handler = ngx_http_privacy_wake;
        suspended->waiter.event.data = r;
        suspended->waiter.event.log = r->connection->log;

        pass->ctx->suspended = suspended;
    }

    if (r != r->main && !suspended->variables) {

        if (ngx_http_privacy_own_variables(r) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        suspended->variables = 1;
    }

    if (pass->step == PRIVACY_WANTS_FACTS && pass->camera
        && suspended->camera == NULL)
    {
        suspended->camera = pass->camera;
        suspended->camera->entry.refs++;
    }

    ngx_http_privacy_fetch_leave(&suspended->waiter);

    rc = ngx_http_privacy_fetch_wait(&suspended->waiter, entry, org);

    if (rc != NGX_AGAIN) {
        return rc;
    }

    suspended->subject = pass->subject;
    suspended->said = pass->said;
    suspended->step = pass->step;
    suspended->cached = pass->cached;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_AGAIN;
}


/*
 * nginx has a request and its subrequests share their variables.  While one
 * waits, the next one's location would write its captures over those that
 * were decided on, and the content handler would go by them: a subrequest
 * that waits takes a copy.
 */

static ngx_int_t
ngx_http_privacy_own_variables(ngx_http_request_t *r)
{
    size_t                      size;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_variable_value_t  *variables;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);

    variables = ngx_palloc(r->pool, size);
    if (variables == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(variables, r->variables, size);
    r->variables = variables;

    return NGX_OK;
}


static void
ngx_http_privacy_wake(ngx_event_t *ev)
{
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_privacy_ctx_t     *ctx;
    ngx_http_privacy_waiter_t  *waiter;

    r = ev->data;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "privacy wake: \"%V\"", &r->uri);

    ctx = ngx_http_privacy_get_ctx(r);
    waiter = &ctx->suspended->waiter;

    if (waiter->state == NGX_HTTP_PRIVACY_WAITER_WAITING) {
        ngx_log_error(NGX_LOG_WARN, c->log, 0,
                      "privacy: no answer from redis in time");
        waiter->state = NGX_HTTP_PRIVACY_WAITER_FAILED;
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_privacy_finish(ngx_http_privacy_pass_t *pass)
{
    ngx_int_t                rc;
    ngx_http_privacy_ctx_t  *ctx;

    ctx = pass->ctx;

    ctx->verdict = pass->verdict;
    ctx->decided = 1;
    ctx->shadow = (pass->plcf->mode == NGX_HTTP_PRIVACY_SHADOW);
    ctx->cached = pass->cached;
    ctx->cut_mode = pass->plcf->cut;

    rc = NGX_DECLINED;

    if (pass->verdict.allow) {

        if (pass->account || pass->camera) {

            if (ngx_http_privacy_live_attach(ctx, &pass->subject, pass->said,
                                             pass->account, pass->org,
                                             pass->camera, &pass->verdict)
                != NGX_OK)
            {
                rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }

    } else {
        rc = ngx_http_privacy_deny(pass);
    }

    ngx_http_privacy_let_go(ctx);

    return rc;
}


/* Of what a suspended request holds, if it is one */

static void
ngx_http_privacy_let_go(ngx_http_privacy_ctx_t *ctx)
{
    ngx_http_privacy_suspended_t  *suspended;

    suspended = ctx->suspended;

    if (suspended == NULL) {
        return;
    }

    ngx_http_privacy_fetch_leave(&suspended->waiter);

    if (suspended->camera) {
        suspended->camera->entry.refs--;
        suspended->camera = NULL;
    }
}


static ngx_int_t
ngx_http_privacy_deny(ngx_http_privacy_pass_t *pass)
{
    ngx_uint_t           level;
    privacy_str_t        reason;
    ngx_http_request_t  *r;

    r = pass->request;
    reason = privacy_reason_name(pass->verdict.reason);

    level = pass->verdict.reason == PRIVACY_REASON_UNAVAILABLE ? NGX_LOG_WARN
                                                               : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "privacy: %s, reason \"%*s\"",
                  pass->ctx->shadow ? "would be denied" : "denied",
                  reason.len, reason.data);

    if (pass->ctx->live) {
        ngx_http_privacy_live_detach(pass->ctx->live);
    }

    return pass->ctx->shadow ? NGX_DECLINED
                             : ngx_http_privacy_refuse(r,
                                                       pass->verdict.reason);
}


ngx_int_t
ngx_http_privacy_refuse(ngx_http_request_t *r, privacy_reason_e reason)
{
    ngx_http_privacy_loc_conf_t  *plcf;

    if (ngx_http_privacy_header(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (reason == PRIVACY_REASON_UNAVAILABLE) {

        if (ngx_http_privacy_header(r, "Retry-After",
                                    NGX_HTTP_PRIVACY_RETRY_AFTER)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_privacy_module);

    return plcf->deny_status;
}


/*
 * An answer of a subrequest has no headers of its own.  A request that is
 * denied twice, in its error_page too, says it once.
 */

static ngx_int_t
ngx_http_privacy_header(ngx_http_request_t *r, char *name, char *value)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    if (r != r->main) {
        return NGX_OK;
    }

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash && h[i].key.data == (u_char *) name) {
            return NGX_OK;
        }
    }

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


ngx_http_privacy_ctx_t *
ngx_http_privacy_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_privacy_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_privacy_module);

    if (ctx || (!r->internal && !r->filter_finalize)) {
        return ctx;
    }

    /* r->ctx was cleared by an internal redirect */

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_privacy_cleanup) {
            ctx = cln->data;

            if (ctx->request == r) {
                ngx_http_set_ctx(r, ctx, ngx_http_privacy_module);
                return ctx;
            }
        }
    }

    return NULL;
}


ngx_http_privacy_ctx_t *
ngx_http_privacy_need_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_privacy_ctx_t  *ctx;

    ctx = ngx_http_privacy_get_ctx(r);
    if (ctx) {
        return ctx;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_privacy_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_privacy_ctx_t));

    ctx->request = r;
    cln->handler = ngx_http_privacy_cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_privacy_module);

    return ctx;
}


static void
ngx_http_privacy_cleanup(void *data)
{
    ngx_http_privacy_ctx_t  *ctx = data;

    ngx_http_privacy_let_go(ctx);

    if (ctx->live) {
        ngx_http_privacy_live_detach(ctx->live);
    }
}
