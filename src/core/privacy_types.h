/*
 * Words of the core: strings, levels, resources, reasons, sources.
 *
 * Everything below src/core includes libc and jansson only.  It has no clock,
 * no globals that change, no logging: time is a parameter, in milliseconds
 * since the epoch (UTC), and every string is a pointer and a length, not
 * terminated.
 */

#ifndef PRIVACY_TYPES_H
#define PRIVACY_TYPES_H

#include <stddef.h>
#include <stdint.h>


typedef struct {
    const char      *data;
    size_t           len;
} privacy_str_t;

#define privacy_str(literal)  { literal, sizeof(literal) - 1 }


typedef enum {
    PRIVACY_LEVEL_NONE = 0,            /* missing or not in the table */
    PRIVACY_LEVEL_CLIENT_ADMIN,
    PRIVACY_LEVEL_CLIENT,
    PRIVACY_LEVEL_INTEGRATOR,
    PRIVACY_LEVEL_VENDOR,
    PRIVACY_LEVEL_FEDERATED,
    PRIVACY_LEVEL_OPERATOR,
    PRIVACY_LEVELS
} privacy_level_e;


typedef enum {
    PRIVACY_RESOURCE_NONE = 0,         /* missing or not in the table */
    PRIVACY_RESOURCE_SYSTEM,
    PRIVACY_RESOURCE_MANAGE,
    PRIVACY_RESOURCE_LIVE,
    PRIVACY_RESOURCE_ARCHIVE,
    PRIVACY_RESOURCE_EXPORT,
    PRIVACY_RESOURCES
} privacy_resource_e;

#define privacy_resource_bit(resource)  (1u << (resource))


/* A zeroed reason is not one of an allow: see privacy_verdict_t */

typedef enum {
    PRIVACY_REASON_NONE = 0,
    PRIVACY_REASON_IDENTITY,
    PRIVACY_REASON_EXEMPT,
    PRIVACY_REASON_FOREIGN_CAMERA,
    PRIVACY_REASON_OWNER,
    PRIVACY_REASON_FOREIGN_ACCOUNT,
    PRIVACY_REASON_SYSTEM,
    PRIVACY_REASON_UNRESTRICTED,
    PRIVACY_REASON_EXCLUDED,
    PRIVACY_REASON_GRANT,
    PRIVACY_REASON_INVALID,
    PRIVACY_REASON_NOT_YET,
    PRIVACY_REASON_EXPIRED,
    PRIVACY_REASON_USER,
    PRIVACY_REASON_CAMERA,
    PRIVACY_REASON_EXPORT,
    PRIVACY_REASON_ROLE,
    PRIVACY_REASON_RESTRICTED,
    PRIVACY_REASON_STRANGER,
    PRIVACY_REASON_UNAVAILABLE,
    PRIVACY_REASONS
} privacy_reason_e;


/*
 * From a word to its value: PRIVACY_LEVEL_NONE / PRIVACY_RESOURCE_NONE where
 * the word is not in the table.  Case counts.
 */

privacy_level_e privacy_level_parse(privacy_str_t word);
privacy_resource_e privacy_resource_parse(privacy_str_t word);

/* From a value to its word; empty for 0 and for what is out of range */

privacy_str_t privacy_level_name(privacy_level_e level);
privacy_str_t privacy_resource_name(privacy_resource_e resource);
privacy_str_t privacy_reason_name(privacy_reason_e reason);


static inline int
privacy_is_provider(privacy_level_e level)
{
    return level == PRIVACY_LEVEL_INTEGRATOR || level == PRIVACY_LEVEL_VENDOR;
}

#endif /* PRIVACY_TYPES_H */
