/* SPDX-License-Identifier: MIT */
#include "faultmemory.h"

#include <stdlib.h>
#include <string.h>

#define LIVE UINT64_C(0x6c69766562756621)
#define GUARD UINT64_C(0x6775617264656421)

/* No test needs more at once, and the sanitizer's malloc ends the program when asked for too much.
 */
#define LARGEST_BLOCK ((size_t)1 << 30)

/* Stands before every block; a guard stands behind it. As large as the strictest alignment asks. */
typedef union head {
    struct {
        uint64_t mark;
        size_t size;
    } is;
    max_align_t alignment[2];
} head;

static void note(fault_memory *memory, const char *misuse) {
    if (memory->misuse == NULL)
        memory->misuse = misuse;
}

static bool must_fail(fault_memory *memory, size_t old_size, size_t new_size) {
    uint64_t number = ++memory->requests;
    if (new_size > memory->largest)
        memory->largest = new_size;
    if (memory->fail_at != 0 &&
        (number == memory->fail_at || (memory->fail_ever_after && number > memory->fail_at)))
        return true;
    return memory->limit != 0 && new_size > old_size &&
           (new_size - old_size > memory->limit ||
            memory->bytes > memory->limit - (new_size - old_size));
}

/* So that nothing works by what memory happens to have in it. Of large blocks only the ends: it would
 * be most of what a fuzz target does. */
static void fill(void *bytes, int value, size_t size) {
    const size_t end = 16384;
    if (size <= 2 * end) {
        memset(bytes, value, size);
    } else {
        memset(bytes, value, end);
        memset((unsigned char *)bytes + size - end, value, end);
    }
}

static void *allocate(fault_memory *memory, size_t size) {
    const uint64_t guard = GUARD;
    if (size > LARGEST_BLOCK)
        return NULL;
    head *block = malloc(sizeof(head) + size + sizeof guard);
    if (block == NULL)
        return NULL;
    block->is.mark = LIVE;
    block->is.size = size;
    unsigned char *bytes = (unsigned char *)(block + 1);
    fill(bytes, memory->poison != 0 ? memory->poison : 0xa5, size);
    memcpy(bytes + size, &guard, sizeof guard);
    memory->blocks++;
    memory->bytes += size;
    if (memory->bytes > memory->peak)
        memory->peak = memory->bytes;
    return bytes;
}

/* The head of a block that the library gives back. A foreign pointer ends the test at once (under
 * the address sanitizer with a report): there is nothing sensible to do with it. */
static head *check_block(fault_memory *memory, void *bytes, size_t old_size) {
    head *block = (head *)bytes - 1;
    uint64_t guard;
    if (block->is.mark != LIVE)
        abort();
    if (block->is.size != old_size)
        note(memory, "a block was given back with a wrong size");
    memcpy(&guard, (unsigned char *)bytes + block->is.size, sizeof guard);
    if (guard != GUARD)
        note(memory, "something was written behind a block");
    return block;
}

static void release(fault_memory *memory, head *block) {
    size_t size = block->is.size;
    memory->blocks--;
    memory->bytes -= size;
    fill(block, 0xdb, sizeof(head) + size);
    free(block);
}

static void *resize(void *ctx, void *bytes, size_t old_size, size_t new_size) {
    fault_memory *memory = ctx;
    if (bytes == NULL && old_size != 0)
        note(memory, "no block has a size that is not 0");
    head *block = bytes != NULL ? check_block(memory, bytes, old_size) : NULL;
    if (new_size == 0) {
        if (block != NULL)
            release(memory, block);
        return NULL;
    }
    if (must_fail(memory, bytes != NULL ? old_size : 0, new_size)) {
        memory->failures++;
        return NULL;
    }
    void *fresh = allocate(memory, new_size);
    if (fresh != NULL && block != NULL) {
        memcpy(fresh, bytes, block->is.size < new_size ? block->is.size : new_size);
        release(memory, block);
    }
    return fresh;
}

ckpt_allocator fault_memory_hook(fault_memory *memory) {
    ckpt_allocator hook = {resize, memory};
    return hook;
}

const char *fault_memory_complaint(const fault_memory *memory) {
    if (memory->misuse != NULL)
        return memory->misuse;
    return memory->blocks != 0 || memory->bytes != 0 ? "memory was not given back" : NULL;
}
