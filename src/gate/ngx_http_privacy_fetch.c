
/*
 * Reading entries: one read at a time for each, however many wait; what was
 * read counts as current only while the watch is alive and nothing was
 * announced since the read was sent.
 */

#include "ngx_http_privacy_cache.h"
#include "ngx_http_privacy_live.h"


/* Reads in a row that something got in between of, until one is used as is */

#define NGX_HTTP_PRIVACY_ATTEMPTS  3

/* ms: how often entries in doubt are looked at, and read again */

#define NGX_HTTP_PRIVACY_TICK      100
#define NGX_HTTP_PRIVACY_REREAD    1000

#define NGX_HTTP_PRIVACY_FACTS     3   /* keys of an account but grants */


static void ngx_http_privacy_fetch_flush(ngx_event_t *ev);
static ngx_int_t ngx_http_privacy_fetch_send(ngx_http_privacy_entry_t *entry);
static ngx_uint_t ngx_http_privacy_fetch_slots(
    ngx_http_privacy_account_t *account);
static void ngx_http_privacy_fetch_keys(ngx_http_privacy_entry_t *entry,
    privacy_str_t *keys, ngx_uint_t nkeys);
static void ngx_http_privacy_fetch_done(ngx_http_privacy_read_t *read,
    ngx_http_privacy_read_status_e status);
static void ngx_http_privacy_fetch_failed(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_read_status_e status);
static void ngx_http_privacy_fetch_release(ngx_http_privacy_entry_t *entry);
static void ngx_http_privacy_fetch_wake(ngx_queue_t *waiters,
    ngx_http_privacy_waiter_e state);
static void ngx_http_privacy_fetch_up(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_fetch_down(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_fetch_doubt(void);
static void ngx_http_privacy_fetch_changed(privacy_str_t key);
static void ngx_http_privacy_fetch_tick(ngx_event_t *ev);


ngx_int_t
ngx_http_privacy_fetch_init(ngx_http_privacy_redis_t *primary)
{
    ngx_http_privacy_cache_t           *cache;
    ngx_http_privacy_redis_options_t    redis;
    ngx_http_privacy_watch_options_t    watch;

    cache = &ngx_http_privacy_cache;

    ngx_queue_init(&cache->pending);
    ngx_queue_init(&cache->lively);

    cache->flush.handler = ngx_http_privacy_fetch_flush;
    cache->flush.log = cache->log;

    /* a timer's data is looked into as a connection by the debug log */

    cache->tick.data = cache;
    cache->tick.handler = ngx_http_privacy_fetch_tick;
    cache->tick.log = cache->log;
    cache->tick.cancelable = 1;

    ngx_http_privacy_live_init();

    ngx_memzero(&redis, sizeof(ngx_http_privacy_redis_options_t));

    redis.conf = cache->conf->redis;
    redis.timeout = cache->conf->timeout;
    redis.log = cache->log;
    redis.what = "read";
    redis.up = ngx_http_privacy_fetch_up;
    redis.down = ngx_http_privacy_fetch_down;

    cache->redis = ngx_http_privacy_redis_create(&redis);
    if (cache->redis == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&watch, sizeof(ngx_http_privacy_watch_options_t));

    watch.conf = cache->conf->redis;
    watch.writer = primary ? primary : cache->redis;
    watch.timeout = cache->conf->timeout;
    watch.prefix = cache->conf->prefix;
    watch.log = cache->log;
    watch.alive = ngx_http_privacy_fetch_doubt;
    watch.lost = ngx_http_privacy_fetch_doubt;
    watch.changed = ngx_http_privacy_fetch_changed;

    cache->watch = ngx_http_privacy_watch_create(&watch);

    return cache->watch ? NGX_OK : NGX_ERROR;
}


void
ngx_http_privacy_fetch_exit(void)
{
    ngx_http_privacy_cache_t  *cache;

    cache = &ngx_http_privacy_cache;

    /* the reader first: the watch's canary may be under way on it */

    if (cache->redis) {
        ngx_http_privacy_redis_destroy(cache->redis);
        cache->redis = NULL;
    }

    if (cache->watch) {
        ngx_http_privacy_watch_destroy(cache->watch);
        cache->watch = NULL;
    }

    if (cache->flush.posted) {
        ngx_delete_posted_event(&cache->flush);
    }

    if (cache->tick.timer_set) {
        ngx_del_timer(&cache->tick);
    }

    ngx_http_privacy_live_exit();
}


ngx_uint_t
ngx_http_privacy_fetch_current(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_org_t *org)
{
    return entry->epoch != 0
           && entry->epoch
              == ngx_http_privacy_watch_epoch(ngx_http_privacy_cache.watch)
           && entry->known == entry->version
           && (org == NULL || org->known == entry->version);
}


ngx_uint_t
ngx_http_privacy_fetch_cached(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_org_t *org)
{
    return ngx_http_privacy_cache.conf->accounts
           && ngx_http_privacy_fetch_current(entry, org);
}


/* Until when (ngx_current_msec) what is known of the entry was current */

static ngx_msec_t
ngx_http_privacy_fetch_seen(ngx_http_privacy_entry_t *entry)
{
    ngx_msec_t  seen;

    if (entry->epoch == 0) {
        return entry->read_at;
    }

    seen = ngx_http_privacy_watch_seen(ngx_http_privacy_cache.watch,
                                       entry->epoch);

    return seen && (ngx_msec_int_t) (seen - entry->read_at) > 0
           ? seen : entry->read_at;
}


ngx_uint_t
ngx_http_privacy_fetch_usable(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_org_t *org)
{
    if (!entry->has || entry->known != entry->version
        || (org && org->known != entry->version))
    {
        return 0;
    }

    return ngx_current_msec - ngx_http_privacy_fetch_seen(entry)
           < ngx_http_privacy_cache.conf->stale;
}


ngx_uint_t
ngx_http_privacy_fetch_trusted(ngx_http_privacy_entry_t *entry)
{
    ngx_msec_t                     since, limit;
    ngx_http_privacy_main_conf_t  *pmcf;

    pmcf = ngx_http_privacy_cache.conf;

    if (ngx_http_privacy_fetch_current(entry, NULL)) {
        return 1;
    }

    if (entry->known != entry->version) {
        since = entry->changed_at;

    } else {
        since = ngx_http_privacy_fetch_seen(entry);
    }

    /* even with privacy_stale 0 the store has the time of one lookup */

    limit = ngx_max(pmcf->stale, pmcf->timeout);

    return ngx_current_msec - since < limit;
}


ngx_int_t
ngx_http_privacy_fetch_wait(ngx_http_privacy_waiter_t *waiter,
    ngx_http_privacy_entry_t *entry, ngx_http_privacy_org_t *org)
{
    ngx_queue_t               *list;
    ngx_http_privacy_cache_t  *cache;

    cache = &ngx_http_privacy_cache;

    if (!ngx_http_privacy_redis_ready(cache->redis)
        && ngx_current_msec - ngx_http_privacy_redis_down_since(cache->redis)
           >= cache->conf->timeout)
    {
        return NGX_DECLINED;
    }

    list = &entry->waiting;

    /*
     * A read that has left may be shared where an announcement would tell
     * that it was too early; else only one that leaves after this request
     * came.
     */

    if (entry->read
        && (entry->sent != entry->version
            || entry->sent_epoch == 0
            || (org && org->slot == 0)
            || cache->conf->accounts == 0))
    {
        list = &entry->later;
    }

    ngx_queue_insert_tail(list, &waiter->queue);

    waiter->entry = entry;
    waiter->org = org;
    waiter->state = NGX_HTTP_PRIVACY_WAITER_WAITING;

    if (org) {
        org->refs++;
    }

    ngx_add_timer(&waiter->event, cache->conf->timeout);

    if (entry->read == NULL) {
        ngx_http_privacy_fetch_want(entry);
    }

    return NGX_AGAIN;
}


void
ngx_http_privacy_fetch_leave(ngx_http_privacy_waiter_t *waiter)
{
    if (waiter->event.timer_set) {
        ngx_del_timer(&waiter->event);
    }

    if (waiter->event.posted) {
        ngx_delete_posted_event(&waiter->event);
    }

    if (waiter->entry) {
        ngx_queue_remove(&waiter->queue);
        waiter->entry = NULL;

        if (waiter->org) {
            waiter->org->refs--;
            waiter->org = NULL;
        }
    }

    waiter->state = NGX_HTTP_PRIVACY_WAITER_IDLE;
}


void
ngx_http_privacy_fetch_want(ngx_http_privacy_entry_t *entry)
{
    ngx_http_privacy_cache_t  *cache;

    /* one at a time: its end looks at what is wanted then */

    if (entry->read || entry->queued) {
        return;
    }

    cache = &ngx_http_privacy_cache;

    entry->queued = 1;
    ngx_queue_insert_tail(&cache->pending, &entry->pending);

    ngx_post_event(&cache->flush, &ngx_posted_events);
}


/* At the end of a turn of the event loop: all who came in it share a read */

static void
ngx_http_privacy_fetch_flush(ngx_event_t *ev)
{
    ngx_queue_t               *q, pending;
    ngx_http_privacy_cache_t  *cache;
    ngx_http_privacy_entry_t  *entry;

    cache = &ngx_http_privacy_cache;

    if (ngx_queue_empty(&cache->pending)
        || !ngx_http_privacy_redis_ready(cache->redis))
    {
        return;
    }

    ngx_queue_init(&pending);
    ngx_queue_add(&pending, &cache->pending);
    ngx_queue_init(&cache->pending);

    while (!ngx_queue_empty(&pending)) {
        q = ngx_queue_head(&pending);
        ngx_queue_remove(q);

        entry = ngx_queue_data(q, ngx_http_privacy_entry_t, pending);
        entry->queued = 0;

        if (!ngx_http_privacy_cache_held(entry)) {
            continue;
        }

        if (ngx_http_privacy_fetch_send(entry) != NGX_OK) {
            ngx_http_privacy_fetch_wake(&entry->waiting,
                                        NGX_HTTP_PRIVACY_WAITER_FAILED);
        }
    }
}


static ngx_int_t
ngx_http_privacy_fetch_send(ngx_http_privacy_entry_t *entry)
{
    size_t                    limit;
    ngx_uint_t                nkeys;
    privacy_str_t             keys[NGX_HTTP_PRIVACY_READ_KEYS];
    ngx_http_privacy_read_t  *read;

    nkeys = entry->kind == NGX_HTTP_PRIVACY_ENTRY_ACCOUNT
            ? ngx_http_privacy_fetch_slots(
                  (ngx_http_privacy_account_t *) entry)
            : 1;

    read = ngx_http_privacy_read_create(nkeys, ngx_http_privacy_cache.log);
    if (read == NULL) {
        return NGX_ERROR;
    }

    read->handler = ngx_http_privacy_fetch_done;
    read->data = entry;

    ngx_http_privacy_fetch_keys(entry, keys, nkeys);

    limit = entry->kind == NGX_HTTP_PRIVACY_ENTRY_ACCOUNT ? PRIVACY_RECORD_MAX
                                                          : PRIVACY_ID_MAX;

    if (ngx_http_privacy_read_send(read, ngx_http_privacy_cache.redis, keys,
                                   limit)
        != NGX_OK)
    {
        ngx_http_privacy_read_free(read);
        return NGX_ERROR;
    }

    entry->read = read;
    entry->sent = entry->version;
    entry->sent_epoch =
        ngx_http_privacy_watch_epoch(ngx_http_privacy_cache.watch);

    return NGX_OK;
}


/*
 * Chooses the organizations whose grants are read: those in use, first those
 * of which the least is known.  Returns the number of keys.
 */

static ngx_uint_t
ngx_http_privacy_fetch_slots(ngx_http_privacy_account_t *account)
{
    ngx_uint_t               n, pass, known;
    ngx_queue_t             *q;
    ngx_http_privacy_org_t  *org;

    n = NGX_HTTP_PRIVACY_FACTS;

    for (q = ngx_queue_head(&account->orgs);
         q != ngx_queue_sentinel(&account->orgs);
         q = ngx_queue_next(q))
    {
        org = ngx_queue_data(q, ngx_http_privacy_org_t, queue);
        org->slot = 0;
    }

    for (pass = 0; pass < 2; pass++) {

        for (q = ngx_queue_last(&account->orgs);
             q != ngx_queue_sentinel(&account->orgs)
             && n < NGX_HTTP_PRIVACY_READ_KEYS;
             q = ngx_queue_prev(q))
        {
            org = ngx_queue_data(q, ngx_http_privacy_org_t, queue);

            known = org->known == account->entry.version
                    && org->reads == account->reads;

            if (org->refs && org->slot == 0 && known == pass) {
                org->slot = n++;
            }
        }
    }

    return n;
}


static void
ngx_http_privacy_fetch_keys(ngx_http_privacy_entry_t *entry,
    privacy_str_t *keys, ngx_uint_t nkeys)
{
    char                    (*buf)[PRIVACY_KEY_MAX];
    ngx_uint_t                i;
    ngx_queue_t              *q;
    privacy_str_t             prefix, none;
    ngx_http_privacy_org_t   *org;

    static char  bufs[NGX_HTTP_PRIVACY_READ_KEYS][PRIVACY_KEY_MAX];

    static const privacy_key_e  kinds[NGX_HTTP_PRIVACY_FACTS] = {
        PRIVACY_KEY_UNRESTRICTED,
        PRIVACY_KEY_EXCLUDED,
        PRIVACY_KEY_PROVIDERS
    };

    buf = bufs;
    none.data = NULL;
    none.len = 0;
    prefix.data = (char *) ngx_http_privacy_cache.conf->prefix.data;
    prefix.len = ngx_http_privacy_cache.conf->prefix.len;

    for (i = 0; i < nkeys; i++) {
        keys[i].data = buf[i];
    }

    if (entry->kind == NGX_HTTP_PRIVACY_ENTRY_CAMERA) {
        keys[0].len = privacy_key_write(buf[0], prefix, PRIVACY_KEY_CAMERA,
                                        entry->id, none);
        return;
    }

    for (i = 0; i < NGX_HTTP_PRIVACY_FACTS; i++) {
        keys[i].len = privacy_key_write(buf[i], prefix, kinds[i], entry->id,
                                        none);
    }

    for (q = ngx_queue_head(&((ngx_http_privacy_account_t *) entry)->orgs);
         q != ngx_queue_sentinel(
                  &((ngx_http_privacy_account_t *) entry)->orgs);
         q = ngx_queue_next(q))
    {
        org = ngx_queue_data(q, ngx_http_privacy_org_t, queue);

        if (org->slot) {
            keys[org->slot].len = privacy_key_write(buf[org->slot], prefix,
                                                    PRIVACY_KEY_GRANT,
                                                    entry->id, org->id);
        }
    }
}


static void
ngx_http_privacy_fetch_done(ngx_http_privacy_read_t *read,
    ngx_http_privacy_read_status_e status)
{
    ngx_uint_t                 torn;
    ngx_http_privacy_entry_t  *entry;

    entry = read->data;
    entry->read = NULL;

    if (status != NGX_HTTP_PRIVACY_READ_OK) {
        ngx_http_privacy_read_free(read);
        ngx_http_privacy_fetch_failed(entry, status);
        return;
    }

    entry->lost = 0;

    torn = ngx_http_privacy_cache_store(entry, read) != NGX_OK
           || entry->sent != entry->version
           || entry->sent_epoch
              != ngx_http_privacy_watch_epoch(ngx_http_privacy_cache.watch);

    ngx_http_privacy_read_free(read);

    if (torn && ++entry->attempts < NGX_HTTP_PRIVACY_ATTEMPTS) {

        /* something changed under way: everybody waits for the next one */

        ngx_queue_add(&entry->waiting, &entry->later);
        ngx_queue_init(&entry->later);

        if (ngx_http_privacy_cache_held(entry)) {
            ngx_http_privacy_fetch_want(entry);
        }

        return;
    }

    entry->attempts = 0;

    ngx_http_privacy_fetch_release(entry);

    if (!ngx_queue_empty(&entry->live) || !ngx_queue_empty(&entry->check)) {
        ngx_http_privacy_live_check(entry);

        if (torn) {
            ngx_http_privacy_fetch_want(entry);
        }
    }

    if (!ngx_queue_empty(&entry->waiting)) {
        ngx_http_privacy_fetch_want(entry);
    }
}


/* Wakes those whose facts were in the read; the others go on waiting */

static void
ngx_http_privacy_fetch_release(ngx_http_privacy_entry_t *entry)
{
    ngx_queue_t                 *q, *next, ready;
    ngx_http_privacy_account_t  *account;
    ngx_http_privacy_waiter_t   *waiter;

    ngx_queue_init(&ready);

    account = (ngx_http_privacy_account_t *) entry;

    for (q = ngx_queue_head(&entry->waiting);
         q != ngx_queue_sentinel(&entry->waiting);
         q = next)
    {
        next = ngx_queue_next(q);
        waiter = ngx_queue_data(q, ngx_http_privacy_waiter_t, queue);

        if (waiter->org == NULL || waiter->org->reads == account->reads) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&ready, q);
        }
    }

    ngx_http_privacy_fetch_wake(&ready, NGX_HTTP_PRIVACY_WAITER_READ);

    ngx_queue_add(&entry->waiting, &entry->later);
    ngx_queue_init(&entry->later);
}


/*
 * They stay in a list, so that leaving is always the same, and hold the entry
 * until their events have run: "woken" is a list that nobody walks.
 */

static void
ngx_http_privacy_fetch_wake(ngx_queue_t *waiters,
    ngx_http_privacy_waiter_e state)
{
    ngx_queue_t                *q;
    ngx_http_privacy_waiter_t  *waiter;

    while (!ngx_queue_empty(waiters)) {
        q = ngx_queue_head(waiters);
        ngx_queue_remove(q);

        waiter = ngx_queue_data(q, ngx_http_privacy_waiter_t, queue);

        ngx_queue_insert_tail(&waiter->entry->woken, q);
        waiter->state = state;

        ngx_post_event(&waiter->event, &ngx_posted_events);
    }
}


/*
 * A read that was lost with its connection is retried once; what Redis
 * refused, it would refuse again.
 */

static void
ngx_http_privacy_fetch_failed(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_read_status_e status)
{
    entry->attempts = 0;

    if (status == NGX_HTTP_PRIVACY_READ_LOST && !entry->lost) {
        entry->lost = 1;

    } else {
        entry->lost = 0;
        ngx_http_privacy_fetch_wake(&entry->waiting,
                                    NGX_HTTP_PRIVACY_WAITER_FAILED);
    }

    ngx_queue_add(&entry->waiting, &entry->later);
    ngx_queue_init(&entry->later);

    if (!ngx_queue_empty(&entry->waiting)) {
        ngx_http_privacy_fetch_want(entry);
    }

    /* live requests are the tick's: it reads again, or gives them up */
}


static void
ngx_http_privacy_fetch_up(ngx_http_privacy_redis_t *redis)
{
    ngx_http_privacy_cache_t  *cache;

    cache = &ngx_http_privacy_cache;

    ngx_post_event(&cache->flush, &ngx_posted_events);
}


static void
ngx_http_privacy_fetch_down(ngx_http_privacy_redis_t *redis)
{
    ngx_http_privacy_fetch_doubt();
}


/*
 * The watch has come or gone, or the store has: nothing is current any more,
 * so everything that live requests rest on is read again.
 */

static void
ngx_http_privacy_fetch_doubt(void)
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

        if (!ngx_http_privacy_fetch_current(entry, NULL)) {
            ngx_http_privacy_fetch_want(entry);
        }
    }

    if (!ngx_queue_empty(&cache->lively)) {
        ngx_http_privacy_fetch_attend();
    }
}


void
ngx_http_privacy_fetch_attend(void)
{
    if (!ngx_http_privacy_cache.tick.timer_set) {
        ngx_add_timer(&ngx_http_privacy_cache.tick, NGX_HTTP_PRIVACY_TICK);
    }
}


static void
ngx_http_privacy_fetch_changed(privacy_str_t key)
{
    privacy_key_e              kind;
    privacy_str_t              prefix, id;
    ngx_http_privacy_cache_t  *cache;
    ngx_http_privacy_entry_t  *entry;

    cache = &ngx_http_privacy_cache;

    prefix.data = (char *) cache->conf->prefix.data;
    prefix.len = cache->conf->prefix.len;

    kind = privacy_key_parse(key, prefix, &id, NULL);

    switch (kind) {

    case PRIVACY_KEY_UNRESTRICTED:
    case PRIVACY_KEY_EXCLUDED:
    case PRIVACY_KEY_PROVIDERS:
    case PRIVACY_KEY_GRANT:
        entry = ngx_http_privacy_cache_find(NGX_HTTP_PRIVACY_ENTRY_ACCOUNT,
                                            id);
        break;

    case PRIVACY_KEY_CAMERA:
        entry = ngx_http_privacy_cache_find(NGX_HTTP_PRIVACY_ENTRY_CAMERA,
                                            id);
        break;

    default:
        return;
    }

    if (entry == NULL) {
        return;
    }

    if (entry->known == entry->version) {
        entry->changed_at = ngx_current_msec;
    }

    entry->version++;

    if (entry->in_lively) {
        ngx_http_privacy_fetch_want(entry);
        ngx_http_privacy_fetch_attend();
    }
}


/* While anything that live requests rest on is in doubt */

static void
ngx_http_privacy_fetch_tick(ngx_event_t *ev)
{
    ngx_uint_t                 doubt;
    ngx_queue_t               *q;
    ngx_http_privacy_cache_t  *cache;
    ngx_http_privacy_entry_t  *entry;

    cache = &ngx_http_privacy_cache;
    doubt = 0;

    for (q = ngx_queue_head(&cache->lively);
         q != ngx_queue_sentinel(&cache->lively);
         q = ngx_queue_next(q))
    {
        entry = ngx_queue_data(q, ngx_http_privacy_entry_t, lively);

        if (ngx_http_privacy_fetch_current(entry, NULL)) {
            continue;
        }

        doubt = 1;

        if (!ngx_http_privacy_fetch_trusted(entry)) {
            ngx_http_privacy_live_check(entry);
        }

        if (entry->known != entry->version
            || ngx_current_msec - entry->read_at >= NGX_HTTP_PRIVACY_REREAD)
        {
            ngx_http_privacy_fetch_want(entry);
        }
    }

    if (doubt) {
        ngx_add_timer(ev, NGX_HTTP_PRIVACY_TICK);
    }
}
