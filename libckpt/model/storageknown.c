/* SPDX-License-Identifier: MIT */
/* What checksums tell about two storages without reading them. */
#include "model/storageread.h"

#include <ckpt/model.h>

#include <string.h>

/* Chunks of equal size, stored in the same way: then equal checksums stand for equal bytes. */
static bool same_chunking(const ck_storage_rec *a, const ck_storage_rec *b) {
    return a->part == CK_NONE && b->part == CK_NONE && a->chunk_log2 != 0 &&
           a->chunk_log2 == b->chunk_log2 && a->encoding == b->encoding && a->width == b->width &&
           a->rotation == b->rotation && a->stored_size == b->stored_size;
}

/* Chunks that are encoded end where they end. */
static bool same_ends(const ckpt *a, const ck_storage_rec *x, const ckpt *b,
                      const ck_storage_rec *y, uint64_t count) {
    if (x->encoding == CK_ENCODING_RAW)
        return true;
    for (uint64_t i = 0; i < count; i++) {
        if (ck_chunk_end_at(a, x->first_chunk + i) != ck_chunk_end_at(b, y->first_chunk + i))
            return false;
    }
    return true;
}

bool ckpt_storage_known_equal(ckpt_storage a, ckpt_storage b) {
    if (a.owner == NULL || b.owner == NULL || a.id >= a.owner->storages.count ||
        b.id >= b.owner->storages.count)
        return false;
    a = ck_storage_resolve(a);
    b = ck_storage_resolve(b);
    const ck_storage_rec *x = ck_storage_at(a.owner, a.id), *y = ck_storage_at(b.owner, b.id);
    if (ckpt_storage_same(a, b) || (x->size == 0 && y->size == 0))
        return true;
    if (x->size != y->size || !same_chunking(x, y))
        return false;
    uint64_t count = ckpt_describe_storage(a).chunk_count;
    return same_ends(a.owner, x, b.owner, y, count) &&
           memcmp(ck_chunk_at(a.owner, x->first_chunk), ck_chunk_at(b.owner, y->first_chunk),
                  (size_t)count * sizeof(uint64_t)) == 0;
}
