/* SPDX-License-Identifier: MIT */
/* The end of an archive that is written: central directory and end records. */
#include "base/endian.h"
#include "exchange/zipinner.h"
#include "exchange/zipnames.h"
#include "exchange/zipwrite.h"

#include <string.h>

static ckpt_status check_names_with(const ck_zip_writer *writer, bool ignore_case,
                                    ck_zip_entry *entries, const ck_zip_entry **sorted,
                                    ckpt_error *err) {
    const ck_zip_entry *first, *second;
    const unsigned char *record = writer->directory.bytes;
    for (size_t i = 0; i < writer->count; i++) {
        entries[i].name = (const char *)record + CK_ZIP_CENTRAL_SIZE;
        entries[i].name_size = ck_load16(record + 28);
        sorted[i] = &entries[i];
        record += (size_t)CK_ZIP_CENTRAL_SIZE + ck_load16(record + 28) + ck_load16(record + 30);
    }
    if (!ck_zip_sort_by_name(writer->memory, sorted, (size_t)writer->count, ignore_case, &first,
                             &second))
        return ck_fail_nomem(err);
    if (first == NULL)
        return CKPT_OK;
    return ck_fail(err, CKPT_E_UNSUPPORTED,
                   "an archive has no place for both '%s' and '%s', which are not told apart",
                   ck_name_n(first->name, first->name_size).text,
                   ck_name_n(second->name, second->name_size).text);
}

static ckpt_status check_names(const ck_zip_writer *writer, bool ignore_case, ckpt_error *err) {
    size_t count = (size_t)writer->count;
    ck_zip_entry *entries = ck_calloc(writer->memory, count, sizeof *entries);
    const ck_zip_entry **sorted = ck_alloc(writer->memory, count, sizeof *sorted);
    ckpt_status status = entries != NULL && sorted != NULL
                             ? check_names_with(writer, ignore_case, entries, sorted, err)
                             : ck_fail_nomem(err);
    ck_free(writer->memory, sorted, count, sizeof *sorted);
    ck_free(writer->memory, entries, count, sizeof *entries);
    return status;
}

static size_t put_end64(const ck_zip_writer *writer, uint64_t offset, uint64_t size,
                        unsigned char *bytes) {
    unsigned char *locator = bytes + CK_ZIP_END64_SIZE;
    ck_store32(bytes, CK_ZIP_END64_SIGNATURE);
    ck_store64(bytes + 4, CK_ZIP_END64_SIZE - 12);
    ck_store16(bytes + 12, CK_ZIP_UNIX | (writer->style == CK_ZIP_TORCH ? 30 : CK_ZIP_VERSION64));
    ck_store16(bytes + 14, CK_ZIP_VERSION64);
    ck_store64(bytes + 24, writer->count);
    ck_store64(bytes + 32, writer->count);
    ck_store64(bytes + 40, size);
    ck_store64(bytes + 48, offset);
    ck_store32(locator, CK_ZIP_LOCATOR_SIGNATURE);
    ck_store64(locator + 8, offset + size);
    ck_store32(locator + 16, 1);
    return CK_ZIP_END64_SIZE + CK_ZIP_LOCATOR_SIZE;
}

static ckpt_status write_end(ck_zip_writer *writer, ckpt_error *err) {
    unsigned char bytes[CK_ZIP_END64_SIZE + CK_ZIP_LOCATOR_SIZE + CK_ZIP_END_SIZE];
    uint64_t offset = writer->position, size = writer->directory.size;
    size_t begin = 0;
    memset(bytes, 0, sizeof bytes);
    if (writer->style == CK_ZIP_TORCH || offset >= UINT32_MAX || size >= UINT32_MAX ||
        writer->count >= UINT16_MAX)
        begin = put_end64(writer, offset, size, bytes);
    unsigned char *end = bytes + begin;
    uint16_t count = writer->count < UINT16_MAX ? (uint16_t)writer->count : UINT16_MAX;
    ck_store32(end, CK_ZIP_END_SIGNATURE);
    ck_store16(end + 8, count);
    ck_store16(end + 10, count);
    ck_store32(end + 12, ck_zip_narrow(size));
    ck_store32(end + 16, ck_zip_narrow(offset));
    return writer->sink->write(writer->sink->ctx, bytes, begin + CK_ZIP_END_SIZE, offset + size,
                               err);
}

ckpt_status ck_zip_finish(ck_zip_writer *writer, bool ignore_case, ckpt_error *err) {
    const ck_sink *sink = writer->sink;
    ckpt_status status = check_names(writer, ignore_case, err);
    if (status == CKPT_OK && writer->directory.size > 0)
        status = sink->write(sink->ctx, writer->directory.bytes, writer->directory.size,
                             writer->position, err);
    return status == CKPT_OK ? write_end(writer, err) : status;
}
