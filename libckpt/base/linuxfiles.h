/* SPDX-License-Identifier: MIT */
/* The hints of ckpt_filesystem, where the system is Linux. Elsewhere they do nothing. */
#ifndef CK_LINUXFILES_H
#define CK_LINUXFILES_H

#include <stdint.h>

int ck_linux_reserve(void *ctx, int file, uint64_t size);
int ck_linux_begin_sync(void *ctx, int file, uint64_t offset, uint64_t size);

#endif
