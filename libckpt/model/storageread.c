/* SPDX-License-Identifier: MIT */
/* Getting at the bytes of storages. */
#include "model/storageread.h"

#include "base/checked.h"
#include "model/chunkread.h"

#include <string.h>

/* Links lead to checkpoints that existed before, so there is an end. */
ckpt_storage ck_storage_resolve(ckpt_storage storage) {
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

const unsigned char *ck_storage_bytes(ckpt_storage storage) {
    const ckpt *c = storage.owner;
    const ck_storage_rec *rec = ck_storage_at(c, storage.id);
    if (rec->part == CK_NONE)
        return c->source.bytes != NULL && rec->encoding == CK_ENCODING_RAW
                   ? c->source.bytes + rec->offset
                   : NULL;
    const ck_payload *payload = ck_payload_at(c, rec->part);
    return payload->kind == CK_PAYLOAD_OWNED ? payload->owned : payload->borrowed;
}

static ckpt_status check_handle(ckpt_storage storage, ckpt_error *err) {
    if (storage.owner == NULL || storage.id >= storage.owner->storages.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such storage");
    return CKPT_OK;
}

ckpt_status ckpt_storage_read(ckpt_storage storage, uint64_t offset, size_t size, void *destination,
                              ckpt_error *err) {
    ckpt_status status = check_handle(storage, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_within(offset, size, ckpt_storage_size(storage)))
        return ck_fail(err, CKPT_E_BOUNDS, "the range is not inside the storage");
    storage = ck_storage_resolve(storage);
    const ckpt *c = storage.owner;
    const ck_storage_rec *rec = ck_storage_at(c, storage.id);
    if (size == 0)
        return CKPT_OK;
    if (rec->part != CK_NONE) {
        const ck_payload *payload = ck_payload_at(c, rec->part);
        if (payload->kind == CK_PAYLOAD_PROVIDED)
            return payload->provider.read(payload->provider.ctx, offset, size, destination, err);
        const unsigned char *bytes = ck_storage_bytes(storage);
        if (bytes != NULL)
            memcpy(destination, bytes + offset, size);
        else
            memset(destination, 0, size);
        return CKPT_OK;
    }
    if (rec->chunk_log2 != 0)
        return ck_chunks_read_range(c, storage.id, offset, size, destination, err);
    return ck_source_read(&c->source, rec->offset + offset, destination, size, err);
}

/* Under the lock: reads the storage into memory that the checkpoint keeps. */
static ckpt_status load(ckpt_storage storage, const void **ret_data, ckpt_error *err) {
    ckpt *c = storage.owner;
    ck_loaded loaded = {NULL, ckpt_storage_size(storage)};
    size_t size;
    if (!ck_to_size(loaded.size, &size) || !ck_hashmap_reserve(&c->memory, &c->loaded_index, 1) ||
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
    storage = ck_storage_resolve(storage);
    const unsigned char *bytes = ck_storage_bytes(storage);
    if (bytes != NULL || ckpt_storage_size(storage) == 0) {
        *ret_data =
            bytes != NULL && ckpt_storage_size(storage) != 0 ? bytes : (const void *)&nothing;
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
