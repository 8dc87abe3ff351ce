/*
 * What the last sweep did, and whether one is running.
 */

#include <stdlib.h>

#include "privacy_action_state.h"


static void privacy_sweep_shown(privacy_action_t *action);


void
privacy_action_sweep_state(privacy_action_t *action)
{
    privacy_name_t  name;

    privacy_name_tail(action, &name, PRIVACY_SWEEP);
    privacy_pipeline_command(&action->pipe, "HGETALL");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));

    privacy_name_tail(action, &name, PRIVACY_SWEEP_LOCK);
    privacy_pipeline_command(&action->pipe, "EXISTS");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));

    privacy_action_then(action, privacy_sweep_shown);
}


/* Figures as numbers; what does not look like one is a string */

static json_t *
privacy_sweep_value(privacy_str_t text)
{
    char  *end;
    long long  number;

    if (text.len != 0 && text.len < 19
        && text.data[0] >= '0' && text.data[0] <= '9')
    {
        number = strtoll(text.data, &end, 10);

        if (*end == '\0') {
            return json_integer(number);
        }
    }

    return json_stringn(text.data, text.len);
}


static void
privacy_sweep_shown(privacy_action_t *action)
{
    size_t                  i;
    json_t                 *view;
    const privacy_reply_t  *fields, *lock, *name, *value;

    fields = privacy_pipeline_get(&action->pipe, 0);
    lock = privacy_pipeline_get(&action->pipe, 1);

    if (fields->type != PRIVACY_REPLY_ARRAY
        || lock->type != PRIVACY_REPLY_INTEGER)
    {
        privacy_action_bad_reply(action);
        return;
    }

    view = json_object();

    for (i = 0; i + 1 < fields->count; i += 2) {
        name = privacy_reply_item(fields, i);
        value = privacy_reply_item(fields, i + 1);

        if (name->type == PRIVACY_REPLY_STRING
            && value->type == PRIVACY_REPLY_STRING)
        {
            (void) json_object_setn_new(view, name->string.data,
                                        name->string.len,
                                        privacy_sweep_value(value->string));
        }
    }

    if (json_object_size(view) == 0) {
        (void) json_object_set_new(view, "state", json_string("never"));

    } else if (lock->integer == 0
               && privacy_same(privacy_json_text(json_object_get(view,
                                                                 "state")),
                               privacy_text("running")))
    {
        (void) json_object_set_new(view, "state", json_string("interrupted"));
    }

    (void) json_object_set_new(view, "running",
                               json_boolean(lock->integer != 0));

    privacy_action_finish(action, PRIVACY_STATUS_OK, view);
}
