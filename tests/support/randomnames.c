/* SPDX-License-Identifier: MIT */
#include "randommodel.h"

#include <stdio.h>
#include <string.h>

/* Every one of them is a legal component of a dotted name. */
static const char *const odd_names[] = {
    "",
    " ",
    "weight",
    "bias",
    "0",
    "block 1",
    "a/b\\c",
    "\"quoted\" 'twice'",
    "tab\there",
    "line\nbreak",
    "\x1b[31mred",
    "\x7f",
    "Gewicht \xc3\xa4\xc3\xb6\xc3\xbc",
    "\xe6\x9d\x83\xe9\x87\x8d",
    "\xf0\x9f\x92\xa1",
    "\xe2\x80\xaetxet",
    "\xef\xbb\xbf",
    "e\xcc\x81",
    "\xc3\xa9",
    "null",
    "~",
    "yes",
    "- x",
    "&a",
    "*a",
    "!t",
    "{}",
    "x: y",
    "#",
    "%s%n",
};

enum { ODD_NAMES = sizeof odd_names / sizeof odd_names[0] };

static void propose_name(test_random *r, char *buffer, size_t size) {
    uint32_t kind = random_below(r, 100);
    if (kind < 50) {
        snprintf(buffer, size, "%s", odd_names[random_below(r, ODD_NAMES)]);
    } else if (kind < 98) {
        snprintf(buffer, size, "m%u", random_below(r, 1000));
    } else {
        size_t length = 100 + random_below(r, 300);
        if (length >= size)
            length = size - 1;
        memset(buffer, 'a' + (int)random_below(r, 26), length);
        buffer[length] = '\0';
    }
}

void random_name(test_random *r, ckpt_module module, char *buffer, size_t size) {
    propose_name(r, buffer, size);
    for (unsigned i = 0; ckpt_module_member_named(module, buffer).name != NULL; i++)
        snprintf(buffer, size, "n%u", i);
}

ckpt_literal random_literal(test_random *r) {
    static const int64_t integers[] = {0, 1, -1, 64, INT64_MAX, INT64_MIN};
    static const double numbers[] = {0.0, -0.0, 0.1, 1e300, 5e-324, -2.5};
    static const char bytes[] = "\0\xff\x80 bytes";
    switch (random_below(r, 7)) {
    case 0: return ckpt_null();
    case 1: return ckpt_bool(random_chance(r, 50));
    case 2: return ckpt_int(integers[random_below(r, 6)]);
    case 3: return ckpt_float(numbers[random_below(r, 6)]);
    case 4: return ckpt_bytes(bytes, random_below(r, sizeof bytes));
    case 5: return ckpt_float((double)(int64_t)random_next(r) / 1024.0);
    default: return ckpt_string(odd_names[random_below(r, ODD_NAMES)]);
    }
}
