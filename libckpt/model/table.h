/* SPDX-License-Identifier: MIT */
/* A growable array of records of one size. It begins as a part of a larger block (the index of a
 * file) and moves to memory of its own when it first grows. */
#ifndef CK_TABLE_H
#define CK_TABLE_H

#include "base/hashmap.h"

typedef struct ck_table {
    void *records;
    size_t count;
    size_t capacity; /* 0: the records are not the table's own */
    size_t record_size;
} ck_table;

/* Appends count zeroed records; false when memory runs out. Old pointers are invalid then. */
bool ck_table_append(const ck_memory *memory, ck_table *table, size_t count);
void ck_table_clear(const ck_memory *memory, ck_table *table);

/* Runs: some records of a table that belong together, as the members of a module. A run that has
 * grown has more room than records; *room says how much, CK_HASH_NONE for one that never grew.
 * Makes room for one more record behind the run, which may move (*first and *room change then), and
 * does not count it. */
bool ck_table_grow_run(const ck_memory *memory, ck_table *table, uint64_t *first, uint32_t count,
                       uint32_t *room);

#endif
