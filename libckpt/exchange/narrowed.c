/* SPDX-License-Identifier: MIT */
/* bfloat16 that was widened to float32 before it was stored: the upper halves. */
#include "exchange/filepart.h"
#include "exchange/oneflow.h"

#include <string.h>

#define PIECE 4096 /* elements that are narrowed at once */

typedef struct narrowed {
    const ckpt *c;
    ck_provider inner;
    bool swap;
} narrowed;

/* From as many float32 to the bytes of bfloat16; in the byte order of files, little-endian. */
static ckpt_status narrow(const unsigned char *wide, size_t count, bool swap, unsigned char *bytes,
                          ckpt_error *err) {
    for (size_t i = 0; i < count; i++, wide += 4) {
        unsigned low = swap ? wide[3] | wide[2] : wide[0] | wide[1];
        if (low != 0)
            return ck_fail(err, CKPT_E_MISMATCH,
                           "a value is no bfloat16, which its tensor is said to be of");
        bytes[2 * i] = swap ? wide[1] : wide[2];
        bytes[2 * i + 1] = swap ? wide[0] : wide[3];
    }
    return CKPT_OK;
}

static ckpt_status read_narrowed(void *ctx, uint64_t offset, size_t size, void *destination,
                                 ckpt_error *err) {
    const narrowed *n = ctx;
    unsigned char wide[4 * PIECE], half[2 * PIECE], *to = destination;
    while (size > 0) {
        size_t skip = (size_t)(offset % 2), room = sizeof half - skip;
        size_t piece = size < room ? size : room, count = (skip + piece + 1) / 2;
        ckpt_status status = n->inner.read(n->inner.ctx, (offset - skip) * 2, count * 4, wide, err);
        if (status == CKPT_OK)
            status = narrow(wide, count, n->swap, half, err);
        if (status != CKPT_OK)
            return status;
        memcpy(to, half + skip, piece);
        to += piece;
        offset += piece;
        size -= piece;
    }
    return CKPT_OK;
}

static void close_narrowed(void *ctx) {
    narrowed *n = ctx;
    n->inner.close(n->inner.ctx);
    ck_free(ck_ckpt_memory(n->c), n, 1, sizeof *n);
}

ckpt_status ck_provide_narrowed(ckpt *c, uint64_t count, const ck_provider *inner, bool swap,
                                ckpt_storage *ret_storage, ckpt_error *err) {
    narrowed *n = ck_alloc(ck_ckpt_memory(c), 1, sizeof *n);
    if (n == NULL)
        return ck_fail_nomem(err);
    *n = (narrowed){c, *inner, swap};
    ck_provider provider = {n, read_narrowed, close_narrowed};
    ckpt_status status = ck_storage_provide(c, count * 2, &provider, ret_storage, err);
    if (status != CKPT_OK)
        ck_free(ck_ckpt_memory(c), n, 1, sizeof *n);
    return status;
}

ckpt_status ck_storage_narrowed(ckpt *c, uint64_t offset, uint64_t count, bool swap,
                                ckpt_storage *ret_storage, ckpt_error *err) {
    ck_provider provider;
    ckpt_status status = ck_provide_file_part(c, offset, &provider, err);
    if (status != CKPT_OK)
        return status;
    status = ck_provide_narrowed(c, count, &provider, swap, ret_storage, err);
    if (status != CKPT_OK)
        provider.close(provider.ctx);
    return status;
}
