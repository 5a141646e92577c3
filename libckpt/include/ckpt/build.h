/* SPDX-License-Identifier: MIT */
/* The object model, to build and to change. Works on a new checkpoint and on an opened one alike
 * (whose file is not touched until it is saved or committed).
 *
 * A failed call changes nothing. Names are single components: UTF-8 without NUL and without '.', at
 * most 65535 bytes, perhaps empty (CKPT_E_ARGUMENT otherwise). */
#ifndef CKPT_BUILD_H
#define CKPT_BUILD_H

#include <ckpt/hooks.h>
#include <ckpt/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ckpt_create_options {
    size_t struct_size; /* sizeof(ckpt_create_options) */
    const ckpt_allocator *allocator;
} ckpt_create_options;

/* A checkpoint with an empty root module of type "". options may be NULL. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_create(const ckpt_create_options *options,
                                                 ckpt **ret_ckpt, ckpt_error *err);
CKPT_API void ckpt_free(ckpt *c); /* takes NULL */

/* ---- modules ---- */

CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_set_module_type(ckpt_module module, const char *type,
                                                          ckpt_error *err);
/* A new, empty module as the last member of parent. CKPT_E_EXISTS when the name is taken.
 * ret_module may be NULL. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_add_module(ckpt_module parent, const char *name,
                                                     const char *type, ckpt_module *ret_module,
                                                     ckpt_error *err);
/* An existing module at one more place: a shared layer. CKPT_E_STRUCTURE when that would make a
 * cycle. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_share_module(ckpt_module parent, const char *name,
                                                       ckpt_module module, ckpt_error *err);

/* ---- storages ---- */

/* size bytes of zeros that the checkpoint owns; fill them through ckpt_storage_writable. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_storage_create(ckpt *c, uint64_t size,
                                                         ckpt_storage *ret_storage,
                                                         ckpt_error *err);
/* The bytes stay the caller's and must stay valid and unchanged until the checkpoint is freed. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_storage_borrow(ckpt *c, const void *data, uint64_t size,
                                                         ckpt_storage *ret_storage,
                                                         ckpt_error *err);
/* A storage of another checkpoint, read from there when its bytes are needed, never copied to
 * memory as a whole. The other checkpoint must live as long as this one: ckpt_attach hands it over.
 */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_storage_link(ckpt *c, ckpt_storage other,
                                                       ckpt_storage *ret_storage, ckpt_error *err);
/* A storage with the elements of another one, which are of type `from`, as elements of type `to`:
 * converted as ckpt_convert does, piece by piece, when they are asked for. Offsets and strides in
 * elements stay what they were; bytes behind the last whole element are left out. The other storage
 * is one of c or of a checkpoint that lives as long. CKPT_E_UNSUPPORTED for types between which
 * ckpt_convert does not convert. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_storage_cast(ckpt *c, ckpt_storage other, ckpt_dtype from,
                                                       ckpt_dtype to, ckpt_storage *ret_storage,
                                                       ckpt_error *err);
/* c takes ownership of other: it is freed with c. On failure it stays the caller's. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_attach(ckpt *c, ckpt *other, ckpt_error *err);
/* The bytes of a storage that the checkpoint owns (from ckpt_storage_create, ckpt_add_parameter,
 * ckpt_add_buffer or ckpt_untie); NULL for one that is borrowed, linked or in a file. */
CKPT_API void *ckpt_storage_writable(ckpt_storage storage);

/* ---- tensors ---- */

typedef struct ckpt_tensor_spec {
    size_t struct_size; /* sizeof(ckpt_tensor_spec) */
    ckpt_dtype dtype;
    const ckpt_dtype_info *other_dtype; /* describes the type when dtype is CKPT_DTYPE_OTHER */
    uint32_t rank;
    const uint64_t *shape;   /* rank extents, in elements */
    const uint64_t *strides; /* rank strides, in elements; NULL: dense row-major */
    uint64_t storage_offset; /* in elements */
    bool is_buffer;          /* else a parameter */
    bool no_grad;            /* requires_grad is false; always so for buffers and for the classes
                                bool, uint, int, block and opaque */
} ckpt_tensor_spec;

/* A tensor that views a storage; it has no name yet. CKPT_E_BOUNDS when the view leaves the
 * storage, CKPT_E_OVERFLOW when its size leaves 64 bits, CKPT_E_SHAPE when the shape does not fit
 * the blocks of the dtype, or a type with blocks is given strides. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_tensor_create(ckpt_storage storage,
                                                        const ckpt_tensor_spec *spec,
                                                        ckpt_tensor *ret_tensor, ckpt_error *err);
/* Gives the tensor a name, as the last member of module. A second name is a tie. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_add_tensor(ckpt_module module, const char *name,
                                                     ckpt_tensor tensor, ckpt_error *err);
/* The common case in one call: a dense tensor with a storage of its own that holds a copy of the
 * nbytes at data (NULL: zeros). ret_tensor may be NULL. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_add_parameter(ckpt_module module, const char *name,
                                                        ckpt_dtype dtype, uint32_t rank,
                                                        const uint64_t *shape, const void *data,
                                                        ckpt_tensor *ret_tensor, ckpt_error *err);
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_add_buffer(ckpt_module module, const char *name,
                                                     ckpt_dtype dtype, uint32_t rank,
                                                     const uint64_t *shape, const void *data,
                                                     ckpt_tensor *ret_tensor, ckpt_error *err);

/* ---- members ---- */

/* In all of these: CKPT_E_NOT_FOUND when the module has no such member. CKPT_E_EXISTS when new_name
 * is taken. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_rename(ckpt_module module, const char *name,
                                                 const char *new_name, ckpt_error *err);
/* Takes the name away; what it named stays under its other names. Time: linear in the members
 * before it or in those behind it, whichever are fewer. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_remove(ckpt_module module, const char *name,
                                                 ckpt_error *err);
/* Lets an existing tensor name stand for another tensor: net[4].weight = net[2].weight. dtype and
 * shape must agree (CKPT_E_SHAPE). */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_tie(ckpt_module module, const char *name,
                                              ckpt_tensor tensor, ckpt_error *err);
/* Gives the name a tensor and a storage of its own, with a dense copy of the bytes. This is also
 * the way to change the elements of an opened checkpoint: untie, then write through
 * ckpt_storage_writable. ret_tensor may be NULL. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_untie(ckpt_module module, const char *name,
                                                ckpt_tensor *ret_tensor, ckpt_error *err);

#ifdef __cplusplus
}
#endif
#endif
