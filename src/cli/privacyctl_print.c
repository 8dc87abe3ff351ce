/*
 * privacyctl: what is shown.  Names come from the store, where others write
 * too: nothing in them reaches the terminal but printable characters.
 */

#include <stdlib.h>
#include <string.h>

#include "privacyctl.h"


#define CTL_COLUMNS  8
#define CTL_GAP      2                 /* blanks between columns */


/*
 * How many bytes at p do something to a terminal instead of showing: C0, DEL,
 * C1, and what turns the direction of text (U+200E, U+200F, U+202A to U+202E,
 * U+2066 to U+2069) or breaks lines (U+2028, U+2029).  The text is UTF-8, and
 * ends with a NUL.
 */

static size_t
ctl_control(const unsigned char *p)
{
    if (p[0] < 0x20 || p[0] == 0x7f) {
        return 1;
    }

    if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
        return 2;
    }

    if (p[0] != 0xe2) {
        return 0;
    }

    if (p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f
                         || (p[2] >= 0xa8 && p[2] <= 0xae)))
    {
        return 3;
    }

    return (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9) ? 3 : 0;
}


/* Text for the terminal: malloc'ed, control characters replaced */

static char *
ctl_clean(const char *text, size_t len)
{
    char    *copy;
    size_t   i, n, control;

    copy = malloc(len + 1);

    if (copy == NULL) {
        ctl_error("no memory");
        exit(CTL_REFUSED);
    }

    for (i = 0, n = 0; i < len; i += control ? control : 1) {
        control = ctl_control((const unsigned char *) text + i);
        copy[n++] = control ? '?' : text[i];
    }

    copy[n] = '\0';

    return copy;
}


/* A value in one cell: malloc'ed */

static char *
ctl_cell(const json_t *value)
{
    char          *text, *cell, *p;
    size_t         i, len;
    const json_t  *item;

    if (value == NULL || json_is_null(value)) {
        return ctl_clean("-", 1);
    }

    if (json_is_string(value)) {
        return ctl_clean(json_string_value(value), json_string_length(value));
    }

    if (json_is_boolean(value)) {
        return json_is_true(value) ? ctl_clean("yes", 3) : ctl_clean("no", 2);
    }

    if (json_is_array(value)) {
        len = 2;

        json_array_foreach(value, i, item) {

            if (!json_is_string(item)) {
                break;
            }

            len += json_string_length(item) + 1;
        }

        if (i == json_array_size(value) && i != 0) {
            text = malloc(len);
            p = text;

            if (text == NULL) {
                ctl_error("no memory");
                exit(CTL_REFUSED);
            }

            json_array_foreach(value, i, item) {
                p += sprintf(p, "%s%s", i ? "," : "",
                             json_string_value(item));
            }

            cell = ctl_clean(text, strlen(text));
            free(text);

            return cell;
        }

        if (json_array_size(value) == 0) {
            return ctl_clean("-", 1);
        }
    }

    text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    cell = ctl_clean(text ? text : "?", text ? strlen(text) : 1);
    free(text);

    return cell;
}


/* Characters, more or less: of UTF-8 all bytes but continuations */

static size_t
ctl_width(const char *text)
{
    size_t  n = 0;

    for (; *text != '\0'; text++) {
        n += ((unsigned char) *text & 0xc0) != 0x80;
    }

    return n;
}


static void
ctl_pad(const char *text, size_t width)
{
    size_t  n;

    fputs(text, stdout);

    for (n = ctl_width(text); n < width; n++) {
        putchar(' ');
    }
}


/* Rows of objects as a table; "names" ends with NULL */

static void
ctl_table(const json_t *rows, const char *const *names, int header,
    int indent)
{
    char          **cells;
    size_t          i, column, columns, width[CTL_COLUMNS] = { 0 }, n;
    const json_t   *row;

    for (columns = 0; names[columns] != NULL; columns++) {
        width[columns] = strlen(names[columns]);
    }

    n = json_array_size(rows);
    cells = calloc(n * columns + 1, sizeof(char *));

    if (cells == NULL) {
        ctl_error("no memory");
        exit(CTL_REFUSED);
    }

    json_array_foreach(rows, i, row) {

        for (column = 0; column < columns; column++) {
            char  *cell = ctl_cell(json_object_get(row, names[column]));

            cells[i * columns + column] = cell;

            if (ctl_width(cell) > width[column]) {
                width[column] = ctl_width(cell);
            }
        }
    }

    if (header) {
        printf("%*s", indent, "");
    }

    for (column = 0; header && column < columns; column++) {
        ctl_pad(names[column],
                column + 1 < columns ? width[column] + CTL_GAP : 0);
    }

    if (header) {
        putchar('\n');
    }

    for (i = 0; i < n; i++) {
        printf("%*s", indent, "");

        for (column = 0; column < columns; column++) {
            ctl_pad(cells[i * columns + column],
                    column + 1 < columns ? width[column] + CTL_GAP : 0);
            free(cells[i * columns + column]);
        }

        putchar('\n');
    }

    free(cells);
}


static const char *const  ctl_grant_columns[] = {
    "organization", "role", "state", "ends", "exports", "cameras", "users",
    NULL
};


static const char *const  ctl_camera_columns[] = { "id", "name", NULL };


static const char *const  ctl_admin_columns[] = {
    "username", "name", "email", NULL
};


/* Fields of an object, one in a line; lists of objects as tables */

static void
ctl_fields(const json_t *object, int indent)
{
    char         *cell;
    size_t        width = 0;
    json_t       *value;
    const char   *name;

    json_object_foreach((json_t *) object, name, value) {
        width = strlen(name) > width ? strlen(name) : width;
    }

    json_object_foreach((json_t *) object, name, value) {
        char  *clean = ctl_clean(name, strlen(name));

        printf("%*s", indent, "");

        if (json_is_object(value)) {
            printf("%s\n", clean);
            ctl_fields(value, indent + 2);

        } else if (json_is_array(value)
                   && json_is_object(json_array_get(value, 0)))
        {
            printf("%s\n", clean);
            ctl_table(value,
                      strcmp(name, "administrators") == 0 ? ctl_admin_columns
                      : strcmp(name, "cameras") == 0 ? ctl_camera_columns
                                                     : ctl_grant_columns,
                      1, indent + 2);

        } else {
            cell = ctl_cell(value);
            ctl_pad(clean, width + CTL_GAP);
            printf("%s\n", cell);
            free(cell);
        }

        free(clean);
    }
}


/* What a list shows in few columns: administrators by name, the own grant */

static void
ctl_list_row(json_t *row)
{
    size_t   i;
    json_t  *value, *list, *administrator, *name;

    list = json_array();
    value = json_object_get(row, "administrators");

    json_array_foreach(value, i, administrator) {
        name = json_object_get(administrator, "username");

        if (json_is_string(name)) {
            (void) json_array_append(list, name);
        }
    }

    (void) json_object_set_new(row, "administrator", list);

    if (json_is_true(json_object_get(row, "invalid"))) {
        (void) json_object_set_new(row, "name",
                                   json_string("(profile does not parse)"));
    }

    value = json_object_get(row, "grant");

    if (json_is_object(value)) {
        (void) json_object_set(row, "role", json_object_get(value, "role"));
        (void) json_object_set(row, "until", json_object_get(value, "ends"));
    }
}


void
ctl_print_rows(const ctl_t *ctl, const json_t *rows, int first)
{
    char        *text;
    size_t       i;
    json_t      *row, *copy, *shown;
    static int   any;

    static const char *const  columns[] = {
        "account", "state", "ends", "name", "administrator", "role", "until",
        NULL
    };

    if (ctl->quiet) {
        return;
    }

    if (ctl->json) {

        if (first) {
            printf("{\"accounts\":[");
        }

        json_array_foreach(rows, i, row) {
            text = json_dumps(row, JSON_COMPACT);
            printf("%s\n%s", any++ ? "," : "", text ? text : "null");
            free(text);
        }

        if (rows == NULL) {
            printf("\n],\"cursor\":null}\n");
        }

        return;
    }

    if (rows == NULL) {
        return;
    }

    shown = json_array();

    json_array_foreach(rows, i, row) {
        copy = json_copy(row);
        ctl_list_row(copy);
        (void) json_array_append_new(shown, copy);
    }

    ctl_table(shown, columns, first, 0);
    json_decref(shown);
}


static void
ctl_print_explain(const json_t *body)
{
    json_t  *value;

    printf("%s: %s\n",
           json_string_value(json_object_get(body, "verdict")),
           json_string_value(json_object_get(body, "reason")));

    value = json_object_get(body, "rule");
    printf("rule %d: %s\n",
           (int) json_integer_value(json_object_get(value, "number")),
           json_string_value(json_object_get(value, "text")));

    value = json_object_get(body, "role");

    if (json_is_string(value)) {
        printf("role: %s\n", json_string_value(value));
    }

    value = json_object_get(body, "recheck");
    printf("changes by itself: %s\n",
           json_is_string(value) ? json_string_value(value) : "never");

    value = json_object_get(body, "facts");

    if (json_object_size(value) != 0) {
        printf("facts\n");
        ctl_fields(value, 2);
    }
}


void
ctl_print(const ctl_t *ctl, const json_t *body)
{
    if (body == NULL || ctl->quiet) {
        return;
    }

    if (ctl->json) {
        (void) json_dumpf(body, stdout, JSON_INDENT(2));
        putchar('\n');
        return;
    }

    switch (ctl->command) {

    case CTL_EXPLAIN:
        ctl_print_explain(body);
        return;

    case CTL_GRANTS:
        ctl_table(json_object_get(body, "grants"), ctl_grant_columns, 1,
                  0);
        return;

    case CTL_LIST:
        ctl_print_rows(ctl, json_object_get(body, "accounts"), 1);

        if (json_is_string(json_object_get(body, "cursor"))) {
            printf("cursor: %s\n",
                   json_string_value(json_object_get(body, "cursor")));
        }

        return;

    default:
        ctl_fields(body, 0);
        return;
    }
}


/* "TIME ACTION ACCOUNT [TARGET] by NAME (LEVEL)" */

static void
ctl_print_event_line(const json_t *event)
{
    char    *cells[6];
    size_t   i;

    static const char *const  names[6] = {
        "at", "action", "account", "target", "by", "level"
    };

    for (i = 0; i < 6; i++) {
        cells[i] = ctl_cell(json_object_get(event, names[i]));
    }

    printf("%s  %-14s  %s", cells[0], cells[1], cells[2]);

    if (json_object_get(event, "target") != NULL) {
        printf("  %s", cells[3]);
    }

    printf("  by %s (%s)\n", cells[4], cells[5]);

    for (i = 0; i < 6; i++) {
        free(cells[i]);
    }
}


void
ctl_print_event(const ctl_t *ctl, const json_t *event)
{
    if (ctl->quiet) {
        return;
    }

    if (ctl->json) {
        (void) json_dumpf(event, stdout, JSON_COMPACT);
        putchar('\n');

    } else {
        ctl_print_event_line(event);
    }

    fflush(stdout);
}


void
ctl_print_progress(const privacy_sweep_figures_t *figures)
{
    if (figures->waiting) {
        fprintf(stderr, "waiting for another sweep\n");
        return;
    }

    fprintf(stderr,
            "%llu keys, %llu accounts, %llu restricted, %llu grants removed\n",
            (unsigned long long) figures->keys,
            (unsigned long long) figures->accounts,
            (unsigned long long) figures->restricted,
            (unsigned long long) figures->grants);
}
