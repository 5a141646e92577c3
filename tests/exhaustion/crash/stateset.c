/* SPDX-License-Identifier: MIT */
#include "stateset.h"

#include <stdlib.h>

/* The place of a hash, or the free one where it would stand. */
static uint64_t *place_of(uint64_t *hashes, size_t room, uint64_t hash) {
    size_t at = (size_t)hash & (room - 1);
    while (hashes[at] != 0 && hashes[at] != hash)
        at = (at + 1) & (room - 1);
    return &hashes[at];
}

static void grow(state_set *set) {
    size_t room = set->room != 0 ? 2 * set->room : 1024;
    uint64_t *larger = calloc(room, sizeof *larger);
    if (larger == NULL)
        abort();
    for (size_t i = 0; i < set->room; i++) {
        if (set->hashes[i] != 0)
            *place_of(larger, room, set->hashes[i]) = set->hashes[i];
    }
    free(set->hashes);
    set->hashes = larger;
    set->room = room;
}

bool state_set_add(state_set *set, uint64_t hash) {
    hash += hash == 0;
    if (set->count * 2 >= set->room)
        grow(set);
    uint64_t *place = place_of(set->hashes, set->room, hash);
    if (*place == hash)
        return false;
    *place = hash;
    set->count++;
    return true;
}

void state_set_free(state_set *set) {
    free(set->hashes);
}
