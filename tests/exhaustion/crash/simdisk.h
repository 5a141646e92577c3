/* SPDX-License-Identifier: MIT */
/* What lies on a simulated disk: a few files and one directory. */
#ifndef SIMDISK_H
#define SIMDISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_INODES = 64, SIM_ENTRIES = 64, SIM_NAME = 64, SIM_SECTOR = 512 };

typedef struct sim_inode {
    unsigned char *bytes;
    size_t size;
} sim_inode;

typedef struct sim_entry {
    char name[SIM_NAME];
    int inode; /* -1 for a free entry */
} sim_entry;

typedef struct sim_disk {
    sim_inode inodes[SIM_INODES];
    int inode_count;
    sim_entry entries[SIM_ENTRIES];
    int entry_count;
} sim_disk;

/* All zeros is an empty disk. */
void sim_disk_copy(const sim_disk *from, sim_disk *to); /* to is empty */
void sim_disk_clear(sim_disk *disk);
uint64_t sim_disk_hash(const sim_disk *disk); /* of what names lead to */

int sim_disk_find(const sim_disk *disk, const char *name); /* -1: no such name */
void sim_disk_link(sim_disk *disk, const char *name,
                   int inode); /* takes the place of an old entry */
void sim_disk_unlink(sim_disk *disk, const char *name);
void sim_disk_resize(sim_disk *disk, int inode, size_t size); /* zeros at the end */

typedef enum sim_kind { SIM_WRITE, SIM_TRUNCATE, SIM_CREATE, SIM_RENAME, SIM_UNLINK } sim_kind;

/* A change that is not certain to be on the disk. */
typedef struct sim_operation {
    sim_kind kind;
    int inode;
    uint64_t offset;      /* of a write; the new size for a truncation */
    unsigned char *bytes; /* of a write */
    size_t size;
    char name[SIM_NAME];
    char new_name[SIM_NAME]; /* of a rename */
} sim_operation;

/* How much of a change a crash has left. */
typedef enum sim_fate {
    SIM_LOST,
    SIM_WHOLE,
    SIM_SIZE_ONLY, /* a write that made the file longer: zeros where its bytes should be */
    SIM_SECTORS,   /* a write of which some sectors are there; the file has its new size */
    SIM_PREFIX,    /* a write that ends at some byte, and so does what it added to the file */
    SIM_FATES
} sim_fate;

/* random chooses sectors and bytes. */
void sim_disk_apply(sim_disk *disk, const sim_operation *operation, sim_fate fate, uint64_t random);

#endif
