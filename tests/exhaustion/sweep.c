/* SPDX-License-Identifier: MIT */
#include "sweep.h"

#include "randommodel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A model that has some of everything, and is small, for every scenario runs it hundreds of times.
 */
enum { SOURCE_SEED = 11 };

static void save_source(const char *path) {
    ckpt *c;
    ckpt_error err;
    ckpt_save_options options = {.struct_size = sizeof options, .not_durable = true};
    options.chunk_size = 4096;
    if (random_model(SOURCE_SEED, NULL, &c, &err) != CKPT_OK ||
        ckpt_save(c, path, &options, &err) != CKPT_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    ckpt_free(c);
}

sweep *sweep_create(void) {
    static const char old[] = "these bytes are kept when a save fails";
    sweep *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    s->allocator = fault_memory_hook(&s->memory);
    s->filesystem = fault_files_hook(&s->files);
    s->directory = test_directory_create();
    test_path(&s->directory, "source.ckpt", s->source, sizeof s->source);
    test_path(&s->directory, "target.ckpt", s->target, sizeof s->target);
    s->old_size = sizeof old;
    s->old = malloc(sizeof old);
    if (s->old == NULL)
        abort();
    memcpy(s->old, old, sizeof old);
    save_source(s->source);
    return s;
}

void sweep_free(sweep *s) {
    test_directory_remove(&s->directory);
    free(s->old);
    free(s);
}

void sweep_arm(sweep *s) {
    s->is_armed = true;
    s->memory.requests = s->memory.failures = 0;
    s->memory.fail_at = s->fails_memory ? s->fail_at : 0;
    s->memory.fail_ever_after = s->fail_ever_after;
    fault_files_restart(&s->files);
    s->files.fail_at = s->fails_memory ? 0 : s->fail_at;
    s->files.fail_ever_after = s->fail_ever_after;
    s->files.sys_errno = s->cut ? 0 : s->sys_errno;
}

void sweep_disarm(sweep *s) {
    if (s->is_armed)
        s->operations = s->files.operations;
    s->is_armed = false;
    s->memory.fail_at = s->files.fail_at = 0;
}

bool sweep_failed(const sweep *s) {
    return (s->fails_memory ? s->memory.failures : s->files.failures) != 0;
}

void sweep_expect(sweep *s, bool condition, const char *complaint) {
    if (!condition && s->complaint == NULL)
        s->complaint = complaint;
}

const char *sweep_run(sweep *s, sweep_scenario scenario, ckpt_status *ret_status, ckpt_error *err) {
    s->complaint = NULL;
    s->operations = 0;
    memset(&s->memory, 0, sizeof s->memory);
    test_write_file(s->target, s->old, s->old_size);
    size_t entries = test_directory_count(&s->directory);
    memset(err, 0, sizeof *err);
    *ret_status = scenario(s, err);
    sweep_disarm(s);
    const char *complaint = fault_memory_complaint(&s->memory);
    sweep_expect(s, complaint == NULL, complaint);
    sweep_expect(s, s->files.open_files == 0, "a file was left open");
    sweep_expect(s, s->files.maps == 0, "a file was left mapped");
    sweep_expect(s, test_directory_count(&s->directory) == entries, "a file was left behind");
    if (*ret_status != CKPT_OK) {
        sweep_expect(s, err->status == *ret_status, "the error has another status");
        sweep_expect(s, err->message[0] != '\0' && strchr(err->message, '\n') == NULL,
                     "the message is not one line");
    }
    return s->complaint;
}

bool sweep_target_is_old(const sweep *s) {
    size_t size;
    void *bytes = test_read_file(s->target, &size);
    bool same = size == s->old_size && memcmp(bytes, s->old, size) == 0;
    free(bytes);
    return same;
}

ckpt_open_options sweep_open_options(const sweep *s, ckpt_access access) {
    ckpt_open_options options = {.struct_size = sizeof options,
                                 .allocator = &s->allocator,
                                 .filesystem = s->filesystem,
                                 .access = access};
    return options;
}

ckpt_save_options sweep_save_options(const sweep *s) {
    ckpt_save_options options = {.struct_size = sizeof options, .filesystem = s->filesystem};
    return options;
}

ckpt *sweep_open_source(sweep *s, ckpt_access access) {
    ckpt_error err;
    ckpt *c = NULL;
    ckpt_open_options options = sweep_open_options(s, access);
    ckpt_status status = ckpt_open(s->source, &options, &c, &err);
    sweep_expect(s, status == CKPT_OK, "the source cannot be opened");
    return c;
}
