/*
 * JSON that others wrote, within limits: records of the store, bodies.
 */

#include <string.h>

#include "privacy_json.h"


/* Brackets nested outside of strings; JSON's own faults are jansson's */

static int
privacy_json_deep(privacy_str_t text)
{
    int     depth = 0, quoted = 0;
    size_t  i;

    for (i = 0; i < text.len; i++) {

        switch (text.data[i]) {

        case '"':
            quoted = !quoted;
            break;

        case '\\':
            i++;
            break;

        case '{':
        case '[':
            if (!quoted && ++depth > PRIVACY_JSON_LEVELS) {
                return 1;
            }

            break;

        case '}':
        case ']':
            if (!quoted) {
                depth--;
            }

            break;
        }
    }

    return 0;
}


json_t *
privacy_json_parse(privacy_str_t text, privacy_json_fault_e *fault,
    json_error_t *error)
{
    json_t        *root;
    json_error_t   own;

    error = error ? error : &own;
    *fault = PRIVACY_JSON_NONE;

    if (text.len > PRIVACY_JSON_MAX) {
        *fault = PRIVACY_JSON_LONG;
        return NULL;
    }

    if (text.len == 0) {
        *fault = PRIVACY_JSON_EMPTY;
        return NULL;
    }

    /* jansson overlooks a NUL that follows a number */

    if (memchr(text.data, '\0', text.len) != NULL) {
        *fault = PRIVACY_JSON_WRONG;
        return NULL;
    }

    if (privacy_json_deep(text)) {
        *fault = PRIVACY_JSON_DEEP;
        return NULL;
    }

    root = json_loadb(text.data, text.len,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);

    if (root != NULL) {
        return root;
    }

    switch (json_error_code(error)) {

    case json_error_duplicate_key:
        *fault = PRIVACY_JSON_DUPLICATE;
        break;

    case json_error_out_of_memory:
        *fault = PRIVACY_JSON_MEMORY;
        break;

    default:
        *fault = PRIVACY_JSON_WRONG;
        break;
    }

    return NULL;
}
