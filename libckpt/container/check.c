/* SPDX-License-Identifier: MIT */
/* The whole index, part after part, and what only shows at the end: things that nothing uses. */
#include "container/index.h"

/* S4 and D4. A later minor version may have sections that use them. */
static ckpt_status check_usage(const ck_index *index, const ck_usage *usage, ckpt_error *err) {
    const ckpt *c = index->c;
    if (index->version_minor != 0)
        return CKPT_OK;
    for (uint32_t i = 0; i < c->strings.fixed; i++) {
        if (!usage->strings[i])
            return ck_index_reject(index, CK_STRING_OFFSETS, i, "S4", CKPT_E_STRUCTURE, err,
                                   "nothing refers to string %u", (unsigned)i);
    }
    for (uint32_t i = 0; i < c->dtypes.count; i++) {
        if (!usage->dtypes[i])
            return ck_index_reject(index, CK_DTYPES, i, "D4", CKPT_E_STRUCTURE, err,
                                   "no tensor has dtype %u", (unsigned)i);
    }
    return CKPT_OK;
}

static ckpt_status check_parts(const ck_index *index, const ck_usage *usage, ckpt_error *err) {
    ckpt_status status = ck_check_dtypes(index, usage, err);
    if (status == CKPT_OK)
        status = ck_check_modules(index, usage, err);
    if (status == CKPT_OK)
        status = ck_check_names(index, err);
    if (status == CKPT_OK)
        status = ck_check_tensors(index, usage, err);
    if (status == CKPT_OK)
        status = ck_check_storages(index, err);
    if (status == CKPT_OK)
        status = ck_check_parts(index, usage, err);
    if (status == CKPT_OK)
        status = ck_check_values(index, usage, err);
    if (status == CKPT_OK)
        status = check_usage(index, usage, err);
    return status;
}

ckpt_status ck_index_check(const ck_index *index, ckpt_error *err) {
    ckpt *c = index->c;
    ckpt_status status = ck_check_strings(index, err);
    if (status != CKPT_OK)
        return status;
    size_t strings = c->strings.fixed, dtypes = c->dtypes.count;
    ck_usage usage = {ck_calloc(&c->memory, strings, 1), ck_calloc(&c->memory, dtypes, 1)};
    if (usage.strings != NULL && usage.dtypes != NULL)
        status = check_parts(index, &usage, err);
    else
        status = ck_fail_nomem(err);
    ck_free(&c->memory, usage.strings, strings, 1);
    ck_free(&c->memory, usage.dtypes, dtypes, 1);
    return status;
}
