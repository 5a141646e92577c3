/* SPDX-License-Identifier: MIT */
#include "treehash.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_MODULE = 1, TAG_STORAGE, TAG_INSIDE, TAG_REFERENCE, TAG_TENSOR };

/* The finaliser of SplitMix64 (Steele, Lea, Flood, 2014) over a running value. */
static uint64_t mix(uint64_t h, uint64_t value) {
    h = (h ^ value) + 0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
}

static uint64_t mix_bytes(uint64_t h, const void *data, size_t size) {
    const unsigned char *bytes = data;
    h = mix(h, size);
    while (size > 0) {
        uint64_t word = 0;
        size_t step = size < 8 ? size : 8;
        memcpy(&word, bytes, step);
        h = mix(h, word);
        bytes += step;
        size -= step;
    }
    return h;
}

static uint64_t mix_string(uint64_t h, const char *string) {
    return mix_bytes(h, string, strlen(string));
}

static uint64_t mix_value(uint64_t h, ckpt_value value) {
    ckpt_value_type kind = ckpt_value_kind(value);
    h = mix(h, (uint64_t)kind);
    if (kind == CKPT_VALUE_STRING)
        return mix_string(h, ckpt_value_string(value));
    if (kind == CKPT_VALUE_BYTES) {
        size_t size = 0;
        const void *bytes = ckpt_value_bytes(value, &size);
        return mix_bytes(h, bytes, size);
    }
    if (kind == CKPT_VALUE_FLOAT) {
        double number = ckpt_value_float(value, 0);
        return mix_bytes(h, &number, sizeof number);
    }
    if (kind != CKPT_VALUE_LIST && kind != CKPT_VALUE_MAP)
        return mix(h, kind == CKPT_VALUE_BOOL ? (uint64_t)ckpt_value_bool(value, false)
                                              : (uint64_t)ckpt_value_int(value, 0));
    uint32_t count = ckpt_value_count(value);
    h = mix(h, count);
    for (uint32_t i = 0; i < count; i++) {
        if (kind == CKPT_VALUE_MAP)
            h = mix_string(h, ckpt_map_key(value, i));
        h = mix_value(h, ckpt_value_at(value, i));
    }
    return h;
}

static uint64_t mix_tensor(uint64_t h, const outline *o, ckpt_tensor tensor) {
    uint32_t rank = ckpt_tensor_rank(tensor);
    h = mix(h, TAG_TENSOR);
    h = mix_string(h, ckpt_tensor_dtype_info(tensor).name);
    h = mix(h, (uint64_t)ckpt_tensor_is_parameter(tensor) << 1 | ckpt_tensor_requires_grad(tensor));
    h = mix(h, o->tensors[tensor.id].places);
    h = mix_bytes(h, ckpt_tensor_shape(tensor), rank * sizeof(uint64_t));
    for (uint32_t d = 0; d < rank; d++)
        h = mix(h, ckpt_tensor_stride(tensor, d));
    return h;
}

static uint64_t hash_module(const treehash *t, uint32_t id) {
    const outline *o = t->outline;
    ckpt_module module = ckpt_module_by_id(o->c, id);
    uint64_t h = mix_value(mix_string(0, ckpt_module_type(module)), ckpt_module_attributes(module));
    uint32_t count = ckpt_module_member_count(module);
    for (uint32_t i = 0; i < count; i++) {
        ckpt_member member = ckpt_module_member(module, i);
        h = mix_string(h, member.name);
        if (member.kind == CKPT_MEMBER_TENSOR) {
            h = mix_tensor(h, o, member.tensor);
            continue;
        }
        const outline_place *first = &o->places[o->modules[member.module.id].object.first];
        bool here = first->module == id && first->member == i;
        h = here ? mix(h, t->modules[member.module.id]) : mix(h, TAG_REFERENCE);
    }
    return mix(h, t->ties[id]);
}

/* ---- what is shared: modules at several places, storages under several names ---- */

static uint32_t parent_of(const outline *o, uint32_t module) {
    return o->places[o->modules[module].object.first].module;
}

/* The innermost module that has both in it. */
static uint32_t common_home(const outline *o, uint32_t a, uint32_t b) {
    while (a != b) {
        if (o->modules[a].depth >= o->modules[b].depth)
            a = parent_of(o, a);
        else
            b = parent_of(o, b);
    }
    return a;
}

/* To the modules between a place and the home of the object that is shared, the object is something
 * outside, with an identity; to the home only the pattern of places counts. The parts are summed
 * up, so that their order does not matter. */
static void add_tie(treehash *t, uint32_t home, size_t place, size_t first, uint64_t identity,
                    uint64_t detail) {
    const outline *o = t->outline;
    uint32_t m = o->places[place].module;
    for (; m != home; m = parent_of(o, m))
        t->ties[m] += mix(identity, place - o->modules[m].start);
    size_t start = o->modules[home].start;
    t->ties[home] += mix(mix(mix(TAG_INSIDE, place - start), first - start), detail);
}

static void tie_modules(treehash *t, uint32_t id) {
    const outline *o = t->outline;
    const outline_object *object = &o->modules[id].object;
    uint64_t identity = mix(TAG_MODULE, id);
    if (object->places < 2)
        return;
    uint32_t home = o->places[object->first].module;
    for (size_t p = object->first; p != OUTLINE_NONE; p = o->places[p].next)
        home = common_home(o, home, o->places[p].module);
    for (size_t p = object->first; p != OUTLINE_NONE; p = o->places[p].next)
        add_tie(t, home, p, object->first, identity, 0);
}

static void tie_storage(treehash *t, uint32_t id) {
    const outline *o = t->outline;
    const outline_storage *storage = &o->storages[id];
    uint64_t identity = mix(TAG_STORAGE, id);
    if (storage->places < 2)
        return;
    size_t first = o->tensors[storage->first].first;
    uint32_t home = o->places[first].module;
    for (uint32_t v = storage->first; v != UINT32_MAX; v = o->next_view[v]) {
        for (size_t p = o->tensors[v].first; p != OUTLINE_NONE; p = o->places[p].next)
            home = common_home(o, home, o->places[p].module);
    }
    for (uint32_t v = storage->first; v != UINT32_MAX; v = o->next_view[v]) {
        uint64_t offset = ckpt_tensor_storage_offset(ckpt_tensor_by_id(o->c, v));
        for (size_t p = o->tensors[v].first; p != OUTLINE_NONE; p = o->places[p].next)
            add_tie(t, home, p, first, identity, offset);
    }
}

treehash treehash_of(const outline *o) {
    uint32_t count = ckpt_module_count(o->c);
    treehash t = {.outline = o,
                  .modules = tool_new(count, sizeof *t.modules),
                  .ties = tool_new(count, sizeof *t.ties)};
    for (uint32_t i = 0; i < o->order_count; i++)
        tie_modules(&t, o->order[i]);
    for (uint32_t i = 0; i < ckpt_storage_count(o->c); i++)
        tie_storage(&t, i);
    /* Children are met after their parents: from the end, they are ready first. */
    for (uint32_t i = o->order_count; i-- > 0;)
        t.modules[o->order[i]] = hash_module(&t, o->order[i]);
    return t;
}

void treehash_free(treehash *h) {
    free(h->modules);
    free(h->ties);
}

uint64_t treehash_member(const treehash *h, size_t place) {
    const outline *o = h->outline;
    ckpt_member member = outline_member(o, place);
    if (member.kind == CKPT_MEMBER_MODULE) {
        const outline_object *object = &o->modules[member.module.id].object;
        if (object->first != place)
            return mix(TAG_REFERENCE, member.module.id);
        return mix(h->modules[member.module.id], object->places > 1 ? member.module.id + 1u : 0);
    }
    const outline_object *object = &o->tensors[member.tensor.id];
    ckpt_storage storage = ckpt_tensor_storage(member.tensor);
    uint64_t key = mix_tensor(0, o, member.tensor);
    if (object->places > 1)
        key = mix(mix(key, member.tensor.id), object->first == place);
    else if (o->storages[storage.id].places > 1)
        key = mix(key, storage.id + 1u);
    return key;
}
