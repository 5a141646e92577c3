/* SPDX-License-Identifier: MIT */
/* Reading the head of a GGUF file, whose size nothing tells in advance: a cursor over a private
 * copy of the file's beginning that grows, in few and large requests, as far as the head goes. What
 * has been checked can no longer change. */
#ifndef CK_GGUFHEAD_H
#define CK_GGUFHEAD_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/source.h"
#include "exchange/gguftypes.h"

typedef struct ck_ggufhead {
    ck_memory memory;
    const ck_source *source;
    ck_buffer bytes; /* of the file, from its beginning */
    size_t position;
    bool big_endian;
} ck_ggufhead;

/* All zeros but for memory and source is a head of which nothing has been read. */
void ck_ggufhead_clear(ck_ggufhead *h);

/* Fails with the rule of spec/exchange.md that is broken, at the cursor's place in the file. */
#define ck_ggufhead_fail(h, err, status, rule, ...)                                                \
    (ck_set_error_at((err), &(ck_place){(h)->source->name, (h)->position, (rule), 0, 0}, (status), \
                     __VA_ARGS__),                                                                 \
     (status))

/* Bytes of the file behind the cursor. */
static inline uint64_t ck_ggufhead_left(const ck_ggufhead *h) {
    return h->source->size - h->position;
}

/* Makes sure that the next size bytes are there; pointers into the copy are invalid then.
 * CKPT_E_TRUNCATED when the file does not have them. */
ckpt_status ck_ggufhead_need(ck_ggufhead *h, uint64_t size, ckpt_error *err);

/* The next number, after ck_ggufhead_need. */
uint64_t ck_ggufhead_take(ck_ggufhead *h, uint32_t size);

ckpt_status ck_ggufhead_u32(ck_ggufhead *h, uint32_t *ret_value, ckpt_error *err);
ckpt_status ck_ggufhead_u64(ck_ggufhead *h, uint64_t *ret_value, ckpt_error *err);
/* The next string; it is valid until the next call. */
ckpt_status ck_ggufhead_string(ck_ggufhead *h, const char **ret_text, size_t *ret_size,
                               ckpt_error *err);

typedef struct ck_gguf_counts {
    uint32_t version;
    uint64_t tensors;
    uint64_t values;
} ck_gguf_counts;

/* Magic, version (which tells the byte order) and counts. */
ckpt_status ck_ggufhead_begin(ck_ggufhead *h, ck_gguf_counts *ret_counts, ckpt_error *err);

#endif
