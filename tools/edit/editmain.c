/* SPDX-License-Identifier: MIT */
/* ckpt-edit: changes a .ckpt file in place. All the changes of one call are one new generation. */
#include "edit.h"

#include <inttypes.h>
#include <stdio.h>

#include "../common/numbertext.h"
#include "../common/tooloptions.h"

static void print_summary(ckpt *c, uint64_t old_size) {
    ckpt_file_info info = ckpt_describe_file(c);
    textbuf t = {0};
    text_add_escaped(&t, info.path, 0);
    text_addf(&t, ": generation %" PRIu64, info.generation);
    if (info.file_size >= old_size)
        text_addf(&t, ", %s appended", number_of_bytes(info.file_size - old_size).text);
    puts(text_string(&t));
    text_free(&t);
}

static int change(ckpt *c, const edit_options *o) {
    ckpt_error err;
    ckpt_generation open = {0};
    ckpt_generations(c, &open, 1);
    for (size_t i = 0; i < o->command_count; i++) {
        int status = edit_apply(c, &o->commands[i]);
        if (status != TOOL_FINE)
            return status;
    }
    if (ckpt_commit(c, &o->save, &err) != CKPT_OK)
        return tool_fail(EDIT, "%s", err.message);
    if (!o->quiet)
        print_summary(c, open.index_offset + open.index_size);
    return TOOL_FINE;
}

static int edit(const edit_options *o) {
    ckpt_open_options open = {
        .struct_size = sizeof open, .access = CKPT_ACCESS_READ, .formats = "ckpt"};
    ckpt_error err;
    ckpt *c;
    if (ckpt_open(o->path, &open, &c, &err) != CKPT_OK)
        return tool_fail(EDIT, "%s", err.message);
    const char *recovered = ckpt_describe_file(c).recovered;
    if (*recovered != '\0')
        tool_fail(EDIT, "warning: %s", recovered);
    int status = change(c, o);
    ckpt_free(c);
    return status;
}

int main(int argc, char **argv) {
    edit_options options = {0};
    int status = edit_read_options(argc, argv, &options);
    if (status < 0)
        status = edit(&options);
    edit_free_options(&options);
    return tool_finish(EDIT, status);
}
