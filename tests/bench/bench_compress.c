/* SPDX-License-Identifier: MIT */
/* How small and how fast: the library's compression and zlib's, on the storages of a file.
 *
 *     bench_compress [--threads N] [--rounds N] FILE
 *
 * The ways take turns in each round. For each it prints one line: name, ratio (compressed / raw),
 * then the medians over the rounds of MB/s to compress and to decompress, each with the least and
 * the greatest. "copy" is the limit: memory to memory. Measures and prints; asserts nothing but
 * that what comes back is what went in. */
#define _POSIX_C_SOURCE 200809L
#include <ckpt/ckpt.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { MAX_ROUNDS = 99 };

typedef struct buffer {
    unsigned char *bytes;
    size_t size;
} buffer;

typedef struct way {
    const char *name;
    double ratio;
    double pack[MAX_ROUNDS], unpack[MAX_ROUNDS]; /* seconds */
} way;

typedef struct bench {
    ckpt *c;
    unsigned threads;
    buffer *raw; /* by storage */
    uint32_t count;
    size_t total;
    unsigned char *scratch; /* as large as the largest storage */
} bench;

static void die(const char *what) {
    fprintf(stderr, "bench_compress: %s\n", what);
    exit(1);
}

static void must(ckpt_status status, const ckpt_error *err) {
    if (status != CKPT_OK)
        die(err->message);
}

static void *room(size_t size) {
    void *block = malloc(size > 0 ? size : 1);
    if (block == NULL)
        die("no memory");
    return block;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void load(bench *b, const char *path) {
    ckpt_error err;
    size_t largest = 0;
    must(ckpt_open(path, NULL, &b->c, &err), &err);
    b->count = ckpt_storage_count(b->c);
    b->raw = room(b->count * sizeof *b->raw);
    for (uint32_t i = 0; i < b->count; i++) {
        ckpt_storage storage = ckpt_storage_by_id(b->c, i);
        size_t size = (size_t)ckpt_storage_size(storage);
        b->raw[i] = (buffer){room(size), size};
        must(ckpt_storage_read(storage, 0, size, b->raw[i].bytes, &err), &err);
        b->total += size;
        largest = size > largest ? size : largest;
    }
    b->scratch = room(largest);
}

static void check(const bench *b, uint32_t i) {
    if (memcmp(b->scratch, b->raw[i].bytes, b->raw[i].size) != 0)
        die("what comes back is not what went in");
}

/* The whole file to memory, and every storage out of it. */
static void measure_ckpt(const bench *b, way *w, int round, bool compress) {
    ckpt_save_options save = {
        .struct_size = sizeof save, .compress = compress, .threads = b->threads};
    ckpt_open_options open = {.struct_size = sizeof open, .threads = b->threads};
    ckpt_error err;
    void *data;
    size_t size;
    ckpt *c;
    double begin = now();
    must(ckpt_save_memory(b->c, &save, &data, &size, &err), &err);
    w->pack[round] = now() - begin;
    w->ratio = (double)size / (double)b->total;
    must(ckpt_open_memory(data, size, "memory", &open, &c, &err), &err);
    w->unpack[round] = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        begin = now();
        must(ckpt_storage_read(ckpt_storage_by_id(c, i), 0, b->raw[i].size, b->scratch, &err),
             &err);
        w->unpack[round] += now() - begin;
        check(b, i);
    }
    ckpt_free(c);
    ckpt_buffer_free(b->c, data, size);
}

static void measure_zlib(const bench *b, way *w, int round, int level) {
    size_t size = 0;
    w->pack[round] = w->unpack[round] = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        uLongf packed = compressBound((uLong)b->raw[i].size), back = (uLongf)b->raw[i].size;
        unsigned char *out = room(packed);
        double begin = now();
        if (compress2(out, &packed, b->raw[i].bytes, (uLong)b->raw[i].size, level) != Z_OK)
            die("zlib cannot compress");
        w->pack[round] += now() - begin;
        begin = now();
        if (uncompress(b->scratch, &back, out, packed) != Z_OK)
            die("zlib cannot decompress");
        w->unpack[round] += now() - begin;
        check(b, i);
        size += packed;
        free(out);
    }
    w->ratio = (double)size / (double)b->total;
}

static void measure_copy(const bench *b, way *w, int round) {
    w->ratio = 1;
    double begin = now();
    for (uint32_t i = 0; i < b->count; i++)
        memcpy(b->scratch, b->raw[i].bytes, b->raw[i].size);
    w->pack[round] = w->unpack[round] = now() - begin;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_speed(double *seconds, int rounds, double bytes) {
    qsort(seconds, (size_t)rounds, sizeof *seconds, ascending);
    printf("  %8.1f (%.1f to %.1f)", bytes / 1e6 / seconds[rounds / 2],
           bytes / 1e6 / seconds[rounds - 1], bytes / 1e6 / seconds[0]);
}

int main(int argc, char **argv) {
    bench b = {0};
    int rounds = 5;
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            b.threads = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            rounds = (int)strtol(argv[++i], NULL, 10);
        else
            path = argv[i];
    }
    if (path == NULL || rounds < 1 || rounds > MAX_ROUNDS)
        die("usage: bench_compress [--threads N] [--rounds N] FILE");
    load(&b, path);
    static way ways[5] = {{.name = "copy"},
                          {.name = "ckpt-raw"},
                          {.name = "ckpt-planes"},
                          {.name = "zlib-6"},
                          {.name = "zlib-1"}};
    for (int round = 0; round < rounds; round++) {
        measure_copy(&b, &ways[0], round);
        measure_ckpt(&b, &ways[1], round, false);
        measure_ckpt(&b, &ways[2], round, true);
        measure_zlib(&b, &ways[3], round, 6);
        measure_zlib(&b, &ways[4], round, 1);
    }
    printf("%u storages, %.1f MB, %d rounds, threads %u (0: all)\n", (unsigned)b.count,
           (double)b.total / 1e6, rounds, b.threads);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        printf("%-12s ratio %.5f", ways[i].name, ways[i].ratio);
        print_speed(ways[i].pack, rounds, (double)b.total);
        print_speed(ways[i].unpack, rounds, (double)b.total);
        putchar('\n');
    }
    for (uint32_t i = 0; i < b.count; i++)
        free(b.raw[i].bytes);
    free(b.raw);
    free(b.scratch);
    ckpt_free(b.c);
    return 0;
}
