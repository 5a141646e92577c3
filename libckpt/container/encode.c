/* SPDX-License-Identifier: MIT */
#include "container/encode.h"

#include "base/checked.h"
#include "base/endian.h"
#include "base/sort.h"
#include "container/byteorder.h"
#include "container/encodevalues.h"
#include "container/index.h"
#include "model/checksum.h"

#include <string.h>

typedef struct encoder {
    const ck_collection *all;
    const ckpt *c;
    const ck_placement *placement;
    const ck_history *history; /* NULL: none */
    ck_encoded *out;
} encoder;

static void *section(const encoder *e, uint32_t kind) {
    return e->out->bytes + e->out->section_offset[kind];
}

/* Those that need not be there are there when they have something to say. */
static bool has_section(const encoder *e, uint32_t kind) {
    return kind <= CK_CORE_SECTIONS || e->out->section_count[kind] != 0;
}

static ckpt_status count_records(encoder *e, ckpt_error *err) {
    uint64_t *count = e->out->section_count, sections = 0;
    const ck_collection *all = e->all;
    count[CK_STRING_OFFSETS] = (uint64_t)all->strings.count + 1;
    count[CK_STRING_BYTES] = all->string_bytes;
    count[CK_DTYPES] = all->dtypes.count;
    count[CK_MODULES] = all->modules.count;
    count[CK_MEMBERS] = all->members;
    count[CK_TENSORS] = all->tensors.count;
    count[CK_DIMENSIONS] = all->dimensions;
    count[CK_STORAGES] = all->storages.count;
    count[CK_CHUNKS] = e->placement->chunks.count;
    count[CK_VALUES] = all->values.count;
    count[CK_VALUE_BYTES] = all->value_bytes;
    count[CK_RETIRED] = e->history != NULL ? e->history->retired_count : 0;
    count[CK_CHUNK_ENDS] = e->placement->encoded ? count[CK_CHUNKS] : 0;
    count[CK_PARTS] = e->placement->parts.count;
    for (uint32_t kind = 1; kind < CK_SECTION_ROOM; kind++)
        sections += has_section(e, kind);
    uint64_t end = CK_DIRECTORY_HEAD + sections * CK_DIRECTORY_ENTRY, size;
    for (uint32_t kind = 1; kind < CK_SECTION_ROOM; kind++) {
        if (!has_section(e, kind))
            continue;
        e->out->section_offset[kind] = (size_t)end;
        if (!ck_mul(count[kind], ck_record_size(kind), &size) || !ck_add(end, size, &end) ||
            !ck_align(end, CK_SECTION_ALIGNMENT, &end) || end > SIZE_MAX / 2)
            return ck_fail_nomem(err);
    }
    e->out->size = (size_t)end;
    e->out->bytes = ck_calloc(&e->c->memory, e->out->size, 1);
    return e->out->bytes != NULL ? CKPT_OK : ck_fail_nomem(err);
}

static void write_directory(const encoder *e) {
    uint32_t sections = 0;
    for (uint32_t kind = 1; kind < CK_SECTION_ROOM; kind++) {
        if (!has_section(e, kind))
            continue;
        unsigned char *entry = e->out->bytes + CK_DIRECTORY_HEAD + sections++ * CK_DIRECTORY_ENTRY;
        ck_store32(entry, kind);
        ck_store32(entry + 4, CK_SECTION_CRITICAL);
        ck_store32(entry + 8, ck_record_size(kind));
        ck_store64(entry + 16, e->out->section_count[kind]);
        ck_store64(entry + 24, e->out->section_offset[kind]);
    }
    ck_store32(e->out->bytes, sections);
}

static void write_strings(const encoder *e) {
    uint64_t *offsets = section(e, CK_STRING_OFFSETS), end = 0;
    char *bytes = section(e, CK_STRING_BYTES);
    for (uint32_t i = 0; i < e->all->strings.count; i++) {
        size_t size;
        const char *text = ck_collected_string(e->all, i, &size);
        offsets[i] = end;
        memcpy(bytes + end, text, size + 1);
        end += size + 1;
    }
    offsets[e->all->strings.count] = end;
}

static void write_dtypes(const encoder *e) {
    ck_dtype_rec *records = section(e, CK_DTYPES);
    for (uint32_t i = 0; i < e->all->dtypes.count; i++) {
        records[i] = *ck_dtype_at(e->c, e->all->dtypes.order[i]);
        records[i].name = e->all->strings.number[records[i].name];
    }
}

/* Room for the pairs by which a run of members or elements is sorted. */
static uint64_t *make_room_for_pairs(const encoder *e, size_t *ret_room) {
    size_t room = 0;
    for (uint32_t m = 0; m < e->all->modules.count; m++) {
        uint32_t count = ck_module_rec_at(e->c, e->all->modules.order[m])->member_count;
        room = count > room ? count : room;
    }
    for (uint32_t v = 0; v < e->all->values.count; v++) {
        const ck_value_rec *rec = ck_value_at(e->c, e->all->values.order[v]);
        if (rec->type == CKPT_VALUE_MAP && rec->count > room)
            room = rec->count;
    }
    *ret_room = room;
    return ck_alloc(&e->c->memory, room, sizeof(uint64_t));
}

static bool write_members(const encoder *e, ck_member_rec *run, const ck_member_rec *from,
                          uint32_t count, uint64_t *pairs) {
    const ck_collection *all = e->all;
    for (uint32_t i = 0; i < count; i++) {
        run[i].name = all->strings.number[from[i].name];
        run[i].kind = from[i].kind;
        run[i].target = from[i].kind == CK_MEMBER_MODULE ? all->modules.number[from[i].target]
                                                         : all->tensors.number[from[i].target];
        pairs[i] = ck_pair(run[i].name, i);
    }
    if (!ck_sort(&e->c->memory, pairs, count, sizeof(uint64_t), ck_compare_numbers))
        return false;
    for (uint32_t i = 0; i < count; i++)
        run[i].by_name = (uint32_t)pairs[i];
    return true;
}

static bool write_modules(const encoder *e, uint64_t *pairs) {
    ck_module_rec *modules = section(e, CK_MODULES);
    ck_member_rec *members = section(e, CK_MEMBERS);
    uint64_t next = 0;
    for (uint32_t m = 0; m < e->all->modules.count; m++) {
        const ck_module_rec *from = ck_module_rec_at(e->c, e->all->modules.order[m]);
        modules[m].type = e->all->strings.number[from->type];
        modules[m].program = CK_NONE;
        modules[m].first_member = next;
        modules[m].member_count = from->member_count;
        if (!write_members(e, members + next, ck_member_at(e->c, from->first_member),
                           from->member_count, pairs))
            return false;
        next += from->member_count;
    }
    return true;
}

static void write_tensors(const encoder *e) {
    ck_tensor_rec *records = section(e, CK_TENSORS);
    uint64_t *dimensions = section(e, CK_DIMENSIONS), next = 0;
    for (uint32_t t = 0; t < e->all->tensors.count; t++) {
        const ck_tensor_rec *from = ck_tensor_at(e->c, e->all->tensors.order[t]);
        size_t count = (from->flags & CK_TENSOR_STRIDED) ? 2u * from->rank : from->rank;
        records[t] = *from;
        records[t].storage = e->all->storages.number[from->storage];
        records[t].dtype = (uint16_t)e->all->dtypes.number[from->dtype];
        records[t].first_dimension = next;
        if (count != 0)
            memcpy(dimensions + next, ck_dimension_at(e->c, from->first_dimension),
                   count * sizeof(uint64_t));
        next += count;
    }
}

static void write_parts(const encoder *e) {
    ck_part_rec *records = section(e, CK_PARTS);
    const ck_placed_part *parts = e->placement->parts.records;
    for (size_t i = 0; i < e->placement->parts.count; i++) {
        records[i].name = parts[i].string;
        records[i].size = parts[i].size;
        memcpy(records[i].sha256, parts[i].sha256, sizeof records[i].sha256);
    }
}

/* What the payload has become, and what the file was before. The index comes behind it. */
static ckpt_status write_placement(const encoder *e, ckpt_error *err) {
    const ck_placed_chunk *placed = e->placement->chunks.records;
    uint64_t *checksums = section(e, CK_CHUNKS), *ends = section(e, CK_CHUNK_ENDS), file_size;
    if (e->all->storages.count != 0)
        memcpy(section(e, CK_STORAGES), e->placement->storages,
               e->all->storages.count * sizeof(ck_storage_rec));
    for (size_t i = 0; i < e->placement->chunks.count; i++) {
        checksums[i] = placed[i].checksum;
        if (e->placement->encoded)
            ends[i] = placed[i].end;
    }
    if (e->out->section_count[CK_RETIRED] != 0)
        memcpy(section(e, CK_RETIRED), e->history->retired,
               e->history->retired_count * sizeof(ck_retired_rec));
    if (!ck_align(e->placement->end, CK_ALIGNMENT, &e->out->offset) ||
        !ck_add(e->out->offset, e->out->size, &file_size))
        return ck_fail(err, CKPT_E_OVERFLOW, "the storages have 2^64 bytes or more together");
    return CKPT_OK;
}

static ckpt_status write_sections(const encoder *e, ckpt_error *err) {
    size_t room;
    uint64_t *pairs = make_room_for_pairs(e, &room);
    if (pairs == NULL)
        return ck_fail_nomem(err);
    write_directory(e);
    write_strings(e);
    write_dtypes(e);
    bool complete = write_modules(e, pairs) && ck_encode_values(e->all, section(e, CK_VALUES),
                                                                section(e, CK_VALUE_BYTES), pairs);
    write_tensors(e);
    write_parts(e);
    ck_free(&e->c->memory, pairs, room, sizeof(uint64_t));
    if (!complete)
        return ck_fail_nomem(err);
    return write_placement(e, err);
}

/* From the order of the host to that of the file, or back. */
static void turn_sections(const ck_encoded *encoded) {
    for (uint32_t kind = 1; kind < CK_SECTION_ROOM; kind++)
        ck_to_host_order(kind, encoded->bytes + encoded->section_offset[kind],
                         encoded->section_count[kind]);
}

/* The reader's own checks, on a checkpoint that has nothing but this index. */
static ckpt_status check_encoded(const ck_encoded *encoded, uint64_t sequence, ckpt_error *err) {
    ckpt *c;
    ckpt_status status = ck_ckpt_new(&encoded->memory, &c, err);
    if (status != CKPT_OK)
        return status;
    ck_index index;
    memset(&index, 0, sizeof index);
    index.c = c;
    index.name = "the file that would be written";
    index.offset = encoded->offset;
    index.bytes = encoded->bytes;
    index.size = encoded->size;
    index.sequence = sequence;
    index.required_features = encoded->required_features;
    status = ck_index_load(&index, err);
    if (status == CKPT_OK) {
        status = ck_index_check(&index, err);
        turn_sections(encoded);
    }
    ckpt_free(c);
    return status;
}

ckpt_status ck_encode(const ck_collection *all, const ck_placement *placement,
                      const ck_history *history, ck_encoded *ret_encoded, ckpt_error *err) {
    ck_encoded out;
    memset(&out, 0, sizeof out);
    out.memory = all->c->memory;
    out.required_features = (placement->encoded ? CK_FEATURE_ENCODED : 0) |
                            (placement->parts.count != 0 ? CK_FEATURE_PARTS : 0);
    encoder e = {all, all->c, placement, history, &out};
    ckpt_status status = count_records(&e, err);
    if (status == CKPT_OK)
        status = write_sections(&e, err);
    if (status == CKPT_OK) {
        turn_sections(&out);
        status = check_encoded(&out, history != NULL ? history->sequence : 1, err);
    }
    if (status != CKPT_OK) {
        ck_encoded_free(&out);
        return status;
    }
    *ret_encoded = out;
    return CKPT_OK;
}

void ck_encoded_free(ck_encoded *encoded) {
    ck_free(&encoded->memory, encoded->bytes, encoded->size, 1);
    encoded->bytes = NULL;
}

ck_slot ck_encoded_slot(const ck_encoded *encoded, uint64_t sequence) {
    ck_slot slot = {.version_major = CK_VERSION_MAJOR,
                    .version_minor = CK_VERSION_MINOR,
                    .state = CK_STATE_COMMITTED,
                    .required_features = encoded->required_features,
                    .sequence = sequence,
                    .index_offset = encoded->offset,
                    .index_size = encoded->size,
                    .index_checksum = ck_checksum(encoded->bytes, encoded->size),
                    .file_size = encoded->offset + encoded->size};
    return slot;
}
