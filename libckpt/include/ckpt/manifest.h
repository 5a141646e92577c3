/* SPDX-License-Identifier: MIT */
/* The manifest: a checkpoint as YAML text, all but the bytes. See spec/manifest.md. */
#ifndef CKPT_MANIFEST_H
#define CKPT_MANIFEST_H

#include <ckpt/file.h>
#include <ckpt/init.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the canonical manifest text, NUL-terminated, from the checkpoint's allocator; *ret_size
 * does not count the NUL. Free with ckpt_buffer_free(c, text, size + 1). */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_manifest_write(ckpt *c, char **ret_text, size_t *ret_size,
                                                         ckpt_error *err);

/* Where the bytes of one tensor are to come from, as a manifest says. */
typedef enum ckpt_fill_kind {
    CKPT_FILL_NONE = 0, /* the manifest does not say */
    CKPT_FILL_FILE,     /* a tensor of a file */
    CKPT_FILL_RAW,      /* bytes of a file from an offset on */
    CKPT_FILL_INIT      /* a recipe */
} ckpt_fill_kind;

typedef struct ckpt_fill {
    ckpt_tensor tensor;
    ckpt_fill_kind kind;
    const char *file;        /* one plain component, beside the manifest */
    const char *file_tensor; /* the tensor's name in that file; "": the same as here, or the array
                                of a .npy file */
    uint64_t offset;         /* of raw bytes, in bytes */
    ckpt_init init;
    bool has_seed; /* the recipe begins a stream of its own */
    uint64_t seed;
    uint32_t line, column; /* of the tensor in the manifest */
} ckpt_fill;

typedef struct ckpt_manifest ckpt_manifest;

typedef struct ckpt_manifest_options {
    size_t struct_size; /* sizeof(ckpt_manifest_options) */
    const ckpt_allocator *allocator;
    size_t max_size;    /* bytes of text; 0: 256 MiB */
    uint32_t max_depth; /* of nesting; 0: 384, which is enough for every checkpoint */
} ckpt_manifest_options;

/* Reads a manifest. Its checkpoint has storages of the right sizes, filled with zeros only on
 * demand: the fills say what is to go into them. name stands for the path in messages.
 * CKPT_E_MANIFEST for whatever is malformed, CKPT_E_VERSION, CKPT_E_LIMIT for depth, size and
 * nesting, CKPT_E_BOUNDS, CKPT_E_OVERFLOW and CKPT_E_SHAPE for tensors that cannot be: all but the
 * size with line and column. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_manifest_read(const char *text, size_t size,
                                                        const char *name,
                                                        const ckpt_manifest_options *options,
                                                        ckpt_manifest **ret_manifest,
                                                        ckpt_error *err);
CKPT_API void ckpt_manifest_free(ckpt_manifest *manifest); /* frees its checkpoint too */

/* Borrowed: lives as long as the manifest. */
CKPT_API ckpt *ckpt_manifest_ckpt(const ckpt_manifest *manifest);
/* One entry for each different tensor, in the order of the text. */
CKPT_API uint32_t ckpt_manifest_fill_count(const ckpt_manifest *manifest);
CKPT_API ckpt_fill ckpt_manifest_fill(const ckpt_manifest *manifest, uint32_t i);
/* The first dotted name of the tensor of fill i. Writes at most size bytes (always with a NUL, if
 * size is not 0) and returns the length of the whole name, as snprintf does. */
CKPT_API size_t ckpt_manifest_fill_name(const ckpt_manifest *manifest, uint32_t i, char *buffer,
                                        size_t size);
CKPT_API const char *ckpt_manifest_data(const ckpt_manifest *manifest); /* top-level data, "" */
CKPT_API uint64_t ckpt_manifest_seed(const ckpt_manifest *manifest);    /* 0 when it says none */

/* ---- packing: a manifest and the files beside it become a checkpoint ---- */

typedef struct ckpt_pack_options {
    size_t struct_size; /* sizeof(ckpt_pack_options) */
    const ckpt_allocator *allocator;
    const ckpt_filesystem *filesystem;
    const char *data; /* path of a checkpoint in any format for tensors of which the manifest does
                         not say where their bytes are; overrides the manifest's own `data` */
    bool has_seed;    /* seed overrides the manifest's */
    uint64_t seed;
    const char *output; /* where the checkpoint will be saved; NULL: not known. CKPT_E_ARGUMENT when
                           that would replace a file that the manifest names */
} ckpt_pack_options;

/* Reads the manifest at path and returns a checkpoint whose storages are filled from recipes or
 * linked to the data files, which stay open until it is freed. CKPT_E_MANIFEST: a tensor has no
 * source; CKPT_E_MISMATCH: dtype or shape of a source differ; CKPT_E_NOT_FOUND: no such tensor;
 * CKPT_E_LIMIT: tensors that view the same storages would write more than 64 times the bytes of
 * these, and 16 MiB. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_pack(const char *path, const ckpt_pack_options *options,
                                               ckpt **ret_ckpt, ckpt_error *err);

#ifdef __cplusplus
}
#endif
#endif
