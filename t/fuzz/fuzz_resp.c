/*
 * The guard before hiredis' reader: it says the same however the stream is
 * cut, the reader takes what it lets pass, reply by reply, and what that makes
 * the reader allocate is bounded.  The first byte of the input says how the
 * stream is cut.
 */

#include <stdlib.h>
#include <string.h>
#include <hiredis/hiredis.h>
#include <sanitizer/allocator_interface.h>

#include "privacy_resp.h"


#define FUZZ_PIECE  64

/* A pointer for each element claimed, some dozen times the bytes received */

#define FUZZ_MEMORY(bytes)                                                   \
    (PRIVACY_RESP_ELEMENTS_MAX * sizeof(void *) + 256 * (bytes) + 65536)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static size_t
fuzz_elements(redisReply *reply, int depth)
{
    size_t  i, n;

    if (reply == NULL) {
        abort();
    }

    if (reply->type != REDIS_REPLY_ARRAY) {

        if (reply->type == REDIS_REPLY_STRING
            && (size_t) reply->len > PRIVACY_RESP_BULK_MAX)
        {
            abort();
        }

        return 0;
    }

    if (depth == PRIVACY_RESP_DEPTH_MAX) {
        abort();
    }

    n = reply->elements;

    for (i = 0; i < reply->elements; i++) {
        n += fuzz_elements(reply->element[i], depth + 1);
    }

    return n;
}


/* What passed one call of the guard; returns the replies that it completed */

static uint64_t
fuzz_read(redisReader *reader, const char *data, size_t len)
{
    void      *reply;
    uint64_t   n;

    if (redisReaderFeed(reader, data, len) != REDIS_OK) {
        abort();
    }

    for (n = 0; /* void */ ; n++) {

        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            abort();
        }

        if (reply == NULL) {
            return n;
        }

        if (fuzz_elements(reply, 0) > PRIVACY_RESP_ELEMENTS_MAX) {
            abort();
        }

        freeReplyObject(reply);
    }
}


/* In pieces; returns what the guard made of it */

static privacy_resp_t
fuzz_pieces(const char *data, size_t size, uint8_t cut, redisReader *reader)
{
    size_t          len, used, before;
    uint64_t        replies;
    privacy_resp_t  resp;

    privacy_resp_init(&resp);

    replies = 0;
    before = __sanitizer_get_current_allocated_bytes();

    for (used = 0; used < size; used += len) {

        /* a simple generator, so that one byte makes many ways of cutting */

        cut = (uint8_t) (cut * 13 + 7);
        len = 1 + cut % FUZZ_PIECE;

        if (len > size - used) {
            len = size - used;
        }

        if (privacy_resp_scan(&resp, data + used, len) != PRIVACY_RESP_OK) {
            return resp;
        }

        if (reader) {
            replies += fuzz_read(reader, data + used, len);

            if (replies != resp.replies
                || __sanitizer_get_current_allocated_bytes()
                   > before + FUZZ_MEMORY(used + len))
            {
                abort();
            }
        }
    }

    return resp;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    redisReader     *reader;
    privacy_resp_t   whole, pieces;

    if (size == 0) {
        return 0;
    }

    reader = redisReaderCreate();

    if (reader == NULL) {
        return 0;
    }

    pieces = fuzz_pieces((const char *) data + 1, size - 1, data[0], reader);

    redisReaderFree(reader);

    privacy_resp_init(&whole);

    if (privacy_resp_scan(&whole, (const char *) data + 1, size - 1)
        != pieces.error
        || whole.replies != pieces.replies
        || privacy_resp_reason(whole.error) == NULL)
    {
        abort();
    }

    /* what was refused once stays refused */

    if (whole.error != PRIVACY_RESP_OK
        && privacy_resp_scan(&whole, "+OK\r\n", 5) != pieces.error)
    {
        abort();
    }

    return 0;
}
