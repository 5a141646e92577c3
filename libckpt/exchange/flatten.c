/* SPDX-License-Identifier: MIT */
#include "exchange/flatten.h"

#include <ckpt/walk.h>

#include <stdio.h>
#include <string.h>

/* ---- collecting ---- */

/* The first entry of each tensor and of each storage; CK_NONE before there is one. */
typedef struct firsts {
    uint32_t *of_tensor, *of_storage;
    size_t tensors, storages;
} firsts;

static bool firsts_open(firsts *f, const ckpt *c) {
    f->tensors = c->tensors.count;
    f->storages = c->storages.count;
    f->of_tensor = ck_alloc(&c->memory, f->tensors, sizeof *f->of_tensor);
    f->of_storage = ck_alloc(&c->memory, f->storages, sizeof *f->of_storage);
    if (f->of_tensor == NULL || f->of_storage == NULL)
        return false;
    memset(f->of_tensor, 0xff, f->tensors * sizeof *f->of_tensor);
    memset(f->of_storage, 0xff, f->storages * sizeof *f->of_storage);
    return true;
}

static void firsts_close(firsts *f, const ckpt *c) {
    ck_free(&c->memory, f->of_tensor, f->tensors, sizeof *f->of_tensor);
    ck_free(&c->memory, f->of_storage, f->storages, sizeof *f->of_storage);
}

static uint32_t first_of(uint32_t *first, uint32_t number) {
    if (*first == CK_NONE)
        *first = number;
    return *first;
}

static ckpt_status add_entry(ck_flat *flat, firsts *f, const ckpt_walk_item *item,
                             ckpt_error *err) {
    const ck_tensor_rec *rec = ck_tensor_at(flat->c, item->tensor.id);
    uint32_t number = ck_flat_count(flat);
    ck_flat_entry entry = {.tensor = item->tensor,
                           .name = flat->text.size,
                           .name_size = item->name_size,
                           .written = flat->text.size,
                           .written_size = item->name_size,
                           .nbytes = ckpt_tensor_nbytes(item->tensor),
                           .same = first_of(&f->of_tensor[item->tensor.id], number),
                           .same_storage = first_of(&f->of_storage[rec->storage], number),
                           .dense = ckpt_tensor_is_contiguous(item->tensor)};
    entry.whole =
        rec->offset == 0 && entry.nbytes == ckpt_storage_size(ckpt_tensor_storage(item->tensor));
    if (!ck_buffer_append(&flat->memory, &flat->text, item->name, item->name_size + 1) ||
        !ck_buffer_append(&flat->memory, &flat->entries, &entry, sizeof entry))
        return ck_fail_nomem(err);
    return CKPT_OK;
}

static ckpt_status add_all(ck_flat *flat, firsts *f, uint64_t max_text, ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_status status = ckpt_walk_create(ckpt_root(flat->c), CKPT_WALK_STATE_DICT, &walk, err);
    if (status != CKPT_OK)
        return status;
    while (status == CKPT_OK && ckpt_walk_next(walk, &item)) {
        if (item.name_size + 1 > max_text - flat->text.size)
            status = ck_fail(err, CKPT_E_LIMIT, "the names have more than %llu bytes together",
                             (unsigned long long)max_text);
        else
            status = add_entry(flat, f, &item, err);
    }
    ckpt_walk_free(walk);
    return status;
}

ckpt_status ck_flat_collect(ck_flat *flat, ckpt *c, uint64_t max_text, ckpt_error *err) {
    firsts f;
    memset(flat, 0, sizeof *flat);
    flat->memory = *ck_ckpt_memory(c);
    flat->c = c;
    ckpt_status status = firsts_open(&f, c) ? add_all(flat, &f, max_text, err) : ck_fail_nomem(err);
    firsts_close(&f, c);
    return status;
}

void ck_flat_clear(ck_flat *flat) {
    ck_buffer_clear(&flat->memory, &flat->entries);
    ck_buffer_clear(&flat->memory, &flat->text);
    ck_nametree_clear(&flat->memory, &flat->taken);
}

/* ---- other names ---- */

static ckpt_status take_names(ck_flat *flat, ckpt_error *err) {
    for (uint32_t i = 0; i < ck_flat_count(flat); i++) {
        if (ck_nametree_add(&flat->memory, &flat->taken, ck_flat_name(flat, i),
                            ck_flat_at(flat, i)->name_size, i) == CK_NAMETREE_NOMEM)
            return ck_fail_nomem(err);
    }
    return CKPT_OK;
}

/* The beginning of a text, at most `room` bytes, that does not end inside a character. */
static size_t cut(const char *text, size_t size, size_t room) {
    if (size <= room)
        return size;
    while (room > 0 && ((unsigned char)text[room] & 0xc0) == 0x80)
        room--;
    return room;
}

/* Puts the candidate with that number behind the text, without counting it in. */
static bool make_candidate(ck_flat *flat, const char *wanted, size_t wanted_size, size_t max_size,
                           unsigned long number, size_t *ret_size) {
    char suffix[24] = "";
    if (number > 1)
        snprintf(suffix, sizeof suffix, "~%lu", number);
    size_t suffix_size = strlen(suffix);
    size_t kept = cut(wanted, wanted_size, max_size > suffix_size ? max_size - suffix_size : 0);
    if (!ck_buffer_reserve(&flat->memory, &flat->text, kept + suffix_size + 1))
        return false;
    char *room = (char *)flat->text.bytes + flat->text.size;
    memcpy(room, wanted, kept);
    memcpy(room + kept, suffix, suffix_size + 1);
    *ret_size = kept + suffix_size;
    return true;
}

/* Names that are all cut to the same text would each try what the ones before got: the number to
 * begin with is that of the renamed entry, so that most tries succeed at once. */
ckpt_status ck_flat_rename(ck_flat *flat, uint32_t i, const char *wanted, size_t wanted_size,
                           size_t max_size, ckpt_error *err) {
    ckpt_status status = flat->taken.leaves.size == 0 ? take_names(flat, err) : CKPT_OK;
    if (status != CKPT_OK)
        return status;
    for (unsigned long number = 1;; number = number == 1 ? i + 2ul : number + 1) {
        size_t size;
        if (!make_candidate(flat, wanted, wanted_size, max_size, number, &size))
            return ck_fail_nomem(err);
        const char *name = (const char *)flat->text.bytes + flat->text.size;
        switch (ck_nametree_add(&flat->memory, &flat->taken, name, size, i)) {
        case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
        case CK_NAMETREE_KNOWN: break;
        case CK_NAMETREE_ADDED:
            ck_flat_at(flat, i)->written = flat->text.size;
            ck_flat_at(flat, i)->written_size = size;
            flat->text.size += size + 1;
            return CKPT_OK;
        }
    }
}
