/* SPDX-License-Identifier: MIT */
/* The checkpoint on a simulated disk, as programs see it after a restart. */
#ifndef SHOWN_H
#define SHOWN_H

#include "crash.h"

typedef struct shown {
    simfs fs;
    ckpt *c;
} shown;

/* To be hidden after a failure, too. */
ckpt_status show(shown *s, const sim_disk *disk, ckpt_error *err);
/* Verifies it as well, with all that it names. */
ckpt_status show_whole(shown *s, const sim_disk *disk, ckpt_error *err);
void hide(shown *s);

#endif
