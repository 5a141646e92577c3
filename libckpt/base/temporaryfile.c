/* SPDX-License-Identifier: MIT */
#include "base/temporaryfile.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Numbers that may be taken by savers at work, or by what cannot be taken away. */
#define ATTEMPTS 1000
/* Parts that were given up leave gaps in the numbers. */
#define LARGEST_GAP 8

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Hidden, and so named that a person sees whose it is. The base name is cut so that the result is
 * no longer than a file name may be. part 0: the main file. */
static void name_temporary(ck_atomic_file *file, unsigned number, uint32_t part) {
    const char *base = last_component(file->path);
    char suffix[12] = "";
    if (part != 0)
        snprintf(suffix, sizeof suffix, ".%u", (unsigned)part);
    snprintf(file->temporary, file->temporary_room, "%.*s.%.200s.%u%s.tmp",
             (int)(base - file->path), file->path, base, number, suffix);
}

static int open_uninterrupted(const ckpt_filesystem *files, const char *path, ckpt_file_mode mode,
                              int *ret_file) {
    int failure;
    do
        failure = files->open(files->ctx, path, mode, ret_file);
    while (failure == EINTR);
    return failure;
}

static bool is_same(const ckpt_file_status *a, const ckpt_file_status *b) {
    return a->device == b->device && a->inode == b->inode;
}

/* Whether the temporary name still leads to the open file; or an errno. */
static int compare_with_name(const ck_atomic_file *file, int open_file, bool *ret_same) {
    const ckpt_filesystem *files = file->files;
    ckpt_file_status here = {.size = 0}, there = {.size = 0};
    int failure = files->status(files->ctx, open_file, &here);
    if (failure == 0)
        failure = files->status_of_path(files->ctx, file->temporary, &there);
    *ret_same = failure == 0 && there.is_regular && is_same(&here, &there);
    return failure == ENOENT ? 0 : failure;
}

/* ---- left-overs ---- */

/* Only the holder of the lock on the main file of the number may call this. */
static void remove_parts(ck_atomic_file *file, unsigned number) {
    const ckpt_filesystem *files = file->files;
    unsigned gap = 0;
    for (uint32_t part = 1; gap < LARGEST_GAP; part++) {
        ckpt_file_status status = {.size = 0};
        name_temporary(file, number, part);
        bool is_there = files->status_of_path(files->ctx, file->temporary, &status) == 0;
        gap = is_there ? 0 : gap + 1;
        if (is_there && (!status.is_regular || files->unlink(files->ctx, file->temporary) != 0))
            break;
    }
    name_temporary(file, number, 0);
}

/* Takes a file of the temporary name away if its saver is gone: then nobody holds the lock. Who has
 * the lock is the only one who may unlink it, so the name cannot come to lead to another file in
 * the meantime. */
static bool remove_left_over(ck_atomic_file *file, unsigned number) {
    const ckpt_filesystem *files = file->files;
    ckpt_file_status status = {.size = 0};
    int old;
    bool same = false, removed = false;
    if (files->lock == NULL || files->status_of_path(files->ctx, file->temporary, &status) != 0)
        return false;
    if (!status.is_regular)
        return ck_temporary_remove_directory(files, file->temporary);
    if (status.inode == 0 || open_uninterrupted(files, file->temporary, CKPT_FILE_EDIT, &old) != 0)
        return false;
    if (files->lock(files->ctx, old) == 0 && compare_with_name(file, old, &same) == 0 && same) {
        remove_parts(file, number);
        removed = files->unlink(files->ctx, file->temporary) == 0;
    }
    files->close(files->ctx, old);
    return removed;
}

static void remove_left_overs_after(ck_atomic_file *file) {
    unsigned number = file->number;
    do
        name_temporary(file, ++number, 0);
    while (number < ATTEMPTS && remove_left_over(file, number));
    name_temporary(file, file->number, 0);
}

/* ---- creation ---- */

/* File systems that have no locks say so in many ways. */
static bool means_no_locks(int failure) {
    return failure == ENOLCK || failure == ENOSYS || failure == ENOTSUP || failure == EOPNOTSUPP ||
           failure == EINVAL;
}

/* Locks the file that was just created, by a handle of its own: closing the other one, which may
 * fail and must not go unnoticed, comes before the rename, and the lock has to last longer. Returns
 * an errno; EEXIST: another saver took the file for a left-over before it was locked. */
static int guard(ck_atomic_file *file) {
    const ckpt_filesystem *files = file->files;
    bool same = false;
    int failure = 0;
    if (files->lock != NULL) {
        failure = open_uninterrupted(files, file->temporary, CKPT_FILE_EDIT, &file->guard);
        if (failure != 0)
            file->guard = -1;
        while (failure == 0 && (failure = files->lock(files->ctx, file->guard)) == EINTR)
            failure = 0;
        if (failure == ENOENT || failure == EWOULDBLOCK || failure == EAGAIN)
            return EEXIST;
        if (failure != 0)
            ck_temporary_release(file);
        if (means_no_locks(failure) || failure == EACCES)
            failure = 0;
    }
    if (failure == 0)
        failure = compare_with_name(file, file->file, &same);
    return failure == 0 && !same ? EEXIST : failure;
}

/* Creates the file of this number, if the name is free or a left-over; or an errno. */
static int create_numbered(ck_atomic_file *file, ckpt_file_mode mode) {
    const ckpt_filesystem *files = file->files;
    name_temporary(file, file->number, 0);
    int failure = open_uninterrupted(files, file->temporary, mode, &file->file);
    bool removed = failure == EEXIST && remove_left_over(file, file->number);
    if (removed)
        failure = open_uninterrupted(files, file->temporary, mode, &file->file);
    if (failure != 0) {
        file->file = -1;
        return failure;
    }
    failure = guard(file);
    if (failure != 0) {
        if (failure != EEXIST)
            files->unlink(files->ctx, file->temporary);
        ck_temporary_release(file);
        files->close(files->ctx, file->file);
        file->file = -1;
    } else if (removed) {
        remove_left_overs_after(file);
    }
    return failure;
}

ckpt_status ck_temporary_create(ck_atomic_file *file, ckpt_file_mode mode, ckpt_error *err) {
    int failure = EEXIST;
    for (file->number = 1; file->number <= ATTEMPTS && failure == EEXIST; file->number++) {
        failure = create_numbered(file, mode);
        if (failure == 0)
            return CKPT_OK;
    }
    return ck_fail_errno(err, file->path, "create a file beside it", failure);
}

ckpt_status ck_temporary_create_part(ck_atomic_file *file, const ck_atomic_file *main,
                                     uint32_t part, ckpt_file_mode mode, ckpt_error *err) {
    const ckpt_filesystem *files = file->files;
    file->number = main->number;
    name_temporary(file, file->number, part);
    int failure = open_uninterrupted(files, file->temporary, mode, &file->file);
    /* The number is ours, so this was left by somebody who is gone; another saver who has seen that
     * too may have taken it away by now. */
    if (failure == EEXIST && main->guard >= 0) {
        int unlinked = files->unlink(files->ctx, file->temporary);
        if (unlinked == 0 || unlinked == ENOENT)
            failure = open_uninterrupted(files, file->temporary, mode, &file->file);
    }
    if (failure == 0)
        return CKPT_OK;
    file->file = -1;
    return ck_fail_errno(err, file->path, "create a file beside it", failure);
}

void ck_temporary_release(ck_atomic_file *file) {
    if (file->guard >= 0)
        file->files->close(file->files->ctx, file->guard);
    file->guard = -1;
}

/* ---- directories ---- */

/* Opens the directory itself, not what a link leads to, and locks it. */
static int lock_directory(const ckpt_filesystem *files, const char *path, int *ret_guard) {
    ckpt_file_status here = {.size = 0}, there = {.size = 0};
    int guard;
    int failure = open_uninterrupted(files, path, CKPT_FILE_DIRECTORY, &guard);
    if (failure != 0)
        return failure;
    do
        failure = files->lock(files->ctx, guard);
    while (failure == EINTR);
    if (failure == 0)
        failure = files->status(files->ctx, guard, &here);
    if (failure == 0)
        failure = files->status_of_path(files->ctx, path, &there);
    if (failure == 0 && (there.is_link || !is_same(&here, &there)))
        failure = EEXIST;
    if (failure != 0)
        files->close(files->ctx, guard);
    else
        *ret_guard = guard;
    return failure;
}

bool ck_temporary_remove_directory(const ckpt_filesystem *files, const char *path) {
    ckpt_file_status status = {.size = 0};
    int guard;
    if (files->lock == NULL || files->remove_tree == NULL ||
        files->status_of_path(files->ctx, path, &status) != 0 || status.is_regular ||
        status.is_link || status.inode == 0 || lock_directory(files, path, &guard) != 0)
        return false;
    bool removed = files->remove_tree(files->ctx, path) == 0;
    files->close(files->ctx, guard);
    return removed;
}

int ck_temporary_directory(const ckpt_filesystem *files, const char *path, int *ret_guard) {
    int failure = files->mkdir(files->ctx, path);
    *ret_guard = -1;
    if (failure == EEXIST && ck_temporary_remove_directory(files, path))
        failure = files->mkdir(files->ctx, path);
    if (failure != 0 || files->lock == NULL)
        return failure;
    failure = lock_directory(files, path, ret_guard);
    /* Another saver took it for a left-over before it was locked. */
    if (failure == ENOENT || failure == EWOULDBLOCK || failure == EAGAIN || failure == EEXIST)
        return EEXIST;
    if (failure == 0 || means_no_locks(failure) || failure == EACCES)
        return 0;
    files->rmdir(files->ctx, path);
    return failure;
}
