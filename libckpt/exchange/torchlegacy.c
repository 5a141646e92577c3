/* SPDX-License-Identifier: MIT */
/* Reading what torch.save wrote before version 1.6, and still can: five pickles one behind another
 * - a magic number, a version, sizes of C types, the object, the keys of the storages - and then
 * for each key the number of elements and the bytes, which are little-endian on every machine. */
#include "base/checked.h"
#include "base/endian.h"
#include "exchange/torchstate.h"

#include <string.h>

#define PROTOCOL_VERSION 1001

/* LONG1 0x1950a86a20f9469cfc6c, as every pickler of protocol 2 writes it. */
static const unsigned char magic[] = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                      0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
static const char preview[] = "PYTORCH1";

/* The oldest form, an archive of tar with three members. */
static bool is_tar(const unsigned char *head, size_t size) {
    static const char *const members[] = {"pickle", "storages", "tensors"};
    if (size < 512 || memcmp(head + 257, "ustar", 5) != 0)
        return false;
    for (int i = 0; i < 3; i++) {
        if (strncmp((const char *)head, members[i], 100) == 0)
            return true;
    }
    return false;
}

static bool is_preview(const unsigned char *head, size_t size) {
    return size >= sizeof preview - 1 && memcmp(head, preview, sizeof preview - 1) == 0;
}

static bool probe(const unsigned char *head, size_t size, uint64_t file_size) {
    (void)file_size;
    return (size >= sizeof magic && memcmp(head, magic, sizeof magic) == 0) || is_tar(head, size) ||
           is_preview(head, size);
}

static ckpt_status fail(const ck_source *source, const char *rule, ckpt_status status,
                        uint64_t offset, const char *what, ckpt_error *err) {
    ck_place place = {source->name, offset, rule, 0, 0};
    return ck_fail_at(err, &place, status, "%s", what);
}

/* A pickle without names. Close it in every case. */
static ckpt_status run_plain(ck_pickle *p, const ck_memory *memory, const ck_source *source,
                             uint64_t *offset, uint32_t *ret_root, ckpt_error *err) {
    ck_pickle_open(p, memory, NULL, 0, CK_PICKLE_PROTOCOL_2);
    return ck_pickle_run(p, source, *offset, source->size, ret_root, offset, err);
}

/* The second and the third pickle: nothing in them is of use, but they are what they must be. */
static ckpt_status check_preamble(const ck_torch_reader *t, const ck_source *source,
                                  uint64_t *offset, ckpt_error *err) {
    ck_pickle p;
    uint32_t root = 0;
    uint64_t number;
    ckpt_status status = run_plain(&p, &t->memory, source, offset, &root, err);
    if (status == CKPT_OK && (!ck_pickle_uint(&p, root, &number) || number != PROTOCOL_VERSION))
        status = fail(source, "PT16", CKPT_E_VERSION, sizeof magic,
                      "a version of the old format other than 1001", err);
    ck_pickle_close(&p);
    if (status != CKPT_OK)
        return status;
    status = run_plain(&p, &t->memory, source, offset, &root, err);
    if (status == CKPT_OK && ck_pickle_kind_of(&p, root) != CK_PICKLE_DICT)
        status = fail(source, "PT16", CKPT_E_STRUCTURE, *offset, "the sizes of C types are missing",
                      err);
    ck_pickle_close(&p);
    return status;
}

/* The count before the bytes of a storage must be that of the pickle. */
static ckpt_status place_one(ck_torch_reader *t, const ck_source *source, uint32_t number,
                             uint64_t *offset, ckpt_error *err) {
    ck_torch_storage *storage = ck_torch_storage_at(t, number);
    unsigned char field[8];
    uint64_t size, end;
    if (source->size - *offset < sizeof field)
        return fail(source, "PT16", CKPT_E_TRUNCATED, *offset, "the file ends before a storage",
                    err);
    ckpt_status status = ck_source_read(source, *offset, field, sizeof field, err);
    if (status != CKPT_OK)
        return status;
    if (ck_load64(field) != storage->numel)
        return fail(source, "PT16", CKPT_E_MISMATCH, *offset,
                    "a storage has another number of elements than the pickle says", err);
    *offset += sizeof field;
    if (!ck_mul(storage->numel, ck_torch_element_size(storage->class_number), &size) ||
        !ck_add(*offset, size, &end) || end > source->size)
        return fail(source, "PT16", CKPT_E_TRUNCATED, *offset, "the file ends in a storage", err);
    status = ck_torch_place_storage(t, number, *offset, size, NULL, err);
    *offset = end;
    return status;
}

static ckpt_status place_storages(ck_torch_reader *t, const ck_source *source, const ck_pickle *p,
                                  uint32_t keys, uint64_t offset, ckpt_error *err) {
    uint32_t count = ck_pickle_at(p, keys)->count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t key = ck_pickle_child(p, keys, i), number = UINT32_MAX;
        size_t size;
        if (ck_pickle_kind_of(p, key) == CK_PICKLE_TEXT) {
            const char *text = ck_pickle_text(p, key, &size);
            number = ck_torch_find_storage(t, text, size);
        }
        if (number == UINT32_MAX || ck_torch_storage_at(t, number)->is_there)
            return fail(source, "PT16", CKPT_E_MISMATCH, offset,
                        "the list of storages has one that the object has not, or one twice", err);
        ckpt_status status = place_one(t, source, number, &offset, err);
        if (status != CKPT_OK)
            return status;
    }
    if (count != ck_torch_storage_count(t))
        return fail(source, "PT16", CKPT_E_MISMATCH, offset, "the list of storages is incomplete",
                    err);
    if (offset != source->size)
        return fail(source, "PT16", CKPT_E_STRUCTURE, offset,
                    "there are bytes behind the last storage", err);
    return CKPT_OK;
}

static ckpt_status read_storages(ck_torch_reader *t, const ck_source *source, uint64_t offset,
                                 ckpt_error *err) {
    ck_pickle p;
    uint32_t keys = 0;
    ckpt_status status = run_plain(&p, &t->memory, source, &offset, &keys, err);
    if (status == CKPT_OK && ck_pickle_kind_of(&p, keys) != CK_PICKLE_LIST)
        status =
            fail(source, "PT16", CKPT_E_STRUCTURE, offset, "the list of storages is missing", err);
    if (status == CKPT_OK)
        status = place_storages(t, source, &p, keys, offset, err);
    ck_pickle_close(&p);
    return status;
}

static ckpt_status read_object(ck_torch_reader *t, const ck_source *source, ckpt_error *err) {
    uint64_t offset = sizeof magic;
    ckpt_status status = check_preamble(t, source, &offset, err);
    if (status == CKPT_OK)
        status = ck_torch_read_object(t, source, offset, source->size, &offset, err);
    if (status == CKPT_OK)
        status = read_storages(t, source, offset, err);
    return status == CKPT_OK ? ck_error_prefix(err, ck_torch_build(t, err), source->name) : status;
}

static ckpt_status refuse_older(const ck_source *source, ckpt_error *err) {
    unsigned char head[512];
    size_t size = source->size < sizeof head ? (size_t)source->size : sizeof head;
    ckpt_status status = ck_source_read(source, 0, head, size, err);
    if (status != CKPT_OK)
        return status;
    if (is_tar(head, size))
        return fail(source, "PT17", CKPT_E_UNSUPPORTED, 0,
                    "PyTorch's oldest format, a tar archive, which its own safe reader does not "
                    "take either",
                    err);
    if (is_preview(head, size))
        return fail(source, "PT17", CKPT_E_UNSUPPORTED, 0, "a format of a preview of PyTorch 1.0",
                    err);
    if (size < sizeof magic || memcmp(head, magic, sizeof magic) != 0)
        return fail(source, "PT16", CKPT_E_FORMAT, 0, "not a file of PyTorch's old format", err);
    return CKPT_OK;
}

static ckpt_status read_file(ckpt *c, ck_source *source, ckpt_error *err) {
    ck_torch_reader t;
    ckpt_status status = refuse_older(source, err);
    if (status != CKPT_OK)
        return status;
    ck_torch_reader_open(&t, c, NULL);
    status = read_object(&t, source, err);
    ck_torch_reader_close(&t);
    if (status == CKPT_OK)
        ck_take_source(c, source);
    return status;
}

const ck_format ck_format_torch_legacy = {
    .name = "torch-legacy",
    .probe = probe,
    .read = read_file,
};
