/* SPDX-License-Identifier: MIT */
/* Reading safetensors files: a header in JSON, then the data of all tensors, row-major, without
 * gaps.
 *
 * The format has flat names only: "0.weight" becomes the tensor "weight" of a module "0" of type
 * "". Tensors of float and complex types become parameters, the others buffers. They stand in the
 * order of their data. A tensor has a storage of its own; that several names are one tensor the
 * format cannot say, but PyTorch's save_model leaves the dropped names in the metadata, as keys
 * whose values are the names that were kept: such an entry becomes a tie and is metadata no longer.
 */
#include "base/endian.h"
#include "exchange/dottedtree.h"
#include "exchange/safetensors_header.h"
#include "model/format.h"
#include "model/object.h"

#include <string.h>

#define MAX_HEADER_SIZE 100000000u /* as the official reader has it */
#define SIZE_FIELD 8

static bool probe(const unsigned char *head, size_t size, uint64_t file_size) {
    if (file_size <= SIZE_FIELD || size <= SIZE_FIELD || ck_load64(head) > MAX_HEADER_SIZE)
        return false;
    size_t i = SIZE_FIELD;
    while (i < size && memchr(" \t\n\r", head[i], 4) != NULL)
        i++;
    return i < size && head[i] == '{';
}

/* The header, in memory of its own: nothing that is checked can change afterwards. */
static ckpt_status read_header(const ck_memory *memory, const ck_source *source, char **ret_text,
                               size_t *ret_size, ckpt_error *err) {
    ck_place place = {source->name, 0, NULL, 0, 0};
    unsigned char field[SIZE_FIELD];
    if (source->size < SIZE_FIELD)
        return ck_fail_at(err, &place, CKPT_E_TRUNCATED, "the file ends in the size of the header");
    ckpt_status status = ck_source_read(source, 0, field, sizeof field, err);
    if (status != CKPT_OK)
        return status;
    uint64_t size = ck_load64(field);
    if (size > MAX_HEADER_SIZE)
        return ck_fail_at(err, &place, CKPT_E_LIMIT, "a header of more than %u bytes",
                          MAX_HEADER_SIZE);
    if (size > source->size - SIZE_FIELD)
        return ck_fail_at(err, &place, CKPT_E_TRUNCATED, "the file ends in the header");
    char *text = ck_alloc(memory, (size_t)size, 1);
    if (text == NULL)
        return ck_fail_nomem(err);
    status = ck_source_read(source, SIZE_FIELD, text, (size_t)size, err);
    if (status != CKPT_OK) {
        ck_free(memory, text, (size_t)size, 1);
        return status;
    }
    *ret_text = text;
    *ret_size = (size_t)size;
    return CKPT_OK;
}

static ckpt_status add_tensor(ckpt *c, const ck_safetensors *s, const ck_safetensor *t,
                              uint64_t data_offset, ckpt_tensor *ret_tensor, ckpt_error *err) {
    ckpt_dtype_class dtype_class = ckpt_dtype_describe(t->dtype).dtype_class;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = t->dtype,
                             .rank = t->rank,
                             .shape = ck_safetensor_shape(s, t)};
    ckpt_storage storage;
    spec.is_buffer = dtype_class != CKPT_CLASS_FLOAT && dtype_class != CKPT_CLASS_COMPLEX;
    ckpt_status status =
        ck_storage_in_source(c, data_offset + t->begin, t->end - t->begin, &storage, err);
    if (status == CKPT_OK)
        status = ckpt_tensor_create(storage, &spec, ret_tensor, err);
    if (status == CKPT_OK)
        status = ck_add_dotted(c, ck_safetensors_text(s, t->name), t->name_size, *ret_tensor, err);
    return status;
}

/* by_number: the tensor for each number of the header. */
static ckpt_status add_pair(ckpt *c, const ck_safetensors *s, const ck_safetensors_pair *pair,
                            const ckpt_tensor *by_number, ckpt_error *err) {
    char *key = ck_safetensors_text(s, pair->key);
    const char *value = ck_safetensors_text(s, pair->value);
    uint32_t kept = ck_nametree_get(&s->names, value, pair->value_size);
    if (kept != CK_NAMETREE_NONE && ck_dotted_is_free(c, key, pair->key_size))
        return ck_add_dotted(c, key, pair->key_size, by_number[kept], err);
    return ckpt_map_set(ckpt_metadata(c), key, ckpt_string_n(value, pair->value_size), NULL, err);
}

static ckpt_status build_with(ckpt *c, const ck_safetensors *s, uint64_t data_offset,
                              ckpt_tensor *by_number, ckpt_error *err) {
    ckpt_status status = ck_add_root(c, err);
    for (size_t i = 0; status == CKPT_OK && i < ck_safetensors_count(s); i++) {
        const ck_safetensor *t = ck_safetensor_at(s, i);
        status = add_tensor(c, s, t, data_offset, &by_number[t->number], err);
    }
    const ck_safetensors_pair *pairs = (const void *)s->metadata.bytes;
    for (size_t i = 0; status == CKPT_OK && i < s->metadata.size / sizeof *pairs; i++)
        status = add_pair(c, s, &pairs[i], by_number, err);
    return status;
}

static ckpt_status build(ckpt *c, const ck_safetensors *s, uint64_t data_offset, ckpt_error *err) {
    size_t count = ck_safetensors_count(s);
    ckpt_tensor *by_number = ck_calloc(&s->memory, count, sizeof *by_number);
    if (by_number == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = build_with(c, s, data_offset, by_number, err);
    ck_free(&s->memory, by_number, count, sizeof *by_number);
    return status;
}

static ckpt_status read_all(ckpt *c, const ck_source *source, const char *text, size_t size,
                            ckpt_error *err) {
    uint64_t data_offset = SIZE_FIELD + (uint64_t)size;
    ck_safetensors s;
    ck_json json;
    memset(&s, 0, sizeof s);
    s.memory = *ck_ckpt_memory(c);
    ckpt_status status = ck_json_open(&json, &s.memory, text, size, source->name, SIZE_FIELD, err);
    if (status == CKPT_OK)
        status = ck_safetensors_parse(&s, &json, err);
    ck_json_close(&json);
    if (status == CKPT_OK)
        status = ck_safetensors_check(&s, source->name, source->size - data_offset, err);
    if (status == CKPT_OK)
        status = ck_error_prefix(err, build(c, &s, data_offset, err), source->name);
    ck_safetensors_clear(&s);
    return status;
}

static ckpt_status read_file(ckpt *c, ck_source *source, ckpt_error *err) {
    char *text;
    size_t size;
    ckpt_status status = read_header(ck_ckpt_memory(c), source, &text, &size, err);
    if (status != CKPT_OK)
        return status;
    status = read_all(c, source, text, size, err);
    ck_free(ck_ckpt_memory(c), text, size, 1);
    if (status == CKPT_OK)
        ck_take_source(c, source);
    return status;
}

const ck_format ck_format_safetensors = {
    .name = "safetensors",
    .probe = probe,
    .read = read_file,
};
