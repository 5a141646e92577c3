/* SPDX-License-Identifier: MIT */
#include "exchange/filepart.h"

#include "base/error.h"

typedef struct file_part {
    const ckpt *c;
    uint64_t offset;
} file_part;

static ckpt_status read_part(void *ctx, uint64_t offset, size_t size, void *destination,
                             ckpt_error *err) {
    const file_part *part = ctx;
    return ck_source_read(&part->c->source, part->offset + offset, destination, size, err);
}

static void close_part(void *ctx) {
    file_part *part = ctx;
    ck_free(ck_ckpt_memory(part->c), part, 1, sizeof *part);
}

ckpt_status ck_provide_file_part(ckpt *c, uint64_t offset, ck_provider *ret_provider,
                                 ckpt_error *err) {
    file_part *part = ck_alloc(ck_ckpt_memory(c), 1, sizeof *part);
    if (part == NULL)
        return ck_fail_nomem(err);
    *part = (file_part){c, offset};
    *ret_provider = (ck_provider){part, read_part, close_part};
    return CKPT_OK;
}
