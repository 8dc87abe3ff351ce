/*
 * privacyctl: commands, options, help.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "privacyctl.h"


/* Options that only keep their value, or set a flag */

typedef struct {
    const char      *name;
    size_t           offset;           /* in ctl_t */
    unsigned         commands;         /* bits; 0: all */
    int              flag;             /* takes no value */
} ctl_option_t;

#define CTL_BIT(command)  (1u << (command))
#define CTL_GRANTING      (CTL_BIT(CTL_GRANT) | CTL_BIT(CTL_UPDATE))
#define CTL_CHANGING                                                          \
    (CTL_GRANTING | CTL_BIT(CTL_PUT) | CTL_BIT(CTL_DELETE)                    \
     | CTL_BIT(CTL_ALLOW) | CTL_BIT(CTL_DISALLOW) | CTL_BIT(CTL_REVOKE)       \
     | CTL_BIT(CTL_EXCLUDE) | CTL_BIT(CTL_INCLUDE))

static const ctl_option_t  ctl_option_table[] = {
    { "--json", offsetof(ctl_t, json), 0, 1 },
    { "--quiet", offsetof(ctl_t, quiet), 0, 1 },
    { "--help", offsetof(ctl_t, help), 0, 1 },
    { "-h", offsetof(ctl_t, help), 0, 1 },
    { "--by", offsetof(ctl_t, by), 0, 0 },
    { "--level", offsetof(ctl_t, level), 0, 0 },
    { "--organization", offsetof(ctl_t, organization), 0, 0 },
    { "--user", offsetof(ctl_t, user), 0, 0 },
    { "--if-match", offsetof(ctl_t, if_match), CTL_CHANGING, 0 },
    { "--if-none-match", offsetof(ctl_t, if_none_match), CTL_CHANGING, 0 },
    { "--cursor", offsetof(ctl_t, cursor), CTL_BIT(CTL_LIST), 0 },
    { "--limit", offsetof(ctl_t, limit), CTL_BIT(CTL_LIST), 0 },
    { "--for-user", offsetof(ctl_t, for_user), CTL_BIT(CTL_EXPLAIN), 0 },
    { "--for-organization", offsetof(ctl_t, for_organization),
      CTL_BIT(CTL_EXPLAIN), 0 },
    { "--for-level", offsetof(ctl_t, for_level), CTL_BIT(CTL_EXPLAIN), 0 },
    { "--camera", offsetof(ctl_t, for_camera), CTL_BIT(CTL_EXPLAIN), 0 },
    { "--resource", offsetof(ctl_t, for_resource), CTL_BIT(CTL_EXPLAIN), 0 },
    { "--status", offsetof(ctl_t, status), CTL_BIT(CTL_SWEEP), 1 },
    { "--if-due", offsetof(ctl_t, due), CTL_BIT(CTL_SWEEP), 1 }
};


/* Options that go into the body */

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

static const ctl_field_t  ctl_fields[] = {
    { "--exports", "exports", CTL_VALUE_TRUE,
      CTL_GRANTING | CTL_BIT(CTL_ALLOW) },
    { "--no-exports", "exports", CTL_VALUE_FALSE, CTL_GRANTING },
    { "--role", "role", CTL_VALUE_TEXT, CTL_GRANTING },
    { "--cameras", "cameras", CTL_VALUE_LIST, CTL_GRANTING },
    { "--users", "users", CTL_VALUE_LIST, CTL_GRANTING },
    { "--any-user", "users", CTL_VALUE_NULL, CTL_GRANTING },
    { "--reason", "reason", CTL_VALUE_TEXT,
      CTL_GRANTING | CTL_BIT(CTL_EXCLUDE) },
    { "--starts-at", "starts_at", CTL_VALUE_TIME, CTL_GRANTING },
    { "--expires-at", "expires_at", CTL_VALUE_TIME, CTL_GRANTING },
    { "--grantee-level", "level", CTL_VALUE_TEXT, CTL_GRANTING },
    { "--organizations", "organizations", CTL_VALUE_LIST,
      CTL_BIT(CTL_EXCLUDE) }
};


#define ctl_count(array)  (sizeof(array) / sizeof((array)[0]))


void
ctl_error(const char *format, ...)
{
    va_list  args;

    fprintf(stderr, "privacyctl: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
}


static int
ctl_option_fits(unsigned commands, const ctl_t *ctl)
{
    return commands == 0 || (commands & CTL_BIT(ctl->command));
}


static int
ctl_field_list(json_t *list, const char *value)
{
    size_t  len;

    for ( ;; ) {
        len = strcspn(value, ",");

        if (len != 0
            && json_array_append_new(list, json_stringn(value, len)) != 0)
        {
            ctl_error("not UTF-8: %.*s", (int) len, value);
            return CTL_USAGE;
        }

        if (value[len] == '\0') {
            return CTL_DONE;
        }

        value += len + 1;
    }
}


static int
ctl_field_set(ctl_t *ctl, const ctl_field_t *field, const char *value)
{
    json_t  *list, *json;

    if (ctl->body == NULL) {
        ctl->body = json_object();
    }

    list = json_object_get(ctl->body, field->field);

    if (field->type == CTL_VALUE_LIST && json_is_array(list)) {
        return ctl_field_list(list, value);
    }

    if (list != NULL) {
        ctl_error("%s: \"%s\" is told twice", field->name, field->field);
        return CTL_USAGE;
    }

    switch (field->type) {

    case CTL_VALUE_LIST:
        json = json_array();
        (void) json_object_set_new(ctl->body, field->field, json);
        return ctl_field_list(json, value);

    case CTL_VALUE_TRUE:
        json = json_true();
        break;

    case CTL_VALUE_FALSE:
        json = json_false();
        break;

    case CTL_VALUE_NULL:
        json = json_null();
        break;

    case CTL_VALUE_TIME:
        json = (strcmp(value, "none") == 0) ? json_null() : json_string(value);
        break;

    default:
        json = json_string(value);
        break;
    }

    if (json_object_set_new(ctl->body, field->field, json) != 0) {
        ctl_error("%s: not UTF-8", field->name);
        return CTL_USAGE;
    }

    return CTL_DONE;
}


static int
ctl_switch(const char *name, const char *value, int *off)
{
    if (strcmp(value, "on") == 0) {
        *off = 0;

    } else if (strcmp(value, "off") == 0) {
        *off = 1;

    } else {
        ctl_error("%s: neither on nor off: %s", name, value);
        return CTL_USAGE;
    }

    return CTL_DONE;
}


/* The value of an option: "--name=value", or the next word; NULL: none */

static const char *
ctl_value(char **argv, int argc, int *i, char **equals)
{
    if (*equals != NULL) {
        return *equals + 1;
    }

    if (*i + 1 >= argc) {
        return NULL;
    }

    return argv[++*i];
}


static int
ctl_option_store(ctl_t *ctl, const ctl_option_t *option, const char *value)
{
    char  *field = (char *) ctl + option->offset;

    if (option->flag) {
        *(int *) (void *) field = 1;

    } else {
        *(const char **) (void *) field = value;
    }

    return CTL_DONE;
}


static const ctl_option_t *
ctl_option_lookup(const char *name)
{
    size_t  n;

    for (n = 0; n < ctl_count(ctl_option_table); n++) {

        if (strcmp(ctl_option_table[n].name, name) == 0) {
            return &ctl_option_table[n];
        }
    }

    return NULL;
}


static const ctl_field_t *
ctl_field_lookup(const char *name)
{
    size_t  n;

    for (n = 0; n < ctl_count(ctl_fields); n++) {

        if (strcmp(ctl_fields[n].name, name) == 0) {
            return &ctl_fields[n];
        }
    }

    return NULL;
}


/* Options without a table: explain's switches, settings of the file */

static int
ctl_option_other(ctl_t *ctl, const char *name, const char *value)
{
    int  rc;

    if (strcmp(name, "--config") == 0) {
        return CTL_DONE;               /* read already */
    }

    if (ctl->command == CTL_EXPLAIN && strcmp(name, "--registry") == 0) {
        return ctl_switch(name, value, &ctl->no_registry);
    }

    if (ctl->command == CTL_EXPLAIN && strcmp(name, "--providers") == 0) {
        return ctl_switch(name, value, &ctl->no_providers);
    }

    rc = (strncmp(name, "--", 2) == 0)
         ? ctl_config_set(ctl, name + 2, value) : -1;

    if (rc == -1) {
        ctl_error("unknown option: %s", name);
        return CTL_USAGE;
    }

    return rc;
}


static int
ctl_option_apply(ctl_t *ctl, const char *name, const char *value)
{
    unsigned             commands;
    const ctl_field_t   *field = ctl_field_lookup(name);
    const ctl_option_t  *option = ctl_option_lookup(name);

    commands = option ? option->commands : field ? field->commands : 0;

    if (!ctl_option_fits(commands, ctl)) {
        ctl_error("%s is no option of \"%s\"", name,
                  ctl_commands[ctl->command].name);
        return CTL_USAGE;
    }

    if (option != NULL) {
        return ctl_option_store(ctl, option, value);
    }

    if (field != NULL) {
        return ctl_field_set(ctl, field, value);
    }

    return ctl_option_other(ctl, name, value);
}


/* 1 if the option has a value */

static int
ctl_option_takes(const char *name)
{
    const ctl_field_t   *field = ctl_field_lookup(name);
    const ctl_option_t  *option = ctl_option_lookup(name);

    if (option != NULL) {
        return !option->flag;
    }

    if (field != NULL) {
        return field->type <= CTL_VALUE_TIME;
    }

    return strcmp(name, "--tls") != 0;
}


/* One option; "early": the command is not known yet, only look for it */

static int
ctl_option(ctl_t *ctl, char **argv, int argc, int *i, int early)
{
    int          rc = CTL_DONE, takes;
    char        *name = argv[*i], *equals;
    const char  *value;

    equals = strchr(name, '=');

    if (equals != NULL) {
        *equals = '\0';
    }

    takes = ctl_option_takes(name);
    value = takes ? ctl_value(argv, argc, i, &equals) : "";

    if (early) {
        /* seen again */

    } else if (!takes && equals != NULL) {
        ctl_error("%s takes no value", name);
        rc = CTL_USAGE;

    } else if (value == NULL) {
        ctl_error("%s needs a value", name);
        rc = CTL_USAGE;

    } else {
        rc = ctl_option_apply(ctl, name, value);
    }

    if (equals != NULL) {
        *equals = '=';
    }

    return rc;
}


/* Which command the words name; how many words it takes; 0: none */

static unsigned
ctl_command_find(ctl_t *ctl, const char **words, unsigned count)
{
    size_t       i, len;
    const char  *name, *space;

    for (i = 0; i < CTL_COMMANDS; i++) {
        name = ctl_commands[i].name;
        space = strchr(name, ' ');
        len = space ? (size_t) (space - name) : strlen(name);

        if (strlen(words[0]) != len || memcmp(words[0], name, len) != 0) {
            continue;
        }

        if (space == NULL) {
            ctl->command = i;
            return 1;
        }

        if (count > 1 && strcmp(words[1], space + 1) == 0) {
            ctl->command = i;
            return 2;
        }
    }

    return 0;
}


#define CTL_WORDS  8

static int
ctl_words(ctl_t *ctl, int argc, char **argv, const char **words,
    unsigned *count, int early)
{
    int  i, rc, plain = 0;

    *count = 0;

    for (i = 1; i < argc; i++) {

        if (!plain && strcmp(argv[i], "--") == 0) {
            plain = 1;
            continue;
        }

        if (!plain && argv[i][0] == '-' && argv[i][1] != '\0') {
            rc = ctl_option(ctl, argv, argc, &i, early);

            if (rc != CTL_DONE) {
                return rc;
            }

            continue;
        }

        if (*count == CTL_WORDS) {
            ctl_error("too many arguments");
            return CTL_USAGE;
        }

        words[(*count)++] = argv[i];
    }

    return CTL_DONE;
}


static int
ctl_wants_help(int argc, char **argv)
{
    int  i;

    for (i = 1; i < argc; i++) {

        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return 1;
        }
    }

    return 0;
}


static int
ctl_files(ctl_t *ctl, int argc, char **argv)
{
    int          i;
    char         path[4096];
    const char  *home, *named;

    named = getenv("PRIVACYCTL_CONFIG");

    for (i = 1; i < argc; i++) {

        if (strncmp(argv[i], "--config=", 9) == 0) {
            named = argv[i] + 9;

        } else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            named = argv[i + 1];
        }
    }

    if (named != NULL && named[0] != '\0') {
        return ctl_config_read(ctl, named, 1);
    }

    home = getenv("HOME");

    if (home != NULL
        && snprintf(path, sizeof(path), "%s/.privacyctl", home)
           < (int) sizeof(path))
    {
        i = ctl_config_read(ctl, path, 0);

        if (i != -1) {
            return i;
        }
    }

    i = ctl_config_read(ctl, "/etc/privacyctl.conf", 0);

    return (i == -1) ? CTL_DONE : i;
}


static int
ctl_defaults(ctl_t *ctl)
{
    static const privacy_str_t  midnight = privacy_str("00:00");
    static const privacy_str_t  offset = privacy_str("-05:00");

    privacy_roles_init(&ctl->policy.roles);
    (void) privacy_reset_parse(midnight, offset, &ctl->policy.reset);

    ctl->policy.grant_ttl[PRIVACY_LEVEL_VENDOR] = 86400000;
    ctl->log_retention = PRIVACY_LOG_RETENTION;
    ctl->redis.timeout = 10000;
    ctl->redis.address = strdup("127.0.0.1:6379");
    ctl->prefix = strdup("privacy");

    if (ctl->redis.address == NULL || ctl->prefix == NULL) {
        ctl_error("no memory");
        return CTL_REFUSED;
    }

    return CTL_DONE;
}


static int
ctl_show_help(ctl_t *ctl, const ctl_command_t *command)
{
    ctl->help = 1;

    if (command != NULL) {
        ctl_help(stdout, command);

    } else {
        ctl_usage(stdout);
    }

    return CTL_DONE;
}


/* The file, then the environment; options come after them */

static int
ctl_settings_read(ctl_t *ctl, int argc, char **argv)
{
    int          rc;
    const char  *redis;

    rc = ctl_files(ctl, argc, argv);
    redis = getenv("PRIVACY_REDIS");

    if (rc == CTL_DONE && redis != NULL && redis[0] != '\0') {
        rc = ctl_config_set(ctl, "redis", redis);
    }

    return rc;
}


static int
ctl_arguments(ctl_t *ctl, const char **words, unsigned count)
{
    unsigned              i;
    privacy_str_t         level;
    const ctl_command_t  *command = &ctl_commands[ctl->command];

    if (count < command->least || count > command->most) {
        fprintf(stderr, "Usage: privacyctl %s %s\n", command->name,
                command->usage);
        return CTL_USAGE;
    }

    for (i = 0; i < count; i++) {
        ctl->arguments[ctl->count++] = words[i];
    }

    if (ctl->level != NULL) {
        level.data = ctl->level;
        level.len = strlen(ctl->level);

        if (privacy_level_parse(level) == PRIVACY_LEVEL_NONE) {
            ctl_error("--level: there is no such level: %s", ctl->level);
            return CTL_USAGE;
        }
    }

    return CTL_DONE;
}


int
ctl_options(ctl_t *ctl, int argc, char **argv)
{
    int          rc;
    unsigned     count, used;
    const char  *words[CTL_WORDS];

    rc = ctl_defaults(ctl);

    if (rc == CTL_DONE) {
        rc = ctl_words(ctl, argc, argv, words, &count, 1);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    used = count ? ctl_command_find(ctl, words, count) : 0;

    if (ctl_wants_help(argc, argv)) {
        return ctl_show_help(ctl, used ? &ctl_commands[ctl->command] : NULL);
    }

    if (used == 0 && count != 0) {
        ctl_error("unknown command: %s", words[0]);
        return CTL_USAGE;
    }

    if (used == 0) {
        ctl_usage(stderr);
        return CTL_USAGE;
    }

    rc = ctl_settings_read(ctl, argc, argv);

    if (rc == CTL_DONE) {
        rc = ctl_words(ctl, argc, argv, words, &count, 0);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    return ctl_arguments(ctl, words + used, count - used);
}
