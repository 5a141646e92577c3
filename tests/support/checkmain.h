/* SPDX-License-Identifier: MIT */
/* What every unit test with Check needs: a main that prints TAP, and assertions for statuses. */
#ifndef CHECKMAIN_H
#define CHECKMAIN_H

#include <check.h>
#include <ckpt/ckpt.h>

#include <stdlib.h>

/* call is an expression that ends in a function taking &err, a ckpt_error that must be in scope. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        ckpt_status got_ = (call);                                                                 \
        if (got_ != CKPT_OK)                                                                       \
            ck_abort_msg("%s: %s: %s", #call, ckpt_status_name(got_), err.message);                \
    } while (0)

#define assert_status(call, wanted)                                                                \
    do {                                                                                           \
        ckpt_status got_ = (call);                                                                 \
        if (got_ != (wanted))                                                                      \
            ck_abort_msg("%s: %s, not %s", #call, ckpt_status_name(got_),                          \
                         ckpt_status_name(wanted));                                                \
    } while (0)

/* For loops: ck_assert tells Check each time where it is, which takes a system call. */
#define quick_assert(condition)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("Assertion '%s' failed", #condition);                                     \
    } while (0)

#define quick_assert_msg(condition, ...)                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

/* Runs the suite and returns what main returns. */
static inline int run_suite(Suite *suite) {
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
