/* SPDX-License-Identifier: MIT */
/* Packing: a manifest and the files beside it become a checkpoint (section 7 of spec/manifest.md).
 */
#include "front/packfill.h"
#include "front/packsource.h"

#include "base/error.h"
#include "base/options.h"
#include "base/source.h"
#include "manifest/manifeststate.h"
#include "model/tensor.h"

#include <stdio.h>
#include <string.h>

typedef struct packer {
    const char *path;
    const ckpt_pack_options *options;
    ckpt_manifest *manifest;
    ck_pack_sources sources;
} packer;

#define MAX_MANIFEST_SIZE ((uint64_t)256 << 20)

static ckpt_status read_manifest(packer *p, ckpt_error *err) {
    ck_memory memory = p->sources.memory;
    ckpt_manifest_options options = {.struct_size = sizeof options,
                                     .allocator = p->options->allocator};
    ck_source *source = &p->sources.manifest;
    char *text = NULL;
    ckpt_status status =
        ck_source_open(source, &memory, p->options->filesystem, p->path, false, err);
    if (status != CKPT_OK)
        return status;
    source->to_map = true; /* what lies beside it */
    uint64_t size = source->size;
    if (size > MAX_MANIFEST_SIZE)
        status = ck_fail(err, CKPT_E_LIMIT, "%s: larger than a manifest may be, 256 MiB",
                         CK_NAME(p->path));
    if (status == CKPT_OK && (text = ck_alloc(&memory, (size_t)size, 1)) == NULL)
        status = ck_fail_nomem(err);
    if (status == CKPT_OK)
        status = ck_source_read(source, 0, text, (size_t)size, err);
    if (status == CKPT_OK)
        status = ckpt_manifest_read(text, (size_t)size, p->path, &options, &p->manifest, err);
    ck_free(&memory, text, (size_t)size, 1);
    return status;
}

/* ---- finding the source of a tensor ---- */

/* "f32 [32, 64]" */
typedef struct type_text {
    char text[120];
} type_text;

static type_text describe(ckpt_tensor tensor) {
    type_text t;
    uint32_t rank = ckpt_tensor_rank(tensor);
    const uint64_t *shape = ckpt_tensor_shape(tensor);
    size_t used =
        (size_t)snprintf(t.text, sizeof t.text, "%.32s [", ckpt_tensor_dtype_info(tensor).name);
    for (uint32_t i = 0; i < rank && used + 32 < sizeof t.text; i++)
        used += (size_t)snprintf(t.text + used, sizeof t.text - used, "%s%llu", i > 0 ? ", " : "",
                                 (unsigned long long)shape[i]);
    snprintf(t.text + used, sizeof t.text - used, "]");
    return t;
}

static ckpt_status check_type(const ckpt_fill *fill, const char *name, const char *file,
                              ckpt_tensor source, ckpt_error *err) {
    if (ck_tensor_same_type(fill->tensor, source))
        return CKPT_OK;
    return ck_fail(err, CKPT_E_MISMATCH, "tensor '%s' is %s here and %s in %s", CK_NAME(name),
                   describe(fill->tensor).text, describe(source).text, CK_NAME(file));
}

/* The tensor `wanted` of a file, or, when that is empty, the one with the name of the tensor that
 * is to be filled. */
static ckpt_status find_in(ckpt *c, const ckpt_fill *fill, const char *name, const char *file,
                           ckpt_tensor *ret_source, ckpt_error *err) {
    const char *wanted = fill->file_tensor[0] != '\0' ? fill->file_tensor : name;
    bool is_npy = strcmp(ckpt_describe_file(c).format, "npy") == 0;
    if (is_npy && fill->kind == CKPT_FILL_FILE && fill->file_tensor[0] == '\0')
        wanted = "array";
    ckpt_tensor source = ckpt_find_tensor(ckpt_root(c), wanted);
    if (!ckpt_tensor_exists(source))
        return ck_fail(err, CKPT_E_NOT_FOUND, "there is no tensor '%s' in %s", CK_NAME(wanted),
                       CK_NAME(file));
    ckpt_status status = check_type(fill, name, file, source, err);
    if (status == CKPT_OK)
        *ret_source = source;
    return status;
}

/* The file that the tensor, or the manifest, or the caller names. */
static ckpt_status find_in_file(packer *p, const ckpt_fill *fill, const char *name,
                                ckpt_tensor *ret_source, ckpt_error *err) {
    bool is_path = fill->kind == CKPT_FILL_NONE && p->options->data != NULL;
    const char *file = is_path                        ? p->options->data
                       : fill->kind == CKPT_FILL_NONE ? ckpt_manifest_data(p->manifest)
                                                      : fill->file;
    ckpt *c;
    if (file[0] == '\0')
        return ck_fail(err, CKPT_E_MANIFEST,
                       "expected tensor '%s' to have 'data' or 'init', or the manifest to have "
                       "'data'",
                       CK_NAME(name));
    ckpt_status status = ck_pack_open(&p->sources, file, is_path, &c, err);
    return status == CKPT_OK ? find_in(c, fill, name, file, ret_source, err) : status;
}

static ckpt_status find_source(packer *p, const ckpt_fill *fill, const char *name,
                               ckpt_tensor *ret_source, ckpt_error *err) {
    ckpt_tensor none = {NULL, 0};
    *ret_source = none;
    switch (fill->kind) {
    case CKPT_FILL_INIT: return CKPT_OK;
    case CKPT_FILL_RAW:
        return ck_pack_open_raw(&p->sources, fill->file, fill->offset, fill->tensor, ret_source,
                                err);
    case CKPT_FILL_FILE:
    case CKPT_FILL_NONE: break;
    }
    return find_in_file(p, fill, name, ret_source, err);
}

static ckpt_status find_sources(packer *p, ckpt_tensor *sources, ckpt_error *err) {
    for (uint32_t i = 0; i < ckpt_manifest_fill_count(p->manifest); i++) {
        ckpt_fill fill = ckpt_manifest_fill(p->manifest, i);
        ckpt_error inner;
        size_t size = ckpt_manifest_fill_name(p->manifest, i, NULL, 0) + 1;
        char *name = ck_alloc(&p->sources.memory, size, 1);
        if (name == NULL)
            return ck_fail_nomem(err);
        ckpt_manifest_fill_name(p->manifest, i, name, size);
        ckpt_status status = find_source(p, &fill, name, &sources[i], &inner);
        ck_free(&p->sources.memory, name, size, 1);
        if (status != CKPT_OK)
            return ck_pack_fail(&fill, p->path, &inner, err);
    }
    return CKPT_OK;
}

/* ---- the whole ---- */

static ckpt_status fill_all(packer *p, ckpt_error *err) {
    const ck_memory *memory = &p->sources.memory;
    size_t count = ckpt_manifest_fill_count(p->manifest);
    uint64_t seed = p->options->has_seed ? p->options->seed : ckpt_manifest_seed(p->manifest);
    ckpt_tensor *sources = ck_calloc(memory, count, sizeof *sources);
    if (sources == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = find_sources(p, sources, err);
    if (status == CKPT_OK)
        status = ck_pack_fill(p->manifest, p->path, sources, seed, err);
    ck_free(memory, sources, count, sizeof *sources);
    return status;
}

ckpt_status ckpt_pack(const char *path, const ckpt_pack_options *options, ckpt **ret_ckpt,
                      ckpt_error *err) {
    ckpt_pack_options known;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "pack options", err);
    if (status != CKPT_OK)
        return status;
    if (path == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no manifest to pack");
    packer p = {.path = path, .options = &known};
    p.sources.memory = ck_memory_from(known.allocator);
    p.sources.allocator = known.allocator;
    p.sources.files = known.filesystem;
    p.sources.manifest.file = -1;
    p.sources.output = known.output;
    status = read_manifest(&p, err);
    if (status == CKPT_OK)
        status = fill_all(&p, err);
    if (status == CKPT_OK)
        status = ck_pack_sources_give(&p.sources, ckpt_manifest_ckpt(p.manifest), err);
    if (status == CKPT_OK)
        *ret_ckpt = ck_manifest_take(p.manifest);
    ckpt_manifest_free(p.manifest);
    ck_pack_sources_free(&p.sources);
    return status;
}
