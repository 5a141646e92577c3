/* SPDX-License-Identifier: MIT */
#include "container/tiling.h"

#include "container/layout.h"

ck_tiling ck_tiling_begin(const ckpt *c) {
    ck_tiling tiling = {c, 0, 0};
    return tiling;
}

/* Storages without bytes have no place, those that were added no place in the file. */
static void skip_placeless(ck_tiling *tiling) {
    const ckpt *c = tiling->c;
    while (tiling->storage < c->storages.count) {
        const ck_storage_rec *rec = ck_storage_at(c, tiling->storage);
        if (rec->size != 0 && rec->part == CK_NONE)
            return;
        tiling->storage++;
    }
}

bool ck_tiling_next(ck_tiling *tiling, ck_extent *ret_extent) {
    const ckpt *c = tiling->c;
    skip_placeless(tiling);
    const ck_storage_rec *storage =
        tiling->storage < c->storages.count ? ck_storage_at(c, tiling->storage) : NULL;
    const ck_retired_rec *retired =
        tiling->retired < c->retired.count
            ? (const ck_retired_rec *)c->retired.records + tiling->retired
            : NULL;
    if (storage == NULL && retired == NULL)
        return false;
    if (storage != NULL && (retired == NULL || storage->offset < retired->offset)) {
        ck_extent extent = {storage->offset, storage->stored_size,
                            ck_extent_alignment(storage->encoding, storage->stored_size), false,
                            tiling->storage++};
        *ret_extent = extent;
    } else {
        uint64_t alignment = retired->kind == CK_RETIRED_STORAGE
                                 ? ck_storage_alignment(retired->size)
                                 : CK_ALIGNMENT;
        ck_extent extent = {retired->offset, retired->size, alignment, true, tiling->retired++};
        *ret_extent = extent;
    }
    return true;
}
