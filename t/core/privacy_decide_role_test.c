/*
 * The table of roles, row by row, and roles redefined.  Expectations are
 * written down here once more, as the design has them, and not drawn from the
 * code under test.
 */

#include "privacy_decide_test.h"


/* The roles table */

static const struct {
    const char  *name;
    int          opens[RESOURCES];
    int          assigned;
} roles[] = {
    { "none",                     { 1, 0, 0, 0, 0 }, 0 },
    { "unrestricted",             { 1, 1, 1, 1, 1 }, 0 },
    { "administrator_full",       { 1, 1, 1, 1, 1 }, 0 },
    { "administrator_restricted", { 1, 1, 0, 0, 0 }, 0 },
    { "user_full",                { 1, 0, 1, 1, 1 }, 1 },
    { "user_restricted",          { 1, 0, 1, 1, 0 }, 1 }
};


/* A grant to somebody who is no service provider: role x resource x camera */

static void
check_granted_role(unsigned role, int resource, const char *camera,
    int exports)
{
    int          in_scope, video;
    char         grant[256];
    const char  *reason;

    (void) snprintf(grant, sizeof(grant), "{\"role\":\"%s\",\"exports\":%s,"
                    "\"cameras\":[\"c1\",\"c2\"]}", roles[role].name,
                    exports ? "true" : "false");

    w.grant.json = grant;
    ask(resources[resource], camera);

    video = resource >= LIVE;
    in_scope = !roles[role].assigned || strcmp(camera, "c1") == 0;

    if (video && camera[0] == '\0') {
        expect(DENY, "identity", NULL);
        return;
    }

    if (!in_scope && resource == SYSTEM) {
        expect(ALLOW, "grant", "none");
        return;
    }

    reason = !in_scope ? "camera"
             : (resource == EXPORT && !exports) ? "export"
             : !roles[role].opens[resource] ? "role" : NULL;

    if (reason != NULL) {
        expect(DENY, reason, NULL);

    } else {
        expect(ALLOW, "grant", roles[role].name);
    }
}


static void
test_roles_table_by_grant(void **state)
{
    int                 resource, exports;
    unsigned            role, camera;
    static const char  *cameras[] = { "c1", "c9", "" };

    (void) state;

    w.providers.json = NULL;

    for (role = 0; role < countof(roles); role++) {
        for (resource = 0; resource < RESOURCES; resource++) {
            for (camera = 0; camera < countof(cameras); camera++) {
                for (exports = 0; exports <= 1; exports++) {
                    check_granted_role(role, resource, cameras[camera],
                                       exports);
                }
            }
        }
    }
}


/* The account's own provider; the rows "none" and "unrestricted" */

static void
check_own_provider(int resource, const char *camera)
{
    ask(resources[resource], camera);

    if (resource >= LIVE && camera[0] == '\0') {
        expect(DENY, "identity", NULL);
        return;
    }

    if (resource == SYSTEM) {
        expect(ALLOW, "system", "none");

    } else {
        expect(DENY, "restricted", NULL);
    }

    w.excluded.json = "{}";

    if (resource == SYSTEM) {
        expect(ALLOW, "system", "none");

    } else if (resource == EXPORT) {
        expect(DENY, "restricted", NULL);

    } else {
        expect(ALLOW, "excluded", "unrestricted");
    }

    w.excluded.json = NULL;
    w.unrestricted.json = "{\"at\":\"" NOW "\"}";

    if (resource == SYSTEM) {
        expect(ALLOW, "system", "none");

    } else if (resource == EXPORT) {
        expect(DENY, "restricted", NULL);

    } else {
        expect(ALLOW, "unrestricted", "unrestricted");
    }

    w.unrestricted.json = "{\"at\":\"" NOW "\",\"exports\":true}";

    if (resource == SYSTEM) {
        expect(ALLOW, "system", "none");

    } else {
        expect(ALLOW, "unrestricted", "unrestricted");
    }

    w.unrestricted.json = NULL;
}


static void
test_roles_table_of_own_providers(void **state)
{
    int                 resource, level, all;
    unsigned            camera;
    static const char  *cameras[] = { "c1", "c9", "" };

    (void) state;

    for (resource = 0; resource < RESOURCES; resource++) {
        for (camera = 0; camera < countof(cameras); camera++) {

            /* named in the record; every vendor; every integrator */

            for (level = 0; level <= 1; level++) {
                for (all = 0; all <= 1; all++) {
                    as(level ? "vendor" : "integrator", "inst");
                    w.request.all_serve = all;
                    w.providers.json = (level || all) ? "[]" : "[\"inst\"]";
                    check_own_provider(resource, cameras[camera]);
                }
            }
        }
    }
}


static void
test_strangers_get_nothing(void **state)
{
    int  resource;

    (void) state;

    w.providers.json = "[\"other\"]";
    w.unrestricted.json = "{\"at\":\"" NOW "\",\"exports\":true}";
    w.excluded.json = "{}";

    for (resource = 0; resource < RESOURCES; resource++) {
        ask(resources[resource], "c1");
        expect(DENY, "stranger", NULL);
    }

    w.providers.json = NULL;
    expect(DENY, "stranger", NULL);

    /* also where the exclusion names them */

    w.excluded.json = "{\"organizations\":[\"inst\"]}";
    ask("live", "c1");
    expect(DENY, "stranger", NULL);
}


/* Redefined roles */

static void
redefine(const char *name, const char *a, const char *b)
{
    privacy_str_t  words[2];

    words[0] = str(a);
    words[1] = str(b);

    assert_int_equal(privacy_roles_define(&w.policy.roles, str(name), words,
                                          (a != NULL) + (b != NULL), NULL),
                     PRIVACY_ROLE_OK);
}


static void
test_none_that_opens_nothing(void **state)
{
    (void) state;

    redefine("none", NULL, NULL);

    ask("system", "");
    expect(DENY, "restricted", NULL);

    w.unrestricted.json = "{\"at\":\"" NOW "\"}";
    expect(ALLOW, "unrestricted", "unrestricted");
    w.unrestricted.json = NULL;
    w.excluded.json = "{}";
    expect(ALLOW, "excluded", "unrestricted");
    w.excluded.json = NULL;

    /* a grant brings no more of "none" than there is */

    w.grant.json = "{\"role\":\"user_full\",\"cameras\":[\"c1\"]}";
    expect(DENY, "camera", NULL);
    ask("system", "c1");
    expect(ALLOW, "grant", "user_full");

    redefine("guest", "live", NULL);
    w.grant.json = "{\"role\":\"guest\"}";
    expect(DENY, "role", NULL);
}


static void
test_none_that_opens_more(void **state)
{
    (void) state;

    redefine("none", "live", "export");

    ask("live", "c1");
    expect(ALLOW, "system", "none");
    ask("system", "");
    expect(DENY, "restricted", NULL);
    ask("export", "c1");
    expect(DENY, "restricted", NULL);

    /* a grant brings only the "system" of it */

    w.providers.json = NULL;
    w.grant.json = "{\"role\":\"administrator_restricted\"}";
    ask("live", "c1");
    expect(DENY, "role", NULL);

    redefine("guest", "archive", NULL);
    w.grant.json = "{\"role\":\"guest\"}";
    ask("system", "");
    expect(DENY, "role", NULL);
    redefine("none", "system", NULL);
    expect(ALLOW, "grant", "none");
}


static void
test_roles_without_a_list_of_cameras(void **state)
{
    (void) state;

    redefine("none", "system", "cameras=assigned");
    ask("system", "c1");
    expect(DENY, "restricted", NULL);
    ask("system", "");
    expect(DENY, "restricted", NULL);

    w.grant.json = "{\"role\":\"user_full\",\"cameras\":[\"c1\"]}";
    ask("system", "c2");
    expect(DENY, "camera", NULL);
    w.grant.json = NULL;

    redefine("unrestricted", "live", "cameras=assigned");
    w.unrestricted.json = "{\"at\":\"" NOW "\"}";
    w.excluded.json = "{}";
    ask("live", "c1");
    expect(DENY, "restricted", NULL);
}


static void
test_roles_of_ones_own(void **state)
{
    (void) state;

    redefine("guard", "live", "cameras=assigned");
    w.providers.json = NULL;
    w.grant.json = "{\"role\":\"guard\",\"cameras\":[\"c1\"]}";

    ask("live", "c1");
    expect(ALLOW, "grant", "guard");
    ask("live", "c2");
    expect(DENY, "camera", NULL);
    ask("archive", "c1");
    expect(DENY, "role", NULL);
    ask("system", "");
    expect(ALLOW, "grant", "none");
    ask("manage", "");
    expect(DENY, "camera", NULL);
    ask("manage", "c1");
    expect(DENY, "role", NULL);
}


static void
test_unrestricted_redefined(void **state)
{
    (void) state;

    redefine("unrestricted", "live", NULL);
    w.unrestricted.json = "{\"at\":\"" NOW "\",\"exports\":true}";

    ask("live", "c1");
    expect(ALLOW, "unrestricted", "unrestricted");
    ask("archive", "c1");
    expect(DENY, "restricted", NULL);
    ask("export", "c1");
    expect(DENY, "restricted", NULL);
    ask("manage", "");
    expect(DENY, "restricted", NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(test_roles_table_by_grant, setup),
        cmocka_unit_test_setup(test_roles_table_of_own_providers, setup),
        cmocka_unit_test_setup(test_strangers_get_nothing, setup),
        cmocka_unit_test_setup(test_none_that_opens_nothing, setup),
        cmocka_unit_test_setup(test_none_that_opens_more, setup),
        cmocka_unit_test_setup(test_roles_without_a_list_of_cameras, setup),
        cmocka_unit_test_setup(test_roles_of_ones_own, setup),
        cmocka_unit_test_setup(test_unrestricted_redefined, setup)
    };

    return cmocka_run_group_tests_name("decide role", tests, NULL, NULL);
}
