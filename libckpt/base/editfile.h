/* SPDX-License-Identifier: MIT */
/* An existing file, open and locked, to be changed in place. */
#ifndef CK_EDITFILE_H
#define CK_EDITFILE_H

#include "base/memory.h"

typedef struct ck_edit_file {
    ck_memory memory;
    const ckpt_filesystem *files;
    char *path;
    int file;
    uint64_t size;    /* bytes, when it was opened */
    bool durable;     /* else ck_edit_sync does nothing */
    bool sync_failed; /* what is on the disk is not known any more */
} ck_edit_file;

/* Opens and locks. CKPT_E_UNSUPPORTED: the file system cannot edit. CKPT_E_IO: another open file
 * has the lock, or what it says. */
ckpt_status ck_edit_open(ck_edit_file *ret_file, const ck_memory *memory,
                         const ckpt_filesystem *files, const char *path, bool durable,
                         ckpt_error *err);
/* Whether an open file of the same file system is the same one, not one that has taken its name. */
ckpt_status ck_edit_is_same(const ck_edit_file *file, int other, bool *ret_same, ckpt_error *err);
ckpt_status ck_edit_write(ck_edit_file *file, const void *bytes, size_t size, uint64_t offset,
                          ckpt_error *err);
ckpt_status ck_edit_truncate(ck_edit_file *file, uint64_t size, ckpt_error *err);
/* Fails for good once it has failed. */
ckpt_status ck_edit_sync(ck_edit_file *file, ckpt_error *err);
/* Closes, which gives the lock back. */
ckpt_status ck_edit_close(ck_edit_file *file, ckpt_error *err);

#endif
