/* SPDX-License-Identifier: MIT */
#include "exchange/zipstream.h"

#include "exchange/zipinner.h"

#include <string.h>

enum {
    RAW_WINDOW = -15, /* deflate without a wrapper */
    INPUT_SIZE = 65536,
    LARGEST_PIECE = 1 << 30 /* zlib counts in unsigned int */
};

void ck_zip_stream_open(ck_zip_stream *stream, const ck_memory *memory, const ck_zip_entry *entry) {
    memset(stream, 0, sizeof *stream);
    stream->memory.memory = *memory;
    stream->entry = entry;
}

void ck_zip_stream_close(ck_zip_stream *stream) {
    if (stream->input != NULL) {
        (void)inflateEnd(&stream->inflater);
        ck_free(&stream->memory.memory, stream->input, INPUT_SIZE, 1);
    }
    ck_memory memory = stream->memory.memory;
    ck_zip_stream_open(stream, &memory, stream->entry);
}

static ckpt_status fail(const ck_zip_stream *stream, const ck_source *source, ckpt_status status,
                        const char *what, ckpt_error *err) {
    const ck_zip_entry *e = stream->entry;
    ck_place place = {source->name, e->data_offset, "Z12", 0, 0};
    return ck_fail_at(err, &place, status, "the entry '%s' %s", CK_NAME(e->name), what);
}

static ckpt_status start(ck_zip_stream *stream, ckpt_error *err) {
    stream->inflater = ck_zlib_stream(&stream->memory);
    stream->input = ck_alloc(&stream->memory.memory, INPUT_SIZE, 1);
    if (stream->input == NULL)
        return ck_fail_nomem(err);
    if (inflateInit2(&stream->inflater, RAW_WINDOW) == Z_OK)
        return CKPT_OK;
    ck_free(&stream->memory.memory, stream->input, INPUT_SIZE, 1);
    stream->input = NULL;
    return ck_fail_nomem(err);
}

static ckpt_status fetch(ck_zip_stream *stream, const ck_source *source, ckpt_error *err) {
    const ck_zip_entry *e = stream->entry;
    uint64_t rest = e->compressed_size - stream->fetched;
    size_t size = rest < INPUT_SIZE ? (size_t)rest : INPUT_SIZE;
    if (size == 0)
        return fail(stream, source, CKPT_E_STRUCTURE, "ends in the middle of its deflated stream",
                    err);
    ckpt_status status =
        ck_source_read(source, e->data_offset + stream->fetched, stream->input, size, err);
    if (status != CKPT_OK)
        return status;
    stream->fetched += size;
    stream->inflater.next_in = stream->input;
    stream->inflater.avail_in = (uInt)size;
    return CKPT_OK;
}

/* One step of zlib; *ret_ended when the deflated stream is at its end. */
static ckpt_status step(ck_zip_stream *stream, const ck_source *source, bool *ret_ended,
                        ckpt_error *err) {
    z_stream *z = &stream->inflater;
    if (z->avail_in == 0) {
        ckpt_status status = fetch(stream, source, err);
        if (status != CKPT_OK)
            return status;
    }
    switch (inflate(z, Z_NO_FLUSH)) {
    case Z_OK: *ret_ended = false; return CKPT_OK;
    case Z_STREAM_END: *ret_ended = true; return CKPT_OK;
    case Z_BUF_ERROR:
        /* No progress for want of input, which the next step brings. */
        *ret_ended = false;
        if (z->avail_in == 0)
            return CKPT_OK;
        break;
    case Z_MEM_ERROR: return ck_fail_nomem(err);
    default: break;
    }
    return fail(stream, source, CKPT_E_STRUCTURE, "is not a deflated stream", err);
}

static ckpt_status inflate_piece(ck_zip_stream *stream, const ck_source *source,
                                 unsigned char *bytes, size_t size, ckpt_error *err) {
    z_stream *z = &stream->inflater;
    if (stream->input == NULL) {
        ckpt_status status = start(stream, err);
        if (status != CKPT_OK)
            return status;
    }
    z->next_out = bytes;
    z->avail_out = (uInt)size;
    while (z->avail_out > 0) {
        bool ended;
        ckpt_status status = step(stream, source, &ended, err);
        if (status != CKPT_OK)
            return status;
        if (ended && (z->avail_out > 0 || stream->done + size < stream->entry->size))
            return fail(stream, source, CKPT_E_STRUCTURE, "inflates to less than its size", err);
        /* The end that came with the last byte is not asked for again. */
        stream->ended = ended;
    }
    return CKPT_OK;
}

/* Behind the last byte the deflated stream must end, and with it the entry. */
static ckpt_status end_inflating(ck_zip_stream *stream, const ck_source *source, ckpt_error *err) {
    z_stream *z = &stream->inflater;
    unsigned char more;
    if (stream->input == NULL) {
        ckpt_status status = start(stream, err);
        if (status != CKPT_OK)
            return status;
    }
    while (!stream->ended) {
        z->next_out = &more;
        z->avail_out = 1;
        ckpt_status status = step(stream, source, &stream->ended, err);
        if (status != CKPT_OK)
            return status;
        if (z->avail_out == 0)
            return fail(stream, source, CKPT_E_STRUCTURE, "inflates to more than its size", err);
    }
    if (z->avail_in > 0 || stream->fetched < stream->entry->compressed_size)
        return fail(stream, source, CKPT_E_STRUCTURE,
                    "has something behind the end of its deflated stream", err);
    return CKPT_OK;
}

static ckpt_status finish(ck_zip_stream *stream, const ck_source *source, ckpt_error *err) {
    if (stream->entry->method == CK_ZIP_DEFLATED) {
        ckpt_status status = end_inflating(stream, source, err);
        if (status != CKPT_OK)
            return status;
    }
    if (stream->crc32 != stream->entry->crc32)
        return fail(stream, source, CKPT_E_CHECKSUM, "has content with another CRC-32", err);
    stream->ended = true;
    return CKPT_OK;
}

static ckpt_status read_piece(ck_zip_stream *stream, const ck_source *source, unsigned char *bytes,
                              size_t size, ckpt_error *err) {
    ckpt_status status =
        stream->entry->method == CK_ZIP_STORED
            ? ck_source_read(source, stream->entry->data_offset + stream->done, bytes, size, err)
            : inflate_piece(stream, source, bytes, size, err);
    if (status != CKPT_OK)
        return status;
    stream->crc32 = (uint32_t)crc32_z(stream->crc32, bytes, size);
    stream->done += size;
    return CKPT_OK;
}

ckpt_status ck_zip_stream_read(ck_zip_stream *stream, const ck_source *source, void *bytes,
                               size_t size, ckpt_error *err) {
    unsigned char *next = bytes;
    while (size > 0) {
        size_t piece = size < LARGEST_PIECE ? size : LARGEST_PIECE;
        ckpt_status status = read_piece(stream, source, next, piece, err);
        if (status != CKPT_OK)
            return status;
        next += piece;
        size -= piece;
    }
    return stream->done == stream->entry->size ? finish(stream, source, err) : CKPT_OK;
}
