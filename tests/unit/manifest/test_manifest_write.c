/* SPDX-License-Identifier: MIT */
/* The canonical text: section 8 of spec/manifest.md. */
#include "checkmain.h"
#include "faultmemory.h"
#include "randommodel.h"

#include <stdio.h>
#include <string.h>

static char *text_of(ckpt *c) {
    char *text = NULL, *copy;
    size_t size;
    ckpt_error err;
    assert_ok(ckpt_manifest_write(c, &text, &size, &err));
    ck_assert_uint_eq(strlen(text), size);
    copy = malloc(size + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, size + 1);
    ckpt_buffer_free(c, text, size + 1);
    return copy;
}

static void check_text(ckpt *c, const char *wanted) {
    char *text = text_of(c);
    ck_assert_str_eq(text, wanted);
    free(text);
}

/* Reading the text and writing it again gives the same text. */
static void check_round_trip(const char *text) {
    ckpt_manifest *manifest = NULL;
    ckpt_error err;
    assert_ok(ckpt_manifest_read(text, strlen(text), "m.yaml", NULL, &manifest, &err));
    check_text(ckpt_manifest_ckpt(manifest), text);
    ckpt_manifest_free(manifest);
}

START_TEST(an_empty_checkpoint) {
    ckpt *c;
    ckpt_error err;
    assert_ok(ckpt_create(NULL, &c, &err));
    check_text(c, "ckpt-manifest: 1\nroot: {module: \"\"}\n");
    ckpt_free(c);
}
END_TEST

static const char *const canonical =
    "ckpt-manifest: 1\n"
    "metadata:\n"
    "  title: digits\n"
    "  \"1\": {a: [1, -2, 3.0, 1.0e+20], b: {}, c: []}\n"
    "  \"a: b\": \"two\\nlines\"\n"
    "  bytes: {$bytes: \"3q2+7w==\"}\n"
    "  nan: {$float: \"0x7ff8000000000001\"}\n"
    "  nans: [.nan, .inf, -.inf, -0.0, 0.1]\n"
    "  words: [\"yes\", \"null\", \"1.5\", \"\", \" \", \"caf\xc3\xa9\", \"\\u202Ex\", null, "
    "true]\n"
    "  $$bytes: {$$a: 1}\n"
    "storages:\n"
    "- {size: 24}\n"
    "- {size: 100}\n"
    "root:\n"
    "  module: Net\n"
    "  attributes: {depth: 2}\n"
    "  members:\n"
    "    \"0\": &shared1\n"
    "      module: Linear\n"
    "      attributes: {in_features: 4, bias: false}\n"
    "      members:\n"
    "        weight: &tied1 {parameter: f32, shape: [2, 2], strides: [1, 2], storage: 0}\n"
    "        view: {buffer: f32, shape: [1], storage: 0, storage_offset: 5}\n"
    "    \"1\": *shared1\n"
    "    \"\": {module: ReLU}\n"
    "    again: *tied1\n"
    "    large: {parameter: i64, shape: [3], storage: 1}\n"
    "    frozen: {parameter: bf16, shape: [], requires_grad: false}\n"
    "    strided: {buffer: u8, shape: [2, 3], strides: [1, 2]}\n"
    "    none: {buffer: q4_0, shape: [0, 32]}\n"
    "    other: {buffer: {name: f12x, class: opaque, block_elements: 2, block_bytes: 3}, shape: "
    "[2]}\n"
    "    two words: {module: torch.nn.Identity, attributes: {x: \"\"}}\n"
    "    inner: &shared2\n"
    "      module: \"\"\n"
    "      members:\n"
    "        same: &shared3 {module: Tanh}\n"
    "        other: *shared3\n"
    "    copy: *shared2\n";

START_TEST(the_canonical_text_of_everything) {
    check_round_trip(canonical);
}
END_TEST

START_TEST(all_ways_to_write_it_give_one_text) {
    static const char loose[] = "# a comment\n---\n\"ckpt-manifest\": 1\nseed: 5\ndata: "
                                "x.npy\nmetadata: {}\nstorages: [{size: 8}]\n"
                                "root:\n    module: 'Net'\n    attributes: {}\n    members: {'w': "
                                "{'parameter': 'f32', requires_grad: "
                                "true,\n      strides: [1], storage: 0, storage_offset: 0, shape: "
                                "[2], init: zeros}, o: &unused\n"
                                "         {module: \"a\n          b\"}}\n";
    ckpt_manifest *manifest = NULL;
    ckpt_error err;
    assert_ok(ckpt_manifest_read(loose, strlen(loose), "m.yaml", NULL, &manifest, &err));
    check_text(ckpt_manifest_ckpt(manifest),
               "ckpt-manifest: 1\nroot:\n  module: Net\n  members:\n"
               "    w: {parameter: f32, shape: [2]}\n    o: {module: a b}\n");
    ckpt_manifest_free(manifest);
}
END_TEST

START_TEST(what_no_name_leads_to_is_left_out) {
    ckpt *c;
    ckpt_error err;
    uint64_t shape[1] = {3};
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "a", CKPT_F32, 1, shape, NULL, NULL, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "b", CKPT_F32, 1, shape, NULL, NULL, &err));
    assert_ok(ckpt_tie(ckpt_root(c), "a", ckpt_module_tensor(ckpt_root(c), "b"), &err));
    check_text(c, "ckpt-manifest: 1\nroot:\n  module: \"\"\n  members:\n"
                  "    a: &tied1 {parameter: f32, shape: [3]}\n    b: *tied1\n");
    assert_ok(ckpt_remove(ckpt_root(c), "a", &err));
    check_text(c, "ckpt-manifest: 1\nroot:\n  module: \"\"\n  members:\n"
                  "    b: {parameter: f32, shape: [3]}\n");
    ckpt_free(c);
}
END_TEST

START_TEST(deeper_than_names_may_be_is_refused) {
    ckpt *c;
    ckpt_error err;
    char *text = NULL;
    size_t size = 0;
    assert_ok(ckpt_create(NULL, &c, &err));
    ckpt_module module = ckpt_root(c);
    for (int i = 0; i < 128; i++)
        assert_ok(ckpt_add_module(module, "m", "", &module, &err));
    free(text_of(c));
    for (int i = 0; i < 100000; i++)
        assert_ok(ckpt_add_module(module, "m", "", &module, &err));
    assert_status(ckpt_manifest_write(c, &text, &size, &err), CKPT_E_LIMIT);
    ck_assert_ptr_null(text);
    ckpt_free(c);
}
END_TEST

START_TEST(names_of_any_length_and_content) {
    ckpt *c;
    ckpt_error err;
    char name[65536];
    assert_ok(ckpt_create(NULL, &c, &err));
    for (int size = 100; size < 65536; size = size < 200 ? size + 1 : size * 3 + 11) {
        memset(name, 'n', sizeof name);
        name[size] = '\0';
        assert_ok(ckpt_add_module(ckpt_root(c), name, "", NULL, &err));
    }
    for (int first = 1; first < 128; first++) {
        snprintf(name, sizeof name, "%c", first);
        if (first != '.')
            assert_ok(ckpt_add_module(ckpt_root(c), name, name, NULL, &err));
        snprintf(name, sizeof name, "a%cb", first);
        if (first != '.')
            assert_ok(ckpt_add_module(ckpt_root(c), name, name, NULL, &err));
        snprintf(name, sizeof name, "a %c b ", first);
        if (first != '.')
            assert_ok(ckpt_add_module(ckpt_root(c), name, name, NULL, &err));
    }
    char *text = text_of(c);
    check_round_trip(text);
    free(text);
    ckpt_free(c);
}
END_TEST

START_TEST(random_models_come_back) {
    for (uint64_t seed = 1; seed <= 150; seed++) {
        ckpt *c;
        ckpt_error err;
        assert_ok(random_model(seed, NULL, &c, &err));
        char *text = text_of(c);
        check_round_trip(text);
        free(text);
        ckpt_free(c);
    }
}
END_TEST

/* Every allocation fails once; nothing is lost, and nothing kept. */
START_TEST(memory_runs_out_anywhere) {
    for (uint64_t fail_at = 1;; fail_at++) {
        fault_memory memory = {.fail_at = fail_at};
        ckpt_allocator hook = fault_memory_hook(&memory);
        ckpt_manifest_options options = {.struct_size = sizeof options, .allocator = &hook};
        ckpt_manifest *manifest = NULL;
        char *text = NULL;
        size_t size = 0;
        ckpt_error err;
        ckpt_status status =
            ckpt_manifest_read(canonical, strlen(canonical), "m.yaml", &options, &manifest, &err);
        if (status == CKPT_OK)
            status = ckpt_manifest_write(ckpt_manifest_ckpt(manifest), &text, &size, &err);
        if (status == CKPT_OK)
            ckpt_buffer_free(ckpt_manifest_ckpt(manifest), text, size + 1);
        ckpt_manifest_free(manifest);
        ck_assert_int_eq(status, memory.failures == 0 ? CKPT_OK : CKPT_E_NOMEM);
        const char *complaint = fault_memory_complaint(&memory);
        ck_assert_msg(complaint == NULL, "request %d: %s", (int)fail_at, complaint);
        if (memory.failures == 0)
            break;
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("manifest writer");
    TCase *tests = tcase_create("manifest writer");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_empty_checkpoint);
    tcase_add_test(tests, the_canonical_text_of_everything);
    tcase_add_test(tests, all_ways_to_write_it_give_one_text);
    tcase_add_test(tests, what_no_name_leads_to_is_left_out);
    tcase_add_test(tests, deeper_than_names_may_be_is_refused);
    tcase_add_test(tests, names_of_any_length_and_content);
    tcase_add_test(tests, random_models_come_back);
    tcase_add_test(tests, memory_runs_out_anywhere);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
