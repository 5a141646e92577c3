/* SPDX-License-Identifier: MIT */
/* An allocator for tests: it counts, fails on demand, limits, poisons, and finds misuse. */
#ifndef FAULTMEMORY_H
#define FAULTMEMORY_H

#include <ckpt/hooks.h>

/* Zeroed is a sound allocator that never fails. For one thread. */
typedef struct fault_memory {
    /* What to do. */
    uint64_t fail_at; /* the number, from 1, of the request that fails; 0: none */
    bool fail_ever_after;
    size_t limit; /* requests that would bring `bytes` above it fail; 0: none */
    unsigned char
        poison; /* fills fresh memory; 0 stands for 0xa5. Freed memory is overwritten too */

    /* What happened. */
    uint64_t requests; /* for memory, growing included, failed ones included */
    uint64_t failures;
    uint64_t blocks;    /* in use now */
    size_t bytes;       /* in use now */
    size_t peak;        /* the largest value of `bytes` */
    size_t largest;     /* the largest single request, failed ones included */
    const char *misuse; /* the first thing that the library did wrong; NULL: none */
} fault_memory;

/* The hook; memory must outlive what is allocated. A resize always moves the block, so that a
 * pointer kept by mistake is found. */
ckpt_allocator fault_memory_hook(fault_memory *memory);

/* NULL when every block was given back and nothing was misused, else what is wrong. */
const char *fault_memory_complaint(const fault_memory *memory);

#endif
