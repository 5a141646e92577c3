/* SPDX-License-Identifier: MIT */
#include "exchange/safetensors_header.h"

#include "base/sort.h"
#include "model/geometry.h"
#include "model/records.h"

#include <string.h>

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

/* Keeps the string that json has just read. */
static ckpt_status keep_string(ck_safetensors *s, const ck_json *json, size_t size,
                               size_t *ret_offset, ckpt_error *err) {
    *ret_offset = s->text.size;
    if (!ck_buffer_append(&s->memory, &s->text, ck_json_text(json), size + 1))
        return ck_fail_nomem(err);
    return CKPT_OK;
}

static ckpt_status take_dtype(ck_json *json, ck_safetensor *t, ckpt_error *err) {
    size_t size;
    ckpt_status status = ck_json_string(json, "a dtype, a string", &size, err);
    if (status != CKPT_OK)
        return status;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (strcmp(tags[i].tag, ck_json_text(json)) == 0) {
            t->dtype = tags[i].dtype;
            return CKPT_OK;
        }
    }
    return ck_json_fail(json, err, "unknown dtype '%s'", CK_NAME(ck_json_text(json)));
}

static ckpt_status take_shape(ck_safetensors *s, ck_json *json, ck_safetensor *t, ckpt_error *err) {
    bool more;
    t->rank = 0;
    t->first_extent = s->extents.size / sizeof(uint64_t);
    ckpt_status status = ck_json_expect(json, '[', "a shape, an array", err);
    if (status == CKPT_OK)
        status = ck_json_more(json, ']', true, &more, err);
    while (status == CKPT_OK && more) {
        uint64_t extent;
        status = ck_json_uint(json, "an extent, an integer from 0", &extent, err);
        if (status != CKPT_OK)
            break;
        if (t->rank++ == CK_MAX_RANK)
            return ck_fail(err, CKPT_E_LIMIT, "%s: a shape has more than %d dimensions",
                           CK_NAME(json->name), CK_MAX_RANK);
        if (!ck_buffer_append(&s->memory, &s->extents, &extent, sizeof extent))
            return ck_fail_nomem(err);
        status = ck_json_more(json, ']', false, &more, err);
    }
    return status;
}

static ckpt_status take_offsets(ck_json *json, ck_safetensor *t, ckpt_error *err) {
    ckpt_status status = ck_json_expect(json, '[', "two offsets, an array", err);
    if (status == CKPT_OK)
        status = ck_json_uint(json, "an offset, an integer from 0", &t->begin, err);
    if (status == CKPT_OK)
        status = ck_json_expect(json, ',', "','", err);
    if (status == CKPT_OK)
        status = ck_json_uint(json, "an offset, an integer from 0", &t->end, err);
    return status == CKPT_OK ? ck_json_expect(json, ']', "']'", err) : status;
}

static ckpt_status take_field(ck_safetensors *s, ck_json *json, ck_safetensor *t, unsigned *seen,
                              ckpt_error *err) {
    static const char *const fields[] = {"dtype", "shape", "data_offsets"};
    size_t size;
    ckpt_status status = ck_json_key(json, &size, err);
    if (status != CKPT_OK)
        return status;
    unsigned field = 0;
    while (field < 3 && strcmp(fields[field], ck_json_text(json)) != 0)
        field++;
    if (field == 3)
        return ck_json_fail(json, err, "unknown field '%s' of a tensor",
                            CK_NAME(ck_json_text(json)));
    if (*seen & 1u << field)
        return ck_json_fail(json, err, "duplicate field '%s' of a tensor", fields[field]);
    *seen |= 1u << field;
    switch (field) {
    case 0: return take_dtype(json, t, err);
    case 1: return take_shape(s, json, t, err);
    default: return take_offsets(json, t, err);
    }
}

/* The fields of a tensor whose name has been read. */
static ckpt_status take_tensor(ck_safetensors *s, ck_json *json, size_t name_size,
                               ckpt_error *err) {
    ck_safetensor t = {.name_size = name_size, .number = (uint32_t)ck_safetensors_count(s)};
    unsigned seen = 0;
    bool more;
    ckpt_status status = keep_string(s, json, name_size, &t.name, err);
    if (status == CKPT_OK)
        status = ck_json_expect(json, '{', "a tensor, an object", err);
    if (status == CKPT_OK)
        status = ck_json_more(json, '}', true, &more, err);
    while (status == CKPT_OK && more) {
        status = take_field(s, json, &t, &seen, err);
        if (status == CKPT_OK)
            status = ck_json_more(json, '}', false, &more, err);
    }
    if (status != CKPT_OK)
        return status;
    const char *name = ck_safetensors_text(s, t.name);
    if (seen != 7)
        return ck_json_fail(json, err, "tensor '%s' lacks dtype, shape or data_offsets",
                            CK_NAME(name));
    switch (ck_nametree_add(&s->memory, &s->names, name, name_size, t.number)) {
    case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
    case CK_NAMETREE_KNOWN: return ck_json_fail(json, err, "duplicate tensor '%s'", CK_NAME(name));
    case CK_NAMETREE_ADDED: break;
    }
    return ck_buffer_append(&s->memory, &s->tensors, &t, sizeof t) ? CKPT_OK : ck_fail_nomem(err);
}

static ckpt_status take_pair(ck_safetensors *s, ck_json *json, ck_nametree *keys, ckpt_error *err) {
    ck_safetensors_pair pair = {0, 0, 0, 0};
    ckpt_status status = ck_json_key(json, &pair.key_size, err);
    if (status != CKPT_OK)
        return status;
    switch (ck_nametree_add(&s->memory, keys, ck_json_text(json), pair.key_size, 0)) {
    case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
    case CK_NAMETREE_KNOWN:
        return ck_json_fail(json, err, "duplicate key '%s' in the metadata",
                            CK_NAME(ck_json_text(json)));
    case CK_NAMETREE_ADDED: break;
    }
    status = keep_string(s, json, pair.key_size, &pair.key, err);
    if (status == CKPT_OK)
        status = ck_json_string(json, "a value of the metadata, a string", &pair.value_size, err);
    if (status == CKPT_OK)
        status = keep_string(s, json, pair.value_size, &pair.value, err);
    if (status == CKPT_OK && !ck_buffer_append(&s->memory, &s->metadata, &pair, sizeof pair))
        status = ck_fail_nomem(err);
    return status;
}

static ckpt_status take_metadata(ck_safetensors *s, ck_json *json, ckpt_error *err) {
    ck_nametree keys;
    bool more;
    memset(&keys, 0, sizeof keys);
    if (s->has_metadata)
        return ck_json_fail(json, err, "duplicate key '__metadata__'");
    s->has_metadata = true;
    ckpt_status status = ck_json_expect(json, '{', "the metadata, an object", err);
    if (status == CKPT_OK)
        status = ck_json_more(json, '}', true, &more, err);
    while (status == CKPT_OK && more) {
        status = take_pair(s, json, &keys, err);
        if (status == CKPT_OK)
            status = ck_json_more(json, '}', false, &more, err);
    }
    ck_nametree_clear(&s->memory, &keys);
    return status;
}

ckpt_status ck_safetensors_parse(ck_safetensors *s, ck_json *json, ckpt_error *err) {
    bool more;
    ckpt_status status = ck_json_expect(json, '{', "'{'", err);
    if (status == CKPT_OK)
        status = ck_json_more(json, '}', true, &more, err);
    while (status == CKPT_OK && more) {
        size_t size;
        status = ck_json_key(json, &size, err);
        if (status != CKPT_OK)
            break;
        if (strcmp(ck_json_text(json), "__metadata__") == 0)
            status = take_metadata(s, json, err);
        else
            status = take_tensor(s, json, size, err);
        if (status == CKPT_OK)
            status = ck_json_more(json, '}', false, &more, err);
    }
    return status == CKPT_OK ? ck_json_end(json, err) : status;
}

void ck_safetensors_clear(ck_safetensors *s) {
    ck_buffer_clear(&s->memory, &s->tensors);
    ck_buffer_clear(&s->memory, &s->extents);
    ck_buffer_clear(&s->memory, &s->metadata);
    ck_buffer_clear(&s->memory, &s->text);
    ck_nametree_clear(&s->memory, &s->names);
}

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
    ck_place place = {file, CKPT_NO_OFFSET, NULL, 0, 0};
    ck_name_text name = ck_name(ck_safetensors_text(s, t->name));
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
                          "the elements of tensor '%s' do not end at a whole byte", name.text);
    default:
        return ck_fail_at(err, &place, CKPT_E_OVERFLOW, "tensor '%s' has 2^63 bytes or more",
                          name.text);
    }
    uint64_t size = ck_geometry_dense_size(&g);
    if (size != t->end - t->begin)
        return ck_fail_at(err, &place, CKPT_E_MISMATCH,
                          "tensor '%s' needs %llu bytes by its shape, its offsets say %llu",
                          name.text, (unsigned long long)size,
                          (unsigned long long)(t->end - t->begin));
    return CKPT_OK;
}

ckpt_status ck_safetensors_check(ck_safetensors *s, const char *file, uint64_t data_size,
                                 ckpt_error *err) {
    ck_place place = {file, CKPT_NO_OFFSET, NULL, 0, 0};
    size_t count = ck_safetensors_count(s);
    uint64_t position = 0;
    if (!ck_sort(&s->memory, s->tensors.bytes, count, sizeof(ck_safetensor), compare_data))
        return ck_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const ck_safetensor *t = ck_safetensor_at(s, i);
        if (t->begin != position || t->end < t->begin)
            return ck_fail_at(err, &place, CKPT_E_STRUCTURE,
                              "the data of tensor '%s' does not begin where the tensor before it "
                              "ends, or ends before it begins",
                              CK_NAME(ck_safetensors_text(s, t->name)));
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
