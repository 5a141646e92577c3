/* SPDX-License-Identifier: MIT */
/* Patterns for dotted names. */
#ifndef GLOB_H
#define GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the whole name fits the pattern: '*' stands for any run of characters, dots included, '?'
 * for one character, "[abc0-9]" for one of a set and "[!abc]" for one that is not in it. '\\' takes
 * the next character as it is; "[" without "]" stands for itself. Sets and '?' take UTF-8
 * characters. Time: the product of both sizes at most. */
bool glob_matches(const char *pattern, const char *name, size_t name_size);

/* Whether the pattern fits the name or a part of it that ends before a dot: the pattern "encoder"
 * takes "encoder.0.weight" too. Time as above. */
bool glob_matches_name_or_module(const char *pattern, const char *name, size_t name_size);

#endif
