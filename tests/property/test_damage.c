/* SPDX-License-Identifier: MIT */
/* Damage anywhere in a file, and an end anywhere in it, are found. */
#include "checkmain.h"
#include "container/layout.h"
#include "layoutfixture.h"
#include "testfiles.h"

#include <string.h>

START_TEST(the_fixture_itself_is_accepted) {
    ckpt_error err;
    file_bytes file = layout_fixture();
    ckpt *c;
    repair_checksums(&file);
    assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &c, &err));
    ck_assert_uint_eq(ckpt_storage_count(c), 5);
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    ckpt_free(c);
    free(file.bytes);
}
END_TEST

/* Each byte of the file is in a slot, the index, a chunk or padding; none is left out. Those of the
 * payload in steps, the others one by one. */
static size_t step_at(const file_bytes *file, size_t i) {
    bool dull = (i > 200 && i < CK_PAGE_SIZE - 8) || (i > CK_PAGE_SIZE + 200 && i < 8100) ||
                (i > 8800 && i < index_offset_of(file) - 100);
    return dull ? 97 : 1;
}

START_TEST(verify_finds_every_byte_that_is_changed) {
    ckpt_error err;
    file_bytes file = layout_fixture();
    for (size_t i = 0; i < file.size; i += step_at(&file, i)) {
        ckpt *c;
        bool found = true;
        file.bytes[i] ^= (unsigned char)(1u << i % 8);
        ckpt_status status = ckpt_open_memory(file.bytes, file.size, NULL, NULL, &c, &err);
        if (status == CKPT_OK) {
            /* Of the slot that is not in use, a reader only says that it is damaged. */
            found = ckpt_verify(c, NULL, NULL, &err) != CKPT_OK ||
                    ckpt_describe_file(c).recovered[0] != '\0';
            ckpt_free(c);
        }
        quick_assert_msg(found, "a change of byte %zu is not found", i);
        file.bytes[i] ^= (unsigned char)(1u << i % 8);
    }
    free(file.bytes);
}
END_TEST

static void assert_truncated(ckpt_status status, size_t size) {
    quick_assert_msg(status == CKPT_E_TRUNCATED, "cut to %zu bytes: %s", size,
                     ckpt_status_name(status));
}

START_TEST(a_file_cut_anywhere_is_rejected) {
    ckpt_error err;
    file_bytes file = layout_fixture();
    ckpt *c = NULL;
    test_directory directory = test_directory_create();
    char path[300];
    ckpt_open_options map = {.struct_size = sizeof map};
    ckpt_open_options read = {.struct_size = sizeof read, .access = CKPT_ACCESS_READ};
    test_path(&directory, "cut.ckpt", path, sizeof path);
    for (size_t size = 0; size < file.size; size += step_at(&file, size)) {
        /* A copy of its own size, so that a read behind the end is seen. */
        void *copy = malloc(size > 0 ? size : 1);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, file.bytes, size);
        assert_truncated(ckpt_open_memory(copy, size, NULL, NULL, &c, &err), size);
        if (size % 8 == 0) {
            test_write_file(path, copy, size);
            assert_truncated(ckpt_open(path, &map, &c, &err), size);
            assert_truncated(ckpt_open(path, &read, &c, &err), size);
        }
        free(copy);
    }
    test_directory_remove(&directory);
    free(file.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("damage");
    TCase *tests = tcase_create("damage");
    tcase_add_test(tests, the_fixture_itself_is_accepted);
    tcase_add_test(tests, verify_finds_every_byte_that_is_changed);
    tcase_add_test(tests, a_file_cut_anywhere_is_rejected);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
