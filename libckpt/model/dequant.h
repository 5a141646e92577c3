/* SPDX-License-Identifier: MIT */
/* The values of quantised blocks, as f32.
 *
 * The layouts and formulas are those of GGML (ggml-common.h and ggml-quants.c, as of 2026-08). The
 * order of the multiplications is theirs too, since it decides about the last bit: the results are
 * those of ggml and of the Python package gguf, bit for bit. Notation: d is a scale in f16, qs are
 * the quantised numbers, little-endian throughout. */
#ifndef CK_DEQUANT_H
#define CK_DEQUANT_H

#include <ckpt/dtypes.h>

enum { CK_LARGEST_QUANT_BLOCK = 256 }; /* elements of a block that can be dequantised */

/* The block_elements values of one block of block_bytes bytes; no alignment is needed. */
typedef void (*ck_dequant)(const unsigned char *block, float *values);

/* NULL for types that are no blocks or have no dequantisation here. */
ck_dequant ck_dequant_of(ckpt_dtype dtype);

float ck_load_f16(const unsigned char *p);

/* dequantblock32.c: blocks of 32 elements with one scale, or 64 with four. */
void ck_dequant_q4_0(const unsigned char *block, float *values);
void ck_dequant_q4_1(const unsigned char *block, float *values);
void ck_dequant_q5_0(const unsigned char *block, float *values);
void ck_dequant_q5_1(const unsigned char *block, float *values);
void ck_dequant_q8_0(const unsigned char *block, float *values);
void ck_dequant_iq4_nl(const unsigned char *block, float *values);
void ck_dequant_mxfp4(const unsigned char *block, float *values);
void ck_dequant_nvfp4(const unsigned char *block, float *values);

/* dequantblock256.c: blocks of 256 elements, most with scales of their parts. */
void ck_dequant_q2_k(const unsigned char *block, float *values);
void ck_dequant_q3_k(const unsigned char *block, float *values);
void ck_dequant_q4_k(const unsigned char *block, float *values);
void ck_dequant_q5_k(const unsigned char *block, float *values);
void ck_dequant_q6_k(const unsigned char *block, float *values);
void ck_dequant_q8_k(const unsigned char *block, float *values);
void ck_dequant_iq4_xs(const unsigned char *block, float *values);
void ck_dequant_tq1_0(const unsigned char *block, float *values);
void ck_dequant_tq2_0(const unsigned char *block, float *values);

/* The 16 values that iq4_nl and iq4_xs choose from. */
extern const signed char ck_iq4_values[16];

#endif
