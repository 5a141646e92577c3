/* SPDX-License-Identifier: MIT */
#include "base/partfiles.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

ck_parts ck_parts_begin(const ck_atomic_file *main) {
    ck_parts parts;
    memset(&parts, 0, sizeof parts);
    parts.main = main;
    return parts;
}

uint32_t ck_parts_count(const ck_parts *parts) {
    return (uint32_t)(parts->parts.size / sizeof(ck_part *));
}

static ck_part **part_at(const ck_parts *parts, uint32_t number) {
    return (ck_part **)(void *)parts->parts.bytes + number;
}

ck_part *ck_parts_at(const ck_parts *parts, uint32_t number) {
    return *part_at(parts, number);
}

ckpt_status ck_parts_create(ck_parts *parts, uint32_t *ret_number, ck_part **ret_part,
                            ckpt_error *err) {
    const ck_memory *memory = &parts->main->memory;
    uint32_t number = ck_parts_count(parts);
    if (number == UINT32_MAX - 1)
        return ck_fail(err, CKPT_E_LIMIT, "%s: too many parts", CK_NAME(parts->main->path));
    ck_part *part = ck_calloc(memory, 1, sizeof *part);
    if (part == NULL || !ck_buffer_append(memory, &parts->parts, &part, sizeof part)) {
        ck_free(memory, part, 1, sizeof *part);
        return ck_fail_nomem(err);
    }
    ckpt_status status = ck_atomic_open_beside(&part->file, parts->main, number + 1, err);
    if (status != CKPT_OK) {
        ck_free(memory, part, 1, sizeof *part);
        parts->parts.size -= sizeof part;
        return status;
    }
    *ret_number = number;
    *ret_part = part;
    return CKPT_OK;
}

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

ckpt_status ck_parts_set_name(ck_parts *parts, uint32_t number, const char *component,
                              ckpt_error *err) {
    ck_part *part = *part_at(parts, number);
    ck_place place = {parts->main->path, CKPT_NO_OFFSET, NULL, 0, 0};
    size_t size = strlen(component);
    if (size == 0 || strchr(component, '/') != NULL || strcmp(component, ".") == 0 ||
        strcmp(component, "..") == 0)
        return ck_fail_at(err, &place, CKPT_E_ARGUMENT, "'%s' cannot be the name of a part of it",
                          CK_NAME(component));
    bool is_taken = strcmp(component, last_component(parts->main->path)) == 0;
    ck_nametree_result added = CK_NAMETREE_ADDED;
    if (!is_taken)
        added = ck_nametree_add(&parts->main->memory, &parts->names, component, size, number);
    if (is_taken || added == CK_NAMETREE_KNOWN)
        return ck_fail_at(err, &place, CKPT_E_ARGUMENT, "two of its parts would be named '%s'",
                          CK_NAME(component));
    if (added != CK_NAMETREE_ADDED)
        return ck_fail_nomem(err);
    part->is_named = true;
    return ck_atomic_set_name(&part->file, component, err);
}

/* Which file it is must be known, in case that it is to be taken back. */
ckpt_status ck_parts_finish(ck_parts *parts, uint32_t number, ckpt_error *err) {
    ck_part *part = *part_at(parts, number);
    const ckpt_filesystem *files = part->file.files;
    ckpt_file_status status = {.size = 0};
    if (part->file.file < 0)
        return CKPT_OK;
    int failure = files->status(files->ctx, part->file.file, &status);
    if (failure != 0)
        return ck_fail_errno(err, part->file.path, "look at", failure);
    part->device = status.device;
    part->inode = status.inode;
    return ck_atomic_finish(&part->file, err);
}

void ck_parts_discard(ck_parts *parts, uint32_t number) {
    ck_part **part = part_at(parts, number);
    ck_atomic_abort(&(*part)->file);
    ck_free(&parts->main->memory, *part, 1, sizeof **part);
    *part = NULL;
}

static ckpt_status finish_all(ck_parts *parts, ckpt_error *err) {
    for (uint32_t i = 0; i < ck_parts_count(parts); i++) {
        ck_part *part = *part_at(parts, i);
        if (part == NULL)
            continue;
        if (!part->is_named)
            return ck_fail(err, CKPT_E_ARGUMENT, "%s: one of its parts has no name",
                           CK_NAME(parts->main->path));
        ckpt_status status = ck_parts_finish(parts, i, err);
        if (status != CKPT_OK)
            return status;
    }
    return CKPT_OK;
}

static ckpt_status rename_part(ck_part *part, ckpt_error *err) {
    const ckpt_filesystem *files = part->file.files;
    ckpt_file_status there = {.size = 0};
    int failure = files->status_of_path(files->ctx, part->file.path, &there);
    if (failure != 0 && failure != ENOENT)
        return ck_fail_errno(err, part->file.path, "look at", failure);
    ckpt_status status = ck_atomic_rename(&part->file, err);
    part->is_renamed = status == CKPT_OK && failure == ENOENT;
    /* The temporary name is gone: nothing is to be unlinked under it. */
    if (status == CKPT_OK)
        part->file.temporary[0] = '\0';
    return status;
}

/* ---- what had the names ---- */

static ckpt_status set_aside(ck_part *part, ckpt_error *err) {
    const ckpt_filesystem *files = part->file.files;
    ckpt_file_status there = {.size = 0};
    int failure = files->status_of_path(files->ctx, part->file.path, &there);
    if (failure == ENOENT)
        return CKPT_OK;
    if (failure != 0)
        return ck_fail_errno(err, part->file.path, "look at", failure);
    size_t size = strlen(part->file.temporary);
    char *aside = ck_copy_string(&part->file.memory, part->file.temporary, size);
    if (aside == NULL)
        return ck_fail_nomem(err);
    memcpy(aside + size - 3, "old", 3);
    failure = files->rename(files->ctx, part->file.path, aside);
    if (failure != 0) {
        ck_free_string(&part->file.memory, aside);
        return ck_fail_errno(err, part->file.path, "set it aside", failure);
    }
    part->aside = aside;
    return CKPT_OK;
}

static ckpt_status set_all_aside(ck_parts *parts, ckpt_error *err) {
    bool any = false;
    for (uint32_t i = 0; i < ck_parts_count(parts); i++) {
        ck_part *part = *part_at(parts, i);
        ckpt_status status = part != NULL ? set_aside(part, err) : CKPT_OK;
        if (status != CKPT_OK)
            return status;
        any = any || (part != NULL && part->aside != NULL);
    }
    int failure = any ? ck_atomic_sync_directory(parts->main) : 0;
    return failure == 0 ? CKPT_OK
                        : ck_fail_errno(err, parts->main->path, "sync its directory", failure);
}

/* Its name is free again, unless another program has it. */
static void bring_back(const ck_part *part) {
    const ckpt_filesystem *files = part->file.files;
    ckpt_file_status there = {.size = 0};
    if (files->status_of_path(files->ctx, part->file.path, &there) == ENOENT)
        files->rename(files->ctx, part->aside, part->file.path);
}

static void end_aside(ck_part *part, bool keep) {
    if (part->aside == NULL)
        return;
    if (keep)
        part->file.files->unlink(part->file.files->ctx, part->aside);
    else
        bring_back(part);
    ck_free_string(&part->file.memory, part->aside);
    part->aside = NULL;
}

/* ---- the end ---- */

static ckpt_status rename_all(ck_parts *parts, ckpt_error *err) {
    bool any = false;
    for (uint32_t i = 0; i < ck_parts_count(parts); i++) {
        ck_part *part = *part_at(parts, i);
        ckpt_status status = part != NULL ? rename_part(part, err) : CKPT_OK;
        if (status != CKPT_OK)
            return status;
        any = any || part != NULL;
    }
    int failure = any ? ck_atomic_sync_directory(parts->main) : 0;
    return failure == 0 ? CKPT_OK
                        : ck_fail_errno(err, parts->main->path, "sync its directory", failure);
}

static void take_back(ck_part *part) {
    const ckpt_filesystem *files = part->file.files;
    ckpt_file_status there = {.size = 0};
    if (!part->is_renamed)
        return;
    bool is_known = files->status_of_path(files->ctx, part->file.path, &there) == 0;
    if (!is_known || (there.device == part->device && there.inode == part->inode))
        files->unlink(files->ctx, part->file.path);
}

static void free_parts(ck_parts *parts, bool keep) {
    const ck_memory *memory = &parts->main->memory;
    for (uint32_t i = 0; i < ck_parts_count(parts); i++) {
        ck_part *part = *part_at(parts, i);
        if (part == NULL)
            continue;
        if (!keep)
            take_back(part);
        end_aside(part, keep);
        if (part->file.temporary[0] != '\0')
            ck_atomic_abort(&part->file);
        else
            ck_atomic_free(&part->file);
        ck_free(memory, part, 1, sizeof *part);
    }
    ck_buffer_clear(memory, &parts->parts);
    ck_nametree_clear(memory, &parts->names);
}

ckpt_status ck_parts_commit(ck_parts *parts, ck_atomic_file *main, ckpt_error *err) {
    ckpt_status status = finish_all(parts, err);
    if (status == CKPT_OK)
        status = ck_atomic_finish(main, err);
    if (status == CKPT_OK && parts->sets_aside)
        status = set_all_aside(parts, err);
    if (status == CKPT_OK)
        status = rename_all(parts, err);
    if (status != CKPT_OK) {
        free_parts(parts, false);
        ck_atomic_abort(main);
        return status;
    }
    status = ck_atomic_commit(main, err);
    free_parts(parts, status == CKPT_OK || status == CKPT_E_DURABILITY);
    return status;
}

void ck_parts_abort(ck_parts *parts) {
    free_parts(parts, false);
}
