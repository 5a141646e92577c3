/* SPDX-License-Identifier: MIT */
/* Every file operation of every scenario fails in every way it may. */
#include "checkmain.h"
#include "scenarios.h"

#include <stdio.h>

static void sweep_case_at(const sweep_case *cases, int i) {
    sweep *s = sweep_create();
    sweep_result result;
    sweep_operations(s, &cases[i], &result);
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

/* Whatever the system transfers at once, and however often it is interrupted, it comes to the
 * same. */
static void run_slowly(const sweep_case *c, size_t largest_transfer, bool interrupts) {
    sweep *s = sweep_create();
    ckpt_status status;
    ckpt_error err;
    s->files.largest_transfer = largest_transfer;
    s->files.interrupts = interrupts;
    const char *complaint = sweep_run(s, c->run, &status, &err);
    ck_assert_msg(status == CKPT_OK && complaint == NULL, "%s, %zu bytes at once: %s %s", c->name,
                  largest_transfer, complaint, err.message);
    sweep_free(s);
}

static void run_all_slowly(const sweep_case *cases, int i) {
    run_slowly(&cases[i], 7, false);
    run_slowly(&cases[i], 4095, true);
    run_slowly(&cases[i], 0, true);
}

START_TEST(parts) {
    sweep_case_at(part_scenarios, _i);
}
END_TEST

START_TEST(reading_in_small_pieces) {
    run_all_slowly(reading_scenarios, _i);
}
END_TEST

START_TEST(saving_in_small_pieces) {
    run_all_slowly(saving_scenarios, _i);
}
END_TEST

START_TEST(parts_in_small_pieces) {
    run_all_slowly(part_scenarios, _i);
}
END_TEST

START_TEST(texts_and_nets_in_small_pieces) {
    run_all_slowly(text_scenarios, _i);
}
END_TEST

START_TEST(texts_and_nets) {
    sweep_case_at(text_scenarios, _i);
}
END_TEST

START_TEST(archives) {
    sweep_case_at(archive_scenarios, _i);
}
END_TEST

START_TEST(archives_in_small_pieces) {
    run_all_slowly(archive_scenarios, _i);
}
END_TEST

START_TEST(gguf) {
    sweep_case_at(gguf_scenarios, _i);
}
END_TEST

START_TEST(gguf_in_small_pieces) {
    run_all_slowly(gguf_scenarios, _i);
}
END_TEST

START_TEST(exchange) {
    sweep_case_at(exchange_scenarios, _i);
}
END_TEST

START_TEST(exchange_in_small_pieces) {
    run_all_slowly(exchange_scenarios, _i);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("operations");
    TCase *tests = tcase_create("operations");
    int reading_count = (int)sweep_case_count(reading_scenarios);
    int text_count = (int)sweep_case_count(text_scenarios);
    int archive_count = (int)sweep_case_count(archive_scenarios);
    int saving_count = (int)sweep_case_count(saving_scenarios);
    tcase_add_loop_test(tests, reading, 0, reading_count);
    tcase_add_loop_test(tests, saving, 0, saving_count);
    int part_count = (int)sweep_case_count(part_scenarios);
    tcase_add_loop_test(tests, parts, 0, part_count);
    tcase_add_loop_test(tests, parts_in_small_pieces, 0, part_count);
    tcase_add_loop_test(tests, reading_in_small_pieces, 0, reading_count);
    tcase_add_loop_test(tests, saving_in_small_pieces, 0, saving_count);
    tcase_add_loop_test(tests, texts_and_nets, 0, text_count);
    tcase_add_loop_test(tests, texts_and_nets_in_small_pieces, 0, text_count);
    tcase_add_loop_test(tests, archives, 0, archive_count);
    tcase_add_loop_test(tests, archives_in_small_pieces, 0, archive_count);
    tcase_add_loop_test(tests, gguf, 0, (int)sweep_case_count(gguf_scenarios));
    tcase_add_loop_test(tests, gguf_in_small_pieces, 0, (int)sweep_case_count(gguf_scenarios));
    int exchange_count = (int)sweep_case_count(exchange_scenarios);
    tcase_add_loop_test(tests, exchange, 0, exchange_count);
    tcase_add_loop_test(tests, exchange_in_small_pieces, 0, exchange_count);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
