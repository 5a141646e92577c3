/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include "base/checked.h"
#include "base/linuxmemory.h"

#include <stdlib.h>
#include <string.h>

static void *resize_with_libc(void *ctx, void *block, size_t old_size, size_t new_size) {
    (void)ctx;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    void *resized = realloc(block, new_size);
    if (resized != NULL && new_size > old_size && new_size >= CK_HUGE_BLOCK)
        ck_linux_prefer_huge_pages(resized, new_size);
    return resized;
}

ck_memory ck_memory_from(const ckpt_allocator *allocator) {
    ck_memory libc = {resize_with_libc, NULL};
    return allocator != NULL ? *allocator : libc;
}

/* Bytes of a block of count items; at least 1, so that NULL is always a failure. */
static bool block_size(size_t count, size_t size, size_t *ret_size) {
    uint64_t product;
    if (!ck_mul(count, size, &product) || product > SIZE_MAX / 2)
        return false;
    *ret_size = product != 0 ? (size_t)product : 1;
    return true;
}

void *ck_alloc(const ck_memory *memory, size_t count, size_t size) {
    return ck_resize(memory, NULL, 0, count, size);
}

void *ck_calloc(const ck_memory *memory, size_t count, size_t size) {
    void *block = ck_alloc(memory, count, size);
    if (block != NULL)
        memset(block, 0, count * size);
    return block;
}

void *ck_resize(const ck_memory *memory, void *block, size_t old_count, size_t new_count,
                size_t size) {
    size_t old_size = 0, new_size;
    if (!block_size(new_count, size, &new_size))
        return NULL;
    if (block != NULL && !block_size(old_count, size, &old_size))
        return NULL;
    return memory->resize(memory->ctx, block, old_size, new_size);
}

void ck_free(const ck_memory *memory, void *block, size_t count, size_t size) {
    size_t old_size;
    if (block != NULL && block_size(count, size, &old_size))
        memory->resize(memory->ctx, block, old_size, 0);
}

unsigned char *ck_copy_begin(unsigned char *block) {
    size_t over = (uintptr_t)block % CK_COPY_ALIGNMENT;
    return over != 0 ? block + (CK_COPY_ALIGNMENT - over) : block;
}

char *ck_copy_string(const ck_memory *memory, const char *text, size_t size) {
    if (size == SIZE_MAX)
        return NULL;
    char *copy = ck_alloc(memory, size + 1, 1);
    if (copy == NULL)
        return NULL;
    if (size != 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

void ck_free_string(const ck_memory *memory, char *text) {
    if (text != NULL)
        ck_free(memory, text, strlen(text) + 1, 1);
}
