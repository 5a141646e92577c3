/* SPDX-License-Identifier: MIT */
/* Views whose runs overlap and lie in no order: memory is bounded whatever they span, and nothing
 * is read much more often than once. */
#include "checkmain.h"
#include "faultmemory.h"

#include "model/object.h"

#include <string.h>

enum { ROWS = 1 << 17, COLUMNS = 3, STRIDE = 120, STEP = 113, EXTENT = ROWS * STRIDE + 2 * STEP };

static uint32_t value_at(uint64_t i) {
    return (uint32_t)(i * 2654435761u);
}

static ckpt_status provide(void *ctx, uint64_t offset, size_t size, void *destination,
                           ckpt_error *err) {
    uint64_t *total = ctx;
    (void)err;
    quick_assert(offset % 4 == 0 && size % 4 == 0);
    *total += size;
    for (size_t i = 0; i < size / 4; i++) {
        uint32_t value = value_at(offset / 4 + i);
        memcpy((unsigned char *)destination + 4 * i, &value, 4);
    }
    return CKPT_OK;
}

static void close_nothing(void *ctx) {
    (void)ctx;
}

/* swapped: the long dimension is the inner one. */
static ckpt_tensor view_of(ckpt_storage storage, bool swapped) {
    uint64_t shape[2] = {ROWS, COLUMNS}, strides[2] = {STRIDE, STEP};
    uint64_t other_shape[3] = {COLUMNS, 2, ROWS / 2}, other[3] = {STEP, STRIDE - 1, 2 * STRIDE};
    ckpt_tensor_spec spec = {.struct_size = sizeof spec, .dtype = CKPT_U32, .is_buffer = true};
    ckpt_tensor tensor;
    ckpt_error err;
    spec.rank = swapped ? 3 : 2;
    spec.shape = swapped ? other_shape : shape;
    spec.strides = swapped ? other : strides;
    assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
    return tensor;
}

static void check(const uint32_t *got, bool swapped) {
    for (uint64_t r = 0; r < ROWS; r++) {
        for (uint64_t k = 0; k < COLUMNS; k++) {
            uint64_t half = r % 2, place = r * STRIDE + k * STEP - (swapped ? half : 0);
            uint64_t at = swapped ? (k * 2 + half) * (ROWS / 2) + r / 2 : r * COLUMNS + k;
            quick_assert(got[at] == value_at(place));
        }
    }
}

START_TEST(a_view_that_spans_much_needs_little_memory) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_create_options options = {sizeof options, &hook};
    uint64_t total = 0;
    ck_provider provider = {&total, provide, close_nothing};
    uint32_t *got = malloc(4 * ROWS * COLUMNS);
    ckpt_storage storage;
    ckpt_error err;
    ckpt *c;
    assert_ok(ckpt_create(&options, &c, &err));
    assert_ok(ck_storage_provide(c, (uint64_t)4 * EXTENT, &provider, &storage, &err));
    ckpt_tensor tensor = view_of(storage, _i != 0);
    size_t before = memory.bytes;
    memory.peak = before;
    assert_ok(ckpt_tensor_read(tensor, got, 4 * ROWS * COLUMNS, &err));
    check(got, _i != 0);
    ck_assert_uint_le(memory.peak - before, (size_t)5 << 20);
    ck_assert_uint_le(total, (uint64_t)4 * EXTENT);
    ckpt_free(c);
    free(got);
    ck_assert_msg(fault_memory_complaint(&memory) == NULL, "%s", fault_memory_complaint(&memory));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("slicememory");
    TCase *tests = tcase_create("slicememory");
    tcase_add_loop_test(tests, a_view_that_spans_much_needs_little_memory, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
