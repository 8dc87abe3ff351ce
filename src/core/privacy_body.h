/*
 * The bodies of the actions: JSON from clients, checked field by field.
 */

#ifndef PRIVACY_BODY_H
#define PRIVACY_BODY_H

#include <jansson.h>

#include "privacy_json.h"
#include "privacy_types.h"


#define PRIVACY_BODY_SIZE     PRIVACY_JSON_MAX
#define PRIVACY_FIELD_MAX     96              /* bytes of a field's name */


typedef enum {
    PRIVACY_BODY_NONE = 0,             /* takes no field */
    PRIVACY_BODY_ACCOUNT,
    PRIVACY_BODY_ALLOW,
    PRIVACY_BODY_GRANT,
    PRIVACY_BODY_EXCLUDE,
    PRIVACY_BODIES
} privacy_body_e;


typedef enum {
    PRIVACY_FAULT_NONE = 0,
    PRIVACY_FAULT_TOO_LARGE,
    PRIVACY_FAULT_MALFORMED,           /* no JSON, wrong type, unknown or
                                          duplicate field */
    PRIVACY_FAULT_REFUSED,             /* of the right type, but not a value
                                          that the field may have */
    PRIVACY_FAULT_MEMORY
} privacy_fault_e;


typedef struct {
    privacy_fault_e  kind;
    const char      *text;             /* constant, without the field's name */
    char             field[PRIVACY_FIELD_MAX];    /* "cameras[2].id", ASCII;
                                                     "": not one's fault */
} privacy_fault_t;


/*
 * Checks a body (empty counts as {}) and returns its fields, normalized, as a
 * new object that the caller frees with json_decref(); NULL with *fault set.
 * Hostile input.
 *
 * The object has the fields that were told and no others: booleans, strings
 * without control characters, times cut to seconds ("2026-11-22T05:00:00Z"),
 * lists of ids and users sorted and free of duplicates.  A null is kept where
 * it takes a value away: in a grant "cameras", "users", "reason", "starts_at"
 * and "expires_at", in an exclusion "organizations"; elsewhere it is a wrong
 * type.  Cameras of an account keep their order; two of one id are refused.
 */

json_t *privacy_body_parse(privacy_body_e kind, privacy_str_t text,
    privacy_fault_t *fault);

#endif /* PRIVACY_BODY_H */
