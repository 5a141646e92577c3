/* SPDX-License-Identifier: MIT */
/* flatten.h, by what the safetensors writer makes of it, and what it tells. */
#include "checkmain.h"
#include "exchange/flatten.h"

#include <stdio.h>
#include <string.h>

/* Losses, one line each: "kind name: message". */
typedef struct report {
    char text[4096];
    size_t size;
} report;

static void note(void *ctx, const ckpt_loss *loss) {
    report *r = ctx;
    r->size += (size_t)snprintf(r->text + r->size, sizeof r->text - r->size, "%s%s %s: %s\n",
                                loss->hidden ? "hidden " : "", ckpt_loss_kind_name(loss->kind),
                                loss->name, loss->message);
    ck_assert_uint_lt(r->size, sizeof r->text);
}

typedef struct saved {
    unsigned char *bytes;
    size_t size;
    const char *header; /* a copy, with a NUL behind it */
    const unsigned char *data;
    report report;
} saved;

static ckpt_status try_to_save(ckpt *c, saved *ret_saved, ckpt_error *err) {
    ckpt_save_options options = {
        .struct_size = sizeof options, .format = "safetensors", .on_loss = note};
    void *bytes;
    size_t size;
    options.loss_ctx = &ret_saved->report;
    ret_saved->report.size = 0;
    ret_saved->report.text[0] = '\0';
    ckpt_status status = ckpt_save_memory(c, &options, &bytes, &size, err);
    if (status != CKPT_OK)
        return status;
    ret_saved->bytes = bytes;
    ret_saved->size = size;
    return CKPT_OK;
}

/* Checks the header, but for the spaces at its end. */
static saved save(ckpt *c, const char *header) {
    saved s;
    ckpt_error err;
    assert_ok(try_to_save(c, &s, &err));
    size_t size = s.bytes[0] | (size_t)s.bytes[1] << 8, length = size;
    ck_assert_uint_eq(size % 8, 0);
    while (length > 0 && s.bytes[8 + length - 1] == ' ')
        length--;
    ck_assert_msg(length == strlen(header) && memcmp(s.bytes + 8, header, length) == 0, "%.*s",
                  (int)length, (char *)s.bytes + 8);
    s.data = s.bytes + 8 + size;
    return s;
}

static void release(ckpt *c, saved *s) {
    ckpt_buffer_free(c, s->bytes, s->size);
}

#define assert_report(s, wanted) ck_assert_str_eq((s).report.text, wanted)

static ckpt *new_checkpoint(void) {
    ckpt *c;
    ckpt_error err;
    assert_ok(ckpt_create(NULL, &c, &err));
    return c;
}

static ckpt_storage bytes_up(ckpt *c, uint64_t size) {
    ckpt_storage storage;
    ckpt_error err;
    assert_ok(ckpt_storage_create(c, size, &storage, &err));
    for (uint64_t i = 0; i < size; i++)
        ((unsigned char *)ckpt_storage_writable(storage))[i] = (unsigned char)i;
    return storage;
}

/* A u8 buffer: rank 1, or rank 2 with strides. */
static ckpt_tensor view(ckpt_storage storage, uint64_t offset, uint64_t a, uint64_t b,
                        uint64_t stride) {
    uint64_t shape[2] = {a, b}, strides[2] = {1, stride};
    ckpt_tensor_spec spec = {.struct_size = sizeof spec, .dtype = CKPT_U8, .shape = shape};
    ckpt_tensor tensor;
    ckpt_error err;
    spec.rank = b != 0 ? 2 : 1;
    spec.strides = b != 0 ? strides : NULL;
    spec.storage_offset = offset;
    spec.is_buffer = true;
    assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
    return tensor;
}

static void name(ckpt *c, const char *component, ckpt_tensor tensor) {
    ckpt_error err;
    assert_ok(ckpt_add_tensor(ckpt_root(c), component, tensor, &err));
}

#define U8(name, shape, begin, end)                                                                \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

START_TEST(types_first_then_names) {
    static const uint64_t shape[1] = {2};
    ckpt *c = new_checkpoint();
    ckpt_error err;
    ckpt_module root = ckpt_root(c);
    assert_ok(ckpt_add_parameter(root, "b", CKPT_F32, 1, shape, NULL, NULL, &err));
    assert_ok(ckpt_add_buffer(root, "c", CKPT_I64, 0, NULL, NULL, NULL, &err));
    assert_ok(ckpt_add_parameter(root, "B", CKPT_F32, 1, shape, NULL, NULL, &err));
    saved s = save(c, "{\"c\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                      "\"B\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
                      "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}}");
    assert_report(s, "order : the tensors are ordered by their types and names\n");
    release(c, &s);
    ckpt_free(c);
    c = new_checkpoint();
    s = save(c, "{}");
    assert_report(s, "");
    release(c, &s);
    ckpt_free(c);
}
END_TEST

START_TEST(ties_are_pairs_of_the_metadata) {
    ckpt *c = new_checkpoint();
    ckpt_error err;
    ckpt_storage storage = bytes_up(c, 4);
    ckpt_tensor tensor = view(storage, 0, 4, 0, 0);
    name(c, "a", tensor);
    name(c, "z", tensor);
    name(c, "same view", view(storage, 0, 4, 0, 0));
    name(c, "stated", tensor);
    name(c, "taken", tensor);
    assert_ok(ckpt_map_set(ckpt_metadata(c), "taken", ckpt_string("x"), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "stated", ckpt_string("a"), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "false", ckpt_string("taken"), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "n", ckpt_int(1), NULL, &err));
    saved s = save(c, "{\"__metadata__\":{\"taken\":\"x\",\"stated\":\"a\",\"false\":\"taken\","
                      "\"z\":\"a\",\"same view\":\"a\"}," U8("a", "[4]", 0,
                                                             4) "," U8("taken", "[4]", 4, 8) "}");
    assert_report(
        s, "hidden tie z: written as 'a' alone; the tie is in __metadata__, for "
           "libckpt and load_model\n"
           "tie same view: the same view of one storage as 'a', with which it is read as one "
           "tensor\n"
           "hidden tie stated: written as 'a' alone; the tie is in __metadata__, for "
           "libckpt and load_model\n"
           "tie taken: one tensor with 'a'; it gets bytes of its own\n"
           "metadata n: metadata of type int, which is left out\n"
           "metadata stated: its text is the name of a tensor: readers take it for a tie\n"
           "metadata false: its text is the name of a tensor: readers take it for a tie\n"
           "order : the tensors are ordered by their types and names\n");
    ck_assert_int_eq(memcmp(s.data, "\0\1\2\3\0\1\2\3", 8), 0);
    release(c, &s);
    ckpt_free(c);
}
END_TEST

START_TEST(views_become_dense_and_get_bytes_of_their_own) {
    ckpt *c = new_checkpoint();
    ckpt_storage storage = bytes_up(c, 6), other = bytes_up(c, 4);
    name(c, "left", view(storage, 0, 4, 0, 0));
    name(c, "right", view(storage, 2, 4, 0, 0));
    name(c, "turned", view(storage, 0, 2, 3, 2));
    name(c, "part", view(other, 1, 2, 0, 0));
    saved s = save(c, "{" U8("left", "[4]", 0, 4) "," U8("part", "[2]", 4, 6) "," U8(
                          "right", "[4]", 6, 10) "," U8("turned", "[2,3]", 10, 16) "}");
    assert_report(s,
                  "tie right: shares its storage with 'left'; it gets bytes of its own\n"
                  "tie turned: shares its storage with 'left'; it gets bytes of its own\n"
                  "view left: a view of 4 bytes of a storage that has 6, written as a tensor of "
                  "its own\n"
                  "view right: a view of 4 bytes of a storage that has 6, written as a tensor of "
                  "its own\n"
                  "view turned: a view with strides, written dense and row-major\n"
                  "view part: a view of 2 bytes of a storage that has 4, written as a tensor of "
                  "its own\n"
                  "order : the tensors are ordered by their types and names\n");
    ck_assert_int_eq(memcmp(s.data, "\0\1\2\3\1\2\2\3\4\5\0\2\4\1\3\5", 16), 0);
    release(c, &s);
    ckpt_free(c);
}
END_TEST

START_TEST(a_tensor_cannot_be_called_metadata) {
    ckpt *c = new_checkpoint();
    ckpt_storage storage = bytes_up(c, 1);
    ckpt_tensor tensor = view(bytes_up(c, 1), 0, 1, 0, 0);
    name(c, "__metadata__", view(storage, 0, 1, 0, 0));
    name(c, "__metadata__~2", tensor);
    name(c, "~", ckpt_module_tensor(ckpt_root(c), "__metadata__"));
    saved s = save(c, "{\"__metadata__\":{\"~\":\"__metadata__~3\"}," U8(
                          "__metadata__~2", "[1]", 0, 1) "," U8("__metadata__~3", "[1]", 1, 2) "}");
    ck_assert_ptr_nonnull(
        strstr(s.report.text, "name __metadata__: written as '__metadata__~3'\n"));
    release(c, &s);
    ckpt_free(c);
}
END_TEST

START_TEST(modules_and_flags) {
    static const uint64_t shape[1] = {1};
    ckpt *c = new_checkpoint();
    ckpt_error err;
    ckpt_module root = ckpt_root(c), linear, relu, plain, shared;
    ckpt_tensor frozen;
    assert_ok(ckpt_set_module_type(root, "Net", &err));
    assert_ok(ckpt_add_module(root, "a", "Linear", &linear, &err));
    assert_ok(ckpt_map_set(ckpt_module_attributes(linear), "in", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_add_parameter(linear, "w", CKPT_F32, 1, shape, NULL, NULL, &err));
    assert_ok(ckpt_add_module(root, "b", "ReLU", &relu, &err));
    assert_ok(ckpt_add_module(root, "c", "", &plain, &err));
    assert_ok(ckpt_add_module(plain, "in", "", &shared, &err));
    assert_ok(ckpt_add_parameter(shared, "n", CKPT_I8, 1, shape, NULL, NULL, &err));
    assert_ok(ckpt_add_buffer(shared, "mean", CKPT_F32, 1, shape, NULL, &frozen, &err));
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_F32, .rank = 1, .shape = shape, .no_grad = true};
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(frozen), &spec, &frozen, &err));
    assert_ok(ckpt_share_module(root, "d", shared, &err));
    assert_ok(ckpt_share_module(root, "e", relu, &err));
    saved s;
    assert_ok(try_to_save(c, &s, &err));
    assert_report(
        s, "hidden tie d.n: written as 'c.in.n' alone; the tie is in __metadata__, for "
           "libckpt and load_model\n"
           "hidden tie d.mean: written as 'c.in.mean' alone; the tie is in __metadata__, for "
           "libckpt and load_model\n"
           "flag c.in.n: a parameter, which is read as a buffer\n"
           "flag c.in.mean: a buffer, which is read as a parameter\n"
           "module : its type 'Net' is left out\n"
           "module a: its type 'Linear' and 1 attributes are left out\n"
           "module b: a module without tensors, of type 'ReLU', which is left out\n"
           "module d: a shared module, which becomes one of its own in this place\n"
           "module e: a shared module without tensors, which is left out\n"
           "order : the tensors are ordered by their types and names\n");
    release(c, &s);
    ckpt_free(c);
}
END_TEST

START_TEST(types_that_there_are_not) {
    static const ckpt_dtype dtypes[] = {CKPT_COMPLEX32, CKPT_COMPLEX128, CKPT_Q4_0};
    static const uint64_t shape[1] = {32};
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        ckpt *c = new_checkpoint();
        saved s;
        ckpt_error err;
        assert_ok(ckpt_add_buffer(ckpt_root(c), "odd", dtypes[i], 1, shape, NULL, NULL, &err));
        assert_status(try_to_save(c, &s, &err), CKPT_E_UNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(err.message, "odd"));
        ck_assert_ptr_nonnull(strstr(err.message, ckpt_dtype_describe(dtypes[i]).name));
        ckpt_free(c);
    }
}
END_TEST

static int count_write(void *ctx, const void *bytes, size_t size, uint64_t offset) {
    (void)bytes;
    (void)offset;
    *(uint64_t *)ctx += size;
    return 0;
}

/* The header of a checkpoint with one string of that size. */
static ckpt_status write_large(size_t text_size, uint64_t *ret_written, ckpt_error *err) {
    ckpt_save_options options = {.struct_size = sizeof options, .format = "safetensors"};
    ckpt_writer writer = {ret_written, count_write};
    ckpt *c = new_checkpoint();
    char *text = malloc(text_size);
    memset(text, 'x', text_size);
    ckpt_status status =
        ckpt_map_set(ckpt_metadata(c), "k", ckpt_string_n(text, text_size), NULL, err);
    if (status == CKPT_OK)
        status = ckpt_save_writer(c, &writer, &options, err);
    free(text);
    ckpt_free(c);
    return status;
}

START_TEST(a_header_that_no_reader_takes_is_not_written) {
    ckpt_error err;
    uint64_t written = 0;
    size_t frame = strlen("{\"__metadata__\":{\"k\":\"\"}}");
    assert_ok(write_large(100000000 - frame, &written, &err));
    ck_assert_uint_eq(written, 100000008);
    written = 0;
    assert_status(write_large(100000000 - frame + 1, &written, &err), CKPT_E_LIMIT);
    ck_assert_uint_eq(written, 0);
}
END_TEST

static bool stop_at(void *ctx, uint64_t done, uint64_t total) {
    uint64_t *limit = ctx;
    ck_assert_uint_eq(total, 12);
    return done < *limit;
}

START_TEST(progress_can_stop_it) {
    ckpt *c = new_checkpoint();
    ckpt_error err;
    uint64_t limit = 9;
    void *bytes;
    size_t size;
    ckpt_save_options options = {.struct_size = sizeof options, .format = "safetensors"};
    options.progress = stop_at;
    options.ctx = &limit;
    name(c, "a", view(bytes_up(c, 8), 0, 8, 0, 0));
    name(c, "b", view(bytes_up(c, 4), 0, 4, 0, 0));
    assert_status(ckpt_save_memory(c, &options, &bytes, &size, &err), CKPT_E_CANCELLED);
    limit = 13;
    assert_ok(ckpt_save_memory(c, &options, &bytes, &size, &err));
    ckpt_buffer_free(c, bytes, size);
    options.shard_size = 8;
    assert_status(ckpt_save_memory(c, &options, &bytes, &size, &err), CKPT_E_UNSUPPORTED);
    ckpt_free(c);
}
END_TEST

START_TEST(names_are_collected_within_a_limit) {
    ckpt *c = new_checkpoint();
    ckpt_error err;
    ck_flat flat;
    ckpt_tensor tensor = view(bytes_up(c, 1), 0, 1, 0, 0);
    name(c, "abc", tensor);
    name(c, "de", tensor);
    assert_ok(ck_flat_collect(&flat, c, 7, &err));
    ck_assert_uint_eq(ck_flat_count(&flat), 2);
    ck_assert_uint_eq(ck_flat_at(&flat, 1)->same, 0);
    ck_flat_clear(&flat);
    assert_status(ck_flat_collect(&flat, c, 6, &err), CKPT_E_LIMIT);
    ck_flat_clear(&flat);
    ckpt_free(c);
}
END_TEST

/* Names that are cut to a size become different all the same. */
START_TEST(new_names_are_cut_and_unique) {
    ckpt *c = new_checkpoint();
    ckpt_error err;
    ck_flat flat;
    ckpt_tensor tensor = view(bytes_up(c, 1), 0, 1, 0, 0);
    name(c, "one", tensor);
    name(c, "two", tensor);
    name(c, "xx\xc3\xa9xx", tensor);
    assert_ok(ck_flat_collect(&flat, c, 1000, &err));
    assert_ok(ck_flat_rename(&flat, 0, "xx\xc3\xa9xx", 6, 6, &err));
    assert_ok(ck_flat_rename(&flat, 1, "xx\xc3\xa9xx", 6, 5, &err));
    ck_assert_str_eq(ck_flat_written(&flat, 0), "xx\xc3\xa9~2");
    ck_assert_str_eq(ck_flat_written(&flat, 1), "xx\xc3\xa9x");
    ck_assert_str_eq(ck_flat_name(&flat, 1), "two");
    assert_ok(ck_flat_rename(&flat, 2, "xx\xc3\xa9x", 5, 5, &err));
    ck_assert_str_eq(ck_flat_written(&flat, 2), "xx~4");
    ck_flat_clear(&flat);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("flat writing");
    TCase *tests = tcase_create("flat writing");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, types_first_then_names);
    tcase_add_test(tests, ties_are_pairs_of_the_metadata);
    tcase_add_test(tests, views_become_dense_and_get_bytes_of_their_own);
    tcase_add_test(tests, a_tensor_cannot_be_called_metadata);
    tcase_add_test(tests, modules_and_flags);
    tcase_add_test(tests, types_that_there_are_not);
    tcase_add_test(tests, a_header_that_no_reader_takes_is_not_written);
    tcase_add_test(tests, progress_can_stop_it);
    tcase_add_test(tests, names_are_collected_within_a_limit);
    tcase_add_test(tests, new_names_are_cut_and_unique);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
