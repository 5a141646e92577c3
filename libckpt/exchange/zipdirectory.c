/* SPDX-License-Identifier: MIT */
/* The central directory of an archive. */
#include "base/checked.h"
#include "base/cursor.h"
#include "exchange/zipinner.h"
#include "exchange/zipnames.h"

#include <string.h>

#define ALLOWED_FLAGS (CK_ZIP_FLAG_DESCRIPTOR | CK_ZIP_FLAG_UTF8 | 0x0006u)
#define LATEST_VERSION 63       /* 6.3, the latest that there is */
#define ENCRYPTED_FLAGS 0x2041u /* the content, strongly, or the names */

/* A record of the directory as it stands there. */
typedef struct record {
    uint64_t offset; /* in the file */
    ck_zip_entry entry;
    uint32_t disk;
    uint8_t version; /* that a reader must have */
    const unsigned char *name, *extra;
    size_t name_size, extra_size, comment_size;
} record;

static bool take_record(ck_cursor *cursor, record *r) {
    uint32_t signature = ck_cursor_u32(cursor);
    (void)ck_cursor_u16(cursor); /* version of the writer */
    r->version = (uint8_t)ck_cursor_u16(cursor);
    r->entry.flags = ck_cursor_u16(cursor);
    r->entry.method = ck_cursor_u16(cursor);
    (void)ck_cursor_u32(cursor); /* time and date */
    r->entry.crc32 = ck_cursor_u32(cursor);
    r->entry.compressed_size = ck_cursor_u32(cursor);
    r->entry.size = ck_cursor_u32(cursor);
    r->name_size = ck_cursor_u16(cursor);
    r->extra_size = ck_cursor_u16(cursor);
    r->comment_size = ck_cursor_u16(cursor);
    r->disk = ck_cursor_u16(cursor);
    (void)ck_cursor_u16(cursor); /* attributes */
    (void)ck_cursor_u32(cursor);
    r->entry.header_offset = ck_cursor_u32(cursor);
    r->name = ck_cursor_take(cursor, r->name_size);
    r->extra = ck_cursor_take(cursor, r->extra_size);
    (void)ck_cursor_take(cursor, r->comment_size);
    return signature == CK_ZIP_CENTRAL_SIGNATURE && !cursor->failed;
}

/* A number that did not fit, and stands in the Zip64 field. */
static void take_wide(ck_cursor *cursor, uint64_t *value) {
    if (*value == UINT32_MAX)
        *value = ck_cursor_u64(cursor);
}

static ckpt_status widen(const ck_zip *zip, record *r, ckpt_error *err) {
    ck_zip_extra extra;
    const char *fault = ck_zip_parse_extra(r->extra, r->extra_size, &extra);
    if (fault != NULL)
        return ck_zip_fail(zip->source, r->offset, "Z8", err, "%s", fault);
    ck_cursor cursor = ck_cursor_at(extra.zip64, extra.zip64_size);
    take_wide(&cursor, &r->entry.size);
    take_wide(&cursor, &r->entry.compressed_size);
    take_wide(&cursor, &r->entry.header_offset);
    if (r->disk == UINT16_MAX)
        r->disk = ck_cursor_u32(&cursor);
    if (cursor.failed || ck_cursor_remaining(&cursor) != 0 ||
        (extra.zip64 != NULL && extra.zip64_size == 0))
        return ck_zip_fail(zip->source, r->offset, "Z8", err,
                           "the Zip64 field has not what the record leaves to it");
    return CKPT_OK;
}

static ckpt_status refuse(const ck_zip *zip, const record *r, const char *rule, const char *what,
                          ckpt_error *err) {
    ck_place place = {zip->source->name, r->offset, rule, 0, 0};
    return ck_fail_at(err, &place, CKPT_E_UNSUPPORTED, "the entry '%s' is %s",
                      ck_name_n((const char *)r->name, r->name_size).text, what);
}

static ckpt_status check_coding(const ck_zip *zip, const record *r, ckpt_error *err) {
    const ck_zip_entry *e = &r->entry;
    if ((e->flags & ENCRYPTED_FLAGS) != 0)
        return refuse(zip, r, "Z4", "encrypted", err);
    if (r->version > LATEST_VERSION)
        return refuse(zip, r, "Z4", "for readers of a later version", err);
    if ((e->flags & ~ALLOWED_FLAGS) != 0)
        return ck_zip_fail(zip->source, r->offset, "Z4", err, "unknown flags: %#x", e->flags);
    if (e->method != CK_ZIP_STORED && e->method != CK_ZIP_DEFLATED)
        return refuse(zip, r, "Z5", "neither stored nor deflated", err);
    if (e->method == CK_ZIP_STORED && e->size != e->compressed_size)
        return ck_zip_fail(zip->source, r->offset, "Z5", err, "a stored entry with two sizes");
    if (e->size / CK_ZIP_EXPANSION > e->compressed_size)
        return ck_zip_fail(zip->source, r->offset, "Z5", err,
                           "%llu bytes cannot be inflated to %llu",
                           (unsigned long long)e->compressed_size, (unsigned long long)e->size);
    if (e->size >= UINT64_C(1) << 63)
        return ck_zip_fail(zip->source, r->offset, "Z5", err, "an entry of 2^63 bytes or more");
    return CKPT_OK;
}

static bool is_ascii(const unsigned char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (text[i] >= 0x80)
            return false;
    }
    return true;
}

static ckpt_status check_name(const ck_zip *zip, const record *r, ckpt_error *err) {
    const char *name = (const char *)r->name;
    const char *fault = ck_zip_name_fault(name, r->name_size);
    if (fault == NULL && (r->entry.flags & CK_ZIP_FLAG_UTF8) == 0 &&
        !is_ascii(r->name, r->name_size))
        fault = "is neither ASCII nor marked as UTF-8";
    if (fault == NULL && name[r->name_size - 1] == '/' && r->entry.size != 0)
        fault = "is that of a directory, and it has content";
    if (fault != NULL)
        return ck_zip_fail(zip->source, r->offset, "Z6", err, "the name '%s' %s",
                           ck_name_n(name, r->name_size).text, fault);
    return CKPT_OK;
}

static ckpt_status add_record(ck_zip *zip, record *r, ckpt_error *err) {
    if (r->comment_size != 0)
        return ck_zip_fail(zip->source, r->offset, "Z3", err, "an entry with a comment");
    ckpt_status status = widen(zip, r, err);
    if (status == CKPT_OK && r->disk != 0)
        status = ck_zip_fail(zip->source, r->offset, "Z1", err, "an entry on another disk");
    if (status == CKPT_OK)
        status = check_coding(zip, r, err);
    if (status == CKPT_OK)
        status = check_name(zip, r, err);
    if (status != CKPT_OK)
        return status;
    ck_zip_entry *entry = &zip->entries[zip->count++];
    *entry = r->entry;
    entry->name = (const char *)zip->names.bytes + zip->names.size;
    entry->name_size = (uint32_t)r->name_size;
    /* Fits: as many bytes were reserved as the whole directory has. */
    memcpy(zip->names.bytes + zip->names.size, r->name, r->name_size);
    zip->names.bytes[zip->names.size + r->name_size] = '\0';
    zip->names.size += r->name_size + 1;
    return CKPT_OK;
}

static ckpt_status parse(ck_zip *zip, const unsigned char *bytes, size_t size, ckpt_error *err) {
    ck_cursor cursor = ck_cursor_at(bytes, size);
    while (zip->count < zip->declared) {
        record r;
        memset(&r, 0, sizeof r);
        r.offset = zip->directory_offset + cursor.position;
        if (!take_record(&cursor, &r))
            return ck_zip_fail(zip->source, r.offset, "Z3", err,
                               "no whole record of the central directory");
        ckpt_status status = add_record(zip, &r, err);
        if (status != CKPT_OK)
            return status;
    }
    if (ck_cursor_remaining(&cursor) != 0)
        return ck_zip_fail(zip->source, zip->directory_offset + cursor.position, "Z3", err,
                           "something behind the last record of the central directory");
    return CKPT_OK;
}

static bool make_room(ck_zip *zip, size_t size) {
    /* A record is longer than the NUL behind its name. */
    zip->entries = ck_alloc(&zip->memory, (size_t)zip->declared, sizeof *zip->entries);
    zip->by_name = ck_alloc(&zip->memory, (size_t)zip->declared, sizeof *zip->by_name);
    zip->capacity = (uint32_t)zip->declared;
    return zip->entries != NULL && zip->by_name != NULL &&
           ck_buffer_reserve(&zip->memory, &zip->names, size);
}

ckpt_status ck_zip_read_directory(ck_zip *zip, ckpt_error *err) {
    size_t size;
    if (!ck_to_size(zip->directory_size, &size))
        return ck_fail_nomem(err);
    unsigned char *bytes = ck_alloc(&zip->memory, size, 1);
    if (bytes == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ck_source_read(zip->source, zip->directory_offset, bytes, size, err);
    if (status == CKPT_OK)
        status = make_room(zip, size) ? parse(zip, bytes, size, err) : ck_fail_nomem(err);
    ck_free(&zip->memory, bytes, size, 1);
    return status;
}
