/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* MADV_HUGEPAGE, MADV_POPULATE_READ */
#include "base/linuxmemory.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

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

bool ck_linux_populate(const void *bytes, size_t size) {
#ifdef MADV_POPULATE_READ
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0)
        return false;
    size_t before = (uintptr_t)bytes % (uintptr_t)page;
    void *begin = (void *)((uintptr_t)bytes - before);
    return madvise(begin, size + before, MADV_POPULATE_READ) == 0;
#else
    (void)bytes;
    (void)size;
    return false;
#endif
}
