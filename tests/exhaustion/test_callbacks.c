/* SPDX-License-Identifier: MIT */
/* The caller's own functions fail: each call in turn, with an errno that must come back. */
#include "checkmain.h"
#include "randommodel.h"

#include <errno.h>
#include <string.h>

enum { SEED = 11 };

typedef struct device {
    unsigned char *bytes;
    size_t size;
    unsigned calls;
    unsigned fail_at; /* the number of the call, from 1, that fails; 0: none */
} device;

static int read_device(void *ctx, void *buffer, size_t size, uint64_t offset) {
    device *d = ctx;
    quick_assert(size > 0 && offset <= d->size && size <= d->size - offset);
    if (++d->calls == d->fail_at)
        return ENXIO;
    memcpy(buffer, d->bytes + offset, size);
    return 0;
}

static int write_device(void *ctx, const void *bytes, size_t size, uint64_t offset) {
    device *d = ctx;
    quick_assert(size > 0 && offset <= d->size && size <= d->size - offset);
    if (++d->calls == d->fail_at)
        return ENXIO;
    memcpy(d->bytes + offset, bytes, size);
    return 0;
}

static ckpt *make_model(void) {
    ckpt *c;
    ckpt_error err;
    assert_ok(random_model(SEED, NULL, &c, &err));
    return c;
}

static device make_device(ckpt *c) {
    device d = {NULL, 0, 0, 0};
    void *bytes;
    ckpt_error err;
    assert_ok(ckpt_save_memory(c, NULL, &bytes, &d.size, &err));
    d.bytes = malloc(d.size);
    ck_assert_ptr_nonnull(d.bytes);
    memcpy(d.bytes, bytes, d.size);
    ckpt_buffer_free(c, bytes, d.size);
    return d;
}

static ckpt_status read_storages(ckpt *c, ckpt_error *err) {
    const void *data;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < ckpt_storage_count(c) && status == CKPT_OK; i++)
        status = ckpt_storage_data(ckpt_storage_by_id(c, i), &data, err);
    return status;
}

static ckpt_status open_verify_and_read(device *d, ckpt_error *err) {
    ckpt_reader reader = {d, d->size, read_device};
    ckpt *c = NULL;
    d->calls = 0;
    ckpt_status status = ckpt_open_reader(&reader, NULL, NULL, &c, err);
    if (status != CKPT_OK) {
        ck_assert_ptr_null(c);
        return status;
    }
    status = ckpt_verify(c, NULL, NULL, err);
    if (status == CKPT_OK)
        status = read_storages(c, err);
    if (status != CKPT_OK) {
        ckpt_error again;
        d->fail_at = 0;
        assert_status(read_storages(c, &again), CKPT_OK);
    }
    ckpt_free(c);
    return status;
}

START_TEST(a_reader_that_fails) {
    ckpt_error err;
    ckpt *c = make_model();
    device d = make_device(c);
    assert_ok(open_verify_and_read(&d, &err));
    unsigned count = d.calls;
    ck_assert_uint_gt(count, 5);
    for (unsigned k = 1; k <= count; k++) {
        d.fail_at = k;
        assert_status(open_verify_and_read(&d, &err), CKPT_E_IO);
        ck_assert_int_eq(err.sys_errno, ENXIO);
    }
    free(d.bytes);
    ckpt_free(c);
}
END_TEST

START_TEST(a_writer_that_fails) {
    ckpt_error err;
    ckpt *c = make_model();
    device d = make_device(c);
    ckpt_writer writer = {&d, write_device};
    assert_ok(ckpt_save_writer(c, &writer, NULL, &err));
    unsigned count = d.calls;
    ck_assert_uint_gt(count, 2);
    for (unsigned k = 1; k <= count; k++) {
        ckpt *opened;
        d.calls = 0;
        d.fail_at = k;
        memset(d.bytes, 0, d.size);
        assert_status(ckpt_save_writer(c, &writer, NULL, &err), CKPT_E_IO);
        ck_assert_int_eq(err.sys_errno, ENXIO);
        /* What got written so far is no file. */
        ck_assert_int_ne(ckpt_open_memory(d.bytes, d.size, NULL, NULL, &opened, &err), CKPT_OK);
    }
    free(d.bytes);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("callbacks");
    TCase *tests = tcase_create("callbacks");
    tcase_add_test(tests, a_reader_that_fails);
    tcase_add_test(tests, a_writer_that_fails);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
