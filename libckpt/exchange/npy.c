/* SPDX-License-Identifier: MIT */
/* NumPy's .npy files, versions 1.0 to 3.0 (numpy/lib/format.py). Such a file is a checkpoint whose
 * root has one buffer, "array". An array in Fortran order gets strides; one in big-endian order is
 * swapped when it is read. */
#include "exchange/npyread.h"
#include "exchange/npywrite.h"
#include "exchange/swapped.h"
#include "model/format.h"

static bool probe(const unsigned char *head, size_t size, uint64_t file_size) {
    (void)file_size;
    return ck_npy_has_magic(head, size);
}

static ckpt_status read_start(void *ctx, void *bytes, size_t size, ckpt_error *err) {
    return ck_source_read(ctx, 0, bytes, size, err);
}

static ckpt_status build(ckpt *c, const ck_npy_array *array, ckpt_error *err) {
    uint32_t unit = ck_npy_swap_unit(array);
    ckpt_storage storage;
    ckpt_tensor tensor;
    ckpt_status status = ck_add_root(c, err);
    if (status == CKPT_OK)
        status =
            unit > 1
                ? ck_storage_swapped(c, array->data_offset, array->data_size, unit, &storage, err)
                : ck_storage_in_source(c, array->data_offset, array->data_size, &storage, err);
    if (status == CKPT_OK)
        status = ck_npy_tensor(array, storage, true, &tensor, err);
    return status == CKPT_OK ? ckpt_add_tensor(ckpt_root(c), "array", tensor, err) : status;
}

static ckpt_status read_file(ckpt *c, ck_source *source, ckpt_error *err) {
    ck_npy_input input = {source, read_start, source->size, source->name, 0};
    ck_npy_array array;
    ckpt_status status = ck_npy_read(ck_ckpt_memory(c), &input, &array, err);
    if (status == CKPT_OK)
        status = build(c, &array, err);
    if (status == CKPT_OK)
        ck_take_source(c, source);
    return status;
}

const ck_format ck_format_npy = {
    .name = "npy",
    .probe = probe,
    .read = read_file,
    .write = ck_npy_write,
};
