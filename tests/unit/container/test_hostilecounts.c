/* SPDX-License-Identifier: MIT */
/* Every field of the header, the directory and the records is given numbers at which careless
 * arithmetic wraps, with the checksums put right (safety rules T4 and T5): the file is refused, or
 * what opens can be used, and memory stays in proportion to the file. */
#include "faultmemory.h"
#include "filebytes.h"
#include "savednet.h"

static ckpt_error err;
static saved_file original;

static void setup(void) {
    original = save_sample();
}

static void teardown(void) {
    free(original.bytes);
}

static const uint64_t numbers[] = {
    0,
    1,
    2,
    3,
    4, /* the sample has this many storages, and a few more of others */
    5,
    6,
    7,
    8,
    9,
    10,
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
    ((uint64_t)1 << 24) + 1,
    ((uint64_t)1 << 31) - 1,
    (uint64_t)1 << 31,
    ((uint64_t)1 << 31) + 1,
    ((uint64_t)1 << 32) - 2,
    ((uint64_t)1 << 32) - 1,
    (uint64_t)1 << 32,
    ((uint64_t)1 << 32) + 1,
    (uint64_t)1 << 59,
    (uint64_t)1 << 60,
    (uint64_t)1 << 61,
    ((uint64_t)1 << 63) - 1,
    (uint64_t)1 << 63,
    ((uint64_t)1 << 63) + 1,
    UINT64_MAX - 4095,
    UINT64_MAX - 63,
    UINT64_MAX - 7,
    UINT64_MAX - 1,
    UINT64_MAX,
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0], FIELDS = 1200 };

/* Reads all that an opened checkpoint has. */
static void use(ckpt *c) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_summary summary;
    assert_ok(ckpt_summarize(ckpt_root(c), &summary, &err));
    assert_ok(ckpt_walk_create(ckpt_root(c), CKPT_WALK_EVERYTHING, &walk, &err));
    while (ckpt_walk_next(walk, &item)) {
        unsigned char buffer[4096];
        uint64_t size = ckpt_tensor_nbytes(item.tensor);
        if (ckpt_tensor_exists(item.tensor) && size <= sizeof buffer) {
            ckpt_status status = ckpt_tensor_read(item.tensor, buffer, (size_t)size, &err);
            ck_assert(status == CKPT_OK || status == CKPT_E_CHECKSUM);
        }
    }
    ckpt_walk_free(walk);
    ckpt_status status = ckpt_verify(c, NULL, NULL, &err);
    ck_assert(status == CKPT_OK || status == CKPT_E_CHECKSUM || status == CKPT_E_STRUCTURE);
}

/* What opening may need: the index and a few bytes for each of its records. Nothing more than that
 * may even be asked for. */
static void open_hostile(const file_bytes *file, const char *what) {
    fault_memory watched;
    memset(&watched, 0, sizeof watched);
    ckpt_allocator allocator = fault_memory_hook(&watched);
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &allocator};
    ckpt *c = NULL;
    memset(&err, 0, sizeof err);
    ckpt_status status = ckpt_open_memory(file->bytes, file->size, NULL, &options, &c, &err);
    ck_assert_msg(watched.largest <= 2 * file->size + 8192, "%s: asked for %zu bytes", what,
                  watched.largest);
    ck_assert_msg(watched.peak <= 4 * file->size + 16384, "%s: took %zu bytes", what, watched.peak);
    if (status == CKPT_OK) {
        use(c);
    } else {
        ck_assert_ptr_null(c);
        ck_assert_msg(status != CKPT_E_NOMEM && status != CKPT_E_IO && status != CKPT_E_ARGUMENT,
                      "%s: %s", what, err.message);
        ck_assert_msg(err.rule[0] != '\0' || status == CKPT_E_FORMAT, "%s: %s", what, err.message);
    }
    ckpt_free(c);
    ck_assert_msg(fault_memory_complaint(&watched) == NULL, "%s: %s", what,
                  fault_memory_complaint(&watched));
}

static size_t copy_and_list(file_bytes *file, file_field *fields) {
    size_t count = list_fields(file, fields, FIELDS);
    ck_assert_uint_gt(count, 200);
    ck_assert_uint_le(count, FIELDS);
    return count;
}

START_TEST(one_hostile_number_at_a_time) {
    static file_field fields[FIELDS];
    file_bytes file = {original.bytes, original.size};
    size_t count = copy_and_list(&file, fields);
    unsigned char *pristine = malloc(file.size);
    ck_assert_ptr_nonnull(pristine);
    memcpy(pristine, file.bytes, file.size);
    for (size_t f = 0; f < count; f++) {
        for (size_t n = 0; n < NUMBERS; n++) {
            char what[128];
            snprintf(what, sizeof what, "%s = %llx", fields[f].name,
                     (unsigned long long)numbers[n]);
            field_store(&file, fields[f].offset, fields[f].width, numbers[n]);
            repair_checksums(&file);
            open_hostile(&file, what);
            memcpy(file.bytes, pristine, file.size);
        }
    }
    free(pristine);
}
END_TEST

/* Pairs of fields of one record, where products and sums are made: count and offset, size and
 * offset, an extent and a stride. */
START_TEST(two_hostile_numbers_beside_each_other) {
    static file_field fields[FIELDS];
    static const uint64_t few[] = {
        0, 1, (uint64_t)1 << 32, (uint64_t)1 << 61, (uint64_t)1 << 63, UINT64_MAX - 63, UINT64_MAX};
    file_bytes file = {original.bytes, original.size};
    size_t count = copy_and_list(&file, fields);
    unsigned char *pristine = malloc(file.size);
    ck_assert_ptr_nonnull(pristine);
    memcpy(pristine, file.bytes, file.size);
    for (size_t f = 0; f + 1 < count; f++) {
        for (size_t n = 0; n < 49; n++) {
            if (fields[f].width < 4 || fields[f + 1].width < 4)
                continue;
            field_store(&file, fields[f].offset, fields[f].width, few[n / 7]);
            field_store(&file, fields[f + 1].offset, fields[f + 1].width, few[n % 7]);
            repair_checksums(&file);
            open_hostile(&file, fields[f].name);
            memcpy(file.bytes, pristine, file.size);
        }
    }
    free(pristine);
}
END_TEST

/* A tiny source that claims to be enormous. */
static int read_nothing(void *ctx, void *buffer, size_t size, uint64_t offset) {
    const saved_file *file = ctx;
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)buffer)[i] =
            offset + i < file->size ? file->bytes[offset + i] : (unsigned char)0;
    return 0;
}

START_TEST(a_source_that_claims_to_be_enormous_gets_no_memory) {
    fault_memory watched;
    memset(&watched, 0, sizeof watched);
    ckpt_allocator allocator = fault_memory_hook(&watched);
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &allocator};
    ckpt_reader reader = {&original, UINT64_MAX, read_nothing};
    ckpt *c = NULL;
    assert_status(ckpt_open_reader(&reader, NULL, &options, &c, &err), CKPT_E_STRUCTURE);
    ck_assert_uint_lt(watched.peak, 65536);
    ck_assert_ptr_null(fault_memory_complaint(&watched));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("hostilecounts");
    TCase *tests = tcase_create("hostilecounts");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, one_hostile_number_at_a_time);
    tcase_add_test(tests, two_hostile_numbers_beside_each_other);
    tcase_add_test(tests, a_source_that_claims_to_be_enormous_gets_no_memory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
