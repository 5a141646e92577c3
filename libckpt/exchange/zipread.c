/* SPDX-License-Identifier: MIT */
#include "exchange/zipread.h"

#include "base/endian.h"
#include "exchange/zipinner.h"
#include "exchange/zipnames.h"

#include <string.h>

bool ck_zip_probe(const unsigned char *head, size_t size, uint64_t file_size,
                  ck_zip_first *ret_first) {
    *ret_first = (ck_zip_first){NULL, 0, false};
    if (file_size < CK_ZIP_END_SIZE || size < CK_ZIP_END_SIZE)
        return false;
    uint32_t signature = ck_load32(head);
    if (signature == CK_ZIP_END_SIGNATURE || signature == CK_ZIP_END64_SIGNATURE)
        return true;
    if (signature != CK_ZIP_LOCAL_SIGNATURE || size < CK_ZIP_LOCAL_SIZE)
        return false;
    size_t room = size - CK_ZIP_LOCAL_SIZE, name_size = ck_load16(head + 26);
    ret_first->name = (const char *)head + CK_ZIP_LOCAL_SIZE;
    ret_first->size = name_size < room ? name_size : room;
    ret_first->is_cut = name_size > room;
    return true;
}

const char *ck_zip_parse_extra(const unsigned char *bytes, size_t size, ck_zip_extra *ret_extra) {
    ck_zip_extra extra = {NULL, 0};
    for (size_t i = 0; i < size;) {
        if (size - i < 4 || ck_load16(bytes + i + 2) > size - i - 4)
            return "a malformed extra field";
        size_t length = ck_load16(bytes + i + 2);
        switch (ck_load16(bytes + i)) {
        case CK_ZIP_EXTRA64:
            if (extra.zip64 != NULL)
                return "two Zip64 fields";
            extra.zip64 = bytes + i + 4;
            extra.zip64_size = length;
            break;
        case 0x7075: return "an extra field that gives another name";
        case 0x0017:
        case 0x9901: return "an extra field of encryption";
        default: break;
        }
        i += 4 + length;
    }
    *ret_extra = extra;
    return NULL;
}

/* Two names that are one, or of which one would have to be a directory of the other. */
ckpt_status ck_zip_sort_names(ck_zip *zip, ckpt_error *err) {
    const ck_zip_entry *first, *second;
    for (uint32_t i = 0; i < zip->count; i++)
        zip->by_name[i] = &zip->entries[i];
    if (!ck_zip_sort_by_name(&zip->memory, zip->by_name, zip->count, zip->ignore_case, &first,
                             &second))
        return ck_fail_nomem(err);
    if (first == NULL)
        return CKPT_OK;
    return ck_zip_fail(zip->source, second->header_offset, "Z7", err,
                       "the entries '%s' and '%s' have names that are not told apart",
                       CK_NAME(first->name), CK_NAME(second->name));
}

static ckpt_status open_archive(ck_zip *zip, ckpt_error *err) {
    ckpt_status status = ck_zip_read_end(zip, err);
    if (status == CKPT_OK)
        status = ck_zip_read_directory(zip, err);
    if (status == CKPT_OK)
        status = ck_zip_check_locals(zip, err);
    if (status == CKPT_OK)
        status = ck_zip_sort_names(zip, err);
    return status;
}

ckpt_status ck_zip_open(ck_zip **ret_zip, const ck_memory *memory, const ck_source *source,
                        bool ignore_case, ckpt_error *err) {
    ck_zip *zip = ck_calloc(memory, 1, sizeof *zip);
    if (zip == NULL)
        return ck_fail_nomem(err);
    zip->memory = *memory;
    zip->source = source;
    zip->ignore_case = ignore_case;
    ckpt_status status = open_archive(zip, err);
    zip->source = NULL;
    if (status != CKPT_OK) {
        ck_zip_close(zip);
        return status;
    }
    *ret_zip = zip;
    return CKPT_OK;
}

void ck_zip_close(ck_zip *zip) {
    if (zip == NULL)
        return;
    ck_memory memory = zip->memory;
    ck_free(&memory, zip->entries, zip->capacity, sizeof *zip->entries);
    ck_free(&memory, zip->by_name, zip->capacity, sizeof *zip->by_name);
    ck_buffer_clear(&memory, &zip->names);
    ck_free(&memory, zip, 1, sizeof *zip);
}

uint32_t ck_zip_count(const ck_zip *zip) {
    return zip->count;
}

const ck_zip_entry *ck_zip_entry_at(const ck_zip *zip, uint32_t i) {
    return &zip->entries[i];
}

const ck_zip_entry *ck_zip_find(const ck_zip *zip, const char *name, size_t name_size) {
    return ck_zip_search(zip->by_name, zip->count, zip->ignore_case, name, name_size);
}
