/* SPDX-License-Identifier: MIT */
/* One chunk of an encoded storage, both ways (spec/ckpt-format.md, section 8.1). */
#ifndef CK_CODEC_H
#define CK_CODEC_H

#include "model/object.h"

/* What the work on chunks needs; for one thread at a time. All its memory is taken
 * when it is opened, so that threads can use it that must not call the memory hook. */
typedef struct ck_codec ck_codec;

/* How a storage is encoded: the fields of its record that concern a chunk. */
typedef struct ck_chunk_form {
    unsigned width;
    unsigned rotation;
} ck_chunk_form;

/* room: bytes of the largest chunk. */
ckpt_status ck_encoder_open(const ck_memory *memory, size_t room, ck_codec **ret_codec,
                            ckpt_error *err);
ckpt_status ck_decoder_open(const ck_memory *memory, size_t room, ck_codec **ret_codec,
                            ckpt_error *err);
void ck_codec_close(ck_codec *codec); /* takes NULL */

/* Bytes that an encoded chunk of size bytes can have at most. */
size_t ck_encoded_room(size_t size, unsigned width);
/* Encodes a chunk to `stored`; returns its size there. Cannot fail. */
size_t ck_chunk_encode(ck_codec *codec, ck_chunk_form form, const unsigned char *bytes, size_t size,
                       unsigned char *stored);
/* Decodes a chunk to exactly size bytes. NULL, or what is wrong with it (rule C3). */
const char *ck_chunk_decode(ck_codec *codec, ck_chunk_form form, const unsigned char *stored,
                            size_t stored_size, unsigned char *bytes, size_t size);

/* The decoder as the model calls it. */
extern const ck_chunk_coding ck_planes_coding;

#endif
