/* SPDX-License-Identifier: MIT */
/* Reading dtypes: a name of the registry, or a description. */
#include "manifest/manifeststate.h"

#include "model/dtype.h"
#include "model/records.h"

#include <string.h>

static ckpt_status read_registered(ck_manifest_reader *r, const ck_yaml_event *event,
                                   ckpt_dtype_info *ret_info, ckpt_error *err) {
    ckpt_status status = ck_yaml_as_string(&r->yaml, event, "a dtype", err);
    if (status != CKPT_OK)
        return status;
    ckpt_dtype dtype = ckpt_dtype_named(event->text);
    if (dtype == CKPT_DTYPE_OTHER)
        return ck_yaml_fail(&r->yaml, event->mark, err,
                            "expected a dtype of the registry or {name, class, block_elements, "
                            "block_bytes}, got '%s'",
                            CK_NAME(event->text));
    *ret_info = ckpt_dtype_describe(dtype);
    return CKPT_OK;
}

static ckpt_status take_name(ck_manifest_reader *r, const ck_yaml_event *event, char name[40],
                             ckpt_error *err) {
    ckpt_status status = ck_yaml_as_string(&r->yaml, event, "the name of a dtype", err);
    if (status != CKPT_OK)
        return status;
    if (!ck_dtype_name_valid(event->text))
        return ck_yaml_fail(&r->yaml, event->mark, err,
                            "expected a name of 1 to %d characters a-z, 0-9 and '_', got '%s'",
                            CK_MAX_DTYPE_NAME, CK_NAME(event->text));
    if (ckpt_dtype_named(event->text) != CKPT_DTYPE_OTHER)
        return ck_yaml_fail(&r->yaml, event->mark, err,
                            "expected just the name: '%s' is a dtype of the registry",
                            CK_NAME(event->text));
    memcpy(name, event->text, event->size + 1);
    return CKPT_OK;
}

static ckpt_status take_class(ck_manifest_reader *r, const ck_yaml_event *event,
                              ckpt_dtype_class *ret_class, ckpt_error *err) {
    static const char *const classes[] = {"bool",    "uint",  "int",   "float",
                                          "complex", "block", "opaque"};
    static const char what[] = "bool, uint, int, float, complex, block or opaque";
    ckpt_status status = ck_yaml_as_string(&r->yaml, event, what, err);
    if (status != CKPT_OK)
        return status;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (strcmp(event->text, classes[i]) == 0) {
            *ret_class = (ckpt_dtype_class)(CKPT_CLASS_BOOL + i);
            return CKPT_OK;
        }
    }
    return ck_yaml_unexpected(&r->yaml, event, what, err);
}

static ckpt_status take_count(ck_manifest_reader *r, const ck_yaml_event *event,
                              uint32_t *ret_count, ckpt_error *err) {
    uint64_t count;
    ckpt_status status =
        ck_yaml_as_uint(&r->yaml, event, "an integer from 1 to 65536", &count, err);
    if (status != CKPT_OK)
        return status;
    if (count == 0 || count > CK_MAX_BLOCK)
        return ck_yaml_unexpected(&r->yaml, event, "an integer from 1 to 65536", err);
    *ret_count = (uint32_t)count;
    return CKPT_OK;
}

static ckpt_status read_described(ck_manifest_reader *r, ck_mark mark, char name[40],
                                  ckpt_dtype_info *info, ckpt_error *err) {
    static const char *const keys[] = {"name", "class", "block_elements", "block_bytes"};
    uint32_t seen = 0, key = 0;
    ck_yaml_event event;
    for (;;) {
        ckpt_status status = ck_yaml_next_key(&r->yaml, "a key of the dtype", &event, err);
        if (status != CKPT_OK)
            return status;
        if (event.kind == CK_YAML_MAP_END)
            break;
        status = ck_read_known_key(r, &event, keys, 4, &seen, &key, err);
        if (status == CKPT_OK)
            status = ck_yaml_next(&r->yaml, &event, err);
        if (status != CKPT_OK)
            return status;
        switch (key) {
        case 0: status = take_name(r, &event, name, err); break;
        case 1: status = take_class(r, &event, &info->dtype_class, err); break;
        case 2: status = take_count(r, &event, &info->block_elements, err); break;
        default: status = take_count(r, &event, &info->block_bytes, err); break;
        }
        if (status != CKPT_OK)
            return status;
    }
    if (seen != 15)
        return ck_yaml_fail(&r->yaml, mark, err,
                            "expected the dtype to have name, class, block_elements and "
                            "block_bytes");
    info->name = name;
    info->dtype = CKPT_DTYPE_OTHER;
    return CKPT_OK;
}

ckpt_status ck_read_dtype(ck_manifest_reader *r, char name[40], ckpt_dtype_info *ret_info,
                          ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status != CKPT_OK)
        return status;
    if (event.kind == CK_YAML_MAP && event.anchor == NULL)
        return read_described(r, event.mark, name, ret_info, err);
    return read_registered(r, &event, ret_info, err);
}
