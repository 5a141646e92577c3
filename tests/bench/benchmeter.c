/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "benchmeter.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 64 };

_Noreturn void die(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void must(ckpt_status status, const ckpt_error *err) {
    if (status != CKPT_OK)
        die(err->message);
}

void *room(size_t size) {
    void *block = NULL;
    if (posix_memalign(&block, 4096, size > 0 ? size : 1) != 0)
        die("no memory");
    return block;
}

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

unsigned processors(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 && count < MAX_THREADS ? (unsigned)count : 1;
}

uint64_t anonymous_memory(void) {
    char text[128] = "";
    unsigned long long size, resident, shared;
    int file = open("/proc/self/statm", O_RDONLY);
    if (file < 0 || read(file, text, sizeof text - 1) <= 0 ||
        sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3)
        die("cannot read /proc/self/statm");
    close(file);
    return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void *look(void *ctx) {
    watch *w = ctx;
    const struct timespec pause = {0, 500000};
    while (!atomic_load(&w->done)) {
        uint64_t size = anonymous_memory();
        w->most = size > w->most ? size : w->most;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

void watch_begin(watch *w) {
    atomic_init(&w->done, false);
    w->before = w->most = anonymous_memory();
    if (pthread_create(&w->thread, NULL, look, w) != 0)
        die("cannot start a thread");
}

uint64_t watch_end(watch *w) {
    uint64_t last = anonymous_memory();
    atomic_store(&w->done, true);
    pthread_join(w->thread, NULL);
    return (last > w->most ? last : w->most) - w->before;
}

typedef struct share {
    pthread_t thread;
    uint64_t (*part)(void *ctx, uint64_t begin, uint64_t end);
    void *ctx;
    uint64_t begin, end, sum;
} share;

static void *do_share(void *ctx) {
    share *s = ctx;
    s->sum = s->part(s->ctx, s->begin, s->end);
    return NULL;
}

uint64_t split_work(unsigned threads, uint64_t size,
                    uint64_t (*part)(void *ctx, uint64_t begin, uint64_t end), void *ctx) {
    share shares[MAX_THREADS];
    uint64_t each = ((size / threads) >> 20) << 20, sum = 0;
    for (unsigned i = 0; i < threads; i++) {
        shares[i] = (share){.part = part, .ctx = ctx, .begin = i * each};
        shares[i].end = i + 1 == threads ? size : (i + 1) * each;
        if (i > 0 && pthread_create(&shares[i].thread, NULL, do_share, &shares[i]) != 0)
            die("cannot start a thread");
    }
    do_share(&shares[0]);
    for (unsigned i = 0; i < threads; i++) {
        if (i > 0)
            pthread_join(shares[i].thread, NULL);
        sum += shares[i].sum;
    }
    return sum;
}

uint64_t sum_words(const void *bytes, size_t size) {
    const uint64_t *words = bytes;
    size_t count = size / 8, i = 0;
    uint64_t a = 0, b = 0, c = 0, d = 0, rest = 0;
    for (; i + 4 <= count; i += 4) {
        a += words[i];
        b += words[i + 1];
        c += words[i + 2];
        d += words[i + 3];
    }
    for (; i < count; i++)
        a += words[i];
    memcpy(&rest, (const unsigned char *)bytes + count * 8, size % 8);
    return a + b + c + d + rest;
}
