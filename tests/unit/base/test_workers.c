/* SPDX-License-Identifier: MIT */
/* Work split over threads: every item once, each worker number in one place at a time. */
#include "base/workers.h"
#include "checkmain.h"

#include <stdatomic.h>
#include <string.h>

enum { ITEMS = 1000 };

static struct {
    atomic_uint done[ITEMS];
    atomic_uint busy[CK_MAX_WORKERS];
    unsigned workers;
    atomic_bool wrong;
} seen;

static void note(void *ctx, unsigned worker, size_t i) {
    if (ctx != &seen || worker >= seen.workers || i >= ITEMS ||
        atomic_fetch_add(&seen.busy[worker], 1) != 0) {
        atomic_store(&seen.wrong, true);
        return;
    }
    atomic_fetch_add(&seen.done[i], 1);
    atomic_fetch_sub(&seen.busy[worker], 1);
}

START_TEST(every_item_is_done_once) {
    static const unsigned counts[] = {1, 2, 3, 8, CK_MAX_WORKERS};
    memset(&seen, 0, sizeof seen);
    seen.workers = counts[_i];
    for (size_t items = 0; items <= ITEMS; items += items < 5 ? 1 : 199) {
        for (size_t i = 0; i < ITEMS; i++)
            atomic_store(&seen.done[i], 0);
        ck_work(seen.workers, items, note, &seen);
        ck_assert(!atomic_load(&seen.wrong));
        for (size_t i = 0; i < ITEMS; i++)
            ck_assert_uint_eq(atomic_load(&seen.done[i]), i < items);
    }
}
END_TEST

START_TEST(there_are_no_more_workers_than_items_or_than_the_limit) {
    ck_assert_uint_eq(ck_worker_count(1, 100), 1);
    ck_assert_uint_eq(ck_worker_count(7, 100), 7);
    ck_assert_uint_eq(ck_worker_count(7, 3), 3);
    ck_assert_uint_eq(ck_worker_count(7, 0), 1);
    ck_assert_uint_eq(ck_worker_count(1000000, 1000000), CK_MAX_WORKERS);
    unsigned all = ck_worker_count(0, 1000000);
    ck_assert_uint_ge(all, 1);
    ck_assert_uint_le(all, CK_MAX_WORKERS);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("workers");
    TCase *tests = tcase_create("workers");
    tcase_add_loop_test(tests, every_item_is_done_once, 0, 5);
    tcase_add_test(tests, there_are_no_more_workers_than_items_or_than_the_limit);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
