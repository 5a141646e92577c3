/* SPDX-License-Identifier: MIT */
#include "manifest/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t ck_base64_length(size_t size) {
    return (size + 2) / 3 * 4;
}

void ck_base64_write(const unsigned char *bytes, size_t size, char *text) {
    for (size_t i = 0; i < size; i += 3) {
        size_t count = size - i < 3 ? size - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (count > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (count > 2)
            group |= bytes[i + 2];
        for (size_t k = 0; k < 4; k++)
            *text++ = k <= count ? alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
}

static bool digit_of(char c, uint32_t *ret_digit) {
    const char *p = c != '\0' ? strchr(alphabet, c) : NULL;
    if (p == NULL)
        return false;
    *ret_digit = (uint32_t)(p - alphabet);
    return true;
}

/* count characters, 2 to 4, of a group; the others are padding. */
static bool read_group(const char *text, size_t count, unsigned char *bytes) {
    uint32_t group = 0, digit;
    for (size_t k = 0; k < count; k++) {
        if (!digit_of(text[k], &digit))
            return false;
        group |= digit << (18 - 6 * k);
    }
    uint32_t unused = count == 4 ? 0 : count == 3 ? 0xff : 0xffff;
    if ((group & unused) != 0)
        return false;
    for (size_t k = 0; k + 1 < count; k++)
        bytes[k] = (unsigned char)(group >> (16 - 8 * k));
    return true;
}

bool ck_base64_read(const char *text, size_t length, unsigned char *bytes, size_t *ret_size) {
    size_t size = 0;
    if (length % 4 != 0)
        return false;
    for (size_t i = 0; i < length; i += 4) {
        size_t count = 4;
        if (i + 4 == length && text[i + 3] == '=')
            count = text[i + 2] == '=' ? 2 : 3;
        if (!read_group(text + i, count, bytes + size))
            return false;
        size += count - 1;
    }
    *ret_size = size;
    return true;
}
