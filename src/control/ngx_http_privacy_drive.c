
/*
 * Actions on the event loop.  An action is a stepper without sockets: what is
 * here carries its batches to Redis and the replies back, and comes back when
 * a pause is over.
 */

#include "ngx_http_privacy_drive.h"


typedef enum {
    ngx_http_privacy_drive_ready = 0,  /* its event is posted */
    ngx_http_privacy_drive_connecting, /* has a batch, waits for up() */
    ngx_http_privacy_drive_replies,
    ngx_http_privacy_drive_pausing,
    ngx_http_privacy_drive_over        /* waits for replies to throw away */
} ngx_http_privacy_drive_state_e;


/*
 * Malloc'ed; of the worker until it has ended and all replies to its batch
 * have come, for the command is the connection's until then.
 */

struct ngx_http_privacy_drive_s {
    ngx_http_privacy_redis_command_t   command;
    ngx_queue_t                        queue;      /* the worker's */
    privacy_action_t                  *action;     /* NULL: over */
    ngx_event_t                        timer;
    ngx_event_t                        event;      /* goes on */
    ngx_http_privacy_drive_state_e     state;
    ngx_http_privacy_drive_pt          done;       /* NULL: nobody waits */
    void                              *data;
    unsigned                           sent:1;     /* replies are due */
    unsigned                           writes:1;
    unsigned                           sweeps:1;
    unsigned                           background:1;
    unsigned                           refused:1;
};


typedef struct {
    ngx_http_privacy_main_conf_t      *conf;       /* NULL: not in use */
    const privacy_policy_t            *policy;
    ngx_http_privacy_redis_t          *redis;
    ngx_log_t                         *log;
    ngx_msec_t                         limit;      /* of a batch */
    ngx_queue_t                        drives;
} ngx_http_privacy_driver_t;


static void ngx_http_privacy_drive_up(ngx_http_privacy_redis_t *redis);
static void ngx_http_privacy_drive_event(ngx_event_t *ev);
static void ngx_http_privacy_drive_timer(ngx_event_t *ev);
static void ngx_http_privacy_drive_run(ngx_http_privacy_drive_t *drive);
static ngx_int_t ngx_http_privacy_drive_send(ngx_http_privacy_drive_t *drive);
static void ngx_http_privacy_drive_wait(ngx_http_privacy_drive_t *drive,
    ngx_http_privacy_drive_state_e state, ngx_msec_t ms);
static void ngx_http_privacy_drive_reply(
    ngx_http_privacy_redis_command_t *command, ngx_uint_t index,
    redisReply *reply);
static ngx_uint_t ngx_http_privacy_drive_refusal(redisReply *reply);
static void ngx_http_privacy_drive_finish(ngx_http_privacy_drive_t *drive);
static void ngx_http_privacy_drive_end(ngx_http_privacy_drive_t *drive);
static void ngx_http_privacy_drive_free(ngx_http_privacy_drive_t *drive);


static ngx_http_privacy_driver_t  ngx_http_privacy_driver;


ngx_int_t
ngx_http_privacy_drive_init(ngx_http_privacy_main_conf_t *pmcf,
    const privacy_policy_t *policy, ngx_log_t *log)
{
    ngx_http_privacy_driver_t         *driver;
    ngx_http_privacy_redis_options_t   redis;

    driver = &ngx_http_privacy_driver;

    ngx_memzero(driver, sizeof(ngx_http_privacy_driver_t));

    driver->conf = pmcf;
    driver->policy = policy;
    driver->log = log;
    driver->limit = pmcf->timeout * NGX_HTTP_PRIVACY_BATCH;

    ngx_queue_init(&driver->drives);

    ngx_memzero(&redis, sizeof(ngx_http_privacy_redis_options_t));

    redis.conf = pmcf->primary ? pmcf->primary : pmcf->redis;
    redis.timeout = driver->limit;
    redis.log = log;
    redis.what = "control";
    redis.up = ngx_http_privacy_drive_up;

    driver->redis = ngx_http_privacy_redis_create(&redis);

    return driver->redis ? NGX_OK : NGX_ERROR;
}


void
ngx_http_privacy_drive_exit(void)
{
    ngx_queue_t                *q;
    ngx_http_privacy_drive_t   *drive;
    ngx_http_privacy_driver_t  *driver;

    driver = &ngx_http_privacy_driver;

    if (driver->conf == NULL) {
        return;
    }

    /* the connection gives the commands back */

    if (driver->redis) {
        ngx_http_privacy_redis_destroy(driver->redis);
        driver->redis = NULL;
    }

    while (!ngx_queue_empty(&driver->drives)) {
        q = ngx_queue_head(&driver->drives);
        drive = ngx_queue_data(q, ngx_http_privacy_drive_t, queue);

        ngx_http_privacy_drive_end(drive);
    }

    driver->conf = NULL;
}


ngx_http_privacy_redis_t *
ngx_http_privacy_drive_primary(void)
{
    ngx_http_privacy_driver_t  *driver;

    driver = &ngx_http_privacy_driver;

    return driver->conf && driver->conf->primary ? driver->redis : NULL;
}


const privacy_policy_t *
ngx_http_privacy_drive_policy(void)
{
    return ngx_http_privacy_driver.policy;
}


ngx_http_privacy_drive_t *
ngx_http_privacy_drive_start(privacy_action_request_t *request,
    ngx_uint_t registry, ngx_uint_t all_serve, ngx_uint_t background,
    ngx_http_privacy_drive_pt done, void *data)
{
    privacy_action_conf_t       conf;
    ngx_http_privacy_drive_t   *drive;
    ngx_http_privacy_driver_t  *driver;

    driver = &ngx_http_privacy_driver;

    ngx_memzero(&conf, sizeof(privacy_action_conf_t));

    conf.policy = driver->policy;
    conf.prefix.data = (char *) driver->conf->prefix.data;
    conf.prefix.len = driver->conf->prefix.len;
    conf.log_retention = (int64_t) driver->conf->log_retention * 1000;
    conf.registry = registry;
    conf.all_serve = all_serve;

    drive = ngx_calloc(sizeof(ngx_http_privacy_drive_t), driver->log);
    if (drive == NULL) {
        return NULL;
    }

    drive->action = privacy_action_create(&conf, request);
    if (drive->action == NULL) {
        ngx_free(drive);
        return NULL;
    }

    drive->command.handler = ngx_http_privacy_drive_reply;
    drive->command.data = drive;

    drive->timer.handler = ngx_http_privacy_drive_timer;
    drive->timer.data = drive;
    drive->timer.log = driver->log;
    drive->timer.cancelable = background;

    drive->event.handler = ngx_http_privacy_drive_event;
    drive->event.data = drive;
    drive->event.log = driver->log;

    drive->done = done;
    drive->data = data;
    drive->background = background;
    drive->writes = privacy_action_writes(request->action);
    drive->sweeps = (request->action == PRIVACY_ACTION_SWEEP);

    ngx_queue_insert_tail(&driver->drives, &drive->queue);

    ngx_post_event(&drive->event, &ngx_posted_events);

    return drive;
}


void
ngx_http_privacy_drive_detach(ngx_http_privacy_drive_t *drive)
{
    drive->done = NULL;
    drive->data = NULL;

    if (!drive->writes) {
        ngx_http_privacy_drive_end(drive);
        return;
    }

    /* a change takes moments, a sweep may take minutes */

    if (drive->sweeps) {
        drive->background = 1;
        drive->timer.cancelable = 1;
    }
}


const privacy_sweep_figures_t *
ngx_http_privacy_drive_figures(ngx_http_privacy_drive_t *drive)
{
    return privacy_action_figures(drive->action);
}


void
ngx_http_privacy_drive_token(u_char *buf)
{
    u_char      bytes[NGX_HTTP_PRIVACY_TOKEN / 2];
    ngx_uint_t  i;

#if (NGX_SSL)
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
#endif
    {
        for (i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (u_char) (ngx_random() >> 8);
        }
    }

    ngx_hex_dump(buf, bytes, sizeof(bytes));
}


static void
ngx_http_privacy_drive_up(ngx_http_privacy_redis_t *redis)
{
    ngx_queue_t               *q;
    ngx_http_privacy_drive_t  *drive;

    for (q = ngx_queue_head(&ngx_http_privacy_driver.drives);
         q != ngx_queue_sentinel(&ngx_http_privacy_driver.drives);
         q = ngx_queue_next(q))
    {
        drive = ngx_queue_data(q, ngx_http_privacy_drive_t, queue);

        if (drive->state == ngx_http_privacy_drive_connecting) {
            ngx_post_event(&drive->event, &ngx_posted_events);
        }
    }
}


static void
ngx_http_privacy_drive_event(ngx_event_t *ev)
{
    ngx_http_privacy_drive_run(ev->data);
}


/* A pause is over, or Redis has taken too long */

static void
ngx_http_privacy_drive_timer(ngx_event_t *ev)
{
    ngx_http_privacy_drive_t  *drive;

    drive = ev->data;

    switch (drive->state) {

    case ngx_http_privacy_drive_ready:

        /* the last reply has come in this very turn */

        return;

    case ngx_http_privacy_drive_pausing:
        break;

    default:
        privacy_action_lost(drive->action);
        drive->state = ngx_http_privacy_drive_ready;
    }

    ngx_http_privacy_drive_run(drive);
}


static void
ngx_http_privacy_drive_run(ngx_http_privacy_drive_t *drive)
{
    ngx_int_t  rc;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, drive->event.log, 0,
                   "privacy drive: %p state:%ui", drive, drive->state);

    if (drive->timer.timer_set) {
        ngx_del_timer(&drive->timer);
    }

    if (drive->background && (ngx_exiting || ngx_terminate || ngx_quit)) {
        ngx_http_privacy_drive_end(drive);
        return;
    }

    for ( ;; ) {

        if (drive->state != ngx_http_privacy_drive_connecting) {

            switch (privacy_action_next(drive->action,
                                        ngx_http_privacy_drive_now()))
            {
            case PRIVACY_STEP_SEND:
                break;

            case PRIVACY_STEP_PAUSE:
                ngx_http_privacy_drive_wait(drive,
                                        ngx_http_privacy_drive_pausing,
                                        privacy_action_pause(drive->action));
                return;

            default: /* PRIVACY_STEP_DONE */
                ngx_http_privacy_drive_finish(drive);
                return;
            }
        }

        rc = ngx_http_privacy_drive_send(drive);

        if (rc == NGX_OK) {
            return;
        }

        /* it has never come up, or not in time */

        privacy_action_lost(drive->action);
        drive->state = ngx_http_privacy_drive_ready;
    }
}


static ngx_int_t
ngx_http_privacy_drive_send(ngx_http_privacy_drive_t *drive)
{
    ngx_int_t                   rc;
    const privacy_batch_t      *batch;
    ngx_http_privacy_driver_t  *driver;

    driver = &ngx_http_privacy_driver;
    batch = privacy_action_batch(drive->action);

    /* what could not be answered could not be waited for */

    if (batch->replies == 0) {
        return NGX_ERROR;
    }

    drive->command.replies = batch->replies;

    rc = ngx_http_privacy_redis_send(driver->redis, &drive->command,
                                     (u_char *) batch->data, batch->len);

    if (rc == NGX_OK) {
        drive->sent = 1;
        ngx_http_privacy_drive_wait(drive, ngx_http_privacy_drive_replies,
                                    driver->limit);
        return NGX_OK;
    }

    if (rc == NGX_DECLINED) {

        /* as a rule the worker has just been started */

        if (ngx_current_msec - ngx_http_privacy_redis_down_since(driver->redis)
            >= driver->conf->timeout)
        {
            return NGX_ERROR;
        }

        ngx_http_privacy_drive_wait(drive, ngx_http_privacy_drive_connecting,
                                    driver->conf->timeout);
        return NGX_OK;
    }

    return NGX_ERROR;
}


static void
ngx_http_privacy_drive_wait(ngx_http_privacy_drive_t *drive,
    ngx_http_privacy_drive_state_e state, ngx_msec_t ms)
{
    drive->state = state;

    ngx_add_timer(&drive->timer, ms);
}


static void
ngx_http_privacy_drive_reply(ngx_http_privacy_redis_command_t *command,
    ngx_uint_t index, redisReply *reply)
{
    ngx_http_privacy_drive_t  *drive;

    drive = command->data;

    if (reply == NULL || index + 1 == command->replies) {
        drive->sent = 0;
    }

    if (drive->state == ngx_http_privacy_drive_over) {

        if (!drive->sent) {
            ngx_http_privacy_drive_free(drive);
        }

        return;
    }

    if (reply == NULL) {
        privacy_action_lost(drive->action);

    } else {
        drive->refused |= ngx_http_privacy_drive_refusal(reply);
        privacy_action_reply(drive->action, reply);
    }

    if (!drive->sent) {
        drive->state = ngx_http_privacy_drive_ready;
        ngx_post_event(&drive->event, &ngx_posted_events);
    }
}


/* Whether it is no use to try again soon */

static ngx_uint_t
ngx_http_privacy_drive_refusal(redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR) {
        return 0;
    }

    /* of a script, the reason stands somewhere in the text */

    return ngx_strstr(reply->str, "NOPERM") != NULL
           || ngx_strstr(reply->str, "READONLY") != NULL
           || ngx_strstr(reply->str, "can't run this command") != NULL
           || ngx_strstr(reply->str, "No permissions") != NULL;
}


static void
ngx_http_privacy_drive_finish(ngx_http_privacy_drive_t *drive)
{
    void                       *data;
    ngx_http_privacy_drive_pt   done;

    done = drive->done;
    data = drive->data;

    /* whoever is told does not detach any more */

    drive->done = NULL;

    if (done) {
        done(data, privacy_action_result(drive->action), drive->refused);
    }

    ngx_http_privacy_drive_end(drive);
}


static void
ngx_http_privacy_drive_end(ngx_http_privacy_drive_t *drive)
{
    drive->state = ngx_http_privacy_drive_over;
    drive->done = NULL;

    if (drive->timer.timer_set) {
        ngx_del_timer(&drive->timer);
    }

    if (drive->event.posted) {
        ngx_delete_posted_event(&drive->event);
    }

    if (drive->action) {
        privacy_action_destroy(drive->action);
        drive->action = NULL;
    }

    if (!drive->sent) {
        ngx_http_privacy_drive_free(drive);
    }
}


static void
ngx_http_privacy_drive_free(ngx_http_privacy_drive_t *drive)
{
    ngx_queue_remove(&drive->queue);
    ngx_free(drive);
}
