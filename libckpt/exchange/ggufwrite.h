/* SPDX-License-Identifier: MIT */
#ifndef CK_GGUFWRITE_H
#define CK_GGUFWRITE_H

#include "exchange/ggufplan.h"
#include "model/format.h"

/* See ck_format. Writes version 3, little-endian. */
ckpt_status ck_gguf_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                          ckpt_error *err);

/* ggufvaluesout.c: appends the metadata as key-values and counts them; tells of what is lost.
 * For the first of several files of a model, is_split; its own values of split.* go in its place.
 */
ckpt_status ck_gguf_put_metadata(const ck_gguf_plan *plan, bool is_split, ck_buffer *out,
                                 uint64_t *count, ckpt_error *err);

/* Whether a tensor of that class is read as a parameter: there is nothing in the file to tell. */
static inline bool ck_gguf_is_parameter(ckpt_dtype_class dtype_class) {
    return dtype_class == CKPT_CLASS_FLOAT || dtype_class == CKPT_CLASS_COMPLEX ||
           dtype_class == CKPT_CLASS_BLOCK;
}

/* ggufput.c: what files consist of; false when memory runs out. */
bool ck_gguf_put_number(const ck_memory *memory, ck_buffer *out, uint64_t value, uint32_t size);
bool ck_gguf_put_string(const ck_memory *memory, ck_buffer *out, const void *text, size_t size);
/* A key and a type; an array's count and elements, or the value, follow. */
bool ck_gguf_put_key(const ck_memory *memory, ck_buffer *out, const char *key, ck_gguf_type type);
bool ck_gguf_put_integer(const ck_memory *memory, ck_buffer *out, const char *key,
                         ck_gguf_kind kind, uint64_t value);

#endif
