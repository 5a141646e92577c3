/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "numbertext.h"

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_begin(progress *p, const char *label, bool quiet) {
    p->label = label;
    p->is_shown = !quiet && isatty(STDERR_FILENO);
    p->started = p->shown = seconds();
}

void progress_clear(const progress *p) {
    if (p->is_shown)
        fputs("\r\x1b[K", stderr);
}

bool progress_report(void *ctx, uint64_t done, uint64_t total) {
    progress *p = ctx;
    double now = seconds();
    if (interrupt_came())
        return false;
    if (!p->is_shown || now - p->shown < 0.1)
        return true;
    p->shown = now;
    uint64_t rate = (uint64_t)((double)done / (now - p->started));
    int percent = total != 0 ? (int)((double)done / (double)total * 100) : 100;
    textbuf t = {0};
    text_add_escaped(&t, p->label, 50);
    fprintf(stderr, "\r%s: %3d %% of %s, %s/s\x1b[K", text_string(&t), percent,
            number_of_bytes(total).text, number_of_bytes(rate).text);
    text_free(&t);
    return true;
}
