/* SPDX-License-Identifier: MIT */
/* Typed values from one checkpoint to another. */
#ifndef CK_COPYVALUES_H
#define CK_COPYVALUES_H

#include <ckpt/values.h>

/* Equal in type and content; maps in the order of their keys too. */
bool ck_values_equal(ckpt_value a, ckpt_value b);

/* Stores a copy of value under key in a map of another checkpoint. */
ckpt_status ck_copy_value(ckpt_value map, const char *key, ckpt_value value, ckpt_error *err);

#endif
