/* SPDX-License-Identifier: MIT */
/* The registry of element types, as the table of spec/ckpt-format.md has it, and private types. */
#include "buildnet.h"

static const struct {
    const char *name;
    ckpt_dtype_class dtype_class;
    uint32_t block_elements, block_bytes;
} registry[] = {
    {"bool", CKPT_CLASS_BOOL, 1, 1},         {"u8", CKPT_CLASS_UINT, 1, 1},
    {"u16", CKPT_CLASS_UINT, 1, 2},          {"u32", CKPT_CLASS_UINT, 1, 4},
    {"u64", CKPT_CLASS_UINT, 1, 8},          {"i8", CKPT_CLASS_INT, 1, 1},
    {"i16", CKPT_CLASS_INT, 1, 2},           {"i32", CKPT_CLASS_INT, 1, 4},
    {"i64", CKPT_CLASS_INT, 1, 8},           {"f16", CKPT_CLASS_FLOAT, 1, 2},
    {"bf16", CKPT_CLASS_FLOAT, 1, 2},        {"f32", CKPT_CLASS_FLOAT, 1, 4},
    {"f64", CKPT_CLASS_FLOAT, 1, 8},         {"complex32", CKPT_CLASS_COMPLEX, 1, 4},
    {"complex64", CKPT_CLASS_COMPLEX, 1, 8}, {"complex128", CKPT_CLASS_COMPLEX, 1, 16},
    {"f8_e4m3fn", CKPT_CLASS_FLOAT, 1, 1},   {"f8_e5m2", CKPT_CLASS_FLOAT, 1, 1},
    {"f8_e8m0fnu", CKPT_CLASS_FLOAT, 1, 1},  {"f8_e4m3fnuz", CKPT_CLASS_FLOAT, 1, 1},
    {"f8_e5m2fnuz", CKPT_CLASS_FLOAT, 1, 1}, {"f6_e2m3fn", CKPT_CLASS_FLOAT, 4, 3},
    {"f6_e3m2fn", CKPT_CLASS_FLOAT, 4, 3},   {"f4_e2m1fn", CKPT_CLASS_FLOAT, 2, 1},
    {"q4_0", CKPT_CLASS_BLOCK, 32, 18},      {"q4_1", CKPT_CLASS_BLOCK, 32, 20},
    {"q5_0", CKPT_CLASS_BLOCK, 32, 22},      {"q5_1", CKPT_CLASS_BLOCK, 32, 24},
    {"q8_0", CKPT_CLASS_BLOCK, 32, 34},      {"q8_1", CKPT_CLASS_BLOCK, 32, 36},
    {"q2_k", CKPT_CLASS_BLOCK, 256, 84},     {"q3_k", CKPT_CLASS_BLOCK, 256, 110},
    {"q4_k", CKPT_CLASS_BLOCK, 256, 144},    {"q5_k", CKPT_CLASS_BLOCK, 256, 176},
    {"q6_k", CKPT_CLASS_BLOCK, 256, 210},    {"q8_k", CKPT_CLASS_BLOCK, 256, 292},
    {"iq2_xxs", CKPT_CLASS_BLOCK, 256, 66},  {"iq2_xs", CKPT_CLASS_BLOCK, 256, 74},
    {"iq2_s", CKPT_CLASS_BLOCK, 256, 82},    {"iq3_xxs", CKPT_CLASS_BLOCK, 256, 98},
    {"iq3_s", CKPT_CLASS_BLOCK, 256, 110},   {"iq1_s", CKPT_CLASS_BLOCK, 256, 50},
    {"iq1_m", CKPT_CLASS_BLOCK, 256, 56},    {"iq4_xs", CKPT_CLASS_BLOCK, 256, 136},
    {"iq4_nl", CKPT_CLASS_BLOCK, 32, 18},    {"tq1_0", CKPT_CLASS_BLOCK, 256, 54},
    {"tq2_0", CKPT_CLASS_BLOCK, 256, 66},    {"mxfp4", CKPT_CLASS_BLOCK, 32, 17},
    {"nvfp4", CKPT_CLASS_BLOCK, 64, 36},     {"q1_0", CKPT_CLASS_BLOCK, 128, 18},
    {"q2_0", CKPT_CLASS_BLOCK, 64, 18},
};
enum { TYPES = sizeof registry / sizeof registry[0] };

static ckpt_error err;

START_TEST(every_type_has_its_layout) {
    ck_assert_int_eq(CKPT_DTYPE_COUNT - 1, TYPES);
    for (int i = 0; i < TYPES; i++) {
        ckpt_dtype dtype = ckpt_dtype_named(registry[i].name);
        ck_assert_int_ne(dtype, CKPT_DTYPE_OTHER);
        ckpt_dtype_info info = ckpt_dtype_describe(dtype);
        ck_assert_str_eq(info.name, registry[i].name);
        ck_assert_int_eq(info.dtype, dtype);
        ck_assert_int_eq(info.dtype_class, registry[i].dtype_class);
        ck_assert_uint_eq(info.block_elements, registry[i].block_elements);
        ck_assert_uint_eq(info.block_bytes, registry[i].block_bytes);
    }
}
END_TEST

START_TEST(what_is_no_type_has_no_name_and_no_size) {
    static const char *const names[] = {"", "F32", "f33", "float32", "f32 "};
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ckpt_dtype_named(names[i]), CKPT_DTYPE_OTHER);
    static const ckpt_dtype numbers[] = {CKPT_DTYPE_OTHER, CKPT_DTYPE_COUNT, (ckpt_dtype)-1};
    for (int i = 0; i < 3; i++) {
        ckpt_dtype_info info = ckpt_dtype_describe(numbers[i]);
        ck_assert_str_eq(info.name, "");
        ck_assert_uint_eq(info.block_bytes, 0);
        ck_assert_uint_eq(info.block_elements, 0);
    }
}
END_TEST

/* Two rows of 256 elements are whole blocks of every type. */
START_TEST(tensors_of_every_type_are_kept) {
    const uint64_t shape[2] = {2, 256};
    unsigned char content[4096], found[4096];
    void *bytes;
    ckpt *c = new_ckpt(NULL);
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (unsigned char)(i * 11 + i / 256);
    for (int i = 0; i < TYPES; i++)
        assert_ok(ckpt_add_parameter(ckpt_root(c), registry[i].name,
                                     ckpt_dtype_named(registry[i].name), 2, shape, NULL, NULL,
                                     &err));
    for (int i = 0; i < TYPES; i++) {
        ckpt_tensor tensor = ckpt_module_tensor(ckpt_root(c), registry[i].name);
        size_t size = (size_t)ckpt_tensor_nbytes(tensor);
        unsigned char *own = ckpt_storage_writable(ckpt_tensor_storage(tensor));
        memcpy(own, content, size < sizeof content ? size : sizeof content);
    }
    c = saved_and_opened(c, &bytes);
    for (int i = 0; i < TYPES; i++) {
        ckpt_tensor tensor = ckpt_module_tensor(ckpt_root(c), registry[i].name);
        uint64_t size = 512 / registry[i].block_elements * registry[i].block_bytes;
        ck_assert_str_eq(ckpt_tensor_dtype_info(tensor).name, registry[i].name);
        ck_assert_uint_eq(ckpt_tensor_nbytes(tensor), size);
        size_t part = size < sizeof found ? (size_t)size : sizeof found;
        assert_ok(ckpt_storage_read(ckpt_tensor_storage(tensor), 0, part, found, &err));
        ck_assert_mem_eq(found, content, part);
        bool has_grad = registry[i].dtype_class == CKPT_CLASS_FLOAT ||
                        registry[i].dtype_class == CKPT_CLASS_COMPLEX;
        ck_assert_int_eq(ckpt_tensor_requires_grad(tensor), has_grad);
    }
    ckpt_free(c);
    free(bytes);
}
END_TEST

static ckpt_status add_private(ckpt *c, const char *name, const ckpt_dtype_info *info) {
    const uint64_t shape[1] = {12};
    ckpt_storage storage;
    ckpt_tensor tensor;
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .other_dtype = info, .rank = 1, .shape = shape};
    assert_ok(ckpt_storage_create(c, 100, &storage, &err));
    ckpt_status status = ckpt_tensor_create(storage, &spec, &tensor, &err);
    if (status == CKPT_OK)
        assert_ok(ckpt_add_tensor(ckpt_root(c), name, tensor, &err));
    return status;
}

START_TEST(private_types_are_described_in_the_file) {
    static const ckpt_dtype_info packed = {"my_packed3", CKPT_DTYPE_OTHER, CKPT_CLASS_FLOAT, 4, 3};
    static const ckpt_dtype_info opaque = {"acme_blob", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 8};
    ckpt *c = new_ckpt(NULL);
    void *bytes;
    assert_ok(add_private(c, "packed", &packed));
    assert_ok(add_private(c, "blob", &opaque));
    assert_ok(add_private(c, "packed too", &packed));
    c = saved_and_opened(c, &bytes);
    ckpt_tensor tensor = ckpt_module_tensor(ckpt_root(c), "packed too");
    ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
    ck_assert_str_eq(info.name, "my_packed3");
    ck_assert_int_eq(info.dtype, CKPT_DTYPE_OTHER);
    ck_assert_int_eq(ckpt_tensor_dtype(tensor), CKPT_DTYPE_OTHER);
    ck_assert_int_eq(info.dtype_class, CKPT_CLASS_FLOAT);
    ck_assert_uint_eq(ckpt_tensor_nbytes(tensor), 9);
    ck_assert(ckpt_tensor_requires_grad(tensor));
    ck_assert_uint_eq(ckpt_tensor_nbytes(ckpt_module_tensor(ckpt_root(c), "blob")), 96);
    float floats[12];
    assert_status(ckpt_tensor_read_as(tensor, CKPT_F32, floats, sizeof floats, &err),
                  CKPT_E_UNSUPPORTED);
    /* The same name with another layout would make the file ambiguous. */
    static const ckpt_dtype_info other = {"my_packed3", CKPT_DTYPE_OTHER, CKPT_CLASS_FLOAT, 2, 3};
    assert_status(add_private(c, "x", &other), CKPT_E_MISMATCH);
    ckpt_free(c);
    free(bytes);
}
END_TEST

static const ckpt_dtype_info ill_described[] = {
    {NULL, CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 1},
    {"", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 1},
    {"f32", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 1},
    {"Capital", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 1},
    {"a-b", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 1},
    {"a234567890123456789012345678901_33", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 1},
    {"x", CKPT_DTYPE_OTHER, (ckpt_dtype_class)0, 1, 1},
    {"x", CKPT_DTYPE_OTHER, (ckpt_dtype_class)8, 1, 1},
    {"x", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 0, 1},
    {"x", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 0},
    {"x", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 65537, 1},
    {"x", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 65537},
};

START_TEST(types_described_as_none_can_be_are_refused) {
    ckpt *c = new_ckpt(NULL);
    assert_status(add_private(c, "x", &ill_described[_i]), CKPT_E_ARGUMENT);
    assert_status(add_private(c, "x", NULL), CKPT_E_ARGUMENT);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dtypes");
    TCase *tests = tcase_create("dtypes");
    tcase_add_test(tests, every_type_has_its_layout);
    tcase_add_test(tests, what_is_no_type_has_no_name_and_no_size);
    tcase_add_test(tests, tensors_of_every_type_are_kept);
    tcase_add_test(tests, private_types_are_described_in_the_file);
    tcase_add_loop_test(tests, types_described_as_none_can_be_are_refused, 0,
                        sizeof ill_described / sizeof ill_described[0]);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
