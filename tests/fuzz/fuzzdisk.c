/* SPDX-License-Identifier: MIT */
#include "fuzzdisk.h"

#include <errno.h>
#include <string.h>

enum { THE_FILE = 3 };

static int disk_open(void *ctx, const char *path, ckpt_file_mode mode, int *ret_file) {
    fuzz_disk *disk = ctx;
    if (mode == CKPT_FILE_CREATE || mode == CKPT_FILE_CREATE_PRIVATE)
        return EROFS;
    if (strcmp(path, FUZZ_DISK_PATH) != 0)
        return ENOENT;
    if (disk->is_off)
        return EIO;
    disk->open_files++;
    *ret_file = THE_FILE;
    return 0;
}

static int disk_close(void *ctx, int file) {
    fuzz_disk *disk = ctx;
    disk->open_files--;
    return file == THE_FILE ? 0 : EBADF;
}

static int disk_status(void *ctx, int file, ckpt_file_status *ret_status) {
    const fuzz_disk *disk = ctx;
    ckpt_file_status status = {
        .size = disk->size, .permissions = 0644, .is_regular = true, .device = 1, .inode = 1};
    (void)file;
    *ret_status = status;
    return disk->is_off ? EIO : 0;
}

static int disk_status_of_path(void *ctx, const char *path, ckpt_file_status *ret_status) {
    return strcmp(path, FUZZ_DISK_PATH) == 0 ? disk_status(ctx, THE_FILE, ret_status) : ENOENT;
}

static int disk_set_permissions(void *ctx, int file, uint32_t permissions) {
    (void)ctx, (void)file, (void)permissions;
    return EPERM;
}

static int disk_pread(void *ctx, int file, void *buffer, size_t size, uint64_t offset,
                      size_t *ret_count) {
    const fuzz_disk *disk = ctx;
    size_t left = offset < disk->size ? (size_t)(disk->size - offset) : 0;
    (void)file;
    *ret_count = size < left ? size : left;
    if (*ret_count != 0)
        memcpy(buffer, disk->bytes + offset, *ret_count);
    return disk->is_off ? EIO : 0;
}

static int disk_pwrite(void *ctx, int file, const void *buffer, size_t size, uint64_t offset,
                       size_t *ret_count) {
    fuzz_disk *disk = ctx;
    size_t count = size < disk->power ? size : (size_t)disk->power;
    (void)file;
    if (disk->is_off)
        return EIO;
    if (offset > FUZZ_DISK_SIZE || size > FUZZ_DISK_SIZE - offset)
        return ENOSPC;
    if (count != 0) {
        if (offset > disk->size)
            memset(disk->bytes + disk->size, 0, (size_t)(offset - disk->size));
        memcpy(disk->bytes + offset, buffer, count);
        if (offset + count > disk->size)
            disk->size = offset + count;
    }
    disk->power -= count;
    disk->is_off = count < size;
    *ret_count = count;
    return disk->is_off ? EIO : 0;
}

static int disk_sync(void *ctx, int file) {
    const fuzz_disk *disk = ctx;
    (void)file;
    return disk->is_off ? EIO : 0;
}

static int disk_sync_directory(void *ctx, const char *path) {
    (void)path;
    return disk_sync(ctx, THE_FILE);
}

static int disk_rename(void *ctx, const char *from, const char *to) {
    (void)ctx, (void)from, (void)to;
    return EROFS;
}

static int disk_unlink(void *ctx, const char *path) {
    (void)ctx, (void)path;
    return EROFS;
}

/* The bytes stay where they are, so that a map shows what is written, as a real one does. */
static int disk_map(void *ctx, int file, size_t size, const void **ret_bytes) {
    fuzz_disk *disk = ctx;
    (void)file, (void)size;
    disk->maps++;
    *ret_bytes = disk->bytes;
    return 0;
}

static int disk_unmap(void *ctx, const void *bytes, size_t size) {
    fuzz_disk *disk = ctx;
    (void)size;
    disk->maps--;
    return bytes == disk->bytes ? 0 : EINVAL;
}

static int disk_truncate(void *ctx, int file, uint64_t size) {
    fuzz_disk *disk = ctx;
    (void)file;
    if (disk->is_off || disk->power == 0) {
        disk->is_off = true;
        return EIO;
    }
    if (size > FUZZ_DISK_SIZE)
        return EFBIG;
    if (size > disk->size)
        memset(disk->bytes + disk->size, 0, (size_t)(size - disk->size));
    disk->power--;
    disk->size = size;
    return 0;
}

static int disk_lock(void *ctx, int file) {
    return disk_sync(ctx, file);
}

void fuzz_disk_restart(fuzz_disk *disk) {
    disk->power = UINT64_MAX;
    disk->is_off = false;
}

void fuzz_disk_begin(fuzz_disk *disk, const void *bytes, size_t size) {
    static const ckpt_filesystem hook = {.open = disk_open,
                                         .close = disk_close,
                                         .status = disk_status,
                                         .status_of_path = disk_status_of_path,
                                         .set_permissions = disk_set_permissions,
                                         .pread = disk_pread,
                                         .pwrite = disk_pwrite,
                                         .sync = disk_sync,
                                         .sync_directory = disk_sync_directory,
                                         .rename = disk_rename,
                                         .unlink = disk_unlink,
                                         .map = disk_map,
                                         .unmap = disk_unmap,
                                         .truncate = disk_truncate,
                                         .lock = disk_lock};
    disk->hook = hook;
    disk->hook.ctx = disk;
    disk->open_files = disk->maps = 0;
    fuzz_disk_restart(disk);
    memcpy(disk->bytes, bytes, size);
    disk->size = size;
}
