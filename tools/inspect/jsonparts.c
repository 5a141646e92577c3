/* SPDX-License-Identifier: MIT */
/* --json: modules, tensors and storages, each once, tied together by their numbers. */
#include "jsonview.h"

/* Names of one tensor that are given. A file of a kilobyte can have millions. */
enum { MOST_NAMES = 64 };

static void put_name(json *j, const textbuf *name) {
    json_string_n(j, text_string(name), name->size);
}

static void put_members(json *j, ckpt_module module) {
    json_key(j, "members");
    json_begin(j, '[', false);
    for (uint32_t i = 0; i < ckpt_module_member_count(module) && !ferror(stdout); i++) {
        ckpt_member member = ckpt_module_member(module, i);
        bool is_module = member.kind == CKPT_MEMBER_MODULE;
        json_begin(j, '{', true);
        json_key(j, "name");
        json_string(j, member.name);
        json_key(j, is_module ? "module" : "tensor");
        json_uint(j, is_module ? member.module.id : member.tensor.id);
        json_end(j, '}');
    }
    json_end(j, ']');
}

void json_put_modules(json *j, const inspection *in) {
    const outline *o = in->outline;
    textbuf name = {0};
    json_key(j, "modules");
    json_begin(j, '[', false);
    for (uint32_t i = 0; i < o->order_count && !ferror(stdout); i++) {
        ckpt_module module = ckpt_module_by_id(in->c, o->order[i]);
        text_clear(&name);
        outline_add_module_name(o, module.id, &name);
        json_begin(j, '{', false);
        json_key(j, "id");
        json_uint(j, module.id);
        json_key(j, "name");
        put_name(j, &name);
        json_key(j, "name_count");
        json_uint(j, o->modules[module.id].names);
        json_key(j, "type");
        json_string(j, ckpt_module_type(module));
        json_key(j, "attributes");
        json_put_value(j, ckpt_module_attributes(module));
        put_members(j, module);
        json_end(j, '}');
    }
    json_end(j, ']');
    text_free(&name);
}

typedef struct naming {
    json *j;
    int count;
} naming;

static bool put_tensor_name(void *ctx, const char *name) {
    naming *n = ctx;
    json_string(n->j, name);
    return ++n->count < MOST_NAMES;
}

static void put_names(json *j, const inspection *in, uint32_t id) {
    textbuf name = {0};
    outline_add_tensor_name(in->outline, id, &name);
    json_key(j, "name");
    put_name(j, &name);
    text_free(&name);
    json_key(j, "names");
    naming n = {.j = j};
    json_begin(j, '[', true);
    outline_each_name(in->outline, id, put_tensor_name, &n);
    json_end(j, ']');
    json_key(j, "name_count");
    json_uint(j, outline_tensor_names(in->outline, id));
}

static void put_layout(json *j, ckpt_tensor tensor) {
    uint32_t rank = ckpt_tensor_rank(tensor);
    json_key(j, "dtype");
    json_string(j, ckpt_tensor_dtype_info(tensor).name);
    json_key(j, "shape");
    json_begin(j, '[', true);
    for (uint32_t d = 0; d < rank; d++)
        json_uint(j, ckpt_tensor_shape(tensor)[d]);
    json_end(j, ']');
    json_key(j, "strides");
    json_begin(j, '[', true);
    for (uint32_t d = 0; d < rank; d++)
        json_uint(j, ckpt_tensor_stride(tensor, d));
    json_end(j, ']');
    json_key(j, "storage");
    json_uint(j, ckpt_tensor_storage(tensor).id);
    json_key(j, "storage_offset");
    json_uint(j, ckpt_tensor_storage_offset(tensor));
    json_key(j, "contiguous");
    json_bool(j, ckpt_tensor_is_contiguous(tensor));
    json_key(j, "elements");
    json_uint(j, ckpt_tensor_numel(tensor));
    json_key(j, "bytes");
    json_uint(j, ckpt_tensor_nbytes(tensor));
}

void json_put_tensors(json *j, const inspection *in) {
    json_key(j, "tensors");
    json_begin(j, '[', false);
    for (uint32_t i = 0; i < ckpt_tensor_count(in->c) && !ferror(stdout); i++) {
        ckpt_tensor tensor = ckpt_tensor_by_id(in->c, i);
        json_begin(j, '{', false);
        json_key(j, "id");
        json_uint(j, i);
        put_names(j, in, i);
        json_key(j, "kind");
        json_string(j, ckpt_tensor_is_parameter(tensor) ? "parameter" : "buffer");
        json_key(j, "requires_grad");
        json_bool(j, ckpt_tensor_requires_grad(tensor));
        put_layout(j, tensor);
        json_end(j, '}');
    }
    json_end(j, ']');
}

static void put_place(json *j, ckpt_storage storage) {
    ckpt_storage_layout layout = ckpt_describe_storage(storage);
    json_key(j, "file_offset");
    json_uint(j, layout.offset);
    json_key(j, "stored_bytes");
    json_uint(j, layout.stored_size);
    json_key(j, "encoding");
    json_string(j, layout.encoding != NULL ? layout.encoding : "");
    json_key(j, "part");
    json_string(j, layout.part);
    json_key(j, "chunk_size");
    json_uint(j, layout.chunk_size);
    json_key(j, "chunk_count");
    json_uint(j, layout.chunk_count);
}

void json_put_storages(json *j, const inspection *in) {
    const outline *o = in->outline;
    json_key(j, "storages");
    json_begin(j, '[', false);
    for (uint32_t i = 0; i < ckpt_storage_count(in->c) && !ferror(stdout); i++) {
        ckpt_storage storage = ckpt_storage_by_id(in->c, i);
        uint32_t view = o->storages[i].tensors != 0 ? o->storages[i].first : UINT32_MAX;
        json_begin(j, '{', false);
        json_key(j, "id");
        json_uint(j, i);
        json_key(j, "bytes");
        json_uint(j, ckpt_storage_size(storage));
        put_place(j, storage);
        json_key(j, "tensors");
        json_begin(j, '[', true);
        for (; view != UINT32_MAX; view = o->next_view[view])
            json_uint(j, view);
        json_end(j, ']');
        json_end(j, '}');
    }
    json_end(j, ']');
}
