/* SPDX-License-Identifier: MIT */
#include "model/measure.h"

#include "base/checked.h"
#include "model/object.h"

/* The longest ways to a module, and how many there are. */
typedef struct reach {
    uint64_t depth;
    uint64_t name_size; /* with the dot that would follow */
    uint64_t paths;
} reach;

static uint64_t greater(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static void measure_module(const ckpt *c, const ck_topology *topology, reach *reaches,
                           uint32_t place, ck_extent_of_names *extent) {
    const ck_module_rec *rec = ck_module_rec_at(c, topology->order[place]);
    const reach here = reaches[place];
    uint64_t names = ck_mul_saturated(here.paths, rec->member_count);
    extent->names = ck_add_saturated(extent->names, names);
    for (uint32_t i = 0; i < rec->member_count; i++) {
        const ck_member_rec *member = ck_member_at(c, rec->first_member + i);
        size_t component;
        ck_string(c, member->name, &component);
        uint64_t size = ck_add_saturated(here.name_size, component);
        extent->name_size = greater(extent->name_size, size);
        extent->depth = greater(extent->depth, here.depth + 1);
        if (member->kind != CK_MEMBER_MODULE)
            continue;
        reach *there = &reaches[ck_topology_place(topology, member->target)];
        there->depth = greater(there->depth, here.depth + 1);
        there->name_size = greater(there->name_size, ck_add_saturated(size, 1));
        there->paths = ck_add_saturated(there->paths, here.paths);
    }
}

ckpt_status ck_measure_names(ckpt *c, const ck_topology *topology, ck_extent_of_names *ret_extent,
                             ckpt_error *err) {
    reach *reaches = ck_calloc(&c->memory, topology->count, sizeof(reach));
    ck_extent_of_names extent = {0, 0, 0};
    if (reaches == NULL)
        return ck_fail_nomem(err);
    reaches[0].paths = 1;
    for (uint32_t place = 0; place < topology->count; place++)
        measure_module(c, topology, reaches, place, &extent);
    ck_free(&c->memory, reaches, topology->count, sizeof(reach));
    *ret_extent = extent;
    return CKPT_OK;
}
