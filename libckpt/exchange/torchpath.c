/* SPDX-License-Identifier: MIT */
/* Pointers into the Python object, in the manner of RFC 6901: "" is the object, "/model/0.weight"
 * what is under "0.weight" of what is under "model"; '~' in a key is "~0", '/' is "~1". */
#include "exchange/torchstate.h"

#include <string.h>

ckpt_status ck_torch_spend_text(ck_torch_reader *t, uint64_t size, ckpt_error *err) {
    if (size > t->text_left)
        return ck_fail(err, CKPT_E_LIMIT, "the names in it are too long for so small a file");
    t->text_left -= size;
    return CKPT_OK;
}

ckpt_status ck_torch_enter(ck_torch_reader *t, const char *key, size_t size, ckpt_error *err) {
    size_t before = t->path.size;
    bool fits = ck_buffer_append(&t->memory, &t->path, "/", 1);
    for (size_t i = 0; fits && i < size; i++) {
        const char *text = key[i] == '~' ? "~0" : key[i] == '/' ? "~1" : key + i;
        fits = ck_buffer_append(&t->memory, &t->path, text, text == key + i ? 1 : 2);
    }
    if (fits)
        return CKPT_OK;
    t->path.size = before;
    return ck_fail_nomem(err);
}

const char *ck_torch_path(ck_torch_reader *t) {
    if (!ck_buffer_reserve(&t->memory, &t->path, 1))
        return "";
    t->path.bytes[t->path.size] = '\0';
    return (const char *)t->path.bytes;
}

ckpt_status ck_torch_locate(ck_torch_reader *t, ckpt_error *err, ckpt_status status) {
    if (status == CKPT_OK || status == CKPT_E_NOMEM || err == NULL || t->path.size == 0)
        return status;
    return ck_error_prefix(err, status, ck_torch_path(t));
}

ckpt_status ck_torch_side_map(ck_torch_reader *t, const char *name, ckpt_value *ret_map,
                              ckpt_error *err) {
    ckpt_value metadata = ckpt_metadata(t->c), map = ckpt_map_get(metadata, name);
    ckpt_status status = CKPT_OK;
    if (ckpt_value_kind(map) != CKPT_VALUE_MAP)
        status = ckpt_map_set(metadata, name, ckpt_map(), &map, err);
    if (status == CKPT_OK)
        *ret_map = map;
    return status;
}

ckpt_status ck_torch_note_type(ck_torch_reader *t, const char *type, ckpt_error *err) {
    ckpt_value types;
    if (!ck_buffer_reserve(&t->memory, &t->path, 1))
        return ck_fail_nomem(err);
    ckpt_status status = ck_torch_spend_text(t, t->path.size, err);
    if (status == CKPT_OK)
        status = ck_torch_side_map(t, CK_TORCH_TYPES, &types, err);
    if (status == CKPT_OK)
        status = ckpt_map_set(types, ck_torch_path(t), ckpt_string(type), NULL, err);
    return status;
}
