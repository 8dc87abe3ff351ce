/*
 * Ids and the Redis keys made of them.
 */

#include <string.h>

#include "privacy_key.h"


#define PRIVACY_BYTE_NOT_ID      1
#define PRIVACY_BYTE_NOT_PREFIX  2
#define PRIVACY_BYTE_NOT_PLAIN   4     /* ASCII without control characters */

#define privacy_lit(literal)  literal, sizeof(literal) - 1


typedef struct {
    const char      *before;           /* of the id */
    size_t           before_len;
    const char      *after;
    size_t           after_len;
} privacy_key_form_t;


/* Rows of 16 bytes; flags say what a byte may not be part of */

static const uint8_t  privacy_bytes[256] = {
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 3, 0, 0, 3,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3,
    2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 0,
    3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7
};


static const privacy_key_form_t  privacy_key_forms[] = {
    { NULL, 0, NULL, 0 },
    { privacy_lit(":{"), privacy_lit("}:unrestricted") },
    { privacy_lit(":{"), privacy_lit("}:excluded") },
    { privacy_lit(":{"), privacy_lit("}:providers") },
    { privacy_lit(":{"), privacy_lit("}:grant:") },
    { privacy_lit(":camera:"), privacy_lit("") },
    { privacy_lit("-account:{"), privacy_lit("}") },
    { privacy_lit("-org:"), privacy_lit("") },
    { privacy_lit("-log:{"), privacy_lit("}") }
};

#define PRIVACY_KEY_FORMS                                                     \
    (sizeof(privacy_key_forms) / sizeof(privacy_key_forms[0]))


/* Runs for every id of every request: two instructions a byte */

static inline unsigned
privacy_bytes_flags(const char *data, size_t len)
{
    unsigned        flags = 0;
    const uint8_t  *p = (const uint8_t *) data;

    for (; len >= 8; len -= 8, p += 8) {
        flags |= privacy_bytes[p[0]] | privacy_bytes[p[1]]
                 | privacy_bytes[p[2]] | privacy_bytes[p[3]]
                 | privacy_bytes[p[4]] | privacy_bytes[p[5]]
                 | privacy_bytes[p[6]] | privacy_bytes[p[7]];
    }

    if (len & 4) {
        flags |= privacy_bytes[p[0]] | privacy_bytes[p[1]]
                 | privacy_bytes[p[2]] | privacy_bytes[p[3]];
        p += 4;
    }

    if (len & 2) {
        flags |= privacy_bytes[p[0]] | privacy_bytes[p[1]];
        p += 2;
    }

    if (len & 1) {
        flags |= privacy_bytes[p[0]];
    }

    return flags;
}


int
privacy_id_valid(privacy_str_t id)
{
    if (id.len == 0 || id.len > PRIVACY_ID_MAX) {
        return 0;
    }

    return !(privacy_bytes_flags(id.data, id.len) & PRIVACY_BYTE_NOT_ID);
}


int
privacy_prefix_valid(privacy_str_t prefix)
{
    if (prefix.len == 0 || prefix.len > PRIVACY_PREFIX_MAX) {
        return 0;
    }

    return !(privacy_bytes_flags(prefix.data, prefix.len)
             & PRIVACY_BYTE_NOT_PREFIX);
}


/*
 * The length of the well-formed sequence of two bytes or more at p, 0 if it
 * is none or stands for U+0080-U+009F.  Bounds of the second byte: Unicode,
 * table 3-7.
 */

static size_t
privacy_utf8_sequence(const uint8_t *p, const uint8_t *end)
{
    size_t   i, n;
    uint8_t  low = 0x80, high = 0xbf;

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;
        low = (p[0] == 0xc2) ? 0xa0 : 0x80;

    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        n = 3;
        low = (p[0] == 0xe0) ? 0xa0 : 0x80;
        high = (p[0] == 0xed) ? 0x9f : 0xbf;

    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;
        low = (p[0] == 0xf0) ? 0x90 : 0x80;
        high = (p[0] == 0xf4) ? 0x8f : 0xbf;

    } else {
        return 0;
    }

    if ((size_t) (end - p) < n || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


int
privacy_user_valid(privacy_str_t user)
{
    size_t          n;
    const uint8_t  *p, *end;

    if (user.len == 0 || user.len > PRIVACY_USER_MAX) {
        return 0;
    }

    if (!(privacy_bytes_flags(user.data, user.len) & PRIVACY_BYTE_NOT_PLAIN)) {
        return 1;
    }

    p = (const uint8_t *) user.data;
    end = p + user.len;

    while (p < end) {

        if (*p >= 0x20 && *p < 0x7f) {
            p++;
            continue;
        }

        n = privacy_utf8_sequence(p, end);

        if (n == 0) {
            return 0;
        }

        p += n;
    }

    return 1;
}


static char *
privacy_key_copy(char *p, const char *data, size_t len)
{
    memcpy(p, data, len);

    return p + len;
}


size_t
privacy_key_write(char *buf, privacy_str_t prefix, privacy_key_e kind,
    privacy_str_t id, privacy_str_t organization)
{
    char                      *p;
    const privacy_key_form_t  *form;

    if (kind == PRIVACY_KEY_OTHER || (unsigned) kind >= PRIVACY_KEY_FORMS) {
        return 0;
    }

    if (!privacy_prefix_valid(prefix) || !privacy_id_valid(id)) {
        return 0;
    }

    if (kind == PRIVACY_KEY_GRANT && !privacy_id_valid(organization)) {
        return 0;
    }

    form = &privacy_key_forms[kind];

    p = privacy_key_copy(buf, prefix.data, prefix.len);
    p = privacy_key_copy(p, form->before, form->before_len);
    p = privacy_key_copy(p, id.data, id.len);
    p = privacy_key_copy(p, form->after, form->after_len);

    if (kind == PRIVACY_KEY_GRANT) {
        p = privacy_key_copy(p, organization.data, organization.len);
    }

    return p - buf;
}


/*
 * Tries one form on what follows the prefix.  Neither an id nor what stands
 * before it has a closing brace, so the first one ends the id.
 */

static int
privacy_key_match(const privacy_key_form_t *form, privacy_str_t key,
    int grant, privacy_str_t *id, privacy_str_t *organization)
{
    size_t       rest;
    const char  *brace;

    if (key.len < form->before_len
        || memcmp(key.data, form->before, form->before_len) != 0)
    {
        return 0;
    }

    id->data = key.data + form->before_len;
    id->len = key.len - form->before_len;

    if (form->after_len == 0) {
        return privacy_id_valid(*id);
    }

    brace = (id->len == 0) ? NULL : memchr(id->data, '}', id->len);

    if (brace == NULL) {
        return 0;
    }

    rest = id->data + id->len - brace;
    id->len = brace - id->data;

    if (rest < form->after_len
        || memcmp(brace, form->after, form->after_len) != 0
        || !privacy_id_valid(*id))
    {
        return 0;
    }

    organization->data = brace + form->after_len;
    organization->len = rest - form->after_len;

    return grant ? privacy_id_valid(*organization) : organization->len == 0;
}


privacy_key_e
privacy_key_parse(privacy_str_t key, privacy_str_t prefix, privacy_str_t *id,
    privacy_str_t *organization)
{
    unsigned       kind;
    privacy_str_t  rest, first, second;

    if (!privacy_prefix_valid(prefix)
        || key.len <= prefix.len
        || memcmp(key.data, prefix.data, prefix.len) != 0)
    {
        return PRIVACY_KEY_OTHER;
    }

    rest.data = key.data + prefix.len;
    rest.len = key.len - prefix.len;

    for (kind = PRIVACY_KEY_OTHER + 1; kind < PRIVACY_KEY_FORMS; kind++) {
        second.data = rest.data;
        second.len = 0;

        if (!privacy_key_match(&privacy_key_forms[kind], rest,
                               kind == PRIVACY_KEY_GRANT, &first, &second))
        {
            continue;
        }

        if (id != NULL) {
            *id = first;
        }

        if (organization != NULL) {
            *organization = second;
        }

        return kind;
    }

    return PRIVACY_KEY_OTHER;
}
