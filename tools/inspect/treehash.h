/* SPDX-License-Identifier: MIT */
/* Tells which modules of a checkpoint are built alike. */
#ifndef TREEHASH_H
#define TREEHASH_H

#include <stdint.h>

#include "../common/outline.h"

typedef struct treehash {
    const outline *outline;
    uint64_t *modules; /* by module number */
    uint64_t *ties;
} treehash;

/* Two modules have the same hash when their types, attributes and members are equal, down to the
 * dtypes and shapes of the tensors, and when they share alike: inside, the same places are tied;
 * to the outside, the same places to the same objects. Time: the places of the checkpoint, those
 * that are shared times the depth of the tree. */
treehash treehash_of(const outline *o);
void treehash_free(treehash *h);

/* A key for a member of a module: members with equal keys are shown alike. */
uint64_t treehash_member(const treehash *h, size_t place);

#endif
