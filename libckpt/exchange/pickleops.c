/* SPDX-License-Identifier: MIT */
/* The opcodes that have values of their own, memo and marks; and the table of all. */
#include "base/endian.h"
#include "base/utf8.h"
#include "exchange/picklemachine.h"

#include <string.h>

static ckpt_status op_proto(ck_pickle *p, ckpt_error *err) {
    uint64_t protocol, most = (p->allowed & CK_PICKLE_PROTOCOL_5) != 0 ? 5 : 3;
    ckpt_status status = ck_pickle_take_number(p, 1, &protocol, err);
    if (status != CKPT_OK)
        return status;
    if (p->opcode_at != p->begin)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "a protocol is named a second time");
    if (protocol < 2 || protocol > most)
        return ck_pickle_fail(p, err, CKPT_E_UNSUPPORTED, "pickle protocol %d is not on the list",
                              (int)protocol);
    return CKPT_OK;
}

static ckpt_status op_stop(ck_pickle *p, ckpt_error *err) {
    (void)err;
    p->stopped = true;
    return CKPT_OK;
}

static ckpt_status op_mark(ck_pickle *p, ckpt_error *err) {
    uint32_t place = (uint32_t)(p->stack.size / sizeof(uint32_t));
    if (p->marks.size / sizeof place >= CK_PICKLE_MAX_MARKS)
        return ck_pickle_fail(p, err, CKPT_E_LIMIT, "more than %d marks", CK_PICKLE_MAX_MARKS);
    return ck_buffer_append(&p->memory, &p->marks, &place, sizeof place) ? CKPT_OK
                                                                         : ck_fail_nomem(err);
}

/* ---- numbers ---- */

static ckpt_status push_int(ck_pickle *p, ck_pickle_kind kind, int64_t value, ckpt_error *err) {
    ck_pickle_node node;
    memset(&node, 0, sizeof node);
    node.kind = (uint8_t)kind;
    node.name = CK_PICKLE_NO_NAME;
    node.as.integer = value;
    return ck_pickle_push_node(p, &node, err);
}

static ckpt_status op_constant(ck_pickle *p, ckpt_error *err) {
    return push_int(p, p->opcode == 'N' ? CK_PICKLE_NONE : CK_PICKLE_BOOL, p->opcode == 0x88, err);
}

static ckpt_status op_int(ck_pickle *p, ckpt_error *err) {
    uint64_t number;
    size_t width = p->opcode == 'J' ? 4 : p->opcode == 'M' ? 2 : 1;
    ckpt_status status = ck_pickle_take_number(p, width, &number, err);
    if (status != CKPT_OK)
        return status;
    int64_t value = (int64_t)number;
    if (p->opcode == 'J' && number > INT32_MAX) /* the only one with a sign */
        value -= (int64_t)1 << 32;
    return push_int(p, CK_PICKLE_INT, value, err);
}

static ckpt_status op_float(ck_pickle *p, ckpt_error *err) {
    const unsigned char *bytes;
    ckpt_status status = ck_pickle_take(p, 8, &bytes, err);
    if (status != CKPT_OK)
        return status;
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | bytes[i];
    ck_pickle_node node;
    memset(&node, 0, sizeof node);
    node.kind = CK_PICKLE_FLOAT;
    node.name = CK_PICKLE_NO_NAME;
    memcpy(&node.as.number, &bits, sizeof bits);
    return ck_pickle_push_node(p, &node, err);
}

/* The size without the bytes at the end that only repeat the sign. */
static size_t significant(const unsigned char *bytes, size_t size) {
    while (size > 1 && ((bytes[size - 1] == 0 && bytes[size - 2] < 0x80) ||
                        (bytes[size - 1] == 0xff && bytes[size - 2] >= 0x80)))
        size--;
    return size;
}

/* Two's complement of up to 255 bytes. */
static ckpt_status op_long(ck_pickle *p, ckpt_error *err) {
    uint64_t size;
    size_t offset = p->text.size;
    ckpt_status status = ck_pickle_take_number(p, 1, &size, err);
    if (status == CKPT_OK)
        status = ck_pickle_take_text(p, size, err);
    if (status != CKPT_OK)
        return status;
    const unsigned char *bytes = size != 0 ? p->text.bytes + offset : NULL;
    size = size != 0 ? significant(bytes, (size_t)size) : 0;
    if (size <= 8) {
        uint64_t bits = size != 0 && bytes[size - 1] >= 0x80 ? UINT64_MAX : 0;
        for (size_t i = (size_t)size; i-- > 0;)
            bits = bits << 8 | bytes[i];
        int64_t value;
        memcpy(&value, &bits, sizeof value);
        p->text.size = offset;
        return push_int(p, CK_PICKLE_INT, value, err);
    }
    ck_pickle_node node;
    memset(&node, 0, sizeof node);
    node.kind = CK_PICKLE_LONG;
    node.name = CK_PICKLE_NO_NAME;
    node.as.bytes.offset = offset;
    node.as.bytes.size = size;
    p->text.size = offset + (size_t)size;
    return ck_pickle_push_node(p, &node, err);
}

/* ---- texts and bytes ---- */

bool ck_pickle_is_python_text(const char *text, size_t size) {
    const char *end = text + size;
    while (text < end) {
        const unsigned char *u = (const unsigned char *)text;
        if (end - text >= 3 && u[0] == 0xed && u[1] >= 0xa0 && u[1] <= 0xbf &&
            (u[2] & 0xc0) == 0x80)
            text += 3;
        else if (ck_utf8_next(&text, (size_t)(end - text)) == UINT32_MAX)
            return false;
    }
    return true;
}

static size_t width_of_size(unsigned char opcode) {
    switch (opcode) {
    case 'U':
    case 'C':
    case 0x8c: return 1;
    case 'X':
    case 'B': return 4;
    default: return 8;
    }
}

static ckpt_status op_text(ck_pickle *p, ckpt_error *err) {
    uint64_t size;
    size_t offset = p->text.size;
    ckpt_status status = ck_pickle_take_number(p, width_of_size(p->opcode), &size, err);
    if (status == CKPT_OK)
        status = ck_pickle_take_text(p, size, err);
    if (status != CKPT_OK)
        return status;
    const char *text = size != 0 ? (const char *)p->text.bytes + offset : "";
    ck_pickle_node node;
    memset(&node, 0, sizeof node);
    node.kind = CK_PICKLE_TEXT;
    node.name = CK_PICKLE_NO_NAME;
    node.odd = !ck_utf8_valid(text, (size_t)size);
    node.as.bytes.offset = offset;
    node.as.bytes.size = size;
    if (node.odd && (p->opcode == 'U' || !ck_pickle_is_python_text(text, (size_t)size)))
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "a text is not UTF-8");
    return ck_pickle_push_node(p, &node, err);
}

static ckpt_status op_bytes(ck_pickle *p, ckpt_error *err) {
    uint64_t size;
    ckpt_status status = ck_pickle_take_number(p, width_of_size(p->opcode), &size, err);
    if (status != CKPT_OK)
        return status;
    ck_pickle_node node;
    memset(&node, 0, sizeof node);
    node.kind = p->opcode == 0x96 ? CK_PICKLE_BYTEARRAY : CK_PICKLE_BYTES;
    node.name = CK_PICKLE_NO_NAME;
    node.as.bytes.offset = p->position;
    node.as.bytes.size = size;
    status = ck_pickle_skip(p, size, err);
    return status == CKPT_OK ? ck_pickle_push_node(p, &node, err) : status;
}

/* ---- memo ---- */

static uint64_t memo_count(const ck_pickle *p) {
    return p->memo.size / sizeof(uint32_t);
}

static ckpt_status put(ck_pickle *p, uint64_t index, ckpt_error *err) {
    uint32_t id;
    ckpt_status status = ck_pickle_top(p, &id, err);
    if (status != CKPT_OK)
        return status;
    /* Whoever numbers things as they come has read more bytes than that. */
    if (index >= p->position - p->begin || index >= CK_PICKLE_MAX_OPCODES)
        return ck_pickle_fail_by(p, err, CK_PICKLE_DENSE_MEMO, CKPT_E_LIMIT,
                                 "the memo has a gap before number %llu",
                                 (unsigned long long)index);
    while (memo_count(p) <= index) {
        const uint32_t nothing = CK_PICKLE_NO_NODE;
        if (!ck_buffer_append(&p->memory, &p->memo, &nothing, sizeof nothing))
            return ck_fail_nomem(err);
    }
    ((uint32_t *)(void *)p->memo.bytes)[index] = id;
    return CKPT_OK;
}

static ckpt_status op_put(ck_pickle *p, ckpt_error *err) {
    uint64_t index;
    ckpt_status status = ck_pickle_take_number(p, p->opcode == 'q' ? 1 : 4, &index, err);
    return status == CKPT_OK ? put(p, index, err) : status;
}

static ckpt_status op_memoize(ck_pickle *p, ckpt_error *err) {
    return put(p, memo_count(p), err);
}

static ckpt_status op_get(ck_pickle *p, ckpt_error *err) {
    uint64_t index;
    ckpt_status status = ck_pickle_take_number(p, p->opcode == 'h' ? 1 : 4, &index, err);
    if (status != CKPT_OK)
        return status;
    uint32_t id = CK_PICKLE_NO_NODE;
    if (index < memo_count(p))
        id = ((const uint32_t *)(void *)p->memo.bytes)[index];
    if (id == CK_PICKLE_NO_NODE)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "the memo has no number %llu",
                              (unsigned long long)index);
    return ck_pickle_push(p, id, err);
}

/* ---- the list ---- */

#define P2 CK_PICKLE_PROTOCOL_2
#define P5 CK_PICKLE_PROTOCOL_5

static const ck_pickle_opcode opcodes[256] = {
    [0x80] = {op_proto, P2},                                 /* PROTO */
    ['.'] = {op_stop, P2},                                   /* STOP */
    ['('] = {op_mark, P2},                                   /* MARK */
    ['N'] = {op_constant, P2},                               /* NONE */
    [0x88] = {op_constant, P2},                              /* NEWTRUE */
    [0x89] = {op_constant, P2},                              /* NEWFALSE */
    ['J'] = {op_int, P2},                                    /* BININT */
    ['K'] = {op_int, P2},                                    /* BININT1 */
    ['M'] = {op_int, P2},                                    /* BININT2 */
    [0x8a] = {op_long, P2},                                  /* LONG1 */
    ['G'] = {op_float, P2},                                  /* BINFLOAT */
    ['X'] = {op_text, P2},                                   /* BINUNICODE */
    ['U'] = {op_text, P2},                                   /* SHORT_BINSTRING */
    ['q'] = {op_put, P2},                                    /* BINPUT */
    ['r'] = {op_put, P2},                                    /* LONG_BINPUT */
    ['h'] = {op_get, P2},                                    /* BINGET */
    ['j'] = {op_get, P2},                                    /* LONG_BINGET */
    [']'] = {ck_pickle_op_empty, P2},                        /* EMPTY_LIST */
    ['}'] = {ck_pickle_op_empty, P2},                        /* EMPTY_DICT */
    [')'] = {ck_pickle_op_empty, P2},                        /* EMPTY_TUPLE */
    [0x8f] = {ck_pickle_op_empty, P2},                       /* EMPTY_SET */
    ['t'] = {ck_pickle_op_tuple, P2},                        /* TUPLE */
    [0x85] = {ck_pickle_op_small_tuple, P2},                 /* TUPLE1 */
    [0x86] = {ck_pickle_op_small_tuple, P2},                 /* TUPLE2 */
    [0x87] = {ck_pickle_op_small_tuple, P2},                 /* TUPLE3 */
    ['a'] = {ck_pickle_op_append, P2},                       /* APPEND */
    ['e'] = {ck_pickle_op_appends, P2},                      /* APPENDS */
    ['s'] = {ck_pickle_op_setitem, P2},                      /* SETITEM */
    ['u'] = {ck_pickle_op_setitems, P2},                     /* SETITEMS */
    ['c'] = {ck_pickle_op_name, P2},                         /* GLOBAL */
    ['R'] = {ck_pickle_op_reduce, P2},                       /* REDUCE */
    [0x81] = {ck_pickle_op_newobj, P2},                      /* NEWOBJ */
    ['b'] = {ck_pickle_op_build, P2},                        /* BUILD */
    ['Q'] = {ck_pickle_op_persistent, CK_PICKLE_PERSISTENT}, /* BINPERSID */
    [0x95] = {ck_pickle_enter_frame, P5},                    /* FRAME */
    [0x94] = {op_memoize, P5},                               /* MEMOIZE */
    [0x8c] = {op_text, P5},                                  /* SHORT_BINUNICODE */
    [0x8d] = {op_text, P5},                                  /* BINUNICODE8 */
    ['C'] = {op_bytes, P5},                                  /* SHORT_BINBYTES */
    ['B'] = {op_bytes, P5},                                  /* BINBYTES */
    [0x8e] = {op_bytes, P5},                                 /* BINBYTES8 */
    [0x96] = {op_bytes, P5},                                 /* BYTEARRAY8 */
    [0x90] = {ck_pickle_op_additems, P5},                    /* ADDITEMS */
    [0x91] = {ck_pickle_op_frozenset, P5},                   /* FROZENSET */
    [0x93] = {ck_pickle_op_stack_name, P5},                  /* STACK_GLOBAL */
};

const ck_pickle_opcode *ck_pickle_opcode_of(unsigned char byte) {
    return &opcodes[byte];
}
