/* SPDX-License-Identifier: MIT */
/* What POSIX does not offer about memory. Where the system is not Linux they do nothing. */
#ifndef CK_LINUXMEMORY_H
#define CK_LINUXMEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Less is not worth it. */
#define CK_HUGE_BLOCK ((size_t)4 << 20)

/* All of the block will be used: pages of 2 MiB spare the system hundreds of small ones, which take
 * longer to get than to fill. It needs to be asked, but where it gives them to everybody. */
void ck_linux_prefer_huge_pages(void *block, size_t size);

/* Brings the bytes of a mapped file into memory, and says whether they are there: false where the
 * system cannot tell, and where looking at them would raise a signal, because the disk fails or the
 * file has become shorter. */
bool ck_linux_populate(const void *bytes, size_t size);

#endif
