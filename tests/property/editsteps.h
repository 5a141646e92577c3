/* SPDX-License-Identifier: MIT */
/* Random changes, done to a checkpoint and to the naive model alike. */
#ifndef EDITSTEPS_H
#define EDITSTEPS_H

#include "referencemodel.h"
#include "testrandom.h"

typedef struct editor {
    test_random random;
    reference model;
    ckpt *c;
    void *bytes; /* of the file that c was opened from */
} editor;

/* One change, perhaps one that must be refused; or a save, after which it goes on with what comes
 * back from the file. The handles in the model must be right (reference_compare). */
void edit_step(editor *e);

#endif
