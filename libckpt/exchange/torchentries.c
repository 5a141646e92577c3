/* SPDX-License-Identifier: MIT */
#include "exchange/torchentries.h"

#include "base/error.h"
#include "model/records.h"

#include <string.h>

bool ck_torch_is_sequence(const char *type) {
    return strcmp(type, "list") == 0 || strcmp(type, "tuple") == 0;
}

bool ck_torch_is_container(const char *type) {
    return ck_torch_is_sequence(type) || strcmp(type, "dict") == 0 ||
           strcmp(type, "OrderedDict") == 0 || strcmp(type, "Counter") == 0 ||
           strcmp(type, "object") == 0;
}

/* A module whose members are being gone through, and how much of the prefix stands before their
 * names. */
typedef struct frame {
    ckpt_module module;
    uint32_t next;
    size_t prefix_size;
} frame;

typedef struct collecting {
    ck_torch_entries *entries;
    uint64_t text_left;
    bool modules_too;
} collecting;

static ckpt_status add_entry(collecting *w, ck_buffer *list, size_t prefix_size, const char *name,
                             const ck_torch_entry *given, ckpt_error *err) {
    ck_torch_entries *e = w->entries;
    ck_torch_entry entry = *given;
    size_t name_size = strlen(name), size = prefix_size + name_size + 1;
    if (size > w->text_left)
        return ck_fail(err, CKPT_E_LIMIT, "the names are too long");
    w->text_left -= size;
    entry.key = e->text.size;
    entry.key_size = size - 1;
    if (!ck_buffer_append(&e->memory, &e->text, e->prefix.bytes, prefix_size) ||
        !ck_buffer_append(&e->memory, &e->text, name, name_size + 1) ||
        !ck_buffer_append(&e->memory, list, &entry, sizeof entry))
        return ck_fail_nomem(err);
    return CKPT_OK;
}

static ckpt_status add_attributes(collecting *w, ckpt_module module, ckpt_error *err) {
    ckpt_value attributes = ckpt_module_attributes(module);
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_value_count(attributes); i++) {
        ck_torch_entry entry;
        memset(&entry, 0, sizeof entry);
        entry.value = ckpt_value_at(attributes, i);
        status = add_entry(w, &w->entries->entries, 0, ckpt_map_key(attributes, i), &entry, err);
    }
    return status;
}

static ckpt_status push_frame(collecting *w, const frame *f, ckpt_error *err) {
    ck_torch_entries *e = w->entries;
    if (e->frames.size / sizeof *f >= CK_MAX_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "names have more than %d components", CK_MAX_DEPTH);
    return ck_buffer_append(&e->memory, &e->frames, f, sizeof *f) ? CKPT_OK : ck_fail_nomem(err);
}

static ckpt_status add_member(collecting *w, const frame *f, const ckpt_member *member,
                              ckpt_error *err) {
    ck_torch_entries *e = w->entries;
    ck_torch_entry entry;
    memset(&entry, 0, sizeof entry);
    entry.tensor = member->tensor;
    entry.module = member->module;
    if (member->kind == CKPT_MEMBER_TENSOR ||
        ck_torch_is_container(ckpt_module_type(member->module)))
        return add_entry(w, &e->entries, f->prefix_size, member->name, &entry, err);
    if (w->modules_too) {
        ckpt_status status = add_entry(w, &e->modules, f->prefix_size, member->name, &entry, err);
        if (status != CKPT_OK)
            return status;
    }
    frame inner;
    memset(&inner, 0, sizeof inner);
    inner.module = member->module;
    e->prefix.size = f->prefix_size;
    if (!ck_buffer_append(&e->memory, &e->prefix, member->name, strlen(member->name)) ||
        !ck_buffer_append(&e->memory, &e->prefix, ".", 1))
        return ck_fail_nomem(err);
    inner.prefix_size = e->prefix.size;
    return push_frame(w, &inner, err);
}

static ckpt_status add_members(collecting *w, ckpt_module module, ckpt_error *err) {
    frame first;
    memset(&first, 0, sizeof first);
    first.module = module;
    ckpt_status status = push_frame(w, &first, err);
    ck_buffer *frames = &w->entries->frames;
    while (status == CKPT_OK && frames->size != 0) {
        frame *top = (frame *)(void *)(frames->bytes + frames->size) - 1;
        if (top->next == ckpt_module_member_count(top->module)) {
            frames->size -= sizeof *top;
            continue;
        }
        ckpt_member member = ckpt_module_member(top->module, top->next++);
        frame copy = *top;
        status = add_member(w, &copy, &member, err);
    }
    return status;
}

static ckpt_status collect(collecting *w, const ck_memory *memory, ckpt_module module,
                           ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    ck_torch_entry self;
    memset(w->entries, 0, sizeof *w->entries);
    w->entries->memory = *memory;
    memset(&self, 0, sizeof self);
    self.module = module;
    if (w->modules_too)
        status = add_entry(w, &w->entries->modules, 0, "", &self, err);
    if (status == CKPT_OK && ck_torch_is_container(ckpt_module_type(module)))
        status = add_attributes(w, module, err);
    return status == CKPT_OK ? add_members(w, module, err) : status;
}

ckpt_status ck_torch_collect(ck_torch_entries *entries, const ck_memory *memory, ckpt_module module,
                             uint64_t max_text, ckpt_error *err) {
    collecting w = {entries, max_text, false};
    return collect(&w, memory, module, err);
}

ckpt_status ck_torch_collect_modules(ck_torch_entries *entries, const ck_memory *memory,
                                     ckpt_module module, uint64_t max_text, ckpt_error *err) {
    collecting w = {entries, max_text, true};
    return collect(&w, memory, module, err);
}

void ck_torch_clear(ck_torch_entries *entries) {
    ck_buffer_clear(&entries->memory, &entries->entries);
    ck_buffer_clear(&entries->memory, &entries->modules);
    ck_buffer_clear(&entries->memory, &entries->text);
    ck_buffer_clear(&entries->memory, &entries->prefix);
    ck_buffer_clear(&entries->memory, &entries->frames);
}
