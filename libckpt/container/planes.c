/* SPDX-License-Identifier: MIT */
#include "container/planes.h"

#include "base/endian.h"

#include <string.h>

size_t ck_plane_size(size_t size, unsigned width, unsigned p) {
    return size / width + (p < size % width);
}

/* The bytes behind the last whole element: one at the end of each of the first planes. */
static void split_rest(const unsigned char *bytes, size_t size, unsigned width,
                       unsigned char *planes) {
    size_t whole = size - size % width;
    for (unsigned p = 0; p < size % width; p++) {
        planes += ck_plane_size(size, width, p);
        planes[-1] = bytes[whole + p];
    }
}

static void join_rest(const unsigned char *planes, size_t size, unsigned width,
                      unsigned char *bytes) {
    size_t whole = size - size % width;
    for (unsigned p = 0; p < size % width; p++) {
        planes += ck_plane_size(size, width, p);
        bytes[whole + p] = planes[-1];
    }
}

static void split_2(const unsigned char *bytes, size_t count, unsigned rotation, unsigned char *p0,
                    unsigned char *p1) {
    unsigned back = 16 - rotation;
    for (size_t i = 0; i < count; i++) {
        unsigned v = ck_load16(bytes + 2 * i);
        v = v << rotation | v >> back;
        p0[i] = (unsigned char)v;
        p1[i] = (unsigned char)(v >> 8);
    }
}

static void join_2(const unsigned char *p0, const unsigned char *p1, size_t count,
                   unsigned rotation, unsigned char *bytes) {
    unsigned back = 16 - rotation;
    for (size_t i = 0; i < count; i++) {
        unsigned v = p0[i] | (unsigned)p1[i] << 8;
        ck_store16(bytes + 2 * i, (uint16_t)(v >> rotation | v << back));
    }
}

/* For 4 bytes: no shift by the whole width, which C does not define. */
static void split_4(const unsigned char *bytes, size_t count, unsigned rotation,
                    unsigned char *const *planes) {
    unsigned char *p0 = planes[0], *p1 = planes[1], *p2 = planes[2], *p3 = planes[3];
    for (size_t i = 0; i < count; i++) {
        uint32_t v = ck_load32(bytes + 4 * i);
        v = v << rotation | (v >> 31 & rotation);
        p0[i] = (unsigned char)v;
        p1[i] = (unsigned char)(v >> 8);
        p2[i] = (unsigned char)(v >> 16);
        p3[i] = (unsigned char)(v >> 24);
    }
}

static void join_4(const unsigned char *const *planes, size_t count, unsigned rotation,
                   unsigned char *bytes) {
    const unsigned char *p0 = planes[0], *p1 = planes[1], *p2 = planes[2], *p3 = planes[3];
    for (size_t i = 0; i < count; i++) {
        uint32_t v = p0[i] | (uint32_t)p1[i] << 8 | (uint32_t)p2[i] << 16 | (uint32_t)p3[i] << 24;
        ck_store32(bytes + 4 * i, v >> rotation | (v & rotation) << 31);
    }
}

static void split_8(const unsigned char *bytes, size_t count, unsigned rotation,
                    unsigned char *const *planes) {
    for (size_t i = 0; i < count; i++) {
        uint64_t v = ck_load64(bytes + 8 * i);
        v = v << rotation | (v >> 63 & rotation);
        for (unsigned p = 0; p < 8; p++)
            planes[p][i] = (unsigned char)(v >> 8 * p);
    }
}

static void join_8(const unsigned char *const *planes, size_t count, unsigned rotation,
                   unsigned char *bytes) {
    for (size_t i = 0; i < count; i++) {
        uint64_t v = 0;
        for (unsigned p = 0; p < 8; p++)
            v |= (uint64_t)planes[p][i] << 8 * p;
        ck_store64(bytes + 8 * i, v >> rotation | (v & rotation) << 63);
    }
}

void ck_planes_split(const unsigned char *bytes, size_t size, unsigned width, unsigned rotation,
                     unsigned char *planes) {
    unsigned char *plane[8];
    size_t count = size / width, begin = 0;
    for (unsigned p = 0; p < width; p++) {
        plane[p] = planes + begin;
        begin += ck_plane_size(size, width, p);
    }
    switch (width) {
    case 1: memcpy(planes, bytes, size); break;
    case 2: split_2(bytes, count, rotation, plane[0], plane[1]); break;
    case 4: split_4(bytes, count, rotation, plane); break;
    default: split_8(bytes, count, rotation, plane); break;
    }
    split_rest(bytes, size, width, planes);
}

void ck_planes_join(const unsigned char *planes, size_t size, unsigned width, unsigned rotation,
                    unsigned char *bytes) {
    const unsigned char *plane[8];
    size_t count = size / width, begin = 0;
    for (unsigned p = 0; p < width; p++) {
        plane[p] = planes + begin;
        begin += ck_plane_size(size, width, p);
    }
    switch (width) {
    case 1: memcpy(bytes, planes, size); break;
    case 2: join_2(plane[0], plane[1], count, rotation, bytes); break;
    case 4: join_4(plane, count, rotation, bytes); break;
    default: join_8(plane, count, rotation, bytes); break;
    }
    join_rest(planes, size, width, bytes);
}
