/* SPDX-License-Identifier: MIT */
/* The file that flow.save writes in OneFlow 1.x, and the directory that it wrote in 0.9. */
#include "base/atomicdirectory.h"
#include "exchange/oneflowwriter.h"

#include <stdio.h>
#include <string.h>

/* ---- the pickle ---- */

static ckpt_status open_writer(ck_oneflow_writer *o, ckpt *c, const ckpt_save_options *options,
                               ckpt_error *err) {
    memset(o, 0, sizeof *o);
    ckpt_status status = ck_torch_writer_open(&o->w, c, options, err);
    if (status != CKPT_OK)
        return status;
    o->w.dialect = &ck_oneflow_writer_dialect;
    o->tensor_count = ckpt_tensor_count(c);
    o->tensor_memo = ck_calloc(&o->w.memory, o->tensor_count, sizeof *o->tensor_memo);
    o->storage_owner = ck_calloc(&o->w.memory, o->w.storage_count, sizeof *o->storage_owner);
    return o->tensor_memo != NULL && o->storage_owner != NULL ? CKPT_OK : ck_fail_nomem(err);
}

static void close_writer(ck_oneflow_writer *o) {
    ck_free(&o->w.memory, o->tensor_memo, o->tensor_count, sizeof *o->tensor_memo);
    ck_free(&o->w.memory, o->storage_owner, o->w.storage_count, sizeof *o->storage_owner);
    ck_buffer_clear(&o->w.memory, &o->written);
    ck_torch_writer_close(&o->w);
}

static void emit_key(ck_pickle_writer *p, const char *key) {
    ck_pickle_write_text(p, key, strlen(key));
}

/* {'protocol_version': 1, '__oneflow__': None, 'data': object}; OneFlow 0.9 has not the second. */
static ckpt_status emit_pickle(ck_oneflow_writer *o, ckpt_error *err) {
    ck_pickle_writer *p = &o->w.pickle;
    ckpt_status status = ck_torch_plan_storages(&o->w, err);
    if (status == CKPT_OK)
        status = ck_torch_report_modules(&o->w, err);
    if (status != CKPT_OK)
        return status;
    ck_pickle_write_begin(p, 4);
    ck_pickle_op_byte(p, '}');
    ck_pickle_op_byte(p, '(');
    emit_key(p, "protocol_version");
    ck_pickle_write_int(p, 1);
    if (!o->is_directory) {
        emit_key(p, "__oneflow__");
        ck_pickle_op_byte(p, 'N');
    }
    emit_key(p, "data");
    status = ck_torch_emit_root(&o->w, err);
    if (status != CKPT_OK)
        return status;
    ck_pickle_op_byte(p, 'u');
    status = ck_pickle_write_end(p, err);
    if (status == CKPT_OK)
        ck_torch_report_metadata(&o->w);
    return status;
}

/* ---- bytes on their way ---- */

typedef ckpt_status (*write_at)(void *to, const void *bytes, size_t size, uint64_t offset,
                                ckpt_error *err);

#define PIECE 4096 /* elements that are widened at once */

/* A place that bytes are written to one after another. */
typedef struct stream {
    write_at write;
    void *to;
    uint64_t offset;
    ck_meter *meter;
    bool has_half; /* of an element that is widened */
    unsigned char half;
} stream;

static ckpt_status take(void *ctx, const void *bytes, size_t size, ckpt_error *err) {
    stream *s = ctx;
    ckpt_status status = s->write(s->to, bytes, size, s->offset, err);
    s->offset += size;
    return status == CKPT_OK && s->meter != NULL ? ck_meter_add(s->meter, size, err) : status;
}

/* bfloat16 as the float32 of which it is the upper half, bit by bit. */
static ckpt_status take_widened(void *ctx, const void *bytes, size_t size, ckpt_error *err) {
    stream *s = ctx;
    const unsigned char *from = bytes, *end = from + size;
    unsigned char wide[4 * PIECE] = {0};
    ckpt_status status = CKPT_OK;
    while (status == CKPT_OK && from < end) {
        size_t count = 0;
        for (; count < PIECE && from < end; from++) {
            wide[4 * count + (s->has_half ? 3 : 2)] = *from;
            if (s->has_half)
                wide[4 * count++ + 2] = s->half;
            s->half = *from;
            s->has_half = !s->has_half;
        }
        if (count != 0)
            status = take(s, wide, 4 * count, err);
    }
    return status;
}

static ckpt_status stream_tensor(stream *s, const ck_oneflow_written *written, ckpt_error *err) {
    return ck_tensor_stream(written->tensor,
                            written->dtype == CK_ONEFLOW_BFLOAT16 ? take_widened : take, s, err);
}

static ck_meter meter_for(const ck_oneflow_writer *o, const ckpt_save_options *options) {
    uint64_t total = o->w.pickle.bytes.size;
    for (uint32_t i = 0; i < ck_oneflow_written_count(o); i++)
        total += ck_oneflow_written_size(ck_oneflow_written_at(o, i));
    return ck_meter_for(options, total);
}

/* ---- one file ---- */

static ckpt_status write_pieces(const ck_oneflow_writer *o, stream *s, ckpt_error *err) {
    const ck_buffer *pickle = &o->w.pickle.bytes;
    size_t done = 0;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; status == CKPT_OK && i < ck_oneflow_written_count(o); i++) {
        const ck_oneflow_written *written = ck_oneflow_written_at(o, i);
        status = take(s, pickle->bytes + done, written->at - done, err);
        done = written->at;
        if (status == CKPT_OK)
            status = stream_tensor(s, written, err);
    }
    return status == CKPT_OK ? take(s, pickle->bytes + done, pickle->size - done, err) : status;
}

ckpt_status ck_oneflow_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                             ckpt_error *err) {
    ck_oneflow_writer o;
    ckpt_status status = open_writer(&o, c, options, err);
    if (status == CKPT_OK)
        status = emit_pickle(&o, err);
    if (status == CKPT_OK) {
        ck_meter meter = meter_for(&o, options);
        stream s = {.write = sink->write, .to = sink->ctx, .meter = &meter};
        status = write_pieces(&o, &s, err);
    }
    close_writer(&o);
    return status;
}

/* ---- a directory ---- */

static ckpt_status write_inside(void *to, const void *bytes, size_t size, uint64_t offset,
                                ckpt_error *err) {
    return ck_atomic_directory_write(to, bytes, size, offset, err);
}

static ckpt_status write_whole(ck_atomic_directory *directory, const char *name, const void *bytes,
                               size_t size, ckpt_error *err) {
    ckpt_status status = ck_atomic_directory_begin(directory, name, err);
    if (status == CKPT_OK)
        status = ck_atomic_directory_write(directory, bytes, size, 0, err);
    return status == CKPT_OK ? ck_atomic_directory_end(directory, err) : status;
}

/* As protobuf prints it. What is bfloat16 is float32 here. */
static ckpt_status write_meta(ck_atomic_directory *directory, const char *name,
                              const ck_oneflow_written *written, ckpt_error *err) {
    char text[CK_MAX_RANK * 32 + 64] = "shape {\n";
    size_t size = strlen(text);
    int dtype =
        written->dtype == CK_ONEFLOW_BFLOAT16 ? ck_oneflow_dtype_for(CKPT_F32) : written->dtype;
    for (uint32_t i = 0; i < ckpt_tensor_rank(written->tensor); i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "  dim: %llu\n",
                                 (unsigned long long)ckpt_tensor_shape(written->tensor)[i]);
    size += (size_t)snprintf(text + size, sizeof text - size, "}\ndata_type: %s\n",
                             ck_oneflow_dtypes[dtype].proto);
    return write_whole(directory, name, text, size, err);
}

static ckpt_status write_tensor(const ck_oneflow_writer *o, ck_atomic_directory *directory,
                                uint32_t number, ck_meter *meter, ckpt_error *err) {
    const ck_oneflow_written *written = ck_oneflow_written_at(o, number);
    char name[48];
    stream s = {.write = write_inside, .to = directory, .meter = meter};
    snprintf(name, sizeof name, "tensor_%u", number);
    ckpt_status status = ck_atomic_directory_add(directory, name, err);
    snprintf(name, sizeof name, "tensor_%u/" CK_ONEFLOW_META, number);
    if (status == CKPT_OK)
        status = write_meta(directory, name, written, err);
    snprintf(name, sizeof name, "tensor_%u/" CK_ONEFLOW_OUT, number);
    if (status == CKPT_OK)
        status = ck_atomic_directory_begin(directory, name, err);
    if (status == CKPT_OK)
        status = stream_tensor(&s, written, err);
    return status == CKPT_OK ? ck_atomic_directory_end(directory, err) : status;
}

static ckpt_status write_files(const ck_oneflow_writer *o, ck_atomic_directory *directory,
                               const ckpt_save_options *options, ckpt_error *err) {
    ck_meter meter = meter_for(o, options);
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; status == CKPT_OK && i < ck_oneflow_written_count(o); i++)
        status = write_tensor(o, directory, i, &meter, err);
    return status == CKPT_OK ? write_whole(directory, CK_ONEFLOW_PICKLE, o->w.pickle.bytes.bytes,
                                           o->w.pickle.bytes.size, err)
                             : status;
}

ckpt_status ck_oneflow_write_directory(ckpt *c, struct ck_atomic_directory *directory,
                                       const ckpt_save_options *options, ckpt_error *err) {
    ck_oneflow_writer o;
    ckpt_status status = open_writer(&o, c, options, err);
    o.is_directory = true;
    if (status == CKPT_OK)
        status = emit_pickle(&o, err);
    if (status == CKPT_OK)
        status = write_files(&o, directory, options, err);
    close_writer(&o);
    return status;
}
