/* SPDX-License-Identifier: MIT */
/* Deep comparison of two checkpoints by what a user can see of them: the same names lead to the
 * same things, and two names lead to one module, tensor or storage here exactly when they do there.
 */
#ifndef COMPAREMODELS_H
#define COMPAREMODELS_H

#include <ckpt/ckpt.h>

/* NULL when they are equal; else one line that tells the first difference, in the buffer. Numbers
 * (ids) may differ, and so may what no name leads to. */
const char *models_differ(ckpt *a, ckpt *b, char *buffer, size_t size);
/* The same kind and content, floats by their bits, maps in the same order. */
bool values_equal(ckpt_value a, ckpt_value b);

#endif
