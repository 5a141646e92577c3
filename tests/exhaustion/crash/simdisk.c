/* SPDX-License-Identifier: MIT */
#include "simdisk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "testrandom.h"

static void die(const char *what) {
    fprintf(stderr, "simulated disk: %s\n", what);
    abort();
}

static void *copy_bytes(const void *bytes, size_t size) {
    void *copy = malloc(size + 1);
    if (copy == NULL)
        die("no memory");
    if (size != 0)
        memcpy(copy, bytes, size);
    return copy;
}

void sim_disk_copy(const sim_disk *from, sim_disk *to) {
    *to = *from;
    for (int i = 0; i < from->inode_count; i++)
        to->inodes[i].bytes = copy_bytes(from->inodes[i].bytes, from->inodes[i].size);
}

void sim_disk_clear(sim_disk *disk) {
    for (int i = 0; i < disk->inode_count; i++)
        free(disk->inodes[i].bytes);
    memset(disk, 0, sizeof *disk);
}

uint64_t sim_disk_hash(const sim_disk *disk) {
    uint64_t hash = 0;
    for (int i = 0; i < disk->entry_count; i++) {
        const sim_entry *entry = &disk->entries[i];
        if (entry->inode < 0)
            continue;
        const sim_inode *inode = &disk->inodes[entry->inode];
        uint64_t name = XXH3_64bits(entry->name, strlen(entry->name));
        hash += XXH3_64bits_withSeed(inode->bytes, inode->size, name);
    }
    return hash;
}

static sim_entry *entry_of(sim_disk *disk, const char *name) {
    for (int i = 0; i < disk->entry_count; i++) {
        if (disk->entries[i].inode >= 0 && strcmp(disk->entries[i].name, name) == 0)
            return &disk->entries[i];
    }
    return NULL;
}

int sim_disk_find(const sim_disk *disk, const char *name) {
    for (int i = 0; i < disk->entry_count; i++) {
        if (disk->entries[i].inode >= 0 && strcmp(disk->entries[i].name, name) == 0)
            return disk->entries[i].inode;
    }
    return -1;
}

void sim_disk_link(sim_disk *disk, const char *name, int inode) {
    sim_entry *entry = entry_of(disk, name);
    for (int i = 0; entry == NULL && i < disk->entry_count; i++) {
        if (disk->entries[i].inode < 0)
            entry = &disk->entries[i];
    }
    if (entry == NULL) {
        if (disk->entry_count == SIM_ENTRIES)
            die("too many names");
        entry = &disk->entries[disk->entry_count++];
    }
    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->inode = inode;
}

void sim_disk_unlink(sim_disk *disk, const char *name) {
    sim_entry *entry = entry_of(disk, name);
    if (entry != NULL)
        entry->inode = -1;
}

void sim_disk_resize(sim_disk *disk, int number, size_t size) {
    if (number >= SIM_INODES)
        die("too many files");
    for (; disk->inode_count <= number; disk->inode_count++) {
        disk->inodes[disk->inode_count].bytes = NULL;
        disk->inodes[disk->inode_count].size = 0;
    }
    sim_inode *inode = &disk->inodes[number];
    unsigned char *bytes = realloc(inode->bytes, size + 1);
    if (bytes == NULL)
        die("no memory");
    if (size > inode->size)
        memset(bytes + inode->size, 0, size - inode->size);
    inode->bytes = bytes;
    inode->size = size;
}

static void apply_write(sim_disk *disk, const sim_operation *o, sim_fate fate, uint64_t random) {
    size_t size = fate == SIM_PREFIX && o->size != 0 ? (size_t)(random % o->size) : o->size;
    size_t end = (size_t)o->offset + size;
    test_random sectors = {random};
    if (end > disk->inodes[o->inode].size)
        sim_disk_resize(disk, o->inode, end);
    unsigned char *bytes = disk->inodes[o->inode].bytes;
    if (fate == SIM_WHOLE || fate == SIM_PREFIX)
        memcpy(bytes + o->offset, o->bytes, size);
    for (size_t at = 0; fate == SIM_SECTORS && at < size;) {
        size_t piece = SIM_SECTOR - (size_t)((o->offset + at) % SIM_SECTOR);
        piece = piece < size - at ? piece : size - at;
        if (random_chance(&sectors, 50))
            memcpy(bytes + o->offset + at, o->bytes + at, piece);
        at += piece;
    }
}

void sim_disk_apply(sim_disk *disk, const sim_operation *o, sim_fate fate, uint64_t random) {
    if (fate == SIM_LOST)
        return;
    if (o->inode >= disk->inode_count)
        sim_disk_resize(disk, o->inode, 0);
    switch (o->kind) {
    case SIM_WRITE: apply_write(disk, o, fate, random); break;
    case SIM_TRUNCATE: sim_disk_resize(disk, o->inode, (size_t)o->offset); break;
    case SIM_CREATE: sim_disk_link(disk, o->name, o->inode); break;
    case SIM_UNLINK: sim_disk_unlink(disk, o->name); break;
    case SIM_RENAME:
        sim_disk_unlink(disk, o->name);
        sim_disk_link(disk, o->new_name, o->inode);
        break;
    }
}
