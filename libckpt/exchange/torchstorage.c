/* SPDX-License-Identifier: MIT */
/* Persistent ids: ('storage', class, key, location, numel), and in the old format a sixth element:
 * None, or (key of the view, offset, numel). Where a storage was, on which device, means nothing
 * here. */
#include "base/checked.h"
#include "exchange/swapped.h"
#include "exchange/torchstate.h"

#include <string.h>

typedef struct persistent {
    const char *key;
    size_t key_size;
    uint16_t class_number;
    uint64_t numel;
    uint64_t first, view_numel; /* of the view; all, where there is none */
} persistent;

static ckpt_status fail_malformed(ckpt_error *err) {
    return ck_fail_rule(err, "PT5", CKPT_E_STRUCTURE,
                        "a persistent id that does not describe a storage");
}

static bool is_storage_class(const ck_pickle *p, uint32_t node, uint16_t *ret_class) {
    uint16_t id = ck_pickle_name_id(p, node);
    if (ck_pickle_kind_of(p, node) != CK_PICKLE_NAME || id < CK_TORCH_STORAGES ||
        id >= CK_TORCH_DTYPES)
        return false;
    *ret_class = (uint16_t)(id - CK_TORCH_STORAGES);
    return true;
}

static ckpt_status parse_view(const ck_pickle *p, uint32_t node, persistent *id, ckpt_error *err) {
    if (ck_pickle_kind_of(p, node) == CK_PICKLE_NONE)
        return CKPT_OK;
    if (ck_pickle_kind_of(p, node) != CK_PICKLE_TUPLE || ck_pickle_at(p, node)->count != 3 ||
        !ck_pickle_uint(p, ck_pickle_child(p, node, 1), &id->first) ||
        !ck_pickle_uint(p, ck_pickle_child(p, node, 2), &id->view_numel))
        return fail_malformed(err);
    if (!ck_within(id->first, id->view_numel, id->numel))
        return ck_fail_rule(err, "PT10", CKPT_E_BOUNDS, "the view of a storage reaches out of it");
    return CKPT_OK;
}

static ckpt_status parse(const ck_pickle *p, uint32_t stored, persistent *id, ckpt_error *err) {
    uint32_t tuple = ck_pickle_at(p, stored)->as.object.arguments;
    if (ck_pickle_kind_of(p, tuple) != CK_PICKLE_TUPLE || ck_pickle_at(p, tuple)->count < 5 ||
        ck_pickle_at(p, tuple)->count > 6)
        return fail_malformed(err);
    uint32_t key = ck_pickle_child(p, tuple, 2);
    if (!ck_pickle_is_text(p, ck_pickle_child(p, tuple, 0), "storage"))
        return ck_fail_rule(err, "PT4", CKPT_E_UNSUPPORTED,
                            "a persistent id that is not one of a storage (a pickled module?)");
    if (!is_storage_class(p, ck_pickle_child(p, tuple, 1), &id->class_number) ||
        ck_pickle_kind_of(p, key) != CK_PICKLE_TEXT || ck_pickle_at(p, key)->odd ||
        ck_pickle_kind_of(p, ck_pickle_child(p, tuple, 3)) != CK_PICKLE_TEXT ||
        !ck_pickle_uint(p, ck_pickle_child(p, tuple, 4), &id->numel))
        return fail_malformed(err);
    id->key = ck_pickle_text(p, key, &id->key_size);
    id->first = 0;
    id->view_numel = id->numel;
    if (ck_pickle_at(p, tuple)->count == 6)
        return parse_view(p, ck_pickle_child(p, tuple, 5), id, err);
    return CKPT_OK;
}

uint64_t ck_torch_element_size(uint16_t class_number) {
    uint16_t dtype = ck_torch_classes[class_number].dtype;
    return dtype != CK_TORCH_NO_DTYPE ? ck_torch_dtypes[dtype].size : 1;
}

uint32_t ck_torch_find_storage(const ck_torch_reader *t, const char *key, size_t size) {
    return memchr(key, 0, size) == NULL ? ck_nametree_get(&t->keys, key, size) : UINT32_MAX;
}

static ckpt_status add_storage(ck_torch_reader *t, const persistent *id, uint32_t *ret_number,
                               ckpt_error *err) {
    ck_torch_storage storage;
    uint32_t number = (uint32_t)ck_torch_storage_count(t);
    memset(&storage, 0, sizeof storage);
    storage.key = id->key;
    storage.key_size = id->key_size;
    storage.class_number = id->class_number;
    storage.numel = id->numel;
    if (ck_torch_element_size(id->class_number) == 0)
        return ck_fail_rule(err, "PT11", CKPT_E_UNSUPPORTED,
                            "quantised tensors (%s) are not supported",
                            ck_torch_classes[id->class_number].name);
    if (ck_nametree_add(&t->memory, &t->keys, id->key, id->key_size, number) == CK_NAMETREE_NOMEM ||
        !ck_buffer_append(&t->memory, &t->storages, &storage, sizeof storage))
        return ck_fail_nomem(err);
    *ret_number = number;
    return CKPT_OK;
}

static ckpt_status register_one(ck_torch_reader *t, uint32_t node, ckpt_error *err) {
    persistent id;
    memset(&id, 0, sizeof id);
    ckpt_status status = parse(&t->pickle, node, &id, err);
    if (status != CKPT_OK)
        return status;
    uint32_t number = ck_nametree_get(&t->keys, id.key, id.key_size);
    if (number == CK_NAMETREE_NONE) {
        status = add_storage(t, &id, &number, err);
    } else {
        const ck_torch_storage *known = ck_torch_storage_at(t, number);
        if (known->class_number != id.class_number || known->numel != id.numel)
            return ck_fail_rule(
                err, "PT9", CKPT_E_MISMATCH,
                "storage '%s' is %llu elements of %s at one place and %llu of %s at "
                "another",
                ck_name_n(id.key, id.key_size).text, (unsigned long long)known->numel,
                ck_torch_classes[known->class_number].name, (unsigned long long)id.numel,
                ck_torch_classes[id.class_number].name);
    }
    if (status == CKPT_OK)
        t->made[node] = number + 1;
    return status;
}

ckpt_status ck_torch_register_storages(ck_torch_reader *t, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (size_t i = 0; status == CKPT_OK && i < t->node_count; i++) {
        if (ck_pickle_kind_of(&t->pickle, (uint32_t)i) == CK_PICKLE_STORED)
            status = register_one(t, (uint32_t)i, err);
    }
    return status;
}

ckpt_status ck_torch_place_storage(ck_torch_reader *t, uint32_t number, uint64_t offset,
                                   uint64_t size, const ck_zip_entry *entry, ckpt_error *err) {
    ck_torch_storage *storage = ck_torch_storage_at(t, number);
    uint64_t element = ck_torch_element_size(storage->class_number);
    if (size / element != storage->numel)
        return ck_fail_rule(
            err, "PT9", CKPT_E_MISMATCH,
            "storage '%s' has %llu bytes, where %llu elements of %llu are announced",
            ck_name_n(storage->key, storage->key_size).text, (unsigned long long)size,
            (unsigned long long)storage->numel, (unsigned long long)element);
    storage->offset = offset;
    storage->size = size;
    storage->entry = entry;
    storage->is_there = true;
    return CKPT_OK;
}

ckpt_status ck_torch_extent_of(const ck_torch_reader *t, uint32_t stored, ck_torch_extent *ret,
                               ckpt_error *err) {
    persistent id;
    memset(&id, 0, sizeof id);
    ckpt_status status = parse(&t->pickle, stored, &id, err);
    if (status != CKPT_OK)
        return status;
    ret->storage = t->made[stored] - 1;
    ret->first = id.first;
    ret->numel = id.view_numel;
    return CKPT_OK;
}

/* Bytes of an UntypedStorage are swapped as the tensors in it demand, which must agree. */
static uint32_t swap_unit(const ck_torch_reader *t, uint16_t dtype) {
    if (!t->swap)
        return 1;
    const ck_torch_dtype *known = &ck_torch_dtypes[dtype];
    return known->dtype == CKPT_DTYPE_OTHER ? known->size : ck_swap_unit(known->dtype);
}

ckpt_status ck_torch_make_storage(ck_torch_reader *t, uint32_t number, uint16_t dtype,
                                  ckpt_storage *ret_storage, ckpt_error *err) {
    ck_torch_storage *storage = ck_torch_storage_at(t, number);
    uint16_t own = ck_torch_classes[storage->class_number].dtype;
    uint32_t unit = swap_unit(t, own != CK_TORCH_NO_DTYPE ? own : dtype);
    ckpt_status status = CKPT_OK;
    if (storage->is_made && storage->unit != unit)
        return ck_fail_rule(err, "PT15", CKPT_E_UNSUPPORTED,
                            "storage '%s' is big-endian and has elements of several sizes",
                            ck_name_n(storage->key, storage->key_size).text);
    if (!storage->is_made) {
        uint64_t size = storage->size - (unit > 1 ? storage->size % unit : 0);
        storage->unit = unit;
        status = storage->entry != NULL
                     ? ck_zip_storage(t->c, storage->entry, 0, size, unit, &storage->storage, err)
                     : ck_storage_in_source(t->c, storage->offset, size, &storage->storage, err);
        storage->is_made = status == CKPT_OK;
    }
    if (status == CKPT_OK)
        *ret_storage = storage->storage;
    return status;
}
