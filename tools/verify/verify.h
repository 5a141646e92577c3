/* SPDX-License-Identifier: MIT */
/* What the files of ckpt-verify have in common. */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>

#include <ckpt/ckpt.h>

#include "../common/progress.h"
#include "chunkviews.h"

#define VERIFY "ckpt-verify"

/* A report about one file; ctx of the function below. */
typedef struct verification {
    const char *path;
    ckpt *c;
    outline *outline; /* made when the first damage is found */
    chunk_views views;
    bool quiet;
    bool recovered; /* the newest state is lost, an older one was opened */
    progress progress;
} verification;

/* One line on stdout for a damaged place, with the tensors in it. */
void verify_report_damage(void *ctx, const ckpt_damage *damage);

#endif
