/* SPDX-License-Identifier: MIT */
/* Every accessor takes the handle of nothing, and one that points at nothing, and answers with an
 * empty value; every change refuses them. */
#include "buildnet.h"

static ckpt_error err;
static ckpt *c;
static ckpt_module module;
static ckpt_tensor tensor;
static ckpt_storage storage;
static ckpt_value value;

static void null_handles(void) {
    c = new_ckpt(NULL);
    memset(&module, 0, sizeof module);
    memset(&tensor, 0, sizeof tensor);
    memset(&storage, 0, sizeof storage);
    memset(&value, 0, sizeof value);
}

static void handles_of_nothing(void) {
    null_handles();
    module.owner = tensor.owner = storage.owner = value.owner = c;
    module.id = tensor.id = storage.id = value.id = 77;
}

static void teardown(void) {
    ckpt_free(c);
}

START_TEST(modules_answer) {
    ck_assert_str_eq(ckpt_module_type(module), "");
    ck_assert_int_eq(ckpt_value_kind(ckpt_module_attributes(module)), CKPT_VALUE_ABSENT);
    ck_assert_uint_eq(ckpt_module_member_count(module), 0);
    ck_assert_int_eq(ckpt_module_member(module, 0).kind, CKPT_MEMBER_NONE);
    ck_assert_int_eq(ckpt_module_member(module, UINT32_MAX).kind, CKPT_MEMBER_NONE);
    ck_assert_int_eq(ckpt_module_member_named(module, "x").kind, CKPT_MEMBER_NONE);
    ck_assert(!ckpt_module_exists(ckpt_module_at(module, 0)));
    ck_assert(!ckpt_module_exists(ckpt_module_child(module, "x")));
    ck_assert(!ckpt_tensor_exists(ckpt_module_tensor(module, "x")));
    ck_assert(!ckpt_module_exists(ckpt_find_module(module, "x.y")));
    ck_assert(!ckpt_tensor_exists(ckpt_find_tensor(module, "x.y")));
    ck_assert(!ckpt_tensor_exists(ckpt_find_tensor(module, "")));
}
END_TEST

START_TEST(tensors_answer) {
    const void *data = &err;
    char buffer[8];
    ck_assert_int_eq(ckpt_tensor_dtype(tensor), CKPT_DTYPE_OTHER);
    ck_assert_str_eq(ckpt_tensor_dtype_info(tensor).name, "");
    ck_assert_uint_eq(ckpt_tensor_rank(tensor), 0);
    ck_assert_uint_eq(ckpt_tensor_numel(tensor), 0);
    ck_assert_uint_eq(ckpt_tensor_nbytes(tensor), 0);
    ck_assert_uint_eq(ckpt_tensor_stride(tensor, 0), 0);
    ck_assert_uint_eq(ckpt_tensor_storage_offset(tensor), 0);
    ck_assert(!ckpt_tensor_is_contiguous(tensor));
    ck_assert(!ckpt_tensor_is_parameter(tensor));
    ck_assert(!ckpt_tensor_requires_grad(tensor));
    ck_assert(!ckpt_storage_exists(ckpt_tensor_storage(tensor)));
    assert_status(ckpt_tensor_data(tensor, &data, &err), CKPT_E_ARGUMENT);
    ck_assert_ptr_eq(data, &err);
    assert_status(ckpt_tensor_read(tensor, buffer, 0, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_tensor_read_as(tensor, CKPT_F32, buffer, 0, &err), CKPT_E_ARGUMENT);
}
END_TEST

START_TEST(storages_answer) {
    const void *data = &err;
    char buffer[8];
    ckpt_storage linked;
    ck_assert_uint_eq(ckpt_storage_size(storage), 0);
    ck_assert_ptr_null(ckpt_storage_writable(storage));
    ck_assert_str_eq(ckpt_describe_storage(storage).encoding, "");
    assert_status(ckpt_storage_data(storage, &data, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_storage_read(storage, 0, 0, buffer, &err), CKPT_E_ARGUMENT);
    ckpt *other = new_ckpt(NULL);
    assert_status(ckpt_storage_link(other, storage, &linked, &err), CKPT_E_ARGUMENT);
    ckpt_free(other);
}
END_TEST

START_TEST(values_answer) {
    size_t size = 5;
    ck_assert_int_eq(ckpt_value_kind(value), CKPT_VALUE_ABSENT);
    ck_assert(ckpt_value_bool(value, true));
    ck_assert_int_eq(ckpt_value_int(value, 7), 7);
    ck_assert(ckpt_value_float(value, 7.5) == 7.5);
    ck_assert_ptr_null(ckpt_value_string(value));
    ck_assert_ptr_null(ckpt_value_bytes(value, &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_uint_eq(ckpt_value_count(value), 0);
    ck_assert_int_eq(ckpt_value_kind(ckpt_value_at(value, 0)), CKPT_VALUE_ABSENT);
    ck_assert_ptr_null(ckpt_map_key(value, 0));
    ck_assert_int_eq(ckpt_value_kind(ckpt_map_get(value, "x")), CKPT_VALUE_ABSENT);
    assert_status(ckpt_map_set(value, "x", ckpt_null(), NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_map_remove(value, "x", &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_list_append(value, ckpt_null(), NULL, &err), CKPT_E_ARGUMENT);
}
END_TEST

START_TEST(walks_prints_and_totals_refuse) {
    ckpt_walk *walk = NULL;
    ckpt_summary summary;
    kept_text kept = {"", 0};
    assert_status(ckpt_walk_create(module, CKPT_WALK_STATE_DICT, &walk, &err), CKPT_E_ARGUMENT);
    ck_assert_ptr_null(walk);
    assert_status(ckpt_print_module(module, keep_text, &kept, &err), CKPT_E_ARGUMENT);
    assert_ok(ckpt_print_attributes(module, keep_text, &kept, &err));
    ck_assert_str_eq(kept.text, "");
    assert_status(ckpt_summarize(module, &summary, &err), CKPT_E_ARGUMENT);
}
END_TEST

START_TEST(changes_refuse) {
    const uint64_t shape[1] = {1};
    ckpt_module root = ckpt_root(c), made;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec, .dtype = CKPT_U8};
    ckpt_tensor created;
    assert_status(ckpt_set_module_type(module, "x", &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_add_module(module, "x", "", &made, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_share_module(root, "x", module, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_share_module(module, "x", root, &err), CKPT_E_ARGUMENT);
    new_module(root, "child", "");
    assert_status(ckpt_share_module(module, "x", root, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_tensor_create(storage, &spec, &created, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_add_tensor(root, "x", tensor, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_add_parameter(module, "x", CKPT_U8, 1, shape, NULL, NULL, &err),
                  CKPT_E_ARGUMENT);
    assert_status(ckpt_add_buffer(module, "x", CKPT_U8, 1, shape, NULL, NULL, &err),
                  CKPT_E_ARGUMENT);
    assert_status(ckpt_rename(module, "x", "y", &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_remove(module, "x", &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_tie(module, "x", tensor, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_untie(module, "x", NULL, &err), CKPT_E_ARGUMENT);
}
END_TEST

START_TEST(no_checkpoint_has_nothing) {
    void *data;
    size_t size;
    ckpt_storage made;
    ck_assert(!ckpt_module_exists(ckpt_root(NULL)));
    ck_assert_int_eq(ckpt_value_kind(ckpt_metadata(NULL)), CKPT_VALUE_ABSENT);
    ck_assert_uint_eq(ckpt_module_count(NULL), 0);
    ck_assert_uint_eq(ckpt_tensor_count(NULL), 0);
    ck_assert_uint_eq(ckpt_storage_count(NULL), 0);
    ck_assert(!ckpt_module_exists(ckpt_module_by_id(NULL, 0)));
    ck_assert(!ckpt_tensor_exists(ckpt_tensor_by_id(NULL, 0)));
    ck_assert(!ckpt_storage_exists(ckpt_storage_by_id(NULL, 0)));
    assert_status(ckpt_storage_create(NULL, 1, &made, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_storage_borrow(NULL, "", 1, &made, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_attach(NULL, c, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_attach(c, NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_attach(c, c, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_verify(NULL, NULL, NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_save(NULL, "/nowhere/x", NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_save_memory(NULL, NULL, &data, &size, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_save_writer(NULL, NULL, NULL, &err), CKPT_E_ARGUMENT);
    ck_assert_str_eq(ckpt_describe_file(NULL).path, "");
    ckpt_free(NULL);
}
END_TEST

static TCase *answers(const char *name, void (*begin)(void)) {
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin, teardown);
    tcase_add_test(tests, modules_answer);
    tcase_add_test(tests, tensors_answer);
    tcase_add_test(tests, storages_answer);
    tcase_add_test(tests, values_answer);
    tcase_add_test(tests, walks_prints_and_totals_refuse);
    tcase_add_test(tests, changes_refuse);
    tcase_add_test(tests, no_checkpoint_has_nothing);
    return tests;
}

int main(void) {
    Suite *suite = suite_create("nullhandles");
    suite_add_tcase(suite, answers("null", null_handles));
    suite_add_tcase(suite, answers("nothing", handles_of_nothing));
    return run_suite(suite);
}
