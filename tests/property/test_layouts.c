/* SPDX-License-Identifier: MIT */
/* Layouts that are not quite right, under checksums that are: overlap, holes, wrong order, bytes
 * behind the end, faked sharing, views out of their storage. Each must be found by its rule. */
#include "checkmain.h"
#include "layoutfixture.h"
#include "container/layout.h"

#include <stdio.h>
#include <string.h>

/* Fields of the records, by offset. */
enum {
    STORAGE_OFFSET = 0,
    STORAGE_SIZE = 8,
    STORAGE_STORED = 16,
    STORAGE_FIRST_CHUNK = 24,
    STORAGE_ENCODING = 32,
    STORAGE_CHUNK_LOG2 = 33,
    STORAGE_PART = 36,
    TENSOR_STORAGE = 0,
    TENSOR_OFFSET = 8,
    MEMBER_TARGET = 4
};

static uint64_t get(const file_bytes *file, uint32_t kind, size_t i, size_t at, unsigned width) {
    file_section section = section_of(file, kind);
    return field_load(file, record_field(&section, i, at), width);
}

static void set(file_bytes *file, uint32_t kind, size_t i, size_t at, unsigned width,
                uint64_t value) {
    file_section section = section_of(file, kind);
    field_store(file, record_field(&section, i, at), width, value);
}

static void set_storage(file_bytes *file, size_t i, size_t at, uint64_t value) {
    set(file, CK_STORAGES, i, at, 8, value);
}

static uint64_t get_storage(const file_bytes *file, size_t i, size_t at) {
    return get(file, CK_STORAGES, i, at, 8);
}

static void same_place(file_bytes *file) {
    set_storage(file, B, STORAGE_OFFSET, get_storage(file, A, STORAGE_OFFSET));
}

static void overlap_in_part(file_bytes *file) {
    set_storage(file, B, STORAGE_OFFSET, get_storage(file, B, STORAGE_OFFSET) - 64);
}

static void hole(file_bytes *file) {
    set_storage(file, B, STORAGE_OFFSET, get_storage(file, B, STORAGE_OFFSET) + 64);
}

static void hole_in_the_beginning(file_bytes *file) {
    for (size_t i = 0; i < 5; i++) {
        if (i != EMPTY)
            set_storage(file, i, STORAGE_OFFSET, get_storage(file, i, STORAGE_OFFSET) + 64);
    }
}

/* There is room for it behind C. */
static void misaligned(file_bytes *file) {
    set_storage(file, C, STORAGE_OFFSET, get_storage(file, C, STORAGE_OFFSET) + 8);
}

static void out_of_order(file_bytes *file) {
    uint64_t a = get_storage(file, A, STORAGE_OFFSET), b = get_storage(file, B, STORAGE_OFFSET);
    set_storage(file, A, STORAGE_OFFSET, b);
    set_storage(file, B, STORAGE_OFFSET, a);
}

static void inside_the_header(file_bytes *file) {
    set_storage(file, A, STORAGE_OFFSET, 0);
}

static void far_away(file_bytes *file) {
    set_storage(file, LARGE, STORAGE_OFFSET, UINT64_MAX - 63);
}

static void into_the_index(file_bytes *file) {
    uint64_t size = get_storage(file, LARGE, STORAGE_SIZE) + 4096;
    set_storage(file, LARGE, STORAGE_SIZE, size);
    set_storage(file, LARGE, STORAGE_STORED, size);
}

static void large_one_off_its_page(file_bytes *file) {
    set_storage(file, LARGE, STORAGE_OFFSET, get_storage(file, LARGE, STORAGE_OFFSET) - 64);
}

static void insert_zeros(file_bytes *file, size_t offset, size_t size) {
    size_t index = index_offset_of(file);
    memmove(file->bytes + offset + size, file->bytes + offset, file->size - offset);
    memset(file->bytes + offset, 0, size);
    file->size += size;
    field_store(file, CK_SLOT_INDEX_OFFSET, 8, index + size);
    field_store(file, CK_SLOT_FILE_SIZE, 8, file->size);
}

static void hole_before_the_index(file_bytes *file) {
    insert_zeros(file, index_offset_of(file), 64);
}

/* A whole page: all that follows is aligned as it was. */
static void hole_before_a_storage(file_bytes *file) {
    uint64_t offset = get_storage(file, LARGE, STORAGE_OFFSET);
    insert_zeros(file, (size_t)offset, 4096);
    set_storage(file, LARGE, STORAGE_OFFSET, offset + 4096);
}

static void empty_one_with_a_place(file_bytes *file) {
    set_storage(file, EMPTY, STORAGE_OFFSET, get_storage(file, A, STORAGE_OFFSET));
}

static void empty_one_with_chunks(file_bytes *file) {
    set(file, CK_STORAGES, EMPTY, STORAGE_CHUNK_LOG2, 1, 20);
}

static void shorter_in_the_file(file_bytes *file) {
    set_storage(file, B, STORAGE_STORED, get_storage(file, B, STORAGE_SIZE) - 4);
}

static void endless(file_bytes *file) {
    set_storage(file, LARGE, STORAGE_SIZE, UINT64_C(1) << 63);
    set_storage(file, LARGE, STORAGE_STORED, UINT64_C(1) << 63);
}

static void encoded_somehow(file_bytes *file) {
    set(file, CK_STORAGES, A, STORAGE_ENCODING, 1, 2);
}

static void elsewhere(file_bytes *file) {
    set(file, CK_STORAGES, A, STORAGE_PART, 4, 0);
}

static void chunks_of_another(file_bytes *file) {
    set_storage(file, B, STORAGE_FIRST_CHUNK, 0);
}

static void more_chunks_than_there_are(file_bytes *file) {
    set(file, CK_STORAGES, LARGE, STORAGE_CHUNK_LOG2, 1, 12);
}

static void tiny_chunks(file_bytes *file) {
    set(file, CK_STORAGES, A, STORAGE_CHUNK_LOG2, 1, 11);
}

static void bytes_behind_the_end(file_bytes *file) {
    file->size += 1;
}

static void cut(file_bytes *file) {
    file->size -= 1;
}

static void view_out_of_bounds(file_bytes *file) {
    set(file, CK_TENSORS, TENSOR_VIEW, TENSOR_OFFSET, 8, 68);
}

static void view_off_its_elements(file_bytes *file) {
    set(file, CK_TENSORS, TENSOR_VIEW, TENSOR_OFFSET, 8, 2);
}

static void view_of_nothing(file_bytes *file) {
    set(file, CK_TENSORS, TENSOR_C, TENSOR_STORAGE, 4, EMPTY);
}

static void unviewed(file_bytes *file) {
    set(file, CK_TENSORS, TENSOR_EMPTY, TENSOR_STORAGE, 4, A);
    set(file, CK_TENSORS, TENSOR_EMPTY, TENSOR_OFFSET, 8, 0);
}

static void no_such_storage(file_bytes *file) {
    set(file, CK_TENSORS, TENSOR_A, TENSOR_STORAGE, 4, 5);
}

/* The strides of "across" are the last two dimensions. It has 4 x 4 elements of 4 bytes, which end
 * at (3 a + 3 b + 1) 4: no step of that may wrap. */
static void set_strides(file_bytes *file, uint64_t a, uint64_t b) {
    file_section section = section_of(file, CK_DIMENSIONS);
    set(file, CK_DIMENSIONS, section.count - 2, 0, 8, a);
    set(file, CK_DIMENSIONS, section.count - 1, 0, 8, b);
}

static void bytes_that_wrap(file_bytes *file) {
    set_strides(file, 1, UINT64_C(0x1555555555555556));
}

static void product_that_wraps(file_bytes *file) {
    set_strides(file, 1, UINT64_C(0x5555555555555556));
}

static void sum_that_wraps(file_bytes *file) {
    set_strides(file, UINT64_C(0x2aaaaaaaaaaaaaab), UINT64_C(0x2aaaaaaaaaaaaaab));
}

static void strides_out_of_bounds(file_bytes *file) {
    set_strides(file, 1, 5);
}

static void strides_that_are_dense(file_bytes *file) {
    set_strides(file, 4, 1);
}

static void shape_that_wraps(file_bytes *file) {
    /* 2^62 f32 elements are 0 bytes modulo 2^64. */
    set(file, CK_DIMENSIONS, TENSOR_A, 0, 8, UINT64_C(1) << 62);
}

static void faked_tie(file_bytes *file) {
    set(file, CK_MEMBERS, TENSOR_B, MEMBER_TARGET, 4, TENSOR_A);
}

static const struct {
    const char *rule;
    void (*tamper)(file_bytes *file);
} cases[] = {
    {"P4", same_place},
    {"P4", overlap_in_part},
    {"P4", hole},
    {"P4", hole_in_the_beginning},
    {"P4", misaligned},
    {"P4", out_of_order},
    {"P4", inside_the_header},
    {"P4", far_away},
    {"P4", into_the_index},
    {"P4", large_one_off_its_page},
    {"P4", hole_before_the_index},
    {"P4", hole_before_a_storage},
    {"P3", empty_one_with_a_place},
    {"P3", empty_one_with_chunks},
    {"P2", shorter_in_the_file},
    {"P2", endless},
    {"P1", encoded_somehow},
    {"P1", elsewhere},
    {"P6", chunks_of_another},
    {"P6", more_chunks_than_there_are},
    {"P5", tiny_chunks},
    {"H10", bytes_behind_the_end},
    {"H10", cut},
    {"T8", view_out_of_bounds},
    {"T8", view_off_its_elements},
    {"T8", view_of_nothing},
    {"T9", unviewed},
    {"T1", no_such_storage},
    {"T8", strides_out_of_bounds},
    {"T8", bytes_that_wrap},
    {"T8", product_that_wraps},
    {"T8", sum_that_wraps},
    {"T7", strides_that_are_dense},
    {"T5", shape_that_wraps},
    {"N5", faked_tie},
};

enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(a_tampered_layout_is_rejected) {
    ckpt_error err;
    file_bytes file = layout_fixture();
    ckpt *c = NULL;
    cases[_i].tamper(&file);
    repair_checksums(&file);
    ckpt_status status = ckpt_open_memory(file.bytes, file.size, NULL, NULL, &c, &err);
    ck_assert_msg(status != CKPT_OK, "case %d was accepted, not rejected by %s", _i,
                  cases[_i].rule);
    ck_assert_msg(strcmp(err.rule, cases[_i].rule) == 0, "case %d: rule %s, not %s: %s", _i,
                  err.rule, cases[_i].rule, err.message);
    ck_assert_ptr_null(c);
    free(file.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("layouts");
    TCase *tests = tcase_create("layouts");
    tcase_add_loop_test(tests, a_tampered_layout_is_rejected, 0, CASES);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
