/* SPDX-License-Identifier: MIT */
/* Limit kernels: the least that a machine must do for a task, without any library. Each returns
 * seconds. */
#ifndef BENCHLIMITS_H
#define BENCHLIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Forgets what is cached of a file, so that the next reader goes to the disk. */
void limit_make_cold(const char *path);

double limit_sum_map(const char *path, unsigned threads);  /* every byte of a fresh map */
double limit_sum_read(const char *path, unsigned threads); /* through pread of 1 MiB */
double limit_sum_memory(size_t size, unsigned threads);    /* of ordinary memory */
double limit_read(const char *path, bool direct);          /* pread of 4 MiB; bypassing the cache */
double limit_write(const char *path, const void *bytes, size_t size, bool sync);

/* Every byte of a file by pread and write of 4 MiB into a new one. */
double limit_copy(const char *from, const char *to, bool sync);

#endif
