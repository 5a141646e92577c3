/* SPDX-License-Identifier: MIT */
/* Order in the graph of modules, found without recursion: a changed checkpoint can be as deep as
 * somebody cares to make it. */
#ifndef CK_TOPOLOGY_H
#define CK_TOPOLOGY_H

#include <ckpt/model.h>

#include "base/hashmap.h"
#include "base/memory.h"

typedef struct ck_topology {
    ck_memory memory;
    size_t module_count; /* of the checkpoint */
    uint32_t *order;     /* modules that can be reached from the start, each before its members */
    uint32_t count;
    uint32_t *number;  /* by module: its place in order, UINT32_MAX when it cannot be reached */
    ck_hashmap places; /* the same in place of number, where the start is not the root */
} ck_topology;

/* The canonical order of the specification (section 13). From a module other than the root, it
 * costs what lies below that module, however large the checkpoint is. */
ckpt_status ck_topology_create(ckpt_module start, ck_topology *ret_topology, ckpt_error *err);
void ck_topology_free(ck_topology *topology);
/* The place of a module in order. */
uint32_t ck_topology_place(const ck_topology *topology, uint32_t module);

ckpt_status ck_module_reaches(ckpt_module from, ckpt_module to, bool *ret_reaches, ckpt_error *err);

#endif
