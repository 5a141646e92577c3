/* SPDX-License-Identifier: MIT */
/* Runs of members that repeat themselves: 0, 1, 2, ... built alike. */
#ifndef TREEFOLD_H
#define TREEFOLD_H

#include <stdint.h>

#include "treehash.h"

/* Members [first, first + period * repeats) of a module, every period of them like the first. */
typedef struct fold {
    uint32_t first;
    uint32_t period;
    uint32_t repeats; /* 1: a member by itself; then period is 1 */
} fold;

/* The places of a module's members, and the runs they fall into; free both. Members fold when
 * their names count on: "0", "1", "2" or "block7", "block8". A single module that is repeated folds
 * from two on, a single tensor and a sequence of several from three on. */
typedef struct folded_members {
    size_t *places;
    uint32_t count;
    fold *folds;
    uint32_t fold_count;
} folded_members;

folded_members fold_members(const treehash *h, uint32_t module, bool unfold);
void folded_members_free(folded_members *m);

#endif
