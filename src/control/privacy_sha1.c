/*
 * SHA-1 (FIPS 180-4).
 */

#include <string.h>

#include "privacy_sha1.h"


#define PRIVACY_SHA1_BLOCK  64


static uint32_t
privacy_sha1_rotate(uint32_t word, unsigned bits)
{
    return (word << bits) | (word >> (32 - bits));
}


static void
privacy_sha1_block(uint32_t state[5], const uint8_t *p)
{
    unsigned  i;
    uint32_t  a, b, c, d, e, f, t, w[80];

    for (i = 0; i < 16; i++, p += 4) {
        w[i] = (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
               | (uint32_t) p[2] << 8 | p[3];
    }

    for (i = 16; i < 80; i++) {
        w[i] = privacy_sha1_rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14]
                                   ^ w[i - 16], 1);
    }

    a = state[0];
    b = state[1];
    c = state[2];
    d = state[3];
    e = state[4];

    for (i = 0; i < 80; i++) {

        if (i < 20) {
            f = ((b & c) | (~b & d)) + 0x5a827999;

        } else if (i < 40) {
            f = (b ^ c ^ d) + 0x6ed9eba1;

        } else if (i < 60) {
            f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;

        } else {
            f = (b ^ c ^ d) + 0xca62c1d6;
        }

        t = privacy_sha1_rotate(a, 5) + f + e + w[i];
        e = d;
        d = c;
        c = privacy_sha1_rotate(b, 30);
        b = a;
        a = t;
    }

    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}


void
privacy_sha1(char *hex, privacy_str_t data)
{
    size_t          i, left;
    uint8_t         last[2 * PRIVACY_SHA1_BLOCK];
    uint32_t        state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe,
                                 0x10325476, 0xc3d2e1f0 };
    uint64_t        bits = (uint64_t) data.len * 8;
    const uint8_t  *p = (const uint8_t *) data.data;

    for (left = data.len; left >= PRIVACY_SHA1_BLOCK; left -= 64, p += 64) {
        privacy_sha1_block(state, p);
    }

    memset(last, 0, sizeof(last));

    if (left != 0) {
        memcpy(last, p, left);
    }

    last[left] = 0x80;
    left = (left < 56) ? 64 : 128;

    for (i = 0; i < 8; i++) {
        last[left - 1 - i] = bits >> (8 * i);
    }

    for (i = 0; i < left; i += PRIVACY_SHA1_BLOCK) {
        privacy_sha1_block(state, last + i);
    }

    for (i = 0; i < PRIVACY_SHA1_LEN; i++) {
        hex[i] = "0123456789abcdef"[state[i / 8] >> (28 - i % 8 * 4) & 15];
    }

    hex[PRIVACY_SHA1_LEN] = '\0';
}
