/* SPDX-License-Identifier: MIT */
/* Runs the input as a pickle, and looks at all that it gave. */
#include "fuzztarget.h"

#include "exchange/pickle.h"

#include <string.h>

static const ck_pickle_name names[] = {
    {"collections", "OrderedDict", 0, CK_PICKLE_MAKES_DICT | CK_PICKLE_STATE},
    {"__builtin__", "set", 1, CK_PICKLE_MAKES_SET},
    {"torch._utils", "_rebuild_tensor_v2", 2, CK_PICKLE_CALL},
    {"torch", "FloatStorage", 3, 0},
    {"torch", "LongStorage", 4, 0},
    {"_codecs", "encode", 5, CK_PICKLE_CALL},
    {"a", "b", 6, CK_PICKLE_CALL | CK_PICKLE_NEW | CK_PICKLE_STATE},
};

static void check_id(const ck_pickle *p, uint32_t id) {
    must(id < ck_pickle_node_count(p), "a node that is not there");
}

static void check_state(const ck_pickle *p, uint32_t state) {
    if (state != CK_PICKLE_NO_NODE)
        check_id(p, state);
}

static void check_children(const ck_pickle *p, uint32_t id) {
    const ck_pickle_node *node = ck_pickle_at(p, id);
    uint32_t width = node->kind == CK_PICKLE_DICT ? 2 : 1;
    must(node->count <= node->as.run.room / width, "more children than room");
    must(node->as.run.first + (uint64_t)node->as.run.room <= p->children.size / sizeof(uint32_t),
         "children that are not there");
    for (uint32_t i = 0; i < node->count * width; i++)
        check_id(p, ck_pickle_child(p, id, i));
    check_state(p, node->as.run.state);
}

static void check_node(const ck_pickle *p, uint32_t id, size_t size) {
    const ck_pickle_node *node = ck_pickle_at(p, id);
    must(node->name == CK_PICKLE_NO_NAME || node->name < sizeof names / sizeof names[0], "name");
    must(strlen(ck_pickle_describe(p, id).text) > 0, "no description");
    switch (node->kind) {
    case CK_PICKLE_TEXT:
    case CK_PICKLE_LONG:
        must(node->as.bytes.offset + node->as.bytes.size <= p->text.size, "a text outside");
        break;
    case CK_PICKLE_BYTES:
    case CK_PICKLE_BYTEARRAY:
        must(node->as.bytes.offset + node->as.bytes.size <= size, "bytes outside of the pickle");
        break;
    case CK_PICKLE_TUPLE:
    case CK_PICKLE_LIST:
    case CK_PICKLE_SET:
    case CK_PICKLE_FROZENSET:
    case CK_PICKLE_DICT: check_children(p, id); break;
    case CK_PICKLE_OBJECT:
        check_state(p, node->as.object.state);
        check_id(p, node->as.object.arguments);
        break;
    case CK_PICKLE_STORED: check_id(p, node->as.object.arguments); break;
    default: must(node->kind <= CK_PICKLE_STORED, "kind");
    }
}

static void run(const uint8_t *data, size_t size, unsigned allowed) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ck_pickle p;
    ck_source source;
    ckpt_error err;
    uint32_t root = 0;
    uint64_t end = 0;
    must(ck_source_from_memory(&source, &hook, data, size, "input", &err) == CKPT_OK, "no source");
    ck_pickle_open(&p, &hook, names, sizeof names / sizeof names[0], allowed);
    ckpt_status status = ck_pickle_run(&p, &source, 0, size, &root, &end, &err);
    fuzz_check_error(status, &err);
    if (status == CKPT_OK) {
        check_id(&p, root);
        must(end <= size, "it ends behind its end");
        for (size_t i = 0; i < ck_pickle_node_count(&p); i++)
            check_node(&p, (uint32_t)i, size);
    }
    ck_pickle_close(&p);
    ck_source_close(&source);
    must(memory.peak <= ((size_t)1 << 20) + 128 * size, "it takes too much memory");
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    run(data, size, CK_PICKLE_PROTOCOL_2 | CK_PICKLE_PERSISTENT);
    run(data, size, CK_PICKLE_PROTOCOL_2 | CK_PICKLE_PROTOCOL_5);
    return 0;
}
