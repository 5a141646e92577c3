/* SPDX-License-Identifier: MIT */
#include "front/partsink.h"

#include "base/error.h"

#include <string.h>

static ckpt_status write_part(void *ctx, const void *bytes, size_t size, uint64_t offset,
                              ckpt_error *err) {
    ck_part *part = ctx;
    return ck_atomic_write(&part->file, bytes, size, offset, err);
}

static ckpt_status create_part(void *ctx, uint32_t *ret_part, ck_sink *ret_sink, ckpt_error *err) {
    ck_part *part;
    ckpt_status status = ck_parts_create(ctx, ret_part, &part, err);
    if (status != CKPT_OK)
        return status;
    ck_sink sink = {.ctx = part, .write = write_part};
    *ret_sink = sink;
    return CKPT_OK;
}

static ckpt_status read_part(void *ctx, uint32_t part, void *bytes, size_t size, uint64_t offset,
                             ckpt_error *err) {
    return ck_atomic_read(&ck_parts_at(ctx, part)->file, bytes, size, offset, err);
}

static void replace_parts(void *ctx) {
    ck_parts *parts = ctx;
    parts->sets_aside = true;
}

static ckpt_status name_part(void *ctx, uint32_t part, const char *component, ckpt_error *err) {
    return ck_parts_set_name(ctx, part, component, err);
}

static ckpt_status finish_part(void *ctx, uint32_t part, ckpt_error *err) {
    return ck_parts_finish(ctx, part, err);
}

static void discard_part(void *ctx, uint32_t part) {
    ck_parts_discard(ctx, part);
}

/* "net" of "dir/net.ckpt"; a name that begins with its only dot is kept whole. */
static char *copy_stem(const ck_atomic_file *main) {
    const char *slash = strrchr(main->path, '/');
    const char *name = slash != NULL ? slash + 1 : main->path;
    const char *dot = strrchr(name, '.');
    size_t size = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    return ck_copy_string(&main->memory, name, size);
}

ckpt_status ck_part_sink_begin(ck_part_sink *ret_sink, const ck_atomic_file *main,
                               ckpt_error *err) {
    char *stem = copy_stem(main);
    if (stem == NULL)
        return ck_fail_nomem(err);
    ret_sink->stem = stem;
    ret_sink->parts = ck_parts_begin(main);
    ck_part_files files = {.ctx = &ret_sink->parts,
                           .stem = stem,
                           .path = main->path,
                           .files = main->files,
                           .create = create_part,
                           .read = read_part,
                           .replace = replace_parts,
                           .name = name_part,
                           .finish = finish_part,
                           .discard = discard_part};
    ret_sink->files = files;
    return CKPT_OK;
}

ckpt_status ck_part_sink_commit(ck_part_sink *sink, ck_atomic_file *main, ckpt_error *err) {
    ck_free_string(&main->memory, sink->stem);
    return ck_parts_commit(&sink->parts, main, err);
}

void ck_part_sink_abort(ck_part_sink *sink) {
    ck_free_string(&sink->parts.main->memory, sink->stem);
    ck_parts_abort(&sink->parts);
}
