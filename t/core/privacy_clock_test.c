/*
 * RFC 3339 times and the daily reset.
 */

#include "privacy_test.h"


static void
test_known_times(void **state)
{
    size_t  i;
    char    buf[PRIVACY_TIME_LEN + 1];
    static const struct {
        const char  *text;
        int64_t      ms;
    } times[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T00:00:01Z", 1000 },
        { "1970-12-31T23:59:59Z", INT64_C(31535999000) },
        { "1972-02-29T00:00:00Z", INT64_C(68169600000) },
        { "2000-02-29T12:00:00Z", INT64_C(951825600000) },
        { "2000-03-01T00:00:00Z", INT64_C(951868800000) },
        { "2004-02-29T23:59:59Z", INT64_C(1078099199000) },
        { "2026-11-22T05:00:00Z", INT64_C(1795323600000) },
        { "2038-01-19T03:14:08Z", INT64_C(2147483648000) },
        { "2100-03-01T00:00:00Z", INT64_C(4107542400000) },
        { "9999-12-31T23:59:59Z", INT64_C(253402300799000) }
    };

    (void) state;

    for (i = 0; i < countof(times); i++) {
        assert_true(at(times[i].text) == times[i].ms);

        buf[PRIVACY_TIME_LEN] = '!';
        privacy_time_write(buf, times[i].ms);
        assert_memory_equal(buf, times[i].text, PRIVACY_TIME_LEN);
        assert_int_equal(buf[PRIVACY_TIME_LEN], '!');
    }
}


static void
test_every_day_round_trips(void **state)
{
    int64_t  day, ms;
    char     buf[PRIVACY_TIME_LEN];

    (void) state;

    /* 8030 years have 2932897 days; every day to 2200, then every 97th */

    for (day = 0; day < 2932897; day += (day < 84000) ? 1 : 97) {
        privacy_time_write(buf, day * DAY + DAY - 1);

        assert_int_equal(privacy_time_parse(str_of(buf, sizeof(buf)), &ms), 0);
        assert_true(ms == day * DAY + DAY - 1000);
    }
}


static void
test_fractions_are_cut_to_milliseconds(void **state)
{
    char  buf[PRIVACY_TIME_LEN];

    (void) state;

    assert_int_equal(at("1970-01-01T00:00:00.1Z"), 100);
    assert_int_equal(at("1970-01-01T00:00:00.12Z"), 120);
    assert_int_equal(at("1970-01-01T00:00:00.123Z"), 123);
    assert_int_equal(at("1970-01-01T00:00:00.1239999999999999Z"), 123);
    assert_int_equal(at("1970-01-01T00:00:01.000999Z"), 1000);

    privacy_time_write(buf, 1999);
    assert_memory_equal(buf, "1970-01-01T00:00:01Z", PRIVACY_TIME_LEN);
}


static void
test_malformed_times(void **state)
{
    size_t               i;
    int64_t              ms;
    privacy_str_t        s;
    const privacy_str_t  bad[] = {
        lit(""), lit("Z"), lit("0"), lit("2026-11-22"),
        lit("2026-11-22T05:00:00"), lit("2026-11-22T05:00Z"),
        lit("2026-11-22 05:00:00Z"), lit("2026-11-22t05:00:00Z"),
        lit("2026-11-22T05:00:00z"), lit("2026-11-22T05:00:00+00:00"),
        lit("2026-11-22T05:00:00-05:00"), lit("2026-11-22T05:00:00Z "),
        lit(" 2026-11-22T05:00:00Z"), lit("2026-11-22T05:00:00Z\n"),
        lit("2026-11-22T05:00:00Z\0"), lit("2026-11-22T05:00:00ZZ"),
        lit("2026-11-22T05:00:00.Z"), lit("2026-11-22T05:00:00.5"),
        lit("2026-11-22T05:00:00.5z"), lit("2026-11-22T05:00:00.-5Z"),
        lit("2026-11-22T05:00:00.5.5Z"), lit("2026-11-22T05:00:00,5Z"),
        lit("2026-00-22T05:00:00Z"), lit("2026-13-22T05:00:00Z"),
        lit("2026-11-00T05:00:00Z"), lit("2026-11-31T05:00:00Z"),
        lit("2026-02-29T05:00:00Z"), lit("2024-02-30T05:00:00Z"),
        lit("2100-02-29T05:00:00Z"), lit("2026-01-32T05:00:00Z"),
        lit("2026-04-31T05:00:00Z"), lit("2026-11-22T24:00:00Z"),
        lit("2026-11-22T05:60:00Z"), lit("2026-11-22T05:00:60Z"),
        lit("2016-12-31T23:59:60Z"), lit("1969-12-31T23:59:59Z"),
        lit("0000-01-01T00:00:00Z"), lit("-026-11-22T05:00:00Z"),
        lit("+026-11-22T05:00:00Z"), lit("2026-1 -22T05:00:00Z"),
        lit("2026-11-22T 5:00:00Z"), lit("20261122T050000Z0000"),
        lit("2026/11/22T05:00:00Z"), lit("2026-11-22T05-00-00Z"),
        lit("202\xb2-11-22T05:00:00Z"), lit("12026-11-22T05:00:00Z"),
        lit("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
    };

    (void) state;

    for (i = 0; i < countof(bad); i++) {
        s = str_exact(bad[i]);
        ms = 42;

        if (privacy_time_parse(s, &ms) != -1) {
            fail_msg("accepted: %.*s", (int) s.len, s.data);
        }

        assert_int_equal(ms, 42);
        str_free(s);
    }

    assert_int_equal(privacy_time_parse(str_of(NULL, 0), &ms), -1);
}


static void
test_leap_years(void **state)
{
    (void) state;

    assert_true(at("2024-03-01T00:00:00Z") - at("2024-02-28T00:00:00Z")
                == 2 * DAY);
    assert_true(at("2026-03-01T00:00:00Z") - at("2026-02-28T00:00:00Z")
                == DAY);
    assert_true(at("2000-03-01T00:00:00Z") - at("2000-02-28T00:00:00Z")
                == 2 * DAY);
    assert_true(at("2100-03-01T00:00:00Z") - at("2100-02-28T00:00:00Z")
                == DAY);
}


static void
test_times_out_of_range_are_clamped(void **state)
{
    char  buf[PRIVACY_TIME_LEN];

    (void) state;

    privacy_time_write(buf, -1);
    assert_memory_equal(buf, "1970-01-01T00:00:00Z", PRIVACY_TIME_LEN);
    privacy_time_write(buf, INT64_MIN);
    assert_memory_equal(buf, "1970-01-01T00:00:00Z", PRIVACY_TIME_LEN);
    privacy_time_write(buf, INT64_C(253402300800000));
    assert_memory_equal(buf, "9999-12-31T23:59:59Z", PRIVACY_TIME_LEN);
    privacy_time_write(buf, INT64_MAX);
    assert_memory_equal(buf, "9999-12-31T23:59:59Z", PRIVACY_TIME_LEN);
}


static privacy_reset_t
reset_at(const char *time, const char *offset)
{
    privacy_reset_t  reset = { -1, -1 };

    if (privacy_reset_parse(str(time), str(offset), &reset) != 0) {
        fail_msg("not a reset: %s %s", time, offset);
    }

    return reset;
}


static void
test_reset_words(void **state)
{
    size_t           i;
    privacy_reset_t  reset;
    static const char *bad[][2] = {
        { "", "-05:00" }, { "0:00", "-05:00" }, { "00:0", "-05:00" },
        { "24:00", "-05:00" }, { "00:60", "-05:00" }, { "00-00", "-05:00" },
        { "00:00:00", "-05:00" }, { " 0:00", "-05:00" },
        { "-1:00", "-05:00" }, { "aa:bb", "-05:00" }, { "00:00", "" },
        { "00:00", "05:00" }, { "00:00", "Z" }, { "00:00", "-5:00" },
        { "00:00", "-0500" }, { "00:00", " 05:00" }, { "00:00", "-05:60" },
        { "00:00", "+14:01" }, { "00:00", "-15:00" }, { "00:00", "+24:00" },
        { "00:00", "-05:00 " }, { "00:00", "EST" }, { "00:00", "--5:00" }
    };

    (void) state;

    reset = reset_at("00:00", "-05:00");
    assert_int_equal(reset.minute, 0);
    assert_int_equal(reset.offset, -300);

    reset = reset_at("23:59", "+14:00");
    assert_int_equal(reset.minute, 1439);
    assert_int_equal(reset.offset, 840);

    reset = reset_at("03:30", "-00:30");
    assert_int_equal(reset.minute, 210);
    assert_int_equal(reset.offset, -30);

    reset = reset_at("12:00", "+00:00");
    assert_int_equal(reset.offset, 0);

    for (i = 0; i < countof(bad); i++) {
        reset.minute = 7;
        reset.offset = 9;
        assert_int_equal(privacy_reset_parse(str(bad[i][0]), str(bad[i][1]),
                                             &reset), -1);
        assert_int_equal(reset.minute, 7);
        assert_int_equal(reset.offset, 9);
    }
}


static void
assert_resets(privacy_reset_t *reset, const char *now, const char *before,
    const char *after)
{
    char  buf[2][PRIVACY_TIME_LEN + 1];

    memset(buf, 0, sizeof(buf));
    privacy_time_write(buf[0], privacy_reset_before(reset, at(now)));
    privacy_time_write(buf[1], privacy_reset_after(reset, at(now)));

    assert_string_equal(buf[0], before);
    assert_string_equal(buf[1], after);
}


static void
test_midnight_eastern_standard_time(void **state)
{
    privacy_reset_t  reset = reset_at("00:00", "-05:00");

    (void) state;

    assert_resets(&reset, "2026-11-22T04:59:59Z",
                  "2026-11-21T05:00:00Z", "2026-11-22T05:00:00Z");
    assert_resets(&reset, "2026-11-22T05:00:00Z",
                  "2026-11-22T05:00:00Z", "2026-11-23T05:00:00Z");
    assert_resets(&reset, "2026-11-22T05:00:01Z",
                  "2026-11-22T05:00:00Z", "2026-11-23T05:00:00Z");
    assert_resets(&reset, "2026-12-31T23:00:00Z",
                  "2026-12-31T05:00:00Z", "2027-01-01T05:00:00Z");
    assert_resets(&reset, "2024-02-28T12:00:00Z",
                  "2024-02-28T05:00:00Z", "2024-02-29T05:00:00Z");
    assert_resets(&reset, "2024-02-29T12:00:00Z",
                  "2024-02-29T05:00:00Z", "2024-03-01T05:00:00Z");
    assert_resets(&reset, "2026-02-28T12:00:00Z",
                  "2026-02-28T05:00:00Z", "2026-03-01T05:00:00Z");
}


static void
test_no_daylight_saving(void **state)
{
    int64_t          ms;
    privacy_reset_t  reset = reset_at("00:00", "-05:00");

    (void) state;

    /* New York: 8 March and 1 November 2026; Europe: 29 March, 25 October */

    assert_resets(&reset, "2026-03-08T12:00:00Z",
                  "2026-03-08T05:00:00Z", "2026-03-09T05:00:00Z");
    assert_resets(&reset, "2026-07-01T04:30:00Z",
                  "2026-06-30T05:00:00Z", "2026-07-01T05:00:00Z");
    assert_resets(&reset, "2026-11-01T12:00:00Z",
                  "2026-11-01T05:00:00Z", "2026-11-02T05:00:00Z");

    for (ms = at("2026-01-01T05:00:00Z"); ms < at("2029-01-01T05:00:00Z");
         ms += DAY)
    {
        assert_true(privacy_reset_before(&reset, ms) == ms);
        assert_true(privacy_reset_after(&reset, ms) == ms + DAY);
        assert_true(privacy_reset_after(&reset, ms - 1) == ms);
        assert_true(privacy_reset_before(&reset, ms - 1) == ms - DAY);
    }
}


static void
test_resets_east_and_west(void **state)
{
    int              minute, offset;
    int64_t          now, before, after;
    privacy_reset_t  reset;

    (void) state;

    reset = reset_at("03:30", "+05:45");
    assert_resets(&reset, "2026-06-01T00:00:00Z",
                  "2026-05-31T21:45:00Z", "2026-06-01T21:45:00Z");

    reset = reset_at("23:30", "-05:00");
    assert_resets(&reset, "2026-06-01T12:00:00Z",
                  "2026-06-01T04:30:00Z", "2026-06-02T04:30:00Z");

    now = at("2026-06-01T12:34:56Z");

    for (minute = 0; minute < 1440; minute += 7) {
        for (offset = -840; offset <= 840; offset += 15) {
            reset.minute = minute;
            reset.offset = offset;

            before = privacy_reset_before(&reset, now);
            after = privacy_reset_after(&reset, now);

            assert_true(before <= now && now < after);
            assert_true(after - before == DAY);
            assert_int_equal((before + offset * MINUTE) % DAY,
                             minute * MINUTE);
        }
    }
}


static void
test_resets_around_the_epoch(void **state)
{
    privacy_reset_t  reset = reset_at("00:00", "-05:00");

    (void) state;

    assert_true(privacy_reset_before(&reset, 0) == 5 * HOUR - DAY);
    assert_true(privacy_reset_after(&reset, 0) == 5 * HOUR);
    assert_true(privacy_reset_after(&reset, -10 * DAY) == -10 * DAY
                                                          + 5 * HOUR);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_known_times),
        cmocka_unit_test(test_every_day_round_trips),
        cmocka_unit_test(test_fractions_are_cut_to_milliseconds),
        cmocka_unit_test(test_malformed_times),
        cmocka_unit_test(test_leap_years),
        cmocka_unit_test(test_times_out_of_range_are_clamped),
        cmocka_unit_test(test_reset_words),
        cmocka_unit_test(test_midnight_eastern_standard_time),
        cmocka_unit_test(test_no_daylight_saving),
        cmocka_unit_test(test_resets_east_and_west),
        cmocka_unit_test(test_resets_around_the_epoch)
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
