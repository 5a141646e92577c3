/* SPDX-License-Identifier: MIT */
#include "simfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_name(char *to, const char *from) {
    snprintf(to, SIM_NAME, "%s", from);
}

static void change(simfs *fs, const sim_operation *operation) {
    if (fs->pending_count == SIM_PENDING) {
        fprintf(stderr, "simulated file system: too many changes without a sync\n");
        abort();
    }
    fs->pending[fs->pending_count++] = *operation;
    sim_disk_apply(&fs->seen, operation, SIM_WHOLE, 0);
    if (fs->on_change != NULL)
        fs->on_change(fs->ctx, fs);
}

static bool is_name_change(const sim_operation *operation) {
    return operation->kind != SIM_WRITE && operation->kind != SIM_TRUNCATE;
}

/* Makes changes certain: those of names, or those of one file. */
static void settle(simfs *fs, bool names, int inode) {
    int kept = 0;
    for (int i = 0; i < fs->pending_count; i++) {
        sim_operation *o = &fs->pending[i];
        bool chosen = is_name_change(o) ? names : !names && o->inode == inode;
        if (!chosen) {
            fs->pending[kept++] = *o;
            continue;
        }
        sim_disk_apply(&fs->certain, o, SIM_WHOLE, 0);
        free(o->bytes);
    }
    fs->pending_count = kept;
}

static void drop(simfs *fs, int inode) {
    int kept = 0;
    for (int i = 0; i < fs->pending_count; i++) {
        sim_operation *o = &fs->pending[i];
        if (is_name_change(o) || o->inode != inode)
            fs->pending[kept++] = *o;
        else
            free(o->bytes);
    }
    fs->pending_count = kept;
}

/* There is one directory, which is no inode: a handle of it leads to none. */
static int sim_open(void *ctx, const char *path, ckpt_file_mode mode, int *ret_file) {
    simfs *fs = ctx;
    int inode = sim_disk_find(&fs->seen, path), file = 0;
    while (file < SIM_FILES && fs->files[file].is_open)
        file++;
    if (file == SIM_FILES)
        return EMFILE;
    if (mode == CKPT_FILE_CREATE || mode == CKPT_FILE_CREATE_PRIVATE) {
        if (inode >= 0)
            return EEXIST;
        sim_operation create = {.kind = SIM_CREATE, .inode = fs->seen.inode_count};
        copy_name(create.name, path);
        change(fs, &create);
        inode = create.inode;
    }
    if (inode < 0 && mode != CKPT_FILE_DIRECTORY)
        return ENOENT;
    sim_file opened = {true, false, inode};
    fs->files[file] = opened;
    *ret_file = file;
    return 0;
}

static int sim_open_at(void *ctx, int directory, const char *component, ckpt_file_mode mode,
                       int *ret_file) {
    (void)directory;
    return mode == CKPT_FILE_READ ? sim_open(ctx, component, mode, ret_file) : ENOTDIR;
}

static int sim_close(void *ctx, int file) {
    simfs *fs = ctx;
    fs->files[file].is_open = fs->files[file].is_locked = false;
    return 0;
}

static void fill_status(const simfs *fs, int inode, ckpt_file_status *status) {
    status->size = fs->seen.inodes[inode].size;
    status->permissions = 0644;
    status->is_regular = true;
    status->device = 1;
    status->inode = (uint64_t)inode + 1;
}

static int sim_status(void *ctx, int file, ckpt_file_status *ret_status) {
    const simfs *fs = ctx;
    fill_status(fs, fs->files[file].inode, ret_status);
    return 0;
}

static int sim_status_of_path(void *ctx, const char *path, ckpt_file_status *ret_status) {
    const simfs *fs = ctx;
    int inode = sim_disk_find(&fs->seen, path);
    if (inode < 0)
        return ENOENT;
    fill_status(fs, inode, ret_status);
    return 0;
}

static int sim_set_permissions(void *ctx, int file, uint32_t permissions) {
    (void)ctx, (void)file, (void)permissions;
    return 0;
}

static int sim_pread(void *ctx, int file, void *buffer, size_t size, uint64_t offset,
                     size_t *ret_count) {
    const simfs *fs = ctx;
    const sim_inode *inode = &fs->seen.inodes[fs->files[file].inode];
    size_t left = offset < inode->size ? inode->size - (size_t)offset : 0;
    *ret_count = size < left ? size : left;
    if (*ret_count != 0)
        memcpy(buffer, inode->bytes + offset, *ret_count);
    return 0;
}

static int sim_pwrite(void *ctx, int file, const void *buffer, size_t size, uint64_t offset,
                      size_t *ret_count) {
    simfs *fs = ctx;
    size_t count = fs->largest_write != 0 && size > fs->largest_write ? fs->largest_write : size;
    sim_operation write = {.kind = SIM_WRITE, .inode = fs->files[file].inode, .offset = offset};
    write.size = count;
    write.bytes = malloc(count + 1);
    if (write.bytes == NULL)
        return ENOMEM;
    memcpy(write.bytes, buffer, count);
    change(fs, &write);
    *ret_count = count;
    return 0;
}

static int sim_sync(void *ctx, int file) {
    simfs *fs = ctx;
    unsigned number = fs->syncs++;
    if (number < 64 && (fs->failing_syncs >> number & 1) != 0) {
        drop(fs, fs->files[file].inode);
        return EIO;
    }
    if (number >= 64 || (fs->dropped_syncs >> number & 1) == 0)
        settle(fs, false, fs->files[file].inode);
    return 0;
}

static int sim_sync_directory(void *ctx, const char *path) {
    simfs *fs = ctx;
    (void)path;
    if (!fs->drops_directory_syncs)
        settle(fs, true, -1);
    return 0;
}

/* What a library would do that knows no rename. */
static int copy_over(simfs *fs, int from, int to) {
    sim_inode source = fs->seen.inodes[from];
    sim_operation cut = {.kind = SIM_TRUNCATE, .inode = to};
    change(fs, &cut);
    sim_operation write = {.kind = SIM_WRITE, .inode = to, .size = source.size};
    write.bytes = malloc(source.size + 1);
    if (write.bytes == NULL)
        return ENOMEM;
    memcpy(write.bytes, source.bytes, source.size);
    change(fs, &write);
    settle(fs, false, to);
    return 0;
}

static int sim_rename(void *ctx, const char *from, const char *to) {
    simfs *fs = ctx;
    int inode = sim_disk_find(&fs->seen, from), target = sim_disk_find(&fs->seen, to);
    if (inode < 0)
        return ENOENT;
    if (fs->copies_for_rename && target >= 0)
        return copy_over(fs, inode, target);
    sim_operation rename = {.kind = SIM_RENAME, .inode = inode};
    copy_name(rename.name, from);
    copy_name(rename.new_name, to);
    change(fs, &rename);
    return 0;
}

static int sim_unlink(void *ctx, const char *path) {
    simfs *fs = ctx;
    sim_operation unlink = {.kind = SIM_UNLINK, .inode = sim_disk_find(&fs->seen, path)};
    if (unlink.inode < 0)
        return ENOENT;
    copy_name(unlink.name, path);
    change(fs, &unlink);
    return 0;
}

static int sim_map(void *ctx, int file, size_t size, const void **ret_bytes) {
    (void)ctx, (void)file, (void)size, (void)ret_bytes;
    return ENODEV;
}

static int sim_unmap(void *ctx, const void *bytes, size_t size) {
    (void)ctx, (void)bytes, (void)size;
    return EINVAL;
}

static int sim_truncate(void *ctx, int file, uint64_t size) {
    simfs *fs = ctx;
    sim_operation cut = {.kind = SIM_TRUNCATE, .inode = fs->files[file].inode, .offset = size};
    if (fs->seen.inodes[cut.inode].size != size)
        change(fs, &cut);
    return 0;
}

static int sim_lock(void *ctx, int file) {
    simfs *fs = ctx;
    for (int i = 0; i < SIM_FILES; i++) {
        if (i != file && fs->files[i].is_locked && fs->files[i].inode == fs->files[file].inode)
            return EWOULDBLOCK;
    }
    fs->files[file].is_locked = true;
    return 0;
}

void simfs_begin(simfs *fs, const sim_disk *disk) {
    static const ckpt_filesystem hook = {.open = sim_open,
                                         .close = sim_close,
                                         .status = sim_status,
                                         .status_of_path = sim_status_of_path,
                                         .set_permissions = sim_set_permissions,
                                         .pread = sim_pread,
                                         .pwrite = sim_pwrite,
                                         .sync = sim_sync,
                                         .sync_directory = sim_sync_directory,
                                         .rename = sim_rename,
                                         .unlink = sim_unlink,
                                         .map = sim_map,
                                         .unmap = sim_unmap,
                                         .truncate = sim_truncate,
                                         .lock = sim_lock,
                                         .open_at = sim_open_at};
    memset(fs, 0, sizeof *fs);
    fs->hook = hook;
    fs->hook.ctx = fs;
    sim_disk_copy(disk, &fs->certain);
    sim_disk_copy(disk, &fs->seen);
}

void simfs_end(simfs *fs) {
    for (int i = 0; i < fs->pending_count; i++)
        free(fs->pending[i].bytes);
    sim_disk_clear(&fs->certain);
    sim_disk_clear(&fs->seen);
}
