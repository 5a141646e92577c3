/* SPDX-License-Identifier: MIT */
/* Recipes by name, and what they come to for a shape: the formulas of torch.nn.init. */
#include "nn/init_recipe.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

static const struct {
    ckpt_init_kind kind;
    const char *name;
} recipes[] = {
    {CKPT_INIT_ZEROS, "zeros"},
    {CKPT_INIT_ONES, "ones"},
    {CKPT_INIT_CONSTANT, "constant"},
    {CKPT_INIT_UNIFORM, "uniform"},
    {CKPT_INIT_NORMAL, "normal"},
    {CKPT_INIT_XAVIER_UNIFORM, "xavier_uniform"},
    {CKPT_INIT_XAVIER_NORMAL, "xavier_normal"},
    {CKPT_INIT_KAIMING_UNIFORM, "kaiming_uniform"},
    {CKPT_INIT_KAIMING_NORMAL, "kaiming_normal"},
};

#define RECIPE_COUNT (sizeof recipes / sizeof recipes[0])

ckpt_init ckpt_init_default(ckpt_init_kind kind) {
    ckpt_init init;
    memset(&init, 0, sizeof init);
    init.kind = kind;
    init.high = 1;
    init.std = 1;
    init.gain = 1;
    return init;
}

ckpt_init_kind ckpt_init_named(const char *name) {
    for (size_t i = 0; name != NULL && i < RECIPE_COUNT; i++)
        if (strcmp(recipes[i].name, name) == 0)
            return recipes[i].kind;
    return CKPT_INIT_NONE;
}

const char *ckpt_init_name(ckpt_init_kind kind) {
    for (size_t i = 0; i < RECIPE_COUNT; i++)
        if (recipes[i].kind == kind)
            return recipes[i].name;
    return "";
}

static bool needs_fans(ckpt_init_kind kind) {
    return kind == CKPT_INIT_XAVIER_UNIFORM || kind == CKPT_INIT_XAVIER_NORMAL ||
           kind == CKPT_INIT_KAIMING_UNIFORM || kind == CKPT_INIT_KAIMING_NORMAL;
}

/* In double: exact up to 2^53, and the formulas go on in double anyway. */
static void compute_fans(uint32_t rank, const uint64_t *shape, double *ret_in, double *ret_out) {
    double receptive_field = 1;
    for (uint32_t i = 2; i < rank; i++)
        receptive_field *= (double)shape[i];
    *ret_in = (double)shape[1] * receptive_field;
    *ret_out = (double)shape[0] * receptive_field;
}

static ckpt_status calculate_gain(const ckpt_init *init, double *ret_gain, ckpt_error *err) {
    static const struct {
        const char *name;
        double gain;
    } gains[] = {
        {"linear", 1},           {"conv1d", 1},           {"conv2d", 1},           {"conv3d", 1},
        {"conv_transpose1d", 1}, {"conv_transpose2d", 1}, {"conv_transpose3d", 1}, {"sigmoid", 1},
        {"tanh", 5.0 / 3},       {"selu", 3.0 / 4},
    };
    const char *name = init->nonlinearity != NULL ? init->nonlinearity : "leaky_relu";
    if (strcmp(name, "relu") == 0) {
        *ret_gain = sqrt(2.0);
        return CKPT_OK;
    }
    if (strcmp(name, "leaky_relu") == 0) {
        *ret_gain = sqrt(2.0 / (1 + init->a * init->a));
        return CKPT_OK;
    }
    for (size_t i = 0; i < sizeof gains / sizeof gains[0]; i++) {
        if (strcmp(gains[i].name, name) == 0) {
            *ret_gain = gains[i].gain;
            return CKPT_OK;
        }
    }
    return ck_fail(err, CKPT_E_ARGUMENT, "init: unknown nonlinearity '%s'", CK_NAME(name));
}

static ckpt_status resolve_std(const ckpt_init *init, uint32_t rank, const uint64_t *shape,
                               double *ret_std, ckpt_error *err) {
    if (rank < 2)
        return ck_fail(err, CKPT_E_SHAPE, "init: %s needs a tensor of rank 2 or more, this has %u",
                       ckpt_init_name(init->kind), (unsigned)rank);
    double fan_in = 0, fan_out = 0;
    compute_fans(rank, shape, &fan_in, &fan_out);
    if (init->kind == CKPT_INIT_XAVIER_UNIFORM || init->kind == CKPT_INIT_XAVIER_NORMAL) {
        *ret_std = init->gain * sqrt(2.0 / (fan_in + fan_out));
        return CKPT_OK;
    }
    double gain = 0;
    ckpt_status status = calculate_gain(init, &gain, err);
    if (status == CKPT_OK)
        *ret_std = gain / sqrt(init->fan_out ? fan_out : fan_in);
    return status;
}

static bool has_elements(uint32_t rank, const uint64_t *shape) {
    for (uint32_t i = 0; i < rank; i++)
        if (shape[i] == 0)
            return false;
    return true;
}

static ckpt_status check_fill(const ckpt_init *init, const ck_fill *fill, ckpt_error *err) {
    const char *name = ckpt_init_name(init->kind);
    if (fill->kind != CK_FILL_CONSTANT && !(isfinite(fill->a) && isfinite(fill->b)))
        return ck_fail(err, CKPT_E_ARGUMENT, "init: %s has parameters that are not finite", name);
    if (fill->kind == CK_FILL_UNIFORM && fill->a > fill->b)
        return ck_fail(err, CKPT_E_ARGUMENT, "init: %s from low %g to high %g: low is above high",
                       name, fill->a, fill->b);
    if (fill->kind == CK_FILL_NORMAL && fill->b < 0)
        return ck_fail(err, CKPT_E_ARGUMENT, "init: %s with std %g: std is negative", name,
                       fill->b);
    return CKPT_OK;
}

ckpt_status ck_init_resolve(const ckpt_init *init, uint32_t rank, const uint64_t *shape,
                            ck_fill *ret_fill, ckpt_error *err) {
    double std = 0;
    if (needs_fans(init->kind)) {
        ckpt_status status = resolve_std(init, rank, shape, &std, err);
        if (status != CKPT_OK)
            return status;
    }
    if (!has_elements(rank, shape))
        std = 0;
    double bound = sqrt(3.0) * std;
    ck_fill fill = {CK_FILL_CONSTANT, 0, 0};
    switch (init->kind) {
    case CKPT_INIT_ZEROS: break;
    case CKPT_INIT_ONES: fill.a = 1; break;
    case CKPT_INIT_CONSTANT: fill.a = init->value; break;
    case CKPT_INIT_UNIFORM: fill = (ck_fill){CK_FILL_UNIFORM, init->low, init->high}; break;
    case CKPT_INIT_NORMAL: fill = (ck_fill){CK_FILL_NORMAL, init->mean, init->std}; break;
    case CKPT_INIT_XAVIER_UNIFORM:
    case CKPT_INIT_KAIMING_UNIFORM: fill = (ck_fill){CK_FILL_UNIFORM, -bound, bound}; break;
    case CKPT_INIT_XAVIER_NORMAL:
    case CKPT_INIT_KAIMING_NORMAL: fill = (ck_fill){CK_FILL_NORMAL, 0, std}; break;
    case CKPT_INIT_NONE:
    default: return ck_fail(err, CKPT_E_ARGUMENT, "init: no recipe");
    }
    ckpt_status status = check_fill(init, &fill, err);
    if (status == CKPT_OK)
        *ret_fill = fill;
    return status;
}
