/*
 * privacyctl: options that become fields of the action's body.
 */

#include <string.h>

#include "privacyctl.h"


static const ctl_field_t  ctl_fields[] = {
    { "--exports", "exports", CTL_VALUE_TRUE,
      CTL_GRANTING | CTL_BIT(CTL_ALLOW) },
    { "--no-exports", "exports", CTL_VALUE_FALSE, CTL_GRANTING },
    { "--role", "role", CTL_VALUE_TEXT, CTL_GRANTING },
    { "--cameras", "cameras", CTL_VALUE_LIST, CTL_GRANTING },
    { "--users", "users", CTL_VALUE_LIST, CTL_GRANTING },
    { "--any-user", "users", CTL_VALUE_NULL, CTL_GRANTING },
    { "--reason", "reason", CTL_VALUE_TEXT,
      CTL_GRANTING | CTL_BIT(CTL_EXCLUDE) },
    { "--starts-at", "starts_at", CTL_VALUE_TIME, CTL_GRANTING },
    { "--expires-at", "expires_at", CTL_VALUE_TIME, CTL_GRANTING },
    { "--grantee-level", "level", CTL_VALUE_TEXT, CTL_GRANTING },
    { "--organizations", "organizations", CTL_VALUE_LIST,
      CTL_BIT(CTL_EXCLUDE) }
};


static int
ctl_field_list(json_t *list, const char *value)
{
    size_t  len;

    for ( ;; ) {
        len = strcspn(value, ",");

        if (len != 0
            && json_array_append_new(list, json_stringn(value, len)) != 0)
        {
            ctl_error("not UTF-8: %.*s", (int) len, value);
            return CTL_USAGE;
        }

        if (value[len] == '\0') {
            return CTL_DONE;
        }

        value += len + 1;
    }
}


int
ctl_field_set(ctl_t *ctl, const ctl_field_t *field, const char *value)
{
    json_t  *list, *json;

    if (ctl->body == NULL) {
        ctl->body = json_object();
    }

    list = json_object_get(ctl->body, field->field);

    if (field->type == CTL_VALUE_LIST && json_is_array(list)) {
        return ctl_field_list(list, value);
    }

    if (list != NULL) {
        ctl_error("%s: \"%s\" is told twice", field->name, field->field);
        return CTL_USAGE;
    }

    switch (field->type) {

    case CTL_VALUE_LIST:
        json = json_array();
        (void) json_object_set_new(ctl->body, field->field, json);
        return ctl_field_list(json, value);

    case CTL_VALUE_TRUE:
        json = json_true();
        break;

    case CTL_VALUE_FALSE:
        json = json_false();
        break;

    case CTL_VALUE_NULL:
        json = json_null();
        break;

    case CTL_VALUE_TIME:
        json = (strcmp(value, "none") == 0) ? json_null() : json_string(value);
        break;

    default:
        json = json_string(value);
        break;
    }

    if (json_object_set_new(ctl->body, field->field, json) != 0) {
        ctl_error("%s: not UTF-8", field->name);
        return CTL_USAGE;
    }

    return CTL_DONE;
}


const ctl_field_t *
ctl_field_lookup(const char *name)
{
    size_t  n;

    for (n = 0; n < sizeof(ctl_fields) / sizeof(ctl_fields[0]); n++) {

        if (strcmp(ctl_fields[n].name, name) == 0) {
            return &ctl_fields[n];
        }
    }

    return NULL;
}
