/* SPDX-License-Identifier: MIT */
/* Modules in the pickle: as the containers that they stand for, or, where the modules are those of
 * a net, as one state_dict. */
#include "base/nametree.h"
#include "exchange/torchpath.h"
#include "exchange/torchwriter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ckpt_value ck_torch_noted(const ck_torch_writer *w, const char *map) {
    ckpt_value none = {NULL, 0};
    return w->is_python
               ? ckpt_map_get(ckpt_map_get(ckpt_metadata(w->c), map), ck_torch_pointer(&w->path))
               : none;
}

const char *ck_torch_noted_type(const ck_torch_writer *w) {
    const char *type = ckpt_value_string(ck_torch_noted(w, CK_TORCH_TYPES));
    return type != NULL ? type : "";
}

/* A container that is being written. */
typedef struct emitting {
    ckpt_module module;
    const char *type; /* of the module; "OrderedDict" for a state_dict */
    const char *word; /* how its keys are written: "", "[int]", "[any]" */
    ck_torch_entries entries;
    uint32_t *order; /* numbers of the entries */
    uint32_t count;
} emitting;

/* ---- order ---- */

static ckpt_status fail_twice(const char *key, ckpt_error *err) {
    return ck_fail(err, CKPT_E_UNSUPPORTED, "a dict would have the key '%s' twice", CK_NAME(key));
}

/* Those that torch.order lists first, then the rest as they come. */
static ckpt_status order_by_list(ck_torch_writer *w, emitting *e, ck_nametree *numbers,
                                 ckpt_error *err) {
    ckpt_value list = ck_torch_noted(w, CK_TORCH_ORDER);
    uint8_t *taken = ck_calloc(&w->memory, e->count, sizeof *taken);
    uint32_t next = 0;
    if (taken == NULL)
        return ck_fail_nomem(err);
    for (uint32_t i = 0; i < ckpt_value_count(list); i++) {
        const char *key = ckpt_value_string(ckpt_value_at(list, i));
        uint32_t number =
            key != NULL ? ck_nametree_get(numbers, key, strlen(key)) : CK_NAMETREE_NONE;
        if (number == CK_NAMETREE_NONE || taken[number])
            continue;
        taken[number] = 1;
        e->order[next++] = number;
    }
    for (uint32_t i = 0; i < e->count; i++) {
        if (!taken[i])
            e->order[next++] = i;
    }
    ck_free(&w->memory, taken, e->count, sizeof *taken);
    return CKPT_OK;
}

static ckpt_status order_dict(ck_torch_writer *w, emitting *e, ckpt_error *err) {
    ck_nametree numbers;
    ckpt_status status = CKPT_OK;
    memset(&numbers, 0, sizeof numbers);
    for (uint32_t i = 0; status == CKPT_OK && i < e->count; i++) {
        const char *key = ck_torch_entry_key(&e->entries, i);
        ck_nametree_result result = ck_nametree_add(&w->memory, &numbers, key,
                                                    ck_torch_entry_at(&e->entries, i)->key_size, i);
        if (result == CK_NAMETREE_KNOWN)
            status = fail_twice(key, err);
        else if (result == CK_NAMETREE_NOMEM)
            status = ck_fail_nomem(err);
    }
    if (status == CKPT_OK)
        status = order_by_list(w, e, &numbers, err);
    ck_nametree_clear(&w->memory, &numbers);
    return status;
}

/* The elements of a list have its indices for names, each once. */
static ckpt_status order_list(emitting *e, ckpt_error *err) {
    for (uint32_t i = 0; i < e->count; i++)
        e->order[i] = UINT32_MAX;
    for (uint32_t i = 0; i < e->count; i++) {
        const char *key = ck_torch_entry_key(&e->entries, i);
        char again[16];
        unsigned long index = strtoul(key, NULL, 10);
        snprintf(again, sizeof again, "%lu", index < e->count ? index : 0);
        if (strcmp(key, again) != 0 || e->order[index] != UINT32_MAX)
            return ck_fail(err, CKPT_E_UNSUPPORTED,
                           "a %s has an element '%s', which is not the next one", e->type,
                           CK_NAME(key));
        e->order[index] = i;
    }
    return CKPT_OK;
}

/* ---- entries ---- */

static ckpt_status emit_container(ck_torch_writer *w, ckpt_module module, const char *type,
                                  ckpt_error *err);

static ckpt_status emit_module(ck_torch_writer *w, ckpt_module module, ckpt_error *err) {
    uint32_t *memo = &w->module_memo[module.id];
    if (*memo != 0) {
        ck_pickle_recall(&w->pickle, *memo);
        return CKPT_OK;
    }
    ckpt_status status = emit_container(w, module, ckpt_module_type(module), err);
    if (status == CKPT_OK)
        *memo = ck_pickle_memoize(&w->pickle);
    return status;
}

static ckpt_status step_into_name(ck_torch_writer *w, const char *key, size_t size,
                                  ckpt_error *err) {
    bool fits = (w->name.size == 0 || ck_buffer_append(&w->memory, &w->name, ".", 1)) &&
                ck_buffer_append(&w->memory, &w->name, key, size) &&
                ck_buffer_reserve(&w->memory, &w->name, 1);
    return fits ? CKPT_OK : ck_fail_nomem(err);
}

static ckpt_status emit_entry(ck_torch_writer *w, const emitting *e, uint32_t number,
                              ckpt_error *err) {
    const ck_torch_entry *entry = ck_torch_entry_at(&e->entries, number);
    const char *key = ck_torch_entry_key(&e->entries, number);
    size_t before = w->path.size, name_before = w->name.size;
    if (!ck_torch_is_sequence(e->type))
        ck_torch_emit_key(w, key, entry->key_size, e->word);
    ckpt_status status = ck_torch_step(&w->memory, &w->path, key, entry->key_size, err);
    if (status == CKPT_OK)
        status = step_into_name(w, key, entry->key_size, err);
    if (status != CKPT_OK)
        return status;
    if (entry->value.owner != NULL)
        status = ck_torch_emit_value(w, entry->value, err);
    else if (ckpt_tensor_exists(entry->tensor))
        status = ck_torch_emit_tensor(w, entry->tensor, err);
    else
        status = emit_module(w, entry->module, err);
    w->path.size = before;
    w->name.size = name_before;
    return status;
}

static ckpt_status emit_entries(ck_torch_writer *w, const emitting *e, ckpt_error *err) {
    bool is_tuple = strcmp(e->type, "tuple") == 0;
    unsigned char end = ck_torch_is_sequence(e->type) ? 'e' : 'u';
    ckpt_status status = CKPT_OK;
    if (strcmp(e->type, "list") == 0)
        ck_pickle_op_byte(&w->pickle, ']');
    else if (!is_tuple)
        ck_torch_emit_new_dict(w, e->type);
    ck_pickle_op_byte(&w->pickle, '(');
    for (uint32_t i = 0; status == CKPT_OK && i < e->count; i++) {
        if (!is_tuple && i > 0 && i % CK_TORCH_BATCH == 0) {
            ck_pickle_op_byte(&w->pickle, end);
            ck_pickle_op_byte(&w->pickle, '(');
        }
        status = emit_entry(w, e, e->order[i], err);
    }
    ck_pickle_op_byte(&w->pickle, is_tuple ? 't' : end);
    return status;
}

/* ---- containers ---- */

/* A dict is the state of an optimizer when it has both of these. */
static bool is_optimizer(const emitting *e) {
    int found = 0;
    for (uint32_t i = 0; i < e->count; i++) {
        const char *key = ck_torch_entry_key(&e->entries, i);
        found += strcmp(key, "state") == 0 || strcmp(key, "param_groups") == 0;
    }
    return found == 2 && !ck_torch_is_sequence(e->type);
}

static ckpt_status emit_collected(ck_torch_writer *w, emitting *e, ckpt_error *err) {
    uint32_t in_optimizer = is_optimizer(e) ? 1 : 0;
    ckpt_status status = ck_torch_is_sequence(e->type) ? order_list(e, err) : order_dict(w, e, err);
    w->in_optimizer += in_optimizer;
    if (status == CKPT_OK)
        status = emit_entries(w, e, err);
    w->in_optimizer -= in_optimizer;
    return status == CKPT_OK ? ck_torch_emit_metadata(w, e->type, &e->entries, err) : status;
}

static ckpt_status emit_container(ck_torch_writer *w, ckpt_module module, const char *type,
                                  ckpt_error *err) {
    const char *bracket = strchr(ck_torch_noted_type(w), '[');
    emitting e = {.module = module, .type = type, .word = bracket != NULL ? bracket : ""};
    if (w->depth >= CK_PICKLE_MAX_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "modules are nested deeper than %d", CK_PICKLE_MAX_DEPTH);
    w->depth++;
    ckpt_status status =
        ck_torch_collect_modules(&e.entries, &w->memory, module, CK_PICKLE_MAX_SIZE, err);
    if (status == CKPT_OK) {
        e.count = ck_torch_entry_count(&e.entries);
        e.order = ck_alloc(&w->memory, e.count, sizeof *e.order);
        status = e.order != NULL ? emit_collected(w, &e, err) : ck_fail_nomem(err);
        ck_free(&w->memory, e.order, e.count, sizeof *e.order);
    }
    ck_torch_clear(&e.entries);
    w->depth--;
    return status;
}

/* The one entry of a root that stands for no container. */
static ckpt_status emit_object(ck_torch_writer *w, ckpt_module root, ckpt_error *err) {
    ckpt_value value = ckpt_map_get(ckpt_module_attributes(root), "object");
    ckpt_tensor tensor = ckpt_module_tensor(root, "object");
    if (ckpt_tensor_exists(tensor)) {
        ckpt_status status = step_into_name(w, "object", strlen("object"), err);
        if (status == CKPT_OK)
            status = ck_torch_emit_tensor(w, tensor, err);
        w->name.size = 0;
        return status;
    }
    if (ckpt_value_kind(value) == CKPT_VALUE_ABSENT)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "a root of type 'object' without an 'object'");
    return ck_torch_emit_value(w, value, err);
}

ckpt_status ck_torch_emit_root(ck_torch_writer *w, ckpt_error *err) {
    ckpt_module root = ckpt_root(w->c);
    const char *type = ckpt_module_type(root);
    w->is_python = ck_torch_is_container(type);
    if (!w->is_python)
        return emit_container(w, root, "OrderedDict", err);
    ckpt_status status = ck_torch_find_firsts(w, err);
    if (status != CKPT_OK)
        return status;
    return strcmp(type, "object") == 0 ? emit_object(w, root, err) : emit_module(w, root, err);
}
