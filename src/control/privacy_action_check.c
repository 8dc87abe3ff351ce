/*
 * The sweep: what is checked about each key, and what is done about it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "privacy_action_sweep.h"


#define PRIVACY_TRIM_LIMIT  10000      /* events that one XTRIM looks at */

#define PRIVACY_SWEEP_LATE  (10 * 60 * 1000)   /* ms after the reset */


void
privacy_check_named(privacy_action_t *action, const privacy_name_t *name,
    const char *command, privacy_str_t argument)
{
    privacy_pipeline_command(&action->pipe, command);
    privacy_pipeline_add(&action->pipe, privacy_name_text(name));

    if (argument.len != 0) {
        privacy_pipeline_add(&action->pipe, argument);
    }
}


void
privacy_check_index(privacy_action_t *action, const char *command,
    privacy_str_t organization, privacy_str_t account)
{
    privacy_name_t  name;

    privacy_name_write(action, &name, PRIVACY_KEY_INDEX, organization,
                       organization);
    privacy_check_named(action, &name, command, account);
}


static void
privacy_check_trim(privacy_action_t *action, privacy_check_t *check)
{
    char            id[32];
    int64_t         from;
    privacy_name_t  name;

    if (check->id[0] != '\0') {
        privacy_name_write(action, &name, PRIVACY_KEY_LOG,
                           privacy_check_id(check), privacy_check_id(check));

    } else {
        privacy_name_tail(action, &name, PRIVACY_DELETED);
    }

    from = action->now - action->conf.log_retention;
    (void) snprintf(id, sizeof(id), "%lld", from > 0 ? (long long) from : 0LL);

    /*
     * In steps while whole nodes of the stream can go, then the rest of the
     * first node
     */

    privacy_check_named(action, &name, "XTRIM", privacy_text("MINID"));

    if (check->cursor[0] == '0') {
        privacy_pipeline_text(&action->pipe, "~");
        privacy_pipeline_text(&action->pipe, id);
        privacy_pipeline_text(&action->pipe, "LIMIT");
        privacy_pipeline_number(&action->pipe, PRIVACY_TRIM_LIMIT);

    } else {
        privacy_pipeline_text(&action->pipe, id);
    }
}


/* Checks that read an account's records: which, and whose */

static void
privacy_check_records(privacy_action_t *action, privacy_str_t account,
    privacy_str_t organization, const privacy_key_e *kinds, unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        privacy_read_key(action, kinds[i], account, organization);
    }
}


/* Are there records of the account, other than its profile */

static void
privacy_check_known(privacy_action_t *action, privacy_str_t account)
{
    size_t          i;
    privacy_name_t  name;

    static const privacy_key_e  kinds[] = {
        PRIVACY_KEY_PROVIDERS, PRIVACY_KEY_UNRESTRICTED, PRIVACY_KEY_EXCLUDED
    };

    privacy_pipeline_command(&action->pipe, "EXISTS");

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        privacy_name_write(action, &name, kinds[i], account, account);
        privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
    }
}


void
privacy_check_read(privacy_action_t *action, privacy_check_t *check)
{
    privacy_str_t   id = privacy_check_id(check);
    privacy_str_t   other = privacy_check_other(check);
    privacy_name_t  name;

    static const privacy_key_e  open[] = {
        PRIVACY_KEY_UNRESTRICTED, PRIVACY_KEY_EXCLUDED, PRIVACY_KEY_PROFILE
    };
    static const privacy_key_e  member[] = {
        PRIVACY_KEY_PROVIDERS, PRIVACY_KEY_GRANT, PRIVACY_KEY_PROFILE
    };

    switch (check->check) {

    case PRIVACY_CHECK_OPEN:
        privacy_check_records(action, id, id, open, 3);
        return;

    case PRIVACY_CHECK_GRANT:
    case PRIVACY_CHECK_INDEXED:
        privacy_read_key(action, PRIVACY_KEY_GRANT, id, other);
        return;

    case PRIVACY_CHECK_PROFILE:
        privacy_read_key(action, PRIVACY_KEY_PROFILE, id, id);
        return;

    case PRIVACY_CHECK_CAMERA:
        privacy_read_key(action, PRIVACY_KEY_CAMERA, id, id);
        return;

    case PRIVACY_CHECK_OWNED:
    case PRIVACY_CHECK_RESTORE:
        privacy_read_key(action, PRIVACY_KEY_PROFILE, other, other);
        privacy_check_known(action, other);
        return;

    case PRIVACY_CHECK_MEMBER:
    case PRIVACY_CHECK_REJOIN:
        privacy_check_records(action, other, id, member, 3);
        return;

    case PRIVACY_CHECK_SET:
        privacy_name_write(action, &name, PRIVACY_KEY_INDEX, id, id);
        privacy_check_named(action, &name, "SSCAN",
                            privacy_text(check->cursor));
        privacy_pipeline_text(&action->pipe, "COUNT");
        privacy_pipeline_number(&action->pipe, 100);
        return;

    case PRIVACY_CHECK_GRANTS:
        privacy_name_grants(action, &name, id);
        privacy_check_named(action, &name, "SMEMBERS", privacy_text(""));
        return;

    default:
        privacy_check_trim(action, check);
        return;
    }
}


/* What was read has to be that still: hash and TTL */

void
privacy_check_expect(privacy_action_t *action, privacy_change_t *change,
    privacy_key_e kind, const privacy_check_t *check,
    const privacy_seen_t *seen, const char *write)
{
    privacy_name_t  name;

    privacy_name_write(action, &name, kind, privacy_check_id(check),
                       kind == PRIVACY_KEY_GRANT ? privacy_check_other(check)
                                                 : privacy_check_id(check));
    privacy_change_row(action, change, &name, seen->sha, write);

    if (!change->failed && strcmp(write, "del") == 0) {
        change->rows[change->count - 1].ttl = seen->ends ? seen->left : -1;
    }
}


static void
privacy_check_change(privacy_action_t *action, privacy_change_t *change,
    const privacy_check_t *check, const char *name, privacy_str_t target,
    const privacy_seen_t *seen)
{
    json_t  *event, *before;

    event = privacy_change_event(action, name, target, NULL);
    before = privacy_seen_json(seen);

    if (event == NULL) {
        action->pipe.failed = 1;

    } else if (before != NULL) {
        (void) json_object_set(event, "before", before);
    }

    json_decref(before);
    privacy_change_send(action, change, privacy_check_id(check), event, 0);
}


/*
 * 1 if it is a sweep by itself that makes up for a reset long ago, because
 * everybody was down then: what does not say when it was made may well have
 * been made since.
 */

static int
privacy_check_late(privacy_action_t *action)
{
    int64_t  last;

    last = privacy_reset_before(&action->conf.policy->reset,
                                action->figures.started_at);

    return action->request.due
           && action->figures.started_at - last > PRIVACY_SWEEP_LATE;
}


/*
 * 1 if an unrestricted record was made after the last reset.  A bare 1 does
 * not say when, but if it ends at the next reset, it was made for this day.
 */

static int
privacy_check_fresh(privacy_action_t *action, const privacy_seen_t *seen)
{
    int                      fresh;
    int64_t                  last, next;
    privacy_unrestricted_t  *record;

    if (seen->state != PRIVACY_FACT_PRESENT) {
        return 0;
    }

    record = privacy_view_record(PRIVACY_KEY_UNRESTRICTED, seen->value);

    if (record == NULL) {
        return 0;
    }

    last = privacy_reset_before(&action->conf.policy->reset, action->now);
    next = privacy_reset_after(&action->conf.policy->reset, action->now);

    if (record->bare) {
        fresh = seen->ends != 0
                && seen->ends <= next + PRIVACY_CLOCK_SKEW
                && (seen->ends >= next - PRIVACY_CLOCK_SKEW
                    || privacy_check_late(action));

    } else {
        fresh = record->at >= last
                && record->at <= action->now + PRIVACY_CLOCK_SKEW;
    }

    free(record);

    return fresh;
}


static int
privacy_check_excluded(const privacy_seen_t *seen)
{
    int                  excluded;
    privacy_excluded_t  *record;

    if (seen->state != PRIVACY_FACT_PRESENT) {
        return 0;
    }

    record = privacy_view_record(PRIVACY_KEY_EXCLUDED, seen->value);
    excluded = record != NULL && record->everybody;
    free(record);

    return excluded;
}


static void
privacy_check_open(privacy_action_t *action, privacy_check_t *check)
{
    int                cameras;
    json_t            *profile;
    unsigned           i;
    privacy_str_t      none = { "", 0 };
    privacy_seen_t     seen[3];
    privacy_change_t   change;

    for (i = 0; i < 3; i++) {

        if (privacy_read_seen(action, check->first, i, &seen[i]) != 0) {
            return;
        }
    }

    profile = privacy_seen_json(&seen[2]);
    cameras = privacy_view_cameras(profile);
    json_decref(profile);

    if (seen[0].state == PRIVACY_FACT_ABSENT
        || !cameras
        || privacy_check_excluded(&seen[1])
        || privacy_check_fresh(action, &seen[0]))
    {
        return;
    }

    memset(&change, 0, sizeof(privacy_change_t));

    privacy_check_expect(action, &change, PRIVACY_KEY_UNRESTRICTED, check,
                         &seen[0], "del");
    privacy_check_expect(action, &change, PRIVACY_KEY_EXCLUDED, check,
                         &seen[1], "keep");
    privacy_check_expect(action, &change, PRIVACY_KEY_PROFILE, check,
                         &seen[2], "keep");

    privacy_check_change(action, &change, check, "reset", none, &seen[0]);
}


/*
 * 1 if the grant's level demands a TTL, and it has none.  One that is in
 * force all the same, for its record says when it was given, ends by itself:
 * the nightly sweep leaves it until then.
 */

static int
privacy_check_unbounded(privacy_action_t *action, const privacy_seen_t *seen,
    int64_t end)
{
    int               unbounded;
    privacy_grant_t  *grant;

    if (seen->state != PRIVACY_FACT_PRESENT || seen->ends != 0
        || (action->request.due && end > action->now))
    {
        return 0;
    }

    grant = privacy_view_record(PRIVACY_KEY_GRANT, seen->value);

    if (grant == NULL) {
        return 0;
    }

    unbounded = grant->level < PRIVACY_LEVELS
                && action->conf.policy->grant_ttl[grant->level] != 0;
    free(grant);

    return unbounded;
}


static void
privacy_check_grant(privacy_action_t *action, privacy_check_t *check)
{
    int64_t            end;
    privacy_name_t     name;
    privacy_seen_t     seen;
    privacy_grant_e    state;
    privacy_change_t   change;

    if (privacy_read_seen(action, check->first, 0, &seen) != 0) {
        return;
    }

    state = privacy_view_grant_state(action, &seen, &end);
    privacy_name_grants(action, &name, privacy_check_id(check));

    if (state == PRIVACY_GRANT_ABSENT) {
        return;
    }

    if (state != PRIVACY_GRANT_EXPIRED
        && !privacy_check_unbounded(action, &seen, end))
    {
        if (state == PRIVACY_GRANT_INVALID) {
            action->figures.invalid++;
        }

        /* both know it already, as a rule */

        privacy_check_named(action, &name, "SADD", privacy_check_other(check));
        privacy_check_index(action, "SADD", privacy_check_other(check),
                            privacy_check_id(check));
        return;
    }

    memset(&change, 0, sizeof(privacy_change_t));

    privacy_check_expect(action, &change, PRIVACY_KEY_GRANT, check, &seen,
                         "del");
    privacy_change_row(action, &change, &name, PRIVACY_ANY, "srem");
    privacy_change_value(&change, check->other, strlen(check->other), 0);

    privacy_check_change(action, &change, check, "expire",
                         privacy_check_other(check), &seen);
}


/* The cursor: "0" in steps, "1" the rest; a "+" after it: something was cut */

static void
privacy_check_log(privacy_action_t *action, privacy_check_t *check)
{
    int                     cut;
    privacy_check_t         next = *check;
    const privacy_reply_t  *reply;

    reply = privacy_pipeline_get(&action->pipe, check->first);

    if (reply->type != PRIVACY_REPLY_INTEGER || reply->integer < 0) {
        return;
    }

    action->figures.events += reply->integer;
    cut = reply->integer != 0;

    if (cut) {
        next.cursor[1] = '+';
        next.cursor[2] = '\0';
    }

    if (check->cursor[0] == '1') {
        action->figures.logs += cut || check->cursor[1] == '+';
        return;
    }

    next.cursor[0] = cut ? '0' : '1';
    privacy_sweeper_push(action->sweeper, &next);
}


void
privacy_check_decide(privacy_action_t *action, privacy_check_t *check)
{
    switch (check->check) {

    case PRIVACY_CHECK_OPEN:
        privacy_check_open(action, check);
        return;

    case PRIVACY_CHECK_GRANT:
        privacy_check_grant(action, check);
        return;

    case PRIVACY_CHECK_PROFILE:
        privacy_check_profile(action, check);
        return;

    case PRIVACY_CHECK_CAMERA:
        privacy_check_camera(action, check);
        return;

    case PRIVACY_CHECK_OWNED:
    case PRIVACY_CHECK_RESTORE:
        privacy_check_owned(action, check);
        return;

    case PRIVACY_CHECK_SET:
    case PRIVACY_CHECK_GRANTS:
        privacy_check_set(action, check);
        return;

    case PRIVACY_CHECK_MEMBER:
    case PRIVACY_CHECK_REJOIN:
        privacy_check_member(action, check);
        return;

    case PRIVACY_CHECK_INDEXED:
        privacy_check_indexed(action, check);
        return;

    case PRIVACY_CHECK_LOG:
        privacy_check_log(action, check);
        return;

    default:
        return;
    }
}


/* A change that came too late is tried anew: the tries tell */

static void
privacy_check_changed(privacy_check_t *check, const privacy_reply_t *reply,
    uint64_t *figure)
{
    if (reply->type != PRIVACY_REPLY_STRING) {
        return;
    }

    if (privacy_same(reply->string, privacy_text("changed"))) {
        check->tries++;

    } else {
        (*figure)++;
    }
}


void
privacy_check_done(privacy_action_t *action, privacy_check_t *check)
{
    unsigned                  i;
    privacy_str_t             id = privacy_check_id(check);
    privacy_str_t             other = privacy_check_other(check);
    const privacy_reply_t    *reply;
    privacy_sweep_figures_t  *figures = &action->figures;

    reply = privacy_pipeline_get(&action->pipe, check->first);

    switch (check->check) {

    case PRIVACY_CHECK_OPEN:
        privacy_check_changed(check, reply, &figures->restricted);
        return;

    case PRIVACY_CHECK_GRANT:
        privacy_check_changed(check, reply, &figures->grants);

        for (i = 0; i < check->count; i++) {
            reply = privacy_pipeline_get(&action->pipe, check->first + i);
            figures->repaired += reply->type == PRIVACY_REPLY_INTEGER
                                 && reply->integer == 1;
        }

        return;

    case PRIVACY_CHECK_PROFILE:
        privacy_check_claimed(action, check);
        return;

    case PRIVACY_CHECK_INDEXED:
        privacy_check_changed(check, reply, &figures->index);
        return;

    default:
        break;
    }

    if (reply->type == PRIVACY_REPLY_INTEGER && reply->integer == 1) {

        if (check->check == PRIVACY_CHECK_OWNED) {
            figures->registry++;
            privacy_sweeper_add(action->sweeper, PRIVACY_CHECK_RESTORE, id,
                                other);

        } else if (check->check == PRIVACY_CHECK_CAMERA) {
            figures->registry++;

        } else if (check->check == PRIVACY_CHECK_MEMBER) {
            figures->index++;
            privacy_sweeper_add(action->sweeper, PRIVACY_CHECK_REJOIN, id,
                                other);
        }
    }
}
