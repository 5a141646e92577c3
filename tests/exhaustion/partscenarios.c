/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "comparemodels.h"

enum { SHARD = 4096 };

static void path_of_new(const sweep *s, char *path, size_t size) {
    test_path(&s->directory, "new.ckpt", path, size);
}

static bool has_end(const char *name, const char *end) {
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

/* Removes new.ckpt and all parts; how many parts there were. */
static int clean_up(const sweep *s) {
    char path[700];
    int parts = 0;
    DIR *entries = opendir(s->directory.path);
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        bool is_part = has_end(entry->d_name, ".part");
        if (!is_part && strcmp(entry->d_name, "new.ckpt") != 0)
            continue;
        test_path(&s->directory, entry->d_name, path, sizeof path);
        unlink(path);
        parts += is_part;
    }
    if (entries != NULL)
        closedir(entries);
    return parts;
}

/* What is at path must be whole, with its parts, and equal to c. */
static void expect_saved(sweep *s, ckpt *c, const char *path) {
    ckpt *opened;
    ckpt_error err;
    char why[200];
    if (ckpt_open(path, NULL, &opened, &err) != CKPT_OK) {
        sweep_expect(s, false, "what was saved cannot be opened");
        return;
    }
    sweep_expect(s, ckpt_part_count(opened) != 0, "what was saved has no parts");
    sweep_expect(s, models_differ(c, opened, why, sizeof why) == NULL,
                 "what was saved is not equal to the model");
    sweep_expect(s, ckpt_verify(opened, NULL, NULL, &err) == CKPT_OK,
                 "what was saved does not verify");
    ckpt_free(opened);
}

static ckpt_save_options shard_options(const sweep *s) {
    ckpt_save_options options = sweep_save_options(s);
    options.chunk_size = 4096;
    options.shard_size = SHARD;
    return options;
}

static bool is_saved(ckpt_status status) {
    return status == CKPT_OK || status == CKPT_E_DURABILITY;
}

static ckpt_status save_shards(sweep *s, ckpt_error *err) {
    char path[512];
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    ckpt_save_options options = shard_options(s);
    path_of_new(s, path, sizeof path);
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, path, &options, err);
    sweep_disarm(s);
    if (is_saved(status))
        expect_saved(s, c, path);
    sweep_expect(s, (clean_up(s) != 0) == is_saved(status), "parts are there without their file");
    ckpt_free(c);
    return status;
}

static ckpt_status save_compressed_shards(sweep *s, ckpt_error *err) {
    char path[512];
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_READ);
    ckpt_save_options options = shard_options(s);
    options.compress = true;
    options.threads = 1;
    path_of_new(s, path, sizeof path);
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, path, &options, err);
    sweep_disarm(s);
    if (is_saved(status))
        expect_saved(s, c, path);
    sweep_expect(s, (clean_up(s) != 0) == is_saved(status), "parts are there without their file");
    ckpt_free(c);
    return status;
}

/* Part of the new checkpoint is in the old one, and has the names of parts that are there. */
static ckpt_status save_shards_over_shards(sweep *s, ckpt_error *err) {
    static const uint64_t shape[1] = {3000};
    char path[512];
    ckpt_error ignored;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP), *old;
    ckpt_save_options options = shard_options(s), unwatched = options;
    unwatched.filesystem = NULL;
    unwatched.not_durable = true;
    path_of_new(s, path, sizeof path);
    sweep_expect(s, ckpt_save(c, path, &unwatched, &ignored) == CKPT_OK, "cannot prepare");
    old = c;
    c = sweep_open_source(s, CKPT_ACCESS_MAP);
    sweep_expect(s,
                 ckpt_add_buffer(ckpt_root(c), "one more", CKPT_U8, 1, shape, NULL, NULL,
                                 &ignored) == CKPT_OK,
                 "cannot prepare");
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, path, &options, err);
    sweep_disarm(s);
    expect_saved(s, is_saved(status) ? c : old, path);
    clean_up(s);
    ckpt_free(c);
    ckpt_free(old);
    return status;
}

/* The source is its own base: nothing is written but the index. */
static ckpt_status save_with_base(sweep *s, ckpt_error *err) {
    char path[512];
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    ckpt_save_options options = sweep_save_options(s);
    options.base = c;
    path_of_new(s, path, sizeof path);
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, path, &options, err);
    sweep_disarm(s);
    if (is_saved(status))
        expect_saved(s, c, path);
    clean_up(s);
    ckpt_free(c);
    return status;
}

/* new.ckpt in shards, by means that do not fail. */
static void prepare_shards(sweep *s, char *path, size_t size) {
    ckpt_error ignored;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    ckpt_save_options options = shard_options(s);
    options.filesystem = NULL;
    options.not_durable = true;
    path_of_new(s, path, size);
    sweep_expect(s, ckpt_save(c, path, &options, &ignored) == CKPT_OK, "cannot prepare");
    ckpt_free(c);
}

static ckpt_status read_parts(sweep *s, ckpt_error *err) {
    char path[512];
    uint8_t digest[CKPT_DIGEST_SIZE];
    ckpt *c = NULL;
    ckpt_open_options options = sweep_open_options(s, CKPT_ACCESS_READ);
    prepare_shards(s, path, sizeof path);
    sweep_arm(s);
    ckpt_status status = ckpt_open(path, &options, &c, err);
    if (status == CKPT_OK)
        status = ckpt_digest(c, NULL, digest, err);
    sweep_disarm(s);
    ckpt_free(c);
    clean_up(s);
    return status;
}

static ckpt_status verify_parts(sweep *s, ckpt_error *err) {
    char path[512];
    ckpt_error ignored;
    ckpt *c = NULL;
    ckpt_open_options options = sweep_open_options(s, CKPT_ACCESS_MAP);
    prepare_shards(s, path, sizeof path);
    sweep_expect(s, ckpt_open(path, &options, &c, &ignored) == CKPT_OK, "cannot be opened");
    sweep_arm(s);
    ckpt_status status = ckpt_verify(c, NULL, NULL, err);
    sweep_disarm(s);
    ckpt_free(c);
    clean_up(s);
    return status;
}

const sweep_case part_scenarios[] = {
    {"save in shards", save_shards},
    {"save in compressed shards", save_compressed_shards},
    {"save in shards over shards", save_shards_over_shards},
    {"save with a base", save_with_base},
    {"open and read parts", read_parts},
    {"verify parts", verify_parts},
    {NULL, NULL},
};
