
/*
 * New workers write their policy into shared memory, for only then has the
 * reload succeeded; old ones look there now and then.
 */

#include "ngx_http_privacy_policy.h"


/* ms between looks: how long an old worker may go by lost roles */

#define NGX_HTTP_PRIVACY_POLICY_LOOK  100


typedef struct {
    ngx_atomic_t           generation;
    privacy_policy_t       policy;
} ngx_http_privacy_policy_shared_t;


typedef struct {
    privacy_policy_t       policy;
    ngx_shm_zone_t        *zone;
    ngx_atomic_uint_t      generation;     /* of the copy */
    ngx_event_t            look;
    void                 (*changed)(void);
} ngx_http_privacy_policy_worker_t;


static ngx_int_t ngx_http_privacy_policy_init_zone(ngx_shm_zone_t *zone,
    void *data);
static void ngx_http_privacy_policy_look(ngx_event_t *ev);


static ngx_http_privacy_policy_worker_t  ngx_http_privacy_policy_worker;


ngx_int_t
ngx_http_privacy_policy_add_zone(ngx_conf_t *cf,
    ngx_http_privacy_main_conf_t *pmcf)
{
    static ngx_str_t  name = ngx_string("ngx_http_privacy_policy");

    /* the least that the slab allocator takes */

    pmcf->zone = ngx_shared_memory_add(cf, &name, 8 * ngx_pagesize,
                                       &ngx_http_privacy_module);
    if (pmcf->zone == NULL) {
        return NGX_ERROR;
    }

    pmcf->zone->init = ngx_http_privacy_policy_init_zone;

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_policy_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t                   *shpool;
    ngx_http_privacy_policy_shared_t  *shared;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data) {
        zone->data = data;
        return NGX_OK;
    }

    if (zone->shm.exists) {
        zone->data = shpool->data;
        return NGX_OK;
    }

    shared = ngx_slab_calloc(shpool, sizeof(ngx_http_privacy_policy_shared_t));
    if (shared == NULL) {
        return NGX_ERROR;
    }

    shpool->data = shared;
    zone->data = shared;

    return NGX_OK;
}


void
ngx_http_privacy_policy_init(ngx_http_privacy_main_conf_t *pmcf,
    ngx_log_t *log, void (*changed)(void))
{
    ngx_slab_pool_t                   *shpool;
    ngx_http_privacy_policy_shared_t  *shared;
    ngx_http_privacy_policy_worker_t  *worker;

    worker = &ngx_http_privacy_policy_worker;

    ngx_memzero(worker, sizeof(ngx_http_privacy_policy_worker_t));

    worker->policy = pmcf->policy;
    worker->zone = pmcf->zone;
    worker->changed = changed;

    shared = pmcf->zone->data;
    shpool = (ngx_slab_pool_t *) pmcf->zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    /* one of this cycle's workers was first: nothing is new to the others */

    if (ngx_memcmp(&shared->policy, &pmcf->policy, sizeof(privacy_policy_t))
        != 0)
    {
        shared->policy = pmcf->policy;
        shared->generation++;
    }

    worker->generation = shared->generation;

    ngx_shmtx_unlock(&shpool->mutex);

    /* a timer's data is looked into as a connection by the debug log */

    worker->look.data = worker;
    worker->look.handler = ngx_http_privacy_policy_look;
    worker->look.log = log;
    worker->look.cancelable = 1;

    ngx_add_timer(&worker->look, NGX_HTTP_PRIVACY_POLICY_LOOK);
}


void
ngx_http_privacy_policy_exit(void)
{
    if (ngx_http_privacy_policy_worker.look.timer_set) {
        ngx_del_timer(&ngx_http_privacy_policy_worker.look);
    }
}


const privacy_policy_t *
ngx_http_privacy_policy(void)
{
    return &ngx_http_privacy_policy_worker.policy;
}


static void
ngx_http_privacy_policy_look(ngx_event_t *ev)
{
    ngx_slab_pool_t                   *shpool;
    ngx_http_privacy_policy_shared_t  *shared;
    ngx_http_privacy_policy_worker_t  *worker;

    worker = &ngx_http_privacy_policy_worker;

    ngx_add_timer(ev, NGX_HTTP_PRIVACY_POLICY_LOOK);

    shared = worker->zone->data;

    if (shared->generation == worker->generation) {
        return;
    }

    shpool = (ngx_slab_pool_t *) worker->zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    worker->policy = shared->policy;
    worker->generation = shared->generation;

    ngx_shmtx_unlock(&shpool->mutex);

    worker->changed();
}
