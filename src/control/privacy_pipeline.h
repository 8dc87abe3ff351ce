/*
 * A pipeline of commands and what Redis answered: bytes out, replies in, no
 * sockets.  Scripts go by their hash, and in full where Redis does not know
 * them.
 */

#ifndef PRIVACY_PIPELINE_H
#define PRIVACY_PIPELINE_H

#include <hiredis/hiredis.h>

#include "privacy_types.h"


typedef enum {
    PRIVACY_SCRIPT_CHANGE = 0,
    PRIVACY_SCRIPT_RELEASE,
    PRIVACY_SCRIPT_LOCK,
    PRIVACY_SCRIPTS
} privacy_script_e;


typedef enum {
    PRIVACY_REPLY_NONE = 0,            /* not come, or of a type unknown */
    PRIVACY_REPLY_NIL,
    PRIVACY_REPLY_STRING,              /* status replies too */
    PRIVACY_REPLY_INTEGER,
    PRIVACY_REPLY_ARRAY,
    PRIVACY_REPLY_WRONGTYPE,           /* the key is of another type */
    PRIVACY_REPLY_ERROR                /* any other error; its text */
} privacy_reply_e;


/* A copy of a reply; nothing of it is checked but its shape */

typedef struct privacy_reply_s  privacy_reply_t;

struct privacy_reply_s {
    privacy_reply_e    type;
    int64_t            integer;
    privacy_str_t      string;
    size_t             count;
    privacy_reply_t   *items;
};


typedef struct {
    char              *data;
    size_t             len;
    size_t             size;
} privacy_bytes_t;


typedef struct {
    size_t             start;          /* of the arguments, in "arguments" */
    size_t             len;
    unsigned           count;          /* of arguments */
    int                script;         /* privacy_script_e; -1: none */
    privacy_reply_t    reply;
    unsigned           due:1;
} privacy_command_t;


/* Of one action.  Zeroed at birth */

typedef struct {
    privacy_bytes_t     arguments;     /* of the commands being written */
    privacy_bytes_t     wire;          /* what is to be sent */
    privacy_command_t  *commands;      /* being written */
    unsigned            count;
    unsigned            size;
    privacy_command_t  *sent;          /* those whose replies are kept */
    unsigned            nsent;
    unsigned            sent_size;
    privacy_bytes_t     sent_arguments;
    unsigned            awaited;
    unsigned            next;          /* whose reply is next */
    char                sha[PRIVACY_SCRIPTS][41];
    unsigned            failed:1;      /* no memory: nothing may be sent */
} privacy_pipeline_t;


void privacy_pipeline_init(privacy_pipeline_t *pipe);
void privacy_pipeline_cleanup(privacy_pipeline_t *pipe);

/* Begins a command: its name, or a script.  Then its arguments */

void privacy_pipeline_command(privacy_pipeline_t *pipe, const char *name);
void privacy_pipeline_script(privacy_pipeline_t *pipe,
    privacy_script_e script);

void privacy_pipeline_add(privacy_pipeline_t *pipe, privacy_str_t argument);
void privacy_pipeline_text(privacy_pipeline_t *pipe, const char *argument);
void privacy_pipeline_number(privacy_pipeline_t *pipe, int64_t argument);

/*
 * Makes the commands written so far the ones under way, with their bytes in
 * pipe->wire.  The replies of those before are freed: until here they could
 * be looked at.  -1: no memory.
 */

int privacy_pipeline_send(privacy_pipeline_t *pipe);

/* Copies a reply.  -1: no memory */

int privacy_pipeline_reply(privacy_pipeline_t *pipe, const redisReply *reply);

/*
 * All replies are there.  1: some scripts were unknown and pipe->wire holds
 * them again; 0: that is all; -1: no memory.
 */

int privacy_pipeline_again(privacy_pipeline_t *pipe);

/* Of the commands under way; one of type NONE where there is none */

const privacy_reply_t *privacy_pipeline_get(const privacy_pipeline_t *pipe,
    unsigned index);

/* An item of an array; one of type NONE where there is none */

const privacy_reply_t *privacy_reply_item(const privacy_reply_t *reply,
    size_t index);

#endif /* PRIVACY_PIPELINE_H */
