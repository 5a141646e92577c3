/* SPDX-License-Identifier: MIT */
/* Storages whose bytes lie in other files (spec/ckpt-format.md, section 8.2). */
#ifndef CK_CONTAINER_PARTS_H
#define CK_CONTAINER_PARTS_H

#include "model/object.h"

/* F2. */
bool ck_part_name_valid(const char *name, size_t size);

/* Opens the parts of a checkpoint that was read from this file and checked, and links its storages
 * to them. A part that is not there, or is not as the file says, is remembered: reading the
 * storages in it fails, naming it. */
ckpt_status ck_parts_link(ckpt *c, const ck_source *main, ckpt_error *err);

/* The part in which a storage lies, as a checkpoint, and its number there; NULL when it lies in
 * none. */
ckpt *ck_part_of(const ckpt *c, uint32_t storage, uint32_t *ret_number);

#endif
