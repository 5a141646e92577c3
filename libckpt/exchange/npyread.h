/* SPDX-License-Identifier: MIT */
/* One array of NumPy: a .npy file, or a member of a .npz file. */
#ifndef CK_NPYREAD_H
#define CK_NPYREAD_H

#include "exchange/npyheader.h"
#include "model/object.h"

/* Where an array's bytes come from. */
typedef struct ck_npy_input {
    void *ctx;
    /* The bytes from the first to before `size`, which is not 0 and not more than the input's. */
    ckpt_status (*read_start)(void *ctx, void *bytes, size_t size, ckpt_error *err);
    uint64_t size;
    const char *name; /* for messages; NULL: the caller prefixes them */
    uint64_t offset;  /* of the input in the file; CKPT_NO_OFFSET where that cannot be said */
} ck_npy_input;

typedef struct ck_npy_array {
    ck_npy_header header;
    uint64_t data_offset; /* in the input */
    uint64_t data_size;
} ck_npy_array;

/* Whether bytes begin as an array does. */
bool ck_npy_has_magic(const unsigned char *bytes, size_t size);

/* Reads and checks the header, and that the data fill the rest of the input. */
ckpt_status ck_npy_read(const ck_memory *memory, const ck_npy_input *input, ck_npy_array *ret_array,
                        ckpt_error *err);
/* Bytes that must be reversed in the data; 1 where none are. */
uint32_t ck_npy_swap_unit(const ck_npy_array *array);
/* A tensor over a storage with the data; with strides where they are in Fortran order. */
ckpt_status ck_npy_tensor(const ck_npy_array *array, ckpt_storage storage, bool is_buffer,
                          ckpt_tensor *ret_tensor, ckpt_error *err);

#endif
