/* SPDX-License-Identifier: MIT */
#include "container/basefile.h"

#include "base/error.h"
#include "base/sha256.h"
#include "container/parts.h"

#include <string.h>

#define PIECE_SIZE ((size_t)1 << 20)

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static ckpt_status refuse(const ckpt *base, const char *why, ckpt_error *err) {
    return ck_fail(err, CKPT_E_ARGUMENT, "%s: it cannot be the base: %s", CK_NAME(base->info.path),
                   why);
}

/* The directory is compared by what is found there under the name of the base. */
static ckpt_status check_place(const ckpt *base, const char *name, const ck_part_files *parts,
                               const ck_memory *memory, ckpt_error *err) {
    ck_source main = {.memory = *memory, .files = parts->files, .file = 0}, found;
    ckpt_file_status here = {.size = 0}, there = {.size = 0};
    main.name = ck_copy_string(memory, parts->path, strlen(parts->path));
    if (main.name == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ck_source_open_beside(&found, &main, name, err);
    ck_free_string(memory, main.name);
    if (status != CKPT_OK && status != CKPT_E_NOT_FOUND)
        return status;
    if (status != CKPT_OK)
        return refuse(base, "it is not a file in the directory of the file that is saved", err);
    int failure = parts->files->status(parts->files->ctx, found.file, &there);
    if (failure == 0)
        failure = base->source.files->status(base->source.files->ctx, base->source.file, &here);
    ck_source_close(&found);
    if (failure != 0)
        return ck_fail_errno(err, base->info.path, "look at", failure);
    if (here.device != there.device || here.inode != there.inode)
        return refuse(base, "another file has its name in the directory of the file that is saved",
                      err);
    if (here.size != base->source.size)
        return refuse(base, "it has been changed since it was opened", err);
    return CKPT_OK;
}

ckpt_status ck_base_file_check(ck_base_file *ret_file, ckpt *base, const ck_part_files *parts,
                               const ck_memory *memory, ckpt_error *err) {
    const char *name = last_component(base->info.path);
    if (parts == NULL)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "there is no base without a path to save to");
    if (!base->has_source || base->source.file < 0 || strcmp(base->info.format, "ckpt") != 0)
        return refuse(base, "it was not opened from a .ckpt file", err);
    if (base->is_committed)
        return refuse(base, "it has been edited since it was opened", err);
    if (!ck_part_name_valid(name, strlen(name)))
        return refuse(base, "its name has characters that the name of a part cannot have", err);
    if (strcmp(name, last_component(parts->path)) == 0)
        return refuse(base, "it is what the new file would replace", err);
    ckpt_status status = check_place(base, name, parts, memory, err);
    if (status != CKPT_OK)
        return status;
    ck_base_file file = {base, name, false, 0};
    *ret_file = file;
    return CKPT_OK;
}

static ckpt_status hash_file(const ck_source *source, uint8_t *ret_sha256, ckpt_error *err) {
    unsigned char *piece = ck_alloc(&source->memory, PIECE_SIZE, 1);
    ckpt_status status = piece != NULL ? CKPT_OK : ck_fail_nomem(err);
    ck_sha256 hash;
    ck_sha256_begin(&hash);
    for (uint64_t done = 0; done < source->size && status == CKPT_OK;) {
        uint64_t left = source->size - done;
        size_t size = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
        status = ck_source_read(source, done, piece, size, err);
        if (status == CKPT_OK)
            ck_sha256_add(&hash, piece, size);
        done += size;
    }
    ck_sha256_end(&hash, ret_sha256);
    ck_free(&source->memory, piece, PIECE_SIZE, 1);
    return status;
}

ckpt_status ck_base_file_part(ck_base_file *file, const ckpt *owner, ck_placement *placement,
                              uint32_t *ret_part, ckpt_error *err) {
    const ckpt *base = file->base;
    if (owner != base)
        return ck_placement_add_part(placement, owner->part_name, owner->part->size,
                                     owner->part->sha256, ret_part, err);
    if (!file->is_entered) {
        uint8_t sha256[CK_SHA256_SIZE];
        ckpt_status status = hash_file(&base->source, sha256, err);
        if (status == CKPT_OK)
            status = ck_placement_add_part(placement, file->name, base->source.size, sha256,
                                           &file->part, err);
        if (status != CKPT_OK)
            return status;
        file->is_entered = true;
    }
    *ret_part = file->part;
    return CKPT_OK;
}
