/*
 * Words of the core: levels, resources, reasons.
 */

#include <string.h>

#include "privacy_types.h"


#define privacy_word_is(word, literal)                                        \
    (memcmp((word).data, literal, sizeof(literal) - 1) == 0)


static const privacy_str_t  privacy_level_words[PRIVACY_LEVELS] = {
    privacy_str(""),
    privacy_str("client_admin"),
    privacy_str("client"),
    privacy_str("integrator"),
    privacy_str("vendor"),
    privacy_str("federated"),
    privacy_str("operator")
};


static const privacy_str_t  privacy_resource_words[PRIVACY_RESOURCES] = {
    privacy_str(""),
    privacy_str("system"),
    privacy_str("manage"),
    privacy_str("live"),
    privacy_str("archive"),
    privacy_str("export")
};


static const privacy_str_t  privacy_reason_words[PRIVACY_REASONS] = {
    privacy_str(""),
    privacy_str("identity"),
    privacy_str("exempt"),
    privacy_str("foreign_camera"),
    privacy_str("owner"),
    privacy_str("foreign_account"),
    privacy_str("system"),
    privacy_str("unrestricted"),
    privacy_str("excluded"),
    privacy_str("grant"),
    privacy_str("invalid"),
    privacy_str("not_yet"),
    privacy_str("expired"),
    privacy_str("user"),
    privacy_str("camera"),
    privacy_str("export"),
    privacy_str("role"),
    privacy_str("restricted"),
    privacy_str("stranger"),
    privacy_str("unavailable")
};


privacy_level_e
privacy_level_parse(privacy_str_t word)
{
    switch (word.len) {

    case 6:
        if (privacy_word_is(word, "vendor")) {
            return PRIVACY_LEVEL_VENDOR;
        }

        if (privacy_word_is(word, "client")) {
            return PRIVACY_LEVEL_CLIENT;
        }

        break;

    case 8:
        if (privacy_word_is(word, "operator")) {
            return PRIVACY_LEVEL_OPERATOR;
        }

        break;

    case 9:
        if (privacy_word_is(word, "federated")) {
            return PRIVACY_LEVEL_FEDERATED;
        }

        break;

    case 10:
        if (privacy_word_is(word, "integrator")) {
            return PRIVACY_LEVEL_INTEGRATOR;
        }

        break;

    case 12:
        if (privacy_word_is(word, "client_admin")) {
            return PRIVACY_LEVEL_CLIENT_ADMIN;
        }

        break;
    }

    return PRIVACY_LEVEL_NONE;
}


privacy_resource_e
privacy_resource_parse(privacy_str_t word)
{
    switch (word.len) {

    case 4:
        if (privacy_word_is(word, "live")) {
            return PRIVACY_RESOURCE_LIVE;
        }

        break;

    case 6:
        if (privacy_word_is(word, "system")) {
            return PRIVACY_RESOURCE_SYSTEM;
        }

        if (privacy_word_is(word, "export")) {
            return PRIVACY_RESOURCE_EXPORT;
        }

        if (privacy_word_is(word, "manage")) {
            return PRIVACY_RESOURCE_MANAGE;
        }

        break;

    case 7:
        if (privacy_word_is(word, "archive")) {
            return PRIVACY_RESOURCE_ARCHIVE;
        }

        break;
    }

    return PRIVACY_RESOURCE_NONE;
}


privacy_str_t
privacy_level_name(privacy_level_e level)
{
    if ((unsigned) level >= PRIVACY_LEVELS) {
        return privacy_level_words[0];
    }

    return privacy_level_words[level];
}


privacy_str_t
privacy_resource_name(privacy_resource_e resource)
{
    if ((unsigned) resource >= PRIVACY_RESOURCES) {
        return privacy_resource_words[0];
    }

    return privacy_resource_words[resource];
}


privacy_str_t
privacy_reason_name(privacy_reason_e reason)
{
    if ((unsigned) reason >= PRIVACY_REASONS) {
        return privacy_reason_words[0];
    }

    return privacy_reason_words[reason];
}
