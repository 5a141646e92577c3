/* SPDX-License-Identifier: MIT */
/* A file system of one file, in memory, whose power can fail in the middle of a write. */
#ifndef FUZZDISK_H
#define FUZZDISK_H

#include <ckpt/hooks.h>

enum { FUZZ_DISK_SIZE = 1 << 18 };

typedef struct fuzz_disk {
    ckpt_filesystem hook; /* its ctx is the disk */
    uint64_t size;
    /* Bytes that can still be written; a truncation counts as one. What is written when they are
     * used up is lost, from the middle of a write on, and everything fails from then on. */
    uint64_t power;
    bool is_off;
    unsigned open_files, maps;
    unsigned char bytes[FUZZ_DISK_SIZE];
} fuzz_disk;

/* The only file there is. */
#define FUZZ_DISK_PATH "/file.ckpt"

void fuzz_disk_begin(fuzz_disk *disk, const void *bytes, size_t size);
/* As after a restart: the power is on, whatever happened. */
void fuzz_disk_restart(fuzz_disk *disk);

#endif
