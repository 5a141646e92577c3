/* SPDX-License-Identifier: MIT */
/* What a manifest says. */
#include "checkmain.h"

#include <string.h>

#define HEAD "ckpt-manifest: 1\n"

#define TENSOR(text) HEAD "root:\n  module: a\n  members:\n    w: {" text "}\n"

static ckpt_manifest *read_text(const char *text) {
    ckpt_error err;
    ckpt_manifest *manifest = NULL;
    assert_ok(ckpt_manifest_read(text, strlen(text), "m.yaml", NULL, &manifest, &err));
    return manifest;
}

START_TEST(reads_values_of_all_types) {
    ckpt_manifest *manifest = read_text("\xef\xbb\xbf%YAML 1.1 # the only one\n---\n" HEAD
                                        "metadata: {z: null, t: true, i: -5, f: 1.5, s: text, q: "
                                        "\"5\", b: {$bytes: \"3q2+7w==\"},\n"
                                        "  l: [1, [2.0], {}], m: {$$x: 1, \"\": 2}, nan: {$float: "
                                        "\"0xfff8000000000001\"}, e: .inf}\n"
                                        "root: {module: \"\"}\n... # the end\n");
    ckpt_value m = ckpt_metadata(ckpt_manifest_ckpt(manifest));
    size_t size;
    uint64_t bits;
    ck_assert_uint_eq(ckpt_value_count(m), 11);
    ck_assert_int_eq(ckpt_value_kind(ckpt_map_get(m, "z")), CKPT_VALUE_NULL);
    ck_assert(ckpt_value_bool(ckpt_map_get(m, "t"), false));
    ck_assert_int_eq(ckpt_value_int(ckpt_map_get(m, "i"), 0), -5);
    ck_assert_double_eq(ckpt_value_float(ckpt_map_get(m, "f"), 0), 1.5);
    ck_assert_str_eq(ckpt_value_string(ckpt_map_get(m, "s")), "text");
    ck_assert_str_eq(ckpt_value_string(ckpt_map_get(m, "q")), "5");
    ck_assert_int_eq(memcmp(ckpt_value_bytes(ckpt_map_get(m, "b"), &size), "\xde\xad\xbe\xef", 4),
                     0);
    ck_assert_uint_eq(size, 4);
    ckpt_value list = ckpt_map_get(m, "l");
    ck_assert_double_eq(ckpt_value_float(ckpt_value_at(ckpt_value_at(list, 1), 0), 0), 2.0);
    ck_assert_int_eq(ckpt_value_kind(ckpt_value_at(list, 2)), CKPT_VALUE_MAP);
    ck_assert_str_eq(ckpt_map_key(ckpt_map_get(m, "m"), 0), "$x");
    double nan = ckpt_value_float(ckpt_map_get(m, "nan"), 0);
    memcpy(&bits, &nan, sizeof bits);
    ck_assert_uint_eq(bits, UINT64_C(0xfff8000000000001));
    ckpt_manifest_free(manifest);
}
END_TEST

START_TEST(reads_ties_of_all_levels) {
    ckpt_manifest *manifest =
        read_text(HEAD "storages: [{size: 24}]\nroot:\n  module: Net\n  members:\n"
                       "    a: &m\n      module: Linear\n      members:\n"
                       "        w: &t {parameter: f32, shape: [2, 2], strides: [1, 2], storage: 0, "
                       "storage_offset: 1}\n"
                       "    b: *m\n"
                       "    w: *t\n"
                       "    v: {buffer: f32, shape: [6], storage: 0}\n");
    ckpt_module root = ckpt_root(ckpt_manifest_ckpt(manifest));
    ckpt_tensor w = ckpt_find_tensor(root, "a.w"), v = ckpt_find_tensor(root, "v");
    ck_assert(ckpt_module_same(ckpt_module_child(root, "a"), ckpt_module_child(root, "b")));
    ck_assert(ckpt_tensor_same(ckpt_find_tensor(root, "b.w"), ckpt_find_tensor(root, "w")));
    ck_assert(!ckpt_tensor_same(w, v));
    ck_assert(ckpt_storage_same(ckpt_tensor_storage(w), ckpt_tensor_storage(v)));
    ck_assert_uint_eq(ckpt_tensor_stride(w, 0), 1);
    ck_assert_uint_eq(ckpt_tensor_storage_offset(w), 1);
    ck_assert(ckpt_tensor_requires_grad(w));
    ck_assert(!ckpt_tensor_is_parameter(v));
    ck_assert_str_eq(ckpt_module_member(root, 3).name, "v");
    ckpt_manifest_free(manifest);
}
END_TEST

START_TEST(a_storage_of_its_own_spans_the_view) {
    ckpt_manifest *manifest = read_text(TENSOR("parameter: f32, shape: [2, 3], strides: [10, 2]"));
    ckpt_tensor w = ckpt_find_tensor(ckpt_root(ckpt_manifest_ckpt(manifest)), "w");
    ck_assert_uint_eq(ckpt_storage_size(ckpt_tensor_storage(w)), (10 + 4 + 1) * 4);
    ckpt_manifest_free(manifest);
}
END_TEST

START_TEST(reads_a_dtype_that_is_described) {
    ckpt_manifest *manifest = read_text(TENSOR(
        "buffer: {name: f12x, class: opaque, block_elements: 2, block_bytes: 3}, shape: [4]"));
    ckpt_tensor w = ckpt_find_tensor(ckpt_root(ckpt_manifest_ckpt(manifest)), "w");
    ckpt_dtype_info info = ckpt_tensor_dtype_info(w);
    ck_assert_int_eq(info.dtype, CKPT_DTYPE_OTHER);
    ck_assert_str_eq(info.name, "f12x");
    ck_assert_int_eq(info.dtype_class, CKPT_CLASS_OPAQUE);
    ck_assert_uint_eq(ckpt_tensor_nbytes(w), 6);
    ckpt_manifest_free(manifest);
}
END_TEST

START_TEST(reads_fills) {
    ckpt_manifest *manifest = read_text(
        HEAD "data: d.safetensors\nseed: 18446744073709551615\nroot:\n  module: Net\n  members:\n"
             "    a:\n      module: Linear\n      members:\n"
             "        w: &t {parameter: f32, shape: [2, 2], init: {kaiming_uniform: {a: 2, mode: "
             "fan_out, "
             "nonlinearity: relu, seed: 9}}}\n"
             "    b: *t\n"
             "    c: {buffer: f32, shape: [6], data: c.npy}\n"
             "    d: {buffer: f32, shape: [6], data: {file: e.ckpt, tensor: x.y}}\n"
             "    e: {buffer: f32, shape: [6], data: {file: raw, offset: 128}}\n"
             "    f: {buffer: f32, shape: [6]}\n");
    char name[16];
    ck_assert_str_eq(ckpt_manifest_data(manifest), "d.safetensors");
    ck_assert_uint_eq(ckpt_manifest_seed(manifest), UINT64_MAX);
    ck_assert_uint_eq(ckpt_manifest_fill_count(manifest), 5);
    ckpt_fill w = ckpt_manifest_fill(manifest, 0);
    ck_assert_int_eq(w.kind, CKPT_FILL_INIT);
    ck_assert_int_eq(w.init.kind, CKPT_INIT_KAIMING_UNIFORM);
    ck_assert_double_eq(w.init.a, 2.0);
    ck_assert(w.init.fan_out && w.has_seed && w.seed == 9);
    ck_assert_str_eq(w.init.nonlinearity, "relu");
    ck_assert_uint_eq(w.line, 10);
    ck_assert_uint_eq(w.column, 12);
    ck_assert_uint_eq(ckpt_manifest_fill_name(manifest, 0, name, sizeof name), 3);
    ck_assert_str_eq(name, "a.w");
    ck_assert_uint_eq(ckpt_manifest_fill_name(manifest, 0, name, 3), 3);
    ck_assert_str_eq(name, "a.");
    ck_assert_str_eq(ckpt_manifest_fill(manifest, 1).file, "c.npy");
    ck_assert_str_eq(ckpt_manifest_fill(manifest, 1).file_tensor, "");
    ck_assert_str_eq(ckpt_manifest_fill(manifest, 2).file_tensor, "x.y");
    ck_assert_int_eq(ckpt_manifest_fill(manifest, 3).kind, CKPT_FILL_RAW);
    ck_assert_uint_eq(ckpt_manifest_fill(manifest, 3).offset, 128);
    ck_assert_int_eq(ckpt_manifest_fill(manifest, 4).kind, CKPT_FILL_NONE);
    ck_assert(
        ckpt_tensor_same(w.tensor, ckpt_find_tensor(ckpt_root(ckpt_manifest_ckpt(manifest)), "b")));
    ckpt_manifest_free(manifest);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("manifest reader");
    TCase *tests = tcase_create("manifest reader");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, reads_values_of_all_types);
    tcase_add_test(tests, reads_ties_of_all_levels);
    tcase_add_test(tests, a_storage_of_its_own_spans_the_view);
    tcase_add_test(tests, reads_a_dtype_that_is_described);
    tcase_add_test(tests, reads_fills);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
