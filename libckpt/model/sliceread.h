/* SPDX-License-Identifier: MIT */
#ifndef CK_SLICEREAD_H
#define CK_SLICEREAD_H

#include "model/object.h"

/* ckpt_tensor_read_slice for a tensor that is known to exist; slices NULL: all of it. */
ckpt_status ck_read_slices(ckpt_tensor tensor, const ckpt_slice *slices, void *destination,
                           size_t size, ckpt_error *err);

#endif
