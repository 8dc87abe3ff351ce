
/*
 * Live requests.  A check takes a whole list over (so that nothing that
 * happens meanwhile is walked) and works it off in batches, for the loop must
 * not stand still: a cut is expensive, a look is not.
 */

#include "ngx_http_privacy_gate.h"


/* Of one turn of the event loop: units, and what a cut costs in them */

#define NGX_HTTP_PRIVACY_BATCH    1024
#define NGX_HTTP_PRIVACY_CUT_COST 8

/* ms: wall clocks are set, so no timer trusts one for longer than this */

#define NGX_HTTP_PRIVACY_RECHECK  30000


static void ngx_http_privacy_live_check_all(void);
static ngx_int_t ngx_http_privacy_live_list(ngx_http_privacy_entry_t *entry);
static void ngx_http_privacy_live_unlist(ngx_http_privacy_entry_t *entry);
static void ngx_http_privacy_live_timer(ngx_http_privacy_entry_t *entry,
    int64_t recheck_at);
static void ngx_http_privacy_live_recheck(ngx_event_t *ev);
static void ngx_http_privacy_live_handler(ngx_event_t *ev);
static void ngx_http_privacy_live_subject(ngx_http_privacy_live_t *live,
    privacy_subject_t *subject);
static ngx_uint_t ngx_http_privacy_live_decide(ngx_http_privacy_live_t *live,
    privacy_verdict_t *verdict);
static ngx_uint_t ngx_http_privacy_live_again(ngx_http_privacy_live_t *live,
    ngx_http_privacy_entry_t *entry);
static u_char *ngx_http_privacy_live_why(ngx_http_privacy_live_t *live,
    privacy_verdict_t *verdict);
static void ngx_http_privacy_live_cut(ngx_http_privacy_live_t *live,
    u_char *why, privacy_verdict_t *verdict);
static ngx_int_t ngx_http_privacy_live_answer(ngx_http_privacy_ctx_t *ctx,
    privacy_verdict_t *verdict);
static void ngx_http_privacy_live_reset(ngx_http_request_t *r);


void
ngx_http_privacy_live_init(void)
{
    ngx_http_privacy_cache_t  *cache;

    cache = &ngx_http_privacy_cache;

    ngx_queue_init(&cache->checking);

    cache->check.handler = ngx_http_privacy_live_handler;
    cache->check.log = cache->log;

    ngx_http_privacy_policy_init(cache->conf, cache->log,
                                 ngx_http_privacy_live_check_all);
}


void
ngx_http_privacy_live_exit(void)
{
    ngx_http_privacy_policy_exit();

    if (ngx_http_privacy_cache.check.posted) {
        ngx_delete_posted_event(&ngx_http_privacy_cache.check);
    }
}


ngx_int_t
ngx_http_privacy_live_attach(ngx_http_privacy_ctx_t *ctx,
    privacy_subject_t *subject, privacy_str_t said,
    ngx_http_privacy_account_t *account, ngx_http_privacy_org_t *org,
    ngx_http_privacy_camera_t *camera, privacy_verdict_t *verdict)
{
    ngx_http_privacy_live_t  *live;

    live = ctx->live;

    if (live == NULL) {

        /* of a subrequest, the main request's log line says why it was cut */

        if (ngx_http_privacy_need_ctx(ctx->request->main) == NULL) {
            return NGX_ERROR;
        }

        live = ngx_pcalloc(ctx->request->pool,
                           sizeof(ngx_http_privacy_live_t));
        if (live == NULL) {
            return NGX_ERROR;
        }

        live->ctx = ctx;
        ctx->live = live;

    } else {
        ngx_http_privacy_live_detach(live);
    }

    live->user = subject->user.data;
    live->user_len = (uint16_t) subject->user.len;
    live->organization = subject->organization.data;
    live->organization_len = (uint16_t) subject->organization.len;
    live->said = said.data;
    live->said_len = (uint16_t) said.len;
    live->asked = subject->camera.data;
    live->asked_len = (uint16_t) subject->camera.len;
    live->level = subject->level;
    live->resource = subject->resource;
    live->registry = subject->registry;
    live->all_serve = subject->all_serve;

    live->reason = verdict->reason;
    live->cut = 0;

    if ((account && ngx_http_privacy_live_list(&account->entry) != NGX_OK)
        || (camera && ngx_http_privacy_live_list(&camera->entry) != NGX_OK))
    {
        if (account) {
            ngx_http_privacy_live_unlist(&account->entry);
        }

        return NGX_ERROR;
    }

    if (account) {
        live->account = account;
        live->org = org;
        org->refs++;

        ngx_queue_insert_tail(&account->entry.live, &live->queue);
        ngx_http_privacy_live_timer(&account->entry, verdict->recheck_at);
    }

    if (camera) {
        live->camera = camera;

        ngx_queue_insert_tail(&camera->entry.live, &live->camera_queue);

        if (account == NULL) {
            ngx_http_privacy_live_timer(&camera->entry, verdict->recheck_at);
        }
    }

    /* decided on what was read for it, and announced to be old meanwhile? */

    if ((account && !ngx_http_privacy_fetch_current(&account->entry, org))
        || (camera && !ngx_http_privacy_fetch_current(&camera->entry, NULL)))
    {
        ngx_http_privacy_fetch_attend();
    }

    return NGX_OK;
}


void
ngx_http_privacy_live_detach(ngx_http_privacy_live_t *live)
{
    if (live->account) {
        ngx_queue_remove(&live->queue);
        ngx_http_privacy_live_unlist(&live->account->entry);
        live->org->refs--;

        live->account = NULL;
        live->org = NULL;
    }

    if (live->camera) {
        ngx_queue_remove(&live->camera_queue);
        ngx_http_privacy_live_unlist(&live->camera->entry);

        live->camera = NULL;
    }
}


static ngx_int_t
ngx_http_privacy_live_list(ngx_http_privacy_entry_t *entry)
{
    ngx_event_t  *ev;

    if (entry->in_lively) {
        return NGX_OK;
    }

    ev = entry->recheck;

    if (ev == NULL) {
        ev = ngx_calloc(sizeof(ngx_event_t), ngx_http_privacy_cache.log);
        if (ev == NULL) {
            return NGX_ERROR;
        }

        ev->handler = ngx_http_privacy_live_recheck;
        ev->data = entry;
        ev->log = ngx_http_privacy_cache.log;
        ev->cancelable = 1;

        entry->recheck = ev;
    }

    entry->in_lively = 1;
    ngx_queue_insert_tail(&ngx_http_privacy_cache.lively, &entry->lively);

    return NGX_OK;
}


/*
 * The timer stays: short requests follow one another, and it costs more to
 * take it away and set it again than to let it find nothing.
 */

static void
ngx_http_privacy_live_unlist(ngx_http_privacy_entry_t *entry)
{
    if (!entry->in_lively || !ngx_queue_empty(&entry->live)
        || !ngx_queue_empty(&entry->check))
    {
        return;
    }

    entry->in_lively = 0;
    ngx_queue_remove(&entry->lively);

    if (entry->in_checking) {
        entry->in_checking = 0;
        ngx_queue_remove(&entry->checking);
    }
}


static void
ngx_http_privacy_live_timer(ngx_http_privacy_entry_t *entry,
    int64_t recheck_at)
{
    int64_t  ms;

    if (recheck_at == 0
        || (entry->recheck_at && entry->recheck_at <= recheck_at))
    {
        return;
    }

    entry->recheck_at = recheck_at;

    ms = recheck_at - ngx_http_privacy_wall();
    ms = ngx_max(ms, 1);
    ms = ngx_min(ms, NGX_HTTP_PRIVACY_RECHECK);

    /* ngx_add_timer() leaves one as it is that is less than 300 ms off */

    if (entry->recheck->timer_set) {
        ngx_del_timer(entry->recheck);
    }

    ngx_add_timer(entry->recheck, (ngx_msec_t) ms);
}


static void
ngx_http_privacy_live_recheck(ngx_event_t *ev)
{
    int64_t                    recheck_at;
    ngx_http_privacy_entry_t  *entry;

    entry = ev->data;

    recheck_at = entry->recheck_at;
    entry->recheck_at = 0;

    if (recheck_at == 0 || !entry->in_lively) {
        return;
    }

    if (recheck_at > ngx_http_privacy_wall()) {
        ngx_http_privacy_live_timer(entry, recheck_at);
        return;
    }

    ngx_http_privacy_live_check(entry);
}


void
ngx_http_privacy_live_check(ngx_http_privacy_entry_t *entry)
{
    ngx_http_privacy_cache_t  *cache;

    cache = &ngx_http_privacy_cache;

    ngx_queue_add(&entry->check, &entry->live);
    ngx_queue_init(&entry->live);

    if (ngx_queue_empty(&entry->check)) {
        return;
    }

    entry->recheck_at = 0;

    if (!entry->in_checking) {
        entry->in_checking = 1;
        ngx_queue_insert_tail(&cache->checking, &entry->checking);
    }

    if (!cache->check.posted) {
        ngx_post_event(&cache->check, &ngx_posted_events);
    }
}


/* A reload has changed the policy: roles may be gone */

static void
ngx_http_privacy_live_check_all(void)
{
    ngx_queue_t               *q;
    ngx_http_privacy_cache_t  *cache;
    ngx_http_privacy_entry_t  *entry;

    cache = &ngx_http_privacy_cache;

    for (q = ngx_queue_head(&cache->lively);
         q != ngx_queue_sentinel(&cache->lively);
         q = ngx_queue_next(q))
    {
        entry = ngx_queue_data(q, ngx_http_privacy_entry_t, lively);
        ngx_http_privacy_live_check(entry);
    }
}


static void
ngx_http_privacy_live_handler(ngx_event_t *ev)
{
    ngx_int_t                  left;
    ngx_queue_t               *q;
    ngx_http_privacy_cache_t  *cache;
    ngx_http_privacy_live_t   *live;
    ngx_http_privacy_entry_t  *entry;

    cache = &ngx_http_privacy_cache;
    left = NGX_HTTP_PRIVACY_BATCH;

    while (left > 0 && !ngx_queue_empty(&cache->checking)) {

        q = ngx_queue_head(&cache->checking);
        entry = ngx_queue_data(q, ngx_http_privacy_entry_t, checking);

        if (ngx_queue_empty(&entry->check)) {
            ngx_queue_remove(&entry->checking);
            entry->in_checking = 0;
            continue;
        }

        q = ngx_queue_head(&entry->check);

        live = entry->kind == NGX_HTTP_PRIVACY_ENTRY_ACCOUNT
               ? ngx_queue_data(q, ngx_http_privacy_live_t, queue)
               : ngx_queue_data(q, ngx_http_privacy_live_t, camera_queue);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&entry->live, q);

        left -= ngx_http_privacy_live_again(live, entry)
                ? NGX_HTTP_PRIVACY_CUT_COST : 1;
    }

    if (!ngx_queue_empty(&cache->checking)) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


/* Decides one live request again; 1 if it was cut: it may be gone then */

static ngx_uint_t
ngx_http_privacy_live_again(ngx_http_privacy_live_t *live,
    ngx_http_privacy_entry_t *entry)
{
    u_char                   *why;
    privacy_verdict_t         verdict;
    ngx_http_privacy_ctx_t   *ctx;

    if (live->cut) {
        return 0;
    }

    ngx_memzero(&verdict, sizeof(privacy_verdict_t));

    if (ngx_http_privacy_live_decide(live, &verdict)) {
        live->ctx->verdict.recheck_at = verdict.recheck_at;
        live->reason = verdict.reason;

        ngx_http_privacy_live_timer(entry, verdict.recheck_at);

        return 0;
    }

    ctx = live->ctx;
    why = ngx_http_privacy_live_why(live, &verdict);

    /* said once, and not looked at again */

    live->cut = 1;

    ngx_log_error(NGX_LOG_INFO, ctx->request->connection->log, 0,
                  "privacy: %s, reason \"%s\"",
                  ctx->shadow || ctx->cut_mode == NGX_HTTP_PRIVACY_CUT_OFF
                  ? "would be cut"
                  : ctx->cut_mode == NGX_HTTP_PRIVACY_CUT_LINGER
                    ? "access ended, the answer goes on" : "cut", why);

    if (ctx->shadow || ctx->cut_mode != NGX_HTTP_PRIVACY_CUT_ON) {
        return 0;
    }

    ngx_http_privacy_live_cut(live, why, &verdict);

    return 1;
}


static void
ngx_http_privacy_live_subject(ngx_http_privacy_live_t *live,
    privacy_subject_t *subject)
{
    ngx_memzero(subject, sizeof(privacy_subject_t));

    subject->user.data = live->user;
    subject->user.len = live->user_len;
    subject->organization.data = live->organization;
    subject->organization.len = live->organization_len;
    subject->account.data = live->said;
    subject->account.len = live->said_len;
    subject->camera.data = live->asked;
    subject->camera.len = live->asked_len;
    subject->level = live->level;
    subject->resource = live->resource;
    subject->registry = live->registry;
    subject->all_serve = live->all_serve;
}


/* The core, for this request's own user, camera and resource; 1: allowed */

static ngx_uint_t
ngx_http_privacy_live_decide(ngx_http_privacy_live_t *live,
    privacy_verdict_t *verdict)
{
    privacy_str_t      owner;
    privacy_step_e     step;
    privacy_facts_t    facts;
    privacy_subject_t  subject;

    ngx_http_privacy_live_subject(live, &subject);
    step = PRIVACY_WANTS_FACTS;

    if (live->camera) {

        if (privacy_is_provider(subject.level)
            && !ngx_http_privacy_fetch_trusted(&live->camera->entry))
        {
            privacy_decide_unavailable(verdict);
            return 0;
        }

        owner.data = live->camera->owner;
        owner.len = live->camera->owner_len;

        if (live->camera->ends
            && live->camera->ends <= ngx_http_privacy_wall())
        {
            owner.len = 0;
        }

        step = privacy_decide_owner(&subject, owner, live->camera->ends,
                                    verdict);

    } else if (live->account) {
        subject.account = live->account->entry.id;
    }

    if (step == PRIVACY_DECIDED) {
        return verdict->allow;
    }

    /* the camera went to another account: its facts were never read */

    if (live->account == NULL
        || subject.account.len != live->account->entry.id.len
        || ngx_memcmp(subject.account.data, live->account->entry.id.data,
                      subject.account.len)
           != 0)
    {
        verdict->reason = PRIVACY_REASON_FOREIGN_CAMERA;
        return 0;
    }

    if (!ngx_http_privacy_fetch_trusted(&live->account->entry)) {
        privacy_decide_unavailable(verdict);
        return 0;
    }

    facts.unrestricted = live->account->unrestricted.fact;
    facts.excluded = live->account->excluded.fact;
    facts.providers = live->account->providers.fact;
    facts.grant = live->org->grant.fact;

    privacy_decide_facts(ngx_http_privacy_policy(), &subject, &facts,
                         ngx_http_privacy_wall(), verdict);

    return verdict->allow;
}


/* In the words of whoever watched: what happened to the access it had */

static u_char *
ngx_http_privacy_live_why(ngx_http_privacy_live_t *live,
    privacy_verdict_t *verdict)
{
    ngx_uint_t     ended;
    privacy_str_t  name;

    if (verdict->reason == PRIVACY_REASON_UNAVAILABLE) {
        return (u_char *) "stale";
    }

    if (live->reason == PRIVACY_REASON_GRANT
        && (verdict->reason == PRIVACY_REASON_RESTRICTED
            || verdict->reason == PRIVACY_REASON_STRANGER))
    {
        /* the grant is gone: by itself, or did somebody take it? */

        ended = live->ctx->verdict.recheck_at
                && live->ctx->verdict.recheck_at <= ngx_http_privacy_wall();

        return (u_char *) (ended ? "expired" : "revoked");
    }

    name = privacy_reason_name(verdict->reason);

    return (u_char *) name.data;
}


static void
ngx_http_privacy_live_cut(ngx_http_privacy_live_t *live, u_char *why,
    privacy_verdict_t *verdict)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_privacy_ctx_t  *ctx;
#if (NGX_HTTP_V2)
    ngx_event_t             *wev;
#endif

    r = live->ctx->request;
    c = r->connection;

    live->ctx->cut = why;

    ctx = ngx_http_privacy_get_ctx(r->main);
    if (ctx) {
        ctx->cut = why;
    }

    if (ngx_http_privacy_live_answer(live->ctx, verdict) == NGX_OK) {
        return;
    }

    ngx_http_privacy_live_reset(r);

    /*
     * From its own read event, and from nowhere else, nginx ends a request
     * whatever it is doing
     */

    c->error = 1;
    c->close = 1;

    ngx_post_event(c->read, &ngx_posted_events);

#if (NGX_HTTP_V2)

    /*
     * RST_STREAM would wait for other traffic of the connection.  Of several
     * streams that are cut together, the last one's comes last: what is
     * posted already would write before that.
     */

    if (r->stream) {
        wev = r->stream->connection->connection->write;

        if (wev->posted) {
            ngx_delete_posted_event(wev);
        }

        ngx_post_event(wev, &ngx_posted_events);
    }

#endif
}


/*
 * A request that still waits for its upstream's headers gets a real answer.
 * The upstream's own cleanup ends that side first; it finalizes the request
 * too, so it is given a reference of its own to drop.
 */

static ngx_int_t
ngx_http_privacy_live_answer(ngx_http_privacy_ctx_t *ctx,
    privacy_verdict_t *verdict)
{
    ngx_int_t             status;
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_http_cleanup_pt   cleanup;

    r = ctx->request;
    c = r->connection;

    if (r != r->main || r->header_sent || r->main->count != 1
        || r->main->blocked || r->upstream == NULL
        || r->upstream->cleanup == NULL || *r->upstream->cleanup == NULL)
    {
        return NGX_DECLINED;
    }

    ngx_http_set_log_request(c->log, r);

    cleanup = *r->upstream->cleanup;

    r->main->count++;
    cleanup(r);

    ctx->verdict = *verdict;

    status = ngx_http_privacy_refuse(r, verdict->reason);

    ngx_http_finalize_request(r, status);
    ngx_http_run_posted_requests(c);

    return NGX_OK;
}


/* What the kernel still has to send of an HTTP/1 answer is thrown away */

static void
ngx_http_privacy_live_reset(ngx_http_request_t *r)
{
    struct linger      linger;
    ngx_connection_t  *c;

    c = r->connection;

    if (r->http_version >= NGX_HTTP_VERSION_20) {
        return;
    }

    linger.l_onoff = 1;
    linger.l_linger = 0;

    if (setsockopt(c->fd, SOL_SOCKET, SO_LINGER, (const void *) &linger,
                   sizeof(struct linger))
        == -1)
    {
        ngx_log_error(NGX_LOG_ALERT, c->log, ngx_socket_errno,
                      "setsockopt(SO_LINGER) failed");
    }
}
