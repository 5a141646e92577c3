/* SPDX-License-Identifier: MIT */
#include "base/hashmap.h"

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection in which every input bit
 * reaches every output bit. */
uint64_t ck_hash_mix(uint64_t key) {
    key += 0x9e3779b97f4a7c15u;
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
    return key ^ (key >> 31);
}

static size_t home_of(const ck_hashmap *map, uint64_t key) {
    return (size_t)ck_hash_mix(key ^ map->seed) & (map->capacity - 1);
}

/* The slot of key, or the empty one where it would go. There always is an empty slot. */
static size_t find_slot(const ck_hashmap *map, uint64_t key) {
    size_t mask = map->capacity - 1;
    size_t i = home_of(map, key);
    while (map->slots[i].used && map->slots[i].key != key)
        i = (i + 1) & mask;
    return i;
}

uint32_t ck_hashmap_get(const ck_hashmap *map, uint64_t key) {
    if (map->capacity == 0)
        return CK_HASH_NONE;
    const ck_hash_slot *slot = &map->slots[find_slot(map, key)];
    return slot->used ? slot->value : CK_HASH_NONE;
}

bool ck_hashmap_reserve(const ck_memory *memory, ck_hashmap *map, size_t extra) {
    if (extra > SIZE_MAX / 4 - map->count)
        return false;
    size_t wanted = map->count + extra, capacity = map->capacity != 0 ? map->capacity : 16;
    while (capacity / 4 * 3 < wanted)
        capacity *= 2;
    if (capacity == map->capacity)
        return true;
    ck_hashmap grown = {ck_calloc(memory, capacity, sizeof(ck_hash_slot)), capacity, map->count,
                        map->seed};
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].used)
            grown.slots[find_slot(&grown, map->slots[i].key)] = map->slots[i];
    }
    ck_free(memory, map->slots, map->capacity, sizeof(ck_hash_slot));
    *map = grown;
    return true;
}

bool ck_hashmap_set(const ck_memory *memory, ck_hashmap *map, uint64_t key, uint32_t value) {
    ck_hash_slot *slot = map->capacity != 0 ? &map->slots[find_slot(map, key)] : NULL;
    if (slot != NULL && slot->used) {
        slot->value = value;
        return true;
    }
    size_t capacity = map->capacity;
    if (!ck_hashmap_reserve(memory, map, 1))
        return false;
    if (map->capacity != capacity)
        slot = &map->slots[find_slot(map, key)];
    slot->used = 1;
    slot->key = key;
    slot->value = value;
    map->count++;
    return true;
}

/* Closes the gap by moving back those that probing had pushed behind it (Knuth, volume 3, 6.4,
 * algorithm R), so that no tombstones are needed. */
void ck_hashmap_remove(ck_hashmap *map, uint64_t key) {
    if (map->capacity == 0)
        return;
    size_t mask = map->capacity - 1;
    size_t hole = find_slot(map, key);
    if (!map->slots[hole].used)
        return;
    map->count--;
    for (size_t i = (hole + 1) & mask; map->slots[i].used; i = (i + 1) & mask) {
        size_t home = home_of(map, map->slots[i].key);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole].used = 0;
}

void ck_hashmap_clear(const ck_memory *memory, ck_hashmap *map) {
    ck_free(memory, map->slots, map->capacity, sizeof(ck_hash_slot));
    map->slots = NULL;
    map->capacity = map->count = 0;
}
