/* SPDX-License-Identifier: MIT */
/* Base64 as RFC 4648, section 4, has it: with padding, without anything else. */
#ifndef CK_BASE64_H
#define CK_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Characters for size bytes, at most SIZE_MAX / 2 of them. */
size_t ck_base64_length(size_t size);
void ck_base64_write(const unsigned char *bytes, size_t size, char *text); /* no NUL behind it */

/* text and bytes may be the same memory; bytes needs length / 4 * 3. False for text that is not the
 * one canonical encoding of some bytes. */
bool ck_base64_read(const char *text, size_t length, unsigned char *bytes, size_t *ret_size);

#endif
