/* SPDX-License-Identifier: MIT */
/* The work that is interrupted: saving, saving over an older file, editing, editing what has been
 * edited, and compacting; all that of files whose tensors lie in others, too. */
#include "crash.h"

#include <stdio.h>

#include "randommodel.h"

enum { CHUNK = 4096, ROWS = 1500, SHARD = 9000 };

static const ckpt_save_options *options_for(const ckpt_filesystem *files,
                                            ckpt_save_options *options) {
    ckpt_save_options small_chunks = {
        .struct_size = sizeof small_chunks, .filesystem = files, .chunk_size = CHUNK};
    *options = small_chunks;
    return options;
}

/* A random model with two tensors of several chunks. */
static ckpt_status make_model(uint64_t seed, ckpt **ret_ckpt, ckpt_error *err) {
    static float numbers[ROWS];
    const uint64_t shape[] = {ROWS};
    ckpt *c;
    ckpt_status status = random_model(seed, NULL, &c, err);
    if (status != CKPT_OK)
        return status;
    for (int i = 0; i < ROWS; i++)
        numbers[i] = (float)(i + 1) * (float)(seed + 1);
    ckpt_module root = ckpt_root(c);
    status = ckpt_add_parameter(root, "crash a", CKPT_F32, 1, shape, numbers, NULL, err);
    if (status == CKPT_OK)
        status = ckpt_add_parameter(root, "crash b", CKPT_F32, 1, shape, numbers, NULL, err);
    if (status != CKPT_OK) {
        ckpt_free(c);
        return status;
    }
    *ret_ckpt = c;
    return CKPT_OK;
}

static ckpt_status save_model(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err) {
    ckpt_save_options options;
    ckpt *c;
    ckpt_status status = make_model(seed, &c, err);
    if (status != CKPT_OK)
        return status;
    status = ckpt_save(c, CRASH_PATH, options_for(files, &options), err);
    ckpt_free(c);
    return status;
}

/* The tensors lie in files of their own. */
static ckpt_status save_shards(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err) {
    ckpt_save_options options;
    ckpt *c;
    ckpt_status status = make_model(seed, &c, err);
    if (status != CKPT_OK)
        return status;
    options_for(files, &options);
    options.shard_size = SHARD;
    status = ckpt_save(c, CRASH_PATH, &options, err);
    ckpt_free(c);
    return status;
}

static ckpt_status save_other_shards(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err) {
    return save_shards(files, seed + 1000003, err);
}

static ckpt_status save_another(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err) {
    return save_model(files, seed + 1000003, err);
}

static ckpt_status open_model(const ckpt_filesystem *files, ckpt **ret_ckpt, ckpt_error *err) {
    ckpt_open_options options = {.struct_size = sizeof options, .filesystem = files};
    return ckpt_open(CRASH_PATH, &options, ret_ckpt, err);
}

/* One change of each kind: metadata, a name, a tensor gone, one added, and a module. */
static ckpt_status change_model(ckpt *c, uint64_t seed, ckpt_error *err) {
    static const float numbers[ROWS] = {1, 2, 3};
    const uint64_t shape[] = {ROWS};
    ckpt_module root = ckpt_root(c), added;
    ckpt_status status =
        ckpt_map_set(ckpt_metadata(c), "epoch", ckpt_int((int64_t)seed), NULL, err);
    if (status == CKPT_OK)
        status = ckpt_remove(root, "crash a", err);
    if (status == CKPT_OK)
        status = ckpt_rename(root, "crash b", "crash a", err);
    if (status == CKPT_OK)
        status = ckpt_add_module(root, "crash module", "Linear", &added, err);
    if (status == CKPT_OK)
        status = ckpt_add_parameter(added, "weight", CKPT_F32, 1, shape, numbers, NULL, err);
    return status;
}

static ckpt_status edit_model(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err) {
    ckpt_save_options options;
    ckpt *c;
    ckpt_status status = open_model(files, &c, err);
    if (status != CKPT_OK)
        return status;
    status = change_model(c, seed, err);
    if (status == CKPT_OK)
        status = ckpt_commit(c, options_for(files, &options), err);
    ckpt_free(c);
    return status;
}

static ckpt_status edit_metadata(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err) {
    ckpt_save_options options;
    ckpt *c;
    ckpt_status status = open_model(files, &c, err);
    if (status != CKPT_OK)
        return status;
    status = ckpt_map_set(ckpt_metadata(c), "note", ckpt_int((int64_t)seed + 1), NULL, err);
    if (status == CKPT_OK)
        status = ckpt_commit(c, options_for(files, &options), err);
    ckpt_free(c);
    return status;
}

static ckpt_status save_and_edit(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err) {
    ckpt_status status = save_model(files, seed, err);
    return status == CKPT_OK ? edit_model(files, seed, err) : status;
}

static ckpt_status compact(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err) {
    ckpt_save_options options;
    ckpt *c;
    (void)seed;
    ckpt_status status = open_model(files, &c, err);
    if (status != CKPT_OK)
        return status;
    status = ckpt_save(c, CRASH_PATH, options_for(files, &options), err);
    ckpt_free(c);
    return status;
}

static ckpt_status save_and_edit_shards(const ckpt_filesystem *files, uint64_t seed,
                                        ckpt_error *err) {
    ckpt_status status = save_shards(files, seed, err);
    return status == CKPT_OK ? edit_model(files, seed, err) : status;
}

const crash_scenario crash_scenarios[] = {
    {"save", NULL, save_model, false},
    {"save over", save_model, save_another, false},
    {"edit", save_model, edit_model, false},
    {"edit again", save_and_edit, edit_metadata, false},
    {"compact", save_and_edit, compact, false},
    {"save in shards", NULL, save_shards, true},
    {"save in shards over shards", save_shards, save_other_shards, true},
    {"edit with shards", save_shards, edit_model, true},
    {"edit with shards again", save_and_edit_shards, edit_metadata, true},
    {"compact with shards", save_and_edit_shards, compact, true},
};
const size_t crash_scenario_count = sizeof crash_scenarios / sizeof crash_scenarios[0];
