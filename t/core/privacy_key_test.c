/*
 * Ids, users, prefixes and keys: no id may name another key.
 */

#include "privacy_test.h"
#include "privacy_key.h"


static const char  id_bytes[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@:+";

static const char  prefix_bytes[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:";


static void
test_every_byte_in_every_place(void **state)
{
    int            c;
    char           buf[7];
    size_t         len, place;
    privacy_str_t  s;

    (void) state;

    for (len = 1; len <= sizeof(buf); len++) {
        for (place = 0; place < len; place++) {
            for (c = 0; c < 256; c++) {
                memset(buf, 'a', sizeof(buf));
                buf[place] = c;
                s = str_of(buf, len);

                assert_int_equal(privacy_id_valid(s),
                                 c != 0 && strchr(id_bytes, c) != NULL);
                assert_int_equal(privacy_prefix_valid(s),
                                 c != 0 && strchr(prefix_bytes, c) != NULL);
            }
        }
    }
}


static void
test_lengths(void **state)
{
    size_t         len;
    char           buf[300];
    privacy_str_t  s;

    (void) state;

    memset(buf, 'x', sizeof(buf));

    for (len = 0; len <= sizeof(buf); len++) {
        s = str_exact(str_of(buf, len));

        assert_int_equal(privacy_id_valid(s), len >= 1 && len <= 128);
        assert_int_equal(privacy_prefix_valid(s), len >= 1 && len <= 64);
        assert_int_equal(privacy_user_valid(s), len >= 1 && len <= 256);
        str_free(s);
    }

    assert_false(privacy_id_valid(str_of(NULL, 0)));
    assert_false(privacy_user_valid(str_of(NULL, 0)));
    assert_false(privacy_prefix_valid(str_of(NULL, 0)));
}


static void
test_ids_that_could_name_another_key(void **state)
{
    size_t               i;
    const privacy_str_t  ids[] = {
        lit("a}:grant:x"), lit("a}:unrestricted"), lit("{a}"), lit("a{b"),
        lit("a}b"), lit("a b"), lit(" a"), lit("a "), lit("a\r\n"),
        lit("a\r\nDEL x"), lit("\r"), lit("\n"), lit("a\tb"), lit("\0"),
        lit("a\0b"), lit("a\0"), lit("a*"), lit("a?"), lit("[a]"), lit("a/b"),
        lit("../a"), lit("a\\b"), lit("a\"b"), lit("a'b"), lit("a%00"),
        lit("\x7f"), lit("\x80"), lit("\xc3\xa9"), lit("caf\xc3\xa9"),
        lit("\xff"), lit("a,b"), lit("a;b"), lit("a=b"), lit("a&b"),
        lit("a#b"), lit("$a"), lit("a~"), lit("<a>"), lit("(a)"), lit("a|b")
    };

    (void) state;

    for (i = 0; i < countof(ids); i++) {
        assert_false(privacy_id_valid(ids[i]));
    }

    assert_true(privacy_id_valid(str("A.b_c-d@example.org:1+2")));
    assert_true(privacy_id_valid(str("camera:x")));
    assert_true(privacy_id_valid(str(":")));
}


static void
test_users(void **state)
{
    size_t               i;
    const privacy_str_t  good[] = {
        lit("a"), lit("Ann O'Neil {x} \\ \"q\""), lit(" "), lit("a b"),
        lit("~"), lit("\xc2\xa0"), lit("\xc3\xa9"), lit("\xdf\xbf"),
        lit("\xe0\xa0\x80"), lit("\xed\x9f\xbf"), lit("\xee\x80\x80"),
        lit("\xef\xbf\xbf"), lit("\xf0\x90\x80\x80"),
        lit("\xf4\x8f\xbf\xbf"), lit("\xe6\x97\xa5\xe6\x9c\xac")
    };
    const privacy_str_t  bad[] = {
        lit(""), lit("\0"), lit("a\0b"), lit("a\n"), lit("\r\n"), lit("\t"),
        lit("\x1f"), lit("\x7f"), lit("a\x7f"), lit("\x80"), lit("\xbf"),
        lit("\xc2"), lit("a\xc3"), lit("\xc2\x80"), lit("\xc2\x9f"),
        lit("\xc2\xc0"), lit("\xc0\x80"), lit("\xc1\xbf"), lit("\xe0"),
        lit("\xe0\xa0"), lit("\xe0\x80\x80"), lit("\xe0\x9f\xbf"),
        lit("\xe1\x80"), lit("\xe1\x80\x7f"), lit("\xed\xa0\x80"),
        lit("\xed\xbf\xbf"), lit("\xf0\x8f\xbf\xbf"), lit("\xf0\x90\x80"),
        lit("\xf0\x90\x80\x41"), lit("\xf4\x90\x80\x80"),
        lit("\xf5\x80\x80\x80"), lit("\xff"), lit("\xfe"),
        lit("\xf8\x88\x80\x80\x80")
    };

    (void) state;

    for (i = 0; i < countof(good); i++) {
        assert_true(privacy_user_valid(good[i]));
    }

    for (i = 0; i < countof(bad); i++) {
        privacy_str_t  s = str_exact(bad[i]);

        assert_false(privacy_user_valid(s));
        str_free(s);
    }
}


static const struct {
    privacy_key_e    kind;
    const char      *key;
    const char      *id;
    const char      *organization;
} keys[] = {
    { PRIVACY_KEY_UNRESTRICTED, "privacy:{acme}:unrestricted", "acme", "" },
    { PRIVACY_KEY_EXCLUDED, "privacy:{acme}:excluded", "acme", "" },
    { PRIVACY_KEY_PROVIDERS, "privacy:{acme}:providers", "acme", "" },
    { PRIVACY_KEY_GRANT, "privacy:{acme}:grant:oncam", "acme", "oncam" },
    { PRIVACY_KEY_GRANT, "privacy:{a:b}:grant:c:grant:d", "a:b", "c:grant:d" },
    { PRIVACY_KEY_CAMERA, "privacy:camera:cam:7", "cam:7", "" },
    { PRIVACY_KEY_PROFILE, "privacy-account:{acme}", "acme", "" },
    { PRIVACY_KEY_INDEX, "privacy-org:inst@llers", "inst@llers", "" },
    { PRIVACY_KEY_LOG, "privacy-log:{acme}", "acme", "" }
};


static void
test_keys_are_written_and_parsed(void **state)
{
    char           buf[PRIVACY_KEY_MAX];
    size_t         i, len;
    privacy_str_t  id, organization, key;

    (void) state;

    for (i = 0; i < countof(keys); i++) {
        len = privacy_key_write(buf, str("privacy"), keys[i].kind,
                                str(keys[i].id), str(keys[i].organization));
        assert_str(str_of(buf, len), keys[i].key);

        key = str_exact(str(keys[i].key));
        assert_int_equal(privacy_key_parse(key, str("privacy"), &id,
                                           &organization),
                         keys[i].kind);
        assert_str(id, keys[i].id);
        assert_str(organization, keys[i].organization);
        assert_int_equal(privacy_key_parse(key, str("privacy"), NULL, NULL),
                         keys[i].kind);
        str_free(key);
    }
}


static void
test_the_longest_key_fits(void **state)
{
    int            kind;
    char           prefix[PRIVACY_PREFIX_MAX], id[PRIVACY_ID_MAX];
    char          *buf;
    size_t         len;
    privacy_str_t  got, organization;

    (void) state;

    memset(prefix, 'p', sizeof(prefix));
    memset(id, 'i', sizeof(id));

    for (kind = PRIVACY_KEY_UNRESTRICTED; kind <= PRIVACY_KEY_LOG; kind++) {
        buf = malloc(PRIVACY_KEY_MAX);
        len = privacy_key_write(buf, str_of(prefix, sizeof(prefix)), kind,
                                str_of(id, sizeof(id)),
                                str_of(id, sizeof(id)));
        assert_in_range(len, 1, PRIVACY_KEY_MAX);
        assert_int_equal(privacy_key_parse(str_of(buf, len),
                                           str_of(prefix, sizeof(prefix)),
                                           &got, &organization),
                         kind);
        assert_int_equal(got.len, sizeof(id));
        free(buf);
    }
}


static void
test_what_is_no_id_is_not_written(void **state)
{
    char                 buf[PRIVACY_KEY_MAX], long_id[129], long_prefix[65];
    size_t               i;
    int                  kind;
    privacy_str_t        ids[8];

    (void) state;

    memset(long_id, 'x', sizeof(long_id));
    memset(long_prefix, 'x', sizeof(long_prefix));

    ids[0] = lit("a}:grant:x");
    ids[1] = lit("");
    ids[2] = str_of(long_id, sizeof(long_id));
    ids[3] = lit("a b");
    ids[4] = lit("a\r\n");
    ids[5] = lit("a\0b");
    ids[6] = lit("{a");
    ids[7] = str_of(NULL, 0);

    memset(buf, '!', sizeof(buf));

    for (i = 0; i < countof(ids); i++) {
        for (kind = -1; kind <= PRIVACY_KEY_LOG + 1; kind++) {
            assert_int_equal(privacy_key_write(buf, str("privacy"), kind,
                                               ids[i], str("org")), 0);
        }

        assert_int_equal(privacy_key_write(buf, str("privacy"),
                                           PRIVACY_KEY_GRANT, str("a"),
                                           ids[i]), 0);
        assert_int_not_equal(privacy_key_write(buf, str("privacy"),
                                               PRIVACY_KEY_EXCLUDED, str("a"),
                                               ids[i]), 0);
        memset(buf, '!', sizeof(buf));
    }

    assert_int_equal(privacy_key_write(buf, str_of(long_prefix, 65),
                                       PRIVACY_KEY_LOG, str("a"), str("")), 0);
    assert_int_equal(privacy_key_write(buf, str(""), PRIVACY_KEY_LOG,
                                       str("a"), str("")), 0);
    assert_int_equal(privacy_key_write(buf, str("p{"), PRIVACY_KEY_LOG,
                                       str("a"), str("")), 0);
    assert_int_equal(privacy_key_write(buf, str("p"), PRIVACY_KEY_OTHER,
                                       str("a"), str("")), 0);

    for (i = 0; i < sizeof(buf); i++) {
        assert_int_equal(buf[i], '!');
    }
}


static void
test_foreign_keys(void **state)
{
    size_t               i;
    privacy_str_t        id, organization, key;
    const privacy_str_t  foreign[] = {
        lit(""), lit("p"), lit("privacy"), lit("privacy:"), lit("privacy:{"),
        lit("privacy:{}"), lit("privacy:{}:excluded"), lit("privacy:{a}"),
        lit("privacy:{a}:"), lit("privacy:{a}:grant"),
        lit("privacy:{a}:grant:"), lit("privacy:{a}:grant:b c"),
        lit("privacy:{a}:grant:b}"), lit("privacy:{a}:grants:b"),
        lit("privacy:{a}:excluded:"), lit("privacy:{a}:excluded\0"),
        lit("privacy:{a}:exclude"), lit("privacy:{a b}:excluded"),
        lit("privacy:{a}b}:excluded"), lit("privacy:{{a}:excluded"),
        lit("privacy:a:excluded"), lit("privacy:camera:"),
        lit("privacy:camera:{a}"), lit("privacy:camera:a b"),
        lit("privacy:camera:a\n"), lit("privacy:canary"),
        lit("privacy-account:{a}x"), lit("privacy-account:a"),
        lit("privacy-log:{a"), lit("privacy-org:"), lit("privacy-org:{a}"),
        lit("privacy-sweep"), lit("privacy-sweep:lock"),
        lit("Privacy:{a}:excluded"), lit("other:{a}:excluded"),
        lit("privacyx:{a}:excluded"), lit("privac:{a}:excluded"),
        lit("privacy:{a}:EXCLUDED"), lit("privacy:{\0}:excluded"),
        lit("privacy{a}:excluded")
    };

    (void) state;

    for (i = 0; i < countof(foreign); i++) {
        key = str_exact(foreign[i]);
        assert_int_equal(privacy_key_parse(key, str("privacy"), &id,
                                           &organization),
                         PRIVACY_KEY_OTHER);
        str_free(key);
    }

    assert_int_equal(privacy_key_parse(str(":camera:x"), str(""), NULL, NULL),
                     PRIVACY_KEY_OTHER);
    assert_int_equal(privacy_key_parse(str_of(NULL, 0), str("privacy"), NULL,
                                       NULL),
                     PRIVACY_KEY_OTHER);
}


static void
test_a_prefix_may_hold_colons(void **state)
{
    char           buf[PRIVACY_KEY_MAX];
    size_t         len;
    privacy_str_t  id;

    (void) state;

    len = privacy_key_write(buf, str("eu:privacy-2"), PRIVACY_KEY_CAMERA,
                            str("c"), str(""));
    assert_str(str_of(buf, len), "eu:privacy-2:camera:c");
    assert_int_equal(privacy_key_parse(str_of(buf, len), str("eu:privacy-2"),
                                       &id, NULL),
                     PRIVACY_KEY_CAMERA);
    assert_int_equal(privacy_key_parse(str_of(buf, len), str("eu"), &id,
                                       NULL),
                     PRIVACY_KEY_OTHER);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_every_byte_in_every_place),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_ids_that_could_name_another_key),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_keys_are_written_and_parsed),
        cmocka_unit_test(test_the_longest_key_fits),
        cmocka_unit_test(test_what_is_no_id_is_not_written),
        cmocka_unit_test(test_foreign_keys),
        cmocka_unit_test(test_a_prefix_may_hold_colons)
    };

    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
