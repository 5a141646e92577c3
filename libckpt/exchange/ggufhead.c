/* SPDX-License-Identifier: MIT */
#include "exchange/ggufhead.h"

#include "base/checked.h"
#include "base/endian.h"

#include <string.h>

/* The first window is what the file was recognised by; then, a multiple of what has been read. */
#define FIRST_WINDOW 8192u
#define SECOND_WINDOW ((uint64_t)128 << 10)
#define LARGEST_WINDOW ((uint64_t)16 << 20)

#define SMALLEST_TENSOR 24 /* bytes: name of none, no dimension */
#define SMALLEST_VALUE 14  /* key of one byte, value of one */

void ck_ggufhead_clear(ck_ggufhead *h) {
    ck_buffer_clear(&h->memory, &h->bytes);
}

/* How much to read when `wanted` bytes more are needed. */
static uint64_t window(const ck_ggufhead *h, uint64_t wanted) {
    uint64_t read = h->bytes.size;
    uint64_t size = read == 0               ? FIRST_WINDOW
                    : read < SECOND_WINDOW  ? SECOND_WINDOW
                    : read < LARGEST_WINDOW ? read
                                            : LARGEST_WINDOW;
    uint64_t left = h->source->size - read;
    size = size < wanted ? wanted : size;
    return size < left ? size : left;
}

ckpt_status ck_ggufhead_need(ck_ggufhead *h, uint64_t size, ckpt_error *err) {
    size_t have = h->bytes.size - h->position, room;
    if (size <= have)
        return CKPT_OK;
    if (size > ck_ggufhead_left(h))
        return ck_ggufhead_fail(h, err, CKPT_E_TRUNCATED, NULL, "the file ends in its head");
    uint64_t more = window(h, size - have);
    if (!ck_to_size(more, &room) || !ck_buffer_reserve(&h->memory, &h->bytes, room))
        return ck_fail_nomem(err);
    ckpt_status status =
        ck_source_read(h->source, h->bytes.size, h->bytes.bytes + h->bytes.size, room, err);
    if (status == CKPT_OK)
        h->bytes.size += room;
    return status;
}

uint64_t ck_ggufhead_take(ck_ggufhead *h, uint32_t size) {
    const unsigned char *p = h->bytes.bytes + h->position;
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++)
        value = value << 8 | p[h->big_endian ? i : size - 1 - i];
    h->position += size;
    return value;
}

ckpt_status ck_ggufhead_u32(ck_ggufhead *h, uint32_t *ret_value, ckpt_error *err) {
    ckpt_status status = ck_ggufhead_need(h, 4, err);
    if (status == CKPT_OK)
        *ret_value = (uint32_t)ck_ggufhead_take(h, 4);
    return status;
}

ckpt_status ck_ggufhead_u64(ck_ggufhead *h, uint64_t *ret_value, ckpt_error *err) {
    ckpt_status status = ck_ggufhead_need(h, 8, err);
    if (status == CKPT_OK)
        *ret_value = ck_ggufhead_take(h, 8);
    return status;
}

ckpt_status ck_ggufhead_string(ck_ggufhead *h, const char **ret_text, size_t *ret_size,
                               ckpt_error *err) {
    uint64_t size;
    ckpt_status status = ck_ggufhead_u64(h, &size, err);
    if (status != CKPT_OK)
        return status;
    if (size > CK_GGUF_MAX_STRING)
        return ck_ggufhead_fail(h, err, CKPT_E_LIMIT, "GG4", "a string of more than 2^30 bytes");
    status = ck_ggufhead_need(h, size, err);
    if (status != CKPT_OK)
        return status;
    *ret_text = (const char *)h->bytes.bytes + h->position;
    *ret_size = (size_t)size;
    h->position += (size_t)size;
    return CKPT_OK;
}

/* A version whose lower half is zero was written in the other byte order. */
static ckpt_status take_version(ck_ggufhead *h, uint32_t *ret_version, ckpt_error *err) {
    uint32_t version;
    ckpt_status status = ck_ggufhead_u32(h, &version, err);
    if (status != CKPT_OK)
        return status;
    h->position -= 4;
    if ((version & 0xffff) == 0 && version != 0) {
        h->big_endian = true;
        version = (uint32_t)ck_ggufhead_take(h, 4);
        h->position -= 4;
        if (version != CK_GGUF_VERSION)
            return ck_ggufhead_fail(h, err, CKPT_E_VERSION, "GG2",
                                    "version %lu of GGUF, by its byte order big-endian, which only "
                                    "version 3 can be",
                                    (unsigned long)version);
    }
    if (version < CK_GGUF_OLDEST_VERSION || version > CK_GGUF_VERSION)
        return ck_ggufhead_fail(h, err, CKPT_E_VERSION, "GG1",
                                "version %lu of GGUF; libckpt reads 2 and 3",
                                (unsigned long)version);
    h->position += 4;
    *ret_version = version;
    return CKPT_OK;
}

ckpt_status ck_ggufhead_begin(ck_ggufhead *h, ck_gguf_counts *ret_counts, ckpt_error *err) {
    ck_gguf_counts counts = {0, 0, 0};
    ckpt_status status = ck_ggufhead_need(h, 4, err);
    if (status == CKPT_OK && memcmp(h->bytes.bytes, CK_GGUF_MAGIC, 4) != 0)
        status = ck_ggufhead_fail(h, err, CKPT_E_STRUCTURE, "GG1", "this is no GGUF file");
    if (status != CKPT_OK)
        return status;
    h->position = 4;
    status = take_version(h, &counts.version, err);
    if (status == CKPT_OK)
        status = ck_ggufhead_u64(h, &counts.tensors, err);
    if (status == CKPT_OK)
        status = ck_ggufhead_u64(h, &counts.values, err);
    if (status != CKPT_OK)
        return status;
    if (counts.values > ck_ggufhead_left(h) / SMALLEST_VALUE)
        return ck_ggufhead_fail(h, err, CKPT_E_LIMIT, "GG3", "%llu values do not fit into the file",
                                (unsigned long long)counts.values);
    if (counts.tensors > ck_ggufhead_left(h) / SMALLEST_TENSOR)
        return ck_ggufhead_fail(h, err, CKPT_E_LIMIT, "GG3",
                                "%llu tensors do not fit into the file",
                                (unsigned long long)counts.tensors);
    *ret_counts = counts;
    return CKPT_OK;
}
