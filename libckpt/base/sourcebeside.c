/* SPDX-License-Identifier: MIT */
/* Files that other files name. Their names are data of a stranger: what they can lead to are the
 * regular files of one directory, and nothing else. */
#include "base/source.h"

#include "base/buffer.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>

/* What is to be opened: COMPONENT, or DIRECTORY/COMPONENT, beside the main file. */
typedef struct target {
    const ck_source *main;
    const char *directory; /* NULL: none */
    const char *component;
} target;

static bool is_plain_component(const char *name) {
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

/* Bytes of the main file's name that lead to its directory. */
static size_t base_size(const ck_source *main) {
    const char *slash = strrchr(main->name, '/');
    return slash != NULL ? (size_t)(slash - main->name) + 1 : 0;
}

/* The path from where that of the main file begins, for messages. Freed with ck_free_string. */
static char *path_of(const target *t) {
    const ck_memory *memory = &t->main->memory;
    ck_buffer path = {NULL, 0, 0};
    char *copy = NULL;
    if (ck_buffer_append(memory, &path, t->main->name, base_size(t->main)) &&
        (t->directory == NULL ||
         (ck_buffer_append(memory, &path, t->directory, strlen(t->directory)) &&
          ck_buffer_append(memory, &path, "/", 1))) &&
        ck_buffer_append(memory, &path, t->component, strlen(t->component)))
        copy = ck_copy_string(memory, (const char *)path.bytes, path.size);
    ck_buffer_clear(memory, &path);
    return copy;
}

/* The user has named the main file: on the way to its directory links are followed. Without any
 * directory in its name it is the current one. */
static int open_base(const ck_source *main, int *ret_directory) {
    const ckpt_filesystem *files = main->files;
    size_t size = base_size(main);
    char *path = size != 0 ? ck_copy_string(&main->memory, main->name, size)
                           : ck_copy_string(&main->memory, ".", 1);
    if (path == NULL)
        return ENOMEM;
    int failure = files->open(files->ctx, path, CKPT_FILE_DIRECTORY, ret_directory);
    ck_free_string(&main->memory, path);
    return failure;
}

/* By a handle of each directory on the way, so that nothing that is swapped in meanwhile can lead
 * elsewhere. */
static int open_by_handles(const target *t, int *ret_file) {
    const ckpt_filesystem *files = t->main->files;
    int base, failure = open_base(t->main, &base);
    if (failure == 0 && t->directory != NULL) {
        int below;
        failure = files->open_at(files->ctx, base, t->directory, CKPT_FILE_DIRECTORY, &below);
        files->close(files->ctx, base);
        base = below;
    }
    if (failure != 0)
        return failure;
    failure = files->open_at(files->ctx, base, t->component, CKPT_FILE_READ, ret_file);
    files->close(files->ctx, base);
    return failure;
}

static ckpt_status check_target(const target *t, ckpt_error *err) {
    ck_place place = {t->main->name, CKPT_NO_OFFSET, NULL, 0, 0};
    const char *wrong = NULL;
    if (!is_plain_component(t->component))
        wrong = t->component;
    else if (t->directory != NULL && !is_plain_component(t->directory))
        wrong = t->directory;
    if (wrong != NULL)
        return ck_fail_at(err, &place, CKPT_E_BOUNDS,
                          "it leads to '%s', which is not the name of a file in its directory",
                          CK_NAME(wrong));
    if (t->main->files == NULL || t->main->file < 0)
        return ck_fail_at(err, &place, CKPT_E_UNSUPPORTED,
                          "bytes lie in the file '%s' beside it, and only what was opened by its "
                          "path has files beside it",
                          CK_NAME(t->component));
    if (t->main->files->open_at == NULL)
        return ck_fail_at(err, &place, CKPT_E_UNSUPPORTED,
                          "bytes lie in the file '%s' beside it, which its file system cannot open",
                          CK_NAME(t->component));
    return CKPT_OK;
}

static ckpt_status fail_to_open(const char *path, int failure, ckpt_error *err) {
    if (failure != ELOOP)
        return ck_fail_errno(err, path, "open", failure);
    ck_set_error(err, CKPT_E_IO, "%s: a symbolic link, which is not followed", CK_NAME(path));
    if (err != NULL)
        err->sys_errno = failure;
    return CKPT_E_IO;
}

static ckpt_status open_target(ck_source *ret_source, const target *t, ckpt_error *err) {
    const ck_source *main = t->main;
    ckpt_status status = check_target(t, err);
    if (status != CKPT_OK)
        return status;
    char *path = path_of(t);
    if (path == NULL)
        return ck_fail_nomem(err);
    int file, failure = open_by_handles(t, &file);
    status = failure == 0 ? ck_source_from_file(ret_source, &main->memory, main->files, file, path,
                                                main->to_map, err)
                          : fail_to_open(path, failure, err);
    ck_free_string(&main->memory, path);
    return status;
}

ckpt_status ck_source_open_beside(ck_source *ret_source, const ck_source *main,
                                  const char *component, ckpt_error *err) {
    target t = {main, NULL, component};
    return open_target(ret_source, &t, err);
}

ckpt_status ck_source_open_beneath(ck_source *ret_source, const ck_source *main,
                                   const char *directory, const char *component, ckpt_error *err) {
    target t = {main, directory, component};
    return open_target(ret_source, &t, err);
}

static char *join(const ck_memory *memory, const char *directory, const char *component) {
    size_t size = strlen(directory), more = strlen(component) + 1;
    bool has_slash = size != 0 && directory[size - 1] == '/';
    char *path = ck_alloc(memory, size + 1 + more, 1);
    if (path == NULL)
        return NULL;
    memcpy(path, directory, size);
    path[size] = '/';
    memcpy(path + size + (has_slash ? 0 : 1), component, more);
    char *exact = ck_copy_string(memory, path, strlen(path));
    ck_free(memory, path, size + 1 + more, 1);
    return exact;
}

static int open_inside(const ckpt_filesystem *files, const char *directory, const char *component,
                       int *ret_file) {
    int handle, failure = files->open(files->ctx, directory, CKPT_FILE_DIRECTORY, &handle);
    if (failure != 0)
        return failure == ENOTDIR ? ENOENT : failure;
    failure = files->open_at(files->ctx, handle, component, CKPT_FILE_READ, ret_file);
    files->close(files->ctx, handle);
    return failure;
}

ckpt_status ck_source_open_inside(ck_source *ret_source, const ck_memory *memory,
                                  const ckpt_filesystem *files, const char *directory,
                                  const char *component, bool map, ckpt_error *err) {
    if (files == NULL)
        files = ckpt_posix_filesystem();
    if (files->open_at == NULL)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "%s: its file system cannot open directories",
                       CK_NAME(directory));
    char *path = join(memory, directory, component);
    if (path == NULL)
        return ck_fail_nomem(err);
    int file, failure = open_inside(files, directory, component, &file);
    ckpt_status status = failure == 0
                             ? ck_source_from_file(ret_source, memory, files, file, path, map, err)
                             : fail_to_open(path, failure, err);
    ck_free_string(memory, path);
    return status;
}
