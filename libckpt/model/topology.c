/* SPDX-License-Identifier: MIT */
#include "model/topology.h"

#include "model/object.h"

#include <string.h>

typedef struct visit {
    uint32_t module;
    uint32_t members_left; /* those behind are done: the last member comes first */
} visit;

#define UNSEEN CK_HASH_NONE
#define OPEN (UINT32_MAX - 1)

typedef struct search {
    const ckpt *c;
    visit *stack;
    uint32_t depth;
    ck_topology *topology;
} search;

uint32_t ck_topology_place(const ck_topology *topology, uint32_t module) {
    return topology->number != NULL ? topology->number[module]
                                    : ck_hashmap_get(&topology->places, module);
}

static bool set_place(ck_topology *topology, uint32_t module, uint32_t place) {
    if (topology->number == NULL)
        return ck_hashmap_set(&topology->memory, &topology->places, module, place);
    topology->number[module] = place;
    return true;
}

static bool enter(search *s, uint32_t module) {
    s->stack[s->depth].module = module;
    s->stack[s->depth].members_left = ck_module_rec_at(s->c, module)->member_count;
    s->depth++;
    return set_place(s->topology, module, OPEN);
}

/* Depth first, members in reverse; a module that is finished goes in front of all that were
 * finished before. */
static bool run(search *s, uint32_t start) {
    ck_topology *topology = s->topology;
    uint32_t place = (uint32_t)topology->module_count;
    bool complete = enter(s, start);
    while (s->depth > 0 && complete) {
        visit *top = &s->stack[s->depth - 1];
        if (top->members_left == 0) {
            topology->order[--place] = top->module;
            s->depth--;
            continue;
        }
        top->members_left--;
        const ck_module_rec *rec = ck_module_rec_at(s->c, top->module);
        const ck_member_rec *member = ck_member_at(s->c, rec->first_member + top->members_left);
        if (member->kind == CK_MEMBER_MODULE &&
            ck_topology_place(topology, member->target) == UNSEEN)
            complete = enter(s, member->target);
    }
    topology->count = (uint32_t)topology->module_count - place;
    memmove(topology->order, topology->order + place, topology->count * sizeof(uint32_t));
    for (uint32_t i = 0; i < topology->count && complete; i++)
        complete = set_place(topology, topology->order[i], i);
    return complete;
}

static bool create_number(ck_topology *topology) {
    size_t count = topology->module_count;
    topology->number = ck_alloc(&topology->memory, count, sizeof(uint32_t));
    if (topology->number != NULL)
        memset(topology->number, 0xff, count * sizeof(uint32_t));
    return topology->number != NULL;
}

ckpt_status ck_topology_create(ckpt_module start, ck_topology *ret_topology, ckpt_error *err) {
    const ckpt *c = start.owner;
    size_t count = c->modules.count;
    ck_topology topology = {.memory = c->memory,
                            .module_count = count,
                            .order = ck_alloc(&c->memory, count, sizeof(uint32_t)),
                            .places = {.seed = c->hash_seed}};
    search s = {c, ck_alloc(&c->memory, count, sizeof(visit)), 0, &topology};
    bool complete = topology.order != NULL && s.stack != NULL &&
                    (start.id != 0 || create_number(&topology)) && run(&s, start.id);
    ck_free(&c->memory, s.stack, count, sizeof(visit));
    if (!complete) {
        ck_topology_free(&topology);
        return ck_fail_nomem(err);
    }
    *ret_topology = topology;
    return CKPT_OK;
}

void ck_topology_free(ck_topology *topology) {
    ck_free(&topology->memory, topology->order, topology->module_count, sizeof(uint32_t));
    ck_free(&topology->memory, topology->number, topology->module_count, sizeof(uint32_t));
    ck_hashmap_clear(&topology->memory, &topology->places);
    topology->order = topology->number = NULL;
}

/* Puts the child modules of a module that are new on the stack. */
static bool push_children(const ckpt *c, uint32_t module, ck_hashmap *seen, ck_buffer *stack) {
    const ck_module_rec *rec = ck_module_rec_at(c, module);
    for (uint32_t i = 0; i < rec->member_count; i++) {
        const ck_member_rec *member = ck_member_at(c, rec->first_member + i);
        if (member->kind != CK_MEMBER_MODULE ||
            ck_hashmap_get(seen, member->target) != CK_HASH_NONE)
            continue;
        if (!ck_hashmap_set(&c->memory, seen, member->target, 1) ||
            !ck_buffer_append(&c->memory, stack, &member->target, sizeof member->target))
            return false;
    }
    return true;
}

/* Costs what lies below `from`, however large the checkpoint is. */
ckpt_status ck_module_reaches(ckpt_module from, ckpt_module to, bool *ret_reaches,
                              ckpt_error *err) {
    const ckpt *c = from.owner;
    ck_hashmap seen = {.seed = c->hash_seed};
    ck_buffer stack = {NULL, 0, 0};
    uint32_t module = from.id;
    bool complete = push_children(c, module, &seen, &stack);
    while (complete && module != to.id && stack.size != 0) {
        stack.size -= sizeof module;
        memcpy(&module, stack.bytes + stack.size, sizeof module);
        complete = push_children(c, module, &seen, &stack);
    }
    ck_hashmap_clear(&c->memory, &seen);
    ck_buffer_clear(&c->memory, &stack);
    if (!complete)
        return ck_fail_nomem(err);
    *ret_reaches = module == to.id;
    return CKPT_OK;
}
