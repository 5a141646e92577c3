/* SPDX-License-Identifier: MIT */
/* Numbers as text. */
#ifndef NUMBERTEXT_H
#define NUMBERTEXT_H

#include <stdint.h>

#include "textbuffer.h"

/* Room for the result of any function here. */
enum { NUMBER_ROOM = 64 };
typedef struct number_text {
    char text[NUMBER_ROOM];
} number_text;

number_text number_grouped(uint64_t value); /* 1,234,567 */
number_text number_of_bytes(uint64_t size); /* "17 bytes", "1.5 MiB" */

/* The shortest decimal that gives back a float of so many significant bits (24 for f32, 53 for
 * f64); "1.0" for what is whole, "nan", "inf", "-inf". */
number_text number_shortest(double value, int significant_bits);
/* At most six significant digits, as statistics are given. */
number_text number_brief(double value);

/* "[2, 3]" */
void number_add_list(textbuf *t, const uint64_t *numbers, uint32_t count);
/* "1 tensor", "1,000 tensors": the noun gets an s unless value is 1. */
void number_add_count(textbuf *t, uint64_t value, const char *noun);

#endif
