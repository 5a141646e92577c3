/* SPDX-License-Identifier: MIT */
#include "nntest.h"

#include <math.h>
#include <string.h>

static ckpt_tensor add_tensor(ckpt *c, ckpt_dtype dtype, uint32_t rank, const uint64_t *shape) {
    ckpt_tensor tensor = {NULL, 0};
    ckpt_error err;
    must(ckpt_add_parameter(ckpt_root(c), "t", dtype, rank, shape, NULL, &tensor, &err), &err);
    return tensor;
}

static void read_f32(ckpt_tensor tensor, float *values, size_t count) {
    ckpt_error err;
    must(ckpt_tensor_read_as(tensor, CKPT_F32, values, count * sizeof *values, &err), &err);
}

START_TEST(test_names_of_recipes) {
    for (int kind = CKPT_INIT_ZEROS; kind <= CKPT_INIT_KAIMING_NORMAL; kind++)
        ck_assert_int_eq(ckpt_init_named(ckpt_init_name((ckpt_init_kind)kind)), kind);
    ck_assert_int_eq(ckpt_init_named("orthogonal"), CKPT_INIT_NONE);
    ck_assert_int_eq(ckpt_init_named(NULL), CKPT_INIT_NONE);
    ck_assert_str_eq(ckpt_init_name(CKPT_INIT_NONE), "");
}
END_TEST

/* torch.manual_seed(0); torch.rand(5) */
START_TEST(test_uniform_draws_what_torch_draws) {
    const float wanted[5] = {0x1.fc2abp-2f, 0x1.89545ep-1f, 0x1.6a675p-4f, 0x1.0e66p-3f,
                             0x1.3acd0cp-2f};
    uint64_t shape[1] = {5};
    ckpt *c = new_sequential(NULL);
    ckpt_tensor tensor = add_tensor(c, CKPT_F32, 1, shape);
    ckpt_init recipe = ckpt_init_default(CKPT_INIT_UNIFORM);
    ckpt_rng rng;
    ckpt_error err;
    float got[5];
    ckpt_rng_seed(&rng, 0);
    must(ckpt_init_tensor(tensor, &recipe, &rng, &err), &err);
    read_f32(tensor, got, 5);
    for (int i = 0; i < 5; i++)
        ck_assert_float_eq(got[i], wanted[i]);
    ckpt_free(c);
}
END_TEST

static void bounds_of(ckpt_tensor tensor, const ckpt_init *recipe, size_t count, float *ret_low,
                      float *ret_high) {
    static float values[4096];
    ckpt_rng rng;
    ckpt_error err;
    ckpt_rng_seed(&rng, 1);
    must(ckpt_init_tensor(tensor, recipe, &rng, &err), &err);
    read_f32(tensor, values, count);
    *ret_low = *ret_high = values[0];
    for (size_t i = 1; i < count; i++) {
        *ret_low = fminf(*ret_low, values[i]);
        *ret_high = fmaxf(*ret_high, values[i]);
    }
}

static void expect_bound(ckpt_tensor tensor, const ckpt_init *recipe, size_t count, double bound) {
    float low, high;
    bounds_of(tensor, recipe, count, &low, &high);
    ck_assert_double_ge((double)low, -bound);
    ck_assert_double_le((double)high, bound);
    ck_assert_double_lt((double)low, -0.97 * bound);
    ck_assert_double_gt((double)high, 0.97 * bound);
}

/* A convolution's weight [8, 16, 4, 4]: fan_in 256, fan_out 128. */
START_TEST(test_bounds_follow_the_fans) {
    uint64_t shape[4] = {8, 16, 4, 4};
    ckpt *c = new_sequential(NULL);
    ckpt_tensor tensor = add_tensor(c, CKPT_F32, 4, shape);
    ckpt_init recipe = ckpt_init_default(CKPT_INIT_XAVIER_UNIFORM);
    recipe.gain = 2;
    expect_bound(tensor, &recipe, 2048, 2 * sqrt(6.0 / (256 + 128)));
    recipe = ckpt_init_default(CKPT_INIT_KAIMING_UNIFORM);
    recipe.a = sqrt(5);
    expect_bound(tensor, &recipe, 2048, 1 / sqrt(256.0));
    recipe.fan_out = true;
    recipe.nonlinearity = "tanh";
    expect_bound(tensor, &recipe, 2048, 5.0 / 3 * sqrt(3 / 128.0));
    ckpt_free(c);
}
END_TEST

/* A transposed view gets, in its own row-major order, what a dense tensor gets. */
START_TEST(test_strided_tensor_gets_the_values_of_a_dense_one) {
    uint64_t shape[2] = {5, 7}, strides[2] = {1, 5};
    const ckpt_init_kind kinds[] = {CKPT_INIT_UNIFORM, CKPT_INIT_NORMAL, CKPT_INIT_ONES};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        ckpt *c = new_sequential(NULL);
        ckpt_tensor dense = add_tensor(c, CKPT_F32, 2, shape), strided = {NULL, 0};
        ckpt_storage storage = {NULL, 0};
        ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                                 .dtype = CKPT_F32,
                                 .rank = 2,
                                 .shape = shape,
                                 .strides = strides,
                                 .storage_offset = 3};
        ckpt_error err;
        ckpt_rng rng;
        float a[35], b[35];
        must(ckpt_storage_create(c, 40 * sizeof(float), &storage, &err), &err);
        must(ckpt_tensor_create(storage, &spec, &strided, &err), &err);
        ckpt_init recipe = ckpt_init_default(kinds[k]);
        ckpt_rng_seed(&rng, 4);
        must(ckpt_init_tensor(dense, &recipe, &rng, &err), &err);
        ckpt_rng_seed(&rng, 4);
        must(ckpt_init_tensor(strided, &recipe, &rng, &err), &err);
        read_f32(dense, a, 35);
        read_f32(strided, b, 35);
        ck_assert_mem_eq(a, b, sizeof a);
        const float *bytes = ckpt_storage_writable(storage);
        ck_assert_float_eq(bytes[0] + bytes[1] + bytes[2] + bytes[38] + bytes[39], 0);
        ckpt_free(c);
    }
}
END_TEST

START_TEST(test_tensors_without_elements_and_scalars) {
    uint64_t empty[2] = {0, 3};
    ckpt *c = new_sequential(NULL);
    ckpt_error err;
    ckpt_rng rng, before;
    ckpt_rng_seed(&rng, 1);
    before = rng;
    ckpt_init recipe = ckpt_init_default(CKPT_INIT_KAIMING_NORMAL);
    must(ckpt_init_tensor(add_tensor(c, CKPT_F32, 2, empty), &recipe, &rng, &err), &err);
    ck_assert_mem_eq(&rng.state, &before.state, sizeof rng.state);
    must(ckpt_remove(ckpt_root(c), "t", &err), &err);
    ckpt_tensor scalar = add_tensor(c, CKPT_I8, 0, NULL);
    recipe = ckpt_init_default(CKPT_INIT_CONSTANT);
    recipe.value = -128;
    must(ckpt_init_tensor(scalar, &recipe, NULL, &err), &err);
    float value;
    read_f32(scalar, &value, 1);
    ck_assert_float_eq(value, -128);
    ckpt_free(c);
}
END_TEST

typedef struct refusal {
    ckpt_dtype dtype;
    ckpt_init recipe;
    ckpt_status status;
    const char *message;
} refusal;

static ckpt_init recipe_of(ckpt_init_kind kind, double low, double high, double mean, double std,
                           double value) {
    ckpt_init recipe = ckpt_init_default(kind);
    recipe.low = low;
    recipe.high = high;
    recipe.mean = mean;
    recipe.std = std;
    recipe.value = value;
    return recipe;
}

START_TEST(test_refused_recipes) {
    ckpt_init odd = ckpt_init_default(CKPT_INIT_KAIMING_NORMAL);
    odd.nonlinearity = "gelu\n";
    const refusal refusals[] = {
        {CKPT_F32, odd, CKPT_E_ARGUMENT, "init: unknown nonlinearity 'gelu\\n'"},
        {CKPT_F32, ckpt_init_default(CKPT_INIT_NONE), CKPT_E_ARGUMENT, "init: no recipe"},
        {CKPT_F32, recipe_of(CKPT_INIT_UNIFORM, 1, 0.5, 0, 0, 0), CKPT_E_ARGUMENT,
         "init: uniform from low 1 to high 0.5: low is above high"},
        {CKPT_F32, recipe_of(CKPT_INIT_NORMAL, 0, 0, 0, -1, 0), CKPT_E_ARGUMENT,
         "init: normal with std -1: std is negative"},
        {CKPT_F32, recipe_of(CKPT_INIT_NORMAL, 0, 0, (double)NAN, 1, 0), CKPT_E_ARGUMENT,
         "init: normal has parameters that are not finite"},
        {CKPT_F32, recipe_of(CKPT_INIT_UNIFORM, -3e38, 3e38, 0, 0, 0), CKPT_E_ARGUMENT,
         "init: parameters -3e+38 and 3e+38 leave the range of f32"},
        {CKPT_I32, recipe_of(CKPT_INIT_UNIFORM, 0, 1, 0, 0, 0), CKPT_E_UNSUPPORTED,
         "init: no uniform for a tensor of dtype i32"},
        {CKPT_COMPLEX64, recipe_of(CKPT_INIT_ZEROS, 0, 0, 0, 0, 0), CKPT_E_UNSUPPORTED,
         "init: no zeros for a tensor of dtype complex64"},
        {CKPT_U8, recipe_of(CKPT_INIT_CONSTANT, 0, 0, 0, 0, 256), CKPT_E_ARGUMENT,
         "init: dtype u8 has no value 256"},
        {CKPT_I64, recipe_of(CKPT_INIT_CONSTANT, 0, 0, 0, 0, 0.5), CKPT_E_ARGUMENT,
         "init: dtype i64 has no value 0.5"},
        {CKPT_U64, recipe_of(CKPT_INIT_CONSTANT, 0, 0, 0, 0, 0x1p64), CKPT_E_ARGUMENT,
         "init: dtype u64 has no value 1.8446744073709552e+19"},
        {CKPT_I16, recipe_of(CKPT_INIT_CONSTANT, 0, 0, 0, 0, (double)NAN), CKPT_E_ARGUMENT,
         "init: dtype i16 has no value nan"},
        {CKPT_F16, recipe_of(CKPT_INIT_CONSTANT, 0, 0, 0, 0, 65520), CKPT_E_ARGUMENT,
         "init: dtype f16 has no value 65520"},
        {CKPT_F32, recipe_of(CKPT_INIT_CONSTANT, 0, 0, 0, 0, 1e39), CKPT_E_ARGUMENT,
         "init: dtype f32 has no value 9.9999999999999994e+38"},
    };
    uint64_t shape[2] = {2, 2};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        ckpt *c = new_sequential(NULL);
        ckpt_rng rng;
        ckpt_error err;
        ckpt_rng_seed(&rng, 0);
        ckpt_tensor tensor = add_tensor(c, refusals[i].dtype, 2, shape);
        expect(ckpt_init_tensor(tensor, &refusals[i].recipe, &rng, &err), &err, refusals[i].status,
               refusals[i].message);
        ckpt_free(c);
    }
}
END_TEST

START_TEST(test_refused_tensors) {
    ckpt *c = new_sequential(NULL);
    const float bytes[4] = {1, 2, 3, 4};
    uint64_t shape[2] = {2, 2}, strides[2] = {0, 1};
    ckpt_storage borrowed = {NULL, 0}, owned = {NULL, 0};
    ckpt_tensor on_borrowed = {NULL, 0}, overlapping = {NULL, 0}, none = {NULL, 0};
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_F32, .rank = 2, .shape = shape};
    ckpt_init ones = ckpt_init_default(CKPT_INIT_ONES);
    ckpt_init xavier = ckpt_init_default(CKPT_INIT_XAVIER_NORMAL);
    ckpt_init normal = ckpt_init_default(CKPT_INIT_NORMAL);
    ckpt_error err;
    must(ckpt_storage_borrow(c, bytes, sizeof bytes, &borrowed, &err), &err);
    must(ckpt_storage_create(c, sizeof bytes, &owned, &err), &err);
    must(ckpt_tensor_create(borrowed, &spec, &on_borrowed, &err), &err);
    spec.strides = strides;
    must(ckpt_tensor_create(owned, &spec, &overlapping, &err), &err);
    expect(ckpt_init_tensor(on_borrowed, &ones, NULL, &err), &err, CKPT_E_ARGUMENT,
           "init: the tensor's storage is not writable");
    expect(ckpt_init_tensor(overlapping, &ones, NULL, &err), &err, CKPT_E_ARGUMENT,
           "init: elements of the tensor overlap");
    expect(ckpt_init_tensor(none, &ones, NULL, &err), &err, CKPT_E_ARGUMENT,
           "init: no tensor or no recipe");
    expect(ckpt_init_tensor(add_tensor(c, CKPT_F32, 1, shape), &xavier, NULL, &err), &err,
           CKPT_E_SHAPE, "init: xavier_normal needs a tensor of rank 2 or more, this has 1");
    expect(ckpt_init_tensor(ckpt_module_tensor(ckpt_root(c), "t"), &normal, NULL, &err), &err,
           CKPT_E_ARGUMENT, "init: random numbers need an rng");
    ckpt_free(c);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        test_names_of_recipes,
        test_uniform_draws_what_torch_draws,
        test_bounds_follow_the_fans,
        test_strided_tensor_gets_the_values_of_a_dense_one,
        test_tensors_without_elements_and_scalars,
        test_refused_recipes,
        test_refused_tensors,
    };
    return RUN_CASES("init", tests);
}
