/* SPDX-License-Identifier: MIT */
/* Life and change of a checkpoint as a whole. */
#include "base/options.h"
#include "model/decoderpool.h"
#include "model/object.h"

#include <string.h>

static void init_tables(ckpt *c) {
    c->strings.added.record_size = sizeof(ck_added_string);
    c->dtypes.record_size = sizeof(ck_dtype_rec);
    c->modules.record_size = sizeof(ck_module_rec);
    c->members.record_size = sizeof(ck_member_rec);
    c->tensors.record_size = sizeof(ck_tensor_rec);
    c->dimensions.record_size = sizeof(uint64_t);
    c->storages.record_size = sizeof(ck_storage_rec);
    c->chunks.record_size = sizeof(uint64_t);
    c->chunk_ends.record_size = sizeof(uint64_t);
    c->values.record_size = sizeof(ck_value_rec);
    c->attributes_added.record_size = sizeof(uint32_t);
    c->member_rooms.record_size = sizeof(uint32_t);
    c->payloads.record_size = sizeof(ck_payload);
    c->attached.record_size = sizeof(ckpt *);
    c->retired.record_size = sizeof(ck_retired_rec);
    c->file_numbers.record_size = sizeof(uint32_t);
    c->parts.record_size = sizeof(ck_part_rec);
    c->part_files.record_size = sizeof(ckpt *);
    c->loaded.record_size = sizeof(ck_loaded);
}

ckpt_status ck_ckpt_new(const ckpt_allocator *allocator, ckpt **ret_ckpt, ckpt_error *err) {
    ck_memory memory = ck_memory_from(allocator);
    ckpt *c = ck_calloc(&memory, 1, sizeof *c);
    if (c == NULL)
        return ck_fail_nomem(err);
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        ck_free(&memory, c, 1, sizeof *c);
        return ck_fail_nomem(err);
    }
    c->memory = memory;
    c->hash_seed = ck_hash_mix((uint64_t)(uintptr_t)c ^ (uint64_t)(uintptr_t)&memory << 20);
    c->member_index.seed = c->value_index.seed = c->hash_seed;
    c->source.file = -1;
    c->info.path = c->info.format = c->info.recovered = "";
    init_tables(c);
    *ret_ckpt = c;
    return CKPT_OK;
}

const ck_memory *ck_ckpt_memory(const ckpt *c) {
    return &c->memory;
}

void ck_take_source(ckpt *c, ck_source *source) {
    ck_source_drop_head(source);
    c->source = *source;
    c->has_source = true;
    c->info.path = c->source.name;
    c->info.file_size = c->source.size;
    memset(source, 0, sizeof *source);
    source->file = -1;
}

ckpt_status ck_add_root(ckpt *c, ckpt_error *err) {
    uint32_t empty;
    ckpt_status status = ck_thaw(c, err);
    if (status == CKPT_OK)
        status = ck_intern(c, "", 0, &empty, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_table_append(&c->memory, &c->values, 2) ||
        !ck_table_append(&c->memory, &c->attributes_added, 1) ||
        !ck_table_append(&c->memory, &c->modules, 1))
        return ck_fail_nomem(err);
    for (uint32_t i = 0; i < 2; i++) {
        ck_value_at(c, i)->key = CK_NONE;
        ck_value_at(c, i)->type = CKPT_VALUE_MAP;
    }
    *(uint32_t *)c->attributes_added.records = 1;
    ck_module_rec_at(c, 0)->type = empty;
    ck_module_rec_at(c, 0)->program = CK_NONE;
    return CKPT_OK;
}

ckpt_status ckpt_create(const ckpt_create_options *options, ckpt **ret_ckpt, ckpt_error *err) {
    ckpt *c = NULL;
    ckpt_create_options known;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "create options", err);
    if (status == CKPT_OK)
        status = ck_ckpt_new(known.allocator, &c, err);
    if (status != CKPT_OK)
        return status;
    status = ck_add_root(c, err);
    if (status != CKPT_OK) {
        ckpt_free(c);
        return status;
    }
    *ret_ckpt = c;
    return CKPT_OK;
}

static void free_storage_bytes(ckpt *c) {
    for (uint32_t i = 0; i < c->payloads.count; i++) {
        const ck_payload *payload = ck_payload_at(c, i);
        if (payload->kind == CK_PAYLOAD_PROVIDED)
            payload->provider.close(payload->provider.ctx);
    }
    for (uint32_t i = 0; i < c->storages.count; i++) {
        const ck_storage_rec *storage = ck_storage_at(c, i);
        /* A file that is being refused may hold any number here. */
        if (storage->part < c->payloads.count && ck_payload_at(c, storage->part)->owned != NULL)
            ck_free(&c->memory, ck_payload_at(c, storage->part)->owned, (size_t)storage->size, 1);
    }
    ck_loaded *loaded = c->loaded.records;
    for (size_t i = 0; i < c->loaded.count; i++)
        ck_free(&c->memory, loaded[i].bytes, (size_t)loaded[i].size, 1);
    ck_hashmap_clear(&c->memory, &c->loaded_index);
}

static void free_tables(ckpt *c) {
    ck_table *tables[] = {&c->dtypes,     &c->modules,     &c->members,          &c->tensors,
                          &c->dimensions, &c->storages,    &c->chunks,           &c->values,
                          &c->payloads,   &c->attached,    &c->attributes_added, &c->retired,
                          &c->loaded,     &c->chunk_ends,  &c->file_numbers,     &c->parts,
                          &c->part_files, &c->member_rooms};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        ck_table_clear(&c->memory, tables[i]);
    if (c->value_bytes.capacity != 0)
        ck_buffer_clear(&c->memory, &c->value_bytes);
    ck_hashmap_clear(&c->memory, &c->member_index);
    ck_hashmap_clear(&c->memory, &c->value_index);
    ck_hashmap_clear(&c->memory, &c->member_shifts);
    ck_hashmap_clear(&c->memory, &c->value_shifts);
    ck_hashmap_clear(&c->memory, &c->value_rooms);
}

void ckpt_free(ckpt *c) {
    if (c == NULL)
        return;
    ck_memory memory = c->memory;
    ckpt **attached = c->attached.records;
    free_storage_bytes(c);
    ck_decoder_pool_free(c);
    for (size_t i = 0; i < c->attached.count; i++)
        ckpt_free(attached[i]);
    ck_strings_clear(c);
    free_tables(c);
    ck_free(&memory, c->index_block, c->index_room, 1);
    if (c->has_source)
        ck_source_close(&c->source);
    ck_free_string(&memory, c->directory);
    pthread_mutex_destroy(&c->lock);
    ck_free(&memory, c, 1, sizeof *c);
}

ckpt_status ckpt_attach(ckpt *c, ckpt *other, ckpt_error *err) {
    if (c == NULL || other == NULL || other->attached_to != NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "a checkpoint can be attached once, to another one");
    for (const ckpt *owner = c; owner != NULL; owner = owner->attached_to) {
        if (owner == other)
            return ck_fail(err, CKPT_E_ARGUMENT, "a checkpoint cannot belong to itself");
    }
    if (!ck_table_append(&c->memory, &c->attached, 1))
        return ck_fail_nomem(err);
    ((ckpt **)c->attached.records)[c->attached.count - 1] = other;
    other->attached_to = c;
    return CKPT_OK;
}

static ckpt_status index_members(ckpt *c, ckpt_error *err) {
    if (!ck_hashmap_reserve(&c->memory, &c->member_index, c->members.count))
        return ck_fail_nomem(err);
    for (uint32_t m = 0; m < c->modules.count; m++) {
        const ck_module_rec *module = ck_module_rec_at(c, m);
        for (uint32_t i = 0; i < module->member_count; i++) {
            uint64_t key = ck_pair(m, ck_member_at(c, module->first_member + i)->name);
            if (!ck_hashmap_set(&c->memory, &c->member_index, key, i))
                return ck_fail_nomem(err);
        }
    }
    return CKPT_OK;
}

static ckpt_status index_values(ckpt *c, ckpt_error *err) {
    if (!ck_hashmap_reserve(&c->memory, &c->value_index, c->values.count))
        return ck_fail_nomem(err);
    for (uint32_t v = 0; v < c->values.count; v++) {
        const ck_value_rec *map = ck_value_at(c, v);
        for (uint32_t i = 0; map->type == CKPT_VALUE_MAP && i < map->count; i++) {
            uint64_t key = ck_pair(map->payload, ck_value_at(c, map->payload + i)->key);
            if (!ck_hashmap_set(&c->memory, &c->value_index, key, i))
                return ck_fail_nomem(err);
        }
    }
    return CKPT_OK;
}

/* Containers come before their elements, so one pass is enough. Empty ones get 0 for their first
 * element: that there is no run, which what they have in a file does not tell. */
static void store_value_depths(ckpt *c) {
    for (uint32_t v = 0; v < c->values.count; v++) {
        ck_value_rec *rec = ck_value_at(c, v);
        if (rec->type != CKPT_VALUE_LIST && rec->type != CKPT_VALUE_MAP)
            continue;
        if (rec->count == 0)
            rec->payload = 0;
        for (uint32_t i = 0; i < rec->count; i++)
            ck_value_at(c, rec->payload + i)->by_key = rec->by_key + 1;
    }
}

ckpt_status ck_thaw(ckpt *c, ckpt_error *err) {
    c->is_changed = true;
    if (c->thawed)
        return CKPT_OK;
    ckpt_status status = ck_thaw_strings(c, err);
    if (status == CKPT_OK)
        status = index_members(c, err);
    if (status == CKPT_OK)
        status = index_values(c, err);
    if (status != CKPT_OK) {
        ck_hashmap_clear(&c->memory, &c->strings.index);
        ck_hashmap_clear(&c->memory, &c->member_index);
        ck_hashmap_clear(&c->memory, &c->value_index);
        return status;
    }
    store_value_depths(c);
    c->attributes_fixed = (uint32_t)c->modules.count;
    c->thawed = true;
    return CKPT_OK;
}
