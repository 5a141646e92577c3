/* SPDX-License-Identifier: MIT */
#include "container/reuse.h"

#include "base/sha256.h"
#include "base/sort.h"
#include "container/basefile.h"
#include "container/parts.h"

#include <string.h>

#define PIECE_SIZE ((size_t)1 << 20)

/* A storage, and what tells whether another one has the same bytes. */
typedef struct content {
    uint64_t size;
    uint8_t sha256[CK_SHA256_SIZE];
    ckpt_storage storage;
    uint32_t number; /* in the collection; of the base, unused */
} content;

typedef struct contents {
    content *items;
    size_t count, room;
} contents;

static int compare_sizes(const void *a, const void *b) {
    const content *x = a, *y = b;
    return x->size < y->size ? -1 : x->size > y->size;
}

static int compare_contents(const void *a, const void *b) {
    int order = compare_sizes(a, b);
    return order != 0
               ? order
               : memcmp(((const content *)a)->sha256, ((const content *)b)->sha256, CK_SHA256_SIZE);
}

/* Leaves those of which the other list has one of the same size; both are sorted by it. */
static void keep_common_sizes(contents *list, const contents *other) {
    size_t kept = 0, j = 0;
    for (size_t i = 0; i < list->count; i++) {
        while (j < other->count && other->items[j].size < list->items[i].size)
            j++;
        if (j < other->count && other->items[j].size == list->items[i].size)
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

static ckpt_status hash_content(content *item, unsigned char *piece,
                                const ckpt_save_options *options, uint64_t total, ckpt_error *err) {
    ck_sha256 hash;
    ck_sha256_begin(&hash);
    for (uint64_t done = 0; done < item->size;) {
        size_t size = item->size - done < PIECE_SIZE ? (size_t)(item->size - done) : PIECE_SIZE;
        ckpt_status status = ckpt_storage_read(item->storage, done, size, piece, err);
        if (status != CKPT_OK)
            return status;
        if (options->progress != NULL && !options->progress(options->ctx, 0, total))
            return ck_fail(err, CKPT_E_CANCELLED, "saving was cancelled");
        ck_sha256_add(&hash, piece, size);
        done += size;
    }
    ck_sha256_end(&hash, item->sha256);
    return CKPT_OK;
}

static ckpt_status hash_all(const ck_memory *memory, contents *list,
                            const ckpt_save_options *options, ckpt_error *err) {
    unsigned char *piece = ck_alloc(memory, PIECE_SIZE, 1);
    ckpt_status status = piece != NULL ? CKPT_OK : ck_fail_nomem(err);
    uint64_t total = 0;
    for (size_t i = 0; i < list->count; i++)
        total += list->items[i].size;
    for (size_t i = 0; i < list->count && status == CKPT_OK; i++)
        status = hash_content(&list->items[i], piece, options, total, err);
    ck_free(memory, piece, PIECE_SIZE, 1);
    if (status == CKPT_OK &&
        !ck_sort(memory, list->items, list->count, sizeof *list->items, compare_contents))
        return ck_fail_nomem(err);
    return status;
}

static void list_wanted(contents *list, const ck_collection *all, uint32_t first) {
    for (uint32_t s = first; s < all->storages.count; s++) {
        ckpt_storage storage = {all->c, all->storages.order[s]};
        content item = {.size = ckpt_storage_size(storage), .storage = storage, .number = s};
        if (item.size != 0)
            list->items[list->count++] = item;
    }
}

/* What lies in the file of the base or in a part of it that is there. */
static void list_base(contents *list, ckpt *base) {
    for (uint32_t s = 0; s < base->storages.count; s++) {
        ckpt_storage storage = {base, s};
        if (ck_storage_at(base, s)->part != CK_NONE) {
            storage.owner = ck_part_of(base, s, &storage.id);
            if (storage.owner == NULL || storage.owner->source.absent != NULL)
                continue;
        }
        content item = {.size = ckpt_storage_size(storage), .storage = storage};
        if (item.size != 0)
            list->items[list->count++] = item;
    }
}

static ckpt_status enter(ck_reuse *reuse, ck_base_file *file, const content *wanted,
                         const content *there, ck_placement *placement, ckpt_error *err) {
    ck_reused *reused = &reuse->storages[wanted->number];
    ckpt_status status =
        ck_base_file_part(file, there->storage.owner, placement, &reused->part, err);
    if (status != CKPT_OK)
        return status;
    reused->number = there->storage.id;
    reused->from = there->storage.owner;
    return CKPT_OK;
}

/* The first of equal ones for the first, the second for the second: each is used once. */
static ckpt_status pair_up(ck_reuse *reuse, ck_base_file *file, const contents *wanted,
                           const contents *there, ck_placement *placement, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    size_t i = 0, j = 0;
    while (i < wanted->count && j < there->count && status == CKPT_OK) {
        int order = compare_contents(&wanted->items[i], &there->items[j]);
        if (order == 0)
            status = enter(reuse, file, &wanted->items[i], &there->items[j], placement, err);
        i += order <= 0;
        j += order >= 0;
    }
    return status;
}

static ckpt_status find_common(ck_reuse *reuse, ck_base_file *file, contents *wanted,
                               contents *there, const ckpt_save_options *options,
                               ck_placement *placement, ckpt_error *err) {
    const ck_memory *memory = &reuse->memory;
    if (!ck_sort(memory, wanted->items, wanted->count, sizeof *wanted->items, compare_sizes) ||
        !ck_sort(memory, there->items, there->count, sizeof *there->items, compare_sizes))
        return ck_fail_nomem(err);
    keep_common_sizes(wanted, there);
    keep_common_sizes(there, wanted);
    ckpt_status status = hash_all(memory, wanted, options, err);
    if (status == CKPT_OK)
        status = hash_all(memory, there, options, err);
    return status == CKPT_OK ? pair_up(reuse, file, wanted, there, placement, err) : status;
}

static ckpt_status open_lists(ck_reuse *reuse, const ck_collection *all, uint32_t first,
                              const ckpt_save_options *options, const ck_sink *sink,
                              ck_placement *placement, ckpt_error *err) {
    const ck_memory *memory = &reuse->memory;
    ck_base_file file;
    ckpt_status status = ck_base_file_check(&file, options->base, sink->parts, memory, err);
    if (status != CKPT_OK)
        return status;
    contents wanted = {.room = all->storages.count},
             there = {.room = options->base->storages.count};
    wanted.items = ck_alloc(memory, wanted.room, sizeof *wanted.items);
    there.items = ck_alloc(memory, there.room, sizeof *there.items);
    status = wanted.items != NULL && there.items != NULL ? CKPT_OK : ck_fail_nomem(err);
    if (status == CKPT_OK) {
        list_wanted(&wanted, all, first);
        list_base(&there, options->base);
        status = find_common(reuse, &file, &wanted, &there, options, placement, err);
    }
    ck_free(memory, wanted.items, wanted.room, sizeof *wanted.items);
    ck_free(memory, there.items, there.room, sizeof *there.items);
    return status;
}

ckpt_status ck_reuse_open(ck_reuse *reuse, const ck_collection *all, uint32_t first,
                          const ckpt_save_options *options, const ck_sink *sink,
                          ck_placement *placement, ckpt_error *err) {
    if (options->base == NULL)
        return CKPT_OK;
    reuse->memory = all->c->memory;
    reuse->room = all->storages.count;
    reuse->storages = ck_calloc(&reuse->memory, reuse->room, sizeof *reuse->storages);
    if (reuse->storages == NULL)
        return ck_fail_nomem(err);
    return open_lists(reuse, all, first, options, sink, placement, err);
}

void ck_reuse_close(ck_reuse *reuse) {
    if (reuse->storages != NULL)
        ck_free(&reuse->memory, reuse->storages, reuse->room, sizeof *reuse->storages);
    reuse->storages = NULL;
}

bool ck_reuse_has(const ck_reuse *reuse, uint32_t storage) {
    return reuse->storages != NULL && reuse->storages[storage].from != NULL;
}

ckpt_status ck_reuse_place(const ck_reuse *reuse, uint32_t storage, ck_placement *placement,
                           bool *ret_is_placed, ckpt_error *err) {
    if (!ck_reuse_has(reuse, storage))
        return CKPT_OK;
    const ck_reused *reused = &reuse->storages[storage];
    *ret_is_placed = true;
    return ck_placement_keep(placement, storage, reused->from, reused->number, reused->part, err);
}
