/* SPDX-License-Identifier: MIT */
/* Storages whose elements are converted when they are read. */
#include "base/checked.h"
#include "model/cast.h"
#include "model/storageread.h"

#include <ckpt/build.h>

#include <string.h>

/* Source bytes that are read at a time: a multiple of nearly every chunk, so that no chunk is
 * checked or decoded twice for the sake of its parts. */
#define WINDOW ((uint64_t)4 << 20)

typedef struct casting {
    ck_memory memory;
    ckpt_storage source;
    ckpt_dtype_info from, to;
} casting;

/* Blocks [first, first + count) of the source, converted; to has ordinary elements. */
static ckpt_status convert_blocks(const casting *k, uint64_t first, uint64_t count,
                                  unsigned char *destination, ckpt_error *err) {
    size_t size = (size_t)(count * k->from.block_bytes);
    uint64_t offset = first * k->from.block_bytes;
    size_t elements = (size_t)(count * k->from.block_elements);
    ckpt_storage source = ck_storage_resolve(k->source);
    const unsigned char *bytes = ck_storage_bytes(source);
    if (bytes != NULL && ckpt_describe_storage(source).chunk_size == 0)
        return ckpt_convert(k->from.dtype, bytes + offset, k->to.dtype, destination, elements, err);
    unsigned char *window = ck_alloc(&k->memory, size, 1);
    if (window == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ckpt_storage_read(k->source, offset, size, window, err);
    if (status == CKPT_OK)
        status = ckpt_convert(k->from.dtype, window, k->to.dtype, destination, elements, err);
    ck_free(&k->memory, window, size, 1);
    return status;
}

/* The part of one block that lies in [offset, offset + size) of the result, which it begins before
 * or ends behind. */
static ckpt_status convert_part(const casting *k, uint64_t offset, size_t size,
                                unsigned char *destination, ckpt_error *err) {
    uint64_t together = (uint64_t)k->from.block_elements * k->to.block_bytes;
    unsigned char *block = ck_alloc(&k->memory, (size_t)together, 1);
    if (block == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = convert_blocks(k, offset / together, 1, block, err);
    if (status == CKPT_OK)
        memcpy(destination, block + offset % together, size);
    ck_free(&k->memory, block, (size_t)together, 1);
    return status;
}

static ckpt_status read_cast(void *ctx, uint64_t offset, size_t size, void *destination,
                             ckpt_error *err) {
    const casting *k = ctx;
    uint64_t together = (uint64_t)k->from.block_elements * k->to.block_bytes;
    uint64_t window = WINDOW / k->from.block_bytes; /* in blocks */
    unsigned char *to = destination;
    ckpt_status status = CKPT_OK;
    while (size != 0 && status == CKPT_OK) {
        uint64_t first = offset / together, inside = offset % together;
        uint64_t done = together - inside < size ? together - inside : size;
        if (inside != 0 || done < together) {
            status = convert_part(k, offset, (size_t)done, to, err);
        } else {
            uint64_t count = size / together, left = window - first % window;
            count = count < left ? count : left;
            done = count * together;
            status = convert_blocks(k, first, count, to, err);
        }
        offset += done;
        to += done;
        size -= (size_t)done;
    }
    return status;
}

static void close_cast(void *ctx) {
    casting *k = ctx;
    ck_memory memory = k->memory;
    ck_free(&memory, k, 1, sizeof *k);
}

static ckpt_status check_pair(ckpt_dtype from, ckpt_dtype to, ckpt_error *err) {
    ckpt_status status = ckpt_convert(from, NULL, to, NULL, 0, err);
    if (status == CKPT_OK && ckpt_dtype_describe(to).block_elements != 1)
        status = ck_fail(err, CKPT_E_UNSUPPORTED, "elements are not converted to '%s'",
                         ckpt_dtype_describe(to).name);
    return status;
}

ckpt_status ckpt_storage_cast(ckpt *c, ckpt_storage other, ckpt_dtype from, ckpt_dtype to,
                              ckpt_storage *ret_storage, ckpt_error *err) {
    uint64_t elements, size;
    if (c == NULL || other.owner == NULL || other.id >= other.owner->storages.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such storage");
    ckpt_status status = check_pair(from, to, err);
    if (status != CKPT_OK)
        return status;
    casting k = {c->memory, other, ckpt_dtype_describe(from), ckpt_dtype_describe(to)};
    if (!ck_mul(ckpt_storage_size(other) / k.from.block_bytes, k.from.block_elements, &elements) ||
        !ck_mul(elements, k.to.block_bytes, &size))
        return ck_fail(err, CKPT_E_OVERFLOW, "the storage has 2^64 bytes or more as '%s'",
                       k.to.name);
    casting *kept = ck_alloc(&c->memory, 1, sizeof *kept);
    if (kept == NULL)
        return ck_fail_nomem(err);
    *kept = k;
    ck_provider provider = {kept, read_cast, close_cast};
    status = ck_storage_provide(c, size, &provider, ret_storage, err);
    if (status != CKPT_OK)
        close_cast(kept);
    return status;
}
