/*
 * Ids and the Redis keys made of them.
 */

#ifndef PRIVACY_KEY_H
#define PRIVACY_KEY_H

#include "privacy_types.h"


#define PRIVACY_ID_MAX      128        /* bytes */
#define PRIVACY_USER_MAX    256        /* bytes of UTF-8 */
#define PRIVACY_PREFIX_MAX  64         /* bytes */

/*
 * The longest key: PREFIX "-account:{" ACCOUNT "}:grant:" ORG and some room;
 * a buffer of this size takes every key that the functions below write.
 */

#define PRIVACY_KEY_MAX     (PRIVACY_PREFIX_MAX + 2 * PRIVACY_ID_MAX + 32)


/*
 * 1 if the string is an id: 1 to 128 bytes of A-Z a-z 0-9 . _ - @ : +
 * Only ids are ever made part of a key.
 */

int privacy_id_valid(privacy_str_t id);

/*
 * 1 if the string is a user's name: 1 to 256 bytes of well-formed UTF-8
 * (no overlong forms, no surrogates) without control characters
 * (U+0000-U+001F, U+007F-U+009F).
 */

int privacy_user_valid(privacy_str_t user);

/* 1 if the string may be a key prefix: 1 to 64 bytes of A-Z a-z 0-9 . _ - : */

int privacy_prefix_valid(privacy_str_t prefix);


typedef enum {
    PRIVACY_KEY_OTHER = 0,             /* not one of ours */
    PRIVACY_KEY_UNRESTRICTED,          /* PREFIX:{ACCOUNT}:unrestricted */
    PRIVACY_KEY_EXCLUDED,              /* PREFIX:{ACCOUNT}:excluded */
    PRIVACY_KEY_PROVIDERS,             /* PREFIX:{ACCOUNT}:providers */
    PRIVACY_KEY_GRANT,                 /* PREFIX:{ACCOUNT}:grant:ORG */
    PRIVACY_KEY_CAMERA,                /* PREFIX:camera:CAMERA */
    PRIVACY_KEY_PROFILE,               /* PREFIX-account:{ACCOUNT} */
    PRIVACY_KEY_INDEX,                 /* PREFIX-org:ORG */
    PRIVACY_KEY_LOG                    /* PREFIX-log:{ACCOUNT} */
} privacy_key_e;


/*
 * Writes the key of one kind into "buf" (PRIVACY_KEY_MAX bytes) and returns
 * its length.  "id" is the account, the camera (PRIVACY_KEY_CAMERA) or the
 * organization (PRIVACY_KEY_INDEX); "organization" is used by
 * PRIVACY_KEY_GRANT only.  Returns 0 and writes nothing if an id is not valid
 * or the prefix too long: the last line of defence, callers have checked.
 */

size_t privacy_key_write(char *buf, privacy_str_t prefix, privacy_key_e kind,
    privacy_str_t id, privacy_str_t organization);

/*
 * What a key names: its kind, with "id" and "organization" (may be NULL) set
 * to parts of it.  PRIVACY_KEY_OTHER for anything that privacy_key_write
 * would not have written.  The key is hostile.
 */

privacy_key_e privacy_key_parse(privacy_str_t key, privacy_str_t prefix,
    privacy_str_t *id, privacy_str_t *organization);

#endif /* PRIVACY_KEY_H */
