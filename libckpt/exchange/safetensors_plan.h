/* SPDX-License-Identifier: MIT */
/* What goes where when a checkpoint is written as safetensors: which names get bytes, in which
 * order, and in which shard. */
#ifndef CK_SAFETENSORS_PLAN_H
#define CK_SAFETENSORS_PLAN_H

#include "exchange/flatten.h"
#include "model/format.h"

/* A tensor of the file. */
typedef struct ck_safetensors_item {
    const char *name; /* in the plan's flat.text */
    size_t name_size;
    uint32_t entry; /* of the plan's flat */
    uint32_t shard; /* from 0 */
    int order;      /* of its type: ck_safetensors_order */
    uint64_t begin; /* in the data of its shard */
    uint64_t size;
} ck_safetensors_item;

typedef struct ck_safetensors_plan {
    ck_flat flat;
    uint32_t *kept; /* by entry: the entry that has its bytes, itself for one that is written */
    ck_safetensors_item *items; /* by shard, and then as the official writer orders them */
    uint32_t count;
    uint32_t shards;
    uint64_t total; /* bytes of all items */
} ck_safetensors_plan;

/* Clear in every case. shard_size 0: one shard. CKPT_E_UNSUPPORTED: an element type that the format
 * does not have. */
ckpt_status ck_safetensors_plan_make(ck_safetensors_plan *plan, ckpt *c, uint64_t shard_size,
                                     ckpt_error *err);
void ck_safetensors_plan_clear(ck_safetensors_plan *plan);

/* Whether the tie of an entry is written down as a pair of the metadata. A string under the same
 * key that says the same stands for it. */
bool ck_safetensors_is_dropped(const ck_safetensors_plan *plan, uint32_t entry);

/* Tells of all that a reader of the file, or of the set of shards, will not find. */
ckpt_status ck_safetensors_report(const ck_safetensors_plan *plan, bool is_set,
                                  const ck_losses *losses, ckpt_error *err);

#endif
