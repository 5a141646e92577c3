/* SPDX-License-Identifier: MIT */
/* A directory that appears whole or not at all: made under a temporary name beside its target, its
 * files written and synced one after another, renamed, and the directory around it synced. Where
 * something has its name already it is not made: a directory cannot be replaced in one step.
 *
 * What a program that is killed leaves of it is a directory ".NAME.N.tmp", which the next saver of
 * the same name takes away (base/temporaryfile.h). */
#ifndef CK_ATOMICDIRECTORY_H
#define CK_ATOMICDIRECTORY_H

#include "base/buffer.h"

typedef struct ck_atomic_directory {
    ck_memory memory;
    const ckpt_filesystem *files;
    char *path;      /* that it is to have, without slashes at the end */
    char *parent;    /* the directory around it */
    char *temporary; /* of temporary_room bytes */
    size_t temporary_room;
    bool durable;
    ck_buffer entries; /* of what was made: 'd' or 'f', the name inside, a NUL */
    ck_buffer name;    /* scratch: the path of an entry */
    int file;          /* that is being written, or -1 */
    int guard;         /* holds the lock, or -1 */
} ck_atomic_directory;

/* CKPT_E_EXISTS: something has that name. CKPT_E_UNSUPPORTED: the file system makes no directories.
 * files NULL: POSIX. */
ckpt_status ck_atomic_directory_open(ck_atomic_directory *ret_directory, const ck_memory *memory,
                                     const ckpt_filesystem *files, const char *path, bool durable,
                                     ckpt_error *err);
/* A directory inside of it. */
ckpt_status ck_atomic_directory_add(ck_atomic_directory *directory, const char *name,
                                    ckpt_error *err);
/* Begins a file, "NAME" or "DIRECTORY/NAME", after the one before was ended. */
ckpt_status ck_atomic_directory_begin(ck_atomic_directory *directory, const char *name,
                                      ckpt_error *err);
ckpt_status ck_atomic_directory_write(ck_atomic_directory *directory, const void *bytes,
                                      size_t size, uint64_t offset, ckpt_error *err);
ckpt_status ck_atomic_directory_end(ck_atomic_directory *directory, ckpt_error *err);
/* Both free. On failure nothing is left of it, but for CKPT_E_DURABILITY. */
ckpt_status ck_atomic_directory_commit(ck_atomic_directory *directory, ckpt_error *err);
void ck_atomic_directory_abort(ck_atomic_directory *directory);

#endif
