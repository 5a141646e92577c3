/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

/* The length of the well-formed sequence at p, 0 when there is none. The second byte has narrower
 * bounds after E0, ED, F0 and F4: that is what excludes long forms, surrogates and the numbers
 * above U+10FFFF (Unicode, table 3-7). */
static size_t sequence_length(const unsigned char *p, size_t size) {
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    size_t length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (size < length)
        return 0;
    unsigned low = 0x80, high = 0xbf;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

bool ck_utf8_valid(const char *text, size_t size) {
    const unsigned char *p = (const unsigned char *)text;
    size_t i = 0;
    while (i < size) {
        /* Eight ASCII bytes at once, none of them NUL: the usual case by far. */
        if (size - i >= 8) {
            uint64_t word;
            memcpy(&word, p + i, 8);
            uint64_t has_zero = (word - 0x0101010101010101u) & ~word;
            if (((word | has_zero) & 0x8080808080808080u) == 0) {
                i += 8;
                continue;
            }
        }
        if (p[i] == 0)
            return false;
        size_t length = sequence_length(p + i, size - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

uint32_t ck_utf8_next(const char **text, size_t size) {
    const unsigned char *p = (const unsigned char *)*text;
    static const unsigned char first_mask[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t length = sequence_length(p, size);
    if (length == 0) {
        *text += 1;
        return UINT32_MAX;
    }
    uint32_t code_point = p[0] & first_mask[length];
    for (size_t i = 1; i < length; i++)
        code_point = code_point << 6 | (p[i] & 0x3f);
    *text += length;
    return code_point;
}

bool ck_code_point_is_unsafe(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) /* C0, DEL, C1 */
           || c == 0x00ad                      /* soft hyphen */
           || c == 0x034f                      /* combining grapheme joiner */
           || c == 0x061c                      /* Arabic letter mark */
           || c == 0x115f || c == 0x1160       /* Hangul fillers */
           || c == 0x3164 || c == 0xffa0       /* the same, for compatibility */
           || c == 0x180e                      /* Mongolian vowel separator */
           || (c >= 0x200b && c <= 0x200f)     /* zero width, direction marks */
           || (c >= 0x2028 && c <= 0x202e)     /* separators, embeddings, overrides */
           || (c >= 0x2060 && c <= 0x206f)     /* joiners, isolates */
           || c == 0xfeff                      /* byte order mark */
           || (c >= 0xfff0 && c <= 0xfffb)     /* annotation controls */
           || (c >= 0x1d173 && c <= 0x1d17a)   /* musical beams and phrases */
           || (c >= 0xe0000 && c <= 0xe0fff);  /* tags */
}
