/* SPDX-License-Identifier: MIT */
/* The registry of element types (spec/ckpt-format.md, section 6). */
#include "model/dtype.h"

#include "model/object.h"

#include <string.h>

#define TYPE(enumerator, name, class, elements, bytes)                                             \
    [enumerator] = {name, enumerator, CKPT_CLASS_##class, elements, bytes}

static const ckpt_dtype_info registry[CKPT_DTYPE_COUNT] = {
    [CKPT_DTYPE_OTHER] = {"", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 0, 0},
    TYPE(CKPT_BOOL, "bool", BOOL, 1, 1),
    TYPE(CKPT_U8, "u8", UINT, 1, 1),
    TYPE(CKPT_I8, "i8", INT, 1, 1),
    TYPE(CKPT_U16, "u16", UINT, 1, 2),
    TYPE(CKPT_I16, "i16", INT, 1, 2),
    TYPE(CKPT_U32, "u32", UINT, 1, 4),
    TYPE(CKPT_I32, "i32", INT, 1, 4),
    TYPE(CKPT_U64, "u64", UINT, 1, 8),
    TYPE(CKPT_I64, "i64", INT, 1, 8),
    TYPE(CKPT_F16, "f16", FLOAT, 1, 2),
    TYPE(CKPT_BF16, "bf16", FLOAT, 1, 2),
    TYPE(CKPT_F32, "f32", FLOAT, 1, 4),
    TYPE(CKPT_F64, "f64", FLOAT, 1, 8),
    TYPE(CKPT_COMPLEX32, "complex32", COMPLEX, 1, 4),
    TYPE(CKPT_COMPLEX64, "complex64", COMPLEX, 1, 8),
    TYPE(CKPT_COMPLEX128, "complex128", COMPLEX, 1, 16),
    TYPE(CKPT_F8_E4M3FN, "f8_e4m3fn", FLOAT, 1, 1),
    TYPE(CKPT_F8_E5M2, "f8_e5m2", FLOAT, 1, 1),
    TYPE(CKPT_F8_E4M3FNUZ, "f8_e4m3fnuz", FLOAT, 1, 1),
    TYPE(CKPT_F8_E5M2FNUZ, "f8_e5m2fnuz", FLOAT, 1, 1),
    TYPE(CKPT_F8_E8M0FNU, "f8_e8m0fnu", FLOAT, 1, 1),
    TYPE(CKPT_F6_E2M3FN, "f6_e2m3fn", FLOAT, 4, 3),
    TYPE(CKPT_F6_E3M2FN, "f6_e3m2fn", FLOAT, 4, 3),
    TYPE(CKPT_F4_E2M1FN, "f4_e2m1fn", FLOAT, 2, 1),
    TYPE(CKPT_Q4_0, "q4_0", BLOCK, 32, 18),
    TYPE(CKPT_Q4_1, "q4_1", BLOCK, 32, 20),
    TYPE(CKPT_Q5_0, "q5_0", BLOCK, 32, 22),
    TYPE(CKPT_Q5_1, "q5_1", BLOCK, 32, 24),
    TYPE(CKPT_Q8_0, "q8_0", BLOCK, 32, 34),
    TYPE(CKPT_Q8_1, "q8_1", BLOCK, 32, 36),
    TYPE(CKPT_Q2_K, "q2_k", BLOCK, 256, 84),
    TYPE(CKPT_Q3_K, "q3_k", BLOCK, 256, 110),
    TYPE(CKPT_Q4_K, "q4_k", BLOCK, 256, 144),
    TYPE(CKPT_Q5_K, "q5_k", BLOCK, 256, 176),
    TYPE(CKPT_Q6_K, "q6_k", BLOCK, 256, 210),
    TYPE(CKPT_Q8_K, "q8_k", BLOCK, 256, 292),
    TYPE(CKPT_IQ2_XXS, "iq2_xxs", BLOCK, 256, 66),
    TYPE(CKPT_IQ2_XS, "iq2_xs", BLOCK, 256, 74),
    TYPE(CKPT_IQ3_XXS, "iq3_xxs", BLOCK, 256, 98),
    TYPE(CKPT_IQ1_S, "iq1_s", BLOCK, 256, 50),
    TYPE(CKPT_IQ4_NL, "iq4_nl", BLOCK, 32, 18),
    TYPE(CKPT_IQ3_S, "iq3_s", BLOCK, 256, 110),
    TYPE(CKPT_IQ2_S, "iq2_s", BLOCK, 256, 82),
    TYPE(CKPT_IQ4_XS, "iq4_xs", BLOCK, 256, 136),
    TYPE(CKPT_IQ1_M, "iq1_m", BLOCK, 256, 56),
    TYPE(CKPT_TQ1_0, "tq1_0", BLOCK, 256, 54),
    TYPE(CKPT_TQ2_0, "tq2_0", BLOCK, 256, 66),
    TYPE(CKPT_MXFP4, "mxfp4", BLOCK, 32, 17),
    TYPE(CKPT_NVFP4, "nvfp4", BLOCK, 64, 36),
    TYPE(CKPT_Q1_0, "q1_0", BLOCK, 128, 18),
    TYPE(CKPT_Q2_0, "q2_0", BLOCK, 64, 18),
};

ckpt_dtype_info ckpt_dtype_describe(ckpt_dtype dtype) {
    size_t i = (size_t)dtype;
    return registry[i < CKPT_DTYPE_COUNT ? i : 0];
}

ckpt_dtype ckpt_dtype_named(const char *name) {
    for (int i = 1; i < CKPT_DTYPE_COUNT; i++) {
        if (strcmp(registry[i].name, name) == 0)
            return (ckpt_dtype)i;
    }
    return CKPT_DTYPE_OTHER;
}

bool ck_dtype_name_valid(const char *name) {
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return name[size] == '\0' && size > 0 && size <= CK_MAX_DTYPE_NAME;
}

ckpt_dtype_info ck_dtype_info_of(const ckpt *c, uint32_t number) {
    const ck_dtype_rec *rec = ck_dtype_at(c, number);
    const char *name = ck_string(c, rec->name, NULL);
    ckpt_dtype dtype = ckpt_dtype_named(name);
    if (dtype != CKPT_DTYPE_OTHER)
        return registry[dtype];
    ckpt_dtype_info info = {name, CKPT_DTYPE_OTHER, (ckpt_dtype_class)rec->dtype_class,
                            rec->block_elements, rec->block_bytes};
    return info;
}

static ckpt_status check_other(const ckpt_dtype_info *info, ckpt_error *err) {
    if (info == NULL || info->name == NULL || !ck_dtype_name_valid(info->name) ||
        ckpt_dtype_named(info->name) != CKPT_DTYPE_OTHER)
        return ck_fail(err, CKPT_E_ARGUMENT, "the dtype is not registered and not described");
    if (info->dtype_class < CKPT_CLASS_BOOL || info->dtype_class > CKPT_CLASS_OPAQUE ||
        info->block_elements == 0 || info->block_elements > CK_MAX_BLOCK ||
        info->block_bytes == 0 || info->block_bytes > CK_MAX_BLOCK)
        return ck_fail(err, CKPT_E_ARGUMENT, "dtype '%s' is not described as one can be",
                       CK_NAME(info->name));
    return CKPT_OK;
}

static bool same_layout(const ck_dtype_rec *rec, const ckpt_dtype_info *info) {
    return rec->dtype_class == (uint8_t)info->dtype_class &&
           rec->block_elements == info->block_elements && rec->block_bytes == info->block_bytes;
}

/* The number of a type with this name that the checkpoint has already, CK_NONE if it has none. */
static uint32_t find_number(const ckpt *c, uint32_t name) {
    for (uint32_t i = 0; i < c->dtypes.count; i++) {
        if (ck_dtype_at(c, i)->name == name)
            return i;
    }
    return CK_NONE;
}

static ckpt_status add_number(ckpt *c, const ckpt_dtype_info *info, uint16_t *ret_number,
                              ckpt_error *err) {
    uint32_t name;
    ckpt_status status = ck_intern(c, info->name, strlen(info->name), &name, err);
    if (status != CKPT_OK)
        return status;
    uint32_t number = find_number(c, name);
    if (number != CK_NONE) {
        if (!same_layout(ck_dtype_at(c, number), info))
            return ck_fail(err, CKPT_E_MISMATCH, "dtype '%s' has another layout in this checkpoint",
                           CK_NAME(info->name));
    } else {
        number = (uint32_t)c->dtypes.count;
        if (number >= UINT16_MAX)
            return ck_fail(err, CKPT_E_LIMIT, "more than %u dtypes", UINT16_MAX);
        if (!ck_table_append(&c->memory, &c->dtypes, 1))
            return ck_fail_nomem(err);
        ck_dtype_rec *rec = ck_dtype_at(c, number);
        rec->name = name;
        rec->dtype_class = (uint8_t)info->dtype_class;
        rec->block_elements = info->block_elements;
        rec->block_bytes = info->block_bytes;
    }
    *ret_number = (uint16_t)number;
    return CKPT_OK;
}

ckpt_status ck_dtype_number(ckpt *c, ckpt_dtype dtype, const ckpt_dtype_info *other,
                            uint16_t *ret_number, ckpt_error *err) {
    if ((size_t)dtype >= CKPT_DTYPE_COUNT)
        return ck_fail(err, CKPT_E_ARGUMENT, "no dtype has the number %d", (int)dtype);
    if (dtype != CKPT_DTYPE_OTHER && c->dtype_numbers[dtype] != 0) {
        *ret_number = (uint16_t)(c->dtype_numbers[dtype] - 1);
        return CKPT_OK;
    }
    ckpt_status status = dtype != CKPT_DTYPE_OTHER ? CKPT_OK : check_other(other, err);
    if (status == CKPT_OK)
        status =
            add_number(c, dtype != CKPT_DTYPE_OTHER ? &registry[dtype] : other, ret_number, err);
    if (status == CKPT_OK && dtype != CKPT_DTYPE_OTHER)
        c->dtype_numbers[dtype] = (uint16_t)(*ret_number + 1);
    return status;
}
