/* SPDX-License-Identifier: MIT */
/* NumPy's .npy files, versions 1.0 to 3.0 (numpy/lib/format.py). Such a file is a checkpoint whose
 * root has one buffer, "array". An array in Fortran order gets strides. A big-endian one is read
 * and swapped when the file is opened; all others stay in the file. */
#include "base/checked.h"
#include "base/endian.h"
#include "exchange/npyheader.h"
#include "exchange/npywrite.h"
#include "model/format.h"
#include "model/geometry.h"
#include "model/object.h"

#include <string.h>

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

#define MAX_HEADER_SIZE 65535u /* NumPy itself takes 10000 */
#define PREAMBLE_SIZE 12       /* magic, version, header size; two bytes less in version 1.0 */

static bool probe(const unsigned char *head, size_t size, uint64_t file_size) {
    (void)file_size;
    return size >= sizeof magic && memcmp(head, magic, sizeof magic) == 0;
}

typedef struct npy {
    ck_npy_header header;
    uint64_t data_offset;
    uint64_t data_size;
} npy;

static ckpt_status fail(const ck_source *source, ckpt_status status, const char *what,
                        ckpt_error *err) {
    ck_place place = {source->name, CKPT_NO_OFFSET, NULL, 0, 0};
    return ck_fail_at(err, &place, status, "%s", what);
}

static ckpt_status find_header(const ck_source *source, uint64_t *ret_offset, size_t *ret_size,
                               ckpt_error *err) {
    unsigned char head[PREAMBLE_SIZE] = {0};
    uint64_t count = source->size < sizeof head ? source->size : sizeof head;
    ckpt_status status = ck_source_read(source, 0, head, (size_t)count, err);
    if (status != CKPT_OK)
        return status;
    if (count < PREAMBLE_SIZE)
        return fail(source, CKPT_E_TRUNCATED, "the file ends in the header", err);
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return fail(source, CKPT_E_VERSION, "a version of .npy other than 1.0, 2.0 and 3.0", err);
    uint64_t offset = head[6] == 1 ? 10 : 12;
    uint64_t size = head[6] == 1 ? ck_load16(head + 8) : ck_load32(head + 8);
    if (size > MAX_HEADER_SIZE)
        return fail(source, CKPT_E_LIMIT, "a header of more than 65535 bytes", err);
    if (!ck_within(offset, size, source->size))
        return fail(source, CKPT_E_TRUNCATED, "the file ends in the header", err);
    *ret_offset = offset;
    *ret_size = (size_t)size;
    return CKPT_OK;
}

static ckpt_status read_header(const ck_memory *memory, const ck_source *source, npy *array,
                               ckpt_error *err) {
    uint64_t offset;
    size_t size;
    ckpt_status status = find_header(source, &offset, &size, err);
    if (status != CKPT_OK)
        return status;
    char *text = ck_alloc(memory, size, 1);
    if (text == NULL)
        return ck_fail_nomem(err);
    status = ck_source_read(source, offset, text, size, err);
    if (status == CKPT_OK)
        status = ck_npy_parse(text, size, source->name, offset, &array->header, err);
    ck_free(memory, text, size, 1);
    array->data_offset = offset + size;
    return status;
}

static ckpt_status check_size(const ck_source *source, npy *array, ckpt_error *err) {
    ckpt_dtype_info info = ckpt_dtype_describe(array->header.dtype);
    ck_geometry g = {info.dtype_class,
                     info.block_elements,
                     info.block_bytes,
                     array->header.rank,
                     array->header.shape,
                     NULL,
                     0};
    if (ck_geometry_check(&g, CK_SIZE_LIMIT) != CK_GEOMETRY_SOUND)
        return fail(source, CKPT_E_OVERFLOW, "the array has 2^63 bytes or more", err);
    array->data_size = ck_geometry_dense_size(&g);
    uint64_t present = source->size - array->data_offset;
    if (present < array->data_size)
        return fail(source, CKPT_E_TRUNCATED, "the file ends in the array", err);
    if (present > array->data_size)
        return fail(source, CKPT_E_STRUCTURE, "there are bytes behind the array", err);
    return CKPT_OK;
}

static void swap_bytes(unsigned char *bytes, uint64_t size, uint32_t unit) {
    for (uint64_t i = 0; i < size; i += unit) {
        for (uint32_t k = 0; k < unit / 2; k++) {
            unsigned char byte = bytes[i + k];
            bytes[i + k] = bytes[i + unit - 1 - k];
            bytes[i + unit - 1 - k] = byte;
        }
    }
}

static ckpt_status make_swapped(ckpt *c, const ck_source *source, const npy *array,
                                ckpt_storage *ret_storage, ckpt_error *err) {
    ckpt_dtype_info info = ckpt_dtype_describe(array->header.dtype);
    uint32_t parts = info.dtype_class == CKPT_CLASS_COMPLEX ? 2 : 1;
    ckpt_storage storage;
    ckpt_status status = ckpt_storage_create(c, array->data_size, &storage, err);
    if (status != CKPT_OK)
        return status;
    unsigned char *bytes = ckpt_storage_writable(storage);
    status = ck_source_read(source, array->data_offset, bytes, (size_t)array->data_size, err);
    if (status != CKPT_OK)
        return status;
    swap_bytes(bytes, array->data_size, info.block_bytes / parts);
    *ret_storage = storage;
    return CKPT_OK;
}

/* The sizes have been checked, so no product can overflow. */
static void fortran_strides(const ck_npy_header *header, uint64_t strides[CK_MAX_RANK]) {
    uint64_t stride = 1;
    for (uint32_t i = 0; i < header->rank; i++) {
        strides[i] = stride;
        stride *= header->shape[i];
    }
}

static ckpt_status build(ckpt *c, const ck_source *source, const npy *array, ckpt_error *err) {
    uint64_t strides[CK_MAX_RANK];
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = array->header.dtype,
                             .rank = array->header.rank,
                             .shape = array->header.shape,
                             .is_buffer = true};
    ckpt_storage storage;
    ckpt_tensor tensor;
    if (array->header.fortran_order) {
        fortran_strides(&array->header, strides);
        spec.strides = strides;
    }
    ckpt_status status = ck_add_root(c, err);
    if (status == CKPT_OK)
        status = array->header.swap
                     ? make_swapped(c, source, array, &storage, err)
                     : ck_storage_in_source(c, array->data_offset, array->data_size, &storage, err);
    if (status == CKPT_OK)
        status = ckpt_tensor_create(storage, &spec, &tensor, err);
    return status == CKPT_OK ? ckpt_add_tensor(ckpt_root(c), "array", tensor, err) : status;
}

static ckpt_status read_file(ckpt *c, ck_source *source, ckpt_error *err) {
    npy array;
    memset(&array, 0, sizeof array);
    ckpt_status status = read_header(ck_ckpt_memory(c), source, &array, err);
    if (status == CKPT_OK)
        status = check_size(source, &array, err);
    if (status == CKPT_OK)
        status = build(c, source, &array, err);
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
