/* SPDX-License-Identifier: MIT */
#ifndef CK_CHECKSUM_H
#define CK_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* XXH3_64bits, by the widest instructions that the processor has: distributions build their library
 * for the oldest one, which costs a factor of three. Uses no memory hook. */
uint64_t ck_checksum(const void *bytes, size_t size);

#endif
