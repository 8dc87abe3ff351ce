/*
 * The sweep: the lock, the walk over all keys, the summary.
 *
 * The walk is a SCAN in steps.  What a step finds goes onto a stack, from
 * which it is taken in chunks: read, decided by the rules, changed by a script
 * that changes nothing if the records are not those that were read any more.
 * So nothing rests on the lock: it spares work.  Who dies loses it by its TTL,
 * and the next one starts over; what is done already is found in order.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "privacy_action_sweep.h"


#define PRIVACY_SWEEP_LOCK_MS  30000
#define PRIVACY_SWEEP_COUNT    250     /* keys of a step: under 1 ms */
#define PRIVACY_SWEEP_PAUSE    1       /* ms, after a step */
#define PRIVACY_SWEEP_WAIT     500     /* ms, for another sweeper */
#define PRIVACY_SWEEP_REPORT   64      /* steps between two reports */

#define PRIVACY_PHASE_KEYS     0       /* everything but the next two */
#define PRIVACY_PHASE_CAMERAS  1
#define PRIVACY_PHASE_SETS     2
#define PRIVACY_PHASE_END      3


static void privacy_sweep_look(privacy_action_t *action);
static void privacy_sweep_looked(privacy_action_t *action);
static void privacy_sweep_lock(privacy_action_t *action);
static void privacy_sweep_locked(privacy_action_t *action);
static void privacy_sweep_go(privacy_action_t *action);
static void privacy_sweep_scanned(privacy_action_t *action);
static void privacy_sweep_read(privacy_action_t *action);
static void privacy_sweep_decide(privacy_action_t *action);
static void privacy_sweep_done(privacy_action_t *action);
static void privacy_sweep_ended(privacy_action_t *action);


typedef struct {
    const char      *name;
    size_t           offset;
} privacy_figure_t;

#define privacy_figure(name)                                                  \
    { #name, offsetof(privacy_sweep_figures_t, name) }

static const privacy_figure_t  privacy_figures[] = {
    privacy_figure(keys),
    privacy_figure(accounts),
    privacy_figure(restricted),
    privacy_figure(grants),
    privacy_figure(index),
    privacy_figure(registry),
    privacy_figure(repaired),
    privacy_figure(logs),
    privacy_figure(events),
    privacy_figure(invalid)
};

#define PRIVACY_FIGURES                                                       \
    (sizeof(privacy_figures) / sizeof(privacy_figures[0]))


static uint64_t
privacy_figure_of(const privacy_sweep_figures_t *figures, size_t i)
{
    uint64_t  value;

    memcpy(&value, (const char *) figures + privacy_figures[i].offset,
           sizeof(uint64_t));

    return value;
}


void
privacy_sweeper_destroy(privacy_sweeper_t *sweeper)
{
    unsigned  i;

    if (sweeper != NULL) {

        for (i = 0; i < PRIVACY_SWEEP_CHUNK; i++) {
            json_decref(sweeper->chunk[i].claims);
        }

        json_decref(sweeper->sets);
        free(sweeper->stack);
        free(sweeper);
    }
}


static void
privacy_id_copy(char *to, privacy_str_t id)
{
    size_t  len = (id.len < PRIVACY_ID_MAX) ? id.len : PRIVACY_ID_MAX;

    if (len != 0) {
        memcpy(to, id.data, len);
    }

    to[len] = '\0';
}


void
privacy_sweeper_push(privacy_sweeper_t *sweeper, const privacy_check_t *check)
{
    unsigned          size;
    privacy_check_t  *stack;

    if (sweeper->count == sweeper->size) {
        size = sweeper->size ? sweeper->size * 2 : 256;
        stack = realloc(sweeper->stack, size * sizeof(privacy_check_t));

        if (stack == NULL) {
            sweeper->failed = 1;
            return;
        }

        sweeper->stack = stack;
        sweeper->size = size;
    }

    sweeper->stack[sweeper->count] = *check;
    sweeper->stack[sweeper->count++].claims = NULL;
}


void
privacy_sweeper_add(privacy_sweeper_t *sweeper, privacy_check_e check,
    privacy_str_t id, privacy_str_t other)
{
    privacy_check_t  item;

    if ((id.len != 0 && !privacy_id_valid(id))
        || (other.len != 0 && !privacy_id_valid(other)))
    {
        return;
    }

    memset(&item, 0, sizeof(privacy_check_t));
    item.check = check;
    item.cursor[0] = '0';

    privacy_id_copy(item.id, id);
    privacy_id_copy(item.other, other);

    privacy_sweeper_push(sweeper, &item);
}


void
privacy_action_sweep(privacy_action_t *action)
{
    if (action->request.token.len < 16 || action->request.token.len > 64
        || !privacy_id_valid(action->request.token))
    {
        privacy_action_fail(action, PRIVACY_STATUS_MALFORMED, "malformed",
                            "token", "The sweeper needs a token");
        return;
    }

    action->sweeper = calloc(1, sizeof(privacy_sweeper_t));

    if (action->sweeper == NULL) {
        privacy_action_no_memory(action);
        return;
    }

    action->sweeper->sets = json_object();
    action->sweeper->cursor[0] = '0';

    privacy_sweep_look(action);
}


/* When was the last one */

static void
privacy_sweep_look(privacy_action_t *action)
{
    privacy_name_t  name;

    if (!action->request.due) {
        privacy_sweep_lock(action);
        return;
    }

    privacy_name_tail(action, &name, PRIVACY_SWEEP);
    privacy_pipeline_command(&action->pipe, "HGET");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
    privacy_pipeline_text(&action->pipe, "reset");

    privacy_action_then(action, privacy_sweep_looked);
}


static void
privacy_sweep_looked(privacy_action_t *action)
{
    int64_t                 reset, last;
    const privacy_reply_t  *reply;

    reply = privacy_pipeline_get(&action->pipe, 0);
    last = privacy_reset_before(&action->conf.policy->reset, action->now);

    if (reply->type == PRIVACY_REPLY_STRING
        && privacy_time_parse(reply->string, &reset) == 0
        && reset >= last - last % 1000)
    {
        action->figures.waiting = 0;
        privacy_action_finish(action, PRIVACY_STATUS_OK,
                              json_pack("{s:s}", "state", "not_due"));
        return;
    }

    privacy_sweep_lock(action);
}


static void
privacy_sweep_lock_command(privacy_action_t *action, int64_t ms)
{
    privacy_name_t  name;

    privacy_name_tail(action, &name, PRIVACY_SWEEP_LOCK);
    privacy_pipeline_script(&action->pipe, PRIVACY_SCRIPT_LOCK);
    privacy_pipeline_number(&action->pipe, 1);
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
    privacy_pipeline_add(&action->pipe, action->request.token);
    privacy_pipeline_number(&action->pipe, ms);
}


static void
privacy_sweep_lock(privacy_action_t *action)
{
    privacy_sweep_lock_command(action, PRIVACY_SWEEP_LOCK_MS);
    privacy_action_then(action, privacy_sweep_locked);
}


/* 1 if the first reply of the batch says that the lock is still ours */

static int
privacy_sweep_holds(privacy_action_t *action)
{
    const privacy_reply_t  *reply;

    reply = privacy_pipeline_get(&action->pipe, 0);

    if (reply->type != PRIVACY_REPLY_INTEGER) {
        privacy_action_bad_reply(action);
        return 0;
    }

    if (reply->integer == 1) {
        action->sweeper->locked = 1;
        action->figures.waiting = 0;
        return 1;
    }

    if (action->request.due && !action->sweeper->locked) {
        action->figures.waiting = 1;
        privacy_action_wait(action, PRIVACY_SWEEP_WAIT, privacy_sweep_look);
        return 0;
    }

    privacy_action_fail(action, PRIVACY_STATUS_CONFLICT, "sweep-running", NULL,
                        "Another sweep is running");
    return 0;
}


static void
privacy_sweep_report(privacy_action_t *action, const char *state)
{
    size_t               i;
    json_t              *at;
    privacy_name_t       name;
    privacy_pipeline_t  *pipe = &action->pipe;

    privacy_name_tail(action, &name, PRIVACY_SWEEP);
    privacy_pipeline_command(pipe, "HSET");
    privacy_pipeline_add(pipe, privacy_name_text(&name));
    privacy_pipeline_text(pipe, "state");
    privacy_pipeline_text(pipe, state);
    privacy_pipeline_text(pipe, "by");
    privacy_pipeline_add(pipe, action->by);

    at = privacy_view_time(action->figures.started_at);
    privacy_pipeline_text(pipe, "started_at");
    privacy_pipeline_add(pipe, privacy_json_text(at));
    json_decref(at);

    for (i = 0; i < PRIVACY_FIGURES; i++) {
        privacy_pipeline_text(pipe, privacy_figures[i].name);
        privacy_pipeline_number(pipe, privacy_figure_of(&action->figures, i));
    }
}


static void
privacy_sweep_locked(privacy_action_t *action)
{
    if (!privacy_sweep_holds(action)) {
        return;
    }

    action->figures.started_at = action->now;
    action->errors = 1;                /* of single keys */

    privacy_sweep_report(action, "running");
    privacy_action_then(action, privacy_sweep_go);
}


static void
privacy_sweep_scan(privacy_action_t *action)
{
    privacy_name_t       name;
    privacy_sweeper_t   *sweeper = action->sweeper;
    privacy_pipeline_t  *pipe = &action->pipe;

    privacy_sweep_lock_command(action, PRIVACY_SWEEP_LOCK_MS);

    privacy_name_tail(action, &name,
                      sweeper->phase == PRIVACY_PHASE_CAMERAS ? ":camera:*"
                                                              : "[-:]*");
    privacy_pipeline_command(pipe, "SCAN");
    privacy_pipeline_text(pipe, sweeper->cursor);
    privacy_pipeline_text(pipe, "MATCH");
    privacy_pipeline_add(pipe, privacy_name_text(&name));
    privacy_pipeline_text(pipe, "COUNT");
    privacy_pipeline_number(pipe, PRIVACY_SWEEP_COUNT);

    if (++sweeper->scans % PRIVACY_SWEEP_REPORT == 0) {
        privacy_sweep_report(action, "running");
    }

    privacy_action_then(action, privacy_sweep_scanned);
}


/* The indexes of organizations: after the walk, when they are repaired */

static void
privacy_sweep_sets(privacy_action_t *action)
{
    json_t         *value;
    const char     *organization;
    privacy_str_t   none = { "", 0 };

    json_object_foreach(action->sweeper->sets, organization, value) {
        privacy_sweeper_add(action->sweeper, PRIVACY_CHECK_SET,
                            privacy_text(organization), none);
    }

    (void) json_object_clear(action->sweeper->sets);
}


/* The summary, and the lock given up */

static void
privacy_sweep_end(privacy_action_t *action)
{
    json_t          *at;
    int64_t          reset;
    privacy_name_t   name;

    privacy_sweep_report(action, "done");

    reset = privacy_reset_before(&action->conf.policy->reset,
                                 action->figures.started_at);

    privacy_name_tail(action, &name, PRIVACY_SWEEP);
    privacy_pipeline_command(&action->pipe, "HSET");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));

    at = privacy_view_time(reset);
    privacy_pipeline_text(&action->pipe, "reset");
    privacy_pipeline_add(&action->pipe, privacy_json_text(at));
    json_decref(at);

    at = privacy_view_time(action->now);
    privacy_pipeline_text(&action->pipe, "finished_at");
    privacy_pipeline_add(&action->pipe, privacy_json_text(at));
    json_decref(at);

    privacy_sweep_lock_command(action, 0);

    action->errors = 0;
    privacy_action_then(action, privacy_sweep_ended);
}


/* The next thing to do */

static void
privacy_sweep_go(privacy_action_t *action)
{
    privacy_sweeper_t  *sweeper = action->sweeper;

    if (sweeper->failed) {
        privacy_action_no_memory(action);
        return;
    }

    if (sweeper->count != 0) {
        privacy_sweep_read(action);
        return;
    }

    if (sweeper->phase <= PRIVACY_PHASE_CAMERAS && !sweeper->scanned) {
        privacy_sweep_scan(action);
        return;
    }

    sweeper->phase++;
    sweeper->scanned = 0;
    sweeper->cursor[0] = '0';
    sweeper->cursor[1] = '\0';

    switch (sweeper->phase) {

    case PRIVACY_PHASE_CAMERAS:

        /* a portal that keeps no profiles has its own registry */

        if (sweeper->cameras == 0 || action->figures.accounts == 0) {
            sweeper->scanned = 1;
        }

        privacy_action_then(action, privacy_sweep_go);
        return;

    case PRIVACY_PHASE_SETS:
        privacy_sweep_sets(action);
        privacy_action_then(action, privacy_sweep_go);
        return;

    default:
        break;
    }

    privacy_sweep_end(action);
}


/* Keys that src/core has no use for */

static void
privacy_sweep_own_key(privacy_action_t *action, privacy_str_t key)
{
    privacy_str_t       id, none = { "", 0 }, rest;
    privacy_sweeper_t  *sweeper = action->sweeper;

    static const privacy_str_t  grants = privacy_str("-grants:{");
    static const privacy_str_t  deleted = privacy_str(PRIVACY_DELETED);

    if (key.len <= action->conf.prefix.len) {
        return;
    }

    rest.data = key.data + action->conf.prefix.len;
    rest.len = key.len - action->conf.prefix.len;

    if (privacy_same(rest, deleted) && action->conf.log_retention > 0) {
        privacy_sweeper_add(sweeper, PRIVACY_CHECK_LOG, none, none);

    } else if (rest.len > grants.len + 1
               && memcmp(rest.data, grants.data, grants.len) == 0
               && rest.data[rest.len - 1] == '}')
    {
        id.data = rest.data + grants.len;
        id.len = rest.len - grants.len - 1;
        privacy_sweeper_add(sweeper, PRIVACY_CHECK_GRANTS, id, none);
    }
}


/* Which check a key needs */

static void
privacy_sweep_key(privacy_action_t *action, privacy_str_t key)
{
    privacy_str_t       id, organization, none = { "", 0 };
    privacy_sweeper_t  *sweeper = action->sweeper;

    switch (privacy_key_parse(key, action->conf.prefix, &id, &organization)) {

    case PRIVACY_KEY_UNRESTRICTED:
        privacy_sweeper_add(sweeper, PRIVACY_CHECK_OPEN, id, none);
        return;

    case PRIVACY_KEY_GRANT:
        privacy_sweeper_add(sweeper, PRIVACY_CHECK_GRANT, id, organization);
        return;

    case PRIVACY_KEY_PROFILE:
        privacy_sweeper_add(sweeper, PRIVACY_CHECK_PROFILE, id, none);
        return;

    case PRIVACY_KEY_CAMERA:
        if (sweeper->phase == PRIVACY_PHASE_CAMERAS) {
            privacy_sweeper_add(sweeper, PRIVACY_CHECK_CAMERA, id, none);

        } else {
            sweeper->cameras++;
        }

        return;

    case PRIVACY_KEY_INDEX:
        (void) json_object_setn_new(sweeper->sets, id.data, id.len,
                                    json_true());
        return;

    case PRIVACY_KEY_LOG:
        if (action->conf.log_retention > 0) {
            privacy_sweeper_add(sweeper, PRIVACY_CHECK_LOG, id, none);
        }

        return;

    case PRIVACY_KEY_OTHER:
        privacy_sweep_own_key(action, key);
        return;

    default:
        return;
    }
}


static void
privacy_sweep_scanned(privacy_action_t *action)
{
    size_t                  i;
    privacy_sweeper_t      *sweeper = action->sweeper;
    const privacy_reply_t  *reply, *cursor, *keys, *key;

    if (!privacy_sweep_holds(action)) {
        return;
    }

    reply = privacy_pipeline_get(&action->pipe, 1);
    cursor = privacy_reply_item(reply, 0);
    keys = privacy_reply_item(reply, 1);

    if (cursor->type != PRIVACY_REPLY_STRING || cursor->string.len == 0
        || cursor->string.len >= sizeof(sweeper->cursor)
        || keys->type != PRIVACY_REPLY_ARRAY)
    {
        privacy_action_bad_reply(action);
        return;
    }

    memcpy(sweeper->cursor, cursor->string.data, cursor->string.len + 1);
    sweeper->scanned = strcmp(sweeper->cursor, "0") == 0;

    for (i = 0; i < keys->count; i++) {
        key = privacy_reply_item(keys, i);

        if (key->type == PRIVACY_REPLY_STRING) {
            privacy_sweep_key(action, key->string);

            if (sweeper->phase == PRIVACY_PHASE_KEYS) {
                action->figures.keys++;
            }
        }
    }

    privacy_action_wait(action, PRIVACY_SWEEP_PAUSE, privacy_sweep_go);
}


static void
privacy_sweep_read(privacy_action_t *action)
{
    unsigned            i;
    privacy_check_t    *check;
    privacy_sweeper_t  *sweeper = action->sweeper;

    privacy_sweep_lock_command(action, PRIVACY_SWEEP_LOCK_MS);

    for (i = 0; i < PRIVACY_SWEEP_CHUNK && sweeper->count != 0; i++) {
        check = &sweeper->chunk[i];
        json_decref(check->claims);
        *check = sweeper->stack[--sweeper->count];

        check->first = action->pipe.count;
        privacy_check_read(action, check);
        check->count = action->pipe.count - check->first;
    }

    sweeper->nchunk = i;
    privacy_action_then(action, privacy_sweep_decide);
}


static void
privacy_sweep_decide(privacy_action_t *action)
{
    unsigned            i, first;
    privacy_check_t    *check;
    privacy_sweeper_t  *sweeper = action->sweeper;

    if (!privacy_sweep_holds(action)) {
        return;
    }

    for (i = 0; i < sweeper->nchunk; i++) {
        check = &sweeper->chunk[i];

        first = action->pipe.count;
        privacy_check_decide(action, check);
        check->first = first;
        check->count = action->pipe.count - first;

        if (action->wait != PRIVACY_WAIT_NOTHING) {
            return;
        }
    }

    privacy_action_then(action, action->pipe.count ? privacy_sweep_done
                                                   : privacy_sweep_go);
}


static void
privacy_sweep_done(privacy_action_t *action)
{
    unsigned            i;
    privacy_check_t     again;
    privacy_check_t    *check;
    privacy_sweeper_t  *sweeper = action->sweeper;

    for (i = 0; i < sweeper->nchunk; i++) {
        check = &sweeper->chunk[i];
        again = *check;

        if (check->count != 0) {
            privacy_check_done(action, check);
        }

        if (check->tries != again.tries && check->tries < 20) {
            privacy_sweeper_push(sweeper, check);
        }
    }

    privacy_action_then(action, privacy_sweep_go);
}


static json_t *
privacy_sweep_view(privacy_action_t *action)
{
    size_t   i;
    json_t  *view;

    view = json_pack("{s:s, s:o, s:o}", "state", "done",
                     "started_at",
                     privacy_view_time(action->figures.started_at),
                     "finished_at", privacy_view_time(action->now));

    for (i = 0; i < PRIVACY_FIGURES; i++) {
        (void) json_object_set_new(view, privacy_figures[i].name,
                                   json_integer(privacy_figure_of(
                                                &action->figures, i)));
    }

    return view;
}


static void
privacy_sweep_ended(privacy_action_t *action)
{
    action->result.changed = 1;
    privacy_action_finish(action, PRIVACY_STATUS_OK,
                          privacy_sweep_view(action));
}
