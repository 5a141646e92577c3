/* SPDX-License-Identifier: MIT */
/* From a file to a header whose tensors tile the data. */
#include "base/endian.h"
#include "base/sort.h"
#include "exchange/safetensors_files.h"
#include "exchange/safetensors_header.h"
#include "model/geometry.h"
#include "model/tensor.h"

#include <string.h>

/* ---- the layout of the data ---- */

static int compare_data(const void *a, const void *b) {
    const ck_safetensor *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return 0;
}

static ckpt_status check_size(const ck_safetensors *s, const ck_safetensor *t, const char *file,
                              ckpt_error *err) {
    ck_place place = {file, CKPT_NO_OFFSET, "ST7", 0, 0};
    const char *name = t->name;
    ckpt_dtype_info info = ckpt_dtype_describe(t->dtype);
    ck_geometry g = {info.dtype_class,
                     info.block_elements,
                     info.block_bytes,
                     t->rank,
                     ck_safetensor_shape(s, t),
                     NULL,
                     0};
    switch (ck_geometry_check(&g, CK_SIZE_LIMIT)) {
    case CK_GEOMETRY_SOUND: break;
    case CK_GEOMETRY_BLOCKS:
        return ck_fail_at(err, &place, CKPT_E_SHAPE,
                          "the elements of tensor '%s' do not end at a whole byte", CK_NAME(name));
    default:
        place.rule = "ST5";
        return ck_fail_at(err, &place, CKPT_E_OVERFLOW, "tensor '%s' has 2^63 bytes or more",
                          CK_NAME(name));
    }
    uint64_t size = ck_geometry_dense_size(&g);
    if (size != t->end - t->begin)
        return ck_fail_at(err, &place, CKPT_E_MISMATCH,
                          "tensor '%s' needs %llu bytes by its shape, its offsets say %llu",
                          CK_NAME(name), (unsigned long long)size,
                          (unsigned long long)(t->end - t->begin));
    return CKPT_OK;
}

ckpt_status ck_safetensors_fail_duplicate(const char *file, const char *name, ckpt_error *err) {
    ck_place place = {file, CKPT_NO_OFFSET, "ST3", 0, 0};
    return ck_fail_at(err, &place, CKPT_E_STRUCTURE, "duplicate tensor '%s'", CK_NAME(name));
}

/* Two tensors of one name mostly have the same place too. */
static ckpt_status fail_layout(const ck_safetensors *s, size_t i, const char *file,
                               ckpt_error *err) {
    ck_place place = {file, CKPT_NO_OFFSET, "ST8", 0, 0};
    const ck_safetensor *t = ck_safetensor_at(s, i);
    for (size_t k = 0; k < i; k++) {
        if (strcmp(ck_safetensor_at(s, k)->name, t->name) == 0)
            return ck_safetensors_fail_duplicate(file, t->name, err);
    }
    return ck_fail_at(err, &place, CKPT_E_STRUCTURE,
                      "the data of tensor '%s' does not begin where the tensor before it ends, or "
                      "ends before it begins",
                      CK_NAME(t->name));
}

ckpt_status ck_safetensors_check(ck_safetensors *s, const char *file, uint64_t data_size,
                                 ckpt_error *err) {
    ck_place place = {file, CKPT_NO_OFFSET, "ST8", 0, 0};
    size_t count = ck_safetensors_count(s);
    uint64_t position = 0;
    if (!ck_sort(&s->memory, s->tensors.bytes, count, sizeof(ck_safetensor), compare_data))
        return ck_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const ck_safetensor *t = ck_safetensor_at(s, i);
        if (t->begin != position || t->end < t->begin)
            return fail_layout(s, i, file, err);
        ckpt_status status = check_size(s, t, file, err);
        if (status != CKPT_OK)
            return status;
        position = t->end;
    }
    if (position > data_size)
        return ck_fail_at(err, &place, CKPT_E_TRUNCATED,
                          "the tensors need %llu bytes, the file has %llu",
                          (unsigned long long)position, (unsigned long long)data_size);
    if (position < data_size)
        return ck_fail_at(err, &place, CKPT_E_STRUCTURE, "%llu bytes behind the last tensor",
                          (unsigned long long)(data_size - position));
    return CKPT_OK;
}

/* ---- the file ---- */

/* The header, in memory of its own: nothing that is checked can change afterwards. */
static ckpt_status read_text(const ck_memory *memory, const ck_source *source, char **ret_text,
                             size_t *ret_size, ckpt_error *err) {
    ck_place place = {source->name, 0, "ST1", 0, 0};
    unsigned char field[CK_SAFETENSORS_SIZE_FIELD];
    if (source->size < sizeof field)
        return ck_fail_at(err, &place, CKPT_E_TRUNCATED, "the file ends in the size of the header");
    ckpt_status status = ck_source_read(source, 0, field, sizeof field, err);
    if (status != CKPT_OK)
        return status;
    uint64_t size = ck_load64(field);
    if (size > CK_SAFETENSORS_MAX_HEADER)
        return ck_fail_at(err, &place, CKPT_E_LIMIT, "a header of more than %u bytes",
                          CK_SAFETENSORS_MAX_HEADER);
    if (size > source->size - sizeof field)
        return ck_fail_at(err, &place, CKPT_E_TRUNCATED, "the file ends in the header");
    char *text = ck_alloc(memory, (size_t)size, 1);
    if (text == NULL)
        return ck_fail_nomem(err);
    status = ck_source_read(source, sizeof field, text, (size_t)size, err);
    if (status != CKPT_OK) {
        ck_free(memory, text, (size_t)size, 1);
        return status;
    }
    *ret_text = text;
    *ret_size = (size_t)size;
    return CKPT_OK;
}

ckpt_status ck_safetensors_load(ck_safetensors *s, const ck_memory *memory, const ck_source *source,
                                uint64_t *ret_data_offset, ckpt_error *err) {
    ck_place place = {source->name, CK_SAFETENSORS_SIZE_FIELD, "ST2", 0, 0};
    ck_json json;
    memset(s, 0, sizeof *s);
    s->memory = *memory;
    ckpt_status status = read_text(memory, source, &s->text, &s->text_size, err);
    if (status != CKPT_OK)
        return status;
    uint64_t data_offset = CK_SAFETENSORS_SIZE_FIELD + (uint64_t)s->text_size;
    status = ck_json_open_in_place(&json, memory, s->text, s->text_size, &place, err);
    if (status == CKPT_OK)
        status = ck_safetensors_parse(s, &json, err);
    ck_json_close(&json);
    if (status == CKPT_OK)
        status = ck_safetensors_check(s, source->name, source->size - data_offset, err);
    *ret_data_offset = data_offset;
    return status;
}

ckpt_status ck_safetensor_create(const ck_safetensors *s, const ck_safetensor *t,
                                 ckpt_storage storage, ckpt_tensor *ret_tensor, ckpt_error *err) {
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = t->dtype,
                             .rank = t->rank,
                             .shape = ck_safetensor_shape(s, t)};
    spec.is_buffer = !ck_class_has_grad(ckpt_dtype_describe(t->dtype).dtype_class);
    return ckpt_tensor_create(storage, &spec, ret_tensor, err);
}
