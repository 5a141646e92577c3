/* SPDX-License-Identifier: MIT */
#include "exchange/ggufvalues.h"

#include "base/checked.h"
#include "base/endian.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

typedef struct value_reader {
    ckpt *c;
    ck_ggufhead *h;
    ckpt_value metadata;
    ck_buffer key;   /* of the value that is being read, with a NUL behind it */
    ck_buffer types; /* of typed_entry */
} value_reader;

/* An entry of the metadata whose type its value does not show. */
typedef struct typed_entry {
    uint32_t place;
    ck_gguf_type type;
} typed_entry;

static const char *key_of(const value_reader *r) {
    return (const char *)r->key.bytes;
}

static ckpt_status take_key(value_reader *r, ckpt_error *err) {
    ck_ggufhead *h = r->h;
    const char *text;
    size_t size, place = h->position;
    ckpt_status status = ck_ggufhead_string(h, &text, &size, err);
    if (status != CKPT_OK)
        return status;
    r->key.size = 0;
    if (!ck_buffer_append(&h->memory, &r->key, text, size) ||
        !ck_buffer_append(&h->memory, &r->key, "", 1))
        return ck_fail_nomem(err);
    size_t behind = h->position;
    h->position = place;
    if (size == 0)
        return ck_ggufhead_fail(h, err, CKPT_E_STRUCTURE, "GG5", "a key is empty");
    if (!ck_utf8_valid(key_of(r), size))
        return ck_ggufhead_fail(h, err, CKPT_E_STRUCTURE, "GG5",
                                "the key '%s' is not UTF-8 without NUL",
                                ck_name_n(key_of(r), size).text);
    if (ckpt_value_kind(ckpt_map_get(r->metadata, key_of(r))) != CKPT_VALUE_ABSENT)
        return ck_ggufhead_fail(h, err, CKPT_E_STRUCTURE, "GG5", "duplicate key '%s'",
                                CK_NAME(key_of(r)));
    if (strcmp(key_of(r), CK_GGUF_TYPES_KEY) == 0)
        return ck_ggufhead_fail(h, err, CKPT_E_STRUCTURE, "GG5",
                                "the key '" CK_GGUF_TYPES_KEY "' is never in a file");
    h->position = behind;
    return CKPT_OK;
}

static ckpt_status take_kind(value_reader *r, bool in_array, ck_gguf_kind *ret_kind,
                             ckpt_error *err) {
    uint32_t number;
    const char *rule = in_array ? "GG8" : "GG6";
    ckpt_status status = ck_ggufhead_u32(r->h, &number, err);
    if (status != CKPT_OK)
        return status;
    if (number < CK_GGUF_KIND_COUNT && !(in_array && number == CK_GGUF_ARRAY)) {
        *ret_kind = (ck_gguf_kind)number;
        return CKPT_OK;
    }
    r->h->position -= 4;
    if (number == CK_GGUF_ARRAY)
        return ck_ggufhead_fail(r->h, err, CKPT_E_UNSUPPORTED, rule,
                                "'%s' is an array of arrays, which GGML does not read either",
                                CK_NAME(key_of(r)));
    return ck_ggufhead_fail(r->h, err, CKPT_E_STRUCTURE, rule, "'%s' is of an unknown type, %lu",
                            CK_NAME(key_of(r)), (unsigned long)number);
}

/* Room for what a literal points to. */
typedef struct digits {
    char text[24];
} digits;

/* An integer of any kind; the bits are extended by the sign where there is one. */
static ckpt_literal integer(ck_gguf_kind kind, uint64_t bits, digits *room) {
    uint32_t size = ck_gguf_kind_size(kind);
    int64_t value;
    if (kind == CK_GGUF_U64 && bits > INT64_MAX) {
        snprintf(room->text, sizeof room->text, "%llu", (unsigned long long)bits);
        return ckpt_string(room->text);
    }
    if (!ck_gguf_kind_is_unsigned(kind) && size < 8 && bits >> (size * 8 - 1) != 0)
        bits |= UINT64_MAX << (size * 8);
    memcpy(&value, &bits, 8);
    return ckpt_int(value);
}

/* A value of fixed size, all of which is there. */
static ckpt_status take_number(value_reader *r, ck_gguf_kind kind, ckpt_literal *ret, digits *room,
                               ckpt_error *err) {
    uint64_t bits = ck_ggufhead_take(r->h, ck_gguf_kind_size(kind));
    double wide;
    switch (kind) {
    case CK_GGUF_BOOL:
        if (bits > 1) {
            r->h->position--;
            return ck_ggufhead_fail(r->h, err, CKPT_E_STRUCTURE, "GG7",
                                    "'%s' is a bool of the value %llu", CK_NAME(key_of(r)),
                                    (unsigned long long)bits);
        }
        *ret = ckpt_bool(bits != 0);
        return CKPT_OK;
    case CK_GGUF_F32: *ret = ckpt_float(ck_gguf_widen((uint32_t)bits)); return CKPT_OK;
    case CK_GGUF_F64:
        memcpy(&wide, &bits, 8);
        *ret = ckpt_float(wide);
        return CKPT_OK;
    default: *ret = integer(kind, bits, room); return CKPT_OK;
    }
}

/* Strings that are not text are kept all the same. */
static ckpt_status take_text(value_reader *r, ckpt_literal *ret, ckpt_error *err) {
    const char *text;
    size_t size;
    ckpt_status status = ck_ggufhead_string(r->h, &text, &size, err);
    if (status == CKPT_OK)
        *ret = ck_utf8_valid(text, size) ? ckpt_string_n(text, size) : ckpt_bytes(text, size);
    return status;
}

static ckpt_status take_scalar(value_reader *r, ck_gguf_kind kind, ckpt_literal *ret, digits *room,
                               ckpt_error *err) {
    if (kind == CK_GGUF_STRING)
        return take_text(r, ret, err);
    ckpt_status status = ck_ggufhead_need(r->h, ck_gguf_kind_size(kind), err);
    return status == CKPT_OK ? take_number(r, kind, ret, room, err) : status;
}

static ckpt_status set(value_reader *r, ckpt_literal literal, ckpt_value *ret, ckpt_error *err) {
    return ck_error_prefix(err, ckpt_map_set(r->metadata, key_of(r), literal, ret, err),
                           r->h->source->name);
}

static ckpt_status take_elements(value_reader *r, ck_gguf_kind kind, uint32_t count,
                                 ckpt_error *err) {
    ckpt_value list;
    digits room;
    ckpt_status status = set(r, ckpt_list(), &list, err);
    if (status == CKPT_OK)
        status = ck_list_reserve(list, count, err);
    for (uint32_t i = 0; i < count && status == CKPT_OK; i++) {
        ckpt_literal literal;
        status = take_scalar(r, kind, &literal, &room, err);
        if (status == CKPT_OK)
            status = ckpt_list_append(list, literal, NULL, err);
    }
    return status;
}

static ckpt_status take_array(value_reader *r, ck_gguf_type *ret_type, ckpt_error *err) {
    ck_gguf_type type = {CK_GGUF_U8, true};
    uint64_t count;
    ckpt_status status = take_kind(r, true, &type.kind, err);
    if (status == CKPT_OK)
        status = ck_ggufhead_u64(r->h, &count, err);
    if (status != CKPT_OK)
        return status;
    uint32_t size = type.kind == CK_GGUF_STRING ? 8 : ck_gguf_kind_size(type.kind);
    if (count > CK_GGUF_MAX_ARRAY || count > ck_ggufhead_left(r->h) / size) {
        r->h->position -= 8;
        return ck_ggufhead_fail(r->h, err, CKPT_E_LIMIT, "GG8",
                                "'%s' is an array of %llu elements, which do not fit into the file",
                                CK_NAME(key_of(r)), (unsigned long long)count);
    }
    *ret_type = type;
    if (type.kind != CK_GGUF_U8)
        return take_elements(r, type.kind, (uint32_t)count, err);
    status = ck_ggufhead_need(r->h, count, err);
    if (status != CKPT_OK)
        return status;
    ckpt_literal bytes = ckpt_bytes(r->h->bytes.bytes + r->h->position, (size_t)count);
    r->h->position += (size_t)count;
    return set(r, bytes, NULL, err);
}

/* Takes note of the type where the value that was stored last does not show it. */
static ckpt_status note_type(value_reader *r, ck_gguf_type type, ckpt_error *err) {
    ck_gguf_type natural;
    typed_entry entry = {ckpt_value_count(r->metadata) - 1, type};
    if (ck_gguf_natural_type(ckpt_value_at(r->metadata, entry.place), &natural) &&
        natural.kind == type.kind && natural.is_array == type.is_array)
        return CKPT_OK;
    return ck_buffer_append(&r->h->memory, &r->types, &entry, sizeof entry) ? CKPT_OK
                                                                            : ck_fail_nomem(err);
}

static ckpt_status check_alignment(value_reader *r, size_t place, ck_gguf_type type,
                                   ckpt_error *err) {
    size_t behind = r->h->position;
    int64_t value = ckpt_value_int(ckpt_map_get(r->metadata, CK_GGUF_ALIGNMENT_KEY), 0);
    r->h->position = place;
    if (type.kind != CK_GGUF_U32 || type.is_array)
        return ck_ggufhead_fail(r->h, err, CKPT_E_STRUCTURE, "GG9",
                                "'" CK_GGUF_ALIGNMENT_KEY "' is no u32");
    if (value <= 0 || value > CK_GGUF_MAX_ALIGNMENT || (value & (value - 1)) != 0)
        return ck_ggufhead_fail(r->h, err, CKPT_E_STRUCTURE, "GG9",
                                "'" CK_GGUF_ALIGNMENT_KEY "' is %lld, no power of two up to 2^24",
                                (long long)value);
    r->h->position = behind;
    return CKPT_OK;
}

static ckpt_status take_value(value_reader *r, ckpt_error *err) {
    size_t place = r->h->position;
    ck_gguf_type type = {CK_GGUF_U8, false};
    ckpt_literal literal;
    digits room;
    ckpt_status status = take_key(r, err);
    if (status == CKPT_OK)
        status = take_kind(r, false, &type.kind, err);
    if (status != CKPT_OK)
        return status;
    if (type.kind == CK_GGUF_ARRAY) {
        status = take_array(r, &type, err);
    } else {
        status = take_scalar(r, type.kind, &literal, &room, err);
        if (status == CKPT_OK)
            status = set(r, literal, NULL, err);
    }
    if (status == CKPT_OK && strcmp(key_of(r), CK_GGUF_ALIGNMENT_KEY) == 0)
        status = check_alignment(r, place, type, err);
    return status == CKPT_OK ? note_type(r, type, err) : status;
}

static ckpt_status keep_types(const value_reader *r, ckpt_error *err) {
    const typed_entry *entries = (const void *)r->types.bytes;
    size_t count = r->types.size / sizeof *entries;
    ckpt_value map;
    ckpt_status status =
        count == 0 ? CKPT_OK : ckpt_map_set(r->metadata, CK_GGUF_TYPES_KEY, ckpt_map(), &map, err);
    for (size_t i = 0; i < count && status == CKPT_OK; i++) {
        char name[CK_GGUF_TYPE_ROOM];
        ck_gguf_type_name(entries[i].type, name);
        status = ckpt_map_set(map, ckpt_map_key(r->metadata, entries[i].place), ckpt_string(name),
                              NULL, err);
    }
    return ck_error_prefix(err, status, r->h->source->name);
}

ckpt_status ck_gguf_read_values(ckpt *c, ck_ggufhead *h, uint64_t count, ckpt_error *err) {
    value_reader r = {.c = c, .h = h, .metadata = ckpt_metadata(c)};
    ckpt_status status = CKPT_OK;
    for (uint64_t i = 0; i < count && status == CKPT_OK; i++)
        status = take_value(&r, err);
    if (status == CKPT_OK)
        status = keep_types(&r, err);
    ck_buffer_clear(&h->memory, &r.key);
    ck_buffer_clear(&h->memory, &r.types);
    return status;
}
