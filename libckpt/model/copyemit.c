/* SPDX-License-Identifier: MIT */
/* The planned names, added to the target one after the other: parents come before their members,
 * members in their order. */
#include "base/buffer.h"
#include "model/copystorages.h"
#include "model/copyvalues.h"

#include <string.h>

/* By node: the module of the target that it is. */
typedef struct emitted {
    uint32_t module;
    bool is_open; /* its members are still to be added; those of a twin are there already */
} emitted;

typedef struct emission {
    ck_copy_plan *plan;
    emitted *nodes;
    uint32_t *twins;   /* by node: the module of the target that all its twins are, CK_NONE */
    bool *is_made;     /* by module of the other checkpoint: a module is made of it */
    bool *has_twins;   /* by node */
    uint32_t *tensors; /* by tensor of the other checkpoint: that of the target, CK_NONE */
    uint32_t *places;  /* by module that the target had before: where it stands; made when needed */
    uint32_t place_count;
    ck_copy_storages storages;
    ck_buffer name; /* of the node that a message is about */
} emission;

/* ---- names, for reports ---- */

static bool add_name(emission *e, uint32_t node) {
    const ck_memory *memory = &e->plan->to->memory;
    const ck_copy_node *own = ck_copy_node_at(e->plan, node);
    size_t size;
    if (own->parent != 0 &&
        !(add_name(e, own->parent) && ck_buffer_append(memory, &e->name, ".", 1)))
        return false;
    const char *text = ck_string(e->plan->to, own->name, &size);
    return ck_buffer_append(memory, &e->name, text, size);
}

/* The dotted name of a node; recursion is as deep as a name has components. */
static const char *name_of(emission *e, uint32_t node) {
    e->name.size = 0;
    if (node != 0 && !add_name(e, node))
        return "?";
    return ck_buffer_append(&e->plan->to->memory, &e->name, "", 1) ? (const char *)e->name.bytes
                                                                   : "?";
}

/* ---- modules ---- */

static ckpt_status copy_attributes(emission *e, uint32_t node, ckpt_module from, ckpt_module to,
                                   ckpt_error *err) {
    ckpt_value attributes = ckpt_module_attributes(from);
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < ckpt_value_count(attributes) && status == CKPT_OK; i++) {
        const char *key = ckpt_map_key(attributes, i);
        ckpt_value own = ckpt_module_attributes(to), value = ckpt_value_at(attributes, i);
        ckpt_value there = ckpt_map_get(own, key);
        if (ckpt_value_kind(there) == CKPT_VALUE_ABSENT)
            status = ck_copy_value(own, key, value, err);
        else if (!ck_values_equal(there, value))
            ck_report_loss(&e->plan->losses, CKPT_LOSS_MODULE, name_of(e, node),
                           "another attribute '%s' than one before, which is kept", CK_NAME(key));
    }
    return status;
}

/* Type and attributes of what the node is made of, into a module that may have its own. */
static ckpt_status describe(emission *e, uint32_t node, ckpt_module to, ckpt_error *err) {
    uint32_t source = ck_copy_node_at(e->plan, node)->source;
    if (source == CK_NONE)
        return CKPT_OK;
    ckpt_module from = {e->plan->from, source};
    const char *type = ckpt_module_type(from), *own = ckpt_module_type(to);
    ckpt_status status = CKPT_OK;
    if (*own == '\0' && *type != '\0')
        status = ckpt_set_module_type(to, type, err);
    else if (*type != '\0' && strcmp(type, own) != 0)
        ck_report_loss(&e->plan->losses, CKPT_LOSS_MODULE, name_of(e, node),
                       "another type, '%s', than one before, which is kept", CK_NAME(type));
    return status == CKPT_OK ? copy_attributes(e, node, from, to, err) : status;
}

static ckpt_status count_places(emission *e, ckpt_error *err) {
    const ckpt *c = e->plan->to;
    if (e->places != NULL)
        return CKPT_OK;
    e->place_count = (uint32_t)c->modules.count;
    e->places = ck_calloc(&c->memory, e->place_count, sizeof *e->places);
    if (e->places == NULL)
        return ck_fail_nomem(err);
    for (uint32_t m = 0; m < e->place_count; m++) {
        const ck_module_rec *rec = ck_module_rec_at(c, m);
        for (uint32_t i = 0; i < rec->member_count; i++) {
            const ck_member_rec *member = ck_member_at(c, rec->first_member + i);
            if (member->kind == CK_MEMBER_MODULE)
                e->places[member->target]++;
        }
    }
    return CKPT_OK;
}

/* A module of the target has the name: the node is merged into it, unless that would show at other
 * places too. */
static ckpt_status merge(emission *e, uint32_t node, ckpt_module there, ckpt_error *err) {
    ckpt_status status = count_places(e, err);
    if (status != CKPT_OK)
        return status;
    if (e->has_twins[node] || (there.id < e->place_count && e->places[there.id] > 1))
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "'%s' is in both, and shared with another name in one of them",
                       CK_NAME(name_of(e, node)));
    e->nodes[node] = (emitted){there.id, true};
    return describe(e, node, there, err);
}

static ckpt_status emit_module(emission *e, uint32_t node, ckpt_module parent, const char *name,
                               ckpt_error *err) {
    uint32_t twin = ck_copy_node_at(e->plan, node)->twin;
    ckpt_member there = ckpt_module_member_named(parent, name);
    ckpt_module module = {parent.owner, e->twins[twin]};
    if (there.kind == CKPT_MEMBER_MODULE)
        return merge(e, node, there.module, err);
    if (there.kind == CKPT_MEMBER_TENSOR)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "'%s' would be the name of a tensor and a module",
                       CK_NAME(name_of(e, node)));
    if (e->twins[twin] != CK_NONE) {
        e->nodes[node] = (emitted){module.id, false};
        return ck_share_closed_module(parent, name, module, err);
    }
    ckpt_status status = ckpt_add_module(parent, name, "", &module, err);
    if (status != CKPT_OK)
        return status;
    uint32_t source = ck_copy_node_at(e->plan, node)->source;
    if (source != CK_NONE && e->is_made[source])
        ck_report_loss(&e->plan->losses, CKPT_LOSS_MODULE, name_of(e, node),
                       "a module that was one is several now");
    if (source != CK_NONE)
        e->is_made[source] = true;
    e->nodes[node] = (emitted){module.id, true};
    e->twins[twin] = module.id;
    return describe(e, node, module, err);
}

/* ---- tensors ---- */

static ckpt_status emit_tensor(emission *e, uint32_t node, ckpt_module parent, const char *name,
                               ckpt_error *err) {
    uint32_t source = ck_copy_node_at(e->plan, node)->source;
    ckpt_member there = ckpt_module_member_named(parent, name);
    ckpt_tensor tensor = {parent.owner, e->tensors[source]};
    bool parted = false;
    if (there.kind != CKPT_MEMBER_NONE)
        return ck_fail(err, CKPT_E_EXISTS, "the name '%s' is in both", CK_NAME(name_of(e, node)));
    ckpt_status status = CKPT_OK;
    if (tensor.id == CK_NONE)
        status = ck_copy_tensor(&e->storages, source, &tensor, &parted, err);
    if (status != CKPT_OK)
        return ck_error_prefix(err, status, name_of(e, node));
    if (parted)
        ck_report_loss(&e->plan->losses, CKPT_LOSS_TIE, name_of(e, node),
                       "no longer shares bytes with tensors that have another type now");
    e->tensors[source] = tensor.id;
    return ckpt_add_tensor(parent, name, tensor, err);
}

/* ---- all ---- */

static ckpt_status emit_node(emission *e, uint32_t node, ckpt_error *err) {
    ckpt *c = e->plan->to;
    const ck_copy_node *own = ck_copy_node_at(e->plan, node);
    if (!e->nodes[own->parent].is_open)
        return CKPT_OK;
    ckpt_module parent = {c, e->nodes[own->parent].module};
    const char *name = ck_string(c, own->name, NULL);
    return own->kind == CK_MEMBER_TENSOR ? emit_tensor(e, node, parent, name, err)
                                         : emit_module(e, node, parent, name, err);
}

static ckpt_status prepare(emission *e, ckpt_error *err) {
    const ck_memory *memory = &e->plan->to->memory;
    size_t nodes = e->plan->nodes.count, tensors = e->plan->tensor_count;
    e->nodes = ck_calloc(memory, nodes, sizeof *e->nodes);
    e->twins = ck_alloc(memory, nodes, sizeof *e->twins);
    e->is_made = ck_calloc(memory, e->plan->module_count, sizeof *e->is_made);
    e->has_twins = ck_calloc(memory, nodes, sizeof *e->has_twins);
    e->tensors = ck_alloc(memory, tensors, sizeof *e->tensors);
    if (e->nodes == NULL || e->twins == NULL || e->is_made == NULL || e->has_twins == NULL ||
        e->tensors == NULL)
        return ck_fail_nomem(err);
    memset(e->twins, 0xff, nodes * sizeof *e->twins);
    for (uint32_t i = 0; i < nodes; i++) {
        uint32_t twin = ck_copy_node_at(e->plan, i)->twin;
        if (twin != i)
            e->has_twins[i] = e->has_twins[twin] = true;
    }
    if (tensors != 0)
        memset(e->tensors, 0xff, tensors * sizeof *e->tensors);
    return CKPT_OK;
}

static void clear(emission *e) {
    const ck_memory *memory = &e->plan->to->memory;
    size_t nodes = e->plan->nodes.count;
    ck_free(memory, e->nodes, nodes, sizeof *e->nodes);
    ck_free(memory, e->twins, nodes, sizeof *e->twins);
    ck_free(memory, e->is_made, e->plan->module_count, sizeof *e->is_made);
    ck_free(memory, e->has_twins, nodes, sizeof *e->has_twins);
    ck_free(memory, e->tensors, e->plan->tensor_count, sizeof *e->tensors);
    ck_free(memory, e->places, e->place_count, sizeof *e->places);
    ck_buffer_clear(memory, &e->name);
    ck_copy_storages_free(&e->storages);
}

ckpt_status ck_copy_emit(ck_copy_plan *plan, ckpt_error *err) {
    emission e = {.plan = plan};
    ckpt_module root = ckpt_root(plan->to);
    ckpt_status status = ck_copy_storages_create(&e.storages, plan, err);
    if (status == CKPT_OK)
        status = prepare(&e, err);
    if (status == CKPT_OK) {
        e.nodes[0] = (emitted){root.id, true};
        status = describe(&e, 0, root, err);
    }
    for (uint32_t i = 1; i < plan->nodes.count && status == CKPT_OK; i++)
        status = emit_node(&e, i, err);
    clear(&e);
    return status;
}
