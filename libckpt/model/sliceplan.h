/* SPDX-License-Identifier: MIT */
/* How the elements of a slice are copied: loops over runs of bytes. */
#ifndef CK_SLICEPLAN_H
#define CK_SLICEPLAN_H

#include "model/geometry.h"
#include "model/records.h"

#include <ckpt/model.h>

typedef struct ck_loop {
    uint64_t count; /* at least 2 */
    uint64_t from;  /* bytes to the next run in the storage */
    uint64_t to;    /* and in the destination */
} ck_loop;

/* The loops stand so that the storage is read from its beginning to its end, whatever the order of
 * the dimensions; the last one is the innermost. */
typedef struct ck_slice_plan {
    ck_loop loops[CK_MAX_RANK];
    uint32_t depth;
    uint64_t start; /* of the first element in the storage, in bytes */
    uint64_t run;   /* bytes that lie together in both; 0 for an empty slice */
    uint64_t size;  /* bytes in the destination */
    uint64_t span;  /* bytes from the first element to the end of the last */
    bool ascending; /* no run begins before the one that comes before it */
} ck_slice_plan;

/* slices NULL: everything. The geometry must be sound. */
ckpt_status ck_plan_slice(const ck_geometry *g, const ckpt_slice *slices, ck_slice_plan *ret_plan,
                          ckpt_error *err);

/* What the places [first, first + count) of the outermost loop do; there must be one. It goes to
 * the destination from first times `to` of that loop on. */
ck_slice_plan ck_plan_part(const ck_slice_plan *plan, uint64_t first, uint64_t count);

/* A walk through the runs. */
typedef struct ck_slice_walk {
    const ck_slice_plan *plan;
    uint64_t place[CK_MAX_RANK];
    uint64_t from; /* of the run, in the storage */
    uint64_t to;   /* in the destination */
} ck_slice_walk;

void ck_walk_begin(ck_slice_walk *walk, const ck_slice_plan *plan);
bool ck_walk_next(ck_slice_walk *walk); /* false: that was the last run */

#endif
