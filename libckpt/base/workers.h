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

/* What is done with item i. `worker` is below `workers`, and no two calls have the same one at a
 * time. Must not use the memory hook, which may belong to the caller's thread. */
typedef void ck_task(void *ctx, unsigned worker, size_t i);

/* Calls task(ctx, worker, i) once for each i below items, in any order, from as many threads as
 * `workers` says, the caller's among them; returns when all are done. Threads that cannot be
 * started are done without. */
void ck_work(unsigned workers, size_t items, ck_task *task, void *ctx);
/* The same, and own(own_ctx) from the caller's thread while the others begin: for what only that
 * thread may do. */
void ck_work_beside(unsigned workers, size_t items, ck_task *task, void *ctx,
                    void (*own)(void *own_ctx), void *own_ctx);

#endif
