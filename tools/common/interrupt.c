/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

enum { SIGNALS = sizeof signals / sizeof signals[0] };

/* A handler has nowhere else to leave it. */
static volatile sig_atomic_t came;
static struct sigaction before[SIGNALS];

static void note(int number) {
    came = number;
}

void interrupt_begin(void) {
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    came = 0;
    for (int i = 0; i < SIGNALS; i++) {
        if (sigaction(signals[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

bool interrupt_came(void) {
    return came != 0;
}

bool interrupt_progress(void *ctx, uint64_t done, uint64_t total) {
    (void)ctx;
    (void)done;
    (void)total;
    return !interrupt_came();
}

void interrupt_end(void) {
    for (int i = 0; i < SIGNALS; i++) {
        if (before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &before[i], NULL);
    }
    /* Whoever waits for the program shall see what ended it. */
    if (came != 0)
        raise(came);
}
