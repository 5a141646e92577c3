/* SPDX-License-Identifier: MIT */
/* The numbers that stand in a GGUF file for types (GGML's gguf.h and ggml.h, as of 2026-08). */
#ifndef CK_GGUFTYPES_H
#define CK_GGUFTYPES_H

#include <ckpt/dtypes.h>

#define CK_GGUF_MAGIC "GGUF"

enum {
    CK_GGUF_VERSION = 3, /* that is written; 2 has the same layout */
    CK_GGUF_OLDEST_VERSION = 2,
    CK_GGUF_MAX_RANK = 4,
    CK_GGUF_NAME_ROOM = 64, /* bytes of the name of a tensor, a NUL behind it included */
    CK_GGUF_ALIGNMENT = 32  /* where general.alignment does not say otherwise */
};
#define CK_GGUF_MAX_ALIGNMENT (UINT32_C(1) << 24)
#define CK_GGUF_MAX_STRING (UINT64_C(1) << 30)
#define CK_GGUF_MAX_ARRAY (UINT64_C(1) << 30)

/* Types of values. */
typedef enum ck_gguf_kind {
    CK_GGUF_U8 = 0,
    CK_GGUF_I8 = 1,
    CK_GGUF_U16 = 2,
    CK_GGUF_I16 = 3,
    CK_GGUF_U32 = 4,
    CK_GGUF_I32 = 5,
    CK_GGUF_F32 = 6,
    CK_GGUF_BOOL = 7,
    CK_GGUF_STRING = 8,
    CK_GGUF_ARRAY = 9,
    CK_GGUF_U64 = 10,
    CK_GGUF_I64 = 11,
    CK_GGUF_F64 = 12,
    CK_GGUF_KIND_COUNT
} ck_gguf_kind;

typedef struct ck_gguf_type {
    ck_gguf_kind kind; /* of the value, or of the elements of an array */
    bool is_array;
} ck_gguf_type;

/* "u8", "string", ...; of an array "[u8]". */
#define CK_GGUF_TYPE_ROOM 16
void ck_gguf_type_name(ck_gguf_type type, char text[CK_GGUF_TYPE_ROOM]);
/* False when the text names no type. */
bool ck_gguf_type_named(const char *text, ck_gguf_type *ret_type);
/* Bytes of a value of fixed size; of a string or an array 0. */
uint32_t ck_gguf_kind_size(ck_gguf_kind kind);
static inline bool ck_gguf_kind_is_integer(ck_gguf_kind kind) {
    return kind <= CK_GGUF_I32 || kind == CK_GGUF_U64 || kind == CK_GGUF_I64;
}
static inline bool ck_gguf_kind_is_unsigned(ck_gguf_kind kind) {
    return kind == CK_GGUF_U8 || kind == CK_GGUF_U16 || kind == CK_GGUF_U32 || kind == CK_GGUF_U64;
}

/* Element types. CKPT_DTYPE_OTHER for a number that stands for none, or for one no longer. */
ckpt_dtype ck_gguf_dtype(uint32_t number);
/* False when GGUF has no such type. */
bool ck_gguf_dtype_number(ckpt_dtype dtype, uint32_t *ret_number);

#endif
