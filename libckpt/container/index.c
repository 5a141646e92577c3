/* SPDX-License-Identifier: MIT */
/* The directory of the index (spec/ckpt-format.md, section 4). */
#include "container/index.h"

#include "base/checked.h"
#include "base/cursor.h"
#include "container/byteorder.h"

#include <stdio.h>
#include <string.h>

typedef struct entry {
    uint32_t kind;
    uint32_t flags;
    uint32_t record_size;
    uint32_t reserved;
    uint64_t count;
    uint64_t offset;
} entry;

static ckpt_status reject_at(const ck_index *index, uint64_t offset, const char *rule,
                             ckpt_status status, ckpt_error *err, const char *message) {
    ck_place place = {index->name, index->offset + offset, rule, 0, 0};
    return ck_fail_at(err, &place, status, "%s", message);
}

ckpt_status ck_index_reject(const ck_index *index, uint32_t kind, uint64_t i, const char *rule,
                            ckpt_status status, ckpt_error *err, const char *format, ...) {
    char message[256];
    va_list arguments;
    if (err == NULL)
        return status;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return reject_at(index, index->section_offset[kind] + i * index->section_record_size[kind],
                     rule, status, err, message);
}

static bool must_be_critical(uint32_t kind) {
    return kind < CK_PROGRAMS || kind == CK_PARTS || kind == CK_ENCRYPTION;
}

static bool must_be_ancillary(uint32_t kind) {
    return kind == CK_PROGRAMS || kind == CK_SIGNATURE || kind >= CK_PRIVATE_SECTIONS;
}

/* X4 and X3. */
static ckpt_status check_flags(const ck_index *index, const entry *e, uint64_t at,
                               ckpt_error *err) {
    bool critical = e->flags & CK_SECTION_CRITICAL;
    if ((e->flags & ~(uint32_t)CK_SECTION_CRITICAL) != 0 || e->reserved != 0 ||
        (must_be_critical(e->kind) && !critical) || (must_be_ancillary(e->kind) && critical))
        return reject_at(index, at, "X4", CKPT_E_STRUCTURE, err, "a section has wrong flags");
    if (!ck_section_is_known(e->kind) && critical)
        return reject_at(index, at, "X3", CKPT_E_VERSION, err,
                         "a section that this library does not know and must understand");
    return CKPT_OK;
}

/* X5. */
static bool record_size_fits(const ck_index *index, const entry *e) {
    uint32_t wanted = ck_record_size(e->kind);
    if (wanted <= 1)
        return wanted == 0 ? e->record_size != 0 : e->record_size == 1;
    if (index->version_minor == 0)
        return e->record_size == wanted;
    return e->record_size >= wanted && e->record_size % 8 == 0;
}

static bool count_is_limited(uint32_t kind) {
    return ck_section_is_known(kind) && kind != CK_STRING_BYTES && kind != CK_DIMENSIONS &&
           kind != CK_CHUNKS && kind != CK_VALUE_BYTES && kind != CK_CHUNK_ENDS;
}

/* X5, X8, X6: size and place of one section, which ends at *end. */
static ckpt_status check_extent(const ck_index *index, const entry *e, uint64_t at, uint64_t *end,
                                ckpt_error *err) {
    uint64_t begin, size;
    if (!record_size_fits(index, e))
        return reject_at(index, at, "X5", CKPT_E_STRUCTURE, err,
                         "a section has a wrong record_size");
    if (count_is_limited(e->kind) && e->count >= CK_NONE)
        return reject_at(index, at, "X8", CKPT_E_LIMIT, err, "a section has too many records");
    if (!ck_align(*end, CK_SECTION_ALIGNMENT, &begin) || e->offset != begin)
        return reject_at(index, at, "X6", CKPT_E_STRUCTURE, err,
                         "a section does not begin where the one before ends");
    if (!ck_mul(e->count, e->record_size, &size))
        return reject_at(index, at, "X6", CKPT_E_OVERFLOW, err, "a section's size overflows");
    if (!ck_within(begin, size, index->size))
        return reject_at(index, at, "X6", CKPT_E_BOUNDS, err, "a section ends behind the index");
    for (uint64_t i = *end; i < begin; i++) {
        if (index->bytes[i] != 0)
            return reject_at(index, i, "X7", CKPT_E_STRUCTURE, err,
                             "a byte between sections is not zero");
    }
    *end = begin + size;
    return CKPT_OK;
}

static ck_table *table_of(ckpt *c, uint32_t kind) {
    switch (kind) {
    case CK_DTYPES: return &c->dtypes;
    case CK_MODULES: return &c->modules;
    case CK_MEMBERS: return &c->members;
    case CK_TENSORS: return &c->tensors;
    case CK_DIMENSIONS: return &c->dimensions;
    case CK_STORAGES: return &c->storages;
    case CK_CHUNKS: return &c->chunks;
    case CK_VALUES: return &c->values;
    case CK_RETIRED: return &c->retired;
    case CK_CHUNK_ENDS: return &c->chunk_ends;
    case CK_PARTS: return &c->parts;
    default: return NULL;
    }
}

/* Longer records of a later minor version lose what this library does not know. */
static void shorten_records(unsigned char *records, uint64_t count, size_t from, size_t to) {
    for (uint64_t i = 0; i < count && from != to; i++)
        memmove(records + i * to, records + i * from, to);
}

static ckpt_status attach_section(ck_index *index, const entry *e, ckpt_error *err) {
    ckpt *c = index->c;
    unsigned char *records = index->bytes + e->offset;
    if (e->kind == CK_PROGRAMS)
        index->has_programs = true;
    if (!ck_section_is_known(e->kind))
        return CKPT_OK;
    index->section_offset[e->kind] = e->offset;
    index->section_record_size[e->kind] = e->record_size;
    shorten_records(records, e->count, e->record_size, ck_record_size(e->kind));
    ck_to_host_order(e->kind, records, e->count);
    ck_table *table = table_of(c, e->kind);
    if (table != NULL) {
        table->records = records;
        table->count = (size_t)e->count;
    } else if (e->kind == CK_STRING_OFFSETS) {
        if (e->count == 0)
            return ck_index_reject(index, e->kind, 0, "S1", CKPT_E_STRUCTURE, err,
                                   "there are no string offsets");
        c->strings.offsets = (const uint64_t *)(const void *)records;
        c->strings.fixed = (uint32_t)(e->count - 1);
    } else if (e->kind == CK_STRING_BYTES) {
        c->strings.bytes = (const char *)records;
        index->string_bytes = e->count;
    } else {
        c->value_bytes.bytes = records;
        c->value_bytes.size = (size_t)e->count;
    }
    if (e->kind == CK_RETIRED)
        index->has_retired = true;
    if (e->kind == CK_CHUNK_ENDS)
        index->has_chunk_ends = true;
    if (e->kind == CK_PARTS)
        index->has_parts = true;
    return CKPT_OK;
}

static entry read_entry(ck_cursor *cursor) {
    entry e;
    e.kind = ck_cursor_u32(cursor);
    e.flags = ck_cursor_u32(cursor);
    e.record_size = ck_cursor_u32(cursor);
    e.reserved = ck_cursor_u32(cursor);
    e.count = ck_cursor_u64(cursor);
    e.offset = ck_cursor_u64(cursor);
    return e;
}

/* X2. */
static bool kind_is_in_order(uint32_t i, uint32_t kind, uint32_t before) {
    return i < CK_CORE_SECTIONS ? kind == i + 1 : kind > before;
}

/* All entries are checked before any section is looked at: shortening records and turning their
 * bytes must not touch what is still to be read. */
static ckpt_status check_directory(const ck_index *index, uint32_t count, ckpt_error *err) {
    uint64_t end = CK_DIRECTORY_HEAD + (uint64_t)count * CK_DIRECTORY_ENTRY, padded = 0;
    ck_cursor cursor = ck_cursor_at(index->bytes, index->size);
    ckpt_status status = CKPT_OK;
    uint32_t before = 0;
    ck_cursor_take(&cursor, CK_DIRECTORY_HEAD);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t at = cursor.position;
        entry e = read_entry(&cursor);
        if (!kind_is_in_order(i, e.kind, before))
            return reject_at(index, at, "X2", CKPT_E_STRUCTURE, err,
                             "a section is missing or out of order");
        before = e.kind;
        status = check_flags(index, &e, at, err);
        if (status == CKPT_OK)
            status = check_extent(index, &e, at, &end, err);
        if (status != CKPT_OK)
            return status;
    }
    if (!ck_align(end, CK_SECTION_ALIGNMENT, &padded) || padded != index->size)
        return reject_at(index, end, "X6", CKPT_E_BOUNDS, err,
                         "the index does not end behind its last section");
    for (uint64_t i = end; i < padded; i++) {
        if (index->bytes[i] != 0)
            return reject_at(index, i, "X7", CKPT_E_STRUCTURE, err,
                             "a byte behind the sections is not zero");
    }
    return CKPT_OK;
}

ckpt_status ck_index_load(ck_index *index, ckpt_error *err) {
    ck_cursor cursor = ck_cursor_at(index->bytes, index->size);
    uint32_t count = ck_cursor_u32(&cursor), reserved = ck_cursor_u32(&cursor);
    if (cursor.failed || reserved != 0 || count > ck_cursor_remaining(&cursor) / CK_DIRECTORY_ENTRY)
        return reject_at(index, 0, "X1", CKPT_E_BOUNDS, err,
                         "the index is shorter than its directory, or a reserved field is not 0");
    if (count < CK_CORE_SECTIONS)
        return reject_at(index, 0, "X2", CKPT_E_STRUCTURE, err, "sections are missing");
    ckpt_status status = check_directory(index, count, err);
    for (uint32_t i = 0; i < count && status == CKPT_OK; i++) {
        entry e = read_entry(&cursor);
        status = attach_section(index, &e, err);
    }
    return status;
}
