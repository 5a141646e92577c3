/* SPDX-License-Identifier: MIT */
/* The canonical order of a checkpoint: which objects a file gets, and with which numbers
 * (spec/ckpt-format.md, section 13). */
#ifndef CK_COLLECT_H
#define CK_COLLECT_H

#include "model/object.h"
#include "model/topology.h"

/* Old numbers in new order, and, behind a pointer that maps the other way, CK_NONE for what is left
 * out. Lists have room for all objects of the checkpoint. */
typedef struct ck_numbering {
    uint32_t *order;  /* by new number: the old one */
    uint32_t *number; /* by old number: the new one */
    uint32_t count;
    size_t room; /* objects in the checkpoint */
    size_t order_room;
} ck_numbering;

typedef struct ck_collection {
    ckpt *c;
    ck_topology modules;
    ck_numbering tensors, storages, dtypes, strings, values;
    uint64_t members;
    uint64_t dimensions;
    uint64_t string_bytes; /* NULs included */
    uint64_t value_bytes;
    const char *const
        *texts; /* strings that are not the checkpoint's have numbers behind its own */
} ck_collection;

ckpt_status ck_collect(ckpt *c, ck_collection *ret_collection, ckpt_error *err);
/* Adds texts to the strings, once: count of them, strictly ascending, which stay the caller's and
 * must live as long. Tells the numbers that they get. */
ckpt_status ck_collect_texts(ck_collection *all, const char *const *texts, uint32_t count,
                             uint32_t *ret_numbers, ckpt_error *err);
/* String i in the new order. */
const char *ck_collected_string(const ck_collection *all, uint32_t i, size_t *ret_size);
void ck_collection_free(ck_collection *collection);

#endif
