/* SPDX-License-Identifier: MIT */
/* Tensors that do not fit their storages, or 64 bits, are refused (safety rules of overflow and of
 * views): a table of numbers at which unchecked arithmetic wraps. */
#include "buildnet.h"
#include "faultmemory.h"

static ckpt_error err;
static ckpt *c;
static fault_memory watched;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    ckpt_allocator allocator = fault_memory_hook(&watched);
    c = new_ckpt(&allocator);
}

static void teardown(void) {
    /* Nothing that was refused is there. */
    ck_assert_uint_eq(ckpt_tensor_count(c), 0);
    ckpt_free(c);
    ck_assert_ptr_null(fault_memory_complaint(&watched));
}

#define P(n) ((uint64_t)1 << (n))

static const struct {
    const char *what;
    ckpt_dtype dtype;
    uint64_t storage_size;
    uint32_t rank;
    uint64_t shape[3];
    uint64_t strides[3]; /* all zeros: none */
    uint64_t offset;
    ckpt_status status;
} refused[] = {
    {"one element too many", CKPT_F32, 16, 1, {5}, {0}, 0, CKPT_E_BOUNDS},
    {"one byte too few", CKPT_F32, 15, 1, {4}, {0}, 0, CKPT_E_BOUNDS},
    {"an offset too far", CKPT_F32, 16, 1, {4}, {0}, 1, CKPT_E_BOUNDS},
    {"an offset that wraps in bytes", CKPT_F32, 16, 1, {1}, {0}, P(62), CKPT_E_BOUNDS},
    {"an offset that wraps to 4", CKPT_F32, 16, 1, {1}, {0}, P(62) + 1, CKPT_E_BOUNDS},
    {"the greatest offset", CKPT_U8, 16, 1, {1}, {0}, UINT64_MAX, CKPT_E_BOUNDS},
    {"an offset behind the end without elements", CKPT_U8, 16, 1, {0}, {0}, 17, CKPT_E_BOUNDS},
    {"a scalar on nothing", CKPT_U8, 0, 0, {0}, {0}, 0, CKPT_E_BOUNDS},
    {"a product that wraps to 4",
     CKPT_F32,
     16,
     3,
     {4194305, 4194305, 211106198978564u},
     {0},
     0,
     CKPT_E_OVERFLOW},
    {"a product of 2^64", CKPT_U8, 16, 2, {P(32), P(32)}, {0}, 0, CKPT_E_OVERFLOW},
    {"a size of 2^63", CKPT_U8, 16, 1, {P(63)}, {0}, 0, CKPT_E_OVERFLOW},
    {"a size of 2^63 by the element", CKPT_F64, 16, 1, {P(60)}, {0}, 0, CKPT_E_OVERFLOW},
    {"a size of 2^63 - 1", CKPT_U8, 16, 1, {P(63) - 1}, {0}, 0, CKPT_E_BOUNDS},
    {"2^63 beside an extent of 0", CKPT_U8, 16, 2, {0, P(63)}, {0}, 0, CKPT_E_OVERFLOW},
    {"2^64 beside an extent of 0", CKPT_U8, 16, 3, {P(32), 0, P(32)}, {0}, 0, CKPT_E_OVERFLOW},
    {"an extent of 2^64 - 1", CKPT_U8, 16, 1, {UINT64_MAX}, {0}, 0, CKPT_E_OVERFLOW},
    {"a stride out of the storage", CKPT_U8, 16, 2, {2, 2}, {15, 1}, 0, CKPT_E_BOUNDS},
    {"a stride that fits by one less", CKPT_U8, 16, 2, {2, 3}, {14, 1}, 0, CKPT_E_BOUNDS},
    {"a stride of 2^63", CKPT_U8, 16, 2, {2, 1}, {P(63), 1}, 0, CKPT_E_OVERFLOW},
    {"a stride that wraps in bytes", CKPT_F32, 16, 2, {2, 1}, {P(62), 1}, 0, CKPT_E_BOUNDS},
    {"strides that wrap in the product", CKPT_U8, 16, 2, {5, 1}, {P(62), 1}, 0, CKPT_E_BOUNDS},
    {"strides that wrap in the sum",
     CKPT_U8,
     16,
     3,
     {3, 3, 1},
     {P(62), P(62), 1},
     0,
     CKPT_E_BOUNDS},
    {"strides that wrap with the offset", CKPT_U8, 16, 2, {3, 1}, {P(62), 1}, P(63), CKPT_E_BOUNDS},
    {"half a block", CKPT_F4_E2M1FN, 16, 1, {3}, {0}, 0, CKPT_E_SHAPE},
    {"half a block of six bits", CKPT_F6_E2M3FN, 16, 1, {6}, {0}, 0, CKPT_E_SHAPE},
    {"an offset inside a block", CKPT_F4_E2M1FN, 16, 1, {2}, {0}, 1, CKPT_E_SHAPE},
    {"blocks across rows", CKPT_Q4_0, 360, 2, {32, 1}, {0}, 0, CKPT_E_SHAPE},
    {"blocks without a dimension", CKPT_Q4_0, 18, 0, {0}, {0}, 0, CKPT_E_SHAPE},
    {"blocks with strides", CKPT_Q4_0, 360, 2, {2, 32}, {64, 1}, 0, CKPT_E_SHAPE},
    {"small elements with strides", CKPT_F4_E2M1FN, 16, 2, {2, 2}, {4, 1}, 0, CKPT_E_SHAPE},
};

START_TEST(what_does_not_fit_is_refused) {
    ckpt_storage storage;
    ckpt_tensor tensor;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = refused[_i].dtype,
                             .rank = refused[_i].rank,
                             .shape = refused[_i].shape,
                             .storage_offset = refused[_i].offset};
    if (refused[_i].strides[0] != 0)
        spec.strides = refused[_i].strides;
    assert_ok(ckpt_storage_create(c, refused[_i].storage_size, &storage, &err));
    ckpt_status status = ckpt_tensor_create(storage, &spec, &tensor, &err);
    ck_assert_msg(status == refused[_i].status, "%s: %s", refused[_i].what,
                  ckpt_status_name(status));
}
END_TEST

START_TEST(parameters_that_do_not_fit_memory_are_refused) {
    const uint64_t wraps[3] = {4194305, 4194305, 211106198978564u}, huge[1] = {P(62)};
    assert_status(ckpt_add_parameter(ckpt_root(c), "w", CKPT_F32, 3, wraps, NULL, NULL, &err),
                  CKPT_E_OVERFLOW);
    assert_status(ckpt_add_buffer(ckpt_root(c), "w", CKPT_F32, 1, huge, NULL, NULL, &err),
                  CKPT_E_OVERFLOW);
    assert_status(ckpt_add_buffer(ckpt_root(c), "w", CKPT_U8, 1, huge, NULL, NULL, &err),
                  CKPT_E_NOMEM);
    ckpt_storage storage;
    assert_status(ckpt_storage_create(c, P(63), &storage, &err), CKPT_E_OVERFLOW);
    assert_status(ckpt_storage_create(c, UINT64_MAX, &storage, &err), CKPT_E_OVERFLOW);
    assert_status(ckpt_storage_create(c, P(63) - 1, &storage, &err), CKPT_E_NOMEM);
    ck_assert_uint_eq(ckpt_storage_count(c), 0);
}
END_TEST

START_TEST(specs_that_are_none_are_refused) {
    ckpt_storage storage, none = {NULL, 0};
    ckpt_tensor tensor;
    uint64_t four = 4;
    assert_ok(ckpt_storage_create(c, 16, &storage, &err));
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_U8, .rank = 1, .shape = &four};
    assert_status(ckpt_tensor_create(none, &spec, &tensor, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_tensor_create(storage, NULL, &tensor, &err), CKPT_E_ARGUMENT);
    spec.struct_size = 4;
    assert_status(ckpt_tensor_create(storage, &spec, &tensor, &err), CKPT_E_ARGUMENT);
    spec.struct_size = sizeof spec;
    spec.shape = NULL;
    assert_status(ckpt_tensor_create(storage, &spec, &tensor, &err), CKPT_E_ARGUMENT);
    spec.shape = &four;
    spec.dtype = CKPT_DTYPE_OTHER;
    assert_status(ckpt_tensor_create(storage, &spec, &tensor, &err), CKPT_E_ARGUMENT);
    spec.dtype = CKPT_DTYPE_COUNT;
    assert_status(ckpt_tensor_create(storage, &spec, &tensor, &err), CKPT_E_ARGUMENT);
    spec.dtype = (ckpt_dtype)-1;
    assert_status(ckpt_tensor_create(storage, &spec, &tensor, &err), CKPT_E_ARGUMENT);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bounds");
    TCase *tests = tcase_create("bounds");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, what_does_not_fit_is_refused, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tests, parameters_that_do_not_fit_memory_are_refused);
    tcase_add_test(tests, specs_that_are_none_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
