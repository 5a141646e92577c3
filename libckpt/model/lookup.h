/* SPDX-License-Identifier: MIT */
/* Finding a name in a module or a key in a map: by binary search while the checkpoint is frozen,
 * through the hash tables after. */
#ifndef CK_LOOKUP_H
#define CK_LOOKUP_H

#include "model/object.h"

/* The place in the run of the module or map, CK_NONE when there is none of that name. */
uint32_t ck_find_member(const ckpt *c, uint32_t module, const char *name, size_t size);
uint32_t ck_find_element(const ckpt *c, uint32_t map, const char *key, size_t size);

/* How many elements were removed from the beginning of a run (object.h). */
uint32_t ck_member_shift(const ckpt *c, uint32_t module);
uint32_t ck_value_shift(const ckpt *c, uint64_t first);

#endif
