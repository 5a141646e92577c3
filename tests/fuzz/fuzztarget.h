/* SPDX-License-Identifier: MIT */
/* What a fuzz target is: one function that must survive every input, as libFuzzer calls it; and,
 * for what goes wrong without a crash, a way to say so. */
#ifndef FUZZTARGET_H
#define FUZZTARGET_H

#include "faultmemory.h"

#include <ckpt/ckpt.h>

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A target may have a mutator of its own, which only libFuzzer calls: in a part of the file for
 * FUZZING alone, where LLVMFuzzerMutate, libFuzzer's own, is to be had. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* What no input may make the library allocate; more only in proportion to its own size. */
#define FUZZ_MOST_MEMORY ((size_t)16 << 20)

#define must(condition, what)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, what);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Asks for all of an opened checkpoint that is no payload: names, values, shapes, totals. */
void fuzz_look(ckpt *c);
/* Uses all that can be read of an opened checkpoint. */
void fuzz_use(ckpt *c);
/* Saves it, opens that, and compares; changes it and compares again. */
void fuzz_save(ckpt *c);
/* Writes the manifest, reads it, and writes it again: the same text. */
void fuzz_manifest_round_trip(ckpt *c);

/* A failed call tells what failed. */
void fuzz_check_error(ckpt_status status, const ckpt_error *err);

#endif
