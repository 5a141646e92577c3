/* SPDX-License-Identifier: MIT */
/* The filter in front of the compressor: bytes of one significance come together
 * (spec/ckpt-format.md, section 8.1). */
#ifndef CK_PLANES_H
#define CK_PLANES_H

#include <stddef.h>

/* Bytes of plane p: of the bytes p, p + width, p + 2 width, ... below size. */
size_t ck_plane_size(size_t size, unsigned width, unsigned p);

/* From size bytes to the planes, which follow one another, and back. rotation: each whole element
 * is rotated to the left by so many bits first, 0 or 1. width is 1, 2, 4 or 8. */
void ck_planes_split(const unsigned char *bytes, size_t size, unsigned width, unsigned rotation,
                     unsigned char *planes);
void ck_planes_join(const unsigned char *planes, size_t size, unsigned width, unsigned rotation,
                    unsigned char *bytes);

#endif
