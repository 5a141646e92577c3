/* SPDX-License-Identifier: MIT */
#include "base/atomicfile.h"

#include "base/error.h"
#include "base/filewrite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Names that may be taken by the left-overs of programs that were killed. */
#define ATTEMPTS 1000

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* "dir/.name.7.tmp": hidden, and so named that a person sees whose it is. The base name is cut so
 * that the result is no longer than a file name may be. */
static void name_temporary(ck_atomic_file *file, size_t room, unsigned attempt) {
    const char *base = last_component(file->path);
    snprintf(file->temporary, room, "%.*s.%.200s.%u.tmp", (int)(base - file->path), file->path,
             base, attempt);
}

static ckpt_status create_temporary(ck_atomic_file *file, size_t room, ckpt_file_mode mode,
                                    ckpt_error *err) {
    const ckpt_filesystem *files = file->files;
    for (unsigned attempt = 1;; attempt++) {
        name_temporary(file, room, attempt);
        int failure = files->open(files->ctx, file->temporary, mode, &file->file);
        if (failure == 0)
            return CKPT_OK;
        file->file = -1;
        if ((failure != EEXIST && failure != EINTR) || attempt == ATTEMPTS)
            return ck_fail_errno(err, file->path, "create a file beside it", failure);
    }
}

/* What is to be replaced, if anything: only a file can be, or a link. */
static ckpt_status look_at_target(const ck_atomic_file *file, bool *ret_is_file,
                                  uint32_t *ret_permissions, ckpt_error *err) {
    ckpt_file_status status = {.size = 0};
    int failure = file->files->status_of_path(file->files->ctx, file->path, &status);
    /* Not knowing whose permissions to keep is no reason to make a secret file public. */
    if (failure != 0 && failure != ENOENT)
        return ck_fail_errno(err, file->path, "look at", failure);
    ck_place place = {file->path, CKPT_NO_OFFSET, NULL, 0, 0};
    if (failure == 0 && !status.is_link && !status.is_regular)
        return ck_fail_at(err, &place, CKPT_E_IO, "not a regular file, so it is not replaced");
    *ret_is_file = failure == 0 && !status.is_link;
    *ret_permissions = status.permissions & 0777;
    return CKPT_OK;
}

/* A file that is replaced hands its permissions on. Until then nobody else can open the new one:
 * who has opened a file goes on reading, whatever its permissions become. */
static ckpt_status create(ck_atomic_file *file, size_t room, ckpt_error *err) {
    bool is_file = false;
    uint32_t permissions = 0;
    ckpt_status status = look_at_target(file, &is_file, &permissions, err);
    if (status == CKPT_OK)
        status = create_temporary(file, room, is_file ? CKPT_FILE_CREATE_PRIVATE : CKPT_FILE_CREATE,
                                  err);
    if (status != CKPT_OK || !is_file)
        return status;
    int failure = file->files->set_permissions(file->files->ctx, file->file, permissions);
    return failure == 0 ? CKPT_OK : ck_fail_errno(err, file->path, "set permissions", failure);
}

static void free_names(ck_atomic_file *file, size_t room) {
    ck_free(&file->memory, file->temporary, room, 1);
    ck_free_string(&file->memory, file->path);
    ck_free_string(&file->memory, file->directory);
}

static size_t temporary_room(const char *path) {
    return strlen(path) + sizeof "..4294967295.tmp";
}

static bool copy_names(ck_atomic_file *file, const char *path) {
    size_t directory_size = (size_t)(last_component(path) - path);
    file->path = ck_copy_string(&file->memory, path, strlen(path));
    file->directory = directory_size != 0 ? ck_copy_string(&file->memory, path, directory_size)
                                          : ck_copy_string(&file->memory, ".", 1);
    file->temporary = ck_alloc(&file->memory, temporary_room(path), 1);
    return file->path != NULL && file->directory != NULL && file->temporary != NULL;
}

ckpt_status ck_atomic_open(ck_atomic_file *ret_file, const ck_memory *memory,
                           const ckpt_filesystem *files, const char *path, bool durable,
                           ckpt_error *err) {
    if (last_component(path)[0] == '\0') {
        ck_place place = {path, CKPT_NO_OFFSET, NULL, 0, 0};
        return ck_fail_at(err, &place, CKPT_E_ARGUMENT, "not the name of a file");
    }
    ck_atomic_file file = {.memory = *memory, .file = -1, .durable = durable};
    file.files = files != NULL ? files : ckpt_posix_filesystem();
    size_t room = temporary_room(path);
    ckpt_status status = copy_names(&file, path) ? CKPT_OK : ck_fail_nomem(err);
    if (status == CKPT_OK)
        status = create(&file, room, err);
    if (status != CKPT_OK && file.file >= 0) {
        ck_atomic_abort(&file);
        return status;
    }
    if (status != CKPT_OK) {
        free_names(&file, room);
        return status;
    }
    *ret_file = file;
    return CKPT_OK;
}

ckpt_status ck_atomic_write(ck_atomic_file *file, const void *bytes, size_t size, uint64_t offset,
                            ckpt_error *err) {
    return ck_file_write(file->files, file->file, file->path, bytes, size, offset, err);
}

static ckpt_status sync_and_close(ck_atomic_file *file, ckpt_error *err) {
    if (file->durable) {
        ckpt_status status = ck_file_sync(file->files, file->file, file->path, err);
        if (status != CKPT_OK)
            return status;
    }
    int closing = file->file;
    file->file = -1;
    return ck_file_close(file->files, closing, file->path, err);
}

static ckpt_status sync_directory(ck_atomic_file *file, ckpt_error *err) {
    if (!file->durable)
        return CKPT_OK;
    int failure;
    do
        failure = file->files->sync_directory(file->files->ctx, file->directory);
    while (failure == EINTR);
    if (failure == 0)
        return CKPT_OK;
    ck_place place = {file->path, CKPT_NO_OFFSET, NULL, 0, 0};
    ck_set_error_at(err, &place, CKPT_E_DURABILITY,
                    "written, but its directory could not be synced (system error %d): after a "
                    "power loss the old file may be back",
                    failure);
    if (err != NULL)
        err->sys_errno = failure;
    return CKPT_E_DURABILITY;
}

ckpt_status ck_atomic_commit(ck_atomic_file *file, ckpt_error *err) {
    const ckpt_filesystem *files = file->files;
    ckpt_status status = sync_and_close(file, err);
    if (status == CKPT_OK) {
        int failure = files->rename(files->ctx, file->temporary, file->path);
        if (failure != 0)
            status = ck_fail_errno(err, file->path, "replace it", failure);
    }
    if (status != CKPT_OK) {
        ck_atomic_abort(file);
        return status;
    }
    status = sync_directory(file, err);
    free_names(file, temporary_room(file->path));
    return status;
}

void ck_atomic_abort(ck_atomic_file *file) {
    const ckpt_filesystem *files = file->files;
    if (file->file >= 0)
        files->close(files->ctx, file->file);
    file->file = -1;
    files->unlink(files->ctx, file->temporary);
    free_names(file, temporary_room(file->path));
}
