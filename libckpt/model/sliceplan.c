/* SPDX-License-Identifier: MIT */
#include "model/sliceplan.h"

#include "base/error.h"

#include <string.h>

static ckpt_status check_slice(const ckpt_slice *slice, uint32_t dimension, uint64_t extent,
                               ckpt_error *err) {
    uint64_t first = slice->start, left = first <= extent ? extent - first : 0;
    bool inside = first <= extent && slice->count <= left;
    if (slice->count > 1 && slice->step == 0)
        return ck_fail(err, CKPT_E_ARGUMENT, "the slice of dimension %u has a step of 0",
                       (unsigned)dimension);
    if (inside && slice->count > 1)
        inside = slice->step <= (left - 1) / (slice->count - 1);
    if (!inside)
        return ck_fail(err, CKPT_E_BOUNDS, "the slice leaves dimension %u, which has %llu elements",
                       (unsigned)dimension, (unsigned long long)extent);
    return CKPT_OK;
}

/* One loop for each dimension in which the slice has several elements; all in elements. Innermost
 * first, as the strides of a dense tensor and those of the destination come about. */
static ckpt_status collect_loops(const ck_geometry *g, const ckpt_slice *slices,
                                 ck_slice_plan *plan, ckpt_error *err) {
    uint64_t dense = 1, to = 1;
    for (uint32_t i = g->rank; i-- > 0;) {
        ckpt_slice whole = {0, g->shape[i], 1};
        const ckpt_slice *slice = slices != NULL ? &slices[i] : &whole;
        uint64_t stride = g->strides != NULL ? g->strides[i] : dense;
        ckpt_status status = check_slice(slice, i, g->shape[i], err);
        if (status != CKPT_OK)
            return status;
        if (slice->count != 0)
            plan->start += slice->start * stride;
        if (slice->count > 1) {
            ck_loop loop = {slice->count, slice->step * stride, to};
            plan->loops[plan->depth++] = loop;
        }
        /* An extent of 0 makes the slice empty, and its products are not used. */
        dense *= g->shape[i];
        to *= slice->count;
    }
    plan->size = to;
    return CKPT_OK;
}

/* Longest way first. Equal ways keep the order of the dimensions. */
static void sort_loops(ck_slice_plan *plan) {
    for (uint32_t i = 1; i < plan->depth; i++) {
        ck_loop loop = plan->loops[i];
        uint32_t at = i;
        while (at > 0 && plan->loops[at - 1].from <= loop.from) {
            plan->loops[at] = plan->loops[at - 1];
            at--;
        }
        plan->loops[at] = loop;
    }
}

/* A loop that only goes on where the next inner one ends becomes one with it. */
static void merge_loops(ck_slice_plan *plan) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < plan->depth; i++) {
        ck_loop inner = plan->loops[i];
        ck_loop *outer = kept > 0 ? &plan->loops[kept - 1] : NULL;
        if (outer != NULL && inner.from != 0 && outer->from == inner.from * inner.count &&
            outer->to == inner.to * inner.count) {
            outer->count *= inner.count;
            outer->from = inner.from;
            outer->to = inner.to;
        } else {
            plan->loops[kept++] = inner;
        }
    }
    plan->depth = kept;
}

/* Runs of elements, and then of bytes. */
static bool to_bytes(const ck_geometry *g, ck_slice_plan *plan) {
    uint64_t block = g->block_elements;
    plan->run = 1;
    if (plan->depth > 0 && plan->loops[plan->depth - 1].from == 1 &&
        plan->loops[plan->depth - 1].to == 1)
        plan->run = plan->loops[--plan->depth].count;
    if (plan->start % block != 0 || plan->run % block != 0)
        return false;
    for (uint32_t i = 0; i < plan->depth; i++) {
        ck_loop *loop = &plan->loops[i];
        if (loop->from % block != 0 || loop->to % block != 0)
            return false;
        loop->from = loop->from / block * g->block_bytes;
        loop->to = loop->to / block * g->block_bytes;
    }
    plan->start = plan->start / block * g->block_bytes + g->offset;
    plan->run = plan->run / block * g->block_bytes;
    plan->size = plan->size / block * g->block_bytes;
    return true;
}

static void measure(ck_slice_plan *plan) {
    uint64_t inside = 0;
    plan->ascending = true;
    for (uint32_t i = plan->depth; i-- > 0;) {
        const ck_loop *loop = &plan->loops[i];
        plan->ascending = plan->ascending && loop->from >= inside;
        inside += (loop->count - 1) * loop->from;
    }
    plan->span = inside + plan->run;
}

ckpt_status ck_plan_slice(const ck_geometry *g, const ckpt_slice *slices, ck_slice_plan *ret_plan,
                          ckpt_error *err) {
    ck_slice_plan plan;
    memset(&plan, 0, sizeof plan);
    ckpt_status status = collect_loops(g, slices, &plan, err);
    if (status != CKPT_OK)
        return status;
    if (plan.size != 0) {
        sort_loops(&plan);
        merge_loops(&plan);
        if (!to_bytes(g, &plan))
            return ck_fail(err, CKPT_E_SHAPE,
                           "the slice does not consist of whole blocks of %u elements",
                           (unsigned)g->block_elements);
        measure(&plan);
    }
    *ret_plan = plan;
    return CKPT_OK;
}

ck_slice_plan ck_plan_part(const ck_slice_plan *plan, uint64_t first, uint64_t count) {
    ck_slice_plan part = *plan;
    part.start += first * plan->loops[0].from;
    part.size = plan->size / plan->loops[0].count * count;
    part.loops[0].count = count;
    if (count == 1) {
        part.depth--;
        memmove(part.loops, part.loops + 1, part.depth * sizeof part.loops[0]);
    }
    measure(&part);
    return part;
}

void ck_walk_begin(ck_slice_walk *walk, const ck_slice_plan *plan) {
    memset(walk, 0, sizeof *walk);
    walk->plan = plan;
    walk->from = plan->start;
}

bool ck_walk_next(ck_slice_walk *walk) {
    for (uint32_t i = walk->plan->depth; i-- > 0;) {
        const ck_loop *loop = &walk->plan->loops[i];
        if (++walk->place[i] < loop->count) {
            walk->from += loop->from;
            walk->to += loop->to;
            return true;
        }
        walk->place[i] = 0;
        walk->from -= (loop->count - 1) * loop->from;
        walk->to -= (loop->count - 1) * loop->to;
    }
    return false;
}
