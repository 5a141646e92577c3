/* SPDX-License-Identifier: MIT */
/* The directory of a tensor: "meta" and "out". */
#include "exchange/oneflow.h"

#include <string.h>

/* So many files are held open, and lent as they lie on the disk; each of the others is opened when
 * it is read, lest a large net needs more files than a program may have. */
#define OPEN_FILES 200

static ckpt_status open_file(ck_source *ret, const ck_source *main, const char *directory,
                             const char *component, ckpt_error *err) {
    ckpt_status status = ck_source_open_beneath(ret, main, directory, component, err);
    if (status == CKPT_E_BOUNDS)
        ck_error_rule(err, "O9");
    else if (status == CKPT_E_NOT_FOUND)
        ck_error_rule(err, "O10");
    else if (status == CKPT_E_UNSUPPORTED)
        ck_error_rule(err, "O12");
    return status;
}

static ckpt_status read_meta(const ckpt *c, const ck_source *main, const char *directory,
                             int *ret_dtype, ck_oneflow_elements *e, ckpt_error *err) {
    ck_source meta;
    ckpt_status status = open_file(&meta, main, directory, CK_ONEFLOW_META, err);
    if (status != CKPT_OK)
        return status;
    char *text = NULL;
    size_t size = meta.size <= CK_ONEFLOW_MAX_META ? (size_t)meta.size : 0;
    if (meta.size > CK_ONEFLOW_MAX_META)
        status = ck_fail_rule(err, "O11", CKPT_E_LIMIT, "%s: more than %d bytes",
                              CK_NAME(meta.name), CK_ONEFLOW_MAX_META);
    else if ((text = ck_alloc(ck_ckpt_memory(c), size, 1)) == NULL)
        status = ck_fail_nomem(err);
    if (status == CKPT_OK)
        status = ck_source_read(&meta, 0, text, size, err);
    if (status == CKPT_OK)
        status = ck_error_prefix(
            err, ck_oneflow_parse_meta(text, size, ret_dtype, &e->rank, e->shape, err), meta.name);
    ck_free(ck_ckpt_memory(c), text, size, 1);
    ck_source_close(&meta);
    return status;
}

/* ---- files that are opened when they are read ---- */

typedef struct late_file {
    const ckpt *c;
    char *directory;
    uint64_t size;
} late_file;

static ckpt_status open_out(const ck_source *main, const char *directory, uint64_t size, bool map,
                            ck_source *ret_out, ckpt_error *err) {
    ck_source out, base = *main;
    base.to_map = map;
    ckpt_status status = open_file(&out, &base, directory, CK_ONEFLOW_OUT, err);
    if (status != CKPT_OK)
        return status;
    if (out.size != size) {
        status = ck_fail_rule(err, "O7", CKPT_E_MISMATCH,
                              "%s: %llu bytes, where shape and dtype make %llu", CK_NAME(out.name),
                              (unsigned long long)out.size, (unsigned long long)size);
        ck_source_close(&out);
        return status;
    }
    *ret_out = out;
    return CKPT_OK;
}

static ckpt_status read_late(void *ctx, uint64_t offset, size_t size, void *destination,
                             ckpt_error *err) {
    const late_file *file = ctx;
    ck_source out;
    ckpt_status status = open_out(&file->c->source, file->directory, file->size, false, &out, err);
    if (status != CKPT_OK)
        return status;
    status = ck_source_read(&out, offset, destination, size, err);
    ck_source_close(&out);
    return status;
}

static void close_late(void *ctx) {
    late_file *file = ctx;
    const ck_memory *memory = ck_ckpt_memory(file->c);
    ck_free_string(memory, file->directory);
    ck_free(memory, file, 1, sizeof *file);
}

static ckpt_status make_provider(const ckpt *c, const char *directory, uint64_t size,
                                 ck_provider *ret_provider, ckpt_error *err) {
    const ck_memory *memory = ck_ckpt_memory(c);
    late_file *file = ck_alloc(memory, 1, sizeof *file);
    char *copy = ck_copy_string(memory, directory, strlen(directory));
    if (file == NULL || copy == NULL) {
        ck_free(memory, file, 1, sizeof *file);
        ck_free_string(memory, copy);
        return ck_fail_nomem(err);
    }
    *file = (late_file){c, copy, size};
    *ret_provider = (ck_provider){file, read_late, close_late};
    return CKPT_OK;
}

static ckpt_status provide(ckpt *c, const char *directory, uint64_t size, bool narrow,
                           ckpt_storage *ret_storage, ckpt_error *err) {
    ck_provider provider;
    ckpt_status status = make_provider(c, directory, size, &provider, err);
    if (status != CKPT_OK)
        return status;
    status = narrow ? ck_provide_narrowed(c, size / 4, &provider, false, ret_storage, err)
                    : ck_storage_provide(c, size, &provider, ret_storage, err);
    if (status != CKPT_OK)
        provider.close(provider.ctx);
    return status;
}

/* ---- files that are held open, each in a checkpoint of its own ---- */

static ckpt_status attach(ckpt *c, ck_source *out, ckpt_storage *ret_storage, ckpt_error *err) {
    ckpt *holder;
    ckpt_storage whole;
    uint64_t size = out->size;
    ckpt_status status = ck_ckpt_new(ck_ckpt_memory(c), &holder, err);
    if (status != CKPT_OK) {
        ck_source_close(out);
        return status;
    }
    ck_take_source(holder, out);
    status = ck_add_root(holder, err);
    if (status == CKPT_OK)
        status = ck_storage_in_source(holder, 0, size, &whole, err);
    if (status == CKPT_OK)
        status = ckpt_attach(c, holder, err);
    if (status != CKPT_OK) {
        ckpt_free(holder);
        return status;
    }
    return ckpt_storage_link(c, whole, ret_storage, err);
}

/* ---- both ---- */

static ckpt_status find_storage(ckpt *c, const ck_source *main, const char *directory,
                                uint32_t *files, bool narrow, uint64_t size,
                                ckpt_storage *ret_storage, ckpt_error *err) {
    ck_source out;
    bool to_keep = !narrow && *files < OPEN_FILES;
    ckpt_status status = open_out(main, directory, size, to_keep && main->to_map, &out, err);
    if (status != CKPT_OK)
        return status;
    if (to_keep) {
        ++*files;
        return attach(c, &out, ret_storage, err);
    }
    ck_source_close(&out);
    return provide(c, directory, size, narrow, ret_storage, err);
}

ckpt_status ck_oneflow_open_tensor(ckpt *c, const ck_source *source, const char *directory,
                                   uint32_t *files, int *ret_dtype, ck_oneflow_elements *ret,
                                   ckpt_storage *ret_storage, ckpt_error *err) {
    memset(ret, 0, sizeof *ret);
    ckpt_status status = read_meta(c, source, directory, ret_dtype, ret, err);
    if (status != CKPT_OK)
        return status;
    bool narrow = *ret_dtype == CK_ONEFLOW_BFLOAT16;
    ret->dtype = narrow ? CKPT_F32 : ck_oneflow_dtypes[*ret_dtype].dtype;
    if (ret->dtype == CKPT_DTYPE_OTHER)
        return ck_fail_rule(err, "O11", CKPT_E_UNSUPPORTED,
                            "tensors of oneflow.%s are not supported",
                            ck_oneflow_dtypes[*ret_dtype].name);
    status = ck_oneflow_set_dense(ret, err);
    return status == CKPT_OK
               ? find_storage(c, source, directory, files, narrow, ret->size, ret_storage, err)
               : status;
}
