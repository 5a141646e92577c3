/* SPDX-License-Identifier: MIT */
#include "faultfiles.h"

#include <errno.h>
#include <string.h>

const char *file_operation_name(file_operation operation) {
    static const char *const names[FILE_OPERATION_COUNT] = {
        "open",    "create", "close",     "status",         "status_of_path", "set_permissions",
        "pread",   "pwrite", "sync",      "sync_directory", "rename",         "unlink",
        "map",     "unmap",  "open_edit", "truncate",       "lock",           "open_directory",
        "open_at", "mkdir",  "rmdir"};
    return operation < FILE_OPERATION_COUNT ? names[operation] : "?";
}

static bool is_chosen(const fault_files *files, uint64_t number, file_operation operation) {
    if (operation == FILE_UNLINK && files->unlink_fails)
        return true;
    if (files->fail_at == 0 || number < files->fail_at)
        return false;
    return number == files->fail_at ||
           (files->fail_ever_after && operation != FILE_UNLINK && operation != FILE_RMDIR);
}

/* Counts and records the operation; the result is the errno that it is to fail with, or 0. */
static int begin(fault_files *files, file_operation operation, int file) {
    uint64_t number = ++files->operations;
    uint64_t count = ++files->counts[operation];
    bool can_be_interrupted = operation == FILE_PREAD || operation == FILE_PWRITE ||
                              operation == FILE_SYNC || operation == FILE_TRUNCATE ||
                              operation == FILE_LOCK;
    int failure = 0;
    if (is_chosen(files, number, operation)) {
        failure = operation == FILE_UNLINK ? EIO : files->sys_errno;
        files->failures++;
    } else if (files->interrupts && can_be_interrupted && count % 2 == 1) {
        failure = EINTR;
    }
    if (number <= FILE_RECORDS) {
        file_record record = {operation, file, failure};
        files->records[number - 1] = record;
    }
    return failure;
}

static const ckpt_filesystem *below(void) {
    return ckpt_posix_filesystem();
}

static int fault_open(void *ctx, const char *path, ckpt_file_mode mode, int *ret_file) {
    fault_files *files = ctx;
    static const file_operation opens[] = {[CKPT_FILE_READ] = FILE_OPEN_READ,
                                           [CKPT_FILE_CREATE] = FILE_OPEN_CREATE,
                                           [CKPT_FILE_CREATE_PRIVATE] = FILE_OPEN_CREATE,
                                           [CKPT_FILE_EDIT] = FILE_OPEN_EDIT,
                                           [CKPT_FILE_DIRECTORY] = FILE_OPEN_DIRECTORY};
    int failure = begin(files, opens[mode], -1);
    if (failure == 0)
        failure = below()->open(below()->ctx, path, mode, ret_file);
    if (failure == 0) {
        files->open_files++;
        if (files->operations <= FILE_RECORDS)
            files->records[files->operations - 1].file = *ret_file;
    }
    return failure;
}

static int fault_open_at(void *ctx, int directory, const char *component, ckpt_file_mode mode,
                         int *ret_file) {
    fault_files *files = ctx;
    int failure = begin(files, FILE_OPEN_AT, directory);
    if (failure == 0)
        failure = below()->open_at(below()->ctx, directory, component, mode, ret_file);
    if (failure == 0 && files->operations <= FILE_RECORDS)
        files->records[files->operations - 1].file = *ret_file;
    files->open_files += failure == 0;
    return failure;
}

static int fault_close(void *ctx, int file) {
    fault_files *files = ctx;
    int failure = begin(files, FILE_CLOSE, file), real = below()->close(below()->ctx, file);
    files->open_files--;
    return failure != 0 ? failure : real;
}

static int fault_status(void *ctx, int file, ckpt_file_status *ret_status) {
    int failure = begin(ctx, FILE_STATUS, file);
    return failure != 0 ? failure : below()->status(below()->ctx, file, ret_status);
}

static int fault_status_of_path(void *ctx, const char *path, ckpt_file_status *ret_status) {
    int failure = begin(ctx, FILE_STATUS_OF_PATH, -1);
    return failure != 0 ? failure : below()->status_of_path(below()->ctx, path, ret_status);
}

static int fault_set_permissions(void *ctx, int file, uint32_t permissions) {
    int failure = begin(ctx, FILE_SET_PERMISSIONS, file);
    return failure != 0 ? failure : below()->set_permissions(below()->ctx, file, permissions);
}

static size_t shorten(const fault_files *files, size_t size) {
    return files->largest_transfer != 0 && size > files->largest_transfer ? files->largest_transfer
                                                                          : size;
}

static int fault_pread(void *ctx, int file, void *buffer, size_t size, uint64_t offset,
                       size_t *ret_count) {
    fault_files *files = ctx;
    uint64_t failures = files->failures;
    int failure = begin(files, FILE_PREAD, file);
    if (failure != 0)
        return failure;
    if (files->failures != failures) {
        *ret_count = 0;
        return 0;
    }
    return below()->pread(below()->ctx, file, buffer, shorten(files, size), offset, ret_count);
}

static int fault_pwrite(void *ctx, int file, const void *buffer, size_t size, uint64_t offset,
                        size_t *ret_count) {
    int failure = begin(ctx, FILE_PWRITE, file);
    if (failure != 0)
        return failure;
    return below()->pwrite(below()->ctx, file, buffer, shorten(ctx, size), offset, ret_count);
}

/* What is synced here is thrown away with the test's directory: the real call would only wait. */
static int fault_sync(void *ctx, int file) {
    return begin(ctx, FILE_SYNC, file);
}

static int fault_sync_directory(void *ctx, const char *path) {
    (void)path;
    return begin(ctx, FILE_SYNC_DIRECTORY, -1);
}

static int fault_rename(void *ctx, const char *from, const char *to) {
    int failure = begin(ctx, FILE_RENAME, -1);
    return failure != 0 ? failure : below()->rename(below()->ctx, from, to);
}

static int fault_unlink(void *ctx, const char *path) {
    int failure = begin(ctx, FILE_UNLINK, -1);
    return failure != 0 ? failure : below()->unlink(below()->ctx, path);
}

static int fault_mkdir(void *ctx, const char *path) {
    int failure = begin(ctx, FILE_MKDIR, -1);
    return failure != 0 ? failure : below()->mkdir(below()->ctx, path);
}

static int fault_rmdir(void *ctx, const char *path) {
    int failure = begin(ctx, FILE_RMDIR, -1);
    return failure != 0 ? failure : below()->rmdir(below()->ctx, path);
}

static int fault_remove_tree(void *ctx, const char *path) {
    int failure = begin(ctx, FILE_REMOVE_TREE, -1);
    return failure != 0 ? failure : below()->remove_tree(below()->ctx, path);
}

static int fault_map(void *ctx, int file, size_t size, const void **ret_bytes) {
    fault_files *files = ctx;
    int failure = begin(files, FILE_MAP, file);
    if (failure == 0)
        failure = below()->map(below()->ctx, file, size, ret_bytes);
    files->maps += failure == 0;
    return failure;
}

static int fault_unmap(void *ctx, const void *bytes, size_t size) {
    fault_files *files = ctx;
    int failure = begin(files, FILE_UNMAP, -1), real = below()->unmap(below()->ctx, bytes, size);
    files->maps--;
    return failure != 0 ? failure : real;
}

static int fault_truncate(void *ctx, int file, uint64_t size) {
    int failure = begin(ctx, FILE_TRUNCATE, file);
    return failure != 0 ? failure : below()->truncate(below()->ctx, file, size);
}

static int fault_lock(void *ctx, int file) {
    int failure = begin(ctx, FILE_LOCK, file);
    return failure != 0 ? failure : below()->lock(below()->ctx, file);
}

const ckpt_filesystem *fault_files_hook(fault_files *files) {
    ckpt_filesystem hook = {.ctx = files,
                            .open = fault_open,
                            .close = fault_close,
                            .status = fault_status,
                            .status_of_path = fault_status_of_path,
                            .set_permissions = fault_set_permissions,
                            .pread = fault_pread,
                            .pwrite = fault_pwrite,
                            .sync = fault_sync,
                            .sync_directory = fault_sync_directory,
                            .rename = fault_rename,
                            .unlink = fault_unlink,
                            .map = fault_map,
                            .unmap = fault_unmap,
                            .truncate = fault_truncate,
                            .lock = fault_lock,
                            .open_at = fault_open_at,
                            .mkdir = fault_mkdir,
                            .rmdir = fault_rmdir,
                            .remove_tree = fault_remove_tree};
    files->hook = hook;
    return &files->hook;
}

void fault_files_restart(fault_files *files) {
    files->operations = files->failures = 0;
    memset(files->counts, 0, sizeof files->counts);
    memset(files->records, 0, sizeof files->records);
}
