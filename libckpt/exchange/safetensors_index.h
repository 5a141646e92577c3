/* SPDX-License-Identifier: MIT */
/* The index of a sharded set: one JSON object with "weight_map", from the name of each tensor to
 * the shard that has it, and perhaps "metadata", of strings, numbers, true, false and null. */
#ifndef CK_SAFETENSORS_INDEX_H
#define CK_SAFETENSORS_INDEX_H

#include "exchange/safetensors_pairs.h"
#include "model/object.h"

typedef struct ck_indexed_tensor {
    size_t name, name_size; /* in ck_safetensors_index.text, with a NUL behind it */
    uint32_t shard;
    ckpt_tensor tensor; /* null until its shard has been read */
} ck_indexed_tensor;

typedef struct ck_indexed_shard {
    size_t name;      /* in ck_safetensors_index.text, with a NUL behind it */
    uint32_t tensors; /* how many the map says that it has */
} ck_indexed_shard;

typedef struct ck_safetensors_index {
    ck_memory memory;
    ck_buffer tensors; /* of ck_indexed_tensor, in the order of the map */
    ck_buffer shards;  /* of ck_indexed_shard, in the order in which the map names them first */
    ck_buffer text;
    ck_nametree names, shard_names;
    bool has_map, has_metadata, has_total;
    uint64_t total; /* metadata.total_size: bytes of all tensors */
} ck_safetensors_index;

/* Whether a file that begins with these bytes is an index: a JSON object whose first key is
 * "weight_map" or "metadata". */
bool ck_safetensors_is_index(const char *head, size_t size);

/* index is all zeros but for its memory; json has the text. The strings of the metadata go to the
 * pairs; what is no string becomes an entry of the metadata of c, which has a root. Clear in every
 * case. */
ckpt_status ck_safetensors_index_parse(ck_safetensors_index *index, ck_json *json,
                                       ck_safetensors_pairs *pairs, ckpt *c, ckpt_error *err);
void ck_safetensors_index_clear(ck_safetensors_index *index);

/* A checkpoint from such a file and the shards beside it. Takes *source over on success. */
ckpt_status ck_safetensors_read_set(ckpt *c, ck_source *source, ckpt_error *err);

static inline ck_indexed_tensor *ck_indexed_tensor_at(const ck_safetensors_index *index, size_t i) {
    return (ck_indexed_tensor *)(void *)index->tensors.bytes + i;
}
static inline size_t ck_indexed_tensor_count(const ck_safetensors_index *index) {
    return index->tensors.size / sizeof(ck_indexed_tensor);
}
static inline ck_indexed_shard *ck_indexed_shard_at(const ck_safetensors_index *index, size_t i) {
    return (ck_indexed_shard *)(void *)index->shards.bytes + i;
}
static inline size_t ck_indexed_shard_count(const ck_safetensors_index *index) {
    return index->shards.size / sizeof(ck_indexed_shard);
}

#endif
