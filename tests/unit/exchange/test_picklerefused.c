/* SPDX-License-Identifier: MIT */
/* What the pickle machine refuses: everything else. */
#include "checkmain.h"
#include "faultmemory.h"
#include "pickledump.h"

#include <stdio.h>
#include <string.h>

typedef struct refused {
    const char *bytes;
    size_t size;
    ckpt_status status;
    const char *message; /* a part of it */
} refused;

#define REFUSED(bytes, status, message)                                                            \
    { bytes, sizeof bytes - 1, status, message }

static void refuse(const char *bytes, size_t size, unsigned allowed, ckpt_status status,
                   const char *message) {
    ck_memory memory = ck_memory_from(NULL);
    ckpt_error err = {.message = "none"};
    pickle_run run;
    ckpt_status got = run_pickle(&run, &memory, bytes, size, allowed, &err);
    ck_assert_msg(got == status && strstr(err.message, message) != NULL, "%s: %s, not %s: %s",
                  ckpt_status_name(got), err.message, ckpt_status_name(status), message);
    close_run(&run);
}

static void refuse_all(const refused *list, size_t count, unsigned allowed) {
    for (size_t i = 0; i < count; i++)
        refuse(list[i].bytes, list[i].size, allowed, list[i].status, list[i].message);
}

#define REFUSE_ALL(list, allowed) refuse_all(list, sizeof list / sizeof list[0], allowed)

/* Of the 256 possible bytes, those are opcodes that are on the list. */
static const unsigned char protocol_2[] = "\x80.(N\x88\x89JKM\x8aGXUqrhj]})\x8ft\x85\x86\x87"
                                          "aesuc"
                                          "R\x81"
                                          "b";
static const unsigned char protocol_5[] = "\x95\x94\x8c\x8d"
                                          "CB\x8e\x96\x90\x91\x93";

START_TEST(every_other_opcode) {
    ck_memory memory = ck_memory_from(NULL);
    for (unsigned byte = 0; byte < 256; byte++) {
        bool in_2 = byte != 0 && memchr(protocol_2, (int)byte, sizeof protocol_2 - 1) != NULL;
        bool in_5 = byte != 0 && memchr(protocol_5, (int)byte, sizeof protocol_5 - 1) != NULL;
        char bytes[2] = {(char)byte, 0}, wanted[60];
        ckpt_error err = {.message = ""};
        pickle_run run;
        snprintf(wanted, sizeof wanted, "opcode 0x%02x, which is not on the list", byte);
        ckpt_status status = run_pickle(&run, &memory, bytes, 1, CK_PICKLE_PROTOCOL_2, &err);
        quick_assert_msg((strstr(err.message, wanted) == NULL) == in_2, "0x%02x: %s", byte,
                         err.message);
        quick_assert(in_2 || status == CKPT_E_UNSUPPORTED);
        close_run(&run);
        status =
            run_pickle(&run, &memory, bytes, 1, CK_PICKLE_PROTOCOL_2 | CK_PICKLE_PROTOCOL_5, &err);
        quick_assert_msg(in_2 || in_5 || status == CKPT_E_UNSUPPORTED, "0x%02x", byte);
        quick_assert_msg(!in_5 || strstr(err.message, wanted) == NULL, "0x%02x", byte);
        close_run(&run);
    }
}
END_TEST

/* The ways in which pickles have been turned into weapons. */
START_TEST(malicious_pickles) {
    static const refused list[] = {
        REFUSED("\x80\x02"
                "cos\nsystem\nX\x02\x00\x00\x00id\x85R.",
                CKPT_E_UNSUPPORTED, "names os.system, which is not on the list"),
        REFUSED("\x80\x02"
                "cposix\nsystem\n.",
                CKPT_E_UNSUPPORTED, "names posix.system"),
        REFUSED("\x80\x02"
                "cnt\nsystem\n.",
                CKPT_E_UNSUPPORTED, "names nt.system"),
        REFUSED("\x80\x02"
                "cbuiltins\neval\n.",
                CKPT_E_UNSUPPORTED, "names builtins.eval"),
        REFUSED("\x80\x02"
                "c__builtin__\neval\n.",
                CKPT_E_UNSUPPORTED, "names __builtin__.eval"),
        REFUSED("\x80\x02"
                "cbuiltins\ngetattr\n.",
                CKPT_E_UNSUPPORTED, "names builtins.getattr"),
        REFUSED("\x80\x02"
                "csubprocess\nPopen\n.",
                CKPT_E_UNSUPPORTED, "names subprocess.Popen"),
        REFUSED("\x80\x02"
                "crunpy\n_run_code\n.",
                CKPT_E_UNSUPPORTED, "names runpy._run_code"),
        REFUSED("\x80\x02"
                "cpip\nmain\n.",
                CKPT_E_UNSUPPORTED, "names pip.main"),
        REFUSED("\x80\x02"
                "ctorch\nload\n.",
                CKPT_E_UNSUPPORTED, "names torch.load"),
        REFUSED("\x80\x02"
                "ctorch.hub\nload\n.",
                CKPT_E_UNSUPPORTED, "names torch.hub.load"),
        REFUSED("\x80\x02"
                "ctorch.serialization\nload\n.",
                CKPT_E_UNSUPPORTED, "names"),
        REFUSED("\x80\x02"
                "cnumpy.testing._private.utils\nrunstring\n.",
                CKPT_E_UNSUPPORTED, "names numpy.testing._private.utils.runstring"),
        /* Dots do not lead from a thing of the list to another one. */
        REFUSED("\x80\x02"
                "ctorch\nSize.__class__\n.",
                CKPT_E_UNSUPPORTED, "names"),
        REFUSED("\x80\x04\x8c\x05torch\x8c\x0e"
                "Size.__class__\x93.",
                CKPT_E_UNSUPPORTED, "names"),
        REFUSED("\x80\x02"
                "ctorch.Size\n__class__\n.",
                CKPT_E_UNSUPPORTED, "names"),
        REFUSED("\x80\x02"
                "ctorch \nSize\n.",
                CKPT_E_UNSUPPORTED, "names"),
        REFUSED("\x80\x02"
                "c\n\n.",
                CKPT_E_UNSUPPORTED, "names ."),
        REFUSED("\x80\x02"
                "ctorch\r\nSize\n.",
                CKPT_E_UNSUPPORTED, "names torch\\x0d.Size"),
        REFUSED("\x80\x04\x8c\x06torch\0\x8c\x04Size\x93.", CKPT_E_UNSUPPORTED, "names"),
        REFUSED("\x80\x02"
                "c\x1b[31m\nSize\n.",
                CKPT_E_UNSUPPORTED, "names \\x1b[31m.Size"),
        /* What is on the list is not to be called, made or filled unless that is on it too. */
        REFUSED("\x80\x02"
                "ctorch\nfloat32\n)R.",
                CKPT_E_UNSUPPORTED, "calls torch.float32"),
        REFUSED("\x80\x02"
                "ctorch\nSize\n)\x81.",
                CKPT_E_UNSUPPORTED, "makes an object of torch.Size"),
        REFUSED("\x80\x02"
                "coneflow\nTensor\n)R.",
                CKPT_E_UNSUPPORTED, "calls oneflow.Tensor"),
        REFUSED("\x80\x02"
                "ctorch\nSize\n)\x85R}b.",
                CKPT_E_UNSUPPORTED, "gives an object of torch.Size a state"),
        REFUSED("\x80\x02}}b.", CKPT_E_UNSUPPORTED, "gives a dict a state"),
        REFUSED("\x80\x02"
                "ctorch\nfloat32\n}b.",
                CKPT_E_UNSUPPORTED, "gives torch.float32 a state"),
        REFUSED("\x80\x02"
                "ccollections\nOrderedDict\n}b.",
                CKPT_E_UNSUPPORTED, "gives collections.OrderedDict a state"),
        REFUSED("\x80\x02K\x01)R.", CKPT_E_UNSUPPORTED, "calls an int"),
        REFUSED("\x80\x02X\x00\x00\x00\x00)R.", CKPT_E_UNSUPPORTED, "calls a text"),
        REFUSED("\x80\x02"
                "ctorch\nSize\n)\x85R)R.",
                CKPT_E_UNSUPPORTED, "calls an object of torch.Size"),
        /* By hand: old opcodes that call. */
        REFUSED("(S'id'\nios\nsystem\n.", CKPT_E_UNSUPPORTED, "opcode 0x53"),
        REFUSED("(ios\nsystem\n.", CKPT_E_UNSUPPORTED, "opcode 0x69"),
        REFUSED("\x80\x02(o.", CKPT_E_UNSUPPORTED, "opcode 0x6f"),
        REFUSED("\x80\x02\x82\x01.", CKPT_E_UNSUPPORTED, "opcode 0x82"),
        REFUSED("\x80\x02Pid\n.", CKPT_E_UNSUPPORTED, "opcode 0x50"),
        REFUSED("\x80\x04\x92.", CKPT_E_UNSUPPORTED, "opcode 0x92"),
    };
    REFUSE_ALL(list, ALL_OPCODES);
    refuse("\x80\x02K\x01Q.", 6, CK_PICKLE_PROTOCOL_2 | CK_PICKLE_PROTOCOL_5, CKPT_E_UNSUPPORTED,
           "opcode 0x51");
}
END_TEST

START_TEST(malformed_pickles) {
    static const refused list[] = {
        REFUSED("", CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80", CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80\x02", CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80\x02N", CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80\x01N.", CKPT_E_UNSUPPORTED, "protocol 1"),
        REFUSED("\x80\x06N.", CKPT_E_UNSUPPORTED, "protocol 6"),
        REFUSED("\x80\x02\x80\x02N.", CKPT_E_STRUCTURE, "second time"),
        REFUSED("\x80\x02.", CKPT_E_STRUCTURE, "nothing is on the stack"),
        REFUSED("\x80\x02NN.", CKPT_E_STRUCTURE, "more than one value"),
        REFUSED("\x80\x02N(.", CKPT_E_STRUCTURE, "nothing is on the stack"),
        REFUSED("\x80\x02(N.", CKPT_E_STRUCTURE, "more than one value"),
        REFUSED("\x80\x02t.", CKPT_E_STRUCTURE, "no mark"),
        REFUSED("\x80\x02K\x01\x86.", CKPT_E_STRUCTURE, "nothing is on the stack"),
        REFUSED("\x80\x02K\x01(K\x01\x86.", CKPT_E_STRUCTURE, "nothing is on the stack"),
        REFUSED("\x80\x02K\x01"
                "a.",
                CKPT_E_STRUCTURE, "nothing is on the stack"),
        REFUSED("\x80\x02}K\x01"
                "a.",
                CKPT_E_STRUCTURE, "a dict is not a list to append to"),
        REFUSED("\x80\x02)K\x01"
                "a.",
                CKPT_E_STRUCTURE, "a tuple is not a list"),
        REFUSED("\x80\x02}(K\x01"
                "e.",
                CKPT_E_STRUCTURE, "a dict is not a list"),
        REFUSED("\x80\x02]K\x01K\x02s.", CKPT_E_STRUCTURE, "a list is not a dict"),
        REFUSED("\x80\x02](K\x01K\x02u.", CKPT_E_STRUCTURE, "a list is not a dict"),
        REFUSED("\x80\x02"
                "coneflow\nTensor\n)\x81K\x01K\x02s.",
                CKPT_E_STRUCTURE, "not a dict"),
        REFUSED("\x80\x02}(K\x01u.", CKPT_E_STRUCTURE, "a key has no value"),
        REFUSED("\x80\x02](K\x01\x90.", CKPT_E_STRUCTURE, "a list is not a set"),
        REFUSED("\x80\x02h\x00.", CKPT_E_STRUCTURE, "the memo has no number 0"),
        REFUSED("\x80\x02Nq\x01h\x00\x86.", CKPT_E_STRUCTURE, "the memo has no number 0"),
        REFUSED("\x80\x02Nj\xff\xff\xff\xff\x86.", CKPT_E_STRUCTURE, "no number 4294967295"),
        REFUSED("\x80\x02q\x00N.", CKPT_E_STRUCTURE, "nothing is on the stack"),
        REFUSED("\x80\x02Nr\xff\xff\xff\xff.", CKPT_E_LIMIT, "the memo has a gap"),
        REFUSED("\x80\x02Nq\x05.", CKPT_E_LIMIT, "the memo has a gap"),
        REFUSED("\x80\x02"
                "cto",
                CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80\x02"
                "ctorch\nSi",
                CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80\x02"
                "ctorch\nSize\nK\x01R.",
                CKPT_E_STRUCTURE, "not a tuple"),
        REFUSED("\x80\x02"
                "ctorch\nSize\n]R.",
                CKPT_E_STRUCTURE, "not a tuple"),
        REFUSED("\x80\x04K\x01K\x02\x93.", CKPT_E_STRUCTURE, "a name is not a text"),
        REFUSED("\x80\x04"
                "C\x05torchC\x04Size\x93.",
                CKPT_E_STRUCTURE, "a name is not a text"),
        REFUSED("\x80\x02"
                "ccollections\nOrderedDict\n)R}b}b.",
                CKPT_E_STRUCTURE, "a second state"),
        REFUSED("\x80\x02"
                "ccollections\nOrderedDict\nK\x01\x85R.",
                CKPT_E_STRUCTURE, "an int"),
        REFUSED("\x80\x02"
                "ccollections\nOrderedDict\n]K\x01"
                "a\x85R.",
                CKPT_E_STRUCTURE, "no pairs"),
        REFUSED("\x80\x02"
                "ccollections\nOrderedDict\n}}\x86R.",
                CKPT_E_STRUCTURE, "2 things"),
        REFUSED("\x80\x02"
                "c__builtin__\nset\n}\x85R.",
                CKPT_E_STRUCTURE, "made of a dict"),
        REFUSED("\x80\x02X\xff\xff\xff\xff"
                "abc.",
                CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80\x02X\x01\x00\x00\x00\xff.", CKPT_E_STRUCTURE, "not UTF-8"),
        REFUSED("\x80\x02X\x02\x00\x00\x00\xed\xa0.", CKPT_E_STRUCTURE, "not UTF-8"),
        REFUSED("\x80\x02U\x01\xff.", CKPT_E_STRUCTURE, "not UTF-8"),
        REFUSED("\x80\x02\x8a\x05"
                "abc.",
                CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", CKPT_E_TRUNCATED, "cut off"),
        REFUSED("\x80\x02G\x00\x00.", CKPT_E_TRUNCATED, "cut off"),
    };
    REFUSE_ALL(list, ALL_OPCODES);
}
END_TEST

START_TEST(frames_that_do_not_fit) {
    static const refused list[] = {
        REFUSED("\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00N.", CKPT_E_TRUNCATED,
                "a frame reaches behind the end"),
        REFUSED("\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00N..", CKPT_E_STRUCTURE,
                "ends before its frame"),
        REFUSED("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", CKPT_E_TRUNCATED, "a frame"),
        REFUSED("\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00K\x01.", CKPT_E_STRUCTURE,
                "out of its frame"),
        REFUSED("\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00\x8c\x02"
                "ab.",
                CKPT_E_STRUCTURE, "out of its frame"),
        REFUSED("\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00"
                "\x95\x02\x00\x00\x00\x00\x00\x00\x00N.",
                CKPT_E_STRUCTURE, "a frame inside of a frame"),
        REFUSED("\x80\x04\x95\x05\x00", CKPT_E_TRUNCATED, "cut off"),
    };
    REFUSE_ALL(list, ALL_OPCODES);
}
END_TEST

START_TEST(keys) {
    static const refused list[] = {
        REFUSED("\x80\x02}(U\x01"
                "aK\x01U\x01"
                "aK\x02u.",
                CKPT_E_STRUCTURE, "the key 'a' twice"),
        REFUSED("\x80\x02}(U\x01"
                "aK\x01U\x01"
                "aK\x01u.",
                CKPT_E_STRUCTURE, "the key 'a' twice"),
        REFUSED("\x80\x02}(K\x01N\x88Nu.", CKPT_E_STRUCTURE, "a key twice"),
        REFUSED("\x80\x02}(K\x01NG\x3f\xf0\x00\x00\x00\x00\x00\x00Nu.", CKPT_E_STRUCTURE,
                "a key twice"),
        REFUSED("\x80\x02}(NNNNu.", CKPT_E_STRUCTURE, "a key twice"),
        REFUSED("\x80\x02}K\x00Ns(K\x01NK\x00Nu.", CKPT_E_STRUCTURE, "a key twice"),
        REFUSED("\x80\x04\x8f(K\x01K\x01\x90.", CKPT_E_STRUCTURE, "a key twice"),
        REFUSED("\x80\x02"
                "ccollections\nOrderedDict\n](K\x01K\x02\x86K\x01K\x03\x86"
                "e\x85R.",
                CKPT_E_STRUCTURE, "a key twice"),
        REFUSED("\x80\x02}]Ns.", CKPT_E_UNSUPPORTED, "a list is a key"),
        REFUSED("\x80\x02}}Ns.", CKPT_E_UNSUPPORTED, "a dict is a key"),
        REFUSED("\x80\x02})Ns.", CKPT_E_UNSUPPORTED, "a tuple is a key"),
        /* In a dict that is thrown away, too. */
        REFUSED("\x80\x02}(NNNNuq\x00Nh\x00\x87.", CKPT_E_STRUCTURE, "a key twice"),
    };
    REFUSE_ALL(list, ALL_OPCODES);
    static const char fine[] = "\x80\x02}(K\x01NK\x00NU\x01"
                               "1NNNG\x3f\xf8\x00\x00\x00\x00\x00\x00Nu.";
    ck_memory memory = ck_memory_from(NULL);
    ckpt_error err;
    pickle_run run;
    assert_ok(run_pickle(&run, &memory, fine, sizeof fine - 1, ALL_OPCODES, &err));
    close_run(&run);
}
END_TEST

/* ---- limits and bombs ---- */

typedef struct built {
    ck_memory memory;
    ck_buffer bytes;
} built;

static void append(built *b, const char *bytes, size_t size) {
    ck_assert(ck_buffer_append(&b->memory, &b->bytes, bytes, size));
}

static void repeat(built *b, const char *bytes, size_t size, int count) {
    for (int i = 0; i < count; i++) {
        if (!ck_buffer_append(&b->memory, &b->bytes, bytes, size))
            ck_abort_msg("no memory");
    }
}

/* Memory is bounded by the size of the pickle, whatever comes of it. */
static ckpt_status run_counted(const built *b, size_t factor, ckpt_error *err) {
    fault_memory counts = {0};
    ck_memory memory = fault_memory_hook(&counts);
    pickle_run run;
    ckpt_status status = run_pickle(&run, &memory, b->bytes.bytes, b->bytes.size, ALL_OPCODES, err);
    close_run(&run);
    ck_assert_uint_le(counts.peak, ((size_t)1 << 20) + factor * b->bytes.size);
    ck_assert_ptr_null(fault_memory_complaint(&counts));
    return status;
}

START_TEST(bombs_are_cheap) {
    ckpt_error err;
    built b = {ck_memory_from(NULL), {NULL, 0, 0}};
    /* ten to the power of 300 elements, if somebody wrote them out */
    append(&b, "\x80\x02)", 3);
    for (int i = 0; i < 300; i++) {
        append(&b, "q\x00(", 3);
        repeat(&b, "h\x00", 2, 10);
        append(&b, "t", 1);
    }
    append(&b, ".", 1);
    ck_assert_int_eq(run_counted(&b, 100, &err), CKPT_E_STRUCTURE); /* the last `)` is left over */
    b.bytes.size = 0;
    append(&b, "\x80\x02)q\x00", 5);
    for (int i = 0; i < 1000; i++)
        append(&b, "h\x00h\x00\x86q\x00\x85", 8);
    ck_assert_int_eq(run_counted(&b, 100, &err), CKPT_E_TRUNCATED);
    ck_buffer_clear(&b.memory, &b.bytes);
}
END_TEST

START_TEST(copies_are_bounded) {
    static const char call[] = "c__builtin__\nset\nq\x01";
    ckpt_error err;
    built b = {ck_memory_from(NULL), {NULL, 0, 0}};
    append(&b, "\x80\x02](", 4);
    repeat(&b, "K\x01", 2, 1000);
    append(&b, "e\x85q\x00", 4);
    append(&b, call, sizeof call - 1);
    for (int i = 0; i < 1000; i++)
        append(&b,
               "h\x00R"
               "h\x01",
               5);
    ck_assert_int_eq(run_counted(&b, 100, &err), CKPT_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "copies too much"));
    ck_buffer_clear(&b.memory, &b.bytes);
}
END_TEST

START_TEST(stack_marks_and_opcodes_are_limited) {
    ckpt_error err;
    built b = {ck_memory_from(NULL), {NULL, 0, 0}};
    append(&b, "\x80\x02(", 3);
    repeat(&b, "N", 1, CK_PICKLE_MAX_STACK);
    append(&b, "t.", 2);
    ck_assert_int_eq(run_counted(&b, 100, &err), CKPT_OK);
    b.bytes.size -= 2;
    append(&b, "Nt.", 3);
    ck_assert_int_eq(run_counted(&b, 100, &err), CKPT_E_LIMIT);
    b.bytes.size = 0;
    append(&b, "\x80\x02", 2);
    repeat(&b, "(", 1, CK_PICKLE_MAX_MARKS + 1);
    ck_assert_int_eq(run_counted(&b, 100, &err), CKPT_E_LIMIT);
    b.bytes.size = 0;
    append(&b, "\x80\x02]", 3);
    repeat(&b, "(e", 2, CK_PICKLE_MAX_OPCODES / 2);
    append(&b, ".", 1);
    ck_assert_int_eq(run_counted(&b, 100, &err), CKPT_E_LIMIT);
    ck_buffer_clear(&b.memory, &b.bytes);
}
END_TEST

/* A list that grows by ones between others that do costs no more than n log n. */
START_TEST(interleaved_growth) {
    ckpt_error err;
    built b = {ck_memory_from(NULL), {NULL, 0, 0}};
    append(&b, "\x80\x02]q\x00]q\x01\x86", 9);
    for (int i = 0; i < 20000; i++)
        append(&b,
               "h\x00N"
               "ah\x01N"
               "a\x87",
               9);
    append(&b, ".", 1);
    ck_assert_int_eq(run_counted(&b, 100, &err), CKPT_OK);
    ck_buffer_clear(&b.memory, &b.bytes);
}
END_TEST

START_TEST(every_allocation_may_fail) {
    static const char bytes[] = "\x80\x02"
                                "ccollections\nOrderedDict\nq\x00](U\x01"
                                "aK\x01\x86q\x01"
                                "U\x01"
                                "bh\x01\x86"
                                "e\x85R}U\x01"
                                "c\x8f(K\x02K\x03\x90sb.";
    for (uint64_t i = 1;; i++) {
        fault_memory counts = {.fail_at = i};
        ck_memory memory = fault_memory_hook(&counts);
        ckpt_error err;
        pickle_run run;
        ckpt_status status = run_pickle(&run, &memory, bytes, sizeof bytes - 1, ALL_OPCODES, &err);
        close_run(&run);
        ck_assert_ptr_null(fault_memory_complaint(&counts));
        if (status == CKPT_OK)
            break;
        ck_assert_int_eq(status, CKPT_E_NOMEM);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pickle, refused");
    TCase *tests = tcase_create("pickle, refused");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_other_opcode);
    tcase_add_test(tests, malicious_pickles);
    tcase_add_test(tests, malformed_pickles);
    tcase_add_test(tests, frames_that_do_not_fit);
    tcase_add_test(tests, keys);
    tcase_add_test(tests, bombs_are_cheap);
    tcase_add_test(tests, copies_are_bounded);
    tcase_add_test(tests, stack_marks_and_opcodes_are_limited);
    tcase_add_test(tests, interleaved_growth);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
