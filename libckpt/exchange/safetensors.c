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

static ckpt_status add_tensor(ckpt *c, const ck_safetensors *s, const ck_safetensor *t,
                              uint64_t data_offset, ck_dotted_path *path, ckpt_error *err) {
    ckpt_storage storage;
    ckpt_tensor tensor;
    ckpt_status status =
        ck_storage_in_source(c, data_offset + t->begin, t->end - t->begin, &storage, err);
    if (status == CKPT_OK)
        status = ck_safetensor_create(s, t, storage, &tensor, err);
    if (status == CKPT_OK)
        status = ck_safetensors_name_status(
            ck_add_dotted_next(c, path, t->name, t->name_size, tensor, err), err);
    return status;
}

static ckpt_status build(ckpt *c, const ck_safetensors *s, const char *file, uint64_t data_offset,
                         ckpt_error *err) {
    ck_dotted_path path;
    path.depth = 0;
    ckpt_status status = ck_add_root(c, err);
    if (status == CKPT_OK &&
        !ck_hashmap_reserve(&c->memory, &c->member_index, ck_safetensors_count(s)))
        status = ck_fail_nomem(err);
    for (size_t i = 0; status == CKPT_OK && i < ck_safetensors_count(s); i++) {
        const ck_safetensor *t = ck_safetensor_at(s, i);
        status = add_tensor(c, s, t, data_offset, &path, err);
        if (status == CKPT_E_EXISTS)
            return ck_safetensors_fail_duplicate(file, t->name, err);
    }
    if (status == CKPT_OK)
        status = ck_safetensors_apply_pairs(c, &s->metadata, err);
    return ck_error_prefix(err, status, file);
}

static ckpt_status read_one(ckpt *c, ck_source *source, ckpt_error *err) {
    ck_safetensors s;
    uint64_t data_offset = 0;
    ckpt_status status = ck_safetensors_load(&s, ck_ckpt_memory(c), source, &data_offset, err);
    if (status == CKPT_OK)
        status = build(c, &s, source->name, data_offset, err);
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
