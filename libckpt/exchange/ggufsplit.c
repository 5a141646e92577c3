/* SPDX-License-Identifier: MIT */
#include "exchange/ggufsplit.h"

#include "exchange/ggufnames.h"
#include "exchange/ggufvalues.h"

#include <stdio.h>
#include <string.h>

static ckpt_value find(ckpt *c, const char *key) {
    return ckpt_map_get(ckpt_metadata(c), key);
}

ckpt_status ck_gguf_find_split(ckpt *c, const ck_source *source, ck_gguf_split *ret_split,
                               ckpt_error *err) {
    static const char *const keys[] = {CK_GGUF_SPLIT_COUNT, CK_GGUF_SPLIT_NO,
                                       CK_GGUF_SPLIT_TENSORS};
    ck_place place = {source->name, CKPT_NO_OFFSET, "GG17", 0, 0};
    int64_t values[3] = {1, 0, -1};
    for (int i = 0; i < 3; i++) {
        ckpt_value value = find(c, keys[i]);
        ckpt_value_type kind = ckpt_value_kind(value);
        if (kind == CKPT_VALUE_ABSENT)
            continue;
        values[i] = ckpt_value_int(value, -1);
        if (kind != CKPT_VALUE_INT || values[i] < 0)
            return ck_fail_at(err, &place, CKPT_E_STRUCTURE, "'%s' is no integer from 0", keys[i]);
    }
    /* A merged file may have 0 files. */
    if (values[0] <= 1)
        values[0] = 1, values[1] = 0;
    if (values[0] > CK_GGUF_MAX_SPLITS)
        return ck_fail_at(err, &place, CKPT_E_LIMIT, "the model is split into %lld files",
                          (long long)values[0]);
    if (values[1] >= values[0])
        return ck_fail_at(err, &place, CKPT_E_STRUCTURE, "it is file %lld of %lld of a model",
                          (long long)values[1] + 1, (long long)values[0]);
    *ret_split = (ck_gguf_split){(uint32_t)values[1], (uint32_t)values[0], values[2]};
    return CKPT_OK;
}

ckpt_status ck_gguf_forget_split(ckpt *c, ckpt_error *err) {
    ckpt_status status = ck_gguf_drop_entry(c, CK_GGUF_SPLIT_NO, err);
    if (status == CKPT_OK)
        status = ck_gguf_drop_entry(c, CK_GGUF_SPLIT_COUNT, err);
    return status == CKPT_OK ? ck_gguf_drop_entry(c, CK_GGUF_SPLIT_TENSORS, err) : status;
}

void ck_gguf_split_suffix(uint32_t number, uint32_t count, char text[32]) {
    snprintf(text, 32, "-%05lu-of-%05lu.gguf", (unsigned long)number + 1, (unsigned long)count);
}

bool ck_gguf_split_component(const char *first, uint32_t number, uint32_t count,
                             char component[CK_GGUF_COMPONENT_ROOM]) {
    char suffix[32], wanted[32];
    const char *slash = strrchr(first, '/'), *base = slash != NULL ? slash + 1 : first;
    ck_gguf_split_suffix(0, count, suffix);
    ck_gguf_split_suffix(number, count, wanted);
    size_t size = strlen(base), end = strlen(suffix);
    if (size < end || size > CK_GGUF_COMPONENT_ROOM - 1 || strcmp(base + size - end, suffix) != 0)
        return false;
    memcpy(component, base, size - end);
    memcpy(component + size - end, wanted, end + 1);
    return true;
}

/* Five digits, at text. */
static bool read_digits(const char *text, uint32_t *ret_number) {
    uint32_t number = 0;
    for (int i = 0; i < 5; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    *ret_number = number;
    return true;
}

uint32_t ck_gguf_split_count_of(const char *path) {
    static const char shape[] = "-00000-of-00000.gguf";
    enum { SIZE = sizeof shape - 1, OF = 6, COUNT = 10, END = 15 };
    size_t size = strlen(path);
    uint32_t number, count;
    if (size < SIZE)
        return 0;
    path += size - SIZE;
    return path[0] == '-' && read_digits(path + 1, &number) &&
                   memcmp(path + OF, shape + OF, COUNT - OF) == 0 &&
                   read_digits(path + COUNT, &count) && strcmp(path + END, shape + END) == 0
               ? count
               : 0;
}
