/* SPDX-License-Identifier: MIT */
/* The header of a safetensors file, read and checked. Everything that the official reader refuses
 * is refused; beyond that are duplicate keys, tensors that are arrays or have unknown fields,
 * metadata of null, numbers of 2^63 or more, extents whose product is that large but for a 0 among
 * them, ranks over 64, and NUL in strings. dottedtree.h says which names cannot be. White space
 * before and behind the object is accepted: the format's description demands '{' first, but the
 * official reader takes it on purpose. */
#ifndef CK_SAFETENSORS_HEADER_H
#define CK_SAFETENSORS_HEADER_H

#include "base/buffer.h"
#include "base/nametree.h"
#include "exchange/safetensors_pairs.h"

#include <ckpt/dtypes.h>

typedef struct ck_safetensor {
    char *name; /* in ck_safetensors.text, with a NUL behind it */
    size_t name_size;
    size_t first_extent; /* in ck_safetensors.extents */
    uint32_t rank;
    ckpt_dtype dtype;
    uint64_t begin, end; /* in the data, which begins behind the header */
} ck_safetensor;

typedef struct ck_safetensors {
    ck_memory memory;
    ck_buffer tensors; /* of ck_safetensor, sorted by their data */
    ck_buffer extents; /* of uint64_t */
    char *text;        /* of the header; the names stand in it, unescaped */
    size_t text_size;
    bool has_metadata;
    ck_safetensors_pairs metadata;
} ck_safetensors;

/* Reads a whole header, checks it, and that the tensors tile the data behind it. Clear in every
 * case. */
ckpt_status ck_safetensors_load(ck_safetensors *s, const ck_memory *memory, const ck_source *source,
                                uint64_t *ret_data_offset, ckpt_error *err);
/* The tensor that views the storage, which has its bytes: a parameter where its type can have
 * gradients, else a buffer. */
ckpt_status ck_safetensor_create(const ck_safetensors *s, const ck_safetensor *t,
                                 ckpt_storage storage, ckpt_tensor *ret_tensor, ckpt_error *err);
ckpt_status ck_safetensors_fail_duplicate(const char *file, const char *name, ckpt_error *err);

/* ---- the steps of loading ---- */

/* s is all zeros but for its memory and its text, which json has in place. Clear in every case. A
 * name that stands there twice is found when the tensors get their names. */
ckpt_status ck_safetensors_parse(ck_safetensors *s, ck_json *json, ckpt_error *err);
/* That the tensors tile the data, all data_size bytes behind the header, and that each has as many
 * bytes as its shape says. */
ckpt_status ck_safetensors_check(ck_safetensors *s, const char *file, uint64_t data_size,
                                 ckpt_error *err);
void ck_safetensors_clear(ck_safetensors *s);

static inline ck_safetensor *ck_safetensor_at(const ck_safetensors *s, size_t i) {
    return (ck_safetensor *)(void *)s->tensors.bytes + i;
}
static inline size_t ck_safetensors_count(const ck_safetensors *s) {
    return s->tensors.size / sizeof(ck_safetensor);
}
/* NULL for a scalar: a file of nothing else has no extents at all. */
static inline const uint64_t *ck_safetensor_shape(const ck_safetensors *s,
                                                  const ck_safetensor *tensor) {
    if (tensor->rank == 0)
        return NULL;
    return (const uint64_t *)(const void *)s->extents.bytes + tensor->first_extent;
}

#endif
