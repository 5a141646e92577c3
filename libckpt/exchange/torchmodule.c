/* SPDX-License-Identifier: MIT */
/* Containers that hold tensors as modules. */
#include "exchange/torchentries.h"
#include "exchange/torchstate.h"

#include <stdio.h>
#include <string.h>

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
        return ck_fail_rule(err, "PT14", CKPT_E_LIMIT, "the key '%s' has more than %d bytes",
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
        return ck_fail_rule(err, "PT14", CKPT_E_LIMIT, "the key '%s' has more than %d components",
                            ck_name_n(key, size).text, CK_MAX_DEPTH);
    return status;
}

static ckpt_status fail_both(const char *key, size_t size, ckpt_error *err) {
    return ck_fail_rule(
        err, "PT13", CKPT_E_UNSUPPORTED,
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

/* Whether the key is that of a tensor in the module of that path, or below. */
static bool stands_below(const char *key, size_t size, const char *path, size_t path_size) {
    return path_size == 0 ||
           (size > path_size && key[path_size] == '.' && memcmp(key, path, path_size) == 0);
}

static bool stands_in(const char *key, size_t size, const char *path, size_t path_size) {
    size_t begin = path_size != 0 ? path_size + 1 : 0;
    return stands_below(key, size, path, path_size) &&
           memchr(key + begin, '.', size - begin) == NULL;
}

/* Adds the next elements as long as they stand there, or (wanted: false) do not. */
static ckpt_status add_while(ck_torch_reader *t, const filling *f, uint32_t *next, bool wanted,
                             bool (*stands)(const char *, size_t, const char *, size_t),
                             const char *path, size_t path_size, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    while (status == CKPT_OK && *next < f->count) {
        size_t size;
        const char *key = ck_torch_key(&f->keys, *next, &size);
        if (stands(key, size, path, path_size) != wanted)
            break;
        status = add_element(t, f, (*next)++, err);
    }
    return status;
}

/* One walk through a state_dict and its _metadata, which have the order of the modules, gives each
 * module its place, with tensors or without. */
static ckpt_status add_with_modules(ck_torch_reader *t, const filling *f,
                                    const ck_torch_listed *listed, ckpt_error *err) {
    uint32_t next = 0;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; status == CKPT_OK && i < listed->count; i++) {
        size_t size;
        char *path = ck_torch_key(&listed->paths, i, &size);
        /* Where the orders differ, that of the tensors is kept. */
        if (size != 0 && listed->holds.bytes[i] != 0 &&
            !ckpt_module_exists(ckpt_find_module(f->module, path)))
            status = add_while(t, f, &next, false, stands_below, path, size, err);
        if (status == CKPT_OK)
            status = add_listed(f, path, size, err);
        if (status == CKPT_OK)
            status = add_while(t, f, &next, true, stands_in, path, size, err);
    }
    while (status == CKPT_OK && next < f->count)
        status = add_element(t, f, next++, err);
    return status;
}

static ckpt_status add_elements(ck_torch_reader *t, const filling *f, ckpt_error *err) {
    uint32_t metadata = ck_torch_metadata_of(t, f->node);
    ck_torch_listed listed;
    memset(&listed, 0, sizeof listed);
    ckpt_status status = CKPT_OK;
    if (metadata != CK_PICKLE_NO_NODE && f->keys.word[0] == '\0')
        status = ck_torch_list_modules(t, metadata, f->node, &f->keys, &listed, err);
    if (status == CKPT_OK)
        status = add_with_modules(t, f, &listed, err);
    ck_torch_clear_listed(t, &listed);
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
    if (t->depth >= CK_PICKLE_MAX_DEPTH)
        return ck_fail_rule(err, t->pickle.rule_name(CK_PICKLE_LIMITS), CKPT_E_LIMIT,
                            "values are nested deeper than %d", CK_PICKLE_MAX_DEPTH);
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
