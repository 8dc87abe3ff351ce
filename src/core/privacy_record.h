/*
 * The records of the store: parsed once, into a form that is cheap to ask.
 *
 * A parsed record is one block of memory without pointers (offsets count from
 * its start), so it may be copied and freed as a whole, whoever owns it.
 * What is parsed is hostile: at most 1 MiB, at most 8 levels deep, duplicate
 * keys refused, ids and times checked.  A field of the wrong type makes the
 * record invalid; null counts as absent; unknown fields are skipped.
 */

#ifndef PRIVACY_RECORD_H
#define PRIVACY_RECORD_H

#include "privacy_types.h"


#define PRIVACY_RECORD_MAX    (1024 * 1024)    /* bytes of JSON */
#define PRIVACY_RECORD_DEPTH  8


/* A sorted list of strings; all offsets count from the block's start */

typedef struct {
    uint32_t         count;
    uint32_t         entries;          /* offset of "count" entries */
} privacy_list_t;


typedef struct {
    uint32_t         size;             /* of the whole block, bytes */
    uint8_t          exports;
    uint8_t          bare;             /* the value was "1" */
    int64_t          at;               /* 0 if bare */
} privacy_unrestricted_t;


typedef struct {
    uint32_t         size;
    uint8_t          everybody;        /* no "organizations" */
    privacy_list_t   organizations;
} privacy_excluded_t;


typedef struct {
    uint32_t         size;
    privacy_list_t   organizations;
} privacy_providers_t;


typedef struct {
    uint32_t         size;
    uint8_t          exports;
    uint8_t          level;            /* privacy_level_e; NONE if absent */
    uint8_t          any_user;         /* no "users" */
    uint32_t         role;             /* offset of the role's name */
    uint32_t         role_len;
    privacy_list_t   cameras;
    privacy_list_t   users;
    int64_t          granted_at;       /* 0: absent */
    int64_t          starts_at;
    int64_t          expires_at;
} privacy_grant_t;


/*
 * Each parses "json" into "buf" of "size" bytes, aligned for int64_t, and
 * returns how many bytes the record takes.  If that is more than "size",
 * nothing useful was stored: call again with so many.  Returns 0 if the
 * record is invalid (or memory ran out), with *error (may be NULL) set to a
 * constant text that names the field and the fault, e.g. "\"cameras\": not an
 * array of ids".  Whether a grant's role exists is for the verdict to say.
 */

size_t privacy_unrestricted_parse(privacy_str_t json, void *buf, size_t size,
    const char **error);
size_t privacy_excluded_parse(privacy_str_t json, void *buf, size_t size,
    const char **error);
size_t privacy_providers_parse(privacy_str_t json, void *buf, size_t size,
    const char **error);
size_t privacy_grant_parse(privacy_str_t json, void *buf, size_t size,
    const char **error);

/* 1 if the list in the block at "record" holds the string */

int privacy_list_has(const void *record, const privacy_list_t *list,
    privacy_str_t string);

static inline privacy_str_t
privacy_grant_role(const privacy_grant_t *grant)
{
    privacy_str_t  role = { (const char *) grant + grant->role,
                            grant->role_len };

    return role;
}

#endif /* PRIVACY_RECORD_H */
