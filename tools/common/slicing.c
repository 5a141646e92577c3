/* SPDX-License-Identifier: MIT */
#include "slicing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct part {
    bool has_start, has_stop, has_step, is_range, is_ellipsis;
    int64_t start, stop, step;
} part;

static const char *skip_spaces(const char *p) {
    return p + strspn(p, " \t");
}

/* An optional number; NULL when it leaves 64 bits. */
static const char *read_number(const char *p, bool *ret_has, int64_t *ret_value) {
    p = skip_spaces(p);
    *ret_has = (*p >= '0' && *p <= '9') || ((*p == '-' || *p == '+') && p[1] >= '0' && p[1] <= '9');
    if (!*ret_has)
        return p;
    char *end;
    errno = 0;
    *ret_value = strtoll(p, &end, 10);
    return errno == 0 ? skip_spaces(end) : NULL;
}

/* One part up to a comma or the end; NULL when it is malformed. */
static const char *read_part(const char *p, part *ret) {
    *ret = (part){.step = 1};
    p = skip_spaces(p);
    if (strncmp(p, "...", 3) == 0) {
        ret->is_ellipsis = true;
        p = skip_spaces(p + 3);
    } else {
        p = read_number(p, &ret->has_start, &ret->start);
        if (p != NULL && *p == ':') {
            ret->is_range = true;
            p = read_number(p + 1, &ret->has_stop, &ret->stop);
        }
        if (p != NULL && ret->is_range && *p == ':')
            p = read_number(p + 1, &ret->has_step, &ret->step);
        if (p == NULL || (!ret->is_range && !ret->has_start))
            return NULL;
    }
    return *p == ',' || *p == '\0' ? p : NULL;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

/* The rules of Python's slice.indices(). */
static slice take_range(const part *p, int64_t extent) {
    int64_t low = p->step > 0 ? 0 : -1;
    int64_t high = p->step > 0 ? extent : extent - 1;
    int64_t start = p->step > 0 ? low : high;
    int64_t stop = p->step > 0 ? high : low;
    if (p->has_start)
        start = clamp(p->start < 0 ? p->start + extent : p->start, low, high);
    if (p->has_stop)
        stop = clamp(p->stop < 0 ? p->stop + extent : p->stop, low, high);
    uint64_t distance = 0;
    if (p->step > 0 && stop > start)
        distance = (uint64_t)(stop - start);
    if (p->step < 0 && start > stop)
        distance = (uint64_t)(start - stop);
    uint64_t step = p->step > 0 ? (uint64_t)p->step : 0 - (uint64_t)p->step;
    return (slice){
        .start = start, .step = p->step, .count = distance == 0 ? 0 : (distance - 1) / step + 1};
}

static bool take(const part *p, uint32_t dimension, uint64_t extent, slice *ret, char *message,
                 size_t size) {
    if (extent > INT64_MAX) {
        snprintf(message, size, "dimension %" PRIu32 " is too long to be sliced", dimension);
        return false;
    }
    int64_t n = (int64_t)extent;
    if (p->is_range) {
        if (p->step == 0) {
            snprintf(message, size, "a step of 0");
            return false;
        }
        *ret = take_range(p, n);
        return true;
    }
    if (p->start >= n || p->start < -n) {
        snprintf(message, size,
                 "index %" PRId64 " is out of range for dimension %" PRIu32 " of %" PRIu64
                 " elements",
                 p->start, dimension, extent);
        return false;
    }
    *ret = (slice){
        .start = p->start < 0 ? p->start + n : p->start, .step = 1, .count = 1, .is_index = true};
    return true;
}

/* All parts of the text, without a limit of the rank yet; the count, or -1. */
static int read_parts(const char *string, part *parts, char *message, size_t size) {
    int count = 0;
    bool ellipsis = false;
    if (*skip_spaces(string) == '\0')
        return 0;
    for (const char *p = string;; p++) {
        if (count > SLICE_MAX_RANK) {
            snprintf(message, size, "more than %d dimensions", SLICE_MAX_RANK);
            return -1;
        }
        p = read_part(p, &parts[count]);
        if (p == NULL || (ellipsis && parts[count].is_ellipsis)) {
            snprintf(message, size, "a slice is written as in Python: [0:2, :, -1]");
            return -1;
        }
        ellipsis = ellipsis || parts[count].is_ellipsis;
        count++;
        if (*p == '\0')
            return count;
    }
}

bool slice_read(const char *string, uint32_t rank, const uint64_t *shape, slice *ret_slices,
                char *message, size_t message_size) {
    static const part all = {.is_range = true, .step = 1};
    part parts[SLICE_MAX_RANK + 1];
    int count = read_parts(string, parts, message, message_size);
    if (count < 0)
        return false;
    uint32_t given = 0;
    for (int i = 0; i < count; i++)
        given += !parts[i].is_ellipsis;
    if (given > rank) {
        snprintf(message, message_size,
                 "%" PRIu32 " indices for a tensor of %" PRIu32 " dimensions", given, rank);
        return false;
    }
    uint32_t d = 0;
    for (int i = 0; i < count; i++) {
        uint32_t repeat = parts[i].is_ellipsis ? rank - given : 1;
        for (; repeat > 0; repeat--, d++) {
            const part *p = parts[i].is_ellipsis ? &all : &parts[i];
            if (!take(p, d, shape[d], &ret_slices[d], message, message_size))
                return false;
        }
    }
    for (; d < rank; d++) {
        if (!take(&all, d, shape[d], &ret_slices[d], message, message_size))
            return false;
    }
    return true;
}
