/* SPDX-License-Identifier: MIT */
#include "model/lookup.h"

#include <stddef.h>
#include <string.h>

static int compare(const ckpt *c, const char *text, size_t size, uint32_t string) {
    size_t other_size;
    const char *other = ck_string(c, string, &other_size);
    size_t common = size < other_size ? size : other_size;
    int order = common != 0 ? memcmp(text, other, common) : 0;
    if (order != 0)
        return order;
    return size < other_size ? -1 : size > other_size;
}

/* A run of records that begin with the number of a text, and have at order_offset the place of the
 * record that stands there in the order of texts: members and elements of maps are both so. */
typedef struct sorted_run {
    const void *records;
    size_t record_size;
    size_t order_offset;
    uint32_t count;
} sorted_run;

static uint32_t field_of(const sorted_run *run, uint32_t i, size_t offset) {
    uint32_t field;
    memcpy(&field, (const char *)run->records + i * run->record_size + offset, sizeof field);
    return field;
}

static uint32_t search(const ckpt *c, const sorted_run *run, const char *text, size_t size) {
    uint32_t low = 0, high = run->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t place = field_of(run, middle, run->order_offset);
        int order = compare(c, text, size, field_of(run, place, 0));
        if (order == 0)
            return place;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return CK_NONE;
}

static uint32_t shift_of(const ck_hashmap *shifts, uint64_t key) {
    uint32_t shift = shifts->count != 0 ? ck_hashmap_get(shifts, key) : CK_HASH_NONE;
    return shift != CK_HASH_NONE ? shift : 0;
}

uint32_t ck_member_shift(const ckpt *c, uint32_t module) {
    return shift_of(&c->member_shifts, module);
}

uint32_t ck_value_shift(const ckpt *c, uint64_t first) {
    return shift_of(&c->value_shifts, first);
}

uint32_t ck_find_member(const ckpt *c, uint32_t module, const char *name, size_t size) {
    const ck_module_rec *rec = ck_module_rec_at(c, module);
    if (!c->thawed) {
        sorted_run run = {ck_member_at(c, rec->first_member), sizeof(ck_member_rec),
                          offsetof(ck_member_rec, by_name), rec->member_count};
        return search(c, &run, name, size);
    }
    uint32_t string = ck_find_string(c, name, size);
    if (string == CK_NONE)
        return CK_NONE;
    uint32_t place = ck_hashmap_get(&c->member_index, ck_pair(module, string));
    return place != CK_HASH_NONE ? place - ck_member_shift(c, module) : CK_NONE;
}

uint32_t ck_find_element(const ckpt *c, uint32_t map, const char *key, size_t size) {
    const ck_value_rec *rec = ck_value_at(c, map);
    if (rec->count == 0)
        return CK_NONE;
    if (!c->thawed) {
        sorted_run run = {ck_value_at(c, rec->payload), sizeof(ck_value_rec),
                          offsetof(ck_value_rec, by_key), rec->count};
        return search(c, &run, key, size);
    }
    uint32_t string = ck_find_string(c, key, size);
    if (string == CK_NONE)
        return CK_NONE;
    uint32_t shift = ck_value_shift(c, rec->payload);
    uint32_t place = ck_hashmap_get(&c->value_index, ck_pair(rec->payload - shift, string));
    return place != CK_HASH_NONE ? place - shift : CK_NONE;
}
