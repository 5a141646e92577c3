/* SPDX-License-Identifier: MIT */
/* What a loss of power at any moment of some work may leave on a disk, and whether that is right:
 * the file of before or the file of afterwards, whole, and told apart. */
#ifndef CRASH_H
#define CRASH_H

#include <ckpt/ckpt.h>

#include "simfs.h"

#define CRASH_PATH "net.ckpt"

/* Work on CRASH_PATH. seed chooses the model and the changes: the same seed, the same work. */
typedef struct crash_scenario {
    const char *name;
    /* Makes what is there before; NULL: nothing. */
    ckpt_status (*prepare)(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err);
    ckpt_status (*work)(const ckpt_filesystem *files, uint64_t seed, ckpt_error *err);
    bool has_parts; /* the file needs others, and must be found with them */
} crash_scenario;

extern const crash_scenario crash_scenarios[];
extern const size_t crash_scenario_count;

typedef struct crash_settings {
    uint64_t seed;
    uint64_t states_per_change; /* how many of a change's states are looked at, chosen at random; 0:
                                   all while at most 12 changes are pending, else 1000 */
    bool again; /* work is begun anew on some of what crashes left, and crashes once more */
    size_t largest_write;

    /* The faults of simfs. */
    uint64_t dropped_syncs;
    bool drops_directory_syncs, copies_for_rename;
    uint64_t failing_syncs; /* the work must fail, and is then done again on the same system */
} crash_settings;

typedef struct crash_result {
    uint64_t states; /* different ones */
    uint64_t old_states, new_states;
    uint64_t recovered; /* of old_states: those whose file tells of the interruption */
    uint64_t violations;
    char first_violation[600];
} crash_result;

/* Adds to *result. */
void crash_run(const crash_scenario *scenario, const crash_settings *settings,
               crash_result *result);

#endif
