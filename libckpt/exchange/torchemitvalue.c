/* SPDX-License-Identifier: MIT */
/* Values in the pickle: what torch.types says they were, where they still can be that; else what
 * they are. */
#include "exchange/torchpath.h"
#include "exchange/torchwriter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- scalars ---- */

static void call(ck_torch_writer *w, uint32_t arguments) {
    ck_pickle_write_tuple(&w->pickle, arguments);
    ck_pickle_op_byte(&w->pickle, 'R');
}

/* "cuda:1" and the like: letters, perhaps a number. */
static bool is_device(const char *text, size_t *ret_letters) {
    size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    const char *digits = text + letters + (text[letters] == ':');
    *ret_letters = letters;
    if (letters == 0 || letters > 32)
        return false;
    return text[letters] == '\0' ||
           (text[letters] == ':' && *digits != '\0' && strlen(digits) <= 3 &&
            strspn(digits, "0123456789") == strlen(digits));
}

static void emit_device(ck_torch_writer *w, const char *text, size_t letters) {
    ck_pickle_write_name(&w->pickle, "torch", "device");
    ck_pickle_write_text(&w->pickle, text, letters);
    if (text[letters] != '\0')
        ck_pickle_write_int(&w->pickle, strtol(text + letters + 1, NULL, 10));
    call(w, text[letters] != '\0' ? 2 : 1);
}

static bool is_qscheme(const char *text) {
    for (size_t i = 0; i < ck_torch_name_count; i++) {
        if (ck_torch_names[i].id == CK_TORCH_QSCHEMES && strcmp(ck_torch_names[i].name, text) == 0)
            return true;
    }
    return false;
}

/* As store_long of torchvalue.c writes it. */
static bool emit_long(ck_torch_writer *w, const char *text) {
    unsigned char bytes[256];
    bool negative = text[0] == '-';
    text += negative;
    size_t size = strlen(text);
    if (size < 4 || size > 2 + 510 || text[0] != '0' || text[1] != 'x' ||
        !ck_torch_read_hex(text + 2, size - 2, bytes, sizeof bytes))
        return false;
    size = (size - 2) / 2;
    for (size_t i = 0; i < size / 2; i++) {
        unsigned char byte = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = byte;
    }
    unsigned carry = 1;
    for (size_t i = 0; negative && i < size; i++) {
        carry += (unsigned char)~bytes[i];
        bytes[i] = (unsigned char)carry;
        carry >>= 8;
    }
    if ((bytes[size - 1] >= 0x80) != negative) /* no room for the sign */
        return false;
    ck_pickle_write_long(&w->pickle, bytes, size);
    return true;
}

static void emit_string(ck_torch_writer *w, const char *text, const char *type) {
    size_t letters;
    if (w->dialect != NULL && w->dialect->emit_noted(w, text, type))
        return;
    if (strcmp(type, "torch.dtype") == 0 && ck_torch_find_dtype(text) != UINT16_MAX) {
        ck_torch_emit_name(w, CK_TORCH_MEMO_DTYPES + ck_torch_find_dtype(text), "torch", text);
    } else if (strcmp(type, "torch.device") == 0 && is_device(text, &letters)) {
        emit_device(w, text, letters);
    } else if (strcmp(type, "torch.qscheme") == 0 && is_qscheme(text)) {
        ck_pickle_write_name(&w->pickle, "torch", text);
    } else if (strcmp(type, "torch.layout") == 0) {
        ck_pickle_write_name(&w->pickle, "torch.serialization", "_get_layout");
        ck_pickle_write_text(&w->pickle, text, strlen(text));
        call(w, 1);
    } else if (strcmp(type, "int") != 0 || !emit_long(w, text)) {
        ck_pickle_write_text(&w->pickle, text, strlen(text));
    }
}

/* A text of as many characters as there are bytes, which "latin1" turns back. */
static void emit_bytes(ck_torch_writer *w, const unsigned char *bytes, size_t size,
                       const char *type) {
    bool is_array = strcmp(type, "bytearray") == 0;
    if (strcmp(type, "str") == 0 && ck_pickle_is_python_text((const char *)bytes, size)) {
        ck_pickle_write_text(&w->pickle, (const char *)bytes, size);
        return;
    }
    ck_buffer text = {NULL, 0, 0};
    for (size_t i = 0; i < size; i++) {
        unsigned char pair[2] = {(unsigned char)(0xc0 | bytes[i] >> 6),
                                 (unsigned char)(0x80 | (bytes[i] & 0x3f))};
        bool one = bytes[i] < 0x80;
        if (!ck_buffer_append(&w->memory, &text, one ? &bytes[i] : pair, one ? 1 : 2))
            w->pickle.no_memory = true;
    }
    if (is_array)
        ck_pickle_write_builtin(&w->pickle, "bytearray");
    else
        ck_pickle_write_name(&w->pickle, "_codecs", "encode");
    ck_pickle_write_text(&w->pickle, (const char *)text.bytes, text.size);
    ck_pickle_write_text(&w->pickle, is_array ? "latin-1" : "latin1", is_array ? 7 : 6);
    call(w, 2);
    ck_buffer_clear(&w->memory, &text);
}

/* ---- containers ---- */

static ckpt_status emit_element(ck_torch_writer *w, ckpt_value element, const char *key,
                                ckpt_error *err) {
    size_t before = w->path.size;
    ckpt_status status = ck_torch_step(&w->memory, &w->path, key, strlen(key), err);
    if (status == CKPT_OK)
        status = ck_torch_emit_value(w, element, err);
    w->path.size = before;
    return status;
}

/* Elements of a list behind a mark; those of a tuple must be there at once. */
static ckpt_status emit_elements(ck_torch_writer *w, ckpt_value list, bool is_tuple,
                                 ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    ck_pickle_op_byte(&w->pickle, '(');
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_value_count(list); i++) {
        char key[16];
        snprintf(key, sizeof key, "%u", i);
        if (!is_tuple && i > 0 && i % CK_TORCH_BATCH == 0) {
            ck_pickle_op_byte(&w->pickle, 'e');
            ck_pickle_op_byte(&w->pickle, '(');
        }
        status = emit_element(w, ckpt_value_at(list, i), key, err);
    }
    return status;
}

static bool all_are(ckpt_value list, unsigned kinds) {
    for (uint32_t i = 0; i < ckpt_value_count(list); i++) {
        if ((1u << ckpt_value_kind(ckpt_value_at(list, i)) & kinds) == 0)
            return false;
    }
    return true;
}

static bool all_are_extents(ckpt_value list) {
    for (uint32_t i = 0; i < ckpt_value_count(list); i++) {
        if (ckpt_value_int(ckpt_value_at(list, i), -1) < 0)
            return false;
    }
    return true;
}

static bool all_are_hashable(ckpt_value list) {
    return all_are(list, 1u << CKPT_VALUE_NULL | 1u << CKPT_VALUE_BOOL | 1u << CKPT_VALUE_INT |
                             1u << CKPT_VALUE_FLOAT | 1u << CKPT_VALUE_STRING |
                             1u << CKPT_VALUE_BYTES);
}

#define OP_FROZENSET 0x91

/* PyTorch's pickles are of protocol 2, which has no frozensets, and torch.load takes none by name.
 */
static bool can_be_frozen(ck_torch_writer *w) {
    if (w->dialect != NULL)
        return true;
    ck_report_loss(&w->losses, CKPT_LOSS_METADATA, ck_torch_pointer(&w->path),
                   "a frozenset, which PyTorch does not load: written as a set");
    return false;
}

static ckpt_status emit_list(ck_torch_writer *w, ckpt_value list, const char *type,
                             ckpt_error *err) {
    ck_pickle_writer *p = &w->pickle;
    ckpt_status status;
    bool is_complex = strcmp(type, "complex") == 0 && ckpt_value_count(list) == 2 &&
                      all_are(list, 1u << CKPT_VALUE_FLOAT);
    bool is_size = strcmp(type, "torch.Size") == 0 && all_are_extents(list);
    bool is_frozen = strcmp(type, "frozenset") == 0 && all_are_hashable(list);
    bool is_set = strcmp(type, "set") == 0 && all_are_hashable(list);
    if (is_frozen && can_be_frozen(w)) {
        status = emit_elements(w, list, true, err);
        ck_pickle_op_byte(p, OP_FROZENSET);
        return status;
    }
    is_set = is_set || is_frozen;
    bool is_tuple = is_complex || is_size || strcmp(type, "tuple") == 0;
    if (is_complex)
        ck_pickle_write_builtin(p, "complex");
    if (is_size)
        ck_pickle_write_name(p, w->dialect != NULL ? w->dialect->module : "torch", "Size");
    if (is_set)
        ck_pickle_write_builtin(p, "set");
    if (!is_tuple)
        ck_pickle_op_byte(p, ']');
    status = emit_elements(w, list, is_tuple, err);
    ck_pickle_op_byte(p, is_tuple ? 't' : 'e');
    if (is_size || is_set)
        call(w, 1);
    if (is_complex)
        ck_pickle_op_byte(p, 'R');
    return status;
}

void ck_torch_emit_new_dict(ck_torch_writer *w, const char *type) {
    if (strncmp(type, "OrderedDict", 11) == 0) {
        ck_torch_emit_hooks(w);
    } else if (strncmp(type, "Counter", 7) == 0) {
        ck_pickle_write_name(&w->pickle, "collections", "Counter");
        call(w, 0);
    } else {
        ck_pickle_op_byte(&w->pickle, '}');
    }
}

static ckpt_status emit_map(ck_torch_writer *w, ckpt_value map, const char *type, ckpt_error *err) {
    const char *bracket = strchr(type, '[');
    const char *word = bracket != NULL ? bracket : "";
    ckpt_status status = CKPT_OK;
    ck_torch_emit_new_dict(w, type);
    ck_pickle_op_byte(&w->pickle, '(');
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_value_count(map); i++) {
        const char *key = ckpt_map_key(map, i);
        if (i > 0 && i % CK_TORCH_BATCH == 0) {
            ck_pickle_op_byte(&w->pickle, 'u');
            ck_pickle_op_byte(&w->pickle, '(');
        }
        ck_torch_emit_key(w, key, strlen(key), word);
        status = emit_element(w, ckpt_value_at(map, i), key, err);
    }
    ck_pickle_op_byte(&w->pickle, 'u');
    return status;
}

static ckpt_status emit_container(ck_torch_writer *w, ckpt_value value, const char *type,
                                  ckpt_error *err) {
    if (w->depth >= CK_PICKLE_MAX_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "values are nested deeper than %d", CK_PICKLE_MAX_DEPTH);
    w->depth++;
    ckpt_status status = ckpt_value_kind(value) == CKPT_VALUE_LIST ? emit_list(w, value, type, err)
                                                                   : emit_map(w, value, type, err);
    w->depth--;
    return status;
}

ckpt_status ck_torch_emit_value(ck_torch_writer *w, ckpt_value value, ckpt_error *err) {
    const char *type = ck_torch_noted_type(w);
    size_t size;
    const void *bytes;
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_BOOL: ck_pickle_write_bool(&w->pickle, ckpt_value_bool(value, false)); break;
    case CKPT_VALUE_INT: ck_pickle_write_int(&w->pickle, ckpt_value_int(value, 0)); break;
    case CKPT_VALUE_FLOAT: ck_pickle_write_float(&w->pickle, ckpt_value_float(value, 0)); break;
    case CKPT_VALUE_STRING: emit_string(w, ckpt_value_string(value), type); break;
    case CKPT_VALUE_BYTES:
        bytes = ckpt_value_bytes(value, &size);
        emit_bytes(w, bytes, size, type);
        break;
    case CKPT_VALUE_LIST:
    case CKPT_VALUE_MAP: return emit_container(w, value, type, err);
    default: ck_pickle_op_byte(&w->pickle, 'N');
    }
    return CKPT_OK;
}
