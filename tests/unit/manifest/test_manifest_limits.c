/* SPDX-License-Identifier: MIT */
/* Short texts that would cost much, and the limits: sections 2.2 and 9 of spec/manifest.md. */
#include "checkmain.h"

#include <stdio.h>
#include <string.h>

#define HEAD "ckpt-manifest: 1\n"
#define ROOT "root: {module: a}\n"

#define TENSOR(text) HEAD "root:\n  module: a\n  members:\n    w: {" text "}\n"

static ckpt_manifest *read_text(const char *text) {
    ckpt_error err;
    ckpt_manifest *manifest = NULL;
    assert_ok(ckpt_manifest_read(text, strlen(text), "m.yaml", NULL, &manifest, &err));
    return manifest;
}

static char *repeated(const char *head, const char *unit, size_t count) {
    size_t size = strlen(unit), begin = strlen(head);
    char *text = malloc(begin + size * count + 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, head, begin);
    for (size_t i = 0; i < count; i++)
        memcpy(text + begin + i * size, unit, size);
    text[begin + size * count] = '\0';
    return text;
}

static ckpt_status status_of(const char *text, const ckpt_manifest_options *options,
                             ckpt_error *err) {
    ckpt_manifest *manifest = NULL;
    ckpt_status status = ckpt_manifest_read(text, strlen(text), "m.yaml", options, &manifest, err);
    ckpt_manifest_free(manifest);
    return status;
}

/* Check's own timeout, of seconds, is far above what these take, and far below what libyaml would
 * take if it were left alone with them. */
START_TEST(bombs_end_early) {
    static const struct {
        const char *head, *unit;
    } bombs[] = {
        {"", "["},
        {"", "{"},
        {"", "- "},
        {"", "? "},
        {"", "&a "},
        {"", "!x "},
        {"", "*a "},
        {"", "%TAG !a! x\n"},
        {"", "---\n"},
        {"", "[{"},
        {"", "\xc2\x85%TAG !a! x\n"},
        {HEAD "metadata: {a: ", "["},
        {HEAD "metadata: {a: ", "{a: "},
        {HEAD "metadata:\n  a:\n    ", "- "},
        {HEAD "metadata: {a: ", "\n["},
        {HEAD ROOT "...\n", "%TAG !a! x\n"},
        {HEAD "metadata: {", "a: 1, "},
    };
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        char *text =
            repeated(bombs[i].head, bombs[i].unit, ((size_t)1 << 20) / strlen(bombs[i].unit));
        ckpt_error err;
        ckpt_status status = status_of(text, NULL, &err);
        ck_assert_msg(status == CKPT_E_MANIFEST || status == CKPT_E_LIMIT, "bomb %zu: %s", i,
                      ckpt_status_name(status));
        ck_assert_uint_ne(err.line, 0);
        free(text);
    }
}
END_TEST

/* Ten aliases in each of 100 modules: 10^99 names, and a text of a few kilobytes. */
START_TEST(aliases_are_not_expanded) {
    char text[20000];
    size_t used = (size_t)snprintf(
        text, sizeof text,
        HEAD "root:\n  module: a\n  members:\n"
             "    m0: &a0 {module: x, members: {w: {parameter: f32, shape: [2]}}}\n");
    for (int i = 1; i < 100; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "    m%d: &a%d {module: x, members: {", i, i);
        for (int k = 0; k < 10; k++)
            used += (size_t)snprintf(text + used, sizeof text - used, "m%d: *a%d, ", k, i - 1);
        used += (size_t)snprintf(text + used, sizeof text - used, "}}\n");
    }
    ckpt_manifest *manifest = read_text(text);
    ckpt *c = ckpt_manifest_ckpt(manifest);
    char *written;
    size_t size;
    ckpt_error err;
    ck_assert_uint_eq(ckpt_module_count(c), 101);
    ck_assert_uint_eq(ckpt_tensor_count(c), 1);
    assert_ok(ckpt_manifest_write(c, &written, &size, &err));
    ck_assert_uint_lt(size, 100000);
    ckpt_buffer_free(c, written, size + 1);
    ckpt_manifest_free(manifest);
}
END_TEST

START_TEST(a_huge_model_needs_no_memory) {
    ckpt_manifest *manifest = read_text(TENSOR("parameter: f32, shape: [5000000, 5000000]"));
    ckpt_tensor w = ckpt_find_tensor(ckpt_root(ckpt_manifest_ckpt(manifest)), "w");
    ck_assert_uint_eq(ckpt_storage_size(ckpt_tensor_storage(w)), UINT64_C(100000000000000));
    ckpt_manifest_free(manifest);
}
END_TEST

START_TEST(limits_of_the_caller) {
    ckpt_manifest_options options = {.struct_size = sizeof options, .max_depth = 3};
    ckpt_error err;
    assert_status(status_of(HEAD "metadata: {a: [1]}\n" ROOT, &options, &err), CKPT_OK);
    assert_status(status_of(HEAD "metadata: {a: [[1]]}\n" ROOT, &options, &err), CKPT_E_LIMIT);
    ck_assert_str_eq(err.message, "m.yaml:2:16: collections are nested deeper than 3");
    options.max_depth = 0;
    options.max_size = strlen(HEAD ROOT);
    assert_status(status_of(HEAD ROOT, &options, &err), CKPT_OK);
    assert_status(status_of(HEAD ROOT "\n", &options, &err), CKPT_E_LIMIT);
}
END_TEST

/* A chain of modules: as many as a dotted name has components fit, one more does not. */
START_TEST(modules_nest_as_deep_as_names_may_be_long) {
    for (int count = 128; count <= 129; count++) {
        char text[16384] = HEAD "root: ";
        for (int i = 0; i < count; i++)
            strcat(text, "{module: a, members: {m: ");
        strcat(text, "{module: a}");
        for (int i = 0; i < count; i++)
            strcat(text, "}}");
        ckpt_error err;
        assert_status(status_of(text, NULL, &err), count == 128 ? CKPT_OK : CKPT_E_LIMIT);
    }
}
END_TEST

START_TEST(values_nest_64_deep) {
    for (int count = 63; count <= 64; count++) {
        char text[512] = HEAD "metadata: {a: ";
        for (int i = 0; i < count; i++)
            strcat(text, "[");
        strcat(text, "1");
        for (int i = 0; i < count; i++)
            strcat(text, "]");
        strcat(text, "}\n" ROOT);
        ckpt_error err;
        assert_status(status_of(text, NULL, &err), count == 63 ? CKPT_OK : CKPT_E_LIMIT);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("manifest limits");
    TCase *tests = tcase_create("manifest limits");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, bombs_end_early);
    tcase_add_test(tests, aliases_are_not_expanded);
    tcase_add_test(tests, a_huge_model_needs_no_memory);
    tcase_add_test(tests, limits_of_the_caller);
    tcase_add_test(tests, modules_nest_as_deep_as_names_may_be_long);
    tcase_add_test(tests, values_nest_64_deep);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
