/* SPDX-License-Identifier: MIT */
/* Opens the input as a .ckpt file and does all that can be done with one. The mutator puts the
 * checksums right again, so that what lies behind them is reached. */
#include "fuzztarget.h"

#include "filebytes.h"
#include "testrandom.h"

#include <string.h>

enum { HEADER_SIZE = 8192, MOST_FIELDS = 512 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

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
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &hook};
    ckpt *c;
    ckpt_error err;
    options.formats = "ckpt";
    ckpt_status status = ckpt_open_memory(data, size, NULL, &options, &c, &err);
    must(memory.peak <= ((size_t)16 << 20) + 8 * size, "opening takes too much memory");
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

#if defined(FUZZING)

static uint64_t odd_number(test_random *r, uint64_t before) {
    switch (random_below(r, 5)) {
    case 0: return random_below(r, 5);
    case 1: return UINT64_C(1) << random_below(r, 64);
    case 2: return (UINT64_C(1) << random_below(r, 64)) - 1;
    case 3: return before + random_below(r, 17) - 8;
    default: return random_below(r, 100);
    }
}

static void change_fields(file_bytes *file, test_random *r) {
    static file_field fields[MOST_FIELDS];
    uint32_t count = (uint32_t)list_fields(file, fields, MOST_FIELDS);
    if (count > MOST_FIELDS)
        count = MOST_FIELDS;
    for (uint32_t i = 1 + random_below(r, 3); i > 0 && count > 0; i--) {
        const file_field *field = &fields[random_below(r, count)];
        uint64_t before = field_load(file, field->offset, field->width);
        field_store(file, field->offset, field->width, odd_number(r, before));
    }
}

/* Bytes of the index, where all is to be found; its size stays, and so the header stays right. */
static void change_index(file_bytes *file, test_random *r) {
    size_t index = index_offset_of(file);
    if (index >= file->size)
        return;
    size_t room = file->size - index, begin = random_below(r, (uint32_t)room);
    size_t size = 1 + random_below(r, 32);
    if (size > room - begin)
        size = room - begin;
    LLVMFuzzerMutate(file->bytes + index + begin, size, size);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    file_bytes file = {data, size};
    test_random r = {seed};
    if (size < HEADER_SIZE || random_chance(&r, 5)) {
        file.size = LLVMFuzzerMutate(data, size, max_size);
        repair_checksums(&file);
        return file.size;
    }
    if (random_chance(&r, 50))
        change_fields(&file, &r);
    else
        change_index(&file, &r);
    repair_checksums(&file);
    return file.size;
}

#endif
