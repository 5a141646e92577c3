/* SPDX-License-Identifier: MIT */
/* Saving: to a path, to memory, through the caller's functions. */
#include "front/formats.h"
#include "front/partsink.h"
#include "front/strict.h"

#include "base/atomicdirectory.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/options.h"
#include "model/object.h"

#include <string.h>

/* Everything that is checked before a byte is written. */
static ckpt_status check_arguments(const ckpt *c, const ckpt_save_options *options, bool to_path,
                                   ckpt_save_options *ret_known, const ck_format **ret_format,
                                   ckpt_error *err) {
    if (c == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no checkpoint");
    ckpt_status status =
        ck_options_take(ret_known, sizeof *ret_known, options, "save options", err);
    if (status != CKPT_OK)
        return status;
    const char *name = ret_known->format != NULL ? ret_known->format : "ckpt";
    const ck_format *format = ck_format_named(name);
    if (format == NULL || (format->write == NULL && format->write_directory == NULL))
        return ck_fail(err, CKPT_E_UNSUPPORTED, "libckpt does not write the format '%s'",
                       CK_NAME(name));
    if (format->write == NULL && !to_path)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "the format '%s' is a directory, which needs a path to save to",
                       CK_NAME(name));
    if (ret_known->shard_size != 0 && !to_path)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "there are no shards without a path to save to");
    if (ret_known->shard_size != 0 && !format->has_shards)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "the format '%s' has no shards", CK_NAME(name));
    if (ret_known->base != NULL && (!to_path || strcmp(name, "ckpt") != 0))
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "only a .ckpt file that is saved to a path has a base");
    *ret_format = format;
    return CKPT_OK;
}

/* The one place where writers are called. */
static ckpt_status write_as(const ck_format *format, ckpt *c, const ck_sink *sink,
                            const ckpt_save_options *known, ckpt_error *err) {
    ckpt_save_options options = *known;
    ck_sink own = *sink;
    ck_strict strict;
    ck_strict_begin(&strict, &options, &own);
    return ck_strict_end(&strict, format->write(c, &own, &options, err), err);
}

static ckpt_status write_to_file(void *ctx, const void *bytes, size_t size, uint64_t offset,
                                 ckpt_error *err) {
    return ck_atomic_write(ctx, bytes, size, offset, err);
}

static void reserve_in_file(void *ctx, uint64_t size) {
    ck_atomic_reserve(ctx, size);
}

static ckpt_status write_with_parts(ckpt *c, ck_atomic_file *file, const ck_format *format,
                                    const ckpt_save_options *options, ckpt_error *err) {
    ck_part_sink parts;
    ckpt_status status = ck_part_sink_begin(&parts, file, err);
    if (status == CKPT_OK) {
        ck_sink sink = {
            .ctx = file, .write = write_to_file, .parts = &parts.files, .reserve = reserve_in_file};
        status = write_as(format, c, &sink, options, err);
        if (status == CKPT_OK)
            return ck_part_sink_commit(&parts, file, err);
        ck_part_sink_abort(&parts);
    }
    ck_atomic_abort(file);
    return status;
}

/* Writers of directories have no sink: what is strict about them stops at the next report of
 * progress, at the latest before the directory gets its name. */
static ckpt_status write_directory_as(const ck_format *format, ckpt *c,
                                      ck_atomic_directory *directory,
                                      const ckpt_save_options *known, ckpt_error *err) {
    ckpt_save_options options = *known;
    ck_sink none = {.ctx = NULL};
    ck_strict strict;
    ck_strict_begin(&strict, &options, &none);
    return ck_strict_end(&strict, format->write_directory(c, directory, &options, err), err);
}

static ckpt_status save_directory(ckpt *c, const char *path, const ck_format *format,
                                  const ckpt_save_options *options, ckpt_error *err) {
    ck_atomic_directory directory;
    ckpt_status status = ck_atomic_directory_open(&directory, &c->memory, options->filesystem, path,
                                                  !options->not_durable, err);
    if (status != CKPT_OK)
        return status;
    status = write_directory_as(format, c, &directory, options, err);
    if (status == CKPT_OK)
        return ck_atomic_directory_commit(&directory, err);
    ck_atomic_directory_abort(&directory);
    return status;
}

ckpt_status ckpt_save(ckpt *c, const char *path, const ckpt_save_options *options,
                      ckpt_error *err) {
    ckpt_save_options known;
    const ck_format *format;
    ck_atomic_file file;
    ckpt_status status = check_arguments(c, options, true, &known, &format, err);
    if (status == CKPT_OK && format->write == NULL)
        return save_directory(c, path, format, &known, err);
    if (status == CKPT_OK)
        status = ck_atomic_open(&file, &c->memory, known.filesystem, path, !known.not_durable, err);
    return status == CKPT_OK ? write_with_parts(c, &file, format, &known, err) : status;
}

typedef struct memory_file {
    ck_memory memory;
    ck_buffer buffer;
} memory_file;

static ckpt_status write_to_memory(void *ctx, const void *bytes, size_t size, uint64_t offset,
                                   ckpt_error *err) {
    memory_file *file = ctx;
    uint64_t end;
    size_t new_size;
    if (!ck_add(offset, size, &end) || !ck_to_size(end, &new_size))
        return ck_fail_nomem(err);
    if (new_size > file->buffer.size &&
        !ck_buffer_append_zeros(&file->memory, &file->buffer, new_size - file->buffer.size))
        return ck_fail_nomem(err);
    if (size != 0)
        memcpy(file->buffer.bytes + offset, bytes, size);
    return CKPT_OK;
}

ckpt_status ckpt_save_memory(ckpt *c, const ckpt_save_options *options, void **ret_data,
                             size_t *ret_size, ckpt_error *err) {
    ckpt_save_options known;
    const ck_format *format;
    ckpt_status status = check_arguments(c, options, false, &known, &format, err);
    if (status != CKPT_OK)
        return status;
    memory_file file = {c->memory, {NULL, 0, 0}};
    ck_sink sink = {.ctx = &file, .write = write_to_memory};
    status = write_as(format, c, &sink, &known, err);
    void *exact = NULL;
    if (status == CKPT_OK) {
        exact = ck_resize(&c->memory, file.buffer.bytes, file.buffer.capacity, file.buffer.size, 1);
        if (exact == NULL)
            status = ck_fail_nomem(err);
    }
    if (status != CKPT_OK) {
        ck_buffer_clear(&c->memory, &file.buffer);
        return status;
    }
    *ret_data = exact;
    *ret_size = file.buffer.size;
    return CKPT_OK;
}

void ckpt_buffer_free(ckpt *c, void *data, size_t size) {
    ck_free(&c->memory, data, size, 1);
}

static ckpt_status write_to_caller(void *ctx, const void *bytes, size_t size, uint64_t offset,
                                   ckpt_error *err) {
    const ckpt_writer *writer = ctx;
    int failure = writer->write_at(writer->ctx, bytes, size, offset);
    return failure == 0 ? CKPT_OK : ck_fail_errno(err, "writer", "write", failure);
}

ckpt_status ckpt_save_writer(ckpt *c, const ckpt_writer *writer, const ckpt_save_options *options,
                             ckpt_error *err) {
    ckpt_save_options known;
    const ck_format *format;
    ckpt_status status = check_arguments(c, options, false, &known, &format, err);
    if (status == CKPT_OK && (writer == NULL || writer->write_at == NULL))
        status = ck_fail(err, CKPT_E_ARGUMENT, "there is no writer");
    if (status != CKPT_OK)
        return status;
    ckpt_writer copy = *writer;
    ck_sink sink = {.ctx = &copy, .write = write_to_caller};
    return write_as(format, c, &sink, &known, err);
}
