/* SPDX-License-Identifier: MIT */
#include "pickledump.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const ck_pickle_name test_names[] = {
    {"collections", "OrderedDict", ID_ORDERED_DICT, CK_PICKLE_MAKES_DICT | CK_PICKLE_STATE},
    {"__builtin__", "set", ID_SET, CK_PICKLE_MAKES_SET},
    {"torch", "Size", ID_SIZE, CK_PICKLE_CALL},
    {"torch", "float32", ID_PLAIN, 0},
    {"oneflow", "Tensor", ID_OBJECT, CK_PICKLE_NEW | CK_PICKLE_STATE},
};
const size_t test_name_count = sizeof test_names / sizeof test_names[0];

ckpt_status run_pickle(pickle_run *run, const ck_memory *memory, const void *bytes, size_t size,
                       unsigned allowed, ckpt_error *err) {
    memset(run, 0, sizeof *run);
    ck_pickle_open(&run->pickle, memory, test_names, test_name_count, allowed);
    ckpt_status status = ck_source_from_memory(&run->source, memory, bytes, size, "p", err);
    if (status == CKPT_OK)
        status = ck_pickle_run(&run->pickle, &run->source, 0, size, &run->root, &run->end, err);
    return status;
}

void close_run(pickle_run *run) {
    ck_pickle_close(&run->pickle);
    if (run->source.name != NULL)
        ck_source_close(&run->source);
}

typedef struct printing {
    const ck_pickle *p;
    char *text;
    size_t room, size;
} printing;

static void add(printing *w, const char *text, size_t size) {
    for (size_t i = 0; i < size && w->size + 1 < w->room; i++)
        w->text[w->size++] = text[i] != '\0' ? text[i] : '0';
    w->text[w->size] = '\0';
}

static void add_text(printing *w, const char *text) {
    add(w, text, strlen(text));
}

static void dump(printing *w, uint32_t id);

static void dump_children(printing *w, uint32_t id, const char *opening, const char *closing) {
    uint32_t count = ck_pickle_at(w->p, id)->count;
    bool is_dict = ck_pickle_kind_of(w->p, id) == CK_PICKLE_DICT;
    add_text(w, opening);
    for (uint32_t i = 0; i < (is_dict ? 2 * count : count); i++) {
        add_text(w, i == 0 ? "" : is_dict && i % 2 != 0 ? ": " : ", ");
        dump(w, ck_pickle_child(w->p, id, i));
    }
    add_text(w, closing);
}

static void dump_state(printing *w, uint32_t state) {
    if (state == CK_PICKLE_NO_NODE)
        return;
    add_text(w, "|");
    dump(w, state);
}

static void dump_number(printing *w, const ck_pickle_node *node) {
    char text[40];
    if (node->kind == CK_PICKLE_FLOAT)
        snprintf(text, sizeof text, "%a", node->as.number);
    else
        snprintf(text, sizeof text, "%" PRId64, node->as.integer);
    add_text(w, text);
}

static void dump_bytes(printing *w, uint32_t id) {
    const ck_pickle_node *node = ck_pickle_at(w->p, id);
    char text[64];
    size_t size;
    const char *bytes;
    switch (node->kind) {
    case CK_PICKLE_TEXT:
        bytes = ck_pickle_text(w->p, id, &size);
        add_text(w, node->odd ? "odd'" : "'");
        add(w, bytes, size);
        add_text(w, "'");
        break;
    case CK_PICKLE_LONG:
        bytes = ck_pickle_text(w->p, id, &size);
        add_text(w, "0x");
        for (size_t i = size; i-- > 0;) {
            snprintf(text, sizeof text, "%02x", (unsigned char)bytes[i]);
            add_text(w, text);
        }
        break;
    default:
        snprintf(text, sizeof text, "%s@%" PRIu64 "+%" PRIu64,
                 node->kind == CK_PICKLE_BYTES ? "bytes" : "bytearray", node->as.bytes.offset,
                 node->as.bytes.size);
        add_text(w, text);
    }
}

static void dump_name(printing *w, const ck_pickle_node *node) {
    if (node->name == CK_PICKLE_NO_NAME)
        return;
    add_text(w, w->p->names[node->name].module);
    add_text(w, ".");
    add_text(w, w->p->names[node->name].name);
}

static void dump(printing *w, uint32_t id) {
    const ck_pickle_node *node = ck_pickle_at(w->p, id);
    if (w->size + 1 >= w->room)
        return;
    switch (node->kind) {
    case CK_PICKLE_NONE: add_text(w, "None"); break;
    case CK_PICKLE_BOOL: add_text(w, node->as.integer ? "True" : "False"); break;
    case CK_PICKLE_INT:
    case CK_PICKLE_FLOAT: dump_number(w, node); break;
    case CK_PICKLE_TUPLE: dump_children(w, id, "(", ")"); break;
    case CK_PICKLE_LIST: dump_children(w, id, "[", "]"); break;
    case CK_PICKLE_SET: dump_children(w, id, "set(", ")"); break;
    case CK_PICKLE_FROZENSET: dump_children(w, id, "frozenset(", ")"); break;
    case CK_PICKLE_DICT:
        dump_name(w, node);
        dump_children(w, id, "{", "}");
        dump_state(w, node->as.run.state);
        break;
    case CK_PICKLE_NAME: dump_name(w, node); break;
    case CK_PICKLE_OBJECT:
        dump_name(w, node);
        dump(w, node->as.object.arguments);
        dump_state(w, node->as.object.state);
        break;
    case CK_PICKLE_STORED:
        add_text(w, "stored ");
        dump(w, node->as.object.arguments);
        break;
    default: dump_bytes(w, id);
    }
}

void dump_node(const ck_pickle *p, uint32_t id, char *text, size_t room) {
    printing w = {p, text, room, 0};
    text[0] = '\0';
    dump(&w, id);
}
