/* SPDX-License-Identifier: MIT */
#include "base/sha256.h"

#include <nettle/version.h>

void ck_sha256_begin(ck_sha256 *hash) {
    sha256_init(&hash->state);
}

void ck_sha256_add(ck_sha256 *hash, const void *bytes, size_t size) {
    if (size != 0)
        sha256_update(&hash->state, size, bytes);
}

void ck_sha256_end(ck_sha256 *hash, uint8_t *ret_digest) {
    /* From version 4 on a digest has the one size that it has. */
#if NETTLE_VERSION_MAJOR >= 4
    sha256_digest(&hash->state, ret_digest);
#else
    sha256_digest(&hash->state, CK_SHA256_SIZE, ret_digest);
#endif
}
