/* SPDX-License-Identifier: MIT */
#include "base/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

typedef struct work {
    ck_task *task;
    void *ctx;
    size_t items;
    atomic_size_t next;
} work;

typedef struct hand {
    work *work;
    unsigned number;
    pthread_t thread;
} hand;

unsigned ck_worker_count(unsigned threads, size_t items) {
    size_t count = threads;
    if (threads == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        count = processors > 0 ? (size_t)processors : 1;
    }
    if (count > CK_MAX_WORKERS)
        count = CK_MAX_WORKERS;
    if (count > items)
        count = items;
    return count > 0 ? (unsigned)count : 1;
}

static void *work_on(void *ctx) {
    hand *h = ctx;
    work *w = h->work;
    for (;;) {
        size_t i = atomic_fetch_add(&w->next, 1);
        if (i >= w->items)
            return NULL;
        w->task(w->ctx, h->number, i);
    }
}

/* Signals are for the threads of the program, which knows nothing of these. */
static unsigned start(hand *hands, unsigned workers, work *w) {
    sigset_t all, before;
    unsigned started = 1;
    if (workers <= 1)
        return started;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < workers) {
        hand *h = &hands[started];
        h->work = w;
        h->number = started;
        if (pthread_create(&h->thread, NULL, work_on, h) != 0)
            break;
        started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

void ck_work_beside(unsigned workers, size_t items, ck_task *task, void *ctx,
                    void (*own)(void *own_ctx), void *own_ctx) {
    hand hands[CK_MAX_WORKERS];
    work w = {task, ctx, items, 0};
    unsigned started = start(hands, workers, &w);
    if (own != NULL)
        own(own_ctx);
    hands[0].work = &w;
    hands[0].number = 0;
    work_on(&hands[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(hands[i].thread, NULL);
}

void ck_work(unsigned workers, size_t items, ck_task *task, void *ctx) {
    ck_work_beside(workers, items, task, ctx, NULL, NULL);
}
