/* SPDX-License-Identifier: MIT */
#include "editsteps.h"

#include "checkmain.h"

#include <stdio.h>
#include <string.h>

static ckpt_error err;

/* ---- choices ---- */

static uint32_t any_module(editor *e) {
    uint32_t m;
    do
        m = random_below(&e->random, e->model.module_count);
    while (!ckpt_module_exists(e->model.modules[m].handle));
    return m;
}

/* UINT32_MAX when there is none. */
static uint32_t any_tensor(editor *e) {
    for (uint32_t tries = 0; tries < 50 && e->model.tensor_count > 0; tries++) {
        uint32_t t = random_below(&e->random, e->model.tensor_count);
        if (ckpt_tensor_exists(e->model.tensors[t].handle))
            return t;
    }
    return UINT32_MAX;
}

static void any_name(editor *e, char *name) {
    static const char *const names[] = {"",  "a", "b",   "c",        "weight",  "bias",
                                        "0", "1", "x y", "\xc3\xa4", "not.one", "\xff"};
    snprintf(name, REFERENCE_NAME, "%s", names[random_below(&e->random, 12)]);
}

static bool name_is_bad(const char *name) {
    return strchr(name, '.') != NULL || name[0] == '\xff';
}

/* ---- the naive model ---- */

static void add_member(reference_module *module, const char *name, bool is_module,
                       uint32_t target) {
    reference_member *member = &module->members[module->member_count++];
    snprintf(member->name, sizeof member->name, "%s", name);
    member->is_module = is_module;
    member->target = target;
}

static ckpt_status expect_free(reference_module *module, const char *name) {
    if (name_is_bad(name))
        return CKPT_E_ARGUMENT;
    return reference_find(module, name) != NULL ? CKPT_E_EXISTS : CKPT_OK;
}

static uint32_t new_storage(editor *e, uint64_t size) {
    reference_storage *storage = &e->model.storages[e->model.storage_count];
    storage->size = size;
    random_fill(&e->random, storage->bytes, sizeof storage->bytes);
    return e->model.storage_count++;
}

static uint32_t new_tensor(editor *e, uint64_t rows, uint64_t columns, uint32_t storage) {
    reference_tensor *tensor = &e->model.tensors[e->model.tensor_count];
    memset(tensor, 0, sizeof *tensor);
    tensor->shape[0] = rows;
    tensor->shape[1] = tensor->strides[0] = columns;
    tensor->strides[1] = 1;
    tensor->storage = storage;
    return e->model.tensor_count++;
}

static bool is_full(const editor *e, const reference_module *module) {
    return module->member_count == REFERENCE_MEMBERS ||
           e->model.module_count == REFERENCE_MODULES || e->model.tensor_count == REFERENCE_TENSORS;
}

/* ---- the steps: each does one thing to both ---- */

static void step_add_module(editor *e) {
    char name[REFERENCE_NAME];
    reference_module *parent = &e->model.modules[any_module(e)];
    any_name(e, name);
    if (is_full(e, parent))
        return;
    reference_module *child = &e->model.modules[e->model.module_count];
    ckpt_status wanted = expect_free(parent, name);
    memset(child, 0, sizeof *child);
    memcpy(child->type, "Type", sizeof "Type");
    assert_status(ckpt_add_module(parent->handle, name, "Type", &child->handle, &err), wanted);
    if (wanted == CKPT_OK)
        add_member(parent, name, true, e->model.module_count++);
}

static void step_share_module(editor *e) {
    char name[REFERENCE_NAME];
    uint32_t p = any_module(e), m = any_module(e);
    reference_module *parent = &e->model.modules[p];
    any_name(e, name);
    if (is_full(e, parent))
        return;
    ckpt_status wanted =
        reference_reaches(&e->model, m, p) ? CKPT_E_STRUCTURE : expect_free(parent, name);
    assert_status(ckpt_share_module(parent->handle, name, e->model.modules[m].handle, &err),
                  wanted);
    if (wanted == CKPT_OK)
        add_member(parent, name, true, m);
}

static void step_add_own(editor *e) {
    char name[REFERENCE_NAME];
    reference_module *module = &e->model.modules[any_module(e)];
    any_name(e, name);
    if (is_full(e, module))
        return;
    ckpt_status wanted = expect_free(module, name);
    uint64_t rows = random_below(&e->random, 4), columns = 1 + random_below(&e->random, 4);
    uint32_t number = new_tensor(e, rows, columns, new_storage(e, rows * columns));
    reference_tensor *tensor = &e->model.tensors[number];
    const void *bytes = e->model.storages[tensor->storage].bytes;
    uint32_t tensors = ckpt_tensor_count(e->c), storages = ckpt_storage_count(e->c);
    tensor->is_buffer = random_chance(&e->random, 40);
    if (tensor->is_buffer)
        assert_status(ckpt_add_buffer(module->handle, name, CKPT_U8, 2, tensor->shape, bytes,
                                      &tensor->handle, &err),
                      wanted);
    else
        assert_status(ckpt_add_parameter(module->handle, name, CKPT_U8, 2, tensor->shape, bytes,
                                         &tensor->handle, &err),
                      wanted);
    ck_assert_uint_eq(ckpt_tensor_count(e->c), tensors + (wanted == CKPT_OK));
    ck_assert_uint_eq(ckpt_storage_count(e->c), storages + (wanted == CKPT_OK));
    if (wanted == CKPT_OK)
        add_member(module, name, false, number);
}

static void step_add_again(editor *e) {
    char name[REFERENCE_NAME];
    uint32_t t = any_tensor(e);
    reference_module *module = &e->model.modules[any_module(e)];
    any_name(e, name);
    if (t == UINT32_MAX || is_full(e, module))
        return;
    ckpt_status wanted = expect_free(module, name);
    assert_status(ckpt_add_tensor(module->handle, name, e->model.tensors[t].handle, &err), wanted);
    if (wanted == CKPT_OK)
        add_member(module, name, false, t);
}

/* A view of the same storage, transposed. */
static void step_add_view(editor *e) {
    char name[REFERENCE_NAME];
    uint32_t t = any_tensor(e);
    reference_module *module = &e->model.modules[any_module(e)];
    any_name(e, name);
    if (t == UINT32_MAX || is_full(e, module) || expect_free(module, name) != CKPT_OK)
        return;
    const reference_tensor *other = &e->model.tensors[t];
    if (other->shape[0] < 2 || other->shape[1] < 2)
        return;
    uint32_t number = new_tensor(e, other->shape[1], other->shape[0], other->storage);
    reference_tensor *view = &e->model.tensors[number];
    view->strides[0] = other->strides[1];
    view->strides[1] = other->strides[0];
    view->offset = other->offset;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_U8,
                             .rank = 2,
                             .shape = view->shape,
                             .strides = view->strides,
                             .storage_offset = view->offset};
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(other->handle), &spec, &view->handle, &err));
    assert_ok(ckpt_add_tensor(module->handle, name, view->handle, &err));
    add_member(module, name, false, number);
}

static void step_rename(editor *e) {
    char name[REFERENCE_NAME], new_name[REFERENCE_NAME];
    reference_module *module = &e->model.modules[any_module(e)];
    any_name(e, name);
    any_name(e, new_name);
    reference_member *member = reference_find(module, name);
    ckpt_status wanted = member == NULL                ? CKPT_E_NOT_FOUND
                         : strcmp(name, new_name) == 0 ? CKPT_OK
                                                       : expect_free(module, new_name);
    assert_status(ckpt_rename(module->handle, name, new_name, &err), wanted);
    if (wanted == CKPT_OK)
        memcpy(member->name, new_name, sizeof new_name);
}

static void step_remove(editor *e) {
    char name[REFERENCE_NAME];
    reference_module *module = &e->model.modules[any_module(e)];
    any_name(e, name);
    reference_member *member = reference_find(module, name);
    assert_status(ckpt_remove(module->handle, name, &err),
                  member != NULL ? CKPT_OK : CKPT_E_NOT_FOUND);
    if (member == NULL)
        return;
    reference_member *end = module->members + --module->member_count;
    memmove(member, member + 1, (size_t)((char *)end - (char *)member));
}

static void step_tie(editor *e) {
    char name[REFERENCE_NAME];
    uint32_t t = any_tensor(e);
    reference_module *module = &e->model.modules[any_module(e)];
    any_name(e, name);
    if (t == UINT32_MAX)
        return;
    reference_member *member = reference_find(module, name);
    const reference_tensor *tensor = &e->model.tensors[t];
    ckpt_status wanted = CKPT_OK;
    if (member == NULL)
        wanted = CKPT_E_NOT_FOUND;
    else if (member->is_module)
        wanted = CKPT_E_ARGUMENT;
    else if (memcmp(e->model.tensors[member->target].shape, tensor->shape, sizeof tensor->shape) !=
             0)
        wanted = CKPT_E_SHAPE;
    assert_status(ckpt_tie(module->handle, name, tensor->handle, &err), wanted);
    if (wanted == CKPT_OK)
        member->target = t;
}

static void copy_dense(editor *e, uint32_t from, uint32_t to) {
    const reference_tensor *source = &e->model.tensors[from];
    reference_tensor *copy = &e->model.tensors[to];
    unsigned char *bytes = e->model.storages[copy->storage].bytes;
    for (uint64_t i = 0; i < source->shape[0]; i++) {
        for (uint64_t j = 0; j < source->shape[1]; j++)
            *bytes++ = e->model.storages[source->storage]
                           .bytes[source->offset + i * source->strides[0] + j * source->strides[1]];
    }
    copy->is_buffer = source->is_buffer;
}

static void step_untie(editor *e) {
    char name[REFERENCE_NAME];
    reference_module *module = &e->model.modules[any_module(e)];
    any_name(e, name);
    reference_member *member = reference_find(module, name);
    ckpt_tensor handle = {NULL, 0};
    if (is_full(e, module))
        return;
    ckpt_status wanted = member == NULL      ? CKPT_E_NOT_FOUND
                         : member->is_module ? CKPT_E_ARGUMENT
                                             : CKPT_OK;
    assert_status(ckpt_untie(module->handle, name, &handle, &err), wanted);
    if (wanted != CKPT_OK)
        return;
    const uint64_t *shape = e->model.tensors[member->target].shape;
    uint32_t copy = new_tensor(e, shape[0], shape[1], new_storage(e, shape[0] * shape[1]));
    copy_dense(e, member->target, copy);
    e->model.tensors[copy].handle = handle;
    member->target = copy;
}

static void step_attribute(editor *e) {
    char name[8] = "k0";
    reference_module *module = &e->model.modules[any_module(e)];
    name[1] = (char)('0' + random_below(&e->random, REFERENCE_KEYS));
    ckpt_value map = ckpt_module_attributes(module->handle);
    reference_key *key = reference_find_key(module, name);
    if (random_chance(&e->random, 30)) {
        assert_status(ckpt_map_remove(map, name, &err), key != NULL ? CKPT_OK : CKPT_E_NOT_FOUND);
        if (key != NULL) {
            reference_key *end = module->keys + --module->key_count;
            memmove(key, key + 1, (size_t)((char *)end - (char *)key));
        }
        return;
    }
    if (key == NULL) {
        key = &module->keys[module->key_count++];
        memcpy(key->name, name, sizeof name);
    }
    key->value = (int64_t)random_next(&e->random);
    assert_ok(ckpt_map_set(map, name, ckpt_int(key->value), NULL, &err));
}

static void step_type(editor *e) {
    reference_module *module = &e->model.modules[any_module(e)];
    snprintf(module->type, sizeof module->type, "T%u", random_below(&e->random, 5));
    assert_ok(ckpt_set_module_type(module->handle, module->type, &err));
}

/* Goes on with what comes back from a file. */
static void step_save(editor *e) {
    void *saved, *bytes;
    size_t size;
    ckpt *opened;
    assert_ok(ckpt_save_memory(e->c, NULL, &saved, &size, &err));
    bytes = malloc(size);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, saved, size);
    ckpt_buffer_free(e->c, saved, size);
    ckpt_free(e->c);
    free(e->bytes);
    assert_ok(ckpt_open_memory(bytes, size, NULL, NULL, &opened, &err));
    e->c = opened;
    e->bytes = bytes;
}

void edit_step(editor *e) {
    static void (*const steps[])(editor *) = {
        step_add_module, step_add_module, step_share_module, step_add_own,   step_add_own,
        step_add_own,    step_add_again,  step_add_view,     step_rename,    step_rename,
        step_remove,     step_tie,        step_tie,          step_untie,     step_attribute,
        step_attribute,  step_attribute,  step_type,         step_attribute, step_share_module};
    if (random_chance(&e->random, 3))
        step_save(e);
    else
        steps[random_below(&e->random, sizeof steps / sizeof steps[0])](e);
}
