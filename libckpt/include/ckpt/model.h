/* SPDX-License-Identifier: MIT */
/* The object model, to read: modules, tensors, storages.
 *
 * Handles are small values; copy them freely. They live as long as their checkpoint. The null
 * handle (owner NULL) stands for "there is none": every accessor takes it and answers with an
 * empty value, so that look-ups can be chained:
 *
 *     net[2].bias               ckpt_module_tensor(ckpt_module_at(net, 2), "bias")
 *     rgnet[0][1][0].bias       ckpt_module_tensor(ckpt_module_at(ckpt_module_at(
 *                                   ckpt_module_at(rgnet, 0), 1), 0), "bias")
 *     state_dict()['2.bias']    ckpt_find_tensor(net, "2.bias")
 *
 * Nothing in this header can fail but getting at the bytes. An opened checkpoint may be read from
 * many threads at once as long as no thread changes it. */
#ifndef CKPT_MODEL_H
#define CKPT_MODEL_H

#include <ckpt/dtypes.h>
#include <ckpt/values.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ckpt_module {
    ckpt *owner;
    uint32_t id;
} ckpt_module;

typedef struct ckpt_tensor {
    ckpt *owner;
    uint32_t id;
} ckpt_tensor;

typedef struct ckpt_storage {
    ckpt *owner;
    uint32_t id;
} ckpt_storage;

typedef enum ckpt_member_kind {
    CKPT_MEMBER_NONE = 0,
    CKPT_MEMBER_MODULE = 1,
    CKPT_MEMBER_TENSOR = 2
} ckpt_member_kind;

/* One entry of a module. name is UTF-8, has no '.' and may be empty; it is NULL (and kind
 * CKPT_MEMBER_NONE) when there is no such member. It is valid until the checkpoint is changed. */
typedef struct ckpt_member {
    const char *name;
    ckpt_member_kind kind;
    ckpt_module module; /* null unless kind is CKPT_MEMBER_MODULE */
    ckpt_tensor tensor; /* null unless kind is CKPT_MEMBER_TENSOR */
} ckpt_member;

static inline bool ckpt_module_exists(ckpt_module module) {
    return module.owner != NULL;
}
static inline bool ckpt_tensor_exists(ckpt_tensor tensor) {
    return tensor.owner != NULL;
}
static inline bool ckpt_storage_exists(ckpt_storage storage) {
    return storage.owner != NULL;
}
/* The same object, not merely an equal one: two names of a tied tensor give the same tensor, two
 * places of a shared layer the same module. Two null handles are the same too. */
static inline bool ckpt_module_same(ckpt_module a, ckpt_module b) {
    return a.owner == b.owner && a.id == b.id;
}
static inline bool ckpt_tensor_same(ckpt_tensor a, ckpt_tensor b) {
    return a.owner == b.owner && a.id == b.id;
}
static inline bool ckpt_storage_same(ckpt_storage a, ckpt_storage b) {
    return a.owner == b.owner && a.id == b.id;
}

/* ---- the checkpoint ---- */

CKPT_API ckpt_module ckpt_root(ckpt *c);
CKPT_API ckpt_value ckpt_metadata(ckpt *c); /* a map, perhaps empty */

/* Objects by number, 0 to count - 1. In an opened checkpoint each of them is in use; after changes
 * there may be some that no name leads to any more (a save leaves them out). */
CKPT_API uint32_t ckpt_module_count(const ckpt *c);
CKPT_API uint32_t ckpt_tensor_count(const ckpt *c);
CKPT_API uint32_t ckpt_storage_count(const ckpt *c);
CKPT_API ckpt_module ckpt_module_by_id(ckpt *c, uint32_t id);
CKPT_API ckpt_tensor ckpt_tensor_by_id(ckpt *c, uint32_t id);
CKPT_API ckpt_storage ckpt_storage_by_id(ckpt *c, uint32_t id);

/* ---- modules ---- */

CKPT_API const char *ckpt_module_type(ckpt_module module); /* "Linear"; "" when it is not known */
CKPT_API ckpt_value ckpt_module_attributes(ckpt_module module); /* a map, perhaps empty */

/* Members in declaration order: child modules, parameters and buffers. */
CKPT_API uint32_t ckpt_module_member_count(ckpt_module module);
CKPT_API ckpt_member ckpt_module_member(ckpt_module module, uint32_t i);
CKPT_API ckpt_member ckpt_module_member_named(ckpt_module module, const char *name);

/* net[i]: child module i in declaration order, tensors not counted. Time: linear in the members up
 * to it; to go through all of them, use ckpt_module_member. */
CKPT_API ckpt_module ckpt_module_at(ckpt_module module, uint32_t i);
CKPT_API ckpt_module ckpt_module_child(ckpt_module module, const char *name);
CKPT_API ckpt_tensor ckpt_module_tensor(ckpt_module module, const char *name);

/* By dotted name, seen from a module: "0.block 1.2" and "0.block 1.2.weight". The dotted name ""
 * is the module itself. Time: logarithmic in the members of each module on the way. */
CKPT_API ckpt_module ckpt_find_module(ckpt_module module, const char *dotted_name);
CKPT_API ckpt_tensor ckpt_find_tensor(ckpt_module module, const char *dotted_name);

/* ---- tensors ---- */

CKPT_API ckpt_dtype ckpt_tensor_dtype(ckpt_tensor tensor);
CKPT_API ckpt_dtype_info ckpt_tensor_dtype_info(ckpt_tensor tensor); /* of unregistered ones too */
CKPT_API uint32_t ckpt_tensor_rank(ckpt_tensor tensor); /* 0 for a scalar, at most 64 */
/* rank extents in elements, outermost first; valid until the checkpoint is changed. */
CKPT_API const uint64_t *ckpt_tensor_shape(ckpt_tensor tensor);
CKPT_API uint64_t ckpt_tensor_numel(ckpt_tensor tensor);  /* elements */
CKPT_API uint64_t ckpt_tensor_nbytes(ckpt_tensor tensor); /* bytes of a dense copy */
/* Distance in elements between neighbours along a dimension; that of the dense row-major layout
 * when the tensor is contiguous. */
CKPT_API uint64_t ckpt_tensor_stride(ckpt_tensor tensor, uint32_t dimension);
CKPT_API bool ckpt_tensor_is_contiguous(ckpt_tensor tensor); /* dense, row-major */
CKPT_API ckpt_storage ckpt_tensor_storage(ckpt_tensor tensor);
CKPT_API uint64_t ckpt_tensor_storage_offset(ckpt_tensor tensor); /* in elements */
CKPT_API bool ckpt_tensor_is_parameter(ckpt_tensor tensor);       /* else it is a buffer */
CKPT_API bool ckpt_tensor_requires_grad(ckpt_tensor tensor);

/* The first element, in memory. Zero-copy where the bytes are mapped or the caller's own; otherwise
 * the storage is read, its checksums checked, into memory that the checkpoint keeps. The caller
 * heeds the strides. The pointer is aligned as the format demands (64 bytes) for storages of a
 * .ckpt file at storage offset 0, not at all for other formats. Mapped bytes are NOT checked
 * against their checksums here (ckpt_verify does that, ckpt_tensor_read too), and can change or
 * vanish (SIGBUS) if another program alters or truncates the file: open with CKPT_ACCESS_READ when
 * the file is a stranger's.
 * A tensor without elements gives a pointer that must not be read. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_tensor_data(ckpt_tensor tensor, const void **ret_data,
                                                      ckpt_error *err);
/* Copies the tensor, dense and row-major, into size bytes at destination; size must be
 * ckpt_tensor_nbytes. Checks the checksums of every chunk that it touches. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_tensor_read(ckpt_tensor tensor, void *destination,
                                                      size_t size, ckpt_error *err);
/* The same, converted to CKPT_F32 or CKPT_F64 as ckpt_convert does. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_tensor_read_as(ckpt_tensor tensor, ckpt_dtype dtype,
                                                         void *destination, size_t size,
                                                         ckpt_error *err);

/* The elements start, start + step, ... of one dimension, count of them. step is from 1 on; it has
 * no meaning, and may be 0, where count is 0 or 1. */
typedef struct ckpt_slice {
    uint64_t start;
    uint64_t count;
    uint64_t step;
} ckpt_slice;

/* Copies a slice of the tensor, dense and row-major, into size bytes at destination. slices has one
 * entry for each dimension; size must be the product of their counts, in bytes of the dtype. Reads,
 * checks and decodes only the chunks in which there are elements of the slice, those that follow
 * one another by one request of at most 4 MiB (or one chunk, where that is more; a slice that is
 * one run of bytes, by one request for all chunks that it covers whole). Of a storage without
 * checksums it reads what lies between the first and the last element but for gaps of 64 KiB or
 * more. CKPT_E_BOUNDS: a slice leaves its dimension. CKPT_E_SHAPE: the dtype has blocks and the
 * slice does not consist of whole ones. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_tensor_read_slice(ckpt_tensor tensor,
                                                            const ckpt_slice *slices,
                                                            void *destination, size_t size,
                                                            ckpt_error *err);

/* ---- storages ---- */

CKPT_API uint64_t ckpt_storage_size(ckpt_storage storage); /* bytes */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_storage_data(ckpt_storage storage, const void **ret_data,
                                                       ckpt_error *err);
/* Copies bytes [offset, offset + size) to destination; checks every chunk that it touches. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_storage_read(ckpt_storage storage, uint64_t offset,
                                                       size_t size, void *destination,
                                                       ckpt_error *err);

/* Whether it is known, without reading them, that two storages have the same bytes: they are one,
 * or they have the same checksums, chunk for chunk. That the files are not damaged is not checked.
 * false says nothing: the bytes may be equal even so. */
CKPT_API bool ckpt_storage_known_equal(ckpt_storage a, ckpt_storage b);

/* ---- totals ---- */

/* What is reachable from a module. The count of names can be far larger than the file (a shared
 * module counts at every place); it saturates at UINT64_MAX, as do the byte sums. */
typedef struct ckpt_summary {
    uint64_t modules;       /* different modules, the root of the summary included */
    uint64_t tensors;       /* different tensors */
    uint64_t storages;      /* different storages */
    uint64_t names;         /* entries of the state_dict: tied ones counted again */
    uint64_t parameters;    /* elements of the different tensors that are parameters */
    uint64_t buffers;       /* elements of the different tensors that are buffers */
    uint64_t storage_bytes; /* bytes of the different storages */
    uint64_t untied_bytes;  /* bytes if every name had a dense copy of its own */
} ckpt_summary;

/* Time and memory linear in the checkpoint, whatever the number of names. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_summarize(ckpt_module module, ckpt_summary *ret_summary,
                                                    ckpt_error *err);

#ifdef __cplusplus
}
#endif
#endif
