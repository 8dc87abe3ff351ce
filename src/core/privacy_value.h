/*
 * The values that fields of a body may have.
 */

#ifndef PRIVACY_VALUE_H
#define PRIVACY_VALUE_H

#include "privacy_types.h"


#define PRIVACY_TEXT_MAX      256             /* bytes of a name */
#define PRIVACY_REASON_MAX    1024            /* bytes of a reason */
#define PRIVACY_EMAIL_MAX     254             /* bytes */


typedef enum {

    /* strings */

    PRIVACY_VALUE_TEXT = 0,
    PRIVACY_VALUE_REASON,
    PRIVACY_VALUE_EMAIL,
    PRIVACY_VALUE_USER,
    PRIVACY_VALUE_ID,
    PRIVACY_VALUE_ROLE,                /* looks like one; need not exist */
    PRIVACY_VALUE_LEVEL,               /* a provider's */
    PRIVACY_VALUE_TIME,

    /* others */

    PRIVACY_VALUE_FLAG,
    PRIVACY_VALUE_IDS,
    PRIVACY_VALUE_USERS,               /* at least one */
    PRIVACY_VALUE_NAMED,               /* ids, at least one */
    PRIVACY_VALUE_ADMINISTRATORS,
    PRIVACY_VALUE_CAMERAS,
    PRIVACY_VALUE_SERVER               /* set by the server only */
} privacy_value_e;


/*
 * NULL if the string may be a value of this type, else a constant text that
 * says why not.  The string is well-formed UTF-8: it comes out of JSON.
 */

const char *privacy_value_fault(privacy_value_e type, privacy_str_t string);

#endif /* PRIVACY_VALUE_H */
