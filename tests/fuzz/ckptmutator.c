/* SPDX-License-Identifier: MIT */
/* A mutator for .ckpt files: it changes fields, bytes and records of the index, and bytes of the
 * payload, and puts checksums, counts and sizes right again, so that what lies behind them is
 * reached. */
#if defined(FUZZING)

#include "filebytes.h"
#include "fuzztarget.h"
#include "testrandom.h"

#include "base/checked.h"
#include "base/endian.h"
#include "container/layout.h"

#include <string.h>
#include <xxhash.h>

enum { MOST_FIELDS = 512 };

static uint64_t odd_number(test_random *r, uint64_t before) {
    switch (random_below(r, 5)) {
    case 0: return random_below(r, 5);
    case 1: return UINT64_C(1) << random_below(r, 64);
    case 2: return (UINT64_C(1) << random_below(r, 64)) - 1;
    case 3: return before + random_below(r, 17) - 8;
    default: return random_below(r, 100);
    }
}

static void change_fields(file_bytes *file, test_random *r) {
    static file_field fields[MOST_FIELDS];
    uint32_t count = (uint32_t)list_fields(file, fields, MOST_FIELDS);
    if (count > MOST_FIELDS)
        count = MOST_FIELDS;
    for (uint32_t i = 1 + random_below(r, 3); i > 0 && count > 0; i--) {
        const file_field *field = &fields[random_below(r, count)];
        uint64_t before = field_load(file, field->offset, field->width);
        field_store(file, field->offset, field->width, odd_number(r, before));
    }
}

/* Some bytes of a range; its size stays, and so do the fields that tell of it. */
static void change_bytes(file_bytes *file, size_t from, size_t to, test_random *r) {
    if (from >= to || to > file->size)
        return;
    size_t room = to - from, begin = random_below(r, (uint32_t)room);
    size_t size = 1 + random_below(r, 32);
    if (size > room - begin)
        size = room - begin;
    LLVMFuzzerMutate(file->bytes + from + begin, size, size);
}

/* ---- payload, and the checksums of chunks ---- */

static uint64_t chunk_end(const file_bytes *file, const file_section *ends, uint64_t i,
                          uint64_t otherwise) {
    uint64_t at = ends->offset + 8 * i;
    return ends->entry != 0 && ck_within(at, 8, file->size) ? field_load(file, (size_t)at, 8)
                                                            : otherwise;
}

static void repair_storage(file_bytes *file, const unsigned char *rec, const file_section *chunks,
                           const file_section *ends) {
    uint64_t offset = ck_load64(rec), size = ck_load64(rec + 8), first = ck_load64(rec + 24);
    unsigned log2 = rec[33];
    if (size == 0 || size > file->size * CK_MAX_RATIO || log2 < CK_MIN_CHUNK_LOG2 || log2 > 30)
        return;
    uint64_t begin = 0;
    for (uint64_t i = 0; i << log2 < size; i++) {
        uint64_t decoded = (i + 1) << log2 < size ? (i + 1) << log2 : size, begin_now = begin;
        begin = chunk_end(file, ends, first + i, decoded);
        if (first + i >= chunks->count || begin < begin_now || offset > file->size ||
            begin > file->size - offset)
            return;
        field_store(file, record_field(chunks, (size_t)(first + i), 0), 8,
                    XXH3_64bits(file->bytes + offset + begin_now, (size_t)(begin - begin_now)));
    }
}

static bool is_inside(const file_bytes *file, const file_section *section, uint32_t kind) {
    return section->entry != 0 && section->record_size != 0 &&
           section->record_size == ck_record_size(kind) &&
           section->count <= file->size / section->record_size &&
           ck_within(section->offset, section->count * section->record_size, file->size);
}

static void repair_chunks(file_bytes *file) {
    file_section storages = section_of(file, CK_STORAGES), chunks = section_of(file, CK_CHUNKS);
    file_section ends = section_of(file, CK_CHUNK_ENDS);
    if (!is_inside(file, &storages, CK_STORAGES) || !is_inside(file, &chunks, CK_CHUNKS))
        return;
    for (size_t s = 0; s < storages.count; s++)
        repair_storage(file, file->bytes + record_field(&storages, s, 0), &chunks, &ends);
}

static void change_payload(file_bytes *file, test_random *r) {
    change_bytes(file, CK_HEADER_SIZE, index_offset_of(file), r);
    if (random_chance(r, 80))
        repair_chunks(file);
}

/* ---- records ---- */

/* Moves all that is behind `at` by `by` bytes, to or fro. */
static bool move_tail(file_bytes *file, size_t at, int64_t by, size_t max_size) {
    size_t from = by < 0 ? at + (size_t)-by : at, to = by < 0 ? at : at + (size_t)by;
    size_t tail = file->size - from;
    if (from > file->size || tail > max_size || to > max_size - tail)
        return false;
    memmove(file->bytes + to, file->bytes + from, tail);
    file->size = to + tail;
    return true;
}

/* What tells of the size of the index: the sections behind kind, and the slot. */
static void repair_sizes(file_bytes *file, uint32_t kind, int64_t by) {
    size_t index = index_offset_of(file), slot = slot_of(file);
    uint64_t count = field_load(file, index, 4);
    for (uint64_t i = 0; i < count; i++) {
        size_t entry = index + CK_DIRECTORY_HEAD + (size_t)i * CK_DIRECTORY_ENTRY;
        if (!ck_within(entry, CK_DIRECTORY_ENTRY, file->size))
            break;
        if (field_load(file, entry, 4) > kind)
            field_store(file, entry + 24, 8, field_load(file, entry + 24, 8) + (uint64_t)by);
    }
    field_store(file, slot + CK_SLOT_INDEX_SIZE, 8, file->size - index);
    field_store(file, slot + CK_SLOT_FILE_SIZE, 8, file->size);
}

/* A record is doubled or dropped. In sections of single bytes eight go at a time: the next section
 * has to stay aligned. */
static void change_records(file_bytes *file, test_random *r, size_t max_size) {
    uint32_t kind = 1 + random_below(r, CK_CHUNK_ENDS + 1);
    kind = kind <= CK_CHUNK_ENDS ? kind : CK_PARTS;
    file_section section = section_of(file, kind);
    if (!is_inside(file, &section, kind) || section.count < 8)
        return;
    size_t records = section.record_size == 1 ? 8 : 1, bytes = records * section.record_size;
    size_t i = random_below(r, (uint32_t)(section.count - records + 1));
    size_t at = record_field(&section, i, 0);
    bool more = random_chance(r, 50);
    unsigned char copy[64];
    memcpy(copy, file->bytes + at, bytes);
    if (!move_tail(file, at, more ? (int64_t)bytes : -(int64_t)bytes, max_size))
        return;
    if (more)
        memcpy(file->bytes + at, copy, bytes);
    field_store(file, section.entry + 16, 8,
                more ? section.count + records : section.count - records);
    repair_sizes(file, kind, more ? (int64_t)bytes : -(int64_t)bytes);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    file_bytes file = {data, size};
    test_random r = {seed};
    if (size < CK_HEADER_SIZE || random_chance(&r, 5)) {
        file.size = LLVMFuzzerMutate(data, size, max_size);
        repair_checksums(&file);
        return file.size;
    }
    uint32_t choice = random_below(&r, 20);
    if (choice < 9)
        change_fields(&file, &r);
    else if (choice < 15)
        change_bytes(&file, index_offset_of(&file), file.size, &r);
    else if (choice < 17)
        change_payload(&file, &r);
    else
        change_records(&file, &r, max_size);
    repair_checksums(&file);
    return file.size;
}

#else
/* Nothing is mutated where inputs are replayed. */
typedef int ckptmutator_is_for_fuzzing;
#endif
