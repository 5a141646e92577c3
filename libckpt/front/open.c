/* SPDX-License-Identifier: MIT */
/* Opening: find out the format, let it read. */
#include "front/formats.h"
#include "front/openbeside.h"

#include "base/error.h"
#include "base/options.h"
#include "model/object.h"

#include <errno.h>
#include <string.h>

static ckpt_status find_format(ck_source *source, const ckpt_open_options *options,
                               const ck_format **ret_format, ckpt_error *err) {
    ck_place place = {source->name, CKPT_NO_OFFSET, NULL, 0, 0};
    if (source->size == 0)
        return ck_fail_at(err, &place, CKPT_E_TRUNCATED, "the file is empty");
    ckpt_status status = ck_source_keep_head(source, CK_PROBE_SIZE, err);
    if (status != CKPT_OK)
        return status;
    const ck_format *format =
        ck_format_probe(source->head, source->head_size, source->size, options->formats);
    if (format == NULL && options->formats != NULL)
        return ck_fail_at(err, &place, CKPT_E_FORMAT, "not a file of the format asked for, %s",
                          CK_NAME(options->formats));
    if (format == NULL)
        return ck_fail_at(err, &place, CKPT_E_FORMAT,
                          "not a checkpoint in any format that libckpt reads");
    *ret_format = format;
    return CKPT_OK;
}

/* An edit by another program may grow or shrink the file between the question for its size and the
 * reading of its header; then they do not fit each other. */
static bool has_other_size(const ck_source *source) {
    ckpt_file_status status = {.size = 0};
    return source->file >= 0 &&
           source->files->status(source->files->ctx, source->file, &status) == 0 &&
           status.size != source->size;
}

/* Takes the source over, whatever comes of it. *ret_again, on failure: it is worth another attempt.
 */
static ckpt_status open_source(ck_source *source, const ckpt_open_options *options, ckpt **ret_ckpt,
                               bool *ret_again, ckpt_error *err) {
    const ck_format *format = NULL;
    ckpt *c = NULL;
    ckpt_status status = find_format(source, options, &format, err);
    if (status == CKPT_OK)
        status = ck_ckpt_new(options->allocator, &c, err);
    if (status == CKPT_OK && options->generation != 0 && format->commit == NULL)
        status = ck_fail(err, CKPT_E_NOT_FOUND, "%s: there are no generations in its format",
                         CK_NAME(source->name));
    if (status == CKPT_OK) {
        c->wanted_generation = options->generation;
        c->threads = options->threads;
        c->losses = (ck_losses){options->on_loss, options->loss_ctx};
        status = format->read(c, source, err);
    }
    if (status != CKPT_OK) {
        ckpt_free(c);
        *ret_again = has_other_size(source);
        ck_source_close(source);
        return status;
    }
    if (c->info.format[0] == '\0') /* a reader may know better which of its forms it was */
        c->info.format = format->name;
    *ret_ckpt = c;
    return CKPT_OK;
}

#define ATTEMPTS 8

/* ---- directories ---- */

static bool is_there(const ck_memory *memory, const ckpt_open_options *options, const char *path,
                     const char *component) {
    ck_source source;
    if (component == NULL || ck_source_open_inside(&source, memory, options->filesystem, path,
                                                   component, false, NULL) != CKPT_OK)
        return false;
    ck_source_close(&source);
    return true;
}

/* The main file of a directory that is a checkpoint. CKPT_E_NOT_FOUND when it is none. */
static ckpt_status open_main(ck_source *ret_source, const ck_memory *memory, const char *path,
                             const ckpt_open_options *options, ckpt_error *err) {
    const ck_format *format;
    ckpt_status status = CKPT_E_NOT_FOUND;
    for (size_t i = 0; status == CKPT_E_NOT_FOUND && (format = ck_format_of_directory(i)) != NULL;
         i++) {
        status =
            ck_source_open_inside(ret_source, memory, options->filesystem, path,
                                  format->main_component, options->access == CKPT_ACCESS_MAP, err);
        if (status == CKPT_E_NOT_FOUND && is_there(memory, options, path, format->older_component))
            return ck_fail(err, CKPT_E_UNSUPPORTED,
                           "%s: a directory with '%s', as older versions of the format '%s' wrote "
                           "it: libckpt reads those with '%s'",
                           CK_NAME(path), format->older_component, format->name,
                           format->main_component);
    }
    return status;
}

/* The checkpoint is known by the directory, not by the file in it. */
static ckpt_status open_directory(const char *path, ck_source *main,
                                  const ckpt_open_options *options, ckpt **ret_ckpt,
                                  bool *ret_again, ckpt_error *err) {
    ckpt *c;
    ckpt_status status = open_source(main, options, &c, ret_again, err);
    if (status != CKPT_OK)
        return status;
    c->directory = ck_copy_string(&c->memory, path, strlen(path));
    if (c->directory == NULL) {
        ckpt_free(c);
        return ck_fail_nomem(err);
    }
    c->info.path = c->directory;
    *ret_ckpt = c;
    return CKPT_OK;
}

/* A directory can be opened like a file, or cannot; it is no regular file in any case. */
static bool may_be_directory(ckpt_status status, const ckpt_error *failure) {
    return status == CKPT_E_IO && (failure->sys_errno == 0 || failure->sys_errno == EISDIR);
}

static ckpt_status open_once(const char *path, const ckpt_open_options *options, ckpt **ret_ckpt,
                             bool *ret_again, ckpt_error *err) {
    ck_source source;
    ck_memory memory = ck_memory_from(options->allocator);
    ckpt_status status = ck_source_open(&source, &memory, options->filesystem, path,
                                        options->access == CKPT_ACCESS_MAP, err);
    if (status == CKPT_OK)
        return open_source(&source, options, ret_ckpt, ret_again, err);
    if (!may_be_directory(status, err))
        return status;
    ckpt_error failure;
    ckpt_status inside = open_main(&source, &memory, path, options, &failure);
    if (inside == CKPT_E_NOT_FOUND)
        return status;
    if (inside == CKPT_OK)
        return open_directory(path, &source, options, ret_ckpt, ret_again, err);
    *err = failure;
    return inside;
}

ckpt_status ckpt_open(const char *path, const ckpt_open_options *options, ckpt **ret_ckpt,
                      ckpt_error *err) {
    ckpt_open_options known;
    ckpt_error failure;
    bool again = true;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "open options", err);
    if (status != CKPT_OK)
        return status;
    for (int attempt = 0; attempt < ATTEMPTS && again; attempt++) {
        again = false;
        status = open_once(path, &known, ret_ckpt, &again, &failure);
    }
    if (status != CKPT_OK && err != NULL)
        *err = failure;
    return status;
}

ckpt_status ck_open_beside(const ck_source *main, const char *component,
                           const ckpt_open_options *options, ckpt **ret_ckpt, ckpt_error *err) {
    ck_source source;
    bool again;
    ckpt_status status = ck_source_open_beside(&source, main, component, err);
    return status == CKPT_OK ? open_source(&source, options, ret_ckpt, &again, err) : status;
}

ckpt_status ckpt_open_memory(const void *data, size_t size, const char *name,
                             const ckpt_open_options *options, ckpt **ret_ckpt, ckpt_error *err) {
    ck_source source;
    ckpt_open_options known;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "open options", err);
    if (status != CKPT_OK)
        return status;
    bool again;
    ck_memory memory = ck_memory_from(known.allocator);
    status = ck_source_from_memory(&source, &memory, data, size, name, err);
    return status == CKPT_OK ? open_source(&source, &known, ret_ckpt, &again, err) : status;
}

ckpt_status ckpt_open_reader(const ckpt_reader *reader, const char *name,
                             const ckpt_open_options *options, ckpt **ret_ckpt, ckpt_error *err) {
    ck_source source;
    ckpt_open_options known;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "open options", err);
    if (status == CKPT_OK && (reader == NULL || reader->read_at == NULL))
        status = ck_fail(err, CKPT_E_ARGUMENT, "there is no reader");
    if (status != CKPT_OK)
        return status;
    bool again;
    ck_memory memory = ck_memory_from(known.allocator);
    status = ck_source_from_reader(&source, &memory, reader, name, err);
    return status == CKPT_OK ? open_source(&source, &known, ret_ckpt, &again, err) : status;
}

ckpt_file_info ckpt_describe_file(const ckpt *c) {
    ckpt_file_info none = {.path = "", .format = "", .recovered = ""};
    return c != NULL ? c->info : none;
}
