/* SPDX-License-Identifier: MIT */
#ifndef CK_SAFETENSORS_WRITE_H
#define CK_SAFETENSORS_WRITE_H

#include "exchange/safetensors_plan.h"
#include "exchange/tensorstream.h"

/* One file, or, with a shard size, as many as it takes. CKPT_E_UNSUPPORTED: an element type that
 * the format does not have. CKPT_E_LIMIT: a header of more than 100,000,000 bytes; in a file of
 * its own nothing is written then. */
ckpt_status ck_safetensors_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                                 ckpt_error *err);

/* A file with some of the items, which follow one another in the plan. */
ckpt_status ck_safetensors_write_items(const ck_safetensors_plan *plan,
                                       const ck_safetensors_item *items, uint32_t count,
                                       const ck_sink *sink, ck_meter *meter, ckpt_error *err);

/* The pairs of the metadata: the strings of the checkpoint, then the ties that these do not state
 * already. *position is 0 at first; false at the end. */
bool ck_safetensors_next_pair(const ck_safetensors_plan *plan, uint32_t *position,
                              const char **ret_key, const char **ret_value);

/* Whether there is more than one shard, or the path asks for an index. */
bool ck_safetensors_is_set(const ck_safetensors_plan *plan, const ck_sink *sink);
/* The shards as parts, the index as the main file. */
ckpt_status ck_safetensors_write_set(const ck_safetensors_plan *plan, const ck_sink *sink,
                                     ck_meter *meter, ckpt_error *err);

#endif
