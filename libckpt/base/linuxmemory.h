/* SPDX-License-Identifier: MIT */
/* A hint about memory, where the system is Linux. Elsewhere it does nothing. */
#ifndef CK_LINUXMEMORY_H
#define CK_LINUXMEMORY_H

#include <stddef.h>

/* Less is not worth it. */
#define CK_HUGE_BLOCK ((size_t)4 << 20)

/* All of the block will be used: pages of 2 MiB spare the system hundreds of small ones, which take
 * longer to get than to fill. It needs to be asked, but where it gives them to everybody. */
void ck_linux_prefer_huge_pages(void *block, size_t size);

#endif
