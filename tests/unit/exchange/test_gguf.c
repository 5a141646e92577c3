/* SPDX-License-Identifier: MIT */
/* What becomes of a checkpoint that is written as GGUF and read again. The bytes themselves are
 * judged by the Python package gguf: tests/interop/gguf. */
#include "checkmain.h"

#include <ckpt/walk.h>

#include <stdio.h>
#include <string.h>

static ckpt *c, *back;
static ckpt_error err;
static void *bytes;
static size_t bytes_size;

/* "kind name\n" for each loss. */
static char losses[4096], messages[8192];

static void note_loss(void *ctx, const ckpt_loss *loss) {
    (void)ctx;
    size_t used = strlen(losses);
    snprintf(losses + used, sizeof losses - used, "%s %s\n", ckpt_loss_kind_name(loss->kind),
             loss->name);
    used = strlen(messages);
    snprintf(messages + used, sizeof messages - used, "%s\n", loss->message);
}

static void setup(void) {
    assert_ok(ckpt_create(NULL, &c, &err));
    back = NULL;
    bytes = NULL;
    losses[0] = messages[0] = '\0';
}

static void teardown(void) {
    ckpt_free(back);
    ckpt_buffer_free(c, bytes, bytes_size);
    ckpt_free(c);
}

static ckpt_status save(void) {
    ckpt_save_options options = {
        .struct_size = sizeof options, .format = "gguf", .on_loss = note_loss};
    return ckpt_save_memory(c, &options, &bytes, &bytes_size, &err);
}

static void save_and_open(const char *wanted_losses) {
    ckpt_open_options options = {.struct_size = sizeof options, .on_loss = note_loss};
    assert_ok(save());
    ck_assert_str_eq(losses, wanted_losses);
    losses[0] = '\0';
    assert_ok(ckpt_open_memory(bytes, bytes_size, "x.gguf", &options, &back, &err));
    ck_assert_str_eq(losses, "");
    ck_assert_str_eq(ckpt_describe_file(back).format, "gguf");
}

static ckpt_tensor add(ckpt_module module, const char *name, ckpt_dtype dtype, uint32_t rank,
                       const uint64_t *shape, const void *data) {
    ckpt_tensor tensor;
    assert_ok(ckpt_add_parameter(module, name, dtype, rank, shape, data, &tensor, &err));
    return tensor;
}

static ckpt_tensor find(const char *name) {
    return ckpt_find_tensor(ckpt_root(back), name);
}

static const float numbers[6] = {1, 2, 3, 4, 5, 6};
static const uint64_t two_by_three[2] = {2, 3};

START_TEST(names_shapes_and_bytes_come_back) {
    static const uint64_t shape[4] = {1, 3, 2, 1};
    float got[6];
    ckpt_module block;
    assert_ok(ckpt_add_module(ckpt_root(c), "blk", "", &block, &err));
    add(block, "weight", CKPT_F32, 4, shape, numbers);
    add(block, "scalar", CKPT_F64, 0, NULL, "\0\0\0\0\0\0\xf8\x3f");
    add(ckpt_root(c), "", CKPT_F16, 1, two_by_three, "abcd");
    save_and_open("");
    ckpt_tensor weight = find("blk.weight");
    ck_assert_uint_eq(ckpt_tensor_rank(weight), 4);
    ck_assert_mem_eq(ckpt_tensor_shape(weight), shape, sizeof shape);
    ck_assert(ckpt_tensor_is_parameter(weight));
    assert_ok(ckpt_tensor_read(weight, got, sizeof got, &err));
    ck_assert_mem_eq(got, numbers, sizeof got);
    ck_assert_uint_eq(ckpt_tensor_rank(find("blk.scalar")), 0);
    ck_assert_uint_eq(ckpt_tensor_nbytes(find("")), 4);
}
END_TEST

START_TEST(ties_are_written_once_and_come_back_in_their_places) {
    static const char *const order[] = {"first", "tied", "last", "again"};
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_tensor first = add(ckpt_root(c), "first", CKPT_F32, 2, two_by_three, numbers);
    assert_ok(ckpt_add_tensor(ckpt_root(c), "tied", first, &err));
    add(ckpt_root(c), "last", CKPT_F32, 1, two_by_three, numbers);
    assert_ok(ckpt_add_tensor(ckpt_root(c), "again", first, &err));
    save_and_open("tie tied\ntie again\n");
    assert_ok(ckpt_walk_create(ckpt_root(back), CKPT_WALK_STATE_DICT, &walk, &err));
    for (int i = 0; i < 4; i++) {
        ck_assert(ckpt_walk_next(walk, &item));
        ck_assert_str_eq(item.name, order[i]);
    }
    ck_assert(!ckpt_walk_next(walk, &item));
    ckpt_walk_free(walk);
    ck_assert(ckpt_tensor_same(find("first"), find("tied")));
    ck_assert(ckpt_tensor_same(find("first"), find("again")));
    ck_assert_uint_eq(ckpt_tensor_count(back), 2);
    ck_assert_uint_eq(ckpt_value_count(ckpt_metadata(back)), 0);
}
END_TEST

START_TEST(views_become_dense) {
    static const uint64_t shape[2] = {3, 2}, strides[2] = {1, 3};
    static const float turned[6] = {1, 4, 2, 5, 3, 6};
    float got[6];
    ckpt_tensor whole = add(ckpt_root(c), "whole", CKPT_F32, 2, two_by_three, numbers), view;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 2,
                             .shape = shape,
                             .strides = strides};
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(whole), &spec, &view, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "view", view, &err));
    save_and_open("tie view\nview view\n");
    assert_ok(ckpt_tensor_read(find("view"), got, sizeof got, &err));
    ck_assert_mem_eq(got, turned, sizeof got);
    ck_assert(ckpt_tensor_is_contiguous(find("view")));
}
END_TEST

/* Names of one character that many times, but for the last. */
static void long_name(char *name, size_t size, char last) {
    memset(name, 'n', size);
    name[size - 1] = last;
    name[size] = '\0';
}

START_TEST(long_names_are_replaced_and_come_back) {
    char names[4][80], wanted[400];
    for (int i = 0; i < 4; i++) {
        static const size_t sizes[4] = {63, 64, 70, 70};
        long_name(names[i], sizes[i], (char)('a' + i));
        add(ckpt_root(c), names[i], CKPT_F32, 1, two_by_three, numbers + i);
    }
    snprintf(wanted, sizeof wanted, "name %s\nname %s\nname %s\n", names[1], names[2], names[3]);
    save_and_open(wanted);
    for (int i = 0; i < 4; i++) {
        float got[2];
        assert_ok(ckpt_tensor_read(find(names[i]), got, sizeof got, &err));
        ck_assert(got[0] == numbers[i]);
    }
    ck_assert_uint_eq(ckpt_value_count(ckpt_metadata(back)), 0);
}
END_TEST

static void set(const char *key, ckpt_literal literal) {
    assert_ok(ckpt_map_set(ckpt_metadata(c), key, literal, NULL, &err));
}

static ckpt_value set_list(const char *key) {
    ckpt_value list;
    assert_ok(ckpt_map_set(ckpt_metadata(c), key, ckpt_list(), &list, &err));
    return list;
}

static ckpt_value metadata(const char *key) {
    return ckpt_map_get(ckpt_metadata(back), key);
}

START_TEST(metadata_without_types_comes_back) {
    size_t size;
    set("no", ckpt_bool(false));
    set("least", ckpt_int(INT64_MIN));
    set("tenth", ckpt_float(0.1));
    set("text", ckpt_string("\xc3\xbc"));
    set("bytes", ckpt_bytes("a\0b", 3));
    set("no bytes", ckpt_bytes(NULL, 0));
    set_list("empty");
    ckpt_value list = set_list("list");
    assert_ok(ckpt_list_append(list, ckpt_float(1), NULL, &err));
    assert_ok(ckpt_list_append(list, ckpt_float(-0.0), NULL, &err));
    save_and_open("");
    ck_assert_uint_eq(ckpt_value_count(ckpt_metadata(back)), 8);
    ck_assert(!ckpt_value_bool(metadata("no"), true));
    ck_assert(ckpt_value_int(metadata("least"), 0) == INT64_MIN);
    ck_assert(ckpt_value_float(metadata("tenth"), 0) == 0.1);
    ck_assert_str_eq(ckpt_value_string(metadata("text")), "\xc3\xbc");
    ck_assert_mem_eq(ckpt_value_bytes(metadata("bytes"), &size), "a\0b", 3);
    ck_assert_int_eq(ckpt_value_kind(metadata("no bytes")), CKPT_VALUE_BYTES);
    ck_assert_int_eq(ckpt_value_kind(metadata("empty")), CKPT_VALUE_LIST);
    ck_assert_uint_eq(ckpt_value_count(metadata("list")), 2);
    ck_assert(ckpt_value_float(ckpt_value_at(metadata("list"), 0), 0) == 1);
}
END_TEST

START_TEST(metadata_that_gguf_cannot_hold_is_reported) {
    ckpt_value list, map;
    set("null", ckpt_null());
    assert_ok(ckpt_map_set(ckpt_metadata(c), "map", ckpt_map(), &map, &err));
    list = set_list("mixed");
    assert_ok(ckpt_list_append(list, ckpt_int(1), NULL, &err));
    assert_ok(ckpt_list_append(list, ckpt_float(1), NULL, &err));
    list = set_list("nested");
    assert_ok(ckpt_list_append(list, ckpt_list(), NULL, &err));
    list = set_list("list of bytes");
    assert_ok(ckpt_list_append(list, ckpt_bytes("a", 1), NULL, &err));
    set("", ckpt_int(1));
    set("ckpt.names", ckpt_int(1));
    set("split.count", ckpt_int(2));
    set("general.alignment", ckpt_int(13));
    set("gguf.types", ckpt_int(13));
    save_and_open("metadata null\nmetadata map\nmetadata mixed\nmetadata nested\n"
                  "metadata list of bytes\nmetadata \nmetadata ckpt.names\n"
                  "metadata split.count\nmetadata general.alignment\nmetadata gguf.types\n");
    ck_assert_uint_eq(ckpt_value_count(ckpt_metadata(back)), 0);
}
END_TEST

/* An entry of gguf.types, the value, and whether the value still is of that type. */
static const struct {
    const char *type;
    ckpt_value_type kind;
    int64_t integer;
    double number;
    const char *text;
    bool fits;
} typed[] = {
    {"u8", CKPT_VALUE_INT, 255, 0, NULL, true},
    {"u8", CKPT_VALUE_INT, 256, 0, NULL, false},
    {"u8", CKPT_VALUE_INT, -1, 0, NULL, false},
    {"i8", CKPT_VALUE_INT, -128, 0, NULL, true},
    {"i8", CKPT_VALUE_INT, 128, 0, NULL, false},
    {"u32", CKPT_VALUE_INT, UINT32_MAX, 0, NULL, true},
    {"i32", CKPT_VALUE_INT, INT32_MIN, 0, NULL, true},
    {"i32", CKPT_VALUE_INT, (int64_t)INT32_MIN - 1, 0, NULL, false},
    {"u64", CKPT_VALUE_INT, INT64_MAX, 0, NULL, true},
    {"u64", CKPT_VALUE_INT, -1, 0, NULL, false},
    {"u64", CKPT_VALUE_STRING, 0, 0, "18446744073709551615", true},
    {"u64", CKPT_VALUE_STRING, 0, 0, "9223372036854775808", true},
    {"u64", CKPT_VALUE_STRING, 0, 0, "9223372036854775807", false},
    {"u64", CKPT_VALUE_STRING, 0, 0, "18446744073709551616", false},
    {"u64", CKPT_VALUE_STRING, 0, 0, "ten", false},
    {"f32", CKPT_VALUE_FLOAT, 0, 0.5, NULL, true},
    {"f32", CKPT_VALUE_FLOAT, 0, 0.1, NULL, false},
    {"f32", CKPT_VALUE_FLOAT, 0, 1e300, NULL, false},
    {"f32", CKPT_VALUE_INT, 1, 0, NULL, false},
    {"bool", CKPT_VALUE_INT, 1, 0, NULL, false},
    {"string", CKPT_VALUE_BYTES, 0, 0, "\xff", true},
    {"[u8]", CKPT_VALUE_BYTES, 0, 0, "\xff", true},
    {"nonsense", CKPT_VALUE_INT, 1, 0, NULL, false},
};

START_TEST(noted_types_are_kept_as_long_as_they_fit) {
    ckpt_value types;
    ckpt_literal literal = ckpt_null();
    literal.kind = typed[_i].kind;
    if (literal.kind == CKPT_VALUE_INT)
        literal.as.integer = typed[_i].integer;
    else if (literal.kind == CKPT_VALUE_FLOAT)
        literal.as.number = typed[_i].number;
    else
        literal = literal.kind == CKPT_VALUE_STRING ? ckpt_string(typed[_i].text)
                                                    : ckpt_bytes(typed[_i].text, 1);
    set("x", literal);
    assert_ok(ckpt_map_set(ckpt_metadata(c), "gguf.types", ckpt_map(), &types, &err));
    assert_ok(ckpt_map_set(types, "x", ckpt_string(typed[_i].type), NULL, &err));
    save_and_open(typed[_i].fits ? "" : "metadata x\n");
    ck_assert_int_eq(ckpt_value_kind(metadata("x")), typed[_i].kind);
    ck_assert(ckpt_value_int(metadata("x"), 0) == typed[_i].integer);
    const char *noted = ckpt_value_string(ckpt_map_get(metadata("gguf.types"), "x"));
    if (typed[_i].fits && strcmp(typed[_i].type, "[u8]") != 0)
        ck_assert_str_eq(noted, typed[_i].type);
    else
        ck_assert_ptr_null(noted);
}
END_TEST

START_TEST(modules_and_flags_are_reported) {
    ckpt_module layer;
    ckpt_tensor tensor;
    assert_ok(ckpt_add_module(ckpt_root(c), "layer", "Linear", &layer, &err));
    add(layer, "weight", CKPT_F32, 2, two_by_three, numbers);
    assert_ok(ckpt_add_buffer(layer, "mean", CKPT_F32, 1, two_by_three, NULL, &tensor, &err));
    assert_ok(ckpt_add_buffer(layer, "count", CKPT_I64, 0, NULL, NULL, &tensor, &err));
    static const uint64_t block[1] = {32};
    add(layer, "quantised", CKPT_Q4_0, 1, block, NULL);
    save_and_open("flag layer.mean\nmodule layer\n");
    ck_assert(ckpt_tensor_is_parameter(find("layer.quantised")));
    ck_assert(!ckpt_tensor_is_parameter(find("layer.count")));
}
END_TEST

START_TEST(what_has_no_type_is_refused_by_name) {
    static const struct {
        ckpt_dtype dtype;
        const char *message; /* a part */
    } cases[] = {
        {CKPT_BOOL, "i8 holds its values"},
        {CKPT_U8, "i16 holds its values"},
        {CKPT_U64, "no other type"},
        {CKPT_COMPLEX64, "no other type"},
        {CKPT_F8_E4M3FN, "f16 holds its values"},
        {CKPT_F8_E8M0FNU, "f32 holds its values"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        add(ckpt_root(c), "odd", cases[i].dtype, 1, two_by_three, NULL);
        assert_status(save(), CKPT_E_UNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(err.message, "'odd'"));
        ck_assert_ptr_nonnull(strstr(err.message, cases[i].message));
        assert_ok(ckpt_remove(ckpt_root(c), "odd", &err));
    }
    static const uint64_t five[5] = {1, 1, 1, 1, 1};
    add(ckpt_root(c), "deep", CKPT_F32, 5, five, NULL);
    assert_status(save(), CKPT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "'deep' has 5 dimensions"));
    ck_assert_str_eq(losses, "");
}
END_TEST

START_TEST(files_that_do_not_exist_in_memory) {
    ckpt_save_options options = {.struct_size = sizeof options, .format = "gguf", .shard_size = 1};
    assert_status(ckpt_save_memory(c, &options, &bytes, &bytes_size, &err), CKPT_E_UNSUPPORTED);
    bytes = NULL;
}
END_TEST

/* A reader that counts. */
static unsigned requests;
static size_t requested;

static int read_at(void *ctx, void *buffer, size_t size, uint64_t offset) {
    (void)ctx;
    requests++;
    requested += size;
    memcpy(buffer, (const char *)bytes + offset, size);
    return 0;
}

START_TEST(a_head_is_read_by_few_requests) {
    enum { TOKENS = 60000 };
    ckpt_value list = set_list("tokens");
    for (int i = 0; i < TOKENS; i++) {
        char text[16];
        snprintf(text, sizeof text, "token%d", i);
        assert_ok(ckpt_list_append(list, ckpt_string(text), NULL, &err));
    }
    static const uint64_t shape[1] = {1 << 20};
    add(ckpt_root(c), "data", CKPT_F32, 1, shape, NULL);
    assert_ok(save());
    size_t head = bytes_size - ((size_t)4 << 20);
    ckpt_reader reader = {NULL, bytes_size, read_at};
    requests = 0;
    requested = 0;
    assert_ok(ckpt_open_reader(&reader, "x", NULL, &back, &err));
    ck_assert_uint_le(requests, 6); /* 8 KiB, 128 KiB, and then the double each time */
    ck_assert_uint_le(requested, 2 * head);
    ck_assert_uint_eq(ckpt_value_count(metadata("tokens")), TOKENS);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gguf");
    TCase *tests = tcase_create("gguf");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, names_shapes_and_bytes_come_back);
    tcase_add_test(tests, ties_are_written_once_and_come_back_in_their_places);
    tcase_add_test(tests, views_become_dense);
    tcase_add_test(tests, long_names_are_replaced_and_come_back);
    tcase_add_test(tests, metadata_without_types_comes_back);
    tcase_add_test(tests, metadata_that_gguf_cannot_hold_is_reported);
    tcase_add_loop_test(tests, noted_types_are_kept_as_long_as_they_fit, 0,
                        sizeof typed / sizeof typed[0]);
    tcase_add_test(tests, modules_and_flags_are_reported);
    tcase_add_test(tests, what_has_no_type_is_refused_by_name);
    tcase_add_test(tests, files_that_do_not_exist_in_memory);
    tcase_add_test(tests, a_head_is_read_by_few_requests);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
