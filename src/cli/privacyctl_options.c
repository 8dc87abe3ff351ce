/*
 * privacyctl: commands, options, help.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "privacyctl.h"
#include "privacy_key.h"


/* Options that only keep their value, or set a flag */

typedef struct {
    const char      *name;
    size_t           offset;           /* in ctl_t */
    unsigned         commands;         /* bits; 0: all */
    int              flag;             /* takes no value */
} ctl_option_t;

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
    { "--config", offsetof(ctl_t, config), 0, 0 },
    { "--for-user", offsetof(ctl_t, for_user), CTL_BIT(CTL_EXPLAIN), 0 },
    { "--for-organization", offsetof(ctl_t, for_organization),
      CTL_BIT(CTL_EXPLAIN), 0 },
    { "--for-level", offsetof(ctl_t, for_level), CTL_BIT(CTL_EXPLAIN), 0 },
    { "--camera", offsetof(ctl_t, for_camera), CTL_BIT(CTL_EXPLAIN), 0 },
    { "--resource", offsetof(ctl_t, for_resource), CTL_BIT(CTL_EXPLAIN), 0 },
    { "--status", offsetof(ctl_t, status), CTL_BIT(CTL_SWEEP), 1 },
    { "--if-due", offsetof(ctl_t, due), CTL_BIT(CTL_SWEEP), 1 }
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


/* Options without a table: explain's switches, settings of the file */

static int
ctl_option_other(ctl_t *ctl, const char *name, const char *value)
{
    if (ctl->command == CTL_EXPLAIN && strcmp(name, "--registry") == 0) {
        return ctl_switch(name, value, &ctl->no_registry);
    }

    if (ctl->command == CTL_EXPLAIN && strcmp(name, "--providers") == 0) {
        return ctl_switch(name, value, &ctl->no_providers);
    }

    if (!ctl_config_known(name + 2)) {
        ctl_error("%s is no option of \"%s\"", name,
                  ctl_commands[ctl->command].name);
        return CTL_USAGE;
    }

    return ctl_config_set(ctl, name + 2, value);
}


/* 1 if some command has the option */

static int
ctl_option_known(const char *name)
{
    return ctl_option_lookup(name) != NULL
           || ctl_field_lookup(name) != NULL
           || strcmp(name, "--registry") == 0
           || strcmp(name, "--providers") == 0
           || (strncmp(name, "--", 2) == 0 && ctl_config_known(name + 2));
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


typedef enum {
    CTL_TAKES_NOTHING = 0,
    CTL_TAKES_EQUALS,                  /* a value or none: --tls, --tls=off */
    CTL_TAKES_VALUE
} ctl_takes_e;


static ctl_takes_e
ctl_option_takes(const char *name)
{
    const ctl_field_t   *field = ctl_field_lookup(name);
    const ctl_option_t  *option = ctl_option_lookup(name);

    if (option != NULL) {
        return option->flag ? CTL_TAKES_NOTHING : CTL_TAKES_VALUE;
    }

    if (field != NULL) {
        return (field->type <= CTL_VALUE_TIME) ? CTL_TAKES_VALUE
                                               : CTL_TAKES_NOTHING;
    }

    return (strcmp(name, "--tls") == 0) ? CTL_TAKES_EQUALS : CTL_TAKES_VALUE;
}


/* One option; "early": the command is not known yet, only look for it */

static int
ctl_option(ctl_t *ctl, char **argv, int argc, int *i, int early)
{
    int           rc = CTL_DONE;
    char         *name = argv[*i], *equals;
    const char   *value;
    ctl_takes_e   takes;

    equals = strchr(name, '=');

    if (equals != NULL) {
        *equals = '\0';
    }

    takes = ctl_option_takes(name);

    if (!ctl_option_known(name)) {
        ctl_error("unknown option: %s", name);
        return CTL_USAGE;
    }

    value = (takes == CTL_TAKES_VALUE) ? ctl_value(argv, argc, i, &equals)
            : equals ? equals + 1 : "on";

    if (early) {
        /* seen again */

    } else if (takes == CTL_TAKES_NOTHING && equals != NULL) {
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
    const ctl_command_t  *command = &ctl_commands[ctl->command];

    if (count < command->least || count > command->most) {
        fprintf(stderr, "Usage: privacyctl %s %s\n", command->name,
                command->usage);
        return CTL_USAGE;
    }

    for (i = 0; i < count; i++) {
        ctl->arguments[ctl->count++] = words[i];
    }

    return CTL_DONE;
}


/* What the command cannot do without */

static int
ctl_needed(const ctl_t *ctl)
{
    size_t  i;

    const struct {
        const char  *name;
        const char  *value;
    } needed[] = {
        { "--for-user", ctl->for_user },
        { "--for-organization", ctl->for_organization },
        { "--for-level", ctl->for_level },
        { "--resource", ctl->for_resource }
    };

    if (ctl->command == CTL_EXCLUDE
        && json_object_get(ctl->body, "reason") == NULL)
    {
        ctl_error("exclude needs --reason");
        return CTL_USAGE;
    }

    for (i = 0; ctl->command == CTL_EXPLAIN && i < ctl_count(needed); i++) {

        if (needed[i].value == NULL) {
            ctl_error("explain needs %s", needed[i].name);
            return CTL_USAGE;
        }
    }

    return CTL_DONE;
}


/* Values that no store has to be asked about */

static int
ctl_values(ctl_t *ctl)
{
    privacy_str_t  s;

    if (ctl->level != NULL) {
        s.data = ctl->level;
        s.len = strlen(ctl->level);

        if (privacy_level_parse(s) == PRIVACY_LEVEL_NONE) {
            ctl_error("--level: there is no such level: %s", ctl->level);
            return CTL_USAGE;
        }
    }

    if (ctl->by != NULL) {
        s.data = ctl->by;
        s.len = strlen(ctl->by);

        if (!privacy_user_valid(s)) {
            ctl_error("--by: not a user's name");
            return CTL_USAGE;
        }
    }

    if (ctl->limit != NULL
        && (ctl_number(ctl->limit, PRIVACY_LIST_MOST, &ctl->rows) != 0
            || ctl->rows == 0))
    {
        ctl_error("--limit: not a number from 1 to %d: %s", PRIVACY_LIST_MOST,
                  ctl->limit);
        return CTL_USAGE;
    }

    if (ctl->status && ctl->due) {
        ctl_error("--status and --if-due do not go together");
        return CTL_USAGE;
    }

    return ctl_needed(ctl);
}


/* A first word that needs a second one: which there are */

static void
ctl_command_unknown(const char *word)
{
    int          known = 0;
    size_t       i, len = strlen(word);
    const char  *name;

    for (i = 0; i < CTL_COMMANDS; i++) {
        name = ctl_commands[i].name;

        if (len != 0 && strncmp(name, word, len) == 0 && name[len] == ' ') {

            if (!known++) {
                fprintf(stderr, "privacyctl: \"%s\" is one of:", word);
            }

            fprintf(stderr, "%s %s", known > 1 ? "," : "", name);
        }
    }

    if (known) {
        fprintf(stderr, "\n");
        return;
    }

    ctl_error("unknown command: %s", word);
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
        ctl_command_unknown(words[0]);
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

    rc = ctl_arguments(ctl, words + used, count - used);

    return (rc == CTL_DONE) ? ctl_values(ctl) : rc;
}
