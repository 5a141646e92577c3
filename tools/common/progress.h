/* SPDX-License-Identifier: MIT */
/* A line on stderr that is written over again and again while a tool works: part done, rate. Only
 * where stderr is a terminal. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    const char *label;
    bool is_shown;
    double started, shown; /* seconds of the clock */
} progress;

void progress_begin(progress *p, const char *label, bool quiet);
/* A ckpt_progress; ctx is the progress. Returns false when the user has interrupted (interrupt.h).
 */
bool progress_report(void *ctx, uint64_t done, uint64_t total);
void progress_clear(const progress *p);

#endif
