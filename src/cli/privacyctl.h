/*
 * privacyctl: the actions from the command line.
 */

#ifndef PRIVACYCTL_H
#define PRIVACYCTL_H

#include <stdio.h>

#include "privacy_action.h"


#define CTL_DONE     0
#define CTL_REFUSED  1                 /* or not found */
#define CTL_USAGE    2
#define CTL_STORE    3                 /* not reachable */

#define CTL_ARGUMENTS  3               /* of a command, without options */

#define CTL_PASSWORD   1024            /* bytes of one, with the NUL */


/* Where Redis is and who we are to it; from file, environment, options */

typedef struct {
    char            *address;
    char            *password_file;
    char            *user_name;
    char            *tls_ca;
    char            *tls_cert;
    char            *tls_key;
    char            *tls_name;
    int              db;
    int              timeout;          /* ms, of connecting and of silence */
    int              tls;
} ctl_redis_t;


typedef enum {
    CTL_PUT = 0,
    CTL_GET,
    CTL_DELETE,
    CTL_ALLOW,
    CTL_DISALLOW,
    CTL_GRANT,
    CTL_UPDATE,
    CTL_REVOKE,
    CTL_GRANTS,
    CTL_EXCLUDE,
    CTL_INCLUDE,
    CTL_LIST,
    CTL_EXPLAIN,
    CTL_SWEEP,
    CTL_WATCH,
    CTL_COMMANDS
} ctl_command_e;


typedef struct {
    const char        *name;           /* one word or two */
    privacy_action_e   action;
    unsigned           least;          /* arguments */
    unsigned           most;
    const char        *usage;          /* arguments and own options */
    const char        *help;
} ctl_command_t;

extern const ctl_command_t  ctl_commands[CTL_COMMANDS];

#define CTL_BIT(command)  (1u << (command))
#define CTL_GRANTING      (CTL_BIT(CTL_GRANT) | CTL_BIT(CTL_UPDATE))
#define CTL_CHANGING                                                          \
    (CTL_GRANTING | CTL_BIT(CTL_PUT) | CTL_BIT(CTL_DELETE)                    \
     | CTL_BIT(CTL_ALLOW) | CTL_BIT(CTL_DISALLOW) | CTL_BIT(CTL_REVOKE)       \
     | CTL_BIT(CTL_EXCLUDE) | CTL_BIT(CTL_INCLUDE))


/* What was asked for; the strings are the process's */

typedef struct {
    ctl_command_e      command;
    const char        *arguments[CTL_ARGUMENTS];
    unsigned           count;

    ctl_redis_t        redis;
    privacy_policy_t   policy;
    char              *prefix;
    int64_t            log_retention;

    int                json;
    int                help;
    int                quiet;
    int                status;         /* sweep --status */
    int                due;            /* sweep --if-due */
    int                no_registry;    /* explain */
    int                no_providers;
    const char        *by;
    const char        *level;
    const char        *organization;
    const char        *user;
    const char        *if_match;
    const char        *if_none_match;
    const char        *cursor;
    const char        *limit;
    int                rows;           /* the same as a number; 0: not told */
    const char        *config;         /* read before the other options */
    const char        *for_user;
    const char        *for_organization;
    const char        *for_level;
    const char        *for_camera;
    const char        *for_resource;

    json_t            *body;           /* made of options */
    char              *text;           /* or read */
    size_t             text_len;
} ctl_t;


/* privacyctl_options.c: CTL_DONE, or CTL_USAGE with the error printed */

int ctl_options(ctl_t *ctl, int argc, char **argv);
void ctl_usage(FILE *out);
void ctl_help(FILE *out, const ctl_command_t *command);
void ctl_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* privacyctl_fields.c: options that go into the body */

typedef enum {
    CTL_VALUE_TEXT = 0,
    CTL_VALUE_LIST,                    /* may be said several times */
    CTL_VALUE_TIME,                    /* or "none" */
    CTL_VALUE_TRUE,
    CTL_VALUE_FALSE,
    CTL_VALUE_NULL
} ctl_value_e;

typedef struct {
    const char      *name;
    const char      *field;
    ctl_value_e      type;
    unsigned         commands;
} ctl_field_t;

const ctl_field_t *ctl_field_lookup(const char *name);
int ctl_field_set(ctl_t *ctl, const ctl_field_t *field, const char *value);

/* privacyctl_config.c: the file, its lines being options too */

int ctl_config_read(ctl_t *ctl, const char *path, int must);

/* One setting by name, which has to be known: CTL_DONE or CTL_USAGE */

int ctl_config_known(const char *name);
int ctl_config_set(ctl_t *ctl, const char *name, const char *value);

/* A decimal number from 0 to "most"; -1: it is none */

int ctl_number(const char *text, long most, int *number);

/*
 * privacyctl_redis.c.  CTL_DONE; else the error is printed: CTL_USAGE is what
 * was found before anything was sent, CTL_STORE the rest.
 */

int ctl_connect(const ctl_redis_t *redis, redisContext **c);

int ctl_address_valid(const char *address);

/* What is wrong with the connection, in words; until the next call */

const char *ctl_trouble(const redisContext *c, const ctl_redis_t *redis);

/* privacyctl_print.c */

void ctl_print(const ctl_t *ctl, const json_t *body);
void ctl_print_rows(const ctl_t *ctl, const json_t *rows, int first);
void ctl_print_event(const ctl_t *ctl, const json_t *event);
void ctl_print_progress(const privacy_sweep_figures_t *figures);

/* privacyctl_watch.c: an exit code */

int ctl_watch(const ctl_t *ctl);

#endif /* PRIVACYCTL_H */
