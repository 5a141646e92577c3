/* SPDX-License-Identifier: MIT */
/* Which modules print(net) shows with the same text. */
#ifndef CK_PRINTCLASS_H
#define CK_PRINTCLASS_H

#include "model/object.h"

typedef struct ck_print_class {
    uint64_t low, high;
} ck_print_class;

typedef struct ck_print_classes {
    ck_memory memory;
    ck_print_class *by_module;
    size_t count; /* modules of the checkpoint */
} ck_print_classes;

/* For every module that can be reached from start: a hash of its text, made of its own words and
 * the hashes of its children. Linear, however often a module is shared. */
ckpt_status ck_print_classes_create(ckpt_module start, ck_print_classes *ret_classes,
                                    ckpt_error *err);
void ck_print_classes_free(ck_print_classes *classes);
bool ck_prints_alike(const ck_print_classes *classes, ckpt_module a, ckpt_module b);

#endif
