/* SPDX-License-Identifier: MIT */
/* Storages whose elements stand in the file with the other byte order: they are turned round as
 * they are asked for, in no memory of their own. */
#ifndef CK_SWAPPED_H
#define CK_SWAPPED_H

#include "model/object.h"

/* Bytes [offset, offset + size) of the checkpoint's file. unit: bytes that are reversed, 2 to 16;
 * of a complex number each part is one. size is a multiple of it. The checkpoint must have taken
 * its source over when the storage is read. */
ckpt_status ck_storage_swapped(ckpt *c, uint64_t offset, uint64_t size, uint32_t unit,
                               ckpt_storage *ret_storage, ckpt_error *err);

/* What the inner provider gives; it is closed with the storage, and on failure stays the caller's
 * to close. */
ckpt_status ck_provide_swapped(ckpt *c, uint64_t size, const ck_provider *inner, uint32_t unit,
                               ckpt_storage *ret_storage, ckpt_error *err);

/* The bytes that must be reversed of an element of a plain type: 1 where none are. */
uint32_t ck_swap_unit(ckpt_dtype dtype);

#endif
