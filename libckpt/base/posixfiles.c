/* SPDX-License-Identifier: MIT */
/* The default file system: POSIX, one call each. */
#include "base/linuxfiles.h"
#include "base/posixtree.h"

#include <ckpt/hooks.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int posix_open(void *ctx, const char *path, ckpt_file_mode mode, int *ret_file) {
    (void)ctx;
    int flags = O_CLOEXEC;
    if (mode == CKPT_FILE_EDIT)
        flags |= O_RDWR | O_NONBLOCK;
    else if (mode == CKPT_FILE_DIRECTORY)
        flags |= O_RDONLY | O_DIRECTORY;
    else if (mode == CKPT_FILE_READ)
        flags |= O_RDONLY | O_NONBLOCK; /* do not wait for a writer when it is a FIFO */
    else
        flags |= O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
    int file = open(path, flags, mode == CKPT_FILE_CREATE_PRIVATE ? 0600 : 0666);
    if (file < 0)
        return errno;
    *ret_file = file;
    return 0;
}

static int posix_open_at(void *ctx, int directory, const char *component, ckpt_file_mode mode,
                         int *ret_file) {
    (void)ctx;
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int file =
        openat(directory, component, mode == CKPT_FILE_DIRECTORY ? flags | O_DIRECTORY : flags);
    if (file < 0)
        return errno;
    *ret_file = file;
    return 0;
}

static int posix_close(void *ctx, int file) {
    (void)ctx;
    return close(file) == 0 ? 0 : errno;
}

static void fill_status(const struct stat *from, ckpt_file_status *to) {
    to->size = from->st_size > 0 ? (uint64_t)from->st_size : 0;
    to->permissions = (uint32_t)from->st_mode & 07777;
    to->is_regular = S_ISREG(from->st_mode);
    to->is_link = S_ISLNK(from->st_mode);
    to->device = (uint64_t)from->st_dev;
    to->inode = (uint64_t)from->st_ino;
}

static int posix_status(void *ctx, int file, ckpt_file_status *ret_status) {
    (void)ctx;
    struct stat status;
    if (fstat(file, &status) != 0)
        return errno;
    fill_status(&status, ret_status);
    return 0;
}

static int posix_status_of_path(void *ctx, const char *path, ckpt_file_status *ret_status) {
    (void)ctx;
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno;
    fill_status(&status, ret_status);
    return 0;
}

static int posix_set_permissions(void *ctx, int file, uint32_t permissions) {
    (void)ctx;
    return fchmod(file, (mode_t)permissions) == 0 ? 0 : errno;
}

static int posix_pread(void *ctx, int file, void *buffer, size_t size, uint64_t offset,
                       size_t *ret_count) {
    (void)ctx;
    ssize_t count = pread(file, buffer, size, (off_t)offset);
    if (count < 0)
        return errno;
    *ret_count = (size_t)count;
    return 0;
}

static int posix_pwrite(void *ctx, int file, const void *buffer, size_t size, uint64_t offset,
                        size_t *ret_count) {
    (void)ctx;
    ssize_t count = pwrite(file, buffer, size, (off_t)offset);
    if (count < 0)
        return errno;
    *ret_count = (size_t)count;
    return 0;
}

static int posix_sync(void *ctx, int file) {
    (void)ctx;
    return fsync(file) == 0 ? 0 : errno;
}

static int posix_sync_directory(void *ctx, const char *path) {
    (void)ctx;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return errno;
    int result = fsync(directory) == 0 ? 0 : errno;
    close(directory);
    return result;
}

static int posix_rename(void *ctx, const char *from, const char *to) {
    (void)ctx;
    return rename(from, to) == 0 ? 0 : errno;
}

static int posix_unlink(void *ctx, const char *path) {
    (void)ctx;
    return unlink(path) == 0 ? 0 : errno;
}

static int posix_mkdir(void *ctx, const char *path) {
    (void)ctx;
    return mkdir(path, 0777) == 0 ? 0 : errno;
}

static int posix_rmdir(void *ctx, const char *path) {
    (void)ctx;
    return rmdir(path) == 0 ? 0 : errno;
}

static int posix_map(void *ctx, int file, size_t size, const void **ret_bytes) {
    (void)ctx;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED)
        return errno;
    *ret_bytes = bytes;
    return 0;
}

static int posix_unmap(void *ctx, const void *bytes, size_t size) {
    (void)ctx;
    return munmap((void *)(uintptr_t)bytes, size) == 0 ? 0 : errno;
}

static int posix_truncate(void *ctx, int file, uint64_t size) {
    (void)ctx;
    return ftruncate(file, (off_t)size) == 0 ? 0 : errno;
}

/* flock and not fcntl: a lock of fcntl belongs to the process, and is lost when any other part of
 * it closes the same file. */
static int posix_lock(void *ctx, int file) {
    (void)ctx;
    return flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
}

static const ckpt_filesystem posix_filesystem = {
    .open = posix_open,
    .close = posix_close,
    .status = posix_status,
    .status_of_path = posix_status_of_path,
    .set_permissions = posix_set_permissions,
    .pread = posix_pread,
    .pwrite = posix_pwrite,
    .sync = posix_sync,
    .sync_directory = posix_sync_directory,
    .rename = posix_rename,
    .unlink = posix_unlink,
    .map = posix_map,
    .unmap = posix_unmap,
    .truncate = posix_truncate,
    .lock = posix_lock,
    .open_at = posix_open_at,
    .reserve = ck_linux_reserve,
    .begin_sync = ck_linux_begin_sync,
    .mkdir = posix_mkdir,
    .rmdir = posix_rmdir,
    .remove_tree = ck_posix_remove_tree,
};

const ckpt_filesystem *ckpt_posix_filesystem(void) {
    return &posix_filesystem;
}
