/* SPDX-License-Identifier: MIT */
/* Content of an archive as memory and as storages. */
#include "base/checked.h"
#include "exchange/swapped.h"
#include "exchange/zipinner.h"
#include "exchange/zipstream.h"

#include <pthread.h>
#include <string.h>

ckpt_status ck_zip_read_entry(const ck_memory *memory, const ck_source *source,
                              const ck_zip_entry *entry, uint64_t limit, ck_buffer *buffer,
                              ckpt_error *err) {
    ck_place place = {source->name, entry->header_offset, NULL, 0, 0};
    ck_zip_stream stream;
    size_t size;
    if (entry->size > limit || !ck_to_size(entry->size, &size))
        return ck_fail_at(err, &place, CKPT_E_LIMIT, "the entry '%s' has more than %llu bytes",
                          CK_NAME(entry->name), (unsigned long long)limit);
    /* For an empty content too, so that there is a place to which it is read. */
    if (!ck_buffer_reserve(memory, buffer, size > 0 ? size : 1))
        return ck_fail_nomem(err);
    ck_zip_stream_open(&stream, memory, entry);
    ckpt_status status =
        ck_zip_stream_read(&stream, source, buffer->bytes + buffer->size, size, err);
    ck_zip_stream_close(&stream);
    if (status == CKPT_OK)
        buffer->size += size;
    return status;
}

ckpt_status ck_zip_read_start(const ck_memory *memory, const ck_source *source,
                              const ck_zip_entry *entry, void *bytes, size_t size,
                              ckpt_error *err) {
    ck_zip_stream stream;
    if (size == 0)
        return CKPT_OK;
    if (entry->method == CK_ZIP_STORED)
        return ck_source_read(source, entry->data_offset, bytes, size, err);
    ck_zip_stream_open(&stream, memory, entry);
    ckpt_status status = ck_zip_stream_read(&stream, source, bytes, size, err);
    ck_zip_stream_close(&stream);
    return status;
}

/* ---- deflated content, piece by piece ---- */

enum { SKIP_SIZE = 16384 };

typedef struct inflated {
    const ckpt *c;
    uint64_t offset;    /* of the storage in the content */
    ck_zip_entry entry; /* with a name of its own */
    pthread_mutex_t lock;
    ck_zip_stream stream; /* guarded by the lock */
} inflated;

static ckpt_status skip_to(inflated *in, uint64_t offset, ckpt_error *err) {
    unsigned char *nowhere = ck_alloc(ck_ckpt_memory(in->c), SKIP_SIZE, 1);
    if (nowhere == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = CKPT_OK;
    while (status == CKPT_OK && in->stream.done < offset) {
        uint64_t rest = offset - in->stream.done;
        size_t size = rest < SKIP_SIZE ? (size_t)rest : SKIP_SIZE;
        status = ck_zip_stream_read(&in->stream, &in->c->source, nowhere, size, err);
    }
    ck_free(ck_ckpt_memory(in->c), nowhere, SKIP_SIZE, 1);
    return status;
}

static ckpt_status inflate_range(inflated *in, uint64_t offset, size_t size, void *destination,
                                 ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    if (in->stream.done > offset)
        ck_zip_stream_close(&in->stream);
    if (in->stream.done < offset)
        status = skip_to(in, offset, err);
    if (status == CKPT_OK)
        status = ck_zip_stream_read(&in->stream, &in->c->source, destination, size, err);
    if (status != CKPT_OK || in->stream.ended)
        ck_zip_stream_close(&in->stream);
    return status;
}

static ckpt_status read_inflated(void *ctx, uint64_t offset, size_t size, void *destination,
                                 ckpt_error *err) {
    inflated *in = ctx;
    if (pthread_mutex_lock(&in->lock) != 0)
        return ck_fail(err, CKPT_E_IO, "a lock failed");
    ckpt_status status = inflate_range(in, in->offset + offset, size, destination, err);
    (void)pthread_mutex_unlock(&in->lock);
    return status;
}

static void close_inflated(void *ctx) {
    inflated *in = ctx;
    ck_memory memory = *ck_ckpt_memory(in->c);
    ck_zip_stream_close(&in->stream);
    (void)pthread_mutex_destroy(&in->lock);
    ck_free(&memory, (char *)(uintptr_t)in->entry.name, in->entry.name_size + (size_t)1, 1);
    ck_free(&memory, in, 1, sizeof *in);
}

static ckpt_status open_inflated(const ckpt *c, const ck_zip_entry *entry, uint64_t offset,
                                 ck_provider *ret_provider, ckpt_error *err) {
    const ck_memory *memory = ck_ckpt_memory(c);
    inflated *in = ck_calloc(memory, 1, sizeof *in);
    char *name = ck_alloc(memory, entry->name_size + (size_t)1, 1);
    if (in == NULL || name == NULL || pthread_mutex_init(&in->lock, NULL) != 0) {
        ck_free(memory, name, entry->name_size + (size_t)1, 1);
        ck_free(memory, in, 1, sizeof *in);
        return ck_fail_nomem(err);
    }
    memcpy(name, entry->name, entry->name_size + (size_t)1);
    in->c = c;
    in->offset = offset;
    in->entry = *entry;
    in->entry.name = name;
    ck_zip_stream_open(&in->stream, memory, &in->entry);
    ck_provider provider = {in, read_inflated, close_inflated};
    *ret_provider = provider;
    return CKPT_OK;
}

static ckpt_status provide_inflated(ckpt *c, const ck_zip_entry *entry, uint64_t offset,
                                    uint64_t size, uint32_t swap, ckpt_storage *ret_storage,
                                    ckpt_error *err) {
    ck_provider provider;
    ckpt_status status = open_inflated(c, entry, offset, &provider, err);
    if (status != CKPT_OK)
        return status;
    status = swap > 1 ? ck_provide_swapped(c, size, &provider, swap, ret_storage, err)
                      : ck_storage_provide(c, size, &provider, ret_storage, err);
    if (status != CKPT_OK)
        provider.close(provider.ctx);
    return status;
}

ckpt_status ck_zip_storage(ckpt *c, const ck_zip_entry *entry, uint64_t offset, uint64_t size,
                           uint32_t swap, ckpt_storage *ret_storage, ckpt_error *err) {
    if (!ck_within(offset, size, entry->size))
        return ck_fail(err, CKPT_E_BOUNDS, "the entry '%s' has fewer bytes than are asked of it",
                       CK_NAME(entry->name));
    if (entry->method == CK_ZIP_DEFLATED)
        return provide_inflated(c, entry, offset, size, swap, ret_storage, err);
    if (swap > 1)
        return ck_storage_swapped(c, entry->data_offset + offset, size, swap, ret_storage, err);
    return ck_storage_in_source(c, entry->data_offset + offset, size, ret_storage, err);
}
