/*
 * Paths and query arguments of the HTTP API: which resource a request names.
 * Hostile input throughout.
 */

#ifndef PRIVACY_PATH_H
#define PRIVACY_PATH_H

#include "privacy_types.h"


typedef enum {
    PRIVACY_ROUTE_NONE = 0,            /* there is no such resource */
    PRIVACY_ROUTE_ACCOUNTS,            /* /accounts */
    PRIVACY_ROUTE_ACCOUNT,             /* /accounts/ACCOUNT */
    PRIVACY_ROUTE_ACCESS,              /* /accounts/ACCOUNT/access */
    PRIVACY_ROUTE_GRANTS,              /* /accounts/ACCOUNT/grants */
    PRIVACY_ROUTE_GRANT,               /* /accounts/ACCOUNT/grants/ORG */
    PRIVACY_ROUTE_EXCLUSION,           /* /accounts/ACCOUNT/exclusion */
    PRIVACY_ROUTE_EXPLAIN,             /* /accounts/ACCOUNT/explain */
    PRIVACY_ROUTE_SWEEP,               /* /sweep */
    PRIVACY_ROUTE_OPENAPI,             /* /openapi.json */
    PRIVACY_ROUTES
} privacy_route_e;


/*
 * Decodes the path of a request target ("raw" ends at the first "?" or "#")
 * into "buf", which has room for raw.len bytes, and returns how many bytes
 * that gave; -1 where it is not decodable without doubt: "%" without two
 * hexadecimal digits, an encoded "/" or NUL.  Decoded once: "%252F" is "%2F".
 */

long privacy_path_decode(privacy_str_t raw, char *buf);

/*
 * The resource that a decoded path names, below the prefix of the API: it
 * begins with "/".  "account" and "organization" are set to parts of it, empty
 * where the route has none, and were not checked but for not being empty.
 */

privacy_route_e privacy_path_parse(privacy_str_t path,
    privacy_str_t *account, privacy_str_t *organization);

/*
 * Takes the next argument off a query: 1, 0 if there is none left, -1 if it
 * is malformed ("%" as above, NUL).  "name" and "value" are decoded, "+" is a
 * space, and point into "buf", which has room for query->len bytes; it is
 * used from its start on each call.
 */

int privacy_query_next(privacy_str_t *query, char *buf, privacy_str_t *name,
    privacy_str_t *value);

#endif /* PRIVACY_PATH_H */
