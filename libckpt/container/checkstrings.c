/* SPDX-License-Identifier: MIT */
/* Strings and element types (spec/ckpt-format.md, sections 5 and 6). */
#include "base/utf8.h"
#include "container/index.h"
#include "model/dtype.h"

#include <string.h>

/* S1. The bytes of STRING_BYTES are bounded by the end of the next section's directory entry, so
 * its count is what the last offset must be. */
static ckpt_status check_offsets(const ck_index *index, ckpt_error *err) {
    const ck_strings *strings = &index->c->strings;
    uint64_t before = 0;
    for (uint32_t i = 0; i <= strings->fixed; i++) {
        uint64_t offset = strings->offsets[i];
        if ((i == 0 && offset != 0) || (i > 0 && offset <= before))
            return ck_index_reject(index, CK_STRING_OFFSETS, i, "S1", CKPT_E_STRUCTURE, err,
                                   "string offset %u is out of order", (unsigned)i);
        before = offset;
    }
    if (before != index->string_bytes)
        return ck_index_reject(index, CK_STRING_OFFSETS, strings->fixed, "S1", CKPT_E_BOUNDS, err,
                               "the strings do not end where their section does");
    return CKPT_OK;
}

static int compare(const char *a, size_t a_size, const char *b, size_t b_size) {
    size_t common = a_size < b_size ? a_size : b_size;
    int order = common != 0 ? memcmp(a, b, common) : 0;
    return order != 0 ? order : a_size < b_size ? -1 : a_size > b_size;
}

ckpt_status ck_check_strings(const ck_index *index, ckpt_error *err) {
    const ckpt *c = index->c;
    const char *before = NULL;
    size_t before_size = 0;
    ckpt_status status = check_offsets(index, err);
    for (uint32_t i = 0; i < c->strings.fixed && status == CKPT_OK; i++) {
        size_t size;
        const char *text = ck_string(c, i, &size);
        uint64_t at = c->strings.offsets[i];
        if (text[size] != '\0' || !ck_utf8_valid(text, size))
            return ck_index_reject(index, CK_STRING_BYTES, at, "S2", CKPT_E_STRUCTURE, err,
                                   "string %u is not well-formed UTF-8 with a NUL behind it",
                                   (unsigned)i);
        if (before != NULL && compare(before, before_size, text, size) >= 0)
            return ck_index_reject(index, CK_STRING_BYTES, at, "S3", CKPT_E_STRUCTURE, err,
                                   "string %u is not greater than the one before", (unsigned)i);
        before = text;
        before_size = size;
    }
    return status;
}

ckpt_status ck_use_string(const ck_index *index, const ck_usage *usage, uint32_t string,
                          uint32_t kind, uint64_t i, ckpt_error *err) {
    if (string >= index->c->strings.fixed)
        return ck_index_reject(index, kind, i, "S5", CKPT_E_BOUNDS, err, "there is no string %u",
                               (unsigned)string);
    usage->strings[string] = 1;
    return CKPT_OK;
}

/* D2, D3, D5: what one type says of itself. */
static ckpt_status check_dtype(const ck_index *index, uint32_t i, ckpt_error *err) {
    const ck_dtype_rec *rec = ck_dtype_at(index->c, i);
    const char *name = ck_string(index->c, rec->name, NULL);
    ckpt_dtype_info known = ckpt_dtype_describe(ckpt_dtype_named(name));
    if (!ck_dtype_name_valid(name))
        return ck_index_reject(index, CK_DTYPES, i, "D5", CKPT_E_STRUCTURE, err,
                               "'%s' is not the name of a dtype", CK_NAME(name));
    if (rec->dtype_class < CKPT_CLASS_BOOL || rec->dtype_class > CKPT_CLASS_OPAQUE ||
        rec->reserved[0] != 0 || rec->reserved[1] != 0 || rec->reserved[2] != 0 ||
        rec->block_elements == 0 || rec->block_elements > CK_MAX_BLOCK || rec->block_bytes == 0 ||
        rec->block_bytes > CK_MAX_BLOCK)
        return ck_index_reject(index, CK_DTYPES, i, "D2", CKPT_E_STRUCTURE, err,
                               "dtype '%s' is described as none can be", CK_NAME(name));
    if (known.dtype != CKPT_DTYPE_OTHER &&
        (rec->dtype_class != (uint8_t)known.dtype_class ||
         rec->block_elements != known.block_elements || rec->block_bytes != known.block_bytes))
        return ck_index_reject(index, CK_DTYPES, i, "D3", CKPT_E_MISMATCH, err,
                               "dtype '%s' is described otherwise than the registry does",
                               CK_NAME(name));
    return CKPT_OK;
}

ckpt_status ck_check_dtypes(const ck_index *index, const ck_usage *usage, ckpt_error *err) {
    const ckpt *c = index->c;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < c->dtypes.count && status == CKPT_OK; i++) {
        uint32_t name = ck_dtype_at(c, i)->name;
        status = ck_use_string(index, usage, name, CK_DTYPES, i, err);
        if (status != CKPT_OK)
            return status;
        if (i > 0 && name <= ck_dtype_at(c, i - 1)->name)
            return ck_index_reject(index, CK_DTYPES, i, "D1", CKPT_E_STRUCTURE, err,
                                   "dtype %u is not greater than the one before", (unsigned)i);
        status = check_dtype(index, i, err);
    }
    return status;
}
