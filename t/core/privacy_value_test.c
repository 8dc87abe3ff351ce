/*
 * Values of fields: what is one and what is not.
 */

#include "privacy_test.h"
#include "privacy_value.h"


static void
test_values(void **state)
{
    size_t      i;
    const char  *fault;

    static const struct {
        privacy_value_e  type;
        const char      *text;
        int              valid;
    } values[] = {
        { PRIVACY_VALUE_TEXT, "Acme & S\xc3\xb6hne", 1 },
        { PRIVACY_VALUE_TEXT, "", 0 },
        { PRIVACY_VALUE_TEXT, "a\nb", 0 },
        { PRIVACY_VALUE_TEXT, "a\x7f", 0 },
        { PRIVACY_VALUE_TEXT, "\xc2\x85", 0 },
        { PRIVACY_VALUE_TEXT, "\xc2\xa0", 1 },
        { PRIVACY_VALUE_REASON, "recorder offline", 1 },
        { PRIVACY_VALUE_REASON, "\t", 0 },
        { PRIVACY_VALUE_EMAIL, "ann@example.org", 1 },
        { PRIVACY_VALUE_EMAIL, "@example.org", 0 },
        { PRIVACY_VALUE_EMAIL, "ann@", 0 },
        { PRIVACY_VALUE_EMAIL, "ann", 0 },
        { PRIVACY_VALUE_EMAIL, "ann@a@b", 0 },
        { PRIVACY_VALUE_EMAIL, "an n@a", 0 },
        { PRIVACY_VALUE_USER, "Ann O'Neil", 1 },
        { PRIVACY_VALUE_USER, "a\x01", 0 },
        { PRIVACY_VALUE_ID, "cam-1", 1 },
        { PRIVACY_VALUE_ID, "cam 1", 0 },
        { PRIVACY_VALUE_ID, "a}:grant:x", 0 },
        { PRIVACY_VALUE_ROLE, "user_full", 1 },
        { PRIVACY_VALUE_ROLE, "a_role_whose_name_is_far_too_long", 0 },
        { PRIVACY_VALUE_LEVEL, "integrator", 1 },
        { PRIVACY_VALUE_LEVEL, "vendor", 1 },
        { PRIVACY_VALUE_LEVEL, "operator", 0 },
        { PRIVACY_VALUE_LEVEL, "", 0 },
        { PRIVACY_VALUE_TIME, "2026-11-22T05:00:00Z", 1 },
        { PRIVACY_VALUE_TIME, "2026-02-30T05:00:00Z", 0 },
        { PRIVACY_VALUE_TIME, "tomorrow", 0 }
    };

    (void) state;

    for (i = 0; i < countof(values); i++) {
        fault = privacy_value_fault(values[i].type, str(values[i].text));

        if ((fault == NULL) != values[i].valid) {
            fail_msg("%s: %s", values[i].text, fault ? fault : "taken");
        }
    }
}


static void
test_lengths(void **state)
{
    char           buf[1100];
    size_t         len;
    privacy_str_t  s;

    (void) state;

    memset(buf, 'x', sizeof(buf));

    for (len = 0; len <= sizeof(buf); len++) {
        s = str_exact(str_of(buf, len));

        assert_int_equal(privacy_value_fault(PRIVACY_VALUE_TEXT, s) == NULL,
                         len >= 1 && len <= PRIVACY_TEXT_MAX);
        assert_int_equal(privacy_value_fault(PRIVACY_VALUE_REASON, s) == NULL,
                         len >= 1 && len <= PRIVACY_REASON_MAX);
        assert_int_equal(privacy_value_fault(PRIVACY_VALUE_ROLE, s) == NULL,
                         len >= 1 && len <= 32);
        str_free(s);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_lengths)
    };

    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
