/* SPDX-License-Identifier: MIT */
/* NumPy's .npz files: ZIP archives with an array in .npy form under KEY.npy for each key. Keys are
 * dotted names. What NumPy stored is read where it lies, what it deflated is inflated as it is
 * asked for. The format does not say what is a parameter: floats and complex numbers become one,
 * all else buffers. */
#include "exchange/dottedtree.h"
#include "exchange/npyread.h"
#include "exchange/npzwrite.h"
#include "exchange/zipread.h"
#include "model/format.h"
#include "model/object.h"

#include <string.h>

static const char suffix[] = ".npy";

enum { SUFFIX_SIZE = sizeof suffix - 1 };

static bool is_member(const char *name, size_t size) {
    return size >= SUFFIX_SIZE && memcmp(name + size - SUFFIX_SIZE, suffix, SUFFIX_SIZE) == 0;
}

/* An archive whose first entry is an array, or an empty one. PyTorch's names are those of files, so
 * one whose end is out of sight is that of an array. */
static bool probe(const unsigned char *head, size_t size, uint64_t file_size) {
    ck_zip_first first;
    return ck_zip_probe(head, size, file_size, &first) &&
           (first.name == NULL || first.is_cut || is_member(first.name, first.size));
}

typedef struct reading {
    ckpt *c;
    const ck_source *source;
    const ck_zip_entry *entry; /* that is being read */
    ck_buffer name;            /* of the array, with a NUL behind it */
    bool told;                 /* an error that names the file already */
} reading;

static ckpt_status read_start(void *ctx, void *bytes, size_t size, ckpt_error *err) {
    reading *r = ctx;
    ckpt_status status =
        ck_zip_read_start(ck_ckpt_memory(r->c), r->source, r->entry, bytes, size, err);
    r->told = status != CKPT_OK;
    return status;
}

/* In memory of its own, since ck_add_dotted writes into it. */
static bool take_name(reading *r) {
    size_t size = r->entry->name_size - SUFFIX_SIZE;
    r->name.size = 0;
    return ck_buffer_append(ck_ckpt_memory(r->c), &r->name, r->entry->name, size) &&
           ck_buffer_append(ck_ckpt_memory(r->c), &r->name, "", 1);
}

static ckpt_status add_array(reading *r, const ck_npy_array *array, ckpt_error *err) {
    ckpt_dtype_class dtype_class = ckpt_dtype_describe(array->header.dtype).dtype_class;
    bool is_buffer = dtype_class != CKPT_CLASS_FLOAT && dtype_class != CKPT_CLASS_COMPLEX;
    ckpt_storage storage;
    ckpt_tensor tensor;
    ckpt_status status = ck_zip_storage(r->c, r->entry, array->data_offset, array->data_size,
                                        ck_npy_swap_unit(array), &storage, err);
    if (status == CKPT_OK)
        status = ck_npy_tensor(array, storage, is_buffer, &tensor, err);
    if (status != CKPT_OK)
        return status;
    if (!take_name(r))
        return ck_fail_nomem(err);
    return ck_add_dotted(r->c, (char *)r->name.bytes, r->name.size - 1, tensor, err);
}

static ckpt_status read_member(reading *r, ckpt_error *err) {
    const ck_zip_entry *e = r->entry;
    uint64_t offset = e->method == CK_ZIP_STORED ? e->data_offset : CKPT_NO_OFFSET;
    ck_npy_input input = {r, read_start, e->size, NULL, offset};
    ck_npy_array array;
    if (!is_member(e->name, e->name_size))
        return ck_fail_rule(err, "NP8", CKPT_E_UNSUPPORTED,
                            "not an array: its name does not end with .npy");
    ckpt_status status = ck_npy_read(ck_ckpt_memory(r->c), &input, &array, err);
    return status == CKPT_OK ? add_array(r, &array, err) : status;
}

static ckpt_status read_members(ckpt *c, const ck_source *source, const ck_zip *zip,
                                ckpt_error *err) {
    reading r = {c, source, NULL, {NULL, 0, 0}, false};
    ckpt_status status = ck_add_root(c, err);
    for (uint32_t i = 0; status == CKPT_OK && i < ck_zip_count(zip); i++) {
        r.entry = ck_zip_entry_at(zip, i);
        if (r.entry->name[r.entry->name_size - 1] == '/')
            continue; /* a directory, which says nothing */
        status = read_member(&r, err);
        if (status != CKPT_OK && !r.told) {
            ck_error_prefix(err, status, r.entry->name);
            ck_error_prefix(err, status, source->name);
        }
    }
    c->info.storages_checked = (uint32_t)c->storages.count;
    ck_buffer_clear(ck_ckpt_memory(c), &r.name);
    return status;
}

static ckpt_status read_file(ckpt *c, ck_source *source, ckpt_error *err) {
    ck_zip *zip;
    ckpt_status status = ck_zip_open(&zip, ck_ckpt_memory(c), source, false, err);
    if (status != CKPT_OK)
        return status;
    status = read_members(c, source, zip, err);
    ck_zip_close(zip);
    if (status == CKPT_OK)
        ck_take_source(c, source);
    return status;
}

const ck_format ck_format_npz = {
    .name = "npz",
    .probe = probe,
    .read = read_file,
    .write = ck_npz_write,
    .verify = ck_zip_verify,
};
