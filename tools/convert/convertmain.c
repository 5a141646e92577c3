/* SPDX-License-Identifier: MIT */
/* ckpt-convert: from one format to another, with a report of what was lost on the way. */
#include <locale.h>

#include "convert.h"

static int convert(convert_options *o) {
    ckpt *c;
    int status = conversion_open(&o->out, o->input, &c);
    if (status != TOOL_FINE)
        return status;
    const char *from = ckpt_describe_file(c).format;
    if (convert_has_choices(o))
        status = convert_choose(o, c, &c);
    if (status == TOOL_FINE && o->tie_equal)
        status = convert_tie_equal(o, c);
    if (status == TOOL_FINE)
        status = conversion_save(&o->out, c, from);
    ckpt_free(c);
    return status;
}

int main(int argc, char **argv) {
    convert_options options = {0};
    /* Expressions are about characters, not bytes. */
    setlocale(LC_CTYPE, "");
    int status = convert_read_options(argc, argv, &options);
    if (status < 0)
        status = convert(&options);
    convert_free_options(&options);
    return tool_finish(CONVERT, status);
}
