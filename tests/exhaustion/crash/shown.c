/* SPDX-License-Identifier: MIT */
#include "shown.h"

ckpt_status show(shown *s, const sim_disk *disk, ckpt_error *err) {
    ckpt_open_options options = {.struct_size = sizeof options, .filesystem = &s->fs.hook};
    s->c = NULL;
    simfs_begin(&s->fs, disk);
    return ckpt_open(CRASH_PATH, &options, &s->c, err);
}

void hide(shown *s) {
    ckpt_free(s->c);
    simfs_end(&s->fs);
}

ckpt_status show_whole(shown *s, const sim_disk *disk, ckpt_error *err) {
    ckpt_status status = show(s, disk, err);
    return status == CKPT_OK ? ckpt_verify(s->c, NULL, NULL, err) : status;
}
