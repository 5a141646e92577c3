/* SPDX-License-Identifier: MIT */
/* The extents that lie between the header and the index, in the order in which they should lie. */
#ifndef CK_TILING_H
#define CK_TILING_H

#include "model/object.h"

typedef struct ck_extent {
    uint64_t offset;
    uint64_t size;
    uint64_t alignment;
    bool is_retired;
    uint32_t id; /* of the storage, or number of the retired extent */
} ck_extent;

typedef struct ck_tiling {
    const ckpt *c;
    uint32_t storage;
    uint32_t retired;
} ck_tiling;

ck_tiling ck_tiling_begin(const ckpt *c);
/* The next extent: whichever of the next storage and the next retired extent lies first. */
bool ck_tiling_next(ck_tiling *tiling, ck_extent *ret_extent);

#endif
