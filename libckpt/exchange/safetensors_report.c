/* SPDX-License-Identifier: MIT */
/* Telling what a safetensors file does not keep. */
#include "exchange/safetensors_plan.h"

#include <string.h>

static void report_ties(const ck_safetensors_plan *plan, const ck_losses *losses) {
    const ck_flat *flat = &plan->flat;
    for (uint32_t i = 0; i < ck_flat_count(flat); i++) {
        const ck_flat_entry *entry = ck_flat_at(flat, i);
        uint32_t before = entry->same != i ? entry->same : entry->same_storage;
        uint32_t kept = plan->kept[i];
        if (kept != i && ck_flat_at(flat, kept)->same != entry->same)
            ck_report_loss(losses, CKPT_LOSS_TIE, ck_flat_name(flat, i),
                           "the same view of one storage as '%s', with which it is read as one "
                           "tensor",
                           CK_NAME(ck_flat_written(flat, kept)));
        else if (kept != i)
            ck_report_hidden(losses, CKPT_LOSS_TIE, ck_flat_name(flat, i),
                             "written as '%s' alone; the tie is in __metadata__, for libckpt and "
                             "load_model",
                             CK_NAME(ck_flat_written(flat, kept)));
        else if (before != i && plan->kept[before] != i)
            ck_report_loss(losses, CKPT_LOSS_TIE, ck_flat_name(flat, i),
                           "%s '%s'; it gets bytes of its own",
                           entry->same != i ? "one tensor with" : "shares its storage with",
                           CK_NAME(ck_flat_name(flat, before)));
    }
}

static bool is_written_name(const ck_nametree *names, const char *name) {
    return ck_nametree_get(names, name, strlen(name)) != CK_NAMETREE_NONE;
}

/* A reader takes a pair whose value is the name of a tensor for a tie. */
static ckpt_status report_false_ties(const ck_safetensors_plan *plan, const ck_losses *losses,
                                     ckpt_error *err) {
    const ck_memory *memory = &plan->flat.memory;
    ckpt_value metadata = ckpt_metadata(plan->flat.c);
    ck_nametree names;
    memset(&names, 0, sizeof names);
    bool good = true;
    for (uint32_t i = 0; i < plan->count && good; i++)
        good = ck_nametree_add(memory, &names, plan->items[i].name, plan->items[i].name_size, i) !=
               CK_NAMETREE_NOMEM;
    for (uint32_t i = 0; i < ckpt_value_count(metadata) && good; i++) {
        const char *key = ckpt_map_key(metadata, i);
        const char *text = ckpt_value_string(ckpt_value_at(metadata, i));
        if (text != NULL && is_written_name(&names, text) && !is_written_name(&names, key))
            ck_report_loss(losses, CKPT_LOSS_METADATA, key,
                           "its text is the name of a tensor: readers take it for a tie");
    }
    ck_nametree_clear(memory, &names);
    return good ? CKPT_OK : ck_fail_nomem(err);
}

/* A file is read in the order of its data, a set in that of its shards, which keep the order of the
 * state_dict; then come the ties. */
static void report_order(const ck_safetensors_plan *plan, bool is_set, const ck_losses *losses) {
    uint32_t last = 0, before = 0, shard = 0; /* last of all, and of the shards before */
    bool same = true;
    for (uint32_t i = 0; i < plan->count; i++) {
        const ck_safetensors_item *item = &plan->items[i];
        if (!is_set || item->shard != shard)
            before = last;
        shard = item->shard;
        same = same && item->entry >= before;
        last = item->entry > last ? item->entry : last;
    }
    for (uint32_t i = 0; i < ck_flat_count(&plan->flat); i++)
        same = same && (!ck_safetensors_is_dropped(plan, i) || i >= last);
    if (!same)
        ck_report_loss(losses, CKPT_LOSS_ORDER, "",
                       is_set ? "the order of the names is not kept"
                              : "the tensors are ordered by their types and names");
}

ckpt_status ck_safetensors_report(const ck_safetensors_plan *plan, bool is_set,
                                  const ck_losses *losses, ckpt_error *err) {
    if (losses->report == NULL)
        return CKPT_OK;
    ck_flat_report_names(&plan->flat, losses);
    report_ties(plan, losses);
    ck_flat_report_views(&plan->flat, losses);
    ck_flat_report_flags(&plan->flat, false, losses);
    ck_flat_report_metadata(plan->flat.c, CK_KEEPS(CKPT_VALUE_STRING), losses);
    ckpt_status status = report_false_ties(plan, losses, err);
    if (status == CKPT_OK)
        status = ck_flat_report_modules(plan->flat.c, losses, err);
    if (status == CKPT_OK)
        report_order(plan, is_set, losses);
    return status;
}
