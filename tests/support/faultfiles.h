/* SPDX-License-Identifier: MIT */
/* A file system for tests: passes calls on to the system, counts and records them, and makes chosen
 * ones fail or transfer less than was asked. */
#ifndef FAULTFILES_H
#define FAULTFILES_H

#include <ckpt/hooks.h>

typedef enum file_operation {
    FILE_OPEN_READ,
    FILE_OPEN_CREATE,
    FILE_CLOSE,
    FILE_STATUS,
    FILE_STATUS_OF_PATH,
    FILE_SET_PERMISSIONS,
    FILE_PREAD,
    FILE_PWRITE,
    FILE_SYNC,
    FILE_SYNC_DIRECTORY,
    FILE_RENAME,
    FILE_UNLINK,
    FILE_MAP,
    FILE_UNMAP,
    FILE_OPEN_EDIT,
    FILE_TRUNCATE,
    FILE_LOCK,
    FILE_OPEN_DIRECTORY,
    FILE_OPEN_AT,
    FILE_MKDIR,
    FILE_RMDIR,
    FILE_REMOVE_TREE,
    FILE_OPERATION_COUNT
} file_operation;

typedef struct file_record {
    file_operation operation;
    int file;    /* -1 where a path is meant */
    int failure; /* the errno that the library was told, 0 for success */
} file_record;

enum { FILE_RECORDS = 4096 };

/* Zeroed, after fault_files_hook, it passes everything on. For one thread. */
typedef struct fault_files {
    ckpt_filesystem hook;

    /* What to do. A close that is to fail closes all the same, as the system does. */
    uint64_t fail_at;        /* the number, from 1, of the operation that fails; 0: none */
    bool fail_ever_after;    /* but for unlink and rmdir: cleaning up is another matter */
    int sys_errno;           /* what it fails with; 0: a pread finds the end of the file */
    size_t largest_transfer; /* of one pread or pwrite; 0: as asked */
    bool interrupts;         /* every other pread, pwrite and sync fails with EINTR */
    bool unlink_fails;       /* with EIO */

    /* What happened. */
    uint64_t operations;
    uint64_t failures; /* that were made, interruptions not counted */
    uint64_t counts[FILE_OPERATION_COUNT];
    file_record records[FILE_RECORDS]; /* the first ones */
    uint32_t open_files;
    uint32_t maps;
} fault_files;

/* Prepares a zeroed struct; the hook lies in it and passes on to the system. */
const ckpt_filesystem *fault_files_hook(fault_files *files);

/* Begins to count anew; the settings stay. */
void fault_files_restart(fault_files *files);

const char *file_operation_name(file_operation operation);

#endif
