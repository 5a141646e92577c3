/* SPDX-License-Identifier: MIT */
/* Whatever fresh memory holds, and wherever it lies, the same model gives the same bytes: nothing
 * that was not meant to be written gets into a file. */
#include "checkmain.h"
#include "faultmemory.h"
#include "randommodel.h"

#include <string.h>

enum { SEEDS = 60 };

/* Builds, saves, opens, changes and saves again; the second file, to be freed. */
static unsigned char *make_file(uint64_t seed, unsigned char poison, size_t *ret_size) {
    static const uint64_t shape[2] = {3, 3};
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    memory.poison = poison;
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_create_options create = {sizeof create, &hook};
    ckpt_open_options open = {.struct_size = sizeof open, .allocator = &hook};
    ckpt *built, *opened;
    void *first, *second;
    size_t first_size, second_size;
    ckpt_error err;
    assert_ok(random_model(seed, &create, &built, &err));
    assert_ok(ckpt_save_memory(built, NULL, &first, &first_size, &err));
    assert_ok(ckpt_open_memory(first, first_size, NULL, &open, &opened, &err));
    assert_ok(ckpt_add_buffer(ckpt_root(opened), "added", CKPT_I16, 2, shape, NULL, NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(opened), "added", ckpt_list(), NULL, &err));
    assert_ok(ckpt_save_memory(opened, NULL, &second, &second_size, &err));
    unsigned char *copy = malloc(second_size);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, second, second_size);
    *ret_size = second_size;
    ckpt_buffer_free(opened, second, second_size);
    ckpt_free(opened);
    ckpt_buffer_free(built, first, first_size);
    ckpt_free(built);
    const char *complaint = fault_memory_complaint(&memory);
    ck_assert_msg(complaint == NULL, "%s", complaint);
    return copy;
}

START_TEST(fresh_memory_does_not_show) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        size_t size, other_size;
        unsigned char *bytes = make_file(seed, 0x11, &size);
        unsigned char *other = make_file(seed, 0xee, &other_size);
        ck_assert_uint_eq(size, other_size);
        size_t i = 0;
        while (i < size && bytes[i] == other[i])
            i++;
        ck_assert_msg(i == size, "seed %llu: byte %zu was never written", (unsigned long long)seed,
                      i);
        free(bytes);
        free(other);
    }
}
END_TEST

START_TEST(new_storages_are_zero) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_create_options create = {sizeof create, &hook};
    static const uint64_t shape[1] = {100};
    unsigned char bytes[100];
    ckpt *c;
    ckpt_tensor tensor;
    ckpt_error err;
    assert_ok(ckpt_create(&create, &c, &err));
    assert_ok(ckpt_add_buffer(ckpt_root(c), "zeros", CKPT_U8, 1, shape, NULL, &tensor, &err));
    assert_ok(ckpt_tensor_read(tensor, bytes, sizeof bytes, &err));
    for (size_t i = 0; i < sizeof bytes; i++)
        ck_assert_msg(bytes[i] == 0, "byte %zu is not zero", i);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("poison");
    TCase *tests = tcase_create("poison");
    tcase_add_test(tests, fresh_memory_does_not_show);
    tcase_add_test(tests, new_storages_are_zero);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
