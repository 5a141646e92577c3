/* SPDX-License-Identifier: MIT */
/* Keys of Python's dicts from the texts that torchkeys.c made of them. */
#include "exchange/torchwriter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ck_torch_read_hex(const char *text, size_t size, unsigned char *bytes, size_t room) {
    if (size % 2 != 0 || size / 2 > room)
        return false;
    for (size_t i = 0; i < size; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool emit_int_key(ck_torch_writer *w, const char *key, size_t size) {
    char text[24], again[24];
    if (size == 0 || size >= sizeof text)
        return false;
    memcpy(text, key, size);
    text[size] = '\0';
    long long value = strtoll(text, NULL, 10);
    snprintf(again, sizeof again, "%lld", value);
    if (strcmp(text, again) != 0)
        return false;
    ck_pickle_write_int(&w->pickle, value);
    return true;
}

static bool begins(const char *key, size_t size, const char *tag) {
    size_t length = strlen(tag);
    return size >= length && memcmp(key, tag, length) == 0;
}

static bool emit_float_key(ck_torch_writer *w, const char *key, size_t size) {
    unsigned char bytes[8];
    uint64_t bits = 0;
    double value;
    if (size != 16 || !ck_torch_read_hex(key, size, bytes, sizeof bytes))
        return false;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | bytes[i];
    memcpy(&value, &bits, sizeof value);
    ck_pickle_write_float(&w->pickle, value);
    return true;
}

static bool emit_hex_key(ck_torch_writer *w, const char *key, size_t size) {
    size_t room = size / 2 + 1;
    unsigned char *bytes = ck_alloc(&w->memory, room, 1);
    if (bytes == NULL) {
        w->pickle.no_memory = true;
        return true;
    }
    bool is_text = ck_torch_read_hex(key, size, bytes, room) &&
                   ck_pickle_is_python_text((char *)bytes, size / 2);
    if (is_text)
        ck_pickle_write_text(&w->pickle, (char *)bytes, size / 2);
    ck_free(&w->memory, bytes, room, 1);
    return is_text;
}

static bool emit_tagged_key(ck_torch_writer *w, const char *key, size_t size) {
    unsigned char bytes[255];
    if (size == 4 && memcmp(key, "none", 4) == 0) {
        ck_pickle_op_byte(&w->pickle, 'N');
        return true;
    }
    if (size == 6 && begins(key, size, "bool:") && (key[5] == '0' || key[5] == '1')) {
        ck_pickle_write_bool(&w->pickle, key[5] == '1');
        return true;
    }
    if (begins(key, size, "int:"))
        return emit_int_key(w, key + 4, size - 4);
    if (begins(key, size, "float:"))
        return emit_float_key(w, key + 6, size - 6);
    if (begins(key, size, "hex:"))
        return emit_hex_key(w, key + 4, size - 4);
    if (begins(key, size, "long:") && size > 5 &&
        ck_torch_read_hex(key + 5, size - 5, bytes, sizeof bytes)) {
        ck_pickle_write_long(&w->pickle, bytes, (size - 5) / 2);
        return true;
    }
    if (!begins(key, size, "str:"))
        return false;
    ck_pickle_write_text(&w->pickle, key + 4, size - 4);
    return true;
}

void ck_torch_emit_key(ck_torch_writer *w, const char *key, size_t size, const char *word) {
    bool done = false;
    if (strcmp(word, "[int]") == 0)
        done = emit_int_key(w, key, size);
    else if (strcmp(word, "[any]") == 0)
        done = emit_tagged_key(w, key, size);
    if (!done)
        ck_pickle_write_text(&w->pickle, key, size);
}
