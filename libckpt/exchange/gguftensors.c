/* SPDX-License-Identifier: MIT */
#include "exchange/gguftensors.h"

#include "base/checked.h"
#include "base/utf8.h"
#include "model/geometry.h"
#include "model/records.h"

#include <string.h>

static ckpt_status take_name(ck_gguf_tensors *t, ck_ggufhead *h, ck_gguf_tensor *tensor,
                             ckpt_error *err) {
    const char *text;
    size_t place = h->position;
    ckpt_status status = ck_ggufhead_string(h, &text, &tensor->name_size, err);
    if (status != CKPT_OK)
        return status;
    size_t behind = h->position, size = tensor->name_size;
    h->position = place;
    if (size >= CK_GGUF_NAME_ROOM)
        return ck_ggufhead_fail(h, err, CKPT_E_LIMIT, "GG10",
                                "the name '%s' of a tensor has %zu bytes, 64 or more",
                                ck_name_n(text, size).text, size);
    if (!ck_utf8_valid(text, size))
        return ck_ggufhead_fail(h, err, CKPT_E_STRUCTURE, "GG10",
                                "the name '%s' of a tensor is not UTF-8 without NUL",
                                ck_name_n(text, size).text);
    switch (ck_nametree_add(&t->memory, &t->names, text, size, ck_gguf_tensor_count(t))) {
    case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
    case CK_NAMETREE_KNOWN:
        return ck_ggufhead_fail(h, err, CKPT_E_STRUCTURE, "GG10", "duplicate tensor '%s'",
                                ck_name_n(text, size).text);
    case CK_NAMETREE_ADDED: break;
    }
    tensor->name = t->text.size;
    if (!ck_buffer_append(&t->memory, &t->text, text, size) ||
        !ck_buffer_append(&t->memory, &t->text, "", 1))
        return ck_fail_nomem(err);
    h->position = behind;
    return CKPT_OK;
}

/* The innermost dimension comes first. */
static ckpt_status take_shape(ck_ggufhead *h, ck_gguf_tensor *tensor, const char *name,
                              ckpt_error *err) {
    ckpt_status status = ck_ggufhead_u32(h, &tensor->rank, err);
    if (status != CKPT_OK)
        return status;
    if (tensor->rank > CK_GGUF_MAX_RANK) {
        h->position -= 4;
        return ck_ggufhead_fail(h, err, CKPT_E_LIMIT, "GG11",
                                "tensor '%s' has %lu dimensions, more than 4", CK_NAME(name),
                                (unsigned long)tensor->rank);
    }
    for (uint32_t i = tensor->rank; i-- > 0 && status == CKPT_OK;)
        status = ck_ggufhead_u64(h, &tensor->shape[i], err);
    return status;
}

static ckpt_status take_dtype(ck_ggufhead *h, ck_gguf_tensor *tensor, const char *name,
                              ckpt_error *err) {
    uint32_t number;
    ckpt_status status = ck_ggufhead_u32(h, &number, err);
    if (status != CKPT_OK)
        return status;
    tensor->dtype = ck_gguf_dtype(number);
    if (tensor->dtype != CKPT_DTYPE_OTHER)
        return CKPT_OK;
    h->position -= 4;
    return ck_ggufhead_fail(h, err, CKPT_E_STRUCTURE, "GG13",
                            "tensor '%s' is of no known type, %lu", CK_NAME(name),
                            (unsigned long)number);
}

static ckpt_status check_geometry(ck_ggufhead *h, ck_gguf_tensor *tensor, const char *name,
                                  ckpt_error *err) {
    ckpt_dtype_info info = ckpt_dtype_describe(tensor->dtype);
    ck_geometry g = {info.dtype_class,
                     info.block_elements,
                     info.block_bytes,
                     tensor->rank,
                     tensor->shape,
                     NULL,
                     0};
    switch (ck_geometry_check(&g, CK_SIZE_LIMIT)) {
    case CK_GEOMETRY_SOUND: tensor->size = ck_geometry_dense_size(&g); return CKPT_OK;
    case CK_GEOMETRY_BLOCKS:
        return ck_ggufhead_fail(h, err, CKPT_E_SHAPE, "GG14",
                                "the rows of tensor '%s' are no multiple of the %lu elements of a "
                                "block of %s",
                                CK_NAME(name), (unsigned long)info.block_elements, info.name);
    default:
        return ck_ggufhead_fail(h, err, CKPT_E_OVERFLOW, "GG12",
                                "tensor '%s' has 2^63 elements or bytes, or more", CK_NAME(name));
    }
}

/* next: where the data of the tensor must begin; then, of the one behind it. */
static ckpt_status take_tensor(ck_gguf_tensors *t, ck_ggufhead *h, uint32_t alignment,
                               uint64_t *next, ckpt_error *err) {
    ck_gguf_tensor tensor = {0};
    uint64_t end;
    ckpt_status status = take_name(t, h, &tensor, err);
    if (status != CKPT_OK)
        return status;
    const char *name = ck_gguf_text(t, tensor.name);
    status = take_shape(h, &tensor, name, err);
    if (status == CKPT_OK)
        status = take_dtype(h, &tensor, name, err);
    if (status == CKPT_OK)
        status = check_geometry(h, &tensor, name, err);
    if (status == CKPT_OK)
        status = ck_ggufhead_u64(h, &tensor.offset, err);
    if (status != CKPT_OK)
        return status;
    if (tensor.offset != *next) {
        h->position -= 8;
        return ck_ggufhead_fail(h, err, CKPT_E_STRUCTURE, "GG15",
                                "the data of tensor '%s' are said to begin at %llu, but those "
                                "before them end at %llu, padded",
                                CK_NAME(name), (unsigned long long)tensor.offset,
                                (unsigned long long)*next);
    }
    if (!ck_add(*next, tensor.size, &end) || end >= CK_SIZE_LIMIT ||
        !ck_align(end, alignment, next))
        return ck_ggufhead_fail(h, err, CKPT_E_OVERFLOW, "GG12",
                                "the data end with tensor '%s' at 2^63 or behind", CK_NAME(name));
    t->data_size = end;
    return ck_buffer_append(&t->memory, &t->tensors, &tensor, sizeof tensor) ? CKPT_OK
                                                                             : ck_fail_nomem(err);
}

/* The padding behind the last tensor may be missing: not every writer has it. */
static ckpt_status check_end(ck_gguf_tensors *t, const ck_ggufhead *h, uint32_t alignment,
                             ckpt_error *err) {
    ck_place place = {h->source->name, h->source->size, "GG16", 0, 0};
    uint64_t begin, end, padded;
    if (!ck_align(h->position, alignment, &begin) || !ck_add(begin, t->data_size, &end) ||
        !ck_align(end, alignment, &padded))
        return ck_fail_at(err, &place, CKPT_E_OVERFLOW, "the data end at 2^64 or behind");
    if (h->source->size > padded)
        return ck_fail_at(err, &place, CKPT_E_STRUCTURE, "%llu bytes behind the data",
                          (unsigned long long)(h->source->size - padded));
    t->data_offset = begin;
    if (t->data_size == 0)
        return CKPT_OK;
    if (h->source->size < end)
        return ck_fail_at(err, &place, CKPT_E_TRUNCATED,
                          "the file ends in the data, which need %llu bytes in all",
                          (unsigned long long)end);
    return CKPT_OK;
}

ckpt_status ck_gguf_read_tensors(ck_gguf_tensors *t, ck_ggufhead *h, uint64_t count,
                                 uint32_t alignment, ckpt_error *err) {
    uint64_t next = 0;
    ckpt_status status = CKPT_OK;
    for (uint64_t i = 0; i < count && status == CKPT_OK; i++)
        status = take_tensor(t, h, alignment, &next, err);
    return status == CKPT_OK ? check_end(t, h, alignment, err) : status;
}

void ck_gguf_tensors_clear(ck_gguf_tensors *t) {
    ck_buffer_clear(&t->memory, &t->tensors);
    ck_buffer_clear(&t->memory, &t->text);
    ck_nametree_clear(&t->memory, &t->names);
}
