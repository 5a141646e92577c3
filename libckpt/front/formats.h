/* SPDX-License-Identifier: MIT */
/* The table of all formats. */
#ifndef CK_FORMATS_H
#define CK_FORMATS_H

#include "model/format.h"

/* By name; NULL when there is none. */
const ck_format *ck_format_named(const char *name);

/* Format i, from 0, of those that can be a directory; NULL when there are no more. */
const ck_format *ck_format_of_directory(size_t i);

/* The format that a file beginning with these bytes is in; NULL when it is none of those that are
 * named in `formats` (separated by commas; NULL: all). */
const ck_format *ck_format_probe(const unsigned char *head, size_t size, uint64_t file_size,
                                 const char *formats);

#endif
