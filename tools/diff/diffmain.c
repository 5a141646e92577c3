/* SPDX-License-Identifier: MIT */
/* ckpt-diff: what two checkpoints have not in common. */
#include <stdio.h>
#include <stdlib.h>

#include "../common/numbertext.h"
#include "../common/tooloptions.h"
#include "diff.h"

static void compare(diff *d) {
    static void (*const aspects[])(diff *) = {diff_compare_modules, diff_compare_ties,
                                              diff_compare_metadata};
    diff_compare_names(d);
    for (size_t i = 0; i < 3 && d->o->structure && !diff_is_done(d); i++)
        aspects[i](d);
    if (!diff_is_done(d))
        diff_compare_tensors(d);
    if (d->o->values && !diff_is_done(d))
        diff_compare_values(d);
}

static void print_end(const diff *d) {
    textbuf t = {0};
    if (d->differences != 0)
        number_add_count(&t, d->differences, "difference");
    else
        text_add(&t, "no difference");
    if (d->o->values) {
        text_add(&t, "; values of ");
        number_add_count(&t, d->tensors, "tensor");
        text_addf(&t, " compared, %s", number_of_bytes(d->bytes).text);
    }
    puts(text_string(&t));
    text_free(&t);
}

static void json_begin_report(diff *d) {
    json_begin(&d->j, '{', false);
    json_key(&d->j, "a");
    json_string(&d->j, d->o->paths[0]);
    json_key(&d->j, "b");
    json_string(&d->j, d->o->paths[1]);
    json_key(&d->j, "differences");
    json_begin(&d->j, '[', false);
}

static void json_end_report(diff *d) {
    json_end(&d->j, ']');
    json_key(&d->j, "same");
    json_bool(&d->j, d->differences == 0);
    json_key(&d->j, "tensors_compared");
    json_uint(&d->j, d->tensors);
    json_key(&d->j, "bytes_compared");
    json_uint(&d->j, d->bytes);
    json_end(&d->j, '}');
}

static int run(diff *d) {
    if (d->o->json)
        json_begin_report(d);
    compare(d);
    if (d->failed) {
        tool_fail(DIFF, "%s", d->err.message);
        return DIFF_TROUBLE;
    }
    if (d->o->json)
        json_end_report(d);
    else if (!d->o->quiet)
        print_end(d);
    return d->differences == 0 ? DIFF_SAME : DIFF_DIFFERENT;
}

static bool open_one(const diff_options *o, int i, diff_names *n) {
    ckpt_open_options open = {
        .struct_size = sizeof open, .access = CKPT_ACCESS_READ, .formats = o->formats};
    ckpt_error err;
    ckpt *c;
    if (ckpt_open(o->paths[i], &open, &c, &err) != CKPT_OK) {
        tool_fail(DIFF, "%s", err.message);
        return false;
    }
    const char *recovered = ckpt_describe_file(c).recovered;
    if (*recovered != '\0')
        tool_fail(DIFF, "warning: %s: %s", o->paths[i], recovered);
    if (!diff_names_read(n, c, &err)) {
        tool_fail(DIFF, "%s: %s", o->paths[i], err.message);
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    diff_options options = {.path_count = 0};
    diff d = {.o = &options};
    int status = diff_read_options(argc, argv, &options);
    if (status < 0) {
        bool open = open_one(&options, 0, &d.a) && open_one(&options, 1, &d.b);
        status = open ? run(&d) : DIFF_TROUBLE;
    }
    free(d.partners);
    diff_names_free(&d.a);
    diff_names_free(&d.b);
    ckpt_free(d.a.c);
    ckpt_free(d.b.c);
    int finished = tool_finish(DIFF, status);
    return finished == status ? status : DIFF_TROUBLE;
}
