/*
 * privacyctl: settings, of a file and of options.
 *
 * A line of the file is a name and a value, as in the long options without
 * the dashes; '#' begins a comment.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "privacyctl.h"
#include "privacy_key.h"


#define CTL_WORDS  16


typedef struct {
    const char      *name;
    size_t           offset;           /* of a char *, in ctl_t */
} ctl_setting_t;

static const ctl_setting_t  ctl_settings[] = {
    { "redis", offsetof(ctl_t, redis.address) },
    { "password-file", offsetof(ctl_t, redis.password_file) },
    { "user-name", offsetof(ctl_t, redis.user_name) },
    { "tls-ca", offsetof(ctl_t, redis.tls_ca) },
    { "tls-cert", offsetof(ctl_t, redis.tls_cert) },
    { "tls-key", offsetof(ctl_t, redis.tls_key) },
    { "tls-name", offsetof(ctl_t, redis.tls_name) },
    { "prefix", offsetof(ctl_t, prefix) }
};


/* Settings that take more than a copy of their value */

static const char *const  ctl_other_settings[] = {
    "db", "timeout", "tls", "log-retention", "reset", "role", "grant-ttl"
};


static int
ctl_wrong(const char *name, const char *value, const char *text)
{
    ctl_error("%s: %s%s%s", name, text, value[0] ? ": " : "", value);

    return CTL_USAGE;
}


int
ctl_number(const char *value, long most, int *number)
{
    char  *end;
    long   n;

    /* strtol() would take blanks and a sign */

    if (*value < '0' || *value > '9') {
        return -1;
    }

    errno = 0;
    n = strtol(value, &end, 10);

    if (errno != 0 || *end != '\0' || n > most) {
        return -1;
    }

    *number = n;

    return 0;
}


/* "90s", "15m", "24h", "365d", "off" (0), in ms */

static int
ctl_duration(const char *value, int64_t *ms)
{
    char       *end;
    int64_t     unit;
    long long   n;

    if (strcmp(value, "off") == 0) {
        *ms = 0;
        return 0;
    }

    errno = 0;
    n = strtoll(value, &end, 10);

    switch (*end) {

    case '\0':
    case 's':
        unit = 1000;
        break;

    case 'm':
        unit = 60000;
        break;

    case 'h':
        unit = 3600000;
        break;

    case 'd':
        unit = 86400000;
        break;

    default:
        return -1;
    }

    if (errno != 0 || end == value || (*end != '\0' && end[1] != '\0')
        || n <= 0 || n > 36500LL * 86400)
    {
        return -1;
    }

    *ms = n * unit;

    return 0;
}


static unsigned
ctl_split(char *text, privacy_str_t *words)
{
    char      *word, *rest;
    unsigned   n = 0;

    for (word = strtok_r(text, " \t", &rest);
         word != NULL && n < CTL_WORDS;
         word = strtok_r(NULL, " \t", &rest))
    {
        words[n].data = word;
        words[n++].len = strlen(word);
    }

    return n;
}


/* Settings that the module has too, with the same words */

static int
ctl_config_rule(ctl_t *ctl, const char *name, const char *value)
{
    int               rc = -1;
    char             *copy;
    unsigned          n;
    int64_t           ms;
    privacy_str_t     words[CTL_WORDS];
    privacy_level_e   level;

    copy = strdup(value);

    if (copy == NULL) {
        return CTL_USAGE;
    }

    n = ctl_split(copy, words);

    if (strcmp(name, "reset") == 0) {
        rc = (n == 2
              && privacy_reset_parse(words[0], words[1], &ctl->policy.reset)
                 == 0)
             ? CTL_DONE : ctl_wrong(name, value, "not like 00:00 -05:00");

    } else if (strcmp(name, "role") == 0) {
        rc = (n >= 1
              && privacy_roles_define(&ctl->policy.roles, words[0], words + 1,
                                      n - 1, NULL)
                 == PRIVACY_ROLE_OK)
             ? CTL_DONE : ctl_wrong(name, value, "not NAME RESOURCE... "
                                                 "[cameras=all|assigned]");

    } else if (strcmp(name, "grant-ttl") == 0) {
        level = (n == 2) ? privacy_level_parse(words[0]) : PRIVACY_LEVEL_NONE;

        if (privacy_is_provider(level)
            && ctl_duration(words[1].data, &ms) == 0)
        {
            ctl->policy.grant_ttl[level] = ms;
            rc = CTL_DONE;

        } else {
            rc = ctl_wrong(name, value, "not like vendor 24h");
        }
    }

    free(copy);

    return rc;
}


static int
ctl_config_text(char **field, const char *name, const char *value)
{
    char           *copy;
    privacy_str_t   prefix = { value, strlen(value) };

    if (value[0] == '\0') {
        return ctl_wrong(name, value, "empty");
    }

    if (strcmp(name, "redis") == 0 && !ctl_address_valid(value)) {
        return ctl_wrong(name, value, "not an address");
    }

    if (strcmp(name, "prefix") == 0 && !privacy_prefix_valid(prefix)) {
        return ctl_wrong(name, value, "no prefix of keys");
    }

    copy = strdup(value);

    if (copy == NULL) {
        ctl_error("no memory");
        return CTL_USAGE;
    }

    free(*field);
    *field = copy;

    return CTL_DONE;
}


int
ctl_config_known(const char *name)
{
    size_t  i;

    for (i = 0; i < sizeof(ctl_settings) / sizeof(ctl_settings[0]); i++) {

        if (strcmp(ctl_settings[i].name, name) == 0) {
            return 1;
        }
    }

    for (i = 0;
         i < sizeof(ctl_other_settings) / sizeof(ctl_other_settings[0]);
         i++)
    {
        if (strcmp(ctl_other_settings[i], name) == 0) {
            return 1;
        }
    }

    return 0;
}


int
ctl_config_set(ctl_t *ctl, const char *name, const char *value)
{
    int      n;
    char    *field;
    size_t   i;

    for (i = 0; i < sizeof(ctl_settings) / sizeof(ctl_settings[0]); i++) {

        if (strcmp(ctl_settings[i].name, name) == 0) {
            field = (char *) ctl + ctl_settings[i].offset;

            return ctl_config_text((char **) (void *) field, name, value);
        }
    }

    if (strcmp(name, "db") == 0) {
        return ctl_number(value, 1000000, &ctl->redis.db) == 0
               ? CTL_DONE : ctl_wrong(name, value, "not a number");
    }

    if (strcmp(name, "timeout") == 0) {

        if (ctl_number(value, 86400, &n) != 0 || n == 0) {
            return ctl_wrong(name, value, "not a number of seconds");
        }

        ctl->redis.timeout = n * 1000;

        return CTL_DONE;
    }

    if (strcmp(name, "tls") == 0) {

        if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0) {
            return ctl_wrong(name, value, "neither on nor off");
        }

        ctl->redis.tls = strcmp(value, "on") == 0;

        return CTL_DONE;
    }

    if (strcmp(name, "log-retention") == 0) {
        return ctl_duration(value, &ctl->log_retention) == 0
               ? CTL_DONE : ctl_wrong(name, value, "not like 365d");
    }

    return ctl_config_rule(ctl, name, value);
}


/* A line of the file, without its end; changes it */

static int
ctl_config_line(ctl_t *ctl, char *line)
{
    int    rc;
    char  *name, *value, *end;

    name = line + strspn(line, " \t");
    end = name + strcspn(name, "#\r\n");

    while (end > name && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }

    *end = '\0';

    if (*name == '\0') {
        return CTL_DONE;
    }

    value = name + strcspn(name, " \t");

    if (*value != '\0') {
        *value++ = '\0';
        value += strspn(value, " \t");
    }

    if (!ctl_config_known(name)) {
        ctl_error("unknown setting: %s", name);
        return CTL_USAGE;
    }

    rc = ctl_config_set(ctl, name, value);

    return (rc == CTL_DONE) ? CTL_DONE : CTL_USAGE;
}


/* -1: there is no such file, and it need not be */

int
ctl_config_read(ctl_t *ctl, const char *path, int must)
{
    int       rc = CTL_DONE, number = 0;
    char     *line = NULL;
    FILE     *file;
    size_t    size = 0;
    ssize_t   n;

    file = fopen(path, "r");

    if (file == NULL) {

        if (!must && (errno == ENOENT || errno == EACCES)) {
            return -1;
        }

        ctl_error("%s: %s", path, strerror(errno));
        return CTL_USAGE;
    }

    for ( ;; ) {
        errno = 0;
        n = getline(&line, &size, file);

        if (n < 0) {
            break;
        }

        number++;

        if (strlen(line) != (size_t) n) {
            ctl_error("a NUL byte");
            rc = CTL_USAGE;

        } else {
            rc = ctl_config_line(ctl, line);
        }

        if (rc != CTL_DONE) {
            ctl_error("in %s, line %d", path, number);
            break;
        }
    }

    /* what could not be read might have said where and as whom */

    if (rc == CTL_DONE && !feof(file)) {
        ctl_error("%s: %s", path, strerror(errno));
        rc = CTL_USAGE;
    }

    free(line);
    fclose(file);

    return rc;
}
