/* SPDX-License-Identifier: MIT */
#include "exchange/safetensors_plan.h"

#include "base/checked.h"
#include "base/sort.h"
#include "exchange/safetensors_tags.h"
#include "model/tensor.h"

#include <string.h>

#define MAX_NAMES_SIZE 100000000u /* of a header, which holds them all */

/* ---- which names are one tensor ---- */

/* The order of this is of no meaning; it only brings equal views of a storage together. */
static int compare_views(const void *a, const void *b) {
    const ck_flat_entry *x = *(const ck_flat_entry *const *)a;
    const ck_flat_entry *y = *(const ck_flat_entry *const *)b;
    const ckpt *c = x->tensor.owner;
    const ck_tensor_rec *s = ck_tensor_at(c, x->tensor.id), *t = ck_tensor_at(c, y->tensor.id);
    if (s->storage != t->storage)
        return s->storage < t->storage ? -1 : 1;
    if (s->offset != t->offset)
        return s->offset < t->offset ? -1 : 1;
    if (s->dtype != t->dtype)
        return s->dtype < t->dtype ? -1 : 1;
    if (s->rank != t->rank)
        return s->rank < t->rank ? -1 : 1;
    for (uint32_t i = 0; i < s->rank; i++) {
        uint64_t m = ckpt_tensor_shape(x->tensor)[i], n = ckpt_tensor_shape(y->tensor)[i];
        if (m != n)
            return m < n ? -1 : 1;
        m = ckpt_tensor_stride(x->tensor, i);
        n = ckpt_tensor_stride(y->tensor, i);
        if (m != n)
            return m < n ? -1 : 1;
    }
    return x->same < y->same ? -1 : x->same > y->same;
}

static bool is_same_view(const ck_flat_entry *x, const ck_flat_entry *y) {
    ck_flat_entry twin = *y;
    const ck_flat_entry *a = x, *b = &twin;
    twin.same = x->same;
    return compare_views(&a, &b) == 0;
}

/* kept[i] becomes the first entry of the same tensor, or of another that is the same view. */
static ckpt_status group_views(ck_safetensors_plan *plan, ckpt_error *err) {
    const ck_memory *memory = &plan->flat.memory;
    uint32_t all = ck_flat_count(&plan->flat), count = 0;
    const ck_flat_entry **views = ck_alloc(memory, all, sizeof(const ck_flat_entry *));
    if (views == NULL)
        return ck_fail_nomem(err);
    for (uint32_t i = 0; i < all; i++) {
        if (ck_flat_at(&plan->flat, i)->same == i)
            views[count++] = ck_flat_at(&plan->flat, i);
    }
    bool sorted = ck_sort(memory, views, count, sizeof(const ck_flat_entry *), compare_views);
    for (uint32_t i = 0; sorted && i < count; i++) {
        bool is_twin = i > 0 && is_same_view(views[i - 1], views[i]);
        plan->kept[views[i]->same] = is_twin ? plan->kept[views[i - 1]->same] : views[i]->same;
    }
    ck_free(memory, views, all, sizeof(const ck_flat_entry *));
    for (uint32_t i = 0; sorted && i < all; i++)
        plan->kept[i] = plan->kept[ck_flat_at(&plan->flat, i)->same];
    return sorted ? CKPT_OK : ck_fail_nomem(err);
}

static bool is_reserved(const char *name) {
    return strcmp(name, "__metadata__") == 0;
}

/* A string that the checkpoint has in its metadata under the name is not overwritten. */
static bool can_drop(const ck_safetensors_plan *plan, uint32_t entry, uint32_t kept) {
    const char *text = ckpt_value_string(
        ckpt_map_get(ckpt_metadata(plan->flat.c), ck_flat_name(&plan->flat, entry)));
    const char *name = ck_flat_name(&plan->flat, kept);
    return text == NULL || (strcmp(text, name) == 0 && !is_reserved(name));
}

/* Of the names of a tensor the first one in the order of their bytes is kept. */
static ckpt_status choose_names(ck_safetensors_plan *plan, ckpt_error *err) {
    const ck_flat *flat = &plan->flat;
    const ck_memory *memory = &flat->memory;
    uint32_t all = ck_flat_count(flat);
    uint32_t *best = ck_alloc(memory, all, sizeof *best);
    if (best == NULL)
        return ck_fail_nomem(err);
    memset(best, 0xff, all * sizeof *best);
    for (uint32_t i = 0; i < all; i++) {
        uint32_t *b = &best[plan->kept[i]];
        if (*b == CK_NONE || strcmp(ck_flat_name(flat, i), ck_flat_name(flat, *b)) < 0)
            *b = i;
    }
    for (uint32_t i = 0; i < all; i++) {
        uint32_t b = best[plan->kept[i]];
        plan->kept[i] = can_drop(plan, i, b) ? b : i;
    }
    ck_free(memory, best, all, sizeof *best);
    return CKPT_OK;
}

bool ck_safetensors_is_dropped(const ck_safetensors_plan *plan, uint32_t entry) {
    return plan->kept[entry] != entry;
}

/* ---- what is written ---- */

static ckpt_status add_item(ck_safetensors_plan *plan, uint32_t i, ckpt_error *err) {
    const ck_flat_entry *entry = ck_flat_at(&plan->flat, i);
    int order = ck_safetensors_order(ckpt_tensor_dtype(entry->tensor));
    if (order < 0)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "tensor '%s': safetensors has no element type like %s",
                       CK_NAME(ck_flat_name(&plan->flat, i)),
                       CK_NAME(ckpt_tensor_dtype_info(entry->tensor).name));
    if (!ck_add(plan->total, entry->nbytes, &plan->total) || plan->total >= CK_SIZE_LIMIT)
        return ck_fail(err, CKPT_E_OVERFLOW, "the tensors have 2^63 bytes or more together");
    ck_safetensors_item item = {
        .name_size = entry->written_size, .entry = i, .order = order, .size = entry->nbytes};
    plan->items[plan->count++] = item;
    return CKPT_OK;
}

static ckpt_status collect_items(ck_safetensors_plan *plan, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    uint32_t all = ck_flat_count(&plan->flat);
    for (uint32_t i = 0; i < all && status == CKPT_OK; i++) {
        if (ck_safetensors_is_dropped(plan, i))
            continue;
        if (is_reserved(ck_flat_name(&plan->flat, i)))
            status = ck_flat_rename(&plan->flat, i, "__metadata__", strlen("__metadata__"),
                                    CK_MAX_NAME_SIZE, err);
        if (status == CKPT_OK)
            status = add_item(plan, i, err);
    }
    for (uint32_t i = 0; i < plan->count; i++)
        plan->items[i].name = ck_flat_written(&plan->flat, plan->items[i].entry);
    return status;
}

/* As split_torch_state_dict_into_shards of huggingface_hub does: in the order of the state_dict a
 * shard is filled until the next tensor would make it too large; a tensor that is too large alone
 * gets a shard before the one that is being filled. numbers has room for one of each
 * item: the place of a shard, by the order in which they were begun. */
static void divide(ck_safetensors_plan *plan, uint64_t shard_size, uint32_t *numbers) {
    uint64_t filled = 0;
    uint32_t begun = 0, done = 0, current = CK_NONE;
    for (uint32_t i = 0; i < plan->count; i++) {
        ck_safetensors_item *item = &plan->items[i];
        if (item->size > shard_size) {
            item->shard = begun++;
            numbers[item->shard] = done++;
            continue;
        }
        if (current != CK_NONE && item->size > shard_size - filled) {
            numbers[current] = done++;
            current = CK_NONE;
        }
        if (current == CK_NONE) {
            current = begun++;
            filled = 0;
        }
        item->shard = current;
        filled += item->size;
    }
    if (current != CK_NONE)
        numbers[current] = done++;
    for (uint32_t i = 0; i < plan->count; i++)
        plan->items[i].shard = numbers[plan->items[i].shard];
    plan->shards = done;
}

static ckpt_status find_shards(ck_safetensors_plan *plan, uint64_t shard_size, ckpt_error *err) {
    plan->shards = 1;
    if (shard_size == 0)
        return CKPT_OK;
    const ck_memory *memory = &plan->flat.memory;
    uint32_t *numbers = ck_alloc(memory, plan->count, sizeof *numbers);
    if (numbers == NULL)
        return ck_fail_nomem(err);
    divide(plan, shard_size, numbers);
    ck_free(memory, numbers, plan->count, sizeof *numbers);
    return CKPT_OK;
}

static int compare_items(const void *a, const void *b) {
    const ck_safetensors_item *x = a, *y = b;
    if (x->shard != y->shard)
        return x->shard < y->shard ? -1 : 1;
    if (x->order != y->order)
        return x->order > y->order ? -1 : 1;
    return strcmp(x->name, y->name);
}

static ckpt_status place(ck_safetensors_plan *plan, ckpt_error *err) {
    if (!ck_sort(&plan->flat.memory, plan->items, plan->count, sizeof *plan->items, compare_items))
        return ck_fail_nomem(err);
    for (uint32_t i = 1; i < plan->count; i++) {
        const ck_safetensors_item *before = &plan->items[i - 1];
        if (plan->items[i].shard == before->shard)
            plan->items[i].begin = before->begin + before->size;
    }
    return CKPT_OK;
}

ckpt_status ck_safetensors_plan_make(ck_safetensors_plan *plan, ckpt *c, uint64_t shard_size,
                                     ckpt_error *err) {
    memset(plan, 0, sizeof *plan);
    ckpt_status status = ck_flat_collect(&plan->flat, c, MAX_NAMES_SIZE, err);
    if (status != CKPT_OK)
        return status;
    uint32_t all = ck_flat_count(&plan->flat);
    plan->kept = ck_alloc(&c->memory, all, sizeof *plan->kept);
    plan->items = ck_alloc(&c->memory, all, sizeof *plan->items);
    status =
        plan->kept != NULL && plan->items != NULL ? group_views(plan, err) : ck_fail_nomem(err);
    if (status == CKPT_OK)
        status = choose_names(plan, err);
    if (status == CKPT_OK)
        status = collect_items(plan, err);
    if (status == CKPT_OK)
        status = find_shards(plan, shard_size, err);
    return status == CKPT_OK ? place(plan, err) : status;
}

void ck_safetensors_plan_clear(ck_safetensors_plan *plan) {
    uint32_t all = ck_flat_count(&plan->flat);
    ck_free(&plan->flat.memory, plan->kept, all, sizeof *plan->kept);
    ck_free(&plan->flat.memory, plan->items, all, sizeof *plan->items);
    ck_flat_clear(&plan->flat);
}
