/* SPDX-License-Identifier: MIT */
#ifndef CK_ZIPNAMES_H
#define CK_ZIPNAMES_H

#include "exchange/zipread.h"

/* NULL, or why an entry cannot have that name (rule Z6). */
const char *ck_zip_name_fault(const char *name, size_t size);

/* Sorts entries by name and finds a pair that rule Z7 does not allow: *ret_first and *ret_second,
 * or NULL where there is none. False when memory runs out. */
bool ck_zip_sort_by_name(const ck_memory *memory, const ck_zip_entry **entries, size_t count,
                         bool ignore_case, const ck_zip_entry **ret_first,
                         const ck_zip_entry **ret_second);
/* One of entries that were sorted so; NULL when there is none with exactly that name. */
const ck_zip_entry *ck_zip_search(const ck_zip_entry *const *entries, size_t count,
                                  bool ignore_case, const char *name, size_t size);

#endif
