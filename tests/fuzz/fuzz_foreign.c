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
    must(memory.peak <= FUZZ_MOST_MEMORY + 64 * size, "opening takes too much memory");
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

#if defined(FUZZING)

#include "testrandom.h"

#include "base/endian.h"

enum { SAFETENSORS_HEAD = 8, NPY_HEAD = 10 };

/* The last byte of its kind; size when there is none. */
static size_t last_of(const uint8_t *data, size_t size, uint8_t byte) {
    for (size_t i = size; i-- > 0;) {
        if (data[i] == byte)
            return i;
    }
    return size;
}

/* The greatest second number of "data_offsets":[a,b], below 10^6. */
static size_t end_of_tensors(const uint8_t *text, size_t size) {
    static const char key[] = "data_offsets";
    size_t end = 0;
    for (size_t i = 0; i + sizeof key < size; i++) {
        if (memcmp(text + i, key, sizeof key - 1) != 0)
            continue;
        size_t number = 0;
        for (i += sizeof key - 1; i < size && text[i] != ']'; i++) {
            if (text[i] >= '0' && text[i] <= '9' && number < 100000)
                number = 10 * number + text[i] - '0';
            else
                number = 0;
        }
        end = number > end ? number : end;
    }
    return end;
}

/* The size of the header as it is now, and the payload that it tells of, as zeros. */
static size_t repair_safetensors(uint8_t *data, size_t size, size_t max_size) {
    size_t end = last_of(data, size, '}');
    if (end == size || end < SAFETENSORS_HEAD)
        return size;
    size_t header = end + 1, payload = end_of_tensors(data + SAFETENSORS_HEAD, end - 7);
    if (payload > max_size - header)
        return size;
    ck_store64(data, header - SAFETENSORS_HEAD);
    memset(data + header, 0, payload);
    return header + payload;
}

static size_t repair_npy(uint8_t *data, size_t size) {
    size_t end = last_of(data, size, '\n');
    if (end != size && end >= NPY_HEAD)
        ck_store16(data + 8, (uint16_t)(end + 1 - NPY_HEAD));
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    test_random r = {seed};
    bool is_npy = size > NPY_HEAD && data[0] == 0x93;
    size_t head = is_npy ? NPY_HEAD : SAFETENSORS_HEAD;
    if (size <= head || random_chance(&r, 10))
        return LLVMFuzzerMutate(data, size, max_size);
    size = head + LLVMFuzzerMutate(data + head, size - head, max_size - head);
    if (random_chance(&r, 20))
        return size;
    return is_npy ? repair_npy(data, size) : repair_safetensors(data, size, max_size);
}

#endif
