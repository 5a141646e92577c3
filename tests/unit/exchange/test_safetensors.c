/* SPDX-License-Identifier: MIT */
#include "checkmain.h"
#include "faultmemory.h"

#include <stdio.h>
#include <string.h>

/* A file with that header, and data_size bytes 0, 1, 2, ... behind it. */
typedef struct file {
    unsigned char bytes[8192];
    size_t size;
} file;

static file file_of(const char *header, size_t data_size) {
    file f;
    size_t size = strlen(header);
    ck_assert_uint_lt(8 + size + data_size, sizeof f.bytes);
    for (int i = 0; i < 8; i++)
        f.bytes[i] = (unsigned char)((uint64_t)size >> (8 * i));
    memcpy(f.bytes + 8, header, size);
    for (size_t i = 0; i < data_size; i++)
        f.bytes[8 + size + i] = (unsigned char)i;
    f.size = 8 + size + data_size;
    return f;
}

static ckpt_status open_file(const file *f, ckpt **ret_ckpt, ckpt_error *err) {
    ckpt_open_options options = {.struct_size = sizeof options, .formats = "safetensors"};
    return ckpt_open_memory(f->bytes, f->size, "f", &options, ret_ckpt, err);
}

#define T(name, dtype, shape, begin, end)                                                          \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end \
    "]}"

START_TEST(names_become_modules_in_the_order_of_the_data) {
    file f = file_of("{\"__metadata__\":{\"format\":\"pt\"}," T("b.x.w", "F32", "[2]", 4, 12) "," T(
                         "a", "I8", "[]", 0, 1) "," T("b.n", "U8", "[3]", 1,
                                                      4) "," T("b.e", "F16", "[0,5]", 12, 12) "}",
                     12);
    ckpt *c;
    ckpt_error err;
    unsigned char bytes[8];
    assert_ok(open_file(&f, &c, &err));
    ckpt_module root = ckpt_root(c), b = ckpt_module_child(root, "b");
    ck_assert_str_eq(ckpt_describe_file(c).format, "safetensors");
    ck_assert_str_eq(ckpt_module_member(root, 0).name, "a");
    ck_assert_str_eq(ckpt_module_member(root, 1).name, "b");
    ck_assert_str_eq(ckpt_module_member(b, 0).name, "n");
    ck_assert_str_eq(ckpt_module_member(b, 1).name, "x");
    ck_assert_str_eq(ckpt_module_member(b, 2).name, "e");
    ck_assert_str_eq(ckpt_module_type(b), "");
    ckpt_tensor w = ckpt_find_tensor(root, "b.x.w");
    ck_assert(ckpt_tensor_is_parameter(w) && ckpt_tensor_requires_grad(w));
    ck_assert(!ckpt_tensor_is_parameter(ckpt_find_tensor(root, "b.n")));
    ck_assert_int_eq(ckpt_tensor_dtype(w), CKPT_F32);
    assert_ok(ckpt_tensor_read(w, bytes, 8, &err));
    ck_assert_int_eq(memcmp(bytes, "\4\5\6\7\10\11\12\13", 8), 0);
    ck_assert_uint_eq(ckpt_tensor_rank(ckpt_find_tensor(root, "b.e")), 2);
    ck_assert_str_eq(ckpt_value_string(ckpt_map_get(ckpt_metadata(c), "format")), "pt");
    ckpt_free(c);
}
END_TEST

START_TEST(a_file_may_hold_scalars_only) {
    file f = file_of("{" T("s", "U8", "[]", 1, 2) "," T("t", "U8", "[]", 0, 1) "}", 2);
    ckpt *c;
    ckpt_error err;
    unsigned char byte = 0;
    assert_ok(open_file(&f, &c, &err));
    ckpt_tensor s = ckpt_find_tensor(ckpt_root(c), "s");
    ck_assert_uint_eq(ckpt_tensor_rank(s), 0);
    assert_ok(ckpt_tensor_read(s, &byte, 1, &err));
    ck_assert_uint_eq(byte, 1);
    ckpt_free(c);
}
END_TEST

START_TEST(all_dtypes) {
    static const struct {
        const char *tag;
        ckpt_dtype dtype;
        unsigned bits;
    } types[] = {
        {"BOOL", CKPT_BOOL, 8},
        {"F4", CKPT_F4_E2M1FN, 4},
        {"F6_E2M3", CKPT_F6_E2M3FN, 6},
        {"F6_E3M2", CKPT_F6_E3M2FN, 6},
        {"U8", CKPT_U8, 8},
        {"I8", CKPT_I8, 8},
        {"F8_E5M2", CKPT_F8_E5M2, 8},
        {"F8_E4M3", CKPT_F8_E4M3FN, 8},
        {"F8_E8M0", CKPT_F8_E8M0FNU, 8},
        {"F8_E4M3FNUZ", CKPT_F8_E4M3FNUZ, 8},
        {"F8_E5M2FNUZ", CKPT_F8_E5M2FNUZ, 8},
        {"I16", CKPT_I16, 16},
        {"U16", CKPT_U16, 16},
        {"F16", CKPT_F16, 16},
        {"BF16", CKPT_BF16, 16},
        {"I32", CKPT_I32, 32},
        {"U32", CKPT_U32, 32},
        {"F32", CKPT_F32, 32},
        {"C64", CKPT_COMPLEX64, 64},
        {"F64", CKPT_F64, 64},
        {"I64", CKPT_I64, 64},
        {"U64", CKPT_U64, 64},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char header[200];
        unsigned bytes = types[i].bits; /* of eight elements */
        ckpt *c;
        ckpt_error err;
        snprintf(header, sizeof header,
                 "{\"x\":{\"dtype\":\"%s\",\"shape\":[2,4],\"data_offsets\":[0,%u]}}", types[i].tag,
                 bytes);
        file f = file_of(header, bytes);
        assert_ok(open_file(&f, &c, &err));
        ck_assert_int_eq(ckpt_tensor_dtype(ckpt_find_tensor(ckpt_root(c), "x")), types[i].dtype);
        ckpt_free(c);
    }
}
END_TEST

START_TEST(ties_come_back_from_the_metadata) {
    file f = file_of("{\"__metadata__\":{\"4.w\":\"2.w\",\"x\":\"y\",\"2.w\":\"0\",\"2.w.z\":\"2."
                     "w\",\"2\":\"2.w\"}," T("2.w", "F32", "[1]", 0, 4) "}",
                     4);
    ckpt *c;
    ckpt_error err;
    assert_ok(open_file(&f, &c, &err));
    ckpt_module root = ckpt_root(c);
    ck_assert(ckpt_tensor_same(ckpt_find_tensor(root, "2.w"), ckpt_find_tensor(root, "4.w")));
    ck_assert_uint_eq(ckpt_tensor_count(c), 1);
    /* What names no tensor, or cannot be a name, stays what it is. */
    ck_assert_uint_eq(ckpt_value_count(ckpt_metadata(c)), 4);
    ck_assert_str_eq(ckpt_map_key(ckpt_metadata(c), 0), "x");
    ckpt_free(c);
}
END_TEST

START_TEST(odd_but_valid_files) {
    static const char *const headers[] = {
        "{}",
        " \t\r\n{} \n",
        "{\"__metadata__\":{}}",
        "{" T("", "U8", "[0]", 0, 0) "}",
        "{" T("a..b", "U8", "[0]", 0, 0) "}",
        "{" T("a\\u002eb", "U8", "[0]", 0, 0) "," T("a.c", "U8", "[0]", 0, 0) "}",
        "{" T(".", "U8", "[0]", 0, 0) "," T("x.", "U8", "[0]", 0, 0) "}",
        "{\"a\":{\"data_offsets\":[0,0],\"shape\":[0],\"dtype\":\"U8\"}}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        file f = file_of(headers[i], 0);
        ckpt *c = NULL;
        ckpt_error err;
        ckpt_status status = open_file(&f, &c, &err);
        ck_assert_msg(status == CKPT_OK, "%s: %s", headers[i], err.message);
        ckpt_free(c);
    }
}
END_TEST

typedef struct refusal {
    const char *header;
    size_t data_size;
    ckpt_status status;
    const char *message; /* a part of it */
} refusal;

static const refusal refusals[] = {
    {"[]", 0, CKPT_E_FORMAT, "not a file of the format"},
    {"", 0, CKPT_E_FORMAT, "not a file of the format"},
    {"\xef\xbb\xbf{}", 0, CKPT_E_FORMAT, "not a file of the format"},
    {"{} x", 0, CKPT_E_STRUCTURE, "expected the end of the JSON text"},
    {"{", 0, CKPT_E_STRUCTURE, "the JSON text ends"},
    {"{,}", 0, CKPT_E_STRUCTURE, "expected a key"},
    {"{\"a\"}", 0, CKPT_E_STRUCTURE, "expected ':'"},
    {"{\"a\":1}", 0, CKPT_E_STRUCTURE, "expected a tensor"},
    {"{\"a\":{}}", 0, CKPT_E_STRUCTURE, "tensor 'a' lacks dtype, shape or data_offsets"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0, CKPT_E_STRUCTURE, "lacks"},
    {"{" T("a", "U8", "[0]", 0, 0) ",}", 0, CKPT_E_STRUCTURE, "expected a key"},
    {"{" T("a", "U3", "[0]", 0, 0) "}", 0, CKPT_E_STRUCTURE, "unknown dtype 'U3'"},
    {"{" T("a", "f32", "[0]", 0, 0) "}", 0, CKPT_E_STRUCTURE, "unknown dtype 'f32'"},
    {"{" T("a", "U8", "[-1]", 0, 0) "}", 0, CKPT_E_STRUCTURE, "expected an extent"},
    {"{" T("a", "U8", "[1.0]", 0, 1) "}", 1, CKPT_E_STRUCTURE, "in plain decimal"},
    {"{" T("a", "U8", "[1e0]", 0, 1) "}", 1, CKPT_E_STRUCTURE, "in plain decimal"},
    {"{" T("a", "U8", "[01]", 0, 1) "}", 1, CKPT_E_STRUCTURE, "in plain decimal"},
    {"{" T("a", "U8", "[\"1\"]", 0, 1) "}", 1, CKPT_E_STRUCTURE, "expected an extent"},
    {"{" T("a", "U8", "1", 0, 1) "}", 1, CKPT_E_STRUCTURE, "expected a shape"},
    {"{" T("a", "U8", "[9223372036854775808]", 0, 1) "}", 1, CKPT_E_OVERFLOW, "2^63"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", 1, CKPT_E_STRUCTURE,
     "expected ','"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,1]}}", 1, CKPT_E_STRUCTURE,
     "expected ']'"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", 1, CKPT_E_STRUCTURE,
     "unknown field 'x'"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     CKPT_E_STRUCTURE, "duplicate field 'dtype'"},
    {"{\"a\":{\"dtype\":\"U8\",\"dt\\u0079pe\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     CKPT_E_STRUCTURE, "duplicate field 'dtype'"},
    {"{" T("a", "U8", "[1]", 0, 1) "," T("a", "U8", "[1]", 0, 1) "}", 1, CKPT_E_STRUCTURE,
     "duplicate tensor 'a'"},
    {"{" T("a", "U8", "[1]", 0, 1) "," T("\\u0061", "U8", "[1]", 1, 2) "}", 2, CKPT_E_STRUCTURE,
     "duplicate tensor 'a'"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, CKPT_E_STRUCTURE,
     "duplicate key '__metadata__'"},
    {"{\"__metadata__\":{\"a\":\"\",\"\\u0061\":\"\"}}", 0, CKPT_E_STRUCTURE,
     "duplicate key 'a' in the metadata"},
    {"{\"__metadata__\":{\"a\":1}}", 0, CKPT_E_STRUCTURE, "expected a value of the metadata"},
    {"{\"__metadata__\":{\"a\":null}}", 0, CKPT_E_STRUCTURE, "expected a value of the metadata"},
    {"{\"__metadata__\":{\"a\":{}}}", 0, CKPT_E_STRUCTURE, "expected a value of the metadata"},
    {"{\"__metadata__\":null}", 0, CKPT_E_STRUCTURE, "expected the metadata"},
    {"{\"__metadata__\":{\"a\":\"\\ud800\"}}", 0, CKPT_E_STRUCTURE, "malformed escape"},
    {"{\"a\\u0000\":{}}", 0, CKPT_E_STRUCTURE, "malformed escape"},
    {"{\"a\":[[[[[[]]]]]]}", 0, CKPT_E_STRUCTURE, "expected a tensor"},
    {"{" T("a", "U8", "[1]", 1, 2) "}", 2, CKPT_E_STRUCTURE, "does not begin where"},
    {"{" T("a", "U8", "[2]", 0, 2) "," T("b", "U8", "[2]", 1, 3) "}", 3, CKPT_E_STRUCTURE,
     "does not begin where"},
    {"{" T("a", "U8", "[1]", 0, 1) "," T("b", "U8", "[1]", 2, 3) "}", 3, CKPT_E_STRUCTURE,
     "does not begin where"},
    {"{" T("a", "U8", "[0]", 0, 0) "," T("b", "U8", "[2]", 0, 2) "," T("c", "U8", "[0]", 1, 1) "}",
     2, CKPT_E_STRUCTURE, "does not begin where"},
    {"{" T("a", "U8", "[1]", 1, 0) "}", 1, CKPT_E_STRUCTURE, "ends before it begins"},
    {"{" T("a", "F4", "[1]", 0, 1) "}", 1, CKPT_E_SHAPE, "do not end at a whole byte"},
    {"{" T("a", "F6_E2M3", "[2]", 0, 2) "}", 2, CKPT_E_SHAPE, "do not end at a whole byte"},
    {"{" T("a", "F32", "[2]", 0, 4) "}", 4, CKPT_E_MISMATCH,
     "needs 8 bytes by its shape, its offsets say 4"},
    {"{" T("a", "F32", "[4194305,4194305,211106198978564]", 0, 4) "}", 4, CKPT_E_OVERFLOW,
     "2^63 bytes or more"},
    {"{" T("a", "F32", "[4611686018427387904,4611686018427387904,0]", 0, 0) "}", 0, CKPT_E_OVERFLOW,
     "2^63"},
    {"{" T("a", "U8", "[2]", 0, 2) "}", 1, CKPT_E_TRUNCATED,
     "the tensors need 2 bytes, the file has 1"},
    {"{" T("a", "U8", "[2]", 0, 2) "}", 6, CKPT_E_STRUCTURE, "4 bytes behind the last tensor"},
    {"{}", 1, CKPT_E_STRUCTURE, "1 bytes behind"},
    {"{" T("a", "U8", "[0]", 0, 0) "," T("a.b", "U8", "[0]", 0, 0) "}", 0, CKPT_E_UNSUPPORTED,
     "cannot be both"},
    {"{" T("a.b", "U8", "[0]", 0, 0) "," T("a", "U8", "[0]", 0, 0) "}", 0, CKPT_E_UNSUPPORTED,
     "cannot be both"},
};

START_TEST(refuses) {
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const refusal *r = &refusals[i];
        file f = file_of(r->header, r->data_size);
        ckpt *c = NULL;
        ckpt_error err;
        ckpt_status status = open_file(&f, &c, &err);
        ck_assert_msg(status == r->status, "%s\ngot %s: %s", r->header, ckpt_status_name(status),
                      status != CKPT_OK ? err.message : "");
        ck_assert_msg(strstr(err.message, r->message) != NULL, "%s\ngot %s", r->header,
                      err.message);
        ck_assert_ptr_null(c);
    }
}
END_TEST

START_TEST(refuses_padding_with_nul) {
    file f = file_of("{}??????", 0);
    ckpt *c = NULL;
    ckpt_error err;
    memset(f.bytes + 10, 0, 6);
    assert_status(open_file(&f, &c, &err), CKPT_E_STRUCTURE);
    ck_assert_str_eq(err.message, "f: offset 10: rule ST2: a NUL in the JSON text");
}
END_TEST

START_TEST(refuses_limits) {
    static char header[1024], text[2048];
    ckpt *c = NULL;
    ckpt_error err;
    file f = file_of("{}", 0);
    f.bytes[4] = 1; /* a header of 4 GiB */
    assert_status(open_file(&f, &c, &err), CKPT_E_FORMAT);
    f = file_of("{}      ", 0);
    f.bytes[0] = 200;
    assert_status(open_file(&f, &c, &err), CKPT_E_TRUNCATED);
    for (int rank = 64; rank <= 65; rank++) {
        header[0] = '\0';
        for (int i = 0; i < rank; i++)
            strcat(header, i > 0 ? ",1" : "1");
        snprintf(text, sizeof text,
                 "{\"a\":{\"dtype\":\"U8\",\"shape\":[%s],\"data_offsets\":[0,1]}}", header);
        f = file_of(text, 1);
        assert_status(open_file(&f, &c, &err), rank == 64 ? CKPT_OK : CKPT_E_LIMIT);
        if (rank == 64)
            ckpt_free(c);
    }
    for (int dots = 127; dots <= 128; dots++) {
        memset(header, '.', sizeof header);
        header[dots] = '\0';
        snprintf(text, sizeof text,
                 "{\"%s\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", header);
        f = file_of(text, 0);
        assert_status(open_file(&f, &c, &err), dots == 127 ? CKPT_OK : CKPT_E_LIMIT);
        if (dots == 127)
            ckpt_free(c);
    }
}
END_TEST

static const char *const model_header = "{\"__metadata__\":{\"4.w\":\"2.w\",\"x\":\"y\"}," T(
    "2.w", "F32", "[1]", 0, 4) "," T("a", "U8", "[2]", 4, 6) "}";

START_TEST(every_shorter_file_is_refused) {
    file f = file_of(model_header, 6);
    size_t size = f.size;
    for (f.size = 0; f.size < size; f.size++) {
        ckpt *c = NULL;
        ckpt_error err;
        ckpt_status status = open_file(&f, &c, &err);
        ck_assert_int_eq(status, f.size > 8   ? CKPT_E_TRUNCATED
                                 : f.size > 0 ? CKPT_E_FORMAT
                                              : CKPT_E_TRUNCATED);
        ck_assert_ptr_null(c);
    }
}
END_TEST

START_TEST(memory_runs_out_anywhere) {
    file f = file_of(model_header, 6);
    for (uint64_t fail_at = 1;; fail_at++) {
        fault_memory memory = {.fail_at = fail_at};
        ckpt_allocator hook = fault_memory_hook(&memory);
        ckpt_open_options options = {.struct_size = sizeof options, .allocator = &hook};
        ckpt *c = NULL;
        ckpt_error err;
        ckpt_status status = ckpt_open_memory(f.bytes, f.size, "f", &options, &c, &err);
        ck_assert_int_eq(status, memory.failures == 0 ? CKPT_OK : CKPT_E_NOMEM);
        ckpt_free(c);
        const char *complaint = fault_memory_complaint(&memory);
        ck_assert_msg(complaint == NULL, "request %d: %s", (int)fail_at, complaint);
        if (memory.failures == 0)
            break;
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("safetensors");
    TCase *tests = tcase_create("safetensors");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, names_become_modules_in_the_order_of_the_data);
    tcase_add_test(tests, a_file_may_hold_scalars_only);
    tcase_add_test(tests, all_dtypes);
    tcase_add_test(tests, ties_come_back_from_the_metadata);
    tcase_add_test(tests, odd_but_valid_files);
    tcase_add_test(tests, refuses);
    tcase_add_test(tests, refuses_padding_with_nul);
    tcase_add_test(tests, refuses_limits);
    tcase_add_test(tests, every_shorter_file_is_refused);
    tcase_add_test(tests, memory_runs_out_anywhere);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
