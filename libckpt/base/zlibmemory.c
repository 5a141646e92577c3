/* SPDX-License-Identifier: MIT */
#include "base/zlibmemory.h"

#include "base/checked.h"

#include <stddef.h>
#include <string.h>

/* zlib does not tell the size of what it gives back: it stands in front of the block. */
typedef union head {
    size_t size;
    max_align_t alignment;
} head;

static voidpf allocate(voidpf opaque, uInt items, uInt size) {
    ck_zlib_memory *memory = opaque;
    uint64_t bytes;
    size_t total;
    if (memory->sealed || !ck_mul(items, size, &bytes) || !ck_add(bytes, sizeof(head), &bytes) ||
        !ck_to_size(bytes, &total))
        return Z_NULL;
    /* Zeros: zlib compares bytes of its window before it has written them. */
    head *block = ck_calloc(&memory->memory, total, 1);
    if (block == NULL)
        return Z_NULL;
    block->size = total;
    return block + 1;
}

static void release(voidpf opaque, voidpf address) {
    ck_zlib_memory *memory = opaque;
    head *block = (head *)address - 1;
    ck_free(&memory->memory, block, block->size, 1);
}

z_stream ck_zlib_stream(ck_zlib_memory *memory) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    stream.zalloc = allocate;
    stream.zfree = release;
    stream.opaque = memory;
    return stream;
}
