/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), by nettle. Needs no memory and cannot fail. */
#ifndef CK_SHA256_H
#define CK_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/sha2.h>

enum { CK_SHA256_SIZE = 32 };

typedef struct ck_sha256 {
    struct sha256_ctx state;
} ck_sha256;

void ck_sha256_begin(ck_sha256 *hash);
void ck_sha256_add(ck_sha256 *hash, const void *bytes, size_t size); /* bytes may be NULL for 0 */
void ck_sha256_end(ck_sha256 *hash, uint8_t *ret_digest);

#endif
