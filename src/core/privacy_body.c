/*
 * The bodies of the actions: JSON from clients, checked field by field.
 */

#include <stdlib.h>
#include <string.h>

#include "privacy_body.h"
#include "privacy_value.h"
#include "privacy_clock.h"


typedef struct {
    const char       *name;
    privacy_value_e   type;
    uint8_t           null;            /* may be null */
    uint8_t           required;
} privacy_body_field_t;


static const privacy_body_field_t  privacy_body_none[] = {
    { NULL, 0, 0, 0 }
};

static const privacy_body_field_t  privacy_body_account[] = {
    { "name", PRIVACY_VALUE_TEXT, 0, 0 },
    { "integrators", PRIVACY_VALUE_IDS, 0, 0 },
    { "administrators", PRIVACY_VALUE_ADMINISTRATORS, 0, 0 },
    { "cameras", PRIVACY_VALUE_CAMERAS, 0, 0 },
    { NULL, 0, 0, 0 }
};

static const privacy_body_field_t  privacy_body_administrator[] = {
    { "name", PRIVACY_VALUE_TEXT, 0, 0 },
    { "username", PRIVACY_VALUE_USER, 0, 1 },
    { "email", PRIVACY_VALUE_EMAIL, 0, 0 },
    { NULL, 0, 0, 0 }
};

static const privacy_body_field_t  privacy_body_camera[] = {
    { "id", PRIVACY_VALUE_ID, 0, 1 },
    { "name", PRIVACY_VALUE_TEXT, 0, 0 },
    { NULL, 0, 0, 0 }
};

static const privacy_body_field_t  privacy_body_allow[] = {
    { "exports", PRIVACY_VALUE_FLAG, 0, 0 },
    { "at", PRIVACY_VALUE_SERVER, 0, 0 },
    { "by", PRIVACY_VALUE_SERVER, 0, 0 },
    { NULL, 0, 0, 0 }
};

static const privacy_body_field_t  privacy_body_grant[] = {
    { "role", PRIVACY_VALUE_ROLE, 0, 0 },
    { "cameras", PRIVACY_VALUE_IDS, 1, 0 },
    { "exports", PRIVACY_VALUE_FLAG, 0, 0 },
    { "users", PRIVACY_VALUE_USERS, 1, 0 },
    { "level", PRIVACY_VALUE_LEVEL, 0, 0 },
    { "reason", PRIVACY_VALUE_REASON, 1, 0 },
    { "starts_at", PRIVACY_VALUE_TIME, 1, 0 },
    { "expires_at", PRIVACY_VALUE_TIME, 1, 0 },
    { "granted_by", PRIVACY_VALUE_SERVER, 0, 0 },
    { "granted_at", PRIVACY_VALUE_SERVER, 0, 0 },
    { NULL, 0, 0, 0 }
};

static const privacy_body_field_t  privacy_body_exclude[] = {
    { "reason", PRIVACY_VALUE_REASON, 0, 1 },
    { "organizations", PRIVACY_VALUE_NAMED, 1, 0 },
    { "at", PRIVACY_VALUE_SERVER, 0, 0 },
    { "by", PRIVACY_VALUE_SERVER, 0, 0 },
    { NULL, 0, 0, 0 }
};

static const privacy_body_field_t *const
    privacy_body_fields[PRIVACY_BODIES] =
{
    privacy_body_none,
    privacy_body_account,
    privacy_body_allow,
    privacy_body_grant,
    privacy_body_exclude
};


static json_t *privacy_object_check(const privacy_body_field_t *fields,
    json_t *object, privacy_fault_t *fault);


/* What went wrong; always returns NULL */

static json_t *
privacy_fault_set(privacy_fault_t *fault, privacy_fault_e kind,
    const char *text)
{
    fault->kind = kind;
    fault->text = text;

    return NULL;
}


/* A field's name comes from the client: what is no plain ASCII is replaced */

static void
privacy_fault_field(privacy_fault_t *fault, const char *name, size_t len)
{
    char    c;
    size_t  i;

    if (len >= PRIVACY_FIELD_MAX) {
        len = PRIVACY_FIELD_MAX - 1;
    }

    for (i = 0; i < len; i++) {
        c = name[i];
        fault->field[i] = (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
                          ? c : '?';
    }

    fault->field[len] = '\0';
}


/* "LIST[INDEX].FIELD" of "FIELD", or "LIST[INDEX]" */

static void
privacy_fault_nest(privacy_fault_t *fault, const char *list, size_t index)
{
    char    buf[PRIVACY_FIELD_MAX], digits[20];
    size_t  n, len, rest;

    len = strlen(list);
    rest = strlen(fault->field);
    memcpy(buf, list, len);
    buf[len++] = '[';

    n = sizeof(digits);

    do {
        digits[--n] = '0' + index % 10;
        index /= 10;
    } while (index != 0);

    memcpy(buf + len, digits + n, sizeof(digits) - n);
    len += sizeof(digits) - n;
    buf[len++] = ']';

    if (rest != 0 && len + 1 + rest < PRIVACY_FIELD_MAX) {
        buf[len++] = '.';
        memcpy(buf + len, fault->field, rest);
        len += rest;
    }

    memcpy(fault->field, buf, len);
    fault->field[len] = '\0';
}


static privacy_str_t
privacy_value_string(const json_t *value)
{
    privacy_str_t  s;

    s.data = json_string_value(value);
    s.len = json_string_length(value);

    return s;
}


/* Cut to seconds */

static json_t *
privacy_time_cut(privacy_str_t s, privacy_fault_t *fault)
{
    char     buf[PRIVACY_TIME_LEN];
    json_t  *value;
    int64_t  ms = 0;

    (void) privacy_time_parse(s, &ms);
    privacy_time_write(buf, ms);
    value = json_stringn(buf, PRIVACY_TIME_LEN);

    return value ? value
                 : privacy_fault_set(fault, PRIVACY_FAULT_MEMORY, "no memory");
}


static json_t *
privacy_string_check(privacy_value_e type, json_t *value,
    privacy_fault_t *fault)
{
    const char  *text;

    if (!json_is_string(value)) {
        return privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED,
                                 "not a string");
    }

    text = privacy_value_fault(type, privacy_value_string(value));

    if (text != NULL) {
        return privacy_fault_set(fault, PRIVACY_FAULT_REFUSED, text);
    }

    return (type == PRIVACY_VALUE_TIME)
           ? privacy_time_cut(privacy_value_string(value), fault)
           : json_incref(value);
}


static int
privacy_value_order(const void *a, const void *b)
{
    int            rc;
    privacy_str_t  x = privacy_value_string(*(json_t *const *) a);
    privacy_str_t  y = privacy_value_string(*(json_t *const *) b);

    rc = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);

    return rc ? rc : (x.len > y.len) - (x.len < y.len);
}


/*
 * A sorted list without duplicates of n strings, whose array is sorted in
 * place; "duplicates" tells that there were some.
 */

static json_t *
privacy_values_sort(json_t **values, size_t n, int *duplicates)
{
    size_t   i;
    json_t  *list;

    *duplicates = 0;
    list = json_array();

    if (list == NULL || n == 0) {
        return list;
    }

    qsort(values, n, sizeof(json_t *), privacy_value_order);

    for (i = 0; i < n; i++) {

        if (i != 0 && privacy_value_order(&values[i - 1], &values[i]) == 0) {
            *duplicates = 1;
            continue;
        }

        if (json_array_append(list, values[i]) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
privacy_list_check(const privacy_body_field_t *field, json_t *array,
    privacy_fault_t *fault)
{
    int               duplicates;
    size_t            i, n;
    json_t          **values, *list;
    privacy_value_e   type;

    if (!json_is_array(array)) {
        return privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED,
                                 "not an array of strings");
    }

    n = json_array_size(array);

    if (n == 0 && field->type != PRIVACY_VALUE_IDS) {
        return privacy_fault_set(fault, PRIVACY_FAULT_REFUSED,
                                 "names nobody");
    }

    values = malloc((n ? n : 1) * sizeof(json_t *));

    if (values == NULL) {
        return privacy_fault_set(fault, PRIVACY_FAULT_MEMORY, "no memory");
    }

    type = (field->type == PRIVACY_VALUE_USERS) ? PRIVACY_VALUE_USER
                                                : PRIVACY_VALUE_ID;

    for (i = 0; i < n; i++) {
        values[i] = json_array_get(array, i);

        if (privacy_string_check(type, values[i], fault) == NULL) {
            fault->field[0] = '\0';
            privacy_fault_nest(fault, field->name, i);
            free(values);
            return NULL;
        }

        json_decref(values[i]);        /* the array has it */
    }

    list = privacy_values_sort(values, n, &duplicates);
    free(values);

    return list ? list
                : privacy_fault_set(fault, PRIVACY_FAULT_MEMORY, "no memory");
}


/* 0, or -1 with the fault: two cameras have one id, or no memory */

static int
privacy_cameras_distinct(const json_t *cameras, privacy_fault_t *fault)
{
    int       duplicates;
    size_t    i, n;
    json_t  **ids, *list;

    n = json_array_size(cameras);
    ids = malloc((n ? n : 1) * sizeof(json_t *));

    if (ids == NULL) {
        (void) privacy_fault_set(fault, PRIVACY_FAULT_MEMORY, "no memory");
        return -1;
    }

    for (i = 0; i < n; i++) {
        ids[i] = json_object_get(json_array_get(cameras, i), "id");
    }

    list = privacy_values_sort(ids, n, &duplicates);
    free(ids);

    if (list == NULL) {
        (void) privacy_fault_set(fault, PRIVACY_FAULT_MEMORY, "no memory");
        return -1;
    }

    json_decref(list);

    if (duplicates) {
        (void) privacy_fault_set(fault, PRIVACY_FAULT_REFUSED,
                                 "has one id twice");
        return -1;
    }

    return 0;
}


static json_t *
privacy_objects_check(const privacy_body_field_t *field, json_t *array,
    privacy_fault_t *fault)
{
    size_t                       i;
    json_t                      *list, *object;
    const privacy_body_field_t  *fields;

    if (!json_is_array(array)) {
        return privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED,
                                 "not an array of objects");
    }

    fields = (field->type == PRIVACY_VALUE_CAMERAS)
             ? privacy_body_camera : privacy_body_administrator;

    list = json_array();

    for (i = 0; list != NULL && i < json_array_size(array); i++) {
        object = privacy_object_check(fields, json_array_get(array, i), fault);

        if (object == NULL) {
            privacy_fault_nest(fault, field->name, i);
            json_decref(list);
            return NULL;
        }

        if (json_array_append_new(list, object) != 0) {
            json_decref(list);
            list = NULL;
        }
    }

    if (list == NULL) {
        return privacy_fault_set(fault, PRIVACY_FAULT_MEMORY, "no memory");
    }

    if (field->type == PRIVACY_VALUE_CAMERAS
        && privacy_cameras_distinct(list, fault) != 0)
    {
        json_decref(list);
        return NULL;
    }

    return list;
}


/* A new reference to the value as it will be kept */

static json_t *
privacy_value_check(const privacy_body_field_t *field, json_t *value,
    privacy_fault_t *fault)
{
    if (field->type == PRIVACY_VALUE_SERVER) {
        return privacy_fault_set(fault, PRIVACY_FAULT_REFUSED,
                                 "is set by the server");
    }

    if (json_is_null(value) && field->null) {
        return json_null();
    }

    switch (field->type) {

    case PRIVACY_VALUE_FLAG:
        return json_is_boolean(value)
               ? json_incref(value)
               : privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED,
                                   "not true or false");

    case PRIVACY_VALUE_IDS:
    case PRIVACY_VALUE_USERS:
    case PRIVACY_VALUE_NAMED:
        return privacy_list_check(field, value, fault);

    case PRIVACY_VALUE_ADMINISTRATORS:
    case PRIVACY_VALUE_CAMERAS:
        return privacy_objects_check(field, value, fault);

    default:
        return privacy_string_check(field->type, value, fault);
    }
}


static const privacy_body_field_t *
privacy_body_lookup(const privacy_body_field_t *field, const char *name)
{
    size_t  len = strlen(name);

    for (; field->name != NULL; field++) {

        if (strlen(field->name) == len
            && memcmp(field->name, name, len) == 0)
        {
            return field;
        }
    }

    return NULL;
}


/*
 * The fields in the table's order, so that equal contents give equal bytes.
 * NULL: with the fault.
 */

static json_t *
privacy_object_fill(const privacy_body_field_t *field, json_t *object,
    privacy_fault_t *fault)
{
    json_t  *checked, *value;

    checked = json_object();

    if (checked == NULL) {
        return privacy_fault_set(fault, PRIVACY_FAULT_MEMORY, "no memory");
    }

    for (; field->name != NULL; field++) {
        value = json_object_get(object, field->name);

        if (value == NULL) {

            if (!field->required) {
                continue;
            }

            (void) privacy_fault_set(fault, PRIVACY_FAULT_REFUSED, "missing");

        } else {
            value = privacy_value_check(field, value, fault);
        }

        if (value == NULL) {

            if (fault->field[0] == '\0') {
                privacy_fault_field(fault, field->name, strlen(field->name));
            }

            json_decref(checked);
            return NULL;
        }

        if (json_object_set_new(checked, field->name, value) != 0) {
            json_decref(checked);
            return privacy_fault_set(fault, PRIVACY_FAULT_MEMORY, "no memory");
        }
    }

    return checked;
}


static json_t *
privacy_object_check(const privacy_body_field_t *fields, json_t *object,
    privacy_fault_t *fault)
{
    json_t      *value;
    const char  *name;

    if (!json_is_object(object)) {
        return privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED,
                                 "not an object");
    }

    json_object_foreach(object, name, value) {

        if (privacy_body_lookup(fields, name) == NULL) {
            privacy_fault_field(fault, name, strlen(name));
            return privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED,
                                     "unknown field");
        }
    }

    return privacy_object_fill(fields, object, fault);
}


/*
 * jansson names the key of which there are two in its text only: "... near
 * '"NAME"'".
 */

static void
privacy_fault_duplicate(privacy_fault_t *fault, const char *text)
{
    const char  *name, *end;

    name = memchr(text, '"', strlen(text));

    if (name == NULL) {
        return;
    }

    name++;
    end = memchr(name, '"', strlen(name));

    if (end != NULL) {
        privacy_fault_field(fault, name, end - name);
    }
}


json_t *
privacy_body_parse(privacy_body_e kind, privacy_str_t text,
    privacy_fault_t *fault)
{
    json_t                *root, *checked;
    json_error_t           error;
    privacy_json_fault_e   wrong;

    memset(fault, 0, sizeof(privacy_fault_t));

    if ((unsigned) kind >= PRIVACY_BODIES) {
        return privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED, "no body");
    }

    if (text.len == 0) {
        text.data = "{}";
        text.len = 2;
    }

    root = privacy_json_parse(text, &wrong, &error);

    if (root != NULL) {
        checked = privacy_object_check(privacy_body_fields[kind], root, fault);
        json_decref(root);

        return checked;
    }

    switch (wrong) {

    case PRIVACY_JSON_LONG:
        return privacy_fault_set(fault, PRIVACY_FAULT_TOO_LARGE,
                                 "longer than 1 MiB");

    case PRIVACY_JSON_DEEP:
        return privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED,
                                 "nested deeper than 8 levels");

    case PRIVACY_JSON_DUPLICATE:
        privacy_fault_duplicate(fault, error.text);
        return privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED,
                                 "there twice");

    case PRIVACY_JSON_MEMORY:
        return privacy_fault_set(fault, PRIVACY_FAULT_MEMORY, "no memory");

    default:
        return privacy_fault_set(fault, PRIVACY_FAULT_MALFORMED, "not JSON");
    }
}
