/* SPDX-License-Identifier: MIT */
#include "exchange/safetensors_tags.h"

#include <string.h>

/* In the order of the enumeration in the official library, by which its writer sorts. */
static const struct {
    const char *tag;
    ckpt_dtype dtype;
} tags[] = {
    {"BOOL", CKPT_BOOL},
    {"F4", CKPT_F4_E2M1FN},
    {"F6_E2M3", CKPT_F6_E2M3FN},
    {"F6_E3M2", CKPT_F6_E3M2FN},
    {"U8", CKPT_U8},
    {"I8", CKPT_I8},
    {"F8_E5M2", CKPT_F8_E5M2},
    {"F8_E4M3", CKPT_F8_E4M3FN},
    {"F8_E8M0", CKPT_F8_E8M0FNU},
    {"F8_E4M3FNUZ", CKPT_F8_E4M3FNUZ},
    {"F8_E5M2FNUZ", CKPT_F8_E5M2FNUZ},
    {"I16", CKPT_I16},
    {"U16", CKPT_U16},
    {"F16", CKPT_F16},
    {"BF16", CKPT_BF16},
    {"I32", CKPT_I32},
    {"U32", CKPT_U32},
    {"F32", CKPT_F32},
    {"C64", CKPT_COMPLEX64},
    {"F64", CKPT_F64},
    {"I64", CKPT_I64},
    {"U64", CKPT_U64},
};

enum { TAG_COUNT = sizeof tags / sizeof tags[0] };

/* The tags that nearly all tensors have stand at the end. */
ckpt_dtype ck_safetensors_dtype(const char *tag) {
    for (int i = TAG_COUNT; i-- > 0;) {
        if (strcmp(tags[i].tag, tag) == 0)
            return tags[i].dtype;
    }
    return CKPT_DTYPE_OTHER;
}

int ck_safetensors_order(ckpt_dtype dtype) {
    for (int i = 0; i < TAG_COUNT; i++) {
        if (tags[i].dtype == dtype)
            return i;
    }
    return -1;
}

const char *ck_safetensors_tag(int order) {
    return tags[order].tag;
}
