/* SPDX-License-Identifier: MIT */
/* bytes and bytearrays, as each protocol has them. */
#include "base/utf8.h"
#include "exchange/torchstate.h"

#include <string.h>

/* The text that "latin1" turned into bytes, and stands for them; false when it is none. */
static bool find_latin(const ck_pickle *p, uint32_t arguments, const char **ret_text,
                       size_t *ret_size) {
    if (ck_pickle_at(p, arguments)->count != 2 ||
        ck_pickle_kind_of(p, ck_pickle_child(p, arguments, 0)) != CK_PICKLE_TEXT ||
        (!ck_pickle_is_text(p, ck_pickle_child(p, arguments, 1), "latin1") &&
         !ck_pickle_is_text(p, ck_pickle_child(p, arguments, 1), "latin-1")))
        return false;
    *ret_text = ck_pickle_text(p, ck_pickle_child(p, arguments, 0), ret_size);
    return true;
}

/* A bytearray is made of nothing, of bytes or as bytes are. */
static bool find_bytes(const ck_pickle *p, uint32_t node, const char **ret_text, size_t *ret_size) {
    uint32_t arguments = ck_pickle_at(p, node)->as.object.arguments;
    uint32_t count = ck_pickle_at(p, arguments)->count;
    if (ck_pickle_name_id(p, node) != CK_TORCH_BYTEARRAY || count == 2)
        return find_latin(p, arguments, ret_text, ret_size);
    if (count == 0)
        return true;
    uint32_t bytes = ck_pickle_child(p, node, 0);
    return count == 1 && ck_pickle_kind_of(p, bytes) == CK_PICKLE_OBJECT &&
           ck_pickle_name_id(p, bytes) == CK_TORCH_ENCODE &&
           find_latin(p, ck_pickle_at(p, bytes)->as.object.arguments, ret_text, ret_size);
}

static ckpt_status encode_latin(ck_torch_reader *t, const char *text, size_t size, ck_buffer *bytes,
                                ckpt_error *err) {
    for (const char *end = text + size; text < end;) {
        uint32_t code = *text != '\0' ? ck_utf8_next(&text, (size_t)(end - text)) : 0;
        text += code == 0;
        unsigned char byte = (unsigned char)code;
        if (code > 0xff)
            return ck_fail_rule(err, "PT4", CKPT_E_STRUCTURE,
                                "a character of bytes is none of latin-1");
        if (!ck_buffer_append(&t->memory, bytes, &byte, 1))
            return ck_fail_nomem(err);
    }
    return CKPT_OK;
}

static ckpt_status store_encoded(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                 const char *key, ckpt_error *err) {
    ck_buffer bytes = {NULL, 0, 0};
    size_t size = 0;
    const char *text = "";
    if (!find_bytes(&t->pickle, node, &text, &size))
        return ck_fail_rule(err, "PT4", CKPT_E_STRUCTURE, "%s has other arguments than it takes",
                            ck_pickle_describe(&t->pickle, node).text);
    ckpt_status status = ck_torch_spend_text(t, size, err);
    if (status == CKPT_OK)
        status = encode_latin(t, text, size, &bytes, err);
    if (status == CKPT_OK)
        status = ck_torch_put(container, key, ckpt_bytes(bytes.bytes, bytes.size), NULL, err);
    ck_buffer_clear(&t->memory, &bytes);
    if (status == CKPT_OK && ck_pickle_name_id(&t->pickle, node) == CK_TORCH_BYTEARRAY)
        status = ck_torch_note_type(t, "bytearray", err);
    return status;
}

/* Bytes that stand in the pickle as they are. They are there once, and may be named often. */
static ckpt_status store_raw(ck_torch_reader *t, uint32_t node, ckpt_value container,
                             const char *key, bool is_array, ckpt_error *err) {
    const ck_pickle_node *n = ck_pickle_at(&t->pickle, node);
    size_t size = (size_t)n->as.bytes.size;
    if (n->as.bytes.size > CK_PICKLE_MAX_SIZE)
        return ck_fail(err, CKPT_E_LIMIT, "more than %d bytes in one value", CK_PICKLE_MAX_SIZE);
    ckpt_status status = ck_torch_spend_text(t, size, err);
    unsigned char *bytes = status == CKPT_OK ? ck_alloc(&t->memory, size, 1) : NULL;
    if (bytes == NULL)
        return status != CKPT_OK ? status : ck_fail_nomem(err);
    status = ck_source_read(t->pickle.source, n->as.bytes.offset, bytes, size, err);
    if (status == CKPT_OK)
        status = ck_torch_put(container, key, ckpt_bytes(bytes, size), NULL, err);
    ck_free(&t->memory, bytes, size, 1);
    return status == CKPT_OK && is_array ? ck_torch_note_type(t, "bytearray", err) : status;
}

/* A bytearray as protocols 3 and 4 have it. */
static bool is_array_of_bytes(const ck_pickle *p, uint32_t node) {
    return ck_pickle_name_id(p, node) == CK_TORCH_BYTEARRAY &&
           ck_pickle_at(p, ck_pickle_at(p, node)->as.object.arguments)->count == 1 &&
           ck_pickle_kind_of(p, ck_pickle_child(p, node, 0)) == CK_PICKLE_BYTES;
}

ckpt_status ck_torch_store_bytes(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                 const char *key, ckpt_error *err) {
    ck_pickle_kind kind = ck_pickle_kind_of(&t->pickle, node);
    if (kind != CK_PICKLE_OBJECT)
        return store_raw(t, node, container, key, kind == CK_PICKLE_BYTEARRAY, err);
    return is_array_of_bytes(&t->pickle, node)
               ? store_raw(t, ck_pickle_child(&t->pickle, node, 0), container, key, true, err)
               : store_encoded(t, node, container, key, err);
}
