/* SPDX-License-Identifier: MIT */
/* The keys of Python's dicts as texts: names of members, or keys of maps. */
#include "exchange/torchstate.h"

#include <stdio.h>
#include <string.h>

static bool append(ck_torch_reader *t, ck_torch_keys *keys, const void *bytes, size_t size) {
    return ck_buffer_append(&t->memory, &keys->text, bytes, size);
}

static bool append_hex(ck_torch_reader *t, ck_torch_keys *keys, const char *bytes, size_t size) {
    bool fits = true;
    for (size_t i = 0; fits && i < size; i++) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02x", (unsigned char)bytes[i]);
        fits = append(t, keys, digits, 2);
    }
    return fits;
}

static bool append_int(ck_torch_reader *t, ck_torch_keys *keys, int64_t value) {
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%lld", (long long)value);
    return append(t, keys, digits, (size_t)size);
}

/* A key with a letter that says what it is. */
static bool append_tagged(ck_torch_reader *t, ck_torch_keys *keys, uint32_t node) {
    const ck_pickle_node *key = ck_pickle_at(&t->pickle, node);
    size_t size = 0;
    const char *text = "";
    char bits[24];
    uint64_t number = 0;
    if (key->kind == CK_PICKLE_TEXT || key->kind == CK_PICKLE_LONG)
        text = ck_pickle_text(&t->pickle, node, &size);
    switch (key->kind) {
    case CK_PICKLE_NONE: return append(t, keys, "none", 4);
    case CK_PICKLE_BOOL: return append(t, keys, key->as.integer ? "bool:1" : "bool:0", 6);
    case CK_PICKLE_INT: return append(t, keys, "int:", 4) && append_int(t, keys, key->as.integer);
    case CK_PICKLE_LONG: return append(t, keys, "long:", 5) && append_hex(t, keys, text, size);
    case CK_PICKLE_FLOAT:
        memcpy(&number, &key->as.number, sizeof number);
        snprintf(bits, sizeof bits, "float:%016llx", (unsigned long long)number);
        return append(t, keys, bits, 22);
    default:
        return key->odd ? append(t, keys, "hex:", 4) && append_hex(t, keys, text, size)
                        : append(t, keys, "str:", 4) && append(t, keys, text, size);
    }
}

static const char *word_for(const ck_pickle *p, uint32_t dict) {
    bool texts = true, ints = true;
    uint32_t count = ck_pickle_at(p, dict)->count;
    for (uint32_t i = 0; i < count; i++) {
        const ck_pickle_node *key = ck_pickle_at(p, ck_pickle_child(p, dict, 2 * i));
        texts = texts && key->kind == CK_PICKLE_TEXT && !key->odd;
        ints = ints && key->kind == CK_PICKLE_INT;
    }
    return texts ? "" : ints ? "[int]" : "[any]";
}

static bool append_key(ck_torch_reader *t, ck_torch_keys *keys, uint32_t container, uint32_t i) {
    size_t size;
    if (ck_pickle_kind_of(&t->pickle, container) != CK_PICKLE_DICT)
        return append_int(t, keys, i);
    uint32_t node = ck_pickle_child(&t->pickle, container, 2 * i);
    if (strcmp(keys->word, "[int]") == 0)
        return append_int(t, keys, ck_pickle_at(&t->pickle, node)->as.integer);
    if (keys->word[0] != '\0')
        return append_tagged(t, keys, node);
    const char *text = ck_pickle_text(&t->pickle, node, &size);
    return append(t, keys, text, size);
}

ckpt_status ck_torch_make_keys(ck_torch_reader *t, uint32_t container, ck_torch_keys *keys,
                               ckpt_error *err) {
    bool is_dict = ck_pickle_kind_of(&t->pickle, container) == CK_PICKLE_DICT;
    uint32_t count = ck_pickle_at(&t->pickle, container)->count;
    size_t offset = 0;
    memset(keys, 0, sizeof *keys);
    keys->word = is_dict ? word_for(&t->pickle, container) : "";
    bool fits = ck_buffer_append(&t->memory, &keys->offsets, &offset, sizeof offset);
    for (uint32_t i = 0; fits && i < count; i++) {
        fits = append_key(t, keys, container, i) && append(t, keys, "", 1);
        ckpt_status status = ck_torch_spend_text(t, keys->text.size - offset, err);
        if (status != CKPT_OK)
            return status;
        offset = keys->text.size;
        fits = fits && ck_buffer_append(&t->memory, &keys->offsets, &offset, sizeof offset);
    }
    return fits ? CKPT_OK : ck_fail_nomem(err);
}

void ck_torch_clear_keys(ck_torch_reader *t, ck_torch_keys *keys) {
    ck_buffer_clear(&t->memory, &keys->text);
    ck_buffer_clear(&t->memory, &keys->offsets);
}
