/* SPDX-License-Identifier: MIT */
/* What the files of ckpt-verify have in common. */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>

#include <ckpt/ckpt.h>

#include "chunkviews.h"

#define VERIFY "ckpt-verify"

/* A report about one file; ctx of both functions below. */
typedef struct verification {
    const char *path;
    ckpt *c;
    outline *outline; /* made when the first damage is found */
    chunk_views views;
    bool quiet;
    bool recovered; /* the newest state is lost, an older one was opened */
    bool shows_progress;
    double started, shown; /* seconds of the clock */
} verification;

/* One line on stdout for a damaged place, with the tensors in it. */
void verify_report_damage(void *ctx, const ckpt_damage *damage);
/* A line on stderr that is written over again and again: part done, rate. */
bool verify_report_progress(void *ctx, uint64_t done, uint64_t total);
void verify_begin_progress(verification *v);
void verify_clear_progress(verification *v);

#endif
