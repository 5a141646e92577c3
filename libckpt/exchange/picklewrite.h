/* SPDX-License-Identifier: MIT */
/* Writing pickles of protocol 2, or 4 where that is said, opcode by opcode. Failures stick: who
 * writes asks once, at the end. */
#ifndef CK_PICKLEWRITE_H
#define CK_PICKLEWRITE_H

#include "base/buffer.h"
#include "base/error.h"

/* Set memory, leave the rest zero; clear in every case. */
typedef struct ck_pickle_writer {
    ck_memory memory;
    ck_buffer bytes;
    uint32_t opcodes;
    uint32_t memo; /* numbers that were given */
    unsigned protocol;
    bool no_memory;
    bool too_large; /* ck_pickle_run would refuse it */
} ck_pickle_writer;

void ck_pickle_write_begin(ck_pickle_writer *w, unsigned protocol); /* PROTO */
/* STOP; and what has failed, if anything has. */
ckpt_status ck_pickle_write_end(ck_pickle_writer *w, ckpt_error *err);
void ck_pickle_writer_clear(ck_pickle_writer *w);

/* An opcode without operands. */
void ck_pickle_op_byte(ck_pickle_writer *w, unsigned char opcode);
void ck_pickle_write_bool(ck_pickle_writer *w, bool value);
void ck_pickle_write_int(ck_pickle_writer *w, int64_t value);
void ck_pickle_write_uint(ck_pickle_writer *w, uint64_t value);
/* Two's complement, little-endian, at most 255 bytes. */
void ck_pickle_write_long(ck_pickle_writer *w, const unsigned char *bytes, size_t size);
void ck_pickle_write_float(ck_pickle_writer *w, double value);
void ck_pickle_write_text(ck_pickle_writer *w, const char *text, size_t size);
/* The beginning of bytes; what comes next is theirs. Not of protocol 2. */
void ck_pickle_write_bytes_head(ck_pickle_writer *w, uint64_t size);
/* Something that Python has built in. */
void ck_pickle_write_builtin(ck_pickle_writer *w, const char *name);
/* GLOBAL. */
void ck_pickle_write_name(ck_pickle_writer *w, const char *module, const char *name);
/* A tuple of count values that are on the stack; behind a mark where there are more than 3. */
void ck_pickle_write_tuple(ck_pickle_writer *w, uint32_t count);

/* What is on the stack gets a number, 1 or more. */
uint32_t ck_pickle_memoize(ck_pickle_writer *w);
void ck_pickle_recall(ck_pickle_writer *w, uint32_t number);

#endif
