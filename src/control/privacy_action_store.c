/*
 * The actions: keys, reads, changes.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "privacy_action_state.h"


/* A record beyond this is logged by its size only */

#define PRIVACY_LOGGED_MAX  (64 * 1024)


privacy_str_t
privacy_text(const char *text)
{
    privacy_str_t  s = { text, strlen(text) };

    return s;
}


privacy_str_t
privacy_json_text(const json_t *string)
{
    privacy_str_t  s = { "", 0 };

    if (json_is_string(string)) {
        s.data = json_string_value(string);
        s.len = json_string_length(string);
    }

    return s;
}


int
privacy_same(privacy_str_t a, privacy_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


void
privacy_name_write(privacy_action_t *action, privacy_name_t *name,
    privacy_key_e kind, privacy_str_t id, privacy_str_t organization)
{
    name->len = privacy_key_write(name->data, action->conf.prefix, kind, id,
                                  organization);
}


void
privacy_name_tail(privacy_action_t *action, privacy_name_t *name,
    const char *tail)
{
    int  n;

    n = snprintf(name->data, sizeof(name->data), "%.*s%s",
                 (int) action->conf.prefix.len, action->conf.prefix.data, tail);

    name->len = (n > 0 && (size_t) n < sizeof(name->data)) ? n : 0;
}


void
privacy_name_grants(privacy_action_t *action, privacy_name_t *name,
    privacy_str_t account)
{
    int  n = 0;

    if (privacy_id_valid(account)) {
        n = snprintf(name->data, sizeof(name->data), "%.*s-grants:{%.*s}",
                     (int) action->conf.prefix.len, action->conf.prefix.data,
                     (int) account.len, account.data);
    }

    name->len = (n > 0 && (size_t) n < sizeof(name->data)) ? n : 0;
}


void
privacy_name_grant_of(privacy_action_t *action, privacy_name_t *name)
{
    privacy_str_t  account = action->request.account;

    privacy_name_write(action, name, PRIVACY_KEY_GRANT, account, account);

    if (name->len != 0) {
        name->len -= account.len;
        name->data[name->len] = '\0';
    }
}


privacy_str_t
privacy_name_text(const privacy_name_t *name)
{
    privacy_str_t  s = { name->data, name->len };

    return s;
}


void
privacy_read_key(privacy_action_t *action, privacy_key_e kind,
    privacy_str_t id, privacy_str_t organization)
{
    privacy_name_t  name;

    privacy_name_write(action, &name, kind, id, organization);

    privacy_pipeline_command(&action->pipe, "GET");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
    privacy_pipeline_command(&action->pipe, "PTTL");
    privacy_pipeline_add(&action->pipe, privacy_name_text(&name));
}


int
privacy_read_seen(privacy_action_t *action, unsigned first, unsigned n,
    privacy_seen_t *seen)
{
    const privacy_reply_t  *value, *left;

    memset(seen, 0, sizeof(privacy_seen_t));

    value = privacy_pipeline_get(&action->pipe, first + 2 * n);
    left = privacy_pipeline_get(&action->pipe, first + 2 * n + 1);

    if (left->type != PRIVACY_REPLY_INTEGER) {
        privacy_action_bad_reply(action);
        return -1;
    }

    switch (value->type) {

    case PRIVACY_REPLY_NIL:
        seen->state = PRIVACY_FACT_ABSENT;
        (void) snprintf(seen->sha, sizeof(seen->sha), PRIVACY_SHA1_ABSENT);
        return 0;

    case PRIVACY_REPLY_STRING:
        seen->state = PRIVACY_FACT_PRESENT;
        seen->value = value->string;
        privacy_sha1(seen->sha, value->string);
        break;

    case PRIVACY_REPLY_WRONGTYPE:
        seen->state = PRIVACY_FACT_INVALID;
        (void) snprintf(seen->sha, sizeof(seen->sha), PRIVACY_SHA1_WRONG);
        break;

    default:
        privacy_action_bad_reply(action);
        return -1;
    }

    if (left->integer == -1) {
        return 0;
    }

    /* -2: it ended between the two commands; 0 would be "none" */

    seen->left = (left->integer > 0) ? left->integer : 1;
    seen->ends = (seen->left < INT64_MAX - action->now)
                 ? action->now + seen->left : INT64_MAX;

    return 0;
}


json_t *
privacy_seen_json(const privacy_seen_t *seen)
{
    if (seen->state != PRIVACY_FACT_PRESENT
        || seen->value.len > PRIVACY_BODY_MAX
        || memchr(seen->value.data, '\0', seen->value.len) != NULL)
    {
        return NULL;
    }

    return json_loadb(seen->value.data, seen->value.len,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}


void
privacy_change_row(privacy_action_t *action, privacy_change_t *change,
    const privacy_name_t *key, const char *expect, const char *write)
{
    unsigned        size;
    privacy_row_t  *rows;

    (void) action;

    if (change->count == change->size) {
        size = change->size ? change->size * 2 : 8;
        rows = realloc(change->rows, size * sizeof(privacy_row_t));

        if (rows == NULL) {
            change->failed = 1;
            return;
        }

        change->rows = rows;
        change->size = size;
    }

    rows = &change->rows[change->count++];

    memset(rows, 0, sizeof(privacy_row_t));
    rows->key = *key;
    rows->ttl = PRIVACY_TTL_ANY;
    rows->write = write;
    (void) snprintf(rows->expect, sizeof(rows->expect), "%s", expect);
}


/* Of the last row */

void
privacy_change_value(privacy_change_t *change, const char *value, size_t len,
    int64_t px)
{
    privacy_row_t  *row;

    if (change->failed || change->count == 0) {
        return;
    }

    row = &change->rows[change->count - 1];
    row->px = px;
    row->value = malloc(len + 1);

    if (row->value == NULL) {
        change->failed = 1;
        return;
    }

    if (len != 0) {
        memcpy(row->value, value, len);
    }

    row->value[len] = '\0';
}


/* Of the last row; "sha" (may be NULL) gets the hash of its bytes */

void
privacy_change_json(privacy_change_t *change, const json_t *value, int64_t px,
    char *sha)
{
    privacy_row_t  *row;

    if (change->failed || change->count == 0) {
        return;
    }

    row = &change->rows[change->count - 1];
    row->px = px;
    row->value = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (row->value == NULL) {
        change->failed = 1;

    } else if (sha != NULL) {
        privacy_sha1(sha, privacy_text(row->value));
    }
}


json_t *
privacy_change_event(privacy_action_t *action, const char *name,
    privacy_str_t target, json_t *record)
{
    int                     rc;
    json_t                 *event;
    privacy_str_t           level;
    const privacy_actor_t  *actor = &action->request.actor;

    event = json_object();

    level = actor->store ? privacy_text("store")
                         : privacy_level_name(actor->level);

    rc = json_object_set_new(event, "at", privacy_view_time(action->now));
    rc |= json_object_set_new(event, "action", json_string(name));
    rc |= json_object_set_new(event, "by",
                              json_stringn(action->by.data, action->by.len));
    rc |= json_object_set_new(event, "level",
                              json_stringn(level.data, level.len));

    if (!actor->store && privacy_id_valid(actor->organization)) {
        rc |= json_object_set_new(event, "organization",
                                  json_stringn(actor->organization.data,
                                               actor->organization.len));
    }

    if (target.len != 0) {
        rc |= json_object_set_new(event, "target",
                                  json_stringn(target.data, target.len));
    }

    if (record != NULL) {
        rc |= json_object_set(event, "record", record);
    }

    if (rc != 0) {
        json_decref(event);
        return NULL;
    }

    return event;
}


/* A field and its value as words of the log event */

static int
privacy_change_field(privacy_pipeline_t *pipe, const char *name,
    const json_t *value)
{
    char  *text, size[48];

    privacy_pipeline_text(pipe, name);

    if (json_is_string(value)) {
        privacy_pipeline_add(pipe, privacy_json_text(value));
        return 0;
    }

    text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (text == NULL) {
        return -1;
    }

    if (strlen(text) > PRIVACY_LOGGED_MAX) {
        (void) snprintf(size, sizeof(size), "{\"bytes\":%zu}", strlen(text));
        privacy_pipeline_text(pipe, size);

    } else {
        privacy_pipeline_text(pipe, text);
    }

    free(text);

    return 0;
}


static void
privacy_change_rows(privacy_pipeline_t *pipe, const privacy_change_t *change)
{
    unsigned              i;
    const privacy_row_t  *row;

    for (i = 0; i < change->count; i++) {
        row = &change->rows[i];

        privacy_pipeline_text(pipe, row->expect);

        if (row->ttl == PRIVACY_TTL_ANY) {
            privacy_pipeline_text(pipe, "");

        } else {
            privacy_pipeline_number(pipe, row->ttl);
        }

        privacy_pipeline_text(pipe, row->write);
        privacy_pipeline_text(pipe, row->value ? row->value : "");

        if (row->px == 0) {
            privacy_pipeline_text(pipe, "");

        } else {
            privacy_pipeline_number(pipe, row->px);
        }
    }
}


static int
privacy_change_words(privacy_action_t *action, privacy_str_t account,
    json_t *event, int mute)
{
    char                *text;
    json_t              *value;
    const char          *field;
    privacy_name_t       name;
    privacy_pipeline_t  *pipe = &action->pipe;

    privacy_name_tail(action, &name, PRIVACY_CHANNEL);
    privacy_pipeline_add(pipe, privacy_name_text(&name));

    if (event == NULL) {
        privacy_pipeline_text(pipe, "");
        privacy_pipeline_text(pipe, "0");
        return 0;
    }

    if (json_object_set_new(event, "account",
                            json_stringn(account.data, account.len))
        != 0)
    {
        return -1;
    }

    text = json_dumps(event, JSON_COMPACT);

    if (text == NULL) {
        return -1;
    }

    privacy_pipeline_text(pipe, text);
    free(text);

    if (mute) {
        privacy_pipeline_text(pipe, "0");
        return 0;
    }

    (void) json_object_del(event, "account");    /* the key says it */
    privacy_pipeline_number(pipe, 2 * json_object_size(event));

    json_object_foreach(event, field, value) {

        if (privacy_change_field(pipe, field, value) != 0) {
            return -1;
        }
    }

    return 0;
}


void
privacy_change_send(privacy_action_t *action, privacy_change_t *change,
    privacy_str_t account, json_t *event, int mute)
{
    unsigned             i;
    privacy_name_t       name;
    privacy_pipeline_t  *pipe = &action->pipe;

    privacy_pipeline_script(pipe, PRIVACY_SCRIPT_CHANGE);
    privacy_pipeline_number(pipe, change->count + 1);

    privacy_name_write(action, &name, PRIVACY_KEY_LOG, account, account);
    privacy_pipeline_add(pipe, privacy_name_text(&name));

    for (i = 0; i < change->count; i++) {
        privacy_pipeline_add(pipe, privacy_name_text(&change->rows[i].key));
    }

    if (change->failed
        || privacy_change_words(action, account, event, mute) != 0)
    {
        pipe->failed = 1;
    }

    privacy_change_rows(pipe, change);

    for (i = 0; i < change->count; i++) {
        free(change->rows[i].value);
    }

    free(change->rows);
    memset(change, 0, sizeof(privacy_change_t));
    json_decref(event);
}


privacy_change_e
privacy_change_reply(privacy_action_t *action, unsigned n)
{
    const privacy_reply_t  *reply;

    reply = privacy_pipeline_get(&action->pipe, n);

    if (reply->type != PRIVACY_REPLY_STRING) {
        privacy_action_bad_reply(action);
        return PRIVACY_CHANGE_BAD;
    }

    if (privacy_same(reply->string, privacy_text("changed"))) {
        return PRIVACY_CHANGE_LATE;
    }

    return PRIVACY_CHANGE_DONE;
}
