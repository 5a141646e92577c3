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
} ck_numbering;

typedef struct ck_collection {
    ckpt *c;
    ck_topology modules;
    ck_numbering tensors, storages, dtypes, strings, values;
    uint64_t members;
    uint64_t dimensions;
    uint64_t string_bytes; /* NULs included */
    uint64_t value_bytes;
} ck_collection;

ckpt_status ck_collect(ckpt *c, ck_collection *ret_collection, ckpt_error *err);
void ck_collection_free(ck_collection *collection);

#endif
