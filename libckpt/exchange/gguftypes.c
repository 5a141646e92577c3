/* SPDX-License-Identifier: MIT */
#include "exchange/gguftypes.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t size;
} kinds[CK_GGUF_KIND_COUNT] = {
    [CK_GGUF_U8] = {"u8", 1},   [CK_GGUF_I8] = {"i8", 1},       [CK_GGUF_U16] = {"u16", 2},
    [CK_GGUF_I16] = {"i16", 2}, [CK_GGUF_U32] = {"u32", 4},     [CK_GGUF_I32] = {"i32", 4},
    [CK_GGUF_F32] = {"f32", 4}, [CK_GGUF_BOOL] = {"bool", 1},   [CK_GGUF_STRING] = {"string", 0},
    [CK_GGUF_U64] = {"u64", 8}, [CK_GGUF_ARRAY] = {"array", 0}, [CK_GGUF_I64] = {"i64", 8},
    [CK_GGUF_F64] = {"f64", 8},
};

uint32_t ck_gguf_kind_size(ck_gguf_kind kind) {
    return kinds[kind].size;
}

void ck_gguf_type_name(ck_gguf_type type, char text[CK_GGUF_TYPE_ROOM]) {
    snprintf(text, CK_GGUF_TYPE_ROOM, type.is_array ? "[%s]" : "%s", kinds[type.kind].name);
}

bool ck_gguf_type_named(const char *text, ck_gguf_type *ret_type) {
    for (int i = 0; i < CK_GGUF_KIND_COUNT; i++) {
        char name[CK_GGUF_TYPE_ROOM];
        ck_gguf_type type = {(ck_gguf_kind)i, false};
        if (i == CK_GGUF_ARRAY)
            continue;
        for (int is_array = 0; is_array < 2; is_array++) {
            type.is_array = is_array != 0;
            ck_gguf_type_name(type, name);
            if (strcmp(name, text) == 0) {
                *ret_type = type;
                return true;
            }
        }
    }
    return false;
}

/* Numbers that are missing belonged to types that GGML has removed: 4 and 5 (q4_2, q4_3), 31 to 33
 * and 36 to 38 (types that were laid out for certain processors). */
static const struct {
    uint32_t number;
    ckpt_dtype dtype;
} dtypes[] = {
    {0, CKPT_F32},     {1, CKPT_F16},      {2, CKPT_Q4_0},   {3, CKPT_Q4_1},    {6, CKPT_Q5_0},
    {7, CKPT_Q5_1},    {8, CKPT_Q8_0},     {9, CKPT_Q8_1},   {10, CKPT_Q2_K},   {11, CKPT_Q3_K},
    {12, CKPT_Q4_K},   {13, CKPT_Q5_K},    {14, CKPT_Q6_K},  {15, CKPT_Q8_K},   {16, CKPT_IQ2_XXS},
    {17, CKPT_IQ2_XS}, {18, CKPT_IQ3_XXS}, {19, CKPT_IQ1_S}, {20, CKPT_IQ4_NL}, {21, CKPT_IQ3_S},
    {22, CKPT_IQ2_S},  {23, CKPT_IQ4_XS},  {24, CKPT_I8},    {25, CKPT_I16},    {26, CKPT_I32},
    {27, CKPT_I64},    {28, CKPT_F64},     {29, CKPT_IQ1_M}, {30, CKPT_BF16},   {34, CKPT_TQ1_0},
    {35, CKPT_TQ2_0},  {39, CKPT_MXFP4},   {40, CKPT_NVFP4}, {41, CKPT_Q1_0},   {42, CKPT_Q2_0},
};

ckpt_dtype ck_gguf_dtype(uint32_t number) {
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (dtypes[i].number == number)
            return dtypes[i].dtype;
    }
    return CKPT_DTYPE_OTHER;
}

bool ck_gguf_dtype_number(ckpt_dtype dtype, uint32_t *ret_number) {
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (dtypes[i].dtype == dtype) {
            *ret_number = dtypes[i].number;
            return true;
        }
    }
    return false;
}
