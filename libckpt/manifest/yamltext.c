/* SPDX-License-Identifier: MIT */
#include "manifest/yamltext.h"

#include "base/utf8.h"

#include <string.h>

/* YAML 1.1 ends lines with CR LF, CR, LF, NEL, LS and PS. 0 when no line ends at p. */
static size_t line_end_size(const char *p, size_t size) {
    if (size >= 2 && (memcmp(p, "\r\n", 2) == 0 || memcmp(p, "\xc2\x85", 2) == 0))
        return 2;
    if (size >= 3 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0))
        return 3;
    return size >= 1 && (*p == '\r' || *p == '\n');
}

static bool begins_character(char c) {
    return ((unsigned char)c & 0xc0) != 0x80;
}

ck_place ck_yaml_place(const char *name, const char *text, size_t size, size_t offset) {
    ck_place place = {name, CKPT_NO_OFFSET, NULL, 1, 1};
    size_t i = 0;
    while (i < offset && i < size) {
        size_t end = line_end_size(text + i, size - i);
        if (end > 0) {
            place.line++;
            place.column = 1;
            i += end;
        } else {
            i++;
            place.column += i == size || begins_character(text[i]);
        }
    }
    return place;
}

static size_t skip_blanks(const char *text, size_t size, size_t i) {
    while (i < size && (text[i] == ' ' || text[i] == '\t'))
        i++;
    return i;
}

/* Where the line ends that i is on. */
static size_t find_line_end(const char *text, size_t size, size_t i) {
    while (i < size && line_end_size(text + i, size - i) == 0)
        i++;
    return i;
}

/* The end of this line if it holds white space or a comment only, else where its content is. */
static size_t skip_comment(const char *text, size_t size, size_t i) {
    i = skip_blanks(text, size, i);
    return i < size && text[i] == '#' ? find_line_end(text, size, i) : i;
}

static bool at_line_end(const char *text, size_t size, size_t i) {
    return i == size || line_end_size(text + i, size - i) > 0;
}

static bool is_yaml_directive(const char *text, size_t size, size_t i) {
    static const char known[] = "%YAML 1.1";
    size_t length = sizeof known - 1;
    if (size - i < length || memcmp(text + i, known, length) != 0)
        return false;
    i += length;
    if (i < size && text[i] != ' ' && text[i] != '\t')
        return at_line_end(text, size, i);
    return at_line_end(text, size, skip_comment(text, size, i));
}

static ckpt_status check_directives(const char *name, const char *text, size_t size,
                                    ckpt_error *err) {
    bool seen = false;
    size_t i = 0;
    for (;;) {
        size_t content = skip_comment(text, size, i);
        if (content == i && i < size && text[i] == '%') {
            if (seen || !is_yaml_directive(text, size, i)) {
                ck_place place = ck_yaml_place(name, text, size, i);
                return ck_fail_at(err, &place, CKPT_E_MANIFEST,
                                  "expected no directive but one %%YAML 1.1");
            }
            seen = true;
            content = find_line_end(text, size, i);
        }
        if (content == size || !at_line_end(text, size, content))
            return CKPT_OK;
        i = content + line_end_size(text + content, size - content);
    }
}

static ckpt_status check_encoding(const char *name, const char *text, size_t size,
                                  ckpt_error *err) {
    ck_place place = {name, CKPT_NO_OFFSET, NULL, 1, 1};
    if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return ck_fail_at(err, &place, CKPT_E_MANIFEST, "expected UTF-8, got UTF-16 or UTF-32");
    if (ck_utf8_valid(text, size))
        return CKPT_OK;
    const char *p = text, *end = text + size;
    while (p < end && *p != '\0') {
        const char *before = p;
        if (ck_utf8_next(&p, (size_t)(end - p)) == UINT32_MAX) {
            p = before;
            break;
        }
    }
    place = ck_yaml_place(name, text, size, (size_t)(p - text));
    return ck_fail_at(err, &place, CKPT_E_MANIFEST, "expected UTF-8, got the byte 0x%02x",
                      (unsigned)(unsigned char)(p < end ? *p : 0));
}

ckpt_status ck_yaml_check_start(const char *name, const char *text, size_t size, size_t *ret_skip,
                                ckpt_error *err) {
    ckpt_status status = check_encoding(name, text, size, err);
    if (status != CKPT_OK)
        return status;
    size_t skip = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    status = check_directives(name, text + skip, size - skip, err);
    if (status == CKPT_OK)
        *ret_skip = skip;
    return status;
}

ckpt_status ck_yaml_check_end(const char *name, const char *text, size_t size, size_t character,
                              ckpt_error *err) {
    size_t i = 0;
    while (i < size && character > 0) {
        i++;
        character -= i == size || begins_character(text[i]);
    }
    for (;;) {
        i = skip_comment(text, size, i);
        if (i == size)
            return CKPT_OK;
        size_t end = line_end_size(text + i, size - i);
        if (end == 0)
            break;
        i += end;
    }
    ck_place place = ck_yaml_place(name, text, size, i);
    return ck_fail_at(err, &place, CKPT_E_MANIFEST,
                      "expected the end of the text: a manifest is one document");
}
