/* SPDX-License-Identifier: MIT */
/* Opens the input as a .ckpt file and does all that can be done with one: every way to its bytes,
 * its manifest, and saving it. */
#include "fuzztarget.h"

#include "filebytes.h"

#include <string.h>

static int read_input(void *ctx, void *buffer, size_t size, uint64_t offset) {
    const file_bytes *file = ctx;
    memcpy(buffer, file->bytes + offset, size);
    return 0;
}

/* What has to be read, and not only pointed at, goes another way through the library. */
static void use_by_reader(const uint8_t *data, size_t size) {
    file_bytes file = {(unsigned char *)(uintptr_t)data, size};
    ckpt_reader reader = {&file, size, read_input};
    ckpt_open_options options = {.struct_size = sizeof options, .formats = "ckpt"};
    ckpt *c;
    ckpt_error err;
    if (ckpt_open_reader(&reader, NULL, &options, &c, &err) != CKPT_OK)
        return;
    fuzz_use(c);
    ckpt_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_open_options options = {
        .struct_size = sizeof options, .allocator = &hook, .formats = "ckpt"};
    ckpt *c;
    ckpt_error err;
    ckpt_status status = ckpt_open_memory(data, size, NULL, &options, &c, &err);
    must(memory.peak <= FUZZ_MOST_MEMORY + 8 * size, "opening takes too much memory");
    fuzz_check_error(status, &err);
    if (status == CKPT_OK) {
        fuzz_use(c);
        fuzz_manifest_round_trip(c);
        fuzz_save(c);
        ckpt_free(c);
        use_by_reader(data, size);
    }
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    return 0;
}
