/* SPDX-License-Identifier: MIT */
#include "exchange/npyread.h"

#include "base/checked.h"
#include "base/endian.h"
#include "exchange/swapped.h"
#include "model/geometry.h"

#include <string.h>

enum {
    MAX_HEADER_SIZE = 10000, /* NumPy takes no more from files that are not trusted */
    PREAMBLE_SIZE = 12,      /* magic, version, header size; two bytes less in version 1.0 */
    USUAL_SIZE = 256         /* of preamble and header: one request for nearly all arrays */
};

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

bool ck_npy_has_magic(const unsigned char *bytes, size_t size) {
    return size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

static ckpt_status fail(const ck_npy_input *input, const char *rule, ckpt_status status,
                        const char *what, ckpt_error *err) {
    ck_place place = {input->name, CKPT_NO_OFFSET, rule, 0, 0};
    return ck_fail_at(err, &place, status, "%s", what);
}

/* Where the text of the header begins, and how long it is. head has PREAMBLE_SIZE bytes at least,
 * or all that there are. */
static ckpt_status find_header(const ck_npy_input *input, const unsigned char *head, size_t count,
                               uint64_t *ret_offset, size_t *ret_size, ckpt_error *err) {
    if (count >= sizeof magic && !ck_npy_has_magic(head, count))
        return fail(input, "NP1", CKPT_E_FORMAT, "not an array of NumPy", err);
    if (count < PREAMBLE_SIZE)
        return fail(input, "NP2", CKPT_E_TRUNCATED, "the file ends in the header", err);
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return fail(input, "NP1", CKPT_E_VERSION, "a version of .npy other than 1.0, 2.0 and 3.0",
                    err);
    uint64_t offset = head[6] == 1 ? 10 : 12;
    uint64_t size = head[6] == 1 ? ck_load16(head + 8) : ck_load32(head + 8);
    if (size > MAX_HEADER_SIZE)
        return fail(input, "NP2", CKPT_E_LIMIT, "a header of more than 10000 bytes", err);
    if (!ck_within(offset, size, input->size))
        return fail(input, "NP2", CKPT_E_TRUNCATED, "the file ends in the header", err);
    *ret_offset = offset;
    *ret_size = (size_t)size;
    return CKPT_OK;
}

static ckpt_status parse(const ck_npy_input *input, const unsigned char *bytes, uint64_t offset,
                         size_t size, ck_npy_array *array, ckpt_error *err) {
    uint64_t place = input->offset == CKPT_NO_OFFSET ? CKPT_NO_OFFSET : input->offset + offset;
    array->data_offset = offset + size;
    return ck_npy_parse((const char *)bytes + offset, size, input->name, place, &array->header,
                        err);
}

/* A header that is longer than nearly all are. */
static ckpt_status read_long(const ck_memory *memory, const ck_npy_input *input, uint64_t offset,
                             size_t size, ck_npy_array *array, ckpt_error *err) {
    size_t all = (size_t)offset + size;
    unsigned char *bytes = ck_alloc(memory, all, 1);
    if (bytes == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = input->read_start(input->ctx, bytes, all, err);
    if (status == CKPT_OK)
        status = parse(input, bytes, offset, size, array, err);
    ck_free(memory, bytes, all, 1);
    return status;
}

static ckpt_status read_header(const ck_memory *memory, const ck_npy_input *input,
                               ck_npy_array *array, ckpt_error *err) {
    unsigned char head[USUAL_SIZE];
    size_t count = input->size < sizeof head ? (size_t)input->size : sizeof head, size;
    uint64_t offset;
    ckpt_status status = CKPT_OK;
    if (count > 0)
        status = input->read_start(input->ctx, head, count, err);
    if (status == CKPT_OK)
        status = find_header(input, head, count, &offset, &size, err);
    if (status != CKPT_OK)
        return status;
    return ck_within(offset, size, count) ? parse(input, head, offset, size, array, err)
                                          : read_long(memory, input, offset, size, array, err);
}

static ckpt_status check_size(const ck_npy_input *input, ck_npy_array *array, ckpt_error *err) {
    ckpt_dtype_info info = ckpt_dtype_describe(array->header.dtype);
    ck_geometry g = {info.dtype_class,
                     info.block_elements,
                     info.block_bytes,
                     array->header.rank,
                     array->header.shape,
                     NULL,
                     0};
    if (ck_geometry_check(&g, CK_SIZE_LIMIT) != CK_GEOMETRY_SOUND)
        return fail(input, "NP7", CKPT_E_OVERFLOW, "the array has 2^63 bytes or more", err);
    array->data_size = ck_geometry_dense_size(&g);
    uint64_t present = input->size - array->data_offset;
    if (present < array->data_size)
        return fail(input, "NP7", CKPT_E_TRUNCATED, "the file ends in the array", err);
    if (present > array->data_size)
        return fail(input, "NP7", CKPT_E_STRUCTURE, "there are bytes behind the array", err);
    return CKPT_OK;
}

ckpt_status ck_npy_read(const ck_memory *memory, const ck_npy_input *input, ck_npy_array *ret_array,
                        ckpt_error *err) {
    ck_npy_array array;
    memset(&array, 0, sizeof array);
    ckpt_status status = read_header(memory, input, &array, err);
    if (status == CKPT_OK)
        status = check_size(input, &array, err);
    if (status == CKPT_OK)
        *ret_array = array;
    return status;
}

uint32_t ck_npy_swap_unit(const ck_npy_array *array) {
    return array->header.swap ? ck_swap_unit(array->header.dtype) : 1;
}

/* The sizes have been checked, so no product can overflow. */
static void fortran_strides(const ck_npy_header *header, uint64_t strides[CK_MAX_RANK]) {
    uint64_t stride = 1;
    for (uint32_t i = 0; i < header->rank; i++) {
        strides[i] = stride;
        stride *= header->shape[i];
    }
}

ckpt_status ck_npy_tensor(const ck_npy_array *array, ckpt_storage storage, bool is_buffer,
                          ckpt_tensor *ret_tensor, ckpt_error *err) {
    uint64_t strides[CK_MAX_RANK];
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = array->header.dtype,
                             .rank = array->header.rank,
                             .shape = array->header.shape,

                             .is_buffer = is_buffer};
    if (array->header.fortran_order) {
        fortran_strides(&array->header, strides);
        spec.strides = strides;
    }
    return ckpt_tensor_create(storage, &spec, ret_tensor, err);
}
