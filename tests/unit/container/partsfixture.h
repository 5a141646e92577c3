/* SPDX-License-Identifier: MIT */
/* What the tests of checkpoints in several files have in common. */
#ifndef PARTSFIXTURE_H
#define PARTSFIXTURE_H

#include <ckpt/ckpt.h>

#include "testfiles.h"

enum { PARTS_MOST = 5000 }; /* elements of the largest tensor */

extern test_directory parts_directory;
extern char parts_path[300]; /* net.ckpt in it */

void parts_setup(void);
void parts_teardown(void);

/* The path of another file in the directory, until the next call. */
const char *parts_beside(const char *name);

void parts_add(ckpt *c, const char *name, uint64_t count, float first);
/* Storages of 4000, 4000, 20000, 8 and 0 bytes; the first two are equal. */
ckpt *parts_model(void);

ckpt_save_options parts_options(uint64_t shard_size, ckpt *base);
void parts_save(ckpt *c, const char *where, uint64_t shard_size, ckpt *base);
ckpt *parts_open(const char *where, ckpt_access access);

void parts_assert_same(ckpt *a, ckpt *b);
/* The file is whole and holds what c is. */
void parts_assert_file(const char *where, ckpt *c);

ckpt_storage parts_storage(ckpt *c, const char *name);
const char *parts_part_of(ckpt *c, const char *name);

#endif
