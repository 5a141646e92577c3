/* SPDX-License-Identifier: MIT */
/* The data of big-endian GGUF files, as little-endian ones have them.
 *
 * Only the numbers inside of a block that are wider than a byte are swapped. GGML has no document
 * about that: what is swapped follows from how its structs are declared and used on a big-endian
 * host, and agrees with gguf_convert_endian.py for the types that it knows. */
#ifndef CK_GGUFSWAP_H
#define CK_GGUFSWAP_H

#include "model/object.h"

/* False for iq2_xxs and iq3_xxs, whose bytes are used as parts of words and as bytes at once. */
bool ck_gguf_can_swap(ckpt_dtype dtype);

/* As ck_storage_in_source; the bytes are swapped when they are read. */
ckpt_status ck_gguf_swapped_storage(ckpt *c, ckpt_dtype dtype, uint64_t offset, uint64_t size,
                                    ckpt_storage *ret_storage, ckpt_error *err);

#endif
