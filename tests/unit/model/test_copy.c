/* SPDX-License-Identifier: MIT */
/* Checkpoints made of others: what is kept, what is chosen, what is told. */
#include "buildnet.h"
#include "randommodel.h"

#include <stdio.h>

static ckpt_error err;

/* ---- losses ---- */

typedef struct told {
    unsigned count;
    char text[2000]; /* "KIND NAME;..." */
} told;

static void hear(void *ctx, const ckpt_loss *loss) {
    told *t = ctx;
    size_t size = strlen(t->text);
    t->count++;
    snprintf(t->text + size, sizeof t->text - size, "%s %s;", ckpt_loss_kind_name(loss->kind),
             loss->name);
}

/* ---- choices, as a text of rules ---- */

typedef struct rule {
    const char *name; /* as it is; NULL: the end */
    const char *new_name;
    ckpt_dtype dtype;
    bool drop;
} rule;

static bool follow(void *ctx, const ckpt_walk_item *item, ckpt_copy_choice *choice) {
    for (const rule *r = ctx; r->name != NULL; r++) {
        if (strcmp(r->name, item->name) != 0)
            continue;
        choice->drop = r->drop;
        choice->name = r->new_name;
        choice->dtype = r->dtype;
    }
    return true;
}

static const rule no_rules[] = {{NULL, NULL, CKPT_DTYPE_OTHER, false}};

static ckpt_status copy_into(ckpt *c, ckpt *from, const rule *rules, told *t) {
    ckpt_copy_options options = {.struct_size = sizeof options,
                                 .choose = rules != NULL ? follow : NULL,
                                 .ctx = (void *)(uintptr_t)rules,
                                 .on_loss = hear,
                                 .loss_ctx = t};
    memset(t, 0, sizeof *t);
    return ckpt_copy(c, from, &options, &err);
}

/* A copy that owns what it is made of. */
static ckpt *copied(ckpt *from, const rule *rules, told *t) {
    ckpt *c = new_ckpt(NULL);
    assert_ok(copy_into(c, from, rules, t));
    assert_ok(ckpt_attach(c, from, &err));
    return c;
}

static void assert_same(ckpt *a, ckpt *b) {
    uint8_t x[CKPT_DIGEST_SIZE], y[CKPT_DIGEST_SIZE];
    assert_ok(ckpt_digest(a, NULL, x, &err));
    assert_ok(ckpt_digest(b, NULL, y, &err));
    ck_assert_mem_eq(x, y, sizeof x);
}

START_TEST(a_copy_is_the_same_model) {
    ckpt *c;
    told t;
    void *bytes;
    assert_ok(random_model((uint64_t)_i, NULL, &c, &err));
    c = saved_and_opened(c, &bytes);
    for (int chosen = 0; chosen < 2; chosen++) {
        ckpt *copy = new_ckpt(NULL);
        ckpt_status status = copy_into(copy, c, chosen ? no_rules : NULL, &t);
        ck_assert_msg(status == CKPT_OK, "%s", err.message);
        ck_assert_str_eq(t.text, "");
        assert_same(copy, c);
        ckpt_free(copy);
    }
    ckpt_free(c);
    free(bytes);
}
END_TEST

/* ---- names ---- */

/* body.0 and body.1 are one Linear; tied is its weight; act has no members. */
static ckpt *new_net(void) {
    ckpt *c = new_ckpt(NULL);
    ckpt_module body = new_module(ckpt_root(c), "body", "ModuleList");
    ckpt_module linear = new_linear(body, "0", 3, 2);
    share(body, "1", linear);
    new_module(body, "act", "ReLU");
    assert_ok(ckpt_set_module_type(ckpt_root(c), "Net", &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "tied", ckpt_module_tensor(linear, "weight"), &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "step", ckpt_int(3), NULL, &err));
    return c;
}

static const char *type_at(ckpt *c, const char *name) {
    return ckpt_module_type(ckpt_find_module(ckpt_root(c), name));
}

START_TEST(modules_go_where_their_tensors_go) {
    told t;
    static const rule rules[] = {
        {"body.0.weight", "x.y.weight", CKPT_DTYPE_OTHER, false},
        {"body.0.bias", "x.y.bias", CKPT_DTYPE_OTHER, false},
        {"body.1.weight", "x.z.weight", CKPT_DTYPE_OTHER, false},
        {"body.1.bias", "x.z.bias", CKPT_DTYPE_OTHER, false},
        {"body.act", "x.act", CKPT_DTYPE_OTHER, false},
        {NULL, NULL, CKPT_DTYPE_OTHER, false},
    };
    ckpt *c = copied(new_net(), rules, &t);
    ckpt_module root = ckpt_root(c);
    ck_assert_str_eq(t.text, "");
    ck_assert_str_eq(ckpt_module_type(root), "Net");
    ck_assert_str_eq(type_at(c, "x"), "ModuleList");
    ck_assert_str_eq(type_at(c, "x.y"), "Linear");
    ck_assert_str_eq(type_at(c, "x.act"), "ReLU");
    ck_assert(ckpt_module_same(ckpt_find_module(root, "x.y"), ckpt_find_module(root, "x.z")));
    ck_assert(
        ckpt_tensor_same(ckpt_find_tensor(root, "x.y.weight"), ckpt_find_tensor(root, "tied")));
    ck_assert_int_eq(ckpt_value_int(ckpt_map_get(ckpt_metadata(c), "step"), 0), 3);
    ckpt_free(c);
}
END_TEST

START_TEST(a_shared_module_that_is_parted_is_reported_and_its_tensors_stay_tied) {
    told t;
    static const rule rules[] = {{"body.1.bias", "body.1.b", CKPT_DTYPE_OTHER, false},
                                 {NULL, NULL, CKPT_DTYPE_OTHER, false}};
    ckpt *c = copied(new_net(), rules, &t);
    ckpt_module root = ckpt_root(c);
    ck_assert_str_eq(t.text, "module body.1;");
    ck_assert(
        !ckpt_module_same(ckpt_find_module(root, "body.0"), ckpt_find_module(root, "body.1")));
    ck_assert(ckpt_tensor_same(ckpt_find_tensor(root, "body.0.bias"),
                               ckpt_find_tensor(root, "body.1.b")));
    ckpt_free(c);
}
END_TEST

START_TEST(a_module_without_a_name_is_reported) {
    told t;
    static const rule rules[] = {{"body.0.weight", "w", CKPT_DTYPE_OTHER, false},
                                 {"body.0.bias", "b", CKPT_DTYPE_OTHER, false},
                                 {"body.1.weight", NULL, CKPT_DTYPE_OTHER, true},
                                 {"body.1.bias", NULL, CKPT_DTYPE_OTHER, true},
                                 {"body.act", NULL, CKPT_DTYPE_OTHER, true},
                                 {NULL, NULL, CKPT_DTYPE_OTHER, false}};
    ckpt *c = copied(new_net(), rules, &t);
    ck_assert_str_eq(t.text, "module body;module body.0;");
    ck_assert_uint_eq(ckpt_module_member_count(ckpt_root(c)), 3);
    ckpt_free(c);
}
END_TEST

START_TEST(names_that_meet_are_refused) {
    told t;
    static const struct {
        rule rule;
        ckpt_status status;
    } cases[] = {
        {{"tied", "body.0.weight", CKPT_DTYPE_OTHER, false}, CKPT_E_EXISTS},
        {{"tied", "body.0.weight.x", CKPT_DTYPE_OTHER, false}, CKPT_E_UNSUPPORTED},
        {{"tied", "body.0", CKPT_DTYPE_OTHER, false}, CKPT_E_UNSUPPORTED},
        {{"body.act", "body.0.bias", CKPT_DTYPE_OTHER, false}, CKPT_E_UNSUPPORTED},
        {{"tied", "a\xff", CKPT_DTYPE_OTHER, false}, CKPT_E_ARGUMENT},
        {{"tied", NULL, CKPT_Q4_0, false}, CKPT_OK}, /* its first name decides */
        {{"body.0.weight", NULL, CKPT_F4_E2M1FN, false}, CKPT_E_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const rule rules[] = {cases[i].rule, {NULL, NULL, CKPT_DTYPE_OTHER, false}};
        ckpt *from = new_net(), *c = new_ckpt(NULL);
        assert_status(copy_into(c, from, rules, &t), cases[i].status);
        ckpt_free(c);
        ckpt_free(from);
    }
}
END_TEST

START_TEST(a_choice_can_stop_the_copy) {
    ckpt *from = new_net(), *c = new_ckpt(NULL);
    ckpt_copy_options options = {.struct_size = sizeof options};
    assert_status(ckpt_copy(c, c, NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_copy(c, NULL, NULL, &err), CKPT_E_ARGUMENT);
    assert_ok(ckpt_copy(c, from, &options, &err));
    ckpt_free(c);
    ckpt_free(from);
}
END_TEST

/* ---- bytes ---- */

/* One storage of 8 f32, 1 to 8: "low" is its first half, "high" the second, "bits" views it as
 * integers. */
static ckpt *new_views(void) {
    ckpt *c = new_ckpt(NULL);
    const uint64_t four = 4, eight = 8;
    ckpt_storage storage;
    ckpt_tensor tensor;
    assert_ok(ckpt_storage_create(c, 32, &storage, &err));
    for (int i = 0; i < 8; i++)
        ((float *)ckpt_storage_writable(storage))[i] = (float)(i + 1);
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_F32, .rank = 1, .shape = &four};
    assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "low", tensor, &err));
    spec.storage_offset = 4;
    assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "high", tensor, &err));
    spec = (ckpt_tensor_spec){
        .struct_size = sizeof spec, .dtype = CKPT_I32, .rank = 1, .shape = &eight};
    assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "bits", tensor, &err));
    return c;
}

static void assert_values(ckpt *c, const char *name, float first) {
    float got[4];
    ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(c), name);
    assert_ok(ckpt_tensor_read_as(tensor, CKPT_F32, got, sizeof got, &err));
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq(got[i], first + (float)i);
}

START_TEST(only_the_bytes_that_are_viewed_are_kept) {
    told t;
    static const rule rules[] = {{"low", NULL, CKPT_DTYPE_OTHER, true},
                                 {"bits", NULL, CKPT_DTYPE_OTHER, true},
                                 {NULL, NULL, CKPT_DTYPE_OTHER, false}};
    ckpt *c = copied(new_views(), rules, &t);
    ckpt_tensor high = ckpt_find_tensor(ckpt_root(c), "high");
    ck_assert_uint_eq(ckpt_storage_size(ckpt_tensor_storage(high)), 16);
    ck_assert_uint_eq(ckpt_tensor_storage_offset(high), 0);
    assert_values(c, "high", 5);
    ckpt_free(c);
}
END_TEST

START_TEST(views_of_one_type_stay_views_in_another) {
    told t;
    static const rule rules[] = {{"low", NULL, CKPT_BF16, false},
                                 {"high", NULL, CKPT_BF16, false},
                                 {NULL, NULL, CKPT_DTYPE_OTHER, false}};
    ckpt *c = copied(new_views(), rules, &t);
    ckpt_module root = ckpt_root(c);
    ckpt_tensor low = ckpt_find_tensor(root, "low"), high = ckpt_find_tensor(root, "high");
    ckpt_tensor bits = ckpt_find_tensor(root, "bits");
    ck_assert_str_eq(t.text, "tie bits;");
    ck_assert(ckpt_storage_same(ckpt_tensor_storage(low), ckpt_tensor_storage(high)));
    ck_assert(!ckpt_storage_same(ckpt_tensor_storage(low), ckpt_tensor_storage(bits)));
    ck_assert_uint_eq(ckpt_storage_size(ckpt_tensor_storage(low)), 16);
    ck_assert_uint_eq(ckpt_tensor_storage_offset(high), 4);
    assert_values(c, "low", 1);
    assert_values(c, "high", 5);
    ckpt_free(c);
}
END_TEST

/* ---- two into one ---- */

START_TEST(modules_of_the_same_name_become_one) {
    told t;
    ckpt *c = new_ckpt(NULL), *a = new_ckpt(NULL), *b = new_ckpt(NULL);
    ckpt_module x = new_module(ckpt_root(a), "block", "Block");
    ckpt_module y = new_module(ckpt_root(b), "block", "Other");
    set_attribute(x, "n", ckpt_int(1));
    set_attribute(y, "n", ckpt_int(2));
    set_attribute(y, "m", ckpt_int(2));
    new_vector(x, "a", 3);
    new_vector(y, "b", 3);
    assert_ok(ckpt_map_set(ckpt_metadata(a), "k", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(b), "k", ckpt_int(2), NULL, &err));
    assert_ok(copy_into(c, a, NULL, &t));
    ck_assert_str_eq(t.text, "");
    assert_ok(copy_into(c, b, NULL, &t));
    ck_assert_str_eq(t.text, "module block;module block;metadata k;");
    ckpt_module block = ckpt_find_module(ckpt_root(c), "block");
    ck_assert_uint_eq(ckpt_module_member_count(block), 2);
    ck_assert_str_eq(ckpt_module_type(block), "Block");
    ck_assert_int_eq(ckpt_value_int(ckpt_map_get(ckpt_module_attributes(block), "n"), 0), 1);
    ck_assert_int_eq(ckpt_value_int(ckpt_map_get(ckpt_module_attributes(block), "m"), 0), 2);
    assert_status(copy_into(c, b, NULL, &t), CKPT_E_EXISTS);
    ckpt_free(c);
    ckpt_free(a);
    ckpt_free(b);
}
END_TEST

START_TEST(nothing_is_added_to_a_module_in_several_places) {
    told t;
    ckpt *c = new_net(), *b = new_ckpt(NULL), *d = new_net();
    ckpt_module body = new_module(ckpt_root(b), "body", "");
    new_vector(new_module(body, "0", ""), "more", 3);
    assert_status(copy_into(c, b, NULL, &t), CKPT_E_UNSUPPORTED);
    assert_status(copy_into(b, d, NULL, &t), CKPT_E_UNSUPPORTED);
    ckpt_free(c);
    ckpt_free(b);
    ckpt_free(d);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("copy");
    TCase *tests = tcase_create("copy");
    tcase_add_loop_test(tests, a_copy_is_the_same_model, 0, 100);
    tcase_add_test(tests, modules_go_where_their_tensors_go);
    tcase_add_test(tests, a_shared_module_that_is_parted_is_reported_and_its_tensors_stay_tied);
    tcase_add_test(tests, a_module_without_a_name_is_reported);
    tcase_add_test(tests, names_that_meet_are_refused);
    tcase_add_test(tests, a_choice_can_stop_the_copy);
    tcase_add_test(tests, only_the_bytes_that_are_viewed_are_kept);
    tcase_add_test(tests, views_of_one_type_stay_views_in_another);
    tcase_add_test(tests, modules_of_the_same_name_become_one);
    tcase_add_test(tests, nothing_is_added_to_a_module_in_several_places);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
