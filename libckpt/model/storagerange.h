/* SPDX-License-Identifier: MIT */
#ifndef CK_STORAGERANGE_H
#define CK_STORAGERANGE_H

#include "model/object.h"

/* A storage with the bytes [offset, offset + size) of one of another checkpoint, which must live as
 * long; read from there when they are asked for. The range is inside of it. */
ckpt_status ck_storage_range(ckpt *c, ckpt_storage other, uint64_t offset, uint64_t size,
                             ckpt_storage *ret_storage, ckpt_error *err);

#endif
