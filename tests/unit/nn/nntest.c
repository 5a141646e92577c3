/* SPDX-License-Identifier: MIT */
#include "nntest.h"

#include "checkmain.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void must_at(ckpt_status status, const ckpt_error *err, const char *file, int line) {
    if (status != CKPT_OK)
        ck_abort_msg("%s:%d: %s", file, line, err->message);
}

void expect_at(ckpt_status got, const ckpt_error *err, ckpt_status wanted, const char *message,
               const char *file, int line) {
    if (got != wanted)
        ck_abort_msg("%s:%d: got %s, wanted %s", file, line, ckpt_status_name(got),
                     ckpt_status_name(wanted));
    if (err->status != wanted || strcmp(err->message, message) != 0)
        ck_abort_msg("%s:%d: message\n  got:    %s\n  wanted: %s", file, line, err->message,
                     message);
}

ckpt *new_sequential(const ckpt_allocator *allocator) {
    ckpt *c = NULL;
    ckpt_error err;
    ckpt_create_options options = {sizeof options, allocator};
    must(ckpt_create(&options, &c, &err), &err);
    must(ckpt_set_module_type(ckpt_root(c), "Sequential", &err), &err);
    return c;
}

ckpt_module add(ckpt_module parent, const char *name, const char *type) {
    ckpt_module module = {NULL, 0};
    ckpt_error err;
    must(ckpt_add_module(parent, name, type, &module, &err), &err);
    return module;
}

void set(ckpt_module module, const char *key, ckpt_literal literal) {
    ckpt_error err;
    must(ckpt_map_set(ckpt_module_attributes(module), key, literal, NULL, &err), &err);
}

ckpt_tensor add_f32(ckpt_module module, const char *name, uint32_t rank, const uint64_t *shape,
                    const float *values) {
    ckpt_tensor tensor = {NULL, 0};
    ckpt_error err;
    must(ckpt_add_parameter(module, name, CKPT_F32, rank, shape, values, &tensor, &err), &err);
    return tensor;
}

ckpt_module add_linear(ckpt_module parent, const char *name, uint64_t in, uint64_t out,
                       const float *weight, const float *bias) {
    ckpt_module linear = add(parent, name, "Linear");
    uint64_t shape[2] = {out, in};
    set(linear, "in_features", ckpt_int((int64_t)in));
    set(linear, "out_features", ckpt_int((int64_t)out));
    set(linear, "bias", ckpt_bool(bias != NULL));
    add_f32(linear, "weight", 2, shape, weight);
    if (bias != NULL)
        add_f32(linear, "bias", 1, shape, bias);
    return linear;
}

ckpt_net *build(ckpt *c) {
    ckpt_net *net = NULL;
    ckpt_error err;
    must(ckpt_net_build(ckpt_root(c), NULL, &net, &err), &err);
    return net;
}

void expect_floats(const float *got, const float *wanted, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool same = isnan(wanted[i]) ? isnan(got[i]) : got[i] == wanted[i];
        float allowed = 1e-6f * fmaxf(fabsf(wanted[i]), 1e-6f);
        if (!same && !(fabsf(got[i] - wanted[i]) <= allowed))
            ck_abort_msg("element %zu is %.9g, wanted %.9g", i, (double)got[i], (double)wanted[i]);
    }
}

void expect_rows(ckpt *c, uint64_t rows, uint64_t columns, const float *input, size_t count,
                 const float *wanted) {
    ckpt_net *net = build(c);
    ckpt_error err;
    uint64_t shape[2] = {rows, columns};
    float *output = malloc(count * sizeof *output + 1);
    ck_assert_ptr_nonnull(output);
    must(ckpt_net_forward(net, 2, shape, input, output, count, &err), &err);
    expect_floats(output, wanted, count);
    free(output);
    ckpt_net_free(net);
}

static void *counting_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    counter *c = ctx;
    if (new_size == 0) {
        c->live_bytes -= old_size;
        free(block);
        return NULL;
    }
    c->calls++;
    if (c->calls == c->fail_at)
        return NULL;
    void *result = realloc(block, new_size);
    if (result == NULL)
        return NULL;
    c->live_bytes += new_size - old_size;
    if (c->live_bytes > c->peak_bytes)
        c->peak_bytes = c->live_bytes;
    return result;
}

ckpt_allocator counting_allocator(counter *c) {
    memset(c, 0, sizeof *c);
    ckpt_allocator allocator = {counting_resize, c};
    return allocator;
}

int run_cases(const char *name, const TTest *const *tests, size_t count) {
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(cases, tests[i]);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
