/* SPDX-License-Identifier: MIT */
#include "treenotes.h"

#include "../common/numbertext.h"

enum { SHOWN_NAMES = 3 };

static void add_first_name(const outline *o, size_t place, bool full, textbuf *t) {
    textbuf raw = {0};
    outline_add_name(o, place, &raw);
    text_add_escaped_bytes(t, text_string(&raw), raw.size, full ? 0 : NOTE_NAME);
    text_free(&raw);
}

static const outline_object *object_at(const outline *o, size_t place) {
    ckpt_member member = outline_member(o, place);
    return member.kind == CKPT_MEMBER_MODULE ? &o->modules[member.module.id].object
                                             : &o->tensors[member.tensor.id];
}

void note_ties(const outline *o, size_t place, bool full, textbuf *t) {
    const outline_object *object = object_at(o, place);
    bool is_module = outline_member(o, place).kind == CKPT_MEMBER_MODULE;
    if (object->places < 2)
        return;
    if (object->first != place) {
        text_add(t, is_module ? "shared with " : "tied to ");
        add_first_name(o, object->first, full, t);
        return;
    }
    text_add(t, "also ");
    uint64_t shown = 0;
    for (size_t p = o->places[place].next; p != OUTLINE_NONE && (full || shown < SHOWN_NAMES);
         p = o->places[p].next) {
        text_add(t, shown++ != 0 ? ", " : "");
        add_first_name(o, p, full, t);
    }
    if (shown < object->places - 1)
        text_addf(t, " and %s more", number_grouped(object->places - 1 - shown).text);
    text_add(t, is_module ? " (shared)" : " (tied)");
}

void note_views(const outline *o, ckpt_tensor tensor, bool full, textbuf *t) {
    const outline_storage *storage = &o->storages[ckpt_tensor_storage(tensor).id];
    if (storage->tensors < 2)
        return;
    uint32_t other = storage->first != tensor.id ? storage->first : o->next_view[tensor.id];
    text_add(t, "shares storage with ");
    add_first_name(o, o->tensors[other].first, full, t);
    if (storage->tensors > 2)
        text_addf(t, " and %s more", number_grouped(storage->tensors - 2).text);
}

static void add_separator(textbuf *t) {
    if (t->size != 0)
        text_add(t, ", ");
}

void note_kind(ckpt_tensor tensor, textbuf *t) {
    ckpt_dtype_class class = ckpt_tensor_dtype_info(tensor).dtype_class;
    bool can_learn = class == CKPT_CLASS_FLOAT || class == CKPT_CLASS_COMPLEX;
    if (!ckpt_tensor_is_parameter(tensor))
        text_add(t, "buffer");
    else if (can_learn && !ckpt_tensor_requires_grad(tensor))
        text_add(t, "no grad");
    if (!ckpt_tensor_is_contiguous(tensor)) {
        add_separator(t);
        text_add(t, "strides [");
        for (uint32_t d = 0; d < ckpt_tensor_rank(tensor); d++)
            text_addf(t, "%s%llu", d != 0 ? ", " : "",
                      (unsigned long long)ckpt_tensor_stride(tensor, d));
        text_add(t, "]");
    }
}

void note_tensor(const outline *o, size_t place, bool full, textbuf *t) {
    ckpt_tensor tensor = outline_member(o, place).tensor;
    textbuf part = {0};
    note_kind(tensor, t);
    note_ties(o, place, full, &part);
    if (part.size != 0) {
        add_separator(t);
        text_add(t, text_string(&part));
    }
    text_clear(&part);
    note_views(o, tensor, full, &part);
    if (part.size != 0) {
        add_separator(t);
        text_add(t, text_string(&part));
    }
    text_free(&part);
}
