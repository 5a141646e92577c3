/* SPDX-License-Identifier: MIT */
#include "sweep.h"

#include <stdio.h>

static bool judge(sweep *s, ckpt_status status, const ckpt_error *err, const char **ret_complaint) {
    if (*ret_complaint != NULL)
        return false;
    if (!sweep_failed(s)) {
        *ret_complaint = status == CKPT_OK ? NULL : "failed although no allocation did";
    } else if (status != CKPT_E_NOMEM) {
        *ret_complaint = "did not fail for want of memory";
    } else if (!sweep_target_is_old(s)) {
        *ret_complaint = "the old file was changed by a save that failed";
    } else if (err->status != CKPT_E_NOMEM) {
        *ret_complaint = "the error does not say so";
    }
    return *ret_complaint == NULL;
}

static bool sweep_once(sweep *s, const sweep_case *c, sweep_result *result) {
    for (s->fail_at = 1;; s->fail_at++) {
        ckpt_status status;
        ckpt_error err;
        const char *complaint = sweep_run(s, c->run, &status, &err);
        bool failed = sweep_failed(s);
        result->runs++;
        if (!judge(s, status, &err, &complaint)) {
            snprintf(result->complaint, sizeof result->complaint,
                     "%s, request %llu%s: %s (%s: %.200s)", c->name, (unsigned long long)s->fail_at,
                     s->fail_ever_after ? " and all behind" : "", complaint,
                     ckpt_status_name(status), err.message);
            return false;
        }
        if (!failed)
            return true;
    }
}

void sweep_allocations(sweep *s, const sweep_case *c, sweep_result *ret_result) {
    ret_result->runs = 0;
    ret_result->complaint[0] = '\0';
    s->fails_memory = true;
    s->fail_ever_after = false;
    if (!sweep_once(s, c, ret_result))
        return;
    s->fail_ever_after = true;
    sweep_once(s, c, ret_result);
}
