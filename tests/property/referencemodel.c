/* SPDX-License-Identifier: MIT */
#include "referencemodel.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct check {
    reference *model;
    ckpt *c;
    char *buffer;
    size_t size;
    bool differ;
    ckpt_storage storages[REFERENCE_TENSORS]; /* by the reference's number */
} check;

reference_member *reference_find(reference_module *module, const char *name) {
    for (uint32_t i = 0; i < module->member_count; i++) {
        if (strcmp(module->members[i].name, name) == 0)
            return &module->members[i];
    }
    return NULL;
}

reference_key *reference_find_key(reference_module *module, const char *name) {
    for (uint32_t i = 0; i < module->key_count; i++) {
        if (strcmp(module->keys[i].name, name) == 0)
            return &module->keys[i];
    }
    return NULL;
}

bool reference_reaches(const reference *model, uint32_t from, uint32_t to) {
    bool reached[REFERENCE_MODULES] = {false};
    reached[from] = true;
    /* As many rounds as a path can have steps: slow and plain. */
    for (uint32_t round = 0; round < model->module_count; round++) {
        for (uint32_t m = 0; m < model->module_count; m++) {
            const reference_module *module = &model->modules[m];
            for (uint32_t i = 0; reached[m] && i < module->member_count; i++) {
                if (module->members[i].is_module)
                    reached[module->members[i].target] = true;
            }
        }
    }
    return reached[to];
}

static void tell(check *k, const char *format, ...) {
    va_list arguments;
    if (!k->differ) {
        va_start(arguments, format);
        vsnprintf(k->buffer, k->size, format, arguments);
        va_end(arguments);
    }
    k->differ = true;
}

static void check_keys(check *k, const reference_module *module, const char *name) {
    ckpt_value map = ckpt_module_attributes(module->handle);
    if (ckpt_value_count(map) != module->key_count)
        tell(k, "'%s': %u attributes, not %u", name, ckpt_value_count(map), module->key_count);
    for (uint32_t i = 0; i < module->key_count && !k->differ; i++) {
        const reference_key *key = &module->keys[i];
        if (strcmp(ckpt_map_key(map, i), key->name) != 0 ||
            ckpt_value_int(ckpt_value_at(map, i), -1) != key->value ||
            ckpt_value_int(ckpt_map_get(map, key->name), -1) != key->value)
            tell(k, "'%s': attribute %u is not %s: %lld", name, i, key->name,
                 (long long)key->value);
    }
}

static void check_storage(check *k, uint32_t number, ckpt_storage storage, const char *name) {
    const reference_storage *wanted = &k->model->storages[number];
    unsigned char bytes[64];
    ckpt_error err;
    for (uint32_t i = 0; i < k->model->storage_count; i++) {
        bool known = ckpt_storage_exists(k->storages[i]);
        bool same = known && ckpt_storage_same(k->storages[i], storage);
        if (i == number ? known && !same : same)
            tell(k, "'%s': the storage is shared with the wrong tensors", name);
    }
    k->storages[number] = storage;
    if (ckpt_storage_size(storage) != wanted->size)
        tell(k, "'%s': the storage has another size", name);
    else if (ckpt_storage_read(storage, 0, (size_t)wanted->size, bytes, &err) != CKPT_OK)
        tell(k, "'%s': %s", name, err.message);
    else if (memcmp(bytes, wanted->bytes, (size_t)wanted->size) != 0)
        tell(k, "'%s': the storage has other bytes", name);
}

static void check_tensor(check *k, uint32_t number, ckpt_tensor tensor, const char *name) {
    reference_tensor *wanted = &k->model->tensors[number];
    for (uint32_t i = 0; i < k->model->tensor_count; i++) {
        if (i != number && ckpt_tensor_exists(k->model->tensors[i].handle) &&
            ckpt_tensor_same(k->model->tensors[i].handle, tensor))
            tell(k, "'%s' is tied to another tensor", name);
    }
    if (ckpt_tensor_exists(wanted->handle)) {
        if (!ckpt_tensor_same(wanted->handle, tensor))
            tell(k, "'%s' is not tied any more", name);
        return;
    }
    wanted->handle = tensor;
    if (ckpt_tensor_rank(tensor) != 2 || ckpt_tensor_dtype(tensor) != CKPT_U8 ||
        memcmp(ckpt_tensor_shape(tensor), wanted->shape, sizeof wanted->shape) != 0 ||
        ckpt_tensor_stride(tensor, 0) != wanted->strides[0] ||
        ckpt_tensor_stride(tensor, 1) != wanted->strides[1] ||
        ckpt_tensor_storage_offset(tensor) != wanted->offset ||
        ckpt_tensor_is_parameter(tensor) == wanted->is_buffer)
        tell(k, "'%s' is another tensor", name);
    check_storage(k, wanted->storage, ckpt_tensor_storage(tensor), name);
}

static void check_module(check *k, uint32_t number, ckpt_module module, const char *name);

static void check_members(check *k, uint32_t number) {
    reference_module *wanted = &k->model->modules[number];
    for (uint32_t i = 0; i < wanted->member_count && !k->differ; i++) {
        const reference_member *member = &wanted->members[i];
        ckpt_member found = ckpt_module_member(wanted->handle, i);
        ckpt_member named = ckpt_module_member_named(wanted->handle, member->name);
        if (strcmp(found.name, member->name) != 0 || named.name == NULL ||
            !ckpt_module_same(found.module, named.module) ||
            !ckpt_tensor_same(found.tensor, named.tensor))
            tell(k, "member %u is not '%s', or is not found by name", i, member->name);
        else if (found.kind != (member->is_module ? CKPT_MEMBER_MODULE : CKPT_MEMBER_TENSOR))
            tell(k, "'%s' has the wrong kind", member->name);
        else if (member->is_module)
            check_module(k, member->target, found.module, member->name);
        else
            check_tensor(k, member->target, found.tensor, member->name);
    }
}

static void check_module(check *k, uint32_t number, ckpt_module module, const char *name) {
    reference_module *wanted = &k->model->modules[number];
    for (uint32_t i = 0; i < k->model->module_count; i++) {
        if (i != number && ckpt_module_exists(k->model->modules[i].handle) &&
            ckpt_module_same(k->model->modules[i].handle, module))
            tell(k, "'%s' is shared with another module", name);
    }
    if (ckpt_module_exists(wanted->handle)) {
        if (!ckpt_module_same(wanted->handle, module))
            tell(k, "'%s' is not shared any more", name);
        return;
    }
    wanted->handle = module;
    if (strcmp(ckpt_module_type(module), wanted->type) != 0)
        tell(k, "'%s' has the type '%s', not '%s'", name, ckpt_module_type(module), wanted->type);
    if (ckpt_module_member_count(module) != wanted->member_count)
        tell(k, "'%s' has %u members, not %u", name, ckpt_module_member_count(module),
             wanted->member_count);
    check_keys(k, wanted, name);
    check_members(k, number);
}

const char *reference_compare(reference *model, ckpt *c, char *buffer, size_t size) {
    static const ckpt_module no_module;
    static const ckpt_tensor no_tensor;
    check k;
    memset(&k, 0, sizeof k);
    k.model = model;
    k.c = c;
    k.buffer = buffer;
    k.size = size;
    for (uint32_t i = 0; i < model->module_count; i++)
        model->modules[i].handle = no_module;
    for (uint32_t i = 0; i < model->tensor_count; i++)
        model->tensors[i].handle = no_tensor;
    check_module(&k, 0, ckpt_root(c), "");
    return k.differ ? buffer : NULL;
}
