/* SPDX-License-Identifier: MIT */
/* The entries of the Python dict, list or tuple for which a module stands. */
#ifndef CK_TORCHENTRIES_H
#define CK_TORCHENTRIES_H

#include "base/buffer.h"

#include <ckpt/model.h>

/* A value, a tensor or a module; the other two are absent or null. */
typedef struct ck_torch_entry {
    size_t key, key_size; /* in ck_torch_entries.text, with a NUL behind it */
    ckpt_value value;     /* owner NULL: none */
    ckpt_tensor tensor;
    ckpt_module module; /* one that stands for a container itself */
} ck_torch_entry;

typedef struct ck_torch_entries {
    ck_memory memory;
    ck_buffer entries; /* of ck_torch_entry */
    ck_buffer modules; /* of ck_torch_entry: the module itself and those that are parts of keys */
    ck_buffer text;
    ck_buffer prefix, frames; /* while they are collected */
} ck_torch_entries;

/* Whether modules of this type stand for a container: "dict", "OrderedDict", "Counter", "list",
 * "tuple", and "object" for what is none. Every other module is a part of the keys of what holds
 * it. */
bool ck_torch_is_container(const char *type);
bool ck_torch_is_sequence(const char *type); /* "list" or "tuple" */

/* First, of a container, the attributes, then what the state_dict would have: tensors and
 * containers under their dotted names, seen from the module. CKPT_E_LIMIT when the keys have more
 * than max_text bytes. Clear in every case. */
ckpt_status ck_torch_collect(ck_torch_entries *entries, const ck_memory *memory, ckpt_module module,
                             uint64_t max_text, ckpt_error *err);
/* The same; entries->modules is filled too, in the order of a walk, and its text counts as well. */
ckpt_status ck_torch_collect_modules(ck_torch_entries *entries, const ck_memory *memory,
                                     ckpt_module module, uint64_t max_text, ckpt_error *err);
void ck_torch_clear(ck_torch_entries *entries);

static inline uint32_t ck_torch_entry_count(const ck_torch_entries *entries) {
    return (uint32_t)(entries->entries.size / sizeof(ck_torch_entry));
}
static inline ck_torch_entry *ck_torch_entry_at(const ck_torch_entries *entries, uint32_t i) {
    return (ck_torch_entry *)(void *)entries->entries.bytes + i;
}
static inline const char *ck_torch_entry_key(const ck_torch_entries *entries, uint32_t i) {
    return (const char *)entries->text.bytes + ck_torch_entry_at(entries, i)->key;
}
static inline uint32_t ck_torch_module_count(const ck_torch_entries *entries) {
    return (uint32_t)(entries->modules.size / sizeof(ck_torch_entry));
}
static inline ck_torch_entry *ck_torch_module_entry(const ck_torch_entries *entries, uint32_t i) {
    return (ck_torch_entry *)(void *)entries->modules.bytes + i;
}
static inline const char *ck_torch_module_path(const ck_torch_entries *entries, uint32_t i) {
    return (const char *)entries->text.bytes + ck_torch_module_entry(entries, i)->key;
}

#endif
