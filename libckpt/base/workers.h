/* SPDX-License-Identifier: MIT */
/* Work that is split over threads. They live for one call only: what is worth splitting takes a
 * hundred times as long as starting them, and nothing has to be shared between calls. */
#ifndef CK_WORKERS_H
#define CK_WORKERS_H

#include <stddef.h>

enum { CK_MAX_WORKERS = 64 };

/* How many threads are meant: `threads`, or for 0 as many as the machine has processors; from 1 to
 * CK_MAX_WORKERS, and no more than there are items. */
unsigned ck_worker_count(unsigned threads, size_t items);

/* Calls task(ctx, worker, i) once for each i below items, in any order, from as many threads as
 * `workers` says, the caller's among them; returns when all are done. `worker` is below `workers`,
 * and no two calls have the same one at a time. Threads that cannot be started are done without.
 * A task must not use the memory hook, which may belong to the caller's thread. */
void ck_work(unsigned workers, size_t items, void (*task)(void *ctx, unsigned worker, size_t i),
             void *ctx);

#endif
