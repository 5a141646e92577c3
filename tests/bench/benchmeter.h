/* SPDX-License-Identifier: MIT */
/* What the measuring programs share: ending, time, memory, threads. */
#ifndef BENCHMETER_H
#define BENCHMETER_H

#include <ckpt/ckpt.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

_Noreturn void die(const char *what);
void must(ckpt_status status, const ckpt_error *err);
void *room(size_t size); /* aligned to 4096 */
double now(void);        /* seconds */
unsigned processors(void);
uint64_t anonymous_memory(void); /* bytes of this process */

/* Pages of no file that the process has at most, looked at every half millisecond. */
typedef struct watch {
    pthread_t thread;
    atomic_bool done;
    uint64_t before, most;
} watch;

void watch_begin(watch *w);
uint64_t watch_end(watch *w); /* bytes more than when it began */

/* The same function on each part of [0, size), one thread for each processor; the sum of what it
 * returns. Parts begin at multiples of 1 MiB. */
uint64_t split_work(unsigned threads, uint64_t size,
                    uint64_t (*part)(void *ctx, uint64_t begin, uint64_t end), void *ctx);

/* All 8-byte words together: the least that somebody can do who looks at every byte. */
uint64_t sum_words(const void *bytes, size_t size);

#endif
