/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* MADV_HUGEPAGE */
#include "base/linuxmemory.h"

#include <stdint.h>
#include <sys/mman.h>

#define SMALL_PAGE ((uintptr_t)65536) /* the largest there is; the advice is for whole ones */

void ck_linux_prefer_huge_pages(void *block, size_t size) {
#ifdef MADV_HUGEPAGE
    uintptr_t begin = ((uintptr_t)block + SMALL_PAGE - 1) / SMALL_PAGE * SMALL_PAGE;
    uintptr_t end = ((uintptr_t)block + size) / SMALL_PAGE * SMALL_PAGE;
    if (end > begin)
        (void)madvise((unsigned char *)block + (begin - (uintptr_t)block), end - begin,
                      MADV_HUGEPAGE);
#else
    (void)block;
    (void)size;
#endif
}
