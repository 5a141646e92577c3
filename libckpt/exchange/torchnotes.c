/* SPDX-License-Identifier: MIT */
/* What a reader keeps in the metadata, and how much text it may make. */
#include "exchange/torchstate.h"

ckpt_status ck_torch_spend_text(ck_torch_reader *t, uint64_t size, ckpt_error *err) {
    if (size > t->text_left)
        return ck_fail(err, CKPT_E_LIMIT, "the names in it are too long for so small a file");
    t->text_left -= size;
    return CKPT_OK;
}

ckpt_status ck_torch_locate(ck_torch_reader *t, ckpt_error *err, ckpt_status status) {
    if (status == CKPT_OK || status == CKPT_E_NOMEM || err == NULL || t->path.size == 0)
        return status;
    return ck_error_prefix(err, status, ck_torch_pointer(&t->path));
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
    ckpt_status status = ck_torch_spend_text(t, t->path.size, err);
    if (status == CKPT_OK)
        status = ck_torch_side_map(t, CK_TORCH_TYPES, &types, err);
    if (status == CKPT_OK)
        status = ckpt_map_set(types, ck_torch_pointer(&t->path), ckpt_string(type), NULL, err);
    return status;
}
