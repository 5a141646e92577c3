/* SPDX-License-Identifier: MIT */
/* Archives with numbers that do not fit into 32 bits. */
#include "checkmain.h"
#include "faultmemory.h"

#include "exchange/zipread.h"
#include "exchange/zipwrite.h"

#include <string.h>

static ckpt_error err;

/* Keeps what is written in small pieces and forgets the rest, which is zeros. */
typedef struct sparse {
    struct {
        uint64_t offset;
        size_t size;
        unsigned char bytes[256];
    } pieces[64];
    unsigned count;
    uint64_t size;
} sparse;

static ckpt_status write_sparse(void *ctx, const void *bytes, size_t size, uint64_t offset,
                                ckpt_error *e) {
    sparse *s = ctx;
    (void)e;
    if (size <= sizeof s->pieces[0].bytes) {
        ck_assert_uint_lt(s->count, 64);
        s->pieces[s->count].offset = offset;
        s->pieces[s->count].size = size;
        memcpy(s->pieces[s->count++].bytes, bytes, size);
    }
    s->size = offset + size > s->size ? offset + size : s->size;
    return CKPT_OK;
}

static int read_sparse(void *ctx, void *buffer, size_t size, uint64_t offset) {
    const sparse *s = ctx;
    memset(buffer, 0, size);
    for (unsigned i = 0; i < s->count; i++) {
        for (size_t k = 0; k < s->pieces[i].size; k++) {
            uint64_t at = s->pieces[i].offset + k;
            if (at >= offset && at - offset < size)
                ((unsigned char *)buffer)[at - offset] = s->pieces[i].bytes[k];
        }
    }
    return 0;
}

START_TEST(entries_and_offsets_behind_4_gib) {
    enum { PIECE = 1 << 24 };
    const uint64_t size = (UINT64_C(1) << 32) + 5;
    static const unsigned char zeros[PIECE];
    static sparse s;
    fault_memory hook;
    memset(&hook, 0, sizeof hook);
    ck_memory memory = fault_memory_hook(&hook);
    ck_sink sink = {.ctx = &s, .write = write_sparse};
    ck_zip_writer writer;
    ck_source source;
    ck_zip *zip;
    memset(&s, 0, sizeof s);
    ckpt_reader reader = {.ctx = &s, .read_at = read_sparse};
    ck_zip_writer_init(&writer, &memory, &sink, _i == 0 ? CK_ZIP_PLAIN : CK_ZIP_TORCH);
    assert_ok(ck_zip_begin(&writer, "large", 5, size, &err));
    for (uint64_t done = 0; done < size; done += PIECE)
        assert_ok(ck_zip_write(&writer, zeros, size - done < PIECE ? (size_t)(size - done) : PIECE,
                               &err));
    assert_ok(ck_zip_end(&writer, &err));
    assert_ok(ck_zip_add(&writer, "far", 3, "abc", 3, &err));
    assert_ok(ck_zip_add(&writer, "empty", 5, "", 0, &err));
    assert_ok(ck_zip_finish(&writer, true, &err));
    ck_zip_writer_clear(&writer);
    reader.size = s.size;
    assert_ok(ck_source_from_reader(&source, &memory, &reader, "archive", &err));
    assert_ok(ck_zip_open(&zip, &memory, &source, true, &err));
    ck_assert_uint_eq(ck_zip_entry_at(zip, 0)->size, size);
    ck_assert_uint_gt(ck_zip_entry_at(zip, 1)->header_offset, size);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(ck_zip_entry_at(zip, i)->data_offset % 64, 0);
    ck_zip_close(zip);
    ck_source_close(&source);
    ck_assert_ptr_null(fault_memory_complaint(&hook));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("zip64");
    TCase *tests = tcase_create("zip64");
    tcase_add_loop_test(tests, entries_and_offsets_behind_4_gib, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
