/* SPDX-License-Identifier: MIT */
/* float64 to text and back, exactly, whatever the locale of the program is. */
#ifndef CK_FLOATTEXT_H
#define CK_FLOATTEXT_H

#include <stdbool.h>
#include <stddef.h>

#define CK_FLOAT_TEXT_SIZE 32 /* room for what ck_float_write writes, with its NUL */
#define CK_FLOAT_TEXT_MAX                                                                          \
    1200 /* characters that ck_float_read takes; the exact decimal expansion                       \
            of every float64 has fewer */

/* The shortest decimal that reads back as the same number, with a dot: "0.1", "1.0e+20", "-.inf".
 * Every NaN becomes ".nan". */
void ck_float_write(double value, char text[CK_FLOAT_TEXT_SIZE]);

/* Reads a number of the form [-+]?[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?, which the caller has checked.
 * False when it rounds to infinity or is too long. */
bool ck_float_read(const char *text, size_t size, double *ret_value);

#endif
