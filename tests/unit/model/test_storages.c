/* SPDX-License-Identifier: MIT */
/* Storages: owned, borrowed, linked to those of other checkpoints, and handed over with them. */
#include "buildnet.h"
#include "faultmemory.h"

static ckpt_error err;
static fault_memory watched;
static ckpt_allocator allocator;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    allocator = fault_memory_hook(&watched);
}

static void teardown(void) {
    ck_assert_ptr_null(fault_memory_complaint(&watched));
}

START_TEST(a_created_storage_is_zero_and_writable) {
    ckpt *c = new_ckpt(&allocator);
    ckpt_storage storage;
    const void *data;
    char buffer[5] = "xxxx";
    assert_ok(ckpt_storage_create(c, 1000, &storage, &err));
    ck_assert_uint_eq(ckpt_storage_size(storage), 1000);
    assert_ok(ckpt_storage_read(storage, 996, 4, buffer, &err));
    ck_assert_mem_eq(buffer, "\0\0\0\0", 4);
    char *bytes = ckpt_storage_writable(storage);
    memcpy(bytes + 996, "last", 4);
    assert_ok(ckpt_storage_data(storage, &data, &err));
    ck_assert_ptr_eq(data, bytes);
    assert_ok(ckpt_storage_read(storage, 996, 4, buffer, &err));
    ck_assert_str_eq(buffer, "last");
    ckpt_free(c);
}
END_TEST

START_TEST(a_borrowed_storage_is_not_copied) {
    ckpt *c = new_ckpt(&allocator);
    ckpt_storage storage;
    const void *data;
    static const char content[] = "content";
    assert_ok(ckpt_storage_borrow(c, content, sizeof content, &storage, &err));
    assert_ok(ckpt_storage_data(storage, &data, &err));
    ck_assert_ptr_eq(data, content);
    ck_assert_ptr_null(ckpt_storage_writable(storage));
    assert_status(ckpt_storage_borrow(c, NULL, 1, &storage, &err), CKPT_E_ARGUMENT);
    assert_ok(ckpt_storage_borrow(c, NULL, 0, &storage, &err));
    assert_ok(ckpt_storage_data(storage, &data, &err));
    ck_assert_ptr_nonnull(data);
    ckpt_free(c);
}
END_TEST

START_TEST(ranges_outside_are_refused) {
    ckpt *c = new_ckpt(&allocator);
    ckpt_storage storage;
    char buffer[32];
    assert_ok(ckpt_storage_create(c, 16, &storage, &err));
    assert_ok(ckpt_storage_read(storage, 16, 0, buffer, &err));
    assert_status(ckpt_storage_read(storage, 17, 0, buffer, &err), CKPT_E_BOUNDS);
    assert_status(ckpt_storage_read(storage, 0, 17, buffer, &err), CKPT_E_BOUNDS);
    assert_status(ckpt_storage_read(storage, 15, 2, buffer, &err), CKPT_E_BOUNDS);
    assert_status(ckpt_storage_read(storage, UINT64_MAX, 2, buffer, &err), CKPT_E_BOUNDS);
    assert_status(ckpt_storage_read(storage, 2, SIZE_MAX - 1, buffer, &err), CKPT_E_BOUNDS);
    ckpt_free(c);
}
END_TEST

START_TEST(a_linked_storage_has_the_bytes_of_the_other) {
    ckpt *a = new_ckpt(&allocator), *b = new_ckpt(&allocator), *third = new_ckpt(&allocator);
    ckpt_storage first, second, last;
    char buffer[4] = "";
    assert_ok(ckpt_storage_create(a, 16, &first, &err));
    assert_ok(ckpt_storage_link(b, first, &second, &err));
    assert_ok(ckpt_storage_link(third, second, &last, &err));
    /* Written after the link was made: it is read when it is needed. */
    memcpy(ckpt_storage_writable(first), "abc", 3);
    ck_assert_ptr_null(ckpt_storage_writable(last));
    ck_assert_uint_eq(ckpt_storage_size(last), 16);
    assert_ok(ckpt_storage_read(last, 0, 3, buffer, &err));
    ck_assert_str_eq(buffer, "abc");
    assert_status(ckpt_storage_link(a, first, &second, &err), CKPT_E_ARGUMENT);
    /* The last one takes the others with it. */
    assert_ok(ckpt_attach(b, a, &err));
    assert_ok(ckpt_attach(third, b, &err));
    ckpt_free(third);
}
END_TEST

/* A checkpoint of links is saved like any other; the file has the bytes. */
START_TEST(links_into_an_opened_checkpoint_are_saved) {
    ckpt *source = new_ckpt(&allocator), *target = new_ckpt(&allocator);
    const uint64_t shape[1] = {3};
    static const float values[3] = {1, 2, 3};
    void *bytes, *more;
    float got[3];
    assert_ok(ckpt_add_parameter(ckpt_root(source), "w", CKPT_F32, 1, shape, values, NULL, &err));
    source = saved_and_opened(source, &bytes);
    ckpt_storage linked;
    ckpt_tensor tensor;
    assert_ok(ckpt_storage_link(target, ckpt_storage_by_id(source, 0), &linked, &err));
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_F32, .rank = 1, .shape = shape};
    assert_ok(ckpt_tensor_create(linked, &spec, &tensor, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(target), "x", tensor, &err));
    assert_ok(ckpt_attach(target, source, &err));
    target = saved_and_opened(target, &more);
    assert_ok(ckpt_tensor_read(ckpt_find_tensor(ckpt_root(target), "x"), got, sizeof got, &err));
    ck_assert_mem_eq(got, values, sizeof values);
    ckpt_free(target);
    free(bytes);
    free(more);
}
END_TEST

START_TEST(a_dense_parameter_copies_its_data) {
    ckpt *c = new_ckpt(&allocator);
    const uint64_t shape[2] = {2, 2};
    float values[4] = {1, 2, 3, 4}, got[4];
    ckpt_tensor weight, steps;
    assert_ok(
        ckpt_add_parameter(ckpt_root(c), "weight", CKPT_F32, 2, shape, values, &weight, &err));
    assert_ok(ckpt_add_buffer(ckpt_root(c), "steps", CKPT_I64, 0, NULL, NULL, &steps, &err));
    values[0] = 9;
    assert_ok(ckpt_tensor_read(weight, got, sizeof got, &err));
    ck_assert(got[0] == 1 && got[3] == 4);
    ck_assert(ckpt_tensor_is_parameter(weight) && ckpt_tensor_requires_grad(weight));
    ck_assert(!ckpt_tensor_is_parameter(steps) && !ckpt_tensor_requires_grad(steps));
    int64_t count = 7;
    assert_ok(ckpt_tensor_read(steps, &count, sizeof count, &err));
    ck_assert_int_eq(count, 0);
    ckpt_free(c);
}
END_TEST

START_TEST(gradients_belong_to_parameters_of_floats) {
    ckpt *c = new_ckpt(&allocator);
    ckpt_storage storage;
    assert_ok(ckpt_storage_create(c, 16, &storage, &err));
    for (int i = 0; i < 8; i++) {
        ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                                 .dtype = i & 1 ? CKPT_F32 : CKPT_I32,
                                 .is_buffer = i & 2,
                                 .no_grad = i & 4};
        ckpt_tensor tensor;
        assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
        ck_assert_int_eq(ckpt_tensor_requires_grad(tensor), i == 1);
    }
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("storages");
    TCase *tests = tcase_create("storages");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_created_storage_is_zero_and_writable);
    tcase_add_test(tests, a_borrowed_storage_is_not_copied);
    tcase_add_test(tests, ranges_outside_are_refused);
    tcase_add_test(tests, a_linked_storage_has_the_bytes_of_the_other);
    tcase_add_test(tests, links_into_an_opened_checkpoint_are_saved);
    tcase_add_test(tests, a_dense_parameter_copies_its_data);
    tcase_add_test(tests, gradients_belong_to_parameters_of_floats);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
