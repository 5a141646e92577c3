/* SPDX-License-Identifier: MIT */
/* How far the elements of two tensors lie apart. */
#ifndef ELEMENTDIFF_H
#define ELEMENTDIFF_H

#include <stdbool.h>
#include <stdint.h>

#include <ckpt/ckpt.h>

typedef struct element_diff {
    uint64_t elements;  /* parts of complex numbers count each; blocks where is_opaque */
    uint64_t differing; /* in value, or one of them is NaN */
    uint64_t beyond;    /* of these, farther apart than |a - b| <= atol + rtol * |b| */
    uint64_t bits;      /* equal in value but not in bits: signs of zeros, NaNs */
    uint64_t nans;      /* only one of the two is NaN; counts as differing */
    double max_abs, sum_abs;
    bool has_ulp; /* both have the same float type */
    uint64_t max_ulp;
    bool is_opaque; /* the type has no numbers that could be compared: only bytes are */
} element_diff;

/* Whether the two can be compared at all: the shapes are equal, and both have numbers or both the
 * same type. */
bool element_diff_possible(ckpt_tensor a, ckpt_tensor b);
/* Is told now and then how many elements of how many have been compared. */
typedef struct element_diff_watch {
    void (*advance)(void *ctx, uint64_t elements, uint64_t of);
    void *ctx;
} element_diff_watch;

/* Reads both in windows; memory is bounded. */
ckpt_status element_diff_compute(ckpt_tensor a, ckpt_tensor b, double rtol, double atol,
                                 const element_diff_watch *watch, element_diff *ret_diff,
                                 ckpt_error *err);

#endif
