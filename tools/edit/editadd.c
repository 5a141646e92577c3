/* SPDX-License-Identifier: MIT */
/* A tensor of another file, copied. */
#include "edit.h"

/* The tensor that is meant: the one of that name, or the only one. */
static ckpt_tensor choose(ckpt *other, const edit_command *command) {
    ckpt_tensor none = {NULL, 0};
    if (command->tensor != NULL)
        return ckpt_find_tensor(ckpt_root(other), command->tensor);
    return ckpt_tensor_count(other) == 1 ? ckpt_tensor_by_id(other, 0) : none;
}

/* A storage with the dense bytes of the tensor: its own, where they are just that, read when they
 * are written; else a copy. */
static ckpt_status make_storage(ckpt *c, ckpt_tensor tensor, ckpt_storage *ret_storage,
                                ckpt_error *err) {
    ckpt_storage storage = ckpt_tensor_storage(tensor);
    uint64_t size = ckpt_tensor_nbytes(tensor);
    if (ckpt_tensor_is_contiguous(tensor) && ckpt_tensor_storage_offset(tensor) == 0 &&
        ckpt_storage_size(storage) == size)
        return ckpt_storage_link(c, storage, ret_storage, err);
    ckpt_status status = ckpt_storage_create(c, size, ret_storage, err);
    if (status == CKPT_OK)
        status = ckpt_tensor_read(tensor, ckpt_storage_writable(*ret_storage), (size_t)size, err);
    return status;
}

static ckpt_status copy(ckpt_module parent, const char *name, ckpt_tensor tensor,
                        const edit_command *command, ckpt_error *err) {
    ckpt_dtype_info dtype = ckpt_tensor_dtype_info(tensor);
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = dtype.dtype,
                             .other_dtype = &dtype,
                             .rank = ckpt_tensor_rank(tensor),
                             .shape = ckpt_tensor_shape(tensor),
                             .is_buffer = command->is_buffer,
                             .no_grad = ckpt_tensor_is_parameter(tensor) &&
                                        !ckpt_tensor_requires_grad(tensor)};
    ckpt_storage storage;
    ckpt_tensor added;
    ckpt_status status = make_storage(parent.owner, tensor, &storage, err);
    if (status == CKPT_OK)
        status = ckpt_tensor_create(storage, &spec, &added, err);
    return status == CKPT_OK ? ckpt_add_tensor(parent, name, added, err) : status;
}

int edit_add_tensor(ckpt_module parent, const char *name, const edit_command *command) {
    ckpt_open_options open = {.struct_size = sizeof open, .access = CKPT_ACCESS_READ};
    ckpt_error err;
    ckpt *other;
    if (ckpt_open(command->from, &open, &other, &err) != CKPT_OK)
        return tool_fail(EDIT, "%s", err.message);
    if (ckpt_attach(parent.owner, other, &err) != CKPT_OK) {
        ckpt_free(other);
        return tool_fail(EDIT, "%s", err.message);
    }
    ckpt_tensor tensor = choose(other, command);
    if (!ckpt_tensor_exists(tensor))
        return tool_fail(EDIT,
                         command->tensor != NULL ? "%s: there is no tensor of that name"
                                                 : "%s: --tensor must say which tensor of the file",
                         command->from);
    if (copy(parent, name, tensor, command, &err) != CKPT_OK)
        return tool_fail(EDIT, "add '%s': %s", command->words[0], err.message);
    return TOOL_FINE;
}
