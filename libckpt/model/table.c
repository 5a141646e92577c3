/* SPDX-License-Identifier: MIT */
#include "model/table.h"

#include <string.h>

static bool reserve(const ck_memory *memory, ck_table *table, size_t count) {
    if (count > SIZE_MAX / 4 - table->count)
        return false;
    size_t wanted = table->count + count;
    if (wanted <= table->capacity)
        return true;
    size_t capacity = table->capacity + table->capacity / 2;
    if (capacity < wanted)
        capacity = wanted < 8 ? 8 : wanted;
    void *block = table->capacity != 0 ? table->records : NULL;
    void *grown = ck_resize(memory, block, table->capacity, capacity, table->record_size);
    if (grown == NULL)
        return false;
    if (table->capacity == 0 && table->count != 0)
        memcpy(grown, table->records, table->count * table->record_size);
    table->records = grown;
    table->capacity = capacity;
    return true;
}

bool ck_table_append(const ck_memory *memory, ck_table *table, size_t count) {
    if (!reserve(memory, table, count))
        return false;
    if (count != 0)
        memset((char *)table->records + table->count * table->record_size, 0,
               count * table->record_size);
    table->count += count;
    return true;
}

void ck_table_clear(const ck_memory *memory, ck_table *table) {
    if (table->capacity != 0)
        ck_free(memory, table->records, table->capacity, table->record_size);
    table->records = NULL;
    table->count = table->capacity = 0;
}

bool ck_table_grow_run(const ck_memory *memory, ck_table *table, uint64_t *first, uint32_t count,
                       uint32_t *room) {
    if (*room != CK_HASH_NONE && count < *room)
        return true;
    if (count >= UINT32_MAX / 4)
        return false;
    uint32_t wanted = 2;
    while (wanted < count + count / 2 + 1)
        wanted *= 2;
    size_t moved = table->count;
    if (!ck_table_append(memory, table, wanted))
        return false;
    char *records = table->records;
    if (count != 0)
        memcpy(records + moved * table->record_size, records + *first * table->record_size,
               count * table->record_size);
    *first = moved;
    *room = wanted;
    return true;
}
