/* SPDX-License-Identifier: MIT */
#include "container/collect.h"

#include "base/sort.h"

#include <string.h>

static bool numbering_create(const ck_memory *memory, ck_numbering *numbering, size_t room) {
    numbering->room = numbering->order_room = room;
    numbering->order = ck_alloc(memory, room, sizeof(uint32_t));
    numbering->number = ck_alloc(memory, room, sizeof(uint32_t));
    if (numbering->order == NULL || numbering->number == NULL)
        return false;
    if (room != 0)
        memset(numbering->number, 0xff, room * sizeof(uint32_t));
    return true;
}

static void numbering_free(const ck_memory *memory, ck_numbering *numbering) {
    ck_free(memory, numbering->order, numbering->order_room, sizeof(uint32_t));
    ck_free(memory, numbering->number, numbering->room, sizeof(uint32_t));
}

/* Gives the next number to an object that has none yet; true when it was new. */
static bool take(ck_numbering *numbering, uint32_t old) {
    if (numbering->number[old] != CK_NONE)
        return false;
    numbering->number[old] = numbering->count;
    numbering->order[numbering->count++] = old;
    return true;
}

static void take_tensor(ck_collection *all, uint32_t id) {
    const ckpt *c = all->c;
    const ck_tensor_rec *rec = ck_tensor_at(c, id);
    if (!take(&all->tensors, id))
        return;
    take(&all->storages, rec->storage);
    if (take(&all->dtypes, rec->dtype))
        take(&all->strings, ck_dtype_at(c, rec->dtype)->name);
    all->dimensions += (rec->flags & CK_TENSOR_STRIDED) ? 2u * rec->rank : rec->rank;
}

static void take_modules(ck_collection *all) {
    const ckpt *c = all->c;
    for (uint32_t m = 0; m < all->modules.count; m++) {
        const ck_module_rec *rec = ck_module_rec_at(c, all->modules.order[m]);
        take(&all->strings, rec->type);
        all->members += rec->member_count;
        for (uint32_t i = 0; i < rec->member_count; i++) {
            const ck_member_rec *member = ck_member_at(c, rec->first_member + i);
            take(&all->strings, member->name);
            if (member->kind == CK_MEMBER_TENSOR)
                take_tensor(all, member->target);
        }
    }
}

/* Roots first; then `order` is its own queue: breadth first. */
static void take_values(ck_collection *all) {
    const ckpt *c = all->c;
    take(&all->values, 0);
    for (uint32_t m = 0; m < all->modules.count; m++)
        take(&all->values, ck_attributes_of(c, all->modules.order[m]));
    for (uint32_t v = 0; v < all->values.count; v++) {
        const ck_value_rec *rec = ck_value_at(c, all->values.order[v]);
        if (rec->key != CK_NONE)
            take(&all->strings, rec->key);
        if (rec->type == CKPT_VALUE_STRING)
            take(&all->strings, (uint32_t)rec->payload);
        else if (rec->type == CKPT_VALUE_BYTES)
            all->value_bytes += rec->count;
        if (rec->type != CKPT_VALUE_LIST && rec->type != CKPT_VALUE_MAP)
            continue;
        for (uint32_t i = 0; i < rec->count; i++)
            take(&all->values, (uint32_t)(rec->payload + i));
    }
}

typedef struct text {
    const char *bytes;
    size_t size;
    uint32_t string;
} text;

static int compare_texts(const void *a, const void *b) {
    const text *x = a, *y = b;
    size_t common = x->size < y->size ? x->size : y->size;
    int order = common != 0 ? memcmp(x->bytes, y->bytes, common) : 0;
    return order != 0 ? order : x->size < y->size ? -1 : x->size > y->size;
}

static bool sort_strings(ck_collection *all) {
    const ckpt *c = all->c;
    size_t count = all->strings.count;
    text *texts = ck_alloc(&c->memory, count, sizeof(text));
    if (texts == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        texts[i].string = all->strings.order[i];
        texts[i].bytes = ck_string(c, texts[i].string, &texts[i].size);
        all->string_bytes += texts[i].size + 1;
    }
    bool sorted = ck_sort(&c->memory, texts, count, sizeof(text), compare_texts);
    for (uint32_t i = 0; i < count && sorted; i++) {
        all->strings.order[i] = texts[i].string;
        all->strings.number[texts[i].string] = i;
    }
    ck_free(&c->memory, texts, count, sizeof(text));
    return sorted;
}

/* By the new numbers of their names. */
static bool sort_dtypes(ck_collection *all) {
    const ckpt *c = all->c;
    size_t count = all->dtypes.count;
    uint64_t *pairs = ck_alloc(&c->memory, count, sizeof(uint64_t));
    if (pairs == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t old = all->dtypes.order[i];
        pairs[i] = ck_pair(all->strings.number[ck_dtype_at(c, old)->name], old);
    }
    bool sorted = ck_sort(&c->memory, pairs, count, sizeof(uint64_t), ck_compare_numbers);
    for (uint32_t i = 0; i < count && sorted; i++) {
        all->dtypes.order[i] = (uint32_t)pairs[i];
        all->dtypes.number[(uint32_t)pairs[i]] = i;
    }
    ck_free(&c->memory, pairs, count, sizeof(uint64_t));
    return sorted;
}

ckpt_status ck_collect(ckpt *c, ck_collection *ret_collection, ckpt_error *err) {
    ck_collection all;
    memset(&all, 0, sizeof all);
    all.c = c;
    ckpt_status status = ck_topology_create(ckpt_root(c), &all.modules, err);
    if (status != CKPT_OK)
        return status;
    bool complete = numbering_create(&c->memory, &all.tensors, c->tensors.count) &&
                    numbering_create(&c->memory, &all.storages, c->storages.count) &&
                    numbering_create(&c->memory, &all.dtypes, c->dtypes.count) &&
                    numbering_create(&c->memory, &all.strings, ck_string_count(c)) &&
                    numbering_create(&c->memory, &all.values, c->values.count);
    if (complete) {
        take_modules(&all);
        take_values(&all);
        complete = sort_strings(&all) && sort_dtypes(&all);
    }
    if (!complete) {
        ck_collection_free(&all);
        return ck_fail_nomem(err);
    }
    *ret_collection = all;
    return CKPT_OK;
}

const char *ck_collected_string(const ck_collection *all, uint32_t i, size_t *ret_size) {
    uint32_t old = all->strings.order[i];
    if (old < all->strings.room)
        return ck_string(all->c, old, ret_size);
    const char *added = all->texts[old - all->strings.room];
    *ret_size = strlen(added);
    return added;
}

static int compare_with(const ck_collection *all, uint32_t i, const char *added) {
    text a = {NULL, 0, 0}, b = {added, strlen(added), 0};
    a.bytes = ck_collected_string(all, i, &a.size);
    return compare_texts(&a, &b);
}

/* Both are sorted; a text that is there already is not added. */
static void merge_texts(ck_collection *all, uint32_t count, uint32_t *order,
                        uint32_t *ret_numbers) {
    uint32_t next = 0, added = 0, place = 0;
    while (next < all->strings.count || added < count) {
        int difference = next == all->strings.count ? 1
                         : added == count           ? -1
                                                    : compare_with(all, next, all->texts[added]);
        if (difference <= 0)
            order[place] = all->strings.order[next++];
        else
            order[place] = (uint32_t)all->strings.room + added;
        if (difference > 0)
            all->string_bytes += strlen(all->texts[added]) + 1;
        if (difference >= 0)
            ret_numbers[added++] = place;
        place++;
    }
    all->strings.count = place;
}

ckpt_status ck_collect_texts(ck_collection *all, const char *const *texts, uint32_t count,
                             uint32_t *ret_numbers, ckpt_error *err) {
    ck_numbering *strings = &all->strings;
    const ck_memory *memory = &all->c->memory;
    if (count >= CK_NONE - 1 - strings->room)
        return ck_fail(err, CKPT_E_LIMIT, "too many strings");
    size_t room = strings->room + count;
    uint32_t *order = ck_alloc(memory, room, sizeof *order);
    if (order == NULL)
        return ck_fail_nomem(err);
    all->texts = texts;
    merge_texts(all, count, order, ret_numbers);
    ck_free(memory, strings->order, strings->order_room, sizeof(uint32_t));
    strings->order = order;
    strings->order_room = room;
    for (uint32_t i = 0; i < strings->count; i++) {
        if (order[i] < strings->room)
            strings->number[order[i]] = i;
    }
    return CKPT_OK;
}

void ck_collection_free(ck_collection *collection) {
    const ck_memory *memory = &collection->c->memory;
    ck_topology_free(&collection->modules);
    numbering_free(memory, &collection->tensors);
    numbering_free(memory, &collection->storages);
    numbering_free(memory, &collection->dtypes);
    numbering_free(memory, &collection->strings);
    numbering_free(memory, &collection->values);
}
