/* SPDX-License-Identifier: MIT */
/* A loss of power at any moment leaves the old file or the new one; and a library that forgets a
 * sync or the rename is found out.
 *
 *     test_crash                    a sample
 *     test_crash --scenarios        of that, what the library does as it is
 *     test_crash --states N [SEED]  until N different states have been looked at, exhaustively
 *                                   where at most 12 changes are pending, else 1000 at random
 *
 * Prints TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash.h"

/* The syncs of an edit: of the current slot, the intent, the new bytes, the commit. */
enum { EDIT_SYNCS = 4 };

static int tests, failures;

static void report(bool passed, const char *name, const crash_result *r) {
    printf("%s %d - %s\n", passed ? "ok" : "not ok", ++tests, name);
    printf("# %llu states: %llu old (%llu of them recovered), %llu new, %llu violations\n",
           (unsigned long long)r->states, (unsigned long long)r->old_states,
           (unsigned long long)r->recovered, (unsigned long long)r->new_states,
           (unsigned long long)r->violations);
    if (r->violations != 0)
        printf("# first: %s\n", r->first_violation);
    failures += !passed;
}

static const crash_scenario *scenario_named(const char *name) {
    for (size_t i = 0; i < crash_scenario_count; i++) {
        if (strcmp(crash_scenarios[i].name, name) == 0)
            return &crash_scenarios[i];
    }
    abort();
}

static void test_sample(const crash_scenario *scenario) {
    crash_result result = {0};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        crash_settings settings = {.seed = seed,
                                   .states_per_change = 24,
                                   .again = seed == 1,
                                   .largest_write = seed == 2 ? 1000 : 0};
        crash_run(scenario, &settings, &result);
    }
    report(result.violations == 0 && result.states > 100 && result.new_states != 0 &&
               result.old_states != 0,
           scenario->name, &result);
}

/* A library without this call: what it leaves must be found to be wrong. */
static void test_mutant(const char *name, const char *scenario, crash_settings settings) {
    crash_result result = {0};
    settings.seed = 1;
    settings.states_per_change = 64;
    crash_run(scenario_named(scenario), &settings, &result);
    report(result.violations != 0, name, &result);
}

static void test_mutants(void) {
    crash_settings no_sync = {.dropped_syncs = UINT64_MAX};
    crash_settings no_directory = {.drops_directory_syncs = true};
    crash_settings no_rename = {.copies_for_rename = true};
    test_mutant("a save without fsync is caught", "save", no_sync);
    test_mutant("a save over without fsync is caught", "save over", no_sync);
    test_mutant("a save without fsync of the directory is caught", "save", no_directory);
    test_mutant("a save over without fsync of the directory is caught", "save over", no_directory);
    test_mutant("a save over without rename is caught", "save over", no_rename);
    test_mutant("compacting without fsync is caught", "compact", no_sync);
    test_mutant("compacting without rename is caught", "compact", no_rename);
    test_mutant("a save in shards without fsync is caught", "save in shards", no_sync);
    test_mutant("a save in shards without fsync of the directory is caught",
                "save in shards over shards", no_directory);
    static const char *const steps[EDIT_SYNCS] = {"", "intent", "appended bytes", "commit"};
    for (unsigned step = 1; step < EDIT_SYNCS; step++) {
        char name[80];
        crash_settings one = {.dropped_syncs = (uint64_t)1 << step};
        snprintf(name, sizeof name, "an edit without fsync of the %s is caught", steps[step]);
        test_mutant(name, "edit", one);
    }
}

/* A sync fails, and the system forgets what it should have written: the work has failed, and what
 * is there is still whole, also while the work is done again. */
static void test_failing_syncs(const char *scenario, unsigned syncs) {
    crash_result result = {0};
    char name[80];
    for (unsigned sync = 0; sync < syncs; sync++) {
        crash_settings settings = {.seed = 3, .states_per_change = 64};
        settings.failing_syncs = (uint64_t)1 << sync;
        crash_run(scenario_named(scenario), &settings, &result);
    }
    snprintf(name, sizeof name, "%s: each sync fails and loses what it had", scenario);
    report(result.violations == 0 && result.new_states != 0, name, &result);
}

/* Each scenario with one model after the other, until it has its share of the states. */
static void run_many(const crash_scenario *scenario, uint64_t wanted, uint64_t first) {
    crash_result totals = {0};
    uint64_t seed = first;
    for (; totals.states < wanted && totals.violations == 0; seed++) {
        crash_settings settings = {
            .seed = seed, .again = true, .largest_write = seed % 3 == 2 ? 3000 : 0};
        crash_run(scenario, &settings, &totals);
    }
    char name[80];
    snprintf(name, sizeof name, "%s, seeds %llu to %llu", scenario->name, (unsigned long long)first,
             (unsigned long long)seed - 1);
    report(totals.violations == 0, name, &totals);
}

int main(int argc, char **argv) {
    if (argc >= 3 && strcmp(argv[1], "--states") == 0) {
        uint64_t wanted = strtoull(argv[2], NULL, 10) / crash_scenario_count + 1;
        for (size_t i = 0; i < crash_scenario_count; i++)
            run_many(&crash_scenarios[i], wanted, argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    } else {
        for (size_t i = 0; i < crash_scenario_count; i++)
            test_sample(&crash_scenarios[i]);
        if (argc == 1)
            test_mutants();
        test_failing_syncs("save", 1);
        test_failing_syncs("save over", 1);
        test_failing_syncs("edit again", EDIT_SYNCS);
        test_failing_syncs("compact", 1);
    }
    printf("1..%d\n", tests);
    return failures != 0;
}
