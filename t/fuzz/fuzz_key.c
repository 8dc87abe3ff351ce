/*
 * Keys: what parses must be written back byte by byte, and what is written
 * must parse.  The first byte of the input is the length of the prefix.
 */

#include <stdlib.h>
#include <string.h>

#include "privacy_key.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_write(privacy_str_t prefix, privacy_str_t id, privacy_str_t organization)
{
    int            kind;
    char           buf[PRIVACY_KEY_MAX];
    privacy_str_t  key = { buf, 0 }, got[2];

    for (kind = PRIVACY_KEY_OTHER; kind <= PRIVACY_KEY_LOG; kind++) {
        key.len = privacy_key_write(buf, prefix, kind, id, organization);

        if (key.len == 0) {
            continue;
        }

        if ((int) privacy_key_parse(key, prefix, &got[0], &got[1]) != kind
            || got[0].len != id.len
            || memcmp(got[0].data, id.data, id.len) != 0)
        {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char           buf[PRIVACY_KEY_MAX];
    size_t         len;
    privacy_str_t  prefix, key, id, organization;
    privacy_key_e  kind;

    if (size == 0 || data[0] > size - 1) {
        return 0;
    }

    prefix.data = (const char *) data + 1;
    prefix.len = data[0];
    key.data = prefix.data;
    key.len = size - 1;

    kind = privacy_key_parse(key, prefix, &id, &organization);

    if (kind != PRIVACY_KEY_OTHER) {
        len = privacy_key_write(buf, prefix, kind, id, organization);

        if (len != key.len || memcmp(buf, key.data, len) != 0) {
            abort();
        }
    }

    /* the same bytes as ids and as a user */

    id.data = prefix.data + prefix.len;
    id.len = key.len - prefix.len;

    fuzz_write(prefix, id, prefix);
    fuzz_write(prefix, prefix, id);

    if (privacy_id_valid(id) && !privacy_user_valid(id)) {
        abort();
    }

    return 0;
}
