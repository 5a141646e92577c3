/* SPDX-License-Identifier: MIT */
#include "model/dequant.h"

#include "base/endian.h"
#include "model/smallfloat.h"

float ck_load_f16(const unsigned char *p) {
    static const ck_float_format half = {16, 10, 15, CK_FLOAT_IEEE};
    return ck_float_decode(&half, ck_load16(p));
}

ck_dequant ck_dequant_of(ckpt_dtype dtype) {
    switch (dtype) {
    case CKPT_Q4_0: return ck_dequant_q4_0;
    case CKPT_Q4_1: return ck_dequant_q4_1;
    case CKPT_Q5_0: return ck_dequant_q5_0;
    case CKPT_Q5_1: return ck_dequant_q5_1;
    case CKPT_Q8_0: return ck_dequant_q8_0;
    case CKPT_IQ4_NL: return ck_dequant_iq4_nl;
    case CKPT_MXFP4: return ck_dequant_mxfp4;
    case CKPT_NVFP4: return ck_dequant_nvfp4;
    case CKPT_Q2_K: return ck_dequant_q2_k;
    case CKPT_Q3_K: return ck_dequant_q3_k;
    case CKPT_Q4_K: return ck_dequant_q4_k;
    case CKPT_Q5_K: return ck_dequant_q5_k;
    case CKPT_Q6_K: return ck_dequant_q6_k;
    case CKPT_Q8_K: return ck_dequant_q8_k;
    case CKPT_IQ4_XS: return ck_dequant_iq4_xs;
    case CKPT_TQ1_0: return ck_dequant_tq1_0;
    case CKPT_TQ2_0: return ck_dequant_tq2_0;
    default: return NULL;
    }
}
