/* SPDX-License-Identifier: MIT */
#include "exchange/picklewrite.h"

#include "base/endian.h"
#include "exchange/pickle.h"

#include <string.h>

static void append(ck_pickle_writer *w, const void *bytes, size_t size) {
    if (w->no_memory || w->too_large)
        return;
    if (size > CK_PICKLE_MAX_SIZE - w->bytes.size)
        w->too_large = true;
    else if (!ck_buffer_append(&w->memory, &w->bytes, bytes, size))
        w->no_memory = true;
}

void ck_pickle_op_byte(ck_pickle_writer *w, unsigned char opcode) {
    if (++w->opcodes > CK_PICKLE_MAX_OPCODES)
        w->too_large = true;
    append(w, &opcode, 1);
}

static void append_number(ck_pickle_writer *w, unsigned char opcode, uint64_t number,
                          size_t width) {
    unsigned char bytes[8];
    ck_store64(bytes, number);
    ck_pickle_op_byte(w, opcode);
    append(w, bytes, width);
}

void ck_pickle_write_begin(ck_pickle_writer *w, unsigned protocol) {
    w->protocol = protocol;
    append_number(w, 0x80, protocol, 1);
}

ckpt_status ck_pickle_write_end(ck_pickle_writer *w, ckpt_error *err) {
    ck_pickle_op_byte(w, '.');
    if (w->no_memory)
        return ck_fail_nomem(err);
    if (w->too_large)
        return ck_fail(err, CKPT_E_LIMIT, "too many names and values for a pickle");
    return CKPT_OK;
}

void ck_pickle_writer_clear(ck_pickle_writer *w) {
    ck_buffer_clear(&w->memory, &w->bytes);
}

void ck_pickle_write_bool(ck_pickle_writer *w, bool value) {
    ck_pickle_op_byte(w, value ? 0x88 : 0x89);
}

void ck_pickle_write_int(ck_pickle_writer *w, int64_t value) {
    unsigned char bytes[8];
    size_t size = 8;
    if (value >= 0 && value <= UINT8_MAX) {
        append_number(w, 'K', (uint64_t)value, 1);
    } else if (value >= 0 && value <= UINT16_MAX) {
        append_number(w, 'M', (uint64_t)value, 2);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        append_number(w, 'J', (uint64_t)value, 4);
    } else {
        ck_store64(bytes, (uint64_t)value);
        while (size > 1 && ((bytes[size - 1] == 0 && bytes[size - 2] < 0x80) ||
                            (bytes[size - 1] == 0xff && bytes[size - 2] >= 0x80)))
            size--;
        ck_pickle_write_long(w, bytes, size);
    }
}

void ck_pickle_write_uint(ck_pickle_writer *w, uint64_t value) {
    unsigned char bytes[9] = {0};
    if (value <= INT64_MAX) {
        ck_pickle_write_int(w, (int64_t)value);
        return;
    }
    ck_store64(bytes, value);
    ck_pickle_write_long(w, bytes, sizeof bytes);
}

void ck_pickle_write_long(ck_pickle_writer *w, const unsigned char *bytes, size_t size) {
    append_number(w, 0x8a, size, 1);
    append(w, bytes, size);
}

void ck_pickle_write_float(ck_pickle_writer *w, double value) {
    uint64_t bits;
    unsigned char bytes[8];
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(bits >> (56 - 8 * i));
    ck_pickle_op_byte(w, 'G');
    append(w, bytes, sizeof bytes);
}

void ck_pickle_write_text(ck_pickle_writer *w, const char *text, size_t size) {
    if (size > CK_PICKLE_MAX_SIZE)
        w->too_large = true;
    append_number(w, 'X', size, 4);
    append(w, text, size);
}

void ck_pickle_write_name(ck_pickle_writer *w, const char *module, const char *name) {
    ck_pickle_op_byte(w, 'c');
    append(w, module, strlen(module));
    append(w, "\n", 1);
    append(w, name, strlen(name));
    append(w, "\n", 1);
}

/* Up to protocol 2 modules have the names that they had in Python 2. */
void ck_pickle_write_builtin(ck_pickle_writer *w, const char *name) {
    ck_pickle_write_name(w, w->protocol > 2 ? "builtins" : "__builtin__", name);
}

void ck_pickle_write_bytes_head(ck_pickle_writer *w, uint64_t size) {
    if (size <= UINT8_MAX)
        append_number(w, 'C', size, 1);
    else if (size <= UINT32_MAX)
        append_number(w, 'B', size, 4);
    else
        append_number(w, 0x8e, size, 8);
}

void ck_pickle_write_tuple(ck_pickle_writer *w, uint32_t count) {
    static const unsigned char opcodes[] = {')', 0x85, 0x86, 0x87};
    ck_pickle_op_byte(w, count <= 3 ? opcodes[count] : 't');
}

uint32_t ck_pickle_memoize(ck_pickle_writer *w) {
    uint32_t number = w->memo++;
    append_number(w, number <= UINT8_MAX ? 'q' : 'r', number, number <= UINT8_MAX ? 1 : 4);
    return number + 1;
}

void ck_pickle_recall(ck_pickle_writer *w, uint32_t number) {
    number--;
    append_number(w, number <= UINT8_MAX ? 'h' : 'j', number, number <= UINT8_MAX ? 1 : 4);
}
