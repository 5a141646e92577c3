/* SPDX-License-Identifier: MIT */
/* A .ckpt file, ways to damage it at random, and whether the damage is noticed. */
#ifndef CORRUPTION_H
#define CORRUPTION_H

#include "testrandom.h"

#include <ckpt/ckpt.h>

enum { FIXTURE_GENERATIONS = 8, FIXTURE_EXTENTS = 64 };

typedef struct fixture_range {
    size_t begin, end;
} fixture_range;

typedef struct fixture {
    unsigned char *bytes; /* what is damaged */
    unsigned char *sound;
    unsigned char *older; /* a file of the same layout, sound too, with other bytes */
    size_t size;
    uint8_t digests[FIXTURE_GENERATIONS][CKPT_DIGEST_SIZE]; /* of the generations, newest first */
    uint32_t generations;
    /* What the newest generation does not use: storages of older ones, and what an interrupted edit
     * has left behind the end. And storages without checksums, of which verifying says that they
     * are unchecked. */
    fixture_range unused[FIXTURE_EXTENTS];
    uint32_t unused_count;
    fixture_range unchecked[FIXTURE_EXTENTS];
    uint32_t unchecked_count;
} fixture;

typedef enum corruption_verdict {
    CORRUPTION_REFUSED,  /* by opening */
    CORRUPTION_FOUND,    /* by verifying */
    CORRUPTION_TOLD,     /* a whole generation is shown, and opening says that something is wrong */
    CORRUPTION_HARMLESS, /* only what the newest generation does not use is damaged */
    CORRUPTION_UNDETECTED
} corruption_verdict;

void fixture_load(fixture *f, const char *path);
void fixture_free(fixture *f);

/* Damages the bytes; a word for how, or NULL when they are as they were. */
const char *fixture_damage(fixture *f, test_random *r);
corruption_verdict fixture_judge(const fixture *f);
void fixture_restore(fixture *f);

#endif
