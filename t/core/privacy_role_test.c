/*
 * The table of roles and its redefinition.
 */

#include "privacy_test.h"
#include "privacy_role.h"


#define WORDS_MAX  8


static privacy_role_error_e
define(privacy_roles_t *roles, privacy_str_t name, const char *line,
    privacy_str_t *bad)
{
    size_t         n = 0, len;
    privacy_str_t  words[WORDS_MAX];

    while (*line != '\0') {
        len = strcspn(line, " ");
        words[n++] = str_of(line, len);
        line += len + (line[len] == ' ');
    }

    return privacy_roles_define(roles, name, words, n, bad);
}


static unsigned
resources(const char *letters)
{
    unsigned           i, bits = 0;
    static const char  all[] = " smlae";

    for (i = 1; i < PRIVACY_RESOURCES; i++) {
        if (strchr(letters, all[i]) != NULL) {
            bits |= privacy_resource_bit(i);
        }
    }

    return bits;
}


static void
test_published_roles(void **state)
{
    size_t                 i;
    privacy_roles_t        roles;
    const privacy_role_t  *role;
    static const struct {
        const char  *name;
        const char  *resources;        /* system manage live archive export */
        int          assigned;
    } rows[] = {
        { "none", "s", 0 },
        { "unrestricted", "smlae", 0 },
        { "administrator_full", "smlae", 0 },
        { "administrator_restricted", "sm", 0 },
        { "user_full", "slae", 1 },
        { "user_restricted", "sla", 1 }
    };

    (void) state;

    memset(&roles, 0xff, sizeof(roles));
    privacy_roles_init(&roles);
    assert_int_equal(roles.count, countof(rows));

    for (i = 0; i < countof(rows); i++) {
        role = privacy_roles_lookup(&roles, str(rows[i].name));
        assert_ptr_equal(role, &roles.roles[i]);
        assert_str(privacy_role_name(role), rows[i].name);
        assert_int_equal(role->resources, resources(rows[i].resources));
        assert_int_equal(role->assigned, rows[i].assigned);
    }

    assert_str(privacy_role_name(&roles.roles[PRIVACY_ROLE_NONE]), "none");
    assert_str(privacy_role_name(&roles.roles[PRIVACY_ROLE_UNRESTRICTED]),
               "unrestricted");
}


static void
test_lookup_of_strangers(void **state)
{
    privacy_roles_t  roles;

    (void) state;

    privacy_roles_init(&roles);

    assert_null(privacy_roles_lookup(&roles, str("")));
    assert_null(privacy_roles_lookup(&roles, str_of(NULL, 0)));
    assert_null(privacy_roles_lookup(&roles, str("None")));
    assert_null(privacy_roles_lookup(&roles, str("non")));
    assert_null(privacy_roles_lookup(&roles, str("none ")));
    assert_null(privacy_roles_lookup(&roles, lit("none\0")));
    assert_null(privacy_roles_lookup(&roles, str("user_ful1")));
}


static void
test_redefine(void **state)
{
    privacy_roles_t        roles;
    const privacy_role_t  *role;

    (void) state;

    privacy_roles_init(&roles);

    assert_int_equal(define(&roles, str("none"), "", NULL), PRIVACY_ROLE_OK);
    role = privacy_roles_lookup(&roles, str("none"));
    assert_ptr_equal(role, &roles.roles[PRIVACY_ROLE_NONE]);
    assert_int_equal(role->resources, 0);
    assert_int_equal(role->assigned, 0);

    assert_int_equal(define(&roles, str("administrator_full"),
                            "cameras=assigned export live", NULL),
                     PRIVACY_ROLE_OK);
    role = privacy_roles_lookup(&roles, str("administrator_full"));
    assert_int_equal(role->resources, resources("le"));
    assert_int_equal(role->assigned, 1);

    assert_int_equal(define(&roles, str("user_full"), "live cameras=all",
                            NULL),
                     PRIVACY_ROLE_OK);
    role = privacy_roles_lookup(&roles, str("user_full"));
    assert_int_equal(role->resources, resources("l"));
    assert_int_equal(role->assigned, 0);

    assert_int_equal(roles.count, 6);
}


static void
test_add(void **state)
{
    char                   name[PRIVACY_ROLE_NAME_MAX];
    privacy_roles_t        roles;
    const privacy_role_t  *role;

    (void) state;

    privacy_roles_init(&roles);
    memset(name, 'Z', sizeof(name));

    assert_int_equal(define(&roles, str_of(name, sizeof(name)),
                            "system manage live archive export cameras=all",
                            NULL),
                     PRIVACY_ROLE_OK);
    assert_int_equal(roles.count, 7);
    role = privacy_roles_lookup(&roles, str_of(name, sizeof(name)));
    assert_ptr_equal(role, &roles.roles[6]);
    assert_int_equal(role->resources, resources("smlae"));
    assert_int_equal(privacy_role_name(role).len, sizeof(name));

    assert_int_equal(define(&roles, str("Night-shift_2"), "archive", NULL),
                     PRIVACY_ROLE_OK);
    assert_non_null(privacy_roles_lookup(&roles, str("Night-shift_2")));
}


static void
assert_refused(privacy_str_t name, const char *line,
    privacy_role_error_e error, const char *word)
{
    privacy_str_t    bad = { NULL, 0 };
    privacy_roles_t  roles, before;

    privacy_roles_init(&roles);
    before = roles;

    assert_int_equal(define(&roles, name, line, &bad), error);
    assert_memory_equal(&roles, &before, sizeof(roles));
    assert_int_equal(define(&roles, name, line, NULL), error);

    if (word != NULL) {
        assert_str(bad, word);

    } else {
        assert_ptr_equal(bad.data, name.data);
        assert_int_equal(bad.len, name.len);
    }
}


static void
test_faults_leave_the_table_alone(void **state)
{
    char  name[PRIVACY_ROLE_NAME_MAX + 1];

    (void) state;

    memset(name, 'a', sizeof(name));

    assert_refused(lit(""), "live", PRIVACY_ROLE_BAD_NAME, NULL);
    assert_refused(str_of(name, sizeof(name)), "live", PRIVACY_ROLE_BAD_NAME,
                   NULL);
    assert_refused(lit("a b"), "live", PRIVACY_ROLE_BAD_NAME, NULL);
    assert_refused(lit("a\0"), "live", PRIVACY_ROLE_BAD_NAME, NULL);
    assert_refused(lit("a.b"), "live", PRIVACY_ROLE_BAD_NAME, NULL);
    assert_refused(lit("caf\xc3\xa9"), "live", PRIVACY_ROLE_BAD_NAME, NULL);

    assert_refused(str("x"), "video", PRIVACY_ROLE_BAD_WORD, "video");
    assert_refused(str("x"), "live Archive", PRIVACY_ROLE_BAD_WORD,
                   "Archive");
    assert_refused(str("x"), "cameras", PRIVACY_ROLE_BAD_WORD, "cameras");
    assert_refused(str("x"), "cameras=", PRIVACY_ROLE_BAD_WORD, "cameras=");
    assert_refused(str("x"), "live cameras=some system",
                   PRIVACY_ROLE_BAD_WORD, "cameras=some");
    assert_refused(str("x"), "cameras=assignedx", PRIVACY_ROLE_BAD_WORD,
                   "cameras=assignedx");

    assert_refused(str("none"), "live system live",
                   PRIVACY_ROLE_DUPLICATE_WORD, "live");
    assert_refused(str("none"), "cameras=all cameras=all",
                   PRIVACY_ROLE_DUPLICATE_WORD, "cameras=all");
    assert_refused(str("none"), "cameras=all cameras=assigned",
                   PRIVACY_ROLE_DUPLICATE_WORD, "cameras=assigned");
    assert_refused(str("none"), "cameras=assigned live cameras=all",
                   PRIVACY_ROLE_DUPLICATE_WORD, "cameras=all");
}


static void
test_a_full_table(void **state)
{
    char             name[8];
    unsigned         i;
    privacy_str_t    bad;
    privacy_roles_t  roles;

    (void) state;

    privacy_roles_init(&roles);

    for (i = roles.count; i < PRIVACY_ROLES_MAX; i++) {
        (void) snprintf(name, sizeof(name), "r%u", i);
        assert_int_equal(define(&roles, str(name), "live", NULL),
                         PRIVACY_ROLE_OK);
    }

    assert_int_equal(define(&roles, str("more"), "live", &bad),
                     PRIVACY_ROLE_TOO_MANY);
    assert_str(bad, "more");
    assert_int_equal(roles.count, PRIVACY_ROLES_MAX);

    assert_int_equal(define(&roles, str("r31"), "archive", &bad),
                     PRIVACY_ROLE_OK);
    assert_int_equal(privacy_roles_lookup(&roles, str("r31"))->resources,
                     resources("a"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_published_roles),
        cmocka_unit_test(test_lookup_of_strangers),
        cmocka_unit_test(test_redefine),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_faults_leave_the_table_alone),
        cmocka_unit_test(test_a_full_table)
    };

    return cmocka_run_group_tests_name("role", tests, NULL, NULL);
}
