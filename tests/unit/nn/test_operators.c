/* SPDX-License-Identifier: MIT */
/* Every operator on values computed by hand, and the table against its description. */
#include "nn/optable.h"

#include "nntest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One module that takes rows of four. */
static void expect_operator(ckpt *c, const float input[4], const float wanted[4]) {
    expect_rows(c, 1, 4, input, 4, wanted);
    ckpt_free(c);
}

static ckpt *one(const char *type) {
    ckpt *c = new_sequential(NULL);
    add(ckpt_root(c), "0", type);
    return c;
}

static ckpt_module first(ckpt *c) {
    return ckpt_module_at(ckpt_root(c), 0);
}

START_TEST(test_linear) {
    const float weight[6] = {1, 2, 3, 4, 5, 6}, bias[2] = {10, 20};
    const float input[6] = {1, 0, -1, 2, 2, 2}, wanted[4] = {8, 18, 22, 50};
    ckpt *c = new_sequential(NULL);
    add_linear(ckpt_root(c), "0", 3, 2, weight, bias);
    expect_rows(c, 2, 3, input, 4, wanted);
    ckpt_free(c);
}
END_TEST

START_TEST(test_linear_without_bias_and_attributes) {
    const float weight[6] = {1, 2, 3, 4, 5, 6}, input[3] = {1, 0, -1}, wanted[2] = {-2, -2};
    uint64_t shape[2] = {2, 3};
    ckpt *c = one("Linear");
    add_f32(first(c), "weight", 2, shape, weight);
    expect_rows(c, 1, 3, input, 2, wanted);
    ckpt_free(c);
}
END_TEST

START_TEST(test_linear_without_inputs_gives_its_bias) {
    const float bias[2] = {3, 4}, wanted[4] = {3, 4, 3, 4};
    ckpt *c = new_sequential(NULL);
    add_linear(ckpt_root(c), "0", 0, 2, NULL, bias);
    expect_rows(c, 2, 0, NULL, 4, wanted);
    ckpt_free(c);
}
END_TEST

START_TEST(test_relu) {
    const float input[4] = {-1.5f, 0, 2, NAN}, wanted[4] = {0, 0, 2, NAN};
    expect_operator(one("ReLU"), input, wanted);
}
END_TEST

START_TEST(test_leaky_relu) {
    const float input[4] = {-2, 0, 2, NAN};
    const float by_default[4] = {-0.02f, 0, 2, NAN}, wanted[4] = {-1, 0, 2, NAN};
    expect_operator(one("LeakyReLU"), input, by_default);
    ckpt *c = one("LeakyReLU");
    set(first(c), "negative_slope", ckpt_float(0.5));
    set(first(c), "inplace", ckpt_bool(true));
    expect_operator(c, input, wanted);
    const float doubled[4] = {-4, 0, 2, NAN};
    c = one("LeakyReLU");
    set(first(c), "negative_slope", ckpt_int(2));
    expect_operator(c, input, doubled);
}
END_TEST

START_TEST(test_tanh_and_sigmoid) {
    const float input[4] = {0, 1, -INFINITY, NAN};
    const float tanh_wanted[4] = {0, 0.761594156f, -1, NAN};
    const float sigmoid_wanted[4] = {0.5f, 0.731058579f, 0, NAN};
    expect_operator(one("Tanh"), input, tanh_wanted);
    expect_operator(one("Sigmoid"), input, sigmoid_wanted);
}
END_TEST

START_TEST(test_silu) {
    const float input[4] = {0, 1, -1, NAN}, wanted[4] = {0, 0.731058579f, -0.268941421f, NAN};
    expect_operator(one("SiLU"), input, wanted);
}
END_TEST

START_TEST(test_gelu) {
    const float input[4] = {0, 1, -1, NAN};
    const float exact[4] = {0, 0.841344746f, -0.158655254f, NAN};
    const float by_tanh[4] = {0, 0.841191991f, -0.158808009f, NAN};
    expect_operator(one("GELU"), input, exact);
    ckpt *c = one("GELU");
    set(first(c), "approximate", ckpt_string("tanh"));
    expect_operator(c, input, by_tanh);
}
END_TEST

/* exp of 0, ln 2, ln 3, ln 4 add up to 10. */
START_TEST(test_softmax_and_log_softmax) {
    const float input[4] = {100, 100.693147f, 101.098612f, 101.386294f};
    const float softmax[4] = {0.1f, 0.2f, 0.3f, 0.4f};
    ckpt *c = one("Softmax");
    set(first(c), "dim", ckpt_int(-1));
    ckpt_net *net = build(c);
    float output[4];
    uint64_t shape[1] = {4};
    ckpt_error err;
    must(ckpt_net_forward(net, 1, shape, input, output, 4, &err), &err);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq_tol(output[i], softmax[i], 2e-6f);
    ckpt_net_free(net);
    must(ckpt_set_module_type(first(c), "LogSoftmax", &err), &err);
    net = build(c);
    must(ckpt_net_forward(net, 1, shape, input, output, 4, &err), &err);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq_tol(output[i], logf(softmax[i]), 1e-5f);
    ckpt_net_free(net);
    ckpt_free(c);
}
END_TEST

START_TEST(test_softmax_along_the_first_dimension) {
    const float input[4] = {0, 5, 0, -INFINITY}, wanted[4] = {0.5f, 1, 0.5f, 0};
    ckpt *c = one("Softmax");
    set(first(c), "dim", ckpt_int(0));
    expect_rows(c, 2, 2, input, 4, wanted);
    ckpt_free(c);
}
END_TEST

START_TEST(test_identity_and_dropout_pass_on) {
    const float input[4] = {1, -2, NAN, INFINITY};
    ckpt *c = one("Identity");
    set(first(c), "whatever", ckpt_string("x"));
    add(ckpt_root(c), "1", "Dropout");
    set(ckpt_module_at(ckpt_root(c), 1), "p", ckpt_int(1));
    expect_operator(c, input, input);
    expect_operator(new_sequential(NULL), input, input);
}
END_TEST

static void expect_flattened(int64_t start, int64_t end, uint32_t rank, const uint64_t *shape,
                             uint32_t wanted_rank, const uint64_t *wanted) {
    uint64_t got[64];
    uint32_t got_rank = 99;
    ckpt_error err;
    ckpt *c = one("Flatten");
    set(first(c), "start_dim", ckpt_int(start));
    set(first(c), "end_dim", ckpt_int(end));
    ckpt_net *net = build(c);
    must(ckpt_net_output_shape(net, rank, shape, &got_rank, got, &err), &err);
    ck_assert_uint_eq(got_rank, wanted_rank);
    for (uint32_t i = 0; i < wanted_rank; i++)
        ck_assert_uint_eq(got[i], wanted[i]);
    ckpt_net_free(net);
    ckpt_free(c);
}

START_TEST(test_flatten) {
    const uint64_t shape[4] = {2, 3, 4, 5};
    const uint64_t rows[2] = {2, 60}, middle[3] = {2, 12, 5}, all[1] = {120}, scalar[1] = {1};
    expect_flattened(1, -1, 4, shape, 2, rows);
    expect_flattened(-3, 2, 4, shape, 3, middle);
    expect_flattened(0, 3, 4, shape, 1, all);
    expect_flattened(2, 2, 4, shape, 4, shape);
    expect_flattened(0, -1, 0, NULL, 1, scalar);
}
END_TEST

static void read_page(char *page, size_t size) {
    FILE *file = fopen(OPERATORS_PAGE, "rb");
    ck_assert_ptr_nonnull(file);
    size_t count = fread(page, 1, size - 1, file);
    page[count] = '\0';
    ck_assert_uint_lt(count, size - 1);
    ck_assert_int_eq(fclose(file), 0);
}

/* The row of the page's table that begins with the type; NUL-terminated in place. */
static void find_row(const char *page, const char *type, char *row, size_t size) {
    char head[64];
    (void)snprintf(head, sizeof head, "\n| `%s` |", type);
    const char *begin = strstr(page, head);
    ck_assert_msg(begin != NULL, "no row for %s in the table of operators", type);
    size_t length = strcspn(begin + 1, "\n");
    ck_assert_uint_lt(length, size);
    memcpy(row, begin + 1, length);
    row[length] = '\0';
}

static void expect_quoted(const char *row, const char *name) {
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "`%s`", name);
    ck_assert_msg(strstr(row, quoted) != NULL, "no %s in: %s", quoted, row);
}

START_TEST(test_every_operator_is_described) {
    static char page[1 << 16], row[1024];
    char heading[64];
    const ck_operator *kind;
    size_t count = 0;
    read_page(page, sizeof page);
    for (; (kind = ck_operator_at(count)) != NULL; count++) {
        find_row(page, kind->type, row, sizeof row);
        for (size_t i = 0; kind->attributes != NULL && kind->attributes[i].name != NULL; i++)
            expect_quoted(row, kind->attributes[i].name);
        for (size_t i = 0; kind->weights != NULL && kind->weights[i].name != NULL; i++)
            expect_quoted(row, kind->weights[i].name);
        (void)snprintf(heading, sizeof heading, "\n### %s\n", kind->type);
        ck_assert_msg(strstr(page, heading) != NULL, "no section for %s", kind->type);
    }
    size_t rows = 0;
    for (const char *p = page; (p = strstr(p, "\n| `")) != NULL; p++)
        rows++;
    ck_assert_uint_eq(rows, count);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        test_linear,
        test_linear_without_bias_and_attributes,
        test_linear_without_inputs_gives_its_bias,
        test_relu,
        test_leaky_relu,
        test_tanh_and_sigmoid,
        test_silu,
        test_gelu,
        test_softmax_and_log_softmax,
        test_softmax_along_the_first_dimension,
        test_identity_and_dropout_pass_on,
        test_flatten,
        test_every_operator_is_described,
    };
    return RUN_CASES("operators", tests);
}
