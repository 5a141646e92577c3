/* SPDX-License-Identifier: MIT */
/* What the tests of the runtime share: small models in few words, and an allocator that counts. */
#ifndef NNTEST_H
#define NNTEST_H

#include <ckpt/build.h>
#include <ckpt/nn.h>

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

/* Fails the test with the library's message. */
void must_at(ckpt_status status, const ckpt_error *err, const char *file, int line);
#define must(call, err) must_at((call), (err), __FILE__, __LINE__)

/* The call fails with that status and exactly that message. */
void expect_at(ckpt_status got, const ckpt_error *err, ckpt_status wanted, const char *message,
               const char *file, int line);
#define expect(call, err, wanted, message)                                                         \
    expect_at((call), (err), (wanted), (message), __FILE__, __LINE__)

ckpt *new_sequential(const ckpt_allocator *allocator); /* whose root is a Sequential */
ckpt_module add(ckpt_module parent, const char *name, const char *type);
void set(ckpt_module module, const char *key, ckpt_literal literal);
/* values may be NULL: zeros. */
ckpt_tensor add_f32(ckpt_module module, const char *name, uint32_t rank, const uint64_t *shape,
                    const float *values);
/* A Linear with all attributes; values NULL: zeros; bias NULL: none. */
ckpt_module add_linear(ckpt_module parent, const char *name, uint64_t in, uint64_t out,
                       const float *weight, const float *bias);

ckpt_net *build(ckpt *c);
/* Runs a net that takes [rows, columns] and compares the output, to a relative 1e-6. */
void expect_rows(ckpt *c, uint64_t rows, uint64_t columns, const float *input, size_t count,
                 const float *wanted);
void expect_floats(const float *got, const float *wanted, size_t count);

/* Counts what is allocated, and can be told to fail. */
typedef struct counter {
    size_t calls;      /* allocations and resizes so far */
    size_t live_bytes; /* allocated and not freed */
    size_t peak_bytes;
    size_t fail_at; /* number of the call that fails, from 1; 0: none */
} counter;
ckpt_allocator counting_allocator(counter *c);

int run_cases(const char *name, const TTest *const *tests, size_t count);
#define RUN_CASES(name, tests) run_cases(name, tests, sizeof(tests) / sizeof(tests)[0])

#endif
