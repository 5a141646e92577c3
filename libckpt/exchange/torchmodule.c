/* SPDX-License-Identifier: MIT */
/* Containers that hold tensors as modules. */
#include "exchange/torchentries.h"
#include "exchange/torchstate.h"

#include <stdio.h>
#include <string.h>

/* ---- what holds tensors ---- */

static ckpt_status survey_children(ck_torch_reader *t, uint32_t node, bool *ret_holds,
                                   ckpt_error *err) {
    uint32_t step = ck_pickle_kind_of(&t->pickle, node) == CK_PICKLE_DICT ? 2 : 1;
    uint32_t count = ck_pickle_at(&t->pickle, node)->count;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; status == CKPT_OK && i < count; i++) {
        uint32_t child = ck_pickle_child(&t->pickle, node, i * step + (step - 1));
        status = ck_torch_survey(t, child, err);
        *ret_holds = *ret_holds || t->seen[child] == CK_TORCH_HOLDS_TENSORS;
    }
    return status;
}

ckpt_status ck_torch_survey(ck_torch_reader *t, uint32_t node, ckpt_error *err) {
    ck_pickle_kind kind = ck_pickle_kind_of(&t->pickle, node);
    bool is_container = kind >= CK_PICKLE_TUPLE && kind <= CK_PICKLE_DICT;
    bool holds = ck_torch_is_tensor(t, node);
    ckpt_status status = CKPT_OK;
    if (t->seen[node] == CK_TORCH_ENTERED)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "%s contains itself",
                       ck_pickle_describe(&t->pickle, node).text);
    if (t->seen[node] != CK_TORCH_UNKNOWN)
        return CKPT_OK;
    if (is_container) {
        if (t->depth >= CK_PICKLE_MAX_DEPTH)
            return ck_fail(err, CKPT_E_LIMIT, "values are nested deeper than %d",
                           CK_PICKLE_MAX_DEPTH);
        t->seen[node] = CK_TORCH_ENTERED;
        t->depth++;
        status = survey_children(t, node, &holds, err);
        t->depth--;
        /* A state_dict is a module even where none of its modules has a tensor. */
        holds = holds || ck_torch_metadata_of(t, node) != CK_PICKLE_NO_NODE;
    }
    t->seen[node] = holds ? CK_TORCH_HOLDS_TENSORS : CK_TORCH_PLAIN;
    return status;
}

/* ---- names ---- */

/* The module under a component of a name, which is made when it is not there. NULL in
 * ret_module->owner: a tensor or a container has that name. */
static ckpt_status enter(ckpt_module *module, const char *component, ckpt_error *err) {
    ckpt_member member = ckpt_module_member_named(*module, component);
    if (member.kind == CKPT_MEMBER_NONE)
        return ckpt_add_module(*module, component, "", module, err);
    if (member.kind == CKPT_MEMBER_TENSOR || ck_torch_is_container(ckpt_module_type(member.module)))
        module->owner = NULL;
    else
        *module = member.module;
    return CKPT_OK;
}

/* Goes through the components up to the last dot. key is scratch, and restored. *ret_last is the
 * last component; it is NULL when something stands in the way. */
static ckpt_status follow(ckpt_module *module, char *key, size_t size, char **ret_last,
                          ckpt_error *err) {
    char *component = key, *end = key + size, *dot;
    ckpt_status status = CKPT_OK;
    uint32_t depth = 0;
    if (size > CK_MAX_NAME_SIZE)
        return ck_fail(err, CKPT_E_LIMIT, "the key '%s' has more than %d bytes",
                       ck_name_n(key, size).text, CK_MAX_NAME_SIZE);
    while (status == CKPT_OK && module->owner != NULL && ++depth <= CK_MAX_DEPTH &&
           (dot = memchr(component, '.', (size_t)(end - component))) != NULL) {
        *dot = '\0';
        status = enter(module, component, err);
        *dot = '.';
        component = dot + 1;
    }
    *ret_last = module->owner != NULL ? component : NULL;
    if (status == CKPT_OK && depth > CK_MAX_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "the key '%s' has more than %d components",
                       ck_name_n(key, size).text, CK_MAX_DEPTH);
    return status;
}

static ckpt_status fail_both(const char *key, size_t size, ckpt_error *err) {
    return ck_fail(
        err, CKPT_E_UNSUPPORTED,
        "the key '%s' begins with another one, or begins another one: a member cannot be "
        "both a tensor and a module",
        ck_name_n(key, size).text);
}

/* ---- members ---- */

static ckpt_status add_container(ck_torch_reader *t, ckpt_module parent, const char *name,
                                 uint32_t node, ckpt_error *err) {
    ckpt_module module;
    if (t->made[node] != 0) {
        module.owner = t->c;
        module.id = t->made[node] - 1;
        return ck_share_closed_module(parent, name, module, err);
    }
    ckpt_status status =
        ckpt_add_module(parent, name, ck_torch_container_type(t, node), &module, err);
    if (status == CKPT_OK)
        status = ck_torch_fill_module(t, node, module, err);
    if (status == CKPT_OK)
        t->made[node] = module.id + 1;
    return status;
}

static ckpt_status add_member(ck_torch_reader *t, ckpt_module module, char *key, size_t size,
                              uint32_t node, ckpt_error *err) {
    size_t before = t->path.size;
    char *last = NULL;
    ckpt_status status = ck_torch_step(&t->memory, &t->path, key, size, err);
    if (status == CKPT_OK)
        status = follow(&module, key, size, &last, err);
    if (status == CKPT_OK && (last == NULL || ckpt_module_exists(ckpt_module_child(module, last))))
        status = fail_both(key, size, err);
    if (status == CKPT_OK && ck_torch_is_tensor(t, node)) {
        ckpt_tensor tensor;
        status = ck_torch_make_tensor(t, node, &tensor, err);
        if (status == CKPT_OK)
            status = ckpt_add_tensor(module, last, tensor, err);
    } else if (status == CKPT_OK) {
        status = add_container(t, module, last, node, err);
    }
    if (status == CKPT_OK)
        t->path.size = before;
    return status;
}

/* ---- the elements of one container ---- */

typedef struct filling {
    ckpt_module module;
    uint32_t node, count;
    bool is_dict;
    ck_torch_keys keys;
} filling;

static ckpt_status add_element(ck_torch_reader *t, const filling *f, uint32_t i, ckpt_error *err) {
    size_t size, before = t->path.size;
    char *key = ck_torch_key(&f->keys, i, &size);
    uint32_t child = ck_pickle_child(&t->pickle, f->node, f->is_dict ? 2 * i + 1 : i);
    if (t->seen[child] == CK_TORCH_HOLDS_TENSORS)
        return add_member(t, f->module, key, size, child, err);
    ckpt_status status = ck_torch_step(&t->memory, &t->path, key, size, err);
    if (status == CKPT_OK)
        status = ck_torch_store_value(t, child, ckpt_module_attributes(f->module), key, err);
    if (status == CKPT_OK)
        t->path.size = before;
    return status;
}

/* A module that _metadata tells of. Where something stands in the way there will be none. */
static ckpt_status add_listed(const filling *f, char *path, size_t size, ckpt_error *err) {
    ckpt_module module = f->module;
    char *last = NULL;
    if (size == 0)
        return CKPT_OK;
    ckpt_status status = follow(&module, path, size, &last, err);
    return status == CKPT_OK && last != NULL ? enter(&module, last, err) : status;
}

/* Whether the key is that of a tensor in the module of that path. */
static bool stands_in(const char *key, size_t size, const char *path, size_t path_size) {
    size_t last = size;
    while (last > 0 && key[last - 1] != '.')
        last--;
    return last == 0 ? path_size == 0
                     : last - 1 == path_size && path_size != 0 && memcmp(key, path, path_size) == 0;
}

/* A state_dict and its _metadata have the order of the modules, so that a walk through both at once
 * gives each module its place, with tensors or without. */
static ckpt_status add_with_modules(ck_torch_reader *t, const filling *f,
                                    const ck_torch_keys *paths, uint32_t path_count,
                                    ckpt_error *err) {
    uint32_t next = 0;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; status == CKPT_OK && i < path_count; i++) {
        size_t path_size, size;
        char *path = ck_torch_key(paths, i, &path_size);
        status = add_listed(f, path, path_size, err);
        while (status == CKPT_OK && next < f->count) {
            const char *key = ck_torch_key(&f->keys, next, &size);
            if (!stands_in(key, size, path, path_size))
                break;
            status = add_element(t, f, next++, err);
        }
    }
    while (status == CKPT_OK && next < f->count)
        status = add_element(t, f, next++, err);
    return status;
}

static ckpt_status add_elements(ck_torch_reader *t, const filling *f, ckpt_error *err) {
    uint32_t metadata = ck_torch_metadata_of(t, f->node);
    ck_torch_keys paths;
    if (metadata == CK_PICKLE_NO_NODE || f->keys.word[0] != '\0')
        return add_with_modules(t, f, NULL, 0, err);
    ckpt_status status = ck_torch_make_keys(t, metadata, &paths, err);
    if (status == CKPT_OK)
        status = add_with_modules(t, f, &paths, ck_pickle_at(&t->pickle, metadata)->count, err);
    ck_torch_clear_keys(t, &paths);
    return status;
}

static bool same_order(const filling *f, const ck_torch_entries *entries) {
    for (uint32_t i = 0; i < f->count; i++) {
        size_t size;
        const char *key = ck_torch_key(&f->keys, i, &size);
        if (ck_torch_entry_at(entries, i)->key_size != size ||
            memcmp(ck_torch_entry_key(entries, i), key, size) != 0)
            return false;
    }
    return true;
}

/* torch.order has the keys of the dicts whose order the model does not tell. */
static ckpt_status keep_order(ck_torch_reader *t, const filling *f, ckpt_error *err) {
    ck_torch_entries entries;
    ckpt_value orders, list;
    ckpt_status status = ck_torch_collect(&entries, &t->memory, f->module, f->keys.text.size, err);
    bool same = status == CKPT_OK && same_order(f, &entries);
    ck_torch_clear(&entries);
    if (status != CKPT_OK || same)
        return status;
    status = ck_torch_spend_text(t, f->keys.text.size + t->path.size, err);
    if (status == CKPT_OK)
        status = ck_torch_side_map(t, CK_TORCH_ORDER, &orders, err);
    if (status == CKPT_OK)
        status = ckpt_map_set(orders, ck_torch_pointer(&t->path), ckpt_list(), &list, err);
    for (uint32_t i = 0; status == CKPT_OK && i < f->count; i++) {
        size_t size;
        const char *key = ck_torch_key(&f->keys, i, &size);
        status = ckpt_list_append(list, ckpt_string_n(key, size), NULL, err);
    }
    return status;
}

/* The dict that torch.optim gives as its state. */
static bool is_optimizer(const ck_pickle *p, uint32_t node) {
    return ck_pickle_get(p, node, "state") != CK_PICKLE_NO_NODE &&
           ck_pickle_get(p, node, "param_groups") != CK_PICKLE_NO_NODE;
}

static ckpt_status note_keys(ck_torch_reader *t, const filling *f, ckpt_error *err) {
    char text[32];
    if (f->keys.word[0] == '\0')
        return CKPT_OK;
    snprintf(text, sizeof text, "%s%s", ck_torch_container_type(t, f->node), f->keys.word);
    return ck_torch_note_type(t, text, err);
}

static ckpt_status fill(ck_torch_reader *t, filling *f, ckpt_error *err) {
    ckpt_status status = note_keys(t, f, err);
    if (status == CKPT_OK && f->is_dict)
        status = ck_torch_keep_metadata(t, f->node, err);
    if (status == CKPT_OK)
        status = add_elements(t, f, err);
    if (status == CKPT_OK && f->is_dict)
        status = keep_order(t, f, err);
    return status;
}

ckpt_status ck_torch_fill_module(ck_torch_reader *t, uint32_t node, ckpt_module module,
                                 ckpt_error *err) {
    ck_pickle_kind kind = ck_pickle_kind_of(&t->pickle, node);
    filling f = {.module = module,
                 .node = node,
                 .count = ck_pickle_at(&t->pickle, node)->count,
                 .is_dict = kind == CK_PICKLE_DICT};
    if (kind == CK_PICKLE_SET || kind == CK_PICKLE_FROZENSET)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "a set holds tensors");
    if (t->depth >= CK_PICKLE_MAX_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "values are nested deeper than %d", CK_PICKLE_MAX_DEPTH);
    uint32_t in_optimizer = is_optimizer(&t->pickle, node) ? 1 : 0;
    t->depth++;
    t->in_optimizer += in_optimizer;
    ckpt_status status = ck_torch_make_keys(t, node, &f.keys, err);
    if (status == CKPT_OK)
        status = fill(t, &f, err);
    ck_torch_clear_keys(t, &f.keys);
    t->in_optimizer -= in_optimizer;
    t->depth--;
    return status;
}
