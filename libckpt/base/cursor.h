/* SPDX-License-Identifier: MIT */
/* The one way to read numbers out of bytes: a bounded cursor with a sticky failure. A read past the
 * end gives zeros and marks the cursor; a parser reads straight through and checks once. */
#ifndef CK_CURSOR_H
#define CK_CURSOR_H

#include "base/endian.h"

#include <stddef.h>

typedef struct ck_cursor {
    const unsigned char *bytes;
    size_t size;
    size_t position;
    bool failed;
} ck_cursor;

static inline ck_cursor ck_cursor_at(const void *bytes, size_t size) {
    ck_cursor cursor = {(const unsigned char *)bytes, size, 0, false};
    return cursor;
}

static inline size_t ck_cursor_remaining(const ck_cursor *cursor) {
    return cursor->failed ? 0 : cursor->size - cursor->position;
}

/* size bytes, or NULL (and a failed cursor) when fewer remain. */
static inline const unsigned char *ck_cursor_take(ck_cursor *cursor, size_t size) {
    if (cursor->failed || size > cursor->size - cursor->position) {
        cursor->failed = true;
        return NULL;
    }
    const unsigned char *bytes = cursor->bytes + cursor->position;
    cursor->position += size;
    return bytes;
}

static inline uint8_t ck_cursor_u8(ck_cursor *cursor) {
    const unsigned char *p = ck_cursor_take(cursor, 1);
    return p != NULL ? *p : 0;
}

static inline uint16_t ck_cursor_u16(ck_cursor *cursor) {
    const unsigned char *p = ck_cursor_take(cursor, 2);
    return p != NULL ? ck_load16(p) : 0;
}

static inline uint32_t ck_cursor_u32(ck_cursor *cursor) {
    const unsigned char *p = ck_cursor_take(cursor, 4);
    return p != NULL ? ck_load32(p) : 0;
}

static inline uint64_t ck_cursor_u64(ck_cursor *cursor) {
    const unsigned char *p = ck_cursor_take(cursor, 8);
    return p != NULL ? ck_load64(p) : 0;
}

#endif
