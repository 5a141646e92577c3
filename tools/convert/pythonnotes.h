/* SPDX-License-Identifier: MIT */
#ifndef PYTHONNOTES_H
#define PYTHONNOTES_H

#include <ckpt/ckpt.h>

#include "newnames.h"

/* The metadata torch.types, torch.order and torch.versions say which Python objects stand where
 * (spec/exchange.md, "What only PyTorch wants to know"). Gives c those of `from`, as far as the
 * places are still there, by the places of today. */
ckpt_status python_notes_rename(ckpt *c, ckpt *from, const new_names *names, ckpt_error *err);

#endif
