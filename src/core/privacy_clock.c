/*
 * Times: RFC 3339 in UTC and the daily reset.
 */

#include "privacy_clock.h"


#define PRIVACY_MINUTE    INT64_C(60000)
#define PRIVACY_DAY       INT64_C(86400000)
#define PRIVACY_TIME_MAX  INT64_C(253402300799999)  /* the end of year 9999 */
#define PRIVACY_OFFSET    (14 * 60)                 /* minutes, the most */


/* The value of n digits, -1 if there are others */

static int
privacy_digits(const char *p, size_t n)
{
    int  value = 0;

    for (; n != 0; n--, p++) {
        if (*p < '0' || *p > '9') {
            return -1;
        }

        value = value * 10 + (*p - '0');
    }

    return value;
}


static int
privacy_month_days(int year, int month)
{
    static const uint8_t  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (month == 2
        && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
    {
        return 29;
    }

    return days[month - 1];
}


/*
 * Days since the epoch.  The year is taken to begin in March, so that the
 * leap day is its last; 719468 are the days from 0000-03-01 to the epoch.
 */

static int64_t
privacy_days(int year, int month, int day)
{
    int64_t  y = (month <= 2) ? year - 1 : year;
    int64_t  m = (month <= 2) ? month + 9 : month - 3;

    return y * 365 + y / 4 - y / 100 + y / 400
           + (153 * m + 2) / 5 + day - 1 - 719468;
}


/* A fraction of a second and the "Z" that ends it: milliseconds, or -1 */

static int
privacy_fraction_parse(const char *p, const char *end)
{
    int  ms = 0, unit = 100;

    if (*p == 'Z') {
        return (end - p == 1) ? 0 : -1;
    }

    if (*p++ != '.' || end - p < 2) {
        return -1;
    }

    for (; p < end - 1; p++) {
        if (*p < '0' || *p > '9') {
            return -1;
        }

        ms += (*p - '0') * unit;
        unit /= 10;
    }

    return (*p == 'Z') ? ms : -1;
}


int
privacy_time_parse(privacy_str_t text, int64_t *ms)
{
    int          year, month, day, hour, minute, second, fraction;
    const char  *p = text.data;

    if (text.len < PRIVACY_TIME_LEN
        || p[4] != '-' || p[7] != '-' || p[10] != 'T'
        || p[13] != ':' || p[16] != ':')
    {
        return -1;
    }

    year = privacy_digits(p, 4);
    month = privacy_digits(p + 5, 2);
    day = privacy_digits(p + 8, 2);
    hour = privacy_digits(p + 11, 2);
    minute = privacy_digits(p + 14, 2);
    second = privacy_digits(p + 17, 2);
    fraction = privacy_fraction_parse(p + 19, p + text.len);

    if (year < 1970 || month < 1 || month > 12
        || day < 1 || day > privacy_month_days(year, month)
        || hour < 0 || hour > 23 || minute < 0 || minute > 59
        || second < 0 || second > 59 || fraction < 0)
    {
        return -1;
    }

    *ms = privacy_days(year, month, day) * PRIVACY_DAY
          + ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + fraction;

    return 0;
}


static void
privacy_digits_write(char *p, size_t n, int value)
{
    while (n != 0) {
        p[--n] = '0' + value % 10;
        value /= 10;
    }
}


void
privacy_time_write(char *buf, int64_t ms)
{
    int  days, seconds, year, month;

    if (ms < 0) {
        ms = 0;

    } else if (ms > PRIVACY_TIME_MAX) {
        ms = PRIVACY_TIME_MAX;
    }

    days = ms / PRIVACY_DAY;
    seconds = ms % PRIVACY_DAY / 1000;

    /* 365.2425 days a year: the guess is right or one too early */

    year = 1970 + (int64_t) days * 400 / 146097;

    if (privacy_days(year + 1, 1, 1) <= days) {
        year++;

    } else if (privacy_days(year, 1, 1) > days) {
        year--;
    }

    days -= privacy_days(year, 1, 1);

    for (month = 1; days >= privacy_month_days(year, month); month++) {
        days -= privacy_month_days(year, month);
    }

    privacy_digits_write(buf, 4, year);
    buf[4] = '-';
    privacy_digits_write(buf + 5, 2, month);
    buf[7] = '-';
    privacy_digits_write(buf + 8, 2, days + 1);
    buf[10] = 'T';
    privacy_digits_write(buf + 11, 2, seconds / 3600);
    buf[13] = ':';
    privacy_digits_write(buf + 14, 2, seconds / 60 % 60);
    buf[16] = ':';
    privacy_digits_write(buf + 17, 2, seconds % 60);
    buf[19] = 'Z';
}


/* "HH:MM" in minutes, -1 if malformed */

static int
privacy_hhmm_parse(const char *p)
{
    int  hour = privacy_digits(p, 2);
    int  minute = privacy_digits(p + 3, 2);

    if (p[2] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return -1;
    }

    return hour * 60 + minute;
}


int
privacy_reset_parse(privacy_str_t time, privacy_str_t offset,
    privacy_reset_t *reset)
{
    int  minute, shift;

    if (time.len != 5 || offset.len != 6
        || (offset.data[0] != '+' && offset.data[0] != '-'))
    {
        return -1;
    }

    minute = privacy_hhmm_parse(time.data);
    shift = privacy_hhmm_parse(offset.data + 1);

    if (minute < 0 || shift < 0 || shift > PRIVACY_OFFSET) {
        return -1;
    }

    reset->minute = minute;
    reset->offset = (offset.data[0] == '-') ? -shift : shift;

    return 0;
}


int64_t
privacy_reset_before(const privacy_reset_t *reset, int64_t ms)
{
    int64_t  past;

    /* how long ago the last reset was */

    past = (ms - (reset->minute - reset->offset) * PRIVACY_MINUTE)
           % PRIVACY_DAY;

    if (past < 0) {
        past += PRIVACY_DAY;
    }

    return ms - past;
}


int64_t
privacy_reset_after(const privacy_reset_t *reset, int64_t ms)
{
    return privacy_reset_before(reset, ms) + PRIVACY_DAY;
}
