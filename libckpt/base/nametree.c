/* SPDX-License-Identifier: MIT */
#include "base/nametree.h"

#include <string.h>

/* A link is twice the number of a branch, or twice the number of a leaf plus one. */
typedef struct branch {
    size_t byte;       /* the first byte in which the names below differ ... */
    unsigned char bit; /* ... and the highest bit of it in which they do */
    uint32_t links[2];
} branch;

typedef struct leaf {
    size_t name; /* offset in text */
    size_t size;
    uint32_t value;
} leaf;

static branch *branch_at(const ck_nametree *tree, uint32_t link) {
    return (branch *)(void *)tree->branches.bytes + link / 2;
}

static leaf *leaf_at(const ck_nametree *tree, uint32_t link) {
    return (leaf *)(void *)tree->leaves.bytes + link / 2;
}

static bool is_leaf(uint32_t link) {
    return link % 2 == 1;
}

/* Behind its end a name has zeros, which no name has inside: so a prefix differs from the whole. */
static unsigned byte_of(const char *name, size_t size, size_t i) {
    return i < size ? (unsigned char)name[i] : 0;
}

static unsigned side_of(const branch *b, const char *name, size_t size) {
    return (byte_of(name, size, b->byte) & b->bit) != 0;
}

/* The leaf that agrees with the name in all bits that were asked on the way. */
static const leaf *nearest(const ck_nametree *tree, const char *name, size_t size) {
    uint32_t link = tree->root;
    while (!is_leaf(link)) {
        const branch *b = branch_at(tree, link);
        link = b->links[side_of(b, name, size)];
    }
    return leaf_at(tree, link);
}

static bool is_empty(const ck_nametree *tree) {
    return tree->leaves.size == 0;
}

uint32_t ck_nametree_get(const ck_nametree *tree, const char *name, size_t size) {
    if (is_empty(tree))
        return CK_NAMETREE_NONE;
    const leaf *found = nearest(tree, name, size);
    const char *text = (const char *)tree->text.bytes + found->name;
    bool same = found->size == size && memcmp(text, name, size) == 0;
    return same ? found->value : CK_NAMETREE_NONE;
}

static bool add_leaf(const ck_memory *memory, ck_nametree *tree, const char *name, size_t size,
                     uint32_t value, uint32_t *ret_link) {
    leaf added = {tree->text.size, size, value};
    size_t count = tree->leaves.size / sizeof added;
    if (count >= UINT32_MAX / 2 - 1 || !ck_buffer_reserve(memory, &tree->text, size + 1) ||
        !ck_buffer_append(memory, &tree->leaves, &added, sizeof added))
        return false;
    bool reserved = ck_buffer_append(memory, &tree->text, name, size) &&
                    ck_buffer_append(memory, &tree->text, "", 1);
    *ret_link = (uint32_t)(2 * count + 1);
    return reserved;
}

static unsigned char highest_bit(unsigned difference) {
    unsigned bit = 0x80;
    while ((difference & bit) == 0)
        bit >>= 1;
    return (unsigned char)bit;
}

/* Puts the branch where the bits asked on the way down stay in ascending order. */
static void insert_branch(ck_nametree *tree, uint32_t link, const char *name, size_t size) {
    branch *added = branch_at(tree, link);
    uint32_t *place = &tree->root;
    while (!is_leaf(*place)) {
        branch *b = branch_at(tree, *place);
        if (b->byte > added->byte || (b->byte == added->byte && b->bit < added->bit))
            break;
        place = &b->links[side_of(b, name, size)];
    }
    added->links[!side_of(added, name, size)] = *place;
    *place = link;
}

ck_nametree_result ck_nametree_add(const ck_memory *memory, ck_nametree *tree, const char *name,
                                   size_t size, uint32_t value) {
    if (is_empty(tree))
        return add_leaf(memory, tree, name, size, value, &tree->root) ? CK_NAMETREE_ADDED
                                                                      : CK_NAMETREE_NOMEM;
    const leaf *near = nearest(tree, name, size);
    const char *other = (const char *)tree->text.bytes + near->name;
    size_t shorter = size < near->size ? size : near->size, i = 0;
    while (i < shorter && name[i] == other[i])
        i++;
    if (i == size && i == near->size)
        return CK_NAMETREE_KNOWN;
    branch added = {i, highest_bit(byte_of(name, size, i) ^ byte_of(other, near->size, i)), {0, 0}};
    uint32_t leaf_link;
    uint32_t branch_link = (uint32_t)(2 * (tree->branches.size / sizeof added));
    if (!ck_buffer_reserve(memory, &tree->branches, sizeof added) ||
        !add_leaf(memory, tree, name, size, value, &leaf_link) ||
        !ck_buffer_append(memory, &tree->branches, &added, sizeof added))
        return CK_NAMETREE_NOMEM;
    branch *placed = branch_at(tree, branch_link);
    placed->links[side_of(placed, name, size)] = leaf_link;
    insert_branch(tree, branch_link, name, size);
    return CK_NAMETREE_ADDED;
}

void ck_nametree_clear(const ck_memory *memory, ck_nametree *tree) {
    ck_buffer_clear(memory, &tree->branches);
    ck_buffer_clear(memory, &tree->leaves);
    ck_buffer_clear(memory, &tree->text);
    tree->root = 0;
}
