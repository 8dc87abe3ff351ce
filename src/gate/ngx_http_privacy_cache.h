
/*
 * The worker's cache: entries (an account, or a camera of the registry), what
 * has been read of them, who waits for a read, and which live requests rest
 * on them.
 */

#ifndef _NGX_HTTP_PRIVACY_CACHE_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_CACHE_H_INCLUDED_


#include "ngx_http_privacy_conf.h"
#include "ngx_http_privacy_read.h"
#include "ngx_http_privacy_watch.h"


typedef struct ngx_http_privacy_entry_s  ngx_http_privacy_entry_t;
typedef struct ngx_http_privacy_org_s  ngx_http_privacy_org_t;


typedef enum {
    NGX_HTTP_PRIVACY_ENTRY_ACCOUNT = 0,
    NGX_HTTP_PRIVACY_ENTRY_CAMERA,
    NGX_HTTP_PRIVACY_ENTRIES
} ngx_http_privacy_entry_e;


/*
 * What was read of a key, kept with its bytes so that a record which has not
 * changed need not be parsed again.  One block of memory: the parsed record,
 * then the bytes.
 */

typedef struct {
    privacy_fact_t                   fact;     /* fact.record: the block */
    void                            *block;
    uint32_t                         raw;      /* offset of the bytes */
    uint32_t                         len;      /* of them */
} ngx_http_privacy_record_t;


/*
 * An entry is the cache's, malloc'ed with its id.  It stays while somebody
 * waits for it, a read of it is under way or a live request rests on it; else
 * it may be evicted when another entry is created.
 *
 * "version" grows with every invalidation; what has been read is current as
 * long as it was read at this version and in this epoch of the watch.
 */

struct ngx_http_privacy_entry_s {
    ngx_http_privacy_entry_t        *chain;    /* of the hash bucket */
    ngx_queue_t                      lru;
    ngx_queue_t                      pending;  /* in cache->pending, to read */
    ngx_queue_t                      lively;   /* in cache->lively */
    ngx_queue_t                      checking; /* in cache->checking */

    ngx_queue_t                      waiting;  /* waiters for this read */
    ngx_queue_t                      later;    /* .. for the one after it */
    ngx_queue_t                      woken;    /* .. served, not gone yet */
    ngx_queue_t                      live;     /* live requests */
    ngx_queue_t                      check;    /* .. to be decided again */

    ngx_http_privacy_read_t         *read;     /* under way */
    ngx_event_t                     *recheck;  /* since it had live requests */
    int64_t                          recheck_at;   /* when it is due; 0:
                                                      nothing to recheck */

    uint32_t                         hash;
    uint32_t                         version;
    uint32_t                         sent;     /* version when read was sent */
    uint32_t                         known;    /* version of what is known */
    uint32_t                         sent_epoch;
    uint32_t                         epoch;    /* of what is known; 0: none */
    ngx_msec_t                       read_at;  /* of what is known */
    ngx_msec_t                       changed_at;   /* since when it is not
                                                      known any more */
    ngx_uint_t                       refs;     /* other holders */
    unsigned                         kind:2;
    unsigned                         has:1;    /* anything was ever read */
    unsigned                         attempts:4;
    unsigned                         lost:1;   /* retried once already */
    unsigned                         queued:1; /* in cache->pending */
    unsigned                         in_lively:1;
    unsigned                         in_checking:1;

    privacy_str_t                    id;       /* bytes behind the struct */
};


/* One organization at an account, malloc'ed with its id */

struct ngx_http_privacy_org_s {
    ngx_queue_t                      queue;    /* account->orgs, recent first */
    ngx_http_privacy_record_t        grant;
    uint32_t                         known;    /* the entry's version */
    uint32_t                         reads;    /* the read that covered it */
    ngx_uint_t                       slot;     /* its key in the read under
                                                  way; 0: not in it */
    ngx_uint_t                       refs;     /* waiters and live requests */
    privacy_str_t                    id;
};


typedef struct {
    ngx_http_privacy_entry_t         entry;    /* first */
    ngx_queue_t                      orgs;
    ngx_uint_t                       norgs;
    uint32_t                         reads;    /* so far */
    ngx_http_privacy_record_t        unrestricted;
    ngx_http_privacy_record_t        excluded;
    ngx_http_privacy_record_t        providers;
} ngx_http_privacy_account_t;


typedef struct {
    ngx_http_privacy_entry_t         entry;    /* first */
    int64_t                          ends;     /* 0: no TTL */
    uint8_t                          owner_len;    /* 0: belongs to none */
    char                             owner[PRIVACY_ID_MAX];
} ngx_http_privacy_camera_t;


typedef enum {
    NGX_HTTP_PRIVACY_WAITER_IDLE = 0,
    NGX_HTTP_PRIVACY_WAITER_WAITING,
    NGX_HTTP_PRIVACY_WAITER_READ,      /* what it waited for is there */
    NGX_HTTP_PRIVACY_WAITER_FAILED     /* not to be had, or not in time */
} ngx_http_privacy_waiter_e;


/*
 * Somebody who waits for a read: the caller's memory, zeroed, with event.data
 * and event.handler set.  The event is posted, never called at once, when the
 * state has become READ or FAILED; it is a timer as well.
 */

typedef struct {
    ngx_queue_t                      queue;
    ngx_event_t                      event;
    ngx_http_privacy_entry_t        *entry;    /* held while waiting */
    ngx_http_privacy_org_t          *org;      /* held; NULL for a camera */
    ngx_http_privacy_waiter_e        state;
} ngx_http_privacy_waiter_t;


/*
 * The worker's own: one for all that nginx.conf configures.  For the files of
 * the cache (ngx_http_privacy_cache.c, _fetch.c) and the live requests only.
 */

typedef struct {
    ngx_http_privacy_entry_t       **buckets;
    ngx_uint_t                       mask;
    ngx_queue_t                      lru;      /* recent first */
    ngx_uint_t                       count;
    ngx_uint_t                       max;
} ngx_http_privacy_table_t;


typedef struct {
    ngx_http_privacy_main_conf_t    *conf;
    ngx_log_t                       *log;
    uint64_t                         key[2];   /* of the hash */
    ngx_http_privacy_table_t         tables[NGX_HTTP_PRIVACY_ENTRIES];

    ngx_http_privacy_redis_t        *redis;    /* for reads */
    ngx_http_privacy_watch_t        *watch;

    ngx_queue_t                      pending;  /* entries to read */
    ngx_event_t                      flush;
    ngx_queue_t                      lively;   /* entries with live requests */
    ngx_event_t                      tick;     /* while some are in doubt */
    ngx_queue_t                      checking; /* entries with live requests
                                                  to be decided again */
    ngx_event_t                      check;
} ngx_http_privacy_cache_t;


extern ngx_http_privacy_cache_t  ngx_http_privacy_cache;


/*
 * In the worker: starts the connections; NGX_ERROR without memory.  "primary"
 * is where another Redis than the one that is read takes writes, else NULL.
 */

ngx_int_t ngx_http_privacy_cache_init(ngx_http_privacy_main_conf_t *pmcf,
    ngx_http_privacy_redis_t *primary, ngx_log_t *log);
void ngx_http_privacy_cache_exit(void);


/* Entries: ngx_http_privacy_cache.c */

/*
 * The entry of an id that was checked, created if need be; NULL without
 * memory.  It is good until the next call of this function unless held.
 */

ngx_http_privacy_entry_t *ngx_http_privacy_cache_entry(
    ngx_http_privacy_entry_e kind, privacy_str_t id);

/* The same without creating it */

ngx_http_privacy_entry_t *ngx_http_privacy_cache_find(
    ngx_http_privacy_entry_e kind, privacy_str_t id);

/* An organization at an account, created if need be; NULL without memory */

ngx_http_privacy_org_t *ngx_http_privacy_cache_org(
    ngx_http_privacy_account_t *account, privacy_str_t id);

/*
 * Takes over what a read brought.  NGX_AGAIN if values and TTLs contradict
 * each other, because something happened between them: read again.
 */

ngx_int_t ngx_http_privacy_cache_store(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_read_t *read);

/* 1 if somebody waits for the entry or a live request rests on it */

ngx_uint_t ngx_http_privacy_cache_held(ngx_http_privacy_entry_t *entry);


/* Reading: ngx_http_privacy_fetch.c */

ngx_int_t ngx_http_privacy_fetch_init(ngx_http_privacy_redis_t *primary);
void ngx_http_privacy_fetch_exit(void);

/*
 * 1 if what is known is known to be current; org is NULL for a camera.  A
 * request may be decided on it if it is cached, too: privacy_cache off has
 * them all read anew.
 */

ngx_uint_t ngx_http_privacy_fetch_current(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_org_t *org);
ngx_uint_t ngx_http_privacy_fetch_cached(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_org_t *org);

/*
 * 1 if what is known may be used in an outage: it was current not longer than
 * privacy_stale ago, and no change has been announced since.
 */

ngx_uint_t ngx_http_privacy_fetch_usable(ngx_http_privacy_entry_t *entry,
    ngx_http_privacy_org_t *org);

/*
 * 1 if the live requests of an entry may go on: as above, and for as long as
 * that after a change that could not be read yet
 */

ngx_uint_t ngx_http_privacy_fetch_trusted(ngx_http_privacy_entry_t *entry);

/*
 * NGX_AGAIN: the waiter's event will be posted within privacy_timeout.
 * NGX_DECLINED: the store has been away for longer than that, no use waiting.
 */

ngx_int_t ngx_http_privacy_fetch_wait(ngx_http_privacy_waiter_t *waiter,
    ngx_http_privacy_entry_t *entry, ngx_http_privacy_org_t *org);

/* Lets go of everything; harmless if it does not wait */

void ngx_http_privacy_fetch_leave(ngx_http_privacy_waiter_t *waiter);

/*
 * Looks after entries with live requests that are not current: has them read
 * again, or has their live requests checked when that takes too long
 */

void ngx_http_privacy_fetch_attend(void);

/* Has the entry read as soon as possible, for those who rest on it */

void ngx_http_privacy_fetch_want(ngx_http_privacy_entry_t *entry);


#endif /* _NGX_HTTP_PRIVACY_CACHE_H_INCLUDED_ */
