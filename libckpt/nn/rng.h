/* SPDX-License-Identifier: MIT */
/* Numbers from a ckpt_rng, drawn as torch's CPU generator draws them. */
#ifndef CK_RNG_H
#define CK_RNG_H

#include <ckpt/init.h>

uint32_t ck_rng_u32(ckpt_rng *rng);
uint64_t ck_rng_u64(ckpt_rng *rng); /* two draws, the first one in the high half */

/* From [low, high), of 24 and 53 random bits; rounding may give high. */
float ck_rng_uniform32(ckpt_rng *rng, float low, float high);
double ck_rng_uniform64(ckpt_rng *rng, double low, double high);

/* Standard normal numbers in pairs, by Box and Muller; the second of a pair is kept for the next
 * call. */
double ck_rng_normal64(ckpt_rng *rng);

/* Sixteen normal numbers from sixteen uniform ones in [0, 1), in place: u[i] and u[i + 8] give the
 * pair i. */
void ck_normal_block32(float u[16], float mean, float std);
void ck_normal_block64(double u[16], double mean, double std);

#endif
