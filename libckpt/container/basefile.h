/* SPDX-License-Identifier: MIT */
/* The file of a checkpoint that another one is saved with as its base. */
#ifndef CK_BASEFILE_H
#define CK_BASEFILE_H

#include "container/placement.h"
#include "model/format.h"

typedef struct ck_base_file {
    ckpt *base;
    const char *name; /* its component */
    bool is_entered;
    uint32_t part;
} ck_base_file;

/* Whether a file that is saved can refer to that of the base: it was opened from a .ckpt file by
 * its path and not changed since, and is still to be found beside the file that is saved, under a
 * name that a part can have. Else CKPT_E_ARGUMENT. */
ckpt_status ck_base_file_check(ck_base_file *ret_file, ckpt *base, const ck_part_files *parts,
                               const ck_memory *memory, ckpt_error *err);

/* The part for a storage whose owner is the base or one of its parts. The file of the base is
 * hashed when it is first asked for. */
ckpt_status ck_base_file_part(ck_base_file *file, const ckpt *owner, ck_placement *placement,
                              uint32_t *ret_part, ckpt_error *err);

#endif
