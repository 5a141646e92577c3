/* SPDX-License-Identifier: MIT */
/* The key-values of a GGUF file as metadata, and back.
 *
 * An entry has the key of the file and the nearest of libckpt's types. Which of GGUF's types it
 * had, the entry "gguf.types" tells, a map from keys to names of types, for those for which it is
 * not what the value shows:
 *
 *     value                                 type when nothing else is said
 *     bool, int, float, string              bool, i64, f64, string
 *     bytes                                 [u8]
 *     list of bool, int, float or string    [bool], [i64], [f64], [string]
 *     list without elements                 [string]
 *
 * A u64 beyond the range of an int is a string of its digits; a string that is not UTF-8 is bytes.
 */
#ifndef CK_GGUFVALUES_H
#define CK_GGUFVALUES_H

#include "exchange/ggufhead.h"
#include "model/object.h"

#define CK_GGUF_TYPES_KEY "gguf.types"
#define CK_GGUF_NAMES_KEY "ckpt.names"
#define CK_GGUF_TIES_KEY "ckpt.ties"
#define CK_GGUF_ALIGNMENT_KEY "general.alignment"
#define CK_GGUF_SPLIT_NO "split.no"
#define CK_GGUF_SPLIT_COUNT "split.count"
#define CK_GGUF_SPLIT_TENSORS "split.tensors.count"

/* The next `count` values of the head, into the metadata of c, which must be empty. */
ckpt_status ck_gguf_read_values(ckpt *c, ck_ggufhead *h, uint64_t count, ckpt_error *err);

/* What a value that no entry of gguf.types describes is written as; false when GGUF has no type for
 * it: null, a map, a list of several types or of containers. */
bool ck_gguf_natural_type(ckpt_value value, ck_gguf_type *ret_type);

/* f32 and f64, NaNs with all their bits. */
double ck_gguf_widen(uint32_t bits);
/* False when the number is none of an f32. */
bool ck_gguf_narrow(double value, uint32_t *ret_bits);

#endif
