/* SPDX-License-Identifier: MIT */
#include "base/atomicdirectory.h"

#include "base/error.h"
#include "base/filewrite.h"
#include "base/temporaryfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Numbers that may be taken by savers at work, or by what was left. */
#define ATTEMPTS 1000

/* ---- names ---- */

static bool copy_names(ck_atomic_directory *d, const char *path) {
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    size_t base = size;
    while (base > 0 && path[base - 1] != '/')
        base--;
    d->path = ck_copy_string(&d->memory, path, size);
    d->parent =
        base != 0 ? ck_copy_string(&d->memory, path, base) : ck_copy_string(&d->memory, ".", 1);
    d->temporary_room = size + sizeof "..4294967295.tmp";
    d->temporary = ck_calloc(&d->memory, d->temporary_room, 1);
    return d->path != NULL && d->parent != NULL && d->temporary != NULL;
}

/* As temporary files are called (base/temporaryfile.h). */
static void name_temporary(ck_atomic_directory *d, unsigned number) {
    const char *slash = strrchr(d->path, '/');
    const char *base = slash != NULL ? slash + 1 : d->path;
    snprintf(d->temporary, d->temporary_room, "%.*s.%.200s.%u.tmp", (int)(base - d->path), d->path,
             base, number);
}

/* Where an entry is now. NULL when memory runs out. */
static const char *path_of(ck_atomic_directory *d, const char *name) {
    d->name.size = 0;
    bool fits = ck_buffer_append(&d->memory, &d->name, d->temporary, strlen(d->temporary)) &&
                ck_buffer_append(&d->memory, &d->name, "/", 1) &&
                ck_buffer_append(&d->memory, &d->name, name, strlen(name) + 1);
    return fits ? (const char *)d->name.bytes : NULL;
}

static void release(ck_atomic_directory *d) {
    if (d->guard >= 0)
        d->files->close(d->files->ctx, d->guard);
    d->guard = -1;
}

static void free_names(ck_atomic_directory *d) {
    ck_free(&d->memory, d->temporary, d->temporary_room, 1);
    ck_free_string(&d->memory, d->path);
    ck_free_string(&d->memory, d->parent);
    ck_buffer_clear(&d->memory, &d->entries);
    ck_buffer_clear(&d->memory, &d->name);
}

/* ---- making it ---- */

static ckpt_status check_target(const ck_atomic_directory *d, ckpt_error *err) {
    ckpt_file_status status = {.size = 0};
    int failure = d->files->status_of_path(d->files->ctx, d->path, &status);
    if (failure == ENOENT)
        return CKPT_OK;
    if (failure != 0)
        return ck_fail_errno(err, d->path, "look at", failure);
    return ck_fail(err, CKPT_E_EXISTS, "%s: is there already, and a directory is not replaced",
                   CK_NAME(d->path));
}

static ckpt_status make_temporary(ck_atomic_directory *d, ckpt_error *err) {
    int failure = EEXIST;
    for (unsigned number = 1; number <= ATTEMPTS && failure == EEXIST; number++) {
        name_temporary(d, number);
        failure = ck_temporary_directory(d->files, d->temporary, &d->guard);
    }
    return failure == 0 ? CKPT_OK
                        : ck_fail_errno(err, d->path, "make a directory beside it", failure);
}

ckpt_status ck_atomic_directory_open(ck_atomic_directory *ret_directory, const ck_memory *memory,
                                     const ckpt_filesystem *files, const char *path, bool durable,
                                     ckpt_error *err) {
    ck_atomic_directory d;
    memset(&d, 0, sizeof d);
    d.memory = *memory;
    d.files = files != NULL ? files : ckpt_posix_filesystem();
    d.durable = durable;
    d.file = d.guard = -1;
    if (d.files->mkdir == NULL || d.files->rmdir == NULL)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "%s: its file system makes no directories",
                       CK_NAME(path));
    if (path[0] == '\0')
        return ck_fail(err, CKPT_E_ARGUMENT, "not the name of a directory");
    ckpt_status status = copy_names(&d, path) ? CKPT_OK : ck_fail_nomem(err);
    if (status == CKPT_OK)
        status = check_target(&d, err);
    if (status == CKPT_OK)
        status = make_temporary(&d, err);
    if (status == CKPT_OK)
        *ret_directory = d;
    else
        free_names(&d);
    return status;
}

/* Notes what is about to be made, so that it can be taken away. */
static ckpt_status note(ck_atomic_directory *d, char kind, const char *name, ckpt_error *err) {
    size_t before = d->entries.size;
    if (ck_buffer_append(&d->memory, &d->entries, &kind, 1) &&
        ck_buffer_append(&d->memory, &d->entries, name, strlen(name) + 1))
        return CKPT_OK;
    d->entries.size = before;
    return ck_fail_nomem(err);
}

ckpt_status ck_atomic_directory_add(ck_atomic_directory *directory, const char *name,
                                    ckpt_error *err) {
    const char *path = path_of(directory, name);
    ckpt_status status = path != NULL ? note(directory, 'd', name, err) : ck_fail_nomem(err);
    if (status != CKPT_OK)
        return status;
    int failure = directory->files->mkdir(directory->files->ctx, path);
    return failure == 0 ? CKPT_OK : ck_fail_errno(err, path, "make it", failure);
}

ckpt_status ck_atomic_directory_begin(ck_atomic_directory *directory, const char *name,
                                      ckpt_error *err) {
    const char *path = path_of(directory, name);
    ckpt_status status = path != NULL ? note(directory, 'f', name, err) : ck_fail_nomem(err);
    if (status != CKPT_OK)
        return status;
    int file, failure;
    do
        failure = directory->files->open(directory->files->ctx, path, CKPT_FILE_CREATE, &file);
    while (failure == EINTR);
    if (failure != 0)
        return ck_fail_errno(err, path, "create it", failure);
    directory->file = file;
    return CKPT_OK;
}

static const char *name_of_file(const ck_atomic_directory *d) {
    return (const char *)d->name.bytes;
}

ckpt_status ck_atomic_directory_write(ck_atomic_directory *directory, const void *bytes,
                                      size_t size, uint64_t offset, ckpt_error *err) {
    return ck_file_write(directory->files, directory->file, name_of_file(directory), bytes, size,
                         offset, err);
}

ckpt_status ck_atomic_directory_end(ck_atomic_directory *directory, ckpt_error *err) {
    if (directory->durable) {
        ckpt_status status =
            ck_file_sync(directory->files, directory->file, name_of_file(directory), err);
        if (status != CKPT_OK)
            return status;
    }
    int closing = directory->file;
    directory->file = -1;
    return ck_file_close(directory->files, closing, name_of_file(directory), err);
}

/* ---- the end ---- */

static int sync_directory(const ck_atomic_directory *d, const char *path) {
    int failure = 0;
    do
        failure = d->durable ? d->files->sync_directory(d->files->ctx, path) : 0;
    while (failure == EINTR);
    return failure;
}

/* Every directory inside of it, and itself. */
static ckpt_status sync_all(ck_atomic_directory *d, ckpt_error *err) {
    const char *entry = (const char *)d->entries.bytes, *end = entry + d->entries.size;
    int failure = 0;
    if (!d->durable)
        return CKPT_OK;
    for (; failure == 0 && entry < end; entry += strlen(entry) + 1) {
        if (*entry != 'd')
            continue;
        const char *path = path_of(d, entry + 1);
        if (path == NULL)
            return ck_fail_nomem(err);
        failure = sync_directory(d, path);
    }
    if (failure == 0)
        failure = sync_directory(d, d->temporary);
    return failure == 0 ? CKPT_OK : ck_fail_errno(err, d->path, "sync it", failure);
}

static ckpt_status tell_durability(const ck_atomic_directory *d, int failure, ckpt_error *err) {
    ck_set_error(err, CKPT_E_DURABILITY,
                 "%s: written, but the directory around it could not be synced (system error %d): "
                 "after a power loss it may be gone",
                 CK_NAME(d->path), failure);
    if (err != NULL)
        err->sys_errno = failure;
    return CKPT_E_DURABILITY;
}

ckpt_status ck_atomic_directory_commit(ck_atomic_directory *directory, ckpt_error *err) {
    ck_atomic_directory *d = directory;
    ckpt_status status = sync_all(d, err);
    if (status == CKPT_OK)
        status = check_target(d, err); /* an empty directory would be replaced */
    if (status == CKPT_OK) {
        int failure = d->files->rename(d->files->ctx, d->temporary, d->path);
        if (failure != 0)
            status = ck_fail_errno(err, d->path, "give it its name", failure);
    }
    if (status != CKPT_OK) {
        ck_atomic_directory_abort(d);
        return status;
    }
    int failure = sync_directory(d, d->parent);
    release(d);
    if (failure != 0)
        status = tell_durability(d, failure, err);
    free_names(d);
    return status;
}

/* Backwards: what is inside of a directory was made after it. Names are put behind the path of the
 * whole in the room that the longest of them needed. */
static void remove_entries(ck_atomic_directory *d) {
    const char *begin = (const char *)d->entries.bytes;
    size_t end = d->entries.size;
    while (end > 0) {
        size_t entry = end - 1;
        while (entry > 0 && begin[entry - 1] != '\0')
            entry--;
        const char *path = path_of(d, begin + entry + 1);
        if (path != NULL && begin[entry] == 'd')
            d->files->rmdir(d->files->ctx, path);
        else if (path != NULL)
            d->files->unlink(d->files->ctx, path);
        end = entry;
    }
}

void ck_atomic_directory_abort(ck_atomic_directory *directory) {
    ck_atomic_directory *d = directory;
    if (d->file >= 0)
        d->files->close(d->files->ctx, d->file);
    d->file = -1;
    remove_entries(d);
    d->files->rmdir(d->files->ctx, d->temporary);
    release(d);
    free_names(d);
}
