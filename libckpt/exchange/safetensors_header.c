/* SPDX-License-Identifier: MIT */
#include "exchange/safetensors_header.h"

#include "exchange/safetensors_tags.h"
#include "model/records.h"

#include <string.h>

static ckpt_status take_dtype(ck_json *json, ck_safetensor *t, ckpt_error *err) {
    size_t size;
    ckpt_status status = ck_json_string(json, "a dtype, a string", &size, err);
    if (status != CKPT_OK)
        return status;
    t->dtype = ck_safetensors_dtype(ck_json_text(json));
    if (t->dtype != CKPT_DTYPE_OTHER)
        return CKPT_OK;
    return ck_json_fail(ck_json_by(json, "ST4"), err, "unknown dtype '%s'",
                        CK_NAME(ck_json_text(json)));
}

static ckpt_status take_number(ck_json *json, const char *what, uint64_t *ret_number,
                               ckpt_error *err) {
    const char *rule = json->rule;
    json->rule = "ST5";
    ckpt_status status = ck_json_uint(json, what, ret_number, err);
    json->rule = rule;
    return status;
}

static ckpt_status fail_rank(const ck_json *json, ckpt_error *err) {
    ck_place place = {json->name, json->file_offset + json->position, "ST6", 0, 0};
    return ck_fail_at(err, &place, CKPT_E_LIMIT, "a shape has more than %d dimensions",
                      CK_MAX_RANK);
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
        status = take_number(json, "an extent, an integer from 0", &extent, err);
        if (status != CKPT_OK)
            break;
        if (t->rank++ == CK_MAX_RANK)
            return fail_rank(json, err);
        if (!ck_buffer_append(&s->memory, &s->extents, &extent, sizeof extent))
            return ck_fail_nomem(err);
        status = ck_json_more(json, ']', false, &more, err);
    }
    return status;
}

static ckpt_status take_offsets(ck_json *json, ck_safetensor *t, ckpt_error *err) {
    ckpt_status status = ck_json_expect(json, '[', "two offsets, an array", err);
    if (status == CKPT_OK)
        status = take_number(json, "an offset, an integer from 0", &t->begin, err);
    if (status == CKPT_OK)
        status = ck_json_expect(json, ',', "','", err);
    if (status == CKPT_OK)
        status = take_number(json, "an offset, an integer from 0", &t->end, err);
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
        return ck_json_fail(ck_json_by(json, "ST4"), err, "unknown field '%s' of a tensor",
                            CK_NAME(ck_json_text(json)));
    if (*seen & 1u << field)
        return ck_json_fail(ck_json_by(json, "ST3"), err, "duplicate field '%s' of a tensor",
                            fields[field]);
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
    ck_safetensor t = {.name = s->text + (ck_json_text(json) - s->text), .name_size = name_size};
    unsigned seen = 0;
    bool more;
    ckpt_status status = ck_json_expect(json, '{', "a tensor, an object", err);
    if (status == CKPT_OK)
        status = ck_json_more(json, '}', true, &more, err);
    while (status == CKPT_OK && more) {
        status = take_field(s, json, &t, &seen, err);
        if (status == CKPT_OK)
            status = ck_json_more(json, '}', false, &more, err);
    }
    if (status != CKPT_OK)
        return status;
    if (seen != 7)
        return ck_json_fail(ck_json_by(json, "ST4"), err,
                            "tensor '%s' lacks dtype, shape or data_offsets", CK_NAME(t.name));
    return ck_buffer_append(&s->memory, &s->tensors, &t, sizeof t) ? CKPT_OK : ck_fail_nomem(err);
}

static ckpt_status take_metadata(ck_safetensors *s, ck_json *json, ckpt_error *err) {
    if (s->has_metadata)
        return ck_json_fail(ck_json_by(json, "ST3"), err, "duplicate key '__metadata__'");
    s->has_metadata = true;
    return ck_safetensors_take_pairs(&s->memory, &s->metadata, json, err);
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
    ck_safetensors_pairs_clear(&s->memory, &s->metadata);
    ck_free(&s->memory, s->text, s->text_size, 1);
    s->text = NULL;
}
