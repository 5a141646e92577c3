/* SPDX-License-Identifier: MIT */
/* A simulated file system that remembers which changes are certain to survive a loss of power, and
 * which are not yet. Those may, one by one, be lost, torn, or come before others that were made
 * earlier: all that POSIX allows, and more than most file systems do. A sync of a file makes its
 * bytes and its size certain, not its name; a sync of the directory, the names. */
#ifndef SIMFS_H
#define SIMFS_H

#include <ckpt/hooks.h>

#include "simdisk.h"

enum { SIM_FILES = 8, SIM_PENDING = 256 };

typedef struct sim_file {
    bool is_open, is_locked;
    int inode;
} sim_file;

typedef struct simfs {
    ckpt_filesystem hook;
    sim_disk certain; /* what is on the disk */
    sim_disk seen;    /* what programs see */
    sim_operation pending[SIM_PENDING];
    int pending_count;
    sim_file files[SIM_FILES];

    /* Called after each change, when it is pending. */
    void (*on_change)(void *ctx, const struct simfs *fs);
    void *ctx;
    size_t largest_write; /* of one pwrite; 0: as asked */

    /* Faults of a library that forgets something. */
    uint64_t dropped_syncs; /* bit n: sync n of a file, from 0, does nothing */
    bool drops_directory_syncs;
    bool copies_for_rename; /* writes over the target in place of renaming */
    unsigned syncs;
    /* A fault of the disk: sync n of a file fails, and what it should have written never will be,
     * while programs go on to see it. */
    uint64_t failing_syncs;
} simfs;

/* A file system with what is certain on the disk given; nothing is pending, no file open. */
void simfs_begin(simfs *fs, const sim_disk *disk);
void simfs_end(simfs *fs);

#endif
