/* SPDX-License-Identifier: MIT */
#include "exchange/swapped.h"

#include "exchange/filepart.h"

#include <pthread.h>
#include <string.h>

enum { LARGEST_UNIT = 16 };

/* A read that ends in the middle of an element leaves it here: an inner provider that would have to
 * go through everything again to go back by some bytes is not asked to. */
typedef struct swapped {
    ck_memory memory;
    ck_provider inner;
    uint64_t size;
    uint32_t unit;
    pthread_mutex_t lock; /* guards what follows, and keeps the inner reads in order */
    bool kept;
    uint64_t kept_offset;
    unsigned char kept_bytes[LARGEST_UNIT];
} swapped;

static void reverse_units(unsigned char *bytes, size_t size, uint32_t unit) {
    for (size_t i = 0; i < size; i += unit) {
        for (uint32_t k = 0; k < unit / 2; k++) {
            unsigned char byte = bytes[i + k];
            bytes[i + k] = bytes[i + unit - 1 - k];
            bytes[i + unit - 1 - k] = byte;
        }
    }
}

static ckpt_status read_whole(swapped *s, uint64_t offset, size_t size, unsigned char *bytes,
                              ckpt_error *err) {
    ckpt_status status = s->inner.read(s->inner.ctx, offset, size, bytes, err);
    if (status == CKPT_OK)
        reverse_units(bytes, size, s->unit);
    return status;
}

static ckpt_status read_part(swapped *s, uint64_t offset, size_t size, unsigned char *bytes,
                             ckpt_error *err) {
    uint32_t skip = (uint32_t)(offset % s->unit);
    if (!s->kept || s->kept_offset != offset - skip) {
        s->kept = false;
        ckpt_status status = read_whole(s, offset - skip, s->unit, s->kept_bytes, err);
        if (status != CKPT_OK)
            return status;
        s->kept = true;
        s->kept_offset = offset - skip;
    }
    memcpy(bytes, s->kept_bytes + skip, size);
    return CKPT_OK;
}

static ckpt_status read_locked(swapped *s, uint64_t offset, size_t size, unsigned char *bytes,
                               ckpt_error *err) {
    while (size > 0) {
        uint32_t skip = (uint32_t)(offset % s->unit);
        size_t whole = skip == 0 ? size - size % s->unit : 0, piece = whole;
        ckpt_status status;
        if (whole > 0) {
            status = read_whole(s, offset, whole, bytes, err);
        } else {
            piece = s->unit - skip < size ? s->unit - skip : size;
            status = read_part(s, offset, piece, bytes, err);
        }
        if (status != CKPT_OK)
            return status;
        offset += piece;
        bytes += piece;
        size -= piece;
    }
    return CKPT_OK;
}

static ckpt_status read_swapped(void *ctx, uint64_t offset, size_t size, void *destination,
                                ckpt_error *err) {
    swapped *s = ctx;
    if (pthread_mutex_lock(&s->lock) != 0)
        return ck_fail(err, CKPT_E_IO, "a lock failed");
    ckpt_status status = read_locked(s, offset, size, destination, err);
    (void)pthread_mutex_unlock(&s->lock);
    return status;
}

static void free_swapped(swapped *s) {
    ck_memory memory = s->memory;
    (void)pthread_mutex_destroy(&s->lock);
    ck_free(&memory, s, 1, sizeof *s);
}

static void close_swapped(void *ctx) {
    swapped *s = ctx;
    s->inner.close(s->inner.ctx);
    free_swapped(s);
}

ckpt_status ck_provide_swapped(ckpt *c, uint64_t size, const ck_provider *inner, uint32_t unit,
                               ckpt_storage *ret_storage, ckpt_error *err) {
    if (unit < 2 || unit > LARGEST_UNIT || size % unit != 0)
        return ck_fail(err, CKPT_E_MISMATCH, "%llu bytes are not elements of %u bytes",
                       (unsigned long long)size, unit);
    swapped *s = ck_calloc(ck_ckpt_memory(c), 1, sizeof *s);
    if (s == NULL || pthread_mutex_init(&s->lock, NULL) != 0) {
        ck_free(ck_ckpt_memory(c), s, 1, sizeof *s);
        return ck_fail_nomem(err);
    }
    s->memory = *ck_ckpt_memory(c);
    s->inner = *inner;
    s->size = size;
    s->unit = unit;
    ck_provider provider = {s, read_swapped, close_swapped};
    ckpt_status status = ck_storage_provide(c, size, &provider, ret_storage, err);
    if (status != CKPT_OK)
        free_swapped(s);
    return status;
}

ckpt_status ck_storage_swapped(ckpt *c, uint64_t offset, uint64_t size, uint32_t unit,
                               ckpt_storage *ret_storage, ckpt_error *err) {
    ck_provider provider;
    ckpt_status status = ck_provide_file_part(c, offset, &provider, err);
    if (status != CKPT_OK)
        return status;
    status = ck_provide_swapped(c, size, &provider, unit, ret_storage, err);
    if (status != CKPT_OK)
        provider.close(provider.ctx);
    return status;
}

uint32_t ck_swap_unit(ckpt_dtype dtype) {
    ckpt_dtype_info info = ckpt_dtype_describe(dtype);
    if (info.block_elements != 1 || info.block_bytes < 2)
        return 1;
    return info.dtype_class == CKPT_CLASS_COMPLEX ? info.block_bytes / 2 : info.block_bytes;
}
