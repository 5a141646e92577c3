/* SPDX-License-Identifier: MIT */
/* Random changes, some of them impossible, done to a checkpoint and to a naive model of it: both
 * must agree on what is refused and on all that comes of the rest, before and after a save.
 * Usage: test_edits [SEEDS [FIRST]] */
#include "checkmain.h"
#include "editsteps.h"

#include <stdio.h>
#include <string.h>

static uint64_t seeds = 250, first_seed = 1;

enum { STEPS = 150 };

START_TEST(changes_are_as_in_the_naive_model) {
    static editor e;
    char why[256];
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
        memset(&e, 0, sizeof e);
        e.random.state = seed;
        e.model.module_count = 1;
        ckpt_error err;
        assert_ok(ckpt_create(NULL, &e.c, &err));
        e.model.modules[0].handle = ckpt_root(e.c);
        for (int i = 0; i < STEPS; i++) {
            edit_step(&e);
            const char *difference = reference_compare(&e.model, e.c, why, sizeof why);
            quick_assert_msg(difference == NULL, "seed %llu, step %d: %s", (unsigned long long)seed,
                             i, difference);
        }
        ckpt_free(e.c);
        free(e.bytes);
    }
}
END_TEST

int main(int argc, char **argv) {
    Suite *suite = suite_create("edits");
    TCase *tests = tcase_create("edits");
    seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : seeds;
    first_seed = argc > 2 ? strtoull(argv[2], NULL, 10) : first_seed;
    printf("# seeds %llu to %llu\n", (unsigned long long)first_seed,
           (unsigned long long)(first_seed + seeds - 1));
    tcase_add_test(tests, changes_are_as_in_the_naive_model);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
