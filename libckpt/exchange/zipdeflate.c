/* SPDX-License-Identifier: MIT */
#include "exchange/zipdeflate.h"

#include "base/checked.h"
#include "base/error.h"

#include <string.h>

/* As zipfile has them, and with it numpy.savez_compressed. */
enum { RAW_WINDOW = -15, LEVEL = Z_DEFAULT_COMPRESSION, MEMORY_LEVEL = 8 };

ck_zip_deflater *ck_zip_deflater_create(const ck_memory *memory, const ck_sink *sink) {
    ck_zip_deflater *d = ck_calloc(memory, 1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->memory.memory = *memory;
    d->sink = sink;
    d->stream = ck_zlib_stream(&d->memory);
    d->is_open = deflateInit2(&d->stream, LEVEL, Z_DEFLATED, RAW_WINDOW, MEMORY_LEVEL,
                              Z_DEFAULT_STRATEGY) == Z_OK;
    if (d->is_open)
        return d;
    ck_free(memory, d, 1, sizeof *d);
    return NULL;
}

void ck_zip_deflater_free(ck_zip_deflater *deflater) {
    if (deflater == NULL)
        return;
    const ck_memory memory = deflater->memory.memory;
    if (deflater->is_open)
        (void)deflateEnd(&deflater->stream);
    ck_free(&memory, deflater, 1, sizeof *deflater);
}

ckpt_status ck_zip_deflate_begin(ck_zip_deflater *deflater, uint64_t offset, ckpt_error *err) {
    if (deflateReset(&deflater->stream) != Z_OK)
        return ck_fail(err, CKPT_E_ARGUMENT, "zlib cannot begin anew");
    deflater->offset = offset;
    return CKPT_OK;
}

/* Lets zlib work until it wants more bytes, or, with Z_FINISH, is at the end. */
static ckpt_status run(ck_zip_deflater *d, int flush, ckpt_error *err) {
    int result;
    do {
        d->stream.next_out = d->room;
        d->stream.avail_out = sizeof d->room;
        result = deflate(&d->stream, flush);
        size_t made = sizeof d->room - d->stream.avail_out;
        if (result == Z_STREAM_ERROR)
            return ck_fail(err, CKPT_E_ARGUMENT, "zlib cannot deflate");
        if (made != 0) {
            ckpt_status status = d->sink->write(d->sink->ctx, d->room, made, d->offset, err);
            if (status != CKPT_OK)
                return status;
            d->offset += made;
        }
    } while (flush == Z_FINISH ? result != Z_STREAM_END : d->stream.avail_out == 0);
    return CKPT_OK;
}

ckpt_status ck_zip_deflate(ck_zip_deflater *deflater, const void *bytes, size_t size,
                           ckpt_error *err) {
    deflater->stream.next_in = bytes;
    deflater->stream.avail_in = (uInt)size;
    return run(deflater, Z_NO_FLUSH, err);
}

ckpt_status ck_zip_deflate_end(ck_zip_deflater *deflater, ckpt_error *err) {
    deflater->stream.next_in = NULL;
    deflater->stream.avail_in = 0;
    return run(deflater, Z_FINISH, err);
}

/* zlib's own bound for any parameters (deflateBound). */
uint64_t ck_zip_deflate_bound(uint64_t size) {
    return ck_add_saturated(size, size / 8 + size / 64 + 64);
}
