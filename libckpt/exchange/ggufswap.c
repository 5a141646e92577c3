/* SPDX-License-Identifier: MIT */
#include "exchange/ggufswap.h"

#include <string.h>

/* `count` numbers of `width` bytes from `offset` in each block. */
typedef struct swap_run {
    uint16_t offset;
    uint8_t width;
    uint8_t count;
} swap_run;

/* Types that are not here consist of one number, or of bytes. */
static const struct {
    ckpt_dtype dtype;
    swap_run runs[2];
} layouts[] = {
    {CKPT_Q4_0, {{0, 2, 1}}},
    {CKPT_Q4_1, {{0, 2, 2}}},
    {CKPT_Q5_0, {{0, 2, 1}, {2, 4, 1}}},
    {CKPT_Q5_1, {{0, 2, 2}, {4, 4, 1}}},
    {CKPT_Q8_0, {{0, 2, 1}}},
    {CKPT_Q8_1, {{0, 2, 2}}},
    {CKPT_Q2_K, {{80, 2, 2}}},
    {CKPT_Q3_K, {{108, 2, 1}}},
    {CKPT_Q4_K, {{0, 2, 2}}},
    {CKPT_Q5_K, {{0, 2, 2}}},
    {CKPT_Q6_K, {{208, 2, 1}}},
    {CKPT_Q8_K, {{0, 4, 1}, {260, 2, 16}}},
    {CKPT_IQ2_XS, {{0, 2, 33}}},
    {CKPT_IQ2_S, {{0, 2, 1}}},
    {CKPT_IQ3_S, {{0, 2, 1}}},
    {CKPT_IQ1_S, {{0, 2, 1}, {34, 2, 8}}},
    {CKPT_IQ1_M, {{48, 2, 4}}},
    {CKPT_IQ4_NL, {{0, 2, 1}}},
    {CKPT_IQ4_XS, {{0, 2, 2}}},
    {CKPT_TQ1_0, {{52, 2, 1}}},
    {CKPT_TQ2_0, {{64, 2, 1}}},
    {CKPT_MXFP4, {{0, 0, 0}}},
    {CKPT_NVFP4, {{0, 0, 0}}},
    {CKPT_Q1_0, {{0, 2, 1}}},
    {CKPT_Q2_0, {{0, 2, 1}}},
};

enum { LARGEST_BLOCK = 292 };

/* A storage of a file in the other byte order. The file is that of the checkpoint, which it gets
 * after its storages. */
typedef struct swapped {
    const ckpt *c;
    uint64_t offset;
    uint32_t block_bytes;
    swap_run runs[2];
} swapped;

static bool find_runs(ckpt_dtype dtype, swap_run runs[2]) {
    ckpt_dtype_info info = ckpt_dtype_describe(dtype);
    memset(runs, 0, 2 * sizeof *runs);
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if (layouts[i].dtype == dtype) {
            memcpy(runs, layouts[i].runs, sizeof layouts[i].runs);
            return true;
        }
    }
    runs[0] = (swap_run){0, (uint8_t)info.block_bytes, 1};
    return info.dtype_class != CKPT_CLASS_BLOCK;
}

bool ck_gguf_can_swap(ckpt_dtype dtype) {
    swap_run runs[2];
    return find_runs(dtype, runs);
}

static void swap_numbers(unsigned char *bytes, const swap_run *run) {
    for (unsigned i = 0; i < run->count; i++) {
        unsigned char *number = bytes + run->offset + (size_t)i * run->width;
        for (unsigned k = 0; k < run->width / 2u; k++) {
            unsigned char byte = number[k];
            number[k] = number[run->width - 1u - k];
            number[run->width - 1u - k] = byte;
        }
    }
}

static void swap_blocks(const swapped *s, unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i += s->block_bytes) {
        swap_numbers(bytes + i, &s->runs[0]);
        swap_numbers(bytes + i, &s->runs[1]);
    }
}

/* Of a block of which only a part is wanted. */
static ckpt_status read_part(const swapped *s, uint64_t block, size_t first, size_t size,
                             unsigned char *destination, ckpt_error *err) {
    unsigned char bytes[LARGEST_BLOCK];
    ckpt_status status = ck_source_read(&s->c->source, s->offset + block * s->block_bytes, bytes,
                                        s->block_bytes, err);
    if (status != CKPT_OK)
        return status;
    swap_blocks(s, bytes, s->block_bytes);
    memcpy(destination, bytes + first, size);
    return CKPT_OK;
}

static ckpt_status read_swapped(void *ctx, uint64_t offset, size_t size, void *destination,
                                ckpt_error *err) {
    const swapped *s = ctx;
    unsigned char *out = destination;
    ckpt_status status = CKPT_OK;
    while (size > 0 && status == CKPT_OK) {
        uint64_t block = offset / s->block_bytes;
        size_t inside = (size_t)(offset % s->block_bytes), piece = s->block_bytes - inside;
        if (inside == 0 && size >= s->block_bytes) {
            piece = size - size % s->block_bytes;
            status = ck_source_read(&s->c->source, s->offset + offset, out, piece, err);
            if (status == CKPT_OK)
                swap_blocks(s, out, piece);
        } else {
            piece = piece < size ? piece : size;
            status = read_part(s, block, inside, piece, out, err);
        }
        out += piece;
        offset += piece;
        size -= piece;
    }
    return status;
}

static void close_swapped(void *ctx) {
    swapped *s = ctx;
    ck_free(ck_ckpt_memory(s->c), s, 1, sizeof *s);
}

ckpt_status ck_gguf_swapped_storage(ckpt *c, ckpt_dtype dtype, uint64_t offset, uint64_t size,
                                    ckpt_storage *ret_storage, ckpt_error *err) {
    swapped *s = ck_alloc(ck_ckpt_memory(c), 1, sizeof *s);
    if (s == NULL)
        return ck_fail_nomem(err);
    *s = (swapped){.c = c, .offset = offset};
    s->block_bytes = ckpt_dtype_describe(dtype).block_bytes;
    find_runs(dtype, s->runs);
    ck_provider provider = {s, read_swapped, close_swapped};
    ckpt_status status = ck_storage_provide(c, size, &provider, ret_storage, err);
    if (status != CKPT_OK)
        close_swapped(s);
    return status;
}
