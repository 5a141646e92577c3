/* SPDX-License-Identifier: MIT */
/* The generations of a file (spec/ckpt-format.md, section 11). */
#ifndef CK_GENERATIONS_H
#define CK_GENERATIONS_H

#include "container/header.h"
#include "model/object.h"

/* Reads the checkpoint of one slot: its index, loaded and checked. Of the slot, older says whether
 * it stands for a generation before that of the header (then its features are not known). */
ckpt_status ck_generation_read(ckpt *c, const ck_source *source, const ck_slot *slot, bool older,
                               ckpt_error *err);

/* Makes *slot, the current one, stand for an older generation, which is looked up in the current
 * index. CKPT_E_NOT_FOUND when there is none of that number. */
ckpt_status ck_generation_find(const ck_source *source, uint64_t generation, ck_slot *slot,
                               ckpt_error *err);

/* The newest generation of a file that is open under this number in the file system of c's source,
 * as a checkpoint of its own. The file stays the caller's: free it with ck_generation_close. */
ckpt_status ck_generation_open_newest(const ckpt *c, const ckpt_filesystem *files, int file,
                                      ck_header *ret_header, ckpt **ret_newest, ckpt_error *err);
void ck_generation_close(ckpt *newest); /* takes NULL */

/* Bytes of all retired extents. */
uint64_t ck_generation_retired_size(const ckpt *c);

#endif
