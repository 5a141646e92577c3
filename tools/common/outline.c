/* SPDX-License-Identifier: MIT */
#include "outline.h"

#include <stdlib.h>
#include <string.h>

/* Deeper than any checkpoint that a file can hold: names have at most 128 components. */
enum { DEEPEST = 200 };

static void add_place(outline *o, outline_object *object, uint32_t module, uint32_t member) {
    o->places = tool_grow(o->places, o->place_count, &o->place_room, sizeof *o->places);
    size_t number = o->place_count++;
    o->places[number] = (outline_place){.module = module, .member = member, .next = OUTLINE_NONE};
    if (object->places++ == 0)
        object->first = number;
    else
        o->places[object->last].next = number;
    object->last = number;
}

static void add_view(outline *o, ckpt_tensor tensor) {
    outline_storage *storage = &o->storages[ckpt_tensor_storage(tensor).id];
    o->next_view[tensor.id] = UINT32_MAX;
    if (storage->tensors++ == 0)
        storage->first = tensor.id;
    else
        o->next_view[storage->last] = tensor.id;
    storage->last = tensor.id;
}

static void enter(outline *o, ckpt_module module, uint32_t depth) {
    outline_module *own = &o->modules[module.id];
    own->start = o->place_count;
    own->depth = depth;
    o->order[o->order_count++] = module.id;
    uint32_t count = ckpt_module_member_count(module);
    for (uint32_t i = 0; i < count; i++) {
        ckpt_member member = ckpt_module_member(module, i);
        if (member.kind == CKPT_MEMBER_MODULE) {
            outline_module *child = &o->modules[member.module.id];
            add_place(o, &child->object, module.id, i);
            if (child->object.places == 1 && depth < DEEPEST)
                enter(o, member.module, depth + 1);
        } else if (member.kind == CKPT_MEMBER_TENSOR) {
            outline_object *tensor = &o->tensors[member.tensor.id];
            if (tensor->places == 0)
                add_view(o, member.tensor);
            add_place(o, tensor, module.id, i);
            o->storages[ckpt_tensor_storage(member.tensor).id].places++;
        }
    }
    own->end = o->place_count;
}

static uint64_t add_saturating(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* A module has as many names as all the modules together that it is a member of, once for each
 * place. Recursion goes up, towards the root, so it is as deep as the tree. */
static uint64_t count_names(outline *o, uint32_t id, int depth) {
    outline_module *module = &o->modules[id];
    if (module->names != 0 || depth > DEEPEST)
        return module->names;
    uint64_t names = 0;
    for (size_t p = module->object.first; p != OUTLINE_NONE; p = o->places[p].next)
        names = add_saturating(names, count_names(o, o->places[p].module, depth + 1));
    module->names = names;
    return names;
}

outline *outline_new(ckpt *c) {
    outline *o = tool_new(1, sizeof *o);
    uint32_t modules = ckpt_module_count(c), tensors = ckpt_tensor_count(c);
    o->c = c;
    o->modules = tool_new(modules, sizeof *o->modules);
    o->order = tool_new(modules, sizeof *o->order);
    o->tensors = tool_new(tensors, sizeof *o->tensors);
    o->next_view = tool_new(tensors, sizeof *o->next_view);
    o->storages = tool_new(ckpt_storage_count(c), sizeof *o->storages);
    for (uint32_t i = 0; i < modules; i++)
        o->modules[i].object.first = o->modules[i].object.last = OUTLINE_NONE;
    for (uint32_t i = 0; i < tensors; i++)
        o->tensors[i].first = o->tensors[i].last = OUTLINE_NONE;
    ckpt_module root = ckpt_root(c);
    enter(o, root, 0);
    o->modules[root.id].names = 1;
    for (uint32_t i = 0; i < o->order_count; i++)
        count_names(o, o->order[i], 0);
    return o;
}

void outline_free(outline *o) {
    if (o == NULL)
        return;
    free(o->places);
    free(o->modules);
    free(o->order);
    free(o->tensors);
    free(o->next_view);
    free(o->storages);
    free(o);
}

ckpt_member outline_member(const outline *o, size_t place) {
    return ckpt_module_member(ckpt_module_by_id(o->c, o->places[place].module),
                              o->places[place].member);
}
