/* SPDX-License-Identifier: MIT */
/* How a plane is best compressed, from its statistics. */
#ifndef CK_PLANESTRATEGY_H
#define CK_PLANESTRATEGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that `size` bytes take when each is coded by its frequency among them alone. In whole
 * numbers, so that every machine decides alike. */
uint64_t ck_entropy_size(const unsigned char *bytes, size_t size);

#endif
