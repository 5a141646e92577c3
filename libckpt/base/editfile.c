/* SPDX-License-Identifier: MIT */
#include "base/editfile.h"

#include "base/error.h"
#include "base/filewrite.h"

#include <errno.h>
#include <string.h>

static ckpt_status lock(const ck_edit_file *file, ckpt_error *err) {
    const ckpt_filesystem *files = file->files;
    int failure;
    do
        failure = files->lock(files->ctx, file->file);
    while (failure == EINTR);
    if (failure == EWOULDBLOCK || failure == EAGAIN) {
        ck_set_error(err, CKPT_E_IO, "%s: another program is editing it", CK_NAME(file->path));
        if (err != NULL)
            err->sys_errno = failure;
        return CKPT_E_IO;
    }
    return failure == 0 ? CKPT_OK : ck_fail_errno(err, file->path, "lock", failure);
}

static ckpt_status open_and_lock(ck_edit_file *file, ckpt_error *err) {
    const ckpt_filesystem *files = file->files;
    ckpt_file_status status = {.size = 0};
    int failure;
    do
        failure = files->open(files->ctx, file->path, CKPT_FILE_EDIT, &file->file);
    while (failure == EINTR);
    if (failure != 0) {
        file->file = -1;
        return ck_fail_errno(err, file->path, "open for editing", failure);
    }
    ckpt_status result = lock(file, err);
    if (result != CKPT_OK)
        return result;
    failure = files->status(files->ctx, file->file, &status);
    if (failure != 0)
        return ck_fail_errno(err, file->path, "look at", failure);
    if (!status.is_regular)
        return ck_fail(err, CKPT_E_IO, "%s: not a regular file", CK_NAME(file->path));
    file->size = status.size;
    return CKPT_OK;
}

ckpt_status ck_edit_open(ck_edit_file *ret_file, const ck_memory *memory,
                         const ckpt_filesystem *files, const char *path, bool durable,
                         ckpt_error *err) {
    ck_edit_file file = {.memory = *memory, .files = files, .file = -1, .durable = durable};
    if (files->truncate == NULL || files->lock == NULL)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "%s: its file system cannot edit files in place",
                       CK_NAME(path));
    file.path = ck_copy_string(memory, path, strlen(path));
    if (file.path == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = open_and_lock(&file, err);
    if (status != CKPT_OK) {
        ck_edit_close(&file, NULL);
        return status;
    }
    *ret_file = file;
    return CKPT_OK;
}

ckpt_status ck_edit_is_same(const ck_edit_file *file, int other, bool *ret_same, ckpt_error *err) {
    const ckpt_filesystem *files = file->files;
    ckpt_file_status here = {.size = 0}, there = {.size = 0};
    int failure = files->status(files->ctx, file->file, &here);
    if (failure == 0)
        failure = files->status(files->ctx, other, &there);
    if (failure != 0)
        return ck_fail_errno(err, file->path, "look at", failure);
    *ret_same = here.device == there.device && here.inode == there.inode;
    return CKPT_OK;
}

ckpt_status ck_edit_write(ck_edit_file *file, const void *bytes, size_t size, uint64_t offset,
                          ckpt_error *err) {
    return ck_file_write(file->files, file->file, file->path, bytes, size, offset, err);
}

ckpt_status ck_edit_truncate(ck_edit_file *file, uint64_t size, ckpt_error *err) {
    int failure;
    do
        failure = file->files->truncate(file->files->ctx, file->file, size);
    while (failure == EINTR);
    return failure == 0 ? CKPT_OK : ck_fail_errno(err, file->path, "cut", failure);
}

ckpt_status ck_edit_sync(ck_edit_file *file, ckpt_error *err) {
    if (!file->durable)
        return CKPT_OK;
    if (file->sync_failed)
        return ck_fail_errno(err, file->path, "sync", EIO);
    ckpt_status status = ck_file_sync(file->files, file->file, file->path, err);
    file->sync_failed = status != CKPT_OK;
    return status;
}

ckpt_status ck_edit_close(ck_edit_file *file, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    if (file->file >= 0)
        status = ck_file_close(file->files, file->file, file->path, err);
    file->file = -1;
    ck_free_string(&file->memory, file->path);
    file->path = NULL;
    return status;
}
