/* SPDX-License-Identifier: MIT */
/* A map from names to numbers whose worst case is no worse than its best: a binary trie of the bits
 * in which the names differ. A look-up costs at most eight steps for each byte of the name,
 * whatever names a stranger has chosen. Names have no NUL inside. */
#ifndef CK_NAMETREE_H
#define CK_NAMETREE_H

#include "base/buffer.h"

/* All zeros is an empty tree. */
typedef struct ck_nametree {
    ck_buffer branches;
    ck_buffer leaves;
    ck_buffer text; /* the names, each with a NUL behind it */
    uint32_t root;
} ck_nametree;

#define CK_NAMETREE_NONE UINT32_MAX

typedef enum ck_nametree_result {
    CK_NAMETREE_ADDED,
    CK_NAMETREE_KNOWN, /* the name is there already; nothing is changed */
    CK_NAMETREE_NOMEM
} ck_nametree_result;

/* value is anything but CK_NAMETREE_NONE. */
ck_nametree_result ck_nametree_add(const ck_memory *memory, ck_nametree *tree, const char *name,
                                   size_t size, uint32_t value);
/* CK_NAMETREE_NONE when the name is not there. */
uint32_t ck_nametree_get(const ck_nametree *tree, const char *name, size_t size);
void ck_nametree_clear(const ck_memory *memory, ck_nametree *tree); /* frees; empty again */

#endif
