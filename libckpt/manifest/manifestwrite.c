/* SPDX-License-Identifier: MIT */
/* Writing the canonical manifest (section 8 of spec/manifest.md). */
#include "manifest/survey.h"
#include "manifest/writevalue.h"

#include "model/object.h"
#include "model/tensor.h"

#include <ckpt/manifest.h>

#include <stdio.h>
#include <string.h>

typedef struct writer {
    ck_yaml_writer yaml;
    ck_survey survey;
    uint32_t *module_anchors; /* by module: number of the anchor, 0 before it is written */
    uint32_t *tensor_anchors;
    uint32_t shared, tied; /* anchors so far */
} writer;

typedef struct anchor {
    char text[24];
} anchor;

static anchor anchor_of(const char *kind, uint32_t number) {
    anchor a;
    snprintf(a.text, sizeof a.text, "%s%lu", kind, (unsigned long)number);
    return a;
}

/* ---- tensors ---- */

static const char *class_name(ckpt_dtype_class dtype_class) {
    static const char *const names[] = {"",      "bool",    "uint",  "int",
                                        "float", "complex", "block", "opaque"};
    return names[dtype_class];
}

static void write_dtype(ck_yaml_writer *y, const ckpt_dtype_info *info) {
    if (info->dtype != CKPT_DTYPE_OTHER) {
        ck_yaml_write_text(y, info->name);
        return;
    }
    ck_yaml_begin_map(y, CK_YAML_FLOW, NULL);
    ck_yaml_write_plain(y, "name");
    ck_yaml_write_text(y, info->name);
    ck_yaml_write_plain(y, "class");
    ck_yaml_write_text(y, class_name(info->dtype_class));
    ck_yaml_write_plain(y, "block_elements");
    ck_yaml_write_uint(y, info->block_elements);
    ck_yaml_write_plain(y, "block_bytes");
    ck_yaml_write_uint(y, info->block_bytes);
    ck_yaml_end_map(y);
}

static void write_geometry(ck_yaml_writer *y, ckpt_tensor tensor) {
    uint32_t rank = ckpt_tensor_rank(tensor);
    const uint64_t *shape = ckpt_tensor_shape(tensor);
    ck_yaml_write_plain(y, "shape");
    ck_yaml_begin_list(y, CK_YAML_FLOW);
    for (uint32_t i = 0; i < rank; i++)
        ck_yaml_write_uint(y, shape[i]);
    ck_yaml_end_list(y);
    if (ckpt_tensor_is_contiguous(tensor))
        return;
    ck_yaml_write_plain(y, "strides");
    ck_yaml_begin_list(y, CK_YAML_FLOW);
    for (uint32_t i = 0; i < rank; i++)
        ck_yaml_write_uint(y, ckpt_tensor_stride(tensor, i));
    ck_yaml_end_list(y);
}

static void write_tensor(writer *w, ckpt_tensor tensor, const char *anchor_text) {
    ck_yaml_writer *y = &w->yaml;
    ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
    uint32_t storage = w->survey.storages[ckpt_tensor_storage(tensor).id];
    uint64_t offset = ckpt_tensor_storage_offset(tensor);
    bool is_parameter = ckpt_tensor_is_parameter(tensor);
    ck_yaml_begin_map(y, CK_YAML_FLOW, anchor_text);
    ck_yaml_write_plain(y, is_parameter ? "parameter" : "buffer");
    write_dtype(y, &info);
    write_geometry(y, tensor);
    if (storage != CK_UNLISTED) {
        ck_yaml_write_plain(y, "storage");
        ck_yaml_write_uint(y, storage);
    }
    if (offset != 0) {
        ck_yaml_write_plain(y, "storage_offset");
        ck_yaml_write_uint(y, offset);
    }
    if (is_parameter && ck_class_has_grad(info.dtype_class) && !ckpt_tensor_requires_grad(tensor)) {
        ck_yaml_write_plain(y, "requires_grad");
        ck_yaml_write_bool(y, false);
    }
    ck_yaml_end_map(y);
}

static void write_tensor_member(writer *w, ckpt_tensor tensor) {
    uint32_t *number = &w->tensor_anchors[tensor.id];
    if (w->survey.tensors[tensor.id] != CK_SHARED) {
        write_tensor(w, tensor, NULL);
    } else if (*number == 0) {
        *number = ++w->tied;
        write_tensor(w, tensor, anchor_of("tied", *number).text);
    } else {
        ck_yaml_write_alias(&w->yaml, anchor_of("tied", *number).text);
    }
}

/* ---- modules ---- */

static void write_module(writer *w, ckpt_module module, const char *anchor_text);

static void write_module_member(writer *w, ckpt_module module) {
    uint32_t *number = &w->module_anchors[module.id];
    if (w->survey.modules[module.id] != CK_SHARED) {
        write_module(w, module, NULL);
    } else if (*number == 0) {
        *number = ++w->shared;
        write_module(w, module, anchor_of("shared", *number).text);
    } else {
        ck_yaml_write_alias(&w->yaml, anchor_of("shared", *number).text);
    }
}

/* The survey has bounded the recursion. */
static void write_module(writer *w, ckpt_module module, const char *anchor_text) {
    uint32_t count = ckpt_module_member_count(module);
    ckpt_value attributes = ckpt_module_attributes(module);
    ck_yaml_begin_map(&w->yaml, count > 0 ? CK_YAML_BLOCK : CK_YAML_FLOW, anchor_text);
    ck_yaml_write_plain(&w->yaml, "module");
    ck_yaml_write_text(&w->yaml, ckpt_module_type(module));
    if (ckpt_value_count(attributes) > 0) {
        ck_yaml_write_plain(&w->yaml, "attributes");
        ck_write_value_map(&w->yaml, attributes, CK_YAML_FLOW);
    }
    if (count > 0) {
        ck_yaml_write_plain(&w->yaml, "members");
        ck_yaml_begin_map(&w->yaml, CK_YAML_BLOCK, NULL);
        for (uint32_t i = 0; i < count; i++) {
            ckpt_member member = ckpt_module_member(module, i);
            ck_yaml_write_text(&w->yaml, member.name);
            if (member.kind == CKPT_MEMBER_TENSOR)
                write_tensor_member(w, member.tensor);
            else
                write_module_member(w, member.module);
        }
        ck_yaml_end_map(&w->yaml);
    }
    ck_yaml_end_map(&w->yaml);
}

/* ---- the whole ---- */

static void write_storages(writer *w, ckpt *c) {
    const uint32_t *listed = (const void *)w->survey.listed.bytes;
    size_t count = w->survey.listed.size / sizeof *listed;
    if (count == 0)
        return;
    ck_yaml_write_plain(&w->yaml, "storages");
    ck_yaml_begin_list(&w->yaml, CK_YAML_BLOCK);
    for (size_t i = 0; i < count; i++) {
        ck_yaml_begin_map(&w->yaml, CK_YAML_FLOW, NULL);
        ck_yaml_write_plain(&w->yaml, "size");
        ck_yaml_write_uint(&w->yaml, ckpt_storage_size(ckpt_storage_by_id(c, listed[i])));
        ck_yaml_end_map(&w->yaml);
    }
    ck_yaml_end_list(&w->yaml);
}

static void write_document(writer *w, ckpt *c) {
    ckpt_value metadata = ckpt_metadata(c);
    ck_yaml_begin_map(&w->yaml, CK_YAML_BLOCK, NULL);
    ck_yaml_write_plain(&w->yaml, "ckpt-manifest");
    ck_yaml_write_uint(&w->yaml, 1);
    if (ckpt_value_count(metadata) > 0) {
        ck_yaml_write_plain(&w->yaml, "metadata");
        ck_write_value_map(&w->yaml, metadata, CK_YAML_BLOCK);
    }
    write_storages(w, c);
    ck_yaml_write_plain(&w->yaml, "root");
    write_module(w, ckpt_root(c), NULL);
    ck_yaml_end_map(&w->yaml);
}

/* The text in a block of exactly its size and a NUL, as ckpt_buffer_free takes it. */
static ckpt_status give_text(const ck_memory *memory, ck_buffer *text, char **ret_text,
                             size_t *ret_size, ckpt_error *err) {
    size_t size = text->size;
    if (!ck_buffer_append(memory, text, "", 1))
        return ck_fail_nomem(err);
    char *exact = ck_resize(memory, text->bytes, text->capacity, size + 1, 1);
    if (exact == NULL)
        return ck_fail_nomem(err);
    memset(text, 0, sizeof *text);
    *ret_text = exact;
    *ret_size = size;
    return CKPT_OK;
}

static ckpt_status write_surveyed(writer *w, ckpt *c, char **ret_text, size_t *ret_size,
                                  ckpt_error *err) {
    const ck_memory *memory = ck_ckpt_memory(c);
    size_t modules = ckpt_module_count(c), tensors = ckpt_tensor_count(c);
    w->module_anchors = ck_calloc(memory, modules, sizeof *w->module_anchors);
    w->tensor_anchors = ck_calloc(memory, tensors, sizeof *w->tensor_anchors);
    ckpt_status status = CKPT_OK;
    ck_yaml_writer_open(&w->yaml, memory);
    if (w->module_anchors != NULL && w->tensor_anchors != NULL)
        write_document(w, c);
    else
        status = ck_fail_nomem(err);
    if (status == CKPT_OK)
        status = ck_yaml_writer_end(&w->yaml, err);
    if (status == CKPT_OK)
        status = give_text(memory, &w->yaml.text, ret_text, ret_size, err);
    ck_yaml_writer_close(&w->yaml);
    ck_free(memory, w->module_anchors, modules, sizeof *w->module_anchors);
    ck_free(memory, w->tensor_anchors, tensors, sizeof *w->tensor_anchors);
    return status;
}

ckpt_status ckpt_manifest_write(ckpt *c, char **ret_text, size_t *ret_size, ckpt_error *err) {
    writer w;
    if (c == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no checkpoint");
    memset(&w, 0, sizeof w);
    ckpt_status status = ck_survey_create(c, &w.survey, err);
    if (status == CKPT_OK)
        status = write_surveyed(&w, c, ret_text, ret_size, err);
    ck_survey_free(&w.survey);
    return status;
}
