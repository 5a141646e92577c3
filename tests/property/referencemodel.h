/* SPDX-License-Identifier: MIT */
/* A second, naive object model: arrays and linear search, no files. Every operation is done to it
 * and to a checkpoint; it says what the checkpoint must answer and what must have come of it. */
#ifndef REFERENCEMODEL_H
#define REFERENCEMODEL_H

#include <ckpt/ckpt.h>

enum {
    REFERENCE_MODULES = 40,
    REFERENCE_TENSORS = 120,
    REFERENCE_MEMBERS = 16,
    REFERENCE_KEYS = 8,
    REFERENCE_NAME = 24
};

typedef struct reference_member {
    char name[REFERENCE_NAME];
    bool is_module;
    uint32_t target;
} reference_member;

typedef struct reference_key {
    char name[8];
    int64_t value;
} reference_key;

typedef struct reference_module {
    char type[8];
    reference_member members[REFERENCE_MEMBERS];
    uint32_t member_count;
    reference_key keys[REFERENCE_KEYS];
    uint32_t key_count;
    ckpt_module handle; /* null once nothing leads to the module */
} reference_module;

/* All tensors are matrices of u8. */
typedef struct reference_tensor {
    uint64_t shape[2];
    uint64_t strides[2];
    uint64_t offset;
    bool is_buffer;
    uint32_t storage;
    ckpt_tensor handle; /* null once nothing leads to the tensor */
} reference_tensor;

typedef struct reference_storage {
    unsigned char bytes[64];
    uint64_t size;
} reference_storage;

typedef struct reference {
    reference_module modules[REFERENCE_MODULES];
    uint32_t module_count;
    reference_tensor tensors[REFERENCE_TENSORS];
    uint32_t tensor_count;
    reference_storage storages[REFERENCE_TENSORS];
    uint32_t storage_count;
} reference;

reference_member *reference_find(reference_module *module, const char *name);
reference_key *reference_find_key(reference_module *module, const char *name);
bool reference_reaches(const reference *model, uint32_t from, uint32_t to);

/* Compares with a checkpoint, along all names from the root, and renews all handles. NULL when all
 * is as it should be, else what is not. */
const char *reference_compare(reference *model, ckpt *c, char *buffer, size_t size);

#endif
