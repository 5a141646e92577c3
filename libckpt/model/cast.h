/* SPDX-License-Identifier: MIT */
/* Elements converted to types other than f32 and f64: what ckpt_convert leaves to this file. */
#ifndef CK_CAST_H
#define CK_CAST_H

#include "model/smallfloat.h"

#include <ckpt/dtypes.h>

#include <stdbool.h>

/* The description of a float of at most 16 bits; false for every other type. */
bool ck_small_float_format(ckpt_dtype dtype, ck_float_format *ret_format);

/* As ckpt_convert. */
ckpt_status ck_cast(const ckpt_dtype_info *from, const unsigned char *source,
                    const ckpt_dtype_info *to, unsigned char *destination, size_t count,
                    ckpt_error *err);

#endif
