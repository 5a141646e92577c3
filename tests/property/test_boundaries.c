/* SPDX-License-Identifier: MIT */
/* Every field of header, directory and records set to the numbers at which arithmetic goes wrong,
 * alone and in pairs, under checksums that are right. The file is refused, or it is a sound one:
 * then it can be verified, walked and saved, and what is saved is equal to it. Whatever it says, it
 * cannot make the library ask for much memory.
 * Usage: test_boundaries [PAIRS [SEED]] */
#include "checkmain.h"
#include "comparemodels.h"
#include "faultmemory.h"
#include "filebytes.h"
#include "randommodel.h"

#include <stdio.h>
#include <string.h>

enum { MODELS = 4, FIELDS = 1000 };

static uint32_t pairs = 2000;
static uint64_t first_seed = 1;

static const uint64_t boundaries[] = {
    0,
    1,
    2,
    3,
    63,
    64,
    65,
    127,
    128,
    255,
    256,
    4095,
    4096,
    65535,
    65536,
    (UINT64_C(1) << 31) - 1,
    UINT64_C(1) << 31,
    (UINT64_C(1) << 31) + 1,
    UINT32_MAX - 1,
    UINT32_MAX,
    UINT64_C(1) << 32,
    (UINT64_C(1) << 32) + 1,
    UINT64_C(0x1555555555555556), /* times 12 is 8, modulo 2^64 */
    UINT64_C(0x0666666666666667), /* times 40 is 24, modulo 2^64 */
    UINT64_C(1) << 60,
    UINT64_C(1) << 61,
    UINT64_C(1) << 62,
    (UINT64_C(1) << 63) - 64,
    (UINT64_C(1) << 63) - 1,
    UINT64_C(1) << 63,
    (UINT64_C(1) << 63) + 1,
    UINT64_MAX - 4095,
    UINT64_MAX - 63,
    UINT64_MAX - 7,
    UINT64_MAX - 1,
    UINT64_MAX,
};
enum { BOUNDARIES = sizeof boundaries / sizeof boundaries[0] };

/* Numbers near what is there are as good as those in the table. */
enum { NEAR = 8, CHOICES = BOUNDARIES + NEAR };

static uint64_t choose(const file_bytes *file, uint64_t before, uint32_t choice) {
    static const int64_t steps[NEAR - 2] = {-1, 1, -8, 8, -64, 64};
    if (choice < BOUNDARIES)
        return boundaries[choice];
    choice -= BOUNDARIES;
    return choice < NEAR - 2 ? before + (uint64_t)steps[choice] : file->size - (choice % 2);
}

static file_bytes make_file(uint64_t seed) {
    ckpt_error err;
    ckpt *c;
    void *saved;
    file_bytes file;
    ckpt_save_options options = {.struct_size = sizeof options, .chunk_size = 4096};
    assert_ok(random_model(seed, NULL, &c, &err));
    assert_ok(ckpt_save_memory(c, &options, &saved, &file.size, &err));
    file.bytes = malloc(file.size);
    ck_assert_ptr_nonnull(file.bytes);
    memcpy(file.bytes, saved, file.size);
    ckpt_buffer_free(c, saved, file.size);
    ckpt_free(c);
    return file;
}

static bool swallow(void *ctx, const char *text, size_t size) {
    size_t *left = ctx;
    (void)text;
    *left -= size < *left ? size : *left;
    return *left > 0;
}

static void read_tensors(ckpt *c, bool damaged, const char *what) {
    static unsigned char copy[65536];
    ckpt_error err;
    for (uint32_t t = 0; t < ckpt_tensor_count(c); t++) {
        ckpt_tensor tensor = ckpt_tensor_by_id(c, t);
        if (ckpt_tensor_nbytes(tensor) > sizeof copy)
            continue;
        ckpt_status status =
            ckpt_tensor_read(tensor, copy, (size_t)ckpt_tensor_nbytes(tensor), &err);
        quick_assert_msg(status == CKPT_OK || (damaged && status == CKPT_E_CHECKSUM),
                         "%s: tensor %u: %s", what, t, err.message);
    }
}

/* What was accepted is sound. */
static void use(ckpt *c, const char *what) {
    ckpt_error err;
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_summary summary;
    size_t size, patience = 100000;
    void *saved;
    ckpt *again;
    char why[256];
    ckpt_status status = ckpt_verify(c, NULL, NULL, &err);
    quick_assert_msg(status == CKPT_OK || status == CKPT_E_CHECKSUM || status == CKPT_E_STRUCTURE,
                     "%s: verify: %s", what, err.message);
    bool damaged = status != CKPT_OK;
    read_tensors(c, damaged, what);
    assert_ok(ckpt_summarize(ckpt_root(c), &summary, &err));
    assert_ok(ckpt_walk_create(ckpt_root(c), CKPT_WALK_EVERYTHING, &walk, &err));
    for (int i = 0; i < 2000 && ckpt_walk_next(walk, &item); i++)
        quick_assert_msg(strlen(item.name) == item.name_size, "%s: a name has a NUL", what);
    ckpt_walk_free(walk);
    status = ckpt_print_module(ckpt_root(c), swallow, &patience, &err);
    quick_assert_msg(status == CKPT_OK || status == CKPT_E_CANCELLED, "%s: print", what);
    status = ckpt_save_memory(c, NULL, &saved, &size, &err);
    quick_assert_msg(status == CKPT_OK || (damaged && status == CKPT_E_CHECKSUM), "%s: save: %s",
                     what, err.message);
    if (status != CKPT_OK)
        return;
    assert_ok(ckpt_open_memory(saved, size, NULL, NULL, &again, &err));
    const char *difference = models_differ(c, again, why, sizeof why);
    quick_assert_msg(difference == NULL, "%s: saved and opened: %s", what, difference);
    ckpt_free(again);
    ckpt_buffer_free(c, saved, size);
}

/* Returns whether the file was accepted. */
static bool try_to_open(file_bytes *file, const char *what) {
    fault_memory memory;
    ckpt *const untouched = (ckpt *)(void *)&memory;
    ckpt *c = untouched;
    ckpt_error err;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &hook};
    repair_checksums(file);
    ckpt_status status = ckpt_open_memory(file->bytes, file->size, NULL, &options, &c, &err);
    size_t bound = ((size_t)16 << 20) + 8 * file->size;
    quick_assert_msg(memory.largest <= bound && memory.peak <= bound,
                     "%s: %zu bytes for a file of %zu", what, memory.largest, file->size);
    if (status == CKPT_OK) {
        use(c, what);
        ckpt_free(c);
    } else {
        quick_assert_msg(c == untouched, "%s: a failed open gave something", what);
        quick_assert_msg(status == err.status && err.message[0] != '\0', "%s: no error told", what);
        quick_assert_msg(status != CKPT_E_NOMEM && status != CKPT_E_ARGUMENT && status != CKPT_E_IO,
                         "%s: %s", what, err.message);
    }
    const char *complaint = fault_memory_complaint(&memory);
    quick_assert_msg(complaint == NULL, "%s: %s", what, complaint);
    return status == CKPT_OK;
}

START_TEST(each_field_at_each_boundary) {
    static file_field fields[FIELDS];
    file_bytes file = make_file(first_seed + (uint64_t)_i);
    size_t count = list_fields(&file, fields, FIELDS);
    unsigned char *original = malloc(file.size);
    uint32_t accepted = 0, tried = 0;
    ck_assert_ptr_nonnull(original);
    memcpy(original, file.bytes, file.size);
    ck_assert_uint_le(count, FIELDS);
    for (size_t i = 0; i < count; i++) {
        const file_field *field = &fields[i];
        uint64_t before = field_load(&file, field->offset, field->width);
        for (uint32_t choice = 0; choice < CHOICES; choice++) {
            char what[96];
            uint64_t value = choose(&file, before, choice);
            snprintf(what, sizeof what, "seed %llu, %s = %#llx",
                     (unsigned long long)first_seed + (unsigned)_i, field->name,
                     (unsigned long long)value);
            field_store(&file, field->offset, field->width, value);
            accepted += try_to_open(&file, what);
            tried++;
            memcpy(file.bytes, original, file.size);
        }
    }
    /* The original itself is among them, and most are not like it. */
    ck_assert_uint_gt(accepted, 0);
    ck_assert_uint_lt(accepted, tried / 4);
    free(original);
    free(file.bytes);
}
END_TEST

START_TEST(pairs_of_fields_at_boundaries) {
    static file_field fields[FIELDS];
    file_bytes file = make_file(first_seed + (uint64_t)_i);
    test_random r = {first_seed + (uint64_t)_i};
    uint32_t count = (uint32_t)list_fields(&file, fields, FIELDS);
    unsigned char *original = malloc(file.size);
    ck_assert_ptr_nonnull(original);
    memcpy(original, file.bytes, file.size);
    for (uint32_t i = 0; i < pairs; i++) {
        const file_field *a = &fields[random_below(&r, count)];
        const file_field *b = &fields[random_below(&r, count)];
        char what[200];
        uint64_t x =
            choose(&file, field_load(&file, a->offset, a->width), random_below(&r, CHOICES));
        uint64_t y =
            choose(&file, field_load(&file, b->offset, b->width), random_below(&r, CHOICES));
        snprintf(what, sizeof what, "seed %llu, %s = %#llx, %s = %#llx",
                 (unsigned long long)first_seed + (unsigned)_i, a->name, (unsigned long long)x,
                 b->name, (unsigned long long)y);
        field_store(&file, a->offset, a->width, x);
        field_store(&file, b->offset, b->width, y);
        try_to_open(&file, what);
        memcpy(file.bytes, original, file.size);
    }
    free(original);
    free(file.bytes);
}
END_TEST

int main(int argc, char **argv) {
    Suite *suite = suite_create("boundaries");
    TCase *tests = tcase_create("boundaries");
    pairs = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : pairs;
    first_seed = argc > 2 ? strtoull(argv[2], NULL, 10) : first_seed;
    printf("# %u pairs for each of %d models from seed %llu\n", pairs, MODELS,
           (unsigned long long)first_seed);
    tcase_add_loop_test(tests, each_field_at_each_boundary, 0, MODELS);
    tcase_add_loop_test(tests, pairs_of_fields_at_boundaries, 0, MODELS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
