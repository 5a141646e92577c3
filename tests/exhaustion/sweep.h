/* SPDX-License-Identifier: MIT */
/* Sweeps: a scenario is run again and again, and each time another one of its allocations, or of
 * its file operations, fails. */
#ifndef SWEEP_H
#define SWEEP_H

#include <ckpt/ckpt.h>

#include "faultfiles.h"
#include "faultmemory.h"
#include "testfiles.h"

typedef struct sweep {
    fault_memory memory;
    fault_files files;
    ckpt_allocator allocator;          /* leads to memory */
    const ckpt_filesystem *filesystem; /* leads to files */
    uint64_t fail_at;                  /* what sweep_arm sets */
    bool fail_ever_after;
    bool fails_memory; /* else files */
    int sys_errno;
    bool cut; /* a pread finds the end of the file */
    bool is_armed;
    uint64_t operations; /* on files, from sweep_arm to sweep_disarm */

    test_directory directory;
    char source[300]; /* a .ckpt file to open; a scenario may replace it, and must not leave more */
    char target[300]; /* a file to save over; it holds the bytes `old` */
    void *old;
    size_t old_size;
    size_t choice;         /* for a scenario that does one of several things */
    const char *complaint; /* the first thing that a scenario did not like */
} sweep;

/* Prepares as it likes, calls sweep_arm, does what can fail, calls sweep_disarm, and cleans up;
 * returns the status of what can fail. */
typedef ckpt_status (*sweep_scenario)(sweep *s, ckpt_error *err);

typedef struct sweep_case {
    const char *name;
    sweep_scenario run;
} sweep_case;

sweep *sweep_create(void);
void sweep_free(sweep *s);

/* Lets faults happen, and counts from here. */
void sweep_arm(sweep *s);
void sweep_disarm(sweep *s);
bool sweep_failed(const sweep *s); /* whether the fault has been met */

/* For scenarios: notes what is wrong when condition is false. */
void sweep_expect(sweep *s, bool condition, const char *complaint);

/* One run; NULL when memory, files and directory are as they should be afterwards, else what is
 * wrong. Does not look at the status, nor at the content of target. */
const char *sweep_run(sweep *s, sweep_scenario scenario, ckpt_status *ret_status, ckpt_error *err);

typedef struct sweep_result {
    uint64_t runs;
    char complaint[600]; /* "" when all is well */
} sweep_result;

/* Lets each allocation fail, once and from then on; every failure must be CKPT_E_NOMEM. */
void sweep_allocations(sweep *s, const sweep_case *c, sweep_result *ret_result);
/* Lets each file operation fail with each errno that it may have, once and from then on; the status
 * must be what <ckpt/file.h> says, with the errno in the error. */
void sweep_operations(sweep *s, const sweep_case *c, sweep_result *ret_result);

/* Whether target still holds the old bytes. */
bool sweep_target_is_old(const sweep *s);

ckpt_open_options sweep_open_options(const sweep *s, ckpt_access access);
ckpt_save_options sweep_save_options(const sweep *s);
/* For the part of a scenario that must not fail: a checkpoint opened from source, or NULL with a
 * complaint. */
ckpt *sweep_open_source(sweep *s, ckpt_access access);

#endif
