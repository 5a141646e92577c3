/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include "comparemodels.h"
#include "randommodel.h"

#include <stdlib.h>
#include <string.h>

/* What is at path must be a whole file, equal to c. */
static void expect_saved(sweep *s, ckpt *c, const char *path) {
    ckpt *opened;
    ckpt_error err;
    char why[200];
    if (ckpt_open(path, NULL, &opened, &err) != CKPT_OK) {
        sweep_expect(s, false, "what was saved cannot be opened");
        return;
    }
    sweep_expect(s, models_differ(c, opened, why, sizeof why) == NULL,
                 "what was saved is not equal to the model");
    sweep_expect(s, ckpt_verify(opened, NULL, NULL, &err) == CKPT_OK,
                 "what was saved does not verify");
    ckpt_free(opened);
}

static ckpt_status save_to(sweep *s, ckpt *c, const char *path, ckpt_error *err) {
    ckpt_save_options options = sweep_save_options(s);
    options.chunk_size = 4096;
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, path, &options, err);
    sweep_disarm(s);
    if (status == CKPT_OK || status == CKPT_E_DURABILITY)
        expect_saved(s, c, path);
    return status;
}

static ckpt_status save_over(sweep *s, ckpt_error *err) {
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    ckpt_status status = save_to(s, c, s->target, err);
    ckpt_free(c);
    return status;
}

static ckpt_status save_over_read(sweep *s, ckpt_error *err) {
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_READ);
    ckpt_status status = save_to(s, c, s->target, err);
    ckpt_free(c);
    return status;
}

static ckpt_status save_new(sweep *s, ckpt_error *err) {
    const ckpt_filesystem *posix = ckpt_posix_filesystem();
    char path[512];
    ckpt_file_status ignored;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    test_path(&s->directory, "new.ckpt", path, sizeof path);
    ckpt_status status = save_to(s, c, path, err);
    bool is_there = posix->status_of_path(posix->ctx, path, &ignored) == 0;
    sweep_expect(s, is_there == (status == CKPT_OK || status == CKPT_E_DURABILITY),
                 "a file is there that was not saved, or the other way round");
    if (is_there)
        posix->unlink(posix->ctx, path);
    ckpt_free(c);
    return status;
}

/* The old file is then the source itself: it must stay what it is, or become the same again. */
static ckpt_status save_over_source(sweep *s, ckpt_error *err) {
    size_t size, size_after;
    void *before = test_read_file(s->source, &size);
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    ckpt_status status = save_to(s, c, s->source, err);
    void *after = test_read_file(s->source, &size_after);
    sweep_expect(s, size == size_after && memcmp(before, after, size) == 0,
                 "a save over its own source changed the bytes");
    free(before);
    free(after);
    ckpt_free(c);
    return status;
}

static ckpt_status edit_and_save(sweep *s, ckpt_error *err) {
    ckpt_error ignored;
    static const uint64_t shape[1] = {3};
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    bool edited =
        ckpt_add_buffer(ckpt_root(c), "one more", CKPT_I64, 1, shape, NULL, NULL, &ignored) ==
            CKPT_OK &&
        ckpt_map_set(ckpt_metadata(c), "one more", ckpt_string("text"), NULL, &ignored) == CKPT_OK;
    sweep_expect(s, edited, "the checkpoint cannot be edited");
    ckpt_status status = save_to(s, c, s->target, err);
    ckpt_free(c);
    return status;
}

static ckpt_status save_memory(sweep *s, ckpt_error *err) {
    void *const untouched = s;
    void *bytes = untouched;
    size_t size = 12345;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    sweep_arm(s);
    ckpt_status status = ckpt_save_memory(c, NULL, &bytes, &size, err);
    sweep_disarm(s);
    if (status == CKPT_OK)
        ckpt_buffer_free(c, bytes, size);
    else
        sweep_expect(s, bytes == untouched && size == 12345, "a failed save touched its outputs");
    ckpt_free(c);
    return status;
}

static int write_nowhere(void *ctx, const void *bytes, size_t size, uint64_t offset) {
    (void)ctx;
    (void)bytes;
    (void)size;
    (void)offset;
    return 0;
}

static ckpt_status save_writer(sweep *s, ckpt_error *err) {
    ckpt_writer writer = {NULL, write_nowhere};
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_READ);
    sweep_arm(s);
    ckpt_status status = ckpt_save_writer(c, &writer, NULL, err);
    sweep_disarm(s);
    ckpt_free(c);
    return status;
}

const sweep_case saving_scenarios[] = {
    {"save new", save_new},
    {"save over an old file", save_over},
    {"save over an old file, from a file that is read", save_over_read},
    {"save over the mapped source", save_over_source},
    {"edit and save", edit_and_save},
    {"save to memory", save_memory},
    {"save to a writer", save_writer},
    {NULL, NULL},
};
