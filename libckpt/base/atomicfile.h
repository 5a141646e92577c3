/* SPDX-License-Identifier: MIT */
/* A file that appears whole or not at all: written under a temporary name beside its target,
 * synced, renamed over it, and the directory synced. */
#ifndef CK_ATOMICFILE_H
#define CK_ATOMICFILE_H

#include "base/memory.h"

typedef struct ck_atomic_file {
    ck_memory memory;
    const ckpt_filesystem *files;
    char *path;
    char *temporary;
    char *directory;
    int file;
    bool durable;
} ck_atomic_file;

/* Creates the temporary file. durable: sync it and the directory at commit. */
ckpt_status ck_atomic_open(ck_atomic_file *ret_file, const ck_memory *memory,
                           const ckpt_filesystem *files, const char *path, bool durable,
                           ckpt_error *err);
ckpt_status ck_atomic_write(ck_atomic_file *file, const void *bytes, size_t size, uint64_t offset,
                            ckpt_error *err);
/* Closes in every case. On failure the target is as it was and the temporary file is gone, but for
 * CKPT_E_DURABILITY (see ckpt_status). */
ckpt_status ck_atomic_commit(ck_atomic_file *file, ckpt_error *err);
/* Throws the temporary file away. */
void ck_atomic_abort(ck_atomic_file *file);

#endif
