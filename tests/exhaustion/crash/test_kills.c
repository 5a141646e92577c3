/* SPDX-License-Identifier: MIT */
/* A process that saves, edits and compacts one file without end is killed at random moments: each
 * time the file must be whole, and be what the process said last, or what it was about to write.
 *
 *     test_kills             a sample
 *     test_kills --kills N   that many
 *
 * Prints TAP. */
#include <ckpt/ckpt.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testfiles.h"
#include "testrandom.h"

enum { NUMBERS = 20000, SAMPLE = 40, LONGEST = 25000 /* microseconds */ };

static void must(ckpt_status status, const ckpt_error *err) {
    if (status != CKPT_OK) {
        fprintf(stderr, "%s\n", err->message);
        abort();
    }
}

/* What the file says: `step` in the metadata, and as every number of the tensor w. */
static void put_step(ckpt *c, int64_t step) {
    static float numbers[NUMBERS];
    const uint64_t shape[] = {NUMBERS};
    ckpt_error err;
    ckpt_module root = ckpt_root(c);
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = (float)step;
    if (ckpt_module_member_named(root, "w").kind != CKPT_MEMBER_NONE)
        must(ckpt_remove(root, "w", &err), &err);
    must(ckpt_add_parameter(root, "w", CKPT_F32, 1, shape, numbers, NULL, &err), &err);
    must(ckpt_map_set(ckpt_metadata(c), "step", ckpt_int(step), NULL, &err), &err);
}

/* The step, or -1 with a reason. */
static int64_t read_step(const char *path, const char **ret_reason) {
    static float numbers[NUMBERS];
    ckpt *c;
    ckpt_error err;
    static char message[600];
    if (ckpt_open(path, NULL, &c, &err) != CKPT_OK) {
        snprintf(message, sizeof message, "%s", err.message);
        *ret_reason = message;
        return -1;
    }
    int64_t step = ckpt_value_int(ckpt_map_get(ckpt_metadata(c), "step"), -1);
    ckpt_tensor w = ckpt_module_tensor(ckpt_root(c), "w");
    if (ckpt_verify(c, NULL, NULL, &err) != CKPT_OK ||
        ckpt_tensor_read(w, numbers, sizeof numbers, &err) != CKPT_OK) {
        snprintf(message, sizeof message, "%s", err.message);
        *ret_reason = message;
        step = -1;
    }
    for (int i = 0; i < NUMBERS && step >= 0; i++) {
        if (numbers[i] < (float)step || numbers[i] > (float)step) {
            *ret_reason = "the numbers are of another step than the metadata";
            step = -1;
        }
    }
    ckpt_free(c);
    return step;
}

/* One step: most are edits; every fifth writes the file anew. */
static void work(const char *path, int64_t step) {
    ckpt *c;
    ckpt_error err;
    must(ckpt_open(path, NULL, &c, &err), &err);
    put_step(c, step);
    if (step % 5 == 0)
        must(ckpt_save(c, path, NULL, &err), &err);
    else
        must(ckpt_commit(c, NULL, &err), &err);
    ckpt_free(c);
}

static void work_for_ever(const char *path, int64_t step, int reports) {
    for (;; step++) {
        work(path, step);
        if (write(reports, &step, sizeof step) != (ssize_t)sizeof step)
            _exit(1);
    }
}

/* Lets a process work for a while and kills it; the last step that it has told, or `known`. */
static int64_t work_and_kill(const char *path, int64_t known, uint32_t microseconds) {
    int ends[2];
    if (pipe(ends) != 0)
        abort();
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work_for_ever(path, known + 1, ends[1]);
    }
    close(ends[1]);
    struct timespec pause = {0, (long)microseconds * 1000};
    nanosleep(&pause, NULL);
    kill(child, SIGKILL);
    int status;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        known = -1;
    for (int64_t step; read(ends[0], &step, sizeof step) == (ssize_t)sizeof step;)
        known = known >= 0 ? step : known;
    close(ends[0]);
    return known;
}

int main(int argc, char **argv) {
    int kills = argc == 3 && strcmp(argv[1], "--kills") == 0 ? atoi(argv[2]) : SAMPLE, done = 0;
    test_directory directory = test_directory_create();
    test_random random = {(uint64_t)kills};
    char path[300];
    const char *reason = "";
    ckpt *c;
    ckpt_error err;
    int64_t known = 0, unfinished = 0, total = 0;
    test_path(&directory, "net.ckpt", path, sizeof path);
    must(ckpt_create(NULL, &c, &err), &err);
    put_step(c, 0);
    must(ckpt_save(c, path, NULL, &err), &err);
    ckpt_free(c);
    for (; done < kills && *reason == '\0'; done++) {
        int64_t told = work_and_kill(path, known, 200 + random_below(&random, LONGEST));
        int64_t found = told >= 0 ? read_step(path, &reason) : -1;
        if (told < 0)
            reason = "the process ended by itself";
        else if (found >= 0 && found != told && found != told + 1)
            reason = "a step is lost";
        unfinished += found == told;
        total += told - known;
        known = found;
    }
    /* What killed savers have left, the next one takes away. */
    must(ckpt_open(path, NULL, &c, &err), &err);
    must(ckpt_save(c, path, NULL, &err), &err);
    ckpt_free(c);
    if (*reason == '\0' && test_directory_count(&directory) != 1)
        reason = "something is left beside the file";
    printf("1..1\n%s 1 - killed %d times\n", *reason == '\0' ? "ok" : "not ok", done);
    printf("# %lld steps told, %lld kills found the step before; %s\n", (long long)total,
           (long long)unfinished, reason);
    test_directory_remove(&directory);
    return *reason != '\0';
}
