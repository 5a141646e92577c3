/* SPDX-License-Identifier: MIT */
/* Several files that are saved together: one main file and parts beside it, which it names.
 *
 * All of them are written under temporary names. A commit syncs all of them, gives the parts their
 * names, syncs the directory, and only then replaces the main file: whatever cuts it short, the
 * path of the main file holds the old one or the new one, and the new one only with all its parts.
 *
 * What fails before the main file is replaced is taken back: parts that have their names already
 * are removed, but for those that took the place of a file. Where names of parts stand for their
 * content that one had the same bytes. Elsewhere (sets_aside) what has the name of a part is first
 * called ".NAME.N.P.old", N and P being those of the temporary files: all of them, then the
 * directory is synced, then the parts get their names. So the old main file never leads to old
 * parts and new ones together: after a failure the old ones have their names again; who reads
 * between, or after a program was killed then, finds that some are missing, and the old ones under
 * those other names. A part that another program has replaced meanwhile is that program's.
 *
 * Parts of earlier saves are left alone: other files may name them. */
#ifndef CK_PARTFILES_H
#define CK_PARTFILES_H

#include "base/atomicfile.h"
#include "base/buffer.h"
#include "base/nametree.h"

typedef struct ck_part {
    ck_atomic_file file;
    bool is_named;
    bool is_renamed; /* and took a name that was free */
    char *aside;     /* where the file is that had its name; NULL for none */
    uint64_t device, inode;
} ck_part;

typedef struct ck_parts {
    const ck_atomic_file *main;
    ck_buffer parts; /* of ck_part *, NULL for one that was discarded */
    ck_nametree names;
    bool sets_aside; /* set by the caller before the commit */
} ck_parts;

/* The main file is open, stays the caller's and must outlive the parts. */
ck_parts ck_parts_begin(const ck_atomic_file *main);
/* A new part, numbered from 0. The pointer is good until the end. */
ckpt_status ck_parts_create(ck_parts *parts, uint32_t *ret_number, ck_part **ret_part,
                            ckpt_error *err);
ck_part *ck_parts_at(const ck_parts *parts, uint32_t number);
uint32_t ck_parts_count(const ck_parts *parts); /* discarded ones too */
/* The name of a part: one component, which neither the main file nor another part has. */
ckpt_status ck_parts_set_name(ck_parts *parts, uint32_t number, const char *component,
                              ckpt_error *err);
/* Nothing more will be written to it: syncs and closes it. Else the commit does. */
ckpt_status ck_parts_finish(ck_parts *parts, uint32_t number, ckpt_error *err);
/* Throws a part away that has no name yet. */
void ck_parts_discard(ck_parts *parts, uint32_t number);
/* Commits the parts and then the main file, which is closed in every case; frees. On failure
 * nothing is as it would be with the new main file, but for CKPT_E_DURABILITY. */
ckpt_status ck_parts_commit(ck_parts *parts, ck_atomic_file *main, ckpt_error *err);
/* Throws the parts away, not the main file; frees. */
void ck_parts_abort(ck_parts *parts);

#endif
