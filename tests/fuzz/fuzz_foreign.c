/* SPDX-License-Identifier: MIT */
/* Opens the input as a file of another format, and saves it as a .ckpt file. */
#include "fuzztarget.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &hook};
    ckpt *c;
    ckpt_error err;
    options.formats = "safetensors,npy,npz";
    ckpt_status status = ckpt_open_memory(data, size, NULL, &options, &c, &err);
    must(memory.peak <= ((size_t)16 << 20) + 64 * size, "opening takes too much memory");
    fuzz_check_error(status, &err);
    if (status == CKPT_OK) {
        fuzz_use(c);
        fuzz_manifest_round_trip(c);
        fuzz_save(c);
        ckpt_free(c);
    }
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    return 0;
}
