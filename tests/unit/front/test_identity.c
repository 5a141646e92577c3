/* SPDX-License-Identifier: MIT */
/* The digest of a model: every difference that a model can have gives another one. */
#include "identitymodel.h"

/* ---- changes ---- */

static void rename_member(ckpt *c) {
    assert_ok(ckpt_rename(ckpt_root(c), "second", "third", &err));
}

static void move_member(ckpt *c) {
    ckpt_module second = ckpt_find_module(ckpt_root(c), "second");
    assert_ok(ckpt_remove(ckpt_root(c), "second", &err));
    assert_ok(ckpt_share_module(ckpt_root(c), "second", second, &err));
}

static void move_tensor(ckpt *c) {
    ckpt_module module = ckpt_find_module(ckpt_root(c), "second");
    ckpt_tensor weight = ckpt_module_tensor(module, "weight");
    assert_ok(ckpt_remove(module, "weight", &err));
    assert_ok(ckpt_add_tensor(module, "weight", weight, &err));
}

static void remove_member(ckpt *c) {
    assert_ok(ckpt_remove(ckpt_root(c), "second", &err));
}

static void untie_tensor(ckpt *c) {
    assert_ok(ckpt_untie(ckpt_root(c), "tied", NULL, &err));
}

static void tie_equal_tensors(ckpt *c) {
    ckpt_module root = ckpt_root(c);
    assert_ok(ckpt_tie(ckpt_find_module(root, "second"), "weight",
                       ckpt_find_tensor(root, "first.weight"), &err));
}

/* Another tensor over the storage of the one it had been: equal in all but being two. */
static void untie_but_for_the_storage(ckpt *c) {
    ckpt_module root = ckpt_root(c);
    ckpt_tensor_spec spec = spec_of_view();
    ckpt_tensor weight = ckpt_find_tensor(root, "first.weight"), other;
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(weight), &spec, &other, &err));
    assert_ok(ckpt_tie(root, "tied", other, &err));
}

static void tie_to_the_other_of_two(ckpt *c) {
    ckpt_module root = ckpt_root(c);
    assert_ok(ckpt_tie(root, "tied", ckpt_find_tensor(root, "second.weight"), &err));
}

/* Another module with the same type, attributes and tensors. */
static void separate_shared_module(ckpt *c) {
    ckpt_module root = ckpt_root(c), one = ckpt_find_module(root, "place 0"), other;
    ckpt_tensor view = ckpt_find_tensor(root, "view");
    assert_ok(ckpt_remove(root, "place 1", &err));
    assert_ok(ckpt_remove(root, "view", &err));
    assert_ok(ckpt_add_module(root, "place 1", "Linear", &other, &err));
    assert_ok(ckpt_map_set(ckpt_module_attributes(other), "in_features", ckpt_int(3), NULL, &err));
    assert_ok(ckpt_add_tensor(other, "weight", ckpt_module_tensor(one, "weight"), &err));
    assert_ok(ckpt_add_tensor(other, "bias", ckpt_module_tensor(one, "bias"), &err));
    assert_ok(ckpt_add_tensor(root, "view", view, &err));
}

static void change_type(ckpt *c) {
    assert_ok(ckpt_set_module_type(ckpt_find_module(ckpt_root(c), "second"), "Linea", &err));
}

/* ---- tests ---- */

START_TEST(names_order_and_ties) {
    static const struct {
        const char *what;
        void (*change)(ckpt *c);
    } changes[] = {
        {"another name", rename_member},
        {"another order of modules", move_member},
        {"another order of tensors", move_tensor},
        {"a member less", remove_member},
        {"a tie undone", untie_tensor},
        {"a tie of equal tensors", tie_equal_tensors},
        {"two tensors over one storage", untie_but_for_the_storage},
        {"a tie to an equal tensor", tie_to_the_other_of_two},
        {"a shared module made two", separate_shared_module},
        {"another type", change_type},
    };
    assert_new("base", base());
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        ckpt *c = base();
        changes[i].change(c);
        assert_new(changes[i].what, c);
    }
}
END_TEST

static void assert_new_view(const char *what, const ckpt_tensor_spec *spec) {
    assert_new(what, build(spec, STORAGE_SIZE));
}

START_TEST(tensors) {
    static const uint64_t turned[] = {3, 2}, strides[] = {1, 2}, flat[] = {6};
    ckpt_dtype_info odd = {"odd", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, 4}, odder = odd;
    ckpt_tensor_spec spec = spec_of_view();
    assert_new_view("base", &spec);
    spec.storage_offset = 1;
    assert_new_view("offset", &spec);
    spec = spec_of_view();
    spec.shape = turned;
    assert_new_view("shape", &spec);
    spec.shape = flat;
    spec.rank = 1;
    assert_new_view("rank", &spec);
    spec = spec_of_view();
    spec.strides = strides;
    assert_new_view("strides", &spec);
    spec = spec_of_view();
    spec.no_grad = true;
    assert_new_view("no gradient", &spec);
    spec.is_buffer = true;
    assert_new_view("buffer", &spec);
    spec.is_buffer = false;
    spec.dtype = CKPT_I32;
    assert_new_view("i32", &spec);
    spec.dtype = CKPT_U32;
    assert_new_view("u32", &spec);
    spec.dtype = CKPT_DTYPE_OTHER;
    spec.other_dtype = &odd;
    assert_new_view("a type that is not registered", &spec);
    odder.dtype_class = CKPT_CLASS_UINT;
    spec.other_dtype = &odder;
    assert_new_view("another class of it", &spec);
    odder = odd;
    odder.block_bytes = 2;
    assert_new_view("another size of it", &spec);
    odder = odd;
    odder.block_elements = 2;
    assert_new_view("another number of elements of it", &spec);
    spec = spec_of_view();
    assert_new("a longer storage", build(&spec, STORAGE_SIZE + 1));
    assert_new("a shorter storage", build(&spec, STORAGE_SIZE - 1));
}
END_TEST

/* Those that the tensor does not reach count too. */
START_TEST(every_bit_of_a_storage) {
    assert_new("base", base());
    for (unsigned bit = 0; bit < 8 * STORAGE_SIZE; bit++) {
        ckpt *c = base();
        ckpt_storage storage = ckpt_tensor_storage(ckpt_find_tensor(ckpt_root(c), "view"));
        unsigned char *bytes = ckpt_storage_writable(storage);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_new("one bit", c);
    }
}
END_TEST

static void assert_same(ckpt *c) {
    uint8_t wanted[CKPT_DIGEST_SIZE], got[CKPT_DIGEST_SIZE];
    ckpt *other = base();
    digest_of(other, wanted);
    digest_of(c, got);
    ck_assert_mem_eq(got, wanted, CKPT_DIGEST_SIZE);
    ckpt_free(other);
    ckpt_free(c);
}

START_TEST(what_is_no_difference) {
    static const uint64_t dense[] = {3, 1};
    ckpt_tensor_spec spec = spec_of_view();
    ckpt_storage storage;
    spec.strides = dense;
    assert_same(build(&spec, STORAGE_SIZE));
    ckpt *c = base();
    add_linear(ckpt_root(c), "away", 3);
    assert_ok(ckpt_remove(ckpt_root(c), "away", &err));
    assert_ok(ckpt_storage_create(c, 8, &storage, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "away", ckpt_string("new text"), NULL, &err));
    assert_ok(ckpt_map_remove(ckpt_metadata(c), "away", &err));
    assert_same(c);
}
END_TEST

static void setup(void) {
    known_count = 0;
}

int main(void) {
    Suite *suite = suite_create("identity");
    TCase *tcase = tcase_create("identity");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, names_order_and_ties);
    tcase_add_test(tcase, tensors);
    tcase_add_test(tcase, every_bit_of_a_storage);
    tcase_add_test(tcase, what_is_no_difference);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
