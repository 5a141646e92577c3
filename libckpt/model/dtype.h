/* SPDX-License-Identifier: MIT */
/* Element types inside a checkpoint. */
#ifndef CK_DTYPE_H
#define CK_DTYPE_H

#include <ckpt/model.h>

/* One to 32 of a-z, 0-9 and '_'. */
bool ck_dtype_name_valid(const char *name);

/* The type with this number in the checkpoint. Registered ones are the registry's entry. */
ckpt_dtype_info ck_dtype_info_of(const ckpt *c, uint32_t number);

/* The number of a type in the checkpoint, added when it is new; other describes it when dtype is
 * CKPT_DTYPE_OTHER. The checkpoint must be thawed. */
ckpt_status ck_dtype_number(ckpt *c, ckpt_dtype dtype, const ckpt_dtype_info *other,
                            uint16_t *ret_number, ckpt_error *err);

#endif
