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

/* privacyctl_config.c: the file, its lines being options too */

int ctl_config_read(ctl_t *ctl, const char *path, int must);

/* One setting by name; -1: there is none of this name; CTL_USAGE: wrong */

int ctl_config_set(ctl_t *ctl, const char *name, const char *value);

/* privacyctl_redis.c: NULL with the error printed */

redisContext *ctl_connect(const ctl_redis_t *redis);

/* privacyctl_print.c */

void ctl_print(const ctl_t *ctl, const json_t *body);
void ctl_print_rows(const ctl_t *ctl, const json_t *rows, int first);
void ctl_print_event(const ctl_t *ctl, const char *text, size_t len);
void ctl_print_progress(const privacy_sweep_figures_t *figures);

/* privacyctl_watch.c: an exit code */

int ctl_watch(const ctl_t *ctl);

#endif /* PRIVACYCTL_H */
