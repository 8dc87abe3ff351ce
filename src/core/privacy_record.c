/*
 * The records of the store: JSON into blocks of memory without pointers.
 *
 * A block is the record's structure, then the entries of its lists, then the
 * bytes of its strings.
 */

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "privacy_record.h"
#include "privacy_clock.h"
#include "privacy_json.h"
#include "privacy_key.h"
#include "privacy_role.h"


#if (PRIVACY_RECORD_MAX != PRIVACY_JSON_MAX                                   \
     || PRIVACY_RECORD_DEPTH != PRIVACY_JSON_LEVELS)
#error "privacy_json_parse() has other limits"
#endif


typedef struct {
    uint32_t         offset;           /* from the block's start */
    uint32_t         len;
} privacy_entry_t;


typedef enum {
    PRIVACY_FIELD_TEXT = 0,            /* checked, not kept */
    PRIVACY_FIELD_FLAG,                /* uint8_t */
    PRIVACY_FIELD_TIME,                /* int64_t */
    PRIVACY_FIELD_LEVEL                /* uint8_t, a provider's level */
} privacy_field_e;


typedef struct {
    const char      *name;
    const char      *fault;
    size_t           offset;           /* in the record */
    privacy_field_e  type;
} privacy_field_t;

#define privacy_text(name)                                                    \
    { name, "\"" name "\": not a string", 0, PRIVACY_FIELD_TEXT }
#define privacy_flag(name, type, member)                                      \
    { name, "\"" name "\": not true or false",                                \
      offsetof(type, member), PRIVACY_FIELD_FLAG }
#define privacy_time(name, type, member)                                      \
    { name, "\"" name "\": not a time",                                       \
      offsetof(type, member), PRIVACY_FIELD_TIME }

#define privacy_fields_end  { NULL, NULL, 0, PRIVACY_FIELD_TEXT }


/* A sorted array of the parse, malloc'ed; the bytes are the JSON value's */

typedef struct {
    privacy_str_t   *strings;
    size_t           count;
    size_t           bytes;
} privacy_words_t;


/* Where the next entry and the next string of a block go */

typedef struct {
    char            *block;
    size_t           entry;
    size_t           string;
} privacy_block_t;


static const privacy_field_t  privacy_unrestricted_fields[] = {
    privacy_time("at", privacy_unrestricted_t, at),
    privacy_flag("exports", privacy_unrestricted_t, exports),
    privacy_text("by"),
    privacy_fields_end
};


/* The time is of no consequence here: checked as it is in a grant */

typedef struct {
    privacy_excluded_t  record;
    int64_t             at;
} privacy_excluded_fields_t;

static const privacy_field_t  privacy_excluded_fields[] = {
    privacy_time("at", privacy_excluded_fields_t, at),
    privacy_text("by"),
    privacy_text("reason"),
    privacy_fields_end
};


static const privacy_field_t  privacy_grant_fields[] = {
    privacy_flag("exports", privacy_grant_t, exports),
    { "level", "\"level\": not \"integrator\" or \"vendor\"",
      offsetof(privacy_grant_t, level), PRIVACY_FIELD_LEVEL },
    privacy_time("granted_at", privacy_grant_t, granted_at),
    privacy_time("starts_at", privacy_grant_t, starts_at),
    privacy_time("expires_at", privacy_grant_t, expires_at),
    privacy_text("granted_by"),
    privacy_text("reason"),
    privacy_fields_end
};


static int
privacy_string_compare(privacy_str_t a, privacy_str_t b)
{
    int  rc;

    rc = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    return rc ? rc : (a.len > b.len) - (a.len < b.len);
}


static int
privacy_string_order(const void *a, const void *b)
{
    return privacy_string_compare(*(const privacy_str_t *) a,
                                  *(const privacy_str_t *) b);
}


static privacy_str_t
privacy_json_string(const json_t *value)
{
    privacy_str_t  s;

    s.data = json_string_value(value);
    s.len = json_string_length(value);

    return s;
}


/* The caller frees it with json_decref(); NULL if it is not to be had */

static json_t *
privacy_json_load(privacy_str_t json, const char **error)
{
    json_t                *root;
    privacy_json_fault_e   fault;

    static const char *const  faults[] = {
        "", "empty", "longer than 1 MiB", "nested deeper than 8 levels",
        "duplicate key", "not JSON", "out of memory"
    };

    root = privacy_json_parse(json, &fault, NULL);

    if (root == NULL) {
        *error = faults[fault];
    }

    return root;
}


/* NULL counts as absent */

static json_t *
privacy_json_field(const json_t *root, const char *name)
{
    json_t  *value;

    value = json_object_get(root, name);

    return json_is_null(value) ? NULL : value;
}


/* 0, or -1 if the value is not what the field holds */

static int
privacy_field_parse(const privacy_field_t *field, const json_t *value,
    char *record)
{
    uint8_t          byte;
    int64_t          ms;
    privacy_level_e  level;

    if (field->type == PRIVACY_FIELD_FLAG) {

        if (!json_is_boolean(value)) {
            return -1;
        }

        byte = json_is_true(value);
        memcpy(record + field->offset, &byte, sizeof(uint8_t));

        return 0;
    }

    if (!json_is_string(value)) {
        return -1;
    }

    if (field->type == PRIVACY_FIELD_TIME) {

        if (privacy_time_parse(privacy_json_string(value), &ms) != 0) {
            return -1;
        }

        /* 0 would be "absent", and an end in 1970 no end at all */

        ms = (ms == 0) ? 1 : ms;
        memcpy(record + field->offset, &ms, sizeof(int64_t));

    } else if (field->type == PRIVACY_FIELD_LEVEL) {

        level = privacy_level_parse(privacy_json_string(value));

        if (!privacy_is_provider(level)) {
            return -1;
        }

        byte = level;
        memcpy(record + field->offset, &byte, sizeof(uint8_t));
    }

    return 0;
}


static int
privacy_fields_parse(const privacy_field_t *field, const json_t *root,
    void *record, const char **error)
{
    const json_t  *value;

    if (!json_is_object(root)) {
        *error = "not an object";
        return -1;
    }

    for (; field->name != NULL; field++) {
        value = privacy_json_field(root, field->name);

        if (value != NULL && privacy_field_parse(field, value, record) != 0) {
            *error = field->fault;
            return -1;
        }
    }

    return 0;
}


/*
 * Collects and sorts the strings of an array.  The caller frees
 * words->strings, also after an error.
 */

static int
privacy_words_collect(privacy_words_t *words, const json_t *array,
    int (*valid)(privacy_str_t string), const char *fault, const char **error)
{
    size_t         i, n;
    const json_t  *value;

    if (!json_is_array(array)) {
        *error = fault;
        return -1;
    }

    n = json_array_size(array);

    if (n == 0) {
        return 0;
    }

    words->strings = malloc(n * sizeof(privacy_str_t));

    if (words->strings == NULL) {
        *error = "out of memory";
        return -1;
    }

    for (i = 0; i < n; i++) {
        value = json_array_get(array, i);

        if (!json_is_string(value) || !valid(privacy_json_string(value))) {
            *error = fault;
            return -1;
        }

        words->strings[i] = privacy_json_string(value);
        words->bytes += words->strings[i].len;
    }

    words->count = n;
    qsort(words->strings, n, sizeof(privacy_str_t), privacy_string_order);

    return 0;
}


static size_t
privacy_words_size(const privacy_words_t *words)
{
    return words->count * sizeof(privacy_entry_t) + words->bytes;
}


static void
privacy_words_store(privacy_block_t *block, const privacy_words_t *words,
    privacy_list_t *list)
{
    size_t           i;
    privacy_entry_t  entry;

    list->count = words->count;
    list->entries = block->entry;

    for (i = 0; i < words->count; i++) {
        entry.offset = block->string;
        entry.len = words->strings[i].len;

        memcpy(block->block + block->entry, &entry, sizeof(privacy_entry_t));
        memcpy(block->block + block->string, words->strings[i].data,
               entry.len);

        block->entry += sizeof(privacy_entry_t);
        block->string += entry.len;
    }
}


size_t
privacy_unrestricted_parse(privacy_str_t json, void *buf, size_t size,
    const char **error)
{
    json_t                  *root;
    const char              *fault;
    privacy_unrestricted_t   record;

    fault = NULL;
    memset(&record, 0, sizeof(privacy_unrestricted_t));
    record.size = sizeof(privacy_unrestricted_t);

    root = privacy_json_load(json, &fault);

    if (root != NULL && json_is_integer(root)) {
        record.bare = json_integer_value(root) == 1;
        fault = record.bare ? NULL : "a number other than 1";

    } else if (root != NULL
               && privacy_fields_parse(privacy_unrestricted_fields, root,
                                       &record, &fault) == 0
               && record.at == 0)
    {
        fault = "\"at\": missing";
    }

    json_decref(root);

    if (error != NULL) {
        *error = fault;
    }

    if (fault != NULL) {
        return 0;
    }

    if (record.size <= size) {
        memcpy(buf, &record, sizeof(privacy_unrestricted_t));
    }

    return record.size;
}


size_t
privacy_excluded_parse(privacy_str_t json, void *buf, size_t size,
    const char **error)
{
    json_t                     *root, *array;
    const char                 *fault;
    privacy_words_t             words;
    privacy_block_t             block;
    privacy_excluded_fields_t   fields;

    fault = NULL;
    memset(&words, 0, sizeof(privacy_words_t));
    memset(&fields, 0, sizeof(privacy_excluded_fields_t));

    root = privacy_json_load(json, &fault);

    if (root != NULL
        && privacy_fields_parse(privacy_excluded_fields, root, &fields,
                                &fault) == 0)
    {
        array = privacy_json_field(root, "organizations");

        if (array == NULL) {
            fields.record.everybody = 1;

        } else {
            (void) privacy_words_collect(&words, array, privacy_id_valid,
                                         "\"organizations\": not an array of "
                                         "ids", &fault);
        }
    }

    fields.record.size = sizeof(privacy_excluded_t)
                         + privacy_words_size(&words);

    if (fault == NULL && fields.record.size <= size) {
        block.block = buf;
        block.entry = sizeof(privacy_excluded_t);
        block.string = block.entry + words.count * sizeof(privacy_entry_t);

        privacy_words_store(&block, &words, &fields.record.organizations);
        memcpy(buf, &fields.record, sizeof(privacy_excluded_t));
    }

    free(words.strings);
    json_decref(root);

    if (error != NULL) {
        *error = fault;
    }

    return (fault == NULL) ? fields.record.size : 0;
}


size_t
privacy_providers_parse(privacy_str_t json, void *buf, size_t size,
    const char **error)
{
    json_t               *root;
    const char           *fault;
    privacy_words_t       words;
    privacy_block_t       block;
    privacy_providers_t   record;

    fault = NULL;
    memset(&words, 0, sizeof(privacy_words_t));
    memset(&record, 0, sizeof(privacy_providers_t));

    root = privacy_json_load(json, &fault);

    if (root != NULL) {
        (void) privacy_words_collect(&words, root, privacy_id_valid,
                                     "not an array of ids", &fault);
    }

    record.size = sizeof(privacy_providers_t) + privacy_words_size(&words);

    if (fault == NULL && record.size <= size) {
        block.block = buf;
        block.entry = sizeof(privacy_providers_t);
        block.string = block.entry + words.count * sizeof(privacy_entry_t);

        privacy_words_store(&block, &words, &record.organizations);
        memcpy(buf, &record, sizeof(privacy_providers_t));
    }

    free(words.strings);
    json_decref(root);

    if (error != NULL) {
        *error = fault;
    }

    return (fault == NULL) ? record.size : 0;
}


/* What a grant's block is made of; the strings are the JSON value's */

typedef struct {
    privacy_grant_t  record;
    privacy_str_t    role;
    privacy_words_t  cameras;
    privacy_words_t  users;
} privacy_grant_parts_t;


static void
privacy_grant_collect(privacy_grant_parts_t *parts, const json_t *root,
    const char **error)
{
    const json_t  *value;

    if (privacy_fields_parse(privacy_grant_fields, root, &parts->record, error)
        != 0)
    {
        return;
    }

    value = privacy_json_field(root, "role");

    if (value == NULL) {
        *error = "\"role\": missing";
        return;
    }

    parts->role = privacy_json_string(value);

    if (!json_is_string(value) || parts->role.len == 0
        || parts->role.len > PRIVACY_ROLE_NAME_MAX)
    {
        *error = "\"role\": not a role's name";
        return;
    }

    value = privacy_json_field(root, "cameras");

    if (value != NULL
        && privacy_words_collect(&parts->cameras, value, privacy_id_valid,
                                 "\"cameras\": not an array of ids", error)
           != 0)
    {
        return;
    }

    value = privacy_json_field(root, "users");

    if (value == NULL) {
        parts->record.any_user = 1;
        return;
    }

    (void) privacy_words_collect(&parts->users, value, privacy_user_valid,
                                 "\"users\": not an array of users", error);
}


static void
privacy_grant_store(privacy_grant_parts_t *parts, void *buf)
{
    privacy_block_t  block;

    block.block = buf;
    block.entry = sizeof(privacy_grant_t);
    block.string = block.entry + (parts->cameras.count + parts->users.count)
                                 * sizeof(privacy_entry_t);

    parts->record.role = block.string;
    parts->record.role_len = parts->role.len;

    memcpy(block.block + block.string, parts->role.data, parts->role.len);
    block.string += parts->role.len;

    privacy_words_store(&block, &parts->cameras, &parts->record.cameras);
    privacy_words_store(&block, &parts->users, &parts->record.users);

    memcpy(buf, &parts->record, sizeof(privacy_grant_t));
}


size_t
privacy_grant_parse(privacy_str_t json, void *buf, size_t size,
    const char **error)
{
    json_t                 *root;
    const char             *fault;
    privacy_grant_parts_t   parts;

    fault = NULL;
    memset(&parts, 0, sizeof(privacy_grant_parts_t));

    root = privacy_json_load(json, &fault);

    if (root != NULL) {
        privacy_grant_collect(&parts, root, &fault);
    }

    parts.record.size = sizeof(privacy_grant_t) + parts.role.len
                        + privacy_words_size(&parts.cameras)
                        + privacy_words_size(&parts.users);

    if (fault == NULL && parts.record.size <= size) {
        privacy_grant_store(&parts, buf);
    }

    free(parts.cameras.strings);
    free(parts.users.strings);
    json_decref(root);

    if (error != NULL) {
        *error = fault;
    }

    return (fault == NULL) ? parts.record.size : 0;
}


int
privacy_list_has(const void *record, const privacy_list_t *list,
    privacy_str_t string)
{
    int                     rc;
    size_t                  n, half;
    const char             *block = record;
    const void             *base;
    const privacy_entry_t  *entry, *middle;

    if (string.len == 0) {
        return 0;
    }

    base = block + list->entries;
    entry = base;

    for (n = list->count; n != 0; n = half) {
        half = n / 2;
        middle = entry + half;

        rc = memcmp(string.data, block + middle->offset,
                    string.len < middle->len ? string.len : middle->len);

        if (rc == 0) {
            if (string.len == middle->len) {
                return 1;
            }

            rc = (string.len < middle->len) ? -1 : 1;
        }

        if (rc > 0) {
            entry = middle + 1;
            half = n - half - 1;
        }
    }

    return 0;
}
