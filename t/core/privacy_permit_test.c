/*
 * The permission rows: every action, every level, own and foreign.
 */

#include "privacy_test.h"
#include "privacy_permit.h"


/* Who may: o operator, a admin of the account, A any admin, g the granted
   organization, p any provider */

static const struct {
    privacy_action_e   action;
    const char        *name;
    const char        *may;
    int                writes;
} rows[] = {
    { PRIVACY_ACTION_PUT_ACCOUNT, "put_account", "o", 1 },
    { PRIVACY_ACTION_GET_ACCOUNT, "get_account", "oa", 0 },
    { PRIVACY_ACTION_DELETE_ACCOUNT, "delete_account", "o", 1 },
    { PRIVACY_ACTION_ALLOW, "allow", "a", 1 },
    { PRIVACY_ACTION_DISALLOW, "disallow", "a", 1 },
    { PRIVACY_ACTION_GRANT, "grant", "a", 1 },
    { PRIVACY_ACTION_UPDATE, "update", "a", 1 },
    { PRIVACY_ACTION_REVOKE, "revoke", "ag", 1 },
    { PRIVACY_ACTION_GET_GRANT, "get_grant", "oag", 0 },
    { PRIVACY_ACTION_GRANTS, "grants", "oa", 0 },
    { PRIVACY_ACTION_EXCLUDE, "exclude", "o", 1 },
    { PRIVACY_ACTION_INCLUDE, "include", "o", 1 },
    { PRIVACY_ACTION_LIST, "list", "oaApg", 0 },
    { PRIVACY_ACTION_EXPLAIN, "explain", "oa", 0 },
    { PRIVACY_ACTION_SWEEP, "sweep", "o", 1 },
    { PRIVACY_ACTION_SWEEP_STATE, "sweep_state", "o", 0 }
};


static privacy_actor_t
actor(privacy_level_e level, const char *organization)
{
    privacy_actor_t  a;

    memset(&a, 0, sizeof(a));
    a.user = str("ann");
    a.organization = str(organization);
    a.level = level;

    return a;
}


static int
may(size_t row, privacy_level_e level, const char *organization)
{
    privacy_actor_t  a = actor(level, organization);

    return privacy_permit(rows[row].action, &a, str("acme"), str("vend"));
}


static int
has(size_t row, char who)
{
    return strchr(rows[row].may, who) != NULL;
}


static void
test_every_row(void **state)
{
    size_t  i;

    (void) state;

    assert_int_equal(countof(rows), PRIVACY_ACTIONS - 1);

    for (i = 0; i < countof(rows); i++) {
        assert_int_equal(rows[i].action, i + 1);
        assert_str(privacy_action_name(rows[i].action), rows[i].name);
        assert_int_equal(privacy_action_writes(rows[i].action),
                         rows[i].writes);

        assert_int_equal(may(i, PRIVACY_LEVEL_OPERATOR, "portal"),
                         has(i, 'o'));
        assert_int_equal(may(i, PRIVACY_LEVEL_OPERATOR, "acme"), has(i, 'o'));
        assert_int_equal(may(i, PRIVACY_LEVEL_CLIENT_ADMIN, "acme"),
                         has(i, 'a'));
        assert_int_equal(may(i, PRIVACY_LEVEL_CLIENT_ADMIN, "other"),
                         has(i, 'A'));
        assert_int_equal(may(i, PRIVACY_LEVEL_CLIENT_ADMIN, "vend"),
                         has(i, 'A'));
        assert_int_equal(may(i, PRIVACY_LEVEL_INTEGRATOR, "vend"),
                         has(i, 'g'));
        assert_int_equal(may(i, PRIVACY_LEVEL_VENDOR, "vend"), has(i, 'g'));
        assert_int_equal(may(i, PRIVACY_LEVEL_INTEGRATOR, "inst"),
                         has(i, 'p'));
        assert_int_equal(may(i, PRIVACY_LEVEL_VENDOR, "acme"), has(i, 'p'));

        assert_false(may(i, PRIVACY_LEVEL_CLIENT, "acme"));
        assert_false(may(i, PRIVACY_LEVEL_FEDERATED, "acme"));
        assert_false(may(i, PRIVACY_LEVEL_FEDERATED, "vend"));
        assert_false(may(i, PRIVACY_LEVEL_NONE, "acme"));
        assert_false(may(i, PRIVACY_LEVELS, "acme"));
    }
}


static void
test_without_an_organization(void **state)
{
    size_t           i;
    privacy_actor_t  a;

    (void) state;

    /* nobody's grant is not nobody's to revoke */

    for (i = 0; i < countof(rows); i++) {
        a = actor(PRIVACY_LEVEL_INTEGRATOR, "");
        assert_false(privacy_permit(rows[i].action, &a, str("acme"),
                                    str("")));
        a = actor(PRIVACY_LEVEL_CLIENT_ADMIN, "");
        assert_false(privacy_permit(rows[i].action, &a, str(""), str("")));
        a = actor(PRIVACY_LEVEL_CLIENT_ADMIN, "a b");
        assert_false(privacy_permit(rows[i].action, &a, str("a b"),
                                    str("")));
    }
}


static void
test_the_store(void **state)
{
    size_t           i;
    privacy_actor_t  a = actor(PRIVACY_LEVEL_NONE, "");

    (void) state;

    a.store = 1;

    for (i = 0; i < countof(rows); i++) {
        assert_true(privacy_permit(rows[i].action, &a, str("acme"),
                                   str("vend")));
    }

    assert_false(privacy_permit(PRIVACY_ACTION_NONE, &a, str("acme"),
                                str("vend")));
    assert_false(privacy_permit(PRIVACY_ACTIONS, &a, str("acme"),
                                str("vend")));
    assert_int_equal(privacy_permit_list(&a), PRIVACY_LIST_ALL);
}


static void
test_lists(void **state)
{
    size_t           i;
    privacy_actor_t  a;

    static const struct {
        privacy_level_e  level;
        privacy_list_e   list;
    } lists[] = {
        { PRIVACY_LEVEL_OPERATOR, PRIVACY_LIST_ALL },
        { PRIVACY_LEVEL_CLIENT_ADMIN, PRIVACY_LIST_ACCOUNT },
        { PRIVACY_LEVEL_INTEGRATOR, PRIVACY_LIST_SERVED },
        { PRIVACY_LEVEL_VENDOR, PRIVACY_LIST_EVERY },
        { PRIVACY_LEVEL_CLIENT, PRIVACY_LIST_NOTHING },
        { PRIVACY_LEVEL_FEDERATED, PRIVACY_LIST_NOTHING },
        { PRIVACY_LEVEL_NONE, PRIVACY_LIST_NOTHING }
    };

    (void) state;

    for (i = 0; i < countof(lists); i++) {
        a = actor(lists[i].level, "acme");
        assert_int_equal(privacy_permit_list(&a), lists[i].list);
    }

    a = actor(PRIVACY_LEVEL_VENDOR, "");
    assert_int_equal(privacy_permit_list(&a), PRIVACY_LIST_NOTHING);
}


static void
test_names_out_of_range(void **state)
{
    (void) state;

    assert_int_equal(privacy_action_name(PRIVACY_ACTION_NONE).len, 0);
    assert_int_equal(privacy_action_name(PRIVACY_ACTIONS).len, 0);
    assert_false(privacy_action_writes(PRIVACY_ACTION_NONE));
    assert_false(privacy_action_writes(PRIVACY_ACTIONS));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_every_row),
        cmocka_unit_test(test_without_an_organization),
        cmocka_unit_test(test_the_store),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_names_out_of_range)
    };

    return cmocka_run_group_tests_name("permit", tests, NULL, NULL);
}
