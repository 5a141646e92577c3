/* SPDX-License-Identifier: MIT */
/* Nets as wholes: nesting, sharing, shapes, batches, memory. */
#include "nntest.h"

#include <string.h>

static const float swap[4] = {0, 1, 1, 0}, two[2] = {1, -1};

/* Sequential(Linear, Sequential(ReLU, the same Linear), Identity): (a, b) to (b + 1, a - 1), relu,
 * and once more. */
static ckpt *shared_net(const ckpt_allocator *allocator) {
    ckpt *c = new_sequential(allocator);
    ckpt_error err;
    ckpt_module linear = add_linear(ckpt_root(c), "0", 2, 2, swap, two);
    ckpt_module block = add(ckpt_root(c), "block 1", "Sequential");
    add(block, "0", "ReLU");
    must(ckpt_share_module(block, "1", linear, &err), &err);
    add(ckpt_root(c), "last", "Identity");
    return c;
}

START_TEST(test_nested_and_shared) {
    const float input[4] = {5, 3, -1, -4}, wanted[4] = {5, 3, 1, -1};
    ckpt *c = shared_net(NULL);
    expect_rows(c, 2, 2, input, 4, wanted);
    ckpt_free(c);
}
END_TEST

START_TEST(test_net_of_a_part) {
    const float input[2] = {-2, 7}, wanted[2] = {8, -1};
    uint64_t shape[2] = {1, 2};
    ckpt *c = shared_net(NULL);
    ckpt_net *net = NULL;
    ckpt_error err;
    float output[2];
    must(ckpt_net_build(ckpt_module_child(ckpt_root(c), "block 1"), NULL, &net, &err), &err);
    must(ckpt_net_forward(net, 2, shape, input, output, 2, &err), &err);
    expect_floats(output, wanted, 2);
    ckpt_net_free(net);
    ckpt_free(c);
}
END_TEST

/* A net sees the weights where they lie. */
START_TEST(test_change_of_weights_is_seen) {
    const float input[2] = {1, 1}, wanted[2] = {10, 1};
    uint64_t shape[2] = {1, 2};
    ckpt *c = new_sequential(NULL);
    ckpt_module linear = add_linear(ckpt_root(c), "0", 2, 2, swap, NULL);
    ckpt_net *net = build(c);
    float *weight =
        ckpt_storage_writable(ckpt_tensor_storage(ckpt_module_tensor(linear, "weight")));
    float output[2];
    ckpt_error err;
    weight[1] = 10;
    must(ckpt_net_forward(net, 2, shape, input, output, 2, &err), &err);
    expect_floats(output, wanted, 2);
    ckpt_net_free(net);
    ckpt_free(c);
}
END_TEST

/* The weight [[1, 2], [3, 4]] in another dtype, turned, or at an odd address. */
static void expect_weight(ckpt_dtype dtype, const void *bytes, uint64_t size,
                          const uint64_t *strides) {
    const float input[2] = {1, 10}, wanted[2] = {21, 43};
    uint64_t shape[2] = {2, 2};
    ckpt *c = new_sequential(NULL);
    ckpt_storage storage = {NULL, 0};
    ckpt_tensor tensor = {NULL, 0};
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = dtype, .rank = 2, .shape = shape, .strides = strides};
    ckpt_error err;
    must(ckpt_storage_borrow(c, bytes, size, &storage, &err), &err);
    must(ckpt_tensor_create(storage, &spec, &tensor, &err), &err);
    must(ckpt_add_tensor(add(ckpt_root(c), "0", "Linear"), "weight", tensor, &err), &err);
    expect_rows(c, 1, 2, input, 2, wanted);
    ckpt_free(c);
}

START_TEST(test_weights_of_other_layouts) {
    const double wide[4] = {1, 2, 3, 4};
    const uint16_t halves[4] = {0x3c00, 0x4000, 0x4200, 0x4400};
    const uint16_t brains[4] = {0x3f80, 0x4000, 0x4040, 0x4080};
    const float plain[4] = {1, 2, 3, 4}, turned[4] = {1, 3, 2, 4};
    const uint64_t strides[2] = {1, 2};
    unsigned char odd[1 + sizeof plain];
    memcpy(odd + 1, plain, sizeof plain);
    expect_weight(CKPT_F64, wide, sizeof wide, NULL);
    expect_weight(CKPT_F16, halves, sizeof halves, NULL);
    expect_weight(CKPT_BF16, brains, sizeof brains, NULL);
    expect_weight(CKPT_F32, turned, sizeof turned, strides);
    expect_weight(CKPT_F32, odd + 1, sizeof plain, NULL);
}
END_TEST

START_TEST(test_batch_of_none) {
    uint64_t shape[2] = {0, 2}, got[64];
    uint32_t rank = 0;
    float untouched = 7;
    ckpt_error err;
    ckpt *c = shared_net(NULL);
    ckpt_net *net = build(c);
    must(ckpt_net_output_shape(net, 2, shape, &rank, got, &err), &err);
    ck_assert_uint_eq(rank, 2);
    ck_assert_uint_eq(got[0], 0);
    ck_assert_uint_eq(got[1], 2);
    must(ckpt_net_forward(net, 2, shape, NULL, &untouched, 0, &err), &err);
    must(ckpt_net_forward(net, 2, shape, NULL, NULL, 0, &err), &err);
    ck_assert_float_eq(untouched, 7);
    ckpt_net_free(net);
    ckpt_free(c);
}
END_TEST

START_TEST(test_no_allocation_after_the_first_call) {
    counter count;
    ckpt_allocator allocator = counting_allocator(&count);
    ckpt *c = shared_net(&allocator);
    ckpt_net *net = build(c);
    float input[200] = {0}, output[200];
    ckpt_error err;
    uint64_t shape[2] = {50, 2};
    must(ckpt_net_forward(net, 2, shape, input, output, 100, &err), &err);
    size_t calls = count.calls;
    const uint64_t batches[] = {50, 1, 0, 49, 50};
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        shape[0] = batches[i];
        must(ckpt_net_forward(net, 2, shape, input, output, 2 * batches[i], &err), &err);
    }
    ck_assert_uint_eq(count.calls, calls);
    shape[0] = 100;
    must(ckpt_net_forward(net, 2, shape, input, output, 200, &err), &err);
    ck_assert_uint_gt(count.calls, calls);
    ckpt_net_free(net);
    ckpt_free(c);
    ck_assert_uint_eq(count.live_bytes, 0);
}
END_TEST

START_TEST(test_shape_that_does_not_fit) {
    uint64_t wrong[2] = {4, 3}, got[64] = {99};
    uint32_t rank = 99;
    ckpt_error err;
    ckpt *c = new_sequential(NULL);
    ckpt_module block = add(ckpt_root(c), "a b", "Sequential");
    add(block, "first", "ReLU");
    add_linear(block, "second", 2, 2, swap, NULL);
    ckpt_net *net = build(c);
    expect(
        ckpt_net_output_shape(net, 2, wrong, &rank, got, &err), &err, CKPT_E_SHAPE,
        "module 'a b.second' (Linear): takes 2 features in the last dimension, got shape [4, 3]");
    expect(ckpt_net_output_shape(net, 0, NULL, &rank, got, &err), &err, CKPT_E_SHAPE,
           "module 'a b.second' (Linear): takes 2 features in the last dimension, got shape []");
    ck_assert_uint_eq(rank, 99);
    ck_assert_uint_eq(got[0], 99);
    ckpt_net_free(net);
    ckpt_free(c);
}
END_TEST

static void refuse_shape(const char *type, const char *key, int64_t value, uint32_t rank,
                         const uint64_t *shape, ckpt_status status, const char *message) {
    uint64_t got[64];
    uint32_t got_rank;
    ckpt_error err;
    ckpt *c = new_sequential(NULL);
    set(add(ckpt_root(c), "0", type), key, ckpt_int(value));
    ckpt_net *net = build(c);
    expect(ckpt_net_output_shape(net, rank, shape, &got_rank, got, &err), &err, status, message);
    ckpt_net_free(net);
    ckpt_free(c);
}

START_TEST(test_dimensions_that_are_not_there) {
    const uint64_t shape[2] = {2, 3}, many[64] = {0}, huge[3] = {0, UINT64_MAX, UINT64_MAX};
    refuse_shape("Softmax", "dim", 2, 2, shape, CKPT_E_SHAPE,
                 "module '0' (Softmax): dim is 2, the input has shape [2, 3]");
    refuse_shape("Softmax", "dim", INT64_MIN, 2, shape, CKPT_E_SHAPE,
                 "module '0' (Softmax): dim is -9223372036854775808, the input has shape [2, 3]");
    refuse_shape("Flatten", "start_dim", 5, 2, shape, CKPT_E_SHAPE,
                 "module '0' (Flatten): start_dim is 5, the input has shape [2, 3]");
    refuse_shape(
        "Flatten", "end_dim", 0, 2, shape, CKPT_E_SHAPE,
        "module '0' (Flatten): start_dim comes after end_dim for an input of shape [2, 3]");
    refuse_shape("Flatten", "end_dim", -1, 3, huge, CKPT_E_SHAPE,
                 "module '0' (Flatten): the product of dimensions 1 to 2 of [0, "
                 "18446744073709551615, 18446744073709551615] leaves 64 bits");
    refuse_shape(
        "Flatten", "end_dim", 64, 64, many, CKPT_E_SHAPE,
        "module '0' (Flatten): end_dim is 64, the input has shape [0, 0, 0, 0, 0, 0, 0, 0, "
        "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...]");
}
END_TEST

START_TEST(test_shapes_that_no_memory_holds) {
    const uint64_t shape[2] = {UINT64_C(1) << 40, UINT64_C(1) << 40};
    const uint64_t wide[2] = {UINT64_C(1) << 60, 0};
    uint64_t got[64];
    uint32_t rank;
    counter count;
    ckpt_allocator allocator = counting_allocator(&count);
    ckpt_error err;
    ckpt *c = new_sequential(&allocator);
    ckpt_net *net = build(c);
    expect(ckpt_net_output_shape(net, 2, shape, &rank, got, &err), &err, CKPT_E_OVERFLOW,
           "an array of shape [1099511627776, 1099511627776] is too large for memory");
    ckpt_net_free(net);
    /* A weight without elements, so without bytes, that makes rows of 2^60 of them. */
    add_f32(add(ckpt_root(c), "0", "Linear"), "weight", 2, wide, NULL);
    net = build(c);
    const uint64_t batch[2] = {16, 0};
    float output;
    expect(ckpt_net_forward(net, 2, batch, NULL, &output, 1, &err), &err, CKPT_E_OVERFLOW,
           "module '0' (Linear): an array of shape [16, 1152921504606846976] is too large for "
           "memory");
    ckpt_net_free(net);
    ckpt_free(c);
    ck_assert_uint_lt(count.peak_bytes, 1 << 20);
}
END_TEST

START_TEST(test_wrong_calls) {
    const float input[2] = {1, 2};
    float output[2] = {7, 7};
    uint64_t shape[2] = {1, 2};
    ckpt_error err;
    ckpt *c = shared_net(NULL);
    ckpt_net *net = build(c);
    expect(ckpt_net_forward(net, 2, shape, input, output, 3, &err), &err, CKPT_E_ARGUMENT,
           "net: the output has shape [1, 2], the caller has room for 3 elements");
    expect(ckpt_net_forward(net, 2, shape, NULL, output, 2, &err), &err, CKPT_E_ARGUMENT,
           "net: no input, or no place for the output");
    expect(ckpt_net_forward(net, 65, shape, input, output, 2, &err), &err, CKPT_E_ARGUMENT,
           "net: no net, no shape of the input, or more than 64 extents");
    ck_assert_float_eq(output[0], 7);
    ckpt_net_free(net);
    ckpt_free(c);
}
END_TEST

START_TEST(test_input_features) {
    ckpt *c = new_sequential(NULL);
    add(ckpt_root(c), "0", "Tanh");
    ckpt_net *net = build(c);
    ck_assert_uint_eq(ckpt_net_input_features(net), 0);
    ck_assert_uint_eq(ckpt_net_input_features(NULL), 0);
    ckpt_net_free(net);
    add_linear(ckpt_root(c), "1", 5, 2, NULL, NULL);
    net = build(c);
    ck_assert_uint_eq(ckpt_net_input_features(net), 5);
    ckpt_net_free(net);
    ckpt_free(c);
    c = new_sequential(NULL);
    add(ckpt_root(c), "0", "Flatten");
    add_linear(ckpt_root(c), "1", 5, 2, NULL, NULL);
    net = build(c);
    ck_assert_uint_eq(ckpt_net_input_features(net), 0);
    ckpt_net_free(net);
    ckpt_free(c);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        test_nested_and_shared,
        test_net_of_a_part,
        test_change_of_weights_is_seen,
        test_weights_of_other_layouts,
        test_batch_of_none,
        test_no_allocation_after_the_first_call,
        test_shape_that_does_not_fit,
        test_dimensions_that_are_not_there,
        test_shapes_that_no_memory_holds,
        test_wrong_calls,
        test_input_features,
    };
    return RUN_CASES("net run", tests);
}
