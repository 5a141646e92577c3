/* SPDX-License-Identifier: MIT */
/* What opening asks of the caller's functions and of the file system: few requests, none larger
 * than it need be. */
#include "checkmain.h"
#include "faultfiles.h"
#include "filebytes.h"
#include "testfiles.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { HEAD = 8192, REQUESTS = 16 };

typedef struct request {
    uint64_t offset;
    size_t size;
} request;

/* A reader that keeps account. */
typedef struct counting {
    unsigned char *bytes;
    size_t size;
    unsigned count;
    request requests[REQUESTS];
} counting;

static ckpt_error err;
static counting source;
static ckpt *c;

static void teardown(void) {
    ckpt_free(c);
    c = NULL;
    free(source.bytes);
    memset(&source, 0, sizeof source);
}

static int read_at(void *ctx, void *buffer, size_t size, uint64_t offset) {
    counting *s = ctx;
    if (offset > s->size || size > s->size - offset || s->count == REQUESTS)
        return EIO;
    s->requests[s->count].offset = offset;
    s->requests[s->count++].size = size;
    memcpy(buffer, s->bytes + offset, size);
    return 0;
}

static ckpt_status open_source(void) {
    ckpt_reader reader = {.ctx = &source, .size = source.size, .read_at = read_at};
    source.count = 0;
    return ckpt_open_reader(&reader, "counted", NULL, &c, &err);
}

static void assert_request(unsigned i, uint64_t offset, uint64_t size) {
    ck_assert_uint_eq(source.requests[i].offset, offset);
    ck_assert_uint_eq(source.requests[i].size, size);
}

/* A .ckpt file of so many parameters of 4 KiB. */
static void make_ckpt(unsigned tensors) {
    static const float numbers[1024];
    const uint64_t shape[] = {1024};
    ckpt *made;
    void *data;
    char name[16];
    assert_ok(ckpt_create(NULL, &made, &err));
    for (unsigned i = 0; i < tensors; i++) {
        snprintf(name, sizeof name, "%u", i);
        assert_ok(
            ckpt_add_parameter(ckpt_root(made), name, CKPT_F32, 1, shape, numbers, NULL, &err));
    }
    assert_ok(ckpt_save_memory(made, NULL, &data, &source.size, &err));
    source.bytes = malloc(source.size);
    memcpy(source.bytes, data, source.size);
    ckpt_buffer_free(made, data, source.size);
    ckpt_free(made);
}

START_TEST(ckpt_file_costs_its_head_and_its_index) {
    static const unsigned counts[] = {0, 1, 20, 2000};
    for (int i = 0; i < 4; i++) {
        make_ckpt(counts[i]);
        file_bytes file = {source.bytes, source.size};
        uint64_t index = index_offset_of(&file);
        assert_ok(open_source());
        ck_assert_uint_eq(source.count, 2);
        assert_request(0, 0, HEAD);
        assert_request(1, index, source.size - index);
        ck_assert_uint_eq(ckpt_tensor_count(c), counts[i]);
        teardown();
    }
}
END_TEST

START_TEST(damaged_header_costs_its_head) {
    make_ckpt(1);
    source.bytes[40] ^= 1;
    assert_status(open_source(), CKPT_E_CHECKSUM);
    ck_assert_uint_eq(source.count, 1);
    assert_request(0, 0, HEAD);
}
END_TEST

START_TEST(file_in_no_format_costs_its_head) {
    static const size_t sizes[] = {1, 100, HEAD, HEAD + 1, 100000};
    for (int i = 0; i < 5; i++) {
        source.size = sizes[i];
        source.bytes = malloc(source.size);
        memset(source.bytes, 'x', source.size);
        assert_status(open_source(), CKPT_E_FORMAT);
        ck_assert_uint_eq(source.count, 1);
        assert_request(0, 0, sizes[i] < HEAD ? sizes[i] : HEAD);
        teardown();
    }
}
END_TEST

/* `tensors` of four bytes each, "t0" and so on; returns where the data begin. */
static size_t make_safetensors(unsigned tensors) {
    size_t room = 8 + 80 * (size_t)tensors + 80, end = 8;
    source.bytes = calloc(1, room);
    char *text = (char *)source.bytes;
    for (unsigned i = 0; i < tensors; i++)
        end += (size_t)snprintf(text + end, room - end,
                                "%c\"t%u\":{\"dtype\":\"F32\",\"shape\":[],"
                                "\"data_offsets\":[%u,%u]}",
                                i == 0 ? '{' : ',', i, 4 * i, 4 * i + 4);
    text[end++] = '}';
    file_bytes file = {source.bytes, room};
    field_store(&file, 0, 8, end - 8);
    for (unsigned i = 0; i < 4 * tensors; i++)
        text[end + i] = 0;
    source.size = end + 4 * (size_t)tensors;
    return end;
}

START_TEST(safetensors_file_costs_its_head_and_the_rest_of_its_header) {
    make_safetensors(3);
    assert_ok(open_source());
    ck_assert_uint_eq(source.count, 1);
    assert_request(0, 0, source.size);
    teardown();
    size_t data = make_safetensors(1000);
    assert_ok(open_source());
    ck_assert_uint_eq(source.count, 2);
    assert_request(0, 0, HEAD);
    assert_request(1, HEAD, data - HEAD);
    ck_assert_uint_eq(ckpt_tensor_count(c), 1000);
}
END_TEST

/* The head is for opening alone: later the source is asked, which may say something else. */
START_TEST(nothing_is_kept_after_opening) {
    float number = 0;
    size_t data = make_safetensors(1);
    assert_ok(open_source());
    source.bytes[data + 2] = 0x80;
    source.bytes[data + 3] = 0x3f;
    assert_ok(ckpt_tensor_read(ckpt_find_tensor(ckpt_root(c), "t0"), &number, sizeof number, &err));
    ck_assert_float_eq(number, 1.0f);
    ck_assert_uint_eq(source.count, 2);
    assert_request(1, data, 4);
}
END_TEST

START_TEST(npy_file_costs_its_head) {
    static const char header[] = "\x93NUMPY\x01\x00\x76\x00"
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (5000,), }";
    source.size = 128 + 20000;
    source.bytes = calloc(1, source.size);
    memset(source.bytes, ' ', 128);
    memcpy(source.bytes, header, sizeof header - 1);
    source.bytes[127] = '\n';
    assert_ok(open_source());
    ck_assert_uint_eq(source.count, 1);
    assert_request(0, 0, HEAD);
}
END_TEST

START_TEST(files_are_read_as_seldom) {
    static const ckpt_access accesses[] = {CKPT_ACCESS_MAP, CKPT_ACCESS_READ};
    static fault_files files;
    char path[512];
    test_directory directory = test_directory_create();
    test_path(&directory, "net.ckpt", path, sizeof path);
    make_ckpt(100);
    test_write_file(path, source.bytes, source.size);
    for (int i = 0; i < 2; i++) {
        memset(&files, 0, sizeof files);
        ckpt_open_options options = {.struct_size = sizeof options,
                                     .filesystem = fault_files_hook(&files),
                                     .access = accesses[i]};
        assert_ok(ckpt_open(path, &options, &c, &err));
        ck_assert_uint_eq(files.counts[FILE_PREAD], 2);
        ckpt_free(c);
        c = NULL;
    }
    test_directory_remove(&directory);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("open_requests");
    TCase *tcase = tcase_create("open_requests");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, ckpt_file_costs_its_head_and_its_index);
    tcase_add_test(tcase, damaged_header_costs_its_head);
    tcase_add_test(tcase, file_in_no_format_costs_its_head);
    tcase_add_test(tcase, safetensors_file_costs_its_head_and_the_rest_of_its_header);
    tcase_add_test(tcase, nothing_is_kept_after_opening);
    tcase_add_test(tcase, npy_file_costs_its_head);
    tcase_add_test(tcase, files_are_read_as_seldom);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
