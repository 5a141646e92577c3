/* SPDX-License-Identifier: MIT */
/* What must be known of a YAML text before and behind its document, where libyaml is not to be
 * asked: it compares all %TAG directives with each other, and so does the start of a second
 * document. */
#ifndef CK_YAMLTEXT_H
#define CK_YAMLTEXT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Line and column, from 1, of a byte. */
ck_place ck_yaml_place(const char *name, const char *text, size_t size, size_t offset);

/* UTF-8 without NUL, and no directive but %YAML 1.1. *ret_skip is the size of a byte order mark. */
ckpt_status ck_yaml_check_start(const char *name, const char *text, size_t size, size_t *ret_skip,
                                ckpt_error *err);
/* From the character with that number on there is nothing but white space and comments. */
ckpt_status ck_yaml_check_end(const char *name, const char *text, size_t size, size_t character,
                              ckpt_error *err);

#endif
