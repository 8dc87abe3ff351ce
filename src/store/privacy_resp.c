
#include "privacy_resp.h"

#include <string.h>


/* 20 digits would overflow; no number of the protocol needs them */

#define PRIVACY_RESP_DIGITS_MAX  19


static void privacy_resp_type(privacy_resp_t *resp, char type);
static const char *privacy_resp_text(privacy_resp_t *resp, const char *p,
    const char *last);
static const char *privacy_resp_digits(privacy_resp_t *resp, const char *p,
    const char *last);
static const char *privacy_resp_skip(privacy_resp_t *resp, const char *p,
    const char *last);
static void privacy_resp_lf(privacy_resp_t *resp, char ch);
static void privacy_resp_number(privacy_resp_t *resp);
static void privacy_resp_integer(privacy_resp_t *resp);
static void privacy_resp_bulk(privacy_resp_t *resp);
static void privacy_resp_array(privacy_resp_t *resp);
static void privacy_resp_end(privacy_resp_t *resp);


void
privacy_resp_init(privacy_resp_t *resp)
{
    memset(resp, 0, sizeof(privacy_resp_t));
}


privacy_resp_e
privacy_resp_scan(privacy_resp_t *resp, const char *data, size_t len)
{
    const char  *p, *last;

    p = data;
    last = data + len;

    while (p < last && resp->error == PRIVACY_RESP_OK) {

        switch (resp->state) {

        case PRIVACY_RESP_AT_TYPE:

            if (resp->depth == 0) {
                resp->elements = 0;
                resp->bytes = 0;
                data = p;
            }

            privacy_resp_type(resp, *p++);
            break;

        case PRIVACY_RESP_AT_TEXT:
            p = privacy_resp_text(resp, p, last);
            break;

        case PRIVACY_RESP_AT_NUMBER:
            p = privacy_resp_digits(resp, p, last);
            break;

        case PRIVACY_RESP_AT_BULK:
            p = privacy_resp_skip(resp, p, last);
            break;

        case PRIVACY_RESP_AT_CR:

            if (*p++ != '\r') {
                resp->error = PRIVACY_RESP_BAD_END;
            }

            resp->state = PRIVACY_RESP_AT_LF;
            break;

        default: /* PRIVACY_RESP_AT_LF, PRIVACY_RESP_AT_NUMBER_LF */
            privacy_resp_lf(resp, *p++);
        }
    }

    /* what belongs to the reply that this piece ends in */

    resp->bytes += (size_t) (p - data);

    if (resp->bytes > PRIVACY_RESP_BYTES_MAX
        && resp->error == PRIVACY_RESP_OK)
    {
        resp->error = PRIVACY_RESP_LONG_REPLY;
    }

    return resp->error;
}


static void
privacy_resp_type(privacy_resp_t *resp, char type)
{
    resp->type = type;

    switch (type) {

    case '+':
    case '-':
        resp->state = PRIVACY_RESP_AT_TEXT;
        resp->line = 0;
        return;

    case '*':
        if (resp->depth == PRIVACY_RESP_DEPTH_MAX) {
            resp->error = PRIVACY_RESP_DEEP;
            return;
        }

        /* fall through */

    case ':':
    case '$':
        resp->state = PRIVACY_RESP_AT_NUMBER;
        resp->number = 0;
        resp->digits = 0;
        resp->negative = 0;
        return;

    case '_':
    case '#':
    case ',':
    case '(':
    case '!':
    case '=':
    case '%':
    case '~':
    case '|':
    case '>':
        resp->error = PRIVACY_RESP_RESP3;
        return;

    default:
        resp->error = PRIVACY_RESP_BAD_TYPE;
    }
}


/*
 * A CR or an LF alone ends no line: to hiredis such a line would go on, to
 * others it would not, so it is refused.
 */

static const char *
privacy_resp_text(privacy_resp_t *resp, const char *p, const char *last)
{
    const char  *start;

    start = p;

    while (p < last && *p != '\r' && *p != '\n') {
        p++;
    }

    resp->line += (size_t) (p - start);

    if (resp->line > PRIVACY_RESP_LINE_MAX) {
        resp->error = PRIVACY_RESP_LONG_LINE;
        return p;
    }

    if (p == last) {
        return p;
    }

    if (*p == '\n') {
        resp->error = PRIVACY_RESP_BAD_END;
        return p;
    }

    resp->state = PRIVACY_RESP_AT_LF;

    return p + 1;
}


/* Decimal without leading zeros and plus sign, as Redis writes it */

static const char *
privacy_resp_digits(privacy_resp_t *resp, const char *p, const char *last)
{
    char  ch;

    while (p < last) {

        ch = *p++;

        if (ch >= '0' && ch <= '9') {

            if (resp->digits == PRIVACY_RESP_DIGITS_MAX
                || (resp->digits == 1 && resp->number == 0)
                || (resp->digits == 0 && ch == '0' && resp->negative))
            {
                resp->error = PRIVACY_RESP_BAD_NUMBER;
                return p;
            }

            resp->number = resp->number * 10 + (uint64_t) (ch - '0');
            resp->digits++;
            continue;
        }

        if (ch == '\r' && resp->digits != 0) {
            resp->state = PRIVACY_RESP_AT_NUMBER_LF;
            return p;
        }

        if (ch != '-' || resp->digits != 0 || resp->negative) {
            resp->error = PRIVACY_RESP_BAD_NUMBER;
            return p;
        }

        resp->negative = 1;
    }

    return p;
}


static const char *
privacy_resp_skip(privacy_resp_t *resp, const char *p, const char *last)
{
    size_t  n;

    n = (size_t) (last - p);

    if (n >= resp->left) {
        n = resp->left;
        resp->state = PRIVACY_RESP_AT_CR;
    }

    resp->left -= n;

    return p + n;
}


static void
privacy_resp_lf(privacy_resp_t *resp, char ch)
{
    if (ch != '\n') {
        resp->error = PRIVACY_RESP_BAD_END;

    } else if (resp->state == PRIVACY_RESP_AT_LF) {
        privacy_resp_end(resp);

    } else {
        privacy_resp_number(resp);
    }
}


static void
privacy_resp_number(privacy_resp_t *resp)
{
    switch (resp->type) {

    case ':':
        privacy_resp_integer(resp);
        return;

    case '$':
        privacy_resp_bulk(resp);
        return;

    default: /* an array */
        privacy_resp_array(resp);
    }
}


static void
privacy_resp_integer(privacy_resp_t *resp)
{
    if (resp->number > (uint64_t) INT64_MAX + resp->negative) {
        resp->error = PRIVACY_RESP_BAD_NUMBER;
        return;
    }

    privacy_resp_end(resp);
}


static void
privacy_resp_bulk(privacy_resp_t *resp)
{
    if (resp->negative) {

        if (resp->number != 1) {
            resp->error = PRIVACY_RESP_BAD_NUMBER;
            return;
        }

        privacy_resp_end(resp);
        return;
    }

    if (resp->number > PRIVACY_RESP_BULK_MAX) {
        resp->error = PRIVACY_RESP_LONG_BULK;
        return;
    }

    resp->left = (size_t) resp->number;
    resp->state = resp->left ? PRIVACY_RESP_AT_BULK : PRIVACY_RESP_AT_CR;
}


static void
privacy_resp_array(privacy_resp_t *resp)
{
    if (resp->negative && resp->number != 1) {
        resp->error = PRIVACY_RESP_BAD_NUMBER;
        return;
    }

    if (resp->negative || resp->number == 0) {
        privacy_resp_end(resp);
        return;
    }

    if (resp->number > PRIVACY_RESP_ARRAY_MAX) {
        resp->error = PRIVACY_RESP_LONG_ARRAY;
        return;
    }

    resp->elements += (size_t) resp->number;

    if (resp->elements > PRIVACY_RESP_ELEMENTS_MAX) {
        resp->error = PRIVACY_RESP_LONG_REPLY;
        return;
    }

    resp->level[resp->depth++] = (size_t) resp->number;
    resp->state = PRIVACY_RESP_AT_TYPE;
}


/* An item is complete, and with it perhaps the arrays that it is the last of */

static void
privacy_resp_end(privacy_resp_t *resp)
{
    resp->state = PRIVACY_RESP_AT_TYPE;

    while (resp->depth > 0) {

        if (--resp->level[resp->depth - 1] > 0) {
            return;
        }

        resp->depth--;
    }

    resp->replies++;
}


const char *
privacy_resp_reason(privacy_resp_e error)
{
    switch (error) {

    case PRIVACY_RESP_OK:
        return "no error";

    case PRIVACY_RESP_BAD_TYPE:
        return "what it sends is not the protocol of redis";

    case PRIVACY_RESP_RESP3:
        return "it sends RESP3, which nobody asked for";

    case PRIVACY_RESP_BAD_NUMBER:
        return "malformed number in a reply";

    case PRIVACY_RESP_BAD_END:
        return "malformed end of line in a reply";

    case PRIVACY_RESP_LONG_LINE:
        return "too long line in a reply";

    case PRIVACY_RESP_LONG_BULK:
        return "too long string in a reply";

    case PRIVACY_RESP_LONG_ARRAY:
        return "too long array in a reply";

    case PRIVACY_RESP_LONG_REPLY:
        return "too large reply";

    case PRIVACY_RESP_DEEP:
        return "too deeply nested reply";
    }

    return "unknown error";
}
