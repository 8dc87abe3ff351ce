/*
 * Paths and query arguments of the HTTP API.
 */

#include <string.h>

#include "privacy_path.h"


typedef struct {
    privacy_str_t    name;
    privacy_route_e  route;
} privacy_path_word_t;


/* What follows an account */

static const privacy_path_word_t  privacy_path_words[] = {
    { privacy_str("access"), PRIVACY_ROUTE_ACCESS },
    { privacy_str("grants"), PRIVACY_ROUTE_GRANTS },
    { privacy_str("exclusion"), PRIVACY_ROUTE_EXCLUSION },
    { privacy_str("explain"), PRIVACY_ROUTE_EXPLAIN }
};

#define PRIVACY_PATH_WORDS                                                    \
    (sizeof(privacy_path_words) / sizeof(privacy_path_word_t))


static int
privacy_path_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }

    return -1;
}


/* The byte that "%XX" at raw.data[i] stands for; -1: none */

static int
privacy_path_escape(privacy_str_t raw, size_t i)
{
    int  high, low;

    if (raw.len - i < 3) {
        return -1;
    }

    high = privacy_path_hex(raw.data[i + 1]);
    low = privacy_path_hex(raw.data[i + 2]);

    if (high < 0 || low < 0) {
        return -1;
    }

    return high * 16 + low;
}


long
privacy_path_decode(privacy_str_t raw, char *buf)
{
    int     c;
    size_t  i;
    char   *p = buf;

    for (i = 0; i < raw.len; i++) {

        if (raw.data[i] == '?' || raw.data[i] == '#') {
            break;
        }

        if (raw.data[i] != '%') {
            *p++ = raw.data[i];
            continue;
        }

        c = privacy_path_escape(raw, i);

        if (c <= 0 || c == '/') {
            return -1;
        }

        *p++ = (char) c;
        i += 2;
    }

    return p - buf;
}


/* Takes "/segment" off the path; empty where there is none */

static privacy_str_t
privacy_path_segment(privacy_str_t *path)
{
    privacy_str_t   segment = { NULL, 0 };
    const char     *end;

    if (path->len == 0 || path->data[0] != '/') {
        return segment;
    }

    segment.data = path->data + 1;

    end = memchr(segment.data, '/', path->len - 1);
    segment.len = end ? (size_t) (end - segment.data) : path->len - 1;

    path->data += 1 + segment.len;
    path->len -= 1 + segment.len;

    return segment;
}


static int
privacy_path_is(privacy_str_t segment, privacy_str_t word)
{
    return segment.len == word.len
           && memcmp(segment.data, word.data, word.len) == 0;
}


/* What is left of the path after an account: "/word" or "/word/ORG" */

static privacy_route_e
privacy_path_below(privacy_str_t path, privacy_str_t *organization)
{
    size_t           i;
    privacy_str_t    word;
    privacy_route_e  route;

    word = privacy_path_segment(&path);
    route = PRIVACY_ROUTE_NONE;

    for (i = 0; i < PRIVACY_PATH_WORDS; i++) {
        if (privacy_path_is(word, privacy_path_words[i].name)) {
            route = privacy_path_words[i].route;
        }
    }

    if (path.len == 0) {
        return route;
    }

    *organization = privacy_path_segment(&path);

    return (route == PRIVACY_ROUTE_GRANTS && organization->len != 0
            && path.len == 0) ? PRIVACY_ROUTE_GRANT : PRIVACY_ROUTE_NONE;
}


privacy_route_e
privacy_path_parse(privacy_str_t path, privacy_str_t *account,
    privacy_str_t *organization)
{
    privacy_str_t  first;

    static const privacy_str_t  accounts = privacy_str("accounts");
    static const privacy_str_t  sweep = privacy_str("sweep");
    static const privacy_str_t  openapi = privacy_str("openapi.json");

    memset(account, 0, sizeof(privacy_str_t));
    memset(organization, 0, sizeof(privacy_str_t));

    first = privacy_path_segment(&path);

    if (path.len == 0) {

        if (privacy_path_is(first, accounts)) {
            return PRIVACY_ROUTE_ACCOUNTS;
        }

        if (privacy_path_is(first, sweep)) {
            return PRIVACY_ROUTE_SWEEP;
        }

        return privacy_path_is(first, openapi) ? PRIVACY_ROUTE_OPENAPI
                                               : PRIVACY_ROUTE_NONE;
    }

    if (!privacy_path_is(first, accounts)) {
        return PRIVACY_ROUTE_NONE;
    }

    *account = privacy_path_segment(&path);

    if (account->len == 0) {
        return PRIVACY_ROUTE_NONE;
    }

    return path.len == 0 ? PRIVACY_ROUTE_ACCOUNT
                         : privacy_path_below(path, organization);
}


/* Decodes a part of a query; -1 if it is malformed */

static long
privacy_query_decode(privacy_str_t raw, char *buf)
{
    int     c;
    size_t  i;
    char   *p = buf;

    for (i = 0; i < raw.len; i++) {
        c = (unsigned char) raw.data[i];

        if (c == '+') {
            c = ' ';

        } else if (c == '%') {
            c = privacy_path_escape(raw, i);
            i += 2;
        }

        if (c <= 0) {
            return -1;
        }

        *p++ = (char) c;
    }

    return p - buf;
}


int
privacy_query_next(privacy_str_t *query, char *buf, privacy_str_t *name,
    privacy_str_t *value)
{
    long           n, m;
    const char    *end, *equals;
    privacy_str_t  part, left, right;

    do {
        if (query->len == 0) {
            return 0;
        }

        end = memchr(query->data, '&', query->len);

        part.data = query->data;
        part.len = end ? (size_t) (end - part.data) : query->len;

        query->data += part.len;
        query->len -= part.len;

        if (end) {
            query->data++;
            query->len--;
        }

    } while (part.len == 0);

    equals = memchr(part.data, '=', part.len);

    left.data = part.data;
    left.len = equals ? (size_t) (equals - part.data) : part.len;

    right.data = part.data + part.len;
    right.len = 0;

    if (equals) {
        right.data = equals + 1;
        right.len = part.len - left.len - 1;
    }

    n = privacy_query_decode(left, buf);
    m = (n < 0) ? -1 : privacy_query_decode(right, buf + n);

    if (m < 0) {
        return -1;
    }

    name->data = buf;
    name->len = n;
    value->data = buf + n;
    value->len = m;

    return 1;
}
