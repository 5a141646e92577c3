/* SPDX-License-Identifier: MIT */
/* What ckpt_net_build says of modules that are not what their attributes promise. */
#include "nntest.h"

#include <stdio.h>
#include <string.h>

static void refuse(ckpt *c, ckpt_status status, const char *message) {
    ckpt_net *net = NULL;
    ckpt_error err;
    expect(ckpt_net_build(ckpt_root(c), NULL, &net, &err), &err, status, message);
    ck_assert_ptr_null(net);
    ckpt_free(c);
}

static const uint64_t shape34[2] = {3, 4};

static ckpt *linear_with_weight(void) {
    ckpt *c = new_sequential(NULL);
    add_f32(add(ckpt_root(c), "0", "Linear"), "weight", 2, shape34, NULL);
    return c;
}

static ckpt_module layer(ckpt *c) {
    return ckpt_module_at(ckpt_root(c), 0);
}

static ckpt *one(const char *type) {
    ckpt *c = new_sequential(NULL);
    add(ckpt_root(c), "0", type);
    return c;
}

START_TEST(test_features_against_weight) {
    ckpt *c = linear_with_weight();
    set(layer(c), "in_features", ckpt_int(5));
    set(layer(c), "out_features", ckpt_int(-3));
    refuse(c, CKPT_E_SHAPE,
           "module '0' (Linear): in_features is 5, but weight has shape [3, 4]; "
           "out_features is -3, but weight has shape [3, 4]");
}
END_TEST

START_TEST(test_bias_against_attribute) {
    ckpt *c = linear_with_weight();
    set(layer(c), "bias", ckpt_bool(true));
    refuse(c, CKPT_E_SHAPE, "module '0' (Linear): bias is true, but there is no tensor 'bias'");
    c = linear_with_weight();
    set(layer(c), "bias", ckpt_bool(false));
    add_f32(layer(c), "bias", 1, shape34, NULL);
    refuse(c, CKPT_E_SHAPE, "module '0' (Linear): bias is false, but there is a tensor 'bias'");
}
END_TEST

START_TEST(test_bias_against_weight) {
    ckpt *c = linear_with_weight();
    add_f32(layer(c), "bias", 1, shape34 + 1, NULL);
    refuse(c, CKPT_E_SHAPE, "module '0' (Linear): bias has shape [4], but weight has shape [3, 4]");
    c = linear_with_weight();
    add_f32(layer(c), "bias", 2, shape34, NULL);
    refuse(c, CKPT_E_SHAPE, "module '0' (Linear): bias has shape [3, 4], must have 1 dimension");
}
END_TEST

START_TEST(test_weight_missing_or_of_wrong_kind) {
    ckpt *c = one("Linear");
    set(layer(c), "out_features", ckpt_int(4));
    add_f32(layer(c), "bias", 1, shape34, NULL);
    refuse(c, CKPT_E_SHAPE,
           "module '0' (Linear): there is no tensor 'weight'; out_features is 4, but bias has "
           "shape [3]");
    c = one("Linear");
    add_f32(layer(c), "weight", 1, shape34, NULL);
    refuse(c, CKPT_E_SHAPE, "module '0' (Linear): weight has shape [3], must have 2 dimensions");
    c = one("Linear");
    ckpt_error err;
    must(ckpt_add_parameter(layer(c), "weight", CKPT_I32, 2, shape34, NULL, NULL, &err), &err);
    refuse(c, CKPT_E_SHAPE,
           "module '0' (Linear): weight has dtype i32, which the runtime does not compute with");
}
END_TEST

START_TEST(test_attribute_types_and_names) {
    ckpt *c = linear_with_weight();
    set(layer(c), "in_features", ckpt_float(4));
    set(layer(c), "bias", ckpt_int(0));
    set(layer(c), "Bias\x1b", ckpt_null());
    refuse(c, CKPT_E_SHAPE,
           "module '0' (Linear): in_features is a float, must be an int; bias is an int, must be "
           "a bool; unknown attribute 'Bias\\x1b'");
    c = one("ReLU");
    set(layer(c), "inplace", ckpt_null());
    refuse(c, CKPT_E_SHAPE, "module '0' (ReLU): inplace is null, must be a bool");
    c = one("Tanh");
    set(layer(c), "inplace", ckpt_bool(true));
    refuse(c, CKPT_E_SHAPE, "module '0' (Tanh): unknown attribute 'inplace'");
}
END_TEST

START_TEST(test_attribute_values) {
    ckpt *c = one("GELU");
    set(layer(c), "approximate", ckpt_string("sigmoid"));
    refuse(c, CKPT_E_SHAPE,
           "module '0' (GELU): approximate is 'sigmoid', must be 'none' or 'tanh'");
    c = one("Dropout");
    set(layer(c), "p", ckpt_float(1.5));
    refuse(c, CKPT_E_SHAPE, "module '0' (Dropout): p is 1.5, must be from 0 to 1");
    refuse(one("Softmax"), CKPT_E_SHAPE, "module '0' (Softmax): attribute 'dim' is missing");
    c = one("LogSoftmax");
    set(layer(c), "dim", ckpt_null());
    refuse(c, CKPT_E_SHAPE, "module '0' (LogSoftmax): dim is null, must be an int");
}
END_TEST

START_TEST(test_unexpected_members) {
    ckpt *c = one("ReLU");
    add_f32(layer(c), "weight", 2, shape34, NULL);
    add(layer(c), "child", "ReLU");
    refuse(c, CKPT_E_SHAPE,
           "module '0' (ReLU): unexpected tensor 'weight'; unexpected child module 'child'");
    c = new_sequential(NULL);
    add_f32(ckpt_root(c), "scale", 2, shape34, NULL);
    refuse(c, CKPT_E_SHAPE, "the module itself (Sequential): unexpected tensor 'scale'");
}
END_TEST

START_TEST(test_mismatches_of_several_modules) {
    ckpt *c = new_sequential(NULL);
    ckpt_module block = add(ckpt_root(c), "block 1", "Sequential");
    add(block, "a", "Softmax");
    ckpt_module bad = add(block, "b", "Softmax");
    ckpt_error err;
    must(ckpt_share_module(ckpt_root(c), "again", bad, &err), &err);
    refuse(c, CKPT_E_SHAPE,
           "module 'block 1.a' (Softmax): attribute 'dim' is missing; module 'block 1.b' "
           "(Softmax): attribute 'dim' is missing");
}
END_TEST

START_TEST(test_message_says_how_many_mismatches_it_leaves_out) {
    ckpt *c = new_sequential(NULL);
    for (int i = 0; i < 100; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%02d", i);
        add(ckpt_root(c), name, "Softmax");
    }
    ckpt_net *net = NULL;
    ckpt_error err;
    ck_assert_int_eq(ckpt_net_build(ckpt_root(c), NULL, &net, &err), CKPT_E_SHAPE);
    size_t named = 0;
    for (const char *p = err.message; (p = strstr(p, "is missing")) != NULL; p++)
        named++;
    char ending[64];
    (void)snprintf(ending, sizeof ending, "is missing; and %zu more", 100 - named);
    ck_assert_uint_gt(named, 5);
    ck_assert_str_eq(err.message + strlen(err.message) - strlen(ending), ending);
    ckpt_free(c);
}
END_TEST

START_TEST(test_unknown_type) {
    ckpt *c = one("Softmax");
    ckpt_module block = add(ckpt_root(c), "deep", "Sequential");
    add(block, "x", "Conv2d");
    refuse(c, CKPT_E_UNSUPPORTED,
           "module 'deep.x' (Conv2d): the runtime has no operator of this type");
    ckpt *empty = NULL;
    ckpt_error err;
    must(ckpt_create(NULL, &empty, &err), &err);
    refuse(empty, CKPT_E_UNSUPPORTED,
           "the module itself (): the runtime has no operator of this type");
}
END_TEST

START_TEST(test_wrong_arguments) {
    ckpt *c = new_sequential(NULL);
    ckpt_net *net = NULL;
    ckpt_error err;
    ckpt_net_options options = {0, CKPT_MATMUL_DEFAULT};
    ckpt_module none = {NULL, 0};
    expect(ckpt_net_build(none, NULL, &net, &err), &err, CKPT_E_ARGUMENT,
           "net: no module, or no place for the net");
    expect(ckpt_net_build(ckpt_root(c), &options, &net, &err), &err, CKPT_E_ARGUMENT,
           "the struct_size of the net options is not set");
    options.struct_size = sizeof options;
    options.matmul = (ckpt_matmul)3;
    expect(ckpt_net_build(ckpt_root(c), &options, &net, &err), &err, CKPT_E_ARGUMENT,
           "net options: no such matmul");
    ck_assert_ptr_null(net);
    ckpt_net_free(NULL);
    ckpt_free(c);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        test_features_against_weight,
        test_bias_against_attribute,
        test_bias_against_weight,
        test_weight_missing_or_of_wrong_kind,
        test_attribute_types_and_names,
        test_attribute_values,
        test_unexpected_members,
        test_mismatches_of_several_modules,
        test_message_says_how_many_mismatches_it_leaves_out,
        test_unknown_type,
        test_wrong_arguments,
    };
    return RUN_CASES("net mismatch", tests);
}
