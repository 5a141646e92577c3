/* SPDX-License-Identifier: MIT */
/* Files of PyTorch are read and written while memory runs out and files fail.
 *
 *     test_torch_faults FILE...
 */
#include "checkmain.h"
#include "sweep.h"

#include <stdio.h>
#include <string.h>

static int file_count;
static char **files;
static const char *file; /* the one that is being read */

static void forget(void *ctx, const ckpt_loss *loss) {
    (void)ctx;
    (void)loss;
}

static ckpt_status open_file(sweep *s, ckpt_access access, ckpt **ret_ckpt, ckpt_error *err) {
    ckpt_open_options options = sweep_open_options(s, access);
    options.on_loss = forget;
    return ckpt_open(file, &options, ret_ckpt, err);
}

static ckpt_status use(ckpt *c, ckpt_error *err) {
    unsigned char bytes[1024];
    ckpt_status status = ckpt_verify(c, NULL, NULL, err);
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_tensor_count(c); i++) {
        ckpt_tensor tensor = ckpt_tensor_by_id(c, i);
        status = ckpt_tensor_read(tensor, bytes, (size_t)ckpt_tensor_nbytes(tensor), err);
    }
    return status;
}

static ckpt_status read_with(sweep *s, ckpt_access access, ckpt_error *err) {
    ckpt *const untouched = (ckpt *)(void *)s;
    ckpt *c = untouched;
    sweep_arm(s);
    ckpt_status status = open_file(s, access, &c, err);
    if (status == CKPT_OK)
        status = use(c, err);
    else
        sweep_expect(s, c == untouched, "a failed open touched its output");
    sweep_disarm(s);
    if (c != untouched)
        ckpt_free(c);
    return status;
}

static ckpt_status read_mapped(sweep *s, ckpt_error *err) {
    return read_with(s, CKPT_ACCESS_MAP, err);
}

static ckpt_status read_into_memory(sweep *s, ckpt_error *err) {
    return read_with(s, CKPT_ACCESS_READ, err);
}

static ckpt_status write_again(sweep *s, ckpt_error *err) {
    ckpt *c = NULL;
    ckpt_save_options options = sweep_save_options(s);
    options.format = "torch";
    options.on_loss = forget;
    sweep_expect(s, open_file(s, CKPT_ACCESS_READ, &c, err) == CKPT_OK, "cannot be opened");
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, s->target, &options, err);
    sweep_disarm(s);
    ckpt_free(c);
    return status;
}

static ckpt_status write_model(sweep *s, ckpt_error *err) {
    ckpt_save_options options = sweep_save_options(s);
    options.format = "torch";
    options.on_loss = forget;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_READ);
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, s->target, &options, err);
    sweep_disarm(s);
    ckpt_free(c);
    return status;
}

static const sweep_case cases[] = {
    {"read, mapped", read_mapped},
    {"read into memory", read_into_memory},
    {"written again", write_again},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static const sweep_case a_model = {"a model", write_model};

typedef void (*sweeping)(sweep *s, const sweep_case *c, sweep_result *ret_result);

static void run_all(sweeping function) {
    sweep_result result;
    sweep *s = sweep_create();
    for (int i = 0; i < file_count; i++) {
        file = files[i];
        for (size_t k = 0; k < CASES; k++) {
            function(s, &cases[k], &result);
            ck_assert_msg(result.complaint[0] == '\0', "%s: %s", file, result.complaint);
            ck_assert_uint_gt(result.runs, 1);
        }
    }
    function(s, &a_model, &result);
    ck_assert_msg(result.complaint[0] == '\0', "%s", result.complaint);
    sweep_free(s);
}

START_TEST(every_allocation) {
    run_all(sweep_allocations);
}
END_TEST

START_TEST(every_operation) {
    run_all(sweep_operations);
}
END_TEST

int main(int argc, char **argv) {
    Suite *suite = suite_create("torch, faults");
    TCase *tests = tcase_create("torch, faults");
    file_count = argc - 1;
    files = argv + 1;
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, every_allocation);
    tcase_add_test(tests, every_operation);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
