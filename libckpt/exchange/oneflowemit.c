/* SPDX-License-Identifier: MIT */
/* Tensors of OneFlow in the pickle. */
#include "exchange/oneflowwriter.h"
#include "exchange/torchpath.h"

#include <stdio.h>
#include <string.h>

static void emit_text(ck_pickle_writer *p, const char *text) {
    ck_pickle_write_text(p, text, strlen(text));
}

/* What has a number in the memo is named by it; true: that is done. */
static bool recall(ck_oneflow_writer *o, unsigned memo) {
    if (o->memo[memo] != 0)
        ck_pickle_recall(&o->w.pickle, o->memo[memo]);
    return o->memo[memo] != 0;
}

static void emit_name(ck_oneflow_writer *o, unsigned memo, const char *module, const char *name) {
    if (recall(o, memo))
        return;
    ck_pickle_write_name(&o->w.pickle, module, name);
    o->memo[memo] = ck_pickle_memoize(&o->w.pickle);
}

/* ---- dtypes ---- */

static void emit_dtype(ck_oneflow_writer *o, int dtype) {
    ck_pickle_writer *p = &o->w.pickle;
    unsigned memo = CK_ONEFLOW_MEMO_DTYPES + (unsigned)dtype;
    if (recall(o, memo))
        return;
    emit_name(o, CK_ONEFLOW_MEMO_DTYPE, "oneflow._oneflow_internal", "dtype");
    ck_pickle_write_tuple(p, 0);
    ck_pickle_op_byte(p, 0x81); /* NEWOBJ */
    o->memo[memo] = ck_pickle_memoize(p);
    ck_pickle_write_int(p, dtype);
    ck_pickle_op_byte(p, 'b');
}

/* As NumPy does it: numpy.dtype('f4', False, True), and the rest as its state. */
static void emit_numpy_dtype(ck_oneflow_writer *o, int dtype) {
    ck_pickle_writer *p = &o->w.pickle;
    unsigned memo = CK_ONEFLOW_MEMO_NUMPY_DTYPES + (unsigned)dtype;
    const char *text = ck_oneflow_dtypes[dtype].numpy;
    if (recall(o, memo))
        return;
    emit_name(o, CK_ONEFLOW_MEMO_NUMPY_DTYPE, "numpy", "dtype");
    emit_text(p, text);
    ck_pickle_write_bool(p, false);
    ck_pickle_write_bool(p, true);
    ck_pickle_write_tuple(p, 3);
    ck_pickle_op_byte(p, 'R');
    o->memo[memo] = ck_pickle_memoize(p);
    ck_pickle_op_byte(p, '(');
    ck_pickle_write_int(p, 3);
    emit_text(p, text[1] == '1' && text[2] == '\0' ? "|" : "<");
    for (int i = 0; i < 3; i++)
        ck_pickle_op_byte(p, 'N');
    ck_pickle_write_int(p, -1);
    ck_pickle_write_int(p, -1);
    ck_pickle_write_int(p, 0);
    ck_pickle_op_byte(p, 't');
    ck_pickle_op_byte(p, 'b');
}

/* ---- arrays ---- */

uint64_t ck_oneflow_written_size(const ck_oneflow_written *written) {
    uint64_t size = ckpt_tensor_nbytes(written->tensor);
    return written->dtype == CK_ONEFLOW_BFLOAT16 ? 2 * size : size;
}

/* Everything but the bytes, which are put in when the pickle is written to the file. */
static void emit_array(ck_oneflow_writer *o, ck_oneflow_written *written) {
    ck_pickle_writer *p = &o->w.pickle;
    uint32_t rank = ckpt_tensor_rank(written->tensor);
    emit_name(o, CK_ONEFLOW_MEMO_RECONSTRUCT, "numpy.core.multiarray", "_reconstruct");
    emit_name(o, CK_ONEFLOW_MEMO_NDARRAY, "numpy", "ndarray");
    ck_pickle_write_int(p, 0);
    ck_pickle_write_tuple(p, 1);
    ck_pickle_write_bytes_head(p, 1);
    ck_pickle_op_byte(p, 'b'); /* the byte itself */
    ck_pickle_write_tuple(p, 3);
    ck_pickle_op_byte(p, 'R');
    ck_pickle_op_byte(p, '(');
    ck_pickle_write_int(p, 1);
    if (rank > 3)
        ck_pickle_op_byte(p, '(');
    for (uint32_t i = 0; i < rank; i++)
        ck_pickle_write_uint(p, ckpt_tensor_shape(written->tensor)[i]);
    ck_pickle_write_tuple(p, rank);
    emit_numpy_dtype(o, written->dtype);
    ck_pickle_write_bool(p, false);
    ck_pickle_write_bytes_head(p, ck_oneflow_written_size(written));
    written->at = p->bytes.size;
    ck_pickle_op_byte(p, 't');
    ck_pickle_op_byte(p, 'b');
}

/* ---- objects ---- */

static void emit_state(ck_oneflow_writer *o, ck_oneflow_written *written) {
    ck_pickle_writer *p = &o->w.pickle;
    ck_pickle_op_byte(p, '}');
    ck_pickle_op_byte(p, '(');
    if (o->is_directory) {
        char path[32];
        snprintf(path, sizeof path, "tensor_%u", ck_oneflow_written_count(o));
        emit_text(p, "path");
        emit_text(p, path);
    } else {
        emit_text(p, "data");
        emit_array(o, written);
        emit_text(p, "dtype");
        emit_dtype(o, written->dtype);
        emit_text(p, "device");
        emit_text(p, "cpu");
    }
    ck_pickle_op_byte(p, 'u');
}

static ckpt_status emit_new(ck_oneflow_writer *o, ckpt_tensor tensor, int dtype, bool is_parameter,
                            ckpt_error *err) {
    ck_pickle_writer *p = &o->w.pickle;
    ck_oneflow_written written = {tensor, dtype, 0};
    if (is_parameter)
        emit_name(o, CK_ONEFLOW_MEMO_PARAMETER, "oneflow.nn", "Parameter");
    else
        emit_name(o, CK_ONEFLOW_MEMO_TENSOR, "oneflow", "Tensor");
    ck_pickle_write_tuple(p, 0);
    ck_pickle_op_byte(p, 0x81); /* NEWOBJ */
    o->tensor_memo[tensor.id] = ck_pickle_memoize(p);
    emit_state(o, &written);
    ck_pickle_op_byte(p, 'b');
    return ck_buffer_append(&o->w.memory, &o->written, &written, sizeof written)
               ? CKPT_OK
               : ck_fail_nomem(err);
}

/* ---- what is lost ---- */

static void report_storage(ck_oneflow_writer *o, ckpt_tensor tensor, const char *name) {
    ckpt_storage storage = ckpt_tensor_storage(tensor);
    uint32_t *owner = &o->storage_owner[storage.id];
    if (*owner != 0)
        ck_report_loss(&o->w.losses, CKPT_LOSS_TIE, name,
                       "its bytes are those of another tensor too; each gets its own");
    else
        *owner = tensor.id + 1;
    if (!ckpt_tensor_is_contiguous(tensor) || ckpt_tensor_storage_offset(tensor) != 0 ||
        ckpt_tensor_nbytes(tensor) != ckpt_storage_size(storage))
        ck_report_loss(&o->w.losses, CKPT_LOSS_VIEW, name,
                       "a view of its storage, written as a dense tensor");
}

static void report_new(ck_oneflow_writer *o, ckpt_tensor tensor, int dtype, bool is_parameter,
                       const char *name) {
    ckpt_dtype_class class = ckpt_tensor_dtype_info(tensor).dtype_class;
    bool has_grad = class == CKPT_CLASS_FLOAT || class == CKPT_CLASS_COMPLEX;
    report_storage(o, tensor, name);
    if (o->is_directory && dtype == CK_ONEFLOW_BFLOAT16)
        ck_report_loss(&o->w.losses, CKPT_LOSS_DTYPE, name,
                       "OneFlow reads no bfloat16 from a directory: written as float32");
    if (!is_parameter)
        ck_torch_report_flags(&o->w, tensor, name);
    else if (has_grad && !ckpt_tensor_requires_grad(tensor))
        ck_report_loss(&o->w.losses, CKPT_LOSS_FLAG, name,
                       "a Parameter of OneFlow's does not say that it wants no gradient");
}

/* ---- the dialect ---- */

static bool is_called(const char *type, const char *name) {
    size_t size = strlen(name);
    return strncmp(type, name, size) == 0 && (type[size] == '\0' || type[size] == '=');
}

static ckpt_status emit_tensor(ck_torch_writer *w, ckpt_tensor tensor, ckpt_error *err) {
    ck_oneflow_writer *o = (ck_oneflow_writer *)w;
    const char *name = ck_torch_pointer(&w->name);
    bool is_parameter = is_called(ck_torch_noted_type(w), "Parameter");
    if (o->tensor_memo[tensor.id] != 0) {
        ck_pickle_recall(&w->pickle, o->tensor_memo[tensor.id]);
        return CKPT_OK;
    }
    ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
    int dtype = ck_oneflow_dtype_for(info.dtype);
    if (dtype == 0)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "OneFlow has no %s that it can save, which the tensor '%s' is of",
                       CK_NAME(info.name), CK_NAME(name));
    report_new(o, tensor, dtype, is_parameter, name);
    return emit_new(o, tensor, dtype, is_parameter, err);
}

/* Dtypes are objects of OneFlow's own; it has nothing like PyTorch's other objects. */
static bool emit_noted(ck_torch_writer *w, const char *text, const char *type) {
    for (int i = 1; strcmp(type, "torch.dtype") == 0 && i < CK_ONEFLOW_DTYPE_COUNT; i++) {
        if (strcmp(ck_oneflow_dtypes[i].name, text) == 0) {
            emit_dtype((ck_oneflow_writer *)w, i);
            return true;
        }
    }
    if (strncmp(type, "torch.", 6) != 0)
        return false;
    ck_report_loss(&w->losses, CKPT_LOSS_METADATA, ck_torch_pointer(&w->name),
                   "OneFlow saves no %s: written as a text", CK_NAME(type));
    emit_text(&w->pickle, text);
    return true;
}

const ck_torch_writer_dialect ck_oneflow_writer_dialect = {
    .module = "oneflow",
    .emit_tensor = emit_tensor,
    .emit_noted = emit_noted,
};
