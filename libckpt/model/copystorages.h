/* SPDX-License-Identifier: MIT */
/* The storages of a copy: links, conversions, and the parts of storages that are still viewed. */
#ifndef CK_COPYSTORAGES_H
#define CK_COPYSTORAGES_H

#include "model/copyplan.h"

/* By storage of the other checkpoint: the bytes that the copy needs. */
typedef struct ck_copy_extent {
    uint64_t low, high;
    bool is_viewed; /* by a tensor that is kept */
    bool is_partly; /* a tensor that is left out views it too */
    bool is_made;   /* it stands for a storage of the copy, so that another one means a loss */
} ck_copy_extent;

typedef struct ck_copy_storages {
    const ck_copy_plan *plan;
    ck_copy_extent *extents;
    size_t extent_count;
    ck_hashmap made; /* storage << 32 | types to storage of the copy */
} ck_copy_storages;

ckpt_status ck_copy_storages_create(ck_copy_storages *s, const ck_copy_plan *plan, ckpt_error *err);
void ck_copy_storages_free(ck_copy_storages *s);

/* A new tensor like one of the other checkpoint, of the type that the plan says. *ret_parted: it
 * views a storage of its own, while another tensor that viewed the same one has another. */
ckpt_status ck_copy_tensor(ck_copy_storages *s, uint32_t tensor, ckpt_tensor *ret_tensor,
                           bool *ret_parted, ckpt_error *err);

#endif
