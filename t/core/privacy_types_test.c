/*
 * Words and their values.
 */

#include "privacy_test.h"


static void
test_levels(void **state)
{
    size_t             i;
    privacy_str_t      s;
    static const char *words[] = {
        NULL, "client_admin", "client", "integrator", "vendor", "federated",
        "operator"
    };

    (void) state;

    assert_int_equal(countof(words), PRIVACY_LEVELS);

    for (i = 1; i < PRIVACY_LEVELS; i++) {
        s = str_exact(str(words[i]));
        assert_int_equal(privacy_level_parse(s), i);
        assert_str(privacy_level_name(i), words[i]);

        s.len--;
        assert_int_equal(privacy_level_parse(s), 0);
        s.len++;
        str_free(s);
    }
}


static void
test_resources(void **state)
{
    size_t             i;
    privacy_str_t      s;
    static const char *words[] = {
        NULL, "system", "manage", "live", "archive", "export"
    };

    (void) state;

    assert_int_equal(countof(words), PRIVACY_RESOURCES);

    for (i = 1; i < PRIVACY_RESOURCES; i++) {
        s = str_exact(str(words[i]));
        assert_int_equal(privacy_resource_parse(s), i);
        assert_str(privacy_resource_name(i), words[i]);

        s.len--;
        assert_int_equal(privacy_resource_parse(s), 0);
        s.len++;
        str_free(s);
    }
}


static void
test_words_not_in_the_table(void **state)
{
    size_t                i;
    const privacy_str_t   words[] = {
        lit(""), lit(" "), lit("Vendor"), lit("VENDOR"), lit("vendor "),
        lit(" vendor"), lit("vendors"), lit("vendor\0"), lit("vendo\0"),
        lit("integrat0r"), lit("client-admin"), lit("clienT_admin"),
        lit("operatoR"), lit("federate_"), lit("none"), lit("root"),
        lit("Live"), lit("live\n"), lit("lives"), lit("video"),
        lit("archivE"), lit("exporT"), lit("systeM"), lit("managE"),
        lit("\0\0\0\0"), lit("live,archive")
    };

    (void) state;

    for (i = 0; i < countof(words); i++) {
        assert_int_equal(privacy_level_parse(words[i]), PRIVACY_LEVEL_NONE);
        assert_int_equal(privacy_resource_parse(words[i]),
                         PRIVACY_RESOURCE_NONE);
    }

    assert_int_equal(privacy_level_parse(str_of(NULL, 0)), PRIVACY_LEVEL_NONE);
    assert_int_equal(privacy_resource_parse(str_of(NULL, 0)),
                     PRIVACY_RESOURCE_NONE);
}


static void
test_reasons(void **state)
{
    unsigned           i;
    static const char *words[] = {
        "", "identity", "exempt", "foreign_camera", "owner",
        "foreign_account", "system", "unrestricted", "excluded", "grant",
        "invalid", "not_yet", "expired", "user", "camera", "export", "role",
        "restricted", "stranger", "unavailable"
    };

    (void) state;

    assert_int_equal(countof(words), PRIVACY_REASONS);

    for (i = 0; i < PRIVACY_REASONS; i++) {
        assert_str(privacy_reason_name(i), words[i]);
    }
}


static void
test_names_out_of_range_are_empty(void **state)
{
    (void) state;

    assert_int_equal(privacy_level_name(0).len, 0);
    assert_int_equal(privacy_level_name(PRIVACY_LEVELS).len, 0);
    assert_int_equal(privacy_level_name((privacy_level_e) -1).len, 0);
    assert_int_equal(privacy_resource_name(0).len, 0);
    assert_int_equal(privacy_resource_name(PRIVACY_RESOURCES).len, 0);
    assert_int_equal(privacy_resource_name((privacy_resource_e) -1).len, 0);
    assert_int_equal(privacy_reason_name(PRIVACY_REASONS).len, 0);
    assert_int_equal(privacy_reason_name((privacy_reason_e) -1).len, 0);
}


static void
test_providers_are_integrators_and_vendors(void **state)
{
    (void) state;

    assert_false(privacy_is_provider(PRIVACY_LEVEL_NONE));
    assert_false(privacy_is_provider(PRIVACY_LEVEL_CLIENT_ADMIN));
    assert_false(privacy_is_provider(PRIVACY_LEVEL_CLIENT));
    assert_true(privacy_is_provider(PRIVACY_LEVEL_INTEGRATOR));
    assert_true(privacy_is_provider(PRIVACY_LEVEL_VENDOR));
    assert_false(privacy_is_provider(PRIVACY_LEVEL_FEDERATED));
    assert_false(privacy_is_provider(PRIVACY_LEVEL_OPERATOR));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_resources),
        cmocka_unit_test(test_words_not_in_the_table),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_names_out_of_range_are_empty),
        cmocka_unit_test(test_providers_are_integrators_and_vendors)
    };

    return cmocka_run_group_tests_name("types", tests, NULL, NULL);
}
