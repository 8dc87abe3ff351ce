/*
 * Paths and queries: what is decoded never grows, has no NUL, and holds no
 * slash that was not there; what a route names is part of the path.  The
 * first byte says which of the two.
 */

#include <stdlib.h>
#include <string.h>

#include "privacy_path.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static size_t
fuzz_count(const char *data, size_t len, char c)
{
    size_t  i, n = 0;

    for (i = 0; i < len; i++) {
        n += data[i] == c;
    }

    return n;
}


static void
fuzz_part(privacy_str_t path, privacy_str_t part)
{
    if (part.len == 0) {
        return;
    }

    if (part.data <= path.data
        || part.data + part.len > path.data + path.len
        || part.data[-1] != '/' || memchr(part.data, '/', part.len) != NULL)
    {
        abort();
    }
}


static void
fuzz_path(privacy_str_t raw)
{
    long             n;
    char            *buf;
    privacy_str_t    path, account, organization;
    privacy_route_e  route;

    buf = malloc(raw.len + 1);

    if (buf == NULL) {
        return;
    }

    n = privacy_path_decode(raw, buf);

    if (n > (long) raw.len
        || (n > 0 && fuzz_count(buf, n, '/')
                     > fuzz_count(raw.data, raw.len, '/')))
    {
        abort();
    }

    if (n >= 0) {
        path.data = buf;
        path.len = n;

        route = privacy_path_parse(path, &account, &organization);

        if (route >= PRIVACY_ROUTES
            || (route == PRIVACY_ROUTE_GRANT && organization.len == 0)
            || (route == PRIVACY_ROUTE_ACCOUNT && account.len == 0))
        {
            abort();
        }

        fuzz_part(path, account);
        fuzz_part(path, organization);
    }

    free(buf);
}


static void
fuzz_query(privacy_str_t query)
{
    int            n;
    char          *buf;
    size_t         left;
    privacy_str_t  name, value;

    buf = malloc(query.len + 1);

    if (buf == NULL) {
        return;
    }

    for ( ;; ) {
        left = query.len;
        n = privacy_query_next(&query, buf, &name, &value);

        if (n <= 0) {
            break;
        }

        if (query.len >= left || name.len + value.len > left
            || memchr(buf, '\0', name.len + value.len) != NULL)
        {
            abort();
        }
    }

    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char          *copy;
    privacy_str_t  text;

    if (size == 0) {
        return 0;
    }

    /* a copy, so that reading past the end shows */

    copy = malloc(size);

    if (copy == NULL) {
        return 0;
    }

    memcpy(copy, data + 1, size - 1);

    text.data = copy;
    text.len = size - 1;

    if (data[0] % 2) {
        fuzz_query(text);

    } else {
        fuzz_path(text);
    }

    free(copy);

    return 0;
}
