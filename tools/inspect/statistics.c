/* SPDX-License-Identifier: MIT */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

#include "../common/elements.h"

enum { PIECE = 4096, MOST_DIMENSIONS = 64 };

typedef struct extent {
    uint64_t count, stride;
} extent;

/* The elements of a tensor in the order of memory: their sums do not depend on the order. */
typedef struct traversal {
    elements elements;
    extent extents[MOST_DIMENSIONS]; /* outermost first */
    uint32_t rank;
    uint64_t weight; /* how often every element stands in the tensor */
    uint64_t start;
    statistics sums;
    double squares; /* sum of squared distances from the mean */
    bool is_second; /* the pass that fills the bins */
} traversal;

static int by_stride(const void *a, const void *b) {
    uint64_t x = ((const extent *)a)->stride, y = ((const extent *)b)->stride;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Dimensions of stride 0 repeat the same elements; those that continue each other become one. */
static void lay_out(traversal *t, ckpt_tensor tensor) {
    const uint64_t *shape = ckpt_tensor_shape(tensor);
    t->start = ckpt_tensor_storage_offset(tensor);
    t->weight = 1;
    for (uint32_t d = 0; d < ckpt_tensor_rank(tensor); d++) {
        uint64_t stride = ckpt_tensor_stride(tensor, d);
        if (shape[d] == 1)
            continue;
        if (stride == 0)
            t->weight *= shape[d];
        else
            t->extents[t->rank++] = (extent){shape[d], stride};
    }
    qsort(t->extents, t->rank, sizeof *t->extents, by_stride);
    uint32_t kept = 0;
    for (uint32_t i = 1; i < t->rank; i++) {
        extent *outer = &t->extents[kept], inner = t->extents[i];
        if (inner.count <= UINT64_MAX / inner.stride && outer->stride == inner.count * inner.stride)
            *outer = (extent){outer->count * inner.count, inner.stride};
        else
            t->extents[++kept] = inner;
    }
    if (t->rank != 0)
        t->rank = kept + 1;
}

/* Whether it overlaps itself so much that going through it takes far longer than its bytes do. */
static bool is_unreasonable(const traversal *t) {
    uint64_t limit = 64 * (1024 + t->elements.storage_size);
    uint64_t steps = 1;
    for (uint32_t i = 0; i < t->rank; i++) {
        if (steps > limit / t->extents[i].count)
            return true;
        steps *= t->extents[i].count;
    }
    return false;
}

/* Joins the mean and the squares of one more set of values (Chan, Golub, LeVeque, 1979). */
static void join(traversal *t, uint64_t count, double mean, double squares) {
    double n = (double)t->sums.finite, m = (double)count;
    double distance = mean - t->sums.mean;
    if (count == 0)
        return;
    t->sums.mean += distance * m / (n + m);
    t->squares += squares;
    if (t->sums.finite != 0)
        t->squares += distance * distance * n * m / (n + m);
    t->sums.finite += count;
}

static void add_piece(traversal *t, const double *values, size_t count) {
    statistics *s = &t->sums;
    double sum = 0, squares = 0;
    uint64_t finite = 0;
    for (size_t i = 0; i < count; i++) {
        double v = values[i];
        s->nans += isnan(v) ? 1 : 0;
        s->infinities += isinf(v) ? 1 : 0;
        s->zeros += v == 0;
        if (!isfinite(v))
            continue;
        s->min = v < s->min ? v : s->min;
        s->max = v > s->max ? v : s->max;
        sum += v;
        finite++;
    }
    double mean = finite != 0 ? sum / (double)finite : 0;
    for (size_t i = 0; i < count; i++) {
        double distance = values[i] - mean;
        squares += isfinite(values[i]) ? distance * distance : 0;
    }
    join(t, finite, mean, squares);
}

static void bin_piece(traversal *t, const double *values, size_t count) {
    statistics *s = &t->sums;
    double range = s->max - s->min;
    if (!(range > 0) || isinf(range))
        return;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            continue;
        int bin = (int)((values[i] - s->min) / range * STATISTICS_BINS);
        s->bins[bin < STATISTICS_BINS ? bin : STATISTICS_BINS - 1]++;
    }
}

static ckpt_status add_run(traversal *t, uint64_t element, extent run, ckpt_error *err) {
    double values[PIECE];
    size_t have = 0;
    while (run.count > 0) {
        uint64_t limit = run.stride != 1 ? 1 : PIECE - have;
        size_t count = 0;
        limit = limit < run.count ? limit : run.count;
        ckpt_status status =
            elements_read(&t->elements, element, limit, values + have, &count, err);
        if (status != CKPT_OK)
            return status;
        have += count;
        element += count * run.stride;
        run.count -= count;
        if (have == PIECE || run.count == 0) {
            if (t->is_second)
                bin_piece(t, values, have);
            else
                add_piece(t, values, have);
            have = 0;
        }
    }
    return CKPT_OK;
}

static ckpt_status add_level(traversal *t, uint32_t level, uint64_t element, ckpt_error *err) {
    if (level + 1 >= t->rank) {
        extent one = {1, 1};
        return add_run(t, element, t->rank == 0 ? one : t->extents[level], err);
    }
    ckpt_status status = CKPT_OK;
    for (uint64_t i = 0; i < t->extents[level].count && status == CKPT_OK; i++)
        status = add_level(t, level + 1, element + i * t->extents[level].stride, err);
    return status;
}

static void finish(traversal *t) {
    statistics *s = &t->sums;
    s->std = s->finite != 0 ? sqrt(t->squares / (double)s->finite) : 0;
    s->finite *= t->weight;
    s->zeros *= t->weight;
    s->nans *= t->weight;
    s->infinities *= t->weight;
}

static ckpt_status traverse(traversal *t, ckpt_error *err) {
    ckpt_status status = add_level(t, 0, t->start, err);
    if (status == CKPT_OK) {
        t->is_second = true;
        status = add_level(t, 0, t->start, err);
    }
    if (status == CKPT_OK)
        finish(t);
    return status;
}

const char *statistics_of(ckpt_tensor tensor, statistics *ret, ckpt_status *ret_status,
                          ckpt_error *err) {
    *ret_status = CKPT_OK;
    ckpt_dtype_class class = ckpt_tensor_dtype_info(tensor).dtype_class;
    if (class == CKPT_CLASS_COMPLEX)
        return "complex numbers";
    if (ckpt_tensor_numel(tensor) == 0)
        return "empty";
    traversal *t = tool_new(1, sizeof *t);
    const char *reason = NULL;
    t->sums.min = INFINITY;
    t->sums.max = -INFINITY;
    if (!elements_open(&t->elements, tensor)) {
        reason = "not decoded";
    } else {
        lay_out(t, tensor);
        if (is_unreasonable(t))
            reason = "overlaps itself";
        else
            *ret_status = traverse(t, err);
        elements_close(&t->elements);
    }
    *ret = t->sums;
    free(t);
    return reason;
}
