/* SPDX-License-Identifier: MIT */
#include "model/printclass.h"

#include "model/printer.h"
#include "model/topology.h"

#include <string.h>
#include <xxhash.h>

typedef struct hashing {
    const ck_memory *memory;
    ck_buffer words; /* of one module */
    bool complete;
} hashing;

static void add(hashing *h, const void *bytes, size_t size) {
    h->complete = h->complete && ck_buffer_append(h->memory, &h->words, bytes, size);
}

/* With the NUL, so that no two lists of texts run together to the same bytes. */
static void add_text(hashing *h, const char *text) {
    add(h, text, strlen(text) + 1);
}

static bool add_piece(void *ctx, const char *text, size_t size) {
    hashing *h = ctx;
    add(h, text, size);
    return h->complete;
}

static ck_print_class class_of(hashing *h, const ck_print_classes *classes, ckpt_module module) {
    ck_printer attributes = {add_piece, h, false};
    h->words.size = 0;
    add_text(h, ckpt_module_type(module));
    ck_put_attributes(&attributes, module);
    add_text(h, "");
    for (uint32_t i = 0; i < ckpt_module_member_count(module); i++) {
        ckpt_member member = ckpt_module_member(module, i);
        if (member.kind != CKPT_MEMBER_MODULE)
            continue;
        add_text(h, member.name);
        add(h, &classes->by_module[member.module.id], sizeof(ck_print_class));
    }
    XXH128_hash_t hash = XXH3_128bits(h->words.bytes, h->words.size);
    ck_print_class result = {hash.low64, hash.high64};
    return result;
}

/* Children before their holders: the order of the topology from its end. */
static bool hash_modules(const ck_print_classes *classes, ckpt *c, const ck_topology *topology) {
    hashing h = {&c->memory, {NULL, 0, 0}, true};
    for (uint32_t place = topology->count; place-- > 0 && h.complete;) {
        ckpt_module module = {c, topology->order[place]};
        classes->by_module[module.id] = class_of(&h, classes, module);
    }
    ck_buffer_clear(&c->memory, &h.words);
    return h.complete;
}

ckpt_status ck_print_classes_create(ckpt_module start, ck_print_classes *ret_classes,
                                    ckpt_error *err) {
    ckpt *c = start.owner;
    ck_topology topology;
    ckpt_status status = ck_topology_create(start, &topology, err);
    if (status != CKPT_OK)
        return status;
    ck_print_classes classes = {c->memory, NULL, c->modules.count};
    classes.by_module = ck_calloc(&c->memory, classes.count, sizeof(ck_print_class));
    bool complete = classes.by_module != NULL && hash_modules(&classes, c, &topology);
    ck_topology_free(&topology);
    if (!complete) {
        ck_print_classes_free(&classes);
        return ck_fail_nomem(err);
    }
    *ret_classes = classes;
    return CKPT_OK;
}

void ck_print_classes_free(ck_print_classes *classes) {
    ck_free(&classes->memory, classes->by_module, classes->count, sizeof(ck_print_class));
    classes->by_module = NULL;
}

bool ck_prints_alike(const ck_print_classes *classes, ckpt_module a, ckpt_module b) {
    ck_print_class x = classes->by_module[a.id], y = classes->by_module[b.id];
    return x.low == y.low && x.high == y.high;
}
