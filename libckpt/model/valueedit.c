/* SPDX-License-Identifier: MIT */
/* Changing typed values. The elements of a container are a run of records; a run that grows moves
 * to the end of the table. In a thawed checkpoint by_key holds the depth of the value instead. */
#include "model/lookup.h"

#include <string.h>

/* The bytes may be those of another value of this checkpoint: then they move when the buffer grows.
 */
static ckpt_status append_bytes(ckpt *c, const unsigned char *bytes, size_t size, ckpt_error *err) {
    ck_buffer *buffer = &c->value_bytes;
    uintptr_t first = (uintptr_t)buffer->bytes, given = (uintptr_t)bytes;
    bool is_own = size != 0 && given >= first && given - first < buffer->size;
    if (!ck_buffer_reserve(&c->memory, buffer, size))
        return ck_fail_nomem(err);
    if (is_own)
        bytes = buffer->bytes + (given - first);
    return ck_buffer_append(&c->memory, buffer, bytes, size) ? CKPT_OK : ck_fail_nomem(err);
}

/* The literal as a record that belongs to no container yet. */
static ckpt_status make_record(ckpt *c, const ckpt_literal *literal, ck_value_rec *ret_record,
                               ckpt_error *err) {
    ck_value_rec record = {CK_NONE, 0, (uint32_t)literal->kind, 0, 0};
    uint32_t string;
    ckpt_status status = CKPT_OK;
    switch (literal->kind) {
    case CKPT_VALUE_NULL:
    case CKPT_VALUE_LIST:
    case CKPT_VALUE_MAP: break;
    case CKPT_VALUE_BOOL: record.payload = literal->as.boolean; break;
    case CKPT_VALUE_INT: memcpy(&record.payload, &literal->as.integer, 8); break;
    case CKPT_VALUE_FLOAT: memcpy(&record.payload, &literal->as.number, 8); break;
    case CKPT_VALUE_STRING:
        status = ck_intern(c, literal->as.bytes.data, literal->as.bytes.size, &string, err);
        if (status == CKPT_OK)
            record.payload = string;
        break;
    case CKPT_VALUE_BYTES: {
        size_t size = literal->as.bytes.size;
        if (size >= CK_NONE)
            return ck_fail(err, CKPT_E_LIMIT, "a value of %zu bytes is too long", size);
        record.count = (uint32_t)size;
        record.payload = c->value_bytes.size;
        status = append_bytes(c, literal->as.bytes.data, size, err);
        break;
    }
    case CKPT_VALUE_ABSENT:
    default: return ck_fail(err, CKPT_E_ARGUMENT, "a literal of no type");
    }
    if (status == CKPT_OK)
        *ret_record = record;
    return status;
}

/* value_bytes of a frozen checkpoint lie in the index; they move out before anything is added. */
static ckpt_status own_value_bytes(ckpt *c, ckpt_error *err) {
    if (c->value_bytes.capacity != 0)
        return CKPT_OK;
    ck_buffer copy = {NULL, 0, 0};
    if (c->value_bytes.size != 0 &&
        !ck_buffer_append(&c->memory, &copy, c->value_bytes.bytes, c->value_bytes.size))
        return ck_fail_nomem(err);
    c->value_bytes = copy;
    return CKPT_OK;
}

static ckpt_status prepare(ckpt_value container, ckpt_value_type kind, ckpt_error *err) {
    if (ckpt_value_kind(container) != kind)
        return ck_fail(err, CKPT_E_ARGUMENT, "the value is not a %s",
                       kind == CKPT_VALUE_MAP ? "map" : "list");
    ckpt_status status = ck_thaw(container.owner, err);
    return status == CKPT_OK ? own_value_bytes(container.owner, err) : status;
}

/* The keys of a map that has moved from `before` are entered for its new place. */
static void move_keys(ckpt *c, uint64_t before, uint64_t now, uint32_t count) {
    uint32_t shift = ck_value_shift(c, before);
    ck_hashmap_remove(&c->value_shifts, before);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t key = ck_value_at(c, now + i)->key;
        ck_hashmap_remove(&c->value_index, ck_pair(before - shift, key));
        ck_hashmap_set(&c->memory, &c->value_index, ck_pair(now, key), i);
    }
}

/* A run that has used up its room, but has lost half as many elements at its beginning as it has
 * now, goes back there: what comes and goes takes no more and more room. */
static void use_beginning_again(ckpt *c, ck_value_rec *container) {
    uint64_t first = container->payload;
    uint32_t count = container->count, shift = ck_value_shift(c, first);
    uint32_t room = ck_hashmap_get(&c->value_rooms, first);
    room = room != CK_HASH_NONE ? room : count;
    if (shift == 0 || shift < count / 2 || count < room)
        return;
    memmove(ck_value_at(c, first - shift), ck_value_at(c, first), count * sizeof(ck_value_rec));
    ck_hashmap_remove(&c->value_shifts, first);
    ck_hashmap_remove(&c->value_rooms, first);
    container->payload = first -= shift;
    ck_hashmap_set(&c->memory, &c->value_rooms, first, room + shift);
    for (uint32_t i = 0; i < count; i++)
        ck_hashmap_set(&c->memory, &c->value_index, ck_pair(first, ck_value_at(c, first + i)->key),
                       i);
}

/* Appends a record to the container; key is CK_NONE for a list. */
static ckpt_status append(ckpt_value container, uint32_t key, const ck_value_rec *record,
                          ckpt_error *err) {
    ckpt *c = container.owner;
    uint32_t depth = ck_value_at(c, container.id)->by_key + 1;
    if (depth > CK_MAX_VALUE_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "values are nested deeper than %d", CK_MAX_VALUE_DEPTH);
    if (c->values.count >= CK_NONE / 2)
        return ck_fail(err, CKPT_E_LIMIT, "too many values");
    /* Room in the indexes first: after that, nothing can fail but finding room for the run. */
    if (!ck_hashmap_reserve(&c->memory, &c->value_index, 1) ||
        !ck_hashmap_reserve(&c->memory, &c->value_rooms, 1))
        return ck_fail_nomem(err);
    use_beginning_again(c, ck_value_at(c, container.id));
    uint64_t before = ck_value_at(c, container.id)->payload, first = before;
    uint32_t count = ck_value_at(c, container.id)->count;
    /* A container that was always empty has 0 for its first element: no run is there. */
    uint32_t room = before != 0 ? ck_hashmap_get(&c->value_rooms, before) : CK_HASH_NONE;
    if (!ck_table_grow_run(&c->memory, &c->values, &first, count, &room))
        return ck_fail_nomem(err);
    ck_value_rec *rec = ck_value_at(c, container.id);
    if (first != before)
        ck_hashmap_remove(&c->value_rooms, before);
    ck_hashmap_set(&c->memory, &c->value_rooms, first, room);
    if (key != CK_NONE && first != before)
        move_keys(c, before, first, count);
    rec->payload = first;
    rec->count = count + 1;
    *ck_value_at(c, first + count) = *record;
    ck_value_at(c, first + count)->key = key;
    ck_value_at(c, first + count)->by_key = depth;
    uint32_t shift = ck_value_shift(c, first);
    if (key != CK_NONE)
        ck_hashmap_set(&c->memory, &c->value_index, ck_pair(first - shift, key), count + shift);
    return CKPT_OK;
}

/* In place of the element that has the key, or behind the last one. */
static ckpt_status put_element(ckpt_value map, uint32_t key, uint32_t *place,
                               const ck_value_rec *record, ckpt_error *err) {
    ckpt *c = map.owner;
    if (*place == CK_NONE) {
        *place = ck_value_at(c, map.id)->count;
        return append(map, key, record, err);
    }
    ck_value_rec *rec = ck_value_at(c, ck_value_at(c, map.id)->payload + *place);
    *rec = *record;
    rec->key = key;
    rec->by_key = ck_value_at(c, map.id)->by_key + 1;
    return CKPT_OK;
}

/* Bytes in place of bytes that are no fewer take over their room, so that what is set again and
 * again does not add up. The record's own bytes may be given, or a part of them. */
static bool replace_bytes(ckpt *c, ck_value_rec *rec, const ckpt_literal *literal) {
    size_t size = literal->as.bytes.size;
    if (rec->type != CKPT_VALUE_BYTES || literal->kind != CKPT_VALUE_BYTES || size > rec->count)
        return false;
    if (size != 0)
        memmove(c->value_bytes.bytes + rec->payload, literal->as.bytes.data, size);
    rec->count = (uint32_t)size;
    return true;
}

ckpt_status ckpt_map_set(ckpt_value map, const char *key, ckpt_literal literal,
                         ckpt_value *ret_value, ckpt_error *err) {
    ckpt_status status = prepare(map, CKPT_VALUE_MAP, err);
    if (status != CKPT_OK)
        return status;
    ckpt *c = map.owner;
    ck_value_rec record = {0};
    uint32_t string = CK_NONE, place = ck_find_element(c, map.id, key, strlen(key));
    if (place == CK_NONE ||
        !replace_bytes(c, ck_value_at(c, ck_value_at(c, map.id)->payload + place), &literal)) {
        status = ck_intern(c, key, strlen(key), &string, err);
        if (status == CKPT_OK)
            status = make_record(c, &literal, &record, err);
        if (status == CKPT_OK)
            status = put_element(map, string, &place, &record, err);
    }
    if (status == CKPT_OK && ret_value != NULL)
        *ret_value = ckpt_value_at(map, place);
    return status;
}

ckpt_status ck_list_reserve(ckpt_value list, uint32_t count, ckpt_error *err) {
    ckpt_status status = prepare(list, CKPT_VALUE_LIST, err);
    if (status != CKPT_OK || count == 0)
        return status;
    ckpt *c = list.owner;
    uint64_t first = c->values.count;
    if (first + count >= CK_NONE / 2)
        return ck_fail(err, CKPT_E_LIMIT, "too many values");
    if (!ck_hashmap_reserve(&c->memory, &c->value_rooms, 1) ||
        !ck_table_append(&c->memory, &c->values, count))
        return ck_fail_nomem(err);
    ck_hashmap_set(&c->memory, &c->value_rooms, first, count);
    ck_value_at(c, list.id)->payload = first;
    return CKPT_OK;
}

ckpt_status ckpt_list_append(ckpt_value list, ckpt_literal literal, ckpt_value *ret_value,
                             ckpt_error *err) {
    ckpt_status status = prepare(list, CKPT_VALUE_LIST, err);
    if (status != CKPT_OK)
        return status;
    ck_value_rec record = {0};
    status = make_record(list.owner, &literal, &record, err);
    if (status == CKPT_OK)
        status = append(list, CK_NONE, &record, err);
    if (status == CKPT_OK && ret_value != NULL)
        *ret_value = ckpt_value_at(list, ckpt_value_count(list) - 1);
    return status;
}

/* The two ways to close the gap that an element leaves, as those for members (memberrun.c). */
static void close_from_behind(ckpt *c, const ck_value_rec *map, uint32_t place) {
    uint64_t first = map->payload;
    uint32_t shift = ck_value_shift(c, first);
    for (uint32_t i = place; i + 1 < map->count; i++) {
        ck_value_rec *rec = ck_value_at(c, first + i);
        *rec = *ck_value_at(c, first + i + 1);
        ck_hashmap_set(&c->memory, &c->value_index, ck_pair(first - shift, rec->key), i + shift);
    }
}

static void close_from_before(ckpt *c, ck_value_rec *map, uint32_t place) {
    uint64_t first = map->payload;
    uint32_t shift = ck_value_shift(c, first), room = ck_hashmap_get(&c->value_rooms, first);
    for (uint32_t i = place; i > 0; i--) {
        ck_value_rec *rec = ck_value_at(c, first + i);
        *rec = *ck_value_at(c, first + i - 1);
        ck_hashmap_set(&c->memory, &c->value_index, ck_pair(first - shift, rec->key), i + shift);
    }
    ck_hashmap_remove(&c->value_shifts, first);
    ck_hashmap_set(&c->memory, &c->value_shifts, first + 1, shift + 1);
    if (room != CK_HASH_NONE) {
        ck_hashmap_remove(&c->value_rooms, first);
        ck_hashmap_set(&c->memory, &c->value_rooms, first + 1, room - 1);
    }
    map->payload++;
}

ckpt_status ckpt_map_remove(ckpt_value map, const char *key, ckpt_error *err) {
    ckpt_status status = prepare(map, CKPT_VALUE_MAP, err);
    if (status != CKPT_OK)
        return status;
    ckpt *c = map.owner;
    uint32_t place = ck_find_element(c, map.id, key, strlen(key));
    if (place == CK_NONE)
        return ck_fail(err, CKPT_E_NOT_FOUND, "no key '%s'", CK_NAME(key));
    ck_value_rec *rec = ck_value_at(c, map.id);
    uint64_t first = rec->payload;
    if (!ck_hashmap_reserve(&c->memory, &c->value_shifts, 1))
        return ck_fail_nomem(err);
    ck_hashmap_remove(&c->value_index, ck_pair(first - ck_value_shift(c, first),
                                               ck_value_at(c, first + place)->key));
    if (place < rec->count / 2)
        close_from_before(c, rec, place);
    else
        close_from_behind(c, rec, place);
    rec->count--;
    return CKPT_OK;
}
