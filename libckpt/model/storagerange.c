/* SPDX-License-Identifier: MIT */
#include "model/storagerange.h"

typedef struct range {
    ck_memory memory;
    ckpt_storage whole;
    uint64_t offset;
} range;

static ckpt_status read_range(void *ctx, uint64_t offset, size_t size, void *destination,
                              ckpt_error *err) {
    const range *r = ctx;
    return ckpt_storage_read(r->whole, r->offset + offset, size, destination, err);
}

static void close_range(void *ctx) {
    range *r = ctx;
    ck_memory memory = r->memory;
    ck_free(&memory, r, 1, sizeof *r);
}

ckpt_status ck_storage_range(ckpt *c, ckpt_storage other, uint64_t offset, uint64_t size,
                             ckpt_storage *ret_storage, ckpt_error *err) {
    range *r = ck_alloc(&c->memory, 1, sizeof *r);
    if (r == NULL)
        return ck_fail_nomem(err);
    *r = (range){c->memory, other, offset};
    ck_provider provider = {r, read_range, close_range};
    ckpt_status status = ck_storage_provide(c, size, &provider, ret_storage, err);
    if (status != CKPT_OK)
        close_range(r);
    return status;
}
