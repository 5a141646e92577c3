/* SPDX-License-Identifier: MIT */
/* A file that appears whole or not at all: written under a temporary name beside its target,
 * synced, renamed over it, and the directory synced. */
#ifndef CK_ATOMICFILE_H
#define CK_ATOMICFILE_H

#include "base/memory.h"

typedef struct ck_atomic_file {
    ck_memory memory;
    const ckpt_filesystem *files;
    char *path; /* that it is to have; of a part without a name that of the main file */
    char *temporary;
    size_t temporary_room;
    char *directory;
    int file;        /* -1 once it is closed */
    int guard;       /* the same file, locked (base/temporaryfile.h); -1 where there is none */
    unsigned number; /* in the temporary name */
    bool durable;
    bool replaces;    /* there was a file at the path, whose permissions it has */
    uint64_t begun;   /* up to here the system was told to begin to write to the disk */
    uint64_t written; /* end of the bytes that have been written furthest behind */
} ck_atomic_file;

/* Creates the temporary file. durable: sync it and the directory at commit. */
ckpt_status ck_atomic_open(ck_atomic_file *ret_file, const ck_memory *memory,
                           const ckpt_filesystem *files, const char *path, bool durable,
                           ckpt_error *err);
/* The file will have so many bytes at least, all of which will be written: its blocks can be found
 * at once. What cannot be had now, writing will tell. */
void ck_atomic_reserve(ck_atomic_file *file, uint64_t size);
/* In a durable file, what is written in ascending order is on its way to the disk while the rest is
 * still being made. */
ckpt_status ck_atomic_write(ck_atomic_file *file, const void *bytes, size_t size, uint64_t offset,
                            ckpt_error *err);
/* Exactly size bytes of what has been written, while it is open. */
ckpt_status ck_atomic_read(const ck_atomic_file *file, void *bytes, size_t size, uint64_t offset,
                           ckpt_error *err);
/* Closes in every case. On failure the target is as it was and the temporary file is gone, but for
 * CKPT_E_DURABILITY (see ckpt_status). */
ckpt_status ck_atomic_commit(ck_atomic_file *file, ckpt_error *err);
/* Throws the temporary file away. */
void ck_atomic_abort(ck_atomic_file *file);

/* ---- the steps of a commit, for files that belong together (base/partfiles.h) ---- */

/* A file beside another one that is open, with the permissions of what that one replaces; number
 * tells the temporary names of such files apart. It has no name before ck_atomic_set_name. */
ckpt_status ck_atomic_open_beside(ck_atomic_file *ret_file, const ck_atomic_file *main,
                                  uint32_t number, ckpt_error *err);
/* One component, in the same directory. What is there must be a file or a link, if anything, or it
 * is CKPT_E_IO; of a file that will be replaced the permissions are taken over. */
ckpt_status ck_atomic_set_name(ck_atomic_file *file, const char *component, ckpt_error *err);
/* Syncs and closes; does nothing when it is closed. After a failure only ck_atomic_abort is left.
 */
ckpt_status ck_atomic_finish(ck_atomic_file *file, ckpt_error *err);
/* Gives a finished file its name. The names stay the caller's to free. */
ckpt_status ck_atomic_rename(ck_atomic_file *file, ckpt_error *err);
/* The errno of syncing the directory, or 0. */
int ck_atomic_sync_directory(const ck_atomic_file *file);
void ck_atomic_free(ck_atomic_file *file);

#endif
