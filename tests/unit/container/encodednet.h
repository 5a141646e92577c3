/* SPDX-License-Identifier: MIT */
/* A checkpoint whose storages shrink in all ways, and saving it to memory, for the tests of encoded
 * storages. */
#ifndef ENCODEDNET_H
#define ENCODEDNET_H

#include "checkmain.h"
#include "testrandom.h"

#include <stdio.h>
#include <string.h>

typedef struct saved_file {
    void *bytes;
    size_t size;
} saved_file;

/* Bytes whose place in the element tells their spread, as in weights; every third storage is noise,
 * which does not shrink. */
static inline void fill_weights(test_random *r, unsigned char *p, size_t size, size_t width,
                                unsigned kind) {
    random_fill(r, p, size);
    for (size_t i = 0; i < size && kind % 3 != 2; i++) {
        if (i % width == width - 1)
            p[i] = (unsigned char)(0x3b + random_below(r, 5));
        else if (kind % 3 == 1)
            p[i] = (unsigned char)(i / 500);
    }
}

/* One tensor of every registered dtype, of about `size` bytes. */
static inline ckpt_status add_every_dtype(ckpt_module root, size_t size, uint64_t seed,
                                          ckpt_error *err) {
    test_random r = {seed};
    ckpt_status status = CKPT_OK;
    unsigned char *data = malloc(2 * size + 65536);
    for (int d = 0; d < CKPT_DTYPE_COUNT && status == CKPT_OK; d++) {
        ckpt_dtype_info info = ckpt_dtype_describe((ckpt_dtype)d);
        if (info.block_bytes == 0)
            continue;
        uint64_t blocks = (size + random_below(&r, 300)) / info.block_bytes;
        uint64_t shape = blocks * info.block_elements;
        fill_weights(&r, data, (size_t)blocks * info.block_bytes, info.block_bytes, (unsigned)d);
        for (size_t i = 0; d == CKPT_BOOL && i < blocks; i++)
            data[i] &= 1;
        char name[16];
        snprintf(name, sizeof name, "t%d", d);
        status = ckpt_add_buffer(root, name, (ckpt_dtype)d, 1, &shape, data, NULL, err);
    }
    free(data);
    return status;
}

static inline saved_file save_with(ckpt *c, bool compress, unsigned threads, uint64_t chunk_size) {
    ckpt_save_options options = {.struct_size = sizeof options,
                                 .compress = compress,
                                 .threads = threads,
                                 .chunk_size = chunk_size};
    saved_file file;
    ckpt_error err;
    assert_ok(ckpt_save_memory(c, &options, &file.bytes, &file.size, &err));
    return file;
}

static inline ckpt *open_saved(const saved_file *file, unsigned threads) {
    ckpt_open_options options = {.struct_size = sizeof options, .threads = threads};
    ckpt *c;
    ckpt_error err;
    assert_ok(ckpt_open_memory(file->bytes, file->size, NULL, &options, &c, &err));
    return c;
}

#endif
