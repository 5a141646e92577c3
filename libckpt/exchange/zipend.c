/* SPDX-License-Identifier: MIT */
/* The end of an archive: where the central directory lies and how many entries it has. */
#include "base/checked.h"
#include "base/cursor.h"
#include "exchange/zipinner.h"

#include <string.h>

enum {
    TAIL_SIZE = CK_ZIP_END_SIZE + CK_ZIP_LOCATOR_SIZE + CK_ZIP_END64_SIZE,
    LARGEST_COMMENT = 65535
};

/* The last bytes of the file, and what the records in them say. */
typedef struct tail {
    unsigned char bytes[TAIL_SIZE];
    size_t size;
    uint64_t offset; /* of the first of them in the file */
    uint64_t disk, directory_disk, disk_entries, entries, directory_size, directory_offset;
    uint64_t records; /* where the first end record begins in the file */
} tail;

/* Why no end record is at the end: there is one elsewhere, or the file was cut. */
static ckpt_status refuse_end(const ck_zip *zip, ckpt_error *err) {
    const ck_source *source = zip->source;
    uint64_t room = CK_ZIP_END_SIZE + LARGEST_COMMENT;
    size_t size = (size_t)(source->size < room ? source->size : room);
    unsigned char *bytes = ck_alloc(&zip->memory, size, 1);
    if (bytes == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ck_source_read(source, source->size - size, bytes, size, err);
    bool found = false;
    for (size_t i = 0; status == CKPT_OK && i + CK_ZIP_END_SIZE <= size && !found; i++)
        found = ck_load32(bytes + i) == CK_ZIP_END_SIGNATURE;
    ck_free(&zip->memory, bytes, size, 1);
    if (status != CKPT_OK)
        return status;
    if (found)
        return ck_zip_fail(source, source->size, "Z1", err,
                           "the archive does not end with its end record: there is a comment or "
                           "something else behind it");
    ck_place place = {source->name, source->size, "Z1", 0, 0};
    return ck_fail_at(err, &place, CKPT_E_TRUNCATED, "the archive ends without an end record");
}

static ckpt_status read_tail(const ck_zip *zip, tail *t, ckpt_error *err) {
    const ck_source *source = zip->source;
    t->size = source->size < TAIL_SIZE ? (size_t)source->size : TAIL_SIZE;
    t->offset = source->size - t->size;
    ckpt_status status = ck_source_read(source, t->offset, t->bytes, t->size, err);
    if (status != CKPT_OK)
        return status;
    const unsigned char *end = t->bytes + t->size - CK_ZIP_END_SIZE;
    if (t->size < CK_ZIP_END_SIZE || ck_load32(end) != CK_ZIP_END_SIGNATURE ||
        ck_load16(end + 20) != 0)
        return refuse_end(zip, err);
    for (size_t i = 1; i + 4 <= CK_ZIP_END_SIZE; i++) {
        if (ck_load32(end + i) == CK_ZIP_END_SIGNATURE)
            return ck_zip_fail(source, source->size - CK_ZIP_END_SIZE + i, "Z1", err,
                               "a second signature of an end record");
    }
    return CKPT_OK;
}

static void take_end(tail *t) {
    ck_cursor cursor = ck_cursor_at(t->bytes + t->size - CK_ZIP_END_SIZE + 4, CK_ZIP_END_SIZE - 4);
    t->disk = ck_cursor_u16(&cursor);
    t->directory_disk = ck_cursor_u16(&cursor);
    t->disk_entries = ck_cursor_u16(&cursor);
    t->entries = ck_cursor_u16(&cursor);
    t->directory_size = ck_cursor_u32(&cursor);
    t->directory_offset = ck_cursor_u32(&cursor);
    t->records = t->offset + t->size - CK_ZIP_END_SIZE;
}

/* Replaces what the end record says by what the Zip64 one does, which must be the same but where it
 * did not fit. */
static bool merge(uint64_t *value, uint64_t full, uint64_t none) {
    bool agree = *value == full || *value == none;
    *value = full;
    return agree;
}

static ckpt_status take_end64(const ck_zip *zip, tail *t, ckpt_error *err) {
    uint64_t at = t->offset;
    ck_cursor cursor = ck_cursor_at(t->bytes, CK_ZIP_END64_SIZE);
    if (t->size < TAIL_SIZE || ck_cursor_u32(&cursor) != CK_ZIP_END64_SIGNATURE ||
        ck_cursor_u64(&cursor) != CK_ZIP_END64_SIZE - 12)
        return ck_zip_fail(zip->source, at, "Z2", err,
                           "no plain Zip64 end record before its locator");
    (void)ck_cursor_u32(&cursor); /* versions */
    bool agree = merge(&t->disk, ck_cursor_u32(&cursor), UINT16_MAX);
    agree = merge(&t->directory_disk, ck_cursor_u32(&cursor), UINT16_MAX) && agree;
    agree = merge(&t->disk_entries, ck_cursor_u64(&cursor), UINT16_MAX) && agree;
    agree = merge(&t->entries, ck_cursor_u64(&cursor), UINT16_MAX) && agree;
    agree = merge(&t->directory_size, ck_cursor_u64(&cursor), UINT32_MAX) && agree;
    agree = merge(&t->directory_offset, ck_cursor_u64(&cursor), UINT32_MAX) && agree;
    t->records = at;
    if (!agree)
        return ck_zip_fail(zip->source, at, "Z2", err,
                           "the end record and the Zip64 end record contradict each other");
    return CKPT_OK;
}

static ckpt_status take_locator(const ck_zip *zip, tail *t, ckpt_error *err) {
    size_t place = CK_ZIP_END_SIZE + CK_ZIP_LOCATOR_SIZE;
    if (t->size < place)
        return CKPT_OK;
    ck_cursor cursor = ck_cursor_at(t->bytes + t->size - place, CK_ZIP_LOCATOR_SIZE);
    if (ck_cursor_u32(&cursor) != CK_ZIP_LOCATOR_SIGNATURE)
        return CKPT_OK;
    uint32_t disk = ck_cursor_u32(&cursor);
    uint64_t offset = ck_cursor_u64(&cursor);
    uint32_t disks = ck_cursor_u32(&cursor);
    if (disk != 0 || disks != 1 || t->size < TAIL_SIZE || offset != t->offset)
        return ck_zip_fail(zip->source, t->offset + t->size - place, "Z2", err,
                           "the Zip64 locator does not point at the record before it");
    return take_end64(zip, t, err);
}

ckpt_status ck_zip_read_end(ck_zip *zip, ckpt_error *err) {
    tail t;
    memset(&t, 0, sizeof t);
    ckpt_status status = read_tail(zip, &t, err);
    if (status != CKPT_OK)
        return status;
    take_end(&t);
    status = take_locator(zip, &t, err);
    if (status != CKPT_OK)
        return status;
    if (t.disk != 0 || t.directory_disk != 0 || t.disk_entries != t.entries)
        return ck_zip_fail(zip->source, t.records, "Z1", err, "an archive of several disks");
    if (t.directory_offset > t.records || t.directory_size != t.records - t.directory_offset)
        return ck_zip_fail(zip->source, t.records, "Z3", err,
                           "the central directory does not end where the end records begin");
    if (t.entries > t.directory_size / CK_ZIP_CENTRAL_SIZE || t.entries >= UINT32_MAX)
        return ck_zip_fail(zip->source, t.records, "Z3", err,
                           "more entries than the central directory has room for");
    zip->directory_offset = t.directory_offset;
    zip->directory_size = t.directory_size;
    zip->declared = t.entries;
    return CKPT_OK;
}
