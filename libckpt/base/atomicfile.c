/* SPDX-License-Identifier: MIT */
#include "base/atomicfile.h"

#include "base/error.h"
#include "base/filewrite.h"
#include "base/temporaryfile.h"

#include <errno.h>
#include <string.h>

/* As much as a disk likes to get at once. */
#define WRITE_BACK_STEP ((uint64_t)8 << 20)

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
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

static ckpt_status set_permissions(ck_atomic_file *file, uint32_t permissions, ckpt_error *err) {
    int failure = file->files->set_permissions(file->files->ctx, file->file, permissions);
    return failure == 0 ? CKPT_OK : ck_fail_errno(err, file->path, "set permissions", failure);
}

/* A file that is replaced hands its permissions on. Until then nobody else can open the new one:
 * who has opened a file goes on reading, whatever its permissions become. */
static ckpt_status create(ck_atomic_file *file, const ck_atomic_file *main, uint32_t part,
                          ckpt_error *err) {
    uint32_t permissions = 0;
    ckpt_status status = look_at_target(file, &file->replaces, &permissions, err);
    ckpt_file_mode mode = file->replaces ? CKPT_FILE_CREATE_PRIVATE : CKPT_FILE_CREATE;
    if (status == CKPT_OK)
        status = main != NULL ? ck_temporary_create_part(file, main, part, mode, err)
                              : ck_temporary_create(file, mode, err);
    if (status == CKPT_OK && file->replaces)
        status = set_permissions(file, permissions, err);
    return status;
}

void ck_atomic_free(ck_atomic_file *file) {
    ck_temporary_release(file);
    ck_free(&file->memory, file->temporary, file->temporary_room, 1);
    ck_free_string(&file->memory, file->path);
    ck_free_string(&file->memory, file->directory);
    file->temporary = file->path = file->directory = NULL;
}

static bool copy_names(ck_atomic_file *file, const char *path) {
    size_t directory_size = (size_t)(last_component(path) - path);
    file->path = ck_copy_string(&file->memory, path, strlen(path));
    file->directory = directory_size != 0 ? ck_copy_string(&file->memory, path, directory_size)
                                          : ck_copy_string(&file->memory, ".", 1);
    file->temporary_room = strlen(path) + sizeof "..4294967295.4294967295.tmp";
    file->temporary = ck_alloc(&file->memory, file->temporary_room, 1);
    return file->path != NULL && file->directory != NULL && file->temporary != NULL;
}

static ckpt_status open_new(ck_atomic_file *ret_file, ck_atomic_file *file, const char *path,
                            const ck_atomic_file *main, uint32_t part, ckpt_error *err) {
    ckpt_status status = copy_names(file, path) ? CKPT_OK : ck_fail_nomem(err);
    if (status == CKPT_OK)
        status = create(file, main, part, err);
    if (status == CKPT_OK)
        *ret_file = *file;
    else if (file->file >= 0)
        ck_atomic_abort(file);
    else
        ck_atomic_free(file);
    return status;
}

ckpt_status ck_atomic_open(ck_atomic_file *ret_file, const ck_memory *memory,
                           const ckpt_filesystem *files, const char *path, bool durable,
                           ckpt_error *err) {
    if (last_component(path)[0] == '\0') {
        ck_place place = {path, CKPT_NO_OFFSET, NULL, 0, 0};
        return ck_fail_at(err, &place, CKPT_E_ARGUMENT, "not the name of a file");
    }
    ck_atomic_file file = {.memory = *memory, .file = -1, .guard = -1, .durable = durable};
    file.files = files != NULL ? files : ckpt_posix_filesystem();
    return open_new(ret_file, &file, path, NULL, 0, err);
}

ckpt_status ck_atomic_open_beside(ck_atomic_file *ret_file, const ck_atomic_file *main,
                                  uint32_t number, ckpt_error *err) {
    ck_atomic_file file = {
        .memory = main->memory, .file = -1, .guard = -1, .durable = main->durable};
    file.files = main->files;
    return open_new(ret_file, &file, main->path, main, number, err);
}

/* "DIRECTORY/component"; the directory ends with a slash, or is "." for a path without any. */
static char *path_beside(const ck_atomic_file *file, const char *component) {
    size_t base = (size_t)(last_component(file->path) - file->path), size = strlen(component);
    char *path = ck_alloc(&file->memory, base + size + 1, 1);
    if (path == NULL)
        return NULL;
    memcpy(path, file->path, base);
    memcpy(path + base, component, size + 1);
    return path;
}

ckpt_status ck_atomic_set_name(ck_atomic_file *file, const char *component, ckpt_error *err) {
    uint32_t permissions = 0;
    char *path = path_beside(file, component);
    if (path == NULL)
        return ck_fail_nomem(err);
    ck_free_string(&file->memory, file->path);
    file->path = path;
    ckpt_status status = look_at_target(file, &file->replaces, &permissions, err);
    if (status == CKPT_OK && file->replaces && file->file >= 0)
        status = set_permissions(file, permissions, err);
    return status;
}

void ck_atomic_reserve(ck_atomic_file *file, uint64_t size) {
    if (file->files->reserve != NULL)
        file->files->reserve(file->files->ctx, file->file, size);
}

/* Only what goes on forward counts: a header that comes last is written by the sync. */
static void begin_write_back(ck_atomic_file *file, uint64_t offset, size_t size) {
    const ckpt_filesystem *files = file->files;
    uint64_t end = offset + size;
    if (!file->durable || files->begin_sync == NULL || end <= file->written)
        return;
    file->written = end;
    if (file->written - file->begun < WRITE_BACK_STEP)
        return;
    files->begin_sync(files->ctx, file->file, file->begun, file->written - file->begun);
    file->begun = file->written;
}

ckpt_status ck_atomic_write(ck_atomic_file *file, const void *bytes, size_t size, uint64_t offset,
                            ckpt_error *err) {
    ckpt_status status =
        ck_file_write(file->files, file->file, file->path, bytes, size, offset, err);
    if (status == CKPT_OK)
        begin_write_back(file, offset, size);
    return status;
}

ckpt_status ck_atomic_read(const ck_atomic_file *file, void *bytes, size_t size, uint64_t offset,
                           ckpt_error *err) {
    return ck_file_read(file->files, file->file, file->path, bytes, size, offset, err);
}

ckpt_status ck_atomic_finish(ck_atomic_file *file, ckpt_error *err) {
    if (file->file < 0)
        return CKPT_OK;
    if (file->durable) {
        ckpt_status status = ck_file_sync(file->files, file->file, file->path, err);
        if (status != CKPT_OK)
            return status;
    }
    int closing = file->file;
    file->file = -1;
    return ck_file_close(file->files, closing, file->path, err);
}

ckpt_status ck_atomic_rename(ck_atomic_file *file, ckpt_error *err) {
    int failure = file->files->rename(file->files->ctx, file->temporary, file->path);
    return failure == 0 ? CKPT_OK : ck_fail_errno(err, file->path, "replace it", failure);
}

int ck_atomic_sync_directory(const ck_atomic_file *file) {
    if (!file->durable)
        return 0;
    int failure;
    do
        failure = file->files->sync_directory(file->files->ctx, file->directory);
    while (failure == EINTR);
    return failure;
}

static ckpt_status tell_durability(const ck_atomic_file *file, int failure, ckpt_error *err) {
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
    ckpt_status status = ck_atomic_finish(file, err);
    if (status == CKPT_OK)
        status = ck_atomic_rename(file, err);
    if (status != CKPT_OK) {
        ck_atomic_abort(file);
        return status;
    }
    int failure = ck_atomic_sync_directory(file);
    if (failure != 0)
        status = tell_durability(file, failure, err);
    ck_atomic_free(file);
    return status;
}

void ck_atomic_abort(ck_atomic_file *file) {
    const ckpt_filesystem *files = file->files;
    if (file->file >= 0)
        files->close(files->ctx, file->file);
    file->file = -1;
    files->unlink(files->ctx, file->temporary);
    ck_atomic_free(file);
}
