/* SPDX-License-Identifier: MIT */
/* Which tensors the patterns select. */
#include <stdlib.h>

#include "../common/glob.h"
#include "inspect.h"

bool inspect_selects(const inspection *in, const char *name, size_t size) {
    const inspect_options *o = &in->options;
    for (size_t i = 0; i < o->pattern_count; i++) {
        if (glob_matches_name_or_module(o->patterns[i], name, size))
            return true;
    }
    return o->pattern_count == 0;
}

/* Takes the patterns that fit a name off the list of those that still want one. */
static void strike_out(const char **wanting, size_t *count, const char *name, size_t size) {
    for (size_t i = *count; i-- > 0;) {
        if (glob_matches_name_or_module(wanting[i], name, size))
            wanting[i] = wanting[--*count];
    }
}

int inspect_check_patterns(const inspection *in) {
    const inspect_options *o = &in->options;
    size_t count = o->pattern_count;
    if (count == 0)
        return TOOL_FINE;
    const char **wanting = tool_new(count, sizeof *wanting);
    for (size_t i = 0; i < count; i++)
        wanting[i] = o->patterns[i];
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_error err;
    int status = TOOL_FINE;
    if (ckpt_walk_create(ckpt_root(in->c), CKPT_WALK_STATE_DICT, &walk, &err) != CKPT_OK) {
        status = tool_fail(INSPECT, "%s", err.message);
    } else {
        while (count != 0 && ckpt_walk_next(walk, &item))
            strike_out(wanting, &count, item.name, item.name_size);
        ckpt_walk_free(walk);
        if (count != 0)
            status =
                tool_fail(INSPECT, "%s: no tensor or module matches '%s'", o->path, wanting[0]);
    }
    free(wanting);
    return status;
}
