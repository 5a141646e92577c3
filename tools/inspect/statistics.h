/* SPDX-License-Identifier: MIT */
/* Sums over the elements of a tensor, read in pieces. */
#ifndef STATISTICS_H
#define STATISTICS_H

#include <ckpt/ckpt.h>

enum { STATISTICS_BINS = 16 };

/* min to std and the histogram are of the finite elements only; std is that of the population (the
 * sum of squares divided by the count), as numpy.std. The bins divide [min, max] evenly. */
typedef struct statistics {
    uint64_t finite, zeros, nans, infinities;
    double min, max, mean, std;
    uint64_t bins[STATISTICS_BINS];
} statistics;

/* NULL and the result; else why there are none. err is filled when *ret_status is not CKPT_OK. */
const char *statistics_of(ckpt_tensor tensor, statistics *ret, ckpt_status *ret_status,
                          ckpt_error *err);

#endif
