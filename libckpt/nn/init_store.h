/* SPDX-License-Identifier: MIT */
/* Elements of a tensor, written one by one in row-major order. */
#ifndef CK_INIT_STORE_H
#define CK_INIT_STORE_H

#include <ckpt/model.h>

typedef struct ck_element_store {
    unsigned char *first;
    ckpt_tensor tensor;
    ckpt_dtype dtype;
    size_t size; /* bytes of an element */
    size_t count;
    bool contiguous;
} ck_element_store;

/* Takes tensors in writable storages whose elements are of at most 8 whole bytes and do not
 * overlap. */
ckpt_status ck_store_open(ckpt_tensor tensor, ck_element_store *ret_store, ckpt_error *err);

/* Writes the low bytes of bits, little-endian, as element i. */
void ck_store_put(const ck_element_store *store, size_t i, uint64_t bits);

/* The value in the dtype, rounded to nearest even. False when the dtype has no such value: a
 * fraction, NaN or a number out of range for bool and the integer types, an overflow for the float
 * types, which still give the bits of infinity. */
bool ck_encode_element(ckpt_dtype dtype, double value, uint64_t *ret_bits);

uint16_t ck_f16_from_float(float value);
uint16_t ck_bf16_from_float(float value);

#endif
