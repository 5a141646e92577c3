/* SPDX-License-Identifier: MIT */
#include "filebytes.h"

#include "base/checked.h"
#include "base/endian.h"
#include "container/layout.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

uint64_t field_load(const file_bytes *file, size_t offset, unsigned width) {
    uint64_t value = 0;
    for (unsigned i = width; i-- > 0;)
        value = value << 8 | file->bytes[offset + i];
    return value;
}

void field_store(file_bytes *file, size_t offset, unsigned width, uint64_t value) {
    for (unsigned i = 0; i < width; i++)
        file->bytes[offset + i] = (unsigned char)(value >> (8 * i));
}

size_t slot_of(const file_bytes *file) {
    bool second = memcmp(file->bytes + CK_PAGE_SIZE, CK_MAGIC, CK_MAGIC_SIZE) == 0 &&
                  field_load(file, CK_PAGE_SIZE + CK_SLOT_STATE, 4) == CK_STATE_COMMITTED;
    return second && field_load(file, CK_PAGE_SIZE + CK_SLOT_SEQUENCE, 8) >
                         field_load(file, CK_SLOT_SEQUENCE, 8)
               ? CK_PAGE_SIZE
               : 0;
}

size_t index_offset_of(const file_bytes *file) {
    return (size_t)field_load(file, slot_of(file) + CK_SLOT_INDEX_OFFSET, 8);
}

file_section section_of(const file_bytes *file, uint32_t kind) {
    file_section section = {0, 0, 0, 0};
    size_t index = index_offset_of(file);
    if (!ck_within(index, CK_DIRECTORY_HEAD, file->size))
        return section;
    uint64_t count = field_load(file, index, 4);
    for (uint64_t i = 0; i < count; i++) {
        size_t entry = index + CK_DIRECTORY_HEAD + (size_t)i * CK_DIRECTORY_ENTRY;
        if (!ck_within(entry, CK_DIRECTORY_ENTRY, file->size))
            return section;
        if (field_load(file, entry, 4) != kind)
            continue;
        section.entry = entry;
        section.record_size = (size_t)field_load(file, entry + 8, 4);
        section.count = (size_t)field_load(file, entry + 16, 8);
        section.offset = index + (size_t)field_load(file, entry + 24, 8);
    }
    return section;
}

size_t record_field(const file_section *section, size_t i, size_t at) {
    return section->offset + i * section->record_size + at;
}

static void repair_slot(file_bytes *file, size_t page) {
    unsigned char *slot = file->bytes + page;
    if (memcmp(slot, CK_MAGIC, CK_MAGIC_SIZE) != 0)
        return;
    uint64_t offset = ck_load64(slot + CK_SLOT_INDEX_OFFSET);
    uint64_t size = ck_load64(slot + CK_SLOT_INDEX_SIZE);
    if (ck_within(offset, size, file->size))
        ck_store64(slot + CK_SLOT_INDEX_CHECKSUM, XXH3_64bits(file->bytes + offset, (size_t)size));
    ck_store64(slot + CK_SLOT_CHECKSUM, XXH3_64bits(slot, CK_SLOT_CHECKSUM));
}

void repair_checksums(file_bytes *file) {
    for (size_t page = 0; page < CK_HEADER_SIZE; page += CK_PAGE_SIZE) {
        if (page + CK_SLOT_SIZE <= file->size)
            repair_slot(file, page);
    }
}

/* Widths of the fields of a record, in order, ended by 0. */
static const unsigned char slot_fields[] = {8, 2, 2, 4, 8, 8, 8, 8, 8, 8,
                                            8, 8, 8, 8, 8, 8, 8, 8, 0};
static const unsigned char entry_fields[] = {4, 4, 4, 4, 8, 8, 0};
static const unsigned char *const record_fields[CK_SECTION_ROOM] = {
    [CK_STRING_OFFSETS] = (const unsigned char[]){8, 0},
    [CK_STRING_BYTES] = (const unsigned char[]){1, 0},
    [CK_DTYPES] = (const unsigned char[]){4, 1, 1, 2, 4, 4, 0},
    [CK_MODULES] = (const unsigned char[]){4, 4, 8, 4, 4, 0},
    [CK_MEMBERS] = (const unsigned char[]){4, 4, 4, 4, 0},
    [CK_TENSORS] = (const unsigned char[]){4, 2, 1, 1, 8, 8, 0},
    [CK_DIMENSIONS] = (const unsigned char[]){8, 0},
    [CK_STORAGES] = (const unsigned char[]){8, 8, 8, 8, 1, 1, 1, 1, 4, 0},
    [CK_CHUNKS] = (const unsigned char[]){8, 0},
    [CK_VALUES] = (const unsigned char[]){4, 4, 4, 4, 8, 0},
    [CK_VALUE_BYTES] = (const unsigned char[]){1, 0},
    [CK_RETIRED] = (const unsigned char[]){8, 8, 4, 4, 8, 8, 0},
    [CK_CHUNK_ENDS] = (const unsigned char[]){8, 0},
    [CK_PARTS] = (const unsigned char[]){4, 4, 8, 8, 8, 8, 8, 0},
};

typedef struct listing {
    const file_bytes *file;
    file_field *fields;
    size_t room;
    size_t count;
} listing;

static void list_record(listing *list, const unsigned char *widths, uint64_t offset,
                        const char *where, size_t number) {
    size_t at = 0;
    for (; *widths != 0; at += *widths++) {
        if (!ck_within(offset, at + *widths, list->file->size))
            return;
        if (list->count < list->room) {
            file_field *field = &list->fields[list->count];
            field->offset = (size_t)offset + at;
            field->width = *widths;
            snprintf(field->name, sizeof field->name, "%s %zu byte %zu", where, number, at);
        }
        list->count++;
    }
}

static void list_section(listing *list, uint32_t kind) {
    file_section section = section_of(list->file, kind);
    const size_t chosen[3] = {0, 1, section.count - 1};
    char where[24];
    if (section.entry == 0)
        return;
    if (record_fields[kind] == NULL)
        section.count = 0;
    list_record(list, entry_fields, section.entry, "entry", kind);
    snprintf(where, sizeof where, "section %u record", (unsigned)kind);
    for (size_t i = 0; i < 3 && i < section.count; i++)
        list_record(list, record_fields[kind], record_field(&section, chosen[i], 0), where,
                    chosen[i]);
}

size_t list_fields(const file_bytes *file, file_field *fields, size_t room) {
    listing list = {file, fields, room, 0};
    list_record(&list, slot_fields, slot_of(file), "slot", 0);
    list_record(&list, (const unsigned char[]){4, 4, 0}, index_offset_of(file), "directory", 0);
    for (uint32_t kind = 1; kind < CK_SECTION_ROOM; kind++)
        list_section(&list, kind);
    return list.count;
}
