/* SPDX-License-Identifier: MIT */
/* The identity of the model. */
#include <stdio.h>

#include "inspect.h"

int view_digest(const inspection *in) {
    uint8_t digest[CKPT_DIGEST_SIZE];
    ckpt_error err;
    if (ckpt_digest(in->c, NULL, digest, &err) != CKPT_OK)
        return tool_fail(INSPECT, "%s", err.message);
    for (int i = 0; i < CKPT_DIGEST_SIZE; i++)
        printf("%02x", (unsigned)digest[i]);
    putchar('\n');
    return TOOL_FINE;
}
