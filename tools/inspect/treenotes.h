/* SPDX-License-Identifier: MIT */
/* What the tree says behind a tensor or a module: ties, views, and what is unusual. */
#ifndef TREENOTES_H
#define TREENOTES_H

#include <stdbool.h>

#include "../common/outline.h"

/* Characters of a name that are shown where it need not be whole; 0: all. */
enum { NOTE_NAME = 200 };

/* "tied to embed.weight", "also lm_head.weight (tied)"; "" for what has one name. */
void note_ties(const outline *o, size_t place, bool full, textbuf *t);
/* "shares storage with qkv.weight"; "" for a storage of one tensor. */
void note_views(const outline *o, ckpt_tensor tensor, bool full, textbuf *t);
/* "buffer", "no grad", "strides [1, 64]". */
void note_kind(ckpt_tensor tensor, textbuf *t);
/* All three, separated by commas. */
void note_tensor(const outline *o, size_t place, bool full, textbuf *t);

#endif
