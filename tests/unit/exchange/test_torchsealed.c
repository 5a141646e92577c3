/* SPDX-License-Identifier: MIT */
/* Reading a stranger's file that is in memory makes no system call: the kernel kills who makes one.
 *
 *     test_torchsealed FILE...
 */
/* prctl and the system calls by number are Linux's. */
#define _DEFAULT_SOURCE
#include <ckpt/ckpt.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testfiles.h"

/* Memory that is there before the seal. Nothing is given back. */
static unsigned char arena[64 << 20];
static size_t used;

static void *resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    (void)ctx;
    size_t room = (new_size + 63) / 64 * 64;
    if (new_size == 0 || room > sizeof arena - used)
        return NULL;
    void *moved = arena + used;
    used += room;
    if (block != NULL)
        memcpy(moved, block, old_size < new_size ? old_size : new_size);
    return moved;
}

static void read_tensors(ckpt *c) {
    static unsigned char bytes[1 << 16];
    for (uint32_t i = 0; i < ckpt_tensor_count(c); i++) {
        ckpt_tensor tensor = ckpt_tensor_by_id(c, i);
        ckpt_error err;
        if (ckpt_tensor_nbytes(tensor) <= sizeof bytes)
            (void)!ckpt_tensor_read(tensor, bytes, (size_t)ckpt_tensor_nbytes(tensor), &err);
    }
}

/* Ends with 0, or with 1 for a file that was refused. */
static void read_sealed(const void *bytes, size_t size) {
    ckpt_allocator allocator = {resize, NULL};
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &allocator};
    ckpt *c;
    ckpt_error err;
    options.threads = 1;
    memset(arena, 0, 1 << 20);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
        _exit(2);
    int result = 1;
    if (ckpt_open_memory(bytes, size, "f", &options, &c, &err) == CKPT_OK) {
        read_tensors(c);
        result = 0;
    }
    syscall(SYS_exit, result);
}

/* -1 when it was killed, -2 when there is no such seal. */
static int run_child(const char *path, bool breaks_it) {
    size_t size;
    int status;
    void *bytes = test_read_file(path, &size);
    pid_t child = fork();
    if (child == 0 && breaks_it && prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0)
        (void)getppid();
    if (child == 0)
        read_sealed(bytes, size);
    free(bytes);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -2;
    if (WIFSIGNALED(status))
        return -1;
    return WEXITSTATUS(status) == 2 ? -2 : WEXITSTATUS(status);
}

int main(int argc, char **argv) {
    int failed = 0;
    if (argc < 2 || run_child(argv[1], true) == -2) {
        printf("1..0 # SKIP processes cannot be sealed here\n");
        return 0;
    }
    printf("1..%d\n", argc);
    int broken = run_child(argv[1], true);
    printf("%s 1 - a system call is seen\n", broken == -1 ? "ok" : "not ok");
    failed += broken != -1;
    for (int i = 1; i < argc; i++) {
        int result = run_child(argv[i], false);
        bool is_weapon = strstr(argv[i], "system") != NULL;
        bool fine = result == (is_weapon ? 1 : 0);
        printf("%s %d - %s\n", fine ? "ok" : "not ok", i + 1, argv[i]);
        failed += !fine;
    }
    return failed != 0;
}

#else

int main(void) {
    printf("1..0 # SKIP Linux only\n");
    return 0;
}

#endif
