/* SPDX-License-Identifier: MIT */
/* Models written as files of PyTorch and read again. tests/interop/torch asks PyTorch itself. */
#include "checkmain.h"
#include "comparemodels.h"

#include <stdio.h>
#include <string.h>

enum { MOST_LOSSES = 64 };

typedef struct told {
    char text[MOST_LOSSES][200]; /* "kind name" */
    int count;
} told;

static void note(void *ctx, const ckpt_loss *loss) {
    told *t = ctx;
    ck_assert_int_lt(t->count, MOST_LOSSES);
    ck_assert_str_ne(loss->message, "");
    snprintf(t->text[t->count++], sizeof t->text[0], "%s %s", ckpt_loss_kind_name(loss->kind),
             loss->name);
}

static bool was_told(const told *t, const char *text) {
    for (int i = 0; i < t->count; i++) {
        if (strcmp(t->text[i], text) == 0)
            return true;
    }
    return false;
}

static ckpt_status save(ckpt *c, told *losses, void **ret_bytes, size_t *ret_size,
                        ckpt_error *err) {
    ckpt_save_options options = {.struct_size = sizeof options, .format = "torch"};
    losses->count = 0;
    options.on_loss = note;
    options.loss_ctx = losses;
    return ckpt_save_memory(c, &options, ret_bytes, ret_size, err);
}

/* Written and read. The bytes are the caller's. */
static ckpt *rewrite(ckpt *c, told *losses, void **ret_bytes, size_t *ret_size) {
    ckpt *again;
    ckpt_error err;
    assert_ok(save(c, losses, ret_bytes, ret_size, &err));
    assert_ok(ckpt_open_memory(*ret_bytes, *ret_size, NULL, NULL, &again, &err));
    ck_assert_str_eq(ckpt_describe_file(again).format, "torch");
    assert_ok(ckpt_verify(again, NULL, NULL, &err));
    return again;
}

static ckpt *create(void) {
    ckpt *c;
    ckpt_error err;
    assert_ok(ckpt_create(NULL, &c, &err));
    return c;
}

static ckpt_tensor add_floats(ckpt_module module, const char *name) {
    static const uint64_t shape[2] = {2, 3};
    static const float values[6] = {0, 1, 2, 3, 4, 5};
    ckpt_tensor tensor;
    ckpt_error err;
    assert_ok(ckpt_add_parameter(module, name, CKPT_F32, 2, shape, values, &tensor, &err));
    return tensor;
}

static ckpt_module add_module(ckpt_module parent, const char *name, const char *type) {
    ckpt_module module;
    ckpt_error err;
    assert_ok(ckpt_add_module(parent, name, type, &module, &err));
    return module;
}

START_TEST(a_net_keeps_names_ties_views_and_order) {
    static const uint64_t turned[2] = {3, 2}, strides[2] = {1, 3};
    ckpt *c = create();
    ckpt_error err;
    told losses;
    void *bytes;
    size_t size;
    ckpt_tensor view;
    ckpt_module block = add_module(ckpt_root(c), "block", "");
    add_module(ckpt_root(c), "empty", "");
    ckpt_tensor w = add_floats(block, "w");
    assert_ok(ckpt_add_tensor(ckpt_root(c), "tied", w, &err));
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 2,
                             .shape = turned,
                             .strides = strides};
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(w), &spec, &view, &err));
    assert_ok(ckpt_add_tensor(block, "turned", view, &err));
    ckpt *again = rewrite(c, &losses, &bytes, &size);
    ck_assert_int_eq(losses.count, 0);
    ck_assert_str_eq(ckpt_module_type(ckpt_root(again)), "OrderedDict");
    ck_assert(ckpt_module_exists(ckpt_find_module(ckpt_root(again), "empty")));
    ckpt_tensor got = ckpt_find_tensor(ckpt_root(again), "block.w");
    ck_assert(ckpt_tensor_same(got, ckpt_find_tensor(ckpt_root(again), "tied")));
    ckpt_tensor other = ckpt_find_tensor(ckpt_root(again), "block.turned");
    ck_assert(ckpt_storage_same(ckpt_tensor_storage(got), ckpt_tensor_storage(other)));
    ck_assert_uint_eq(ckpt_tensor_stride(other, 1), 3);
    ck_assert_uint_eq(ckpt_describe_storage(ckpt_tensor_storage(got)).offset % 64, 0);
    ckpt_free(again);
    ckpt_buffer_free(c, bytes, size);
    ckpt_free(c);
}
END_TEST

START_TEST(what_a_state_dict_does_not_hold_is_told) {
    static const uint64_t one[1] = {1};
    ckpt *c = create();
    ckpt_error err;
    told losses;
    void *bytes;
    size_t size;
    ckpt_module root = ckpt_root(c), a = add_module(root, "a", "Linear");
    assert_ok(ckpt_set_module_type(root, "Net", &err));
    add_floats(a, "w");
    assert_ok(ckpt_add_buffer(a, "mean", CKPT_F32, 1, one, NULL, NULL, &err));
    assert_ok(ckpt_add_buffer(a, "count", CKPT_I64, 1, one, NULL, NULL, &err));
    assert_ok(ckpt_map_set(ckpt_module_attributes(a), "n", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "title", ckpt_string("x"), NULL, &err));
    assert_ok(ckpt_share_module(root, "b", a, &err));
    ckpt *again = rewrite(c, &losses, &bytes, &size);
    ck_assert(was_told(&losses, "module "));
    ck_assert(was_told(&losses, "module a"));
    ck_assert(was_told(&losses, "flag a.mean"));
    ck_assert(was_told(&losses, "flag b.mean"));
    ck_assert(was_told(&losses, "metadata title"));
    ck_assert_int_eq(losses.count, 5);
    ckpt_free(again);
    ckpt_buffer_free(c, bytes, size);
    ckpt_free(c);
}
END_TEST

START_TEST(blocks_become_bytes) {
    static const uint64_t shape[2] = {2, 64};
    ckpt *c = create();
    ckpt_error err;
    told losses;
    void *bytes;
    size_t size;
    unsigned char blocks[2 * 2 * 18], got[sizeof blocks];
    for (size_t i = 0; i < sizeof blocks; i++)
        blocks[i] = (unsigned char)i;
    assert_ok(ckpt_add_parameter(ckpt_root(c), "q", CKPT_Q4_0, 2, shape, blocks, NULL, &err));
    ckpt *again = rewrite(c, &losses, &bytes, &size);
    ckpt_tensor q = ckpt_find_tensor(ckpt_root(again), "q");
    ck_assert(was_told(&losses, "dtype q"));
    ck_assert_int_eq(ckpt_tensor_dtype(q), CKPT_U8);
    ck_assert_uint_eq(ckpt_tensor_shape(q)[0], 2);
    ck_assert_uint_eq(ckpt_tensor_shape(q)[1], 36);
    assert_ok(ckpt_tensor_read(q, got, sizeof got, &err));
    ck_assert_mem_eq(got, blocks, sizeof got);
    ckpt_free(again);
    ckpt_buffer_free(c, bytes, size);
    ckpt_free(c);
}
END_TEST

/* Compressed in the .ckpt file, plain in the other one. */
START_TEST(encoded_storages_are_decoded) {
    enum { COUNT = 300000 };
    const uint64_t shape[1] = {COUNT};
    ckpt *c = create(), *packed;
    ckpt_error err;
    told losses;
    void *ckpt_bytes, *bytes;
    size_t ckpt_size, size;
    ckpt_tensor tensor;
    ckpt_save_options options = {.struct_size = sizeof options, .compress = true};
    assert_ok(ckpt_add_parameter(ckpt_root(c), "w", CKPT_F32, 1, shape, NULL, &tensor, &err));
    float *values = ckpt_storage_writable(ckpt_tensor_storage(tensor));
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)i;
    assert_ok(ckpt_save_memory(c, &options, &ckpt_bytes, &ckpt_size, &err));
    assert_ok(ckpt_open_memory(ckpt_bytes, ckpt_size, NULL, NULL, &packed, &err));
    ckpt *again = rewrite(packed, &losses, &bytes, &size);
    float *got = malloc(COUNT * sizeof *got);
    ck_assert_ptr_nonnull(got);
    assert_ok(
        ckpt_tensor_read(ckpt_find_tensor(ckpt_root(again), "w"), got, COUNT * sizeof *got, &err));
    ck_assert_mem_eq(got, values, COUNT * sizeof *got);
    free(got);
    ckpt_free(again);
    ckpt_buffer_free(packed, bytes, size);
    ckpt_free(packed);
    ckpt_buffer_free(c, ckpt_bytes, ckpt_size);
    ckpt_free(c);
}
END_TEST

/* ---- Python's containers, changed by hand ---- */

START_TEST(containers_by_hand) {
    ckpt *c = create();
    ckpt_error err;
    told losses;
    void *bytes;
    size_t size;
    char why[300];
    ckpt_module root = ckpt_root(c);
    assert_ok(ckpt_set_module_type(root, "dict", &err));
    assert_ok(ckpt_map_set(ckpt_module_attributes(root), "epoch", ckpt_int(3), NULL, &err));
    ckpt_module list = add_module(root, "list", "list");
    add_floats(list, "1");
    assert_ok(ckpt_map_set(ckpt_module_attributes(list), "0", ckpt_string("x"), NULL, &err));
    ckpt_module tuple = add_module(root, "tuple", "tuple");
    add_floats(tuple, "0");
    assert_ok(ckpt_share_module(root, "again", list, &err));
    ckpt *again = rewrite(c, &losses, &bytes, &size);
    ck_assert_int_eq(losses.count, 0);
    const char *difference = models_differ(c, again, why, sizeof why);
    ck_assert_msg(difference == NULL, "%s", difference);
    ckpt_free(again);
    ckpt_buffer_free(c, bytes, size);
    ckpt_free(c);
}
END_TEST

static void refuse(ckpt *c, const char *message) {
    told losses;
    void *bytes;
    size_t size;
    ckpt_error err;
    assert_status(save(c, &losses, &bytes, &size, &err), CKPT_E_UNSUPPORTED);
    ck_assert_msg(strstr(err.message, message) != NULL, "%s", err.message);
}

START_TEST(containers_that_cannot_be) {
    ckpt *c = create();
    ckpt_error err;
    ckpt_module root = ckpt_root(c);
    assert_ok(ckpt_set_module_type(root, "list", &err));
    add_floats(root, "1");
    refuse(c, "an element '1'");
    assert_ok(ckpt_rename(root, "1", "00", &err));
    refuse(c, "an element '00'");
    assert_ok(ckpt_rename(root, "00", "x", &err));
    refuse(c, "an element 'x'");
    assert_ok(ckpt_set_module_type(root, "dict", &err));
    assert_ok(ckpt_map_set(ckpt_module_attributes(root), "x", ckpt_int(3), NULL, &err));
    refuse(c, "the key 'x' twice");
    assert_ok(ckpt_set_module_type(root, "object", &err));
    refuse(c, "without an 'object'");
    ckpt_free(c);
}
END_TEST

START_TEST(deep_containers) {
    ckpt *c = create();
    ckpt_error err;
    told losses;
    void *bytes;
    size_t size;
    ckpt_module module = ckpt_root(c);
    assert_ok(ckpt_set_module_type(module, "dict", &err));
    for (int i = 0; i < 63; i++)
        module = add_module(module, "m", "dict");
    add_floats(module, "w");
    ckpt_free(rewrite(c, &losses, &bytes, &size));
    ckpt_buffer_free(c, bytes, size);
    add_floats(add_module(module, "m", "dict"), "w");
    assert_status(save(c, &losses, &bytes, &size, &err), CKPT_E_LIMIT);
    ckpt_free(c);
}
END_TEST

/* Notes that do not fit what they are about, as after an edit, change nothing. */
START_TEST(notes_that_do_not_fit) {
    static const char *const notes[] = {"dict[int]", "int",          "torch.dtype", "torch.Size",
                                        "complex",   "torch.device", "set",         "FloatStorage",
                                        "Parameter", "=/nowhere",    "Counter[any]"};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        ckpt *c = create();
        ckpt_error err;
        told losses;
        void *bytes;
        size_t size;
        ckpt_value types;
        ckpt_value attributes = ckpt_module_attributes(ckpt_root(c));
        assert_ok(ckpt_set_module_type(ckpt_root(c), "dict", &err));
        assert_ok(ckpt_map_set(attributes, "text", ckpt_string("no \xc3\xbc"), NULL, &err));
        assert_ok(ckpt_map_set(attributes, "map", ckpt_map(), NULL, &err));
        assert_ok(ckpt_map_set(ckpt_map_get(attributes, "map"), "k", ckpt_null(), NULL, &err));
        assert_ok(ckpt_map_set(attributes, "list", ckpt_list(), NULL, &err));
        assert_ok(ckpt_list_append(ckpt_map_get(attributes, "list"), ckpt_map(), NULL, &err));
        add_floats(ckpt_root(c), "w");
        assert_ok(ckpt_map_set(ckpt_metadata(c), "torch.types", ckpt_map(), &types, &err));
        for (int k = 0; k < 4; k++) {
            static const char *const places[] = {"/text", "/map", "/list", "/w"};
            assert_ok(ckpt_map_set(types, places[k], ckpt_string(notes[i]), NULL, &err));
        }
        ckpt *again = rewrite(c, &losses, &bytes, &size);
        ckpt_value got = ckpt_module_attributes(ckpt_root(again));
        ck_assert_str_eq(ckpt_value_string(ckpt_map_get(got, "text")), "no \xc3\xbc");
        ck_assert_int_eq(ckpt_value_kind(ckpt_value_at(ckpt_map_get(got, "list"), 0)),
                         CKPT_VALUE_MAP);
        ck_assert(ckpt_tensor_exists(ckpt_find_tensor(ckpt_root(again), "w")));
        ckpt_free(again);
        ckpt_buffer_free(c, bytes, size);
        ckpt_free(c);
    }
}
END_TEST

/* PyTorch's own nets have their parameters first; others need not. */
START_TEST(the_order_of_the_names_of_a_net_is_kept) {
    static const char *const wanted[] = {"first.w", "between", "last.w", "behind"};
    ckpt *c = create();
    ckpt_module root = ckpt_root(c), child;
    ckpt_error err;
    told losses;
    void *bytes;
    size_t size;
    ckpt_walk *walk;
    ckpt_walk_item item;
    assert_ok(ckpt_add_module(root, "first", "", &child, &err));
    add_floats(child, "w");
    assert_ok(ckpt_add_module(child, "nothing", "", NULL, &err));
    add_floats(root, "between");
    assert_ok(ckpt_add_module(root, "empty", "", NULL, &err));
    assert_ok(ckpt_add_module(root, "last", "", &child, &err));
    add_floats(child, "w");
    add_floats(root, "behind");
    ckpt *again = rewrite(c, &losses, &bytes, &size);
    assert_ok(ckpt_walk_create(ckpt_root(again), CKPT_WALK_STATE_DICT, &walk, &err));
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        ck_assert(ckpt_walk_next(walk, &item));
        ck_assert_str_eq(item.name, wanted[i]);
    }
    ck_assert(!ckpt_walk_next(walk, &item));
    ckpt_walk_free(walk);
    ck_assert(ckpt_module_exists(ckpt_find_module(ckpt_root(again), "first.nothing")));
    ck_assert(ckpt_module_exists(ckpt_find_module(ckpt_root(again), "empty")));
    ckpt_free(again);
    ckpt_buffer_free(c, bytes, size);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("torch");
    TCase *tests = tcase_create("torch");
    tcase_add_test(tests, a_net_keeps_names_ties_views_and_order);
    tcase_add_test(tests, what_a_state_dict_does_not_hold_is_told);
    tcase_add_test(tests, blocks_become_bytes);
    tcase_add_test(tests, encoded_storages_are_decoded);
    tcase_add_test(tests, containers_by_hand);
    tcase_add_test(tests, containers_that_cannot_be);
    tcase_add_test(tests, deep_containers);
    tcase_add_test(tests, notes_that_do_not_fit);
    tcase_add_test(tests, the_order_of_the_names_of_a_net_is_kept);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
