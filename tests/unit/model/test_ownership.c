/* SPDX-License-Identifier: MIT */
/* Attached checkpoints belong to one other, and never to themselves. */
#include "checkmain.h"

static ckpt_error err;

START_TEST(attached_once) {
    ckpt *a, *b, *c;
    assert_ok(ckpt_create(NULL, &a, &err));
    assert_ok(ckpt_create(NULL, &b, &err));
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_attach(a, b, &err));
    assert_status(ckpt_attach(a, b, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_attach(c, b, &err), CKPT_E_ARGUMENT);
    ckpt_free(c);
    ckpt_free(a);
}
END_TEST

START_TEST(no_circle) {
    ckpt *a, *b, *c;
    assert_ok(ckpt_create(NULL, &a, &err));
    assert_ok(ckpt_create(NULL, &b, &err));
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_attach(a, b, &err));
    assert_ok(ckpt_attach(b, c, &err));
    assert_status(ckpt_attach(c, a, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_attach(a, a, &err), CKPT_E_ARGUMENT);
    ckpt_free(a);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ownership");
    TCase *tests = tcase_create("ownership");
    tcase_add_test(tests, attached_once);
    tcase_add_test(tests, no_circle);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
