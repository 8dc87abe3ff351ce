/*
 * Roles: a named set of resources and a camera scope.
 */

#include <string.h>

#include "privacy_role.h"


#define PRIVACY_ALL      0
#define PRIVACY_ASSIGNED 1

#define privacy_role(name, assigned, resources)                               \
    { name, sizeof(name) - 1, assigned, resources }

#define PRIVACY_SYSTEM   privacy_resource_bit(PRIVACY_RESOURCE_SYSTEM)
#define PRIVACY_MANAGE   privacy_resource_bit(PRIVACY_RESOURCE_MANAGE)
#define PRIVACY_EXPORT   privacy_resource_bit(PRIVACY_RESOURCE_EXPORT)
#define PRIVACY_STREAMS                                                       \
    (privacy_resource_bit(PRIVACY_RESOURCE_LIVE)                              \
     | privacy_resource_bit(PRIVACY_RESOURCE_ARCHIVE))


/* "none" and "unrestricted" first: PRIVACY_ROLE_NONE, .._UNRESTRICTED */

static const privacy_role_t  privacy_published_roles[] = {
    privacy_role("none", PRIVACY_ALL, PRIVACY_SYSTEM),
    privacy_role("unrestricted", PRIVACY_ALL, PRIVACY_SYSTEM | PRIVACY_MANAGE
                 | PRIVACY_STREAMS | PRIVACY_EXPORT),
    privacy_role("administrator_full", PRIVACY_ALL, PRIVACY_SYSTEM
                 | PRIVACY_MANAGE | PRIVACY_STREAMS | PRIVACY_EXPORT),
    privacy_role("administrator_restricted", PRIVACY_ALL, PRIVACY_SYSTEM
                 | PRIVACY_MANAGE),
    privacy_role("user_full", PRIVACY_ASSIGNED, PRIVACY_SYSTEM
                 | PRIVACY_STREAMS | PRIVACY_EXPORT),
    privacy_role("user_restricted", PRIVACY_ASSIGNED, PRIVACY_SYSTEM
                 | PRIVACY_STREAMS)
};

#define PRIVACY_PUBLISHED_ROLES                                               \
    (sizeof(privacy_published_roles) / sizeof(privacy_published_roles[0]))


void
privacy_roles_init(privacy_roles_t *roles)
{
    memset(roles, 0, sizeof(privacy_roles_t));
    memcpy(roles->roles, privacy_published_roles,
           sizeof(privacy_published_roles));

    roles->count = PRIVACY_PUBLISHED_ROLES;
}


static int
privacy_role_name_valid(privacy_str_t name)
{
    char    c;
    size_t  i;

    if (name.len == 0 || name.len > PRIVACY_ROLE_NAME_MAX) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return 1;
}


static int
privacy_role_word_is(privacy_str_t word, const char *text)
{
    return word.len == strlen(text) && memcmp(word.data, text, word.len) == 0;
}


/* Adds one word to a role; "scoped" remembers that the scope was said */

static privacy_role_error_e
privacy_role_word(privacy_role_t *role, privacy_str_t word, int *scoped)
{
    unsigned            bit;
    privacy_resource_e  resource;

    resource = privacy_resource_parse(word);

    if (resource != PRIVACY_RESOURCE_NONE) {
        bit = privacy_resource_bit(resource);

        if (role->resources & bit) {
            return PRIVACY_ROLE_DUPLICATE_WORD;
        }

        role->resources |= bit;

        return PRIVACY_ROLE_OK;
    }

    if (privacy_role_word_is(word, "cameras=assigned")) {
        role->assigned = 1;

    } else if (!privacy_role_word_is(word, "cameras=all")) {
        return PRIVACY_ROLE_BAD_WORD;
    }

    if (*scoped) {
        return PRIVACY_ROLE_DUPLICATE_WORD;
    }

    *scoped = 1;

    return PRIVACY_ROLE_OK;
}


privacy_role_error_e
privacy_roles_define(privacy_roles_t *roles, privacy_str_t name,
    const privacy_str_t *words, size_t nwords, privacy_str_t *bad)
{
    int                    scoped;
    size_t                 i;
    privacy_str_t          fault;
    privacy_role_t         role, *slot;
    privacy_role_error_e   rc;

    fault = name;
    scoped = 0;
    rc = PRIVACY_ROLE_OK;
    slot = (privacy_role_t *) privacy_roles_lookup(roles, name);

    if (!privacy_role_name_valid(name)) {
        rc = PRIVACY_ROLE_BAD_NAME;

    } else if (slot == NULL && roles->count == PRIVACY_ROLES_MAX) {
        rc = PRIVACY_ROLE_TOO_MANY;
    }

    memset(&role, 0, sizeof(privacy_role_t));

    for (i = 0; rc == PRIVACY_ROLE_OK && i < nwords; i++) {
        fault = words[i];
        rc = privacy_role_word(&role, words[i], &scoped);
    }

    if (rc != PRIVACY_ROLE_OK) {
        if (bad != NULL) {
            *bad = fault;
        }

        return rc;
    }

    memcpy(role.name, name.data, name.len);
    role.len = name.len;

    if (slot == NULL) {
        slot = &roles->roles[roles->count++];
    }

    *slot = role;

    return PRIVACY_ROLE_OK;
}


const privacy_role_t *
privacy_roles_lookup(const privacy_roles_t *roles, privacy_str_t name)
{
    const privacy_role_t  *role, *last;

    if (name.len == 0) {
        return NULL;
    }

    last = roles->roles + roles->count;

    for (role = roles->roles; role < last; role++) {

        if (role->len == name.len
            && memcmp(role->name, name.data, name.len) == 0)
        {
            return role;
        }
    }

    return NULL;
}
