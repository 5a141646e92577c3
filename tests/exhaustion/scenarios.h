/* SPDX-License-Identifier: MIT */
/* What is swept. Each list ends with a name that is NULL. */
#ifndef SCENARIOS_H
#define SCENARIOS_H

#include "sweep.h"

extern const sweep_case reading_scenarios[]; /* open, verify, read tensors, walk, print */
extern const sweep_case saving_scenarios[];  /* new, over an old file, over the source, edited */
extern const sweep_case part_scenarios[];    /* shards, a base, reading and verifying parts */
extern const sweep_case building_scenarios[];
extern const sweep_case text_scenarios[]; /* manifest out and in, pack, other formats, nets */
extern const sweep_case archive_scenarios[];
extern const sweep_case gguf_scenarios[]; /* opened */
extern const sweep_case gguf_saving_scenarios[];
extern const sweep_case
    exchange_scenarios[]; /* other formats, written, and read from several files */
extern const sweep_case oneflow_scenarios[]; /* files and directories, out and in */

size_t sweep_case_count(const sweep_case *cases);

#endif
