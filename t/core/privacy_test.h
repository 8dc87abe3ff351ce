/*
 * What the unit tests share.  The time is injected: no test looks at a clock.
 */

#ifndef PRIVACY_TEST_H
#define PRIVACY_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "privacy_types.h"
#include "privacy_clock.h"


#define SECOND  INT64_C(1000)
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)

#define countof(array)  (sizeof(array) / sizeof((array)[0]))

/* A string with its terminator left out, also where it holds NUL bytes */

#define lit(literal)  str_of(literal, sizeof(literal) - 1)


static inline privacy_str_t
str_of(const char *data, size_t len)
{
    privacy_str_t  s = { data, len };

    return s;
}


static inline privacy_str_t
str(const char *text)
{
    return str_of(text, text ? strlen(text) : 0);
}


/* A copy of exactly the string's size: a byte beyond it is the sanitizer's */

static inline privacy_str_t
str_exact(privacy_str_t s)
{
    char  *copy = malloc(s.len ? s.len : 1);

    assert_non_null(copy);

    if (s.len != 0) {
        memcpy(copy, s.data, s.len);
    }

    return str_of(copy, s.len);
}


static inline void
str_free(privacy_str_t s)
{
    free((char *) s.data);
}


static inline int64_t
at(const char *text)
{
    int64_t  ms = -1;

    if (privacy_time_parse(str(text), &ms) != 0) {
        fail_msg("not a time: %s", text);
    }

    return ms;
}


#define assert_str(s, text)                                                   \
    do {                                                                      \
        privacy_str_t  s_ = (s);                                              \
        assert_int_equal(s_.len, strlen(text));                               \
        assert_memory_equal(s_.data, text, s_.len);                           \
    } while (0)

#endif /* PRIVACY_TEST_H */
