/* SPDX-License-Identifier: MIT */
/* The safetensors format: a header in JSON, then the data of all tensors, row-major, without gaps;
 * or a set of such files, with an index in JSON that says which of them has which tensor.
 *
 * The format has flat names only: "0.weight" becomes the tensor "weight" of a module "0" of type
 * "". Tensors of float and complex types become parameters, the others buffers. They stand in the
 * order of their data, those of a set in the order of the index. A tensor has a storage of its own;
 * that several names are one tensor the format cannot say, but PyTorch's save_model leaves the
 * dropped names in the metadata, as keys whose values are the names that were kept: such an entry
 * becomes a tie and is metadata no longer. */
#include "base/endian.h"
#include "exchange/dottedtree.h"
#include "exchange/safetensors_files.h"
#include "exchange/safetensors_index.h"
#include "exchange/safetensors_header.h"
#include "exchange/safetensors_write.h"

#include <string.h>

static bool is_file(const unsigned char *head, size_t size) {
    if (size <= CK_SAFETENSORS_SIZE_FIELD || ck_load64(head) > CK_SAFETENSORS_MAX_HEADER)
        return false;
    size_t i = CK_SAFETENSORS_SIZE_FIELD;
    while (i < size && memchr(" \t\n\r", head[i], 4) != NULL)
        i++;
    return i < size && head[i] == '{';
}

static bool probe(const unsigned char *head, size_t size, uint64_t file_size) {
    (void)file_size;
    return is_file(head, size) || ck_safetensors_is_index((const char *)head, size);
}

/* What a header says and the tensors that came of it, by number. */
typedef struct found {
    const ck_safetensors *header;
    ckpt_tensor *tensors;
} found;

static ckpt_tensor find_written(const void *ctx, const char *name, size_t size) {
    const found *f = ctx;
    ckpt_tensor none = {NULL, 0};
    uint32_t number = ck_nametree_get(&f->header->names, name, size);
    return number != CK_NAMETREE_NONE ? f->tensors[number] : none;
}

static ckpt_status add_tensor(ckpt *c, const found *f, const ck_safetensor *t, uint64_t data_offset,
                              ckpt_error *err) {
    ckpt_storage storage;
    ckpt_tensor *tensor = &f->tensors[t->number];
    ckpt_status status =
        ck_storage_in_source(c, data_offset + t->begin, t->end - t->begin, &storage, err);
    if (status == CKPT_OK)
        status = ck_safetensor_create(f->header, t, storage, tensor, err);
    if (status == CKPT_OK)
        status =
            ck_add_dotted(c, ck_safetensors_text(f->header, t->name), t->name_size, *tensor, err);
    return status;
}

static ckpt_status build(ckpt *c, const ck_safetensors *s, uint64_t data_offset, ckpt_error *err) {
    size_t count = ck_safetensors_count(s);
    found f = {s, ck_calloc(&s->memory, count, sizeof *f.tensors)};
    ckpt_status status = f.tensors != NULL ? ck_add_root(c, err) : ck_fail_nomem(err);
    for (size_t i = 0; status == CKPT_OK && i < count; i++)
        status = add_tensor(c, &f, ck_safetensor_at(s, i), data_offset, err);
    if (status == CKPT_OK)
        status = ck_safetensors_apply_pairs(c, &s->metadata, find_written, &f, err);
    ck_free(&s->memory, f.tensors, count, sizeof *f.tensors);
    return status;
}

static ckpt_status read_one(ckpt *c, ck_source *source, ckpt_error *err) {
    ck_safetensors s;
    uint64_t data_offset = 0;
    ckpt_status status = ck_safetensors_load(&s, ck_ckpt_memory(c), source, &data_offset, err);
    if (status == CKPT_OK)
        status = ck_error_prefix(err, build(c, &s, data_offset, err), source->name);
    ck_safetensors_clear(&s);
    if (status == CKPT_OK)
        ck_take_source(c, source);
    return status;
}

/* A file shorter than the size of a header is never an index, nor probed as one. */
static ckpt_status read_file(ckpt *c, ck_source *source, ckpt_error *err) {
    char head[CK_PROBE_SIZE];
    size_t size = source->size < sizeof head ? (size_t)source->size : sizeof head;
    ckpt_status status = ck_source_read(source, 0, head, size, err);
    if (status != CKPT_OK)
        return status;
    return is_file((const unsigned char *)head, size) ? read_one(c, source, err)
                                                      : ck_safetensors_read_set(c, source, err);
}

const ck_format ck_format_safetensors = {
    .name = "safetensors",
    .probe = probe,
    .read = read_file,
    .write = ck_safetensors_write,
    .has_shards = true,
};
