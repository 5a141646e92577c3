/* SPDX-License-Identifier: MIT */
/* A map from 64-bit keys to 32-bit numbers, by open addressing. The keys are mixed. Where a
 * stranger may choose which of very many keys a map gets (pairs of numbers from a file), a seed
 * that he does not know keeps him from choosing keys that collide. */
#ifndef CK_HASHMAP_H
#define CK_HASHMAP_H

#include "base/memory.h"

typedef struct ck_hash_slot {
    uint64_t key;
    uint32_t value;
    uint32_t used;
} ck_hash_slot;

/* All zeros is an empty map. */
typedef struct ck_hashmap {
    ck_hash_slot *slots;
    size_t capacity; /* a power of two or 0 */
    size_t count;
    uint64_t seed; /* set before the first key, if at all */
} ck_hashmap;

#define CK_HASH_NONE UINT32_MAX

uint64_t ck_hash_mix(uint64_t key);
uint32_t ck_hashmap_get(const ck_hashmap *map, uint64_t key); /* CK_HASH_NONE when absent */
bool ck_hashmap_reserve(const ck_memory *memory, ck_hashmap *map, size_t extra);
/* Sets or replaces. False when memory runs out; never when it replaces or after a reserve. */
bool ck_hashmap_set(const ck_memory *memory, ck_hashmap *map, uint64_t key, uint32_t value);
void ck_hashmap_remove(ck_hashmap *map, uint64_t key);
void ck_hashmap_clear(const ck_memory *memory, ck_hashmap *map); /* keeps the seed */

#endif
