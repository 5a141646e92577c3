/* SPDX-License-Identifier: MIT */
/* What .npz and .npy files cannot hold, and that it is told. That NumPy reads the files, and the
 * library those of NumPy, is shown in tests/interop/archives. */
#include "checkmain.h"
#include "testrandom.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static ckpt_error err;
static ckpt *c;
static void *saved;
static size_t saved_size;
static char losses[4096]; /* lines of kind and name */

static void setup(void) {
    losses[0] = '\0';
    saved = NULL;
    assert_ok(ckpt_create(NULL, &c, &err));
}

static void teardown(void) {
    ckpt_buffer_free(c, saved, saved_size);
    ckpt_free(c);
}

static void note(void *ctx, const ckpt_loss *loss) {
    char line[300];
    (void)ctx;
    snprintf(line, sizeof line, "%s %s\n", ckpt_loss_kind_name(loss->kind), loss->name);
    ck_assert_uint_lt(strlen(losses) + strlen(line), sizeof losses);
    strcat(losses, line);
}

static ckpt_status save(const char *format) {
    ckpt_save_options options = {.struct_size = sizeof options, .format = format, .on_loss = note};
    return ckpt_save_memory(c, &options, &saved, &saved_size, &err);
}

static ckpt *reopen(void) {
    ckpt *again = NULL;
    assert_ok(ckpt_open_memory(saved, saved_size, "again", NULL, &again, &err));
    return again;
}

static ckpt_tensor add(const char *name, ckpt_dtype dtype, uint64_t extent, const void *data) {
    ckpt_tensor tensor;
    assert_ok(ckpt_add_parameter(ckpt_root(c), name, dtype, 1, &extent, data, &tensor, &err));
    return tensor;
}

START_TEST(types_that_numpy_has_not_are_widened) {
    static const ckpt_dtype types[] = {CKPT_BF16,        CKPT_F8_E4M3FN,   CKPT_F8_E5M2,
                                       CKPT_F8_E4M3FNUZ, CKPT_F8_E5M2FNUZ, CKPT_F8_E8M0FNU,
                                       CKPT_F6_E2M3FN,   CKPT_F6_E3M2FN,   CKPT_F4_E2M1FN};
    enum { TYPES = sizeof types / sizeof types[0], COUNT = 100003 };
    static unsigned char bytes[2 * COUNT];
    static float wanted[COUNT], got[COUNT];
    test_random random = {3};
    random_fill(&random, bytes, sizeof bytes);
    for (int i = 0; i < TYPES; i++)
        add(ckpt_dtype_describe(types[i]).name, types[i],
            types[i] == CKPT_F4_E2M1FN ? COUNT - 1 : COUNT - 3, bytes);
    assert_ok(save("npz"));
    ckpt *again = reopen();
    for (int i = 0; i < TYPES; i++) {
        const char *name = ckpt_dtype_describe(types[i]).name;
        ckpt_tensor before = ckpt_find_tensor(ckpt_root(c), name);
        ckpt_tensor after = ckpt_find_tensor(ckpt_root(again), name);
        size_t size = (size_t)ckpt_tensor_numel(before) * sizeof(float);
        char line[64];
        snprintf(line, sizeof line, "dtype %s\n", name);
        ck_assert_ptr_nonnull(strstr(losses, line));
        ck_assert_int_eq(ckpt_tensor_dtype(after), CKPT_F32);
        ck_assert_uint_eq(ckpt_tensor_numel(after), ckpt_tensor_numel(before));
        assert_ok(ckpt_tensor_read_as(before, CKPT_F32, wanted, size, &err));
        assert_ok(ckpt_tensor_read(after, got, size, &err));
        ck_assert_msg(memcmp(wanted, got, size) == 0, "%s", name);
    }
    ckpt_free(again);
}
END_TEST

START_TEST(half_complex_numbers_are_widened) {
    static const uint16_t bytes[] = {0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x7c00};
    static const uint64_t shape[] = {3};
    float got[6];
    static const float wanted[] = {1.0f, -2.0f, 0x1p-24f, 65504.0f, -0.0f, INFINITY};
    for (int i = 0; i < 2; i++) {
        const char *format = i == 0 ? "npz" : "npy";
        if (i == 0)
            assert_ok(ckpt_add_parameter(ckpt_root(c), "array", CKPT_COMPLEX32, 1, shape, bytes,
                                         NULL, &err));
        ckpt_buffer_free(c, saved, saved_size);
        assert_ok(save(format));
        ckpt *again = reopen();
        ckpt_tensor after = ckpt_find_tensor(ckpt_root(again), "array");
        ck_assert_str_eq(ckpt_describe_file(again).format, format);
        ck_assert_int_eq(ckpt_tensor_dtype(after), CKPT_COMPLEX64);
        assert_ok(ckpt_tensor_read(after, got, sizeof got, &err));
        ck_assert_int_eq(memcmp(got, wanted, sizeof got), 0);
        ckpt_free(again);
    }
}
END_TEST

START_TEST(blocks_are_refused_by_name) {
    static const unsigned char bytes[18];
    add("layer", CKPT_Q4_0, 32, bytes);
    assert_status(save("npz"), CKPT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "layer"));
    ck_assert_ptr_nonnull(strstr(err.message, "q4_0"));
    ck_assert_ptr_null(saved);
    assert_status(save("npy"), CKPT_E_UNSUPPORTED);
}
END_TEST

START_TEST(what_is_lost_is_told) {
    static const float numbers[6] = {1, 2, 3, 4, 5, 6};
    static const uint64_t shape[] = {2, 3}, swapped[] = {3, 2}, strides[] = {1, 3};
    ckpt_module layer, empty;
    ckpt_tensor weight, view;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 2,
                             .shape = swapped,
                             .strides = strides};
    assert_ok(ckpt_add_module(ckpt_root(c), "layer", "Linear", &layer, &err));
    assert_ok(ckpt_add_module(ckpt_root(c), "act", "ReLU", &empty, &err));
    assert_ok(ckpt_add_parameter(layer, "weight", CKPT_F32, 2, shape, numbers, &weight, &err));
    assert_ok(ckpt_add_tensor(layer, "tied", weight, &err));
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(weight), &spec, &view, &err));
    assert_ok(ckpt_add_tensor(layer, "view", view, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "note", ckpt_string("text"), NULL, &err));
    assert_ok(save("npz"));
    static const char *const told[] = {"tie layer.tied\n", "tie layer.view\n", "view layer.view\n",
                                       "metadata note\n",  "module layer\n",   "module act\n"};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        ck_assert_msg(strstr(losses, told[i]) != NULL, "%s not in\n%s", told[i], losses);
    ckpt *again = reopen();
    float got[6];
    ck_assert_uint_eq(ckpt_tensor_count(again), 3);
    assert_ok(
        ckpt_tensor_read(ckpt_find_tensor(ckpt_root(again), "layer.view"), got, sizeof got, &err));
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(got[i], numbers[i % 2 * 3 + i / 2]);
    ckpt_free(again);
}
END_TEST

START_TEST(names_that_lead_elsewhere_are_changed) {
    static const char *const names[] = {"a\\b", "/etc/x", "a//b", "a_b", "c:x", "a/b"};
    static const char *const wanted[] = {"a_b~2", "_etc_x", "a__b", "a_b", "c_x", "a/b"};
    static const unsigned char bytes[] = {7};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const uint64_t shape[] = {1};
        assert_ok(ckpt_add_buffer(ckpt_root(c), names[i], CKPT_U8, 1, shape, bytes, NULL, &err));
    }
    assert_ok(save("npz"));
    ckpt *again = reopen();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "name %s\n", names[i]);
        bool changed = strcmp(names[i], wanted[i]) != 0;
        ck_assert_msg((strstr(losses, line) != NULL) == changed, "%s", names[i]);
        ck_assert_msg(ckpt_tensor_exists(ckpt_find_tensor(ckpt_root(again), wanted[i])), "%s",
                      wanted[i]);
    }
    ckpt_free(again);
}
END_TEST

/* Stops when it is called for the second time. */
START_TEST(the_longest_names_come_back) {
    static char name[65000];
    float number = 1;
    memset(name, 'n', sizeof name - 1);
    add(name, CKPT_F32, 1, &number);
    assert_ok(save("npz"));
    ckpt *again = reopen();
    ck_assert_str_eq(ckpt_describe_file(again).format, "npz");
    ck_assert(ckpt_tensor_exists(ckpt_find_tensor(ckpt_root(again), name)));
    ckpt_free(again);
}
END_TEST

static bool stop(void *ctx, uint64_t done, uint64_t total) {
    unsigned *calls = ctx;
    ck_assert_uint_le(done, total);
    return ++*calls < 2;
}

START_TEST(progress_can_stop_a_save) {
    static const float numbers[1000];
    unsigned calls = 0;
    ckpt_save_options options = {
        .struct_size = sizeof options, .format = "npz", .progress = stop, .ctx = &calls};
    add("a", CKPT_F32, 1000, numbers);
    add("b", CKPT_F32, 1000, numbers);
    assert_status(ckpt_save_memory(c, &options, &saved, &saved_size, &err), CKPT_E_CANCELLED);
    ck_assert_uint_eq(calls, 2);
    ck_assert_ptr_null(saved);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("npz");
    TCase *tests = tcase_create("npz");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, types_that_numpy_has_not_are_widened);
    tcase_add_test(tests, half_complex_numbers_are_widened);
    tcase_add_test(tests, blocks_are_refused_by_name);
    tcase_add_test(tests, what_is_lost_is_told);
    tcase_add_test(tests, names_that_lead_elsewhere_are_changed);
    tcase_add_test(tests, the_longest_names_come_back);
    tcase_add_test(tests, progress_can_stop_a_save);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
