
/*
 * Entries: a hash table with a keyed hash, for the ids come from URIs, and a
 * list by last use.
 */

#include "ngx_http_privacy_cache.h"


/* Organizations that an account remembers beyond those in use */

#define NGX_HTTP_PRIVACY_ORGS      16

/* How many held entries are passed over to find one to evict */

#define NGX_HTTP_PRIVACY_EVICT     16

/* Cameras of the registry for each account of privacy_cache */

#define NGX_HTTP_PRIVACY_CAMERAS   4


typedef size_t (*ngx_http_privacy_parse_pt)(privacy_str_t json, void *buf,
    size_t size, const char **error);


static uint32_t ngx_http_privacy_cache_hash(privacy_str_t id);
static ngx_int_t ngx_http_privacy_cache_table(ngx_http_privacy_table_t *table,
    ngx_uint_t max);
static ngx_http_privacy_entry_t *ngx_http_privacy_cache_create(
    ngx_http_privacy_entry_e kind, privacy_str_t id, uint32_t hash);
static void ngx_http_privacy_cache_evict(ngx_http_privacy_table_t *table);
static void ngx_http_privacy_cache_free(ngx_http_privacy_entry_t *entry);
static void ngx_http_privacy_cache_org_free(
    ngx_http_privacy_account_t *account, ngx_http_privacy_org_t *org);
static ngx_int_t ngx_http_privacy_cache_store_account(
    ngx_http_privacy_account_t *account, ngx_http_privacy_read_t *read);
static ngx_int_t ngx_http_privacy_cache_store_camera(
    ngx_http_privacy_camera_t *camera, ngx_http_privacy_read_t *read);
static ngx_int_t ngx_http_privacy_cache_record(
    ngx_http_privacy_entry_t *entry, ngx_http_privacy_record_t *record,
    ngx_http_privacy_read_item_t *item, ngx_http_privacy_parse_pt parse,
    const char *what);
static void ngx_http_privacy_cache_parse(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_record_t *record, privacy_str_t json,
    ngx_http_privacy_parse_pt parse, const char *what);
static void ngx_http_privacy_cache_forget(ngx_http_privacy_record_t *record);


ngx_http_privacy_cache_t  ngx_http_privacy_cache;


ngx_int_t
ngx_http_privacy_cache_init(ngx_http_privacy_main_conf_t *pmcf,
    ngx_http_privacy_redis_t *primary, ngx_log_t *log)
{
    ngx_uint_t                 max;
    ngx_http_privacy_cache_t  *cache;

    cache = &ngx_http_privacy_cache;

    ngx_memzero(cache, sizeof(ngx_http_privacy_cache_t));

    cache->conf = pmcf;
    cache->log = log;

#if (NGX_SSL)
    if (RAND_bytes((u_char *) cache->key, sizeof(cache->key)) != 1)
#endif
    {
        cache->key[0] = (uint64_t) ngx_random() << 32 ^ ngx_random();
        cache->key[1] = (uint64_t) ngx_random() << 32 ^ ngx_random();
    }

    max = pmcf->accounts ? (ngx_uint_t) pmcf->accounts
                         : NGX_HTTP_PRIVACY_ACCOUNTS;

    if (ngx_http_privacy_cache_table(
            &cache->tables[NGX_HTTP_PRIVACY_ENTRY_ACCOUNT], max)
        != NGX_OK
        || ngx_http_privacy_cache_table(
               &cache->tables[NGX_HTTP_PRIVACY_ENTRY_CAMERA],
               max * NGX_HTTP_PRIVACY_CAMERAS)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_privacy_fetch_init(primary);
}


static ngx_int_t
ngx_http_privacy_cache_table(ngx_http_privacy_table_t *table, ngx_uint_t max)
{
    ngx_uint_t  n;

    for (n = 64; n < max; n <<= 1) { /* void */ }

    /* zeroed pages are not touched, so not taken, until they are used */

    table->buckets = calloc(n, sizeof(ngx_http_privacy_entry_t *));
    if (table->buckets == NULL) {
        ngx_log_error(NGX_LOG_EMERG, ngx_http_privacy_cache.log, ngx_errno,
                      "privacy: no memory for a cache of %ui entries", max);
        return NGX_ERROR;
    }

    table->mask = n - 1;
    table->max = max;
    ngx_queue_init(&table->lru);

    return NGX_OK;
}


/* When the last request is gone and nobody holds an entry any more */

void
ngx_http_privacy_cache_exit(void)
{
    ngx_uint_t                 i;
    ngx_queue_t               *q;
    ngx_http_privacy_entry_t  *entry;
    ngx_http_privacy_table_t  *table;

    ngx_http_privacy_fetch_exit();

    for (i = 0; i < NGX_HTTP_PRIVACY_ENTRIES; i++) {
        table = &ngx_http_privacy_cache.tables[i];

        if (table->buckets == NULL) {
            continue;
        }

        while (!ngx_queue_empty(&table->lru)) {
            q = ngx_queue_head(&table->lru);
            entry = ngx_queue_data(q, ngx_http_privacy_entry_t, lru);
            ngx_http_privacy_cache_free(entry);
        }

        free(table->buckets);
        table->buckets = NULL;
    }
}


/* SipHash-1-3 of an id, for whoever sends a request chooses the account */

#define ngx_http_privacy_rotl(x, b)  (((x) << (b)) | ((x) >> (64 - (b))))

#define ngx_http_privacy_sip_round()                                         \
    v0 += v1; v1 = ngx_http_privacy_rotl(v1, 13); v1 ^= v0;                   \
    v0 = ngx_http_privacy_rotl(v0, 32);                                       \
    v2 += v3; v3 = ngx_http_privacy_rotl(v3, 16); v3 ^= v2;                   \
    v0 += v3; v3 = ngx_http_privacy_rotl(v3, 21); v3 ^= v0;                   \
    v2 += v1; v1 = ngx_http_privacy_rotl(v1, 17); v1 ^= v2;                   \
    v2 = ngx_http_privacy_rotl(v2, 32)


static uint32_t
ngx_http_privacy_cache_hash(privacy_str_t id)
{
    size_t     n;
    uint64_t   v0, v1, v2, v3, m;

    v0 = ngx_http_privacy_cache.key[0] ^ 0x736f6d6570736575ULL;
    v1 = ngx_http_privacy_cache.key[1] ^ 0x646f72616e646f6dULL;
    v2 = ngx_http_privacy_cache.key[0] ^ 0x6c7967656e657261ULL;
    v3 = ngx_http_privacy_cache.key[1] ^ 0x7465646279746573ULL;

    for (n = id.len; n >= 8; n -= 8) {
        ngx_memcpy(&m, id.data, 8);
        id.data += 8;

        v3 ^= m;
        ngx_http_privacy_sip_round();
        v0 ^= m;
    }

    m = (uint64_t) id.len << 56;

    while (n) {
        n--;
        m |= (uint64_t) (u_char) id.data[n] << (8 * n);
    }

    v3 ^= m;
    ngx_http_privacy_sip_round();
    v0 ^= m;

    v2 ^= 0xff;
    ngx_http_privacy_sip_round();
    ngx_http_privacy_sip_round();
    ngx_http_privacy_sip_round();

    m = v0 ^ v1 ^ v2 ^ v3;

    return (uint32_t) (m ^ m >> 32);
}


static ngx_http_privacy_entry_t *
ngx_http_privacy_cache_lookup(ngx_http_privacy_table_t *table,
    privacy_str_t id, uint32_t hash)
{
    ngx_http_privacy_entry_t  *entry;

    for (entry = table->buckets[hash & table->mask];
         entry;
         entry = entry->chain)
    {
        if (entry->hash == hash && entry->id.len == id.len
            && ngx_memcmp(entry->id.data, id.data, id.len) == 0)
        {
            break;
        }
    }

    return entry;
}


ngx_http_privacy_entry_t *
ngx_http_privacy_cache_find(ngx_http_privacy_entry_e kind, privacy_str_t id)
{
    return ngx_http_privacy_cache_lookup(&ngx_http_privacy_cache.tables[kind],
                                         id, ngx_http_privacy_cache_hash(id));
}


ngx_http_privacy_entry_t *
ngx_http_privacy_cache_entry(ngx_http_privacy_entry_e kind, privacy_str_t id)
{
    uint32_t                   hash;
    ngx_http_privacy_entry_t  *entry;
    ngx_http_privacy_table_t  *table;

    table = &ngx_http_privacy_cache.tables[kind];
    hash = ngx_http_privacy_cache_hash(id);

    entry = ngx_http_privacy_cache_lookup(table, id, hash);

    if (entry == NULL) {
        return ngx_http_privacy_cache_create(kind, id, hash);
    }

    ngx_queue_remove(&entry->lru);
    ngx_queue_insert_head(&table->lru, &entry->lru);

    return entry;
}


static ngx_http_privacy_entry_t *
ngx_http_privacy_cache_create(ngx_http_privacy_entry_e kind, privacy_str_t id,
    uint32_t hash)
{
    char                      *p;
    size_t                     size;
    ngx_http_privacy_entry_t  *entry;
    ngx_http_privacy_table_t  *table;

    table = &ngx_http_privacy_cache.tables[kind];

    if (table->count >= table->max) {
        ngx_http_privacy_cache_evict(table);
    }

    size = kind == NGX_HTTP_PRIVACY_ENTRY_ACCOUNT
           ? sizeof(ngx_http_privacy_account_t)
           : sizeof(ngx_http_privacy_camera_t);

    entry = ngx_calloc(size + id.len, ngx_http_privacy_cache.log);
    if (entry == NULL) {
        return NULL;
    }

    p = (char *) entry + size;
    ngx_memcpy(p, id.data, id.len);

    entry->id.data = p;
    entry->id.len = id.len;
    entry->hash = hash;
    entry->kind = kind;

    ngx_queue_init(&entry->waiting);
    ngx_queue_init(&entry->later);
    ngx_queue_init(&entry->woken);
    ngx_queue_init(&entry->live);
    ngx_queue_init(&entry->check);

    if (kind == NGX_HTTP_PRIVACY_ENTRY_ACCOUNT) {
        ngx_queue_init(&((ngx_http_privacy_account_t *) entry)->orgs);
    }

    entry->chain = table->buckets[hash & table->mask];
    table->buckets[hash & table->mask] = entry;

    ngx_queue_insert_head(&table->lru, &entry->lru);
    table->count++;

    return entry;
}


ngx_uint_t
ngx_http_privacy_cache_held(ngx_http_privacy_entry_t *entry)
{
    return entry->refs
           || !ngx_queue_empty(&entry->waiting)
           || !ngx_queue_empty(&entry->later)
           || !ngx_queue_empty(&entry->woken)
           || !ngx_queue_empty(&entry->live)
           || !ngx_queue_empty(&entry->check);
}


/*
 * Makes room for one more.  Where all that are looked at are held, the table
 * grows beyond its maximum: there are more requests than entries.
 */

static void
ngx_http_privacy_cache_evict(ngx_http_privacy_table_t *table)
{
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_http_privacy_entry_t  *entry;

    for (n = 0; n < NGX_HTTP_PRIVACY_EVICT && table->count >= table->max; n++)
    {
        q = ngx_queue_last(&table->lru);
        entry = ngx_queue_data(q, ngx_http_privacy_entry_t, lru);

        if (entry->read || ngx_http_privacy_cache_held(entry)) {
            ngx_queue_remove(&entry->lru);
            ngx_queue_insert_head(&table->lru, &entry->lru);
            continue;
        }

        ngx_http_privacy_cache_free(entry);
    }
}


static void
ngx_http_privacy_cache_free(ngx_http_privacy_entry_t *entry)
{
    ngx_queue_t                 *q;
    ngx_http_privacy_org_t      *org;
    ngx_http_privacy_entry_t   **link;
    ngx_http_privacy_table_t    *table;
    ngx_http_privacy_account_t  *account;

    table = &ngx_http_privacy_cache.tables[entry->kind];

    for (link = &table->buckets[entry->hash & table->mask];
         *link != entry;
         link = &(*link)->chain)
    {
        /* void */
    }

    *link = entry->chain;
    ngx_queue_remove(&entry->lru);
    table->count--;

    if (entry->queued) {
        ngx_queue_remove(&entry->pending);
    }

    if (entry->in_lively) {
        ngx_queue_remove(&entry->lively);
    }

    if (entry->in_checking) {
        ngx_queue_remove(&entry->checking);
    }

    if (entry->recheck) {
        if (entry->recheck->timer_set) {
            ngx_del_timer(entry->recheck);
        }

        ngx_free(entry->recheck);
    }

    if (entry->kind == NGX_HTTP_PRIVACY_ENTRY_ACCOUNT) {
        account = (ngx_http_privacy_account_t *) entry;

        while (!ngx_queue_empty(&account->orgs)) {
            q = ngx_queue_head(&account->orgs);
            org = ngx_queue_data(q, ngx_http_privacy_org_t, queue);
            ngx_http_privacy_cache_org_free(account, org);
        }

        ngx_http_privacy_cache_forget(&account->unrestricted);
        ngx_http_privacy_cache_forget(&account->excluded);
        ngx_http_privacy_cache_forget(&account->providers);
    }

    ngx_free(entry);
}


ngx_http_privacy_org_t *
ngx_http_privacy_cache_org(ngx_http_privacy_account_t *account,
    privacy_str_t id)
{
    char                    *p;
    ngx_queue_t             *q;
    ngx_http_privacy_org_t  *org;

    for (q = ngx_queue_head(&account->orgs);
         q != ngx_queue_sentinel(&account->orgs);
         q = ngx_queue_next(q))
    {
        org = ngx_queue_data(q, ngx_http_privacy_org_t, queue);

        if (org->id.len == id.len
            && ngx_memcmp(org->id.data, id.data, id.len) == 0)
        {
            if (q != ngx_queue_head(&account->orgs)) {
                ngx_queue_remove(q);
                ngx_queue_insert_head(&account->orgs, q);
            }

            return org;
        }
    }

    /* the one that was not used for longest, unless it is in use */

    if (account->norgs >= NGX_HTTP_PRIVACY_ORGS) {
        q = ngx_queue_last(&account->orgs);
        org = ngx_queue_data(q, ngx_http_privacy_org_t, queue);

        if (org->refs == 0 && org->slot == 0) {
            ngx_http_privacy_cache_org_free(account, org);
        }
    }

    org = ngx_calloc(sizeof(ngx_http_privacy_org_t) + id.len,
                     ngx_http_privacy_cache.log);
    if (org == NULL) {
        return NULL;
    }

    p = (char *) org + sizeof(ngx_http_privacy_org_t);
    ngx_memcpy(p, id.data, id.len);

    org->id.data = p;
    org->id.len = id.len;
    org->known = account->entry.version - 1;

    ngx_queue_insert_head(&account->orgs, &org->queue);
    account->norgs++;

    return org;
}


static void
ngx_http_privacy_cache_org_free(ngx_http_privacy_account_t *account,
    ngx_http_privacy_org_t *org)
{
    ngx_queue_remove(&org->queue);
    account->norgs--;

    ngx_http_privacy_cache_forget(&org->grant);
    ngx_free(org);
}


ngx_int_t
ngx_http_privacy_cache_store(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_read_t *read)
{
    ngx_int_t  rc;

    rc = entry->kind == NGX_HTTP_PRIVACY_ENTRY_ACCOUNT
         ? ngx_http_privacy_cache_store_account(
               (ngx_http_privacy_account_t *) entry, read)
         : ngx_http_privacy_cache_store_camera(
               (ngx_http_privacy_camera_t *) entry, read);

    entry->has = 1;
    entry->known = entry->sent;
    entry->epoch = entry->sent_epoch;
    entry->read_at = read->sent_at;

    return rc;
}


/* Keys: unrestricted, excluded, providers, then the grants by org->slot */

static ngx_int_t
ngx_http_privacy_cache_store_account(ngx_http_privacy_account_t *account,
    ngx_http_privacy_read_t *read)
{
    ngx_int_t                rc;
    ngx_queue_t             *q;
    ngx_http_privacy_org_t  *org;

    rc = ngx_http_privacy_cache_record(&account->entry, &account->unrestricted,
                                       &read->items[0],
                                       privacy_unrestricted_parse,
                                       "unrestricted");

    rc |= ngx_http_privacy_cache_record(&account->entry, &account->excluded,
                                        &read->items[1],
                                        privacy_excluded_parse, "excluded");

    rc |= ngx_http_privacy_cache_record(&account->entry, &account->providers,
                                        &read->items[2],
                                        privacy_providers_parse, "providers");

    account->reads++;

    for (q = ngx_queue_head(&account->orgs);
         q != ngx_queue_sentinel(&account->orgs);
         q = ngx_queue_next(q))
    {
        org = ngx_queue_data(q, ngx_http_privacy_org_t, queue);

        if (org->slot == 0) {
            continue;
        }

        rc |= ngx_http_privacy_cache_record(&account->entry, &org->grant,
                                            &read->items[org->slot],
                                            privacy_grant_parse, "grant");
        org->known = account->entry.sent;
        org->reads = account->reads;
    }

    return rc ? NGX_AGAIN : NGX_OK;
}


static ngx_int_t
ngx_http_privacy_cache_store_camera(ngx_http_privacy_camera_t *camera,
    ngx_http_privacy_read_t *read)
{
    privacy_str_t                  owner;
    ngx_http_privacy_read_item_t  *item;

    camera->owner_len = 0;
    camera->ends = 0;

    item = &read->items[0];

    if (item->ends == NGX_HTTP_PRIVACY_READ_ABSENT) {
        return item->len || item->foreign ? NGX_AGAIN : NGX_OK;
    }

    owner.data = item->data;
    owner.len = item->len;

    if (!privacy_id_valid(owner)) {
        ngx_log_error(NGX_LOG_ERR, ngx_http_privacy_cache.log, 0,
                      "privacy: the registry's record of camera \"%*s\" is "
                      "not an account's id", camera->entry.id.len,
                      camera->entry.id.data);
        return NGX_OK;
    }

    ngx_memcpy(camera->owner, owner.data, owner.len);
    camera->owner_len = (uint8_t) owner.len;
    camera->ends = item->ends;

    return NGX_OK;
}


/*
 * NGX_OK, or NGX_AGAIN if the key came to be between its TTL and its value:
 * when it ends is not known then, so it opens nothing.
 */

static ngx_int_t
ngx_http_privacy_cache_record(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_record_t *record, ngx_http_privacy_read_item_t *item,
    ngx_http_privacy_parse_pt parse, const char *what)
{
    privacy_str_t  json;

    if (item->ends == NGX_HTTP_PRIVACY_READ_ABSENT) {
        record->fact.state = PRIVACY_FACT_ABSENT;
        record->fact.ends = 0;

        return item->len || item->foreign ? NGX_AGAIN : NGX_OK;
    }

    if (item->foreign) {

        if (record->fact.state != PRIVACY_FACT_INVALID || record->block) {
            ngx_log_error(NGX_LOG_ERR, ngx_http_privacy_cache.log, 0,
                          "privacy: the \"%s\" record of account \"%*s\" is "
                          "not a string", what, entry->id.len,
                          entry->id.data);
        }

        ngx_http_privacy_cache_forget(record);

        record->fact.state = PRIVACY_FACT_INVALID;
        record->fact.ends = item->ends;

        return NGX_OK;
    }

    json.data = item->data ? item->data : "";
    json.len = item->len;

    if (record->block == NULL || record->len != json.len
        || ngx_memcmp((u_char *) record->block + record->raw, json.data,
                      json.len)
           != 0)
    {
        ngx_http_privacy_cache_parse(entry, record, json, parse, what);
    }

    record->fact.state = record->fact.record ? PRIVACY_FACT_PRESENT
                                             : PRIVACY_FACT_INVALID;
    record->fact.ends = item->ends;

    return NGX_OK;
}


/* Leaves record->fact.record NULL where it does not parse */

static void
ngx_http_privacy_cache_parse(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_record_t *record, privacy_str_t json,
    ngx_http_privacy_parse_pt parse, const char *what)
{
    void             *buf;
    size_t            size;
    const char       *error;

    static uint64_t   scratch[8192];

    ngx_http_privacy_cache_forget(record);

    error = NULL;
    buf = scratch;

    size = parse(json, buf, sizeof(scratch), &error);

    if (size > sizeof(scratch)) {
        buf = ngx_alloc(size, ngx_http_privacy_cache.log);
        if (buf == NULL) {
            return;
        }

        size = parse(json, buf, size, &error);
    }

    if (size == 0) {
        ngx_log_error(NGX_LOG_ERR, ngx_http_privacy_cache.log, 0,
                      "privacy: the \"%s\" record of account \"%*s\" is "
                      "invalid: %s", what, entry->id.len, entry->id.data,
                      error ? error : "no memory");
    }

    record->block = ngx_alloc(size + json.len, ngx_http_privacy_cache.log);

    if (record->block) {
        ngx_memcpy(record->block, buf, size);
        ngx_memcpy((u_char *) record->block + size, json.data, json.len);

        record->fact.record = size ? record->block : NULL;
        record->raw = (uint32_t) size;
        record->len = (uint32_t) json.len;
    }

    if (buf != scratch) {
        ngx_free(buf);
    }
}


static void
ngx_http_privacy_cache_forget(ngx_http_privacy_record_t *record)
{
    if (record->block) {
        ngx_free(record->block);
    }

    ngx_memzero(record, sizeof(ngx_http_privacy_record_t));
}
