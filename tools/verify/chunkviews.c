/* SPDX-License-Identifier: MIT */
#include "chunkviews.h"

#include <stdlib.h>

#define NO_VIEW UINT32_MAX

void chunk_views_free(chunk_views *c) {
    free(c->views);
    *c = (chunk_views){.first = NO_VIEW, .last = NO_VIEW};
}

/* The bytes of its storage that a tensor with elements reaches: [*ret_start, *ret_end). */
static void reach(ckpt_tensor tensor, uint64_t *ret_start, uint64_t *ret_end) {
    ckpt_dtype_info dtype = ckpt_tensor_dtype_info(tensor);
    uint64_t together = dtype.block_elements != 0 ? dtype.block_elements : 1;
    uint64_t first = ckpt_tensor_storage_offset(tensor), last = first;
    for (uint32_t d = 0; d < ckpt_tensor_rank(tensor); d++)
        last += (ckpt_tensor_shape(tensor)[d] - 1) * ckpt_tensor_stride(tensor, d);
    *ret_start = first / together * dtype.block_bytes;
    *ret_end = (last / together + 1) * dtype.block_bytes;
}

static int by_start(const void *a, const void *b) {
    const chunk_view *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void turn_to(chunk_views *c, const outline *o, ckpt_storage storage) {
    const outline_storage *own = &o->storages[storage.id];
    chunk_views_free(c);
    c->storage = storage;
    c->views = tool_new(own->tensors, sizeof *c->views);
    uint32_t id = own->tensors != 0 ? own->first : NO_VIEW;
    for (uint32_t order = 0; id != NO_VIEW; id = o->next_view[id], order++) {
        ckpt_tensor tensor = ckpt_tensor_by_id(o->c, id);
        if (ckpt_tensor_numel(tensor) == 0)
            continue;
        chunk_view *view = &c->views[c->count++];
        *view = (chunk_view){.tensor = id, .order = order, .next = NO_VIEW};
        reach(tensor, &view->start, &view->end);
    }
    qsort(c->views, c->count, sizeof *c->views, by_start);
}

static void open_view(chunk_views *c, uint32_t i) {
    if (c->last != NO_VIEW)
        c->views[c->last].next = i;
    else
        c->first = i;
    c->last = i;
}

/* No later chunk is before the end of the view either. */
static void close_view(chunk_views *c, uint32_t i, uint32_t previous) {
    if (previous != NO_VIEW)
        c->views[previous].next = c->views[i].next;
    else
        c->first = c->views[i].next;
    if (c->last == i)
        c->last = previous;
}

/* Passes on names, and remembers whether more are wanted. */
typedef struct relay {
    outline_visit visit;
    void *ctx;
    bool stopped;
} relay;

static bool pass_on(void *ctx, const char *name) {
    relay *r = ctx;
    r->stopped = !r->visit(r->ctx, name);
    return !r->stopped;
}

void chunk_views_each_name(chunk_views *c, const outline *o, ckpt_storage storage, uint64_t low,
                           uint64_t high, outline_visit visit, void *ctx) {
    relay r = {visit, ctx, false};
    if (!ckpt_storage_exists(c->storage) || !ckpt_storage_same(c->storage, storage))
        turn_to(c, o, storage);
    while (c->met < c->count && c->views[c->met].start < high)
        open_view(c, c->met++);
    uint32_t previous = NO_VIEW;
    for (uint32_t i = c->first; i != NO_VIEW && !r.stopped; i = c->views[i].next) {
        if (c->views[i].end <= low) {
            close_view(c, i, previous);
        } else {
            outline_each_name(o, c->views[i].tensor, pass_on, &r);
            previous = i;
        }
    }
}
