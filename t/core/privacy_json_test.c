/*
 * JSON within limits.
 */

#include "privacy_test.h"
#include "privacy_json.h"


static void
test_faults(void **state)
{
    size_t                 i;
    json_t                *root;
    privacy_str_t          s;
    privacy_json_fault_e   fault;

    static const struct {
        const char            *text;
        privacy_json_fault_e   fault;
    } cases[] = {
        { "{}", PRIVACY_JSON_NONE },
        { "1", PRIVACY_JSON_NONE },
        { "[[[[[[[[1]]]]]]]]", PRIVACY_JSON_NONE },
        { "[\"[[[[[[[[[\",[[[[[[[]]]]]]]]", PRIVACY_JSON_NONE },
        { "[\"\\\"[[[[[[[[[\"]", PRIVACY_JSON_NONE },
        { "", PRIVACY_JSON_EMPTY },
        { "[[[[[[[[[1]]]]]]]]]", PRIVACY_JSON_DEEP },
        { "{\"a\":1,\"a\":1}", PRIVACY_JSON_DUPLICATE },
        { "{\"a\":1", PRIVACY_JSON_WRONG },
        { "{} {}", PRIVACY_JSON_WRONG },
        { "\xff", PRIVACY_JSON_WRONG }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s = str_exact(str(cases[i].text));
        root = privacy_json_parse(s, &fault, NULL);

        assert_int_equal(fault, cases[i].fault);
        assert_int_equal(root != NULL, fault == PRIVACY_JSON_NONE);

        json_decref(root);
        str_free(s);
    }

    s = str_of("1\0", 2);
    assert_null(privacy_json_parse(s, &fault, NULL));
    assert_int_equal(fault, PRIVACY_JSON_WRONG);
}


static void
test_length(void **state)
{
    size_t                 i;
    char                  *text = malloc(PRIVACY_JSON_MAX + 1);
    json_t                *root;
    privacy_str_t          s;
    privacy_json_fault_e   fault;

    (void) state;

    memset(text, ' ', PRIVACY_JSON_MAX + 1);
    text[0] = '1';

    for (i = 0; i < 2; i++) {
        s = str_of(text, PRIVACY_JSON_MAX + i);
        root = privacy_json_parse(s, &fault, NULL);

        assert_int_equal(fault, i ? PRIVACY_JSON_LONG : PRIVACY_JSON_NONE);
        json_decref(root);
    }

    free(text);
}


static void
test_duplicate(void **state)
{
    privacy_str_t          s = str_of("{\"ab\":1,\"ab\":2}", 15);
    json_error_t           error;
    privacy_json_fault_e   fault;

    (void) state;

    assert_null(privacy_json_parse(s, &fault, &error));
    assert_int_equal(fault, PRIVACY_JSON_DUPLICATE);
    assert_non_null(strstr(error.text, "\"ab\""));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_duplicate)
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
