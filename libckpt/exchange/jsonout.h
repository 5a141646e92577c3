/* SPDX-License-Identifier: MIT */
#ifndef CK_JSONOUT_H
#define CK_JSONOUT_H

#include "base/buffer.h"

/* Appends a string of well-formed UTF-8 to a JSON text, quotes included. Quote, backslash and the
 * characters below U+0020 are escaped, those that have one with their letter, the others as \u00xx;
 * nothing else is, as serde_json has it. ascii: everything above U+007E too, as \uxxxx, as Python's
 * json has it. False when memory runs out. */
bool ck_json_put_string(const ck_memory *memory, ck_buffer *out, const char *text, size_t size,
                        bool ascii);
bool ck_json_put_text(const ck_memory *memory, ck_buffer *out, const char *text); /* as it is */
bool ck_json_put_uint(const ck_memory *memory, ck_buffer *out, uint64_t value);

#endif
