/* SPDX-License-Identifier: MIT */
/* Opens the input as a .ckpt file and asks for all that opening has checked. */
#include "fuzztarget.h"

#include <string.h>

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
        fuzz_look(c);
        ckpt_free(c);
    }
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    return 0;
}
