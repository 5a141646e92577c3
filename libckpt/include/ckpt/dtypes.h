/* SPDX-License-Identifier: MIT */
/* Element types. The registry, with the layout of every type, is in spec/ckpt-format.md. */
#ifndef CKPT_DTYPES_H
#define CKPT_DTYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ckpt/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
typedef enum ckpt_dtype {
    CKPT_DTYPE_OTHER = 0, /* not in this library's registry; ckpt_tensor_dtype_info describes it */
    CKPT_BOOL,
    CKPT_U8, CKPT_I8, CKPT_U16, CKPT_I16, CKPT_U32, CKPT_I32, CKPT_U64, CKPT_I64,
    CKPT_F16, CKPT_BF16, CKPT_F32, CKPT_F64,
    CKPT_COMPLEX32, CKPT_COMPLEX64, CKPT_COMPLEX128,
    CKPT_F8_E4M3FN, CKPT_F8_E5M2, CKPT_F8_E4M3FNUZ, CKPT_F8_E5M2FNUZ, CKPT_F8_E8M0FNU,
    CKPT_F6_E2M3FN, CKPT_F6_E3M2FN, CKPT_F4_E2M1FN,
    CKPT_Q4_0, CKPT_Q4_1, CKPT_Q5_0, CKPT_Q5_1, CKPT_Q8_0, CKPT_Q8_1,
    CKPT_Q2_K, CKPT_Q3_K, CKPT_Q4_K, CKPT_Q5_K, CKPT_Q6_K, CKPT_Q8_K,
    CKPT_IQ2_XXS, CKPT_IQ2_XS, CKPT_IQ3_XXS, CKPT_IQ1_S, CKPT_IQ4_NL, CKPT_IQ3_S, CKPT_IQ2_S,
    CKPT_IQ4_XS, CKPT_IQ1_M, CKPT_TQ1_0, CKPT_TQ2_0, CKPT_MXFP4, CKPT_NVFP4, CKPT_Q1_0, CKPT_Q2_0,
    CKPT_DTYPE_COUNT
} ckpt_dtype;
/* clang-format on */

typedef enum ckpt_dtype_class {
    CKPT_CLASS_BOOL = 1,
    CKPT_CLASS_UINT = 2,
    CKPT_CLASS_INT = 3,
    CKPT_CLASS_FLOAT = 4,
    CKPT_CLASS_COMPLEX = 5,
    CKPT_CLASS_BLOCK = 6, /* quantised in blocks along the innermost dimension */
    CKPT_CLASS_OPAQUE = 7 /* bytes whose meaning the file does not tell */
} ckpt_dtype_class;

/* block_elements elements lie in block_bytes bytes. An ordinary type has block_elements 1.
 * Smaller than a byte (f4, f6): several elements share block_bytes, packed over the flattened
 * tensor. CKPT_CLASS_BLOCK: the innermost dimension is a multiple of block_elements. */
typedef struct ckpt_dtype_info {
    const char *name;
    ckpt_dtype dtype;
    ckpt_dtype_class dtype_class;
    uint32_t block_elements;
    uint32_t block_bytes;
} ckpt_dtype_info;

/* The registry's entry; for CKPT_DTYPE_OTHER and for numbers that are none: a name of "", sizes 0.
 */
CKPT_API ckpt_dtype_info ckpt_dtype_describe(ckpt_dtype dtype);

/* By the registry's name ("f32"); CKPT_DTYPE_OTHER when it has no such name. */
CKPT_API ckpt_dtype ckpt_dtype_named(const char *name);

/* Converts count elements that lie packed at source to another type at destination: exactly where
 * the value fits, rounded once, to nearest even, where it does not. Source and destination need no
 * alignment and must not overlap.
 *   - bool, uint, int and float to f64, f32, f16, bf16, f8_e4m3fn, f8_e5m2, f8_e4m3fnuz and
 *     f8_e5m2fnuz. For what is greater than the greatest number stands what PyTorch's Tensor.to
 * puts there (2.13): infinity, but in f8_e4m3fn the greatest number, and in the fnuz types NaN.
 *   - bool, uint and int to uint and int. CKPT_E_BOUNDS when a number does not fit.
 *   - complex to complex.
 *   - the quantised types q4_0, q4_1, q5_0, q5_1, q8_0, q2_k to q6_k, q8_k, iq4_nl, iq4_xs, tq1_0,
 *     tq2_0, mxfp4 and nvfp4 to the floats: the values that GGML computes in f32. The last block is
 *     read whole, also where count does not cover it.
 * CKPT_E_UNSUPPORTED for any other pair, also with a count of 0. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_convert(ckpt_dtype from, const void *source,
                                                  ckpt_dtype to, void *destination, size_t count,
                                                  ckpt_error *err);

#ifdef __cplusplus
}
#endif
#endif
