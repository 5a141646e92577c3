/* SPDX-License-Identifier: MIT */
/* One measurement of the library, or of a limit kernel beside it, for the scripts of this
 * directory.
 *
 *     bench_library [--threads N] [--cold] OPERATION ARGUMENT...
 *
 * Prints one line of JSON: "seconds" and, where it is asked about memory, "anonymous" (bytes of
 * pages of no file, at most, more than before) and "index". One process for each measurement, so
 * that none finds the memory as another one has left it. */
#define _POSIX_C_SOURCE 200809L
#include "benchlimits.h"
#include "benchmeter.h"
#include "benchmodels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned threads;
static volatile uint64_t sink;

static void tell_seconds(double seconds) {
    printf("{\"seconds\": %.9f}\n", seconds);
}

static ckpt *open_by(const char *path, ckpt_access access) {
    ckpt_open_options options = {
        .struct_size = sizeof options, .access = access, .threads = threads};
    ckpt_error err;
    ckpt *c;
    must(ckpt_open(path, &options, &c, &err), &err);
    return c;
}

/* ---- making the files ---- */

static void make_many(char **arg) {
    ckpt *c = many_tensors((uint32_t)strtoul(arg[0], NULL, 10));
    ckpt_save_options save = {.struct_size = sizeof save, .not_durable = true};
    ckpt_error err;
    must(ckpt_save(c, arg[1], &save, &err), &err);
    ckpt_free(c);
    printf("{}\n");
}

static void make_large(char **arg) {
    large_model model = large_tensors((size_t)strtoull(arg[0], NULL, 10), LARGE_DIFFERENT);
    ckpt_save_options save = {.struct_size = sizeof save};
    ckpt_error err;
    must(ckpt_save(model.c, arg[1], &save, &err), &err);
    large_free(&model);
    printf("{}\n");
}

/* ---- reading ---- */

static void open_many(char **arg) {
    uint64_t before = anonymous_memory();
    double begin = now();
    ckpt *c = open_by(arg[0], CKPT_ACCESS_MAP);
    double seconds = now() - begin;
    uint64_t after = anonymous_memory();
    printf("{\"seconds\": %.9f, \"anonymous\": %llu, \"index\": %llu}\n", seconds,
           (unsigned long long)(after > before ? after - before : 0),
           (unsigned long long)ckpt_describe_file(c).index_size);
    ckpt_free(c);
}

/* A tensor of a name, each time from a file just opened: seconds of one. */
static void get_one(char **arg) {
    uint32_t count = (uint32_t)strtoul(arg[1], NULL, 10),
             times = (uint32_t)strtoul(arg[2], NULL, 10);
    uint64_t state = strtoull(arg[3], NULL, 10);
    char name[64];
    float values[4];
    ckpt_error err;
    double begin = now();
    for (uint32_t i = 0; i < times; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        many_name((uint32_t)((state >> 33) % count), name);
        ckpt *c = open_by(arg[0], CKPT_ACCESS_MAP);
        ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(c), name);
        must(ckpt_tensor_read(tensor, values, sizeof values, &err), &err);
        ckpt_free(c);
    }
    tell_seconds((now() - begin) / times);
}

static void verify(char **arg) {
    ckpt_error err;
    ckpt *c = open_by(arg[0], CKPT_ACCESS_MAP);
    double begin = now();
    must(ckpt_verify(c, NULL, NULL, &err), &err);
    tell_seconds(now() - begin);
    ckpt_free(c);
}

/* From the path to the last byte, each through the pointer to its tensor. */
static void load(char **arg) {
    double begin = now();
    ckpt_error err;
    ckpt *c = open_by(arg[0], CKPT_ACCESS_MAP);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++) {
        ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(c), large_name(i));
        const void *data;
        must(ckpt_tensor_data(tensor, &data, &err), &err);
        sum += sum_words(data, (size_t)ckpt_tensor_nbytes(tensor));
    }
    sink = sum;
    ckpt_free(c);
    tell_seconds(now() - begin);
}

/* The same into memory of the caller, which is there already; with every checksum compared. */
static void read_all(char **arg) {
    unsigned char *buffer = room(LARGE_TENSOR);
    memset(buffer, 1, LARGE_TENSOR);
    double begin = now();
    ckpt_error err;
    ckpt *c = open_by(arg[0], CKPT_ACCESS_READ);
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++) {
        ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(c), large_name(i));
        must(ckpt_tensor_read(tensor, buffer, (size_t)ckpt_tensor_nbytes(tensor), &err), &err);
    }
    ckpt_free(c);
    tell_seconds(now() - begin);
    free(buffer);
}

/* ---- saving ---- */

static void save_and_free(large_model *model, const char *path, bool durable) {
    ckpt_save_options save = {
        .struct_size = sizeof save, .not_durable = !durable, .threads = threads};
    ckpt_error err;
    unlink(path);
    double begin = now();
    must(ckpt_save(model->c, path, &save, &err), &err);
    tell_seconds(now() - begin);
    large_free(model);
}

static void save(char **arg) {
    large_model model = large_tensors((size_t)strtoull(arg[0], NULL, 10), LARGE_DIFFERENT);
    save_and_free(&model, arg[1], strcmp(arg[2], "durable") == 0);
}

static void save_pair(char **arg) {
    bool tied = strcmp(arg[2], "tied") == 0;
    large_model model =
        large_tensors((size_t)strtoull(arg[0], NULL, 10), tied ? LARGE_TIED_PAIR : LARGE_PAIR);
    save_and_free(&model, arg[1], false);
}

static void save_many(char **arg) {
    large_model model = {many_tensors((uint32_t)strtoul(arg[0], NULL, 10)), NULL};
    save_and_free(&model, arg[1], false);
}

static void write_same(char **arg) {
    size_t size = (size_t)strtoull(arg[0], NULL, 10);
    large_model model = large_tensors(size, LARGE_DIFFERENT);
    tell_seconds(limit_write(arg[1], model.bytes, size, strcmp(arg[2], "durable") == 0));
    large_free(&model);
}

/* ---- memory ---- */

static void watch_memory(char **arg) {
    ckpt *c = open_by(arg[1], CKPT_ACCESS_MAP);
    bool compress = strcmp(arg[0], "compress") == 0;
    ckpt_save_options save = {
        .struct_size = sizeof save, .not_durable = true, .compress = compress, .threads = threads};
    ckpt_error err;
    watch w;
    watch_begin(&w);
    double begin = now();
    if (strcmp(arg[0], "verify") == 0)
        must(ckpt_verify(c, NULL, NULL, &err), &err);
    else
        must(ckpt_save(c, arg[2], &save, &err), &err);
    double seconds = now() - begin;
    printf("{\"seconds\": %.9f, \"anonymous\": %llu, \"index\": %llu}\n", seconds,
           (unsigned long long)watch_end(&w), (unsigned long long)ckpt_describe_file(c).index_size);
    ckpt_free(c);
}

/* ---- converting ---- */

/* As ckpt-convert does it: opened to be read, and every part streamed into the other format. */
static void convert_file(char **arg, bool durable) {
    ckpt_open_options open = {
        .struct_size = sizeof open, .access = CKPT_ACCESS_READ, .threads = threads};
    ckpt_save_options save = {
        .struct_size = sizeof save, .format = arg[2], .not_durable = !durable, .threads = threads};
    ckpt_error err;
    ckpt *c;
    must(ckpt_open(arg[0], &open, &c, &err), &err);
    must(ckpt_save(c, arg[1], &save, &err), &err);
    ckpt_free(c);
}

static void convert(char **arg) {
    unlink(arg[1]);
    double begin = now();
    convert_file(arg, strcmp(arg[3], "durable") == 0);
    tell_seconds(now() - begin);
}

static void watch_convert(char **arg) {
    watch w;
    watch_begin(&w);
    double begin = now();
    convert_file(arg, false);
    double seconds = now() - begin;
    printf("{\"seconds\": %.9f, \"anonymous\": %llu}\n", seconds,
           (unsigned long long)watch_end(&w));
    unlink(arg[1]);
}

static void copy_file(char **arg) {
    tell_seconds(limit_copy(arg[0], arg[1], strcmp(arg[2], "durable") == 0));
}

/* ---- limits ---- */

static void limit(char **arg) {
    unsigned hands = threads != 0 ? threads : processors();
    if (strcmp(arg[0], "map") == 0)
        tell_seconds(limit_sum_map(arg[1], hands));
    else if (strcmp(arg[0], "read") == 0)
        tell_seconds(limit_sum_read(arg[1], hands));
    else if (strcmp(arg[0], "memory") == 0)
        tell_seconds(limit_sum_memory((size_t)strtoull(arg[1], NULL, 10), hands));
    else if (strcmp(arg[0], "disk") == 0)
        tell_seconds(limit_read(arg[1], false));
    else if (strcmp(arg[0], "disk-direct") == 0)
        tell_seconds(limit_read(arg[1], true));
    else
        die("there is no such limit");
}

static const struct {
    const char *name;
    int arguments;
    int file; /* which argument is the file that --cold is about; -1: none */
    void (*run)(char **arguments);
} operations[] = {
    {"make-many", 2, -1, make_many}, {"make-large", 2, -1, make_large},
    {"open", 1, 0, open_many},       {"get", 4, 0, get_one},
    {"verify", 1, 0, verify},        {"load", 1, 0, load},
    {"read", 1, 0, read_all},        {"save", 3, -1, save},
    {"save-pair", 3, -1, save_pair}, {"save-many", 2, -1, save_many},
    {"write", 3, -1, write_same},    {"memory", 3, 1, watch_memory},
    {"convert", 4, 0, convert},      {"convert-memory", 3, 0, watch_convert},
    {"copy", 3, 0, copy_file},       {"limit", 2, 1, limit},
};

int main(int argc, char **argv) {
    bool cold = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--cold") == 0)
            cold = true;
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = (unsigned)strtoul(argv[++i], NULL, 10);
    }
    for (size_t o = 0; i < argc && o < sizeof operations / sizeof *operations; o++) {
        if (strcmp(argv[i], operations[o].name) != 0 || argc - i - 1 != operations[o].arguments)
            continue;
        char **arguments = argv + i + 1;
        if (cold && operations[o].file >= 0)
            limit_make_cold(arguments[operations[o].file]);
        operations[o].run(arguments);
        return 0;
    }
    die("usage: bench_library [--threads N] [--cold] OPERATION ARGUMENT...");
}
