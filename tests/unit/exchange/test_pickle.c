/* SPDX-License-Identifier: MIT */
/* What the pickle machine takes, and what it makes of it. */
#include "checkmain.h"
#include "faultmemory.h"
#include "pickledump.h"

#include <string.h>

typedef struct sample {
    const char *bytes;
    size_t size;
    const char *wanted;
} sample;

/* The size is that of the literal: there are NULs inside. */
#define SAMPLE(bytes, wanted)                                                                      \
    { bytes, sizeof bytes - 1, wanted }

static void check(const char *bytes, size_t size, unsigned allowed, const char *wanted) {
    ck_memory memory = ck_memory_from(NULL);
    ckpt_error err;
    pickle_run run;
    char text[2048];
    assert_ok(run_pickle(&run, &memory, bytes, size, allowed, &err));
    dump_node(&run.pickle, run.root, text, sizeof text);
    ck_assert_str_eq(text, wanted);
    ck_assert_uint_eq(run.end, size);
    close_run(&run);
}

static void check_all(const sample *samples, size_t count, unsigned allowed) {
    for (size_t i = 0; i < count; i++)
        check(samples[i].bytes, samples[i].size, allowed, samples[i].wanted);
}

#define CHECK_ALL(samples, allowed) check_all(samples, sizeof samples / sizeof samples[0], allowed)

START_TEST(scalars) {
    static const sample samples[] = {
        SAMPLE("\x80\x02N.", "None"),
        SAMPLE("N.", "None"),
        SAMPLE("\x80\x02\x88.", "True"),
        SAMPLE("\x80\x03\x89.", "False"),
        SAMPLE("\x80\x02K\xff.", "255"),
        SAMPLE("\x80\x02M\xff\xff.", "65535"),
        SAMPLE("\x80\x02J\xff\xff\xff\x7f.", "2147483647"),
        SAMPLE("\x80\x02J\x00\x00\x00\x80.", "-2147483648"),
        SAMPLE("\x80\x02J\xff\xff\xff\xff.", "-1"),
        SAMPLE("\x80\x02G\x3f\xf8\x00\x00\x00\x00\x00\x00.", "0x1.8p+0"),
        SAMPLE("\x80\x02G\xff\xf0\x00\x00\x00\x00\x00\x00.", "-inf"),
        SAMPLE("\x80\x02\x8a\x00.", "0"),
        SAMPLE("\x80\x02\x8a\x01\xff.", "-1"),
        SAMPLE("\x80\x02\x8a\x02\xff\x00.", "255"),
        SAMPLE("\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", "9223372036854775807"),
        SAMPLE("\x80\x02\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", "-9223372036854775808"),
        SAMPLE("\x80\x02\x8a\x0a\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00.", "1"),
        SAMPLE("\x80\x02\x8a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff.", "-1"),
        SAMPLE("\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00.", "0x008000000000000000"),
        SAMPLE("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
               "0x1950a86a20f9469cfc6c"),
    };
    CHECK_ALL(samples, CK_PICKLE_PROTOCOL_2);
}
END_TEST

START_TEST(texts) {
    static const sample samples[] = {
        SAMPLE("\x80\x02X\x00\x00\x00\x00.", "''"),
        SAMPLE("\x80\x02X\x03\x00\x00\x00"
               "a\xc3\xa9.",
               "'a\xc3\xa9'"),
        SAMPLE("\x80\x02U\x02"
               "ab.",
               "'ab'"),
        SAMPLE("\x80\x02X\x03\x00\x00\x00"
               "a\0b.",
               "odd'a0b'"),
        SAMPLE("\x80\x02X\x03\x00\x00\x00\xed\xa0\x80.", "odd'\xed\xa0\x80'"),
    };
    CHECK_ALL(samples, CK_PICKLE_PROTOCOL_2);
}
END_TEST

START_TEST(containers) {
    static const sample samples[] = {
        SAMPLE("\x80\x02].", "[]"),
        SAMPLE("\x80\x02}.", "{}"),
        SAMPLE("\x80\x02).", "()"),
        SAMPLE("\x80\x02\x8f.", "set()"),
        SAMPLE("\x80\x02]K\x01"
               "a.",
               "[1]"),
        SAMPLE("\x80\x02](K\x01K\x02"
               "eK\x03"
               "a(e.",
               "[1, 2, 3]"),
        SAMPLE("\x80\x02}K\x01Ns.", "{1: None}"),
        SAMPLE("\x80\x02}(K\x01K\x02K\x03K\x04u(u.", "{1: 2, 3: 4}"),
        SAMPLE("\x80\x02(t.", "()"),
        SAMPLE("\x80\x02(K\x01K\x02K\x03K\x04t.", "(1, 2, 3, 4)"),
        SAMPLE("\x80\x02K\x01\x85.", "(1)"),
        SAMPLE("\x80\x02K\x01K\x02\x86.", "(1, 2)"),
        SAMPLE("\x80\x02K\x01K\x02K\x03\x87.", "(1, 2, 3)"),
        SAMPLE("\x80\x02]K\x01"
               "a]K\x02"
               "a\x86.",
               "([1], [2])"),
    };
    CHECK_ALL(samples, CK_PICKLE_PROTOCOL_2);
}
END_TEST

START_TEST(memo_keeps_identity) {
    ck_memory memory = ck_memory_from(NULL);
    static const char bytes[] = "\x80\x02]q\x01h\x01j\x01\x00\x00\x00K\x05"
                                "a\x87.";
    ckpt_error err;
    pickle_run run;
    char text[100];
    assert_ok(run_pickle(&run, &memory, bytes, sizeof bytes - 1, CK_PICKLE_PROTOCOL_2, &err));
    dump_node(&run.pickle, run.root, text, sizeof text);
    ck_assert_str_eq(text, "([5], [5], [5])");
    uint32_t first = ck_pickle_child(&run.pickle, run.root, 0);
    ck_assert_uint_eq(ck_pickle_child(&run.pickle, run.root, 1), first);
    ck_assert_uint_eq(ck_pickle_child(&run.pickle, run.root, 2), first);
    close_run(&run);
    /* A number can be given again; LONG_BINPUT and MEMOIZE number as BINPUT does. */
    check("\x80\x02K\x01q\x00K\x02r\x00\x00\x00\x00h\x00\x87.", 17, CK_PICKLE_PROTOCOL_2,
          "(1, 2, 2)");
    check("\x80\x04K\x01\x94K\x02\x94h\x00h\x01\x86\x87.", 15, ALL_OPCODES, "(1, 2, (1, 2))");
}
END_TEST

START_TEST(protocol_5) {
    static const sample samples[] = {
        SAMPLE("\x80\x05\x8c\x02"
               "ab.",
               "'ab'"),
        SAMPLE("\x80\x04\x8d\x02\x00\x00\x00\x00\x00\x00\x00"
               "ab.",
               "'ab'"),
        SAMPLE("\x80\x04"
               "C\x02\xff\x00.",
               "bytes@4+2"),
        SAMPLE("\x80\x04"
               "B\x02\x00\x00\x00\xff\x00.",
               "bytes@7+2"),
        SAMPLE("\x80\x04\x8e\x02\x00\x00\x00\x00\x00\x00\x00\xff\x00.", "bytes@11+2"),
        SAMPLE("\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00\xff\x00.", "bytearray@11+2"),
        SAMPLE("\x80\x04\x8f(K\x01K\x02\x90.", "set(1, 2)"),
        SAMPLE("\x80\x04(K\x01K\x02\x91.", "frozenset(1, 2)"),
        SAMPLE("\x80\x04\x8c\x05torch\x8c\x07"
               "float32\x93.",
               "torch.float32"),
        SAMPLE("\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00N.", "None"),
        /* Large bytes lie between frames. */
        SAMPLE("\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00N"
               "C\x01x"
               "\x95\x02\x00\x00\x00\x00\x00\x00\x00\x86.",
               "(None, bytes@14+1)"),
        SAMPLE("\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00N.", "None"),
    };
    CHECK_ALL(samples, ALL_OPCODES);
}
END_TEST

START_TEST(things_of_the_list) {
    static const sample samples[] = {
        SAMPLE("\x80\x02"
               "ctorch\nfloat32\n.",
               "torch.float32"),
        SAMPLE("\x80\x02"
               "ctorch\nSize\n(K\x02K\x03t\x85R.",
               "torch.Size((2, 3))"),
        SAMPLE("\x80\x02"
               "coneflow\nTensor\n)\x81}K\x01K\x02sb.",
               "oneflow.Tensor()|{1: 2}"),
        SAMPLE("\x80\x02"
               "ccollections\nOrderedDict\n)RK\x01K\x02s.",
               "collections.OrderedDict{1: 2}"),
        SAMPLE("\x80\x02"
               "ccollections\nOrderedDict\n)R}b.",
               "collections.OrderedDict{}|{}"),
        /* As pickles of Python 2 have it. */
        SAMPLE("\x80\x02"
               "ccollections\nOrderedDict\n](](K\x01K\x02"
               "eK\x03K\x04\x86"
               "e\x85R.",
               "collections.OrderedDict{1: 2, 3: 4}"),
        SAMPLE("\x80\x02"
               "ccollections\nOrderedDict\n}(K\x01K\x02u\x85R.",
               "collections.OrderedDict{1: 2}"),
        SAMPLE("\x80\x02"
               "c__builtin__\nset\n](K\x01K\x02"
               "e\x85R.",
               "set(1, 2)"),
        SAMPLE("\x80\x02X\x07\x00\x00\x00storageK\x01\x86Q.", "stored ('storage', 1)"),
    };
    CHECK_ALL(samples, ALL_OPCODES);
}
END_TEST

START_TEST(pickles_one_behind_another) {
    static const char bytes[] = "\x80\x02K\x01.\x80\x02K\x02.rest";
    ck_memory memory = ck_memory_from(NULL);
    ck_source source;
    ckpt_error err;
    assert_ok(ck_source_from_memory(&source, &memory, bytes, sizeof bytes - 1, "p", &err));
    uint64_t offset = 0;
    for (int64_t i = 1; i <= 2; i++) {
        ck_pickle p;
        uint32_t root;
        ck_pickle_open(&p, &memory, NULL, 0, CK_PICKLE_PROTOCOL_2);
        assert_ok(ck_pickle_run(&p, &source, offset, source.size, &root, &offset, &err));
        ck_assert_int_eq(ck_pickle_at(&p, root)->as.integer, i);
        ck_pickle_close(&p);
    }
    ck_assert_uint_eq(offset, 10);
    ck_source_close(&source);
}
END_TEST

/* Long texts, many elements: across every border of the window. */
START_TEST(large_pickles) {
    enum { COUNT = 3000, TEXT = 150 };
    ck_memory memory = ck_memory_from(NULL);
    ck_buffer b = {NULL, 0, 0};
    ckpt_error err;
    pickle_run run;
    ck_assert(ck_buffer_append(&memory, &b, "\x80\x02](", 4));
    for (int i = 0; i < COUNT; i++) {
        char text[TEXT + 1];
        unsigned char head[5] = {'X', TEXT, 0, 0, 0};
        memset(text, 'a' + i % 26, TEXT);
        ck_assert(ck_buffer_append(&memory, &b, head, 5));
        ck_assert(ck_buffer_append(&memory, &b, text, TEXT));
        if (i % 1000 == 999)
            ck_assert(ck_buffer_append(&memory, &b, "e(", 2));
    }
    ck_assert(ck_buffer_append(&memory, &b, "e.", 2));
    assert_ok(run_pickle(&run, &memory, b.bytes, b.size, CK_PICKLE_PROTOCOL_2, &err));
    ck_assert_uint_eq(ck_pickle_at(&run.pickle, run.root)->count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        size_t size;
        const char *text =
            ck_pickle_text(&run.pickle, ck_pickle_child(&run.pickle, run.root, i), &size);
        quick_assert(size == TEXT && text[0] == (char)('a' + i % 26) && text[size - 1] == text[0]);
    }
    close_run(&run);
    ck_buffer_clear(&memory, &b);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pickle");
    TCase *tests = tcase_create("pickle");
    tcase_add_test(tests, scalars);
    tcase_add_test(tests, texts);
    tcase_add_test(tests, containers);
    tcase_add_test(tests, memo_keeps_identity);
    tcase_add_test(tests, protocol_5);
    tcase_add_test(tests, things_of_the_list);
    tcase_add_test(tests, pickles_one_behind_another);
    tcase_add_test(tests, large_pickles);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
