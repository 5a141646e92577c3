/* SPDX-License-Identifier: MIT */
/* Storages that need not be written, since their bytes lie in the base of a save: another .ckpt
 * file in the same directory, or one of its parts. */
#ifndef CK_REUSE_H
#define CK_REUSE_H

#include "container/placement.h"
#include "model/format.h"

/* Where the bytes of a storage lie already. */
typedef struct ck_reused {
    const ckpt *from; /* what was opened from that file; NULL: nowhere */
    uint32_t number;  /* of the storage there */
    uint32_t part;    /* of the placement */
} ck_reused;

typedef struct ck_reuse {
    ck_memory memory;
    ck_reused *storages; /* by their numbers in the collection; NULL: without a base */
    size_t room;
} ck_reuse;

/* Compares the storages of the collection from number `first` on with those of options->base, by
 * size, and by the SHA-256 of their decoded bytes. No bytes of a file are used twice. Enters the
 * files that are referred to as parts of the placement. Without a base there is nothing to do. */
ckpt_status ck_reuse_open(ck_reuse *reuse, const ck_collection *all, uint32_t first,
                          const ckpt_save_options *options, const ck_sink *sink,
                          ck_placement *placement, ckpt_error *err);
void ck_reuse_close(ck_reuse *reuse); /* takes a zeroed one */

bool ck_reuse_has(const ck_reuse *reuse, uint32_t storage);
/* Places the storage where it lies, if it need not be written. */
ckpt_status ck_reuse_place(const ck_reuse *reuse, uint32_t storage, ck_placement *placement,
                           bool *ret_is_placed, ckpt_error *err);

#endif
