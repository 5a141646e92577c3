/* SPDX-License-Identifier: MIT */
/* How small and how fast: the library's compression or zlib's, on the storages of a file, once.
 *
 *     bench_compress [--threads N] WAY FILE
 *
 * FILE is as the library saves it, so that its storages stay in their order. WAY is copy (memory
 * to memory: the limit), raw (a .ckpt without compression), planes (with it), zlib-6 or zlib-1.
 * Prints one line of JSON: "raw" and "packed" bytes, seconds to "pack" and to "unpack". Asserts
 * nothing but that what comes back is what went in. */
#include "benchmeter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct buffer {
    unsigned char *bytes;
    size_t size;
} buffer;

typedef struct bench {
    ckpt *c;
    unsigned threads;
    buffer *raw; /* by storage */
    uint32_t count;
    size_t total;
    unsigned char *scratch; /* as large as the largest storage */
} bench;

typedef struct result {
    size_t packed;
    double pack, unpack; /* seconds */
} result;

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
    memset(b->scratch, 1, largest);
}

static void check(const bench *b, uint32_t i) {
    if (memcmp(b->scratch, b->raw[i].bytes, b->raw[i].size) != 0)
        die("what comes back is not what went in");
}

/* The whole file to memory, and every storage out of it. */
static result measure_ckpt(const bench *b, bool compress) {
    ckpt_save_options save = {
        .struct_size = sizeof save, .compress = compress, .threads = b->threads};
    ckpt_open_options open = {.struct_size = sizeof open, .threads = b->threads};
    result r = {0, 0, 0};
    ckpt_error err;
    void *data;
    ckpt *c;
    double begin = now();
    must(ckpt_save_memory(b->c, &save, &data, &r.packed, &err), &err);
    r.pack = now() - begin;
    must(ckpt_open_memory(data, r.packed, "memory", &open, &c, &err), &err);
    for (uint32_t i = 0; i < b->count; i++) {
        begin = now();
        must(ckpt_storage_read(ckpt_storage_by_id(c, i), 0, b->raw[i].size, b->scratch, &err),
             &err);
        r.unpack += now() - begin;
        check(b, i);
    }
    ckpt_free(c);
    ckpt_buffer_free(b->c, data, r.packed);
    return r;
}

static result measure_zlib(const bench *b, int level) {
    result r = {0, 0, 0};
    for (uint32_t i = 0; i < b->count; i++) {
        uLongf packed = compressBound((uLong)b->raw[i].size), back = (uLongf)b->raw[i].size;
        unsigned char *out = room(packed);
        double begin = now();
        if (compress2(out, &packed, b->raw[i].bytes, (uLong)b->raw[i].size, level) != Z_OK)
            die("zlib cannot compress");
        r.pack += now() - begin;
        begin = now();
        if (uncompress(b->scratch, &back, out, packed) != Z_OK)
            die("zlib cannot decompress");
        r.unpack += now() - begin;
        check(b, i);
        r.packed += packed;
        free(out);
    }
    return r;
}

static result measure_copy(const bench *b) {
    double begin = now();
    for (uint32_t i = 0; i < b->count; i++)
        memcpy(b->scratch, b->raw[i].bytes, b->raw[i].size);
    double seconds = now() - begin;
    return (result){b->total, seconds, seconds};
}

static result measure(const bench *b, const char *way) {
    if (strcmp(way, "copy") == 0)
        return measure_copy(b);
    if (strcmp(way, "raw") == 0 || strcmp(way, "planes") == 0)
        return measure_ckpt(b, strcmp(way, "planes") == 0);
    if (strcmp(way, "zlib-6") == 0 || strcmp(way, "zlib-1") == 0)
        return measure_zlib(b, way[5] - '0');
    die("there is no such way");
}

int main(int argc, char **argv) {
    bench b = {0};
    int i = 1;
    if (argc == 5 && strcmp(argv[1], "--threads") == 0) {
        b.threads = (unsigned)strtoul(argv[2], NULL, 10);
        i = 3;
    }
    if (argc != i + 2)
        die("usage: bench_compress [--threads N] WAY FILE");
    load(&b, argv[i + 1]);
    result r = measure(&b, argv[i]);
    printf("{\"raw\": %zu, \"packed\": %zu, \"pack\": %.9f, \"unpack\": %.9f}\n", b.total, r.packed,
           r.pack, r.unpack);
    for (uint32_t k = 0; k < b.count; k++)
        free(b.raw[k].bytes);
    free(b.raw);
    free(b.scratch);
    ckpt_free(b.c);
    return 0;
}
