/* SPDX-License-Identifier: MIT */
/* Metadata as key-values (ggufvalues.h). */
#include "base/endian.h"
#include "exchange/ggufvalues.h"
#include "exchange/ggufwrite.h"

#include <stdio.h>
#include <string.h>

/* ---- what a value can be written as ---- */

/* The digits of a number that no int holds. */
static bool parse_large(const char *text, uint64_t *ret_value) {
    uint64_t value = 0;
    size_t size = strspn(text, "0123456789");
    if (text[size] != '\0' || size < 19 || size > 20 || text[0] == '0')
        return false;
    for (size_t i = 0; i < size; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return value > INT64_MAX;
}

/* The bits of an integer of that kind. */
static bool integer_bits(ckpt_value value, ck_gguf_kind kind, uint64_t *ret_bits) {
    uint32_t width = ck_gguf_kind_size(kind) * 8;
    const char *text = ckpt_value_string(value);
    if (text != NULL)
        return kind == CK_GGUF_U64 && parse_large(text, ret_bits);
    if (ckpt_value_kind(value) != CKPT_VALUE_INT)
        return false;
    int64_t number = ckpt_value_int(value, 0);
    bool is_unsigned = ck_gguf_kind_is_unsigned(kind);
    int64_t greatest =
        width == 64 ? INT64_MAX : (INT64_C(1) << (is_unsigned ? width : width - 1)) - 1;
    int64_t least = is_unsigned ? 0 : -greatest - 1;
    if (number < least || number > greatest)
        return false;
    *ret_bits = (uint64_t)number;
    return true;
}

static bool number_bits(ckpt_value value, ck_gguf_kind kind, uint64_t *ret_bits) {
    double number = ckpt_value_float(value, 0);
    uint32_t narrow;
    switch (kind) {
    case CK_GGUF_BOOL:
        *ret_bits = ckpt_value_bool(value, false);
        return ckpt_value_kind(value) == CKPT_VALUE_BOOL;
    case CK_GGUF_F64:
        memcpy(ret_bits, &number, 8);
        return ckpt_value_kind(value) == CKPT_VALUE_FLOAT;
    case CK_GGUF_F32:
        if (ckpt_value_kind(value) != CKPT_VALUE_FLOAT || !ck_gguf_narrow(number, &narrow))
            return false;
        *ret_bits = narrow;
        return true;
    default: return integer_bits(value, kind, ret_bits);
    }
}

/* The bytes of a string of the file: text, or bytes that are none. */
static bool string_of(ckpt_value value, const void **ret_bytes, size_t *ret_size) {
    *ret_bytes = ckpt_value_string(value);
    if (*ret_bytes != NULL) {
        *ret_size = strlen(*ret_bytes);
        return *ret_size <= CK_GGUF_MAX_STRING;
    }
    *ret_bytes = ckpt_value_bytes(value, ret_size);
    return ckpt_value_kind(value) == CKPT_VALUE_BYTES && *ret_size <= CK_GGUF_MAX_STRING;
}

static bool scalar_fits(ckpt_value value, ck_gguf_kind kind) {
    const void *bytes;
    size_t size;
    uint64_t bits;
    return kind == CK_GGUF_STRING ? string_of(value, &bytes, &size)
                                  : number_bits(value, kind, &bits);
}

static bool fits(ckpt_value value, ck_gguf_type type) {
    size_t size;
    if (!type.is_array)
        return scalar_fits(value, type.kind);
    if (type.kind == CK_GGUF_U8) {
        ckpt_value_bytes(value, &size);
        return ckpt_value_kind(value) == CKPT_VALUE_BYTES && size <= CK_GGUF_MAX_ARRAY;
    }
    uint32_t count = ckpt_value_count(value);
    if (ckpt_value_kind(value) != CKPT_VALUE_LIST || count > CK_GGUF_MAX_ARRAY)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!scalar_fits(ckpt_value_at(value, i), type.kind))
            return false;
    }
    return true;
}

/* ---- putting it ---- */

static bool put_scalar(const ck_memory *memory, ck_buffer *out, ckpt_value value,
                       ck_gguf_kind kind) {
    const void *bytes;
    size_t size;
    uint64_t bits = 0;
    if (kind == CK_GGUF_STRING)
        return string_of(value, &bytes, &size) && ck_gguf_put_string(memory, out, bytes, size);
    return number_bits(value, kind, &bits) &&
           ck_gguf_put_number(memory, out, bits, ck_gguf_kind_size(kind));
}

static bool put_value(const ck_memory *memory, ck_buffer *out, const char *key, ckpt_value value,
                      ck_gguf_type type) {
    bool good = ck_gguf_put_key(memory, out, key, type);
    size_t size;
    if (!type.is_array)
        return good && put_scalar(memory, out, value, type.kind);
    if (type.kind == CK_GGUF_U8) {
        const void *bytes = ckpt_value_bytes(value, &size);
        return good && ck_gguf_put_string(memory, out, bytes, size);
    }
    uint32_t count = ckpt_value_count(value);
    good = good && ck_gguf_put_number(memory, out, count, 8);
    for (uint32_t i = 0; i < count && good; i++)
        good = put_scalar(memory, out, ckpt_value_at(value, i), type.kind);
    return good;
}

/* ---- entries ---- */

static const char *kind_name(ckpt_value value) {
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_NULL: return "null";
    case CKPT_VALUE_MAP: return "a map";
    case CKPT_VALUE_LIST: return "a list of several types, or of lists or maps";
    default: return "too long";
    }
}

/* Why the entry is no metadata of a file; NULL for one that is. */
static const char *why_not(const char *key, ckpt_value value, bool is_split) {
    if (key[0] == '\0')
        return "left out: GGUF has no empty key";
    if (strcmp(key, CK_GGUF_NAMES_KEY) == 0 || strcmp(key, CK_GGUF_TIES_KEY) == 0)
        return "left out: in a file the key has a meaning of its own";
    if (strcmp(key, CK_GGUF_TYPES_KEY) == 0 && ckpt_value_kind(value) != CKPT_VALUE_MAP)
        return "left out: in a file the key has a meaning of its own";
    bool is_of_split = strcmp(key, CK_GGUF_SPLIT_NO) == 0 ||
                       strcmp(key, CK_GGUF_SPLIT_COUNT) == 0 ||
                       strcmp(key, CK_GGUF_SPLIT_TENSORS) == 0;
    if (is_of_split &&
        (is_split || ckpt_value_kind(value) != CKPT_VALUE_INT || ckpt_value_int(value, 0) < 0 ||
         (strcmp(key, CK_GGUF_SPLIT_COUNT) == 0 && ckpt_value_int(value, 0) > 1)))
        return "left out: it tells of the files of a model";
    return NULL;
}

/* The type to write: the one that is noted, as far as the value has kept to it. */
static bool find_type(const ck_gguf_plan *plan, const char *key, ckpt_value value,
                      ck_gguf_type *ret_type) {
    ckpt_value types = ckpt_map_get(ckpt_metadata(plan->flat.c), CK_GGUF_TYPES_KEY);
    const char *noted = ckpt_value_string(ckpt_map_get(types, key));
    bool is_alignment = strcmp(key, CK_GGUF_ALIGNMENT_KEY) == 0;
    ck_gguf_type type = {CK_GGUF_U32, false};
    if (is_alignment && ckpt_value_int(value, 0) != plan->alignment) {
        ck_report_loss(&plan->losses, CKPT_LOSS_METADATA, key,
                       "left out: no power of two up to 2^24");
        return false;
    }
    if ((is_alignment || (noted != NULL && ck_gguf_type_named(noted, &type))) &&
        fits(value, type)) {
        *ret_type = type;
        return true;
    }
    if (!ck_gguf_natural_type(value, &type) || !fits(value, type)) {
        ck_report_loss(&plan->losses, CKPT_LOSS_METADATA, key, "left out: GGUF cannot hold %s",
                       kind_name(value));
        return false;
    }
    if (noted != NULL) {
        char name[CK_GGUF_TYPE_ROOM];
        ck_gguf_type_name(type, name);
        ck_report_loss(&plan->losses, CKPT_LOSS_METADATA, key,
                       "written as %s: it is no %s any more", name, CK_NAME(noted));
    }
    *ret_type = type;
    return true;
}

static ckpt_status put_entries(const ck_gguf_plan *plan, bool is_split, ck_buffer *out,
                               uint64_t *count, ckpt_error *err) {
    ckpt_value metadata = ckpt_metadata(plan->flat.c);
    for (uint32_t i = 0; i < ckpt_value_count(metadata); i++) {
        const char *key = ckpt_map_key(metadata, i);
        ckpt_value value = ckpt_value_at(metadata, i);
        ck_gguf_type type;
        const char *reason = why_not(key, value, is_split);
        if (reason != NULL) {
            ck_report_loss(&plan->losses, CKPT_LOSS_METADATA, key, "%s", reason);
            continue;
        }
        if (strcmp(key, CK_GGUF_TYPES_KEY) == 0 || !find_type(plan, key, value, &type))
            continue;
        if (!put_value(&plan->flat.memory, out, key, value, type))
            return ck_fail_nomem(err);
        ++*count;
    }
    return CKPT_OK;
}

/* ---- names ---- */

static bool put_text(const ck_gguf_plan *plan, ck_buffer *out, const char *text) {
    return ck_gguf_put_string(&plan->flat.memory, out, text, strlen(text));
}

/* Where the number of strings stands that follow: it is known afterwards. */
static bool begin_list(const ck_gguf_plan *plan, ck_buffer *out, const char *key,
                       size_t *ret_place) {
    ck_gguf_type type = {CK_GGUF_STRING, true};
    bool good = ck_gguf_put_key(&plan->flat.memory, out, key, type);
    *ret_place = out->size;
    return good && ck_gguf_put_number(&plan->flat.memory, out, 0, 8);
}

/* Takes a list that has remained empty back. */
static void end_list(ck_buffer *out, size_t begin, size_t place, uint64_t strings,
                     uint64_t *count) {
    if (strings == 0) {
        out->size = begin;
        return;
    }
    ck_store64(out->bytes + place, strings);
    ++*count;
}

static bool put_names(const ck_gguf_plan *plan, ck_buffer *out, uint64_t *count) {
    const ck_flat *flat = &plan->flat;
    size_t begin = out->size, place;
    uint64_t strings = 0;
    bool good = begin_list(plan, out, CK_GGUF_NAMES_KEY, &place);
    for (uint32_t i = 0; i < ck_gguf_item_count(plan) && good; i++) {
        uint32_t entry = ck_gguf_item_at(plan, i)->entry;
        if (ck_flat_at(flat, entry)->written == ck_flat_at(flat, entry)->name)
            continue;
        good = put_text(plan, out, ck_flat_written(flat, entry)) &&
               put_text(plan, out, ck_flat_name(flat, entry));
        strings += 2;
    }
    if (good)
        end_list(out, begin, place, strings, count);
    return good;
}

static bool put_ties(const ck_gguf_plan *plan, ck_buffer *out, uint64_t *count) {
    const ck_flat *flat = &plan->flat;
    size_t begin = out->size, place;
    uint64_t strings = 0;
    unsigned long written = 0;
    bool good = begin_list(plan, out, CK_GGUF_TIES_KEY, &place);
    for (uint32_t i = 0; i < ck_flat_count(flat) && good; i++) {
        char number[24];
        if (ck_flat_at(flat, i)->same == i) {
            written++;
            continue;
        }
        snprintf(number, sizeof number, "%lu", written);
        good = put_text(plan, out, ck_flat_name(flat, i)) &&
               put_text(plan, out, ck_flat_name(flat, ck_flat_at(flat, i)->same)) &&
               put_text(plan, out, number);
        strings += 3;
    }
    if (good)
        end_list(out, begin, place, strings, count);
    return good;
}

ckpt_status ck_gguf_put_metadata(const ck_gguf_plan *plan, bool is_split, ck_buffer *out,
                                 uint64_t *count, ckpt_error *err) {
    ckpt_status status = put_entries(plan, is_split, out, count, err);
    if (status == CKPT_OK && (!put_names(plan, out, count) || !put_ties(plan, out, count)))
        status = ck_fail_nomem(err);
    return status;
}
