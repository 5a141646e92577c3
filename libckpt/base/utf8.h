/* SPDX-License-Identifier: MIT */
#ifndef CK_UTF8_H
#define CK_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Well-formed UTF-8 as Unicode (table 3-7) and RFC 3629 define it: shortest forms, no surrogates,
 * nothing above U+10FFFF; NUL is not accepted. */
bool ck_utf8_valid(const char *text, size_t size);

/* The code point at *text, which advances behind it; UINT32_MAX, advancing by one byte, for a byte
 * that begins no well-formed sequence. size is what remains and is at least 1. */
uint32_t ck_utf8_next(const char **text, size_t size);

/* Control characters, and characters that change how a terminal shows the text around them. */
bool ck_code_point_is_unsafe(uint32_t code_point);

#endif
