/* SPDX-License-Identifier: MIT */
/* What work costs: a task prepares something of size n, and then does one thing whose instructions
 * and memory are counted. */
#ifndef COST_H
#define COST_H

#include <ckpt/ckpt.h>

#include <stddef.h>

typedef struct task {
    uint32_t n;
    ckpt_allocator hook; /* counts the memory; for what is measured */
    ckpt *c;
    void *bytes; /* a file or a text, from malloc */
    size_t size;
    void *state; /* of the task's own */
} task;

typedef struct task_kind {
    const char *name;
    void (*prepare)(task *t);
    void (*work)(task *t);
} task_kind;

/* Each list ends with a name that is NULL. */
extern const task_kind file_tasks[];  /* .ckpt files and other formats */
extern const task_kind model_tasks[]; /* checkpoints in memory */

/* Ends the program unless the status is CKPT_OK. */
void must_succeed(ckpt_status status, const ckpt_error *err);

/* Files to open, by what there are many of. */
ckpt *make_layers(uint32_t n);     /* modules with a weight and a bias each */
ckpt *make_long_names(uint32_t n); /* tensors whose names begin alike */
ckpt *make_values(uint32_t n);     /* a map, a list, lists in lists */
/* Saves it to t->bytes and frees it. */
void save_task(task *t, ckpt *c, const ckpt_save_options *options);
void open_task(task *t); /* from t->bytes, with the counting memory */

#endif
