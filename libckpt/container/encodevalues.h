/* SPDX-License-Identifier: MIT */
#ifndef CK_ENCODEVALUES_H
#define CK_ENCODEVALUES_H

#include "container/collect.h"

/* Fills the records of VALUES and the bytes of VALUE_BYTES, which have room for all values of the
 * collection, in the byte order of the host. pairs has room for the elements of the largest map.
 * False when memory runs out. */
bool ck_encode_values(const ck_collection *all, ck_value_rec *records, unsigned char *bytes,
                      uint64_t *pairs);

#endif
