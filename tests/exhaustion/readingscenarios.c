/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t sweep_case_count(const sweep_case *cases) {
    size_t count = 0;
    while (cases[count].name != NULL)
        count++;
    return count;
}

/* What an output must still be after a failure. */
static ckpt *const untouched = (ckpt *)(void *)&reading_scenarios;

/* The end of each scenario that opens: either there is a checkpoint, or nothing was touched. */
static void close_opened(sweep *s, ckpt_status status, ckpt *c) {
    sweep_disarm(s);
    if (status == CKPT_OK)
        ckpt_free(c);
    else
        sweep_expect(s, c == untouched, "a failed open touched its output");
}

static ckpt_status open_with(sweep *s, ckpt_access access, ckpt_error *err) {
    ckpt *c = untouched;
    ckpt_open_options options = sweep_open_options(s, access);
    sweep_arm(s);
    ckpt_status status = ckpt_open(s->source, &options, &c, err);
    close_opened(s, status, c);
    return status;
}

static ckpt_status open_map(sweep *s, ckpt_error *err) {
    return open_with(s, CKPT_ACCESS_MAP, err);
}

static ckpt_status open_read(sweep *s, ckpt_error *err) {
    return open_with(s, CKPT_ACCESS_READ, err);
}

static ckpt_status open_memory(sweep *s, ckpt_error *err) {
    ckpt *c = untouched;
    size_t size;
    void *bytes = test_read_file(s->source, &size);
    ckpt_open_options options = sweep_open_options(s, CKPT_ACCESS_MAP);
    sweep_arm(s);
    ckpt_status status = ckpt_open_memory(bytes, size, NULL, &options, &c, err);
    close_opened(s, status, c);
    free(bytes);
    return status;
}

static int read_file(void *ctx, void *buffer, size_t size, uint64_t offset) {
    const ckpt_filesystem *posix = ckpt_posix_filesystem();
    size_t count = 0;
    int failure = posix->pread(posix->ctx, *(const int *)ctx, buffer, size, offset, &count);
    return failure != 0 ? failure : count == size ? 0 : EIO;
}

static ckpt_status open_reader(sweep *s, ckpt_error *err) {
    const ckpt_filesystem *posix = ckpt_posix_filesystem();
    ckpt *c = untouched;
    int file = -1;
    ckpt_file_status file_status;
    ckpt_open_options options = sweep_open_options(s, CKPT_ACCESS_MAP);
    sweep_expect(s,
                 posix->open(posix->ctx, s->source, CKPT_FILE_READ, &file) == 0 &&
                     posix->status(posix->ctx, file, &file_status) == 0,
                 "the source cannot be opened");
    ckpt_reader reader = {&file, file_status.size, read_file};
    sweep_arm(s);
    ckpt_status status = ckpt_open_reader(&reader, "reader", &options, &c, err);
    close_opened(s, status, c);
    posix->close(posix->ctx, file);
    return status;
}

/* Freeing cannot fail, whatever the system says. */
static ckpt_status let_go(sweep *s, ckpt_error *err) {
    (void)err;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    sweep_arm(s);
    ckpt_free(c);
    sweep_disarm(s);
    return CKPT_OK;
}

static ckpt_status verify_with(sweep *s, ckpt_access access, ckpt_error *err) {
    ckpt_verify_result result;
    ckpt *c = sweep_open_source(s, access);
    sweep_arm(s);
    ckpt_status status = ckpt_verify(c, NULL, &result, err);
    sweep_disarm(s);
    ckpt_error ignored;
    sweep_expect(s, ckpt_verify(c, NULL, NULL, &ignored) == CKPT_OK,
                 "a checkpoint cannot be verified after a failure");
    ckpt_free(c);
    return status;
}

static ckpt_status verify_map(sweep *s, ckpt_error *err) {
    return verify_with(s, CKPT_ACCESS_MAP, err);
}

static ckpt_status verify_read(sweep *s, ckpt_error *err) {
    return verify_with(s, CKPT_ACCESS_READ, err);
}

/* Every tensor, by all functions that give its elements, in buffers of the test. */
static ckpt_status read_tensor(ckpt_tensor tensor, unsigned char *buffer, ckpt_error *err) {
    const void *data;
    size_t size = (size_t)ckpt_tensor_nbytes(tensor);
    ckpt_dtype_class kind = ckpt_tensor_dtype_info(tensor).dtype_class;
    ckpt_status status = ckpt_tensor_read(tensor, buffer, size, err);
    if (status == CKPT_OK && kind != CKPT_CLASS_COMPLEX && kind != CKPT_CLASS_BLOCK &&
        kind != CKPT_CLASS_OPAQUE)
        status = ckpt_tensor_read_as(tensor, CKPT_F64, buffer,
                                     (size_t)ckpt_tensor_numel(tensor) * sizeof(double), err);
    if (status == CKPT_OK && ckpt_storage_size(ckpt_tensor_storage(tensor)) > 2)
        status = ckpt_storage_read(ckpt_tensor_storage(tensor), 1, 1, buffer, err);
    return status == CKPT_OK ? ckpt_tensor_data(tensor, &data, err) : status;
}

static ckpt_status read_tensors(ckpt *c, unsigned char *buffer, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (uint32_t t = 0; t < ckpt_tensor_count(c) && status == CKPT_OK; t++)
        status = read_tensor(ckpt_tensor_by_id(c, t), buffer, err);
    return status;
}

static ckpt_status read_with(sweep *s, ckpt_access access, ckpt_error *err) {
    ckpt_error ignored;
    ckpt *c = sweep_open_source(s, access);
    unsigned char *buffer = malloc((size_t)1 << 20);
    sweep_arm(s);
    ckpt_status status = read_tensors(c, buffer, err);
    sweep_disarm(s);
    sweep_expect(s, read_tensors(c, buffer, &ignored) == CKPT_OK,
                 "tensors cannot be read after a failure");
    free(buffer);
    ckpt_free(c);
    return status;
}

static ckpt_status tensors_map(sweep *s, ckpt_error *err) {
    return read_with(s, CKPT_ACCESS_MAP, err);
}

static ckpt_status tensors_read(sweep *s, ckpt_error *err) {
    return read_with(s, CKPT_ACCESS_READ, err);
}

static ckpt_status walk(sweep *s, ckpt_error *err) {
    ckpt_walk *const none = (ckpt_walk *)(void *)&reading_scenarios;
    ckpt_status status = CKPT_OK;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    ckpt_error ignored;
    /* A change, so that the limits of names are measured too. */
    sweep_expect(s, ckpt_set_module_type(ckpt_root(c), "Other", &ignored) == CKPT_OK, "no change");
    sweep_arm(s);
    for (int kind = CKPT_WALK_STATE_DICT; kind <= CKPT_WALK_EVERYTHING && status == CKPT_OK;
         kind++) {
        ckpt_walk *steps = none;
        ckpt_walk_item item;
        status = ckpt_walk_create(ckpt_root(c), (ckpt_walk_kind)kind, &steps, err);
        if (status == CKPT_OK) {
            while (ckpt_walk_next(steps, &item))
                continue;
            ckpt_walk_free(steps);
        } else {
            sweep_expect(s, steps == none, "a failed walk touched its output");
        }
    }
    sweep_disarm(s);
    ckpt_free(c);
    return status;
}

static ckpt_status summarize(sweep *s, ckpt_error *err) {
    ckpt_summary summary, before;
    memset(&before, 0x5a, sizeof before);
    summary = before;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    sweep_arm(s);
    ckpt_status status = ckpt_summarize(ckpt_root(c), &summary, err);
    sweep_disarm(s);
    if (status != CKPT_OK)
        sweep_expect(s, memcmp(&summary, &before, sizeof summary) == 0,
                     "a failed summary touched its output");
    ckpt_free(c);
    return status;
}

static bool swallow(void *ctx, const char *text, size_t size) {
    (void)ctx;
    (void)text;
    (void)size;
    return true;
}

static ckpt_status print(sweep *s, ckpt_error *err) {
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    sweep_arm(s);
    ckpt_status status = ckpt_print_module(ckpt_root(c), swallow, NULL, err);
    if (status == CKPT_OK)
        status = ckpt_print_attributes(ckpt_root(c), swallow, NULL, err);
    sweep_disarm(s);
    ckpt_free(c);
    return status;
}

const sweep_case reading_scenarios[] = {
    {"open, mapped", open_map},
    {"open, read", open_read},
    {"open, memory", open_memory},
    {"open, reader", open_reader},
    {"verify, mapped", verify_map},
    {"verify, read", verify_read},
    {"tensors, mapped", tensors_map},
    {"tensors, read", tensors_read},
    {"walk", walk},
    {"summarize", summarize},
    {"print", print},
    {"free", let_go},
    {NULL, NULL},
};
