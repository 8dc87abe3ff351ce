/*
 * Paths and query arguments of the API.
 */

#include "privacy_test.h"
#include "privacy_path.h"


static void
decodes(const char *raw, const char *want)
{
    long           n;
    char           buf[256];
    privacy_str_t  s = str_exact(str(raw)), got;

    n = privacy_path_decode(s, buf);

    if (want == NULL) {
        assert_int_equal(n, -1);

    } else {
        assert_true(n >= 0);
        got.data = buf;
        got.len = n;
        assert_str(got, want);
    }

    str_free(s);
}


static void
test_decode(void **state)
{
    (void) state;

    decodes("", "");
    decodes("/accounts/acme", "/accounts/acme");
    decodes("/accounts/a%2Db%2e", "/accounts/a-b.");
    decodes("/a+b", "/a+b");
    decodes("/a?b/c", "/a");
    decodes("/a#b/c", "/a");
    decodes("/a%3Fb", "/a?b");

    /* once */

    decodes("/a%252Fb", "/a%2Fb");

    decodes("/a%2Fb", NULL);
    decodes("/a%2fb", NULL);
    decodes("/a%00", NULL);
    decodes("/a%", NULL);
    decodes("/a%4", NULL);
    decodes("/a%4g", NULL);
    decodes("/a%g4", NULL);
    decodes("/a%%41", NULL);
}


static void
names(const char *path, privacy_route_e want, const char *account,
    const char *organization)
{
    privacy_str_t    s = str_exact(str(path)), a, o;
    privacy_route_e  route;

    route = privacy_path_parse(s, &a, &o);

    assert_int_equal(route, want);

    if (want != PRIVACY_ROUTE_NONE) {
        assert_str(a, account);
        assert_str(o, organization);
    }

    str_free(s);
}


static void
test_routes(void **state)
{
    (void) state;

    names("/accounts", PRIVACY_ROUTE_ACCOUNTS, "", "");
    names("/sweep", PRIVACY_ROUTE_SWEEP, "", "");
    names("/openapi.json", PRIVACY_ROUTE_OPENAPI, "", "");
    names("/accounts/a", PRIVACY_ROUTE_ACCOUNT, "a", "");
    names("/accounts/a/access", PRIVACY_ROUTE_ACCESS, "a", "");
    names("/accounts/a/grants", PRIVACY_ROUTE_GRANTS, "a", "");
    names("/accounts/a/grants/o", PRIVACY_ROUTE_GRANT, "a", "o");
    names("/accounts/a/exclusion", PRIVACY_ROUTE_EXCLUSION, "a", "");
    names("/accounts/a/explain", PRIVACY_ROUTE_EXPLAIN, "a", "");

    /* words are words only in their place */

    names("/accounts/accounts", PRIVACY_ROUTE_ACCOUNT, "accounts", "");
    names("/accounts/sweep", PRIVACY_ROUTE_ACCOUNT, "sweep", "");
    names("/accounts/access/access", PRIVACY_ROUTE_ACCESS, "access", "");
    names("/accounts/grants/grants/grants", PRIVACY_ROUTE_GRANT, "grants",
          "grants");

    /* what an id may be is not decided here */

    names("/accounts/ {}", PRIVACY_ROUTE_ACCOUNT, " {}", "");
}


static void
test_no_route(void **state)
{
    size_t              i;
    static const char  *paths[] = {
        "", "/", "accounts", "/accounts/", "//accounts", "/accounts//",
        "/accounts//access", "/account", "/accountss", "/Accounts",
        "/accounts/a/", "/accounts/a//", "/accounts/a/acces",
        "/accounts/a/access/", "/accounts/a/access/o", "/accounts/a/grants/",
        "/accounts/a/grants//", "/accounts/a/grants/o/",
        "/accounts/a/grants/o/p", "/accounts/a/explain/o", "/sweep/",
        "/sweep/a", "/openapi.json/", "/openapi", "/openapi.json.json",
        "/accounts/a/exclusion/o"
    };

    (void) state;

    for (i = 0; i < countof(paths); i++) {
        names(paths[i], PRIVACY_ROUTE_NONE, NULL, NULL);
    }
}


/* "name=value;" of all arguments; "!" where it ends malformed */

static void
says(const char *query, const char *want)
{
    int            n;
    char           buf[256], all[512];
    size_t         len = 0;
    privacy_str_t  s = str_exact(str(query)), left = s, name, value, got;

    for ( ;; ) {
        n = privacy_query_next(&left, buf, &name, &value);

        if (n <= 0) {
            break;
        }

        assert_true(len + name.len + value.len + 4 < sizeof(all));

        memcpy(all + len, name.data, name.len);
        len += name.len;
        all[len++] = '=';
        memcpy(all + len, value.data, value.len);
        len += value.len;
        all[len++] = ';';
    }

    if (n < 0) {
        all[len++] = '!';
    }

    got.data = all;
    got.len = len;
    assert_str(got, want);

    str_free(s);
}


static void
test_query(void **state)
{
    (void) state;

    says("", "");
    says("a=b", "a=b;");
    says("a=b&c=d", "a=b;c=d;");
    says("&&a=b&", "a=b;");
    says("a", "a=;");
    says("a=", "a=;");
    says("=b", "=b;");
    says("a=b=c", "a=b=c;");
    says("a=Jo+Doe", "a=Jo Doe;");
    says("a=1%2B1", "a=1+1;");
    says("%61=%26%3d", "a=&=;");
    says("a=%2f", "a=/;");
    says("a=%C3%A9", "a=\xc3\xa9;");
    says("a=b&c=%", "a=b;!");
    says("a=%0", "!");
    says("a=%00", "!");
    says("a%00=1", "!");
    says("a=%zz", "!");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_no_route),
        cmocka_unit_test(test_query)
    };

    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
