/* SPDX-License-Identifier: MIT */
/* Packing: section 7 of spec/manifest.md. */
#include "checkmain.h"
#include "comparemodels.h"
#include "faultmemory.h"
#include "randommodel.h"
#include "testfiles.h"

#include <stdio.h>
#include <string.h>

static test_directory directory;

static void make_directory(void) {
    directory = test_directory_create();
}

static void remove_directory(void) {
    test_directory_remove(&directory);
}

static void write_bytes(const char *name, const void *bytes, size_t size) {
    char path[512];
    test_path(&directory, name, path, sizeof path);
    test_write_file(path, bytes, size);
}

static ckpt_status pack_with(const char *text, const ckpt_pack_options *options, ckpt **ret_ckpt,
                             ckpt_error *err) {
    char path[512];
    write_bytes("m.yaml", text, strlen(text));
    test_path(&directory, "m.yaml", path, sizeof path);
    return ckpt_pack(path, options, ret_ckpt, err);
}

static ckpt *pack(const char *text) {
    ckpt *c = NULL;
    ckpt_error err;
    assert_ok(pack_with(text, NULL, &c, &err));
    return c;
}

/* The message behind the path of the manifest must be this. */
static void check_refusal(const char *text, ckpt_status wanted, const char *message) {
    ckpt *c = NULL;
    ckpt_error err;
    char path[512];
    test_path(&directory, "m.yaml", path, sizeof path);
    ckpt_status status = pack_with(text, NULL, &c, &err);
    ck_assert_msg(status == wanted, "%s", status != CKPT_OK ? err.message : "CKPT_OK");
    ck_assert_ptr_null(c);
    ck_assert_int_eq(strncmp(err.message, path, strlen(path)), 0);
    ck_assert_str_eq(err.message + strlen(path), message);
}

/* A model file with a float tensor "a.w" of shape [2, 2] and an integer one "n" of shape [3]. */
static void write_model(const char *name) {
    static const float values[] = {1, 2, 3, 4};
    static const int32_t numbers[] = {7, 8, 9};
    static const uint64_t square[] = {2, 2}, three[] = {3};
    char path[512];
    ckpt *c;
    ckpt_module a;
    ckpt_error err;
    test_path(&directory, name, path, sizeof path);
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_module(ckpt_root(c), "a", "A", &a, &err));
    assert_ok(ckpt_add_parameter(a, "w", CKPT_F32, 2, square, values, NULL, &err));
    assert_ok(ckpt_add_buffer(ckpt_root(c), "n", CKPT_I32, 1, three, numbers, NULL, &err));
    assert_ok(ckpt_save(c, path, NULL, &err));
    ckpt_free(c);
}

static void check_floats(ckpt *c, const char *name, const float *wanted, size_t count) {
    ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(c), name);
    float got[16];
    ckpt_error err;
    ck_assert_msg(ckpt_tensor_exists(tensor), "no tensor '%s'", name);
    ck_assert_uint_eq(ckpt_tensor_nbytes(tensor), count * sizeof *got);
    assert_ok(ckpt_tensor_read(tensor, got, count * sizeof *got, &err));
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(got[i] == wanted[i], "%s[%zu] is %g, not %g", name, i, (double)got[i],
                      (double)wanted[i]);
}

#define NET(members) "ckpt-manifest: 1\nroot:\n  module: Net\n  members:\n" members
#define FLOATS(...) ((const float[]){__VA_ARGS__})

static const unsigned char npy_2x2[] =
    "\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }          "
    "\n"
    "\x00\x00\xa0\x40\x00\x00\xc0\x40\x00\x00\xe0\x40\x00\x00\x00\x41";

START_TEST(bytes_come_from_every_kind_of_file) {
    write_model("x.ckpt");
    write_bytes("x.npy", npy_2x2, sizeof npy_2x2 - 1);
    write_bytes("x.raw", "????\x00\x00\x10\x41\x00\x00\x20\x41", 12);
    ckpt *c =
        pack(NET("    a: {module: A, members: {w: {parameter: f32, shape: [2, 2], data: x.ckpt}}}\n"
                 "    b: {buffer: f32, shape: [2, 2], data: {file: x.ckpt, tensor: a.w}}\n"
                 "    c: {buffer: f32, shape: [2, 2], data: x.npy}\n"
                 "    d: {buffer: f32, shape: [2], data: {file: x.raw, offset: 4}}\n"
                 "    e: {buffer: f32, shape: [2], init: {constant: {value: 2.5}}}\n"));
    check_floats(c, "a.w", FLOATS(1, 2, 3, 4), 4);
    check_floats(c, "b", FLOATS(1, 2, 3, 4), 4);
    check_floats(c, "c", FLOATS(5, 6, 7, 8), 4);
    check_floats(c, "d", FLOATS(9, 10), 2);
    check_floats(c, "e", FLOATS(2.5f, 2.5f), 2);
    ckpt_free(c);
}
END_TEST

START_TEST(the_default_file_is_used_for_the_rest) {
    write_model("x.ckpt");
    ckpt *c = pack("ckpt-manifest: 1\ndata: x.ckpt\nroot:\n  module: Net\n  members:\n"
                   "    a: &a {module: A, members: {w: {parameter: f32, shape: [2, 2]}}}\n"
                   "    b: *a\n"
                   "    ones: {buffer: f32, shape: [1], init: ones}\n");
    check_floats(c, "b.w", FLOATS(1, 2, 3, 4), 4);
    check_floats(c, "ones", FLOATS(1), 1);
    ckpt_free(c);
}
END_TEST

START_TEST(the_caller_can_name_the_default_file) {
    char data[512];
    write_model("y.ckpt");
    test_path(&directory, "y.ckpt", data, sizeof data);
    ckpt_pack_options options = {.struct_size = sizeof options, .data = data};
    ckpt *c;
    ckpt_error err;
    assert_ok(pack_with(
        "ckpt-manifest: 1\ndata: x.ckpt\nroot: {module: Net, members: {a: {module: A, members: "
        "{w: {parameter: f32, shape: [2, 2]}}}}}\n",
        &options, &c, &err));
    check_floats(c, "a.w", FLOATS(1, 2, 3, 4), 4);
    ckpt_free(c);
}
END_TEST

START_TEST(views_are_written_into_their_storage) {
    write_model("x.ckpt");
    ckpt *c = pack(
        "ckpt-manifest: 1\nstorages: [{size: 24}]\nroot:\n  module: Net\n  members:\n"
        "    t: {parameter: f32, shape: [2, 2], strides: [1, 2], storage: 0, storage_offset: 1, "
        "data: {file: x.ckpt, tensor: a.w}}\n"
        "    all: {parameter: f32, shape: [6], storage: 0, init: zeros}\n"
        "    last: {parameter: f32, shape: [1], storage: 0, storage_offset: 5, init: ones}\n"
        "    again: {parameter: f32, shape: [2, 2], strides: [1, 2], storage: 0, storage_offset: "
        "1, "
        "data: {file: x.ckpt, tensor: a.w}}\n");
    check_floats(c, "t", FLOATS(1, 2, 3, 4), 4);
    check_floats(c, "all", FLOATS(0, 1, 3, 2, 4, 1), 6);
    ckpt_free(c);
}
END_TEST

START_TEST(recipes_draw_from_one_stream_in_order) {
    static const char text[] = "ckpt-manifest: 1\nseed: 5\nroot:\n  module: Net\n  members:\n"
                               "    a: {parameter: f32, shape: [2], init: uniform}\n"
                               "    b: {parameter: f32, shape: [2], init: {uniform: {seed: 9}}}\n"
                               "    c: {parameter: f32, shape: [2], init: uniform}\n";
    ckpt *c = pack(text);
    ckpt_rng rng;
    ckpt_tensor wanted;
    ckpt_error err;
    ckpt *other;
    uint64_t shape[1] = {2};
    ckpt_init uniform = ckpt_init_default(CKPT_INIT_UNIFORM);
    assert_ok(ckpt_create(NULL, &other, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(other), "x", CKPT_F32, 1, shape, NULL, &wanted, &err));
    const float *values = ckpt_storage_writable(ckpt_tensor_storage(wanted));
    ckpt_rng_seed(&rng, 5);
    assert_ok(ckpt_init_tensor(wanted, &uniform, &rng, &err));
    check_floats(c, "a", values, 2);
    assert_ok(ckpt_init_tensor(wanted, &uniform, &rng, &err));
    check_floats(c, "c", values, 2);
    ckpt_rng_seed(&rng, 9);
    assert_ok(ckpt_init_tensor(wanted, &uniform, &rng, &err));
    check_floats(c, "b", values, 2);
    ckpt_free(other);
    ckpt_free(c);
}
END_TEST

START_TEST(refuses_with_line_and_column) {
    write_model("x.ckpt");
    write_bytes("x.raw", "abc", 3);
    check_refusal(
        NET("    b: {buffer: f32, shape: [2]}\n"), CKPT_E_MANIFEST,
        ":5:8: expected tensor 'b' to have 'data' or 'init', or the manifest to have 'data'");
    check_refusal(NET("    b: {buffer: f32, shape: [2], data: {file: x.ckpt, tensor: q}}\n"),
                  CKPT_E_NOT_FOUND, ":5:8: there is no tensor 'q' in x.ckpt");
    check_refusal(NET("    b: {buffer: f32, shape: [2], data: x.ckpt}\n"), CKPT_E_NOT_FOUND,
                  ":5:8: there is no tensor 'b' in x.ckpt");
    check_refusal(NET("    b: {buffer: f16, shape: [2, 2], data: {file: x.ckpt, tensor: a.w}}\n"),
                  CKPT_E_MISMATCH, ":5:8: tensor 'b' is f16 [2, 2] here and f32 [2, 2] in x.ckpt");
    check_refusal(NET("    b: {buffer: f32, shape: [4], data: {file: x.ckpt, tensor: a.w}}\n"),
                  CKPT_E_MISMATCH, ":5:8: tensor 'b' is f32 [4] here and f32 [2, 2] in x.ckpt");
    check_refusal(
        NET("    b: {buffer: u8, shape: [3], data: {file: x.raw, offset: 1}}\n"), CKPT_E_BOUNDS,
        ":5:8: x.raw: 3 bytes from offset 1 on reach over the end of the file, which has 3");
    check_refusal(
        NET("    b: {buffer: f32, shape: [2], init: {kaiming_normal: {nonlinearity: what}}}\n"),
        CKPT_E_SHAPE, ":5:8: init: kaiming_normal needs a tensor of rank 2 or more, this has 1");
}
END_TEST

START_TEST(a_missing_file_is_not_found) {
    ckpt *c = NULL;
    ckpt_error err;
    assert_status(
        pack_with(NET("    b: {buffer: f32, shape: [2], data: none.npy}\n"), NULL, &c, &err),
        CKPT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "none.npy"));
    ck_assert_ptr_nonnull(strstr(err.message, "m.yaml:5:8: "));
    ck_assert_int_ne(err.sys_errno, 0);
}
END_TEST

START_TEST(files_are_found_beside_the_manifest_only) {
    static const char *const names[] = {"../x.ckpt", "/x.ckpt", "a/x.ckpt", "./x.ckpt", "..", "."};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[512];
        ckpt *c = NULL;
        ckpt_error err;
        snprintf(text, sizeof text,
                 NET("    b: {buffer: f32, shape: [2], data: {file: \"%s\", offset: 0}}\n"),
                 names[i]);
        assert_status(pack_with(text, NULL, &c, &err), CKPT_E_MANIFEST);
        ck_assert_uint_eq(err.line, 5);
        ck_assert_uint_eq(err.column, 47);
    }
}
END_TEST

/* A random model, saved; its manifest, packed with the file as data, is the same model. */
START_TEST(a_model_packed_from_its_own_manifest_is_the_same) {
    char path[512];
    test_path(&directory, "x.ckpt", path, sizeof path);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        ckpt *c, *packed = NULL;
        ckpt_error err;
        char *text, difference[300];
        size_t size;
        assert_ok(random_model(seed, NULL, &c, &err));
        assert_ok(ckpt_save(c, path, NULL, &err));
        assert_ok(ckpt_manifest_write(c, &text, &size, &err));
        ckpt_pack_options options = {.struct_size = sizeof options, .data = path};
        ckpt_status status = pack_with(text, &options, &packed, &err);
        ck_assert_msg(status == CKPT_OK, "seed %d: %s", (int)seed, err.message);
        const char *found = models_differ(c, packed, difference, sizeof difference);
        ck_assert_msg(found == NULL, "seed %d: %s", (int)seed, found);
        ckpt_buffer_free(c, text, size + 1);
        ckpt_free(packed);
        ckpt_free(c);
    }
}
END_TEST

START_TEST(memory_runs_out_anywhere) {
    write_model("x.ckpt");
    write_bytes("x.npy", npy_2x2, sizeof npy_2x2 - 1);
    write_bytes("x.raw", "\x00\x00\x10\x41\x00\x00\x20\x41", 8);
    for (uint64_t fail_at = 1;; fail_at++) {
        fault_memory memory = {.fail_at = fail_at};
        ckpt_allocator hook = fault_memory_hook(&memory);
        ckpt_pack_options options = {.struct_size = sizeof options, .allocator = &hook};
        ckpt *c = NULL;
        ckpt_error err;
        ckpt_status status = pack_with(
            "ckpt-manifest: 1\nstorages: [{size: 16}]\nroot:\n  module: Net\n  members:\n"
            "    a: {module: A, members: {w: {parameter: f32, shape: [2, 2], data: x.ckpt}}}\n"
            "    c: {buffer: f32, shape: [2, 2], strides: [1, 2], data: x.npy}\n"
            "    d: {buffer: f32, shape: [2], storage: 0, data: {file: x.raw, offset: 0}}\n"
            "    e: {buffer: f32, shape: [2], storage: 0, storage_offset: 2, init: uniform}\n",
            &options, &c, &err);
        ck_assert_int_eq(status, memory.failures == 0 ? CKPT_OK : CKPT_E_NOMEM);
        ckpt_free(c);
        const char *complaint = fault_memory_complaint(&memory);
        ck_assert_msg(complaint == NULL, "request %d: %s", (int)fail_at, complaint);
        if (memory.failures == 0)
            break;
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pack");
    TCase *tests = tcase_create("pack");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, bytes_come_from_every_kind_of_file);
    tcase_add_test(tests, the_default_file_is_used_for_the_rest);
    tcase_add_test(tests, the_caller_can_name_the_default_file);
    tcase_add_test(tests, views_are_written_into_their_storage);
    tcase_add_test(tests, recipes_draw_from_one_stream_in_order);
    tcase_add_test(tests, refuses_with_line_and_column);
    tcase_add_test(tests, a_missing_file_is_not_found);
    tcase_add_test(tests, files_are_found_beside_the_manifest_only);
    tcase_add_test(tests, a_model_packed_from_its_own_manifest_is_the_same);
    tcase_add_test(tests, memory_runs_out_anywhere);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
