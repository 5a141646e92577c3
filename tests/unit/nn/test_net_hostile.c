/* SPDX-License-Identifier: MIT */
/* Models made to hurt: endless sharing, depth, views that expand, and memory that runs out. */
#include "nntest.h"

#include <stdio.h>

/* depth levels, each the child of the one above under two names: 2^depth places. */
static ckpt *doubling_net(int depth, const char *bottom) {
    ckpt *c = new_sequential(NULL);
    ckpt_module above = ckpt_root(c);
    ckpt_error err;
    for (int i = 0; i < depth; i++) {
        ckpt_module below = add(above, "a", i + 1 < depth ? "Sequential" : bottom);
        must(ckpt_share_module(above, "b", below, &err), &err);
        above = below;
    }
    return c;
}

static void refuse(ckpt *c, ckpt_status status, const char *message) {
    ckpt_net *net = NULL;
    ckpt_error err;
    expect(ckpt_net_build(ckpt_root(c), NULL, &net, &err), &err, status, message);
    ck_assert_ptr_null(net);
    ckpt_free(c);
}

START_TEST(test_places_without_end) {
    const char *message = "the net has more than 1048576 places for modules";
    refuse(doubling_net(100, "ReLU"), CKPT_E_LIMIT, message);
    refuse(doubling_net(100, "Sequential"), CKPT_E_LIMIT, message);
}
END_TEST

START_TEST(test_many_places_within_the_limit) {
    const float input = -1;
    float output = 7;
    uint64_t shape[1] = {1};
    ckpt_error err;
    ckpt *c = doubling_net(12, "ReLU");
    ckpt_net *net = build(c);
    must(ckpt_net_forward(net, 1, shape, &input, &output, 1, &err), &err);
    ck_assert_float_eq(output, 0);
    ckpt_net_free(net);
    ckpt_free(c);
}
END_TEST

START_TEST(test_depth) {
    for (int depth = 127; depth <= 128; depth++) {
        ckpt *c = new_sequential(NULL);
        ckpt_net *net = NULL;
        ckpt_error err;
        ckpt_module inner = ckpt_root(c);
        for (int i = 0; i < depth; i++)
            inner = add(inner, "x", "Sequential");
        ckpt_status status = ckpt_net_build(ckpt_root(c), NULL, &net, &err);
        ck_assert_int_eq(status, depth == 127 ? CKPT_OK : CKPT_E_LIMIT);
        ckpt_net_free(net);
        ckpt_free(c);
    }
}
END_TEST

/* One float seen as 2^40 of them must not become an array. */
START_TEST(test_expanded_view) {
    uint64_t shape[2] = {UINT64_C(1) << 20, UINT64_C(1) << 20}, strides[2] = {0, 0};
    counter count;
    ckpt_allocator allocator = counting_allocator(&count);
    ckpt *c = new_sequential(&allocator);
    ckpt_storage storage = {NULL, 0};
    ckpt_tensor tensor = {NULL, 0};
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 2,
                             .shape = shape,
                             .strides = strides};
    ckpt_error err;
    must(ckpt_storage_create(c, 4, &storage, &err), &err);
    must(ckpt_tensor_create(storage, &spec, &tensor, &err), &err);
    must(ckpt_add_tensor(add(ckpt_root(c), "0", "Linear"), "weight", tensor, &err), &err);
    refuse(c, CKPT_E_LIMIT, "the net's weights would take more than 16777248 bytes in f32");
    ck_assert_uint_lt(count.peak_bytes, 1 << 20);
}
END_TEST

/* Many small views that overlap are limited together. */
START_TEST(test_many_expanded_views) {
    uint64_t shape[2] = {1024, 1024}, strides[2] = {0, 0};
    counter count;
    ckpt_allocator allocator = counting_allocator(&count);
    ckpt *c = new_sequential(&allocator);
    ckpt_storage storage = {NULL, 0};
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 2,
                             .shape = shape,
                             .strides = strides};
    ckpt_error err;
    must(ckpt_storage_create(c, 4, &storage, &err), &err);
    for (int i = 0; i < 100; i++) {
        char name[16];
        ckpt_tensor tensor = {NULL, 0};
        (void)snprintf(name, sizeof name, "%d", i);
        must(ckpt_tensor_create(storage, &spec, &tensor, &err), &err);
        must(ckpt_add_tensor(add(ckpt_root(c), name, "Linear"), "weight", tensor, &err), &err);
    }
    refuse(c, CKPT_E_LIMIT, "the net's weights would take more than 16777248 bytes in f32");
    ck_assert_uint_lt(count.peak_bytes, 32 << 20);
}
END_TEST

/* A tensor of 2^16 halves that a thousand modules use is converted once. */
START_TEST(test_tied_weight_is_converted_once) {
    uint64_t shape[2] = {256, 256};
    counter count;
    ckpt_allocator allocator = counting_allocator(&count);
    ckpt *c = new_sequential(&allocator);
    ckpt_tensor tensor = {NULL, 0};
    ckpt_error err;
    must(ckpt_add_parameter(add(ckpt_root(c), "first", "Linear"), "weight", CKPT_F16, 2, shape,
                            NULL, &tensor, &err),
         &err);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%d", i);
        must(ckpt_add_tensor(add(ckpt_root(c), name, "Linear"), "weight", tensor, &err), &err);
    }
    size_t before = count.live_bytes;
    ckpt_net *net = build(c);
    ck_assert_uint_ge(count.live_bytes - before, 256 * 256 * sizeof(float));
    ck_assert_uint_lt(count.live_bytes - before, 3 * 256 * 256 * sizeof(float));
    ckpt_net_free(net);
    ckpt_free(c);
    ck_assert_uint_eq(count.live_bytes, 0);
}
END_TEST

/* Allocation 1, 2, 3, ... fails until build and run succeed; every time nothing stays behind. */
START_TEST(test_memory_that_runs_out) {
    uint64_t shape[2] = {3, 4}, batch[2] = {2, 4};
    const float input[8] = {0};
    float output[6];
    counter count;
    ckpt_allocator allocator = counting_allocator(&count);
    ckpt *c = new_sequential(&allocator);
    ckpt_error err;
    must(ckpt_add_parameter(add(ckpt_root(c), "0", "Linear"), "weight", CKPT_F16, 2, shape, NULL,
                            NULL, &err),
         &err);
    add(ckpt_root(c), "1", "Tanh");
    set(add(ckpt_root(c), "2", "Softmax"), "dim", ckpt_int(1));
    size_t before = count.live_bytes;
    ckpt_status status = CKPT_E_NOMEM;
    for (size_t i = 1; status != CKPT_OK; i++) {
        ckpt_net *net = NULL;
        ck_assert_uint_lt(i, 1000);
        count.fail_at = count.calls + i;
        status = ckpt_net_build(ckpt_root(c), NULL, &net, &err);
        if (status == CKPT_OK) {
            status = ckpt_net_forward(net, 2, batch, input, output, 6, &err);
            if (status == CKPT_OK)
                ck_assert_uint_gt(i, 5);
        }
        ck_assert_msg(status == CKPT_OK || status == CKPT_E_NOMEM, "%s", err.message);
        ckpt_net_free(net);
        ck_assert_uint_eq(count.live_bytes, before);
    }
    count.fail_at = 0;
    ckpt_free(c);
    ck_assert_uint_eq(count.live_bytes, 0);
}
END_TEST

/* A buffer that could not grow does not spoil the net. */
START_TEST(test_net_goes_on_after_memory_ran_out) {
    const float input[2] = {1, 2}, wanted[2] = {0.5f, 0.5f};
    float output[2];
    uint64_t shape[2] = {2, 1};
    counter count;
    ckpt_allocator allocator = counting_allocator(&count);
    ckpt_error err;
    ckpt *c = new_sequential(&allocator);
    add_linear(ckpt_root(c), "0", 1, 1, NULL, NULL);
    add(ckpt_root(c), "1", "Sigmoid");
    add(ckpt_root(c), "2", "Identity");
    add_linear(ckpt_root(c), "3", 1, 1, (const float[]){1}, NULL);
    ckpt_net *net = build(c);
    count.fail_at = count.calls + 1;
    ck_assert_int_eq(ckpt_net_forward(net, 2, shape, input, output, 2, &err), CKPT_E_NOMEM);
    must(ckpt_net_forward(net, 2, shape, input, output, 2, &err), &err);
    expect_floats(output, wanted, 2);
    ckpt_net_free(net);
    ckpt_free(c);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        test_places_without_end,
        test_many_places_within_the_limit,
        test_depth,
        test_expanded_view,
        test_many_expanded_views,
        test_tied_weight_is_converted_once,
        test_memory_that_runs_out,
        test_net_goes_on_after_memory_ran_out,
    };
    return RUN_CASES("net hostile", tests);
}
