/* SPDX-License-Identifier: MIT */
/* Typed values: stored, read, replaced, removed, nested; in a new checkpoint and in an opened one.
 */
#include "buildnet.h"

#include <math.h>
#include <stdio.h>

static ckpt_error err;
static ckpt *c;
static ckpt_value metadata;
static void *bytes;

static void build(void) {
    c = new_ckpt(NULL);
    metadata = ckpt_metadata(c);
    bytes = NULL;
}

static void build_and_open(void) {
    c = new_ckpt(NULL);
    c = saved_and_opened(c, &bytes);
    metadata = ckpt_metadata(c);
}

static void teardown(void) {
    ckpt_free(c);
    free(bytes);
}

static void set(const char *key, ckpt_literal literal) {
    assert_ok(ckpt_map_set(metadata, key, literal, NULL, &err));
}

static ckpt_value get(const char *key) {
    return ckpt_map_get(metadata, key);
}

/* Saves, opens again and goes on there. */
static void reopen(void) {
    void *before = bytes;
    c = saved_and_opened(c, &bytes);
    free(before);
    metadata = ckpt_metadata(c);
}

static const unsigned char some_bytes[] = {0, 255, 10, 0};

static void set_one_of_each(void) {
    set("null", ckpt_null());
    set("yes", ckpt_bool(true));
    set("no", ckpt_bool(false));
    set("least", ckpt_int(INT64_MIN));
    set("most", ckpt_int(INT64_MAX));
    set("pi", ckpt_float(3.5));
    set("-0", ckpt_float(-0.0));
    set("nan", ckpt_float(NAN));
    set("", ckpt_string("text of the empty key"));
    set("nothing", ckpt_string(""));
    set("bytes", ckpt_bytes(some_bytes, sizeof some_bytes));
    set("no bytes", ckpt_bytes(NULL, 0));
    set("list", ckpt_list());
    set("map", ckpt_map());
}

static void assert_one_of_each(void) {
    size_t size;
    ck_assert_uint_eq(ckpt_value_count(metadata), 14);
    ck_assert_int_eq(ckpt_value_kind(get("null")), CKPT_VALUE_NULL);
    ck_assert(ckpt_value_bool(get("yes"), false));
    ck_assert(!ckpt_value_bool(get("no"), true));
    ck_assert_int_eq(ckpt_value_int(get("least"), 0), INT64_MIN);
    ck_assert_int_eq(ckpt_value_int(get("most"), 0), INT64_MAX);
    ck_assert(ckpt_value_float(get("pi"), 0) == 3.5);
    ck_assert(signbit(ckpt_value_float(get("-0"), 1)) != 0);
    ck_assert(isnan(ckpt_value_float(get("nan"), 0)));
    ck_assert_str_eq(ckpt_value_string(get("")), "text of the empty key");
    ck_assert_str_eq(ckpt_value_string(get("nothing")), "");
    ck_assert_mem_eq(ckpt_value_bytes(get("bytes"), &size), some_bytes, sizeof some_bytes);
    ck_assert_uint_eq(size, sizeof some_bytes);
    ck_assert_int_eq(ckpt_value_kind(get("no bytes")), CKPT_VALUE_BYTES);
    ck_assert_ptr_null(ckpt_value_bytes(get("no bytes"), &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(ckpt_value_kind(get("list")), CKPT_VALUE_LIST);
    ck_assert_int_eq(ckpt_value_kind(get("map")), CKPT_VALUE_MAP);
    ck_assert_str_eq(ckpt_map_key(metadata, 0), "null");
    ck_assert_str_eq(ckpt_map_key(metadata, 13), "map");
    ck_assert_ptr_null(ckpt_map_key(metadata, 14));
}

START_TEST(each_type_is_kept) {
    set_one_of_each();
    assert_one_of_each();
    reopen();
    assert_one_of_each();
}
END_TEST

START_TEST(a_nan_keeps_its_bits) {
    const uint64_t pattern = 0xfff4deadbeef0001u;
    uint64_t found;
    double value;
    memcpy(&value, &pattern, sizeof value);
    set("nan", ckpt_float(value));
    reopen();
    value = ckpt_value_float(get("nan"), 0);
    memcpy(&found, &value, sizeof found);
    /* The quiet bit may be set on the way through a register, nothing else. */
    ck_assert_uint_eq(found | 0x0008000000000000u, pattern | 0x0008000000000000u);
}
END_TEST

START_TEST(asking_for_another_type_gives_the_fallback) {
    size_t size = 99;
    set_one_of_each();
    ck_assert(ckpt_value_bool(get("most"), true));
    ck_assert_int_eq(ckpt_value_int(get("pi"), -7), -7);
    ck_assert(ckpt_value_float(get("most"), 0) == 9223372036854775808.0); /* an int is a number */
    ck_assert(ckpt_value_float(get("yes"), -7) == -7);
    ck_assert_ptr_null(ckpt_value_string(get("bytes")));
    ck_assert_ptr_null(ckpt_value_bytes(get("nothing"), &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_uint_eq(ckpt_value_count(get("nothing")), 0);
    ck_assert_int_eq(ckpt_value_kind(get("absent")), CKPT_VALUE_ABSENT);
    ck_assert_int_eq(ckpt_value_kind(ckpt_value_at(get("pi"), 0)), CKPT_VALUE_ABSENT);
    ck_assert_int_eq(ckpt_value_kind(ckpt_map_get(get("list"), "x")), CKPT_VALUE_ABSENT);
}
END_TEST

START_TEST(a_value_set_again_keeps_its_place) {
    set("a", ckpt_int(1));
    set("b", ckpt_list());
    assert_ok(ckpt_list_append(get("b"), ckpt_int(5), NULL, &err));
    set("c", ckpt_int(3));
    set("b", ckpt_string("now a string"));
    ck_assert_uint_eq(ckpt_value_count(metadata), 3);
    ck_assert_str_eq(ckpt_map_key(metadata, 1), "b");
    ck_assert_str_eq(ckpt_value_string(ckpt_value_at(metadata, 1)), "now a string");
    set("a", ckpt_map());
    ck_assert_uint_eq(ckpt_value_count(get("a")), 0);
    assert_ok(ckpt_map_set(get("a"), "a", ckpt_bool(true), NULL, &err));
    ck_assert(ckpt_value_bool(ckpt_map_get(get("a"), "a"), false));
    reopen();
    ck_assert_str_eq(ckpt_value_string(get("b")), "now a string");
    ck_assert(ckpt_value_bool(ckpt_map_get(get("a"), "a"), false));
}
END_TEST

START_TEST(removed_keys_are_gone_and_the_others_in_order) {
    for (int i = 0; i < 10; i++)
        set((char[]){(char)('a' + i), '\0'}, ckpt_int(i));
    assert_ok(ckpt_map_remove(metadata, "a", &err));
    assert_ok(ckpt_map_remove(metadata, "j", &err));
    assert_ok(ckpt_map_remove(metadata, "e", &err));
    assert_status(ckpt_map_remove(metadata, "e", &err), CKPT_E_NOT_FOUND);
    assert_status(ckpt_map_remove(metadata, "never", &err), CKPT_E_NOT_FOUND);
    set("e", ckpt_int(44));
    reopen();
    assert_ok(ckpt_map_remove(metadata, "b", &err));
    static const char *const keys[] = {"c", "d", "f", "g", "h", "i", "e"};
    static const int64_t values[] = {2, 3, 5, 6, 7, 8, 44};
    ck_assert_uint_eq(ckpt_value_count(metadata), 7);
    for (uint32_t i = 0; i < 7; i++) {
        ck_assert_str_eq(ckpt_map_key(metadata, i), keys[i]);
        ck_assert_int_eq(ckpt_value_int(ckpt_value_at(metadata, i), -1), values[i]);
        ck_assert_int_eq(ckpt_value_int(get(keys[i]), -1), values[i]);
    }
    while (ckpt_value_count(metadata) != 0)
        assert_ok(ckpt_map_remove(metadata, ckpt_map_key(metadata, 0), &err));
    set("again", ckpt_int(1));
    ck_assert_int_eq(ckpt_value_int(get("again"), 0), 1);
}
END_TEST

/* The bytes of one value may be given as those of another, and go through the same buffer. */
START_TEST(a_value_can_be_copied_to_another) {
    static unsigned char block[300];
    for (int i = 0; i < 300; i++)
        block[i] = (unsigned char)i;
    set("first", ckpt_bytes(block, sizeof block));
    for (int i = 0; i < 20; i++) {
        char key[20];
        size_t size;
        const void *data = ckpt_value_bytes(get("first"), &size);
        snprintf(key, sizeof key, "copy %d", i);
        set(key, ckpt_bytes(data, size));
        ck_assert_mem_eq(ckpt_value_bytes(get(key), &size), block, sizeof block);
    }
    set("text", ckpt_string("a text"));
    set("text 2", ckpt_string(ckpt_value_string(get("text"))));
    ck_assert_str_eq(ckpt_value_string(get("text 2")), "a text");
    set(ckpt_value_string(get("text")), ckpt_int(1));
    ck_assert_int_eq(ckpt_value_int(get("a text"), 0), 1);
}
END_TEST

START_TEST(strings_that_are_none_are_refused) {
    assert_status(ckpt_map_set(metadata, "k", ckpt_string("\xff"), NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_map_set(metadata, "k", ckpt_string_n("a\0b", 3), NULL, &err),
                  CKPT_E_ARGUMENT);
    assert_status(ckpt_map_set(metadata, "\xc0\x80", ckpt_null(), NULL, &err), CKPT_E_ARGUMENT);
    ckpt_literal absent = ckpt_null();
    absent.kind = CKPT_VALUE_ABSENT;
    assert_status(ckpt_map_set(metadata, "k", absent, NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_list_append(metadata, ckpt_null(), NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_map_set(get("none"), "k", ckpt_null(), NULL, &err), CKPT_E_ARGUMENT);
    ck_assert_uint_eq(ckpt_value_count(metadata), 0);
    set("a.b", ckpt_int(1)); /* keys may have dots */
    ck_assert_int_eq(ckpt_value_int(get("a.b"), 0), 1);
}
END_TEST

START_TEST(nesting_ends_at_64) {
    ckpt_value inner = metadata;
    for (int depth = 1; depth <= 64; depth++) {
        if (depth % 2 == 1)
            assert_ok(ckpt_map_set(inner, "deeper", ckpt_list(), &inner, &err));
        else
            assert_ok(ckpt_list_append(inner, ckpt_map(), &inner, &err));
    }
    assert_status(ckpt_map_set(inner, "deeper", ckpt_null(), NULL, &err), CKPT_E_LIMIT);
    ck_assert_uint_eq(ckpt_value_count(inner), 0);
    reopen();
    inner = metadata;
    for (int depth = 1; depth <= 64; depth++)
        inner = ckpt_value_at(inner, 0);
    ck_assert_int_eq(ckpt_value_kind(inner), CKPT_VALUE_MAP);
    assert_status(ckpt_map_set(inner, "deeper", ckpt_null(), NULL, &err), CKPT_E_LIMIT);
    inner = get("deeper");
    assert_ok(ckpt_list_append(inner, ckpt_int(2), NULL, &err));
    ck_assert_int_eq(ckpt_value_int(ckpt_value_at(inner, 1), 0), 2);
}
END_TEST

START_TEST(containers_grow_beside_each_other) {
    ckpt_module module = ckpt_root(c);
    set("list", ckpt_list());
    for (int i = 0; i < 50; i++) {
        char key[20];
        snprintf(key, sizeof key, "%d", i);
        set(key, ckpt_int(i));
        set_attribute(module, key, ckpt_int(i + 1000));
        assert_ok(ckpt_list_append(get("list"), ckpt_int(i + 2000), NULL, &err));
    }
    reopen();
    for (int i = 0; i < 50; i++) {
        char key[20];
        snprintf(key, sizeof key, "%d", i);
        ck_assert_int_eq(ckpt_value_int(get(key), 0), i);
        ckpt_value attributes = ckpt_module_attributes(ckpt_root(c));
        ck_assert_int_eq(ckpt_value_int(ckpt_map_get(attributes, key), 0), i + 1000);
        ck_assert_int_eq(ckpt_value_int(ckpt_value_at(get("list"), (uint32_t)i), 0), i + 2000);
    }
}
END_TEST

static TCase *values(const char *name, void (*begin)(void)) {
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin, teardown);
    tcase_add_test(tests, each_type_is_kept);
    tcase_add_test(tests, a_nan_keeps_its_bits);
    tcase_add_test(tests, asking_for_another_type_gives_the_fallback);
    tcase_add_test(tests, a_value_set_again_keeps_its_place);
    tcase_add_test(tests, removed_keys_are_gone_and_the_others_in_order);
    tcase_add_test(tests, a_value_can_be_copied_to_another);
    tcase_add_test(tests, strings_that_are_none_are_refused);
    tcase_add_test(tests, nesting_ends_at_64);
    tcase_add_test(tests, containers_grow_beside_each_other);
    return tests;
}

int main(void) {
    Suite *suite = suite_create("values");
    suite_add_tcase(suite, values("built", build));
    suite_add_tcase(suite, values("opened", build_and_open));
    return run_suite(suite);
}
