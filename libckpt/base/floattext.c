/* SPDX-License-Identifier: MIT */
#include "base/floattext.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* strtod and printf use the decimal point of the locale, so no number with a point is ever given to
 * them or taken from them: the digits are one integer, the exponent says the rest. */

#define SIGNIFICANT_DIGITS 17 /* enough to tell any two float64 apart */
#define FIRST_EXPONENT 16 /* from 1e16 on, and below 1e-4, the form with an exponent is shorter */
#define LAST_SMALL_EXPONENT (-4)

typedef struct decimal {
    bool negative;
    char digits[SIGNIFICANT_DIGITS + 1];
    int count;    /* of digits */
    int exponent; /* of ten, of the first digit */
} decimal;

static double value_of(const decimal *d) {
    char text[SIGNIFICANT_DIGITS + 16];
    snprintf(text, sizeof text, "%s%se%d", d->negative ? "-" : "", d->digits,
             d->exponent - (d->count - 1));
    return strtod(text, NULL);
}

static decimal rounded(double value, int digits) {
    decimal d = {.negative = signbit(value) != 0, .count = digits};
    char text[48];
    snprintf(text, sizeof text, "%.*e", digits - 1, fabs(value));
    const char *e = strchr(text, 'e');
    int n = 0;
    for (const char *p = text; p < e && n < digits; p++)
        if (*p >= '0' && *p <= '9')
            d.digits[n++] = *p;
    d.digits[n] = '\0';
    d.exponent = (int)strtol(e + 1, NULL, 10);
    return d;
}

static decimal shortest(double value) {
    int digits = 1;
    decimal d = rounded(value, digits);
    while (digits < SIGNIFICANT_DIGITS && value_of(&d) != value)
        d = rounded(value, ++digits);
    return d;
}

static void write_with_exponent(const decimal *d, char *text) {
    const char *rest = d->count > 1 ? d->digits + 1 : "0";
    snprintf(text, CK_FLOAT_TEXT_SIZE, "%s%c.%se%+d", d->negative ? "-" : "", d->digits[0], rest,
             d->exponent);
}

static void write_positional(const decimal *d, char *text) {
    char *p = text;
    if (d->negative)
        *p++ = '-';
    if (d->exponent < 0)
        *p++ = '0';
    for (int i = 0; i <= d->exponent; i++)
        *p++ = i < d->count ? d->digits[i] : '0';
    *p++ = '.';
    for (int i = -1; i > d->exponent; i--)
        *p++ = '0';
    int first = d->exponent < 0 ? 0 : d->exponent + 1;
    for (int i = first; i < d->count; i++)
        *p++ = d->digits[i];
    if (first >= d->count)
        *p++ = '0';
    *p = '\0';
}

void ck_float_write(double value, char text[CK_FLOAT_TEXT_SIZE]) {
    if (isnan(value)) {
        strcpy(text, ".nan");
        return;
    }
    if (isinf(value)) {
        strcpy(text, value < 0 ? "-.inf" : ".inf");
        return;
    }
    decimal d = shortest(value);
    if (d.exponent < LAST_SMALL_EXPONENT || d.exponent >= FIRST_EXPONENT)
        write_with_exponent(&d, text);
    else
        write_positional(&d, text);
}

#define EXPONENT_MAX 100000 /* any larger one says no more */

static long exponent_of(const char *text, size_t size) {
    long exponent = 0;
    bool negative = size > 0 && text[0] == '-';
    for (size_t i = 0; i < size; i++)
        if (text[i] >= '0' && text[i] <= '9' && exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (text[i] - '0');
    return negative ? -exponent : exponent;
}

bool ck_float_read(const char *text, size_t size, double *ret_value) {
    char digits[CK_FLOAT_TEXT_MAX + 32];
    if (size > CK_FLOAT_TEXT_MAX)
        return false;
    size_t i = 0, count = 0;
    long exponent = 0;
    bool fraction = false;
    for (; i < size && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] == '.') {
            fraction = true;
            continue;
        }
        digits[count++] = text[i];
        if (fraction)
            exponent--;
    }
    if (i < size)
        exponent += exponent_of(text + i + 1, size - i - 1);
    snprintf(digits + count, sizeof digits - count, "e%ld", exponent);
    double value = strtod(digits, NULL);
    if (!isfinite(value))
        return false;
    *ret_value = value;
    return true;
}
