/* SPDX-License-Identifier: MIT */
/* The writer of the .ckpt format: payload, index, and last the header, without which the file is
 * none. */
#include "container/ckptformat.h"

#include "container/encode.h"
#include "container/header.h"

#include <string.h>
#include <xxhash.h>

#define PIECE_SIZE ((uint64_t)1 << 20)

typedef struct writing {
    ckpt *c;
    const ck_sink *sink;
    const ckpt_save_options *options;
    const ck_collection *all;
    ck_encoded *index;
    unsigned char *buffer; /* one chunk, or one piece of what has no checksums */
    size_t buffer_size;
    uint64_t position; /* bytes written so far, padding included */
    uint64_t next_chunk;
    uint64_t total;
} writing;

static ckpt_status check_options(const ckpt_save_options *options, unsigned *ret_chunk_log2,
                                 ckpt_error *err) {
    uint64_t size = options->chunk_size;
    unsigned log2 = CK_DEFAULT_CHUNK_LOG2;
    if (size != 0) {
        for (log2 = CK_MIN_CHUNK_LOG2; log2 < CK_MAX_CHUNK_LOG2 && size >> log2 > 1; log2++)
            continue;
        if (size != (uint64_t)1 << log2)
            return ck_fail(err, CKPT_E_ARGUMENT,
                           "the chunk size is not a power of two from 4096 to 2^30");
    }
    *ret_chunk_log2 = options->no_checksums ? 0 : log2;
    return CKPT_OK;
}

static ckpt_status report(const writing *w, ckpt_error *err) {
    const ckpt_save_options *options = w->options;
    if (options->progress != NULL && !options->progress(options->ctx, w->position, w->total))
        return ck_fail(err, CKPT_E_CANCELLED, "saving was cancelled");
    return CKPT_OK;
}

static ckpt_status put(writing *w, const void *bytes, size_t size, ckpt_error *err) {
    ckpt_status status = w->sink->write(w->sink->ctx, bytes, size, w->position, err);
    w->position += size;
    return status;
}

static ckpt_status pad_to(writing *w, uint64_t offset, ckpt_error *err) {
    static const unsigned char zeros[CK_LARGE_ALIGNMENT] = {0};
    return offset > w->position ? put(w, zeros, (size_t)(offset - w->position), err) : CKPT_OK;
}

/* The bytes are read through the checks of their own file, if they have any: damage does not get
 * into a new file under a checksum that is right. */
static ckpt_status write_piece(writing *w, ckpt_storage storage, uint64_t begin, size_t size,
                               ckpt_error *err) {
    ckpt_status status = ckpt_storage_read(storage, begin, size, w->buffer, err);
    if (status != CKPT_OK)
        return status;
    if (!w->options->no_checksums)
        ck_encoded_set_checksum(w->index, w->next_chunk++, XXH3_64bits(w->buffer, size));
    status = put(w, w->buffer, size, err);
    return status == CKPT_OK ? report(w, err) : status;
}

static ckpt_status write_payload(writing *w, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (uint32_t s = 0; s < w->all->storages.count && status == CKPT_OK; s++) {
        ckpt_storage storage = {w->c, w->all->storages.order[s]};
        uint64_t size = ckpt_storage_size(storage);
        if (size != 0)
            status = pad_to(w, ck_encoded_storage_offset(w->index, s), err);
        for (uint64_t done = 0; done < size && status == CKPT_OK;) {
            size_t piece = size - done < w->buffer_size ? (size_t)(size - done) : w->buffer_size;
            status = write_piece(w, storage, done, piece, err);
            done += piece;
        }
    }
    return status;
}

static ckpt_status write_header(writing *w, ckpt_error *err) {
    unsigned char pages[CK_HEADER_SIZE] = {0};
    ck_slot slot = {.version_major = CK_VERSION_MAJOR,
                    .version_minor = CK_VERSION_MINOR,
                    .state = CK_STATE_COMMITTED,
                    .sequence = 1,
                    .index_offset = w->index->offset,
                    .index_size = w->index->size,
                    .index_checksum = XXH3_64bits(w->index->bytes, w->index->size),
                    .file_size = w->index->offset + w->index->size};
    ck_slot_encode(&slot, pages);
    return w->sink->write(w->sink->ctx, pages, sizeof pages, 0, err);
}

static ckpt_status write_file(writing *w, ckpt_error *err) {
    uint64_t largest = 0;
    for (uint32_t s = 0; s < w->all->storages.count; s++) {
        uint64_t size = ck_storage_at(w->c, w->all->storages.order[s])->size;
        largest = size > largest ? size : largest;
    }
    if (largest < w->buffer_size)
        w->buffer_size = (size_t)largest;
    w->buffer = ck_alloc(&w->c->memory, w->buffer_size, 1);
    if (w->buffer == NULL)
        return ck_fail_nomem(err);
    w->position = CK_HEADER_SIZE;
    ckpt_status status = write_payload(w, err);
    if (status == CKPT_OK)
        status = pad_to(w, w->index->offset, err);
    if (status == CKPT_OK)
        status = put(w, w->index->bytes, w->index->size, err);
    if (status == CKPT_OK)
        status = write_header(w, err);
    if (status == CKPT_OK)
        status = report(w, err);
    ck_free(&w->c->memory, w->buffer, w->buffer_size, 1);
    return status;
}

ckpt_status ck_ckpt_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                          ckpt_error *err) {
    unsigned chunk_log2;
    ck_collection all;
    ck_encoded index;
    ckpt_status status = check_options(options, &chunk_log2, err);
    if (status == CKPT_OK)
        status = ck_collect(c, &all, err);
    if (status != CKPT_OK)
        return status;
    status = ck_encode(&all, chunk_log2, &index, err);
    if (status == CKPT_OK) {
        writing w = {.c = c, .sink = sink, .options = options, .all = &all, .index = &index};
        w.buffer_size = (size_t)(chunk_log2 != 0 ? (uint64_t)1 << chunk_log2 : PIECE_SIZE);
        w.total = index.offset + index.size;
        status = write_file(&w, err);
        ck_encoded_free(&index);
    }
    ck_collection_free(&all);
    return status;
}
