/* SPDX-License-Identifier: MIT */
/* What is being written goes away when the user interrupts: SIGINT, SIGTERM and SIGHUP end the work
 * at the next report of progress, so that the library removes its unfinished files, and then the
 * program. A second signal ends the program at once. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* From here on the signals wait; those that the program ignores are left alone. */
void interrupt_begin(void);
/* Whether one has come. */
bool interrupt_came(void);
/* A ckpt_progress, for tools that show none: false when one has come. */
bool interrupt_progress(void *ctx, uint64_t done, uint64_t total);
/* Signals are as before. Does not return when one has come. */
void interrupt_end(void);

#endif
