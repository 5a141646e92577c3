/* SPDX-License-Identifier: MIT */
#include "container/byteorder.h"

#include "base/endian.h"
#include "container/layout.h"

/* The widths of the fields of a record, in order; a digit is a number of bytes. */
static const char *fields_of(uint32_t kind) {
    static const char *const fields[CK_SECTION_ROOM] = {
        [CK_STRING_OFFSETS] = "8", [CK_STRING_BYTES] = "1",
        [CK_DTYPES] = "4111144",   [CK_MODULES] = "44844",
        [CK_MEMBERS] = "4444",     [CK_TENSORS] = "421188",
        [CK_DIMENSIONS] = "8",     [CK_STORAGES] = "888811114",
        [CK_CHUNKS] = "8",         [CK_VALUES] = "44448",
        [CK_VALUE_BYTES] = "1",    [CK_RETIRED] = "884488",
        [CK_CHUNK_ENDS] = "8",     [CK_PARTS] = "44811111111111111111111111111111111",
    };
    return fields[kind];
}

static void turn(unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size / 2; i++) {
        unsigned char swapped = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = swapped;
    }
}

void ck_to_host_order(uint32_t kind, unsigned char *records, uint64_t count) {
    if (ck_host_is_little_endian())
        return;
    for (uint64_t i = 0; i < count; i++) {
        for (const char *field = fields_of(kind); *field != '\0'; field++) {
            size_t size = (size_t)(*field - '0');
            turn(records, size);
            records += size;
        }
    }
}
