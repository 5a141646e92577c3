/* SPDX-License-Identifier: MIT */
/* Getting at the bytes of storages. */
#include "model/storageread.h"

#include "base/checked.h"

#include <string.h>
#include <xxhash.h>

/* The storage that really has the bytes, at the end of the links. Links lead to checkpoints that
 * existed before, so there is an end. */
static ckpt_storage resolve(ckpt_storage storage) {
    for (;;) {
        const ck_storage_rec *rec = ck_storage_at(storage.owner, storage.id);
        if (rec->part == CK_NONE)
            return storage;
        const ck_payload *payload = ck_payload_at(storage.owner, rec->part);
        if (payload->kind != CK_PAYLOAD_LINKED)
            return storage;
        storage = payload->link;
    }
}

/* All the bytes, when they are in memory or mapped; NULL when they must be read. */
static const unsigned char *bytes_in_memory(ckpt_storage storage) {
    const ckpt *c = storage.owner;
    const ck_storage_rec *rec = ck_storage_at(c, storage.id);
    if (rec->part == CK_NONE)
        return c->source.bytes != NULL ? c->source.bytes + rec->offset : NULL;
    const ck_payload *payload = ck_payload_at(c, rec->part);
    return payload->kind == CK_PAYLOAD_OWNED ? payload->owned : payload->borrowed;
}

static ckpt_status check_handle(ckpt_storage storage, ckpt_error *err) {
    if (storage.owner == NULL || storage.id >= storage.owner->storages.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such storage");
    return CKPT_OK;
}

static uint64_t chunk_size_of(const ck_storage_rec *rec, uint64_t chunk) {
    uint64_t size = (uint64_t)1 << rec->chunk_log2, begin = chunk << rec->chunk_log2;
    return size < rec->size - begin ? size : rec->size - begin;
}

static ckpt_status check_chunk(const ckpt *c, uint32_t id, uint64_t chunk,
                               const unsigned char *bytes, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(c, id);
    uint64_t size = chunk_size_of(rec, chunk);
    if (XXH3_64bits(bytes, (size_t)size) == *ck_chunk_at(c, rec->first_chunk + chunk))
        return CKPT_OK;
    ck_place place = {c->source.name, rec->offset + (chunk << rec->chunk_log2), "C2", 0, 0};
    return ck_fail_at(err, &place, CKPT_E_CHECKSUM,
                      "chunk %llu of storage %u has not its checksum", (unsigned long long)chunk,
                      (unsigned)id);
}

/* Reads a whole chunk to buffer, which has room for it, and checks it there: what is handed out is
 * what was checked, even while another program writes to the file. */
ckpt_status ck_chunk_read(const ckpt *c, uint32_t id, uint64_t chunk, unsigned char *buffer,
                          ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(c, id);
    uint64_t offset = rec->offset + (chunk << rec->chunk_log2);
    size_t size = (size_t)chunk_size_of(rec, chunk);
    ckpt_status status = ck_source_read(&c->source, offset, buffer, size, err);
    return status == CKPT_OK ? check_chunk(c, id, chunk, buffer, err) : status;
}

/* A part of a chunk: by way of scratch, which holds the whole. */
static ckpt_status read_part(const ckpt *c, uint32_t id, uint64_t chunk, uint64_t begin,
                             size_t size, unsigned char *destination, ckpt_error *err) {
    size_t whole = (size_t)chunk_size_of(ck_storage_at(c, id), chunk);
    unsigned char *scratch = ck_alloc(&c->memory, whole, 1);
    if (scratch == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ck_chunk_read(c, id, chunk, scratch, err);
    if (status == CKPT_OK)
        memcpy(destination, scratch + begin, size);
    ck_free(&c->memory, scratch, whole, 1);
    return status;
}

static ckpt_status read_chunks(const ckpt *c, uint32_t id, uint64_t offset, size_t size,
                               unsigned char *destination, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(c, id);
    ckpt_status status = CKPT_OK;
    while (size > 0 && status == CKPT_OK) {
        uint64_t chunk = offset >> rec->chunk_log2, begin = offset - (chunk << rec->chunk_log2);
        uint64_t whole = chunk_size_of(rec, chunk);
        size_t part = size < whole - begin ? size : (size_t)(whole - begin);
        if (part == whole)
            status = ck_chunk_read(c, id, chunk, destination, err);
        else
            status = read_part(c, id, chunk, begin, part, destination, err);
        destination += part;
        offset += part;
        size -= part;
    }
    return status;
}

ckpt_status ckpt_storage_read(ckpt_storage storage, uint64_t offset, size_t size,
                              void *destination, ckpt_error *err) {
    ckpt_status status = check_handle(storage, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_within(offset, size, ckpt_storage_size(storage)))
        return ck_fail(err, CKPT_E_BOUNDS, "the range is not inside the storage");
    storage = resolve(storage);
    const ckpt *c = storage.owner;
    const ck_storage_rec *rec = ck_storage_at(c, storage.id);
    if (size == 0)
        return CKPT_OK;
    if (rec->part != CK_NONE) {
        const unsigned char *bytes = bytes_in_memory(storage);
        if (bytes != NULL)
            memcpy(destination, bytes + offset, size);
        else
            memset(destination, 0, size);
        return CKPT_OK;
    }
    if (rec->chunk_log2 != 0)
        return read_chunks(c, storage.id, offset, size, destination, err);
    return ck_source_read(&c->source, rec->offset + offset, destination, size, err);
}

/* Under the lock: reads the storage into memory that the checkpoint keeps. */
static ckpt_status load(ckpt_storage storage, const void **ret_data, ckpt_error *err) {
    ckpt *c = storage.owner;
    ck_loaded loaded = {NULL, ckpt_storage_size(storage)};
    size_t size;
    if (!ck_to_size(loaded.size, &size) ||
        !ck_hashmap_reserve(&c->memory, &c->loaded_index, 1) ||
        (loaded.bytes = ck_alloc(&c->memory, size, 1)) == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ckpt_storage_read(storage, 0, size, loaded.bytes, err);
    if (status == CKPT_OK && !ck_table_append(&c->memory, &c->loaded, 1))
        status = ck_fail_nomem(err);
    if (status != CKPT_OK) {
        ck_free(&c->memory, loaded.bytes, size, 1);
        return status;
    }
    uint32_t number = (uint32_t)c->loaded.count - 1;
    ((ck_loaded *)c->loaded.records)[number] = loaded;
    ck_hashmap_set(&c->memory, &c->loaded_index, storage.id, number);
    *ret_data = loaded.bytes;
    return CKPT_OK;
}

ckpt_status ckpt_storage_data(ckpt_storage storage, const void **ret_data, ckpt_error *err) {
    static const uint64_t nothing = 0;
    ckpt_status status = check_handle(storage, err);
    if (status != CKPT_OK)
        return status;
    storage = resolve(storage);
    const unsigned char *bytes = bytes_in_memory(storage);
    if (bytes != NULL || ckpt_storage_size(storage) == 0) {
        *ret_data = bytes != NULL && ckpt_storage_size(storage) != 0 ? bytes
                                                                     : (const void *)&nothing;
        return CKPT_OK;
    }
    ckpt *c = storage.owner;
    pthread_mutex_lock(&c->lock);
    uint32_t number = ck_hashmap_get(&c->loaded_index, storage.id);
    if (number != CK_HASH_NONE)
        *ret_data = ((ck_loaded *)c->loaded.records)[number].bytes;
    else
        status = load(storage, ret_data, err);
    pthread_mutex_unlock(&c->lock);
    return status;
}

ckpt_status ck_storage_check(ckpt_storage storage, uint64_t offset, uint64_t size,
                             ckpt_error *err) {
    storage = resolve(storage);
    const ckpt *c = storage.owner;
    const ck_storage_rec *rec = ck_storage_at(c, storage.id);
    const unsigned char *bytes = bytes_in_memory(storage);
    if (size == 0 || rec->part != CK_NONE || rec->chunk_log2 == 0 || bytes == NULL)
        return CKPT_OK;
    uint64_t last = (offset + size - 1) >> rec->chunk_log2;
    ckpt_status status = CKPT_OK;
    for (uint64_t i = offset >> rec->chunk_log2; i <= last && status == CKPT_OK; i++)
        status = check_chunk(c, storage.id, i, bytes + (i << rec->chunk_log2), err);
    return status;
}
