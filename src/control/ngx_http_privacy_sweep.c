
/*
 * The nightly sweep: every worker of every host looks at the wall clock now
 * and then, and whoever gets the lock in Redis does the work.  The gate needs
 * none of it to be done in time, for it knows the reset's time itself.
 */

#include "ngx_http_privacy_control.h"
#include "ngx_http_privacy_drive.h"


/* ms */

#define NGX_HTTP_PRIVACY_SWEEP_FIRST     500     /* after start, at most */
#define NGX_HTTP_PRIVACY_SWEEP_TICK      3000    /* at least, and jitter */
#define NGX_HTTP_PRIVACY_SWEEP_JITTER    2000
#define NGX_HTTP_PRIVACY_SWEEP_REPORT    10000
#define NGX_HTTP_PRIVACY_SWEEP_REFUSED   3600000
#define NGX_HTTP_PRIVACY_SWEEP_FAILED    10000


/* Of the worker */

typedef struct {
    ngx_event_t                tick;
    ngx_http_privacy_drive_t  *drive;        /* NULL: none under way */
    ngx_log_t                 *log;
    int64_t                    target;       /* the reset it is for; ms */
    int64_t                    swept;        /* the last one that was done */
    ngx_msec_t                 reported;
    ngx_msec_t                 failed;       /* at */
    ngx_msec_t                 pause;        /* from then on; 0: none */
    unsigned                   told:1;       /* that it failed */
    unsigned                   warned:1;     /* that it is refused */
} ngx_http_privacy_sweep_t;


static void ngx_http_privacy_sweep_tick(ngx_event_t *ev);
static void ngx_http_privacy_sweep_start(ngx_http_privacy_sweep_t *sweep);
static void ngx_http_privacy_sweep_report(ngx_http_privacy_sweep_t *sweep);
static void ngx_http_privacy_sweep_done(void *data,
    const privacy_action_result_t *result, ngx_uint_t refused);
static void ngx_http_privacy_sweep_summary(ngx_http_privacy_sweep_t *sweep,
    json_t *body);
static void ngx_http_privacy_sweep_failed(ngx_http_privacy_sweep_t *sweep,
    const privacy_action_result_t *result, ngx_uint_t refused);


static ngx_http_privacy_sweep_t  ngx_http_privacy_sweep;


void
ngx_http_privacy_sweep_init(ngx_log_t *log)
{
    ngx_http_privacy_sweep_t  *sweep;

    sweep = &ngx_http_privacy_sweep;

    ngx_memzero(sweep, sizeof(ngx_http_privacy_sweep_t));

    sweep->log = log;

    sweep->tick.handler = ngx_http_privacy_sweep_tick;
    sweep->tick.data = sweep;
    sweep->tick.log = log;
    sweep->tick.cancelable = 1;

    ngx_add_timer(&sweep->tick,
                  (ngx_msec_t) ngx_random() % NGX_HTTP_PRIVACY_SWEEP_FIRST);
}


void
ngx_http_privacy_sweep_exit(void)
{
    ngx_http_privacy_sweep_t  *sweep;

    sweep = &ngx_http_privacy_sweep;

    if (sweep->tick.timer_set) {
        ngx_del_timer(&sweep->tick);
    }

    /* the driver ends what is under way */

    sweep->drive = NULL;
}


static void
ngx_http_privacy_sweep_tick(ngx_event_t *ev)
{
    ngx_http_privacy_sweep_t  *sweep;

    sweep = ev->data;

    /* an exiting worker leaves it to others */

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        return;
    }

    ngx_add_timer(ev, NGX_HTTP_PRIVACY_SWEEP_TICK
                      + (ngx_msec_t) ngx_random()
                        % NGX_HTTP_PRIVACY_SWEEP_JITTER);

    if (sweep->drive) {
        ngx_http_privacy_sweep_report(sweep);
        return;
    }

    if (sweep->pause && ngx_current_msec - sweep->failed < sweep->pause) {
        return;
    }

    sweep->target = privacy_reset_before(
                        &ngx_http_privacy_drive_policy()->reset,
                        ngx_http_privacy_drive_now());

    if (sweep->target > sweep->swept) {
        ngx_http_privacy_sweep_start(sweep);
    }
}


static void
ngx_http_privacy_sweep_start(ngx_http_privacy_sweep_t *sweep)
{
    u_char                    token[NGX_HTTP_PRIVACY_TOKEN];
    privacy_action_request_t  request;

    static const privacy_str_t  by = privacy_str("nightly");

    ngx_memzero(&request, sizeof(privacy_action_request_t));

    ngx_http_privacy_drive_token(token);

    request.action = PRIVACY_ACTION_SWEEP;
    request.actor.store = 1;
    request.by = by;
    request.token.data = (char *) token;
    request.token.len = NGX_HTTP_PRIVACY_TOKEN;
    request.due = 1;

    sweep->reported = ngx_current_msec;

    sweep->drive = ngx_http_privacy_drive_start(&request, 0, 0, 1,
                                                ngx_http_privacy_sweep_done,
                                                sweep);
}


static void
ngx_http_privacy_sweep_report(ngx_http_privacy_sweep_t *sweep)
{
    const privacy_sweep_figures_t  *figures;

    if (ngx_current_msec - sweep->reported < NGX_HTTP_PRIVACY_SWEEP_REPORT) {
        return;
    }

    figures = ngx_http_privacy_drive_figures(sweep->drive);

    if (figures->waiting || figures->started_at == 0) {
        return;
    }

    sweep->reported = ngx_current_msec;

    ngx_log_error(NGX_LOG_NOTICE, sweep->log, 0,
                  "privacy: sweep under way: %uL keys looked at, %uL accounts "
                  "restricted, %uL grants removed", figures->keys,
                  figures->restricted, figures->grants);
}


static void
ngx_http_privacy_sweep_done(void *data, const privacy_action_result_t *result,
    ngx_uint_t refused)
{
    ngx_http_privacy_sweep_t *sweep = data;

    sweep->drive = NULL;

    if (result->status != PRIVACY_STATUS_OK) {
        ngx_http_privacy_sweep_failed(sweep, result, refused);
        return;
    }

    sweep->swept = sweep->target;
    sweep->pause = 0;
    sweep->told = 0;
    sweep->warned = 0;

    ngx_http_privacy_sweep_summary(sweep, result->body);
}


static void
ngx_http_privacy_sweep_summary(ngx_http_privacy_sweep_t *sweep, json_t *body)
{
    size_t       i, len;
    u_char      *p, *last, buf[NGX_MAX_ERROR_STR / 2];
    json_t      *value;
    const char  *state;

    static const char  *names[] = {
        "keys", "accounts", "restricted", "grants", "index", "registry",
        "repaired", "logs", "events", "invalid"
    };

    state = json_string_value(json_object_get(body, "state"));

    if (state == NULL || ngx_strcmp(state, "done") != 0) {
        return;
    }

    p = buf;
    last = buf + sizeof(buf);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        value = json_object_get(body, names[i]);

        if (json_is_integer(value)) {
            p = ngx_slprintf(p, last, " %s:%L", names[i],
                             (int64_t) json_integer_value(value));
        }
    }

    len = p - buf;

    ngx_log_error(NGX_LOG_NOTICE, sweep->log, 0, "privacy: sweep done:%*s",
                  len, buf);
}


static void
ngx_http_privacy_sweep_failed(ngx_http_privacy_sweep_t *sweep,
    const privacy_action_result_t *result, ngx_uint_t refused)
{
    ngx_uint_t  level;

    sweep->failed = ngx_current_msec;

    /* one of a host's workers says it for all */

    level = (ngx_worker == 0) ? NGX_LOG_WARN : NGX_LOG_INFO;

    if (refused) {
        sweep->pause = NGX_HTTP_PRIVACY_SWEEP_REFUSED;

        if (!sweep->warned) {
            sweep->warned = 1;
            ngx_log_error(level, sweep->log, 0,
                          "privacy: redis lets us not sweep: \"%s\"; let the "
                          "user of \"privacy_redis\" write, name the primary "
                          "by \"privacy_redis_primary\", or say "
                          "\"privacy_sweep off\" where another host or "
                          "privacyctl does it", result->detail);
        }

        return;
    }

    sweep->pause = NGX_HTTP_PRIVACY_SWEEP_FAILED;

    if (!sweep->told) {
        sweep->told = 1;
        ngx_log_error(level, sweep->log, 0,
                      "privacy: the sweep did not come to its end, trying "
                      "again: \"%s\"", result->detail);
    }
}
