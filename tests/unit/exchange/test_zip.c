/* SPDX-License-Identifier: MIT */
/* Archives as the formats use them: content in bounded memory, in any order, and few requests. That
 * rules are kept is shown in tests/interop/archives. */
#include "checkmain.h"
#include "faultmemory.h"
#include "testrandom.h"

#include "base/endian.h"
#include "exchange/zipread.h"
#include "exchange/zipwrite.h"
#include "model/object.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

static ckpt_error err;
static fault_memory hook;
static ck_memory memory;

/* A file that is written and then read, in requests that are counted. */
typedef struct image {
    unsigned char *bytes;
    size_t size, room;
    unsigned requests;
    uint64_t requested; /* bytes */
} image;

static image file;

static void setup(void) {
    memset(&hook, 0, sizeof hook);
    memory = fault_memory_hook(&hook);
}

static void teardown(void) {
    free(file.bytes);
    memset(&file, 0, sizeof file);
    const char *complaint = fault_memory_complaint(&hook);
    ck_assert_msg(complaint == NULL, "%s", complaint != NULL ? complaint : "");
}

static ckpt_status write_bytes(void *ctx, const void *bytes, size_t size, uint64_t offset,
                               ckpt_error *e) {
    image *i = ctx;
    (void)e;
    if (offset + size > i->room) {
        i->room = 2 * (offset + size);
        i->bytes = realloc(i->bytes, i->room);
    }
    if (offset + size > i->size) {
        memset(i->bytes + i->size, 0xee, offset + size - i->size);
        i->size = offset + size;
    }
    memcpy(i->bytes + offset, bytes, size);
    return CKPT_OK;
}

static int read_bytes(void *ctx, void *buffer, size_t size, uint64_t offset) {
    image *i = ctx;
    if (offset > i->size || size > i->size - offset)
        return EIO;
    memcpy(buffer, i->bytes + offset, size);
    i->requests++;
    i->requested += size;
    return 0;
}

static ck_source source_of(image *i) {
    ck_source source;
    ckpt_reader reader = {.ctx = i, .size = i->size, .read_at = read_bytes};
    i->requests = 0;
    i->requested = 0;
    assert_ok(ck_source_from_reader(&source, &memory, &reader, "archive", &err));
    return source;
}

/* Entries of content[0], content[1], ..., named "0", "1", ... */
static void write_entries(ck_zip_style style, unsigned count, const size_t *sizes,
                          const unsigned char *content) {
    ck_sink sink = {.ctx = &file, .write = write_bytes};
    ck_zip_writer writer;
    char name[16];
    ck_zip_writer_init(&writer, &memory, &sink, style);
    for (unsigned i = 0; i < count; i++) {
        int length = snprintf(name, sizeof name, "%u", i);
        assert_ok(ck_zip_begin(&writer, name, (size_t)length, sizes[i], &err));
        for (size_t done = 0; done < sizes[i]; done += 7) {
            size_t piece = sizes[i] - done < 7 ? sizes[i] - done : 7;
            assert_ok(ck_zip_write(&writer, content + done, piece, &err));
        }
        assert_ok(ck_zip_end(&writer, &err));
    }
    assert_ok(ck_zip_finish(&writer, true, &err));
    ck_zip_writer_clear(&writer);
}

START_TEST(what_is_written_is_read) {
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1000, 0, 30000};
    unsigned char content[30000];
    test_random random = {1};
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (unsigned char)random_below(&random, 256);
    write_entries(_i == 0 ? CK_ZIP_PLAIN : CK_ZIP_TORCH, 8, sizes, content);
    ck_source source = source_of(&file);
    ck_zip *zip;
    assert_ok(ck_zip_open(&zip, &memory, &source, true, &err));
    ck_assert_uint_eq(ck_zip_count(zip), 8);
    for (unsigned i = 0; i < 8; i++) {
        char name[2] = {(char)('0' + i), '\0'};
        const ck_zip_entry *entry = ck_zip_find(zip, name, 1);
        ck_buffer buffer = {NULL, 0, 0};
        ck_assert_ptr_eq(entry, ck_zip_entry_at(zip, i));
        ck_assert_uint_eq(entry->size, sizes[i]);
        ck_assert_uint_eq(entry->data_offset % 64, 0);
        assert_ok(ck_zip_read_entry(&memory, &source, entry, sizes[i], &buffer, &err));
        ck_assert_uint_eq(buffer.size, sizes[i]);
        ck_assert(sizes[i] == 0 || memcmp(buffer.bytes, content, sizes[i]) == 0);
        ck_buffer_clear(&memory, &buffer);
        if (sizes[i] > 0)
            assert_status(ck_zip_read_entry(&memory, &source, entry, sizes[i] - 1, &buffer, &err),
                          CKPT_E_LIMIT);
    }
    ck_assert_ptr_null(ck_zip_find(zip, "8", 1));
    ck_assert_ptr_null(ck_zip_find(zip, "", 0));
    ck_zip_close(zip);
    ck_source_close(&source);
}
END_TEST

START_TEST(the_writer_refuses_what_the_reader_would) {
    ck_sink sink = {.ctx = &file, .write = write_bytes};
    ck_zip_writer writer;
    ck_zip_writer_init(&writer, &memory, &sink, CK_ZIP_PLAIN);
    assert_status(ck_zip_add(&writer, "../a", 4, "", 0, &err), CKPT_E_UNSUPPORTED);
    ck_zip_writer_clear(&writer);
    for (int i = 0; i < 2; i++) {
        ck_zip_writer_init(&writer, &memory, &sink, CK_ZIP_PLAIN);
        assert_ok(ck_zip_add(&writer, "name", 4, "x", 1, &err));
        assert_ok(ck_zip_add(&writer, "Name", 4, "x", 1, &err));
        ckpt_status status = ck_zip_finish(&writer, i == 0, &err);
        ck_assert_int_eq(status, i == 0 ? CKPT_E_UNSUPPORTED : CKPT_OK);
        ck_zip_writer_clear(&writer);
    }
    ck_zip_writer_init(&writer, &memory, &sink, CK_ZIP_PLAIN);
    assert_ok(ck_zip_begin(&writer, "a", 1, 3, &err));
    assert_status(ck_zip_write(&writer, "four", 4, &err), CKPT_E_ARGUMENT);
    assert_ok(ck_zip_write(&writer, "tw", 2, &err));
    assert_status(ck_zip_end(&writer, &err), CKPT_E_ARGUMENT);
    ck_zip_writer_clear(&writer);
}
END_TEST

START_TEST(names_in_another_case_are_one_where_that_is_asked_for) {
    ck_sink sink = {.ctx = &file, .write = write_bytes};
    ck_zip_writer writer;
    ck_zip *zip;
    ck_zip_writer_init(&writer, &memory, &sink, CK_ZIP_PLAIN);
    assert_ok(ck_zip_add(&writer, "dir/NAME", 8, "x", 1, &err));
    assert_ok(ck_zip_add(&writer, "Dir/name", 8, "y", 1, &err));
    assert_ok(ck_zip_finish(&writer, false, &err));
    ck_zip_writer_clear(&writer);
    ck_source source = source_of(&file);
    assert_status(ck_zip_open(&zip, &memory, &source, true, &err), CKPT_E_STRUCTURE);
    ck_assert_str_eq(err.rule, "Z7");
    assert_ok(ck_zip_open(&zip, &memory, &source, false, &err));
    ck_zip_close(zip);
    ck_source_close(&source);
}
END_TEST

START_TEST(opening_costs_few_requests) {
    enum { COUNT = 2000 };
    static size_t sizes[COUNT];
    static const unsigned char content[1000];
    ck_zip *zip;
    for (unsigned i = 0; i < COUNT; i++)
        sizes[i] = i % 5 * 200;
    write_entries(CK_ZIP_TORCH, COUNT, sizes, content);
    ck_source source = source_of(&file);
    assert_ok(ck_zip_open(&zip, &memory, &source, true, &err));
    /* End, directory, and the entries by pieces of 8 KiB. */
    ck_assert_uint_le(file.requests, 2 + file.size / 6000);
    ck_assert_uint_le(file.requested, 2 * file.size);
    ck_zip_close(zip);
    ck_source_close(&source);
}
END_TEST

/* ---- deflated content ---- */

/* An archive with one deflated entry, "x". */
static void wrap(const unsigned char *data, size_t data_size, uint64_t size, uint32_t crc) {
    unsigned char local[31] = "PK\3\4\24\0\0\0\10\0\0\0\41\0";
    unsigned char central[47] = "PK\1\2\24\0\24\0\0\0\10\0\0\0\41\0";
    unsigned char end[22] = "PK\5\6";
    ck_store32(local + 14, crc);
    ck_store32(local + 18, (uint32_t)data_size);
    ck_store32(local + 22, (uint32_t)size);
    local[26] = 1;
    local[30] = 'x';
    memcpy(central + 16, local + 14, 12);
    central[28] = 1;
    central[46] = 'x';
    end[8] = end[10] = 1;
    ck_store32(end + 12, sizeof central);
    ck_store32(end + 16, (uint32_t)(sizeof local + data_size));
    (void)write_bytes(&file, local, sizeof local, file.size, &err);
    (void)write_bytes(&file, data, data_size, file.size, &err);
    (void)write_bytes(&file, central, sizeof central, file.size, &err);
    (void)write_bytes(&file, end, sizeof end, file.size, &err);
}

/* The stream of `repeats` times the content; free it. */
static unsigned char *deflated(const unsigned char *content, size_t size, unsigned repeats,
                               size_t *ret_size) {
    z_stream z;
    memset(&z, 0, sizeof z);
    size_t room = size + size / 100 + 1000, used = 0;
    unsigned char *out = malloc(room);
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)content;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    /* A whole number of bytes, and nothing that leads back: so it can be repeated. */
    ck_assert_int_eq(deflate(&z, Z_FULL_FLUSH), Z_OK);
    size_t piece = room - z.avail_out;
    deflateEnd(&z);
    out = realloc(out, piece * repeats + 2);
    for (used = piece; used < piece * repeats; used += piece)
        memcpy(out + used, out, piece);
    memcpy(out + used, "\3\0", 2);
    *ret_size = used + 2;
    return out;
}

static ckpt *open_storage(uint64_t offset, uint64_t size, uint32_t swap, ckpt_storage *ret) {
    ck_source source = source_of(&file);
    ckpt *c;
    ck_zip *zip;
    assert_ok(ck_ckpt_new(&memory, &c, &err));
    assert_ok(ck_zip_open(&zip, &memory, &source, false, &err));
    assert_ok(ck_zip_storage(c, ck_zip_entry_at(zip, 0), offset, size, swap, ret, &err));
    ck_zip_close(zip);
    ck_take_source(c, &source);
    return c;
}

START_TEST(a_gibibyte_of_zeros_goes_through_bounded_memory) {
    enum { PIECE = 1 << 20, REPEATS = 1024 };
    static unsigned char piece[PIECE];
    size_t size;
    ckpt_storage storage;
    unsigned char *data = deflated(piece, PIECE, REPEATS, &size);
    uint32_t crc = 0;
    for (unsigned i = 0; i < REPEATS; i++)
        crc = (uint32_t)crc32_z(crc, piece, PIECE);
    wrap(data, size, (uint64_t)PIECE * REPEATS, crc);
    free(data);
    ckpt *c = open_storage(0, (uint64_t)PIECE * REPEATS, 0, &storage);
    for (unsigned i = 0; i < REPEATS; i++) {
        piece[0] = piece[PIECE - 1] = 1;
        assert_ok(ckpt_storage_read(storage, (uint64_t)i * PIECE, PIECE, piece, &err));
        quick_assert(piece[0] == 0 && piece[PIECE - 1] == 0);
    }
    ck_assert_uint_le(hook.peak, 1 << 20);
    ck_assert_uint_le(file.requested, 2 * file.size + 100000);
    ckpt_free(c);
}
END_TEST

START_TEST(deflated_content_is_read_in_any_order) {
    enum { SIZE = 300000, SKIPPED = 128 };
    static unsigned char content[SIZE], bytes[SIZE];
    test_random random = {7};
    size_t size;
    ckpt_storage storage;
    for (size_t i = 0; i < SIZE; i++)
        content[i] = (unsigned char)random_below(&random, 16);
    unsigned char *data = deflated(content, SIZE, 1, &size);
    wrap(data, size, SIZE, (uint32_t)crc32_z(0, content, SIZE));
    free(data);
    ckpt *c = open_storage(SKIPPED, SIZE - SKIPPED, 0, &storage);
    for (int i = 0; i < 200; i++) {
        uint32_t offset = random_below(&random, SIZE - SKIPPED);
        size_t count = 1 + random_below(&random, SIZE - SKIPPED - offset);
        count = random_chance(&random, 50) && count > 100 ? 100 : count;
        assert_ok(ckpt_storage_read(storage, offset, count, bytes, &err));
        quick_assert(memcmp(bytes, content + SKIPPED + offset, count) == 0);
    }
    ckpt_free(c);
}
END_TEST

START_TEST(swapped_content_may_be_cut_anywhere) {
    enum { SIZE = 4000, UNIT = 8 };
    unsigned char content[SIZE], swapped[SIZE], bytes[SIZE];
    test_random random = {9};
    size_t size;
    ckpt_storage storage;
    for (size_t i = 0; i < SIZE; i++) {
        content[i] = (unsigned char)random_below(&random, 256);
        swapped[i / UNIT * UNIT + UNIT - 1 - i % UNIT] = content[i];
    }
    if (_i == 0) {
        unsigned char *data = deflated(content, SIZE, 1, &size);
        wrap(data, size, SIZE, (uint32_t)crc32_z(0, content, SIZE));
        free(data);
    } else {
        size = SIZE;
        write_entries(CK_ZIP_PLAIN, 1, &size, content);
    }
    ckpt *c = open_storage(0, SIZE, UNIT, &storage);
    for (size_t offset = 0, count; offset < SIZE; offset += count) {
        count = 1 + random_below(&random, 30);
        count = count < SIZE - offset ? count : SIZE - offset;
        assert_ok(ckpt_storage_read(storage, offset, count, bytes + offset, &err));
    }
    ck_assert_int_eq(memcmp(bytes, swapped, SIZE), 0);
    /* In pieces, but in one go: a deflated stream is not begun anew for each. */
    ck_assert_uint_le(file.requests, _i == 0 ? 10 : 1000);
    for (int i = 0; i < 300; i++) {
        uint32_t offset = random_below(&random, SIZE);
        size_t count = 1 + random_below(&random, SIZE - offset);
        assert_ok(ckpt_storage_read(storage, offset, count, bytes, &err));
        quick_assert(memcmp(bytes, swapped + offset, count) == 0);
    }
    assert_status(
        ck_zip_storage(c, &(ck_zip_entry){.name = "x", .size = 10}, 5, 6, 0, &storage, &err),
        CKPT_E_BOUNDS);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("zip");
    TCase *tests = tcase_create("zip");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, what_is_written_is_read, 0, 2);
    tcase_add_test(tests, the_writer_refuses_what_the_reader_would);
    tcase_add_test(tests, names_in_another_case_are_one_where_that_is_asked_for);
    tcase_add_test(tests, opening_costs_few_requests);
    tcase_add_test(tests, a_gibibyte_of_zeros_goes_through_bounded_memory);
    tcase_add_test(tests, deflated_content_is_read_in_any_order);
    tcase_add_loop_test(tests, swapped_content_may_be_cut_anywhere, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
