/* SPDX-License-Identifier: MIT */
#include "model/copyplan.h"

#include <string.h>

static ckpt_status add_node(ck_copy_plan *plan, uint32_t parent, uint32_t name, uint32_t kind,
                            uint32_t source, uint32_t *ret_node, ckpt_error *err) {
    const ck_memory *memory = &plan->to->memory;
    if (plan->nodes.count >= CK_NONE / 2)
        return ck_fail(err, CKPT_E_LIMIT, "too many names");
    if (!ck_hashmap_reserve(memory, &plan->places, 1) || !ck_table_append(memory, &plan->nodes, 1))
        return ck_fail_nomem(err);
    uint32_t id = (uint32_t)plan->nodes.count - 1;
    ck_copy_node node = {parent, name, kind, source, id, CK_NONE, CK_NONE, CK_NONE};
    *ck_copy_node_at(plan, id) = node;
    if (id != parent) {
        ck_copy_node *above = ck_copy_node_at(plan, parent);
        if (above->last_child != CK_NONE)
            ck_copy_node_at(plan, above->last_child)->next = id;
        else
            above->first_child = id;
        above->last_child = id;
        ck_hashmap_set(memory, &plan->places, ck_pair(parent, name), id);
    }
    *ret_node = id;
    return CKPT_OK;
}

ckpt_status ck_copy_plan_create(ck_copy_plan *plan, ckpt *to, ckpt *from,
                                const ckpt_copy_options *options, ckpt_error *err) {
    uint32_t root;
    memset(plan, 0, sizeof *plan);
    plan->to = to;
    plan->from = from;
    plan->options = *options;
    plan->losses = (ck_losses){options->on_loss, options->loss_ctx};
    plan->nodes.record_size = sizeof(ck_copy_node);
    plan->places.seed = to->hash_seed;
    plan->module_count = from->modules.count;
    plan->tensor_count = from->tensors.count;
    plan->modules = ck_calloc(&to->memory, plan->module_count, 1);
    plan->dtypes = ck_calloc(&to->memory, plan->tensor_count, 1);
    if (plan->modules == NULL || plan->dtypes == NULL) {
        ck_copy_plan_free(plan);
        return ck_fail_nomem(err);
    }
    ckpt_status status = ck_thaw(to, err);
    if (status == CKPT_OK)
        status = add_node(plan, 0, CK_NONE, CK_MEMBER_MODULE, CK_NONE, &root, err);
    if (status == CKPT_OK)
        ck_copy_assign(plan, root, ckpt_root(from).id);
    else
        ck_copy_plan_free(plan);
    return status;
}

void ck_copy_plan_free(ck_copy_plan *plan) {
    const ck_memory *memory = &plan->to->memory;
    ck_table_clear(memory, &plan->nodes);
    ck_hashmap_clear(memory, &plan->places);
    ck_free(memory, plan->modules, plan->module_count, 1);
    ck_free(memory, plan->dtypes, plan->tensor_count, 1);
}

void ck_copy_assign(ck_copy_plan *plan, uint32_t node, uint32_t module) {
    ck_copy_node *own = ck_copy_node_at(plan, node);
    if (own->source == CK_NONE)
        own->source = module;
    if (own->source == module)
        plan->modules[module] |= CK_COPY_PLACED;
}

static ckpt_status check_limits(const char *name, size_t size, ckpt_error *err) {
    uint32_t components = 1;
    for (size_t i = 0; i < size; i++)
        components += name[i] == '.';
    if (size > CK_MAX_NAME_SIZE || components > CK_MAX_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "the name '%s' has more than %d bytes or %d components",
                       ck_name_n(name, size).text, CK_MAX_NAME_SIZE, CK_MAX_DEPTH);
    return CKPT_OK;
}

static ckpt_status intern_component(ck_copy_plan *plan, const char *text, size_t size,
                                    uint32_t *ret_string, ckpt_error *err) {
    ckpt_status status = ck_check_component(text, size, err);
    return status == CKPT_OK ? ck_intern(plan->to, text, size, ret_string, err) : status;
}

/* The last component. */
static ckpt_status place_last(ck_copy_plan *plan, uint32_t parent, uint32_t string, uint32_t kind,
                              uint32_t source, ck_name_text name, uint32_t *ret_node,
                              ckpt_error *err) {
    uint32_t there = ck_hashmap_get(&plan->places, ck_pair(parent, string));
    if (there == CK_HASH_NONE)
        return add_node(plan, parent, string, kind, kind == CK_MEMBER_TENSOR ? source : CK_NONE,
                        ret_node, err);
    uint32_t other = ck_copy_node_at(plan, there)->kind;
    if (kind == CK_MEMBER_TENSOR && other == CK_MEMBER_TENSOR)
        return ck_fail(err, CKPT_E_EXISTS, "two tensors would have the name '%s'", name.text);
    if (kind != other)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "'%s' would be the name of a tensor and of a module", name.text);
    *ret_node = there;
    return CKPT_OK;
}

ckpt_status ck_copy_place(ck_copy_plan *plan, const char *name, size_t size, uint32_t kind,
                          uint32_t source, uint32_t *ret_node, ckpt_error *err) {
    const char *component = name, *end = name + size, *dot;
    uint32_t parent = 0, string = CK_NONE;
    ckpt_status status = check_limits(name, size, err);
    while (status == CKPT_OK && (dot = memchr(component, '.', (size_t)(end - component))) != NULL) {
        status = intern_component(plan, component, (size_t)(dot - component), &string, err);
        if (status == CKPT_OK)
            status = place_last(plan, parent, string, CK_MEMBER_MODULE, CK_NONE,
                                ck_name_n(name, (size_t)(dot - name)), &parent, err);
        component = dot + 1;
    }
    if (status == CKPT_OK)
        status = intern_component(plan, component, (size_t)(end - component), &string, err);
    if (status != CKPT_OK)
        return status;
    uint32_t node = CK_NONE;
    status = place_last(plan, parent, string, kind, source, ck_name_n(name, size), &node, err);
    if (status != CKPT_OK)
        return status;
    if (kind == CK_MEMBER_MODULE)
        ck_copy_assign(plan, node, source);
    *ret_node = node;
    return CKPT_OK;
}

/* ---- twins ---- */

static uint64_t digest_of(const ck_copy_plan *plan, const ck_copy_node *node) {
    uint64_t hash = ck_hash_mix(plan->places.seed ^ node->source);
    for (uint32_t i = node->first_child; i != CK_NONE;) {
        const ck_copy_node *child = ck_copy_node_at(plan, i);
        uint32_t target = child->kind == CK_MEMBER_TENSOR ? child->source : child->twin;
        hash = ck_hash_mix(hash ^ ck_pair(child->name, target));
        i = child->next;
    }
    return hash;
}

static bool alike(const ck_copy_plan *plan, const ck_copy_node *a, const ck_copy_node *b) {
    uint32_t i = a->first_child, k = b->first_child;
    while (i != CK_NONE && k != CK_NONE) {
        const ck_copy_node *x = ck_copy_node_at(plan, i), *y = ck_copy_node_at(plan, k);
        bool same = x->kind == CK_MEMBER_TENSOR ? x->source == y->source : x->twin == y->twin;
        if (x->name != y->name || x->kind != y->kind || !same)
            return false;
        i = x->next;
        k = y->next;
    }
    return a->source == b->source && i == k;
}

/* Where every name was taken over, a module met again has one node and nothing below it. */
static ckpt_status find_plain_twins(ck_copy_plan *plan, ckpt_error *err) {
    const ck_memory *memory = &plan->to->memory;
    uint32_t *first = ck_alloc(memory, plan->module_count, sizeof *first);
    if (first == NULL)
        return ck_fail_nomem(err);
    memset(first, 0xff, plan->module_count * sizeof *first);
    for (uint32_t i = 0; i < plan->nodes.count; i++) {
        ck_copy_node *node = ck_copy_node_at(plan, i);
        if (node->kind != CK_MEMBER_MODULE)
            continue;
        if (first[node->source] == CK_NONE)
            first[node->source] = i;
        node->twin = first[node->source];
    }
    ck_free(memory, first, plan->module_count, sizeof *first);
    return CKPT_OK;
}

ckpt_status ck_copy_find_twins(ck_copy_plan *plan, ckpt_error *err) {
    const ck_memory *memory = &plan->to->memory;
    ck_hashmap known = {.seed = plan->to->hash_seed};
    if (plan->options.choose == NULL)
        return find_plain_twins(plan, err);
    /* Children have greater numbers than their parents. */
    for (uint32_t i = (uint32_t)plan->nodes.count; i-- > 1;) {
        ck_copy_node *node = ck_copy_node_at(plan, i);
        if (node->kind != CK_MEMBER_MODULE || node->source == CK_NONE)
            continue;
        uint64_t digest = digest_of(plan, node);
        uint32_t other = ck_hashmap_get(&known, digest);
        if (other != CK_HASH_NONE && alike(plan, node, ck_copy_node_at(plan, other))) {
            node->twin = ck_copy_node_at(plan, other)->twin;
        } else if (!ck_hashmap_set(memory, &known, digest, i)) {
            ck_hashmap_clear(memory, &known);
            return ck_fail_nomem(err);
        }
    }
    ck_hashmap_clear(memory, &known);
    return CKPT_OK;
}
