/*
 * Bodies: the first byte chooses the kind.  What is taken must be taken again
 * as it was written, unchanged; what is not must name its fault.
 */

#include <stdlib.h>
#include <string.h>

#include "privacy_body.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_fault(const privacy_fault_t *fault)
{
    size_t  i;

    if (fault->kind == PRIVACY_FAULT_NONE || fault->text == NULL
        || memchr(fault->field, '\0', PRIVACY_FIELD_MAX) == NULL)
    {
        abort();
    }

    for (i = 0; fault->field[i] != '\0'; i++) {

        if (fault->field[i] < 0x20 || fault->field[i] > 0x7e) {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char             *text, *again;
    json_t           *body, *second;
    privacy_str_t     s;
    privacy_body_e    kind;
    privacy_fault_t   fault;

    if (size == 0) {
        return 0;
    }

    switch (data[0]) {

    case 'a':
        kind = PRIVACY_BODY_ACCOUNT;
        break;

    case 'o':
        kind = PRIVACY_BODY_ALLOW;
        break;

    case 'g':
        kind = PRIVACY_BODY_GRANT;
        break;

    case 'e':
        kind = PRIVACY_BODY_EXCLUDE;
        break;

    default:
        kind = PRIVACY_BODY_NONE;
        break;
    }

    s.data = (const char *) data + 1;
    s.len = size - 1;
    body = privacy_body_parse(kind, s, &fault);

    if (body == NULL) {
        fuzz_fault(&fault);
        return 0;
    }

    if (fault.kind != PRIVACY_FAULT_NONE || !json_is_object(body)) {
        abort();
    }

    text = json_dumps(body, JSON_COMPACT);

    if (text == NULL) {
        abort();
    }

    s.data = text;
    s.len = strlen(text);
    second = privacy_body_parse(kind, s, &fault);

    if (second == NULL) {
        abort();
    }

    again = json_dumps(second, JSON_COMPACT);

    if (again == NULL || strcmp(text, again) != 0) {
        abort();
    }

    free(text);
    free(again);
    json_decref(body);
    json_decref(second);

    return 0;
}
