/* SPDX-License-Identifier: MIT */
/* Reads the input as an archive: its structure, and the content of every entry in two ways. */
#include "fuzztarget.h"

#include "base/error.h"
#include "exchange/zipread.h"
#include "model/object.h"

#include <string.h>

enum { LARGEST_CONTENT = 1 << 20 };

/* What can be read whole can be read as a storage too, and is the same. */
static void compare_storage(const ck_memory *memory, const ck_zip_entry *entry, const uint8_t *data,
                            size_t size, const ck_buffer *content) {
    ck_source source;
    ckpt *c;
    ckpt_storage storage;
    ckpt_error err;
    unsigned char piece[1000];
    must(ck_ckpt_new(memory, &c, &err) == CKPT_OK, "no checkpoint");
    must(ck_source_from_memory(&source, memory, data, size, "input", &err) == CKPT_OK, "no source");
    must(ck_zip_storage(c, entry, 0, entry->size, 0, &storage, &err) == CKPT_OK, err.message);
    ck_take_source(c, &source);
    for (size_t done = 0; done < content->size; done += sizeof piece) {
        size_t count = content->size - done < sizeof piece ? content->size - done : sizeof piece;
        must(ckpt_storage_read(storage, done, count, piece, &err) == CKPT_OK, err.message);
        must(memcmp(piece, content->bytes + done, count) == 0, "the storage has other bytes");
    }
    ckpt_free(c);
}

static void use_entry(const ck_memory *memory, const ck_source *source, const ck_zip *zip,
                      uint32_t i, const uint8_t *data, size_t size) {
    const ck_zip_entry *entry = ck_zip_entry_at(zip, i);
    ck_buffer content = {NULL, 0, 0};
    ckpt_error err;
    must(strlen(entry->name) == entry->name_size, "a NUL in a name");
    must(ck_zip_find(zip, entry->name, entry->name_size) == entry, "an entry is not found");
    must(entry->data_offset <= size && entry->compressed_size <= size - entry->data_offset,
         "an entry outside of the file");
    ckpt_status status = ck_zip_read_entry(memory, source, entry, LARGEST_CONTENT, &content, &err);
    fuzz_check_error(status, &err);
    if (status == CKPT_OK)
        compare_storage(memory, entry, data, size, &content);
    ck_buffer_clear(memory, &content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ck_memory hook = fault_memory_hook(&memory);
    ck_source source;
    ck_zip *zip;
    ckpt_error err;
    must(ck_source_from_memory(&source, &hook, data, size, "input", &err) == CKPT_OK, "no source");
    ckpt_status status = ck_zip_open(&zip, &hook, &source, size % 2 == 0, &err);
    must(memory.peak <= ((size_t)1 << 20) + 16 * size, "opening takes too much memory");
    fuzz_check_error(status, &err);
    if (status == CKPT_OK) {
        for (uint32_t i = 0; i < ck_zip_count(zip); i++)
            use_entry(&hook, &source, zip, i, data, size);
        ck_zip_close(zip);
    }
    ck_source_close(&source);
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    return 0;
}
