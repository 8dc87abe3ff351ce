/*
 * Records: what is accepted, what it becomes, and hostile JSON.
 */

#include "privacy_test.h"
#include "privacy_record.h"


typedef size_t (*parse_pt)(privacy_str_t json, void *buf, size_t size,
    const char **error);

static const parse_pt  parsers[] = {
    privacy_unrestricted_parse,
    privacy_excluded_parse,
    privacy_providers_parse,
    privacy_grant_parse
};


/* The record in memory of exactly its size; NULL if invalid */

static void *
parse(parse_pt pt, privacy_str_t json, const char **error)
{
    void           *block;
    size_t          size;
    privacy_str_t   exact = str_exact(json);

    *error = "(not set)";
    size = pt(exact, NULL, 0, error);

    if (size == 0) {
        assert_non_null(*error);
        str_free(exact);
        return NULL;
    }

    assert_null(*error);

    block = malloc(size);
    assert_non_null(block);

    assert_int_equal(pt(exact, block, size, NULL), size);
    assert_int_equal(*(uint32_t *) block, size);

    str_free(exact);

    return block;
}


static void *
accepted(parse_pt pt, privacy_str_t json)
{
    void        *block;
    const char  *error;

    block = parse(pt, json, &error);

    if (block == NULL) {
        fail_msg("%.200s: %s", json.data, error);
    }

    return block;
}


static void
refused(parse_pt pt, privacy_str_t json, const char *why)
{
    void        *block;
    const char  *error;

    block = parse(pt, json, &error);

    if (block != NULL) {
        fail_msg("accepted: %.200s", json.data);
    }

    if (why != NULL) {
        assert_string_equal(error, why);
    }

    assert_int_equal(pt(json, NULL, 0, NULL), 0);
}


static void
test_unrestricted(void **state)
{
    privacy_unrestricted_t  *r;

    (void) state;

    r = accepted(privacy_unrestricted_parse,
                 lit("{\"at\":\"2026-11-22T12:00:00Z\",\"by\":\"ann\","
                     "\"exports\":true}"));
    assert_true(r->at == at("2026-11-22T12:00:00Z"));
    assert_int_equal(r->exports, 1);
    assert_int_equal(r->bare, 0);
    free(r);

    r = accepted(privacy_unrestricted_parse,
                 lit("{\"at\":\"2026-11-22T12:00:00Z\",\"exports\":false}"));
    assert_int_equal(r->exports, 0);
    free(r);

    r = accepted(privacy_unrestricted_parse,
                 lit(" {\"at\":\"1970-01-01T00:00:00Z\",\"by\":null,"
                     "\"exports\":null,\"more\":[{}]} \n"));
    assert_int_equal(r->exports, 0);
    assert_true(r->at == 1);
    free(r);
}


static void
test_bare_unrestricted(void **state)
{
    privacy_unrestricted_t  *r;

    (void) state;

    r = accepted(privacy_unrestricted_parse, lit("1"));
    assert_int_equal(r->bare, 1);
    assert_int_equal(r->exports, 0);
    assert_true(r->at == 0);
    free(r);

    r = accepted(privacy_unrestricted_parse, lit("1\n"));
    assert_int_equal(r->bare, 1);
    free(r);

    refused(privacy_unrestricted_parse, lit("0"), "a number other than 1");
    refused(privacy_unrestricted_parse, lit("2"), "a number other than 1");
    refused(privacy_unrestricted_parse, lit("-1"), "a number other than 1");
    refused(privacy_unrestricted_parse, lit("11"), "a number other than 1");
    refused(privacy_unrestricted_parse, lit("01"), "not JSON");
    refused(privacy_unrestricted_parse, lit("+1"), "not JSON");
    refused(privacy_unrestricted_parse, lit("1 1"), "not JSON");
    refused(privacy_unrestricted_parse, lit("1.0"), "not an object");
    refused(privacy_unrestricted_parse, lit("true"), "not an object");
    refused(privacy_unrestricted_parse, lit("\"1\""), "not an object");
    refused(privacy_unrestricted_parse, lit("1\0"), "not JSON");

    /* only the unrestricted record may be bare */

    refused(privacy_excluded_parse, lit("1"), "not an object");
    refused(privacy_grant_parse, lit("1"), "not an object");
    refused(privacy_providers_parse, lit("1"), "not an array of ids");
}


static void
test_unrestricted_faults(void **state)
{
    (void) state;

    refused(privacy_unrestricted_parse, lit("{}"), "\"at\": missing");
    refused(privacy_unrestricted_parse, lit("{\"at\":null}"),
            "\"at\": missing");
    refused(privacy_unrestricted_parse, lit("{\"exports\":true}"),
            "\"at\": missing");
    refused(privacy_unrestricted_parse, lit("{\"at\":1795323600}"),
            "\"at\": not a time");
    refused(privacy_unrestricted_parse, lit("{\"at\":\"yesterday\"}"),
            "\"at\": not a time");
    refused(privacy_unrestricted_parse,
            lit("{\"at\":\"2026-11-22T12:00:00-05:00\"}"),
            "\"at\": not a time");
    refused(privacy_unrestricted_parse,
            lit("{\"at\":\"2026-11-22T12:00:00Z\",\"exports\":1}"),
            "\"exports\": not true or false");
    refused(privacy_unrestricted_parse,
            lit("{\"at\":\"2026-11-22T12:00:00Z\",\"exports\":\"true\"}"),
            "\"exports\": not true or false");
    refused(privacy_unrestricted_parse,
            lit("{\"at\":\"2026-11-22T12:00:00Z\",\"by\":7}"),
            "\"by\": not a string");
    refused(privacy_unrestricted_parse, lit("[]"), "not an object");
}


static void
test_excluded(void **state)
{
    privacy_excluded_t  *r;

    (void) state;

    r = accepted(privacy_excluded_parse, lit("{}"));
    assert_int_equal(r->everybody, 1);
    assert_int_equal(r->organizations.count, 0);
    free(r);

    r = accepted(privacy_excluded_parse, lit("{\"organizations\":null}"));
    assert_int_equal(r->everybody, 1);
    free(r);

    r = accepted(privacy_excluded_parse, lit("{\"organizations\":[]}"));
    assert_int_equal(r->everybody, 0);
    assert_false(privacy_list_has(r, &r->organizations, str("inst")));
    free(r);

    r = accepted(privacy_excluded_parse,
                 lit("{\"at\":\"2026-11-22T12:00:00Z\",\"by\":\"ann\","
                     "\"reason\":\"monitoring\","
                     "\"organizations\":[\"inst\",\"alarm\"]}"));
    assert_int_equal(r->everybody, 0);
    assert_int_equal(r->organizations.count, 2);
    assert_true(privacy_list_has(r, &r->organizations, str("inst")));
    assert_true(privacy_list_has(r, &r->organizations, str("alarm")));
    assert_false(privacy_list_has(r, &r->organizations, str("alar")));
    assert_false(privacy_list_has(r, &r->organizations, str("alarms")));
    free(r);

    refused(privacy_excluded_parse, lit("{\"organizations\":\"inst\"}"),
            "\"organizations\": not an array of ids");
    refused(privacy_excluded_parse, lit("{\"organizations\":{}}"),
            "\"organizations\": not an array of ids");
    refused(privacy_excluded_parse, lit("{\"organizations\":[\"a b\"]}"),
            "\"organizations\": not an array of ids");
    refused(privacy_excluded_parse, lit("{\"organizations\":[\"a\",\"\"]}"),
            "\"organizations\": not an array of ids");
    refused(privacy_excluded_parse, lit("{\"organizations\":[null]}"),
            "\"organizations\": not an array of ids");
    refused(privacy_excluded_parse, lit("{\"organizations\":false}"),
            "\"organizations\": not an array of ids");
    refused(privacy_excluded_parse, lit("{\"at\":\"\"}"),
            "\"at\": not a time");
    refused(privacy_excluded_parse, lit("{\"by\":[]}"), "\"by\": not a string");
    refused(privacy_excluded_parse, lit("{\"reason\":{}}"),
            "\"reason\": not a string");
    refused(privacy_excluded_parse, lit("[]"), "not an object");
    refused(privacy_excluded_parse, lit("null"), "not an object");
}


static void
test_providers(void **state)
{
    privacy_providers_t  *r;

    (void) state;

    r = accepted(privacy_providers_parse, lit("[]"));
    assert_int_equal(r->organizations.count, 0);
    assert_false(privacy_list_has(r, &r->organizations, str("inst")));
    assert_false(privacy_list_has(r, &r->organizations, str("")));
    free(r);

    r = accepted(privacy_providers_parse,
                 lit("[\"c\",\"a\",\"b\",\"a\",\"aa\"]"));
    assert_int_equal(r->organizations.count, 5);
    assert_true(privacy_list_has(r, &r->organizations, str("a")));
    assert_true(privacy_list_has(r, &r->organizations, str("aa")));
    assert_true(privacy_list_has(r, &r->organizations, str("b")));
    assert_true(privacy_list_has(r, &r->organizations, str("c")));
    assert_false(privacy_list_has(r, &r->organizations, str("aaa")));
    assert_false(privacy_list_has(r, &r->organizations, str("A")));
    assert_false(privacy_list_has(r, &r->organizations, str("d")));
    assert_false(privacy_list_has(r, &r->organizations, str("0")));
    assert_false(privacy_list_has(r, &r->organizations, str("")));
    free(r);

    refused(privacy_providers_parse, lit("{}"), "not an array of ids");
    refused(privacy_providers_parse, lit("\"inst\""), "not an array of ids");
    refused(privacy_providers_parse, lit("[[\"inst\"]]"),
            "not an array of ids");
    refused(privacy_providers_parse, lit("[1]"), "not an array of ids");
    refused(privacy_providers_parse, lit("[\"a}:grant:x\"]"),
            "not an array of ids");
    refused(privacy_providers_parse, lit("[\"inst\",]"), "not JSON");
}


static void
test_grant(void **state)
{
    privacy_grant_t  *r;

    (void) state;

    r = accepted(privacy_grant_parse,
                 lit("{\"role\":\"user_full\",\"cameras\":[\"c2\",\"c1\"],"
                     "\"exports\":true,\"users\":[\"ann\",\"J\\u00f6rg\"],"
                     "\"level\":\"vendor\",\"reason\":\"T-1\","
                     "\"granted_by\":\"bob\","
                     "\"granted_at\":\"2026-11-22T12:00:00Z\","
                     "\"starts_at\":\"2026-11-22T13:00:00Z\","
                     "\"expires_at\":\"2026-11-22T14:00:00.5Z\"}"));
    assert_str(privacy_grant_role(r), "user_full");
    assert_int_equal(r->exports, 1);
    assert_int_equal(r->level, PRIVACY_LEVEL_VENDOR);
    assert_int_equal(r->any_user, 0);
    assert_int_equal(r->cameras.count, 2);
    assert_int_equal(r->users.count, 2);
    assert_true(privacy_list_has(r, &r->cameras, str("c1")));
    assert_true(privacy_list_has(r, &r->cameras, str("c2")));
    assert_false(privacy_list_has(r, &r->cameras, str("ann")));
    assert_true(privacy_list_has(r, &r->users, str("ann")));
    assert_true(privacy_list_has(r, &r->users, str("J\xc3\xb6rg")));
    assert_false(privacy_list_has(r, &r->users, str("c1")));
    assert_true(r->granted_at == at("2026-11-22T12:00:00Z"));
    assert_true(r->starts_at == at("2026-11-22T13:00:00Z"));
    assert_true(r->expires_at == at("2026-11-22T14:00:00Z") + 500);
    free(r);

    r = accepted(privacy_grant_parse, lit("{\"role\":\"x\"}"));
    assert_str(privacy_grant_role(r), "x");
    assert_int_equal(r->exports, 0);
    assert_int_equal(r->level, PRIVACY_LEVEL_NONE);
    assert_int_equal(r->any_user, 1);
    assert_int_equal(r->cameras.count, 0);
    assert_int_equal(r->users.count, 0);
    assert_true(r->granted_at == 0 && r->starts_at == 0
                && r->expires_at == 0);
    free(r);

    r = accepted(privacy_grant_parse,
                 lit("{\"role\":\"x\",\"cameras\":null,\"users\":null,"
                     "\"exports\":null,\"level\":null,\"reason\":null,"
                     "\"granted_by\":null,\"granted_at\":null,"
                     "\"starts_at\":null,\"expires_at\":null,\"new\":1e3}"));
    assert_int_equal(r->any_user, 1);
    assert_true(r->expires_at == 0);
    free(r);

    r = accepted(privacy_grant_parse, lit("{\"role\":\"x\",\"users\":[]}"));
    assert_int_equal(r->any_user, 0);
    assert_int_equal(r->users.count, 0);
    free(r);

    r = accepted(privacy_grant_parse,
                 lit("{\"role\":\"x\",\"level\":\"integrator\"}"));
    assert_int_equal(r->level, PRIVACY_LEVEL_INTEGRATOR);
    free(r);
}


static void
test_an_end_at_the_epoch_is_an_end(void **state)
{
    privacy_grant_t  *r;

    (void) state;

    r = accepted(privacy_grant_parse,
                 lit("{\"role\":\"x\",\"expires_at\":\"1970-01-01T00:00:00Z\","
                     "\"granted_at\":\"1970-01-01T00:00:00Z\","
                     "\"starts_at\":\"1970-01-01T00:00:00.0009Z\"}"));
    assert_true(r->expires_at == 1);
    assert_true(r->granted_at == 1);
    assert_true(r->starts_at == 1);
    free(r);
}


static void
test_grant_faults(void **state)
{
    size_t  i;
    static const struct {
        const char  *json;
        const char  *why;
    } rows[] = {
        { "{}", "\"role\": missing" },
        { "{\"role\":null}", "\"role\": missing" },
        { "{\"role\":\"\"}", "\"role\": not a role's name" },
        { "{\"role\":7}", "\"role\": not a role's name" },
        { "{\"role\":[\"x\"]}", "\"role\": not a role's name" },
        { "{\"role\":\"123456789012345678901234567890123\"}",
          "\"role\": not a role's name" },
        { "{\"role\":\"x\",\"cameras\":\"c1\"}",
          "\"cameras\": not an array of ids" },
        { "{\"role\":\"x\",\"cameras\":{\"c1\":1}}",
          "\"cameras\": not an array of ids" },
        { "{\"role\":\"x\",\"cameras\":[\"c1\",2]}",
          "\"cameras\": not an array of ids" },
        { "{\"role\":\"x\",\"cameras\":[\"c 1\"]}",
          "\"cameras\": not an array of ids" },
        { "{\"role\":\"x\",\"cameras\":[\"\"]}",
          "\"cameras\": not an array of ids" },
        { "{\"role\":\"x\",\"cameras\":[\"*\"]}",
          "\"cameras\": not an array of ids" },
        { "{\"role\":\"x\",\"users\":\"ann\"}",
          "\"users\": not an array of users" },
        { "{\"role\":\"x\",\"users\":[\"\"]}",
          "\"users\": not an array of users" },
        { "{\"role\":\"x\",\"users\":[\"a\\nb\"]}",
          "\"users\": not an array of users" },
        { "{\"role\":\"x\",\"users\":[\"\\u0085\"]}",
          "\"users\": not an array of users" },
        { "{\"role\":\"x\",\"users\":[null]}",
          "\"users\": not an array of users" },
        { "{\"role\":\"x\",\"cameras\":[\"c1\"],\"users\":[\"u\",1]}",
          "\"users\": not an array of users" },
        { "{\"role\":\"x\",\"exports\":\"yes\"}",
          "\"exports\": not true or false" },
        { "{\"role\":\"x\",\"exports\":1}",
          "\"exports\": not true or false" },
        { "{\"role\":\"x\",\"level\":\"client\"}",
          "\"level\": not \"integrator\" or \"vendor\"" },
        { "{\"role\":\"x\",\"level\":\"operator\"}",
          "\"level\": not \"integrator\" or \"vendor\"" },
        { "{\"role\":\"x\",\"level\":\"federated\"}",
          "\"level\": not \"integrator\" or \"vendor\"" },
        { "{\"role\":\"x\",\"level\":\"\"}",
          "\"level\": not \"integrator\" or \"vendor\"" },
        { "{\"role\":\"x\",\"level\":4}",
          "\"level\": not \"integrator\" or \"vendor\"" },
        { "{\"role\":\"x\",\"reason\":1}", "\"reason\": not a string" },
        { "{\"role\":\"x\",\"granted_by\":{}}",
          "\"granted_by\": not a string" },
        { "{\"role\":\"x\",\"granted_at\":\"now\"}",
          "\"granted_at\": not a time" },
        { "{\"role\":\"x\",\"granted_at\":0}", "\"granted_at\": not a time" },
        { "{\"role\":\"x\",\"starts_at\":false}",
          "\"starts_at\": not a time" },
        { "{\"role\":\"x\",\"expires_at\":\"\"}",
          "\"expires_at\": not a time" },
        { "{\"role\":\"x\",\"expires_at\":\"2026-02-29T00:00:00Z\"}",
          "\"expires_at\": not a time" },
        { "[{\"role\":\"x\"}]", "not an object" },
        { "\"x\"", "not an object" }
    };

    (void) state;

    for (i = 0; i < countof(rows); i++) {
        refused(privacy_grant_parse, str(rows[i].json), rows[i].why);
    }
}


static void
test_hostile_json(void **state)
{
    size_t         i, j;
    static const struct {
        privacy_str_t   json;
        const char     *why;
    } rows[] = {
        { privacy_str(""), "empty" },
        { privacy_str(" "), "not JSON" },
        { privacy_str("{"), "not JSON" },
        { privacy_str("{\"role\":\"x\""), "not JSON" },
        { privacy_str("{\"role\":\"x\"}}"), "not JSON" },
        { privacy_str("{\"role\":\"x\"}{}"), "not JSON" },
        { privacy_str("{\"role\":\"x\"} x"), "not JSON" },
        { privacy_str("{\"role\":\"x\"}\0"), "not JSON" },
        { privacy_str("\0{\"role\":\"x\"}"), "not JSON" },
        { privacy_str("{\"role\":\"x\0\"}"), "not JSON" },
        { privacy_str("{\"role\":\"x\\u0000\"}"), "not JSON" },
        { privacy_str("{\"role\":\"x\",\"z\":1\0}"), "not JSON" },
        { privacy_str("{\"ro\\u0000le\":\"x\"}"), "not JSON" },
        { privacy_str("{\"role\":\"x\",\"z\":\"\\u0000\"}"), "not JSON" },
        { privacy_str("{\"role\":\"\\ud800\"}"), "not JSON" },
        { privacy_str("{\"role\":\"\\udc00\"}"), "not JSON" },
        { privacy_str("{\"role\":\"\\ud800\\u0041\"}"), "not JSON" },
        { privacy_str("{\"role\":\"\\udc00\\ud800\"}"), "not JSON" },
        { privacy_str("{\"role\":\"\xed\xa0\x80\"}"), "not JSON" },
        { privacy_str("{\"role\":\"\xc0\xaf\"}"), "not JSON" },
        { privacy_str("{\"role\":\"\xff\"}"), "not JSON" },
        { privacy_str("\xef\xbb\xbf{\"role\":\"x\"}"), "not JSON" },
        { privacy_str("{\"role\":\"x\",\"role\":\"y\"}"), "duplicate key" },
        { privacy_str("{\"role\":\"x\",\"r\\u006fle\":\"y\"}"),
          "duplicate key" },
        { privacy_str("{\"role\":\"x\",\"z\":{\"a\":1,\"a\":1}}"),
          "duplicate key" },
        { privacy_str("{\"role\":\"x\",\"z\":1e999}"), "not JSON" },
        { privacy_str("{\"role\":\"x\",\"z\":99999999999999999999}"),
          "not JSON" },
        { privacy_str("{'role':'x'}"), "not JSON" },
        { privacy_str("{role:\"x\"}"), "not JSON" },
        { privacy_str("{\"role\":\"x\",}"), "not JSON" },
        { privacy_str("{\"role\":\"x\"/**/}"), "not JSON" },
        { privacy_str("{\"role\":NaN}"), "not JSON" },
        { privacy_str("{\"role\":\"x\n\"}"), "not JSON" },
        { privacy_str("\\"), "not JSON" },
        { privacy_str("\"\\"), "not JSON" },
        { privacy_str("]]]]]]]]]]"), "not JSON" }
    };

    (void) state;

    for (i = 0; i < countof(rows); i++) {
        for (j = 0; j < countof(parsers); j++) {
            refused(parsers[j], rows[i].json, rows[i].why);
        }
    }

    for (j = 0; j < countof(parsers); j++) {
        refused(parsers[j], str_of(NULL, 0), "empty");
    }
}


static void
test_depth(void **state)
{
    int    depth;
    char   json[128], *p;
    void  *r;

    (void) state;

    for (depth = 1; depth <= 12; depth++) {
        p = json + sprintf(json, "{\"role\":\"x\",\"z\":\"[{[{\\\"[[[[\"");

        if (depth > 1) {
            p += sprintf(p, ",\"deep\":%.*s%.*s", depth - 1, "[[[[[[[[[[[[",
                         depth - 1, "]]]]]]]]]]]]");
        }

        (void) sprintf(p, "}");

        if (depth <= PRIVACY_RECORD_DEPTH) {
            r = accepted(privacy_grant_parse, str(json));
            free(r);

        } else {
            refused(privacy_grant_parse, str(json),
                    "nested deeper than 8 levels");
        }
    }

    /* siblings are no depth */

    r = accepted(privacy_grant_parse,
                 lit("{\"role\":\"x\",\"z\":[[],[],[],[],[],[],[],[],[],{}]}"));
    free(r);
}


static void
test_a_mebibyte_of_brackets(void **state)
{
    char  *json = malloc(PRIVACY_RECORD_MAX);

    (void) state;

    memset(json, '[', PRIVACY_RECORD_MAX);
    refused(privacy_providers_parse, str_of(json, PRIVACY_RECORD_MAX),
            "nested deeper than 8 levels");
    free(json);
}


static void
test_size(void **state)
{
    char         *json = malloc(PRIVACY_RECORD_MAX + 1);
    void         *r;
    const char    head[] = "{\"role\":\"x\"}";

    (void) state;

    memset(json, ' ', PRIVACY_RECORD_MAX + 1);
    memcpy(json, head, sizeof(head) - 1);

    r = accepted(privacy_grant_parse, str_of(json, PRIVACY_RECORD_MAX));
    free(r);

    refused(privacy_grant_parse, str_of(json, PRIVACY_RECORD_MAX + 1),
            "longer than 1 MiB");
    refused(privacy_unrestricted_parse, str_of(json, PRIVACY_RECORD_MAX + 1),
            "longer than 1 MiB");
    refused(privacy_excluded_parse, str_of(json, PRIVACY_RECORD_MAX + 1),
            "longer than 1 MiB");
    refused(privacy_providers_parse, str_of(json, PRIVACY_RECORD_MAX + 1),
            "longer than 1 MiB");
    free(json);
}


static void
test_ten_thousand_cameras(void **state)
{
    int               i;
    char             *json = malloc(PRIVACY_RECORD_MAX), *p, name[16];
    privacy_grant_t  *r;

    (void) state;

    p = json + sprintf(json, "{\"role\":\"user_full\",\"cameras\":[");

    for (i = 0; i < 10000; i++) {
        p += sprintf(p, "%s\"cam-%d\"", i ? "," : "", i * 7919 % 10000);
    }

    p += sprintf(p, "]}");

    r = accepted(privacy_grant_parse, str_of(json, p - json));
    assert_int_equal(r->cameras.count, 10000);

    for (i = 0; i < 10000; i++) {
        (void) sprintf(name, "cam-%d", i);
        assert_true(privacy_list_has(r, &r->cameras, str(name)));
    }

    assert_false(privacy_list_has(r, &r->cameras, str("cam-10000")));
    assert_false(privacy_list_has(r, &r->cameras, str("cam-")));
    assert_false(privacy_list_has(r, &r->cameras, str("cam-00")));
    assert_false(privacy_list_has(r, &r->cameras, str("a")));
    assert_false(privacy_list_has(r, &r->cameras, str("z")));

    free(r);
    free(json);
}


static void
test_id_lengths_in_lists(void **state)
{
    int                   len;
    char                  json[200];
    privacy_providers_t  *r;

    (void) state;

    for (len = 127; len <= 129; len++) {
        memset(json, 'x', sizeof(json));
        json[0] = '[';
        json[1] = '"';
        json[len + 2] = '"';
        json[len + 3] = ']';

        if (len <= 128) {
            r = accepted(privacy_providers_parse, str_of(json, len + 4));
            assert_true(privacy_list_has(r, &r->organizations,
                                         str_of(json + 2, len)));
            assert_false(privacy_list_has(r, &r->organizations,
                                          str_of(json + 2, len - 1)));
            free(r);

        } else {
            refused(privacy_providers_parse, str_of(json, len + 4),
                    "not an array of ids");
        }
    }
}


static void
test_a_buffer_too_small_is_not_overrun(void **state)
{
    size_t               i, size, need;
    char                *buf;
    const privacy_str_t  json[] = {
        lit("{\"at\":\"2026-11-22T12:00:00Z\"}"),
        lit("{\"organizations\":[\"inst\"]}"),
        lit("[\"inst\",\"alarm\"]"),
        lit("{\"role\":\"user_full\",\"cameras\":[\"c1\"],\"users\":[\"u\"]}")
    };

    (void) state;

    for (i = 0; i < countof(parsers); i++) {
        need = parsers[i](json[i], NULL, 0, NULL);
        assert_int_not_equal(need, 0);

        for (size = 0; size <= need + 8; size++) {
            buf = malloc(size ? size : 1);
            assert_int_equal(parsers[i](json[i], buf, size, NULL), need);
            free(buf);
        }
    }
}


static void
test_a_record_may_be_copied(void **state)
{
    privacy_grant_t  *r, *copy;

    (void) state;

    r = accepted(privacy_grant_parse,
                 lit("{\"role\":\"user_full\",\"cameras\":[\"c1\",\"c2\"],"
                     "\"users\":[\"ann\"]}"));
    copy = malloc(r->size);
    memcpy(copy, r, r->size);
    memset(r, 0xff, copy->size);
    free(r);

    assert_str(privacy_grant_role(copy), "user_full");
    assert_true(privacy_list_has(copy, &copy->cameras, str("c2")));
    assert_true(privacy_list_has(copy, &copy->users, str("ann")));
    free(copy);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_unrestricted),
        cmocka_unit_test(test_bare_unrestricted),
        cmocka_unit_test(test_unrestricted_faults),
        cmocka_unit_test(test_excluded),
        cmocka_unit_test(test_providers),
        cmocka_unit_test(test_grant),
        cmocka_unit_test(test_an_end_at_the_epoch_is_an_end),
        cmocka_unit_test(test_grant_faults),
        cmocka_unit_test(test_hostile_json),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_a_mebibyte_of_brackets),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_ten_thousand_cameras),
        cmocka_unit_test(test_id_lengths_in_lists),
        cmocka_unit_test(test_a_buffer_too_small_is_not_overrun),
        cmocka_unit_test(test_a_record_may_be_copied)
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
