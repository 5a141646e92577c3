/* SPDX-License-Identifier: MIT */
/* The records of the file are little-endian, those of the model in the order of the host. */
#ifndef CK_BYTEORDER_H
#define CK_BYTEORDER_H

#include <stddef.h>
#include <stdint.h>

/* Turns the records of a section, which have the size that version 1.0 gives them, in place. Does
 * nothing on a little-endian host. The same call turns them back. */
void ck_to_host_order(uint32_t kind, unsigned char *records, uint64_t count);

#endif
