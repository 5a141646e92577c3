/* SPDX-License-Identifier: MIT */
/* What is to be written into which GGUF file, and what is lost by that. */
#ifndef CK_GGUFPLAN_H
#define CK_GGUFPLAN_H

#include "exchange/flatten.h"
#include "exchange/gguftypes.h"

typedef struct ck_gguf_item {
    uint32_t entry;  /* of the flat list: the first name of its tensor */
    uint32_t dtype;  /* number in the file */
    uint64_t offset; /* from where the data of its file begins */
} ck_gguf_item;

/* Items [first, first + count) are in one file. */
typedef struct ck_gguf_span {
    uint32_t first, count;
    uint64_t size; /* of the data, padded */
} ck_gguf_span;

typedef struct ck_gguf_plan {
    ck_flat flat;
    ck_losses losses;
    ck_buffer items; /* of ck_gguf_item, in the order of the state_dict */
    ck_buffer spans; /* of ck_gguf_span, one for each file */
    uint32_t alignment;
    uint64_t total; /* bytes of all tensors, without padding */
} ck_gguf_plan;

/* shard_size as in ckpt_save_options. Clear in every case. CKPT_E_UNSUPPORTED when GGUF cannot hold
 * a tensor. */
ckpt_status ck_gguf_plan_make(ck_gguf_plan *plan, ckpt *c, uint64_t shard_size,
                              const ck_losses *losses, ckpt_error *err);
void ck_gguf_plan_clear(ck_gguf_plan *plan);
/* Tells of everything that is lost, but in the metadata. */
ckpt_status ck_gguf_plan_report(const ck_gguf_plan *plan, ckpt_error *err);

static inline uint32_t ck_gguf_item_count(const ck_gguf_plan *plan) {
    return (uint32_t)(plan->items.size / sizeof(ck_gguf_item));
}
static inline ck_gguf_item *ck_gguf_item_at(const ck_gguf_plan *plan, uint32_t i) {
    return (ck_gguf_item *)(void *)plan->items.bytes + i;
}
static inline uint32_t ck_gguf_span_count(const ck_gguf_plan *plan) {
    return (uint32_t)(plan->spans.size / sizeof(ck_gguf_span));
}
static inline ck_gguf_span *ck_gguf_span_at(const ck_gguf_plan *plan, uint32_t i) {
    return (ck_gguf_span *)(void *)plan->spans.bytes + i;
}

#endif
