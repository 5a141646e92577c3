/* SPDX-License-Identifier: MIT */
/* Tensors as views of storages: offsets, strides, scalars, tensors without elements, and how their
 * elements are read. Each test runs on what was built and on what was saved and opened again. */
#include "buildnet.h"

static ckpt_error err;
static ckpt *c;
static void *bytes;
static ckpt_storage storage;

enum { COUNT = 24 };

static void setup(void) {
    c = new_ckpt(NULL);
    bytes = NULL;
    assert_ok(ckpt_storage_create(c, COUNT * 4, &storage, &err));
    int32_t *elements = ckpt_storage_writable(storage);
    for (int i = 0; i < COUNT; i++)
        elements[i] = 100 + i;
}

static void teardown(void) {
    ckpt_free(c);
    free(bytes);
}

static void add_view(const char *name, uint32_t rank, const uint64_t *shape,
                     const uint64_t *strides, uint64_t offset) {
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_I32,
                             .rank = rank,
                             .shape = shape,
                             .strides = strides,
                             .storage_offset = offset};
    ckpt_tensor tensor;
    assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), name, tensor, &err));
}

static ckpt_tensor find(const char *name) {
    return ckpt_find_tensor(ckpt_root(c), name);
}

static void assert_elements(const char *name, size_t count, const int32_t *wanted) {
    int32_t got[64];
    float floats[64];
    ckpt_tensor tensor = find(name);
    ck_assert_uint_eq(ckpt_tensor_numel(tensor), count);
    ck_assert_uint_eq(ckpt_tensor_nbytes(tensor), count * 4);
    assert_ok(ckpt_tensor_read(tensor, got, count * 4, &err));
    ck_assert_mem_eq(got, wanted, count * 4);
    assert_ok(ckpt_tensor_read_as(tensor, CKPT_F32, floats, count * 4, &err));
    for (size_t i = 0; i < count; i++)
        ck_assert(floats[i] == (float)wanted[i]);
}

static void reopen(void) {
    void *before = bytes;
    c = saved_and_opened(c, &bytes);
    free(before);
}

START_TEST(a_dense_view_begins_at_its_offset) {
    const uint64_t shape[2] = {2, 3}, dense[2] = {3, 1};
    add_view("plain", 2, shape, NULL, 5);
    add_view("spelled", 2, shape, dense, 5);
    for (int pass = 0; pass < 2; pass++) {
        static const int32_t wanted[] = {105, 106, 107, 108, 109, 110};
        assert_elements("plain", 6, wanted);
        assert_elements("spelled", 6, wanted);
        ck_assert(ckpt_tensor_is_contiguous(find("plain")));
        ck_assert(ckpt_tensor_is_contiguous(find("spelled")));
        ck_assert_uint_eq(ckpt_tensor_stride(find("plain"), 0), 3);
        ck_assert_uint_eq(ckpt_tensor_stride(find("plain"), 1), 1);
        ck_assert_uint_eq(ckpt_tensor_stride(find("plain"), 2), 0);
        ck_assert_uint_eq(ckpt_tensor_storage_offset(find("plain")), 5);
        ck_assert(ckpt_storage_same(ckpt_tensor_storage(find("plain")),
                                    ckpt_tensor_storage(find("spelled"))));
        reopen();
    }
}
END_TEST

START_TEST(strides_are_followed) {
    const uint64_t shape[3] = {2, 3, 2}, strides[3] = {1, 4, 2}, row[1] = {4}, five[1] = {5};
    add_view("transposed", 3, shape, strides, 0);
    add_view("every fifth", 1, row, five, 2);
    for (int pass = 0; pass < 2; pass++) {
        static const int32_t transposed[] = {100, 102, 104, 106, 108, 110,
                                             101, 103, 105, 107, 109, 111};
        static const int32_t fifth[] = {102, 107, 112, 117};
        assert_elements("transposed", 12, transposed);
        assert_elements("every fifth", 4, fifth);
        ck_assert(!ckpt_tensor_is_contiguous(find("transposed")));
        ck_assert_uint_eq(ckpt_tensor_stride(find("transposed"), 1), 4);
        reopen();
    }
}
END_TEST

START_TEST(elements_may_stand_for_several_places) {
    const uint64_t shape[2] = {3, 2}, expanded[2] = {0, 1}, all_one[2] = {0, 0};
    const uint64_t window[2] = {4, 3}, sliding[2] = {1, 1};
    add_view("expanded", 2, shape, expanded, 23 - 1);
    add_view("one", 2, shape, all_one, 23);
    add_view("windows", 2, window, sliding, 0);
    for (int pass = 0; pass < 2; pass++) {
        static const int32_t expanded_wanted[] = {122, 123, 122, 123, 122, 123};
        static const int32_t one[] = {123, 123, 123, 123, 123, 123};
        static const int32_t windows[] = {100, 101, 102, 101, 102, 103,
                                          102, 103, 104, 103, 104, 105};
        assert_elements("expanded", 6, expanded_wanted);
        assert_elements("one", 6, one);
        assert_elements("windows", 12, windows);
        reopen();
    }
}
END_TEST

/* An extent of 1 may have any stride: no element is ever reached by it. */
START_TEST(the_stride_of_an_extent_of_one_means_nothing) {
    const uint64_t shape[3] = {1, 2, 1};
    const uint64_t strides[3] = {((uint64_t)1 << 63) - 1, 3, ((uint64_t)1 << 62) - 1};
    add_view("odd", 3, shape, strides, 1);
    for (int pass = 0; pass < 2; pass++) {
        static const int32_t wanted[] = {101, 104};
        assert_elements("odd", 2, wanted);
        reopen();
    }
}
END_TEST

START_TEST(a_scalar_has_one_element_and_no_extents) {
    add_view("scalar", 0, NULL, NULL, 7);
    for (int pass = 0; pass < 2; pass++) {
        static const int32_t wanted[] = {107};
        assert_elements("scalar", 1, wanted);
        ck_assert_uint_eq(ckpt_tensor_rank(find("scalar")), 0);
        ck_assert(ckpt_tensor_is_contiguous(find("scalar")));
        reopen();
    }
}
END_TEST

START_TEST(a_tensor_without_elements_takes_no_bytes) {
    const uint64_t shape[3] = {3, 0, (uint64_t)1 << 40}, odd[3] = {7, 9, 11};
    const void *data;
    char nothing;
    add_view("empty", 3, shape, NULL, COUNT);
    add_view("empty with strides", 3, shape, odd, 0);
    assert_ok(ckpt_storage_create(c, 0, &storage, &err));
    add_view("on nothing", 3, shape, NULL, 0);
    for (int pass = 0; pass < 2; pass++) {
        static const char *const names[] = {"empty", "empty with strides", "on nothing"};
        for (int i = 0; i < 3; i++) {
            ckpt_tensor tensor = find(names[i]);
            ck_assert_uint_eq(ckpt_tensor_numel(tensor), 0);
            ck_assert_uint_eq(ckpt_tensor_nbytes(tensor), 0);
            ck_assert_uint_eq(ckpt_tensor_shape(tensor)[2], (uint64_t)1 << 40);
            ck_assert(ckpt_tensor_is_contiguous(tensor));
            assert_ok(ckpt_tensor_read(tensor, &nothing, 0, &err));
            assert_ok(ckpt_tensor_read_as(tensor, CKPT_F64, &nothing, 0, &err));
            assert_ok(ckpt_tensor_data(tensor, &data, &err));
            ck_assert_ptr_nonnull(data);
        }
        reopen();
    }
}
END_TEST

START_TEST(sixty_four_extents_are_enough) {
    uint64_t shape[65], strides[65];
    for (int i = 0; i < 65; i++) {
        shape[i] = i % 16 == 3 ? 2 : 1;
        strides[i] = i % 16 == 3 ? (uint64_t)(1 + i / 16) : 1;
    }
    add_view("deep", 64, shape, strides, 0);
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_I32, .rank = 65, .shape = shape};
    ckpt_tensor tensor;
    assert_status(ckpt_tensor_create(storage, &spec, &tensor, &err), CKPT_E_ARGUMENT);
    for (int pass = 0; pass < 2; pass++) {
        int32_t wanted[16];
        for (int i = 0; i < 16; i++)
            wanted[i] = 100 + (i & 1) * 4 + (i >> 1 & 1) * 3 + (i >> 2 & 1) * 2 + (i >> 3 & 1);
        ck_assert_uint_eq(ckpt_tensor_rank(find("deep")), 64);
        assert_elements("deep", 16, wanted);
        reopen();
    }
}
END_TEST

START_TEST(a_wrong_size_is_refused_before_anything_is_written) {
    const uint64_t shape[1] = {2};
    unsigned char buffer[64];
    add_view("two", 1, shape, NULL, 0);
    memset(buffer, 0x77, sizeof buffer);
    assert_status(ckpt_tensor_read(find("two"), buffer, 7, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_tensor_read(find("two"), buffer, 9, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_tensor_read_as(find("two"), CKPT_F64, buffer, 8, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_tensor_read_as(find("two"), CKPT_I32, buffer, 8, &err), CKPT_E_ARGUMENT);
    for (size_t i = 0; i < sizeof buffer; i++)
        ck_assert_uint_eq(buffer[i], 0x77);
}
END_TEST

START_TEST(data_points_at_the_first_element) {
    const uint64_t shape[1] = {2};
    const void *data;
    add_view("two", 1, shape, NULL, 9);
    for (int pass = 0; pass < 2; pass++) {
        assert_ok(ckpt_tensor_data(find("two"), &data, &err));
        int32_t first;
        memcpy(&first, data, sizeof first);
        ck_assert_int_eq(first, 109);
        reopen();
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("views");
    TCase *tests = tcase_create("views");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_dense_view_begins_at_its_offset);
    tcase_add_test(tests, strides_are_followed);
    tcase_add_test(tests, elements_may_stand_for_several_places);
    tcase_add_test(tests, the_stride_of_an_extent_of_one_means_nothing);
    tcase_add_test(tests, a_scalar_has_one_element_and_no_extents);
    tcase_add_test(tests, a_tensor_without_elements_takes_no_bytes);
    tcase_add_test(tests, sixty_four_extents_are_enough);
    tcase_add_test(tests, a_wrong_size_is_refused_before_anything_is_written);
    tcase_add_test(tests, data_points_at_the_first_element);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
