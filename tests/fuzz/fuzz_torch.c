/* SPDX-License-Identifier: MIT */
/* Opens the input as a file of PyTorch, or, where it is none, as the pickle of one; and saves what
 * it is as one, which must give the same checkpoint again. */
#include "fuzztarget.h"

#include "comparemodels.h"
#include "exchange/zipwrite.h"

#include <string.h>

/* ---- an archive around a pickle ---- */

typedef struct image {
    unsigned char *bytes;
    size_t size;
} image;

static ckpt_status append(void *ctx, const void *bytes, size_t size, uint64_t offset,
                          ckpt_error *err) {
    image *file = ctx;
    (void)err;
    if (offset + size > file->size) {
        file->bytes = realloc(file->bytes, (size_t)offset + size);
        must(file->bytes != NULL, "no memory for the test");
        memset(file->bytes + file->size, 0, (size_t)offset + size - file->size);
        file->size = (size_t)offset + size;
    }
    memcpy(file->bytes + offset, bytes, size);
    return CKPT_OK;
}

static void add(ck_zip_writer *zip, const char *name, const void *bytes, size_t size) {
    ckpt_error err;
    must(ck_zip_add(zip, name, strlen(name), bytes, size, &err) == CKPT_OK, err.message);
}

/* Storages of sizes that small tensors have. */
static image wrap(const uint8_t *data, size_t size) {
    static const unsigned char zeros[64];
    image file = {NULL, 0};
    ck_memory memory = ck_memory_from(NULL);
    ck_sink sink = {.ctx = &file, .write = append};
    ck_zip_writer zip;
    ckpt_error err;
    ck_zip_writer_init(&zip, &memory, &sink, CK_ZIP_TORCH);
    add(&zip, "a/data.pkl", data, size);
    add(&zip, "a/version", "3\n", 2);
    add(&zip, "a/data/0", zeros, 16);
    add(&zip, "a/data/1", zeros, 8);
    add(&zip, "a/data/2", zeros, 24);
    add(&zip, "a/data/3", zeros, 4);
    add(&zip, "a/data/4", zeros, 0);
    must(ck_zip_finish(&zip, false, &err) == CKPT_OK, err.message);
    ck_zip_writer_clear(&zip);
    return file;
}

/* ---- what is done with a file ---- */

static bool save(ckpt *c, void **ret_bytes, size_t *ret_size) {
    ckpt_error err;
    ckpt_save_options options = {.struct_size = sizeof options, .format = "torch"};
    ckpt_status status = ckpt_save_memory(c, &options, ret_bytes, ret_size, &err);
    fuzz_check_error(status, &err);
    must(status == CKPT_OK || status == CKPT_E_STRUCTURE || status == CKPT_E_CHECKSUM ||
             status == CKPT_E_TRUNCATED || status == CKPT_E_LIMIT,
         err.message);
    return status == CKPT_OK;
}

static void save_and_compare(ckpt *c) {
    void *first, *second;
    size_t first_size, second_size;
    ckpt *again;
    ckpt_error err;
    char why[300];
    if (!save(c, &first, &first_size))
        return;
    must(ckpt_open_memory(first, first_size, NULL, NULL, &again, &err) == CKPT_OK, err.message);
    const char *difference = models_differ(c, again, why, sizeof why);
    must(difference == NULL, difference);
    must(save(again, &second, &second_size), "not saved again");
    must(first_size == second_size && memcmp(first, second, first_size) == 0,
         "other bytes the second time");
    ckpt_buffer_free(again, second, second_size);
    ckpt_free(again);
    ckpt_buffer_free(c, first, first_size);
}

static void open_image(const uint8_t *data, size_t size) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &hook};
    ckpt *c;
    ckpt_error err;
    options.formats = "torch,torch-legacy";
    ckpt_status status = ckpt_open_memory(data, size, NULL, &options, &c, &err);
    /* A compressed pickle may be 64 times as large. */
    must(memory.peak <= ((size_t)32 << 20) + 64 * 256 * size, "opening takes too much memory");
    fuzz_check_error(status, &err);
    if (status == CKPT_OK) {
        fuzz_use(c);
        fuzz_manifest_round_trip(c);
        fuzz_save(c);
        save_and_compare(c);
        ckpt_free(c);
    }
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || data[0] != 0x80 || (size > 2 && data[2] == 0x8a)) {
        open_image(data, size);
        return 0;
    }
    image file = wrap(data, size);
    open_image(file.bytes, file.size);
    free(file.bytes);
    return 0;
}
