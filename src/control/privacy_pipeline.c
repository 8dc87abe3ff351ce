/*
 * A pipeline of commands and what Redis answered.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "privacy_pipeline.h"
#include "privacy_sha1.h"
#include "privacy_lua.h"


#define PRIVACY_REPLY_DEPTH  4         /* arrays in arrays that we ask for */


typedef struct {
    const char      *text;
    size_t           len;
} privacy_source_t;

static const privacy_source_t  privacy_sources[PRIVACY_SCRIPTS] = {
    { privacy_lua_change, sizeof(privacy_lua_change) - 1 },
    { privacy_lua_release, sizeof(privacy_lua_release) - 1 },
    { privacy_lua_lock, sizeof(privacy_lua_lock) - 1 }
};

static const privacy_reply_t  privacy_reply_none;


static void privacy_reply_cleanup(privacy_reply_t *reply);


static int
privacy_bytes_add(privacy_bytes_t *bytes, const void *data, size_t len)
{
    char    *p;
    size_t   size;

    if (len > bytes->size - bytes->len) {
        size = bytes->size ? bytes->size : 1024;

        while (size - bytes->len < len) {

            if (size > SIZE_MAX / 2) {
                return -1;
            }

            size *= 2;
        }

        p = realloc(bytes->data, size);

        if (p == NULL) {
            return -1;
        }

        bytes->data = p;
        bytes->size = size;
    }

    if (len != 0) {
        memcpy(bytes->data + bytes->len, data, len);
        bytes->len += len;
    }

    return 0;
}


/* "$LEN\r\nDATA\r\n" */

static int
privacy_bytes_argument(privacy_bytes_t *bytes, const void *data, size_t len)
{
    int   n;
    char  head[32];

    n = snprintf(head, sizeof(head), "$%zu\r\n", len);

    return privacy_bytes_add(bytes, head, n) != 0
           || privacy_bytes_add(bytes, data, len) != 0
           || privacy_bytes_add(bytes, "\r\n", 2) != 0;
}


void
privacy_pipeline_init(privacy_pipeline_t *pipe)
{
    unsigned       i;
    privacy_str_t  source;

    memset(pipe, 0, sizeof(privacy_pipeline_t));

    for (i = 0; i < PRIVACY_SCRIPTS; i++) {
        source.data = privacy_sources[i].text;
        source.len = privacy_sources[i].len;
        privacy_sha1(pipe->sha[i], source);
    }
}


static void
privacy_pipeline_forget(privacy_pipeline_t *pipe)
{
    unsigned  i;

    for (i = 0; i < pipe->nsent; i++) {
        privacy_reply_cleanup(&pipe->sent[i].reply);
    }

    pipe->nsent = 0;
}


void
privacy_pipeline_cleanup(privacy_pipeline_t *pipe)
{
    privacy_pipeline_forget(pipe);

    free(pipe->arguments.data);
    free(pipe->sent_arguments.data);
    free(pipe->wire.data);
    free(pipe->commands);
    free(pipe->sent);

    memset(pipe, 0, sizeof(privacy_pipeline_t));
}


static void
privacy_pipeline_begin(privacy_pipeline_t *pipe, int script)
{
    unsigned            size;
    privacy_command_t  *commands;

    if (pipe->count == pipe->size) {
        size = pipe->size ? pipe->size * 2 : 16;
        commands = realloc(pipe->commands, size * sizeof(privacy_command_t));

        if (commands == NULL) {
            pipe->failed = 1;
            return;
        }

        pipe->commands = commands;
        pipe->size = size;
    }

    memset(&pipe->commands[pipe->count], 0, sizeof(privacy_command_t));
    pipe->commands[pipe->count].start = pipe->arguments.len;
    pipe->commands[pipe->count].script = script;
    pipe->count++;
}


void
privacy_pipeline_command(privacy_pipeline_t *pipe, const char *name)
{
    privacy_pipeline_begin(pipe, -1);
    privacy_pipeline_text(pipe, name);
}


void
privacy_pipeline_script(privacy_pipeline_t *pipe, privacy_script_e script)
{
    privacy_pipeline_begin(pipe, script);
}


void
privacy_pipeline_add(privacy_pipeline_t *pipe, privacy_str_t argument)
{
    privacy_command_t  *command;

    if (pipe->failed || pipe->count == 0) {
        return;
    }

    if (privacy_bytes_argument(&pipe->arguments, argument.data, argument.len)
        != 0)
    {
        pipe->failed = 1;
        return;
    }

    command = &pipe->commands[pipe->count - 1];
    command->count++;
    command->len = pipe->arguments.len - command->start;
}


void
privacy_pipeline_text(privacy_pipeline_t *pipe, const char *argument)
{
    privacy_str_t  s = { argument, strlen(argument) };

    privacy_pipeline_add(pipe, s);
}


void
privacy_pipeline_number(privacy_pipeline_t *pipe, int64_t argument)
{
    char           buf[24];
    privacy_str_t  s = { buf, 0 };

    s.len = snprintf(buf, sizeof(buf), "%lld", (long long) argument);

    privacy_pipeline_add(pipe, s);
}


/* Adds one command to what is to be sent; "full": the script's text */

static int
privacy_pipeline_write(privacy_pipeline_t *pipe, privacy_command_t *command,
    int full)
{
    int                n;
    char               head[32];
    privacy_bytes_t   *wire = &pipe->wire;

    n = snprintf(head, sizeof(head), "*%u\r\n",
                 command->count + (command->script < 0 ? 0 : 2));

    if (privacy_bytes_add(wire, head, n) != 0) {
        return -1;
    }

    if (command->script >= 0) {

        if (full) {
            n = privacy_bytes_argument(wire, "EVAL", 4)
                || privacy_bytes_argument(wire,
                                     privacy_sources[command->script].text,
                                     privacy_sources[command->script].len);

        } else {
            n = privacy_bytes_argument(wire, "EVALSHA", 7)
                || privacy_bytes_argument(wire, pipe->sha[command->script],
                                          PRIVACY_SHA1_LEN);
        }

        if (n) {
            return -1;
        }
    }

    command->due = 1;
    pipe->awaited++;

    return privacy_bytes_add(wire, pipe->sent_arguments.data + command->start,
                             command->len);
}


int
privacy_pipeline_send(privacy_pipeline_t *pipe)
{
    unsigned            i, size;
    privacy_bytes_t     arguments;
    privacy_command_t  *commands;

    if (pipe->failed) {
        return -1;
    }

    privacy_pipeline_forget(pipe);

    commands = pipe->sent;
    size = pipe->sent_size;
    arguments = pipe->sent_arguments;

    pipe->sent = pipe->commands;
    pipe->sent_size = pipe->size;
    pipe->nsent = pipe->count;
    pipe->sent_arguments = pipe->arguments;

    pipe->commands = commands;
    pipe->size = size;
    pipe->count = 0;
    pipe->arguments = arguments;
    pipe->arguments.len = 0;

    pipe->wire.len = 0;
    pipe->awaited = 0;
    pipe->next = 0;

    for (i = 0; i < pipe->nsent; i++) {

        if (privacy_pipeline_write(pipe, &pipe->sent[i], 0) != 0) {
            pipe->failed = 1;
            return -1;
        }
    }

    return 0;
}


static void
privacy_reply_cleanup(privacy_reply_t *reply)
{
    size_t  i;

    for (i = 0; i < reply->count; i++) {
        privacy_reply_cleanup(&reply->items[i]);
    }

    free(reply->items);
    free((char *) reply->string.data);

    memset(reply, 0, sizeof(privacy_reply_t));
}


static int
privacy_reply_text(privacy_reply_t *copy, const redisReply *reply)
{
    char   *data;
    size_t  len = reply->str ? (size_t) reply->len : 0;

    data = malloc(len + 1);

    if (data == NULL) {
        return -1;
    }

    if (len != 0) {
        memcpy(data, reply->str, len);
    }

    data[len] = '\0';
    copy->string.data = data;
    copy->string.len = len;

    return 0;
}


static int
privacy_reply_copy(privacy_reply_t *copy, const redisReply *reply,
    unsigned depth)
{
    size_t  i;

    if (reply == NULL || depth > PRIVACY_REPLY_DEPTH) {
        return 0;
    }

    switch (reply->type) {

    case REDIS_REPLY_NIL:
        copy->type = PRIVACY_REPLY_NIL;
        return 0;

    case REDIS_REPLY_INTEGER:
        copy->type = PRIVACY_REPLY_INTEGER;
        copy->integer = reply->integer;
        return 0;

    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        copy->type = PRIVACY_REPLY_STRING;
        return privacy_reply_text(copy, reply);

    case REDIS_REPLY_ERROR:
        copy->type = (reply->len >= 9
                      && memcmp(reply->str, "WRONGTYPE", 9) == 0)
                     ? PRIVACY_REPLY_WRONGTYPE : PRIVACY_REPLY_ERROR;
        return privacy_reply_text(copy, reply);

    case REDIS_REPLY_ARRAY:
        copy->type = PRIVACY_REPLY_ARRAY;

        if (reply->elements == 0) {
            return 0;
        }

        copy->items = calloc(reply->elements, sizeof(privacy_reply_t));

        if (copy->items == NULL) {
            return -1;
        }

        copy->count = reply->elements;

        for (i = 0; i < copy->count; i++) {

            if (privacy_reply_copy(&copy->items[i], reply->element[i],
                                   depth + 1)
                != 0)
            {
                return -1;
            }
        }

        return 0;

    default:
        return 0;
    }
}


int
privacy_pipeline_reply(privacy_pipeline_t *pipe, const redisReply *reply)
{
    privacy_command_t  *command;

    while (pipe->next < pipe->nsent && !pipe->sent[pipe->next].due) {
        pipe->next++;
    }

    if (pipe->next >= pipe->nsent) {
        return 0;
    }

    command = &pipe->sent[pipe->next++];
    command->due = 0;
    pipe->awaited--;

    privacy_reply_cleanup(&command->reply);

    return privacy_reply_copy(&command->reply, reply, 0);
}


int
privacy_pipeline_again(privacy_pipeline_t *pipe)
{
    unsigned            i, known;
    privacy_command_t  *command;

    pipe->wire.len = 0;
    pipe->awaited = 0;
    pipe->next = 0;
    known = 0;

    for (i = 0; i < pipe->nsent; i++) {
        command = &pipe->sent[i];

        if (command->script < 0
            || command->reply.type != PRIVACY_REPLY_ERROR
            || command->reply.string.len < 8
            || memcmp(command->reply.string.data, "NOSCRIPT", 8) != 0)
        {
            continue;
        }

        /* EVAL makes it known to those that follow */

        if (privacy_pipeline_write(pipe, command,
                                   !(known & 1u << command->script))
            != 0)
        {
            return -1;
        }

        known |= 1u << command->script;
    }

    return pipe->awaited != 0;
}


const privacy_reply_t *
privacy_pipeline_get(const privacy_pipeline_t *pipe, unsigned index)
{
    return (index < pipe->nsent) ? &pipe->sent[index].reply
                                 : &privacy_reply_none;
}


const privacy_reply_t *
privacy_reply_item(const privacy_reply_t *reply, size_t index)
{
    return (reply->type == PRIVACY_REPLY_ARRAY && index < reply->count)
           ? &reply->items[index] : &privacy_reply_none;
}
