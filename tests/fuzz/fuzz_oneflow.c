/* SPDX-License-Identifier: MIT */
/* Opens the input as a file of OneFlow, uses it and saves it as one; and reads it as the
 * description of a tensor in a directory. */
#include "fuzztarget.h"

#include "exchange/oneflow.h"

#include <string.h>

static void save_again(ckpt *c) {
    ckpt_save_options options = {.struct_size = sizeof options, .format = "oneflow"};
    ckpt_error err;
    void *bytes;
    size_t size;
    ckpt_status status = ckpt_save_memory(c, &options, &bytes, &size, &err);
    fuzz_check_error(status, &err);
    if (status != CKPT_OK)
        return;
    ckpt *again;
    ckpt_open_options reading = {.struct_size = sizeof reading, .formats = "oneflow"};
    status = ckpt_open_memory(bytes, size, NULL, &reading, &again, &err);
    must(status == CKPT_OK, err.message);
    ckpt_free(again);
    ckpt_buffer_free(c, bytes, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &hook};
    ckpt *c;
    ckpt_error err;
    options.formats = "oneflow";
    ckpt_status status = ckpt_open_memory(data, size, NULL, &options, &c, &err);
    must(memory.peak <= ((size_t)32 << 20) + 512 * size, "opening takes too much memory");
    fuzz_check_error(status, &err);
    if (status == CKPT_OK) {
        fuzz_use(c);
        fuzz_manifest_round_trip(c);
        fuzz_save(c);
        save_again(c);
        ckpt_free(c);
    }
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    uint64_t shape[CK_MAX_RANK];
    uint32_t rank = 0;
    int dtype = 0;
    status = ck_oneflow_parse_meta((const char *)data, size, &dtype, &rank, shape, &err);
    fuzz_check_error(status, &err);
    must(status != CKPT_OK || (rank <= CK_MAX_RANK && dtype > 0 && dtype < CK_ONEFLOW_DTYPE_COUNT),
         "a description that cannot be");
    return 0;
}
