/* SPDX-License-Identifier: MIT */
/* zlib's allocations through the memory hook. */
#ifndef CK_ZLIBMEMORY_H
#define CK_ZLIBMEMORY_H

#include "base/memory.h"

#define ZLIB_CONST
#include <zlib.h>

/* The `opaque` of a stream. Once sealed it refuses everything: what zlib then asks for, it asks in
 * a stream that is malformed. */
typedef struct ck_zlib_memory {
    ck_memory memory;
    bool sealed;
} ck_zlib_memory;

/* A zeroed stream that has the hook. */
z_stream ck_zlib_stream(ck_zlib_memory *memory);

#endif
