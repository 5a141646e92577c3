/* SPDX-License-Identifier: MIT */
/* The hashes of states that have been looked at. */
#ifndef STATESET_H
#define STATESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zeros is an empty set. */
typedef struct state_set {
    uint64_t *hashes; /* 0 is a free place */
    size_t count, room;
} state_set;

bool state_set_add(state_set *set, uint64_t hash); /* false: it was there */
void state_set_free(state_set *set);

#endif
