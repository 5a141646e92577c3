/* SPDX-License-Identifier: MIT */
/* Opens the file, and prints the number of its tensors and the milliseconds that it took:
 * bench_gguf FILE. For bench_gguf.py. */
#include <ckpt/ckpt.h>

#include <stdio.h>
#include <time.h>

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
    ckpt *c;
    ckpt_error err;
    if (argc != 2)
        return 2;
    double begin = milliseconds();
    if (ckpt_open(argv[1], NULL, &c, &err) != CKPT_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    double end = milliseconds();
    printf("%u %.3f\n", (unsigned)ckpt_tensor_count(c), end - begin);
    ckpt_free(c);
    return 0;
}
