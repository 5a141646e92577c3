/* SPDX-License-Identifier: MIT */
/* Several processes save, edit and read one file at the same time: whoever opens it finds one of
 * the states that somebody wrote, whole, and nothing is left beside it.
 *
 *     test_savers              a sample
 *     test_savers --rounds N   so many for each of the processes
 *
 * Prints TAP. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <ckpt/ckpt.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testfiles.h"

enum { PROCESSES = 8, SAMPLE = 40, NUMBERS = 5000 };

static ckpt_error err;
static atomic_ulong *edits; /* that succeeded, of all processes */

static int fail(const char *what) {
    fprintf(stderr, "# %s: %s\n", what, err.message);
    return 1;
}

/* What a state says: `tag` in the metadata, and as every number of the tensor w. */
static ckpt_status put_tag(ckpt *c, int64_t tag) {
    static float numbers[NUMBERS];
    const uint64_t shape[] = {NUMBERS};
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = (float)tag;
    if (ckpt_module_member_named(ckpt_root(c), "w").kind != CKPT_MEMBER_NONE) {
        ckpt_status status = ckpt_remove(ckpt_root(c), "w", &err);
        if (status != CKPT_OK)
            return status;
    }
    ckpt_status status =
        ckpt_add_parameter(ckpt_root(c), "w", CKPT_F32, 1, shape, numbers, NULL, &err);
    return status == CKPT_OK ? ckpt_map_set(ckpt_metadata(c), "tag", ckpt_int(tag), NULL, &err)
                             : status;
}

static int check_state(ckpt *c) {
    static float numbers[NUMBERS];
    int64_t tag = ckpt_value_int(ckpt_map_get(ckpt_metadata(c), "tag"), -1);
    if (ckpt_verify(c, NULL, NULL, &err) != CKPT_OK)
        return fail("verify");
    if (ckpt_tensor_read(ckpt_module_tensor(ckpt_root(c), "w"), numbers, sizeof numbers, &err) !=
        CKPT_OK)
        return fail("read");
    for (int i = 0; i < NUMBERS; i++) {
        if (numbers[i] < (float)tag || numbers[i] > (float)tag) {
            snprintf(err.message, sizeof err.message, "%lld and %g", (long long)tag,
                     (double)numbers[i]);
            return fail("numbers and metadata are of different states");
        }
    }
    return 0;
}

/* Somebody else may be editing, or have written since. */
static bool may_refuse(ckpt_status status) {
    return status == CKPT_E_MISMATCH || (status == CKPT_E_IO && err.sys_errno == EWOULDBLOCK);
}

static int one_round(const char *path, int64_t tag) {
    ckpt *c;
    if (ckpt_open(path, NULL, &c, &err) != CKPT_OK)
        return fail("open");
    int result = check_state(c);
    if (result == 0 && put_tag(c, tag) != CKPT_OK)
        result = fail("change");
    if (result == 0 && tag % 3 == 0) {
        if (ckpt_save(c, path, NULL, &err) != CKPT_OK)
            result = fail("save");
    } else if (result == 0) {
        ckpt_status status = ckpt_commit(c, NULL, &err);
        if (status != CKPT_OK && !may_refuse(status))
            result = fail("commit");
        if (status == CKPT_OK)
            atomic_fetch_add(edits, 1);
    }
    ckpt_free(c);
    return result;
}

static int work(const char *path, int process, int rounds) {
    for (int i = 0; i < rounds; i++) {
        if (one_round(path, (int64_t)i * PROCESSES + process) != 0)
            return 1;
    }
    return 0;
}

static bool run_all(const char *path, int rounds) {
    bool fine = true;
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        if (child < 0)
            abort();
        if (child == 0)
            _exit(work(path, i, rounds));
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fine = false;
    }
    return fine;
}

int main(int argc, char **argv) {
    int rounds = argc == 3 && strcmp(argv[1], "--rounds") == 0 ? atoi(argv[2]) : SAMPLE;
    test_directory directory = test_directory_create();
    char path[300];
    ckpt *c;
    test_path(&directory, "net.ckpt", path, sizeof path);
    if (ckpt_create(NULL, &c, &err) != CKPT_OK || put_tag(c, 0) != CKPT_OK ||
        ckpt_save(c, path, NULL, &err) != CKPT_OK)
        return fail("begin");
    ckpt_free(c);
    edits = mmap(NULL, sizeof *edits, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (edits == MAP_FAILED)
        abort();
    atomic_init(edits, 0);
    bool fine = run_all(path, rounds) && *edits != 0;
    bool alone = test_directory_count(&directory) == 1;
    printf("1..2\n%s 1 - %d processes, %d rounds each, %lu edits\n", fine ? "ok" : "not ok",
           PROCESSES, rounds, atomic_load(edits));
    printf("%s 2 - nothing is left beside the file\n", alone ? "ok" : "not ok");
    test_directory_remove(&directory);
    return !(fine && alone);
}
