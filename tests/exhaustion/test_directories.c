/* SPDX-License-Identifier: MIT */
/* Checkpoints that are directories, when any operation on files fails: what is saved is there whole
 * or not at all, and nothing is left behind. (test_operations.c has those that are files.) */
#include "scenarios.h"

#include "checkmain.h"

#include <errno.h>

/* Each operation fails in its turn, until a run has fewer of them. */
static void fail_each(const sweep_case *c, int sys_errno, bool ever_after) {
    sweep *s = sweep_create();
    ckpt_error err;
    ckpt_status status;
    uint64_t failed = 0;
    s->sys_errno = sys_errno;
    s->fail_ever_after = ever_after;
    for (s->fail_at = 1;; s->fail_at++) {
        const char *complaint = sweep_run(s, c->run, &status, &err);
        ck_assert_msg(complaint == NULL, "%s, operation %d: %s", c->name, (int)s->fail_at,
                      complaint);
        if (!sweep_failed(s))
            break;
        failed++;
        ck_assert_msg(status == CKPT_OK || status == CKPT_E_IO || status == CKPT_E_DURABILITY ||
                          status == CKPT_E_NOT_FOUND || status == CKPT_E_EXISTS,
                      "%s, operation %d: %s", c->name, (int)s->fail_at, err.message);
    }
    ck_assert_int_eq(status, CKPT_OK);
    ck_assert_uint_gt(failed, 3);
    sweep_free(s);
}

START_TEST(every_operation_fails) {
    static const int errnos[] = {EIO, ENOSPC, EACCES};
    for (size_t i = 0; i < sizeof errnos / sizeof errnos[0]; i++) {
        fail_each(&oneflow_scenarios[_i], errnos[i], false);
        fail_each(&oneflow_scenarios[_i], errnos[i], true);
    }
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("directories");
    tcase_add_loop_test(tests, every_operation_fails, 0, (int)sweep_case_count(oneflow_scenarios));
    Suite *suite = suite_create("exhaustion directories");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
