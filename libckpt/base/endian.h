/* SPDX-License-Identifier: MIT */
/* Little-endian loads and stores at any alignment. Compilers make one instruction of each. */
#ifndef CK_ENDIAN_H
#define CK_ENDIAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t ck_load16(const unsigned char *p) {
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static inline uint32_t ck_load32(const unsigned char *p) {
    return (uint32_t)ck_load16(p) | (uint32_t)ck_load16(p + 2) << 16;
}

static inline uint64_t ck_load64(const unsigned char *p) {
    return (uint64_t)ck_load32(p) | (uint64_t)ck_load32(p + 4) << 32;
}

static inline void ck_store16(unsigned char *p, uint16_t value) {
    p[0] = (unsigned char)value;
    p[1] = (unsigned char)(value >> 8);
}

static inline void ck_store32(unsigned char *p, uint32_t value) {
    ck_store16(p, (uint16_t)value);
    ck_store16(p + 2, (uint16_t)(value >> 16));
}

static inline void ck_store64(unsigned char *p, uint64_t value) {
    ck_store32(p, (uint32_t)value);
    ck_store32(p + 4, (uint32_t)(value >> 32));
}

static inline bool ck_host_is_little_endian(void) {
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

#endif
