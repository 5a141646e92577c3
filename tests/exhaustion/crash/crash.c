/* SPDX-License-Identifier: MIT */
#include "crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comparemodels.h"
#include "shown.h"
#include "stateset.h"
#include "testrandom.h"

enum { EXHAUSTIVE = 12, RANDOM_STATES = 1000, STATES_AGAIN = 6 };

typedef struct trial {
    const crash_scenario *scenario;
    const crash_settings *settings;
    crash_result *result;
    test_random random;
    sim_inode before, after; /* the file; bytes NULL: there is none */
    shown old, new;          /* what is in them; c NULL: nothing */
    state_set looked_at;
    bool is_again;
    bool must_be_new; /* the work has returned */
} trial;

static void violation(trial *t, const char *what) {
    if (t->result->violations++ == 0)
        snprintf(t->result->first_violation, sizeof t->result->first_violation,
                 "%s, seed %llu%s%s: %s", t->scenario->name, (unsigned long long)t->settings->seed,
                 t->is_again ? ", again" : "", t->must_be_new ? ", after it returned" : "", what);
}

/* ---- whether a state is right ---- */

static bool is_file(const sim_inode *file, const sim_inode *wanted) {
    return wanted->bytes != NULL && file->size == wanted->size &&
           memcmp(file->bytes, wanted->bytes, file->size) == 0;
}

/* A file that is neither that of before nor that of afterwards: it must be an edit of the first
 * that did not come to its end, say so, and give the model of before. */
static const char *judge_interrupted(trial *t, const sim_disk *disk, char *text, size_t size) {
    shown seen;
    ckpt_error err;
    const char *wrong = text;
    if (t->old.c == NULL)
        return "a file that is not the new one, where there was none";
    if (show_whole(&seen, disk, &err) != CKPT_OK)
        snprintf(text, size, "%s", err.message);
    else
        wrong = models_differ(t->old.c, seen.c, text, size);
    if (wrong == NULL && ckpt_describe_file(seen.c).recovered[0] == '\0')
        wrong = "the file does not tell that it was interrupted";
    t->result->recovered += wrong == NULL;
    hide(&seen);
    return wrong;
}

/* After a sync that failed: work that was done again may have made one generation more. */
static const char *judge_content(trial *t, const sim_disk *disk, bool *ret_is_new, char *text,
                                 size_t size) {
    shown seen;
    ckpt_error err;
    const char *wrong = NULL;
    if (show_whole(&seen, disk, &err) != CKPT_OK) {
        snprintf(text, size, "%s", err.message);
        wrong = text;
    } else {
        *ret_is_new = models_differ(t->new.c, seen.c, text, size) == NULL;
        if (!*ret_is_new && t->old.c != NULL)
            wrong = models_differ(t->old.c, seen.c, text, size);
    }
    hide(&seen);
    return wrong;
}

/* A file that names others is right only with them. */
static const char *judge_parts(const sim_disk *disk, char *text, size_t size) {
    shown seen;
    ckpt_error err;
    ckpt_status status = show(&seen, disk, &err);
    if (status == CKPT_OK && ckpt_part_count(seen.c) != 0)
        status = ckpt_verify(seen.c, NULL, NULL, &err);
    hide(&seen);
    if (status == CKPT_OK)
        return NULL;
    snprintf(text, size, "%s", err.message);
    return text;
}

static void judge(trial *t, const sim_disk *disk) {
    char text[512];
    int inode = sim_disk_find(disk, CRASH_PATH);
    const char *wrong = NULL;
    bool is_new = inode >= 0 && is_file(&disk->inodes[inode], &t->after);
    t->result->states++;
    if (inode < 0)
        wrong = t->before.bytes != NULL ? "the file is gone" : NULL;
    else if (t->settings->failing_syncs != 0)
        wrong = judge_content(t, disk, &is_new, text, sizeof text);
    else if (!is_new && !is_file(&disk->inodes[inode], &t->before))
        wrong = judge_interrupted(t, disk, text, sizeof text);
    if (wrong == NULL && inode >= 0 && t->scenario->has_parts)
        wrong = judge_parts(disk, text, sizeof text);
    if (wrong == NULL && t->must_be_new && !is_new)
        wrong = "the work is lost, although it had returned";
    if (wrong != NULL)
        violation(t, wrong);
    else
        ++*(is_new ? &t->result->new_states : &t->result->old_states);
}

/* ---- states ---- */

static void work_again(trial *t, const sim_disk *disk);

static void crash(trial *t, const simfs *fs, const sim_fate *fates) {
    sim_disk disk;
    sim_disk_copy(&fs->certain, &disk);
    for (int i = 0; i < fs->pending_count; i++)
        sim_disk_apply(&disk, &fs->pending[i], fates[i], random_next(&t->random));
    uint64_t hash = sim_disk_hash(&disk) ^ (t->must_be_new ? UINT64_C(0x9e3779b97f4a7c15) : 0);
    if (state_set_add(&t->looked_at, hash)) {
        judge(t, &disk);
        if (t->settings->again && !t->is_again && random_chance(&t->random, 2))
            work_again(t, &disk);
    }
    sim_disk_clear(&disk);
}

static sim_fate random_fate(trial *t, const sim_operation *operation, bool may_be_lost) {
    sim_fate first = may_be_lost ? SIM_LOST : SIM_WHOLE;
    sim_fate end = operation->kind == SIM_WRITE ? SIM_FATES : SIM_SIZE_ONLY;
    return (sim_fate)((uint32_t)first + random_below(&t->random, (uint32_t)(end - first)));
}

/* Tears some of the writes that a choice keeps. */
static void tear(trial *t, const simfs *fs, sim_fate *fates) {
    for (int i = 0; i < fs->pending_count; i++) {
        if (fates[i] != SIM_LOST && random_chance(&t->random, 50))
            fates[i] = random_fate(t, &fs->pending[i], false);
    }
}

static void crash_at_random(trial *t, const simfs *fs, uint64_t count) {
    sim_fate fates[SIM_PENDING];
    for (uint64_t n = 0; n < count; n++) {
        for (int i = 0; i < fs->pending_count; i++)
            fates[i] = random_fate(t, &fs->pending[i], !(i == fs->pending_count - 1 && n % 2 == 0));
        crash(t, fs, fates);
    }
}

/* Every choice of what is lost; each of them also with writes that are torn. That the last change
 * is lost was looked at before it came. */
static void crash_exhaustively(trial *t, const simfs *fs) {
    sim_fate fates[SIM_PENDING];
    int last = fs->pending_count - 1;
    for (uint32_t kept = 0; kept < (uint32_t)1 << last; kept++) {
        for (int variant = 0; variant < 4; variant++) {
            for (int i = 0; i < last; i++)
                fates[i] = (kept >> i & 1) != 0 ? SIM_WHOLE : SIM_LOST;
            fates[last] = SIM_WHOLE;
            if (variant != 0)
                tear(t, fs, fates);
            crash(t, fs, fates);
        }
    }
}

static void on_change(void *ctx, const simfs *fs) {
    trial *t = ctx;
    uint64_t count = t->settings->states_per_change;
    if (t->is_again)
        crash_at_random(t, fs, STATES_AGAIN);
    else if (count != 0)
        crash_at_random(t, fs, count);
    else if (fs->pending_count <= EXHAUSTIVE)
        crash_exhaustively(t, fs);
    else
        crash_at_random(t, fs, RANDOM_STATES);
}

static void prepare_faults(simfs *fs, const crash_settings *settings) {
    fs->largest_write = settings->largest_write;
    fs->dropped_syncs = settings->dropped_syncs;
    fs->drops_directory_syncs = settings->drops_directory_syncs;
    fs->copies_for_rename = settings->copies_for_rename;
}

/* The work itself on a disk; then whatever a crash after its end may leave. */
static void work(trial *t, const sim_disk *disk) {
    simfs fs;
    ckpt_error err;
    sim_fate lost[SIM_PENDING] = {SIM_LOST};
    simfs_begin(&fs, disk);
    prepare_faults(&fs, t->settings);
    fs.on_change = on_change;
    fs.ctx = t;
    fs.failing_syncs = t->settings->failing_syncs;
    if (fs.failing_syncs != 0) {
        if (t->scenario->work(&fs.hook, t->settings->seed, &err) == CKPT_OK)
            violation(t, "success, though a sync failed");
        crash(t, &fs, lost);
        fs.failing_syncs = 0;
    }
    if (t->scenario->work(&fs.hook, t->settings->seed, &err) != CKPT_OK) {
        violation(t, err.message);
    } else {
        t->must_be_new = true;
        crash(t, &fs, lost);
        if (fs.pending_count != 0)
            crash_at_random(t, &fs, STATES_AGAIN);
        t->must_be_new = false;
    }
    simfs_end(&fs);
}

static void work_again(trial *t, const sim_disk *disk) {
    int inode = sim_disk_find(disk, CRASH_PATH);
    if (inode >= 0 && is_file(&disk->inodes[inode], &t->after))
        return;
    bool must_be_new = t->must_be_new;
    t->is_again = true;
    t->must_be_new = false;
    work(t, disk);
    t->must_be_new = must_be_new;
    t->is_again = false;
}

static void keep_file(const sim_disk *disk, sim_inode *file) {
    int inode = sim_disk_find(disk, CRASH_PATH);
    if (inode < 0)
        return;
    *file = disk->inodes[inode];
    file->bytes = malloc(file->size + 1);
    if (file->bytes == NULL)
        abort();
    memcpy(file->bytes, disk->inodes[inode].bytes, file->size);
}

/* Runs a part of the scenario without crashes; the disk becomes what it leaves. */
static bool rehearse(trial *t, sim_disk *disk,
                     ckpt_status (*part)(const ckpt_filesystem *, uint64_t, ckpt_error *),
                     sim_inode *file) {
    simfs fs;
    ckpt_error err;
    if (part == NULL)
        return true;
    simfs_begin(&fs, disk);
    bool done = part(&fs.hook, t->settings->seed, &err) == CKPT_OK;
    if (!done)
        violation(t, err.message);
    sim_disk_clear(disk);
    sim_disk_copy(&fs.seen, disk);
    keep_file(disk, file);
    simfs_end(&fs);
    return done;
}

static bool keep_shown(trial *t, const sim_inode *file, const sim_disk *disk, shown *s) {
    ckpt_error err;
    if (file->bytes == NULL)
        return true;
    if (show(s, disk, &err) == CKPT_OK)
        return true;
    violation(t, err.message);
    hide(s);
    return false;
}

void crash_run(const crash_scenario *scenario, const crash_settings *settings,
               crash_result *result) {
    trial t = {
        .scenario = scenario, .settings = settings, .result = result, .random = {settings->seed}};
    sim_disk start, end;
    memset(&start, 0, sizeof start);
    bool ready = rehearse(&t, &start, scenario->prepare, &t.before);
    sim_disk_copy(&start, &end);
    ready = ready && rehearse(&t, &end, scenario->work, &t.after);
    ready = ready && keep_shown(&t, &t.before, &start, &t.old) &&
            keep_shown(&t, &t.after, &end, &t.new);
    if (ready)
        work(&t, &start);
    if (t.old.c != NULL)
        hide(&t.old);
    if (t.new.c != NULL)
        hide(&t.new);
    sim_disk_clear(&start);
    sim_disk_clear(&end);
    free(t.before.bytes);
    free(t.after.bytes);
    state_set_free(&t.looked_at);
}
