/* SPDX-License-Identifier: MIT */
/* Reads the input as a manifest, writes it, and reads and writes that: the text must not change any
 * more. */
#include "fuzztarget.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_manifest_options options = {.struct_size = sizeof options, .allocator = &hook};
    ckpt_manifest *manifest;
    ckpt_error err;
    ckpt_status status =
        ckpt_manifest_read((const char *)data, size, NULL, &options, &manifest, &err);
    must(memory.peak <= FUZZ_MOST_MEMORY + 256 * size, "reading takes too much memory");
    fuzz_check_error(status, &err);
    must(status == CKPT_OK || status != CKPT_E_MANIFEST || err.line > 0, "no line is told");
    if (status == CKPT_OK) {
        fuzz_manifest_round_trip(ckpt_manifest_ckpt(manifest));
        ckpt_manifest_free(manifest);
    }
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    return 0;
}
