/* SPDX-License-Identifier: MIT */
/* The names that safetensors has for element types. */
#ifndef CK_SAFETENSORS_TAGS_H
#define CK_SAFETENSORS_TAGS_H

#include <ckpt/dtypes.h>

/* CKPT_DTYPE_OTHER for a tag that there is not. */
ckpt_dtype ck_safetensors_dtype(const char *tag);
/* From 0, as the official library orders the types; -1 for one that safetensors does not have. */
int ck_safetensors_order(ckpt_dtype dtype);
const char *ck_safetensors_tag(int order);

#endif
