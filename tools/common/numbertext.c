/* SPDX-License-Identifier: MIT */
#include "numbertext.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

number_text number_grouped(uint64_t value) {
    number_text n = {""};
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, value);
    char *out = n.text;
    for (int i = 0; i < size; i++) {
        if (i != 0 && (size - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    return n;
}

number_text number_of_bytes(uint64_t size) {
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    number_text n = {""};
    if (size < 1024) {
        snprintf(n.text, sizeof n.text, "%" PRIu64 " byte%s", size, size == 1 ? "" : "s");
        return n;
    }
    int unit = 0;
    double value = (double)size / 1024;
    /* 1023.96 KiB would be rounded to 1024.0 */
    while (value >= 1023.95 && unit < 5) {
        value /= 1024;
        unit++;
    }
    snprintf(n.text, sizeof n.text, "%.1f %s", value, units[unit]);
    return n;
}

static bool looks_whole(const char *digits) {
    return strpbrk(digits, ".e") == NULL;
}

/* Whether a decimal that reads as `read` is nearer to value than any other float of so many bits
 * is: by less than half of the distance to the next larger one; below a power of two they lie twice
 * as close. */
static bool gives_back(double read, double value, int bits) {
    if (bits >= 53)
        return read == value;
    int exponent;
    double part = frexp(fabs(value), &exponent);
    return fabs(read - value) < ldexp(1.0, exponent - bits - (part == 0.5 ? 2 : 1));
}

number_text number_shortest(double value, int significant_bits) {
    number_text n = {""};
    if (isnan(value) || isinf(value)) {
        snprintf(n.text, sizeof n.text, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return n;
    }
    /* Fewer than three digits would save nothing and turn 128 into 1e+02. */
    for (int digits = 3; digits <= 17; digits++) {
        snprintf(n.text, sizeof n.text, "%.*g", digits, value);
        if (value == 0 || gives_back(strtod(n.text, NULL), value, significant_bits))
            break;
    }
    /* "1e+05" for 100000 is as short but less plain. */
    if (fabs(value) < 1e16 && value == floor(value))
        snprintf(n.text, sizeof n.text, "%.0f", value);
    if (looks_whole(n.text))
        strcat(n.text, ".0");
    return n;
}

number_text number_brief(double value) {
    number_text n = {""};
    if (isnan(value) || isinf(value))
        return number_shortest(value, 53);
    snprintf(n.text, sizeof n.text, "%.6g", value);
    if (fabs(value) < 1e15 && value == floor(value))
        snprintf(n.text, sizeof n.text, "%.0f", value);
    return n;
}

void number_add_list(textbuf *t, const uint64_t *numbers, uint32_t count) {
    text_add(t, "[");
    for (uint32_t i = 0; i < count; i++)
        text_addf(t, "%s%" PRIu64, i != 0 ? ", " : "", numbers[i]);
    text_add(t, "]");
}

void number_add_count(textbuf *t, uint64_t value, const char *noun) {
    text_addf(t, "%s %s%s", number_grouped(value).text, noun, value == 1 ? "" : "s");
}
