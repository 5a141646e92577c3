/* SPDX-License-Identifier: MIT */
#ifndef CK_SORT_H
#define CK_SORT_H

#include "base/memory.h"

/* A stable merge sort that is linear on what is sorted already, and takes its memory from the hook
 * (the C library's qsort may call malloc). False when memory runs out. */
bool ck_sort(const ck_memory *memory, void *records, size_t count, size_t size,
             int (*compare)(const void *a, const void *b));

/* For arrays of uint64_t, in ascending order. */
int ck_compare_numbers(const void *a, const void *b);

#endif
