/* SPDX-License-Identifier: MIT */
/* What ckpt_copy is going to add: the tree of the new names, each with what it is made of. */
#ifndef CK_COPYPLAN_H
#define CK_COPYPLAN_H

#include "model/object.h"

#include <ckpt/copy.h>

typedef struct ck_copy_node {
    uint32_t parent; /* a node before this one; the root is node 0 and its own parent */
    uint32_t name;   /* a string of the target */
    uint32_t kind;   /* as in ck_member_rec */
    uint32_t source; /* module or tensor of the other checkpoint; CK_NONE: a module of type "" */
    uint32_t twin;   /* node that becomes the same module, perhaps this one */
    uint32_t first_child, last_child, next; /* CK_NONE at the ends */
} ck_copy_node;

/* For modules of the other checkpoint. */
enum {
    CK_COPY_KEPT = 1 /* something in it is kept */,
    CK_COPY_PLACED = 2 /* a node is made of it */
};

typedef struct ck_copy_plan {
    ckpt *to, *from;
    ckpt_copy_options options;
    ck_losses losses;
    ck_table nodes;         /* of ck_copy_node */
    ck_hashmap places;      /* parent << 32 | name to node */
    unsigned char *modules; /* by module of `from`: CK_COPY_... */
    size_t module_count;
    uint8_t *dtypes; /* by tensor of `from`: its dtype in the copy + 1; 0: not kept yet */
    size_t tensor_count;
} ck_copy_plan;

static inline ck_copy_node *ck_copy_node_at(const ck_copy_plan *plan, uint32_t i) {
    return (ck_copy_node *)plan->nodes.records + i;
}

/* to and from differ; options is known. */
ckpt_status ck_copy_plan_create(ck_copy_plan *plan, ckpt *to, ckpt *from,
                                const ckpt_copy_options *options, ckpt_error *err);
void ck_copy_plan_free(ck_copy_plan *plan);

/* Gives a dotted name to a module or tensor of `from`; nodes are made on the way. A module whose
 * name has a node already takes that. */
ckpt_status ck_copy_place(ck_copy_plan *plan, const char *name, size_t size, uint32_t kind,
                          uint32_t source, uint32_t *ret_node, ckpt_error *err);
/* Lets a module node be made of a module of `from`, unless it is made of one already. */
void ck_copy_assign(ck_copy_plan *plan, uint32_t node, uint32_t module);

/* Finds the nodes that are made of one module and are alike: they are one module again. */
ckpt_status ck_copy_find_twins(ck_copy_plan *plan, ckpt_error *err);

/* Adds everything to the target. */
ckpt_status ck_copy_emit(ck_copy_plan *plan, ckpt_error *err);

#endif
