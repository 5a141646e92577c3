/* SPDX-License-Identifier: MIT */
/* Walks over dotted names. All memory is there from the beginning: a step cannot fail. */
#include "model/measure.h"
#include "model/object.h"

#include <ckpt/walk.h>

#include <string.h>

typedef struct frame {
    uint32_t module;
    uint32_t next_member;
    uint32_t name_size; /* bytes of the module's own dotted name */
} frame;

struct ckpt_walk {
    ck_memory memory;
    ckpt *c;
    ckpt_walk_kind kind;
    bool start_is_due; /* named_modules begins with the start itself */
    uint32_t depth;    /* frames in use */
    unsigned char *seen_modules;
    unsigned char *seen_tensors;
    size_t module_bytes, tensor_bytes; /* of the two, whatever becomes of the checkpoint */
    frame frames[CK_MAX_DEPTH + 1];
    char name[CK_MAX_NAME_SIZE + 1];
};

static ckpt_status check_limits(ckpt_module start, ckpt_error *err) {
    ck_topology topology;
    ck_extent_of_names extent;
    ckpt_status status = ck_topology_create(start, &topology, err);
    if (status != CKPT_OK)
        return status;
    status = ck_measure_names(start.owner, &topology, &extent, err);
    ck_topology_free(&topology);
    if (status == CKPT_OK && extent.names > CK_MAX_NAMES)
        return ck_fail(err, CKPT_E_LIMIT, "there are more than 2^26 dotted names");
    if (status == CKPT_OK && extent.depth > CK_MAX_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "modules are nested deeper than %d", CK_MAX_DEPTH);
    if (status == CKPT_OK && extent.name_size > CK_MAX_NAME_SIZE)
        return ck_fail(err, CKPT_E_LIMIT, "a dotted name is longer than %d bytes",
                       CK_MAX_NAME_SIZE);
    return status;
}

static size_t bits_to_bytes(size_t bits) {
    return bits / 8 + 1;
}

static void push(ckpt_walk *walk, uint32_t module, size_t name_size) {
    frame *top = &walk->frames[walk->depth++];
    top->module = module;
    top->next_member = 0;
    top->name_size = (uint32_t)name_size;
}

ckpt_status ckpt_walk_create(ckpt_module start, ckpt_walk_kind kind, ckpt_walk **ret_walk,
                             ckpt_error *err) {
    if (start.owner == NULL || start.id >= start.owner->modules.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such module");
    ckpt *c = start.owner;
    /* What was opened and not changed is within the limits: opening checked them. */
    ckpt_status status = c->thawed ? check_limits(start, err) : CKPT_OK;
    if (status != CKPT_OK)
        return status;
    ckpt_walk *walk = ck_alloc(&c->memory, 1, sizeof *walk);
    if (walk == NULL)
        return ck_fail_nomem(err);
    /* Not all of it is set to zero: it is large, and a walk may be short. */
    walk->memory = c->memory;
    walk->c = c;
    walk->kind = kind;
    walk->start_is_due = kind == CKPT_WALK_NAMED_MODULES;
    walk->name[0] = '\0';
    walk->module_bytes = bits_to_bytes(c->modules.count);
    walk->tensor_bytes = bits_to_bytes(c->tensors.count);
    walk->seen_modules = ck_calloc(&c->memory, walk->module_bytes, 1);
    walk->seen_tensors = ck_calloc(&c->memory, walk->tensor_bytes, 1);
    walk->depth = 0;
    push(walk, start.id, 0);
    if (walk->seen_modules == NULL || walk->seen_tensors == NULL) {
        ckpt_walk_free(walk);
        return ck_fail_nomem(err);
    }
    *ret_walk = walk;
    return CKPT_OK;
}

void ckpt_walk_free(ckpt_walk *walk) {
    if (walk == NULL)
        return;
    ck_memory memory = walk->memory;
    ck_free(&memory, walk->seen_modules, walk->module_bytes, 1);
    ck_free(&memory, walk->seen_tensors, walk->tensor_bytes, 1);
    ck_free(&memory, walk, 1, sizeof *walk);
}

/* Marks an object; true when it was marked before. */
static bool mark(unsigned char *seen, uint32_t id) {
    unsigned char bit = (unsigned char)(1u << (id & 7));
    bool before = seen[id >> 3] & bit;
    seen[id >> 3] |= bit;
    return before;
}

/* Appends a component to the name of the module in the top frame. */
static void name_item(ckpt_walk *walk, uint32_t string, ckpt_walk_item *item) {
    const frame *top = &walk->frames[walk->depth - 1];
    size_t size, used = top->name_size;
    const char *component = ck_string(walk->c, string, &size);
    if (walk->depth > 1)
        walk->name[used++] = '.';
    memcpy(walk->name + used, component, size + 1);
    item->name = walk->name;
    item->name_size = used + size;
    item->component = walk->name + used;
    item->depth = walk->depth;
}

/* Each of these goes on from one member and says whether the caller gets an item. */
static bool visit_module(ckpt_walk *walk, const ck_member_rec *member, ckpt_walk_item *item) {
    name_item(walk, member->name, item);
    item->repeated = mark(walk->seen_modules, member->target);
    item->module.owner = walk->c;
    item->module.id = member->target;
    item->tensor.owner = NULL;
    item->tensor.id = 0;
    /* Where each object counts once, a module met again has nothing new inside. */
    bool once = walk->kind != CKPT_WALK_STATE_DICT && walk->kind != CKPT_WALK_EVERYTHING;
    if (!(once && item->repeated))
        push(walk, member->target, item->name_size);
    return walk->kind == CKPT_WALK_EVERYTHING ||
           (walk->kind == CKPT_WALK_NAMED_MODULES && !item->repeated);
}

static bool visit_tensor(ckpt_walk *walk, const ck_member_rec *member, ckpt_walk_item *item) {
    ckpt_tensor tensor = {walk->c, member->target};
    if (walk->kind == CKPT_WALK_NAMED_MODULES ||
        (walk->kind == CKPT_WALK_NAMED_PARAMETERS && !ckpt_tensor_is_parameter(tensor)) ||
        (walk->kind == CKPT_WALK_NAMED_BUFFERS && ckpt_tensor_is_parameter(tensor)))
        return false;
    name_item(walk, member->name, item);
    item->repeated = mark(walk->seen_tensors, member->target);
    item->module.owner = walk->c;
    item->module.id = walk->frames[walk->depth - 1].module;
    item->tensor = tensor;
    return !item->repeated || walk->kind == CKPT_WALK_STATE_DICT ||
           walk->kind == CKPT_WALK_EVERYTHING;
}

static void give_start(ckpt_walk *walk, ckpt_walk_item *item) {
    memset(item, 0, sizeof *item);
    walk->start_is_due = false;
    walk->name[0] = '\0';
    item->name = item->component = walk->name;
    item->module.owner = walk->c;
    item->module.id = walk->frames[0].module;
    mark(walk->seen_modules, item->module.id);
}

bool ckpt_walk_next(ckpt_walk *walk, ckpt_walk_item *ret_item) {
    if (walk->start_is_due) {
        give_start(walk, ret_item);
        return true;
    }
    while (walk->depth > 0) {
        frame *top = &walk->frames[walk->depth - 1];
        const ck_module_rec *rec = ck_module_rec_at(walk->c, top->module);
        if (top->next_member == rec->member_count) {
            walk->depth--;
            continue;
        }
        const ck_member_rec *member = ck_member_at(walk->c, rec->first_member + top->next_member++);
        ckpt_walk_item item;
        bool given = member->kind == CK_MEMBER_MODULE ? visit_module(walk, member, &item)
                                                      : visit_tensor(walk, member, &item);
        if (given) {
            *ret_item = item;
            return true;
        }
    }
    return false;
}

void ckpt_walk_skip(ckpt_walk *walk) {
    /* The module that was given last is the top frame, and nothing of it has been looked at. The
     * start itself is given by named_modules only. */
    bool start_was_given = walk->kind == CKPT_WALK_NAMED_MODULES && !walk->start_is_due;
    if (walk->depth > (start_was_given ? 0u : 1u) && walk->frames[walk->depth - 1].next_member == 0)
        walk->depth--;
}
