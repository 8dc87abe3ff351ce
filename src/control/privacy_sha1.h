/*
 * SHA-1, as Redis names scripts and as redis.sha1hex() has it.  It tells
 * records apart; nothing here rests on its being hard to forge.
 */

#ifndef PRIVACY_SHA1_H
#define PRIVACY_SHA1_H

#include "privacy_types.h"


#define PRIVACY_SHA1_LEN  40           /* hex digits, lower case */


/* Writes PRIVACY_SHA1_LEN digits and a terminating NUL */

void privacy_sha1(char *hex, privacy_str_t data);

#endif /* PRIVACY_SHA1_H */
