/* SPDX-License-Identifier: MIT */
#ifndef SAMEFILE_H
#define SAMEFILE_H

#include <stdbool.h>

/* Whether a file saved at output takes the place of what is read at input: they are one file, or
 * one link. What is not there is the same as nothing. */
bool tool_replaces(const char *output, const char *input);

#endif
