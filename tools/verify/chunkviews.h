/* SPDX-License-Identifier: MIT */
/* Which tensors reach into a chunk. Asked for one chunk of a storage after the other, in ascending
 * order, all answers together take little more than time linear in tensors and chunks. */
#ifndef CHUNKVIEWS_H
#define CHUNKVIEWS_H

#include "../common/outline.h"

typedef struct chunk_view {
    uint32_t tensor;
    uint32_t order;      /* among those of its storage */
    uint32_t next;       /* of the open ones */
    uint64_t start, end; /* bytes of its storage that it reaches: [start, end) */
} chunk_view;

typedef struct chunk_views {
    ckpt_storage storage; /* null: none yet */
    chunk_view *views;    /* by start; tensors without elements reach nothing and are left out */
    uint32_t count;
    uint32_t met;         /* views before this one begin before the end of the last chunk */
    uint32_t first, last; /* open: met, and not yet known to end before the chunk */
} chunk_views;

/* Calls visit with the names of the tensors that reach into [low, high) of a storage, until it
 * returns false. low must not be less than in the call before, if that was for the same storage. */
void chunk_views_each_name(chunk_views *c, const outline *o, ckpt_storage storage, uint64_t low,
                           uint64_t high, outline_visit visit, void *ctx);
void chunk_views_free(chunk_views *c);

#endif
