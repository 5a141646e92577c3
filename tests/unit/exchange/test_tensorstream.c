/* SPDX-License-Identifier: MIT */
#include "checkmain.h"
#include "exchange/tensorstream.h"
#include "faultmemory.h"
#include "randommodel.h"

#include "model/object.h"

#include <string.h>

/* What a stream gave. */
typedef struct taken {
    unsigned char *bytes;
    size_t size, room, pieces, largest;
    const void *first; /* where the first piece was */
} taken;

static ckpt_status take(void *ctx, const void *bytes, size_t size, ckpt_error *err) {
    taken *t = ctx;
    (void)err;
    ck_assert_uint_gt(size, 0);
    ck_assert_uint_le(size, t->room - t->size);
    memcpy(t->bytes + t->size, bytes, size);
    t->first = t->pieces == 0 ? bytes : t->first;
    t->size += size;
    t->pieces++;
    t->largest = size > t->largest ? size : t->largest;
    return CKPT_OK;
}

static taken stream(ckpt_tensor tensor) {
    ckpt_error err;
    taken t = {.room = (size_t)ckpt_tensor_nbytes(tensor)};
    t.bytes = malloc(t.room + 1);
    assert_ok(ck_tensor_stream(tensor, take, &t, &err));
    ck_assert_uint_eq(t.size, t.room);
    return t;
}

static void check_tensor(ckpt_tensor tensor) {
    ckpt_error err;
    taken t = stream(tensor);
    unsigned char *wanted = malloc(t.room + 1);
    assert_ok(ckpt_tensor_read(tensor, wanted, t.room, &err));
    ck_assert(memcmp(t.bytes, wanted, t.room) == 0);
    free(wanted);
    free(t.bytes);
}

static void check_all(ckpt *c) {
    for (uint32_t i = 0; i < ckpt_tensor_count(c); i++)
        check_tensor(ckpt_tensor_by_id(c, i));
}

static void check_saved(ckpt *c, bool compress) {
    ckpt_save_options options = {
        .struct_size = sizeof options, .chunk_size = 4096, .compress = compress};
    ckpt_error err;
    ckpt *opened;
    void *bytes;
    size_t size;
    assert_ok(ckpt_save_memory(c, &options, &bytes, &size, &err));
    assert_ok(ckpt_open_memory(bytes, size, NULL, NULL, &opened, &err));
    check_all(opened);
    ckpt_free(opened);
    ckpt_buffer_free(c, bytes, size);
}

START_TEST(random_models_stream_what_is_read) {
    for (uint64_t seed = 1; seed <= 150; seed++) {
        ckpt *c;
        ckpt_error err;
        assert_ok(random_model(seed, NULL, &c, &err));
        check_all(c);
        check_saved(c, false);
        check_saved(c, true);
        ckpt_free(c);
    }
}
END_TEST

/* ---- large tensors ---- */

enum { ROWS = 3000, COLUMNS = 1511 };

static uint32_t value_at(uint64_t i) {
    return (uint32_t)(i * 2654435761u);
}

/* What a provider was asked for. */
typedef struct asked {
    size_t largest;
    uint64_t total;
} asked;

static ckpt_status provide(void *ctx, uint64_t offset, size_t size, void *destination,
                           ckpt_error *err) {
    asked *a = ctx;
    (void)err;
    a->largest = size > a->largest ? size : a->largest;
    a->total += size;
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)destination)[i] =
            (unsigned char)(value_at((offset + i) / 4) >> (8 * ((offset + i) % 4)));
    return CKPT_OK;
}

static void close_nothing(void *ctx) {
    (void)ctx;
}

static ckpt_tensor view_of(ckpt_storage storage, bool transposed) {
    static const uint64_t shape[2] = {ROWS, COLUMNS}, other[2] = {COLUMNS, ROWS},
                          strides[2] = {1, COLUMNS};
    ckpt_tensor_spec spec = {.struct_size = sizeof spec, .dtype = CKPT_U32, .rank = 2};
    ckpt_tensor tensor;
    ckpt_error err;
    spec.shape = transposed ? other : shape;
    spec.strides = transposed ? strides : NULL;
    spec.is_buffer = true;
    assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
    return tensor;
}

static void check_values(ckpt_tensor tensor, bool transposed) {
    taken t = stream(tensor);
    uint64_t i = 0;
    for (uint64_t a = 0; a < (transposed ? COLUMNS : ROWS); a++) {
        for (uint64_t b = 0; b < (transposed ? ROWS : COLUMNS); b++, i++) {
            uint32_t got, wanted = value_at(transposed ? b * COLUMNS + a : a * COLUMNS + b);
            memcpy(&got, t.bytes + 4 * i, 4);
            quick_assert(got == wanted);
        }
    }
    ck_assert_uint_gt(t.pieces, 1);
    ck_assert_uint_le(t.largest, (size_t)(transposed ? 16 : 4) << 20);
    free(t.bytes);
}

START_TEST(large_tensors_come_in_pieces) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_create_options options = {sizeof options, &hook};
    ckpt_error err;
    ckpt_storage storage;
    ckpt *c;
    asked a = {0, 0};
    ck_provider provider = {&a, provide, close_nothing};
    assert_ok(ckpt_create(&options, &c, &err));
    assert_ok(ck_storage_provide(c, (uint64_t)4 * ROWS * COLUMNS, &provider, &storage, &err));
    ckpt_tensor dense = view_of(storage, false), transposed = view_of(storage, true);
    size_t before = memory.bytes;
    memory.peak = before;
    check_values(dense, false);
    ck_assert_uint_eq(a.total, (uint64_t)4 * ROWS * COLUMNS);
    ck_assert_uint_le(memory.peak - before, (size_t)9 << 20);
    a.total = 0;
    check_values(transposed, true);
    ck_assert_uint_le(a.total, (uint64_t)2 * 4 * ROWS * COLUMNS);
    ck_assert_uint_le(memory.peak - before, (size_t)21 << 20);
    ck_assert_uint_le(a.largest, (size_t)4 << 20);
    ckpt_free(c);
    ck_assert_msg(fault_memory_complaint(&memory) == NULL, "%s", fault_memory_complaint(&memory));
}
END_TEST

START_TEST(what_is_in_memory_is_not_copied) {
    ckpt_error err;
    ckpt_storage storage;
    ckpt *c;
    unsigned char *bytes = calloc(4 * ROWS, COLUMNS);
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_storage_borrow(c, bytes, (uint64_t)4 * ROWS * COLUMNS, &storage, &err));
    taken t = stream(view_of(storage, false));
    ck_assert_ptr_eq(t.first, bytes);
    free(t.bytes);
    t = stream(view_of(storage, true));
    ck_assert_ptr_ne(t.first, bytes);
    free(t.bytes);
    ckpt_free(c);
    free(bytes);
}
END_TEST

/* A chunk that has not its checksum is found on the way, in mapped files too. */
START_TEST(checksums_are_compared) {
    ckpt_error err;
    ckpt_storage storage;
    ckpt *c, *opened;
    void *saved;
    size_t size;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_storage_create(c, (uint64_t)4 * ROWS * COLUMNS, &storage, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "dense", view_of(storage, false), &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "view", view_of(storage, true), &err));
    assert_ok(ckpt_save_memory(c, NULL, &saved, &size, &err));
    assert_ok(ckpt_open_memory(saved, size, NULL, NULL, &opened, &err));
    uint64_t place = ckpt_describe_storage(ckpt_storage_by_id(opened, 0)).offset + 5000000;
    ((unsigned char *)saved)[place] ^= 1;
    for (int i = 0; i < 2; i++) {
        taken t = {.room = (size_t)4 * ROWS * COLUMNS};
        t.bytes = malloc(t.room);
        assert_status(ck_tensor_stream(ckpt_module_tensor(ckpt_root(opened), i ? "view" : "dense"),
                                       take, &t, &err),
                      CKPT_E_CHECKSUM);
        free(t.bytes);
    }
    ckpt_free(opened);
    ckpt_buffer_free(c, saved, size);
    ckpt_free(c);
}
END_TEST

START_TEST(a_range_is_inside_its_storage) {
    ckpt_error err;
    ckpt_storage storage;
    ckpt *c;
    taken t = {.room = 16, .bytes = malloc(16)};
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_storage_create(c, 16, &storage, &err));
    assert_ok(ck_storage_stream(storage, 16, 0, take, &t, &err));
    assert_ok(ck_storage_stream(storage, 5, 11, take, &t, &err));
    ck_assert_uint_eq(t.size, 11);
    assert_status(ck_storage_stream(storage, 5, 12, take, &t, &err), CKPT_E_BOUNDS);
    assert_status(ck_storage_stream(storage, UINT64_MAX, 2, take, &t, &err), CKPT_E_BOUNDS);
    ckpt_free(c);
    free(t.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tensorstream");
    TCase *tests = tcase_create("tensorstream");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, random_models_stream_what_is_read);
    tcase_add_test(tests, large_tensors_come_in_pieces);
    tcase_add_test(tests, what_is_in_memory_is_not_copied);
    tcase_add_test(tests, checksums_are_compared);
    tcase_add_test(tests, a_range_is_inside_its_storage);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
