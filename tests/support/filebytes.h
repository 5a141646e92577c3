/* SPDX-License-Identifier: MIT */
/* A .ckpt file as bytes, to be tampered with: where its fields are, and the checksums put right
 * again afterwards, so that it is the rule behind the checksum that has to notice. */
#ifndef FILEBYTES_H
#define FILEBYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct file_bytes {
    unsigned char *bytes;
    size_t size;
} file_bytes;

typedef struct file_field {
    size_t offset; /* in the file */
    uint8_t width; /* 1, 2, 4 or 8 bytes */
    char name[48];
} file_field;

/* Where a section lies. Zeros when there is no such section inside the file. */
typedef struct file_section {
    size_t offset; /* in the file */
    size_t record_size;
    size_t count;
    size_t entry; /* of the directory, offset in the file */
} file_section;

uint64_t field_load(const file_bytes *file, size_t offset, unsigned width);
void field_store(file_bytes *file, size_t offset, unsigned width, uint64_t value);

/* Where the newest committed slot stands, and where its index does. The file has both header pages;
 * nothing in them need be right. */
size_t slot_of(const file_bytes *file);
size_t index_offset_of(const file_bytes *file);
file_section section_of(const file_bytes *file, uint32_t kind);
/* Offset in the file of byte `at` of record i. */
size_t record_field(const file_section *section, size_t i, size_t at);

/* Computes the checksums of the index and of the slots anew, where they lie inside the file. Slots
 * without the magic stay as they are. Safe for any bytes. */
void repair_checksums(file_bytes *file);

/* All fields of the header slot, the directory, and of the first two and the last record of each
 * section, as far as they lie inside the file, which has at least a header; returns how many there
 * are, at most room of which are stored. Safe for any bytes. */
size_t list_fields(const file_bytes *file, file_field *fields, size_t room);

#endif
