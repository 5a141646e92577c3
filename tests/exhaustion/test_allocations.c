/* SPDX-License-Identifier: MIT */
/* Every allocation of every scenario fails, once and from then on: the call fails with
 * CKPT_E_NOMEM, nothing leaks, outputs and old files are untouched, and handles still work. */
#include "checkmain.h"
#include "scenarios.h"

#include <stdio.h>

static void sweep_case_at(const sweep_case *cases, int i) {
    sweep *s = sweep_create();
    sweep_result result;
    sweep_allocations(s, &cases[i], &result);
    ck_assert_msg(result.complaint[0] == '\0', "%s", result.complaint);
    printf("# %s: %llu runs\n", cases[i].name, (unsigned long long)result.runs);
    sweep_free(s);
}

START_TEST(reading) {
    sweep_case_at(reading_scenarios, _i);
}
END_TEST

START_TEST(saving) {
    sweep_case_at(saving_scenarios, _i);
}
END_TEST

START_TEST(parts) {
    sweep_case_at(part_scenarios, _i);
}
END_TEST

START_TEST(building) {
    sweep_case_at(building_scenarios, _i);
}
END_TEST

START_TEST(texts_and_nets) {
    sweep_case_at(text_scenarios, _i);
}
END_TEST

START_TEST(oneflow) {
    sweep_case_at(oneflow_scenarios, _i);
}
END_TEST

START_TEST(archives) {
    sweep_case_at(archive_scenarios, _i);
}
END_TEST

START_TEST(gguf) {
    sweep_case_at(gguf_scenarios, _i);
}
END_TEST

START_TEST(gguf_saving) {
    sweep_case_at(gguf_saving_scenarios, _i);
}
END_TEST

START_TEST(exchange) {
    sweep_case_at(exchange_scenarios, _i);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("allocations");
    TCase *tests = tcase_create("allocations");
    tcase_add_loop_test(tests, reading, 0, (int)sweep_case_count(reading_scenarios));
    tcase_add_loop_test(tests, saving, 0, (int)sweep_case_count(saving_scenarios));
    tcase_add_loop_test(tests, parts, 0, (int)sweep_case_count(part_scenarios));
    tcase_add_loop_test(tests, building, 0, (int)sweep_case_count(building_scenarios));
    tcase_add_loop_test(tests, texts_and_nets, 0, (int)sweep_case_count(text_scenarios));
    tcase_add_loop_test(tests, archives, 0, (int)sweep_case_count(archive_scenarios));
    tcase_add_loop_test(tests, gguf, 0, (int)sweep_case_count(gguf_scenarios));
    tcase_add_loop_test(tests, gguf_saving, 0, (int)sweep_case_count(gguf_saving_scenarios));
    tcase_add_loop_test(tests, exchange, 0, (int)sweep_case_count(exchange_scenarios));
    tcase_add_loop_test(tests, oneflow, 0, (int)sweep_case_count(oneflow_scenarios));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
