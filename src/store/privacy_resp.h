/*
 * The guard before hiredis' reader: a scanner of RESP2 framing that bounds
 * what a peer can make the reader allocate.  hiredis 0.14 allocates the
 * elements of an array as soon as it has seen the header, and takes lengths
 * and lines of any size.  libc only, no allocation.
 */

#ifndef PRIVACY_RESP_H
#define PRIVACY_RESP_H

#include <stddef.h>
#include <stdint.h>


/* Records are 1 MiB at most; the rest is room for what surrounds one */

#define PRIVACY_RESP_BULK_MAX      (1024 * 1024 + 4096)

/* An invalidation names all keys that one transaction or script changed */

#define PRIVACY_RESP_ARRAY_MAX     (1024 * 1024)

/* Of one reply: elements at all levels, levels of arrays, bytes received */

#define PRIVACY_RESP_ELEMENTS_MAX  (PRIVACY_RESP_ARRAY_MAX + 1024)
#define PRIVACY_RESP_DEPTH_MAX     7
#define PRIVACY_RESP_BYTES_MAX     (128 * 1024 * 1024)

/* Of a status or an error, without its type and CRLF */

#define PRIVACY_RESP_LINE_MAX      (64 * 1024)


typedef enum {
    PRIVACY_RESP_OK = 0,
    PRIVACY_RESP_BAD_TYPE,
    PRIVACY_RESP_RESP3,
    PRIVACY_RESP_BAD_NUMBER,
    PRIVACY_RESP_BAD_END,
    PRIVACY_RESP_LONG_LINE,
    PRIVACY_RESP_LONG_BULK,
    PRIVACY_RESP_LONG_ARRAY,
    PRIVACY_RESP_LONG_REPLY,
    PRIVACY_RESP_DEEP
} privacy_resp_e;


typedef enum {
    PRIVACY_RESP_AT_TYPE = 0,
    PRIVACY_RESP_AT_TEXT,
    PRIVACY_RESP_AT_NUMBER,
    PRIVACY_RESP_AT_NUMBER_LF,
    PRIVACY_RESP_AT_BULK,
    PRIVACY_RESP_AT_CR,                /* after a bulk string */
    PRIVACY_RESP_AT_LF                 /* of an item that it completes */
} privacy_resp_state_e;


/* The state between two pieces of a stream; its user's memory */

typedef struct {
    privacy_resp_e        error;       /* stays once set */
    privacy_resp_state_e  state;
    uint64_t              replies;     /* complete ones so far */

    char                  type;        /* of the item under way */
    unsigned              negative;
    unsigned              digits;
    uint64_t              number;
    size_t                left;        /* bytes of a bulk string to come */
    size_t                line;        /* bytes of a line so far */

    /* of the reply under way */

    size_t                bytes;
    size_t                elements;
    unsigned              depth;
    size_t                level[PRIVACY_RESP_DEPTH_MAX];   /* items to come */
} privacy_resp_t;


void privacy_resp_init(privacy_resp_t *resp);

/*
 * Scans the next piece of the stream, cut anywhere.  PRIVACY_RESP_OK: the
 * piece may be fed to the reader.  Anything else: it must not be, and neither
 * may what follows.
 */

privacy_resp_e privacy_resp_scan(privacy_resp_t *resp, const char *data,
    size_t len);

/* What is wrong, in words for a log */

const char *privacy_resp_reason(privacy_resp_e error);

#endif /* PRIVACY_RESP_H */
