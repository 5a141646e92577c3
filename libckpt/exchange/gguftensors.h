/* SPDX-License-Identifier: MIT */
/* The descriptions of the tensors of a GGUF file, read and checked. */
#ifndef CK_GGUFTENSORS_H
#define CK_GGUFTENSORS_H

#include "base/nametree.h"
#include "exchange/ggufhead.h"

typedef struct ck_gguf_tensor {
    size_t name, name_size;           /* in ck_gguf_tensors.text, with a NUL behind it */
    uint64_t shape[CK_GGUF_MAX_RANK]; /* outermost first, other than in the file */
    uint32_t rank;
    ckpt_dtype dtype;
    uint64_t offset; /* from where the data begins */
    uint64_t size;   /* bytes */
} ck_gguf_tensor;

typedef struct ck_gguf_tensors {
    ck_memory memory;
    ck_buffer tensors; /* of ck_gguf_tensor, in the order of the file, which is that of the data */
    ck_buffer text;
    ck_nametree names; /* to the number of the tensor */
    uint64_t data_offset;
    uint64_t data_size; /* without the padding behind the last tensor */
} ck_gguf_tensors;

/* t is all zeros but for its memory. Reads `count` descriptions and checks that their data lie one
 * behind the other, each aligned, and that the file ends with the last. Clear in every case. */
ckpt_status ck_gguf_read_tensors(ck_gguf_tensors *t, ck_ggufhead *h, uint64_t count,
                                 uint32_t alignment, ckpt_error *err);
void ck_gguf_tensors_clear(ck_gguf_tensors *t);

static inline uint32_t ck_gguf_tensor_count(const ck_gguf_tensors *t) {
    return (uint32_t)(t->tensors.size / sizeof(ck_gguf_tensor));
}
static inline ck_gguf_tensor *ck_gguf_tensor_at(const ck_gguf_tensors *t, uint32_t i) {
    return (ck_gguf_tensor *)(void *)t->tensors.bytes + i;
}
static inline char *ck_gguf_text(const ck_gguf_tensors *t, size_t offset) {
    return (char *)t->text.bytes + offset;
}

#endif
