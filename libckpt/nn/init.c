/* SPDX-License-Identifier: MIT */
/* Filling a tensor. What is drawn when is torch's order (torch 2.13,
 * ATen/native/cpu/DistributionTemplates.h), so that one seed gives the same weights there and here.
 */
#include "base/error.h"
#include "nn/init_recipe.h"
#include "nn/init_store.h"
#include "nn/rng.h"

#include <math.h>

enum { BLOCK = 16 };

static ckpt_status fill_constant(const ck_element_store *store, double value, ckpt_error *err) {
    uint64_t bits = 0;
    if (!ck_encode_element(store->dtype, value, &bits))
        return ck_fail(err, CKPT_E_ARGUMENT, "init: dtype %s has no value %.17g",
                       ckpt_dtype_describe(store->dtype).name, value);
    for (size_t i = 0; i < store->count; i++)
        ck_store_put(store, i, bits);
    return CKPT_OK;
}

static uint64_t encode_drawn(const ck_element_store *store, double value) {
    uint64_t bits = 0;
    (void)ck_encode_element(store->dtype, value, &bits); /* an overflow is stored as infinity */
    return bits;
}

/* Equal as numbers: 0 and -0 are. Takes no NaN. */
static bool same_number(uint64_t a, uint64_t b, size_t size) {
    unsigned drop_sign = (unsigned)(65 - 8 * size);
    return a == b || (a << drop_sign == 0 && b << drop_sign == 0);
}

/* Rounding may lead up to high, which does not belong to the interval: low stands in for it. */
static void fill_uniform(const ck_element_store *store, double low, double high, ckpt_rng *rng) {
    uint64_t low_bits = encode_drawn(store, low), high_bits = encode_drawn(store, high);
    for (size_t i = 0; i < store->count; i++) {
        double value = store->dtype == CKPT_F64
                           ? ck_rng_uniform64(rng, low, high)
                           : (double)ck_rng_uniform32(rng, (float)low, (float)high);
        uint64_t bits = encode_drawn(store, value);
        ck_store_put(store, i, same_number(bits, high_bits, store->size) ? low_bits : bits);
    }
}

static void put_block32(const ck_element_store *store, size_t i, double mean, double std,
                        ckpt_rng *rng) {
    float block[BLOCK];
    for (size_t j = 0; j < BLOCK; j++)
        block[j] = ck_rng_uniform32(rng, 0, 1);
    ck_normal_block32(block, (float)mean, (float)std);
    for (size_t j = 0; j < BLOCK; j++)
        ck_store_put(store, i + j, encode_drawn(store, (double)block[j]));
}

static void put_block64(const ck_element_store *store, size_t i, double mean, double std,
                        ckpt_rng *rng) {
    double block[BLOCK];
    for (size_t j = 0; j < BLOCK; j++)
        block[j] = ck_rng_uniform64(rng, 0, 1);
    ck_normal_block64(block, mean, std);
    for (size_t j = 0; j < BLOCK; j++)
        ck_store_put(store, i + j, encode_drawn(store, block[j]));
}

/* torch has drawn uniform numbers for the whole tensor before it draws the last block anew, except
 * for the 16-bit types. */
static void skip_tail_draws(const ck_element_store *store, ckpt_rng *rng) {
    for (size_t i = 0; i < store->count % BLOCK; i++) {
        if (store->dtype == CKPT_F64)
            (void)ck_rng_u64(rng);
        else if (store->dtype == CKPT_F32)
            (void)ck_rng_u32(rng);
    }
}

static void fill_normal(const ck_element_store *store, double mean, double std, ckpt_rng *rng) {
    if (store->count < BLOCK) {
        for (size_t i = 0; i < store->count; i++)
            ck_store_put(store, i, encode_drawn(store, fma(ck_rng_normal64(rng), std, mean)));
        return;
    }
    void (*put_block)(const ck_element_store *, size_t, double, double, ckpt_rng *) =
        store->dtype == CKPT_F64 ? put_block64 : put_block32;
    for (size_t i = 0; i + BLOCK <= store->count; i += BLOCK)
        put_block(store, i, mean, std, rng);
    if (store->count % BLOCK != 0) {
        skip_tail_draws(store, rng);
        put_block(store, store->count - BLOCK, mean, std, rng);
    }
}

static ckpt_status check_random(const ck_element_store *store, const ck_fill *fill,
                                const ckpt_rng *rng, ckpt_error *err) {
    if (rng == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "init: random numbers need an rng");
    bool wide = store->dtype == CKPT_F64;
    double a = wide ? fill->a : (double)(float)fill->a;
    double b = wide ? fill->b : (double)(float)fill->b;
    double width = wide ? b - a : (double)(float)(b - a);
    if (!(isfinite(a) && isfinite(b) && isfinite(width)))
        return ck_fail(err, CKPT_E_ARGUMENT, "init: parameters %g and %g leave the range of %s",
                       fill->a, fill->b, ckpt_dtype_describe(store->dtype).name);
    return CKPT_OK;
}

/* Complex, quantised and small float types have no recipe; the integers have constants only. */
static ckpt_status check_dtype(ckpt_tensor tensor, ckpt_init_kind kind, ckpt_error *err) {
    ckpt_dtype dtype = ckpt_tensor_dtype(tensor);
    ckpt_dtype_class dtype_class = ckpt_tensor_dtype_info(tensor).dtype_class;
    bool constant = kind == CKPT_INIT_ZEROS || kind == CKPT_INIT_ONES || kind == CKPT_INIT_CONSTANT;
    bool is_float =
        dtype == CKPT_F16 || dtype == CKPT_BF16 || dtype == CKPT_F32 || dtype == CKPT_F64;
    bool is_whole = dtype != CKPT_DTYPE_OTHER &&
                    (dtype_class == CKPT_CLASS_BOOL || dtype_class == CKPT_CLASS_UINT ||
                     dtype_class == CKPT_CLASS_INT);
    if (is_float || (is_whole && constant))
        return CKPT_OK;
    return ck_fail(err, CKPT_E_UNSUPPORTED, "init: no %s for a tensor of dtype %s",
                   ckpt_init_name(kind), CK_NAME(ckpt_tensor_dtype_info(tensor).name));
}

static ckpt_status fill(const ck_element_store *store, const ck_fill *fill_with, ckpt_rng *rng,
                        ckpt_error *err) {
    if (fill_with->kind == CK_FILL_CONSTANT)
        return fill_constant(store, fill_with->a, err);
    ckpt_status status = check_random(store, fill_with, rng, err);
    if (status != CKPT_OK)
        return status;
    if (fill_with->kind == CK_FILL_UNIFORM)
        fill_uniform(store, fill_with->a, fill_with->b, rng);
    else
        fill_normal(store, fill_with->a, fill_with->b, rng);
    return CKPT_OK;
}

ckpt_status ckpt_init_tensor(ckpt_tensor tensor, const ckpt_init *init, ckpt_rng *rng,
                             ckpt_error *err) {
    if (!ckpt_tensor_exists(tensor) || init == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "init: no tensor or no recipe");
    ck_fill fill_with = {CK_FILL_CONSTANT, 0, 0};
    ckpt_status status =
        ck_init_resolve(init, ckpt_tensor_rank(tensor), ckpt_tensor_shape(tensor), &fill_with, err);
    if (status == CKPT_OK)
        status = check_dtype(tensor, init->kind, err);
    if (status != CKPT_OK || ckpt_tensor_numel(tensor) == 0)
        return status;
    ck_element_store store;
    status = ck_store_open(tensor, &store, err);
    return status == CKPT_OK ? fill(&store, &fill_with, rng, err) : status;
}
