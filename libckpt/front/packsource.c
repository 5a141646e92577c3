/* SPDX-License-Identifier: MIT */
#include "front/packsource.h"

#include "base/checked.h"
#include "base/error.h"
#include "front/openbeside.h"
#include "model/object.h"

#include <string.h>

static ckpt **opened_at(const ck_pack_sources *s, size_t i) {
    return (ckpt **)(void *)s->opened.bytes + i;
}

static size_t opened_count(const ck_pack_sources *s) {
    return s->opened.size / sizeof(ckpt *);
}

void ck_pack_sources_free(ck_pack_sources *s) {
    for (size_t i = 0; i < opened_count(s); i++)
        ckpt_free(*opened_at(s, i));
    ck_buffer_clear(&s->memory, &s->opened);
    ck_nametree_clear(&s->memory, &s->beside);
    ck_nametree_clear(&s->memory, &s->paths);
    ck_nametree_clear(&s->memory, &s->raw);
    ck_source_close(&s->manifest);
}

ckpt_status ck_pack_sources_give(ck_pack_sources *s, ckpt *c, ckpt_error *err) {
    for (size_t i = 0; i < opened_count(s); i++) {
        ckpt_status status = ckpt_attach(c, *opened_at(s, i), err);
        if (status != CKPT_OK)
            return status;
        *opened_at(s, i) = NULL;
    }
    return CKPT_OK;
}

/* Enters an opened file under its name; it is freed when that fails. */
static ckpt_status keep(ck_pack_sources *s, ck_nametree *names, const char *name, ckpt *c,
                        ckpt_error *err) {
    uint32_t number = (uint32_t)opened_count(s);
    if (!ck_buffer_append(&s->memory, &s->opened, &c, sizeof c)) {
        ckpt_free(c);
        return ck_fail_nomem(err);
    }
    if (ck_nametree_add(&s->memory, names, name, strlen(name), number) != CK_NAMETREE_ADDED)
        return ck_fail_nomem(err);
    return CKPT_OK;
}

static bool is_same_file(const ckpt_file_status *a, const ckpt_file_status *b) {
    return a->inode != 0 && a->inode == b->inode && a->device == b->device;
}

/* A save replaces what the path itself names, be it a link, and not what that leads to. */
static ckpt_status check_output(const ck_pack_sources *s, const ck_source *source,
                                ckpt_error *err) {
    const ckpt_filesystem *files = source->files;
    ckpt_file_status output = {.size = 0}, named = {.size = 0}, read = {.size = 0};
    if (s->output == NULL || files->status_of_path(files->ctx, s->output, &output) != 0)
        return CKPT_OK;
    if ((files->status_of_path(files->ctx, source->name, &named) == 0 &&
         is_same_file(&named, &output)) ||
        (files->status(files->ctx, source->file, &read) == 0 && is_same_file(&read, &output)))
        return ck_fail(err, CKPT_E_ARGUMENT,
                       "%s: the output would replace this file, which is read",
                       CK_NAME(source->name));
    return CKPT_OK;
}

ckpt_status ck_pack_open(ck_pack_sources *s, const char *name, bool is_path, ckpt **ret_ckpt,
                         ckpt_error *err) {
    ckpt_open_options options = {
        .struct_size = sizeof options, .allocator = s->allocator, .filesystem = s->files};
    ck_nametree *names = is_path ? &s->paths : &s->beside;
    uint32_t number = ck_nametree_get(names, name, strlen(name));
    if (number != CK_NAMETREE_NONE) {
        *ret_ckpt = *opened_at(s, number);
        return CKPT_OK;
    }
    ckpt *c = NULL;
    ckpt_status status = is_path ? ckpt_open(name, &options, &c, err)
                                 : ck_open_beside(&s->manifest, name, &options, &c, err);
    if (status != CKPT_OK)
        return status;
    status = is_path ? CKPT_OK : check_output(s, &c->source, err);
    if (status != CKPT_OK) {
        ckpt_free(c);
        return status;
    }
    status = keep(s, names, name, c, err);
    if (status == CKPT_OK)
        *ret_ckpt = c;
    return status;
}

/* A checkpoint without members whose file is the raw one. */
static ckpt_status open_raw_file(ck_pack_sources *s, const char *name, ckpt **ret_ckpt,
                                 ckpt_error *err) {
    ck_source source;
    ckpt *c;
    ckpt_status status = ck_source_open_beside(&source, &s->manifest, name, err);
    if (status != CKPT_OK)
        return status;
    status = check_output(s, &source, err);
    if (status == CKPT_OK)
        status = ck_ckpt_new(s->allocator, &c, err);
    if (status != CKPT_OK) {
        ck_source_close(&source);
        return status;
    }
    ck_take_source(c, &source);
    status = ck_add_root(c, err);
    if (status != CKPT_OK) {
        ckpt_free(c);
        return status;
    }
    *ret_ckpt = c;
    return CKPT_OK;
}

static ckpt_status find_raw_file(ck_pack_sources *s, const char *name, ckpt **ret_ckpt,
                                 ckpt_error *err) {
    uint32_t number = ck_nametree_get(&s->raw, name, strlen(name));
    if (number != CK_NAMETREE_NONE) {
        *ret_ckpt = *opened_at(s, number);
        return CKPT_OK;
    }
    ckpt *c;
    ckpt_status status = open_raw_file(s, name, &c, err);
    if (status == CKPT_OK)
        status = keep(s, &s->raw, name, c, err);
    if (status == CKPT_OK)
        *ret_ckpt = c;
    return status;
}

ckpt_status ck_pack_open_raw(ck_pack_sources *s, const char *name, uint64_t offset,
                             ckpt_tensor like, ckpt_tensor *ret_tensor, ckpt_error *err) {
    ckpt_dtype_info info = ckpt_tensor_dtype_info(like);
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = info.dtype,
                             .other_dtype = &info,
                             .rank = ckpt_tensor_rank(like),
                             .shape = ckpt_tensor_shape(like)};
    uint64_t size = ckpt_tensor_nbytes(like);
    ckpt_storage storage;
    ckpt *c;
    ckpt_status status = find_raw_file(s, name, &c, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_within(offset, size, c->source.size))
        return ck_fail(err, CKPT_E_BOUNDS,
                       "%s: %llu bytes from offset %llu on reach over the end of the file, which "
                       "has %llu",
                       CK_NAME(name), (unsigned long long)size, (unsigned long long)offset,
                       (unsigned long long)c->source.size);
    status = ck_storage_in_source(c, offset, size, &storage, err);
    return status == CKPT_OK ? ckpt_tensor_create(storage, &spec, ret_tensor, err) : status;
}
