/*
 * Bodies: what is taken, how it is normalized, and which field is at fault.
 */

#include "privacy_test.h"
#include "privacy_body.h"


/* What a body becomes, as JSON; or the fault, as "KIND FIELD: TEXT" */

static char *
outcome(privacy_body_e kind, privacy_str_t text)
{
    char             *out;
    json_t           *body;
    privacy_str_t     copy;
    privacy_fault_t   fault;

    static const char  *kinds[] = {
        "none", "too-large", "malformed", "refused", "memory"
    };

    copy = str_exact(text);
    body = privacy_body_parse(kind, copy, &fault);
    str_free(copy);

    if (body != NULL) {
        assert_int_equal(fault.kind, PRIVACY_FAULT_NONE);
        out = json_dumps(body, JSON_COMPACT);
        json_decref(body);
        assert_non_null(out);
        return out;
    }

    assert_int_not_equal(fault.kind, PRIVACY_FAULT_NONE);
    assert_non_null(fault.text);

    out = malloc(512);
    assert_non_null(out);
    snprintf(out, 512, "%s %s: %s", kinds[fault.kind], fault.field,
             fault.text);

    return out;
}


typedef struct {
    const char  *body;
    const char  *outcome;
} body_case_t;


static void
check(privacy_body_e kind, const body_case_t *cases, size_t n)
{
    char    *out;
    size_t   i;

    for (i = 0; i < n; i++) {
        out = outcome(kind, str(cases[i].body));

        if (strcmp(out, cases[i].outcome) != 0) {
            fail_msg("%s\nis      %s\nand not %s", cases[i].body, out,
                     cases[i].outcome);
        }

        free(out);
    }
}


static void
test_form(void **state)
{
    static const body_case_t  cases[] = {
        { "", "{}" },
        { "{}", "{}" },
        { " { } ", "{}" },
        { "[]", "malformed : not an object" },
        { "1", "malformed : not an object" },
        { "null", "malformed : not an object" },
        { "{", "malformed : not JSON" },
        { "{} {}", "malformed : not JSON" },
        { "{\"exports\":true,\"exports\":true}",
          "malformed exports: there twice" },
        { "{\"export\":true}", "malformed export: unknown field" },
        { "{\"e\\u00e9\\\"\":true}", "malformed e???: unknown field" },
        { "{\"exports\":[[[[[[[[]]]]]]]]}",
          "malformed : nested deeper than 8 levels" },
        { "{\"exports\":\"[[[[[[[[[[\"}",
          "malformed exports: not true or false" }
    };

    (void) state;

    check(PRIVACY_BODY_ALLOW, cases, countof(cases));
}


static void
test_no_body(void **state)
{
    static const body_case_t  cases[] = {
        { "", "{}" },
        { "{}", "{}" },
        { "{\"exports\":true}", "malformed exports: unknown field" }
    };

    (void) state;

    check(PRIVACY_BODY_NONE, cases, countof(cases));
}


static void
test_allow(void **state)
{
    static const body_case_t  cases[] = {
        { "{\"exports\":true}", "{\"exports\":true}" },
        { "{\"exports\":1}", "malformed exports: not true or false" },
        { "{\"exports\":null}", "malformed exports: not true or false" },
        { "{\"at\":\"2026-11-22T05:00:00Z\"}",
          "refused at: is set by the server" },
        { "{\"by\":\"ann\"}", "refused by: is set by the server" },
        { "{\"by\":null}", "refused by: is set by the server" }
    };

    (void) state;

    check(PRIVACY_BODY_ALLOW, cases, countof(cases));
}


static void
test_grant(void **state)
{
    static const body_case_t  cases[] = {
        { "{\"role\":\"user_full\",\"cameras\":[\"c2\",\"c1\",\"c2\"]}",
          "{\"role\":\"user_full\",\"cameras\":[\"c1\",\"c2\"]}" },
        { "{\"reason\":\"x\",\"role\":\"r\"}",
          "{\"role\":\"r\",\"reason\":\"x\"}" },
        { "{\"cameras\":[]}", "{\"cameras\":[]}" },
        { "{\"cameras\":\"c1\"}",
          "malformed cameras: not an array of strings" },
        { "{\"cameras\":[\"c1\",2]}", "malformed cameras[1]: not a string" },
        { "{\"cameras\":[\"c1\",\"a b\"]}", "refused cameras[1]: not an id" },
        { "{\"users\":[\"bob\",\"Ann\"]}", "{\"users\":[\"Ann\",\"bob\"]}" },
        { "{\"users\":[]}", "refused users: names nobody" },
        { "{\"users\":[\"\"]}", "refused users[0]: not a user's name" },
        { "{\"cameras\":null,\"users\":null,\"reason\":null,"
          "\"starts_at\":null,\"expires_at\":null}",
          "{\"cameras\":null,\"users\":null,\"reason\":null,"
          "\"starts_at\":null,\"expires_at\":null}" },
        { "{\"role\":null}", "malformed role: not a string" },
        { "{\"role\":7}", "malformed role: not a string" },
        { "{\"level\":\"vendor\"}", "{\"level\":\"vendor\"}" },
        { "{\"level\":\"client\"}",
          "refused level: not \"integrator\" or \"vendor\"" },
        { "{\"exports\":\"yes\"}", "malformed exports: not true or false" },
        { "{\"expires_at\":\"2026-11-22T05:00:00.789Z\"}",
          "{\"expires_at\":\"2026-11-22T05:00:00Z\"}" },
        { "{\"expires_at\":\"2026-11-22 05:00:00\"}",
          "refused expires_at: not a time like 2026-11-22T05:00:00Z" },
        { "{\"expires_at\":1795348800}",
          "malformed expires_at: not a string" },
        { "{\"granted_by\":\"ann\"}",
          "refused granted_by: is set by the server" },
        { "{\"granted_at\":\"2026-11-22T05:00:00Z\"}",
          "refused granted_at: is set by the server" },
        { "{\"account\":\"acme\"}", "malformed account: unknown field" }
    };

    (void) state;

    check(PRIVACY_BODY_GRANT, cases, countof(cases));
}


static void
test_exclude(void **state)
{
    static const body_case_t  cases[] = {
        { "{\"reason\":\"monitoring\"}", "{\"reason\":\"monitoring\"}" },
        { "{}", "refused reason: missing" },
        { "{\"reason\":null}", "malformed reason: not a string" },
        { "{\"reason\":\"x\",\"organizations\":[\"o\"]}",
          "{\"reason\":\"x\",\"organizations\":[\"o\"]}" },
        { "{\"reason\":\"x\",\"organizations\":[]}",
          "refused organizations: names nobody" },
        { "{\"reason\":\"x\",\"organizations\":null}",
          "{\"reason\":\"x\",\"organizations\":null}" },
        { "{\"reason\":\"x\",\"by\":\"y\"}",
          "refused by: is set by the server" }
    };

    (void) state;

    check(PRIVACY_BODY_EXCLUDE, cases, countof(cases));
}


static void
test_account(void **state)
{
    static const body_case_t  cases[] = {
        { "{\"name\":\"Acme\",\"integrators\":[\"b\",\"a\"],"
          "\"administrators\":[{\"email\":\"a@b\",\"username\":\"ann\"}],"
          "\"cameras\":[{\"name\":\"Door\",\"id\":\"c2\"},{\"id\":\"c1\"}]}",
          "{\"name\":\"Acme\",\"integrators\":[\"a\",\"b\"],"
          "\"administrators\":[{\"username\":\"ann\",\"email\":\"a@b\"}],"
          "\"cameras\":[{\"id\":\"c2\",\"name\":\"Door\"},{\"id\":\"c1\"}]}" },
        { "{\"cameras\":[{\"id\":\"c1\"},{\"id\":\"c1\"}]}",
          "refused cameras: has one id twice" },
        { "{\"cameras\":[{\"name\":\"Door\"}]}",
          "refused cameras[0].id: missing" },
        { "{\"cameras\":[{\"id\":\"c1\"},{\"id\":\"{c}\"}]}",
          "refused cameras[1].id: not an id" },
        { "{\"cameras\":[{\"id\":\"c1\",\"ip\":\"x\"}]}",
          "malformed cameras[0].ip: unknown field" },
        { "{\"cameras\":[\"c1\"]}", "malformed cameras[0]: not an object" },
        { "{\"cameras\":{}}", "malformed cameras: not an array of objects" },
        { "{\"cameras\":null}", "malformed cameras: not an array of objects" },
        { "{\"administrators\":[{\"name\":\"Ann\"}]}",
          "refused administrators[0].username: missing" },
        { "{\"administrators\":[{\"username\":\"ann\",\"email\":\"x\"}]}",
          "refused administrators[0].email: not an email address" },
        { "{\"name\":\"\"}",
          "refused name: not 1 to 256 bytes without control characters" },
        { "{\"integrators\":[\"a:b\"]}", "{\"integrators\":[\"a:b\"]}" },
        { "{\"integrators\":[\"a}\"]}", "refused integrators[0]: not an id" }
    };

    (void) state;

    check(PRIVACY_BODY_ACCOUNT, cases, countof(cases));
}


static void
test_size(void **state)
{
    char    *text, *out;
    size_t   i;

    (void) state;

    /* blanks around an object, just fitting and one too many */

    for (i = 0; i < 2; i++) {
        text = malloc(PRIVACY_BODY_SIZE + i);
        assert_non_null(text);
        memset(text, ' ', PRIVACY_BODY_SIZE + i);
        memcpy(text, "{}", 2);

        out = outcome(PRIVACY_BODY_ALLOW,
                      str_of(text, PRIVACY_BODY_SIZE + i));
        assert_string_equal(out, i ? "too-large : longer than 1 MiB" : "{}");

        free(out);
        free(text);
    }
}


static void
test_bytes(void **state)
{
    char    *out;
    size_t   i;

    static const privacy_str_t  bodies[] = {
        privacy_str("{}\0"),
        privacy_str("{\"reason\":\"a\0b\"}"),
        privacy_str("{\"reason\":\"a\\u0000b\"}"),
        privacy_str("{\"reason\":\"\xff\"}"),
        privacy_str("{\"reason\":\"\xed\xa0\x80\"}")
    };

    (void) state;

    for (i = 0; i < countof(bodies); i++) {
        out = outcome(PRIVACY_BODY_EXCLUDE, bodies[i]);
        assert_string_equal(out, "malformed : not JSON");
        free(out);
    }
}


static void
test_a_long_field_name_is_cut(void **state)
{
    char            text[400];
    privacy_fault_t fault;

    (void) state;

    memset(text, 'x', sizeof(text));
    memcpy(text, "{\"", 2);
    memcpy(text + sizeof(text) - 4, "\":1}", 4);

    assert_null(privacy_body_parse(PRIVACY_BODY_GRANT,
                                   str_of(text, sizeof(text)), &fault));
    assert_int_equal(fault.kind, PRIVACY_FAULT_MALFORMED);
    assert_int_equal(strlen(fault.field), PRIVACY_FIELD_MAX - 1);

    assert_null(privacy_body_parse(PRIVACY_BODIES, lit("{}"), &fault));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_no_body),
        cmocka_unit_test(test_allow),
        cmocka_unit_test(test_grant),
        cmocka_unit_test(test_exclude),
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_a_long_field_name_is_cut)
    };

    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
