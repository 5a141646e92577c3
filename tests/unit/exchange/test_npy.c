/* SPDX-License-Identifier: MIT */
#include "checkmain.h"

#include <stdio.h>
#include <string.h>

typedef struct file {
    unsigned char bytes[1024];
    size_t size;
} file;

/* Bytes 0, 1, 2, ... behind the header. */
static file file_of(int major, const char *header, size_t data_size) {
    file f;
    size_t size = strlen(header), at = major == 1 ? 10 : 12;
    ck_assert_uint_lt(at + size + data_size, sizeof f.bytes);
    memcpy(f.bytes, "\x93NUMPY", 6);
    f.bytes[6] = (unsigned char)major;
    f.bytes[7] = 0;
    f.bytes[8] = (unsigned char)size;
    f.bytes[9] = (unsigned char)(size >> 8);
    f.bytes[10] = f.bytes[11] = 0;
    memcpy(f.bytes + at, header, size);
    for (size_t i = 0; i < data_size; i++)
        f.bytes[at + size + i] = (unsigned char)i;
    f.size = at + size + data_size;
    return f;
}

static ckpt_status open_file(const file *f, ckpt **ret_ckpt, ckpt_error *err) {
    return ckpt_open_memory(f->bytes, f->size, "f", NULL, ret_ckpt, err);
}

static ckpt *open_header(int major, const char *header, size_t data_size, file *ret_file) {
    ckpt *c = NULL;
    ckpt_error err;
    *ret_file = file_of(major, header, data_size);
    assert_ok(open_file(ret_file, &c, &err));
    return c;
}

static void check_bytes(ckpt *c, const char *wanted, size_t size) {
    unsigned char bytes[64];
    ckpt_error err;
    assert_ok(ckpt_tensor_read(ckpt_module_tensor(ckpt_root(c), "array"), bytes, size, &err));
    ck_assert_int_eq(memcmp(bytes, wanted, size), 0);
}

#define H(descr, order, shape)                                                                     \
    "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }  \n"

START_TEST(an_array_is_a_buffer) {
    for (int major = 1; major <= 3; major++) {
        file f;
        ckpt *c = open_header(major, H("<u2", "False", "(2, 3)"), 12, &f);
        ckpt_tensor array = ckpt_module_tensor(ckpt_root(c), "array");
        ck_assert_str_eq(ckpt_describe_file(c).format, "npy");
        ck_assert_uint_eq(ckpt_module_member_count(ckpt_root(c)), 1);
        ck_assert(!ckpt_tensor_is_parameter(array));
        ck_assert_int_eq(ckpt_tensor_dtype(array), CKPT_U16);
        ck_assert_uint_eq(ckpt_tensor_rank(array), 2);
        ck_assert_uint_eq(ckpt_tensor_shape(array)[1], 3);
        check_bytes(c, "\0\1\2\3\4\5\6\7\10\11\12\13", 12);
        ckpt_free(c);
    }
}
END_TEST

START_TEST(fortran_order_becomes_strides) {
    file f;
    ckpt *c = open_header(1, H("|u1", "True", "(2, 3)"), 6, &f);
    ckpt_tensor array = ckpt_module_tensor(ckpt_root(c), "array");
    ck_assert(!ckpt_tensor_is_contiguous(array));
    ck_assert_uint_eq(ckpt_tensor_stride(array, 0), 1);
    ck_assert_uint_eq(ckpt_tensor_stride(array, 1), 2);
    check_bytes(c, "\0\2\4\1\3\5", 6);
    ckpt_free(c);
    c = open_header(1, H("|u1", "True", "(6,)"), 6, &f);
    ck_assert(ckpt_tensor_is_contiguous(ckpt_module_tensor(ckpt_root(c), "array")));
    ckpt_free(c);
}
END_TEST

START_TEST(big_endian_is_swapped) {
    file f;
    ckpt *c = open_header(1, H(">i4", "False", "(2,)"), 8, &f);
    check_bytes(c, "\3\2\1\0\7\6\5\4", 8);
    ckpt_free(c);
    c = open_header(1, H(">c8", "False", "(1,)"), 8, &f);
    check_bytes(c, "\3\2\1\0\7\6\5\4", 8);
    ckpt_free(c);
    c = open_header(1, H(">u2", "True", "(2, 2)"), 8, &f);
    check_bytes(c, "\1\0\5\4\3\2\7\6", 8);
    ckpt_free(c);
    c = open_header(1, H(">i1", "False", "(2,)"), 2, &f);
    check_bytes(c, "\0\1", 2);
    ckpt_free(c);
}
END_TEST

START_TEST(all_dtypes) {
    static const struct {
        const char *descr;
        ckpt_dtype dtype;
        size_t size;
    } types[] = {
        {"|b1", CKPT_BOOL, 1},      {"|i1", CKPT_I8, 1},           {"|u1", CKPT_U8, 1},
        {"<i2", CKPT_I16, 2},       {"<u2", CKPT_U16, 2},          {"<i4", CKPT_I32, 4},
        {"<u4", CKPT_U32, 4},       {"<i8", CKPT_I64, 8},          {"<u8", CKPT_U64, 8},
        {"<f2", CKPT_F16, 2},       {"<f4", CKPT_F32, 4},          {"<f8", CKPT_F64, 8},
        {"<c8", CKPT_COMPLEX64, 8}, {"<c16", CKPT_COMPLEX128, 16},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char header[100];
        file f;
        snprintf(header, sizeof header, H("%s", "False", "()"), types[i].descr);
        ckpt *c = open_header(1, header, types[i].size, &f);
        ck_assert_int_eq(ckpt_tensor_dtype(ckpt_module_tensor(ckpt_root(c), "array")),
                         types[i].dtype);
        ck_assert_uint_eq(ckpt_tensor_rank(ckpt_module_tensor(ckpt_root(c), "array")), 0);
        ckpt_free(c);
    }
}
END_TEST

START_TEST(headers_as_python_may_write_them) {
    static const char *const headers[] = {
        "{\"shape\":(2,),\"descr\":\"<u1\",\"fortran_order\":False}",
        " { 'shape' : ( 2 , ) , 'fortran_order' : True , 'descr' : '|u1' } \n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, )}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        file f;
        ckpt_free(open_header(1, headers[i], 2, &f));
    }
}
END_TEST

START_TEST(refuses) {
    static const struct {
        const char *header;
        size_t data_size;
        ckpt_status status;
        const char *message; /* a part */
    } cases[] = {
        {H("|O", "False", "(1,)"), 8, CKPT_E_UNSUPPORTED,
         "'|O': Python objects, which would be unpickled"},
        {H("<U3", "False", "(1,)"), 12, CKPT_E_UNSUPPORTED, "'<U3': strings"},
        {H("|S3", "False", "(1,)"), 3, CKPT_E_UNSUPPORTED, "'|S3': strings"},
        {H("|V2", "False", "(1,)"), 2, CKPT_E_UNSUPPORTED,
         "'|V2': raw bytes, which could be bfloat16"},
        {H("<M8[s]", "False", "(1,)"), 8, CKPT_E_UNSUPPORTED, "dates or times"},
        {H("<f16", "False", "(1,)"), 16, CKPT_E_UNSUPPORTED, "'<f16': floats of a size"},
        {H("<q", "False", "(1,)"), 8, CKPT_E_UNSUPPORTED, "an unknown descr"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4,
         CKPT_E_UNSUPPORTED, "structured"},
        {H("=f4", "False", "(1,)"), 4, CKPT_E_STRUCTURE, "byte order"},
        {H("|f4", "False", "(1,)"), 4, CKPT_E_STRUCTURE, "byte order"},
        {H("<f4", "0", "(1,)"), 4, CKPT_E_STRUCTURE, "fortran_order"},
        {H("<f4", "False", "(1)"), 4, CKPT_E_STRUCTURE, "','"},
        {H("<f4", "False", "[1]"), 4, CKPT_E_STRUCTURE, "tuple"},
        {H("<f4", "False", "(-1,)"), 4, CKPT_E_STRUCTURE, "extent"},
        {H("<f4", "False", "(01,)"), 4, CKPT_E_STRUCTURE, "extent"},
        {H("<f4", "False", "(1.0,)"), 4, CKPT_E_STRUCTURE, "','"},
        {H("<f4", "False", "(18446744073709551616,)"), 4, CKPT_E_OVERFLOW, "2^64"},
        {H("<f8", "False", "(65536, 65536)"), 16, CKPT_E_TRUNCATED, "ends in the array"},
        {H("<f4", "False", "(4194305, 4194305, 211106198978564)"), 4, CKPT_E_OVERFLOW, "2^63"},
        {H("<f4", "False", "(2,)"), 9, CKPT_E_STRUCTURE, "bytes behind the array"},
        {"{'descr': '<f4', 'shape': (1,), }", 4, CKPT_E_STRUCTURE, "lacks"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", 4, CKPT_E_STRUCTURE,
         "unknown"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4,
         CKPT_E_STRUCTURE, "duplicate"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 4, CKPT_E_STRUCTURE,
         "end of the header"},
        {"{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (1,)}", 4, CKPT_E_STRUCTURE,
         "malformed string"},
        {"{'descr", 0, CKPT_E_STRUCTURE, "malformed string"},
        {"", 0, CKPT_E_TRUNCATED, "ends in the header"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file f = file_of(1, cases[i].header, cases[i].data_size);
        ckpt *c = NULL;
        ckpt_error err;
        ckpt_status status = open_file(&f, &c, &err);
        ck_assert_msg(status == cases[i].status, "%s\ngot %s: %s", cases[i].header,
                      ckpt_status_name(status), status != CKPT_OK ? err.message : "");
        ck_assert_msg(strstr(err.message, cases[i].message) != NULL, "%s\ngot %s", cases[i].header,
                      err.message);
        ck_assert_ptr_null(c);
    }
}
END_TEST

START_TEST(refuses_versions_and_sizes_of_headers) {
    file f = file_of(1, H("<f4", "False", "(1,)"), 4);
    ckpt *c = NULL;
    ckpt_error err;
    f.bytes[6] = 4;
    assert_status(open_file(&f, &c, &err), CKPT_E_VERSION);
    f.bytes[6] = 1;
    f.bytes[7] = 1;
    assert_status(open_file(&f, &c, &err), CKPT_E_VERSION);
    f = file_of(2, H("<f4", "False", "(1,)"), 4);
    f.bytes[11] = 0x7f;
    assert_status(open_file(&f, &c, &err), CKPT_E_LIMIT);
}
END_TEST

START_TEST(every_shorter_file_is_refused) {
    file f = file_of(1, H("<f4", "False", "(3,)"), 12);
    size_t size = f.size;
    for (f.size = 1; f.size < size; f.size++) {
        ckpt *c = NULL;
        ckpt_error err;
        assert_status(open_file(&f, &c, &err), f.size < 6 ? CKPT_E_FORMAT : CKPT_E_TRUNCATED);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("npy");
    TCase *tests = tcase_create("npy");
    tcase_add_test(tests, an_array_is_a_buffer);
    tcase_add_test(tests, fortran_order_becomes_strides);
    tcase_add_test(tests, big_endian_is_swapped);
    tcase_add_test(tests, all_dtypes);
    tcase_add_test(tests, headers_as_python_may_write_them);
    tcase_add_test(tests, refuses);
    tcase_add_test(tests, refuses_versions_and_sizes_of_headers);
    tcase_add_test(tests, every_shorter_file_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
