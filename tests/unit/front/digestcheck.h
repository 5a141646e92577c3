/* SPDX-License-Identifier: MIT */
/* Digests of checkpoints, compared. */
#ifndef DIGESTCHECK_H
#define DIGESTCHECK_H

#include "checkmain.h"

static ckpt_error err;

typedef struct known_digest {
    uint8_t bytes[CKPT_DIGEST_SIZE];
} known_digest;

static inline known_digest digest_of(ckpt *c) {
    known_digest d;
    assert_ok(ckpt_digest(c, NULL, d.bytes, &err));
    return d;
}

static inline void assert_digest(ckpt *c, const known_digest *wanted) {
    known_digest got = digest_of(c);
    ck_assert_mem_eq(got.bytes, wanted->bytes, CKPT_DIGEST_SIZE);
}

#endif
