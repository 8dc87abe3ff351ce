/*
 * The values that fields of a body may have.
 */

#include <string.h>

#include "privacy_value.h"
#include "privacy_clock.h"
#include "privacy_key.h"
#include "privacy_role.h"


/* Control characters: U+0000 to U+001F, U+007F to U+009F */

static int
privacy_text_valid(privacy_str_t text, size_t max)
{
    size_t          i;
    const uint8_t  *p = (const uint8_t *) text.data;

    if (text.len == 0 || text.len > max) {
        return 0;
    }

    for (i = 0; i < text.len; i++) {

        if (p[i] < 0x20 || p[i] == 0x7f) {
            return 0;
        }

        if (p[i] == 0xc2 && i + 1 < text.len && p[i + 1] < 0xa0) {
            return 0;
        }
    }

    return 1;
}


static int
privacy_email_valid(privacy_str_t text)
{
    const char  *at;

    if (!privacy_text_valid(text, PRIVACY_EMAIL_MAX)
        || memchr(text.data, ' ', text.len) != NULL)
    {
        return 0;
    }

    at = memchr(text.data, '@', text.len);

    return at != NULL && at != text.data
           && at + 1 < text.data + text.len
           && memchr(at + 1, '@', text.data + text.len - at - 1) == NULL;
}


const char *
privacy_value_fault(privacy_value_e type, privacy_str_t s)
{
    int64_t  ms;

    switch (type) {

    case PRIVACY_VALUE_REASON:
        return privacy_text_valid(s, PRIVACY_REASON_MAX)
               ? NULL : "not 1 to 1024 bytes without control characters";

    case PRIVACY_VALUE_EMAIL:
        return privacy_email_valid(s) ? NULL : "not an email address";

    case PRIVACY_VALUE_USER:
        return privacy_user_valid(s) ? NULL : "not a user's name";

    case PRIVACY_VALUE_ID:
        return privacy_id_valid(s) ? NULL : "not an id";

    case PRIVACY_VALUE_ROLE:
        return privacy_text_valid(s, PRIVACY_ROLE_NAME_MAX)
               ? NULL : "not the name of a role";

    case PRIVACY_VALUE_LEVEL:
        return privacy_is_provider(privacy_level_parse(s))
               ? NULL : "not \"integrator\" or \"vendor\"";

    case PRIVACY_VALUE_TIME:
        return (privacy_time_parse(s, &ms) == 0)
               ? NULL : "not a time like 2026-11-22T05:00:00Z";

    default:
        return privacy_text_valid(s, PRIVACY_TEXT_MAX)
               ? NULL : "not 1 to 256 bytes without control characters";
    }
}
