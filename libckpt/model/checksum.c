/* SPDX-License-Identifier: MIT */
#include "model/checksum.h"

#ifdef CK_HAVE_XXH_DISPATCH
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

/* xxh_x86dispatch.h puts the function that chooses under the usual name. */
uint64_t ck_checksum(const void *bytes, size_t size) {
    return XXH3_64bits(bytes, size);
}
