/*
 * Roles: a named set of resources and a camera scope.
 */

#ifndef PRIVACY_ROLE_H
#define PRIVACY_ROLE_H

#include "privacy_types.h"


#define PRIVACY_ROLES_MAX      32
#define PRIVACY_ROLE_NAME_MAX  32      /* bytes */

/* The roles that the rules name themselves: their places in the table */

#define PRIVACY_ROLE_NONE          0
#define PRIVACY_ROLE_UNRESTRICTED  1


/* Holds its name, so a table can be copied into shared memory */

typedef struct {
    char             name[PRIVACY_ROLE_NAME_MAX];
    uint8_t          len;              /* of the name */
    uint8_t          assigned;         /* 1: assigned cameras, 0: all */
    uint16_t         resources;        /* privacy_resource_bit()s; export
                                          means "if authorised" */
} privacy_role_t;


typedef struct {
    uint32_t         count;
    privacy_role_t   roles[PRIVACY_ROLES_MAX];
} privacy_roles_t;


typedef enum {
    PRIVACY_ROLE_OK = 0,
    PRIVACY_ROLE_BAD_NAME,             /* 1 to 32 of a-z A-Z 0-9 _ - */
    PRIVACY_ROLE_BAD_WORD,
    PRIVACY_ROLE_DUPLICATE_WORD,
    PRIVACY_ROLE_TOO_MANY
} privacy_role_error_e;


/* The six roles that the vendors publish (DESIGN section 3) */

void privacy_roles_init(privacy_roles_t *roles);

/*
 * Redefines or adds a role: "words" are those after the name, i.e. resources
 * and "cameras=all" or "cameras=assigned" (all if left out).  On an error the
 * table is as before and *bad (may be NULL) is the word at fault.
 */

privacy_role_error_e privacy_roles_define(privacy_roles_t *roles,
    privacy_str_t name, const privacy_str_t *words, size_t nwords,
    privacy_str_t *bad);

/* NULL if there is none */

const privacy_role_t *privacy_roles_lookup(const privacy_roles_t *roles,
    privacy_str_t name);

static inline privacy_str_t
privacy_role_name(const privacy_role_t *role)
{
    privacy_str_t  name = { role->name, role->len };

    return name;
}

#endif /* PRIVACY_ROLE_H */
