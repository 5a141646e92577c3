/* SPDX-License-Identifier: MIT */
/* No single bit of a file can change unnoticed (safety rule T2): opening refuses the file or verify
 * finds the damage, but for the blank second header page, where opening says that a slot is
 * damaged. */
#include "savednet.h"

static ckpt_error err;
static saved_file file;

static void setup(void) {
    file = save_sample();
}

static void teardown(void) {
    free(file.bytes);
}

enum { PAGE = 4096, SLOT = 128 };

static uint64_t payload_begin(void) {
    return 2 * PAGE;
}

typedef struct found_damage {
    int count;
    uint64_t offset, size;
    char rule[8];
    bool in_storage;
} found_damage;

static void note_damage(void *ctx, const ckpt_damage *damage) {
    found_damage *found = ctx;
    found->count++;
    found->offset = damage->offset;
    found->size = damage->size;
    found->in_storage = ckpt_storage_exists(damage->storage);
    snprintf(found->rule, sizeof found->rule, "%s", damage->rule);
    ck_assert_uint_gt(strlen(damage->message), 5);
}

/* The bit at byte `at` of what opened has been flipped. */
static void assert_found_by_verify(ckpt *c, size_t at) {
    found_damage found = {0, 0, 0, "", false};
    ckpt_verify_options options = {
        .struct_size = sizeof options, .on_damage = note_damage, .ctx = &found};
    ckpt_verify_result result;
    ckpt_status status = ckpt_verify(c, &options, &result, &err);
    ck_assert_msg(status != CKPT_OK, "a flip at %zu is not found", at);
    ck_assert_int_eq(found.count, 1);
    ck_assert_uint_eq(result.damaged, 1);
    ck_assert(found.offset <= at && at < found.offset + found.size);
    ck_assert_int_eq(status, found.in_storage ? CKPT_E_CHECKSUM : CKPT_E_STRUCTURE);
    ck_assert_str_eq(found.rule, found.in_storage ? "C2" : "Y1");
    ck_assert_str_eq(err.rule, found.rule);
}

START_TEST(every_flipped_bit_is_noticed) {
    size_t opened = 0, recovered = 0;
    for (size_t bit = 0; bit < file.size * 8; bit++) {
        size_t at = bit / 8;
        ckpt *c = NULL;
        file.bytes[at] ^= (unsigned char)(1u << bit % 8);
        ckpt_status status = ckpt_open_memory(file.bytes, file.size, NULL, NULL, &c, &err);
        if (status == CKPT_OK && ckpt_describe_file(c).recovered[0] != '\0') {
            ck_assert(at >= PAGE && at < PAGE + SLOT);
            recovered++;
        } else if (status == CKPT_OK) {
            ck_assert(at >= payload_begin());
            assert_found_by_verify(c, at);
            opened++;
        }
        ckpt_free(c);
        file.bytes[at] ^= (unsigned char)(1u << bit % 8);
    }
    ck_assert_uint_eq(recovered, SLOT * 8);
    ckpt *c;
    assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &c, &err));
    /* Payload and padding fill all that is neither header nor index. */
    ck_assert_uint_eq(opened, (file.size - 2 * PAGE - ckpt_describe_file(c).index_size) * 8);
    ckpt_free(c);
}
END_TEST

START_TEST(a_damaged_index_is_never_looked_into) {
    ckpt *c;
    assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &c, &err));
    size_t begin = file.size - (size_t)ckpt_describe_file(c).index_size;
    ckpt_free(c);
    for (size_t at = begin; at < file.size; at++) {
        file.bytes[at] ^= 0x40;
        assert_status(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &c, &err),
                      CKPT_E_CHECKSUM);
        ck_assert_str_eq(err.rule, "H12");
        file.bytes[at] ^= 0x40;
    }
}
END_TEST

START_TEST(a_checked_read_notices_and_others_are_not_disturbed) {
    ckpt *c;
    float values[6];
    unsigned char bias[6];
    assert_ok(ckpt_open_memory(file.bytes, file.size, "damaged.ckpt", NULL, &c, &err));
    ckpt_tensor weight = ckpt_find_tensor(ckpt_root(c), "0.weight");
    ckpt_storage_layout layout = ckpt_describe_storage(ckpt_tensor_storage(weight));
    file.bytes[layout.offset + 23] ^= 1;
    assert_status(ckpt_tensor_read(weight, values, sizeof values, &err), CKPT_E_CHECKSUM);
    ck_assert_ptr_nonnull(strstr(err.message, "damaged.ckpt: "));
    ck_assert_uint_eq(err.offset, layout.offset);
    assert_status(
        ckpt_tensor_read(ckpt_find_tensor(ckpt_root(c), "turned"), values, sizeof values, &err),
        CKPT_E_CHECKSUM);
    assert_status(ckpt_tensor_read_as(weight, CKPT_F64, (double[6]){0}, 48, &err), CKPT_E_CHECKSUM);
    assert_ok(ckpt_tensor_read(ckpt_find_tensor(ckpt_root(c), "0.bias"), bias, 6, &err));
    ck_assert_mem_eq(bias, "abcdef", 6);
    /* Damage does not get into a new file under a checksum that is right. */
    void *data = NULL;
    size_t size;
    assert_status(ckpt_save_memory(c, NULL, &data, &size, &err), CKPT_E_CHECKSUM);
    ck_assert_ptr_null(data);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bitflips");
    TCase *tests = tcase_create("bitflips");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, every_flipped_bit_is_noticed);
    tcase_add_test(tests, a_damaged_index_is_never_looked_into);
    tcase_add_test(tests, a_checked_read_notices_and_others_are_not_disturbed);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
