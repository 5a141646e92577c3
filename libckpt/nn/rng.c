/* SPDX-License-Identifier: MIT */
/* MT19937: M. Matsumoto, T. Nishimura, "Mersenne Twister: A 623-dimensionally equidistributed
 * uniform pseudo-random number generator", ACM TOMACS 8 (1998). What is made of its draws follows
 * torch 2, ATen/native/cpu/DistributionTemplates.h. */
#include "nn/rng.h"

#include <math.h>

enum { STATE_COUNT = 624, STATE_SHIFT = 397 };

static const double two_pi = 6.283185307179586476925286766559;

void ckpt_rng_seed(ckpt_rng *rng, uint64_t seed) {
    rng->state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < STATE_COUNT; i++) {
        uint32_t previous = rng->state[i - 1];
        rng->state[i] = UINT32_C(1812433253) * (previous ^ (previous >> 30)) + i;
    }
    rng->next = STATE_COUNT;
    rng->has_normal = false;
    rng->normal = 0;
}

static void refill(ckpt_rng *rng) {
    for (uint32_t i = 0; i < STATE_COUNT; i++) {
        uint32_t joined = (rng->state[i] & UINT32_C(0x80000000)) |
                          (rng->state[(i + 1) % STATE_COUNT] & UINT32_C(0x7fffffff));
        uint32_t twisted = (joined >> 1) ^ ((joined & 1) != 0 ? UINT32_C(0x9908b0df) : 0);
        rng->state[i] = rng->state[(i + STATE_SHIFT) % STATE_COUNT] ^ twisted;
    }
    rng->next = 0;
}

uint32_t ck_rng_u32(ckpt_rng *rng) {
    if (rng->next >= STATE_COUNT)
        refill(rng);
    uint32_t y = rng->state[rng->next++];
    y ^= y >> 11;
    y ^= (y << 7) & UINT32_C(0x9d2c5680);
    y ^= (y << 15) & UINT32_C(0xefc60000);
    return y ^ (y >> 18);
}

uint64_t ck_rng_u64(ckpt_rng *rng) {
    uint64_t high = ck_rng_u32(rng);
    return high << 32 | ck_rng_u32(rng);
}

/* The product and the sum are rounded once: torch is compiled with fused multiply-add for every
 * x86-64 CPU that has it. */
float ck_rng_uniform32(ckpt_rng *rng, float low, float high) {
    float x = (float)(ck_rng_u32(rng) & 0xffffff) * 0x1p-24f;
    return fmaf(x, high - low, low);
}

double ck_rng_uniform64(ckpt_rng *rng, double low, double high) {
    double x = (double)(ck_rng_u64(rng) & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
    return fma(x, high - low, low);
}

double ck_rng_normal64(ckpt_rng *rng) {
    if (rng->has_normal) {
        rng->has_normal = false;
        return rng->normal;
    }
    double u1 = ck_rng_uniform64(rng, 0, 1);
    double u2 = ck_rng_uniform64(rng, 0, 1);
    double radius = sqrt(-2 * log1p(-u2));
    rng->normal = radius * sin(two_pi * u1);
    rng->has_normal = true;
    return radius * cos(two_pi * u1);
}

/* Every step is rounded to float, as torch's steps are; the functions are evaluated in double, so
 * that the result does not depend on the float functions of the C library. */
void ck_normal_block32(float u[16], float mean, float std) {
    for (int i = 0; i < 8; i++) {
        float logarithm = (float)log(1 - (double)u[i]);
        float radius = (float)sqrt((double)(-2 * logarithm));
        float theta = (float)two_pi * u[i + 8];
        u[i] = fmaf(radius * (float)cos((double)theta), std, mean);
        u[i + 8] = fmaf(radius * (float)sin((double)theta), std, mean);
    }
}

void ck_normal_block64(double u[16], double mean, double std) {
    for (int i = 0; i < 8; i++) {
        double radius = sqrt(-2 * log(1 - u[i]));
        double theta = two_pi * u[i + 8];
        u[i] = fma(radius * cos(theta), std, mean);
        u[i + 8] = fma(radius * sin(theta), std, mean);
    }
}
