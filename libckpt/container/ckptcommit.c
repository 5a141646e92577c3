/* SPDX-License-Identifier: MIT */
/* Editing a file in place (spec/ckpt-format.md, section 11): the current slot, intent, new bytes,
 * commit, each synced before the next begins. */
#include "container/ckptformat.h"

#include "base/editfile.h"
#include "container/editplan.h"
#include "container/encode.h"
#include "container/generations.h"
#include "container/payload.h"

#include <string.h>

typedef struct editing {
    ckpt *c;
    const ckpt_save_options *options;
    ck_edit_file file;
    ck_slot slot;                        /* of the generation that is edited */
    unsigned char current[CK_SLOT_SIZE]; /* its bytes */
    unsigned char before[CK_SLOT_SIZE];  /* what the other slot held */
    bool intent_is_tried, commit_is_tried;
    bool is_done; /* c stands for the new generation */
    ckpt *newest;
    ck_edit_plan plan;
    ck_placement placement;
    ck_encoded index;
    ck_table retired, numbers; /* for c, once the edit is done */
} editing;

static uint64_t page_of(uint64_t sequence) {
    return (sequence - 1) % 2 * CK_PAGE_SIZE;
}

static ckpt_status fail_changed(const editing *e, const char *how, ckpt_error *err) {
    return ck_fail(err, CKPT_E_MISMATCH, "%s: %s", CK_NAME(e->c->source.name), how);
}

/* The generation that c was opened from, or wrote, is still the newest of this very file. */
static ckpt_status check_unchanged(const editing *e, bool same_file, ckpt_error *err) {
    const ckpt *c = e->c;
    if (!same_file)
        return fail_changed(e, "it is not the file any more that was opened", err);
    if (e->slot.sequence != c->info.generation || e->slot.index_offset != c->index_offset ||
        e->slot.index_size != c->info.index_size || e->slot.index_checksum != c->index_checksum)
        return fail_changed(e, "it has been edited since it was opened", err);
    /* The new slot would have a lesser version, which for older generations stands only there. */
    if (e->slot.version_minor > CK_VERSION_MINOR)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "%s: an edit would lose what a later version of the format has put there",
                       CK_NAME(c->source.name));
    if (e->slot.sequence == UINT64_MAX)
        return ck_fail(err, CKPT_E_LIMIT, "there is no number left for another generation");
    return CKPT_OK;
}

static ckpt_status open_newest(editing *e, ckpt_error *err) {
    ck_header header;
    bool same = false;
    ckpt_status status = ck_edit_is_same(&e->file, e->c->source.file, &same, err);
    if (status == CKPT_OK && !same)
        status = check_unchanged(e, false, err);
    if (status == CKPT_OK)
        status =
            ck_generation_open_newest(e->c, e->file.files, e->file.file, &header, &e->newest, err);
    if (status != CKPT_OK)
        return status;
    e->slot = header.slot;
    status = check_unchanged(e, true, err);
    if (status == CKPT_OK)
        status = ck_source_read(&e->newest->source, page_of(e->slot.sequence), e->current,
                                CK_SLOT_SIZE, err);
    if (status == CKPT_OK)
        status = ck_source_read(&e->newest->source, page_of(e->slot.sequence + 1), e->before,
                                CK_SLOT_SIZE, err);
    return status;
}

/* All memory that c will need for the new generation, so that nothing can fail behind the commit.
 */
static ckpt_status prepare_update(editing *e, ckpt_error *err) {
    const ck_memory *memory = &e->c->memory;
    e->retired.record_size = sizeof(ck_retired_rec);
    e->numbers.record_size = sizeof(uint32_t);
    if (!ck_table_append(memory, &e->retired, e->plan.retired_count) ||
        !ck_table_append(memory, &e->numbers, e->c->storages.count))
        return ck_fail_nomem(err);
    memcpy(e->retired.records, e->plan.retired, e->plan.retired_count * sizeof(ck_retired_rec));
    if (e->numbers.count != 0)
        memcpy(e->numbers.records, e->plan.all.storages.number,
               e->numbers.count * sizeof(uint32_t));
    return CKPT_OK;
}

static ckpt_status keep_storage(editing *e, uint32_t s, ckpt_error *err) {
    const ckpt *newest = e->newest;
    uint32_t number = e->plan.kept[s], part = ck_storage_at(newest, number)->part;
    if (part != CK_NONE) {
        const ck_part_rec *rec = (const ck_part_rec *)newest->parts.records + part;
        ckpt_status status = ck_placement_add_part(
            &e->placement, ck_string(newest, rec->name, NULL), rec->size, rec->sha256, &part, err);
        if (status != CKPT_OK)
            return status;
    }
    return ck_placement_keep(&e->placement, s, newest, number, part, err);
}

/* The kept storages stay where they are. */
static ckpt_status begin_placement(editing *e, ckpt_error *err) {
    ckpt_status status = ck_placement_create(&e->placement, &e->plan.all, err);
    for (uint32_t s = 0; s < e->plan.kept_count && status == CKPT_OK; s++)
        status = keep_storage(e, s, err);
    e->placement.end = e->slot.file_size;
    return status;
}

/* The sync of an earlier commit may have failed: then its slot is what everybody sees, and is not
 * on the disk. Before the slot of the generation before is written over, this one is written again.
 */
static ckpt_status write_current(editing *e, ckpt_error *err) {
    ckpt_status status =
        ck_edit_write(&e->file, e->current, CK_SLOT_SIZE, page_of(e->slot.sequence), err);
    return status == CKPT_OK ? ck_edit_sync(&e->file, err) : status;
}

static ckpt_status write_intent(editing *e, ckpt_error *err) {
    unsigned char bytes[CK_SLOT_SIZE];
    ck_slot slot = e->slot;
    slot.sequence++;
    slot.state = CK_STATE_EDITING;
    ck_slot_encode(&slot, bytes);
    e->intent_is_tried = true;
    ckpt_status status = ck_edit_write(&e->file, bytes, sizeof bytes, page_of(slot.sequence), err);
    return status == CKPT_OK ? ck_edit_sync(&e->file, err) : status;
}

static ckpt_status write_to_edit(void *ctx, const void *bytes, size_t size, uint64_t offset,
                                 ckpt_error *err) {
    return ck_edit_write(ctx, bytes, size, offset, err);
}

/* What an interrupted edit has left is cut off first, so that padding need not be written over it;
 * and what the payload may have used in vain behind the index, afterwards. */
static ckpt_status append(editing *e, ckpt_error *err) {
    ck_sink sink = {.ctx = &e->file, .write = write_to_edit};
    ck_history history = {e->slot.sequence + 1, e->plan.retired, e->plan.retired_count};
    ckpt_status status = CKPT_OK;
    if (e->file.size > e->slot.file_size)
        status = ck_edit_truncate(&e->file, e->slot.file_size, err);
    if (status == CKPT_OK)
        status = ck_payload_write(e->c, &sink, e->options, &e->plan.all, e->plan.kept_count,
                                  &e->placement, err);
    if (status == CKPT_OK)
        status = ck_placement_sort_parts(&e->placement, &e->plan.all, err);
    if (status == CKPT_OK)
        status = ck_encode(&e->plan.all, &e->placement, &history, &e->index, err);
    if (status == CKPT_OK)
        status = ck_payload_finish(&sink, &e->placement, &e->index, err);
    if (status == CKPT_OK)
        status = ck_edit_truncate(&e->file, e->index.offset + e->index.size, err);
    return status == CKPT_OK ? ck_edit_sync(&e->file, err) : status;
}

/* After an edit that failed: cut off what was appended, and only when that is on the disk take the
 * intent back; a file that is longer than its content must have one. A commit whose write failed
 * may be on its way to the disk all the same: the intent goes over it before anything is cut. Where
 * a step fails, the file is left as it is then: readers see an interrupted edit. */
static void undo(editing *e) {
    uint64_t page = page_of(e->slot.sequence + 1);
    if (!e->intent_is_tried || e->file.sync_failed ||
        (e->commit_is_tried && write_intent(e, NULL) != CKPT_OK) ||
        ck_edit_truncate(&e->file, e->slot.file_size, NULL) != CKPT_OK ||
        ck_edit_sync(&e->file, NULL) != CKPT_OK ||
        ck_edit_write(&e->file, e->before, CK_SLOT_SIZE, page, NULL) != CKPT_OK)
        return;
    (void)!ck_edit_sync(&e->file, NULL);
}

/* The parts that the new generation names; those of the one before had them all. */
static void keep_used_parts(const editing *e) {
    ck_table *files = &e->c->part_files;
    const ck_placed_part *parts = e->placement.parts.records;
    ckpt **records = files->records;
    size_t kept = 0;
    for (size_t i = 0; i < files->count && kept < e->placement.parts.count; i++) {
        if (strcmp(records[i]->part_name, parts[kept].name) == 0)
            records[kept++] = records[i];
    }
    files->count = kept;
}

/* c stands for the new generation from now on. */
static void update(editing *e, const ck_slot *slot) {
    ckpt *c = e->c;
    ck_table retired = c->retired, numbers = c->file_numbers;
    c->retired = e->retired;
    c->file_numbers = e->numbers;
    c->is_committed = true;
    c->is_changed = false;
    ck_edit_plan_remember(c);
    keep_used_parts(e);
    e->retired = retired;
    e->numbers = numbers;
    c->info.generation = slot->sequence;
    c->info.file_size = slot->file_size;
    c->info.index_size = slot->index_size;
    c->info.recovered = "";
    c->info.retired_size = ck_generation_retired_size(c);
    c->info.storages_checked = e->placement.checked_count;
    c->index_offset = slot->index_offset;
    c->index_checksum = slot->index_checksum;
}

static ckpt_status fail_uncertain(const ckpt *c, const ckpt_error *cause, ckpt_error *err) {
    ck_set_error(
        err, CKPT_E_DURABILITY,
        "%s: edited, but the edit could not be synced: after a power loss the generation before "
        "may be back",
        CK_NAME(c->source.name));
    if (err != NULL)
        err->sys_errno = cause->sys_errno;
    return CKPT_E_DURABILITY;
}

/* Once the slot is written, a failure to sync it leaves open which generation a power loss would
 * bring back: that is told as such. */
static ckpt_status commit(editing *e, ckpt_error *err) {
    unsigned char bytes[CK_SLOT_SIZE];
    ck_slot slot = ck_encoded_slot(&e->index, e->slot.sequence + 1);
    ck_slot_encode(&slot, bytes);
    e->commit_is_tried = true;
    ckpt_status status = ck_edit_write(&e->file, bytes, sizeof bytes, page_of(slot.sequence), err);
    if (status != CKPT_OK)
        return status;
    ckpt_error failure;
    status = ck_edit_sync(&e->file, &failure);
    update(e, &slot);
    e->is_done = true;
    return status == CKPT_OK ? CKPT_OK : fail_uncertain(e->c, &failure, err);
}

/* Whether a new generation would say what the current one says. That of an interrupted edit is
 * written anew all the same: it takes the mark of the interruption away. */
static bool is_unchanged(const ckpt *c) {
    return !c->is_changed && c->info.recovered[0] == '\0' && ck_edit_plan_is_as_committed(c);
}

static ckpt_status edit(editing *e, ckpt_error *err) {
    ckpt_status status = ck_payload_check(e->options, err);
    if (status == CKPT_OK)
        status = open_newest(e, err);
    if (status == CKPT_OK && is_unchanged(e->c))
        return CKPT_OK;
    if (status == CKPT_OK)
        status = ck_edit_plan_make(e->c, e->newest, &e->slot, &e->plan, err);
    if (status == CKPT_OK)
        status = prepare_update(e, err);
    if (status == CKPT_OK)
        status = begin_placement(e, err);
    if (status == CKPT_OK)
        status = write_current(e, err);
    if (status == CKPT_OK)
        status = write_intent(e, err);
    if (status == CKPT_OK)
        status = append(e, err);
    if (status == CKPT_OK)
        status = commit(e, err);
    return status;
}

static void free_all(editing *e) {
    const ck_memory *memory = &e->c->memory;
    ck_table_clear(memory, &e->retired);
    ck_table_clear(memory, &e->numbers);
    ck_encoded_free(&e->index);
    ck_placement_free(&e->placement);
    ck_edit_plan_free(&e->plan);
    ck_generation_close(e->newest);
}

ckpt_status ck_ckpt_commit(ckpt *c, const ckpt_save_options *options, ckpt_error *err) {
    editing e;
    memset(&e, 0, sizeof e);
    e.c = c;
    e.options = options;
    e.plan.memory = e.index.memory = c->memory;
    const ckpt_filesystem *files =
        options->filesystem != NULL ? options->filesystem : c->source.files;
    if (c->is_older)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "%s: only the newest generation can be edited",
                       CK_NAME(c->source.name));
    ckpt_status status =
        ck_edit_open(&e.file, &c->memory, files, c->source.name, !options->not_durable, err);
    if (status != CKPT_OK)
        return status;
    status = edit(&e, err);
    if (status != CKPT_OK && !e.is_done)
        undo(&e);
    free_all(&e);
    ckpt_error failure;
    if (ck_edit_close(&e.file, &failure) != CKPT_OK && status == CKPT_OK && e.is_done)
        return fail_uncertain(c, &failure, err);
    return status;
}
