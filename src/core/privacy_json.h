/*
 * JSON that others wrote, within limits: records of the store, bodies.
 */

#ifndef PRIVACY_JSON_H
#define PRIVACY_JSON_H

#include <jansson.h>

#include "privacy_types.h"


#define PRIVACY_JSON_MAX      (1024 * 1024)   /* bytes */
#define PRIVACY_JSON_LEVELS   8               /* of brackets */


typedef enum {
    PRIVACY_JSON_NONE = 0,
    PRIVACY_JSON_EMPTY,
    PRIVACY_JSON_LONG,
    PRIVACY_JSON_DEEP,
    PRIVACY_JSON_DUPLICATE,            /* a key */
    PRIVACY_JSON_WRONG,                /* no JSON */
    PRIVACY_JSON_MEMORY
} privacy_json_fault_e;


/*
 * Any value, not only an object; the caller frees it with json_decref().  NULL
 * with *fault set; *error (may be NULL) is jansson's then, and says something
 * of a duplicate key or of what is no JSON only.  Hostile input.
 */

json_t *privacy_json_parse(privacy_str_t text, privacy_json_fault_e *fault,
    json_error_t *error);

#endif /* PRIVACY_JSON_H */
