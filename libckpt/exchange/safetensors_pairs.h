/* SPDX-License-Identifier: MIT */
/* The metadata of safetensors files: pairs of strings. */
#ifndef CK_SAFETENSORS_PAIRS_H
#define CK_SAFETENSORS_PAIRS_H

#include "base/nametree.h"
#include "exchange/jsontext.h"
#include "model/object.h"

typedef struct ck_safetensors_pair {
    size_t key, key_size, value, value_size; /* in ck_safetensors_pairs.text, NULs behind them */
} ck_safetensors_pair;

/* All zeros is empty. */
typedef struct ck_safetensors_pairs {
    ck_buffer pairs; /* of ck_safetensors_pair, in the order of the file */
    ck_buffer text;
    ck_nametree keys; /* to the number of the pair */
} ck_safetensors_pairs;

/* The object of a file's "__metadata__". */
ckpt_status ck_safetensors_take_pairs(const ck_memory *memory, ck_safetensors_pairs *pairs,
                                      ck_json *json, ckpt_error *err);
/* CKPT_E_EXISTS, without a message, when there is such a key. */
ckpt_status ck_safetensors_add_pair(const ck_memory *memory, ck_safetensors_pairs *pairs,
                                    const char *key, size_t key_size, const char *value,
                                    size_t value_size, ckpt_error *err);
/* Adds those of a shard. A key that has another value there is reported to losses. */
ckpt_status ck_safetensors_merge_pairs(const ck_memory *memory, ck_safetensors_pairs *pairs,
                                       const ck_safetensors_pairs *more, const char *shard,
                                       const ck_losses *losses, ckpt_error *err);
/* Makes ties of the pairs whose value is the name of a tensor that c has before, where the key can
 * be a name; metadata of the others. */
ckpt_status ck_safetensors_apply_pairs(ckpt *c, const ck_safetensors_pairs *pairs, ckpt_error *err);
void ck_safetensors_pairs_clear(const ck_memory *memory, ck_safetensors_pairs *pairs);

/* Of ck_add_dotted: says in *err that the name is what was refused. Returns status. */
ckpt_status ck_safetensors_name_status(ckpt_status status, ckpt_error *err);

#endif
