/* SPDX-License-Identifier: MIT */
/* ckpt_digest as a function: progress, failures, memory, bytes read. */
#include "digestcheck.h"
#include "faultmemory.h"
#include "randommodel.h"

#include <string.h>

#define MIB ((size_t)1 << 20)

typedef struct account {
    unsigned calls;
    unsigned stop_at; /* the call that says stop; 0: none */
    uint64_t done, total;
} account;

static bool keep_account(void *ctx, uint64_t done, uint64_t total) {
    account *a = ctx;
    ck_assert_uint_gt(done, a->done);
    ck_assert_uint_le(done, total);
    a->done = done;
    a->total = total;
    return ++a->calls != a->stop_at;
}

/* Two storages that are borrowed, so that none of the memory is theirs. */
static ckpt *large_model(const ckpt_create_options *options, const void *bytes, size_t size) {
    ckpt *c;
    assert_ok(ckpt_create(options, &c, &err));
    for (int i = 0; i < 2; i++) {
        const uint64_t shape[] = {size - (size_t)i};
        ckpt_tensor_spec spec = {
            .struct_size = sizeof spec, .dtype = CKPT_U8, .rank = 1, .shape = shape};
        ckpt_storage storage;
        ckpt_tensor tensor;
        assert_ok(ckpt_storage_borrow(c, bytes, size - (size_t)i, &storage, &err));
        assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
        assert_ok(ckpt_add_tensor(ckpt_root(c), i == 0 ? "a" : "b", tensor, &err));
    }
    return c;
}

START_TEST(progress_and_an_end_before_it) {
    unsigned char *bytes = calloc(1, 5 * MIB);
    ckpt *c = large_model(NULL, bytes, 5 * MIB);
    account a = {0, 0, 0, 0};
    ckpt_digest_options options = {
        .struct_size = sizeof options, .progress = keep_account, .ctx = &a};
    uint8_t digest[CKPT_DIGEST_SIZE] = {7};
    assert_ok(ckpt_digest(c, &options, digest, &err));
    ck_assert_uint_eq(a.done, 10 * MIB - 1);
    ck_assert_uint_eq(a.total, 10 * MIB - 1);
    ck_assert_uint_ge(a.calls, 4);
    memset(digest, 7, sizeof digest);
    a = (account){0, 3, 0, 0};
    assert_status(ckpt_digest(c, &options, digest, &err), CKPT_E_CANCELLED);
    ck_assert_uint_eq(a.calls, 3);
    ck_assert_uint_eq(digest[0], 7);
    ckpt_free(c);
    free(bytes);
}
END_TEST

START_TEST(memory_does_not_grow_with_the_storages) {
    fault_memory memory = {0};
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_create_options options = {.struct_size = sizeof options, .allocator = &hook};
    unsigned char *bytes = calloc(1, 40 * MIB);
    ckpt *c = large_model(&options, bytes, 40 * MIB);
    memory.peak = memory.bytes;
    size_t before = memory.bytes;
    digest_of(c);
    ck_assert_uint_le(memory.peak - before, MIB + 65536);
    ck_assert_uint_eq(memory.bytes, before);
    ckpt_free(c);
    ck_assert_ptr_null(fault_memory_complaint(&memory));
    free(bytes);
}
END_TEST

static uint64_t bytes_asked;

static int count_bytes(void *ctx, void *buffer, size_t size, uint64_t offset) {
    memcpy(buffer, (const unsigned char *)ctx + offset, size);
    bytes_asked += size;
    return 0;
}

/* Chunks that are larger than a piece, seen through a link: no byte is asked for twice. */
START_TEST(large_chunks_are_read_once) {
    const ckpt_save_options options = {.struct_size = sizeof options, .chunk_size = 4 * MIB};
    ckpt_reader reader = {.read_at = count_bytes};
    ckpt *c[3];
    void *data;
    size_t size;
    unsigned char *bytes = calloc(1, 9 * MIB);
    c[0] = large_model(NULL, bytes, 9 * MIB);
    known_digest wanted = digest_of(c[0]);
    assert_ok(ckpt_save_memory(c[0], &options, &data, &size, &err));
    reader.ctx = data;
    reader.size = size;
    assert_ok(ckpt_open_reader(&reader, NULL, NULL, &c[1], &err));
    assert_ok(ckpt_create(NULL, &c[2], &err));
    for (uint32_t i = 0; i < 2; i++) {
        ckpt_storage storage;
        ckpt_tensor tensor = ckpt_tensor_by_id(c[1], i);
        ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                                 .dtype = CKPT_U8,
                                 .rank = 1,
                                 .shape = ckpt_tensor_shape(tensor)};
        assert_ok(ckpt_storage_link(c[2], ckpt_tensor_storage(tensor), &storage, &err));
        assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
        assert_ok(ckpt_add_tensor(ckpt_root(c[2]), i == 0 ? "a" : "b", tensor, &err));
    }
    for (int i = 1; i < 3; i++) {
        bytes_asked = 0;
        assert_digest(c[i], &wanted);
        ck_assert_uint_eq(bytes_asked, 18 * MIB - 1);
    }
    ckpt_free(c[2]);
    ckpt_free(c[1]);
    ckpt_buffer_free(c[0], data, size);
    ckpt_free(c[0]);
    free(bytes);
}
END_TEST

START_TEST(every_allocation_may_fail) {
    fault_memory memory = {0};
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_create_options options = {.struct_size = sizeof options, .allocator = &hook};
    ckpt *c;
    assert_ok(random_model(3, &options, &c, &err));
    known_digest wanted = digest_of(c);
    ckpt_status status = CKPT_E_NOMEM;
    unsigned failures = 0;
    for (uint64_t n = 1; status != CKPT_OK; n++) {
        uint8_t digest[CKPT_DIGEST_SIZE] = {7, 7};
        memory.requests = 0;
        memory.fail_at = n;
        status = ckpt_digest(c, NULL, digest, &err);
        if (status == CKPT_OK)
            break;
        ck_assert_int_eq(status, CKPT_E_NOMEM);
        ck_assert_uint_eq(digest[0], 7);
        failures++;
    }
    ck_assert_uint_gt(failures, 5);
    memory.fail_at = 0;
    assert_digest(c, &wanted);
    ckpt_free(c);
    ck_assert_ptr_null(fault_memory_complaint(&memory));
}
END_TEST

/* Damage has no digest: it is told. */
START_TEST(damaged_chunk) {
    uint8_t digest[CKPT_DIGEST_SIZE] = {7};
    unsigned char *bytes = calloc(1, 65536), *copy;
    ckpt *c = large_model(NULL, bytes, 65536), *damaged;
    void *data;
    size_t size;
    assert_ok(ckpt_save_memory(c, NULL, &data, &size, &err));
    copy = data;
    copy[8192 + 5] ^= 1;
    assert_ok(ckpt_open_memory(data, size, NULL, NULL, &damaged, &err));
    assert_status(ckpt_digest(damaged, NULL, digest, &err), CKPT_E_CHECKSUM);
    ck_assert_str_eq(err.rule, "C2");
    ck_assert_uint_eq(digest[0], 7);
    ckpt_free(damaged);
    ckpt_buffer_free(c, data, size);
    ckpt_free(c);
    free(bytes);
}
END_TEST

START_TEST(arguments) {
    ckpt_digest_options options = {.struct_size = 1};
    uint8_t digest[CKPT_DIGEST_SIZE];
    ckpt *c;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_status(ckpt_digest(c, &options, digest, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_digest(NULL, NULL, digest, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_digest(c, NULL, NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_digest(NULL, NULL, digest, NULL), CKPT_E_ARGUMENT);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("digest_calls");
    TCase *tcase = tcase_create("digest_calls");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, progress_and_an_end_before_it);
    tcase_add_test(tcase, memory_does_not_grow_with_the_storages);
    tcase_add_test(tcase, large_chunks_are_read_once);
    tcase_add_test(tcase, every_allocation_may_fail);
    tcase_add_test(tcase, damaged_chunk);
    tcase_add_test(tcase, arguments);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
